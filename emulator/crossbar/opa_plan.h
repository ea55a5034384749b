/*
 * What one outer product needs of each slice, from the bits that occur in its operands.
 *
 * The streamed operand b is taken G bits at a time (G a multiple of the radix bits p): bits G*k .. of
 * b meet the other operand shifted by G*k, whose chunk for slice s is chunk s - k*G/p of the operand
 * unshifted. So with
 *     T_m[n] = sum over the bits r of n of ((a << r) >> p*m & (2^p - 1))
 * D_s(a, b) = sum_k T_{s - k*G/p}[bits G*k .. G*k+G-1 of b]: tables of 2^G entries per chunk m,
 * which all rows of the crossbar share.
 *
 * D_s grows with the set of bits in a and in b (every term is a sum of bits of a times bits of b), so
 * D_s of the operands OR-ed together bounds it for all cells.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_OPA_PLAN_H
#define PANTHER_EMULATOR_CROSSBAR_OPA_PLAN_H

#include "emulator/crossbar/crossbar.h"

enum {
    OPA_GROUPS_MAX = 5,   /* 15 bits by three */
    OPA_WINDOWS_MAX = 18, /* 15 + 3 bits, one by one */
    OPA_ENTRIES = 16,
};

typedef struct opa_shape {
    int group_bits; /* G; 0: this radix has no tables */
    int step;       /* G / p */
    int groups, windows;
} opa_shape;

typedef struct opa_term {
    int group, window;
} opa_term;

typedef struct opa_plan {
    int row_bits, col_bits;              /* all operands OR-ed together */
    int terms[SLICES_MAX];               /* 0: the slice is not touched */
    opa_term term[SLICES_MAX][OPA_GROUPS_MAX];
    int all_terms;
    bool windows[OPA_WINDOWS_MAX];       /* those that a term names */
    bool clips[SLICES_MAX];              /* no bound excludes it */
} opa_plan;

opa_shape opa_shape_of(const slicing *f);

void opa_plan_terms(const crossbar *x, const opa_shape *shape, const int16_t *row,
                    const int16_t *col, opa_plan *plan);

/* OPA_DIGIT: the slices that the digits of a product can reach; terms are 1 there. */
void opa_plan_digits(const crossbar *x, const int16_t *row, const int16_t *col, opa_plan *plan);

/*
 * Decides, for cells->narrow, where a clip is possible, and moves cells->reach on. settled: all
 * outer products that were planned before have been applied.
 */
void opa_plan_clips(const crossbar *x, crossbar_cells *cells, bool settled, opa_plan *plan);

#endif
