/* Which way a product takes on the tile unit. */
#include "emulator/crossbar/processor.h"

#if PROCESSOR_X86_64

#include "emulator/crossbar/amx.h"

#include "emulator/crossbar/simd_kernels.h"

#include <string.h>

/*
 * Bits of inputs and digits are both bytes, scaled to 16 - N bits in all for a converter of N bits.
 * The radix must divide a byte, the unit of collapsed weights.
 */
static bool choose_scales(const crossbar *x, amx_state *a)
{
    const slicing *f = x->format;
    int widest = 0, p = f->radix_bits;
    for (int s = 0; s < f->slices; s++)
        widest = f->bits[s] > widest ? f->bits[s] : widest;
    a->bit_scale = 16 - widest - f->adc_extra_bits;
    a->bit_scale = a->bit_scale > 6 ? 6 : a->bit_scale;
    if (!x->narrow || a->bit_scale < 0 || !(p == 1 || p == 2 || p == 4 || p == 8))
        return false;
    for (int s = 0; s < f->slices; s++) {
        a->scale[s] = 16 - f->bits[s] - f->adc_extra_bits - a->bit_scale;
        if (f->bits[s] + a->scale[s] > 8)
            return false;
    }
    return true;
}

static void prepare_direction(arena *memory, const crossbar *x, amx_direction *d, int inputs,
                              int outputs)
{
    d->inputs = inputs;
    d->outputs = outputs;
    d->input_blocks = (inputs + TILE_INPUTS - 1) / TILE_INPUTS;
    d->output_blocks = (outputs + CROSSBAR_BLOCK - 1) / CROSSBAR_BLOCK * 2;
    size_t plane = (size_t)d->input_blocks * (size_t)d->output_blocks * TILE_BYTES;
    d->item = ARENA_ARRAY(memory, amx_item, (size_t)(x->format->slices * d->output_blocks / 2));
    d->digits = ARENA_ARRAY(memory, int8_t, (size_t)x->format->slices * plane);
    d->weights = ARENA_ARRAY(memory, int8_t, AMX_PLANES_MAX * plane);
}

static void prepare(arena *memory, crossbar *x)
{
    amx_state *a = ARENA_NEW(memory, amx_state);
    a->usable = choose_scales(x, a);
    x->own = a;
    if (!a->usable)
        return;
    a->planes = ARENA_ARRAY(memory, int8_t,
                            AMX_PLANES_MAX * (size_t)x->rows * (size_t)x->column_stride);
    prepare_direction(memory, x, &a->direction[0], x->rows, x->columns);
    prepare_direction(memory, x, &a->direction[1], x->columns, x->rows);
}

/* Brings the forms up to the digits; whether it is known which slices may be collapsed. */
static bool ready(crossbar *x, amx_state *a, bool transposed, int count)
{
    enum { WORTH_COLLAPSING = 4 }; /* products with the same digits */
    amx_direction *d = &a->direction[transposed];
    if (d->version != x->version) {
        d->version = x->version;
        d->uses = 0;
        d->tiled = d->certified = false;
    }
    if (d->certified)
        return true;
    d->uses += count;
    if (!d->tiled)
        amx_tile_digits(x, a, transposed);
    if (d->uses < WORTH_COLLAPSING && x->how == FIDELITY_ADC)
        return false;
    amx_certify(x, a, d);
    if (d->any_collapsed)
        amx_tile_weights(x, a, transposed);
    return true;
}

static void product(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out)
{
    amx_state *a = x->own;
    if (!a->usable) {
        avx512_product(x, transposed, in, count, out);
        return;
    }
    amx_direction *d = &a->direction[transposed];
    int stride = transposed ? x->row_stride : x->column_stride;
    int input_stride = transposed ? x->column_stride : x->row_stride;
    bool certified = ready(x, a, transposed, count);
    if (certified && d->any_collapsed)
        amx_collapsed(d, in, count, stride, out);
    else
        memset(out, 0, (size_t)(count * stride) * sizeof *out);
    if (d->items == 0)
        return;
    int16_t words[CROSSBAR_BATCH * CROSSBAR_PAD_MAX];
    for (int v = 0; v < count; v++)
        crossbar_driver_words(in + v * d->inputs, d->inputs, input_stride, words + v * input_stride);
    x->adc_clips += amx_sliced(x, a, d, words, count, stride, out);
}

const crossbar_kernel crossbar_amx = {
    .name = "amx",
    .meaning = "tiles of 8-bit integers, 512-bit vectors",
    .available = processor_has_amx,
    .prepare = prepare,
    .product = product,
    .opa = avx512_opa,
    .accumulate = avx512_accumulate,
    .add = avx512_add,
    .crs = avx512_crs,
};

#endif
