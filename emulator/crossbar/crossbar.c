#include "emulator/crossbar/crossbar.h"

#include "emulator/crossbar/wear.h"
#include "isa/support/fixed.h"

#include <string.h>

static int padded(int n)
{
    return (n + CROSSBAR_LANES - 1) / CROSSBAR_LANES * CROSSBAR_LANES;
}

static bool digits_fit_bytes(const slicing *f, opa_mode mode)
{
    for (int s = 0; s < f->slices; s++)
        if (f->bits[s] > 8)
            return false;
    return mode != OPA_IDEAL; /* there the top digit holds whatever is left */
}

/* Large blocks are zero pages until they are touched, so a form that is never used costs nothing. */
static void allocate(arena *memory, crossbar *x)
{
    size_t slices = (size_t)x->format->slices;
    size_t mirror = slices * (size_t)x->columns * (size_t)x->row_stride;
    size_t cells = (size_t)x->rows * (size_t)x->column_stride;
    crossbar_cells *copies[] = {&x->now, &x->next};
    for (int c = 0; c < 2; c++) {
        copies[c]->wide = ARENA_ARRAY(memory, int16_t, slices * cells);
        copies[c]->narrow = x->narrow ? ARENA_ARRAY(memory, int8_t, slices * cells) : NULL;
        copies[c]->wide_valid = true;
    }
    x->mirror = ARENA_ARRAY(memory, int16_t, mirror);
    x->collapse[0].plane = ARENA_ARRAY(memory, int16_t, mirror);
    x->collapse[1].plane = ARENA_ARRAY(memory, int16_t, slices * cells);
    x->log_rows = ARENA_ARRAY(memory, int16_t, (size_t)CROSSBAR_LOG * (size_t)x->row_stride);
    x->log_cols = ARENA_ARRAY(memory, int16_t, (size_t)CROSSBAR_LOG * (size_t)x->column_stride);
    x->sums = ARENA_ARRAY(memory, int64_t, cells);
    x->partial = ARENA_ARRAY(memory, int32_t, cells);
}

crossbar *crossbar_new(arena *memory, const crossbar_kernel *kernel, const slicing *format,
                       fidelity how, opa_mode mode, int rows, int columns)
{
    crossbar *x = ARENA_NEW(memory, crossbar);
    x->kernel = kernel;
    x->format = format;
    x->how = how == FIDELITY_DEVICE ? FIDELITY_ADC : how; /* device_attach does the rest */
    x->mode = mode;
    x->rows = rows;
    x->columns = columns;
    x->row_stride = padded(rows);
    x->column_stride = padded(columns);
    x->narrow = digits_fit_bytes(format, mode);
    allocate(memory, x);
    crossbar_forget(x); /* versions begin at 1 */
    if (kernel->prepare)
        kernel->prepare(memory, x);
    return x;
}

void crossbar_driver_words(const int16_t *in, int length, int stride, int16_t *out)
{
    for (int i = 0; i < length; i++)
        out[i] = in[i] < FIXED_MIN ? FIXED_MIN : in[i];
    memset(out + length, 0, (size_t)(stride - length) * sizeof *out);
}

static void product(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out)
{
    int inputs = transposed ? x->columns : x->rows, outputs = transposed ? x->rows : x->columns;
    int stride = transposed ? x->row_stride : x->column_stride;
    int64_t padded_out[CROSSBAR_BATCH * CROSSBAR_PAD_MAX];
    for (int step; count > 0; count -= step, in += step * inputs, out += step * outputs) {
        step = count < CROSSBAR_BATCH ? count : CROSSBAR_BATCH;
        bool direct = stride == outputs;
        x->kernel->product(x, transposed, in, step, direct ? out : padded_out);
        for (int v = 0; v < step && !direct; v++)
            memcpy(out + v * outputs, padded_out + v * stride, (size_t)outputs * sizeof *out);
    }
}

void crossbar_mvm_many(crossbar *x, const int16_t *in, int count, int64_t *out)
{
    product(x, false, in, count, out);
}

void crossbar_mtvm_many(crossbar *x, const int16_t *in, int count, int64_t *out)
{
    product(x, true, in, count, out);
}

void crossbar_mvm(crossbar *x, const int16_t *in, int64_t *out)
{
    product(x, false, in, 1, out);
}

void crossbar_mtvm(crossbar *x, const int16_t *in, int64_t *out)
{
    product(x, true, in, 1, out);
}

static void work_off_log(crossbar *x, crossbar_cells *cells)
{
    if (x->wear)
        wear_opas(x, cells);
    else
        x->kernel->opa(x, cells, x->log_rows, x->log_cols, x->logged);
    x->logged = 0;
}

/* The log is full: from now on it is worked off into a second copy, which becomes the next state. */
static void spill_log(crossbar *x)
{
    wear_begin(x);
    if (!x->next_active)
        crossbar_copy(x, &x->now, &x->next);
    x->next_active = true;
    work_off_log(x, &x->next);
}

void crossbar_opa(crossbar *x, const int16_t *row, const int16_t *col)
{
    if (x->logged == CROSSBAR_LOG)
        spill_log(x);
    int16_t *rows = x->log_rows + (size_t)x->logged * (size_t)x->row_stride;
    int16_t *cols = x->log_cols + (size_t)x->logged * (size_t)x->column_stride;
    crossbar_driver_words(row, x->rows, x->row_stride, rows);
    crossbar_driver_words(col, x->columns, x->column_stride, cols);
    if (x->mode == OPA_BATCH) {
        x->kernel->accumulate(x, rows, cols);
        x->sums_active = true;
    } else {
        x->logged++;
    }
}

bool crossbar_pending(const crossbar *x)
{
    return x->logged > 0 || x->next_active || x->sums_active;
}

void crossbar_commit(crossbar *x)
{
    wear_begin(x);
    if (x->sums_active) {
        x->kernel->add(x);
        wear_note(x, &x->now);
    }
    x->sums_active = false;
    if (x->next_active) {
        spill_log(x);
        crossbar_cells old = x->now;
        x->now = x->next;
        x->next = old;
        x->next_active = false;
        crossbar_forget(x);
    } else if (x->logged) {
        work_off_log(x, &x->now);
    }
}

void crossbar_discard(crossbar *x)
{
    size_t cells = (size_t)x->rows * (size_t)x->column_stride;
    if (x->sums_active) {
        memset(x->sums, 0, cells * sizeof *x->sums);
        memset(x->partial, 0, cells * sizeof *x->partial);
    }
    x->partial_bound = 0;
    x->sums_active = x->next_active = false;
    x->logged = 0;
    if (x->wear)
        x->wear->stale = true;
}
