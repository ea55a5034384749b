/*
 * Convolutional programs as graphs, run by the float interpreter, against loops over PyTorch's
 * layouts: [channels, height, width] for maps, [n, channels / groups, kh, kw] for weights.
 */
#include "tests/unit/language_fixture.h"

#include "isa/support/random.h"

#include <math.h>

typedef struct built {
    compiled c;
    ir_module *m;
    ir_float *f;
    random_state random;
} built;

static built build(const char *text)
{
    built b = {.c = compile_good(text), .random = random_from(7, strlen(text))};
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

static double *numbers(built *b, size_t count)
{
    double *v = ARENA_ARRAY(b->c.memory, double, count);
    for (size_t i = 0; i < count; i++)
        v[i] = random_unit(&b->random) - 0.5;
    return v;
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

/* ---- a convolution, as one writes it ---- */

typedef struct shape {
    int c, h, w, n, kh, kw, sh, sw, ph, pw, groups;
} shape;

static int rows_of(const shape *s)
{
    return (s->h + 2 * s->ph - s->kh) / s->sh + 1;
}

static int columns_of(const shape *s)
{
    return (s->w + 2 * s->pw - s->kw) / s->sw + 1;
}

static double pixel(const shape *s, const double *x, int c, int y, int z)
{
    bool in = y >= 0 && y < s->h && z >= 0 && z < s->w;
    return in ? x[(c * s->h + y) * s->w + z] : 0;
}

/* weights [n, c / groups, kh, kw], bias [n] or NULL */
static double *convolve(built *b, const shape *s, const double *x, const double *weights,
                        const double *bias)
{
    int h = rows_of(s), w = columns_of(s), in = s->c / s->groups, out = s->n / s->groups;
    double *y = ARENA_ARRAY(b->c.memory, double, (size_t)(s->n * h * w));
    for (int n = 0; n < s->n; n++)
        for (int r = 0; r < h; r++)
            for (int q = 0; q < w; q++) {
                double sum = bias ? bias[n] : 0;
                for (int c = 0; c < in; c++)
                    for (int i = 0; i < s->kh; i++)
                        for (int j = 0; j < s->kw; j++)
                            sum += weights[((n * in + c) * s->kh + i) * s->kw + j] *
                                   pixel(s, x, n / out * in + c, r * s->sh - s->ph + i,
                                         q * s->sw - s->pw + j);
                y[(n * h + r) * w + q] = sum;
            }
    return y;
}

/* Random values for a tensor, which it returns in PyTorch's order. */
static double *fill_tensor(built *b, const char *name)
{
    double *values = NULL;
    for (size_t k = 0; k < b->m->matrix_count; k++) {
        const ir_matrix *w = b->m->matrices[k];
        double *at = ir_float_weights(b->f, w);
        for (size_t i = 0; i < w->tensor_count; i++) {
            const ir_tensor *t = &w->tensors[i];
            if (strcmp(t->name, name))
                continue;
            size_t all = (size_t)(t->whole ? t->whole : t->outputs) * t->inputs;
            size_t taps = t->rank == 4 ? (size_t)t->kernel[0] * t->kernel[1] : 1;
            size_t lanes = t->pixel ? t->pixel : t->inputs / taps;
            values = values ? values : numbers(b, all);
            for (size_t o = 0; o < t->outputs; o++)
                for (size_t e = 0; e < t->inputs; e++)
                    at[(t->input0 + e % taps * lanes + e / taps) * w->outputs + t->output0 + o] =
                        values[(t->part + o) * t->inputs + e];
        }
    }
    assert_non_null(values);
    return values;
}

static void test_convolutions(void **state)
{
    static const shape shapes[] = {
        {1, 5, 6, 3, 3, 3, 1, 1, 1, 1, 1}, {2, 7, 4, 4, 5, 2, 2, 1, 2, 0, 1},
        {4, 5, 5, 6, 3, 3, 1, 1, 0, 0, 2}, {3, 6, 6, 3, 3, 3, 2, 2, 1, 1, 3},
        {3, 4, 3, 6, 1, 1, 1, 1, 0, 0, 3}, {2, 4, 5, 5, 1, 1, 1, 1, 0, 0, 1},
        {2, 4, 5, 2, 1, 1, 2, 3, 0, 0, 1}, {1, 1, 1, 2, 1, 1, 1, 1, 2, 3, 1},
    };
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof shapes / sizeof *shapes); i++) {
        const shape *s = &shapes[i / 2];
        arena *memory = arena_new();
        built b = build(arena_printf(
            memory,
            "network f(x: map[%d, %d, %d]) -> map[%d, %d, %d] {\n"
            "    return conv2d(x, %d, [%d, %d], stride = [%d, %d], padding = [%d, %d], groups = %d,"
            " bias = %s, name = \"c\")\n}\n",
            s->c, s->h, s->w, s->n, rows_of(s), columns_of(s), s->n, s->kh, s->kw, s->sh, s->sw,
            s->ph, s->pw, s->groups, i % 2 ? "true" : "false"));
        assert_int_equal(b.m->matrix_count, 1); /* its groups fit one crossbar */
        double *weights = fill_tensor(&b, "c.weight");
        double *x = numbers(&b, (size_t)(s->c * s->h * s->w));
        double *bias = i % 2 ? fill_tensor(&b, "c.bias") : NULL;
        double *expected = convolve(&b, s, x, weights, bias);
        size_t count = (size_t)(s->n * rows_of(s) * columns_of(s));
        double *y = ARENA_ARRAY(b.c.memory, double, count);
        run(&b, "test:f", (const double *[]){x}, (double *[]){y});
        for (size_t k = 0; k < count; k++)
            assert_near(y[k], expected[k]);
        built_free(&b);
        arena_free(memory);
    }
}

