/*
 * Random MLPs on random machines: after several kernels every digit and every output of the emulator
 * equals the fixed-point interpreter's, for variants 1, 2 and 3, and every kernel takes the same
 * cycles; some run on two and three threads. The interpreter runs the graph before partition, so all
 * later passes are under test.
 *
 * PANTHER_TEST_SEED repeats a run, PANTHER_TEST_CASES shortens or lengthens it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "emulator/emulator.h"
#include "passes/passes.h"
#include "random_net.inc"

enum { CASES = 300, KERNELS = 3 };

typedef struct net_case {
    arena *memory;
    diag *diag;
    machine *machine;
    net_plan plan;
    ir_module *oracle; /* before partition */
    image *image;
    int16_t *inputs[3];
    uint32_t out_words;
    uint64_t seed;
} net_case;

static char *module_text(const ir_module *m)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    ir_print(m, out);
    fclose(out);
    return text;
}

/* What all passes have left can be printed, read back and printed again to the same bytes. */
static void check_text(net_case *c, const ir_module *m)
{
    char *once = module_text(m);
    ir_module *again = ir_parse(c->memory, diag_sources(c->diag), c->diag, "printed", once, strlen(once));
    assert_non_null(again);
    char *twice = module_text(again);
    assert_string_equal(once, twice);
    free(once);
    free(twice);
}

static bool compile(net_case *c)
{
    pass_options early = {.stop_after = "round_updates", .verify_each = true};
    pass_options full = {.verify_each = true};
    c->oracle = net_build(c->memory, &c->plan, c->machine);
    ir_module *placed = net_build(c->memory, &c->plan, c->machine);
    bool good = passes_run(c->oracle, c->machine, c->memory, c->diag, &early, NULL, NULL) &&
                passes_run(placed, c->machine, c->memory, c->diag, &full, NULL, NULL);
    if (good)
        check_text(c, placed);
    c->image = good ? backend_build(c->memory, placed, c->machine, "", c->diag) : NULL;
    return c->image != NULL;
}

static int16_t random_word(random_state *r, int range)
{
    return (int16_t)(random_below(r, 4) ? net_between(r, -range, range) : 0);
}

static void make_inputs(net_case *c, random_state *r)
{
    uint32_t in = c->plan.width[0] * c->plan.batch, out = c->plan.width[c->plan.layers] * c->plan.batch;
    int range = random_below(r, 8) ? 1024 : 32767;
    c->inputs[0] = ARENA_ARRAY(c->memory, int16_t, in);
    c->inputs[1] = ARENA_ARRAY(c->memory, int16_t, out);
    c->inputs[2] = ARENA_ARRAY(c->memory, int16_t, 1);
    c->out_words = out;
    for (uint32_t i = 0; i < in; i++)
        c->inputs[0][i] = random_word(r, range);
    for (uint32_t i = 0; i < out; i++)
        c->inputs[1][i] = random_word(r, 16384);
    c->inputs[2][0] = (int16_t)-net_between(r, 1, 20000);
}

static int64_t *random_weights(net_case *c, const ir_matrix *w, random_state *r)
{
    size_t count = (size_t)w->inputs * w->outputs;
    int64_t *values = ARENA_ARRAY(c->memory, int64_t, count);
    int bits = net_between(r, 20, 30);
    for (size_t i = 0; i < count; i++)
        values[i] = (int64_t)(random_next(r) & (((uint64_t)1 << bits) - 1)) - ((int64_t)1 << (bits - 1));
    return values;
}

