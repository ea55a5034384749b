/*
 * The program image: everything a run needs without the compiler. A compact, versioned binary; a
 * damaged file is refused with a message, never crashes the reader. Hand-written assembly makes one
 * too (its tables are then what the assembler's directives say).
 */
#ifndef PANTHER_ISA_IMAGE_H
#define PANTHER_ISA_IMAGE_H

#include "isa/isa.h"
#include "isa/machine.h"
#include "isa/support/arena.h"
#include "isa/support/diag.h"

enum { IMAGE_VERSION = 6 };

/* Where an instruction came from. */
typedef struct image_origin {
    uint16_t layer;             /* index into image.layers; 0 is "no layer" */
    uint32_t op;                /* IR op id of the placed graph, 0 = none */
    uint32_t file, line, column; /* 1-based file index into image.files; 0 = unknown */
} image_origin;

bool image_same_origin(const image_origin *x, const image_origin *y);

typedef struct image_code {
    isa_insn *insns;
    image_origin *origins; /* one per instruction, or NULL */
    uint32_t count;
} image_code;

typedef struct image_label {
    const char *name;
    uint32_t at; /* instruction index */
} image_label;

/* The program of one core (agent = core number) or control thread (agent = thread number). */
typedef struct image_agent {
    uint16_t node, tile;
    bool is_thread;
    uint16_t agent;
    const char *comment; /* for listings, may be "" */
    image_code code;
    image_label *labels;
    uint32_t label_count;
} image_agent;

/*
 * Memory preset before a kernel starts: `repeat` equal runs of `words` words, the k-th of them at
 * address + k * stride. count 0: sticky.
 */
typedef struct image_preset {
    uint16_t node, tile;
    uint32_t address, words;
    uint8_t count;
    int16_t value;   /* of all words, where there are no values */
    int16_t *values; /* of the words of one run, or NULL */
    uint32_t repeat; /* at least 1 */
    uint32_t stride; /* at least `words`, if there are several runs */
} image_preset;

/* A named region of shared memory, for listings and messages. */
typedef struct image_buffer {
    const char *name;
    uint16_t node, tile;
    uint32_t address, words;
} image_buffer;

/*
 * One packet of a host input or output: elements [first, first+words) of the vector, or of each
 * point of a map (image_port).
 */
typedef struct image_packet {
    uint16_t node, tile;
    uint8_t channel; /* inputs: channel of that tile; outputs: channel of the host */
    uint32_t first, words;
} image_packet;

typedef enum port_role { PORT_INPUT, PORT_TARGET, PORT_SCALAR, PORT_OUTPUT } port_role;
typedef enum port_encoding { ENCODE_VALUE, ENCODE_ONE_HOT } port_encoding;

/*
 * A row of the input or output table. A map of several points (rows x columns) crosses point by
 * point in row-major order: for each point q the packets in their order, and a packet carries the
 * elements (first + i) * points + q, i < words. So the host holds it lane by lane, each a plane of
 * `points` elements. With by_points these are q * lanes + first + i, lanes = elements / points.
 */
typedef struct image_port {
    const char *name;       /* formal of the program, or "output", "output_1", ... */
    port_role role;
    port_encoding encoding; /* ENCODE_ONE_HOT: the host turns class k into 1.0 at element k */
    bool per_kernel;        /* one vector per kernel invocation instead of one per example */
    uint32_t elements;      /* of all points */
    uint32_t points;        /* of a map; 1: a vector */
    bool by_points;         /* the host holds point after point instead: a seq and its steps */
    uint8_t q;              /* format of the words */
    image_packet *packets;  /* sent (or collected) in this order for each point of an example */
    uint32_t packet_count;
} image_port;

typedef struct image_entry {
    const char *name; /* "train:mlp", "test:mlp", "crs", ... */
    uint32_t batch;   /* examples of one invocation */
    bool updates;     /* contains OPAs */
    image_agent *agents;
    uint32_t agent_count;
    image_preset *presets;
    uint32_t preset_count;
    image_buffer *buffers;
    uint32_t buffer_count;
    image_port *inputs, *outputs;
    uint32_t input_count, output_count;
    uint32_t bound_steps;        /* ideal pipeline: matrix steps of one invocation (variant 2) */
    uint32_t bound_steps_serial; /* the same for variant 1 */
} image_entry;

/* One crossbar's worth of a matrix. */
typedef struct image_block {
    uint16_t node, tile, core, mcu;
    uint32_t row0, column0; /* of the matrix: crossbar rows are matrix inputs, columns its outputs */
    uint16_t rows, columns;
    int8_t mvm_shift, mtvm_shift; /* y = round(sum / 2^shift) */
} image_block;

/*
 * A matrix of `rows` inputs by `columns` outputs (y = W x has `columns` elements). A copy of another
 * one stands behind it, in crossbars of its own, has the same blocks and always the same weights, and
 * no tensors: what the host writes to the original it writes to its copies.
 */