/* Groups that are not trained share crossbars: 14 of 9 inputs, each a block with lanes of its own. */
static void test_groups_together(void **state)
{
    (void)state;
    built b = build("network f(x: map[15, 6, 6]) -> map[30, 4, 4] {\n"
                    "    return conv2d(x, 30, kernel = 3, groups = 15)\n}\n");
    assert_int_equal(b.m->matrix_count, 2);
    const ir_matrix *w = b.m->matrices[0], *rest = b.m->matrices[1];
    assert_int_equal(w->inputs, 14 * 9 + 1);
    assert_int_equal(w->outputs, 28);
    assert_int_equal(w->tensor_count, 15);
    const ir_tensor *t = &w->tensors[13];
    assert_int_equal(t->input0, 13);
    assert_int_equal(t->pixel, 14);
    assert_int_equal(t->output0, 26);
    assert_int_equal(t->part, 26);
    assert_int_equal(ir_tensor_end(t), 14 * 9);
    assert_int_equal(rest->inputs, 9 + 1);
    assert_int_equal(rest->tensors[0].part, 28);
    built_free(&b);
}

/* The matrices of two groups that are trained: names, tensors, first values by an output's inputs. */
static void test_groups(void **state)
{
    (void)state;
    built b = build("network f(x: map[4, 6, 6]) -> map[8, 4, 4] {\n"
                    "    return conv2d(x, 8, kernel = 3, groups = 2)\n}\n"
                    "data d { train = csv(\"d\", target = range(128)) }\n"
                    "train f on d { loss = mse; update = sgd(1); batch = 1; epochs = 1 }\n");
    assert_int_equal(b.m->matrix_count, 2);
    for (uint32_t g = 0; g < 2; g++) {
        const ir_matrix *w = b.m->matrices[g];
        assert_string_equal(w->name, g ? "conv2d_1[1]" : "conv2d_1[0]");
        assert_int_equal(w->inputs, 3 * 3 * 2 + 1);
        assert_int_equal(w->outputs, 4);
        assert_string_equal(w->tensors[0].name, "conv2d_1.weight");
        assert_int_equal(w->tensors[0].part, 4 * g);
        uint32_t dims[4];
        ir_tensor_shape(&w->tensors[0], dims);
        assert_memory_equal(dims, ((uint32_t[]){8, 2, 3, 3}), sizeof dims);
        assert_near(w->tensors[0].init_value, 1 / sqrt(18));
        ir_tensor_shape(&w->tensors[1], dims);
        assert_memory_equal(dims, ((uint32_t[]){8, 0, 0, 0}), sizeof dims);
        assert_int_equal(w->tensors[1].input0, 18);
    }
    built_free(&b);
}

/* ---- one expression of a map x [2, 3, 4] and y [2, 3, 4] ---- */

enum { C = 2, H = 3, W = 4, SIZE = C * H * W };

