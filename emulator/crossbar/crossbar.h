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
    CROSSBAR_LANES = 64,  /* lines of digits are padded with zeros to a multiple of this */
    CROSSBAR_BLOCK = 32,  /* outputs that are certified, and take a path, together */
    CROSSBAR_LOG = 256,   /* OPAs that wait as operands; more than that go to a second copy */
    CROSSBAR_BATCH = 16,  /* vectors that a kernel is given at once */
    CROSSBAR_PAD_MAX = CROSSBAR_SIDE_MAX,
    CROSSBAR_BLOCKS_MAX = CROSSBAR_PAD_MAX / CROSSBAR_BLOCK,
};

typedef struct crossbar crossbar;
typedef struct crossbar_device crossbar_device; /* device.h */
typedef struct crossbar_wear crossbar_wear;     /* wear.h */

/*
 * One copy of all digits, in one or both of two forms. The wide one holds any digit; the narrow one
 * exists where every digit fits a byte (x->narrow). At least one is valid.
 */
typedef struct crossbar_cells {
    int16_t *wide;  /* slices x rows x column_stride */
    int8_t *narrow; /* the same */
    bool wide_valid, narrow_valid;
    unsigned wide_stale; /* the slices that differ, one bit each, while wide is not valid */
    /* No |digit| of the slice in the narrow form exceeds this; 0: not known. */
    int reach[SLICES_MAX];
    int patience[SLICES_MAX]; /* outer products until it is worth finding out again */
    /* Of a crossbar with a device, else NULL: the levels that the digits are rounded from. */
    int32_t *level;  /* as wide, in 1/65536 digit */
    double *written; /* when, in seconds; NULL if nothing depends on it */
} crossbar_cells;

/*
 * One implementation of the arithmetic. All functions read format, fidelity and mode from x.
 *   product     `count` (at most CROSSBAR_BATCH) vectors through the same digits (x->now). in: one
 *               after the other, without padding, possibly with -32768; out (int64, before the
 *               shift): one after the other at the padded length of the outputs
 *   opa         `count` outer products, in order, onto `cells` (x->now or x->next)
 *   accumulate  OPA_BATCH: adds one outer product to the exact sums
 *   add         OPA_BATCH: adds the digits of the sums to x->now, and clears the sums
 *   crs         carry resolution of x->now
 * row and col operands are padded with zeros to the strides and hold no -32768.
 */
typedef struct crossbar_kernel {
    const char *name;
    const char *meaning;
    bool (*available)(void);
    void (*prepare)(arena *memory, crossbar *x); /* may be NULL; sets x->own */
    void (*product)(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out);
    void (*opa)(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
                int count);
    void (*accumulate)(crossbar *x, const int16_t *row, const int16_t *col);
    void (*add)(crossbar *x);
    void (*crs)(crossbar *x);
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
    bool any_sliced, any_collapsed;
} crossbar_collapse;

struct crossbar {
    const crossbar_kernel *kernel;
    const slicing *format;
    fidelity how;
    opa_mode mode;
    int rows, columns;             /* in use */
    int row_stride, column_stride; /* rows and columns, padded */
    bool narrow;                   /* every digit fits a byte */
    crossbar_cells now, next;      /* next: `now` with the overflow of the log applied */
    bool next_active;
    /* derived forms of `now`, rebuilt when needed */
    uint64_t version;              /* counts the changes of `now` */
    uint64_t changed[SLICES_MAX];  /* the version in which a slice changed last */
    void *own;                     /* the kernel's forms */
    int16_t *mirror;               /* the transposed digits: slices x columns x row_stride */
    bool mirror_valid;
    unsigned mirror_stale;         /* as wide_stale */
    crossbar_collapse collapse[2]; /* MVM, MTVM */
    /* updates that wait */
    int16_t *log_rows, *log_cols;  /* CROSSBAR_LOG operands each */
    int logged;
    int64_t *sums;                 /* OPA_BATCH, rows x column_stride */
    int32_t *partial;              /* part of the sums while 32 bits provably hold it */
    int64_t partial_bound;
    bool sums_active;
    crossbar_device *device; /* NULL: cells are their digits */
    crossbar_wear *wear;     /* NULL: not counted */
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

/* The same for `count` vectors, one after the other in `in` and in `out`. */
void crossbar_mvm_many(crossbar *x, const int16_t *in, int count, int64_t *out);
void crossbar_mtvm_many(crossbar *x, const int16_t *in, int count, int64_t *out);

/* Notes an outer product of `rows` words and `columns` words. */
void crossbar_opa(crossbar *x, const int16_t *row, const int16_t *col);
bool crossbar_pending(const crossbar *x);
void crossbar_commit(crossbar *x);

/* Forgets updates that wait (a kernel that failed). */
void crossbar_discard(crossbar *x);

/* Carry resolution; nothing may be pending. */
void crossbar_crs(crossbar *x);

int64_t crossbar_read(crossbar *x, int i, int j);
void crossbar_write(crossbar *x, int i, int j, int64_t w);

/* slices x rows x columns, without padding; digits outside their slice are clipped when written. */
void crossbar_read_digits(crossbar *x, int16_t *digits);
void crossbar_write_digits(crossbar *x, const int16_t *digits);

/* For kernels. The digits with padding, as the reference functions take them. */
digit_array crossbar_view(const crossbar *x, crossbar_cells *cells);

/* Make a form of the cells valid. */
void crossbar_need_wide(const crossbar *x, crossbar_cells *cells);
void crossbar_need_narrow(const crossbar *x, crossbar_cells *cells);

void crossbar_resolve(crossbar *x); /* carry resolution, plainly */

/* To be called by whoever changed one form of the cells: the other, and what derives from x->now. */
void crossbar_wide_changed(crossbar *x, crossbar_cells *cells);
void crossbar_narrow_changed(crossbar *x, crossbar_cells *cells);
void crossbar_slices_changed(crossbar *x, crossbar_cells *cells, unsigned slices); /* narrow */
void crossbar_forget(crossbar *x); /* all that derives from x->now */

void crossbar_copy(const crossbar *x, const crossbar_cells *from, crossbar_cells *to);

/* What the drivers see: sign and 15 bits, so -32768 is -32767; zeros up to the stride. */
void crossbar_driver_words(const int16_t *in, int length, int stride, int16_t *out);

extern const crossbar_kernel crossbar_reference, crossbar_scalar;
extern const crossbar_kernel crossbar_avx2, crossbar_avx512, crossbar_amx; /* on x86-64 */

#endif
