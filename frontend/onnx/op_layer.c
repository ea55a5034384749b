/* Matrix products, convolutions, and the normalisations and biases that go into them. */
#include "frontend/onnx/import.h"

#include <math.h>
#include <string.h>

/* ---- dense ---- */

/* Element of a [inputs, outputs] or, transposed, [outputs, inputs] matrix. */
static double weight_at(const tensor *w, bool transposed, size_t inputs, size_t outputs, size_t in,
                        size_t out)
{
    return tensor_at(w, transposed ? out * inputs + in : in * outputs + out);
}

/* x @ w: output 0 as a dense without bias. */
static value *dense(op_node *n, value *x, const tensor *w, bool transposed, double factor)
{
    importer *m = n->m;
    size_t inputs = (size_t)w->dims[transposed], outputs = (size_t)w->dims[!transposed];
    int64_t rows = inputs ? (int64_t)(value_elements(x) / inputs) : 0;
    if (w->count == 0 || x->rank == 0 || x->batch == (int)x->rank - 1 ||
        x->dims[x->rank - 1] != w->dims[transposed]) {
        op_refuse(n, "its shapes %s and %s do not fit together",
                  tensor_shape_text(m->memory, x->dims, x->rank),
                  tensor_shape_text(m->memory, w->dims, w->rank));
        return NULL;
    }
    if (rows > 1 && !value_plain(n, x))
        return NULL;
    float *weight = op_floats(n, w->count);
    if (!weight)
        return NULL;
    for (size_t o = 0; o < outputs; o++)
        for (size_t i = 0; i < inputs; i++)
            weight[o * inputs + (x->order ? x->order[i] : i)] =
                (float)(factor * weight_at(w, transposed, inputs, outputs, i, o));
    pan_shape from = rows > 1 ? type_seq(rows, (int64_t)inputs) : type_vec((int64_t)inputs);
    pan_shape to = rows > 1 ? type_seq(rows, (int64_t)outputs) : type_vec((int64_t)outputs);
    const char *argument = value_as(m, x, from);
    layer *l = layer_new(n, w, arena_printf(m->memory, "dense(%s, %zu", argument, outputs));
    l->rank = 2;
    l->shape[0] = outputs;
    l->shape[1] = inputs;
    l->weight = weight;
    value *v = value_call(n, x, to, layer_text(m->memory, l));
    v->e->layer = l;
    v->dims[v->rank - 1] = (int64_t)outputs;
    return v;
}

bool import_matmul(op_node *n)
{
    value *x = op_input(n, 0), *other = op_input(n, 1);
    if (x->kind != VALUE_RUN || other->kind != VALUE_CONSTANT)
        return op_refuse(n, "its second matrix is not a constant");
    const tensor *w = other->constant;
    if (w->rank != 2)
        return op_refuse(n, "its constant is not a matrix");
    return dense(n, x, w, false, 1);
}

/* The bias of a Gemm, spread over its outputs; NULL after op_refuse. */
static const float *gemm_bias(op_node *n, const tensor *c, size_t outputs)
{
    bool row = c->rank == 0 || c->count == (size_t)c->dims[c->rank - 1];
    if (!row || (c->count != 1 && c->count != outputs)) {
        op_refuse(n, "its C of shape %s is no bias of %zu outputs",
                  tensor_shape_text(n->m->memory, c->dims, c->rank), outputs);
        return NULL;
    }
    float *bias = op_floats(n, outputs);
    for (size_t i = 0; bias && i < outputs; i++)
        bias[i] = (float)tensor_at(c, c->count == 1 ? 0 : i);
    return bias;
}

bool import_gemm(op_node *n)
{
    value *x = op_input(n, 0);
    bool good = true;
    double alpha = op_real(n, "alpha", 1, &good), beta = op_real(n, "beta", 1, &good);
    bool across = op_int(n, "transA", 0, &good), transposed = op_int(n, "transB", 0, &good);
    const tensor *w = good ? op_constant(n, 1, "matrix B") : NULL;
    if (!w)
        return false;
    if (across || x->rank != 2 || w->rank != 2)
        return op_refuse(n, across ? "transA multiplies across examples"
                                   : "it does not multiply matrices");
    const tensor *c = op_input(n, 2) ? op_constant(n, 2, "bias C") : NULL;
    const float *bias = c ? gemm_bias(n, c, (size_t)w->dims[!transposed]) : NULL;
    if (op_input(n, 2) && !bias)
        return false;
    value *v = dense(n, x, w, transposed, alpha);
    return v && (!bias || layer_take_bias(n, v, bias, beta));
}

