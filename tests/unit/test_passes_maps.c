/*
 * Random convolutional networks, from the language through the passes that know maps: the verifier
 * and the text form after each, the same bits before and after `lower` and `duplicate`, also of window ops
 * on extreme numbers; equal graphs for any batch.
 */
#include "frontend/language/language.h"
#include "test_passes.h"

#include <math.h>

enum { NETS = 150, EDGE = 9 };

typedef struct net {
    bench b;
    char *text;
    int c, h, w; /* of the map x at the end of the text */
} net;

static void add(net *n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *line = arena_vprintf(n->b.memory, format, args);
    va_end(args);
    n->text = arena_printf(n->b.memory, "%s    %s\n", n->text, line);
}

static int pick(net *n, int low, int high)
{
    return low + (int)below(&n->b, (uint32_t)(high - low + 1));
}

/* Kernel, stride and padding that fit; `half`: at most half of the kernel is padding. */
typedef struct step {
    int k[2], s[2], p[2];
} step;

static step random_step(net *n, bool half)
{
    step t;
    const int size[2] = {n->h, n->w};
    int *made[2] = {&n->h, &n->w};
    for (int i = 0; i < 2; i++) {
        t.k[i] = pick(n, 1, 7);
        t.p[i] = pick(n, 0, half ? t.k[i] / 2 : t.k[i]);
        while (t.k[i] > size[i] + 2 * t.p[i])
            t.k[i]--;
        if (half && 2 * t.p[i] > t.k[i])
            t.p[i] = 0;
        t.k[i] = t.k[i] > size[i] + 2 * t.p[i] ? size[i] : t.k[i];
        t.s[i] = pick(n, 1, 3);
        *made[i] = (size[i] + 2 * t.p[i] - t.k[i]) / t.s[i] + 1;
    }
    return t;
}

static void add_convolution(net *n)
{
    static const char *const functions[] = {"relu", "tanh", "leaky_relu", "sigmoid"};
    int groups = pick(n, 0, 2) ? 1 : n->c, out = groups * pick(n, 1, groups == 1 ? 5 : 1);
    step t = random_step(n, false);
    add(n, "x = %s(conv2d(x, %d, [%d, %d], stride = [%d, %d], padding = [%d, %d], groups = %d, "
           "bias = %s))", functions[pick(n, 0, 3)], out, t.k[0], t.k[1], t.s[0], t.s[1], t.p[0],
        t.p[1], groups, pick(n, 0, 1) ? "true" : "false");
    n->c = out;
}

static void add_pool(net *n)
{
    step t = random_step(n, true);
    add(n, "x = %s(x, [%d, %d], stride = [%d, %d], padding = [%d, %d])",
        pick(n, 0, 1) ? "max_pool" : "avg_pool", t.k[0], t.k[1], t.s[0], t.s[1], t.p[0], t.p[1]);
}

static void add_residual(net *n)
{
    add(n, "x = x + relu(conv2d(x, %d, 3, padding = 1))", n->c);
}

static void add_squeeze(net *n)
{
    add(n, "x = x * sigmoid(dense(global_avg_pool(x), %d))", n->c);
}

static void add_concat(net *n)
{
    add(n, "x = concat(x, softmax(conv2d(x, 3, 1)))");
    n->c += 3;
}

static void add_norm(net *n)
{
    add(n, "x = relu(batch_norm(x))");
}

/* The same elements in another order of pixels. */
static void add_reshape(net *n)
{
    int channels = n->w;
    add(n, "x = reshape(x, %d, %d, %d)", n->w, n->h, n->c);
    n->w = n->c;
    n->c = channels;
}

static void (*const layers[])(net *) = {add_convolution, add_convolution, add_pool,   add_residual,
                                        add_convolution, add_squeeze,     add_concat, add_reshape,
                                        add_norm};

