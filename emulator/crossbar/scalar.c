/* Reading a crossbar: which path each slice takes, and the bookkeeping of the derived forms. */
#include "emulator/crossbar/scalar.h"

#include <string.h>

enum { TILE = 16 }; /* lines of the mirror written together: as many as a cache level keeps open */

void scalar_mirror(crossbar *x)
{
    if (x->mirror_valid)
        return;
    crossbar_need_wide(x, &x->now);
    size_t from_stride = (size_t)x->column_stride, to_stride = (size_t)x->row_stride;
    for (int s = 0; s < x->format->slices; s++) {
        const int16_t *from = x->now.wide + (size_t)s * (size_t)x->rows * from_stride;
        int16_t *to = x->mirror + (size_t)s * (size_t)x->columns * to_stride;
        for (int j0 = 0; j0 < x->columns; j0 += TILE) {
            int end = j0 + TILE < x->columns ? j0 + TILE : x->columns;
            for (int i = 0; i < x->rows; i++)
                for (int j = j0; j < end; j++)
                    to[(size_t)j * to_stride + (size_t)i] = from[(size_t)i * from_stride + (size_t)j];
        }
    }
    x->mirror_valid = true;
}

static crossbar_direction direction(crossbar *x, bool transposed)
{
    crossbar_need_wide(x, &x->now);
    if (transposed)
        return (crossbar_direction){x->columns, x->rows, x->column_stride, x->row_stride,
                                    x->mirror, x->now.wide, &x->collapse[1]};
    return (crossbar_direction){x->rows, x->columns, x->row_stride, x->column_stride,
                                x->now.wide, x->mirror, &x->collapse[0]};
}

/*
 * Collapsing costs about as much as one sliced product, so it waits for a second use of the same
 * digits; except where the sliced product would first have to build the mirror.
 */
static bool collapsed(crossbar *x, const lane_functions *by, const crossbar_direction *d,
                      bool transposed, int count)
{
    crossbar_collapse *c = d->collapse;
    if (c->valid)
        return true;
    c->uses += count;
    if (c->uses == 1 && !(transposed && !x->mirror_valid))
        return false;
    if (!transposed)
        by->mirror(x);
    by->collapse(x, d);
    c->valid = true;
    return true;
}

static void sliced_blocks(crossbar *x, const lane_functions *by, const crossbar_direction *d,
                          const int16_t *in, bool all, int64_t *out)
{
    input_bits bits;
    scalar_input_bits(in, d->inputs, &bits);
    int blocks = d->output_stride / CROSSBAR_BLOCK;
    for (int s = 0; s < x->format->slices; s++)
        for (int first = 0; first < blocks;) {
            int last = first;
            while (last < blocks && (all || d->collapse->sliced[s][last]))
                last++;
            if (last > first)
                x->adc_clips += by->sliced(x, d, &bits, s, first * CROSSBAR_BLOCK,
                                           last * CROSSBAR_BLOCK, out);
            first = last + 1;
        }
}

void lanes_product(crossbar *x, const lane_functions *by, bool transposed, const int16_t *in,
                   int count, int64_t *out)
{
    crossbar_direction d = direction(x, transposed);
    bool fast = collapsed(x, by, &d, transposed, count);
    if (transposed && (!fast || d.collapse->any_sliced))
        by->mirror(x);
    for (int v = 0; v < count; v++, in += d.inputs, out += d.output_stride) {
        int16_t words[CROSSBAR_PAD_MAX];
        crossbar_driver_words(in, d.inputs, d.input_stride, words);
        memset(out, 0, (size_t)d.output_stride * sizeof *out);
        if (fast && d.collapse->any_collapsed)
            by->collapsed(&d, words, out);
        if (!fast || d.collapse->any_sliced)
            sliced_blocks(x, by, &d, words, !fast, out);
    }
}

static bool always(void)
{
    return true;
}

static void product(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out)
{
    static const lane_functions plain = {scalar_mirror, scalar_collapse, scalar_collapsed_product,
                                         scalar_sliced_product};
    lanes_product(x, &plain, transposed, in, count, out);
}

const crossbar_kernel crossbar_scalar = {
    .name = "scalar",
    .meaning = "plain C on any processor",
    .available = always,
    .product = product,
    .opa = scalar_opa,
    .accumulate = scalar_accumulate,
    .add = scalar_add,
    .crs = crossbar_resolve,
};
