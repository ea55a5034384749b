/*
 * Reading disturbed cells: MVM and MTVM bit by bit, each column sum with its noise, through the ADC.
 *
 * What a read sees of the cells (drift, wires) changes seldom, so it is kept as integers of
 * 1 / 2^fraction digits. Sums of integers are exact: their order does not matter. The noise of a sum
 * of independent cells is one draw with the sum of their variances.
 */
#include "emulator/crossbar/device_cells.h"
#include "emulator/crossbar/scalar.h"
#include "emulator/crossbar/wires.h"

#include <math.h>
#include <string.h>

enum { SQUARE_BITS = 14 }; /* fraction bits of a conductance squared, the top level being 1 */

static void attenuate(crossbar *x, int s)
{
    crossbar_device *d = x->device;
    double offset = device_offset(x, s), scale = 1 / (device_range(x, s) + offset);
    size_t plane = (size_t)s * (size_t)x->rows * (size_t)x->column_stride;
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            size_t cell = plane + (size_t)i * (size_t)x->column_stride + (size_t)j;
            double level = device_digit(x, &x->now, s, cell) - device_low(x, s) + offset;
            d->conductance[i * x->columns + j] = level > 0 ? level * scale : 0;
        }
    double ratio = device_value(d->settings, DEVICE_wire_ohm, 0) /
                   device_value(d->settings, DEVICE_on_ohm, 1);
    wires_attenuation(x->rows, x->columns, d->conductance, ratio, d->attenuation);
}

/* Both layouts are the same numbers: the network of wires is reciprocal. */
static void refresh_slice(crossbar *x, bool transposed, int s)
{
    crossbar_device *d = x->device;
    double offset = device_offset(x, s), low = device_low(x, s);
    double top = device_range(x, s) + offset, unit = ldexp(1, d->fraction);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            size_t line = (size_t)s * (size_t)x->rows + (size_t)i;
            size_t cell = line * (size_t)x->column_stride + (size_t)j, at = cell;
            if (transposed)
                at = ((size_t)s * (size_t)x->columns + (size_t)j) * (size_t)x->row_stride +
                     (size_t)i;
            double digit = device_digit(x, &x->now, s, cell);
            double part = (digit - low + offset) / top;
            if (d->attenuation)
                digit *= d->attenuation[i * x->columns + j];
            d->seen[transposed][at] = (int32_t)llrint(digit * unit);
            if (d->square[transposed])
                d->square[transposed][at] = (int32_t)llrint(part * part * (1 << SQUARE_BITS));
        }
}

static void refresh(crossbar *x, bool transposed)
{
    crossbar_device *d = x->device;
    bool aged = d->drifts_by_clock && d->seen_at[transposed] != d->now;
    if (d->seen_version[transposed] == x->version && !aged)
        return;
    crossbar_need_wide(x, &x->now);
    for (int s = 0; s < x->format->slices; s++) {
        if (d->attenuation)
            attenuate(x, s);
        refresh_slice(x, transposed, s);
    }
    d->seen_version[transposed] = x->version;
    d->seen_at[transposed] = d->now;
}

/* One vector in one direction. */
typedef struct reading {
    crossbar *x;
    bool transposed;
    int inputs, outputs, stride;
    input_bits bits;
    uint64_t key;
} reading;

static void add_lines(const int32_t *plane, size_t stride, const uint16_t *at, int n, int width,
                      int32_t *restrict sum)
{
    memset(sum, 0, (size_t)width * sizeof *sum);
    for (int k = 0; k < n; k++) {
        const int32_t *line = plane + at[k] * stride;
        for (int o = 0; o < width; o++)
            sum[o] += line[o];
    }
}

/* What the inputs with bit t let through, with their signs or (squares) without. */
static void column_sums(const reading *r, const int32_t *plane, int t, bool squares, int32_t *out)
{
    int32_t minus[CROSSBAR_PAD_MAX];
    int negative = r->bits.negative[t];
    size_t stride = (size_t)r->stride;
    add_lines(plane, stride, r->bits.at[t], r->bits.positive[t], r->outputs, out);
    add_lines(plane, stride, r->bits.at[t] + CROSSBAR_PAD_MAX - negative, negative, r->outputs,
              minus);
    for (int o = 0; o < r->outputs; o++)
        out[o] += squares ? minus[o] : -minus[o];
}

