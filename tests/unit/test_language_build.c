/* Checked programs as graphs and host plans: what they compute, names, what is refused. */
#include "tests/unit/language_fixture.h"

#include "emulator/host/plan.h"
#include "passes/passes.h"

#include <math.h>
#include <unistd.h>

typedef struct built {
    compiled c;
    ir_module *m;
    ir_float *f;
} built;

static built build(const char *text)
{
    built b = {.c = compile_good(text)};
    ir_numerics numerics = paper_numerics();
    b.m = pan_build(b.c.program, &numerics, b.c.d);
    bool good = b.m && ir_verify(b.m, b.c.d, NULL);
    fetch_messages(&b.c);
    if (!good)
        fail_msg("%s\n%s", text, b.c.messages);
    b.f = ir_float_new(b.c.memory, b.m, 1);
    return b;
}

static void built_free(built *b)
{
    compiled_free(&b->c);
}

static double *weights(built *b, const char *matrix)
{
    return ir_float_weights(b->f, ir_module_matrix(b->m, matrix));
}

static void run(built *b, const char *graph, const double *const *inputs, double *const *outputs)
{
    ir_graph *g = ir_module_graph(b->m, graph);
    assert_non_null(g);
    ir_float_run(b->f, g, 0, inputs, outputs);
}

static void assert_near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 + 1e-9 * fabs(b)))
        fail_msg("%.17g is not %.17g", a, b);
}

/* dense is [weight | bias] times [x | 1]; weights are stored inputs x outputs. */
static void test_dense(void **state)
{
    (void)state;
    built b = build("network f(x: vec[2]) -> vec[3], vec[2] {\n"
                    "    h = dense(x, 3, name = \"first\")\n"
                    "    return h, dense(relu(h), 2, bias = false)\n"
                    "}\n");
    const ir_matrix *first = ir_module_matrix(b.m, "first");
    assert_int_equal(first->inputs, 3);
    assert_int_equal(first->outputs, 3);
    assert_int_equal(first->tensor_count, 2);
    assert_string_equal(first->tensors[1].name, "first.bias");
    assert_int_equal(first->tensors[1].input0, 2);
    assert_near(first->tensors[0].init_value, 1 / sqrt(2));
    double w1[] = {1, 2, -3, 0.5, -1, 2, /* bias */ 0.25, 0, -1}, w2[] = {1, 2, 3, 4, 5, 6};
    memcpy(weights(&b, "first"), w1, sizeof w1);
    memcpy(weights(&b, "dense_1"), w2, sizeof w2);
    double x[] = {2, 3}, h[3], y[2];
    run(&b, "test:f", (const double *[]){x}, (double *[]){h, y});
    double expected[] = {2 + 1.5 + 0.25, 4 - 3, -6 + 6 - 1};
    for (int i = 0; i < 3; i++)
        assert_near(h[i], expected[i]);
    for (int i = 0; i < 2; i++)
        assert_near(y[i], expected[0] * w2[i] + expected[1] * w2[2 + i]);
    built_free(&b);
}

/* One expression of a vec x [4] and y [4] against the same in C. */
typedef double reference(const double *x, const double *y, int i);
#define REFERENCE(name, value)                                                                     \
    static double name(const double *x, const double *y, int i)                                    \
    {                                                                                              \
        (void)x, (void)y, (void)i;                                                                 \
        return value;                                                                              \
    }
