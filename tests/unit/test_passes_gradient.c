/*
 * Gradients against finite differences: every differentiable op, and random compositions of them,
 * in double precision through the float interpreter. One kernel with rate 1 adds the gradient to the
 * weights. Also: what is refused, what is frozen, how formats of updates come out.
 */
#include "gradient_fixture.h"

/* ---- bodies: one per differentiable op (or way of using one) ---- */

typedef ir_op *body(model *m);

static ir_op *positive(model *m, ir_op *x)
{
    return op2(m, IR_add, op2(m, IR_mul, x, x), number(m, 0.5));
}

#define BODY2(name)                                                                                \
    static ir_op *body_##name(model *m)                                                            \
    {                                                                                              \
        return op2(m, IR_##name, m->a, m->c);                                                      \
    }
#define BODY1(name)                                                                                \
    static ir_op *body_##name(model *m)                                                            \
    {                                                                                              \
        return op1(m, IR_##name, m->a);                                                            \
    }
#define BODY1_POSITIVE(name)                                                                       \
    static ir_op *body_##name(model *m)                                                            \
    {                                                                                              \
        return op1(m, IR_##name, positive(m, m->a));                                               \
    }

BODY2(add)
BODY2(sub)
BODY2(mul)
BODY2(min)
BODY2(max)
BODY2(relud)
BODY1(neg)
BODY1(abs)
BODY1(relu)
BODY1(sigmoid)
BODY1(tanh)
BODY1(exp)
BODY1(convert)
BODY1(softmax)
BODY1_POSITIVE(log)
BODY1_POSITIVE(sqrt)
BODY1_POSITIVE(rsqrt)

static ir_op *body_round(model *m)
{
    ir_op *op = op1(m, IR_round, m->a);
    ir_set_int(m->g, op, IR_ATTR_grid, 2);
    return op;
}

static ir_op *body_div(model *m)
{
    return op2(m, IR_div, m->a, positive(m, m->c));
}

static ir_op *body_square(model *m)
{
    return op2(m, IR_mul, m->a, m->a);
}

static ir_op *body_select(model *m)
{
    ir_op *mask = op2(m, IR_gt, m->r, number(m, 0));
    return IR_OP(m->g, IR_select, ir_vec(LANES, 9), SOURCE_NOWHERE, mask, m->a, m->c);
}

static ir_op *body_mask(model *m)
{
    return op2(m, IR_mul, m->a, op2(m, IR_gt, m->c, number(m, 0)));
}

static ir_op *body_slice(model *m)
{
    return op2(m, IR_mul, slice_of(m, m->a, 1, 3), slice_of(m, m->a, 2, 3));
}

static ir_op *body_ends(model *m)
{
    return op2(m, IR_add, slice_of(m, m->a, 0, 2), slice_of(m, m->a, LANES - 2, 2));
}

static ir_op *body_concat(model *m)
{
    ir_op *both = IR_OP(m->g, IR_concat, ir_vec(2 * LANES + 1, 9), SOURCE_NOWHERE, m->a,
                        slice_of(m, m->c, 3, 1), m->c);
    return op2(m, IR_mul, both, both);
}

static ir_op *body_sum(model *m)
{
    ir_op *all = IR_OP(m->g, IR_sum, ir_vec(1, 9), SOURCE_NOWHERE, m->a);
    return op2(m, IR_mul, all, all);
}

static ir_op *body_maxr(model *m)
{
    ir_op *most = IR_OP(m->g, IR_maxr, ir_vec(1, 9), SOURCE_NOWHERE, m->a);
    return op2(m, IR_mul, most, m->c);
}

/* One lane stands for all: implicit and explicit. */
static ir_op *body_one_lane(model *m)
{
    ir_op *one = slice_of(m, m->a, 1, 1), *other = slice_of(m, m->a, 2, 1);
    ir_op *spread = IR_OP(m->g, IR_bcast, ir_vec(LANES, 9), SOURCE_NOWHERE, other);
    return op2(m, IR_sub, op2(m, IR_mul, one, m->c), spread);
}

static ir_op *body_mvm(model *m)
{
    ir_matrix_new(m->b->m, "deep", 3, 2 * LANES + 1, 26);
    ir_op *y = matrix_op(m, IR_mvm, "deep", 3, m->a, number(m, 1));
    ir_op_add_arg(m->g, y, m->c);
    return y;
}

static ir_op *body_mtvm(model *m)
{
    ir_matrix_new(m->b->m, "back", LANES + 1, 3, 26);
    return matrix_op(m, IR_mtvm, "back", 3, m->a, number(m, 1));
}

/* The same weights twice, and through their own transpose. */
static ir_op *body_tied(model *m)
{
    ir_matrix_new(m->b->m, "tied", LANES, LANES, 26);
    ir_op *once = op1(m, IR_tanh, matrix_op(m, IR_mvm, "tied", LANES, m->a, NULL));
    ir_op *twice = matrix_op(m, IR_mvm, "tied", LANES, once, NULL);
    return matrix_op(m, IR_mtvm, "tied", LANES, twice, NULL);
}

static ir_op *body_leaky(model *m)
{
    return op2(m, IR_max, m->a, op2(m, IR_mul, m->a, number(m, 0.01)));
}

static ir_op *body_frozen(model *m)
{
    ir_matrix_new(m->b->m, "still", LANES, LANES, 26)->frozen = true;
    return matrix_op(m, IR_mvm, "still", LANES, m->a, NULL);
}

/* ---- losses ---- */

typedef ir_op *loss_of(model *m, ir_op *y);

static ir_op *loss_mse(model *m, ir_op *y)
{
    return op2(m, IR_mul, number(m, 3),
               IR_OP(m->g, IR_mse, ir_vec(1, 9), SOURCE_NOWHERE, y, reference(m, y)));
}

static ir_op *loss_plain_mse(model *m, ir_op *y)
{
    return IR_OP(m->g, IR_mse, ir_vec(1, 9), SOURCE_NOWHERE, reference(m, y), y);
}

/* The target need not be one-hot: any that adds up to 1. */
static ir_op *loss_cross_entropy(model *m, ir_op *y)
{
    ir_op *noise = slice_of(m, m->r, 0, 1);
    ir_op *flat = constant(m->g, 1.0 / y->type.lanes, y->type.lanes, 9);
    ir_op *target = op2(m, IR_add, flat, op2(m, IR_mul, noise, number(m, 0)));
    return IR_OP(m->g, IR_cross_entropy, ir_vec(1, 9), SOURCE_NOWHERE, y, target);
}

static const struct {
    const char *name;
    body *make;
} bodies[] = {
    {"add", body_add},         {"sub", body_sub},         {"mul", body_mul},
    {"div", body_div},         {"min", body_min},         {"max", body_max},
    {"relud", body_relud},     {"neg", body_neg},         {"abs", body_abs},
    {"relu", body_relu},       {"sigmoid", body_sigmoid}, {"tanh", body_tanh},
    {"exp", body_exp},         {"log", body_log},         {"sqrt", body_sqrt},
    {"rsqrt", body_rsqrt},     {"convert", body_convert}, {"round", body_round},
    {"softmax", body_softmax}, {"square", body_square},   {"select", body_select},
    {"mask", body_mask},       {"slice", body_slice},     {"ends", body_ends},
    {"concat", body_concat},   {"sum", body_sum},         {"maxr", body_maxr},
    {"one lane", body_one_lane}, {"mvm", body_mvm},       {"mtvm", body_mtvm},
    {"tied", body_tied},       {"leaky relu", body_leaky}, {"frozen", body_frozen},
};

static const struct {
    const char *name;
    loss_of *make;
} losses[] = {
    {"weighted sum", loss_weighted},
    {"mse", loss_mse},
    {"plain mse", loss_plain_mse},
    {"cross entropy", loss_cross_entropy},
};

enum { BODIES = sizeof bodies / sizeof *bodies, LOSSES = sizeof losses / sizeof *losses };

static void every_op_agrees_with_finite_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < BODIES; i++)
        for (size_t k = 0; k < LOSSES; k++)
            for (uint64_t seed = 1; seed <= 3; seed++) {
                bench b;
                model m;
                bench_open(&b, seed * 1000 + i * 10 + k);
                model_open(&m, &b);
                ir_op *loss = losses[k].make(&m, bodies[i].make(&m));
                check_gradient(&m, loss,
                               arena_printf(b.memory, "%s, %s", bodies[i].name, losses[k].name));
                bench_close(&b);
            }
}

/* A chain of bodies: each takes what the last ones made. */
static void compositions_agree_with_finite_differences(void **state)
{
    (void)state;
    static body *const steps[] = {body_add,     body_sub,  body_mul,  body_div,    body_min,
                                  body_max,     body_neg,  body_relu, body_sigmoid, body_tanh,
                                  body_softmax, body_sqrt, body_log,  body_one_lane, body_maxr};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        bench b;
        model m;
        bench_open(&b, seed);
        model_open(&m, &b);
        for (int i = 0; i < 6; i++) {
            ir_op *y = steps[below(&b, sizeof steps / sizeof *steps)](&m);
            *(below(&b, 2) ? &m.a : &m.c) = op1(&m, IR_tanh, y);
        }
        ir_op *y = op2(&m, IR_sub, m.a, m.c);
        check_gradient(&m, losses[seed % LOSSES].make(&m, y), "composition");
        bench_close(&b);
    }
}

