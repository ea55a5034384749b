/* The two ways to multiply: collapsed dot products, and slice by slice through the converters. */
#include "emulator/crossbar/collapse.h"

#include <stdlib.h>
#include <string.h>

void scalar_collapse(const crossbar *x, const crossbar_direction *d)
{
    collapse(x, d);
}

static int32_t dot(const int16_t *a, const int16_t *b, int n)
{
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

void scalar_collapsed_product(const crossbar_direction *d, const int16_t *in, int64_t *out)
{
    const crossbar_collapse *c = d->collapse;
    const int16_t *part = c->plane;
    for (int p = 0; p < c->parts; p++)
        for (int o = 0; o < d->outputs; o++, part += d->input_stride)
            out[o] += (int64_t)((uint64_t)(int64_t)dot(part, in, d->input_stride) << c->shift[p]);
}

void scalar_input_bits(const int16_t *in, int inputs, input_bits *bits)
{
    memset(bits->positive, 0, sizeof bits->positive);
    memset(bits->negative, 0, sizeof bits->negative);
    for (int i = 0; i < inputs; i++) {
        unsigned size = (unsigned)abs(in[i]);
        for (int t; size; size &= size - 1) {
            t = __builtin_ctz(size);
            if (in[i] > 0)
                bits->at[t][bits->positive[t]++] = (uint16_t)i;
            else
                bits->at[t][CROSSBAR_PAD_MAX - ++bits->negative[t]] = (uint16_t)i;
        }
    }
}

/*
 * Sums of the lines that a bit selects, in lanes of 16 bits where the slice's digits cannot overflow
 * them and of 32 otherwise; and their conversion, the bits of an input accumulating in `wide`.
 */
#define DEFINE_LANES(suffix, lane, wide)                                                           \
    static void add_lines_##suffix(const int16_t *plane, size_t stride, const uint16_t *at, int n,  \
                                   int width, lane *sum)                                           \
    {                                                                                              \
        int k = 0;                                                                                 \
        for (; k + 4 <= n; k += 4) {                                                               \
            const int16_t *a = plane + at[k] * stride, *b = plane + at[k + 1] * stride;            \
            const int16_t *c = plane + at[k + 2] * stride, *e = plane + at[k + 3] * stride;        \
            for (int j = 0; j < width; j++)                                                        \
                sum[j] = (lane)(sum[j] + (lane)((lane)a[j] + b[j]) + (lane)((lane)c[j] + e[j]));   \
        }                                                                                          \
        for (; k < n; k++) {                                                                       \
            const int16_t *a = plane + at[k] * stride;                                             \
            for (int j = 0; j < width; j++)                                                        \
                sum[j] = (lane)(sum[j] + a[j]);                                                    \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static uint32_t convert_##suffix(const lane *plus, const lane *minus, int width, int32_t low,  \
                                     int32_t high, int t, wide *total)                             \
    {                                                                                              \
        uint32_t clips = 0;                                                                        \
        for (int j = 0; j < width; j++) {                                                          \
            int32_t v = plus[j] - minus[j];                                                        \
            int32_t code = v < low ? low : v > high ? high : v;                                    \
            clips += code != v;                                                                    \
            total[j] += code * ((wide)1 << t);                                                     \
        }                                                                                          \
        return clips;                                                                              \
    }                                                                                              \
                                                                                                   \
    static uint64_t slice_##suffix(const int16_t *plane, size_t stride, const input_bits *bits,    \
                                   int width, int32_t low, int32_t high, int shift, int64_t *out)  \
    {                                                                                              \
        lane plus[CROSSBAR_PAD_MAX], minus[CROSSBAR_PAD_MAX];                                      \
        wide total[CROSSBAR_PAD_MAX];                                                              \
        uint64_t clips = 0;                                                                        \
        memset(total, 0, (size_t)width * sizeof *total);                                           \
        for (int t = 0; t < SLICED_INPUT_BITS; t++) {                                              \
            if (!(bits->positive[t] | bits->negative[t]))                                          \
                continue;                                                                          \
            memset(plus, 0, (size_t)width * sizeof *plus);                                         \
            memset(minus, 0, (size_t)width * sizeof *minus);                                       \
            add_lines_##suffix(plane, stride, bits->at[t], bits->positive[t], width, plus);        \
            add_lines_##suffix(plane, stride,                                                      \
                               bits->at[t] + CROSSBAR_PAD_MAX - bits->negative[t],                 \
                               bits->negative[t], width, minus);                                   \
            clips += convert_##suffix(plus, minus, width, low, high, t, total);                    \
        }                                                                                          \
        for (int j = 0; j < width; j++)                                                            \
            out[j] = (int64_t)((uint64_t)out[j] + ((uint64_t)(int64_t)total[j] << shift));         \
        return clips;                                                                              \
    }

DEFINE_LANES(narrow, int16_t, int32_t)
DEFINE_LANES(wide, int32_t, int64_t)

uint64_t scalar_sliced_product(const crossbar *x, const crossbar_direction *d,
                               const input_bits *bits, int s, int first, int last, int64_t *out)
{
    const slicing *f = x->format;
    size_t stride = (size_t)d->output_stride;
    const int16_t *plane = d->lanes + (size_t)s * (size_t)d->inputs * stride + first;
    int64_t half = (int64_t)1 << (f->bits[s] + f->adc_extra_bits - 1);
    bool unbounded = x->how == FIDELITY_IDEAL || half > INT32_MAX / 2;
    int32_t low = unbounded ? INT32_MIN : (int32_t)-half;
    int32_t high = unbounded ? INT32_MAX : (int32_t)half - 1;
    bool narrow = x->mode != OPA_IDEAL && d->inputs * -slice_low(f, s) <= INT16_MAX;
    return (narrow ? slice_narrow : slice_wide)(plane, stride, bits, last - first, low, high,
                                                s * f->radix_bits, out + first);
}