static void random_text(net *n, int batch)
{
    arena *memory = n->b.memory;
    n->c = pick(n, 1, 3);
    n->h = pick(n, 1, EDGE);
    n->w = pick(n, 1, EDGE);
    n->text = arena_printf(memory,
                           "data d { train = csv(\"d\", label = %d) }\n"
                           "network f(x: map[%d, %d, %d]) -> vec[3] {\n",
                           n->c * n->h * n->w, n->c, n->h, n->w);
    for (int count = pick(n, 1, 4); count > 0; count--)
        layers[pick(n, 0, (int)(sizeof layers / sizeof *layers) - 1)](n);
    static const char *const ends[] = {
        "return dense(flatten(x), 3)", "return dense(relu(flatten(x)), 3)",
        "return dense(flatten(x), 3) + dense(flatten(max(x, 0.25)), 3)",
        "return dense(flatten(x) * tanh(flatten(x)), 3)"};
    add(n, "%s", ends[pick(n, 0, 3)]);
    n->text = arena_printf(memory,
                           "%s}\ntrain f on d { loss = cross_entropy; update = sgd(0.5); "
                           "batch = %d; epochs = 1 }\n",
                           n->text, batch);
}

static void build(net *n)
{
    source_set *sources = (source_set *)diag_sources(n->b.d);
    pan_program *p = pan_check(n->b.memory, sources, n->b.d, "net.pan", n->text, strlen(n->text));
    ir_numerics numerics = n->b.m->numerics;
    n->b.m = p ? pan_build(p, &numerics, n->b.d) : n->b.m;
    if (!p || !n->b.m)
        fail_with(&n->b, n->text);
}

static void net_open(net *n, uint64_t seed, int batch)
{
    bench_open(&n->b, seed);
    random_numerics(&n->b, 5, 40);
    random_text(n, batch);
    build(n);
}

/* What is left of the ops on maps: those that a machine has, and vectors of maps by pixels. */
static void only_taps_are_left(bench *b, const ir_graph *g, const char *what)
{
    IR_EACH(op, g) {
        bool vector = op->code == IR_flatten || op->code == IR_unflatten;
        bool known = op->code == IR_tap || op->code == IR_untap || op->code == IR_running ||
                     op->code == IR_final ||
                     (vector && !strcmp(ir_get_name(op, IR_ATTR_layout, "lanes"), "pixels"));
        if (ir_is_spatial(op->code) && !known)
            fail_with(b, what);
    }
}

/* Columns of the map that a matrix is used over; 0: it is not used over one. */
static uint32_t columns_of(const ir_graph *g, const ir_matrix *w)
{
    IR_EACH(op, g)
        if (op->code == IR_mvm && !strcmp(ir_get_name(op, IR_ATTR_matrix, ""), w->name))
            return op->space.count > 2 ? g->dims[op->space.dim[op->space.count - 1]].extent : 0;
    return 0;
}

/* Copies of some matrices, all of which end with the digits that the matrix alone has. */
static void copies_share_columns(net *n, const ir_graph *g)
{
    bench *b = &n->b;
    for (size_t i = 0; i < b->m->matrix_count; i++) {
        uint32_t columns = columns_of(g, b->m->matrices[i]), most = columns < 4 ? columns : 4;
        if (most > 1 && pick(n, 0, 2))
            b->m->matrices[i]->copies = 2 + below(b, most - 1);
    }
    run_result before = bench_run(b, g, 2, 3);
    bench_pass(b, "duplicate", pass_duplicate);
    run_result after = bench_run(b, g, 2, 3);
    same_results(b, &before, &after, n->text);
}

static void passes_keep_what_is_computed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= NETS; seed++) {
        net n;
        net_open(&n, seed, 1 + (int)(seed % 3));
        bench *b = &n.b;
        bench_pass(b, "layout", pass_layout);
        bench_pass(b, "differentiate", pass_differentiate);
        const ir_graph *g = ir_module_graph(b->m, "train:f");
        run_result before = bench_run(b, g, 2, 3);
        bench_pass(b, "lower", pass_lower);
        run_result after = bench_run(b, g, 2, 3);
        same_results(b, &before, &after, n.text);
        bench_pass(b, "unify", pass_unify);
        copies_share_columns(&n, g);
        bench_pass(b, "round_updates", pass_round_updates);
        only_taps_are_left(b, ir_module_graph(b->m, "train:f"), n.text);
        bench_close(b);
    }
}

