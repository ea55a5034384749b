/*
 * The machines that PANTHER is compared with: times and energies of digital units and of crossbars
 * that are rewritten for every update, counted by hand. An instruction takes 1 cycle, an MVM 100,
 * an MTVM 90, an OPA 40 (8 to log its operands), a serial read 200 and a write 300.
 */
#include "tests/unit/test_emulator_support.h"

#include <math.h>

static const char program[] =
    ".matrix w layer=0 rows=32 columns=16 q=26 frozen=0\n"
    ".block node=0 tile=0 core=0 mcu=0 row=0 column=0 rows=16 columns=16\n"
    ".block node=0 tile=0 core=0 mcu=1 row=16 column=0 rows=16 columns=16\n"
    "%s.entry train batch=%d updates=1\n"
    ".tile 0\n"
    ".core 0\n%s  halt\n";

static bench baseline_of(const char *tensor, matrix_unit products, matrix_unit updates, int batch,
                         const char *body)
{
    bench b = bench_new();
    b.m->units = (matrix_units){products, updates, REWRITE_SEQUENTIAL};
    b.m->opa_mode = OPA_IDEAL;
    b.m->fidelity = FIDELITY_IDEAL;
    b.m->variant = 2;
    b.m->opa_copies = 1;
    b.m->energy[ENERGY_digital_product].pj = 7;
    b.m->energy[ENERGY_digital_update].pj = 3;
    bench_program(&b, arena_printf(b.memory, program, tensor, batch, body));
    return b;
}

static bench baseline(matrix_unit products, matrix_unit updates, int batch, const char *body)
{
    return baseline_of("", products, updates, batch, body);
}

static uint64_t cycles(matrix_unit products, matrix_unit updates, int batch, const char *body)
{
    bench b = baseline(products, updates, batch, body);
    uint64_t n = bench_run(&b, NULL, NULL);
    assert_int_equal(bench_run(&b, NULL, NULL), n);
    bench_free(&b);
    return n;
}

static void times(void **state)
{
    (void)state;
    const matrix_unit C = UNIT_CROSSBAR, D = UNIT_DIGITAL, M = UNIT_MVM;
    assert_int_equal(cycles(D, D, 1, "  mcu 110\n"), 102);
    assert_int_equal(cycles(D, D, 1, "  mcu 001\n"), 1 + 8 + 1 + 40);
    /* every crossbar is read and written once per kernel, all at the same time */
    assert_int_equal(cycles(C, D, 1, "  mcu 001\n"), 1 + 8 + 1 + 40 + 500);
    assert_int_equal(cycles(C, D, 2, "  mcu 001, 001\n  mcu 001\n"), 9 + 9 + 1 + 80 + 500);
    assert_int_equal(cycles(C, D, 1, "  mcu 110\n"), 102); /* nothing to write */
    /* one update per example is no convolution */
    assert_int_equal(cycles(C, M, 2, "  mcu 001\n  mcu 001\n"), 9 + 9 + 1 + 80 + 500);
    /* four of two examples: an MVM each, an error per example, the crossbar */
    assert_int_equal(cycles(C, M, 2, "  mcu 001\n  mcu 001\n  mcu 001\n  mcu 001\n"),
                     4 * 9 + 1 + 4 * 100 + 2 * 500 + 500);
}

static void a_pipelined_rewrite_takes_the_longer_of_both(void **state)
{
    (void)state;
    bench b = bench_new();
    b.m->units.rewrite = REWRITE_PIPELINED;
    bench_program(&b, arena_printf(b.memory, program, "", 1, "  crs m0\n"));
    assert_int_equal(bench_run(&b, NULL, NULL), 1 + 300 + 1);
    emulator_crs(b.e);
    assert_int_equal(emulator_statistics(b.e)->cycles, 302 + 300);
    bench_free(&b);
}

/* Counts of a component, as its energy says. */
static double count(const bench *b, energy_component c)
{
    double n = emulator_statistics(b->e)->by_component[c] / machine_price(b->m, c);
    assert_true(fabs(n - round(n)) < 1e-6);
    return round(n);
}

