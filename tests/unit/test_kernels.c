/*
 * Every kernel against the scalar one, and that against the contract, bit for bit: results, digits,
 * clipped conversions, saturated cells.
 */
#include "tests/unit/random_crossbar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
enum { SHARE = 20 };
#else
enum { SHARE = 1 };
#endif

/* Which cases a run of lives came across: a test that misses one proves less than it says. */
typedef struct coverage {
    uint64_t vectors, clipped, unclipped, saturated;
} coverage;

static void live(random_state *r, const crossbar_kernel *first, const slicing *f, int side,
                 int steps, coverage *seen)
{
    herd h;
    opa_mode mode = (opa_mode)uniform(r, 0, OPA_MODES - 1);
    fidelity how = uniform(r, 0, 4) ? FIDELITY_ADC : FIDELITY_IDEAL;
    herd_start(&h, first, f, how, mode, random_side(r, side), random_side(r, side));
    herd_live(&h, r, steps);
    if (h.mismatch) {
        print_message("%s differs: %d x %d, radix 2^%d, mode %s, fidelity %s\n", h.mismatch, h.rows,
                      h.columns, f->radix_bits, opa_mode_names[mode], fidelity_names[how]);
        fail();
    }
    seen->vectors += h.vectors;
    seen->clipped += h.at[0]->adc_clips > 0;
    seen->unclipped += h.at[0]->adc_clips == 0;
    for (int s = 0; s < f->slices; s++)
        seen->saturated += h.at[0]->saturated[s] > 0;
    arena_free(h.memory);
}

static void lives(const crossbar_kernel *first, uint64_t seed, int count, int side, int steps,
                  coverage *seen)
{
    random_state r = random_from(seed, 1);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int n = 0; n < count; n++) {
        slicing f = random_slicing(&r);
        live(&r, first, &f, side, steps, seen);
    }
    print_message("%llu vectors\n", (unsigned long long)seen->vectors);
    assert_true(seen->clipped > 0 && seen->unclipped > 0 && seen->saturated > 0);
}

static void scalar_equals_contract(void **state)
{
    (void)state;
    coverage seen = {0};
    lives(&crossbar_reference, 20261122, 400 / SHARE, 40, 3, &seen);
}

static bool all_available(void)
{
    for (int k = 0; k < crossbar_kernel_count; k++)
        if (!crossbar_kernels[k]->available())
            return false;
    return true;
}

/* Where all kernels run, a million vectors go through one of them and through the scalar one. */
static void fast_equal_scalar(void **state)
{
    (void)state;
    coverage seen = {0};
    lives(&crossbar_scalar, 20261123, 7500 / SHARE, 128, 6, &seen);
    assert_true(SHARE > 1 || crossbar_kernel_count < 5 || !all_available() ||
                seen.vectors >= 1000000);
}

/* More inputs than the tile unit takes at once. */
static void large_crossbars(void **state)
{
    (void)state;
    coverage seen = {0};
    lives(&crossbar_scalar, 20261124, 100 / SHARE, CROSSBAR_SIDE_MAX, 4, &seen);
}

/* All that a full crossbar can do to its converters and slices at once. */
static void extremes(void **state)
{
    (void)state;
    random_state r = random_from(5, 1);
    slicing f = {.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4}};
    for (int extra = 2; extra <= 8; extra++)
        for (int kind = 0; kind < 5; kind++) {
            herd h;
            f.adc_extra_bits = extra;
            herd_start(&h, &crossbar_scalar, &f, FIDELITY_ADC, OPA_STREAM, 128, 128);
            herd_fill(&h, &r, kind);
            for (int operand = 0; operand < 7; operand++) {
                herd_products(&h, &r, operand, false, operand % 2 ? 1 : 7);
                herd_products(&h, &r, operand, true, operand % 2 ? 7 : 1);
                herd_updates(&h, &r, 1 + operand, operand);
                herd_compare_digits(&h);
            }
            herd_crs(&h);
            herd_products(&h, &r, 5, false, 16);
            herd_products(&h, &r, 3, true, 5);
            assert_null(h.mismatch);
            arena_free(h.memory);
        }
}

/* The largest partial sums that collapsed weights can come to: all their bytes are 255. */
static void largest_sums(void **state)
{
    (void)state;
    random_state r = random_from(7, 1);
    static const int sides[][2] = {{128, 64}, {64, 128}, {512, 33}, {20, 512}, {129, 16}};
    slicing f = {.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                 .adc_extra_bits = 6};
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        herd h;
        herd_start(&h, &crossbar_scalar, &f, FIDELITY_IDEAL, OPA_STREAM, sides[k][0], sides[k][1]);
        for (int w = 0; w < 3; w++) {
            static const int64_t weights[] = {0x0FFFFFFF, -0x70000001, 0x7FFFFF};
            for (int n = 0; n < h.count; n++)
                for (int i = 0; i < h.rows; i++)
                    for (int j = 0; j < h.columns; j++)
                        crossbar_write(h.at[n], i, j, weights[w]);
            for (int vectors = 1; vectors <= HERD_VECTORS; vectors += 4)
                for (int kind = 0; kind < 6; kind++) {
                    herd_products(&h, &r, kind, false, vectors);
                    herd_products(&h, &r, kind, true, vectors);
                }
        }
        assert_null(h.mismatch);
        arena_free(h.memory);
    }
}

/* A log that overflows, updates that are given up, weights of the beginning meanwhile. */
static void waiting_updates(void **state)
{
    (void)state;
    random_state r = random_from(6, 1);
    for (int mode = 0; mode < OPA_MODES; mode++) {
        herd h;
        int16_t row[CROSSBAR_SIDE_MAX], col[CROSSBAR_SIDE_MAX];
        slicing f = random_slicing(&r);
        herd_start(&h, &crossbar_scalar, &f, FIDELITY_ADC, (opa_mode)mode, 33, 65);
        herd_fill(&h, &r, 0);
        for (int n = 0; n < CROSSBAR_LOG + 50; n++) {
            random_operand(&r, row, h.rows, 1);
            random_operand(&r, col, h.columns, 1);
            for (int k = 0; k < h.count; k++)
                crossbar_opa(h.at[k], row, col);
            if (n % 100 == 7)
                herd_products(&h, &r, 0, n % 200 == 7, 3);
        }
        for (int k = 0; k < h.count; k++)
            crossbar_discard(h.at[k]);
        herd_products(&h, &r, 0, true, 3);
        herd_updates(&h, &r, 2 * CROSSBAR_LOG + 3, 4);
        herd_compare_digits(&h);
        herd_products(&h, &r, 0, false, 3);
        assert_null(h.mismatch);
        arena_free(h.memory);
    }
}

static void say_what_is_missing(void **state)
{
    (void)state;
    for (int k = 0; k < crossbar_kernel_count; k++)
        if (!crossbar_kernels[k]->available())
            print_message("not tested, this processor has none: %s (%s)\n",
                          crossbar_kernels[k]->name, crossbar_kernels[k]->meaning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(say_what_is_missing),   cmocka_unit_test(scalar_equals_contract),
        cmocka_unit_test(fast_equal_scalar),     cmocka_unit_test(large_crossbars),
        cmocka_unit_test(extremes),              cmocka_unit_test(largest_sums),
        cmocka_unit_test(waiting_updates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
