#include "tests/unit/ir_fixture.h"

/* Building graphs: the list of ops, spaces, attributes, sweeping, copying. */

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    fixture_open(f, &paper_numerics);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static ir_op *constant(ir_graph *g, double value)
{
    ir_op *op = ir_op_new(g, NULL, IR_const, ir_vec(4, 9), NULL, 0, SOURCE_NOWHERE);
    ir_set_real(g, op, IR_ATTR_value, value);
    return op;
}

/* The ids of the list as text, checked from both ends. */
static const char *order(fixture *f, const ir_graph *g)
{
    const char *forward = "", *backward = "";
    for (const ir_op *op = g->first; op; op = op->next)
        forward = arena_printf(f->memory, "%s %u", forward, op->id);
    for (const ir_op *op = g->last; op; op = op->previous)
        backward = arena_printf(f->memory, " %u%s", op->id, backward);
    assert_string_equal(forward, backward);
    return forward;
}

static void test_list(void **state)
{
    fixture *f = *state;
    ir_graph *g = ir_graph_new(f->m, "g");
    ir_op *a = constant(g, 1), *b = constant(g, 2);
    ir_op *c = IR_OP(g, IR_add, ir_vec(4, 9), SOURCE_NOWHERE, a, b);
    ir_op *d = ir_op_new(g, a, IR_neg, ir_vec(4, 9), &a, 1, SOURCE_NOWHERE);
    assert_string_equal(order(f, g), " 1 4 2 3");
    ir_replace_uses(g, a, d);
    assert_ptr_equal(c->args[0], d);
    assert_ptr_equal(c->args[1], b);
    assert_ptr_equal(d->args[0], a); /* what stands in between keeps its argument */
    ir_op_move(g, b, NULL);
    assert_string_equal(order(f, g), " 2 1 4 3");
    ir_op_move(g, b, d);
    assert_string_equal(order(f, g), " 1 4 2 3");
    ir_op_move(g, a, g->last);
    ir_op_move(g, a, a);
    assert_string_equal(order(f, g), " 4 2 3 1");
    ir_op_move(g, a, NULL);
    ir_op_remove(g, c);
    assert_string_equal(order(f, g), " 1 4 2");
    ir_graph_renumber(g);
    assert_string_equal(order(f, g), " 1 2 3");
    assert_int_equal(g->next_id, 4);
}

static void test_each_survives_removal(void **state)
{
    fixture *f = *state;
    ir_graph *g = ir_graph_new(f->m, "g");
    for (int i = 0; i < 5; i++)
        constant(g, i);
    int seen = 0;
    IR_EACH(op, g)
    {
        seen++;
        ir_op_remove(g, op);
    }
    assert_int_equal(seen, 5);
    assert_null(g->first);
    assert_null(g->last);
}

static void test_spaces(void **state)
{
    fixture *f = *state;
    ir_graph *g = ir_graph_new(f->m, "g");
    uint8_t n = ir_graph_dim(g, "n", 3), y = ir_graph_dim(g, "y", 4), x = ir_graph_dim(g, "x", 5);
    ir_space all = {3, {n, y, x}}, outer = {2, {n, x}}, middle = {1, {y}}, none = {0};
    ir_space both = ir_space_union(g, middle, outer);
    assert_int_equal(both.count, 3);
    assert_memory_equal(both.dim, all.dim, 3);
    assert_int_equal(ir_space_union(g, none, middle).count, 1);
    assert_true(ir_space_within(outer, all));
    assert_true(ir_space_within(none, none));
    assert_false(ir_space_within(all, outer));
    assert_int_equal(ir_space_points(g, all), 60);
    assert_int_equal(ir_space_points(g, none), 1);
    for (size_t p = 0; p < 60; p++) {
        size_t at_n = p / 20, at_y = p / 5 % 4, at_x = p % 5;
        assert_int_equal(ir_space_project(g, all, p, outer), at_n * 5 + at_x);
        assert_int_equal(ir_space_project(g, all, p, middle), at_y);
        assert_int_equal(ir_space_project(g, all, p, all), p);
        assert_int_equal(ir_space_project(g, all, p, none), 0);
    }
    g->dims[0].extent = g->dims[1].extent = g->dims[2].extent = UINT32_MAX;
    assert_true(ir_space_points(g, all) == SIZE_MAX);
}

static void test_space_of_an_op(void **state)
{
    fixture *f = *state;
    ir_graph *g = ir_graph_new(f->m, "g");
    uint8_t n = ir_graph_dim(g, "n", 3), t = ir_graph_dim(g, "t", 2);
    ir_op *a = constant(g, 1), *b = constant(g, 2);
    a->space = (ir_space){1, {t}};
    b->space = (ir_space){1, {n}};
    ir_op *c = IR_OP(g, IR_add, ir_vec(4, 9), SOURCE_NOWHERE, a, b);
    assert_int_equal(c->space.count, 2);
    assert_int_equal(c->space.dim[0], n);
    assert_int_equal(c->space.dim[1], t);
}