/* Adds the noise of one conversion of every output, in the unit of the sums. */
static void add_noise(const reading *r, int s, int t, const int32_t *plane, int32_t *sum)
{
    const crossbar_device *d = r->x->device;
    int32_t squares[CROSSBAR_PAD_MAX];
    double range = device_range(r->x, s), top = range + device_offset(r->x, s);
    double same = device_value(d->settings, DEVICE_read_noise, 0) * range;
    double relative = device_value(d->settings, DEVICE_read_noise_relative, 0) * top;
    double unit = ldexp(1, d->fraction);
    double base = same * same * (r->bits.positive[t] + r->bits.negative[t]);
    if (!(same > 0 || relative > 0))
        return;
    if (relative > 0)
        column_sums(r, plane, t, true, squares);
    double sigma = sqrt(base) * unit, factor = relative * relative / (1 << SQUARE_BITS);
    uint32_t lane = (uint32_t)((s * SLICED_INPUT_BITS + t) * r->outputs);
    for (int o = 0; o < r->outputs; o++) {
        if (relative > 0)
            sigma = sqrt(base + factor * squares[o]) * unit;
        double noise = sigma * device_normal(random_lane(r->key, lane + (uint32_t)o));
        double v = sum[o] + noise;
        v = v < -0x1p30 ? -0x1p30 : v > 0x1p30 ? 0x1p30 : v; /* beyond every converter */
        sum[o] = (int32_t)lrint(v);
    }
}

/* Rounds half up to a code, clamps it, and adds it at the place of bit t. */
static void convert(reading *r, int s, int t, const int32_t *sum, int64_t *total)
{
    const slicing *f = r->x->format;
    int fraction = r->x->device->fraction, half = 1 << (fraction - 1);
    int32_t most = (int32_t)1 << (f->bits[s] + f->adc_extra_bits - 1);
    uint64_t clips = 0;
    for (int o = 0; o < r->outputs; o++) {
        int32_t v = (sum[o] + half) >> fraction;
        int32_t code = v < -most ? -most : v > most - 1 ? most - 1 : v;
        clips += code != v;
        total[o] += (int64_t)code * ((int64_t)1 << t);
    }
    r->x->adc_clips += clips;
}

static void read_slice(reading *r, int s, int64_t *out)
{
    const crossbar_device *d = r->x->device;
    size_t plane = (size_t)s * (size_t)r->inputs * (size_t)r->stride;
    const int32_t *seen = d->seen[r->transposed] + plane;
    const int32_t *square = d->square[r->transposed] ? d->square[r->transposed] + plane : NULL;
    int32_t sum[CROSSBAR_PAD_MAX];
    int64_t total[CROSSBAR_PAD_MAX] = {0};
    for (int t = 0; t < SLICED_INPUT_BITS; t++) {
        if (!(r->bits.positive[t] | r->bits.negative[t]))
            continue;
        column_sums(r, seen, t, false, sum);
        add_noise(r, s, t, square, sum);
        convert(r, s, t, sum, total);
    }
    for (int o = 0; o < r->outputs; o++)
        out[o] += total[o] * ((int64_t)1 << (s * r->x->format->radix_bits));
}

void device_product(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out)
{
    crossbar_device *d = x->device;
    if (!d->analog) {
        d->under->product(x, transposed, in, count, out);
        return;
    }
    refresh(x, transposed);
    reading r = {.x = x,
                 .transposed = transposed,
                 .inputs = transposed ? x->columns : x->rows,
                 .outputs = transposed ? x->rows : x->columns,
                 .stride = transposed ? x->row_stride : x->column_stride};
    for (int v = 0; v < count; v++, in += r.inputs, out += r.stride) {
        int16_t words[CROSSBAR_PAD_MAX];
        crossbar_driver_words(in, r.inputs, r.inputs, words);
        scalar_input_bits(words, r.inputs, &r.bits);
        r.key = device_key(d, transposed ? FOR_MTVM : FOR_MVM, d->events.reads[transposed]++);
        memset(out, 0, (size_t)r.stride * sizeof *out);
        for (int s = 0; s < x->format->slices; s++)
            read_slice(&r, s, out);
    }
}
