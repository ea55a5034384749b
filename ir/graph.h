/*
 * The graph IR. A module holds matrices (the state that kernels share) and graphs (one per kernel).
 * A graph is a list of ops in an order in which every value is made before it is used; an op makes
 * at most one value, and is that value.
 *
 * A value is a *stream*: one vector for each point of an iteration space, such as [n] for the
 * examples of a batch or [n, y, x] for positions of an image; [] is once per kernel. Spaces stay
 * rolled all the way to the ISA. Text form (ir/README.md):
 *
 *     graph @step (n: 16) {
 *       %1 = input {port = 0, role = input} : vec<784 q9> [n] loc("mlp.pan", 2, 13, 5)
 *       %2 = mvm %1 {matrix = @h} : vec<128 q9> [n]
 *       %3 = relu %2 : vec<128 q9> [n]
 *     }
 */
#ifndef PANTHER_IR_GRAPH_H
#define PANTHER_IR_GRAPH_H

#include "isa/support/arena.h"
#include "isa/support/diag.h"
#include "isa/support/sliced.h"
#include "isa/support/source.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum ir_opcode {
#define OP(name, low, high, class, result, attrs, meaning) IR_##name,
#include "ir/ops.def"
#undef OP
    IR_OPCODES
} ir_opcode;

typedef enum ir_attr_key {
#define ATTR(name, kind, meaning) IR_ATTR_##name,
#include "ir/attrs.def"
#undef ATTR
    IR_ATTRS
} ir_attr_key;

typedef enum ir_attr_kind { IR_ATTR_INT, IR_ATTR_PAIR, IR_ATTR_REAL, IR_ATTR_NAME, IR_ATTR_TEXT } ir_attr_kind;
typedef enum ir_class {
    IR_CLASS_SOURCE, IR_CLASS_SINK, IR_CLASS_MATRIX, IR_CLASS_EACH,
    IR_CLASS_REDUCE, IR_CLASS_SHAPE, IR_CLASS_WINDOW, IR_CLASS_SPACE, IR_CLASS_STATE,
    IR_CLASS_LOSS, IR_CLASS_ROUTE
} ir_class;
typedef enum ir_result_rule {
    IR_RESULT_NONE, IR_RESULT_FREE, IR_RESULT_SAME, IR_RESULT_SAMEQ, IR_RESULT_MASK, IR_RESULT_ONE
} ir_result_rule;

typedef struct ir_op_row {
    const char *name;
    int args_low, args_high; /* -1: any number */
    ir_class class;
    ir_result_rule result;
    uint64_t attrs; /* bit k: attribute key k is allowed */
    const char *meaning;
} ir_op_row;

extern const ir_op_row ir_ops[IR_OPCODES];
extern const char *const ir_attr_names[IR_ATTRS];
extern const ir_attr_kind ir_attr_kinds[IR_ATTRS];

/* Attributes from `group` on may stand on any op; the others where ops.def lists them. */
static inline bool ir_op_allows(ir_opcode code, ir_attr_key key)
{
    return key >= IR_ATTR_group || (ir_ops[code].attrs >> key & 1);
}

typedef enum ir_type_kind { IR_NONE, IR_VEC, IR_LABEL } ir_type_kind;

/* vec<lanes q>; a scalar is a vec of one lane. label<lanes>: a class 0 .. lanes-1. */
typedef struct ir_type {
    ir_type_kind kind;
    uint32_t lanes;
    uint8_t q;
} ir_type;

enum { IR_DIMS_MAX = 4, IR_COPIES_MAX = 4096 };

/* Which of the graph's dimensions a value runs over, outermost first. */
typedef struct ir_space {
    uint8_t count;
    uint8_t dim[IR_DIMS_MAX]; /* indices into ir_graph.dims */
} ir_space;

typedef struct ir_attr {
    ir_attr_key key;
    int64_t value, second; /* INT, PAIR */
    double real;
    const char *text; /* NAME, TEXT */
} ir_attr;

/* Where an op is placed; -1: not yet (or not on that level). */
typedef struct ir_place {
    int16_t node, tile, core, mcu;
} ir_place;

#define IR_UNPLACED ((ir_place){-1, -1, -1, -1})

typedef struct ir_op {
    ir_opcode code;
    uint32_t id; /* from 1, in list order after ir_graph_renumber */
    ir_type type;
    ir_space space;
    struct ir_op **args;
    uint32_t arg_count, arg_capacity;
    ir_attr *attrs;
    uint32_t attr_count, attr_capacity;
    ir_place place;
    source_range where;
    struct ir_op *previous, *next; /* list of the graph */
    void *scratch;                 /* for the pass that is running; NULL between passes */
} ir_op;