/*
 * Three columns for two copies: what the second one has at its last position is nobody's, whatever its
 * operands are there. Here both see pixels of the map, and one column is the same everywhere.
 */
static void positions_beyond_the_map_teach_nothing(void **state)
{
    static const char text[] =
        "numerics {slices = [4 4 4 6 6 5 5 5], radix_bits = 4, adc_extra_bits = 6, rows = 128, "
        "columns = 128, mode = digit, rounding = off, round_row = 0, round_column = 0, "
        "q_activation = 9, q_weight = 26, q_error = 14}\n"
        "matrix @w {outputs = 2, inputs = 3, q = 26, frozen = 0, copies = 2} {\n}\n"
        "graph @g (n: 2, y: 2, x: 3) {\n"
        "  %1 = input {port = 0, role = input} : vec<3 q9> [n, y, x]\n"
        "  %2 = input {port = 1, role = input} : vec<2 q17> [n, y, x]\n"
        "  %3 = const {value = 0.125} : vec<2 q17> []\n"
        "  %4 = tap %1 {kernel = (1, 3), stride = (1, 1), pad = (0, 1), at = (0, 0)} : vec<3 q9> "
        "[n, y, x]\n"
        "  %5 = tap %2 {kernel = (1, 3), stride = (1, 1), pad = (0, 1), at = (0, 0)} : vec<2 q17> "
        "[n, y, x]\n"
        "  %6 = mvm %4 {matrix = @w} : vec<2 q9> [n, y, x]\n"
        "  %7 = output %6 {port = 0} [n, y, x]\n"
        "  %8 = opa %5, %4 {matrix = @w, ncol = 1} [n, y, x]\n"
        "  %9 = opa %3, %4 {matrix = @w, ncol = 1} [n, y, x]\n"
        "}\n";
    bench b;
    (void)state;
    bench_open(&b, 1);
    b.m = ir_parse(b.memory, diag_sources(b.d), b.d, "test.ir", text, sizeof text - 1);
    if (!b.m || !ir_verify(b.m, b.d, NULL))
        fail_with(&b, "test.ir");
    run_result before = bench_run(&b, b.m->graphs[0], 3, 2);
    bench_pass(&b, "duplicate", pass_duplicate);
    assert_int_equal(b.m->matrix_count, 2);
    run_result after = bench_run(&b, b.m->graphs[0], 3, 2);
    same_results(&b, &before, &after, "duplicate");
    bench_close(&b);
}

/* ---- single ops ---- */

typedef struct geometry {
    uint32_t k[2], s[2], p[2], map[2], positions[2], lanes;
} geometry;

static geometry random_geometry(bench *b)
{
    geometry g = {.lanes = 1 + below(b, 4)};
    bool all = below(b, 5) == 0;
    for (int i = 0; i < 2; i++) {
        g.k[i] = 1 + below(b, 7);
        g.s[i] = 1 + below(b, 3);
        g.p[i] = below(b, g.k[i]);
        uint32_t least = g.k[i] > 2 * g.p[i] ? g.k[i] - 2 * g.p[i] : 1;
        g.map[i] = all ? g.k[i] - g.p[i] : least + below(b, 6);
        g.positions[i] = (g.map[i] + 2 * g.p[i] - g.k[i]) / g.s[i] + 1;
    }
    return g;
}

typedef struct window_graph {
    bench *b;
    ir_graph *g;
    geometry geometry;
    ir_space map, positions, frame;
    int outputs;
} window_graph;

static ir_op *add_input(window_graph *w, int port, uint32_t lanes, ir_space space)
{
    ir_op *op = input(w->g, port, ir_vec(lanes, 9), "input", 0, false);
    op->space = space;
    return op;
}