/* ---- convolutions ---- */

/*
 * What the language lacks goes into the kernel: a dilated one gets zeros between its taps, one with
 * unequal padding zeros at the side that has less.
 */
typedef struct grown {
    int64_t kernel[2], padding[2], first[2]; /* first: where tap 0 stands */
} grown;

static void grow_axis(const window *w, int i, grown *g)
{
    int64_t extent = (w->kernel[i] - 1) * w->dilation[i] + 1;
    int64_t room = w->in[i] + 2 * w->begin[i] - extent;
    g->kernel[i] = extent;
    g->padding[i] = w->begin[i];
    g->first[i] = 0;
    if (room >= 0 && room / w->stride[i] + 1 == w->out[i])
        return;
    g->padding[i] = w->begin[i] > w->end[i] ? w->begin[i] : w->end[i];
    g->first[i] = g->padding[i] - w->begin[i];
    g->kernel[i] += 2 * g->padding[i] - w->begin[i] - w->end[i];
}

static float *grown_weight(op_node *n, const tensor *w, const window *win, const grown *g)
{
    int64_t dims[4] = {w->dims[0], w->dims[1], g->kernel[0], g->kernel[1]};
    size_t count, taps = (size_t)(win->kernel[0] * win->kernel[1]);
    if (!tensor_count(dims, 4, &count)) {
        op_refuse(n, "its kernel, with zeros for dilation and padding, is too large");
        return NULL;
    }
    float *out = op_floats(n, count);
    for (size_t i = 0; out && i < w->count; i++) {
        int64_t y = (int64_t)(i % taps) / win->kernel[1], x = (int64_t)(i % taps) % win->kernel[1];
        int64_t row = g->first[0] + y * win->dilation[0];
        int64_t column = g->first[1] + x * win->dilation[1];
        out[(int64_t)(i / taps) * g->kernel[0] * g->kernel[1] + row * g->kernel[1] + column] =
            (float)tensor_at(w, i);
    }
    return out;
}

static const char *conv_head(op_node *n, value *x, pan_shape map, const window *win, const grown *g,
                             int64_t outputs, int64_t groups)
{
    importer *m = n->m;
    const char *text =
        arena_printf(m->memory, "conv2d(%s, %lld%s", value_as(m, x, map), (long long)outputs,
                     window_text(m->memory, g->kernel, win->stride, g->padding, false));
    if (groups == 1)
        return text;
    return arena_printf(m->memory, "%s, groups = %lld", text, (long long)groups);
}

bool import_conv(op_node *n)
{
    importer *m = n->m;
    value *x = op_input(n, 0);
    bool good = true;
    int64_t groups = op_int(n, "group", 1, &good);
    const tensor *w = good ? op_constant(n, 1, "kernel") : NULL;
    const tensor *b = w && op_input(n, 2) ? op_constant(n, 2, "bias") : NULL;
    window win;
    grown g;
    pan_shape map;
    if (!w || (op_input(n, 2) && !b) || !window_map(n, x, &map))
        return false;
    if (w->rank != x->rank || w->count == 0 || groups < 1 || groups > map.dim[0] ||
        w->dims[1] * groups != map.dim[0] || w->dims[0] % groups ||
        (b && b->count != (size_t)w->dims[0]))
        return op_refuse(n, "its weights %s in %lld groups do not fit %lld channels",
                         tensor_shape_text(m->memory, w->dims, w->rank), (long long)groups,
                         (long long)map.dim[0]);
    int64_t kernel[2] = {w->rank == 4 ? w->dims[2] : 1, w->dims[w->rank - 1]};
    if (!window_read(n, x, kernel, &win))
        return false;
    grow_axis(&win, 0, &g);
    grow_axis(&win, 1, &g);
    const float *bias = b ? gemm_bias(n, b, (size_t)w->dims[0]) : NULL;
    float *weight = grown_weight(n, w, &win, &g);
    if (!weight || (b && !bias))
        return false;
    layer *l = layer_new(n, w, conv_head(n, x, map, &win, &g, w->dims[0], groups));
    *l = (layer){l->path, l->head, 4,
                 {(size_t)w->dims[0], (size_t)w->dims[1], (size_t)g.kernel[0], (size_t)g.kernel[1]},
                 weight, NULL};
    pan_shape to = type_map(w->dims[0], win.out[0], win.out[1]);
    value *v = value_call(n, x, to, layer_text(m->memory, l));
    v->e->layer = l;
    window_dims(x, &win, w->dims[0], v);
    return !b || layer_take_bias(n, v, bias, 1);
}

