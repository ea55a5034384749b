/* Seqs as graphs: one op for each step; scan, recurrent layers, updates over steps, limits. */
#include "tests/unit/language_fixture.h"

#include "ir/graph.h"

#include <math.h>

typedef struct built {
    compiled c;
    ir_module *m; /* NULL if there were errors */
    ir_float *f;
} built;

static built try_build(const char *text)
{
    built b = {.c = compile_good(text)};
    ir_numerics numerics = paper_numerics();
    b.m = pan_build(b.c.program, &numerics, b.c.d);
    if (b.m && !ir_verify(b.m, b.c.d, NULL))
        b.m = NULL;
    fetch_messages(&b.c);
    if (b.m)
        b.f = ir_float_new(b.c.memory, b.m, 1);
    return b;
}

static built build(const char *text)
{
    built b = try_build(text);
    if (!b.m)
        fail_msg("%s\n%s", text, b.c.messages);
    return b;
}

static void run(built *b, const char *graph, const double *const *inputs, double *const *outputs)
{
    ir_graph *g = ir_module_graph(b->m, graph);
    assert_non_null(g);
    ir_float_run(b->f, g, 0, inputs, outputs);
}

static double *weights(built *b, const char *matrix)
{
    assert_non_null(ir_module_matrix(b->m, matrix));
    return ir_float_weights(b->f, ir_module_matrix(b->m, matrix));
}

static void assert_near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 + 1e-9 * fabs(b)))
        fail_msg("%.17g is not %.17g", a, b);
}

/* What works on a vec works at each step; a seq travels step after step. */
static void test_steps(void **state)
{
    (void)state;
    static const struct {
        const char *result, *body;
        double expected[6];
    } cases[] = {
        {"seq[3, vec[2]]", "return 2 * xs", {2, 4, 6, 8, 10, 12}},
        {"seq[3, vec[2]]", "return reverse(xs)", {5, 6, 3, 4, 1, 2}},
        {"vec[2]", "return last(xs)", {5, 6}},
        {"seq[3, vec[2]]", "return xs * v", {10, 40, 30, 80, 50, 120}},
        {"seq[3, vec[2]]", "return max(xs, 3) - (xs > 4)", {3, 3, 3, 4, 4, 5}},
        {"seq[3, scalar]", "return sum(xs)", {3, 7, 11}},
        {"seq[3, scalar]", "return dot(xs, v)", {50, 110, 170}},
        {"seq[3, vec[3]]", "return concat(xs, xs[1 : 2])", {1, 2, 2, 3, 4, 4}},
        {"vec[6]", "return reshape(xs, 6)", {1, 2, 3, 4, 5, 6}},
        {"seq[2, vec[3]]", "return reverse(reshape(xs, 2, 3))", {4, 5, 6, 1, 2, 3}},
        {"vec[3]", "return last(reshape(reshape(xs, 1, 2, 3), 2, 3))", {4, 5, 6}},
        {"seq[3, vec[2]]",
         "ys = scan x in xs { state s = v; s = s + x; yield s }\nreturn ys",
         {11, 22, 14, 26, 19, 32}},
        {"seq[3, vec[2]]",
         "a, b = scan x, y in xs, reverse(xs) { state s = zeros(2)\n"
         "before = s; s = x * y - s; yield s, before }\nreturn a + 100 * b",
         {5, 12, 504, 1204, 401, 408}},
        {"vec[2]",
         "ys = scan x in xs { state s = zeros(2)\n"
         "zs = scan y in xs { state r = x; r = r + y; yield r }\n"
         "s = s + last(zs); yield s }\nreturn last(ys)",
         {36, 48}},
        {"seq[3, scalar]",
         "ys = scan x in sum(xs) { state n = 1; n = n * 2; yield n + x }\nreturn ys",
         {5, 11, 19}},
    };
    const double xs[] = {1, 2, 3, 4, 5, 6}, v[] = {10, 20};
    arena *memory = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        built b = build(arena_printf(memory,
                                     "network f(xs: seq[3, vec[2]], v: vec[2]) -> %s {\n%s\n}\n",
                                     cases[i].result, cases[i].body));
        double out[16] = {0};
        run(&b, "test:f", (const double *[]){xs, v}, (double *[]){out});
        for (int k = 0; k < 6 && cases[i].expected[k] != 0; k++)
            assert_near(out[k], cases[i].expected[k]);
        compiled_free(&b.c);
    }
    arena_free(memory);
}

/* Layers in a scan and over a seq have one matrix; of more than 4 steps they are one op as well. */
static void test_one_matrix(void **state)
{
    (void)state;
    static const char *const body = "    hs = scan x in xs { state h = zeros(4)\n"
                                    "        h = tanh(dense(concat(x, h), 4)); yield h }\n"
                                    "    return dense(hs, 3)\n}\n";
    arena *memory = arena_new();
    for (int steps = 3; steps <= 400; steps = steps < 6 ? steps + 1 : 10 * steps) {
        built b = build(arena_printf(memory, "network f(xs: seq[%d, vec[2]]) -> seq[%d, vec[3]] {\n%s",
                                     steps, steps, body));
        int products = 0;
        IR_EACH(op, ir_module_graph(b.m, "test:f"))
            products += op->code == IR_mvm;
        assert_int_equal(b.m->matrix_count, 2);
        assert_int_equal(products, steps > 4 ? 2 : 2 * steps);
        compiled_free(&b.c);
    }
    arena_free(memory);
}

