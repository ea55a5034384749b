/*
 * Placement: who sits where, what happens when the machine is too small; rounding of updates: which
 * operands get what, which streams.
 */
#include "test_passes.h"

static const char numerics[] =
    "numerics {slices = [4 4 4 6 6 5 5 5], radix_bits = 4, adc_extra_bits = 6, rows = 4, "
    "columns = 4, mode = stream, rounding = stochastic, round_row = 0, round_column = 0, q_activation = 9, "
    "q_weight = 26, q_error = 14}\n";

static void open_text(bench *b, const char *text)
{
    bench_open(b, 1);
    const char *all = arena_printf(b->memory, "%s%s", numerics, text);
    b->m = ir_parse(b->memory, diag_sources(b->d), b->d, "test", all, strlen(all));
    if (!b->m || !ir_verify(b->m, b->d, NULL)) {
        diag_print(b->d, stderr, false);
        fail();
    }
}

static void machine_of(bench *b, int nodes, int tiles, int cores, int mcus)
{
    b->machine.nodes = nodes;
    b->machine.tiles = tiles;
    b->machine.cores = cores;
    b->machine.mcus = mcus;
}

static const char matrices[] = "matrix @a {outputs = 8, inputs = 8, q = 26, frozen = 0} {\n}\n"
                               "matrix @b {outputs = 4, inputs = 4, q = 26, frozen = 0} {\n}\n";

static void assert_block(const bench *b, const char *name, size_t block, ir_place at)
{
    ir_place is = ir_module_matrix(b->m, name)->blocks[block];
    assert_int_equal(is.node, at.node);
    assert_int_equal(is.tile, at.tile);
    assert_int_equal(is.core, at.core);
    assert_int_equal(is.mcu, at.mcu);
}

/* 5 blocks: column outer, row inner; the second matrix begins a core if there is one left. */
static void matrices_start_on_fresh_cores(void **state)
{
    (void)state;
    bench b;
    open_text(&b, matrices);
    machine_of(&b, 2, 1, 1, 4);
    bench_pass(&b, "place", pass_place);
    assert_block(&b, "a", 0, (ir_place){0, 0, 0, 0});
    assert_block(&b, "a", 2, (ir_place){0, 0, 0, 1}); /* row 1, column 0 */
    assert_block(&b, "a", 1, (ir_place){0, 0, 0, 2}); /* row 0, column 1 */
    assert_block(&b, "a", 3, (ir_place){0, 0, 0, 3});
    assert_block(&b, "b", 0, (ir_place){1, 0, 0, 0});
    bench_close(&b);
}

static void mcus_are_packed_when_cores_run_out(void **state)
{
    (void)state;
    bench b;
    open_text(&b, matrices);
    machine_of(&b, 1, 1, 2, 3);
    bench_pass(&b, "place", pass_place);
    assert_block(&b, "a", 3, (ir_place){0, 0, 1, 0});
    assert_block(&b, "b", 0, (ir_place){0, 0, 1, 1});
    bench_close(&b);
    open_text(&b, matrices);
    machine_of(&b, 1, 1, 2, 4); /* one fresh core for each is just enough */
    bench_pass(&b, "place", pass_place);
    assert_block(&b, "b", 0, (ir_place){0, 0, 1, 0});
    bench_close(&b);
}

static void too_small_a_machine_says_what_is_missing(void **state)
{
    (void)state;
    bench b;
    char *said = NULL;
    size_t length = 0;
    static const pass_options none;
    open_text(&b, matrices);
    machine_of(&b, 1, 2, 1, 2);
    pass_context c = {b.m, &b.machine, b.memory, b.d, 0, &none, pass_default_tuning};
    assert_false(pass_place(&c));
    FILE *out = open_memstream(&said, &length);
    diag_print(b.d, out, false);
    fclose(out);
    assert_non_null(strstr(said, "the weights need 5 MCUs, but machine 'bench' has 4"));
    free(said);
    bench_close(&b);
}

static const ir_op *op_number(const bench *b, uint32_t id)
{
    IR_EACH(op, b->m->graphs[0])
        if (op->id == id)
            return op;
    return NULL;
}

static void graphs_without_matrices_run_on_the_first_core(void **state)
{
    (void)state;
    bench b;
    open_text(&b, "graph @g (n: 2) {\n"
                  "  %1 = input {port = 0} : vec<4 q9> [n]\n"
                  "  %2 = neg %1 : vec<4 q9> [n]\n"
                  "  %3 = sum %2 : vec<1 q9> [n]\n"
                  "  %4 = output %3 {port = 0} [n]\n"
                  "  %5 = random {stream = 1} : vec<4 q15> [n]\n"
                  "  %6 = output %5 {port = 1} [n]\n"
                  "}\n");
    bench_pass(&b, "place", pass_place);
    for (uint32_t id = 1; id <= 6; id++) {
        const ir_op *op = op_number(&b, id);
        bool on_core = id == 2 || id == 3 || id == 5;
        assert_int_equal(op->place.core, on_core ? 0 : -1);
        assert_int_equal(op->place.tile, on_core ? 0 : -1);
        assert_int_equal(op->place.mcu, -1);
    }
    bench_close(&b);
}

