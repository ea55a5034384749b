/*
 * Gradients through maps against finite differences: each op with several kernels, strides and pads,
 * values that stand for a whole map, parameters read at every position; what becomes of the updates.
 */
#include "gradient_fixture.h"

typedef struct window {
    int h, w, lanes, k[2], s[2], p[2];
} window;

static const window windows[] = {
    {3, 4, 2, {3, 3}, {1, 1}, {1, 1}}, {4, 3, 1, {2, 2}, {2, 2}, {0, 0}},
    {5, 2, 2, {3, 1}, {2, 1}, {1, 0}}, {4, 5, 1, {2, 4}, {3, 1}, {1, 2}},
    {3, 3, 3, {1, 1}, {1, 1}, {0, 0}}, {6, 4, 1, {3, 2}, {1, 3}, {2, 1}},
};
enum { WINDOWS = sizeof windows / sizeof *windows };

typedef struct maps {
    model *m;
    const window *g;
    ir_space map, places; /* [n, y, x], [n, y', x'] */
    ir_op *x;             /* a map made by a trained layer */
} maps;

static uint32_t taps(const maps *s)
{
    return (uint32_t)(s->g->k[0] * s->g->k[1]);
}

static ir_op *on_map(maps *s, ir_opcode code, uint32_t lanes, ir_space space, ir_op *x)
{
    ir_graph *g = s->m->g;
    ir_op *op = IR_OP(g, code, ir_vec(lanes, 9), SOURCE_NOWHERE, x);
    op->space = space;
    if (ir_ops[code].class != IR_CLASS_WINDOW)
        return op;
    ir_set_pair(g, op, IR_ATTR_kernel, s->g->k[0], s->g->k[1]);
    ir_set_pair(g, op, IR_ATTR_stride, s->g->s[0], s->g->s[1]);
    ir_set_pair(g, op, IR_ATTR_pad, s->g->p[0], s->g->p[1]);
    return op;
}

static ir_op *layer(maps *s, const char *name, uint32_t outputs, ir_op *x)
{
    ir_matrix_new(s->m->b->m, name, outputs, x->type.lanes + 1, 26);
    return matrix_op(s->m, IR_mvm, name, outputs, x, number(s->m, 1));
}

static ir_op *vector_of(maps *s, ir_op *map)
{
    uint32_t points = 1;
    for (int i = 1; i < 3; i++)
        points *= s->m->g->dims[map->space.dim[i]].extent;
    return on_map(s, IR_flatten, map->type.lanes * points, s->m->x->space, map);
}

static void maps_open(maps *s, model *m, const window *g)
{
    uint8_t dim[4];
    *s = (maps){.m = m, .g = g};
    dim[0] = ir_graph_dim(m->g, "y1", (uint32_t)g->h);
    dim[1] = ir_graph_dim(m->g, "x1", (uint32_t)g->w);
    dim[2] = ir_graph_dim(m->g, "y2", (uint32_t)((g->h + 2 * g->p[0] - g->k[0]) / g->s[0] + 1));
    dim[3] = ir_graph_dim(m->g, "x2", (uint32_t)((g->w + 2 * g->p[1] - g->k[1]) / g->s[1] + 1));
    s->map = (ir_space){3, {m->n, dim[0], dim[1]}};
    s->places = (ir_space){3, {m->n, dim[2], dim[3]}};
    ir_op *flat = layer(s, "made", (uint32_t)(g->h * g->w * g->lanes), m->x);
    s->x = on_map(s, IR_unflatten, (uint32_t)g->lanes, s->map, flat);
}

/* ---- bodies: from s->x to a vector of each example ---- */

typedef ir_op *map_body(maps *s);

static ir_op *window_of(maps *s)
{
    return on_map(s, IR_window, taps(s) * s->x->type.lanes, s->places, s->x);
}

static ir_op *body_flatten(maps *s)
{
    return vector_of(s, s->x);
}

static ir_op *body_window(maps *s)
{
    return vector_of(s, window_of(s));
}

static ir_op *body_convolution(maps *s)
{
    return vector_of(s, op1(s->m, IR_tanh, layer(s, "kernel", 3, window_of(s))));
}

static ir_op *body_fold(maps *s)
{
    ir_op *wide = layer(s, "wide", taps(s) * 2, window_of(s));
    return vector_of(s, on_map(s, IR_fold, 2, s->map, wide));
}

