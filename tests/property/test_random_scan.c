/*
 * Random recurrent networks: rnn, lstm, gru and scans with several states, seqs walked backwards,
 * results at the end or at every step, 1 to 20 steps, batches of 1 to 4. On random machines forward
 * pass, back-propagation through time, updates and outputs of the emulator equal the fixed-point
 * interpreter's bit for bit (net_case.h); and in real numbers a graph with its loops over time
 * learns the same as one with ops for every step.
 *
 * PANTHER_TEST_SEED repeats a run, PANTHER_TEST_CASES shortens or lengthens it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net_case.inc"
#include "random_net.inc"
#include "random_scan.inc"

#include <math.h>

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 40 };
#else
enum { CASES = 120 };
#endif

static void on_machine(uint64_t seed)
{
    net_case c = {.memory = arena_new(), .seed = seed, .kernels = 2};
    static scan_writer program;
    c.diag = diag_new(c.memory, source_set_new(c.memory));
    random_state r = random_from(seed, 2);
    c.machine = net_random_machine(c.memory, c.diag, &r);
    assert_non_null(c.machine);
    c.machine->cores = 8;
    c.machine->memory_words = 1 << 22;
    c.machine->scalar_registers = 64;
    c.fidelity = (fidelity)random_below(&r, FIDELITIES);
    scan_random_program(&program, &r, false);
    if (getenv("PANTHER_TEST_VERBOSE"))
        print_message("%s  side %d, %d MCUs, %s\n", program.text, c.machine->slices.rows,
                      c.machine->mcus,
                      c.machine->issue == ISSUE_BLOCKING ? "blocking" : "overlapped");
    bool compiled = net_case_compile(&c, net_case_text, program.text);
    if (!compiled)
        diag_print(c.diag, stderr, false);
    assert_true(compiled);
    c.graph = net_trained_graph(c.oracle);
    net_case_run(&c);
    arena_free(c.memory);
}

/* ---- rolled and unrolled ---- */

typedef struct trained {
    ir_module *m;
    ir_float *f;
    double *output;
    size_t output_words;
} trained;

static double *random_words(arena *memory, random_state *r, size_t count)
{
    double *words = ARENA_ARRAY(memory, double, count);
    for (size_t i = 0; i < count; i++)
        words[i] = (double)net_between(r, -1000, 1000) / 700;
    return words;
}

/* One kernel of training from weights that depend on the seed alone. */
static trained train(arena *memory, const machine *m, const char *text, uint64_t seed)
{
    enum { WORDS_MOST = 4 * 20 * 64 };
    diag *d = diag_new(memory, source_set_new(memory));
    trained t = {.m = net_of_text(memory, d, m, text), .output_words = WORDS_MOST};
    pass_options early = {.stop_after = "differentiate", .verify_each = true};
    diag_print(d, stderr, false);
    assert_non_null(t.m);
    assert_true(passes_run(t.m, m, memory, d, &early, NULL, NULL));
    random_state r = random_from(seed, 5);
    t.f = ir_float_new(memory, t.m, seed);
    for (size_t i = 0; i < t.m->matrix_count; i++) {
        const ir_matrix *w = t.m->matrices[i];
        size_t words = (size_t)w->inputs * w->outputs;
        memcpy(ir_float_weights(t.f, w), random_words(memory, &r, words), words * sizeof(double));
    }
    double rate = -0.1;
    const double *inputs[] = {random_words(memory, &r, WORDS_MOST),
                              random_words(memory, &r, WORDS_MOST), &rate};
    t.output = ARENA_ARRAY(memory, double, WORDS_MOST);
    ir_float_run(t.f, t.m->graphs[net_trained_graph(t.m)], 0, inputs, (double *[]){t.output});
    return t;
}

static void expect_near(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) <= 1e-9 * (1 + fabs(b[i]))))
            fail_msg("word %zu: %.17g is not %.17g", i, a[i], b[i]);
}

static void in_real_numbers(uint64_t seed)
{
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    static scan_writer programs[2];
    random_state machines = random_from(seed, 1);
    const machine *m = net_random_machine(memory, d, &machines);
    trained of[2];
    for (int unrolled = 0; unrolled < 2; unrolled++) {
        random_state r = random_from(seed, 3);
        scan_random_program(&programs[unrolled], &r, unrolled);
        of[unrolled] = train(memory, m, programs[unrolled].text, seed);
    }
    if (getenv("PANTHER_TEST_VERBOSE"))
        print_message("%s", programs[0].text);
    expect_near(of[0].output, of[1].output, of[0].output_words);
    assert_int_equal(of[0].m->matrix_count, of[1].m->matrix_count);
    for (size_t i = 0; i < of[0].m->matrix_count; i++) {
        const ir_matrix *a = of[0].m->matrices[i], *b = ir_module_matrix(of[1].m, a->name);
        assert_non_null(b);
        expect_near(ir_float_weights(of[0].f, a), ir_float_weights(of[1].f, b),
                    (size_t)a->inputs * a->outputs);
    }
    arena_free(memory);
}

/* ---- cases ---- */

static void all_cases(void (*run_case)(uint64_t seed))
{
    const char *seed_text = getenv("PANTHER_TEST_SEED"), *cases_text = getenv("PANTHER_TEST_CASES");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 20261123;
    int cases = cases_text ? atoi(cases_text) : CASES;
    for (int i = 0; i < cases; i++) {
        print_message("case seed %llu\n", (unsigned long long)(first + (uint64_t)i));
        run_case(first + (uint64_t)i);
    }
}

static void random_scans(void **state)
{
    (void)state;
    all_cases(on_machine);
}

static void random_rolls(void **state)
{
    (void)state;
    all_cases(in_real_numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_rolls),
                                       cmocka_unit_test(random_scans)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
