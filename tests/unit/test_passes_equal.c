/*
 * Random graphs through the passes: the fixed-point interpreter gives the same bits before and after
 * each pass that promises it, the verifier is content, and the text form round-trips.
 */
#include "test_passes.h"

enum { KERNELS = 3 };

/* ---- random multi-layer perceptrons ---- */

static ir_op *input(ir_graph *g, int port, ir_type type, const char *role, uint8_t dim, bool batched)
{
    ir_op *op = ir_op_new(g, NULL, IR_input, type, NULL, 0, SOURCE_NOWHERE);
    ir_set_int(g, op, IR_ATTR_port, port);
    ir_set_name(g, op, IR_ATTR_role, role);
    if (batched)
        op->space = (ir_space){1, {dim}};
    return op;
}

static ir_op *constant(ir_graph *g, double value, uint32_t lanes, uint8_t q)
{
    ir_op *op = ir_op_new(g, NULL, IR_const, ir_vec(lanes, q), NULL, 0, SOURCE_NOWHERE);
    ir_set_real(g, op, IR_ATTR_value, value);
    return op;
}

static ir_op *layer(bench *b, ir_graph *g, ir_op *x, uint32_t outputs, size_t index)
{
    bool bias = below(b, 3) > 0;
    uint8_t q_out = (uint8_t)(8 + below(b, 3));
    ir_op *args[2] = {x, NULL};
    if (bias)
        args[1] = constant(g, 1, 1, x->type.q);
    ir_matrix *w = ir_matrix_new(b->m, arena_printf(b->memory, "w%zu", index), outputs,
                                 x->type.lanes + bias, (uint8_t)(24 + below(b, 4)));
    w->frozen = below(b, 8) == 0;
    ir_op *y = ir_op_new(g, NULL, IR_mvm, ir_vec(outputs, q_out), args, 1u + bias, SOURCE_NOWHERE);
    ir_set_name(g, y, IR_ATTR_matrix, w->name);
    ir_set_name(g, y, IR_ATTR_layer, w->name);
    static const ir_opcode functions[] = {IR_relu, IR_sigmoid, IR_tanh, IR_convert, IR_abs};
    static const uint8_t formats[] = {9, 14, 14, 10, 8};
    uint32_t k = below(b, 5);
    return IR_OP(g, functions[k], ir_vec(outputs, formats[k]), SOURCE_NOWHERE, y);
}

static ir_graph *random_mlp(bench *b, uint32_t widest, uint32_t *classes)
{
    ir_graph *g = ir_graph_new(b->m, "step");
    uint8_t n = ir_graph_dim(g, "n", 1 + below(b, 4));
    ir_op *x = input(g, 0, ir_vec(1 + below(b, widest), 9), "input", n, true);
    uint32_t layers = 1 + below(b, 4);
    for (uint32_t k = 0; k < layers; k++)
        x = layer(b, g, x, 1 + below(b, widest), k);
    *classes = x->type.lanes;
    ir_op *target, *loss;
    if (below(b, 2)) {
        ir_op *label = input(g, 1, (ir_type){IR_LABEL, x->type.lanes, 0}, "target", n, true);
        target = IR_OP(g, IR_onehot, ir_vec(x->type.lanes, 14), SOURCE_NOWHERE, label);
        loss = IR_OP(g, IR_cross_entropy, ir_vec(1, 9), SOURCE_NOWHERE, x, target);
    } else {
        target = input(g, 1, ir_vec(x->type.lanes, 11), "target", n, true);
        loss = IR_OP(g, IR_mse, ir_vec(1, 9), SOURCE_NOWHERE, x, target);
    }
    ir_op *out = IR_OP(g, IR_output, ir_no_type, SOURCE_NOWHERE, x);
    ir_set_int(g, out, IR_ATTR_port, 0);
    ir_op *rate = input(g, 2, ir_vec(1, 15), "scalar", n, false);
    IR_OP(g, IR_descend, ir_no_type, SOURCE_NOWHERE, loss, rate);
    return g;
}

static void random_numerics(bench *b, int least, int most)
{
    ir_numerics *n = &b->m->numerics;
    n->slices.rows = least + (int)below(b, (uint32_t)(most - least + 1));
    n->slices.columns = below(b, 2) ? n->slices.rows
                                    : least + (int)below(b, (uint32_t)(most - least + 1));
    n->mode = (opa_mode)below(b, OPA_MODES);
    n->rounding.mode = (rounding)below(b, 3);
    n->rounding.row = (int)below(b, 10);
    n->rounding.column = (int)below(b, 8);
    b->machine.mcus = 1 + (int)below(b, 6);
    b->machine.nodes = 254;
    b->machine.tiles = 4096;
}

static void through_passes(bench *b, const ir_graph *g, uint32_t classes)
{
    const ir_numerics *n = &b->m->numerics;
    bool rounds = n->mode == OPA_STREAM && n->rounding.mode != ROUND_OFF;
    run_result before = bench_run(b, g, KERNELS, classes), after;
    bench_pass(b, "lower", pass_lower);
    after = bench_run(b, g, KERNELS, classes);
    same_results(b, &before, &after, "lower");
    bench_pass(b, "unify", pass_unify);
    before = bench_run(b, g, KERNELS, classes);
    bench_pass(b, "round_updates", pass_round_updates);
    after = bench_run(b, g, KERNELS, classes);
    if (!rounds)
        same_results(b, &before, &after, "round_updates");
    bench_pass(b, "partition", pass_partition);
    before = bench_run(b, g, KERNELS, classes);
    same_results(b, &after, &before, "partition");
    bench_pass(b, "place", pass_place);
    after = bench_run(b, g, KERNELS, classes);
    same_results(b, &before, &after, "place");
}

static void limits_hold(bench *b, const ir_graph *g)
{
    const slicing *s = &b->m->numerics.slices;
    uint32_t side = (uint32_t)(s->rows < s->columns ? s->rows : s->columns);
    IR_EACH(op, g) {
        bool product = op->code == IR_mvm || op->code == IR_mtvm;
        if (!product && op->type.lanes > side)
            fail_with(b, "a vector is wider than a block");
        if (ir_ops[op->code].class == IR_CLASS_MATRIX && !ir_get(op, IR_ATTR_block))
            fail_with(b, "a matrix op names no block");
        bool off = op->code == IR_input || op->code == IR_output || op->code == IR_const;
        if ((op->place.core < 0) != off || (op->place.mcu >= 0) !=
            (ir_ops[op->code].class == IR_CLASS_MATRIX))
            fail_with(b, "an op is placed where it should not be");
    }
}

static void mlp_keeps_its_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        bench b;
        uint32_t classes;
        bench_open(&b, seed);
        random_numerics(&b, 3, 24);
        ir_graph *g = random_mlp(&b, 60, &classes);
        assert_true(ir_verify(b.m, b.d, NULL));
        bench_pass(&b, "differentiate", pass_differentiate);
        through_passes(&b, g, classes);
        limits_hold(&b, g);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mlp_keeps_its_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
