/* Small crossbars with disturbed cells for the tests of the device model. */
#ifndef PANTHER_TESTS_UNIT_DEVICE_FIXTURE_H
#define PANTHER_TESTS_UNIT_DEVICE_FIXTURE_H

#include "emulator/crossbar/device_cells.h"
#include "isa/support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

/* A crossbar of the paper's slices with the knobs of a list ("read_noise=0.01,..."). */
typedef struct cells {
    arena *memory;
    slicing format;
    device_settings settings;
    crossbar *x;
} cells;

static inline cells *cells_new(const crossbar_kernel *kernel, opa_mode mode, int rows, int columns,
                               const char *knobs, uint64_t seed)
{
    arena *memory = arena_new();
    cells *c = ARENA_NEW(memory, cells);
    c->memory = memory;
    c->format = (slicing){.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                          .adc_extra_bits = 6};
    const char *error = device_set_list(memory, &c->settings, knobs);
    if (!error)
        error = device_check(memory, &c->settings);
    if (error)
        fail_msg("%s", error);
    c->x = crossbar_new(memory, kernel, &c->format, FIDELITY_DEVICE, mode, rows, columns);
    device_attach(memory, c->x, &c->settings, seed, 7);
    return c;
}

static inline void cells_free(cells *c)
{
    arena_free(c->memory);
}

static inline size_t cells_count(const cells *c)
{
    return (size_t)c->format.slices * (size_t)c->x->rows * (size_t)c->x->columns;
}

static inline int16_t *cells_digits(const cells *c)
{
    int16_t *digits = ARENA_ARRAY(c->memory, int16_t, cells_count(c));
    crossbar_read_digits(c->x, digits);
    return digits;
}

static inline size_t cells_at(const cells *c, int s, int i, int j)
{
    return ((size_t)s * (size_t)c->x->rows + (size_t)i) * (size_t)c->x->column_stride + (size_t)j;
}

/* The level of a cell, in digits. */
static inline double cells_level(const cells *c, int s, int i, int j)
{
    return c->x->now.level[cells_at(c, s, i, j)] * 0x1p-16;
}

/* Any digits that the slices hold. */
static inline void cells_fill(cells *c, random_state *r)
{
    int16_t *digits = ARENA_ARRAY(c->memory, int16_t, cells_count(c));
    size_t plane = (size_t)c->x->rows * (size_t)c->x->columns;
    for (size_t k = 0; k < cells_count(c); k++) {
        int low = slice_low(&c->format, (int)(k / plane));
        int high = slice_high(&c->format, (int)(k / plane));
        digits[k] = (int16_t)(low + (int)random_below(r, (uint64_t)(high - low + 1)));
    }
    crossbar_write_digits(c->x, digits);
}

static inline void cells_operand(random_state *r, int16_t *v, int n, int most)
{
    for (int i = 0; i < n; i++)
        v[i] = (int16_t)((int)random_below(r, (uint64_t)(2 * most + 1)) - most);
}

typedef struct moments {
    double count, sum, squares;
} moments;

static inline void moments_add(moments *m, double v)
{
    m->count++;
    m->sum += v;
    m->squares += v * v;
}

static inline double moments_mean(const moments *m)
{
    return m->sum / m->count;
}

static inline double moments_deviation(const moments *m)
{
    double mean = moments_mean(m);
    return sqrt(m->squares / m->count - mean * mean);
}

#endif
