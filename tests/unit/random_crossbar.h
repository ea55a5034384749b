/* Random crossbars that live the same life on every kernel that can run here. */
#ifndef PANTHER_TESTS_UNIT_RANDOM_CROSSBAR_H
#define PANTHER_TESTS_UNIT_RANDOM_CROSSBAR_H

#include "emulator/crossbar/crossbar.h"
#include "isa/support/random.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { HERD_MAX = 8, HERD_VECTORS = 20 };

/* The same crossbar on several kernels; the first is what the others are held to. */
typedef struct herd {
    arena *memory;
    slicing format;
    int rows, columns, count;
    crossbar *at[HERD_MAX];
    uint64_t vectors;     /* compared so far */
    const char *mismatch; /* NULL: none so far */
} herd;

static inline int uniform(random_state *r, int low, int high)
{
    return low + (int)random_below(r, (uint64_t)(high - low + 1));
}

/* A quarter is the paper's format, a quarter has 2-bit slices; results stay within 64 bits. */
static inline slicing random_slicing(random_state *r)
{
    static const int radices[] = {2, 4, 4, 4, 1, 3, 6, 8};
    int kind = uniform(r, 0, 3);
    slicing f = {.radix_bits = kind == 1 ? 2 : radices[random_below(r, 8)]};
    if (kind == 0)
        return (slicing){.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                         .adc_extra_bits = uniform(r, 0, 2) ? 6 : uniform(r, 0, 8)};
    int most = 36 / f.radix_bits < SLICES_MAX ? 36 / f.radix_bits : SLICES_MAX;
    f.slices = uniform(r, 2, most);
    int widest = uniform(r, 0, 3) ? 8 : SLICE_BITS_MAX;
    for (int s = 0; s < f.slices; s++) {
        int room = 63 - SLICED_INPUT_BITS - 9 - f.radix_bits * s;
        f.bits[s] = kind == 1 ? uniform(r, 2, 3) : uniform(r, 2, widest);
        f.bits[s] = f.bits[s] < room ? f.bits[s] : room;
    }
    f.adc_extra_bits = uniform(r, 0, 8);
    return f;
}

static inline int random_side(random_state *r, int most)
{
    int kind = uniform(r, 0, 19);
    int limit = kind < 15 ? 40 : kind < 19 ? 96 : most;
    return uniform(r, 1, limit < most ? limit : most);
}

static inline void herd_add(herd *h, const crossbar_kernel *kernel, fidelity how, opa_mode mode)
{
    h->at[h->count++] = crossbar_new(h->memory, kernel, &h->format, how, mode, h->rows, h->columns);
}

/* On `first` and on all faster kernels that are available. */
static inline void herd_start(herd *h, const crossbar_kernel *first, const slicing *format,
                              fidelity how, opa_mode mode, int rows, int columns)
{
    bool faster = false;
    *h = (herd){.memory = arena_new(), .format = *format, .rows = rows, .columns = columns};
    for (int k = 0; k < crossbar_kernel_count; k++) {
        faster |= crossbar_kernels[k] == first;
        if (faster && crossbar_kernels[k]->available())
            herd_add(h, crossbar_kernels[k], how, mode);
    }
}

/* 0: small canonical weights, 1: any digits a slice holds, 2: all at a limit, 3: sparse, 4: zero. */
static inline void herd_fill(herd *h, random_state *r, int kind)
{
    size_t cells = (size_t)h->rows * (size_t)h->columns;
    size_t count = (size_t)h->format.slices * cells;
    int16_t *digits = malloc(count * sizeof *digits);
    for (size_t k = 0; k < count; k++) {
        int s = (int)(k / cells), low = slice_low(&h->format, s), high = slice_high(&h->format, s);
        digits[k] = (int16_t)(kind == 2 ? (random_below(r, 8) ? high : low) : uniform(r, low, high));
        if (kind == 4 || (kind == 3 && random_below(r, 16)))
            digits[k] = 0;
    }
    for (int n = 0; n < h->count; n++)
        crossbar_write_digits(h->at[n], digits);
    free(digits);
    for (int i = 0; kind == 0 && i < h->rows; i++)
        for (int j = 0; j < h->columns; j++) {
            int64_t w = uniform(r, -2000000, 2000000);
            for (int n = 0; n < h->count; n++)
                crossbar_write(h->at[n], i, j, w);
        }
}

/*
 * 0: full range with extremes, 1: small, 2: sparse, 3: all at a limit, 4: multiples of 512, 5: all at
 * the same limit, 6: zero.
 */
