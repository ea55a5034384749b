/* The slow and obvious kernel: support/sliced.h, word by word. */
#include "emulator/crossbar/crossbar.h"

#include <string.h>

static bool always(void)
{
    return true;
}

static void mvm(crossbar *x, const int16_t *in, int64_t *out)
{
    digit_array view = crossbar_view(x, x->digits);
    sliced_mvm(&view, x->how, in, out, &x->adc_clips);
}

static void mtvm(crossbar *x, const int16_t *in, int64_t *out)
{
    digit_array view = crossbar_view(x, x->digits);
    sliced_mtvm(&view, x->how, in, out, &x->adc_clips);
}

static void opa(crossbar *x, int16_t *digits, const int16_t *rows, const int16_t *cols, int count)
{
    digit_array view = crossbar_view(x, digits);
    for (int n = 0; n < count; n++)
        sliced_opa(&view, x->mode, rows + (size_t)n * (size_t)x->row_stride,
                   cols + (size_t)n * (size_t)x->column_stride, x->saturated);
    if (digits == x->digits)
        crossbar_changed(x, false);
}

static void accumulate(crossbar *x, const int16_t *row, const int16_t *col)
{
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++)
            x->sums[(size_t)i * (size_t)x->column_stride + (size_t)j] += (int64_t)row[i] * col[j];
}

static void add(crossbar *x)
{
    digit_array view = crossbar_view(x, x->digits);
    sliced_add(&view, x->mode, x->sums, x->saturated);
    memset(x->sums, 0, (size_t)x->rows * (size_t)x->column_stride * sizeof *x->sums);
    crossbar_changed(x, false);
}

const crossbar_kernel crossbar_reference = {
    .name = "reference",
    .meaning = "the contract itself, slow",
    .available = always,
    .mvm = mvm,
    .mtvm = mtvm,
    .opa = opa,
    .accumulate = accumulate,
    .add = add,
};
