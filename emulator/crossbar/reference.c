/* The slow and obvious kernel: support/sliced.h, word by word. */
#include "emulator/crossbar/crossbar.h"

#include <string.h>

static bool always(void)
{
    return true;
}

static void product(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out)
{
    digit_array view = crossbar_view(x, &x->now);
    int inputs = transposed ? x->columns : x->rows;
    int input_stride = transposed ? x->column_stride : x->row_stride;
    int output_stride = transposed ? x->row_stride : x->column_stride;
    for (int v = 0; v < count; v++, in += inputs, out += output_stride) {
        int16_t words[CROSSBAR_PAD_MAX];
        crossbar_driver_words(in, inputs, input_stride, words);
        (transposed ? sliced_mtvm : sliced_mvm)(&view, x->how, words, out, &x->adc_clips);
    }
}

static void opa(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
                int count)
{
    digit_array view = crossbar_view(x, cells);
    for (int n = 0; n < count; n++)
        sliced_opa(&view, x->mode, rows + (size_t)n * (size_t)x->row_stride,
                   cols + (size_t)n * (size_t)x->column_stride, x->saturated);
    crossbar_wide_changed(x, cells);
}

static void accumulate(crossbar *x, const int16_t *row, const int16_t *col)
{
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++)
            x->sums[(size_t)i * (size_t)x->column_stride + (size_t)j] += (int64_t)row[i] * col[j];
}

static void add(crossbar *x)
{
    digit_array view = crossbar_view(x, &x->now);
    sliced_add(&view, x->mode, x->sums, x->saturated);
    memset(x->sums, 0, (size_t)x->rows * (size_t)x->column_stride * sizeof *x->sums);
    crossbar_wide_changed(x, &x->now);
}

const crossbar_kernel crossbar_reference = {
    .name = "reference",
    .meaning = "the contract itself, slow",
    .available = always,
    .product = product,
    .opa = opa,
    .accumulate = accumulate,
    .add = add,
    .crs = crossbar_resolve,
};