static void compare_digits(net_case *c, emulator *e, const ir_fixed *oracle)
{
    for (uint32_t m = 0; m < c->image->matrix_count; m++) {
        const ir_matrix *w = c->oracle->matrices[m];
        uint32_t columns = ir_block_columns(c->oracle, w);
        for (uint32_t b = 0; b < c->image->matrices[m].block_count; b++) {
            const image_block *block = &c->image->matrices[m].blocks[b];
            size_t words = (size_t)c->machine->slices.slices * block->rows * block->columns;
            int16_t *digits = ARENA_ARRAY(c->memory, int16_t, words);
            emulator_read_digits(e, m, b, digits);
            const int16_t *expected = ir_fixed_digits(oracle, w, b / columns, b % columns);
            if (memcmp(digits, expected, words * sizeof *digits) != 0)
                print_message("digits of %s, block %u differ\n", w->name, b);
            assert_memory_equal(digits, expected, words * sizeof *digits);
        }
    }
}

static void run_variant(net_case *c, int variant)
{
    machine m = *c->machine;
    m.variant = variant;
    m.fidelity = c->plan.fidelity;
    random_state r = random_from(c->seed, 77);
    emulator_options options = {
        .seed = c->seed, .threads = c->seed % 16 ? 1 : variant, .measure_each = c->seed % 2 == 0};
    ir_fixed *oracle = ir_fixed_new(c->memory, c->oracle, c->plan.fidelity, c->seed);
    emulator *e = emulator_new(c->memory, &m, c->image, &options, c->diag, "test");
    assert_non_null(e);
    for (uint32_t i = 0; i < c->image->matrix_count; i++) {
        int64_t *w = random_weights(c, c->oracle->matrices[i], &r);
        ir_fixed_write(oracle, c->oracle->matrices[i], w);
        emulator_write_matrix(e, i, w);
    }
    uint64_t cycles = 0;
    for (uint64_t step = 0; step < KERNELS; step++) {
        if (getenv("PANTHER_TEST_VERBOSE"))
            print_message("    variant %d, kernel %d\n", variant, (int)step);
        make_inputs(c, &r);
        int16_t *expected = ARENA_ARRAY(c->memory, int16_t, c->out_words);
        int16_t *actual = ARENA_ARRAY(c->memory, int16_t, c->out_words);
        ir_fixed_run(oracle, c->oracle->graphs[0], step, (const int16_t *const *)c->inputs, &expected);
        assert_int_equal(emulator_run(e, 0, step, (const int16_t *const *)c->inputs, &actual, c->diag), EXIT_DONE);
        assert_memory_equal(actual, expected, c->out_words * sizeof *actual);
        compare_digits(c, e, oracle);
        uint64_t took = emulator_statistics(e)->last_kernel_cycles;
        assert_true(step == 0 || took == cycles);
        cycles = took;
        if (step == 1) {
            ir_fixed_crs(oracle);
            emulator_crs(e);
        }
    }
}

static void run_case(uint64_t seed)
{
    net_case c = {.memory = arena_new(), .seed = seed};
    c.diag = diag_new(c.memory, source_set_new(c.memory));
    random_state r = random_from(seed, 1);
    c.machine = net_random_machine(c.memory, c.diag, &r);
    if (!c.machine)
        diag_print(c.diag, stderr, false);
    assert_non_null(c.machine);
    c.plan = net_random_plan(&r, c.machine);
    if (getenv("PANTHER_TEST_VERBOSE"))
        net_describe(&c.plan, c.machine);
    bool compiled = compile(&c);
    if (!compiled)
        diag_print(c.diag, stderr, false);
    assert_true(compiled);
    for (int variant = 1; variant <= 3; variant++)
        run_variant(&c, variant);
    diag_print(c.diag, stderr, false);
    arena_free(c.memory);
}

static void random_mlps(void **state)
{
    (void)state;
    const char *seed_text = getenv("PANTHER_TEST_SEED"), *cases_text = getenv("PANTHER_TEST_CASES");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 20261121;
    int cases = cases_text ? atoi(cases_text) : CASES;
    for (int i = 0; i < cases; i++) {
        print_message("case seed %llu\n", (unsigned long long)(first + (uint64_t)i));
        run_case(first + (uint64_t)i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_mlps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