REFERENCE(r_arithmetic, x[i] * y[i] + 2 * x[i] - y[i] / 4)
REFERENCE(r_leaky, x[i] > 0 ? x[i] : 0.1 * x[i])
REFERENCE(r_clamp, x[i] < -0.5 ? -0.5 : x[i] > 0.75 ? 0.75 : x[i])
REFERENCE(r_where, x[i] >= y[i] ? x[i] : 7)
REFERENCE(r_minmax, fmin(x[i], 0.25) + fmax(x[i], y[i]))
REFERENCE(r_masks, (x[i] > 0) + 2 * (x[i] <= y[i]) + 4 * (x[i] != 1))
REFERENCE(r_functions, tanh(x[i]) + 1 / (1 + exp(-y[i])) + exp(x[i]) + log(y[i]) + sqrt(y[i]))
REFERENCE(r_signs, fabs(x[i]) - (x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0))
REFERENCE(r_softmax, exp(x[i]) / (exp(x[0]) + exp(x[1]) + exp(x[2]) + exp(x[3])))
REFERENCE(r_mean, (x[0] + x[1] + x[2] + x[3]) / 4 * y[i])
REFERENCE(r_dot, (x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3]) - x[i])
REFERENCE(r_shapes, i < 2 ? x[2 + i] : i == 2 ? y[1] : 1)
REFERENCE(r_sum, x[0] + x[1] + x[2] + x[3] - x[3])

static void test_functions(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        reference *expected;
    } cases[] = {
        {"x * y + 2 * x - y / 4", r_arithmetic},
        {"leaky_relu(x, 0.1)", r_leaky},
        {"clamp(x, -0.5, 0.75)", r_clamp},
        {"where(x >= y, x, 7)", r_where},
        {"min(x, 0.25) + max(x, y)", r_minmax},
        {"(x > 0) + 2 * (x <= y) + 4 * (x != 1)", r_masks},
        {"tanh(x) + sigmoid(y) + exp(x) + log(y) + sqrt(y)", r_functions},
        {"abs(x) - sign(x)", r_signs},
        {"softmax(x)", r_softmax},
        {"mean(x) * y", r_mean},
        {"dot(x, y) - x", r_dot},
        {"concat(x[2 : 4], y[1 : 2], ones(1))", r_shapes},
        {"(sum(x) - x[3]) * ones(4)", r_sum},
        {"flatten(reshape(x, 1, 2, 2)) * 1 - 0", NULL},
    };
    const double x[] = {1, -2, 0.5, 0.125}, y[] = {0.5, 2, 3, 0.125};
    arena *memory = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        built b = build(arena_printf(memory, "network f(x: vec[4], y: vec[4]) -> vec[4] {\n"
                                             "    return %s\n}\n", cases[i].expression));
        double out[4];
        run(&b, "test:f", (const double *[]){x, y}, (double *[]){out});
        for (int k = 0; k < 4; k++)
            assert_near(out[k], cases[i].expected ? cases[i].expected(x, y, k) : x[k]);
        built_free(&b);
    }
    arena_free(memory);
}

/* Updates add up over the batch, with their sign and scale; reads see the old weights. */
static void test_kernel(void **state)
{
    (void)state;
    built b = build("data d { train = csv(\"d\", target = [2]) }\n"
                    "param W: matrix[2, 2];  param b: vec[2]\n"
                    "kernel k(x: vec[2], t: vec[1], rate: scalar) -> scalar {\n"
                    "    y = W @ x + b\n"
                    "    W -= rate * (2 * outer(y, x) - outer(x, y) / 4)\n"
                    "    b += rate * y\n"
                    "    return sum(y) * t[0]\n"
                    "}\n"
                    "train k on d { rate = 0.5; batch = 2; epochs = 1 }\n");
    double w[] = {1, 2, 3, 4}, bias[] = {0.5, -0.5}; /* w[input * 2 + output] */
    double x[] = {1, 2, -1, 3}, t[] = {1, 2}, rate = 0.5, out[2], expected[4], add[2] = {0};
    memcpy(weights(&b, "W"), w, sizeof w);
    memcpy(weights(&b, "b"), bias, sizeof bias);
    memcpy(expected, w, sizeof w);
    for (int n = 0; n < 2; n++) {
        const double *v = x + 2 * n;
        double y[2];
        for (int o = 0; o < 2; o++)
            y[o] = w[o] * v[0] + w[2 + o] * v[1] + bias[o];
        for (int i = 0; i < 2; i++)
            for (int o = 0; o < 2; o++)
                expected[2 * i + o] -= rate * (2 * y[o] * v[i] - v[o] * y[i] / 4);
        add[0] += rate * y[0];
        add[1] += rate * y[1];
    }
    run(&b, "k", (const double *[]){x, t, &rate}, (double *[]){out});
    for (int i = 0; i < 4; i++)
        assert_near(weights(&b, "W")[i], expected[i]);
    for (int i = 0; i < 2; i++)
        assert_near(weights(&b, "b")[i], bias[i] + add[i]);
    double y0 = w[0] * 1 + w[2] * 2 + 0.5 + w[1] * 1 + w[3] * 2 - 0.5;
    assert_near(out[0], y0);
    built_free(&b);
}

