/* Every crossbar kernel against the contract of support/sliced.h, bit for bit. */
#include "emulator/crossbar/crossbar.h"
#include "isa/support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct pair {
    arena *memory;
    slicing format;
    crossbar *slow, *fast;
    int rows, columns;
} pair;

static int uniform(random_state *r, int low, int high)
{
    return low + (int)random_below(r, (uint64_t)(high - low + 1));
}

static slicing random_format(random_state *r)
{
    static const int radices[] = {2, 4, 4, 4, 1, 3, 6, 8};
    slicing f = {.radix_bits = radices[random_below(r, 8)]};
    int most = 36 / f.radix_bits < SLICES_MAX ? 36 / f.radix_bits : SLICES_MAX;
    f.slices = uniform(r, 2, most);
    for (int s = 0; s < f.slices; s++) {
        int room = 63 - SLICED_INPUT_BITS - 8 - f.radix_bits * s; /* results stay in 64 bits */
        f.bits[s] = uniform(r, 2, random_below(r, 4) ? 7 : SLICE_BITS_MAX);
        f.bits[s] = f.bits[s] < room ? f.bits[s] : room;
    }
    f.adc_extra_bits = uniform(r, 0, 8);
    return f;
}

static pair new_pair(random_state *r, const crossbar_kernel *kernel, opa_mode mode, int side)
{
    pair p = {.memory = arena_new(), .rows = uniform(r, 1, side), .columns = uniform(r, 1, side)};
    slicing *f = ARENA_NEW(p.memory, slicing);
    *f = random_format(r);
    if (random_below(r, 3) == 0)
        *f = (slicing){.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                       .adc_extra_bits = 6};
    fidelity how = random_below(r, 4) ? FIDELITY_ADC : FIDELITY_IDEAL;
    p.slow = crossbar_new(p.memory, &crossbar_reference, f, how, mode, p.rows, p.columns);
    p.fast = crossbar_new(p.memory, kernel, f, how, mode, p.rows, p.columns);
    p.format = *f;
    return p;
}

/* 0: small canonical weights, 1: any digits a slice holds, 2: all at a limit, 3: sparse. */
static void fill(random_state *r, pair *p, int kind)
{
    size_t cells = (size_t)p->rows * (size_t)p->columns;
    size_t count = (size_t)p->format.slices * cells;
    int16_t *digits = malloc(count * sizeof *digits);
    for (size_t k = 0; k < count; k++) {
        int s = (int)(k / cells), low = slice_low(&p->format, s), high = slice_high(&p->format, s);
        digits[k] = (int16_t)(kind == 2 ? (random_below(r, 8) ? high : low) : uniform(r, low, high));
        if (kind == 3 && random_below(r, 16))
            digits[k] = 0;
    }
    crossbar_write_digits(p->slow, digits);
    crossbar_write_digits(p->fast, digits);
    free(digits);
    for (int i = 0; kind == 0 && i < p->rows; i++)
        for (int j = 0; j < p->columns; j++) {
            int64_t w = uniform(r, -2000000, 2000000);
            crossbar_write(p->slow, i, j, w);
            crossbar_write(p->fast, i, j, w);
        }
}

/* 0: full range with extremes, 1: small, 2: sparse, 3: all at a limit, 4: multiples of 512. */
static void operand(random_state *r, int16_t *v, int n, int kind)
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
    }
}

static void compare_products(random_state *r, pair *p, int kind)
{
    int16_t in[CROSSBAR_SIDE_MAX];
    int64_t slow[CROSSBAR_SIDE_MAX], fast[CROSSBAR_SIDE_MAX];
    operand(r, in, p->rows, kind);
    crossbar_mvm(p->slow, in, slow);
    crossbar_mvm(p->fast, in, fast);
    assert_memory_equal(slow, fast, (size_t)p->columns * sizeof *slow);
    operand(r, in, p->columns, kind);
    crossbar_mtvm(p->slow, in, slow);
    crossbar_mtvm(p->fast, in, fast);
    assert_memory_equal(slow, fast, (size_t)p->rows * sizeof *slow);
    assert_int_equal(p->slow->adc_clips, p->fast->adc_clips);
}

static void compare_digits(const pair *p)
{
    size_t count = (size_t)p->format.slices * (size_t)p->rows * (size_t)p->columns;
    int16_t *slow = malloc(count * sizeof *slow), *fast = malloc(count * sizeof *fast);
    crossbar_read_digits(p->slow, slow);
    crossbar_read_digits(p->fast, fast);
    assert_memory_equal(slow, fast, count * sizeof *slow);
    for (int s = 0; s < p->format.slices; s++)
        assert_int_equal(p->slow->saturated[s], p->fast->saturated[s]);
    free(slow);
    free(fast);
}

static void update(random_state *r, pair *p, int count, int kind)
{
    int16_t row[CROSSBAR_SIDE_MAX], col[CROSSBAR_SIDE_MAX];
    for (int n = 0; n < count; n++) {
        operand(r, row, p->rows, kind);
        operand(r, col, p->columns, kind);
        crossbar_opa(p->slow, row, col);
        crossbar_opa(p->fast, row, col);
        if (n == count / 2)
            compare_products(r, p, 1); /* the weights of the beginning */
    }
    crossbar_commit(p->slow);
    crossbar_commit(p->fast);
    assert_false(crossbar_pending(p->fast));
}