static void digital_units_work_on_all_cells(void **state)
{
    (void)state;
    bench b = baseline(UNIT_DIGITAL, UNIT_DIGITAL, 1, "  mcu 111, 100\n  mcu 001\n  crs m0\n");
    double side = b.m->slices.rows;
    assert_true(b.m->slices.columns == b.m->slices.rows);
    assert_int_equal(emulator_run(b.e, 0, 0, NULL, NULL, b.d), EXIT_PROGRAM); /* waiting updates */
    bench_free(&b);
    b = baseline(UNIT_DIGITAL, UNIT_DIGITAL, 1, "  crs m0\n  mcu 111, 100\n  mcu 001\n");
    bench_run(&b, NULL, NULL);
    emulator_crs(b.e);
    assert_true(count(&b, ENERGY_digital_product) == 3 * side * side);
    assert_true(count(&b, ENERGY_digital_update) == 2 * side * side);
    static const energy_component none[] = {
        ENERGY_mvm, ENERGY_mtvm, ENERGY_adc, ENERGY_opa, ENERGY_shift_add, ENERGY_serial_read,
        ENERGY_serial_write,
    };
    for (size_t k = 0; k < sizeof none / sizeof *none; k++)
        assert_true(count(&b, none[k]) == 0);
    bench_free(&b);
}

static void updates_beside_crossbars_rewrite_them(void **state)
{
    (void)state;
    bench b = baseline(UNIT_CROSSBAR, UNIT_DIGITAL, 1, "  mcu 101, 001\n  mcu 001\n");
    double slices = b.m->slices.slices, side = b.m->slices.rows;
    bench_run(&b, NULL, NULL);
    bench_run(&b, NULL, NULL);
    assert_true(count(&b, ENERGY_digital_update) == 2 * 3 * side * side);
    assert_true(count(&b, ENERGY_mvm) == 2 * slices);
    assert_true(count(&b, ENERGY_opa) == 0);
    assert_true(count(&b, ENERGY_serial_read) == 2 * 2 * slices);
    assert_true(count(&b, ENERGY_serial_write) == 2 * 2 * slices);
    bench_free(&b);
}

/* An example's error takes a crossbar per 16 updates, which both blocks of the column share. */
static void errors_of_convolutions_are_written(void **state)
{
    (void)state;
    const char *seventeen = "";
    bench b = bench_new();
    for (int k = 0; k < 17 * 2; k++)
        seventeen = arena_printf(b.memory, "%s  mcu 001, 001\n", seventeen);
    bench c = baseline(UNIT_CROSSBAR, UNIT_MVM, 2, seventeen);
    double slices = c.m->slices.slices;
    assert_int_equal(c.m->slices.rows, 16);
    bench_run(&c, NULL, NULL);
    assert_true(count(&c, ENERGY_mvm) == 2 * 34 * slices);
    assert_true(count(&c, ENERGY_digital_update) == 0);
    assert_true(count(&c, ENERGY_serial_read) == (2 + 2 * 2) * slices);
    assert_true(count(&c, ENERGY_serial_write) == (2 + 2 * 2) * slices);
    bench_free(&c);
    bench_free(&b);
}

/* One update per example is a convolution to one position if the model says so. */
static void convolutions_to_one_position(void **state)
{
    static const char tensor[] =
        ".tensor w matrix=0 rank=4 dim0=16 dim1=8 dim2=2 dim3=2 rows=32 columns=16\n";
    (void)state;
    bench b = baseline_of(tensor, UNIT_CROSSBAR, UNIT_MVM, 2, "  mcu 001, 001\n  mcu 001, 001\n");
    double slices = b.m->slices.slices;
    assert_int_equal(bench_run(&b, NULL, NULL), 9 + 9 + 1 + 2 * 100 + 2 * 500 + 500);
    assert_true(count(&b, ENERGY_mvm) == 4 * slices);
    assert_true(count(&b, ENERGY_digital_update) == 0);
    assert_true(count(&b, ENERGY_serial_write) == (2 + 2) * slices);
    bench_free(&b);
}

