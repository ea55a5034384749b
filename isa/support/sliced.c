#include "isa/support/sliced.h"

#include "isa/support/fixed.h"

const char *const opa_mode_names[OPA_MODES] = {"stream", "digit", "batch", "ideal"};
const char *const fidelity_names[FIDELITIES] = {"ideal", "adc", "device"};

int slice_low(const slicing *f, int s)
{
    return -(1 << (f->bits[s] - 1));
}

int slice_high(const slicing *f, int s)
{
    return (1 << (f->bits[s] - 1)) - 1;
}

static int64_t clip(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

int64_t sliced_read(const digit_array *d, int i, int j)
{
    int64_t w = 0;
    for (int s = d->format->slices - 1; s >= 0; s--)
        w = w * ((int64_t)1 << d->format->radix_bits) + d->at[digit_index(d, s, i, j)];
    return w;
}

/* What balanced digits in all slices can hold: [-2^(pS-1), sum_s (2^(p-1)-1) 2^(ps)]. */
static int64_t clamp_canonical(const slicing *f, int64_t w)
{
    int64_t half = (int64_t)1 << (f->radix_bits - 1), high = 0;
    for (int s = 0; s < f->slices; s++)
        high = high * 2 * half + (half - 1);
    return clip(w, -((int64_t)1 << (f->radix_bits * f->slices - 1)), high);
}

void sliced_write(const digit_array *d, int i, int j, int64_t w, opa_mode mode)
{
    const slicing *f = d->format;
    int64_t radix = (int64_t)1 << f->radix_bits;
    if (mode != OPA_IDEAL)
        w = clamp_canonical(f, w);
    for (int s = 0; s < f->slices; s++) {
        int64_t digit = w & (radix - 1);
        if (digit >= radix / 2)
            digit -= radix;
        if (mode == OPA_IDEAL && s == f->slices - 1)
            digit = clip(w, INT16_MIN, INT16_MAX);
        w = (w - digit) / radix;
        if (mode != OPA_IDEAL)
            digit = clip(digit, slice_low(f, s), slice_high(f, s));
        d->at[digit_index(d, s, i, j)] = (int16_t)digit;
    }
}

void sliced_crs(const digit_array *d, opa_mode mode)
{
    for (int i = 0; i < d->rows; i++)
        for (int j = 0; j < d->columns; j++)
            sliced_write(d, i, j, sliced_read(d, i, j), mode);
}

int64_t sliced_adc(const slicing *f, fidelity how, int s, int64_t v, uint64_t *clips)
{
    if (how == FIDELITY_IDEAL)
        return v;
    int64_t half = (int64_t)1 << (f->bits[s] + f->adc_extra_bits - 1);
    int64_t code = clip(v, -half, half - 1);
    if (clips && code != v)
        ++*clips;
    return code;
}

static int magnitude(int16_t v)
{
    return v < -FIXED_MAX ? FIXED_MAX : v < 0 ? -v : v;
}

static int sign_of(int16_t v)
{
    return (v > 0) - (v < 0);
}

/* One output of either direction: the sum over `length` cells that lie `step` apart from `first`. */
static int64_t one_output(const digit_array *d, fidelity how, const int16_t *x, int length,
                          size_t first, size_t step, uint64_t *clips)
{
    const slicing *f = d->format;
    size_t plane = (size_t)d->rows * (size_t)d->columns;
    uint64_t y = 0; /* wraps where a machine lets digits outgrow what its sums can hold */
    for (int s = 0; s < f->slices; s++)
        for (int t = 0; t < SLICED_INPUT_BITS; t++) {
            int64_t v = 0;
            for (int i = 0; i < length; i++)
                if (magnitude(x[i]) >> t & 1)
                    v += sign_of(x[i]) * d->at[(size_t)s * plane + first + (size_t)i * step];
            y += (uint64_t)sliced_adc(f, how, s, v, clips) << (f->radix_bits * s + t);
        }
    return (int64_t)y;
}

void sliced_mvm(const digit_array *d, fidelity how, const int16_t *x, int64_t *y, uint64_t *clips)
{
    for (int j = 0; j < d->columns; j++)
        y[j] = one_output(d, how, x, d->rows, (size_t)j, (size_t)d->columns, clips);
}

void sliced_mtvm(const digit_array *d, fidelity how, const int16_t *x, int64_t *y, uint64_t *clips)
{
    for (int i = 0; i < d->rows; i++)
        y[i] = one_output(d, how, x, d->columns, (size_t)i * (size_t)d->columns, 1, clips);
}

int16_t sliced_output(int64_t y, int shift)
{
    return fixed_saturate(fixed_round_shift(y, shift));
}

/* D_s(a, b): b is streamed bit by bit, a shifted left each cycle, chunk s of it goes to slice s. */
static int64_t streamed_digit(const slicing *f, int s, int64_t a, int64_t b)
{
    int64_t mask = ((int64_t)1 << f->radix_bits) - 1, sum = 0;
    for (int t = 0; t < SLICED_INPUT_BITS; t++)
        if (b >> t & 1)
            sum += (a << t) >> (f->radix_bits * s) & mask;
    return sum;
}

static void add_digit(const digit_array *d, int s, int i, int j, int64_t amount, uint64_t *saturated)
{
    int16_t *cell = &d->at[digit_index(d, s, i, j)];
    int64_t sum = *cell + amount;
    int64_t held = clip(sum, slice_low(d->format, s), slice_high(d->format, s));
    if (saturated && held != sum)
        ++saturated[s];
    *cell = (int16_t)held;
}

void sliced_opa(const digit_array *d, opa_mode mode, const int16_t *row, const int16_t *col,
                uint64_t *saturated)
{
    const slicing *f = d->format;
    int64_t mask = ((int64_t)1 << f->radix_bits) - 1;
    for (int i = 0; i < d->rows; i++)
        for (int j = 0; j < d->columns; j++) {
            int64_t a = magnitude(col[j]), b = magnitude(row[i]);
            int sign = sign_of(row[i]) * sign_of(col[j]);
            if (mode == OPA_IDEAL)
                sliced_write(d, i, j, sliced_read(d, i, j) + sign * a * b, mode);
            else
                for (int s = 0; s < f->slices; s++) {
                    int64_t digit = mode == OPA_STREAM ? streamed_digit(f, s, a, b)
                                                       : a * b >> (f->radix_bits * s) & mask;
                    add_digit(d, s, i, j, sign * digit, saturated);
                }
        }
}

void sliced_add(const digit_array *d, opa_mode mode, const int64_t *sums, uint64_t *saturated)
{
    const slicing *f = d->format;
    int64_t mask = ((int64_t)1 << f->radix_bits) - 1;
    for (int i = 0; i < d->rows; i++)
        for (int j = 0; j < d->columns; j++) {
            int64_t sum = sums[(size_t)i * (size_t)d->columns + (size_t)j];
            int64_t size = sum < 0 ? -sum : sum;
            if (mode == OPA_IDEAL) {
                sliced_write(d, i, j, sliced_read(d, i, j) + sum, mode);
                continue;
            }
            for (int s = 0; s < f->slices; s++) {
                int64_t digit = size >> (f->radix_bits * s);
                if (s < f->slices - 1)
                    digit &= mask;
                add_digit(d, s, i, j, sum < 0 ? -digit : digit, saturated);
            }
        }
}