static size_t count_ops(const ir_graph *g, ir_opcode code)
{
    size_t n = 0;
    IR_EACH(op, (ir_graph *)(uintptr_t)g)
        n += op->code == code;
    return n;
}

static const char training[] =
    "data d { train = csv(\"d\", label = 2) }\n"
    "def squared(output, target) {\n"
    "    e = output - one_hot(target)\n"
    "    return sum(e * e)\n"
    "}\n"
    "network f(x: vec[2]) -> vec[3] { return dense(relu(dense(x, 4)), 3) }\n"
    "network g(x: vec[2]) -> vec[3] { return dense(x, 3) }\n"
    "train f on d { loss = cross_entropy; update = sgd(0.5); batch = 8; epochs = 1 }\n"
    "train f on d { loss = mse; update = sgd(0.5); batch = 4; epochs = 1; weights = \"w\" }\n"
    "train g on d { loss = squared; update = sgd(0.5); batch = 2; epochs = 2 }\n";

static void test_training_graphs(void **state)
{
    (void)state;
    built b = build(training);
    static const struct {
        const char *name;
        uint32_t batch;
        size_t cross_entropy, mse, outputs;
    } graphs[] = {
        {"train:f", 8, 1, 0, 1}, {"train:f.2", 4, 0, 1, 1},
        {"train:g", 2, 0, 0, 2}, {"test:f", 8, 0, 0, 1}, {"test:g", 2, 0, 0, 1},
    };
    assert_int_equal(b.m->graph_count, 5);
    for (size_t i = 0; i < 5; i++) {
        const ir_graph *g = ir_module_graph(b.m, graphs[i].name);
        assert_non_null(g);
        assert_int_equal(g->dims[0].extent, graphs[i].batch);
        assert_int_equal(count_ops(g, IR_cross_entropy), graphs[i].cross_entropy);
        assert_int_equal(count_ops(g, IR_mse), graphs[i].mse);
        assert_int_equal(count_ops(g, IR_output), graphs[i].outputs);
        assert_int_equal(count_ops(g, IR_descend), graphs[i].name[1] == 'r');
    }
    /* both networks have a dense_1: one of them would shadow the other in a file */
    assert_non_null(ir_module_matrix(b.m, "f.dense_1"));
    assert_non_null(ir_module_matrix(b.m, "g.dense_1"));
    assert_non_null(ir_module_matrix(b.m, "dense_2"));
    built_free(&b);
}

static void test_freeze(void **state)
{
    (void)state;
    built b = build("data d { train = csv(\"d\", label = 2) }\n"
                    "network f(x: vec[2]) -> vec[3] { return dense(relu(dense(x, 4)), 3) }\n"
                    "train f on d { loss = mse; update = sgd(0.5); batch = 8; epochs = 1\n"
                    "    freeze = [\"dense_1.*\"] }\n"
                    "param W: matrix[3, 2];  param V: matrix[3, 2]\n"
                    "kernel k(x: vec[2], r: scalar) {\n"
                    "    y = V @ x\n"
                    "    W += r * outer(y, x);  V += r * outer(y, x)\n"
                    "}\n"
                    "train k on d { r = 1; batch = 1; epochs = 1; freeze = [\"W\"] }\n");
    assert_true(ir_module_matrix(b.m, "dense_1")->frozen);
    assert_false(ir_module_matrix(b.m, "dense_2")->frozen);
    assert_int_equal(count_ops(ir_module_graph(b.m, "k"), IR_opa), 1);
    built_free(&b);
}

