#include "ir/fixed_block.h"
#include "isa/support/random.h"
#include "tests/unit/ir_fixture.h"

/*
 * The interpreter's blocks against the definition (isa/support/sliced.h), bit for bit: random
 * slicings, sizes, digits and operands, among them converters so narrow that they clip all the time.
 */

static int below(random_state *r, int n)
{
    return (int)random_below(r, (uint64_t)n);
}

static slicing random_slicing(random_state *r)
{
    slicing f = {.slices = 2 + below(r, 7),
                 .radix_bits = 1 + below(r, 4)}; /* products fit 64 bits */
    for (int s = 0; s < f.slices; s++)
        f.bits[s] = 2 + below(r, 8);
    f.adc_extra_bits = below(r, 8);
    f.rows = 1 + below(r, 24);
    f.columns = 1 + below(r, 24);
    return f;
}

static int16_t operand(random_state *r)
{
    static const int16_t corners[] = {0, 0, 1, -1, 32767, -32767, -32768, 512, -16384};
    if (below(r, 3) == 0)
        return corners[below(r, 9)];
    return (int16_t)(random_next(r) >> (48 + below(r, 15)));
}

static void fill(random_state *r, int16_t *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = operand(r);
}

static void random_digits(random_state *r, const digit_array *d)
{
    const slicing *f = d->format;
    for (int s = 0; s < f->slices; s++)
        for (int k = 0; k < d->rows * d->columns; k++)
            d->at[s * d->rows * d->columns + k] =
                (int16_t)(slice_low(f, s) + below(r, slice_high(f, s) - slice_low(f, s) + 1));
}

static fixed_block random_block(random_state *r, arena *memory, const slicing *f)
{
    fixed_block b;
    fixed_block_init(
        &b, memory, f,
        (ir_block){0, 0, 1 + (uint32_t)below(r, f->rows), 1 + (uint32_t)below(r, f->columns)});
    random_digits(r, &b.digits);
    return b;
}

static void compare_products(random_state *r, arena *memory, fixed_block *b, fidelity how,
                             uint64_t *clips)
{
    int16_t x[CROSSBAR_SIDE_MAX];
    int64_t expected[CROSSBAR_SIDE_MAX], found[CROSSBAR_SIDE_MAX];
    fill(r, x, b->digits.rows);
    sliced_mvm(&b->digits, how, x, expected, clips);
    fixed_block_mvm(b, memory, how, x, found);
    assert_memory_equal(expected, found, (size_t)b->digits.columns * sizeof *found);
    fill(r, x, b->digits.columns);
    sliced_mtvm(&b->digits, how, x, expected, clips);
    fixed_block_mtvm(b, memory, how, x, found);
    assert_memory_equal(expected, found, (size_t)b->digits.rows * sizeof *found);
}

static void test_products(void **state)
{
    random_state r = random_from(test_seed(), 1);
    uint64_t clips = 0;
    (void)state;
    for (int n = 0; n < 300; n++) {
        arena *memory = arena_new();
        slicing f = random_slicing(&r);
        fixed_block b = random_block(&r, memory, &f);
        fidelity how = n % 4 ? FIDELITY_ADC : FIDELITY_IDEAL;
        compare_products(&r, memory, &b, how, &clips);
        random_digits(&r, &b.digits);
        fixed_block_touch(&b);
        compare_products(&r, memory, &b, how, &clips);
        arena_free(memory);
    }
    assert_true(clips > 1000); /* the converters were really at work */
}

static void test_paper_block(void **state)
{
    random_state r = random_from(test_seed(), 2);
    slicing f = PAPER_SLICES;
    arena *memory = arena_new();
    uint64_t clips = 0;
    (void)state;
    fixed_block b;
    fixed_block_init(&b, memory, &f, (ir_block){0, 0, 128, 128});
    random_digits(&r, &b.digits);
    compare_products(&r, memory, &b, FIDELITY_ADC, &clips);
    arena_free(memory);
}

static void test_updates(void **state)
{
    random_state r = random_from(test_seed(), 3);
    uint64_t saturated[SLICES_MAX] = {0}, all = 0;
    (void)state;
    for (int n = 0; n < 200; n++) {
        arena *memory = arena_new();
        slicing f = random_slicing(&r);
        fixed_block b = random_block(&r, memory, &f), twin;
        opa_mode mode = (opa_mode)(n % 4);
        fixed_block_init(&twin, memory, &f, b.part);
        size_t cells = (size_t)f.slices * b.part.inputs * b.part.outputs;
        memcpy(twin.digits.at, b.digits.at, cells * sizeof(int16_t));
        int64_t *sums = ARENA_ARRAY(memory, int64_t, cells);
        compare_products(&r, memory, &b, FIDELITY_ADC, &all);
        for (int k = 0; k < 4; k++) {
            int16_t row[CROSSBAR_SIDE_MAX], col[CROSSBAR_SIDE_MAX];
            fill(&r, row, b.digits.rows);
            fill(&r, col, b.digits.columns);
            fixed_block_opa(&b, memory, mode, row, col);
            if (mode != OPA_BATCH)
                sliced_opa(&twin.digits, mode, row, col, saturated);
            for (int i = 0; i < b.digits.rows; i++)
                for (int j = 0; j < b.digits.columns; j++)
                    sums[i * b.digits.columns + j] += (row[i] == -32768 ? -32767 : row[i]) *
                                                      (int64_t)(col[j] == -32768 ? -32767 : col[j]);
        }
        if (mode == OPA_BATCH)
            sliced_add(&twin.digits, mode, sums, saturated);
        fixed_block_finish(&b, mode);
        assert_memory_equal(b.digits.at, twin.digits.at, cells * sizeof(int16_t));
        compare_products(&r, memory, &b, FIDELITY_ADC, &all); /* no stale tables */
        arena_free(memory);
    }
    for (int s = 0; s < SLICES_MAX; s++)
        all += saturated[s];
    assert_true(all > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_paper_block),
        cmocka_unit_test(test_updates),
    };
    return cmocka_run_group_tests_name("ir fixed block", tests, NULL, NULL);
}