typedef struct image_matrix {
    const char *name;
    uint16_t layer;
    uint32_t rows, columns;
    uint8_t q; /* fraction bits of the weights */
    bool frozen;
    uint32_t copy_of; /* 1 + the number of the original; 0: it is no copy */
    image_block *blocks;
    uint32_t block_count;
} image_matrix;

/* The number of the matrix whose weights this one has: its own, or that of its original. */
static inline uint32_t image_original(const image_matrix *matrices, uint32_t matrix)
{
    return matrices[matrix].copy_of ? matrices[matrix].copy_of - 1 : matrix;
}

typedef enum init_kind { INIT_CONSTANT, INIT_UNIFORM, INIT_NORMAL } init_kind;

/*
 * A vector that is folded into its matrix when weights are written: output j is multiplied by scale
 * = SCALE / sqrt(VAR + eps), and its input row0 then gets SHIFT - MEAN * scale more.
 */
typedef enum fold_kind { FOLD_NONE, FOLD_SCALE, FOLD_SHIFT, FOLD_MEAN, FOLD_VAR } fold_kind;

/*
 * A parameter as the model names it: tensor[first + j][i] (row-major, dims[0] x dims[1], dims[1] = 1
 * and rank 1 for a vector) is the weight of matrix input row0 + i and output column0 + j. Rank 4 is
 * a convolution, [outputs, lanes, kernel rows, kernel columns]: the matrix has its inputs in the
 * order (row, column, lane). So it has for rank 2 with dims[2] and dims[3], the rows and columns of
 * a map whose elements the tensor has in the order (lane, row, column). Several matrices may hold
 * parts of one tensor, under the same name.
 */
typedef struct image_tensor {
    const char *name;
    uint32_t matrix;
    uint32_t rank, dims[4];
    uint32_t first; /* output of the tensor with which this part begins */
    uint32_t row0, column0;
    uint32_t rows, columns; /* inputs and outputs covered */
    uint32_t pixel;         /* rank 4: lanes from one tap to the next; 0: as many as it has */
    init_kind init;
    double init_value; /* constant, half-width of uniform, sigma of normal */
    fold_kind fold;    /* NONE: its elements are weights of the matrix */
    double eps;        /* of VAR */
} image_tensor;

typedef struct image {
    const char *fingerprint;    /* machine_fingerprint of the machine it was compiled for */
    const char *machine_name;
    opa_mode opa_mode;          /* compiled for; update rounding is part of the code */
    bool rounds_updates;
    const char **layers;        /* layers[0] = "" */
    uint32_t layer_count;
    const char **files;         /* source paths of the debug map */
    uint32_t file_count;
    image_matrix *matrices;
    uint32_t matrix_count;
    image_tensor *tensors;
    uint32_t tensor_count;
    image_entry *entries;
    uint32_t entry_count;
    const char *plan;           /* the host plan, JSON text ("" for hand-written assembly) */
} image;

/* Writes beside the file and renames. NULL if all is well, else a sentence. */
const char *image_write(arena *memory, const image *im, const char *path);

/* The bytes of the file. NULL if all is well, else a sentence. */
const char *image_encode(arena *memory, const image *im, unsigned char **bytes, size_t *length);

/* NULL with errors in d if the file is damaged, of another version, or not an image. */
image *image_read(arena *memory, diag *d, const char *path);
image *image_decode(arena *memory, diag *d, const char *path, const void *bytes, size_t length);

/* True if the file starts like an image (to tell it from source text). */
bool image_recognise(const void *bytes, size_t length);

/* Whether the image may run on this machine; errors name the parameter that differs. */
bool image_fits_machine(const image *im, const machine *m, diag *d, const char *path);

/* Structural check of all indices, addresses, operands and branch targets against a machine. */
bool image_validate(const image *im, const machine *m, diag *d, const char *path);

/*
 * One instruction against a machine: field ranges, registers that exist, place, branch target (at:
 * its index, count: length of its program). NULL or a sentence.
 */
const char *image_check_insn(arena *memory, const isa_insn *insn, const machine *m, bool is_thread,
                             uint32_t at, uint32_t count);

/* Assembly text -> image (one entry "main" unless .entry says otherwise). NULL on errors. */
image *asm_parse(arena *memory, source_set *sources, diag *d, const char *path, const char *text,
                 size_t length, const machine *m);

typedef struct disasm_options {
    int node, tile, core;  /* -1: all */
    const char *entry;     /* NULL: all */
    const char *layer;     /* NULL: all; only instructions of this layer */
    /* The text of a line (from 1) of a source file, or NULL; the function may be NULL. */
    const char *(*source_line)(void *sources, const char *path, uint32_t line);
    void *sources;
} disasm_options;

/* Text that asm_parse reads back into an equal program. */
void disasm_print(const image *im, const disasm_options *options, FILE *out);

/* One instruction as text, without label names ("blt s1, 16, +3"). Returns the length as snprintf. */
int disasm_insn(const isa_insn *insn, char *buffer, size_t size);

#endif
