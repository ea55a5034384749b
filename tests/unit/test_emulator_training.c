/*
 * A small training kernel against the arithmetic of support/sliced.h: outputs, digits and counters
 * for every variant, issue model, fidelity and OPA mode; and the books of energy.
 */
#include "tests/unit/test_emulator_support.h"

#include <math.h>

enum { BATCH = 3, ROWS = 13, COLUMNS = 11, KERNELS = 3 };

static const char program[] =
    ".layer nothing\n"
    ".layer hidden\n"
    ".matrix w layer=1 rows=13 columns=11 q=26 frozen=0\n"
    ".block node=0 tile=1 core=1 mcu=1 row=0 column=0 rows=13 columns=11 mvm_shift=14 "
    "mtvm_shift=16\n"
    ".entry train batch=3 updates=1\n"
    ".input x role=input elements=13\n.packet tile=1 channel=0 words=13\n"
    ".input d role=target elements=11\n.packet tile=1 channel=1 words=11\n"
    ".output y role=output elements=11\n.packet tile=0 channel=4 words=11\n"
    ".output e role=output elements=13\n.packet tile=0 channel=5 words=13\n"
    ".tile 1\n"
    ".buffer x, 0, 26\n.buffer d, 32, 11\n.buffer y, 48, 11\n.buffer e, 64, 13\n"
    ".thread 0\n"
    "next:   receive [s2 + x], 13, 0, 1\n"
    "        sring  s2, 13, 26\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n"
    ".thread 1\n"
    "next:   receive [s0 + d], 11, 1, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n"
    ".core 1\n"
    "next:   peek   m1.mvm.in, [s2 + x], 13\n"
    "        mcu    000, 100\n"
    "        load   v0, [s2 + x], 13\n"
    "        sring  s2, 13, 26\n"
    "        copy   m1.opa.row, v0, 13\n"
    "        load   v32, [s0 + d], 11\n"
    "        copy   m1.mtvm.in, v32, 11\n"
    "        copy   m1.opa.col, v32, 11\n"
    "        mcu    000, 011\n"
    "        store  [s0 + y], m1.mvm.out, 11, 1\n"
    "        store  [s0 + e], m1.mtvm.out, 13, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n"
    ".thread 2\n"
    "next:   send   [s0 + y], 11, 0, 0, 0\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n"
    ".thread 3\n"
    "next:   send   [s0 + e], 13, 0, 0, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n"
    ".tile 0\n"
    ".thread 0\n"
    "next:   receive [s0 + 0], 11, 0, 1\n"
    "        send   [s0 + 0], 11, host, 0, 4\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n"
    ".thread 1\n"
    "next:   receive [s0 + 16], 13, 1, 1\n"
    "        send   [s0 + 16], 13, host, 0, 5\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n";

typedef struct oracle {
    digit_array w;
    fidelity how;
    opa_mode mode;
    int16_t y[BATCH * COLUMNS], e[BATCH * ROWS];
    uint64_t clips, saturated[SLICES_MAX];
} oracle;

static void oracle_kernel(oracle *o, const int16_t *x, const int16_t *d)
{
    int64_t sums[ROWS > COLUMNS ? ROWS : COLUMNS], batch[ROWS * COLUMNS] = {0};
    for (int n = 0; n < BATCH; n++) {
        const int16_t *xn = x + n * ROWS, *dn = d + n * COLUMNS;
        sliced_mvm(&o->w, o->how, xn, sums, &o->clips);
        for (int j = 0; j < COLUMNS; j++)
            o->y[n * COLUMNS + j] = sliced_output(sums[j], 14);
        sliced_mtvm(&o->w, o->how, dn, sums, &o->clips);
        for (int i = 0; i < ROWS; i++)
            o->e[n * ROWS + i] = sliced_output(sums[i], 16);
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++)
                batch[i * COLUMNS + j] += (int64_t)xn[i] * dn[j];
    }
    if (o->mode == OPA_BATCH)
        sliced_add(&o->w, o->mode, batch, o->saturated);
    for (int n = 0; n < BATCH && o->mode != OPA_BATCH; n++)
        sliced_opa(&o->w, o->mode, x + n * ROWS, d + n * COLUMNS, o->saturated);
}