static inline void random_operand(random_state *r, int16_t *v, int n, int kind)
{
    static const int16_t extremes[] = {-32768, -32767, 32767, 0, 1, -1, 16384};
    for (int i = 0; i < n; i++) {
        v[i] = (int16_t)uniform(r, -32768, 32767);
        if (kind == 0 && random_below(r, 8) == 0)
            v[i] = extremes[random_below(r, 7)];
        if (kind == 1)
            v[i] = (int16_t)(v[i] / 256);
        if (kind == 2 && random_below(r, 5))
            v[i] = 0;
        if (kind == 3)
            v[i] = v[i] < -30000 ? -32768 : 32767;
        if (kind == 4)
            v[i] = (int16_t)(v[i] / 4096 * 512);
        if (kind >= 5)
            v[i] = kind == 5 ? 32767 : 0;
    }
}

static inline void herd_differs(herd *h, const char *what)
{
    if (!h->mismatch)
        h->mismatch = what;
}

static inline void herd_products(herd *h, random_state *r, int kind, bool transposed, int vectors)
{
    int16_t in[HERD_VECTORS * CROSSBAR_SIDE_MAX];
    int64_t out[HERD_VECTORS * CROSSBAR_SIDE_MAX], expected[HERD_VECTORS * CROSSBAR_SIDE_MAX];
    int outputs = transposed ? h->rows : h->columns;
    random_operand(r, in, vectors * (transposed ? h->columns : h->rows), kind);
    for (int n = 0; n < h->count; n++) {
        (transposed ? crossbar_mtvm_many : crossbar_mvm_many)(h->at[n], in, vectors,
                                                              n ? out : expected);
        if (n == 0)
            continue;
        if (memcmp(out, expected, (size_t)(vectors * outputs) * sizeof *out))
            herd_differs(h, transposed ? "MTVM" : "MVM");
        if (h->at[n]->adc_clips != h->at[0]->adc_clips)
            herd_differs(h, "count of clipped conversions");
        h->vectors += (uint64_t)vectors;
    }
}

static inline void herd_compare_digits(herd *h)
{
    size_t count = (size_t)h->format.slices * (size_t)h->rows * (size_t)h->columns;
    int16_t *expected = malloc(count * sizeof *expected), *digits = malloc(count * sizeof *digits);
    crossbar_read_digits(h->at[0], expected);
    for (int n = 1; n < h->count; n++) {
        crossbar_read_digits(h->at[n], digits);
        if (memcmp(digits, expected, count * sizeof *digits))
            herd_differs(h, "digits");
        for (int s = 0; s < h->format.slices; s++)
            if (h->at[n]->saturated[s] != h->at[0]->saturated[s])
                herd_differs(h, "count of saturated cells");
    }
    free(expected);
    free(digits);
}

static inline void herd_updates(herd *h, random_state *r, int count, int kind)
{
    int16_t row[CROSSBAR_SIDE_MAX], col[CROSSBAR_SIDE_MAX];
    for (int n = 0; n < count; n++) {
        random_operand(r, row, h->rows, kind);
        random_operand(r, col, h->columns, kind == 5 ? 3 : kind);
        for (int k = 0; k < h->count; k++)
            crossbar_opa(h->at[k], row, col);
    }
    for (int k = 0; k < h->count; k++)
        crossbar_commit(h->at[k]);
    h->vectors += (uint64_t)(count * (h->count - 1));
}

static inline void herd_crs(herd *h)
{
    for (int n = 0; n < h->count; n++)
        crossbar_crs(h->at[n]);
}

/* Products before and after updates and carry resolutions, from a random state. */
static inline void herd_live(herd *h, random_state *r, int steps)
{
    herd_fill(h, r, uniform(r, 0, 4));
    for (int step = 0; step < steps; step++) {
        for (int k = uniform(r, 0, 2); k > 0; k--)
            herd_products(h, r, uniform(r, 0, 6), uniform(r, 0, 1), uniform(r, 0, 2) ? uniform(r, 1, 3)
                                                                  : uniform(r, 1, HERD_VECTORS));
        herd_updates(h, r, uniform(r, 0, 6), uniform(r, 0, 6));
        herd_compare_digits(h);
        if (uniform(r, 0, 2) == 0)
            herd_crs(h);
        if (uniform(r, 0, 9) == 0)
            for (int n = 0; n < h->count; n++)
                crossbar_write(h->at[n], h->rows / 2, h->columns / 2, step * 1000003 - 5000);
    }
    herd_products(h, r, 0, false, 2);
    herd_products(h, r, 0, true, 2);
    herd_compare_digits(h);
}

#endif