static ir_op *add_window(window_graph *w, ir_opcode code, ir_type type, ir_space space,
                         size_t count, ir_op *const *args)
{
    const geometry *g = &w->geometry;
    ir_op *op = ir_op_new(w->g, NULL, code, type, args, count, SOURCE_NOWHERE);
    op->space = space;
    if (ir_ops[code].class == IR_CLASS_WINDOW) {
        ir_set_pair(w->g, op, IR_ATTR_kernel, g->k[0], g->k[1]);
        ir_set_pair(w->g, op, IR_ATTR_stride, g->s[0], g->s[1]);
        ir_set_pair(w->g, op, IR_ATTR_pad, g->p[0], g->p[1]);
    }
    ir_op *out = ir_op_new(w->g, NULL, IR_output, ir_no_type, &op, 1, SOURCE_NOWHERE);
    ir_set_int(w->g, out, IR_ATTR_port, w->outputs++);
    return op;
}

static void add_windows(window_graph *w)
{
    uint32_t lanes = w->geometry.lanes, taps = w->geometry.k[0] * w->geometry.k[1];
    ir_op *map = add_input(w, 0, lanes, w->map), *places = add_input(w, 1, lanes, w->positions);
    ir_op *patches = add_input(w, 2, taps * lanes, w->positions);
    ir_op *most = add_window(w, IR_pool_max, ir_vec(lanes, 9), w->positions, 1, &map);
    add_window(w, IR_unpool, ir_vec(lanes, 9), w->map, 3, (ir_op *[]){places, map, most});
    add_window(w, IR_window, ir_vec(taps * lanes, 9), w->positions, 1, &map);
    add_window(w, IR_fold, ir_vec(lanes, 9), w->map, 1, &patches);
    add_window(w, IR_pool_sum, ir_vec(lanes, (uint8_t)(7 + below(w->b, 4))), w->positions, 1, &map);
    add_window(w, IR_spread, ir_vec(lanes, (uint8_t)(7 + below(w->b, 4))), w->map, 1, &places);
    add_window(w, IR_total, ir_vec(lanes, (uint8_t)(7 + below(w->b, 4))), w->frame, 1, &map);
    uint32_t all = lanes * w->geometry.map[0] * w->geometry.map[1];
    ir_op *vector = add_input(w, 3, all, w->frame);
    add_window(w, IR_flatten, ir_vec(all, 9), w->frame, 1, &map);
    add_window(w, IR_unflatten, ir_vec(lanes, 9), w->map, 1, &vector);
}

static void make_windows(window_graph *w, bench *b)
{
    static const char *const names[] = {"y1", "x1", "y2", "x2"};
    uint8_t dims[5];
    geometry g = random_geometry(b);
    *w = (window_graph){.b = b, .g = ir_graph_new(b->m, "g"), .geometry = g};
    dims[0] = ir_graph_dim(w->g, "n", 2);
    for (int i = 0; i < 4; i++)
        dims[i + 1] = ir_graph_dim(w->g, names[i], i < 2 ? g.map[i] : g.positions[i - 2]);
    w->frame = (ir_space){1, {dims[0]}};
    w->map = (ir_space){3, {dims[0], dims[1], dims[2]}};
    w->positions = (ir_space){3, {dims[0], dims[3], dims[4]}};
    add_windows(w);
}

/* Numbers that saturate, that tie, or of which many are the least. */
static int16_t extreme_word(bench *b, uint32_t kind)
{
    if (kind == 0)
        return (int16_t)((int)below(b, 65535) - 32767);
    if (kind == 1)
        return (int16_t)((int)below(b, 5) - 2);
    return below(b, 3) ? -32767 : (int16_t)((int)below(b, 65535) - 32767);
}