static void random_words(random_state *r, int16_t *v, int n, int most)
{
    for (int k = 0; k < n; k++)
        v[k] = (int16_t)((int)random_below(r, (uint64_t)(2 * most + 1)) - most);
}

static void compare(const bench *b, const oracle *o, const int16_t *y, const int16_t *e)
{
    int16_t digits[SLICES_MAX * ROWS * COLUMNS];
    size_t count = (size_t)b->m->slices.slices * ROWS * COLUMNS;
    const emulator_totals *t = emulator_statistics(b->e);
    assert_memory_equal(y, o->y, sizeof o->y);
    assert_memory_equal(e, o->e, sizeof o->e);
    emulator_read_digits(b->e, 0, 0, digits);
    assert_memory_equal(digits, o->w.at, count * sizeof *digits);
    assert_int_equal(t->adc_clips, o->clips);
    assert_memory_equal(t->slice_saturation, o->saturated, sizeof o->saturated);
}

static uint64_t train(int variant, mcu_issue issue, fidelity how, opa_mode mode, uint64_t seed)
{
    bench b = bench_new();
    random_state r = random_from(seed, 1);
    int64_t w[ROWS * COLUMNS], back[ROWS * COLUMNS];
    int16_t x[BATCH * ROWS], d[BATCH * COLUMNS], y[BATCH * COLUMNS], e[BATCH * ROWS];
    const int16_t *inputs[] = {x, d};
    int16_t *outputs[] = {y, e};
    uint64_t cycles = 0;
    b.m->variant = variant;
    b.m->issue = issue;
    b.m->fidelity = how;
    b.m->opa_mode = mode;
    b.m->slices.adc_extra_bits = 1; /* so that converters clip now and then */
    bench_program(&b, program);
    oracle o = {.how = how, .mode = mode};
    o.w = (digit_array){&b.m->slices, ROWS, COLUMNS,
                        ARENA_ARRAY(b.memory, int16_t, SLICES_MAX * ROWS * COLUMNS)};
    for (int k = 0; k < ROWS * COLUMNS; k++) {
        w[k] = (int64_t)random_below(&r, 1u << 30) - (1 << 29);
        sliced_write(&o.w, k / COLUMNS, k % COLUMNS, w[k], mode);
    }
    emulator_write_matrix(b.e, 0, w);
    emulator_read_matrix(b.e, 0, back);
    assert_memory_equal(w, back, sizeof w);
    for (int k = 0; k < KERNELS; k++) {
        random_words(&r, x, BATCH * ROWS, k == 1 ? 32767 : 2000);
        random_words(&r, d, BATCH * COLUMNS, k == 1 ? 32767 : 500);
        oracle_kernel(&o, x, d);
        uint64_t n = bench_run(&b, inputs, outputs);
        assert_true(cycles == 0 || cycles == n); /* whatever the data */
        cycles = n;
        compare(&b, &o, y, e);
        if (k == 1) {
            sliced_crs(&o.w, mode);
            emulator_crs(b.e);
        }
    }
    bench_free(&b);
    return cycles;
}

static void kernels_equal_the_arithmetic(void **state)
{
    (void)state;
    for (int variant = 1; variant <= 3; variant++)
        for (int issue = 0; issue < 2; issue++)
            for (int how = 0; how < FIDELITIES; how++)
                for (int mode = 0; mode < OPA_MODES; mode++) {
                    uint64_t seed = (uint64_t)(how * 10 + mode);
                    uint64_t first = train(variant, (mcu_issue)issue, (fidelity)how,
                                           (opa_mode)mode, seed);
                    assert_int_equal(first, train(variant, (mcu_issue)issue, (fidelity)how,
                                                  (opa_mode)mode, seed + 100));
                }
}

/* Energies are whole femtojoules of each layer, operation and component. */
static void assert_near(double got, double wanted)
{
    if (fabs(got - wanted) > 1e-9 * fabs(wanted) + 1e-3)
        fail_msg("%.17g, not %.17g", got, wanted);
}