static void random_life(random_state *r, const crossbar_kernel *kernel, opa_mode mode, int side)
{
    pair p = new_pair(r, kernel, mode, side);
    fill(r, &p, uniform(r, 0, 3));
    compare_digits(&p);
    for (int step = 0; step < 6; step++) {
        int uses = uniform(r, 0, 3);
        for (int k = 0; k < uses; k++)
            compare_products(r, &p, uniform(r, 0, 4));
        update(r, &p, uniform(r, 0, 4), uniform(r, 0, 4));
        compare_digits(&p);
        if (random_below(r, 3) == 0) {
            crossbar_crs(p.slow);
            crossbar_crs(p.fast);
            compare_digits(&p);
        }
    }
    arena_free(p.memory);
}

static void kernels_equal_reference(void **state)
{
    (void)state;
    const uint64_t seed = 20261121;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state r = random_from(seed, 1);
    for (int k = 1; k < crossbar_kernel_count; k++)
        for (int mode = 0; mode < OPA_MODES && crossbar_kernels[k]->available(); mode++)
            for (int life = 0; life < 24; life++)
                random_life(&r, crossbar_kernels[k], (opa_mode)mode, life % 10 ? 70 : 200);
}

/* CRS of the common code against sliced_crs, at and beyond the canonical range. */
static void resolution_equals_reference(void **state)
{
    (void)state;
    random_state r = random_from(7, 2);
    for (int life = 0; life < 200; life++) {
        pair p = new_pair(&r, &crossbar_scalar, life % 2 ? OPA_STREAM : OPA_IDEAL, 20);
        fill(&r, &p, 1 + life % 2);
        if (life % 2 == 0)
            for (int j = 0; j < p.columns; j++) {
                int place = p.format.radix_bits * p.format.slices - 1;
                int64_t w = -((int64_t)1 << place) + uniform(&r, -9, 9);
                crossbar_write(p.slow, 0, j, w);
                crossbar_write(p.fast, 0, j, w);
            }
        digit_array view = crossbar_view(p.slow, &p.slow->now);
        sliced_crs(&view, p.slow->mode);
        crossbar_crs(p.fast);
        compare_digits(&p);
        arena_free(p.memory);
    }
}

/* More OPAs than the log holds: the third copy. */
static void long_log(void **state)
{
    (void)state;
    random_state r = random_from(11, 3);
    for (int mode = 0; mode < OPA_MODES; mode++) {
        pair p = new_pair(&r, &crossbar_scalar, (opa_mode)mode, 9);
        fill(&r, &p, 0);
        for (int round = 0; round < 2; round++) {
            update(&r, &p, 2 * CROSSBAR_LOG + 5, round);
            compare_digits(&p);
            compare_products(&r, &p, 0);
        }
        arena_free(p.memory);
    }
}

/* Order of OPAs is kept across the log and the third copy: a fresh crossbar updated directly. */
static void log_keeps_order(void **state)
{
    (void)state;
    random_state r = random_from(13, 4);
    pair p = new_pair(&r, &crossbar_scalar, OPA_STREAM, 8);
    int16_t row[8], col[8];
    digit_array direct = crossbar_view(p.slow, &p.slow->now);
    int16_t padded_row[CROSSBAR_LANES], padded_col[CROSSBAR_LANES];
    for (int n = 0; n < CROSSBAR_LOG + 40; n++) {
        operand(&r, row, p.rows, 1);
        operand(&r, col, p.columns, 1);
        memset(padded_row, 0, sizeof padded_row);
        memset(padded_col, 0, sizeof padded_col);
        memcpy(padded_row, row, (size_t)p.rows * sizeof *row);
        memcpy(padded_col, col, (size_t)p.columns * sizeof *col);
        sliced_opa(&direct, OPA_STREAM, padded_row, padded_col, p.slow->saturated);
        crossbar_opa(p.fast, row, col);
    }
    crossbar_commit(p.fast);
    compare_digits(&p);
    arena_free(p.memory);
}

static void discarded_updates_leave_nothing(void **state)
{
    (void)state;
    random_state r = random_from(17, 5);
    for (int mode = 0; mode < OPA_MODES; mode++) {
        pair p = new_pair(&r, &crossbar_scalar, (opa_mode)mode, 30);
        fill(&r, &p, 0);
        int16_t row[CROSSBAR_SIDE_MAX], col[CROSSBAR_SIDE_MAX];
        operand(&r, row, p.rows, 0);
        operand(&r, col, p.columns, 0);
        crossbar_opa(p.fast, row, col);
        assert_true(crossbar_pending(p.fast));
        crossbar_discard(p.fast);
        assert_false(crossbar_pending(p.fast));
        crossbar_commit(p.fast);
        compare_digits(&p);
        update(&r, &p, 2, 0);
        compare_digits(&p);
        arena_free(p.memory);
    }
}

static void unknown_kernel_lists_the_others(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const char *why = NULL;
    assert_null(crossbar_kernel_find(memory, "vax", &why));
    const char *start = "crossbar kernel 'vax' is unknown; there is: reference, scalar";
    assert_memory_equal(why, start, strlen(start));
    assert_ptr_equal(crossbar_kernel_find(memory, "reference", &why), &crossbar_reference);
    assert_non_null(crossbar_kernel_find(memory, NULL, &why));
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_equal_reference),
        cmocka_unit_test(resolution_equals_reference),
        cmocka_unit_test(long_log),
        cmocka_unit_test(log_keeps_order),
        cmocka_unit_test(discarded_updates_leave_nothing),
        cmocka_unit_test(unknown_kernel_lists_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