/* ---- what is refused ---- */

static void expect_error(model *m, ir_op *loss, const char *text)
{
    bench *b = m->b;
    static const pass_options none;
    pass_context c = {b->m, &b->machine, b->memory, b->d, 0, &none, pass_default_tuning};
    char *said = NULL;
    size_t length = 0;
    if (loss)
        IR_OP(m->g, IR_descend, ir_no_type, SOURCE_NOWHERE, loss, number(m, -0.25));
    assert_false(pass_differentiate(&c));
    FILE *out = open_memstream(&said, &length);
    diag_print(b->d, out, false);
    fclose(out);
    if (!strstr(said, text))
        print_message("%s", said);
    assert_non_null(strstr(said, text));
    free(said);
}

static void bernoulli_of_a_parameter_is_refused(void **state)
{
    (void)state;
    bench b;
    model m;
    bench_open(&b, 1);
    model_open(&m, &b);
    ir_op *draw = ir_op_new(m.g, NULL, IR_random, ir_vec(LANES, 15), NULL, 0, SOURCE_NOWHERE);
    draw->space = m.x->space;
    ir_op *sample = op2(&m, IR_lt, draw, op1(&m, IR_sigmoid, m.a));
    expect_error(&m, loss_weighted(&m, op2(&m, IR_mul, sample, m.c)),
                 "the gradient of bernoulli is not defined");
    bench_close(&b);
}