static void books_agree(const bench *b, const emulator_totals *t)
{
    double component = 0, layer = 0, operation = 0;
    for (int k = 0; k < ENERGY_COUNT; k++)
        component += t->by_component[k];
    for (uint32_t k = 0; k < b->im->layer_count; k++)
        layer += t->by_layer[k];
    for (int k = 0; k < OPERATION_KINDS; k++)
        operation += t->by_operation[k];
    assert_true(t->energy_pj > 0);
    assert_near(component, t->energy_pj);
    assert_near(layer, t->energy_pj);
    assert_near(operation, t->energy_pj);
}

static void energy_adds_up(void **state)
{
    (void)state;
    for (int variant = 1; variant <= 3; variant++) {
        bench b = bench_new();
        b.m->variant = variant;
        b.m->opa_copies = 1;
        b.options.timing_only = variant == 2; /* the energy does not depend on data */
        bench_program(&b, program);
        uint64_t cycles = 0;
        for (int k = 0; k < 2; k++)
            cycles += bench_run(&b, NULL, NULL);
        emulator_crs(b.e);
        const emulator_totals *t = emulator_statistics(b.e);
        const machine_energy *pj = b.m->energy;
        uint64_t rewrites = variant == 3 ? 2 + 1 : 1, copies = variant == 1 ? 1 : 2;
        assert_int_equal(t->kernels, 2);
        assert_int_equal(t->cycles, cycles + 500);
        assert_int_equal(t->mvm, 2 * BATCH);
        assert_int_equal(t->mtvm, 2 * BATCH);
        assert_int_equal(t->opa, 2 * BATCH);
        assert_int_equal(t->mcu_instructions, 2 * 2 * BATCH);
        assert_near(t->by_component[ENERGY_mvm], 2 * BATCH * 8 * pj[ENERGY_mvm].pj);
        assert_near(t->by_component[ENERGY_adc],
                    2 * 2 * BATCH * 8 * machine_price(b.m, ENERGY_adc));
        assert_near(t->by_component[ENERGY_opa], 2 * BATCH * 8 * 16 * pj[ENERGY_opa].pj);
        assert_near(t->by_component[ENERGY_serial_read],
                           (double)(8 * rewrites) * pj[ENERGY_serial_read].pj);
        assert_near(t->by_component[ENERGY_serial_write],
                           (double)(8 * rewrites * copies) * pj[ENERGY_serial_write].pj);
        /* y: 3 beats of 4 words, e: 4, each from tile to tile and to the host; x: 4, d: 3 */
        assert_near(t->by_component[ENERGY_router],
                           2 * BATCH * (2 * 7 + 7) * pj[ENERGY_router].pj);
        assert_near(t->by_component[ENERGY_link], 0);
        assert_true(t->leakage_pj > 0);
        books_agree(&b, t);
        bench_free(&b);
    }
}

/* What a checkpoint holds. */
static void digits_round_trip(void **state)
{
    (void)state;
    bench b = bench_new();
    bench_program(&b, program);
    int16_t digits[8 * ROWS * COLUMNS], back[8 * ROWS * COLUMNS];
    random_state r = random_from(4, 4);
    for (int k = 0; k < 8 * ROWS * COLUMNS; k++) {
        int s = k / (ROWS * COLUMNS), low = slice_low(&b.m->slices, s);
        digits[k] = (int16_t)(low + (int)random_below(&r, (uint64_t)(-2 * low)));
    }
    emulator_write_digits(b.e, 0, 0, digits);
    emulator_read_digits(b.e, 0, 0, back);
    assert_memory_equal(digits, back, sizeof digits);
    bench_free(&b);
}

static void unknown_kernels_are_refused(void **state)
{
    (void)state;
    bench b = bench_new();
    setenv("PANTHER_KERNEL", "vax", 1);
    bench_plan(&b, program);
    unsetenv("PANTHER_KERNEL");
    assert_null(b.e);
    assert_non_null(strstr(bench_messages(&b), "crossbar kernel 'vax' is unknown; there is: "));
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_equal_the_arithmetic),
        cmocka_unit_test(energy_adds_up),
        cmocka_unit_test(digits_round_trip),
        cmocka_unit_test(unknown_kernels_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
