/* The digits of a crossbar in their two forms: access, carry resolution, and what follows a change. */
#include "emulator/crossbar/device.h"
#include "emulator/crossbar/wear.h"

#include <string.h>

static size_t plane_size(const crossbar *x)
{
    return (size_t)x->rows * (size_t)x->column_stride;
}

static size_t digits_size(const crossbar *x)
{
    return (size_t)x->format->slices * plane_size(x);
}

digit_array crossbar_view(const crossbar *x, crossbar_cells *cells)
{
    crossbar_need_wide(x, cells);
    return (digit_array){x->format, x->rows, x->column_stride, cells->wide};
}

void crossbar_need_wide(const crossbar *x, crossbar_cells *cells)
{
    if (cells->wide_valid)
        return;
    size_t n = plane_size(x);
    for (int s = 0; s < x->format->slices; s++) {
        const int8_t *from = cells->narrow + (size_t)s * n;
        int16_t *to = cells->wide + (size_t)s * n;
        for (size_t k = 0; k < n && cells->wide_stale >> s & 1; k++)
            to[k] = from[k];
    }
    cells->wide_stale = 0;
    cells->wide_valid = true;
}

void crossbar_need_narrow(const crossbar *x, crossbar_cells *cells)
{
    if (cells->narrow_valid)
        return;
    size_t n = digits_size(x);
    const int16_t *from = cells->wide;
    int8_t *to = cells->narrow;
    for (size_t k = 0; k < n; k++)
        to[k] = (int8_t)from[k];
    memset(cells->reach, 0, sizeof cells->reach);
    memset(cells->patience, 0, sizeof cells->patience);
    cells->narrow_valid = true;
}

void crossbar_forget(crossbar *x)
{
    x->version++;
    for (int s = 0; s < SLICES_MAX; s++)
        x->changed[s] = x->version;
    x->mirror_valid = false;
    x->mirror_stale = ~0U;
    for (int d = 0; d < 2; d++) {
        x->collapse[d].valid = false;
        x->collapse[d].uses = 0;
    }
}

void crossbar_wide_changed(crossbar *x, crossbar_cells *cells)
{
    cells->wide_valid = true;
    cells->wide_stale = 0;
    cells->narrow_valid = false;
    if (cells == &x->now)
        crossbar_forget(x);
}

void crossbar_narrow_changed(crossbar *x, crossbar_cells *cells)
{
    cells->narrow_valid = true;
    cells->wide_valid = false;
    cells->wide_stale = ~0U;
    if (cells == &x->now)
        crossbar_forget(x);
}

void crossbar_slices_changed(crossbar *x, crossbar_cells *cells, unsigned slices)
{
    uint64_t before[SLICES_MAX];
    unsigned wide_stale = cells->wide_stale | slices;
    unsigned mirror_stale = x->mirror_valid ? slices : x->mirror_stale | slices;
    memcpy(before, x->changed, sizeof before);
    crossbar_narrow_changed(x, cells);
    cells->wide_stale = wide_stale;
    if (cells != &x->now)
        return;
    x->mirror_stale = mirror_stale;
    for (int s = 0; s < SLICES_MAX; s++)
        if (!(slices >> s & 1))
            x->changed[s] = before[s];
}

void crossbar_copy(const crossbar *x, const crossbar_cells *from, crossbar_cells *to)
{
    size_t n = digits_size(x);
    if (from->wide_valid)
        memcpy(to->wide, from->wide, n * sizeof *to->wide);
    if (from->narrow_valid)
        memcpy(to->narrow, from->narrow, n);
    to->wide_valid = from->wide_valid;
    to->wide_stale = from->wide_valid ? 0 : ~0U;
    to->narrow_valid = from->narrow_valid;
    memcpy(to->reach, from->reach, sizeof to->reach);
    memcpy(to->patience, from->patience, sizeof to->patience);
    if (from->level)
        memcpy(to->level, from->level, n * sizeof *to->level);
    if (from->written)
        memcpy(to->written, from->written, n * sizeof *to->written);
}

int64_t crossbar_read(crossbar *x, int i, int j)
{
    digit_array view = crossbar_view(x, &x->now);
    return sliced_read(&view, i, j);
}

void crossbar_write(crossbar *x, int i, int j, int64_t w)
{
    digit_array view = crossbar_view(x, &x->now);
    sliced_write(&view, i, j, w, x->mode);
    crossbar_wide_changed(x, &x->now);
    if (x->device)
        device_program_cell(x, i, j);
    if (x->wear)
        x->wear->stale = true;
}

void crossbar_read_digits(crossbar *x, int16_t *digits)
{
    size_t lines = (size_t)x->format->slices * (size_t)x->rows, width = (size_t)x->columns;
    crossbar_need_wide(x, &x->now);
    for (size_t line = 0; line < lines; line++)
        memcpy(digits + line * width, x->now.wide + line * (size_t)x->column_stride,
               width * sizeof *digits);
}

void crossbar_write_digits(crossbar *x, const int16_t *digits)
{
    crossbar_need_wide(x, &x->now);
    for (int s = 0; s < x->format->slices; s++)
        for (int i = 0; i < x->rows; i++) {
            int low = slice_low(x->format, s), high = slice_high(x->format, s);
            size_t line = (size_t)s * (size_t)x->rows + (size_t)i;
            for (int j = 0; j < x->columns; j++) {
                int digit = digits[line * (size_t)x->columns + (size_t)j];
                if (x->mode != OPA_IDEAL)
                    digit = digit < low ? low : digit > high ? high : digit;
                x->now.wide[line * (size_t)x->column_stride + (size_t)j] = (int16_t)digit;
            }
        }
    crossbar_wide_changed(x, &x->now);
    if (x->device)
        device_program(x);
    if (x->wear)
        x->wear->stale = true;
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

void crossbar_resolve(crossbar *x)
{
    size_t plane = plane_size(x);
    int64_t lowest = -((int64_t)1 << (x->format->radix_bits * x->format->slices - 1));
    digit_array view = crossbar_view(x, &x->now);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            int64_t w = sliced_read(&view, i, j);
            int16_t *cell = &x->now.wide[digit_index(&view, 0, i, j)];
            /* ... unless W is beyond the range, where it clamps (or the top digit grows). */
            if (resolve(x->format, x->mode, cell, plane) || w < lowest)
                sliced_write(&view, i, j, w, x->mode);
        }
    crossbar_wide_changed(x, &x->now);
}

void crossbar_crs(crossbar *x)
{
    wear_begin(x);
    if (x->device)
        device_crs(x);
    else
        x->kernel->crs(x);
    wear_note(x, &x->now);
}