/* ---- batch normalisation ---- */

typedef struct norm {
    size_t count;
    float *values[4]; /* scale, bias, mean, variance */
    double eps;
} norm;

static bool read_norm(op_node *n, int64_t channels, norm *out)
{
    static const char *const names[] = {"scale", "bias", "mean", "variance"};
    bool good = true;
    out->eps = op_real(n, "epsilon", 1e-5, &good);
    if (op_int(n, "training_mode", 0, &good) || !op_int(n, "spatial", 1, &good))
        return good && op_refuse(n, "it normalises by the batch; export the model for inference");
    out->count = (size_t)channels;
    for (size_t k = 0; good && k < 4; k++) {
        const tensor *t = op_constant(n, k + 1, names[k]);
        if (!t)
            return false;
        if (t->count != out->count)
            return op_refuse(n, "its %s has %zu numbers for %zu channels", names[k], t->count,
                             out->count);
        out->values[k] = op_floats(n, out->count);
        if (!out->values[k])
            return false;
        for (size_t i = 0; i < out->count; i++) {
            out->values[k][i] = (float)tensor_at(t, i);
            if (!isfinite(out->values[k][i]) ||
                (k == 3 && !((double)out->values[k][i] + out->eps > 0)))
                return op_refuse(n, "its %s %zu is no number to normalise by", names[k], i);
        }
    }
    return good;
}

/* The normalisation as part of the layer before it. */
static bool fold_norm(op_node *n, value *x, const norm *k)
{
    layer *l = x->e->layer;
    size_t per_output = 1;
    for (size_t i = 1; i < l->rank; i++)
        per_output *= l->shape[i];
    float *bias = op_floats(n, k->count);
    for (size_t o = 0; bias && o < k->count; o++) {
        double scale = (double)k->values[0][o] / sqrt((double)k->values[3][o] + k->eps);
        double before = l->bias ? (double)l->bias[o] : 0;
        bias[o] = (float)((before - (double)k->values[2][o]) * scale + (double)k->values[1][o]);
        for (size_t i = 0; i < per_output; i++)
            l->weight[o * per_output + i] = (float)(l->weight[o * per_output + i] * scale);
    }
    l->bias = NULL;
    if (!bias || !layer_take_bias(n, x, bias, 1))
        return false;
    value_alias(n, x, x->dims, x->rank, x->batch);
    return true;
}

bool import_batch_norm(op_node *n)
{
    static const char *const names[] = {"weight", "bias", "mean", "var"};
    importer *m = n->m;
    value *x = op_input(n, 0);
    norm k;
    pan_shape type = {0};
    if (!value_plain(n, x))
        return false;
    if (x->batch != 0 || x->rank < 2 || x->rank > 4)
        return op_refuse(n, "its input has the shape %s",
                         tensor_shape_text(m->memory, x->dims, x->rank));
    if (!read_norm(n, x->dims[1], &k))
        return false;
    pan_shape whole = x->e->type;
    if (value_open(x) && whole.kind != TYPE_SEQ && whole.dim[0] == x->dims[1] &&
        k.count == x->e->layer->shape[0])
        return fold_norm(n, x, &k);
    if (x->rank == 2)
        type = type_vec(x->dims[1]);
    else if (!window_map(n, x, &type))
        return false;
    const char *path = layer_path(n, op_input(n, 1)->constant);
    for (size_t i = 0; i < 4; i++)
        layer_tensor(m, path, names[i], &k.count, 1, k.values[i]);
    m->other_layers++;
    value_call(n, x, type,
               arena_printf(m->memory, "batch_norm(%s, eps = %s, name = \"%s\")",
                            value_as(m, x, type), number_text(m->memory, k.eps), path));
    return true;
}