static ir_op *body_pool_max(maps *s)
{
    return vector_of(s, on_map(s, IR_pool_max, s->x->type.lanes, s->places, s->x));
}

static ir_op *pooled(maps *s, ir_op *x)
{
    return on_map(s, IR_pool_max, x->type.lanes, s->places, x);
}

static ir_op *body_pool_relu(maps *s)
{
    return vector_of(s, pooled(s, op1(s->m, IR_relu, s->x)));
}

static ir_op *body_pool_and_relu(maps *s)
{
    ir_op *y = op1(s->m, IR_relu, s->x);
    ir_op *all = on_map(s, IR_total, y->type.lanes, s->m->x->space, y);
    ir_op *both = vector_of(s, pooled(s, y));
    return op2(s->m, IR_add, both, slice_of(s->m, all, 0, 1));
}

static ir_op *body_pool_sum(maps *s)
{
    return vector_of(s, on_map(s, IR_pool_sum, s->x->type.lanes, s->places, s->x));
}

static ir_op *body_spread(maps *s)
{
    ir_op *sum = on_map(s, IR_pool_sum, s->x->type.lanes, s->places, s->x);
    return vector_of(s, on_map(s, IR_spread, s->x->type.lanes, s->map, op1(s->m, IR_tanh, sum)));
}

/* The error of a total is one for all positions, and must be there at each of a window's. */
static ir_op *body_total(maps *s)
{
    ir_op *y = layer(s, "kernel", 3, window_of(s));
    return on_map(s, IR_total, 3, s->m->x->space, y);
}

/* One factor for a whole map, made of that map. */
static ir_op *body_squeeze(maps *s)
{
    uint32_t lanes = s->x->type.lanes;
    ir_op *all = on_map(s, IR_total, lanes, s->m->x->space, s->x);
    ir_op *factor = op1(s->m, IR_sigmoid, layer(s, "squeeze", lanes, all));
    return vector_of(s, op2(s->m, IR_mul, s->x, factor));
}

/* One lane for all lanes and positions. */
static ir_op *body_scalar(maps *s)
{
    return vector_of(s, op2(s->m, IR_mul, s->x, slice_of(s->m, s->m->a, 1, 1)));
}

static ir_op *parameter(maps *s, const char *name)
{
    ir_matrix_new(s->m->b->m, name, s->x->type.lanes, 1, 26);
    return matrix_op(s->m, IR_mvm, name, s->x->type.lanes, number(s->m, 1), NULL);
}

static ir_op *body_parameter(maps *s)
{
    return vector_of(s, op2(s->m, IR_add, s->x, parameter(s, "bias")));
}

static ir_op *body_function_of_parameter(maps *s)
{
    return vector_of(s, op2(s->m, IR_mul, s->x, op1(s->m, IR_tanh, parameter(s, "scale"))));
}

static ir_op *body_softmax(maps *s)
{
    return vector_of(s, op1(s->m, IR_softmax, layer(s, "kernel", 3, window_of(s))));
}

static ir_op *body_residual(maps *s)
{
    ir_op *y = op1(s->m, IR_relu, layer(s, "kernel", 2, window_of(s)));
    ir_op *z = layer(s, "again", 2, y);
    return vector_of(s, op2(s->m, IR_add, y, z));
}

static ir_op *body_channels(maps *s)
{
    ir_op *y = layer(s, "kernel", 4, window_of(s)), *z = slice_of(s->m, y, 1, 2);
    ir_op *both = IR_OP(s->m->g, IR_concat, ir_vec(6, 9), SOURCE_NOWHERE, z, y);
    return vector_of(s, op2(s->m, IR_mul, both, both));
}

static const struct {
    const char *name;
    map_body *make;
} bodies[] = {
    {"flatten", body_flatten},         {"window", body_window},
    {"convolution", body_convolution}, {"fold", body_fold},
    {"pool_max", body_pool_max},       {"pool_sum", body_pool_sum},
    {"pool of relu", body_pool_relu},  {"pool and total of relu", body_pool_and_relu},
    {"spread", body_spread},           {"total", body_total},
    {"squeeze", body_squeeze},         {"scalar", body_scalar},
    {"parameter", body_parameter},     {"function of a parameter", body_function_of_parameter},
    {"softmax", body_softmax},         {"residual", body_residual},
    {"channels", body_channels},
};