typedef struct ir_dim {
    const char *name;
    uint32_t extent;
} ir_dim;

/*
 * A ring of `depth` slots of `words` words in a tile's shared memory (route and memory passes). Depth
 * follows from the schedule alone; a kernel with fewer points has fewer slots (ir_ring_slots), so
 * that its text does not depend on their number.
 *
 * A slot holds one vector, or a whole map (ir/ring.h): `rows` x `columns` pixels of `lanes` words,
 * row-major, of which height x width from (top, left) on are written and the others preset. Or it
 * holds one row of a map: then `points` is the rows of the map, which are slots one after the other,
 * and behind the last slot there are `blank` words, a row of a window above or below the map.
 */
typedef struct ir_buffer {
    const char *name;
    int16_t node, tile;
    uint32_t words, depth;
    uint32_t consumers; /* takes of each word before it is free again; 0: sticky */
    int64_t address;    /* -1: not assigned */
    uint32_t points;    /* slots that one example fills: positions of a stream, rows of a map, or 1 */
    uint32_t lanes;     /* of a pixel; 0: slots are vectors, and what follows is 0 */
    uint32_t rows, columns, top, left, height, width;
    uint32_t lowest;    /* 1: the pixels around the map are the lowest number, 0: they are 0 */
    uint32_t blank;     /* words of pads behind the last slot of a ring of rows */
} ir_buffer;

typedef struct ir_graph {
    struct ir_module *module;
    const char *name; /* "train:mlp", "test:mlp", a kernel's name */
    ir_dim *dims;
    size_t dim_count, dim_capacity;
    ir_op *first, *last;
    uint32_t next_id;
    ir_buffer *buffers;
    size_t buffer_count, buffer_capacity;
    int64_t interval; /* cycles from one point to the next (schedule pass); 0: not scheduled */
} ir_graph;

/*
 * What a vector [outputs] that is folded into its matrix does to output j of it when weights are
 * written, in the host: scale = SCALE / sqrt(VAR + eps) multiplies the whole output, and input0
 * (the bias) then gets SHIFT - MEAN * scale more. The matrix alone holds the result.
 */
typedef enum ir_fold {
    IR_FOLD_NONE,
    IR_FOLD_SCALE,
    IR_FOLD_SHIFT,
    IR_FOLD_MEAN,
    IR_FOLD_VAR
} ir_fold;

/* How weights start. */
typedef enum ir_init { IR_INIT_CONSTANT, IR_INIT_UNIFORM, IR_INIT_NORMAL } ir_init;

/*
 * A named part of a matrix as the model knows it: tensor[j][i] is input input0 + i, output
 * output0 + j. Of a convolution, tensor[j][c][ky][kx] is the input of tap (ky, kx) and lane c in the
 * order of `window`. Rank 2 may have the rows and columns of a map as its kernel: tensor[j][i] is of
 * pixel i % (rows * columns), and the matrix has its inputs in (row, column, lane) order as well.
 * A tensor may be spread over the matrices of a convolution's groups, which then follow each other:
 * here are its outputs from `part` on. Groups that share a matrix are blocks of it, each with its
 * own lanes of the pixels.
 */
typedef struct ir_tensor {
    const char *name;
    uint32_t rank;            /* 4: [outputs, lanes, *kernel]; 2: [outputs, inputs]; 1: [outputs] */
    uint32_t input0, output0; /* where it starts in the matrix */
    uint32_t inputs, outputs;
    uint32_t kernel[2];       /* rows and columns: rank 4, or rank 2 of a map; else 0 */
    uint32_t pixel;           /* rank 4: lanes from one tap to the next; 0: as many as it has */
    uint32_t part, whole;     /* of how many outputs; 0: these are all */
    ir_init init;
    double init_value;
    ir_fold fold;             /* NONE: its elements are weights of the matrix */
    double eps;               /* of VAR */
} ir_tensor;

typedef struct ir_matrix {
    const char *name;
    uint32_t outputs, inputs; /* y = W x: x has `inputs` lanes, y `outputs` */
    uint8_t q;
    bool frozen;         /* never updated */
    uint32_t copies;     /* how many shall share its work (duplicate makes them); 0, 1: one */
    const char *copy_of; /* the matrix whose weights this one has as well; NULL: it has its own */
    ir_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    /* set by place: block_rows x block_columns, row-major; NULL before */
    ir_place *blocks;
    source_range where;
} ir_matrix;

