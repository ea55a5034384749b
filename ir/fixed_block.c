#include "ir/fixed_block.h"

#include "isa/support/fixed.h"

#include <string.h>

void fixed_block_init(fixed_block *b, arena *memory, const slicing *format, ir_block part)
{
    size_t cells = (size_t)part.inputs * part.outputs;
    memset(b, 0, sizeof *b);
    b->part = part;
    b->digits = (digit_array){format, (int)part.inputs, (int)part.outputs,
                              ARENA_ARRAY(memory, int16_t, cells * (size_t)format->slices)};
    b->mvm.inputs = b->mtvm.outputs = part.inputs;
    b->mvm.outputs = b->mtvm.inputs = part.outputs;
}

void fixed_block_touch(fixed_block *b)
{
    b->mvm.current = b->mtvm.current = false;
}

/* ---- products ---- */

/* Whether the converter of slice s passes every sum that any operand can make. */
static bool never_clips(const fixed_view *v, const slicing *f, fidelity how, int s)
{
    const int16_t *plane = v->digits + (size_t)s * v->inputs * v->outputs;
    for (uint32_t j = 0; j < v->outputs; j++) {
        int64_t most = 0;
        for (uint32_t i = 0; i < v->inputs; i++) {
            int d = plane[(size_t)i * v->outputs + j];
            most += d < 0 ? -d : d;
        }
        if (sliced_adc(f, how, s, most, NULL) != most ||
            sliced_adc(f, how, s, -most, NULL) != -most)
            return false;
    }
    return true;
}

static void collapse(fixed_view *v, const slicing *f, fidelity how)
{
    size_t cells = (size_t)v->inputs * v->outputs;
    memset(v->weights, 0, cells * sizeof *v->weights);
    v->collapsed = 0;
    for (int s = 0; s < f->slices; s++) {
        if (!never_clips(v, f, how, s))
            continue;
        const int16_t *plane = v->digits + (size_t)s * cells;
        v->collapsed |= 1u << s;
        for (size_t k = 0; k < cells; k++)
            v->weights[k] += plane[k] * ((int64_t)1 << (f->radix_bits * s));
    }
    v->current = true;
}

static void transpose(const digit_array *d, int16_t *out)
{
    for (int s = 0; s < d->format->slices; s++)
        for (int j = 0; j < d->columns; j++)
            for (int i = 0; i < d->rows; i++)
                *out++ = d->at[digit_index(d, s, i, j)];
}

/* Bit t of every operand drives the rows at once: column sums, converter, weight of the bit. */
static void stream_slice(const fixed_view *v, const slicing *f, fidelity how, int s,
                         const int16_t *x, int64_t *y)
{
    int32_t sums[CROSSBAR_SIDE_MAX];
    const int16_t *plane = v->digits + (size_t)s * v->inputs * v->outputs;
    for (int t = 0; t < SLICED_INPUT_BITS; t++) {
        bool any = false;
        memset(sums, 0, v->outputs * sizeof *sums);
        for (uint32_t i = 0; i < v->inputs; i++) {
            int value = fixed_saturate(x[i]), sign = value < 0 ? -1 : 1;
            const int16_t *cells = plane + (size_t)i * v->outputs;
            if (!(value * sign >> t & 1))
                continue;
            any = true;
            for (uint32_t j = 0; j < v->outputs; j++)
                sums[j] += sign * cells[j];
        }
        for (uint32_t j = 0; any && j < v->outputs; j++)
            y[j] += sliced_adc(f, how, s, sums[j], NULL) * ((int64_t)1 << (f->radix_bits * s + t));
    }
}

static void product(const fixed_view *v, const slicing *f, fidelity how, const int16_t *x,
                    int64_t *y)
{
    memset(y, 0, v->outputs * sizeof *y);
    for (uint32_t i = 0; i < v->inputs; i++) {
        int64_t value = fixed_saturate(x[i]);
        const int64_t *weights = v->weights + (size_t)i * v->outputs;
        if (value)
            for (uint32_t j = 0; j < v->outputs; j++)
                y[j] += value * weights[j];
    }
    for (int s = 0; s < f->slices; s++)
        if (!(v->collapsed >> s & 1))
            stream_slice(v, f, how, s, x, y);
}

void fixed_block_mvm(fixed_block *b, arena *memory, fidelity how, const int16_t *x, int64_t *y)
{
    fixed_view *v = &b->mvm;
    if (!v->weights)
        v->weights = ARENA_ARRAY(memory, int64_t, (size_t)v->inputs * v->outputs);
    v->digits = b->digits.at;
    if (!v->current)
        collapse(v, b->digits.format, how);
    product(v, b->digits.format, how, x, y);
}

