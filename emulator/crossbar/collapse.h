/*
 * The certificate and the collapsed digits of one direction. Included by every kernel that works on
 * lanes, so that it is vectorised for each.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_COLLAPSE_H
#define PANTHER_EMULATOR_CROSSBAR_COLLAPSE_H

#include "emulator/crossbar/scalar.h"

#include <string.h>

/*
 * A collapsed digit must fit 16 bits and a dot product 32: with sum |digit| at most this both hold,
 * since |in| <= 32767.
 */
enum { PART_LIMIT = 32767 };

typedef struct line_sums {
    int64_t at[SLICES_MAX][CROSSBAR_PAD_MAX]; /* per slice and output: sum |digit| */
} line_sums;

static const int16_t *line_of(const crossbar_direction *d, int s, int output)
{
    size_t line = (size_t)s * (size_t)d->outputs + (size_t)output;
    return d->lines + line * (size_t)d->input_stride;
}

static int32_t absolute_sum(const int16_t *line, int n)
{
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += line[i] < 0 ? -line[i] : line[i];
    return sum;
}

/* Marks the slices of blocks that may clip (or overflow), and clears their sums. */
static void certify(const crossbar *x, const crossbar_direction *d, line_sums *sums)
{
    const slicing *f = x->format;
    d->collapse->any_sliced = d->collapse->any_collapsed = false;
    for (int s = 0; s < f->slices; s++) {
        int64_t limit = ((int64_t)1 << (f->bits[s] + f->adc_extra_bits - 1)) - 1;
        if (x->how == FIDELITY_IDEAL || limit > PART_LIMIT)
            limit = PART_LIMIT;
        for (int first = 0; first < d->outputs; first += CROSSBAR_BLOCK) {
            int last = first + CROSSBAR_BLOCK < d->outputs ? first + CROSSBAR_BLOCK : d->outputs;
            bool clips = false;
            for (int o = first; o < last; o++) {
                sums->at[s][o] = absolute_sum(line_of(d, s, o), d->input_stride);
                clips |= sums->at[s][o] > limit;
            }
            d->collapse->sliced[s][first / CROSSBAR_BLOCK] = clips;
            d->collapse->any_sliced |= clips;
            d->collapse->any_collapsed |= !clips;
            if (clips)
                memset(&sums->at[s][first], 0, (size_t)(last - first) * sizeof sums->at[0][0]);
        }
    }
}

/* How many slices from s on may share a collapsed plane. */
static int group(const crossbar *x, const crossbar_direction *d, const line_sums *sums, int s)
{
    int64_t total[CROSSBAR_PAD_MAX];
    memcpy(total, sums->at[s], (size_t)d->outputs * sizeof *total);
    int n = 1;
    for (; s + n < x->format->slices; n++) {
        int shift = n * x->format->radix_bits;
        bool fits = shift < 15;
        for (int o = 0; fits && o < d->outputs; o++) {
            total[o] += sums->at[s + n][o] << shift;
            fits = total[o] <= PART_LIMIT;
        }
        if (!fits)
            break;
    }
    return n;
}

static void collapse_line(const crossbar *x, const crossbar_direction *d, int s, int n, int output,
                          int16_t *part)
{
    memset(part, 0, (size_t)d->input_stride * sizeof *part);
    for (int k = 0; k < n; k++) {
        if (d->collapse->sliced[s + k][output / CROSSBAR_BLOCK])
            continue;
        const int16_t *line = line_of(d, s + k, output);
        int scale = 1 << (k * x->format->radix_bits);
        for (int i = 0; i < d->input_stride; i++)
            part[i] = (int16_t)(part[i] + line[i] * scale);
    }
}

/*
 * From `lines`. A slice of a block of outputs is collapsed if for every output of the block
 * sum |digit| fits the slice's ADC, so that no clamp can act, and the dot products of 32 bits; the
 * others are marked in collapse->sliced.
 */
static void collapse(const crossbar *x, const crossbar_direction *d)
{
    line_sums sums;
    crossbar_collapse *c = d->collapse;
    int16_t *part = c->plane;
    certify(x, d, &sums);
    c->parts = 0;
    for (int s = 0; s < x->format->slices;) {
        int n = group(x, d, &sums, s);
        c->shift[c->parts++] = s * x->format->radix_bits;
        for (int o = 0; o < d->outputs; o++, part += d->input_stride)
            collapse_line(x, d, s, n, o, part);
        s += n;
    }
}

#endif