/* What the arithmetic of a module depends on (the machine file says it; arithmetic.md). */
typedef struct ir_numerics {
    slicing slices; /* with the crossbar's rows and columns */
    opa_mode mode;
    update_rounding rounding;
    uint8_t q_activation, q_weight, q_error; /* defaults: 9, 26, 14 */
} ir_numerics;

typedef struct ir_module {
    arena *memory;
    source_set *sources; /* may be NULL */
    uint32_t text_file;  /* ir_parse: the file of the IR text itself, else 0; its ranges are not printed */
    ir_numerics numerics;
    ir_matrix **matrices;
    size_t matrix_count, matrix_capacity;
    ir_graph **graphs;
    size_t graph_count, graph_capacity;
} ir_module;

/* ---- building (graph.c) ---- */
ir_module *ir_module_new(arena *memory, source_set *sources, const ir_numerics *numerics);
ir_graph *ir_graph_new(ir_module *m, const char *name);
uint8_t ir_graph_dim(ir_graph *g, const char *name, uint32_t extent); /* adds; returns its index */
ir_matrix *ir_matrix_new(ir_module *m, const char *name, uint32_t outputs, uint32_t inputs, uint8_t q);
ir_tensor *ir_matrix_tensor(ir_module *m, ir_matrix *w, const ir_tensor *tensor); /* adds a part */
/* The shape that the tensor has in files; beyond its rank 0, or of rank 2 the rows and columns of the map. */
void ir_tensor_shape(const ir_tensor *t, uint32_t shape[4]);
uint32_t ir_tensor_end(const ir_tensor *t); /* one more than its last input */
ir_matrix *ir_module_matrix(const ir_module *m, const char *name);                /* or NULL */
ir_graph *ir_module_graph(const ir_module *m, const char *name);                  /* or NULL */
uint32_t ir_block_rows(const ir_module *m, const ir_matrix *w);    /* ceil(inputs / crossbar rows) */
uint32_t ir_block_columns(const ir_module *m, const ir_matrix *w); /* ceil(outputs / columns) */

/* The part of a matrix that one block holds; 0 x 0 if there is no such block. */
typedef struct ir_block {
    uint32_t input0, output0, inputs, outputs;
} ir_block;
ir_block ir_matrix_block(const ir_module *m, const ir_matrix *w, uint32_t row, uint32_t column);

static inline ir_type ir_vec(uint32_t lanes, uint8_t q)
{
    return (ir_type){IR_VEC, lanes, q};
}
extern const ir_type ir_no_type;

/* A new op after `after` (NULL: at the end of the graph). Space: the union of its arguments'. */
ir_op *ir_op_new(ir_graph *g, ir_op *after, ir_opcode code, ir_type type, ir_op *const *args,
                 size_t arg_count, source_range where);
/* The same at the end of the graph with the arguments listed. */
#define IR_OP(g, code, type, where, ...)                                                           \
    ir_op_new((g), NULL, (code), (type), (ir_op *[]){__VA_ARGS__},                                 \
              sizeof((ir_op *[]){__VA_ARGS__}) / sizeof(ir_op *), (where))

void ir_op_add_arg(ir_graph *g, ir_op *op, ir_op *arg);
void ir_op_remove(ir_graph *g, ir_op *op);                 /* unlinks it; nothing may use it */
void ir_op_move(ir_graph *g, ir_op *op, ir_op *after);     /* NULL: to the front */
void ir_replace_uses(ir_graph *g, ir_op *old, ir_op *with); /* in all arguments but those of `with` */
ir_space ir_space_union(const ir_graph *g, ir_space a, ir_space b); /* in order of dimension index */
bool ir_space_within(ir_space inner, ir_space outer);
size_t ir_space_points(const ir_graph *g, ir_space s); /* product of extents; 1 for [] */
/* Which point of `inner` a point of `outer` (row-major) lies on; inner is within outer. */
size_t ir_space_project(const ir_graph *g, ir_space outer, size_t point, ir_space inner);

/* attributes: setting replaces; the getters give `otherwise` if the op has none */
void ir_set_int(ir_graph *g, ir_op *op, ir_attr_key key, int64_t value);
void ir_set_pair(ir_graph *g, ir_op *op, ir_attr_key key, int64_t first, int64_t second);
void ir_set_real(ir_graph *g, ir_op *op, ir_attr_key key, double value);
void ir_set_name(ir_graph *g, ir_op *op, ir_attr_key key, const char *text); /* NAME and TEXT */
const ir_attr *ir_get(const ir_op *op, ir_attr_key key); /* or NULL */
int64_t ir_get_int(const ir_op *op, ir_attr_key key, int64_t otherwise);
const char *ir_get_name(const ir_op *op, ir_attr_key key, const char *otherwise);
void ir_unset(ir_op *op, ir_attr_key key);