void fixed_block_mtvm(fixed_block *b, arena *memory, fidelity how, const int16_t *x, int64_t *y)
{
    fixed_view *v = &b->mtvm;
    size_t cells = (size_t)v->inputs * v->outputs;
    if (!v->weights) {
        v->weights = ARENA_ARRAY(memory, int64_t, cells);
        v->transposed = ARENA_ARRAY(memory, int16_t, cells * (size_t)b->digits.format->slices);
        v->digits = v->transposed;
    }
    if (!v->current) {
        transpose(&b->digits, v->transposed);
        collapse(v, b->digits.format, how);
    }
    product(v, b->digits.format, how, x, y);
}

/* ---- updates ---- */

static int magnitude(int16_t v)
{
    int value = fixed_saturate(v);
    return value < 0 ? -value : value;
}

/* chunk(t, s, j) = bits p*s .. p*s+p-1 of |col[j]| << t */
static void fill_chunks(fixed_block *b, const int16_t *col)
{
    const slicing *f = b->digits.format;
    uint32_t n = b->part.outputs, mask = (1u << f->radix_bits) - 1;
    uint16_t *out = b->chunks;
    for (int t = 0; t < SLICED_INPUT_BITS; t++)
        for (int s = 0; s < f->slices; s++)
            for (uint32_t j = 0; j < n; j++)
                *out++ = (uint16_t)((uint64_t)magnitude(col[j]) << t >> (f->radix_bits * s) & mask);
}

/* Adds the digits of one row to its cells, each slice clipping. */
static void add_row(fixed_block *b, int i, bool negative, const int16_t *col,
                    const uint16_t *digits)
{
    const slicing *f = b->digits.format;
    for (int s = 0; s < f->slices; s++) {
        int low = slice_low(f, s), high = slice_high(f, s);
        int16_t *cells = b->digits.at + digit_index(&b->digits, s, i, 0);
        for (uint32_t j = 0; j < b->part.outputs; j++) {
            int amount = *digits++;
            int sum = cells[j] + (negative != (col[j] < 0) ? -amount : amount);
            cells[j] = (int16_t)(sum < low ? low : sum > high ? high : sum);
        }
    }
}

static void stream_opa(fixed_block *b, arena *memory, const int16_t *row, const int16_t *col)
{
    size_t plane = (size_t)b->digits.format->slices * b->part.outputs;
    if (!b->chunks)
        b->chunks = ARENA_ARRAY(memory, uint16_t, plane * (SLICED_INPUT_BITS + 1));
    uint16_t *digits = b->chunks + plane * SLICED_INPUT_BITS;
    fill_chunks(b, col);
    for (uint32_t i = 0; i < b->part.inputs; i++) {
        int bits = magnitude(row[i]);
        if (!bits)
            continue;
        memset(digits, 0, plane * sizeof *digits);
        for (int t = 0; t < SLICED_INPUT_BITS; t++)
            for (size_t k = 0; (bits >> t & 1) && k < plane; k++)
                digits[k] = (uint16_t)(digits[k] + b->chunks[(size_t)t * plane + k]);
        add_row(b, (int)i, row[i] < 0, col, digits);
    }
}

static void batch_opa(fixed_block *b, arena *memory, const int16_t *row, const int16_t *col)
{
    uint32_t n = b->part.outputs;
    if (!b->sums)
        b->sums = ARENA_ARRAY(memory, int64_t, (size_t)b->part.inputs * n);
    b->pending = true;
    for (uint32_t i = 0; i < b->part.inputs; i++) {
        int64_t value = fixed_saturate(row[i]);
        for (uint32_t j = 0; value && j < n; j++)
            b->sums[(size_t)i * n + j] += value * fixed_saturate(col[j]);
    }
}

void fixed_block_opa(fixed_block *b, arena *memory, opa_mode mode, const int16_t *row,
                     const int16_t *col)
{
    fixed_block_touch(b);
    if (mode == OPA_BATCH)
        batch_opa(b, memory, row, col);
    else if (mode == OPA_STREAM)
        stream_opa(b, memory, row, col);
    else
        sliced_opa(&b->digits, mode, row, col, NULL);
}

void fixed_block_finish(fixed_block *b, opa_mode mode)
{
    if (!b->pending)
        return;
    sliced_add(&b->digits, mode, b->sums, NULL);
    memset(b->sums, 0, (size_t)b->part.inputs * b->part.outputs * sizeof *b->sums);
    b->pending = false;
    fixed_block_touch(b);
}