/* All products of a step of rnn and lstm are one; a gru's tensors lie in three matrices. */
static void test_matrices(void **state)
{
    (void)state;
    built b = build("network f(xs: seq[2, vec[3]]) -> vec[4] {\n"
                    "    return last(gru(lstm(rnn(xs, 5), 6), 4))\n}\n");
    static const struct {
        const char *name;
        uint32_t outputs, inputs;
    } shapes[] = {{"rnn_1", 5, 3 + 5 + 1},
                  {"lstm_1", 24, 5 + 6 + 1},
                  {"gru_1[gates]", 8, 6 + 4 + 1},
                  {"gru_1[new_input]", 4, 6 + 1},
                  {"gru_1[new_state]", 4, 4 + 1}};
    assert_int_equal(b.m->matrix_count, sizeof shapes / sizeof *shapes);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const ir_matrix *w = ir_module_matrix(b.m, shapes[i].name);
        assert_non_null(w);
        assert_int_equal(w->outputs, shapes[i].outputs);
        assert_int_equal(w->inputs, shapes[i].inputs);
    }
    const ir_matrix *w = ir_module_matrix(b.m, "gru_1[new_input]");
    assert_string_equal(w->tensors[0].name, "gru_1.weight_ih");
    assert_int_equal(w->tensors[0].part, 8);
    assert_int_equal(w->tensors[0].whole, 12);
    assert_string_equal(ir_module_matrix(b.m, "gru_1[new_state]")->tensors[1].name,
                        "gru_1.bias_n");
    compiled_free(&b.c);
}

/* An update over seqs is the sum of its steps: one outer product for each that is not 0. */
static void test_update(void **state)
{
    (void)state;
    built b = build("param W: matrix[1, 2];  param c: vec[2]\n"
                    "kernel k(xs: seq[3, vec[2]], rate: scalar) {\n"
                    "    hs, before = scan x in xs { state h = zeros(1)\n"
                    "        b = h; h = h + W @ x; yield h, b }\n"
                    "    W += rate * outer(hs, xs)\n"
                    "    W -= outer(before, xs)\n"
                    "    c += rate * xs\n"
                    "}\n");
    double xs[] = {1, 2, 3, 4, 5, 6}, rate = 0.5, w[] = {2, 1}, expected[] = {2, 1}, h = 0;
    memcpy(weights(&b, "W"), w, sizeof w);
    memset(weights(&b, "c"), 0, 2 * sizeof(double));
    for (int t = 0; t < 3; t++) {
        double before = h;
        h += w[0] * xs[2 * t] + w[1] * xs[2 * t + 1];
        for (int i = 0; i < 2; i++)
            expected[i] += rate * h * xs[2 * t + i] - before * xs[2 * t + i];
    }
    size_t updates = 0;
    IR_EACH(op, ir_module_graph(b.m, "k"))
        updates += op->code == IR_opa;
    assert_int_equal(updates, 3 + 2 + 3);
    run(&b, "k", (const double *[]){xs, &rate}, NULL);
    for (int i = 0; i < 2; i++) {
        assert_near(weights(&b, "W")[i], expected[i]);
        assert_near(weights(&b, "c")[i], 0.5 * (xs[i] + xs[2 + i] + xs[4 + i]));
    }
    compiled_free(&b.c);
}

static void expect_refusal(const char *text, const char *message)
{
    built b = try_build(text);
    assert_null(b.m);
    if (!strstr(b.c.messages, message))
        fail_msg("%s\nis not in\n%s", message, b.c.messages);
    compiled_free(&b.c);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refusal("network f(t: seq[4, label[3]]) -> seq[4, vec[3]] { return one_hot(t) }\n",
                   "test.pan:1:11: error: not supported yet: a seq of labels whose steps have "
                   "operations of their own, because the host sends all classes of an example "
                   "through one port\n");
    expect_refusal("network f(t: seq[9, label[3]]) -> seq[9, vec[3]] { return one_hot(reverse(t)) }\n",
                   "not supported yet: this of labels, because cores hold vectors; one_hot makes "
                   "one of each label\n");
    expect_refusal("network f(x: seq[9000, vec[2]]) -> vec[2] {\n"
                   "    y = scan a in x { z = scan b in x { yield a + b }; yield last(z) }\n"
                   "    return last(lstm(y, 2))\n}\n",
                   "not supported yet: a graph of more than 100000 operations, because every step "
                   "of a seq has operations of its own\n");
    expect_refusal("network f(x: seq[1000, vec[2]]) -> vec[2] {\n"
                   "    y = scan a in x { z = scan b in x { yield a + b }; yield last(z) }\n"
                   "    return last(y)\n}\n",
                   "not supported yet: a graph of more than 100000");
    expect_refusal("network f(x: seq[2, vec[2]]) -> vec[2] { return last(lstm(x, 2)) }\n"
                   "data d { train = csv(\"d\", label = 4) }\n"
                   "train f on d { loss = mse; update = sgd(1); batch = 1; epochs = 1\n"
                   "    freeze = [\"lstm_1.weight_hh\"] }\n",
                   "not supported yet: freezing only a part of a layer's parameters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),    cmocka_unit_test(test_one_matrix),
        cmocka_unit_test(test_matrices), cmocka_unit_test(test_update),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