/* A grid of single units: a product is still rounded from all its bits, nothing else is. */
static void grids_of_one_unit_need_no_round(void **state)
{
    (void)state;
    bench b;
    open_text(&b, "matrix @b {outputs = 4, inputs = 4, q = 26, frozen = 0} {\n}\n"
                  "graph @g (n: 2) {\n"
                  "  %1 = input {port = 0} : vec<4 q9> [n]\n"
                  "  %2 = input {port = 1} : vec<4 q17> [n]\n"
                  "  %3 = mul %1, %2 : vec<4 q17> [n]\n"
                  "  %4 = opa %3, %1 {matrix = @b, ncol = 1} [n]\n"
                  "  %5 = opa %2, %1 {matrix = @b, ncol = 1} [n]\n"
                  "}\n");
    bench_pass(&b, "round_updates", pass_round_updates);
    const ir_op *mul = op_number(&b, 3);
    assert_int_equal(mul->code, IR_mul);
    assert_string_equal(ir_get_name(mul, IR_ATTR_mode, ""), "stochastic");
    assert_int_equal(ir_get_int(mul, IR_ATTR_stream, 0), 1);
    IR_EACH(op, b.m->graphs[0])
        assert_int_not_equal(op->code, IR_round);
    bench_close(&b);
}

/* A constant off the grid is drawn for every example, not once per kernel. */
static void constants_off_the_grid_are_drawn_per_example(void **state)
{
    (void)state;
    bench b;
    open_text(&b, "matrix @b {outputs = 4, inputs = 4, q = 26, frozen = 0} {\n}\n"
                  "graph @g (n: 2) {\n"
                  "  %1 = const {value = 0.3} : vec<4 q9> []\n"
                  "  %2 = input {port = 1} : vec<4 q17> [n]\n"
                  "  %3 = opa %2, %1 {matrix = @b, ncol = 1} [n]\n"
                  "}\n");
    b.m->numerics.rounding = (update_rounding){ROUND_STOCHASTIC, 9, 0};
    bench_pass(&b, "round_updates", pass_round_updates);
    const ir_op *opa = b.m->graphs[0]->last;
    assert_int_equal(opa->args[1]->code, IR_round);
    assert_int_equal(opa->args[1]->space.count, 1);
    bench_close(&b);
}

/* Draws reserve a stream per `side` lanes; given streams that fit are kept. */
static void streams_do_not_overlap(void **state)
{
    (void)state;
    bench b;
    open_text(&b, "graph @g (n: 2) {\n"
                  "  %1 = random {stream = 1} : vec<9 q15> [n]\n"
                  "  %2 = random {stream = 2} : vec<4 q15> [n]\n"
                  "  %3 = random {stream = 9} : vec<5 q15> [n]\n"
                  "  %4 = random {stream = 10} : vec<1 q15> [n]\n"
                  "  %5 = output %1 {port = 0} [n]\n"
                  "  %6 = output %2 {port = 1} [n]\n"
                  "  %7 = output %3 {port = 2} [n]\n"
                  "  %8 = output %4 {port = 3} [n]\n"
                  "}\n");
    static const int64_t streams[] = {1, 4, 9, 11};
    bench_pass(&b, "round_updates", pass_round_updates);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(ir_get_int(op_number(&b, i + 1), IR_ATTR_stream, 0), streams[i]);
    bench_close(&b);
}

/* The host's rows stay as long as they were, though the kernel reads only their beginning. */
static void ports_keep_their_width(void **state)
{
    (void)state;
    bench b;
    uint32_t lanes;
    open_text(&b, "graph @g (n: 2) {\n"
                  "  %1 = input {port = 0} : vec<10 q9> [n]\n"
                  "  %2 = slice %1 {first = 1} : vec<2 q9> [n]\n"
                  "  %3 = output %2 {port = 0} [n]\n"
                  "}\n");
    bench_pass(&b, "partition", pass_partition);
    port_size(b.m->graphs[0], IR_input, 0, &lanes);
    assert_int_equal(lanes, 10);
    bench_pass(&b, "place", pass_place);
    port_size(b.m->graphs[0], IR_input, 0, &lanes);
    assert_int_equal(lanes, 10);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_start_on_fresh_cores),
        cmocka_unit_test(mcus_are_packed_when_cores_run_out),
        cmocka_unit_test(too_small_a_machine_says_what_is_missing),
        cmocka_unit_test(graphs_without_matrices_run_on_the_first_core),
        cmocka_unit_test(grids_of_one_unit_need_no_round),
        cmocka_unit_test(constants_off_the_grid_are_drawn_per_example),
        cmocka_unit_test(streams_do_not_overlap),
        cmocka_unit_test(ports_keep_their_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