/* The error that reaches the last op is a constant for all points, or one number for each lane. */
static ir_op *loss_sum(model *m, ir_op *y)
{
    return IR_OP(m->g, IR_sum, ir_vec(1, 9), SOURCE_NOWHERE, y);
}

static ir_op *loss_squares(model *m, ir_op *y)
{
    return loss_sum(m, op2(m, IR_mul, y, y));
}

static void maps_agree_with_finite_differences(void **state)
{
    static ir_op *(*const losses[])(model *, ir_op *) = {loss_sum, loss_squares, loss_weighted};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (size_t k = 0; k < WINDOWS; k++)
            for (size_t l = 0; l < 3; l++) {
                bench b;
                model m;
                maps s;
                bench_open(&b, 1 + i * 100 + k * 10 + l);
                model_open(&m, &b);
                maps_open(&s, &m, &windows[k]);
                ir_op *loss = losses[l](&m, bodies[i].make(&s));
                check_gradient(&m, loss,
                               arena_printf(b.memory, "%s, window %zu", bodies[i].name, k));
                bench_close(&b);
            }
}

/* ---- the shape of backward graphs ---- */

static size_t count_of(const ir_graph *g, ir_opcode code)
{
    size_t count = 0;
    IR_EACH(op, g)
        count += op->code == code;
    return count;
}

static void differentiate(model *m, ir_op *loss)
{
    IR_OP(m->g, IR_descend, ir_no_type, SOURCE_NOWHERE, loss,
          input(m->g, 2, ir_vec(1, 15), "scalar", m->n, false));
    bench_pass(m->b, "differentiate", pass_differentiate);
}

/* Of a convolution of the input itself: an update at every position, no error behind it. */
static void the_first_layer_needs_no_transposed_product(void **state)
{
    bench b;
    model m;
    maps s;
    (void)state;
    bench_open(&b, 1);
    model_open(&m, &b);
    maps_open(&s, &m, &windows[0]);
    ir_op *image = input(m.g, 3, ir_vec(24, 9), "input", m.n, true);
    s.x = on_map(&s, IR_unflatten, 2, s.map, image);
    differentiate(&m, loss_squares(&m, body_convolution(&s)));
    assert_int_equal(count_of(m.g, IR_mtvm), 0);
    assert_int_equal(count_of(m.g, IR_fold), 0);
    assert_int_equal(count_of(m.g, IR_opa), 1);
    assert_int_equal(m.g->last->code, IR_opa);
    assert_int_equal(m.g->last->space.count, 3);
    bench_close(&b);
}

/* Few different numbers, so that many are 0 and many equal; some so large that sums saturate. */
static int16_t *coarse_numbers(arena *memory, size_t count, random_state *r)
{
    int16_t *at = ARENA_ARRAY(memory, int16_t, count);
    for (size_t i = 0; i < count; i++)
        at[i] = (int16_t)(10000 * ((int)random_below(r, 7) - 3));
    return at;
}

static ir_op *unpooled(maps *s, ir_op *error, ir_op *y, ir_op *z)
{
    ir_op *op = on_map(s, IR_unpool, y->type.lanes, s->map, error);
    ir_op_add_arg(s->m->g, op, y);
    ir_op_add_arg(s->m->g, op, z);
    op->space = s->map;
    return op;
}

/* Where an error comes through the pool of a relu, its mask is taken before the pool's adjoint. */
static void the_mask_of_a_pooled_relu_moves_exactly(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20 * WINDOWS; seed++) {
        bench b;
        model m;
        maps s;
        random_state r = random_from(seed, 3);
        bench_open(&b, seed);
        model_open(&m, &b);
        maps_open(&s, &m, &windows[seed % WINDOWS]);
        ir_op *x = input(m.g, 3, ir_vec(2, 9), "input", m.n, true);
        ir_op *error = input(m.g, 4, ir_vec(2, 9), "input", m.n, true);
        x->space = s.map;
        error->space = s.places;
        ir_op *y = op1(&m, IR_relu, x), *z = pooled(&s, y);
        ir_op *late = op2(&m, IR_relud, unpooled(&s, error, y, z), y);
        ir_op *early = unpooled(&s, op2(&m, IR_relud, error, z), y, z);
        size_t words = ir_space_points(m.g, s.map) * 2;
        const int16_t *inputs[] = {
            coarse_numbers(b.memory, BATCH * INPUTS, &r),
            coarse_numbers(b.memory, BATCH * LANES, &r), NULL, coarse_numbers(b.memory, words, &r),
            coarse_numbers(b.memory, ir_space_points(m.g, s.places) * 2, &r)};
        ir_fixed *run = ir_fixed_new(b.memory, b.m, FIDELITY_ADC, seed);
        ir_fixed_run(run, m.g, 0, inputs, NULL);
        assert_memory_equal(ir_fixed_value(run, late), ir_fixed_value(run, early), words * 2);
        bench_close(&b);
    }
}

