/* Reading a crossbar: which path each slice takes, and the bookkeeping of the derived forms. */
#include "emulator/crossbar/scalar.h"

#include <string.h>

enum { TILE = 16 }; /* lines of the mirror written together: as many as a cache level keeps open */

void scalar_mirror(crossbar *x)
{
    if (x->mirror_valid)
        return;
    size_t from_stride = (size_t)x->column_stride, to_stride = (size_t)x->row_stride;
    for (int s = 0; s < x->format->slices; s++) {
        const int16_t *from = x->digits + (size_t)s * (size_t)x->rows * from_stride;
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
    if (transposed)
        return (crossbar_direction){x->columns, x->rows, x->column_stride, x->row_stride,
                                    x->mirror, x->digits, &x->collapse[1]};
    return (crossbar_direction){x->rows, x->columns, x->row_stride, x->column_stride,
                                x->digits, x->mirror, &x->collapse[0]};
}

/*
 * Collapsing costs about as much as one sliced product, so it waits for a second use of the same
 * digits; except where the sliced product would first have to build the mirror.
 */
static bool collapsed(crossbar *x, const crossbar_direction *d, bool transposed)
{
    crossbar_collapse *c = d->collapse;
    if (c->valid)
        return true;
    if (c->uses++ == 0 && !(transposed && !x->mirror_valid))
        return false;
    if (!transposed)
        scalar_mirror(x);
    scalar_collapse(x, d);
    c->valid = true;
    return true;
}

static void sliced_blocks(crossbar *x, const crossbar_direction *d, const int16_t *in, bool all,
                          int64_t *out)
{
    input_bits bits;
    scalar_input_bits(in, d->inputs, &bits);
    int blocks = d->output_stride / CROSSBAR_LANES;
    for (int s = 0; s < x->format->slices; s++)
        for (int first = 0; first < blocks;) {
            int last = first;
            while (last < blocks && (all || d->collapse->sliced[s][last]))
                last++;
            if (last > first)
                x->adc_clips += scalar_sliced_product(x, d, &bits, s, first * CROSSBAR_LANES,
                                                      last * CROSSBAR_LANES, out);
            first = last + 1;
        }
}

static void product(crossbar *x, bool transposed, const int16_t *in, int64_t *out)
{
    crossbar_direction d = direction(x, transposed);
    memset(out, 0, (size_t)d.output_stride * sizeof *out);
    bool fast = collapsed(x, &d, transposed);
    if (fast)
        scalar_collapsed_product(&d, in, out);
    if (!fast || d.collapse->any_sliced) {
        if (transposed)
            scalar_mirror(x);
        sliced_blocks(x, &d, in, !fast, out);
    }
}

static bool always(void)
{
    return true;
}

static void mvm(crossbar *x, const int16_t *in, int64_t *out)
{
    product(x, false, in, out);
}

static void mtvm(crossbar *x, const int16_t *in, int64_t *out)
{
    product(x, true, in, out);
}

const crossbar_kernel crossbar_scalar = {
    .name = "scalar",
    .meaning = "plain C on any processor",
    .available = always,
    .mvm = mvm,
    .mtvm = mtvm,
    .opa = scalar_opa,
    .accumulate = scalar_accumulate,
    .add = scalar_add,
};