/* What one block freezes and another trains, and a weight whose bias is trained: noted per graph. */
static void test_freeze_parts(void **state)
{
    (void)state;
    built b = build("data d { train = csv(\"d\", label = 2) }\n"
                    "network f(x: vec[2]) -> vec[3] { return dense(relu(dense(x, 4)), 3) }\n"
                    "train f on d { loss = mse; update = sgd(0.5); batch = 8; epochs = 1\n"
                    "    freeze = [\"dense_1.*\", \"dense_2.weight\"] }\n"
                    "train f on d { loss = mse; update = sgd(0.5); batch = 8; epochs = 1 }\n");
    assert_false(ir_module_matrix(b.m, "dense_1")->frozen);
    pass_context c = {.module = b.m, .memory = b.m->memory, .diag = b.c.d};
    assert_true(pass_differentiate(&c));
    const ir_graph *first = ir_module_graph(b.m, "train:f");
    assert_int_equal(count_ops(ir_module_graph(b.m, "train:f.2"), IR_opa), 2);
    assert_int_equal(count_ops(first, IR_opa), 1);
    assert_int_equal(count_ops(first, IR_mtvm), 0);
    IR_EACH(op, first)
        if (op->code == IR_opa) {
            assert_int_equal(op->args[1]->code, IR_const);
            assert_int_equal(op->args[1]->type.lanes, 4);
            assert_true(ir_get(op->args[1], IR_ATTR_value)->real == 0);
            assert_true(ir_get(op->args[2], IR_ATTR_value)->real == 1);
        }
    built_free(&b);
}

static void expect_refusal(const char *text, const char *error)
{
    compiled c = compile_good(text);
    ir_numerics numerics = paper_numerics();
    assert_null(pan_build(c.program, &numerics, c.d));
    fetch_messages(&c);
    if (!strstr(c.messages, error))
        fail_msg("expected '%s', got\n%s", error, c.messages);
    compiled_free(&c);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refusal("network f(x: map[1, 80000, 1]) -> vec[1] {\n"
                   "    return global_avg_pool(max_pool(x, [70000, 1]))\n}\n",
                   "test.pan:2:28: error: not supported yet: a kernel, stride or padding of more "
                   "than 2^16, because the graph IR cannot hold it\n");
    expect_refusal("network f(x: map[1024, 1, 1]) -> vec[2] {\n"
                   "    return flatten(conv2d(x, 2, 201, padding = 100))\n}\n",
                   "not supported yet: a matrix side of more than 2^24");
    expect_refusal("network f(x: map[1024, 1, 1]) -> vec[1024] {\n"
                   "    return global_avg_pool(conv2d(x, 1024, 1, padding = 100)) "
                   "+ flatten(x)\n}\n"
                   "network g(x: map[1024, 1, 1]) -> vec[41370624] {\n"
                   "    return flatten(conv2d(x, 1024, 1, padding = 100))\n}\n",
                   "test.pan:5:12: error: not supported yet: a vector of more than 2^24 elements");
}

/* The errors of a layer's result, and of what is made of it up to the next layer, have its format. */
static void test_error_formats(void **state)
{
    (void)state;
    built b = build("network f(x: vec[4]) -> vec[4] {\n"
                    "    h = relu(dense(x, 6, name = \"a\"))\n"
                    "    return dense(tanh(dense(h, 5, name = \"b\")), 4, name = \"c\")\n}\n"
                    "data d { train = csv(\"d\", label = 4) }\n"
                    "train f on d { loss = mse; update = sgd(1); batch = 1; epochs = 1 }\n"
                    "deploy { place f {\n"
                    "    layer \"a\" { error = q12 };  layer \"c\" { error = q10 } } }\n");
    pass_context c = {.module = b.m, .memory = b.m->memory, .diag = b.c.d};
    assert_true(pass_differentiate(&c));
    const int expected[] = {14, 12}; /* of b's result through c, of a's through b */
    int seen = 0;
    IR_EACH(op, ir_module_graph(b.m, "train:f")) {
        if (op->code == IR_mtvm)
            assert_int_equal(op->type.q, expected[seen++]);
        if (op->code == IR_relud)
            assert_int_equal(op->type.q, 12);
        if (op->code == IR_mul && op->args[1]->code == IR_input) /* error * rate */
            assert_int_equal(op->args[0]->type.q,
                             !strcmp(ir_get_name(op, IR_ATTR_layer, ""), "a")   ? 12
                             : !strcmp(ir_get_name(op, IR_ATTR_layer, ""), "b") ? 14
                                                                                : 10);
        assert_null(ir_get(op, IR_ATTR_error));
    }
    assert_int_equal(seen, 2);
    built_free(&b);
}