/* A relu that is only pooled is needed where it is pooled, not at the pixels. */
static void a_pooled_relu_is_masked_at_positions(void **state)
{
    bench b;
    model m;
    maps s;
    (void)state;
    bench_open(&b, 1);
    model_open(&m, &b);
    maps_open(&s, &m, &windows[1]);
    differentiate(&m, loss_squares(&m, body_pool_relu(&s)));
    assert_int_equal(count_of(m.g, IR_unpool), 1);
    IR_EACH(op, m.g)
        assert_true(op->code != IR_relud || op->args[1]->code == IR_pool_max);
    bench_close(&b);
}

/* The number of ops does not depend on the size of the map. */
static void graphs_stay_rolled(void **state)
{
    static const window sizes[] = {{4, 4, 2, {3, 3}, {1, 1}, {1, 1}},
                                   {64, 48, 2, {3, 3}, {1, 1}, {1, 1}}};
    uint32_t ops[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        bench b;
        model m;
        maps s;
        bench_open(&b, 1);
        model_open(&m, &b);
        maps_open(&s, &m, &sizes[i]);
        differentiate(&m, loss_squares(&m, body_convolution(&s)));
        ops[i] = m.g->next_id;
        bench_close(&b);
    }
    assert_int_equal(ops[0], ops[1]);
}

static void expect_error(model *m, ir_op *loss, const char *text)
{
    bench *b = m->b;
    static const pass_options none;
    pass_context c = {b->m, &b->machine, b->memory, b->d, 0, &none, pass_default_tuning};
    char *said = NULL;
    size_t length = 0;
    IR_OP(m->g, IR_descend, ir_no_type, SOURCE_NOWHERE, loss, number(m, -0.25));
    assert_false(pass_differentiate(&c));
    FILE *out = open_memstream(&said, &length);
    diag_print(b->d, out, false);
    fclose(out);
    if (!strstr(said, text))
        fail_msg("expected '%s', found %s", text, said);
    free(said);
}

static void what_has_no_gradient_is_refused(void **state)
{
    bench b;
    model m;
    maps s;
    (void)state;
    bench_open(&b, 1);
    model_open(&m, &b);
    maps_open(&s, &m, &windows[1]);
    ir_op *most = on_map(&s, IR_pool_max, 1, s.places, s.x);
    ir_op *back = on_map(&s, IR_unpool, 1, s.map, most);
    ir_op_add_arg(m.g, back, s.x);
    ir_op_add_arg(m.g, back, most);
    back->space = s.map;
    expect_error(&m, loss_sum(&m, vector_of(&s, back)), "not supported: a gradient through unpool");
    bench_close(&b);

    bench_open(&b, 1);
    model_open(&m, &b);
    maps_open(&s, &m, &windows[1]);
    ir_op *once = layer(&s, "shared", 1, s.x);
    ir_op *pooled = on_map(&s, IR_pool_max, 1, s.places, once);
    ir_op *twice = matrix_op(&m, IR_mvm, "shared", 1, pooled, number(&m, 1));
    expect_error(&m, loss_sum(&m, vector_of(&s, twice)),
                 "not supported: updates of 'shared' over maps of different sizes");
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_agree_with_finite_differences),
        cmocka_unit_test(the_first_layer_needs_no_transposed_product),
        cmocka_unit_test(the_mask_of_a_pooled_relu_moves_exactly),
        cmocka_unit_test(a_pooled_relu_is_masked_at_positions),
        cmocka_unit_test(graphs_stay_rolled),
        cmocka_unit_test(what_has_no_gradient_is_refused),
    };
    return cmocka_run_group_tests_name("passes gradient map", tests, NULL, NULL);
}
