/*
 * Random graphs through the passes: the fixed-point interpreter gives the same bits before and
 * after each pass that promises it, the verifier is content, and the text form round-trips.
 */
#include "test_passes.h"

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
