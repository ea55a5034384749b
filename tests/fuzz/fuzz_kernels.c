/*
 * Fuzz target: the bytes describe a crossbar and what happens to it; all kernels must agree. With
 * libFuzzer this is the whole program; otherwise replay.c feeds it files or random bytes.
 */
#include "tests/unit/random_crossbar.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct bytes {
    const uint8_t *at;
    size_t left;
} bytes;

/* A number below n from the next byte; 0 at the end. */
static int next(bytes *b, int n)
{
    if (b->left == 0)
        return 0;
    b->left--;
    return *b->at++ % n;
}

static slicing next_slicing(bytes *b)
{
    slicing f = {.radix_bits = 1 + next(b, 8), .adc_extra_bits = next(b, 9)};
    int most = 36 / f.radix_bits < SLICES_MAX ? 36 / f.radix_bits : SLICES_MAX;
    f.slices = 2 + next(b, most - 1);
    for (int s = 0; s < f.slices; s++) {
        int room = 63 - SLICED_INPUT_BITS - 9 - f.radix_bits * s, bits = 2 + next(b, 11);
        f.bits[s] = bits < room ? bits : room;
    }
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes b = {data, size};
    herd h;
    slicing f = next_slicing(&b);
    opa_mode mode = (opa_mode)next(&b, OPA_MODES);
    fidelity how = next(&b, 4) ? FIDELITY_ADC : FIDELITY_IDEAL;
    int rows = 1 + next(&b, 140), columns = 1 + next(&b, 140);
    herd_start(&h, &crossbar_scalar, &f, how, mode, rows, columns);
    random_state r = random_from((uint64_t)next(&b, 256), 1);
    herd_fill(&h, &r, next(&b, 5));
    for (int step = 0; step < 40 && b.left; step++)
        switch (next(&b, 4)) {
        case 0:
            herd_products(&h, &r, next(&b, 7), false, 1 + next(&b, HERD_VECTORS));
            break;
        case 1:
            herd_products(&h, &r, next(&b, 7), true, 1 + next(&b, HERD_VECTORS));
            break;
        case 2:
            herd_updates(&h, &r, 1 + next(&b, 8), next(&b, 7));
            break;
        default:
            herd_crs(&h);
            break;
        }
    herd_compare_digits(&h);
    if (h.mismatch) {
        fprintf(stderr, "%s differs: %d x %d, mode %s\n", h.mismatch, rows, columns,
                opa_mode_names[mode]);
        abort();
    }
    arena_free(h.memory);
    return 0;
}
