#include "emulator/crossbar/opa_plan.h"

#include <stdlib.h>

enum { RESCAN_PERIOD = 32 /* OPAs between two attempts to find a slice's true reach */ };

opa_shape opa_shape_of(const slicing *f)
{
    int p = f->radix_bits;
    int bits = p == 3 ? 3 : p <= 4 ? 4 : 0;
    if (bits == 0)
        return (opa_shape){0};
    return (opa_shape){bits, bits / p, (SLICED_INPUT_BITS + bits - 1) / bits,
                       (SLICED_INPUT_BITS + bits - 1 + p - 1) / p};
}

static int bits_of(const int16_t *v, int n)
{
    int bits = 0;
    for (int i = 0; i < n; i++)
        bits |= abs(v[i]);
    return bits;
}

/* Whether a chunk can be nonzero, given the bits of the shifted operand and those of the group. */
static bool window_active(const opa_shape *shape, int p, int window, int col_bits)
{
    int from = p * window - (shape->group_bits - 1), mask = (1 << (p + shape->group_bits - 1)) - 1;
    return (from >= 0 ? col_bits >> from : col_bits << -from) & mask;
}

void opa_plan_terms(const crossbar *x, const opa_shape *shape, const int16_t *row,
                    const int16_t *col, opa_plan *plan)
{
    const slicing *f = x->format;
    *plan = (opa_plan){.row_bits = bits_of(row, x->rows), .col_bits = bits_of(col, x->columns)};
    for (int s = 0; s < f->slices; s++)
        for (int k = 0; k < shape->groups; k++) {
            int m = s - k * shape->step;
            int bits = plan->row_bits >> (k * shape->group_bits) & ((1 << shape->group_bits) - 1);
            if (m < 0 || m >= shape->windows || !bits ||
                !window_active(shape, f->radix_bits, m, plan->col_bits))
                continue;
            plan->term[s][plan->terms[s]++] = (opa_term){k, m};
            plan->windows[m] = true;
            plan->all_terms++;
        }
}

void opa_plan_digits(const crossbar *x, const int16_t *row, const int16_t *col, opa_plan *plan)
{
    *plan = (opa_plan){.row_bits = bits_of(row, x->rows), .col_bits = bits_of(col, x->columns)};
    int64_t most = (int64_t)plan->row_bits * plan->col_bits;
    for (int s = 0; s < x->format->slices; s++)
        plan->terms[s] = most >> (s * x->format->radix_bits) != 0;
}

/* D_s of the operands OR-ed together. */
static int digit_bound(const slicing *f, int s, int a, int b)
{
    int64_t mask = ((int64_t)1 << f->radix_bits) - 1, sum = 0;
    for (int t = 0; t < SLICED_INPUT_BITS; t++)
        if (b >> t & 1)
            sum += ((int64_t)a << t) >> (f->radix_bits * s) & mask;
    return (int)sum;
}

static int largest_digit(const crossbar *x, const crossbar_cells *cells, int s)
{
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    const int8_t *at = cells->narrow + (size_t)s * plane;
    int low = 0, high = 0;
    for (size_t k = 0; k < plane; k++) {
        low = at[k] < low ? at[k] : low;
        high = at[k] > high ? at[k] : high;
    }
    return high > -low ? high : -low;
}

/*
 * A slice cannot clip if its largest digit and the largest addition together fit. The bound on the
 * digits only grows; when it fails, and the addition alone would fit, the digits are looked at again,
 * though not at every outer product.
 */
void opa_plan_clips(const crossbar *x, crossbar_cells *cells, bool settled, opa_plan *plan)
{
    const slicing *f = x->format;
    for (int s = 0; s < f->slices; s++) {
        if (!plan->terms[s])
            continue;
        int high = slice_high(f, s), most = high + 1;
        int bound = x->mode == OPA_STREAM ? digit_bound(f, s, plan->col_bits, plan->row_bits)
                                          : (1 << f->radix_bits) - 1;
        bool known = cells->reach[s] > 0;
        if ((!known || cells->reach[s] + bound > high) && bound <= high / 2 &&
            --cells->patience[s] <= 0 && settled) {
            cells->reach[s] = largest_digit(x, cells, s);
            known = true;
            cells->patience[s] = RESCAN_PERIOD;
        }
        plan->clips[s] = !known || cells->reach[s] + bound > high;
        if (known) {
            int reach = cells->reach[s] + bound;
            cells->reach[s] = reach < 1 ? 1 : reach > most ? most : reach;
        }
    }
}