static void machines_that_make_no_sense(void **state)
{
    (void)state;
    static const struct {
        matrix_units units;
        fidelity fidelity;
        opa_mode mode;
        int variant;
        const char *text;
    } rows[] = {
        {{UNIT_DIGITAL, UNIT_DIGITAL, 0}, FIDELITY_IDEAL, OPA_IDEAL, 2, NULL},
        {{UNIT_CROSSBAR, UNIT_MVM, REWRITE_PIPELINED}, FIDELITY_ADC, OPA_IDEAL, 1, NULL},
        {{UNIT_DIGITAL, UNIT_CROSSBAR, 0}, FIDELITY_IDEAL, OPA_IDEAL, 2, "there are no crossbars"},
        {{UNIT_DIGITAL, UNIT_MVM, 0}, FIDELITY_IDEAL, OPA_IDEAL, 2, "there are no crossbars"},
        {{UNIT_DIGITAL, UNIT_DIGITAL, 0}, FIDELITY_ADC, OPA_IDEAL, 2, "'fidelity' is ideal"},
        {{UNIT_CROSSBAR, UNIT_DIGITAL, 0}, FIDELITY_ADC, OPA_STREAM, 2, "'opa_mode' is ideal"},
        {{UNIT_CROSSBAR, UNIT_MVM, 0}, FIDELITY_ADC, OPA_IDEAL, 3, "variant 3"},
        {{UNIT_MVM, UNIT_MVM, 0}, FIDELITY_ADC, OPA_IDEAL, 2, "no such value"},
    };
    arena *memory = arena_new();
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        bench b = bench_new();
        b.m->units = rows[k].units;
        b.m->fidelity = rows[k].fidelity;
        b.m->opa_mode = rows[k].mode;
        b.m->variant = rows[k].variant;
        const char *error = machine_check(memory, b.m);
        assert_true(rows[k].text ? error && strstr(error, rows[k].text) : !error);
        bench_free(&b);
    }
    arena_free(memory);
}

static machine *shipped(arena *memory, const char *name)
{
    diag *d = diag_new(memory, source_set_new(memory));
    const char *format = PANTHER_SOURCE_DIR "/examples/machines/%s.yaml";
    return machine_load(memory, d, arena_printf(memory, format, name));
}

/* One MVM and one outer product in nJ, as section 7 and Fig. 1 of the paper state them. */
static void the_papers_constants(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const machine *panther = shipped(memory, "panther_paper");
    const machine *digital = shipped(memory, "base_digital_paper");
    const machine *base = shipped(memory, "base_mvm_paper");
    double mvm = 16 * 1e-3 * (machine_price(base, ENERGY_mvm) + machine_price(base, ENERGY_adc));
    double cells = 128 * 128 * 1e-3;
    assert_true(fabs(mvm - 35.10) < .005);
    assert_true(fabs(cells * digital->energy[ENERGY_digital_product].pj / mvm - 10.4) < .005);
    assert_true(fabs(cells * base->energy[ENERGY_digital_update].pj - 37.28) < .005);
    assert_true(fabs(digital->t_mvm / panther->t_mvm - 8.97) < .005);
    assert_true(fabs(base->t_opa / panther->t_opa - 12.8) < .005);
    assert_string_equal(machine_fingerprint(memory, base), machine_fingerprint(memory, panther));
    for (int c = 0; c < ENERGY_COUNT; c++)
        if (c != ENERGY_digital_update)
            assert_true(base->energy[c].pj == panther->energy[c].pj);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(a_pipelined_rewrite_takes_the_longer_of_both),
        cmocka_unit_test(digital_units_work_on_all_cells),
        cmocka_unit_test(updates_beside_crossbars_rewrite_them),
        cmocka_unit_test(errors_of_convolutions_are_written),
        cmocka_unit_test(convolutions_to_one_position),
        cmocka_unit_test(machines_that_make_no_sense),
        cmocka_unit_test(the_papers_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