static void test_attributes(void **state)
{
    fixture *f = *state;
    ir_graph *g = ir_graph_new(f->m, "g");
    ir_op *op = ir_op_new(g, NULL, IR_input, ir_vec(4, 9), NULL, 0, SOURCE_NOWHERE);
    char name[] = "target";
    ir_set_int(g, op, IR_ATTR_slot, 7);
    ir_set_name(g, op, IR_ATTR_role, name);
    ir_set_int(g, op, IR_ATTR_port, 1);
    ir_set_pair(g, op, IR_ATTR_block, 3, 4);
    name[0] = 'x'; /* texts are copied */
    ir_set_int(g, op, IR_ATTR_port, 2);
    assert_int_equal(op->attr_count, 4);
    for (uint32_t i = 1; i < op->attr_count; i++)
        assert_true(op->attrs[i - 1].key < op->attrs[i].key);
    assert_int_equal(ir_get_int(op, IR_ATTR_port, 9), 2);
    assert_int_equal(ir_get(op, IR_ATTR_block)->second, 4);
    assert_string_equal(ir_get_name(op, IR_ATTR_role, ""), "target");
    assert_string_equal(ir_get_name(op, IR_ATTR_label, "none"), "none");
    ir_unset(op, IR_ATTR_port);
    assert_int_equal(ir_get_int(op, IR_ATTR_port, 9), 9);
    assert_int_equal(ir_get_int(op, IR_ATTR_slot, 9), 7);
    assert_int_equal(op->attr_count, 3);
}

static void test_which_attributes(void **state)
{
    (void)state;
    assert_true(ir_op_allows(IR_mvm, IR_ATTR_matrix));
    assert_true(ir_op_allows(IR_add, IR_ATTR_layer));
    assert_true(ir_op_allows(IR_add, IR_ATTR_slot));
    assert_false(ir_op_allows(IR_add, IR_ATTR_matrix));
    assert_false(ir_op_allows(IR_mvm, IR_ATTR_port));
}

static void test_blocks(void **state)
{
    fixture *f = *state;
    ir_matrix *w = ir_matrix_new(f->m, "w", 130, 785, 26);
    assert_int_equal(ir_block_rows(f->m, w), 7);
    assert_int_equal(ir_block_columns(f->m, w), 2);
    ir_block b = ir_matrix_block(f->m, w, 6, 1);
    assert_int_equal(b.input0, 768);
    assert_int_equal(b.inputs, 17);
    assert_int_equal(b.output0, 128);
    assert_int_equal(b.outputs, 2);
    assert_int_equal(ir_matrix_block(f->m, w, 7, 0).inputs, 0);
    assert_int_equal(ir_matrix_block(f->m, w, UINT32_MAX, UINT32_MAX).inputs, 0);
    assert_ptr_equal(ir_module_matrix(f->m, "w"), w);
    assert_null(ir_module_matrix(f->m, "v"));
}

static void test_sweep(void **state)
{
    fixture *f = *state;
    ir_graph *g = ir_graph_new(f->m, "g");
    ir_op *a = constant(g, 1), *b = constant(g, 2);
    ir_op *kept = IR_OP(g, IR_neg, ir_vec(4, 9), SOURCE_NOWHERE, a);
    ir_op *unused = IR_OP(g, IR_neg, ir_vec(4, 9), SOURCE_NOWHERE, b);
    IR_OP(g, IR_neg, ir_vec(4, 9), SOURCE_NOWHERE, unused);
    IR_OP(g, IR_output, ir_no_type, SOURCE_NOWHERE, kept);
    IR_OP(g, IR_load, ir_vec(4, 9), SOURCE_NOWHERE, kept); /* takes a count: stays */
    assert_int_equal(ir_graph_sweep(g), 3);
    assert_string_equal(order(f, g), " 1 3 6 7");
    assert_int_equal(ir_graph_sweep(g), 0);
}

static void test_copy(void **state)
{
    fixture *f = *state;
    const char *text =
        "numerics {slices = [4 4], radix_bits = 4, adc_extra_bits = 6, rows = 8, columns = 8, mode "
        "= "
        "batch, rounding = off, round_row = 0, round_column = 0, q_activation = 9, q_weight = 20, "
        "q_error = 14}\n"
        "graph @a (n: 3, t: 2) {\n"
        "  buffer @r {node = 0, tile = 1, words = 8, depth = 2, consumers = 1, address = 5}\n"
        "  %2 = input {port = 0, label = \"x\"} : vec<8 q9> [n]\n"
        "  %5 = const {value = 0.5} : vec<1 q9> [t]\n"
        "  %4 = mul %2, %5 {layer = d} : vec<8 q9> [n, t] at(0, 1, 2, -1)\n"
        "  %7 = output %4 {port = 0} [n, t]\n"
        "}\n";
    ir_module *m = read_sound(f, text);
    ir_graph *copy = ir_graph_copy(m, m->graphs[0], "a");
    assert_ptr_equal(m->graphs[1], copy);
    assert_int_equal(copy->next_id, m->graphs[0]->next_id);
    m->graph_count = 1;
    const char *before = text_of(f->memory, m);
    m->graphs[0] = copy;
    assert_string_equal(before, text_of(f->memory, m));
    for (const ir_op *op = copy->first; op; op = op->next)
        for (uint32_t i = 0; i < op->arg_count; i++) {
            bool own = false;
            for (const ir_op *other = copy->first; other; other = other->next)
                own |= other == op->args[i];
            assert_true(own);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_survives_removal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_spaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_space_of_an_op, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_which_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
    };
    return cmocka_run_group_tests_name("ir graph", tests, NULL, NULL);
}