/* What the language writes, the IR's own text carries. */
static void test_text(void **state)
{
    (void)state;
    static const char *const files[] = {"mlp.pan", "kernel_sgd.pan", "rbm.pan", "oja.pan",
                                        "lenet5.pan", "bptt.pan"};
    assert_int_equal(chdir(GOOD_FOLDER), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        arena *memory = arena_new();
        size_t length, size;
        built b = build(read_whole(memory, files[i], &length));
        char *first = NULL, *second = NULL;
        FILE *out = open_memstream(&first, &size);
        ir_print(b.m, out);
        fclose(out);
        ir_module *again = ir_parse(memory, b.c.sources, b.c.d, "again.ir", first, size);
        assert_non_null(again);
        out = open_memstream(&second, &size);
        ir_print(again, out);
        fclose(out);
        assert_string_equal(first, second);
        free(first);
        free(second);
        built_free(&b);
        arena_free(memory);
    }
}

/* The plan is what the host reads. */
static void test_plan(void **state)
{
    (void)state;
    compiled c = compile_good(training);
    plan *p = plan_parse(c.memory, c.d, "plan", pan_plan_json(c.program, c.memory));
    assert_non_null(p);
    assert_int_equal(p->data_count, 1);
    assert_int_equal(p->data[0].train->kind, SOURCE_CSV);
    assert_int_equal(p->data[0].train->label, 2);
    assert_true(p->data[0].shuffle && !p->data[0].test.given);
    assert_int_equal(p->train_count, 3);
    assert_string_equal(p->train[1].entry, "train:f.2");
    assert_string_equal(p->train[1].evaluate, "test:f");
    assert_string_equal(p->train[1].weights, "w");
    assert_int_equal(p->train[0].loss, LOSS_CROSS_ENTROPY);
    assert_int_equal(p->train[1].loss, LOSS_MSE);
    assert_int_equal(p->train[2].loss, LOSS_OUTPUT);
    assert_true(p->train[0].scalars[0].scale == -1.0 / 8);
    assert_true(p->train[0].scalars[0].schedule.first == 0.5);
    compiled_free(&c);

    assert_int_equal(chdir(GOOD_FOLDER), 0);
    static const char *const files[] = {"vgg16.pan", "oja.pan", "kernel_sgd.pan", "tenants.pan"};
    for (size_t i = 0; i < 4; i++) {
        size_t length;
        arena *memory = arena_new();
        c = compile_good(read_whole(memory, files[i], &length));
        p = plan_parse(c.memory, c.d, "plan", pan_plan_json(c.program, c.memory));
        fetch_messages(&c);
        if (!p)
            fail_msg("%s", c.messages);
        assert_int_equal(p->train_count, i < 3);
        if (i == 0) {
            assert_int_equal(p->train[0].scalars[0].schedule.milestone_count, 2);
            assert_int_equal(p->data[0].crop, 4);
            assert_int_equal(p->data[0].std.count, 3);
            assert_string_equal(p->train[0].stop_metric, "valid_accuracy");
            assert_int_equal(p->deploy.variant, 2);
        }
        if (i == 2)
            assert_string_equal(p->train[0].every[1].actions[0].entry, "test:classify");
        compiled_free(&c);
        arena_free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense),         cmocka_unit_test(test_functions),
        cmocka_unit_test(test_kernel),        cmocka_unit_test(test_training_graphs),
        cmocka_unit_test(test_freeze),        cmocka_unit_test(test_freeze_parts),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_error_formats), cmocka_unit_test(test_text),
        cmocka_unit_test(test_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
