/* The loop over the table: names, stopping, printing, verifying, timing, facts. */
#include "test_passes.h"

static void build(bench *b)
{
    bench_open(b, 1);
    ir_graph *g = ir_graph_new(b->m, "g");
    uint8_t n = ir_graph_dim(g, "n", 2);
    ir_matrix_new(b->m, "w", 6, 9, 26);
    ir_op *x = input(g, 0, ir_vec(9, 9), "input", n, true);
    ir_op *y = IR_OP(g, IR_mvm, ir_vec(6, 9), SOURCE_NOWHERE, x);
    ir_set_name(g, y, IR_ATTR_matrix, "w");
    ir_set_int(g, IR_OP(g, IR_output, ir_no_type, SOURCE_NOWHERE, y), IR_ATTR_port, 0);
}

static bool run(bench *b, const pass_options *options, pass_time *times, bool *stopped)
{
    return passes_run(b->m, &b->machine, b->memory, b->d, options, times, stopped);
}

static char *errors_of(bench *b)
{
    char *said = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&said, &length);
    diag_print(b->d, out, false);
    fclose(out);
    char *kept = arena_strdup(b->memory, said);
    free(said);
    return kept;
}

static void facts_hold_along_the_table(void **state)
{
    (void)state;
    uint32_t facts = 0;
    for (size_t i = 0; i < pass_count; i++) {
        assert_int_equal(facts & pass_table[i].needs, pass_table[i].needs);
        assert_int_not_equal(pass_table[i].makes, 0);
        facts = (facts & ~pass_table[i].breaks) | pass_table[i].makes;
    }
}

static void stops_after_the_named_pass(void **state)
{
    (void)state;
    bench b;
    bool stopped = false;
    pass_options options = {.stop_after = "partition", .verify_each = true};
    pass_time times[32];
    build(&b);
    assert_true(pass_count <= 32);
    assert_true(run(&b, &options, times, &stopped));
    assert_true(stopped);
    IR_EACH(op, b.m->graphs[0])
        assert_int_equal(op->place.core, -1);
    for (size_t i = 0; i < pass_count; i++) {
        assert_string_equal(times[i].name, pass_table[i].name);
        assert_true(times[i].seconds >= 0);
    }
    bench_close(&b);
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void prints_after_passes(void **state)
{
    (void)state;
    static const struct {
        const char *after;
        size_t expected;
    } cases[] = {{"lower", 1}, {"all", 8}, {"place", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        char *text = NULL;
        size_t length = 0;
        build(&b);
        FILE *out = open_memstream(&text, &length);
        pass_options options = {
            .print_after = cases[i].after, .stop_after = "partition", .out = out};
        assert_true(run(&b, &options, NULL, NULL));
        fclose(out);
        assert_int_equal(occurrences(text, "// after "), cases[i].expected);
        assert_int_equal(occurrences(text, "\ngraph @g"), cases[i].expected);
        free(text);
        bench_close(&b);
    }
}

static void unknown_names_are_errors(void **state)
{
    (void)state;
    static const struct {
        pass_options options;
        const char *text, *help;
    } cases[] = {
        {{.stop_after = "lwer"}, "--stop-after: 'lwer' is not a pass", "did you mean 'lower'?"},
        {{.print_after = "everything"}, "--print-after: 'everything' is not a pass",
         "passes are layout, differentiate, lower"},
        {{.stop_after = "all"}, "--stop-after: 'all' is not a pass", "help: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        build(&b);
        assert_false(run(&b, &cases[i].options, NULL, NULL));
        const char *said = errors_of(&b);
        assert_non_null(strstr(said, cases[i].text));
        assert_non_null(strstr(said, cases[i].help));
        bench_close(&b);
    }
}

static void a_graph_that_is_wrong_is_found_before_the_first_pass(void **state)
{
    (void)state;
    bench b;
    pass_options options = {.verify_each = true};
    build(&b);
    b.m->graphs[0]->first->type.lanes = 8;
    assert_false(run(&b, &options, NULL, NULL));
    assert_non_null(strstr(errors_of(&b), "after build: mvm %2"));
    bench_close(&b);
}

static void errors_of_a_pass_stop_the_loop(void **state)
{
    (void)state;
    bench b;
    bool stopped = true;
    build(&b);
    b.m->numerics.slices.rows = b.m->numerics.slices.columns = 1;
    b.machine.nodes = b.machine.tiles = b.machine.cores = 1;
    assert_false(run(&b, NULL, NULL, &stopped));
    assert_false(stopped);
    assert_non_null(strstr(errors_of(&b), "the weights need 54 MCUs"));
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_hold_along_the_table),
        cmocka_unit_test(stops_after_the_named_pass),
        cmocka_unit_test(prints_after_passes),
        cmocka_unit_test(unknown_names_are_errors),
        cmocka_unit_test(a_graph_that_is_wrong_is_found_before_the_first_pass),
        cmocka_unit_test(errors_of_a_pass_stop_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