static int16_t **run_windows(window_graph *w, const int16_t *const *inputs, size_t *sizes)
{
    bench *b = w->b;
    int16_t **outputs = ARENA_ARRAY(b->memory, int16_t *, PORTS);
    for (int p = 0; p < w->outputs; p++) {
        uint32_t lanes;
        sizes[p] = port_size(w->g, IR_output, p, &lanes);
        outputs[p] = ARENA_ARRAY(b->memory, int16_t, sizes[p] + 1);
    }
    ir_fixed_run(ir_fixed_new(b->memory, b->m, FIDELITY_ADC, 0), w->g, 0, inputs, outputs);
    return outputs;
}

static void windows_become_taps(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 600; seed++) {
        bench b;
        window_graph w;
        const int16_t *inputs[4];
        size_t sizes[2][PORTS];
        uint32_t lanes;
        bench_open(&b, seed);
        make_windows(&w, &b);
        if (!ir_verify(b.m, b.d, "build"))
            fail_with(&b, "build");
        uint32_t kind = below(&b, 3);
        for (int p = 0; p < 4; p++) {
            size_t size = port_size(w.g, IR_input, p, &lanes);
            int16_t *words = ARENA_ARRAY(b.memory, int16_t, size + 1);
            for (size_t i = 0; i < size; i++)
                words[i] = extreme_word(&b, kind);
            inputs[p] = words;
        }
        int16_t **before = run_windows(&w, inputs, sizes[0]);
        bench_pass(&b, "lower", pass_lower);
        int16_t **after = run_windows(&w, inputs, sizes[1]);
        only_taps_are_left(&b, w.g, "windows");
        for (int p = 0; p < w.outputs; p++) {
            assert_int_equal(sizes[0][p], sizes[1][p]);
            for (size_t i = 0; i < sizes[0][p]; i++)
                if (before[p][i] != after[p][i]) {
                    fprintf(stderr, "output %d word %zu: %d, then %d\n", p, i, before[p][i],
                            after[p][i]);
                    fail_with(&b, "lower changes what is computed");
                }
        }
        bench_close(&b);
    }
}

/* ---- layout ---- */

/* Where element i of an output of a tensor is among the weights of its matrix. */
static size_t weight_at(const ir_matrix *w, const ir_tensor *t, size_t output, size_t i)
{
    size_t taps = t->kernel[0] ? (size_t)t->kernel[0] * t->kernel[1] : 1;
    size_t input = t->input0 + i % taps * (t->inputs / taps) + i / taps;
    return input * w->outputs + t->output0 + output;
}

/* Random weights by the elements of the tensors, as a file has them; or what they have become. */
static double *tensor_values(net *n, ir_float *f, bool write, size_t *count)
{
    double *values = NULL;
    size_t capacity = 0;
    random_state r = random_from(n->b.seed, 50);
    *count = 0;
    for (size_t k = 0; k < n->b.m->matrix_count; k++) {
        const ir_matrix *w = n->b.m->matrices[k];
        double *weights = ir_float_weights(f, w);
        for (size_t t = 0; t < w->tensor_count; t++)
            for (size_t j = 0; j < w->tensors[t].outputs; j++)
                for (size_t i = 0; i < w->tensors[t].inputs; i++) {
                    double *at = &weights[weight_at(w, &w->tensors[t], j, i)];
                    *at = write ? random_unit(&r) - 0.5 : *at;
                    ARENA_PUSH(n->b.memory, values, *count, capacity, *at);
                }
    }
    return values;
}

/* All weights after a kernel, then its outputs. */
static double *trained(net *n, size_t *count)
{
    bench *b = &n->b;
    const ir_graph *g = ir_module_graph(b->m, "train:f");
    const double *inputs[PORTS];
    double *outputs[PORTS];
    size_t sizes[PORTS], all;
    uint32_t lanes;
    for (int p = 0; p < PORTS; p++) {
        size_t size = port_size(g, IR_input, p, &lanes);
        const int16_t *words = port_data(b->memory, g, p, b->seed, 0, 3);
        double *in = ARENA_ARRAY(b->memory, double, size + 1);
        bool label = size && port_op(g, p)->type.kind == IR_LABEL;
        for (size_t i = 0; i < size; i++)
            in[i] = label ? words[i] : words[i] / 512.0;
        inputs[p] = in;
        sizes[p] = port_size(g, IR_output, p, &lanes);
        outputs[p] = ARENA_ARRAY(b->memory, double, sizes[p] + 1);
    }
    ir_float *f = ir_float_new(b->memory, b->m, b->seed);
    tensor_values(n, f, true, &all);
    ir_float_run(f, g, 0, inputs, outputs);
    double *values = tensor_values(n, f, false, &all);
    *count = all;
    size_t capacity = all;
    for (int p = 0; p < PORTS; p++)
        for (size_t i = 0; i < sizes[p]; i++)
            ARENA_PUSH(b->memory, values, *count, capacity, outputs[p][i]);
    return values;
}