/* Dropout with a fixed rate is fine. */
static void bernoulli_of_a_number_is_a_mask(void **state)
{
    (void)state;
    bench b;
    model m;
    bench_open(&b, 1);
    model_open(&m, &b);
    ir_op *draw = ir_op_new(m.g, NULL, IR_random, ir_vec(LANES, 15), NULL, 0, SOURCE_NOWHERE);
    draw->space = m.x->space;
    ir_set_int(m.g, draw, IR_ATTR_stream, 1);
    ir_op *kept = op2(&m, IR_lt, draw, number(&m, 0.5));
    check_gradient(&m, loss_weighted(&m, op2(&m, IR_mul, kept, m.a)), "dropout");
    bench_close(&b);
}

static void column_format_out_of_range_is_refused(void **state)
{
    (void)state;
    bench b;
    model m;
    bench_open(&b, 1);
    model_open(&m, &b);
    ir_module_matrix(b.m, "wa")->q = 44;
    m.x->type.q = 11;
    expect_error(&m, loss_weighted(&m, m.a),
                 "the column operand would need q33 (weights q44 - rows q11); formats go from q0 "
                 "to q31");
    bench_close(&b);
}

static void loss_as_a_result_is_refused(void **state)
{
    (void)state;
    bench b;
    model m;
    bench_open(&b, 1);
    model_open(&m, &b);
    ir_op *loss = loss_plain_mse(&m, m.a);
    ir_set_int(m.g, IR_OP(m.g, IR_output, ir_no_type, SOURCE_NOWHERE, loss), IR_ATTR_port, 0);
    expect_error(&m, NULL, "not supported: the value of a loss inside a kernel");
    bench_close(&b);
}

/* ---- what is left out ---- */

static size_t count_ops(const ir_graph *g, ir_opcode code)
{
    size_t count = 0;
    IR_EACH(op, g)
        count += op->code == code;
    return count;
}

static void first_layer_gets_no_transposed_product(void **state)
{
    (void)state;
    bench b;
    model m;
    bench_open(&b, 1);
    model_open(&m, &b);
    ir_op *deep = body_mvm(&m);
    check_gradient(&m, loss_weighted(&m, deep), "two layers");
    assert_int_equal(count_ops(m.g, IR_mtvm), 1);
    assert_int_equal(count_ops(m.g, IR_opa), 3);
    assert_int_equal(count_ops(m.g, IR_descend), 0);
    const ir_op *op = m.g->last;
    for (int i = 0; i < 3; i++, op = op->previous)
        assert_int_equal(op->code, IR_opa);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_agrees_with_finite_differences),
        cmocka_unit_test(compositions_agree_with_finite_differences),
        cmocka_unit_test(bernoulli_of_a_parameter_is_refused),
        cmocka_unit_test(bernoulli_of_a_number_is_a_mask),
        cmocka_unit_test(column_format_out_of_range_is_refused),
        cmocka_unit_test(loss_as_a_result_is_refused),
        cmocka_unit_test(first_layer_gets_no_transposed_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
