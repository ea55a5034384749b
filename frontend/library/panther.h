/*
 * libpanther: compiles models for ReRAM training accelerators and runs them on the emulator.
 *
 *     panther *p = panther_new();
 *     panther_image *net = panther_compile_file(p, "mlp.pan", NULL);
 *     panther_emulator *e = net ? panther_start(p, net, NULL) : NULL;
 *     if (!e || panther_write(e, "test:mlp", "image", pixels, 64) ||
 *         panther_run(e, "test:mlp") || panther_read(e, "test:mlp", "output", scores, 10))
 *         fputs(panther_messages(p), stderr);
 *     panther_free(p);
 *
 * Build with `cc main.c $(pkg-config --cflags --libs panther)`.
 *
 * Everything belongs to the `panther` it was made with and goes with it; images and emulators can
 * be freed earlier. Functions that return a pointer return NULL where they fail, functions that
 * return a panther_status something other than PANTHER_DONE; panther_messages says why. Two
 * `panther` share nothing and may be used by two threads, one by one thread at a time. Memory that
 * cannot be had ends the process with status 4. Values are real numbers here and are rounded to the
 * formats of the program's ports and weights, to the nearest, saturating.
 */
#ifndef PANTHER_H
#define PANTHER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct panther panther;
typedef struct panther_image panther_image;       /* a compiled program */
typedef struct panther_emulator panther_emulator; /* a machine with an image on it */

/* As the exit status of the program `panther`. */
typedef enum panther_status {
    PANTHER_DONE = 0,
    PANTHER_INPUT = 1,    /* a program, image or weight file has errors */
    PANTHER_USAGE = 2,    /* a call is wrong: a name that is not there, a wrong count */
    PANTHER_PROGRAM = 3,  /* the emulated program failed */
    PANTHER_INTERNAL = 4, /* a fault of the library */
} panther_status;

const char *panther_version(void);

panther *panther_new(void);
void panther_free(panther *p); /* NULL is allowed */

/* Errors and warnings of the last call that had any, as the program prints them; "" if none had. */
const char *panther_messages(const panther *p);

/* ---- images ---- */

/* Zero and NULL: as the program says, else the machine file. */
typedef struct panther_options {
    const char *machine;  /* file, or the name of one that is shipped */
    int variant;          /* 1, 2 or 3 */
    const char *slices;   /* "44466555", most significant first */
    const char *opa_mode; /* "stream", "digit", "batch" or "ideal" */
    const char *fidelity; /* "ideal", "adc" or "device" */
    int64_t batch;        /* of train blocks */
    const char *optimize; /* "balance" (time times energy), "time" or "energy" */
    const char *copies;   /* of convolutions that share their positions: "conv2d_1=4,conv2d_*=2" */
} panther_options;

panther_image *panther_compile_file(panther *p, const char *path, const panther_options *options);

/* name stands for the text in messages; files that it includes are looked for in its folder. */
panther_image *panther_compile_text(panther *p, const char *name, const char *text,
                                    const panther_options *options);

/* A .pimg file, for the machine it was compiled for unless the options name another. */
panther_image *panther_load_image(panther *p, const char *path, const panther_options *options);
panther_status panther_save_image(panther_image *image, const char *path);
void panther_free_image(panther_image *image); /* after its emulators; NULL is allowed */

/* What one can run: "train:mlp", "test:mlp", a kernel's name, "crs". */
size_t panther_entry_count(const panther_image *image);
const char *panther_entry_name(const panther_image *image, size_t entry);

typedef struct panther_port {
    const char *name; /* formal of the program, or "output", "output_1", ... */
    int output;       /* 1: read it, 0: write it */
    int classes;      /* 1: a label; its vectors are one-hot */
    size_t vectors;   /* of one run: the batch, or 1 */
    size_t elements;  /* of each vector */
    int fraction_bits;
} panther_port;

/* Ports of an entry, inputs first. PANTHER_USAGE beyond the last. */
size_t panther_port_count(const panther_image *image, size_t entry);
panther_status panther_get_port(const panther_image *image, size_t entry, size_t port,
                                panther_port *out);

/* A parameter under the model's name, as in weight files; dims has rank elements. */
typedef struct panther_tensor {
    const char *name;
    size_t rank, dims[4], elements;
} panther_tensor;

size_t panther_tensor_count(const panther_image *image);
panther_status panther_get_tensor(const panther_image *image, size_t tensor, panther_tensor *out);

/* ---- running ---- */

typedef struct panther_start_options {
    uint64_t seed;   /* of first weights, random rounding and `rand` */
    int threads;     /* of the host; 0: as many processors as are of use */
    int timing_only; /* cycles and energy, no numbers: outputs are not written */
} panther_start_options;

/* A machine with the image's programs and first weights drawn from the seed. NULL: all zero. */
panther_emulator *panther_start(panther *p, panther_image *image,
                                const panther_start_options *options);
void panther_stop(panther_emulator *e); /* NULL is allowed */

/* Values of an input for the next runs: vectors x elements of them. They start as 0. */
panther_status panther_write(panther_emulator *e, const char *entry, const char *port,
                             const double *values, size_t count);
/* One invocation: forward, or forward and backward with the updates of one batch. */
panther_status panther_run(panther_emulator *e, const char *entry);
/* An output of the entry's last run. */
panther_status panther_read(const panther_emulator *e, const char *entry, const char *port,
                            double *values, size_t count);

/* Carry resolution of all crossbars. */
void panther_resolve_carries(panther_emulator *e);

/* safetensors files, which PyTorch reads and writes. Saving keeps digits and cells too. */
panther_status panther_load_weights(panther_emulator *e, const char *path);
panther_status panther_save_weights(panther_emulator *e, const char *path);
/*
 * One tensor, row-major. Writing it also resolves the carries of its matrices. A batch_norm that is
 * folded into the layer before it reads as the identity, and takes values from files only.
 */
panther_status panther_read_weights(panther_emulator *e, const char *tensor, double *values,
                                    size_t count);
panther_status panther_write_weights(panther_emulator *e, const char *tensor, const double *values,
                                     size_t count);

/* Since panther_start. */
typedef struct panther_statistics {
    uint64_t cycles, kernels, instructions;
    uint64_t mvm, mtvm, opa, crs; /* operations on one crossbar each */
    uint64_t adc_clips;
    uint64_t last_kernel_cycles;
    double seconds; /* simulated */
    double energy_pj, leakage_pj; /* energy_pj is all of it */
} panther_statistics;

void panther_get_statistics(panther_emulator *e, panther_statistics *out);

/* Energy by layer; layer 0 is what belongs to none and has the name "". */
size_t panther_layer_count(const panther_image *image);
const char *panther_layer_name(const panther_image *image, size_t layer);
double panther_layer_energy_pj(panther_emulator *e, size_t layer);

#ifdef __cplusplus
}
#endif

#endif