/* Nothing is left in the order of hosts and files, but what the program itself reorders. */
static void is_laid_out(net *n)
{
    if (strstr(n->text, "reshape"))
        return;
    for (size_t k = 0; k < n->b.m->graph_count; k++)
        IR_EACH(op, n->b.m->graphs[k]) {
            bool vector = op->code == IR_flatten || op->code == IR_unflatten;
            bool image = op->code == IR_input &&
                         !strcmp(ir_get_name(op, IR_ATTR_role, ""), "input");
            if ((vector && strcmp(ir_get_name(op, IR_ATTR_layout, "lanes"), "pixels")) ||
                (image && op->space.count != 3))
                fail_with(&n->b, n->text);
        }
}

/* Another order of additions in the first dense layer is all that may differ. */
static void layout_keeps_what_is_computed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= NETS; seed++) {
        net n[2];
        double *values[2];
        size_t counts[2];
        for (int i = 0; i < 2; i++) {
            net_open(&n[i], seed, 1 + (int)(seed % 3));
            if (i)
                bench_pass(&n[i].b, "layout", pass_layout);
            bench_pass(&n[i].b, "differentiate", pass_differentiate);
            values[i] = trained(&n[i], &counts[i]);
        }
        is_laid_out(&n[1]);
        assert_int_equal(counts[0], counts[1]);
        for (size_t i = 0; i < counts[0]; i++)
            if (fabs(values[0][i] - values[1][i]) > 1e-7 * (1 + fabs(values[0][i]))) {
                fprintf(stderr, "value %zu: %g, then %g\n", i, values[0][i], values[1][i]);
                fail_with(&n[1].b, n[1].text);
            }
        bench_close(&n[0].b);
        bench_close(&n[1].b);
    }
}

/* Formats of the rate may differ: it is divided by the batch. */
static void same_ops(const ir_graph *x, const ir_graph *y)
{
    const ir_op *other = y->first;
    assert_int_equal(x->next_id, y->next_id);
    assert_int_equal(x->dim_count, y->dim_count);
    IR_EACH(op, x) {
        assert_int_equal(op->code, other->code);
        assert_int_equal(op->type.lanes, other->type.lanes);
        assert_int_equal(op->space.count, other->space.count);
        other = other->next;
    }
}

static void graphs_do_not_depend_on_the_batch(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        net n[2];
        for (int i = 0; i < 2; i++) {
            net_open(&n[i], seed, i ? 64 : 1);
            bench_pass(&n[i].b, "layout", pass_layout);
            bench_pass(&n[i].b, "differentiate", pass_differentiate);
            bench_pass(&n[i].b, "lower", pass_lower);
        }
        same_ops(ir_module_graph(n[0].b.m, "train:f"), ir_module_graph(n[1].b.m, "train:f"));
        bench_close(&n[0].b);
        bench_close(&n[1].b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_keeps_what_is_computed),
        cmocka_unit_test(windows_become_taps),
        cmocka_unit_test(passes_keep_what_is_computed),
        cmocka_unit_test(positions_beyond_the_map_teach_nothing),
        cmocka_unit_test(graphs_do_not_depend_on_the_batch),
    };
    return cmocka_run_group_tests_name("passes maps", tests, NULL, NULL);
}
