/*
 * States and recurrences: what prev, next and reverse give in both interpreters, which ops belong
 * together, in which order they run, and what the sweep keeps of them.
 */
#include "tests/unit/ir_fixture.h"

#include "ir/recurrence.h"
#include "ir/ring.h"

#define OPEN                                                                                       \
    "numerics {slices = [4 4 4 6 6 5 5 5], radix_bits = 4, adc_extra_bits = 6, rows = 128, "       \
    "columns = 128, mode = stream, rounding = off, round_row = 0, round_column = 0, "              \
    "q_activation = 9, q_weight = 26, q_error = 14}\n"                                             \
    "graph @g (n: 2, y: 2, x: 2) {\n"                                                              \
    "  %1 = input {port = 0, layout = pixels} : vec<2 q0> [n, y, x]\n"                             \
    "  %2 = input {port = 1} : vec<2 q0> [n]\n"

static ir_module *module_of(fixture *f, const char *lines)
{
    fixture_open(f, &paper_numerics);
    const char *text = arena_printf(f->memory, "%s%s\n}\n", OPEN, lines);
    ir_module *m = ir_parse(f->memory, f->sources, f->d, "test.ir", text, strlen(text));
    if (!m || !ir_verify(m, f->d, NULL))
        fail_msg("%s\n%s", text, messages_of(f->memory, f->d));
    return m;
}

enum { WORDS = 16 };

static void expect_outputs(const char *lines, const int16_t *expected)
{
    static const int16_t map[WORDS] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 80};
    static const int16_t each[] = {100, 200, 300, 400};
    double real_map[WORDS], real_each[4], real_out[WORDS] = {0};
    int16_t out[WORDS] = {0};
    fixture f;
    ir_module *m = module_of(&f, lines);
    for (int i = 0; i < WORDS; i++)
        real_map[i] = map[i];
    for (int i = 0; i < 4; i++)
        real_each[i] = each[i];
    ir_fixed_run(ir_fixed_new(f.memory, m, FIDELITY_IDEAL, 1), m->graphs[0], 0,
                 (const int16_t *const[]){map, each}, (int16_t *const[]){out});
    ir_float_run(ir_float_new(f.memory, m, 1), m->graphs[0], 0,
                 (const double *const[]){real_map, real_each}, (double *const[]){real_out});
    for (int i = 0; i < WORDS; i++) {
        assert_int_equal(out[i], expected[i]);
        assert_true(real_out[i] == expected[i]);
    }
    fixture_close(&f);
}

static void test_values(void **state)
{
    (void)state;
    expect_outputs("%3 = reverse %1 : vec<2 q0> [n, y, x]\n"
                   "  %4 = output %3 {port = 0, layout = pixels} [n, y, x]",
                   (const int16_t[]){7, 8, 5, 6, 3, 4, 1, 2, 70, 80, 50, 60, 30, 40, 10, 20});
    expect_outputs("%3 = reverse %1 {first = 1} : vec<1 q0> [n, y, x]\n"
                   "  %4 = concat %3, %3 : vec<2 q0> [n, y, x]\n  %5 = output %4 {port = 0} [n, y, x]",
                   (const int16_t[]){8, 6, 4, 2, 8, 6, 4, 2, 80, 60, 40, 20, 80, 60, 40, 20});
    /* a delay, whose value is made behind its use */
    expect_outputs("%3 = prev %2 {state = 0} : vec<2 q0> [n, y, x]\n"
                   "  %4 = output %3 {port = 0, layout = pixels} [n, y, x]\n"
                   "  %5 = neg %1 : vec<2 q0> [n, y, x]\n"
                   "  %6 = next %5 {state = 0} : vec<2 q0> [n, y, x]",
                   (const int16_t[]){100, 200, -1, -2, -3, -4, -5, -6, 300, 400, -10, -20, -30, -40,
                                     -50, -60});
    /* a sum */
    expect_outputs("%3 = prev %2 {state = 0} : vec<2 q0> [n, y, x]\n"
                   "  %4 = add %3, %1 : vec<2 q0> [n, y, x]\n"
                   "  %5 = next %4 {state = 0} : vec<2 q0> [n, y, x]\n"
                   "  %6 = output %4 {port = 0, layout = pixels} [n, y, x]",
                   (const int16_t[]){101, 202, 104, 206, 109, 212, 116, 220, 310, 420, 340, 460, 390,
                                     520, 460, 600});
}

