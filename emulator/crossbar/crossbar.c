#include "emulator/crossbar/crossbar.h"

#include "isa/support/fixed.h"

#include <string.h>

static int padded(int n)
{
    return (n + CROSSBAR_LANES - 1) / CROSSBAR_LANES * CROSSBAR_LANES;
}

static size_t digits_size(const crossbar *x)
{
    return (size_t)x->format->slices * (size_t)x->rows * (size_t)x->column_stride;
}

/* Large blocks are zero pages until they are touched, so a form that is never used costs nothing. */
static void allocate(arena *memory, crossbar *x)
{
    size_t slices = (size_t)x->format->slices;
    size_t mirror = slices * (size_t)x->columns * (size_t)x->row_stride;
    size_t cells = (size_t)x->rows * (size_t)x->column_stride;
    x->digits = ARENA_ARRAY(memory, int16_t, digits_size(x));
    x->third = ARENA_ARRAY(memory, int16_t, digits_size(x));
    x->mirror = ARENA_ARRAY(memory, int16_t, mirror);
    x->collapse[0].plane = ARENA_ARRAY(memory, int16_t, mirror);
    x->collapse[1].plane = ARENA_ARRAY(memory, int16_t, digits_size(x));
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
    x->how = how;
    x->mode = mode;
    x->rows = rows;
    x->columns = columns;
    x->row_stride = padded(rows);
    x->column_stride = padded(columns);
    allocate(memory, x);
    return x;
}

digit_array crossbar_view(const crossbar *x, int16_t *digits)
{
    return (digit_array){x->format, x->rows, x->column_stride, digits};
}

void crossbar_changed(crossbar *x, bool keep_mirror)
{
    x->mirror_valid = x->mirror_valid && keep_mirror;
    for (int d = 0; d < 2; d++) {
        x->collapse[d].valid = false;
        x->collapse[d].uses = 0;
    }
}

/* What the drivers see: sign and 15 bits, so -32768 is -32767; zeros up to the stride. */
static void driver_words(const int16_t *in, int length, int stride, int16_t *out)
{
    for (int i = 0; i < length; i++)
        out[i] = in[i] < FIXED_MIN ? FIXED_MIN : in[i];
    memset(out + length, 0, (size_t)(stride - length) * sizeof *out);
}

void crossbar_mvm(crossbar *x, const int16_t *in, int64_t *out)
{
    int16_t words[CROSSBAR_PAD_MAX];
    int64_t sums[CROSSBAR_PAD_MAX];
    driver_words(in, x->rows, x->row_stride, words);
    x->kernel->mvm(x, words, sums);
    memcpy(out, sums, (size_t)x->columns * sizeof *out);
}

void crossbar_mtvm(crossbar *x, const int16_t *in, int64_t *out)
{
    int16_t words[CROSSBAR_PAD_MAX];
    int64_t sums[CROSSBAR_PAD_MAX];
    driver_words(in, x->columns, x->column_stride, words);
    x->kernel->mtvm(x, words, sums);
    memcpy(out, sums, (size_t)x->rows * sizeof *out);
}

/* The log is full: from now on it is worked off into a third copy, which becomes the next state. */
static void spill_log(crossbar *x)
{
    if (!x->third_active)
        memcpy(x->third, x->digits, digits_size(x) * sizeof *x->digits);
    x->third_active = true;
    x->kernel->opa(x, x->third, x->log_rows, x->log_cols, x->logged);
    x->logged = 0;
}

void crossbar_opa(crossbar *x, const int16_t *row, const int16_t *col)
{
    if (x->logged == CROSSBAR_LOG)
        spill_log(x);
    int16_t *rows = x->log_rows + (size_t)x->logged * (size_t)x->row_stride;
    int16_t *cols = x->log_cols + (size_t)x->logged * (size_t)x->column_stride;
    driver_words(row, x->rows, x->row_stride, rows);
    driver_words(col, x->columns, x->column_stride, cols);
    if (x->mode == OPA_BATCH) {
        x->kernel->accumulate(x, rows, cols);
        x->sums_active = true;
    } else {
        x->logged++;
    }
}

bool crossbar_pending(const crossbar *x)
{
    return x->logged > 0 || x->third_active || x->sums_active;
}

void crossbar_commit(crossbar *x)
{
    if (x->sums_active)
        x->kernel->add(x);
    x->sums_active = false;
    if (x->third_active) {
        spill_log(x);
        int16_t *old = x->digits;
        x->digits = x->third;
        x->third = old;
        x->third_active = false;
        crossbar_changed(x, false);
    } else if (x->logged) {
        x->kernel->opa(x, x->digits, x->log_rows, x->log_cols, x->logged);
        x->logged = 0;
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
    x->sums_active = x->third_active = false;
    x->logged = 0;
}

/* Balanced carries from the least significant slice up give sliced_write's digits... */
static int resolve(const slicing *f, opa_mode mode, int16_t *cell, size_t plane)
{
    int half = 1 << (f->radix_bits - 1), carry = 0;
    for (int s = 0; s < f->slices; s++) {
        int sum = cell[(size_t)s * plane] + carry;
        int digit = ((sum + half) & (2 * half - 1)) - half;
        carry = (sum - digit) / (2 * half);
        int low = slice_low(f, s), high = slice_high(f, s);
        if (mode != OPA_IDEAL)
            digit = digit < low ? low : digit > high ? high : digit;
        cell[(size_t)s * plane] = (int16_t)digit;
    }
    return carry;
}

void crossbar_crs(crossbar *x)
{
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    int64_t lowest = -((int64_t)1 << (x->format->radix_bits * x->format->slices - 1));
    digit_array view = crossbar_view(x, x->digits);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            int64_t w = sliced_read(&view, i, j);
            int16_t *cell = &x->digits[digit_index(&view, 0, i, j)];
            /* ... unless W is beyond the range, where it clamps (or the top digit grows). */
            if (resolve(x->format, x->mode, cell, plane) || w < lowest)
                sliced_write(&view, i, j, w, x->mode);
        }
    crossbar_changed(x, false);
}

int64_t crossbar_read(const crossbar *x, int i, int j)
{
    digit_array view = crossbar_view(x, x->digits);
    return sliced_read(&view, i, j);
}

void crossbar_write(crossbar *x, int i, int j, int64_t w)
{
    digit_array view = crossbar_view(x, x->digits);
    sliced_write(&view, i, j, w, x->mode);
    crossbar_changed(x, false);
}

void crossbar_read_digits(const crossbar *x, int16_t *digits)
{
    size_t lines = (size_t)x->format->slices * (size_t)x->rows, width = (size_t)x->columns;
    for (size_t line = 0; line < lines; line++)
        memcpy(digits + line * width, x->digits + line * (size_t)x->column_stride,
               width * sizeof *digits);
}

void crossbar_write_digits(crossbar *x, const int16_t *digits)
{
    for (int s = 0; s < x->format->slices; s++)
        for (int i = 0; i < x->rows; i++) {
            int low = slice_low(x->format, s), high = slice_high(x->format, s);
            size_t line = (size_t)s * (size_t)x->rows + (size_t)i;
            for (int j = 0; j < x->columns; j++) {
                int digit = digits[line * (size_t)x->columns + (size_t)j];
                if (x->mode != OPA_IDEAL)
                    digit = digit < low ? low : digit > high ? high : digit;
                x->digits[line * (size_t)x->column_stride + (size_t)j] = (int16_t)digit;
            }
        }
    crossbar_changed(x, false);
}