typedef double reference(const double *x, const double *y, int c, int i, int j);
#define AT(v, c, i, j) ((v)[((c) * H + (i)) * W + (j)])
#define REFERENCE(name, value)                                                                     \
    static double name(const double *x, const double *y, int c, int i, int j)                      \
    {                                                                                              \
        (void)x, (void)y, (void)c, (void)i, (void)j;                                               \
        return value;                                                                              \
    }

static double inside(const double *x, int c, int i, int j, double outside)
{
    return i >= 0 && i < H && j >= 0 && j < W ? AT(x, c, i, j) : outside;
}

static double largest(const double *x, int c, int i, int j, int h, int w)
{
    double most = -INFINITY;
    for (int k = 0; k < h * w; k++)
        most = fmax(most, inside(x, c, i + k / w, j + k % w, -INFINITY));
    return most;
}

static double added(const double *x, int c, int i, int j, int h, int w)
{
    double sum = 0;
    for (int k = 0; k < h * w; k++)
        sum += inside(x, c, i + k / w, j + k % w, 0);
    return sum;
}

REFERENCE(r_residual, fmax(AT(x, c, i, j) + AT(y, c, i, j), 0))
REFERENCE(r_leaky, AT(x, c, i, j) > 0 ? AT(x, c, i, j) : 0.25 * AT(x, c, i, j))
REFERENCE(r_vec, AT(x, c, i, j) * AT(y, c, 0, 0) + 3)
REFERENCE(r_softmax, exp(AT(x, c, i, j)) / (exp(AT(x, 0, i, j)) + exp(AT(x, 1, i, j))))
REFERENCE(r_max_pool, largest(x, c, i - 1, j, 3, 2))
REFERENCE(r_avg_pool, added(x, c, i - 1, j - 1, 3, 3) / 9)
REFERENCE(r_global, added(x, c, 0, 0, H, W) / (H * W) * AT(y, c, i, j))
REFERENCE(r_channels, AT(x, 1 - c, i, j))
REFERENCE(r_sum, AT(x, 0, i, j) + AT(x, 1, i, j) + AT(y, c, i, j))
REFERENCE(r_dot, (AT(x, 0, i, j) * AT(y, 0, i, j) + AT(x, 1, i, j) * AT(y, 1, i, j)) / (1 + c))
REFERENCE(r_where, AT(x, c, i, j) >= AT(y, c, i, j) ? AT(x, c, i, j) : 7)
REFERENCE(r_clamp, fmin(fmax(AT(x, c, i, j), -0.25), AT(y, c, i, j)))
REFERENCE(r_fold, AT(x, c, i, j) * ((i ? 1 : 0) + 1 + (i < H - 1)))
REFERENCE(r_reshape, x[W * H * c + W * i + j])

static void test_expressions(void **state)
{
    static const struct {
        const char *expression;
        reference *expected;
    } cases[] = {
        {"relu(x + y)", r_residual},
        {"leaky_relu(x, 0.25)", r_leaky},
        {"x * flatten(corner(y)) + 3", r_vec},
        {"softmax(x)", r_softmax},
        {"avg_pool(x, 3, stride = 1, padding = 1)", r_avg_pool},
        {"global_avg_pool(x) * y", r_global},
        {"concat(x[1 : 2], x[0 : 1])", r_channels},
        {"concat(sum(x), sum(x)) + y", r_sum},
        {"concat(dot(x, y), mean(x * y))", r_dot},
        {"where(x >= y, x, 7)", r_where},
        {"clamp(x, -0.25, y)", r_clamp},
        {"fold(patches(x, [3, 1], padding = [1, 0]), 2, 3, 4, [3, 1], padding = [1, 0])", r_fold},
        {"reshape(flatten(reshape(reshape(x, 4, 3, 2), 24, 1, 1)), 2, 3, 4)", r_reshape},
        {"reshape(reshape(x, 6, 4), 2, 3, 4)", r_reshape},
    };
    (void)state;
    arena *memory = arena_new();
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        built b = build(arena_printf(memory,
                                     "def corner(y) { return patches(y, 1, stride = [3, 4]) }\n"
                                     "network f(x: map[2, 3, 4], y: map[2, 3, 4]) -> map[2, 3, 4] "
                                     "{\n    return %s\n}\n",
                                     cases[n].expression));
        double *x = numbers(&b, SIZE), *y = numbers(&b, SIZE), out[SIZE];
        run(&b, "test:f", (const double *[]){x, y}, (double *[]){out});
        for (int k = 0; k < SIZE; k++)
            assert_near(out[k], cases[n].expected(x, y, k / (H * W), k / W % H, k % W));
        built_free(&b);
    }
    arena_free(memory);
}

