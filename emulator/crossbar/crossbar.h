/*
 * Crossbars: the digits of one MCU's block, what waits to be added to them, and the kernels that
 * compute on both. support/sliced.h is the contract; every kernel equals it bit for bit, in results,
 * in ADC clips and in saturated cells.
 *
 * MVM and MTVM see the digits as they were when the last commit, write or CRS ended. OPAs wait until
 * crossbar_commit (the node's halt) and then take effect in the order of their issue.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_CROSSBAR_H
#define PANTHER_EMULATOR_CROSSBAR_CROSSBAR_H

#include "isa/support/arena.h"
#include "isa/support/sliced.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    CROSSBAR_LANES = 32, /* rows of digits are padded with zeros to a multiple of this */
    CROSSBAR_LOG = 256,  /* OPAs that wait as operands; more than that go to a third copy */
    CROSSBAR_PAD_MAX = CROSSBAR_SIDE_MAX,
    CROSSBAR_BLOCKS_MAX = CROSSBAR_PAD_MAX / CROSSBAR_LANES,
};

typedef struct crossbar crossbar;

/*
 * One implementation of the arithmetic. All functions read format, fidelity and mode from x.
 *   mvm, mtvm   out (int64, one per output) = the exact result before its shift
 *   opa         `count` outer products, in order, onto `digits` (x->digits or x->third)
 *   accumulate  OPA_BATCH: adds one outer product to the exact sums
 *   add         OPA_BATCH: adds the digits of the sums to x->digits, and clears the sums
 * row and col operands are padded with zeros to the strides and hold no -32768.
 */
typedef struct crossbar_kernel {
    const char *name;
    const char *meaning;
    bool (*available)(void);
    void (*mvm)(crossbar *x, const int16_t *in, int64_t *out);
    void (*mtvm)(crossbar *x, const int16_t *in, int64_t *out);
    void (*opa)(crossbar *x, int16_t *digits, const int16_t *rows, const int16_t *cols, int count);
    void (*accumulate)(crossbar *x, const int16_t *row, const int16_t *col);
    void (*add)(crossbar *x);
} crossbar_kernel;

/* How one direction is computed fast: which slices may be collapsed, and their collapsed digits. */
typedef struct crossbar_collapse {
    bool valid;
    int uses;          /* since the digits last changed */
    int parts;         /* number of collapsed planes */
    int shift[SLICES_MAX];
    int16_t *plane;    /* parts x outputs x input stride */
    /* Slices of blocks of outputs that an ADC might clip: they take the sliced path. */
    bool sliced[SLICES_MAX][CROSSBAR_BLOCKS_MAX];
    bool any_sliced;
} crossbar_collapse;

struct crossbar {
    const crossbar_kernel *kernel;
    const slicing *format;
    fidelity how;
    opa_mode mode;
    int rows, columns;           /* in use */
    int row_stride, column_stride; /* rows and columns, padded */
    int16_t *digits;             /* slices x rows x column_stride */
    /* derived forms, rebuilt when needed */
    int16_t *mirror;             /* the transposed digits: slices x columns x row_stride */
    bool mirror_valid;
    crossbar_collapse collapse[2]; /* MVM, MTVM */
    /* updates that wait */
    int16_t *log_rows, *log_cols; /* CROSSBAR_LOG operands each */
    int logged;
    int16_t *third;              /* digits with the overflow of the log applied */
    bool third_active;
    int64_t *sums;               /* OPA_BATCH, rows x column_stride */
    int32_t *partial;            /* part of the sums while 32 bits provably hold it */
    int64_t partial_bound;
    bool sums_active;
    /* statistics */
    uint64_t adc_clips;
    uint64_t saturated[SLICES_MAX];
};

extern const crossbar_kernel *const crossbar_kernels[];
extern const int crossbar_kernel_count;

/*
 * The kernel of that name; name NULL or "": the fastest that this processor offers. NULL if there is
 * none or it cannot run here; *why then lists those that can.
 */
const crossbar_kernel *crossbar_kernel_find(arena *memory, const char *name, const char **why);

crossbar *crossbar_new(arena *memory, const crossbar_kernel *kernel, const slicing *format,
                       fidelity how, opa_mode mode, int rows, int columns);

/* in: rows (mvm) or columns (mtvm) words; out: columns (mvm) or rows (mtvm). */
void crossbar_mvm(crossbar *x, const int16_t *in, int64_t *out);
void crossbar_mtvm(crossbar *x, const int16_t *in, int64_t *out);

/* Notes an outer product of `rows` words and `columns` words. */
void crossbar_opa(crossbar *x, const int16_t *row, const int16_t *col);
bool crossbar_pending(const crossbar *x);
void crossbar_commit(crossbar *x);

/* Forgets updates that wait (a kernel that failed). */
void crossbar_discard(crossbar *x);

/* Carry resolution; nothing may be pending. */
void crossbar_crs(crossbar *x);

int64_t crossbar_read(const crossbar *x, int i, int j);
void crossbar_write(crossbar *x, int i, int j, int64_t w);

/* slices x rows x columns, without padding; digits outside their slice are clipped when written. */
void crossbar_read_digits(const crossbar *x, int16_t *digits);
void crossbar_write_digits(crossbar *x, const int16_t *digits);

/* The digits with padding, as the reference functions take them. */
digit_array crossbar_view(const crossbar *x, int16_t *digits);

/* To be called by whoever changes x->digits; keep_mirror if the mirror was changed alike. */
void crossbar_changed(crossbar *x, bool keep_mirror);

extern const crossbar_kernel crossbar_reference, crossbar_scalar;

#endif