void ir_graph_renumber(ir_graph *g);
size_t ir_graph_sweep(ir_graph *g); /* removes ops without effect or use; how many */
ir_graph *ir_graph_copy(ir_module *into, const ir_graph *g, const char *name);

ir_buffer *ir_graph_buffer(const ir_graph *g, const char *name);       /* or NULL */
uint32_t ir_ring_slots(const ir_graph *g, const ir_buffer *b); /* depth, at most what the graph fills */
uint32_t ir_graph_batch(const ir_graph *g); /* examples of one invocation: the extent of dimension n */
void ir_graph_set_batch(ir_graph *g, uint32_t batch);
uint64_t ir_ring_words(const ir_graph *g, const ir_buffer *b); /* of all slots, and what is behind */
ir_buffer *ir_graph_add_buffer(ir_graph *g, const ir_buffer *b); /* copied; pointer valid until the next add */

#define IR_EACH(op, graph) for (ir_op *op = (graph)->first, *op##_next; op && (op##_next = op->next, 1); op = op##_next)

/* ---- checking, text ---- */
/*
 * Structure and types: arguments are made before they are used, counts, attributes, lanes, formats,
 * spaces, matrices and blocks exist, OPA comes after every read of its matrix, rings hold what is
 * stored. Errors go to d at the op's source range, each text starting with "after PASS: " if `pass`
 * is given. True if there were none.
 */
bool ir_verify(const ir_module *m, diag *d, const char *pass);

void ir_print(const ir_module *m, FILE *out);             /* print -> parse -> print is a fixpoint */
void ir_print_graph(const ir_graph *g, FILE *out);
/* NULL with errors in d. */
ir_module *ir_parse(arena *memory, source_set *sources, diag *d, const char *path, const char *text,
                    size_t length);

/* ---- interpreters ---- */
/*
 * The oracle: executes a graph at any stage of compilation. State = digits of all matrices, by
 * blocks of the crossbar's size. Fixed point as in isa/support/{sliced,vector,fixed}.h:
 *   mvm on a whole matrix: each block's product rounded to 16 bits, then the blocks of one output
 *   added as a balanced tree with saturating adds: sum(lo, hi) = sum(lo, mid) + sum(mid, hi),
 *   mid - lo = the largest power of two below hi - lo. mtvm: the same over block columns.
 *   opa: kept until the end, then applied per matrix in the order examples (row-major points), then
 *   statements; OPA_BATCH adds the exact sum once.
 *   random draws: key {seed, stream, step, index of the point in the op's space}, lane as attrs.def.
 */
typedef struct ir_fixed ir_fixed;
ir_fixed *ir_fixed_new(arena *memory, const ir_module *m, fidelity how, uint64_t seed);
void ir_fixed_write(ir_fixed *f, const ir_matrix *w, const int64_t *weights); /* inputs x outputs */
void ir_fixed_read(const ir_fixed *f, const ir_matrix *w, int64_t *weights);
/* Digits of a block, slices x rows x columns of that block (digit_array order). */
const int16_t *ir_fixed_digits(const ir_fixed *f, const ir_matrix *w, uint32_t block_row,
                               uint32_t block_column);
void ir_fixed_crs(ir_fixed *f);
/*
 * inputs[p], outputs[p]: port p, points x lanes words (labels: one word per point). A port is as
 * wide as its ops say: the largest first + lanes of the input (output) ops that name it.
 */
void ir_fixed_run(ir_fixed *f, const ir_graph *g, uint64_t step, const int16_t *const *inputs,
                  int16_t *const *outputs);
/* Value of an op in the last run (points x lanes), NULL if it made none. */
const int16_t *ir_fixed_value(const ir_fixed *f, const ir_op *op);

typedef struct ir_float ir_float;
/* The same in double precision: formats, rounding, slices and saturation are ignored. */
ir_float *ir_float_new(arena *memory, const ir_module *m, uint64_t seed);
double *ir_float_weights(ir_float *f, const ir_matrix *w); /* inputs x outputs, may be written */
void ir_float_run(ir_float *f, const ir_graph *g, uint64_t step, const double *const *inputs,
                  double *const *outputs);
const double *ir_float_value(const ir_float *f, const ir_op *op);

#endif