static void test_pools(void **state)
{
    (void)state;
    built b = build("network f(x: map[2, 3, 4]) -> map[2, 3, 3], map[2, 1, 2] {\n"
                    "    return max_pool(x, [3, 2], stride = 1, padding = [1, 0]), avg_pool(x, 2)\n"
                    "}\n");
    double *x = numbers(&b, SIZE), most[18], mean[4];
    run(&b, "test:f", (const double *[]){x}, (double *[]){most, mean});
    for (int k = 0; k < 18; k++)
        assert_near(most[k], r_max_pool(x, NULL, k / 9, k / 3 % 3, k % 3));
    for (int k = 0; k < 4; k++)
        assert_near(mean[k], added(x, k / 2, 0, 2 * (k % 2), 2, 2) / 4);
    built_free(&b);
}

/* weight (x - mean) / sqrt(var + eps) + bias; the statistics are never trained. */
static void test_batch_norm(void **state)
{
    (void)state;
    built b = build("network f(x: map[2, 3, 4]) -> map[2, 3, 4] {\n"
                    "    return batch_norm(x, eps = 0.5, name = \"bn\")\n}\n");
    assert_int_equal(b.m->matrix_count, 2);
    const ir_matrix *layer = ir_module_matrix(b.m, "bn"), *fixed = ir_module_matrix(b.m, "bn.mean");
    assert_false(layer->frozen);
    assert_true(fixed->frozen);
    assert_string_equal(fixed->tensors[1].name, "bn.var");
    assert_near(fixed->tensors[1].init_value, 1);
    double *trained = ir_float_weights(b.f, layer), *known = ir_float_weights(b.f, fixed);
    for (int i = 0; i < 4; i++) {
        trained[i] = random_unit(&b.random) - 0.5;
        known[i] = random_unit(&b.random) + 0.25;
    }
    double *x = numbers(&b, SIZE), y[SIZE];
    run(&b, "test:f", (const double *[]){x}, (double *[]){y});
    for (int k = 0; k < SIZE; k++) {
        int c = k / (H * W);
        double unit = (x[k] - known[c]) / sqrt(known[2 + c] + 0.5);
        assert_near(y[k], trained[c] * unit + trained[2 + c]);
    }
    built_free(&b);
}

/* Formats of sums: as many fewer fraction bits as the number of pixels needs. */
static void test_average_formats(void **state)
{
    (void)state;
    built b = build("network f(x: map[2, 5, 5]) -> vec[2] {\n"
                    "    return global_avg_pool(avg_pool(x, 3, stride = 1))\n}\n");
    int seen = 0;
    IR_EACH(op, ir_module_graph(b.m, "test:f")) {
        if (op->code == IR_pool_sum || op->code == IR_total) {
            assert_int_equal(op->type.q, 9 - 4);
            seen++;
        }
        if (op->code == IR_mul)
            assert_int_equal(op->type.q, 9);
    }
    assert_int_equal(seen, 2);
    built_free(&b);
}