/* Two states that depend on each other, one that follows them; their ops stand mixed. */
#define MIXED                                                                                      \
    "%3 = prev %2 {state = 4} : vec<2 q0> [n, y, x]\n"                                             \
    "  %4 = prev %2 {state = 9} : vec<2 q0> [n, y, x]\n"                                           \
    "  %5 = prev %2 {state = 2} : vec<2 q0> [n, y, x]\n"                                           \
    "  %6 = add %3, %1 : vec<2 q0> [n, y, x]\n"                                                    \
    "  %7 = sub %5, %6 : vec<2 q0> [n, y, x]\n"                                                    \
    "  %8 = neg %1 : vec<2 q0> [n, y, x]\n"                                                        \
    "  %9 = add %4, %8 : vec<2 q0> [n, y, x]\n"                                                    \
    "  %10 = next %6 {state = 9} : vec<2 q0> [n, y, x]\n"                                          \
    "  %11 = next %7 {state = 2} : vec<2 q0> [n, y, x]\n"                                          \
    "  %12 = next %9 {state = 4} : vec<2 q0> [n, y, x]\n"                                          \
    "  %13 = output %7 {port = 0} [n, y, x]\n"

static const ir_op *numbered(const ir_graph *g, uint32_t id)
{
    const ir_op *op = g->first;
    while (op->id != id)
        op = op->next;
    return op;
}

static void test_recurrences(void **state)
{
    (void)state;
    static const uint32_t of[] = {0, 0, 0, 1, 1, 2, 1, 2, 0, 1, 1, 2, 1, 0};
    fixture f;
    const ir_graph *g = module_of(&f, MIXED)->graphs[0];
    ir_recurrences r = ir_recurrences_of(f.memory, g);
    assert_int_equal(r.count, 2);
    /* which of the two states' recurrence is called 1 follows from their numbers */
    uint32_t first = r.of[3];
    for (uint32_t i = 1; i < sizeof of / sizeof *of; i++)
        assert_int_equal(r.of[i], of[i] == 0 ? 0 : of[i] == 1 ? first : 3 - first);
    assert_ptr_equal(r.partner[3], numbered(g, 12));
    assert_ptr_equal(r.partner[11], numbered(g, 5));
    assert_true(ir_same_recurrences(&r, numbered(g, 3), numbered(g, 9)));
    assert_false(ir_same_recurrences(&r, numbered(g, 7), numbered(g, 9)));
    assert_false(ir_same_recurrences(&r, numbered(g, 8), numbered(g, 9)));
    assert_int_equal(ir_new_state(g), 10);
    fixture_close(&f);
}

static void test_plan(void **state)
{
    (void)state;
    fixture f;
    const ir_graph *g = module_of(&f, MIXED)->graphs[0];
    ir_plan plan = ir_plan_of(f.memory, g);
    size_t at[16] = {0}, ops = 0;
    for (size_t i = 0; i < plan.count; i++)
        for (size_t k = 0; k < plan.steps[i].count; k++, ops++)
            at[plan.steps[i].ops[k]->id] = i;
    assert_int_equal(ops, 13);
    assert_int_equal(at[3], at[12]);
    assert_int_equal(at[4], at[9]);
    assert_int_equal(at[5], at[7]);
    assert_true(at[8] < at[9] && at[6] < at[7] && at[7] < at[13]);
    fixture_close(&f);
}

/* A state stays if its prev is used by something that stays, and only then. */
static void test_sweep(void **state)
{
    (void)state;
    static const struct {
        uint32_t output; /* of this op */
        size_t removed;
    } cases[] = {{7, 0}, {6, 3}, {8, 10}, {1, 11}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        ir_graph *g = module_of(&f, MIXED)->graphs[0];
        g->last->args[0] = (ir_op *)numbered(g, cases[i].output);
        assert_int_equal(ir_graph_sweep(g), cases[i].removed);
        fixture_close(&f);
    }
}

/* A reader that walks back needs the last pixel first, and keeps the first one to the end. */
static void test_walk(void **state)
{
    (void)state;
    fixture f;
    ir_graph *g = module_of(&f, "%3 = reverse %1 : vec<2 q0> [n, y, x]\n"
                                "  %4 = output %3 {port = 0} [n, y, x]")
                      ->graphs[0];
    ir_axis axes[2];
    const ir_op *reader = numbered(g, 3);
    assert_true(ir_is_reader(reader->code));
    ir_reader_axes(g, reader, axes);
    for (int axis = 0; axis < 2; axis++) {
        assert_true(axes[axis].back);
        assert_int_equal(ir_reader_needs(g, reader, axis, 0), 1);
        assert_int_equal(ir_reader_needs(g, reader, axis, 1), 0);
        assert_int_equal(ir_axis_last_use(&axes[axis], 0), 1);
        assert_int_equal(ir_axis_last_use(&axes[axis], 1), 0);
    }
    assert_int_equal(ir_reader_ring(g, reader).words, 8);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_recurrences),
        cmocka_unit_test(test_plan),   cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