/* A kernel that trains its own convolution: the terms of all positions and examples add up. */
static void test_kernel_update(void **state)
{
    (void)state;
    built b = build("data d { train = csv(\"d\", target = [2]) }\n"
                    "param K: matrix[2, 6];  param b: vec[2]\n"
                    "kernel k(x: map[1, 4, 3], rate: scalar) -> map[2, 2, 2] {\n"
                    "    p = patches(x, [3, 2])\n"
                    "    y = K @ p + b\n"
                    "    K -= rate * outer(y, p)\n"
                    "    b += rate * y\n"
                    "    return y\n"
                    "}\n"
                    "train k on d { rate = 0.5; batch = 2; epochs = 1 }\n");
    double *kernel = ir_float_weights(b.f, ir_module_matrix(b.m, "K"));
    double *bias = ir_float_weights(b.f, ir_module_matrix(b.m, "b"));
    double *x = numbers(&b, 24), rate = 0.5, y[16], weights[12], old[2], sums[12] = {0};
    shape s = {1, 4, 3, 2, 3, 2, 1, 1, 0, 0, 1};
    for (int i = 0; i < 12; i++) {
        weights[i] = random_unit(&b.random);
        kernel[i % 6 * 2 + i / 6] = weights[i];
    }
    old[0] = bias[0] = 0.25;
    old[1] = bias[1] = -0.5;
    run(&b, "k", (const double *[]){x, &rate}, (double *[]){y});
    double add[2] = {0};
    for (int n = 0; n < 2; n++) {
        double *expected = convolve(&b, &s, x + 12 * n, weights, old);
        for (int k = 0; k < 8; k++) {
            assert_near(y[8 * n + k], expected[k]);
            add[k / 4] += rate * expected[k];
            for (int i = 0; i < 6; i++)
                sums[k / 4 * 6 + i] +=
                    expected[k] * pixel(&s, x + 12 * n, 0, k / 2 % 2 + i / 2, k % 2 + i % 2);
        }
    }
    for (int i = 0; i < 12; i++)
        assert_near(kernel[i % 6 * 2 + i / 6], weights[i] - rate * sums[i]);
    for (int i = 0; i < 2; i++)
        assert_near(bias[i], old[i] + add[i]);
    built_free(&b);
}

/* A loss of maps is that of their elements; the target is a map as well. */
static void test_loss_of_maps(void **state)
{
    (void)state;
    built b = build("data d { train = csv(\"d\", target = range(0, 8)) }\n"
                    "network f(x: map[1, 2, 2]) -> map[2, 2, 2] { return conv2d(x, 2, 1) }\n"
                    "train f on d { loss = mse; update = sgd(0.5); batch = 2; epochs = 1 }\n");
    double *x = numbers(&b, 8), *t = numbers(&b, 16), rate = 0, y[16], loss = 0;
    fill_tensor(&b, "conv2d_1.weight");
    run(&b, "train:f", (const double *[]){x, t, &rate}, (double *[]){y});
    const ir_op *mse = ir_module_graph(b.m, "train:f")->first;
    while (mse && mse->code != IR_mse)
        mse = mse->next;
    assert_non_null(mse);
    for (int i = 0; i < 8; i++)
        loss += (y[i] - t[i]) * (y[i] - t[i]) / 8;
    assert_near(ir_float_value(b.f, mse)[0], loss);
    built_free(&b);
}

/* The number of ops is that of the layers; one pair of dimensions for each size. */
static void test_rolled(void **state)
{
    uint32_t ops[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        arena *memory = arena_new();
        int side = i ? 128 : 8;
        built b = build(arena_printf(memory,
                                     "network f(x: map[3, %d, %d]) -> vec[4] {\n"
                                     "    x = relu(conv2d(x, 4, 3, padding = 1))\n"
                                     "    y = relu(conv2d(x, 4, 3, padding = 1))\n"
                                     "    x = max_pool(x + y, 2)\n"
                                     "    return global_avg_pool(conv2d(x, 4, 3, padding = 1))\n"
                                     "}\n",
                                     side, side));
        const ir_graph *g = ir_module_graph(b.m, "test:f");
        ops[i] = g->next_id;
        assert_int_equal(g->dim_count, 5);
        assert_string_equal(g->dims[3].name, "y2");
        assert_int_equal(g->dims[3].extent, side / 2);
        built_free(&b);
        arena_free(memory);
    }
    assert_int_equal(ops[0], ops[1]);
}

/* A kernel of one pixel takes the map as it is. */
static void test_pixels_need_no_window(void **state)
{
    (void)state;
    built b = build("network f(x: map[3, 4, 4]) -> map[2, 4, 4] { return conv2d(x, 2, 1) }\n");
    IR_EACH(op, ir_module_graph(b.m, "test:f"))
        assert_true(op->code != IR_window);
    built_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions), cmocka_unit_test(test_groups),
        cmocka_unit_test(test_groups_together),
        cmocka_unit_test(test_expressions),  cmocka_unit_test(test_pools),
        cmocka_unit_test(test_average_formats), cmocka_unit_test(test_kernel_update),
        cmocka_unit_test(test_loss_of_maps), cmocka_unit_test(test_rolled),
        cmocka_unit_test(test_pixels_need_no_window), cmocka_unit_test(test_batch_norm),
    };
    return cmocka_run_group_tests_name("language maps", tests, NULL, NULL);
}
