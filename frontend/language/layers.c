/* Shape functions of layers with parameters, of windows over maps, and of pooling. */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <string.h>

/* ---- parameters of layers ---- */

typedef struct layer_build {
    call *k;
    uint32_t layer;
    uint32_t params[4];
    uint32_t count;
    bool good;
} layer_build;

static layer_build layer_begin(call *k)
{
    checker *c = k->c;
    pan_layer layer = {
        .path = check_instance(c, k->row->name, k->name), .item = c->frame->state->item,
        .where = k->where,
    };
    ARENA_PUSH(c->memory, c->program->layers, c->program->layer_count, c->program->layer_capacity,
               layer);
    return (layer_build){.k = k, .layer = (uint32_t)c->program->layer_count - 1, .good = true};
}

static void layer_param(layer_build *b, const char *name, pan_param w)
{
    checker *c = b->k->c;
    const char *path = c->program->layers[b->layer].path + strlen(c->frame->path);
    w.layer = b->layer;
    w.where = b->k->where;
    w.q_written = -1;
    uint32_t index = check_param_new(c, w, arena_printf(c->memory, "%s.%s", path, name));
    b->good = b->good && index != PAN_NONE;
    b->params[b->count++] = index;
}

static pan_param weights(int64_t rows, int64_t columns)
{
    return (pan_param){.rank = 2, .shape = {rows, columns}, .init = PAN_INIT_UNIFORM,
                       .init_value = -1}; /* formats.c: 1 / sqrt(columns) */
}

static pan_param vector(int64_t n, double init)
{
    return (pan_param){.rank = 1, .shape = {n}, .init = PAN_INIT_CONSTANT, .init_value = init};
}

static value layer_end(layer_build *b, pan_type type)
{
    checker *c = b->k->c;
    if (!b->good)
        return (value){0};
    uint32_t op = check_emit(c, b->k->row->code, type, b->k->where, &b->k->v[0].index, 1);
    pan_op *o = check_op(c, op);
    memcpy(o->params, b->params, sizeof o->params);
    o->param_count = b->count;
    o->layer = b->layer;
    c->program->layers[b->layer].op = op;
    return value_run(op);
}

value apply_dense(call *k)
{
    pan_type type = *check_type(k->c, &k->v[0]);
    int64_t inputs = type.dim[0], n = k->v[1].integer;
    layer_build b = layer_begin(k);
    layer_param(&b, "weight", weights(n, inputs));
    if (k->v[2].integer)
        layer_param(&b, "bias", vector(n, 0));
    type.dim[0] = n;
    return layer_end(&b, type);
}

value apply_batch_norm(call *k)
{
    pan_type type = *check_type(k->c, &k->v[0]);
    int64_t n = type.dim[0];
    layer_build b = layer_begin(k);
    layer_param(&b, "weight", vector(n, 1));
    layer_param(&b, "bias", vector(n, 0));
    pan_param mean = vector(n, 0), var = vector(n, 1);
    mean.statistic = var.statistic = true;
    layer_param(&b, "mean", mean);
    layer_param(&b, "var", var);
    value v = layer_end(&b, type);
    if (v.kind == VALUE_RUN)
        check_op(k->c, v.index)->value = k->v[1].real;
    return v;
}

value apply_recurrent(call *k)
{
    pan_type type = *check_type(k->c, &k->v[0]);
    int64_t n = k->v[1].integer;
    int64_t gates = k->row->code == PAN_LSTM ? 4 : k->row->code == PAN_GRU ? 3 : 1;
    layer_build b = layer_begin(k);
    layer_param(&b, "weight_ih", weights(gates * n, type.dim[0]));
    layer_param(&b, "weight_hh", weights(gates * n, n));
    layer_param(&b, "bias", vector(gates * n, 0));
    if (k->row->code == PAN_GRU)
        layer_param(&b, "bias_n", vector(n, 0));
    type.dim[0] = n;
    return layer_end(&b, type);
}

/* ---- windows ---- */

static void pair_of(const value *v, int64_t out[2])
{
    out[0] = v->list->items[0].integer;
    out[1] = v->list->items[1].integer;
}

/* Kernel, stride, padding stand in a row of three arguments from `first`. */
static pan_window window_of(const call *k, size_t first)
{
    pan_window w = {.groups = 1};
    pair_of(&k->v[first], w.kernel);
    pair_of(&k->v[first + 1], w.stride);
    pair_of(&k->v[first + 2], w.padding);
    return w;
}

/* Rows and columns that a window makes of a map; false with an error if it does not fit. */
static bool slide(call *k, size_t kernel_arg, const pan_type *map, const pan_window *w,
                  pan_type *out)
{
    for (int i = 0; i < 2; i++) {
        int64_t padded = map->dim[1 + i] + 2 * w->padding[i];
        if (padded < w->kernel[i]) {
            check_error(k->c, k->at[kernel_arg].file ? k->at[kernel_arg] : k->where,
                        "%s: a kernel of %" PRId64 " does not fit %" PRId64
                        " %s (padding included) of a %s",
                        k->row->name, w->kernel[i], padded, i ? "columns" : "rows",
                        check_type_text(k->c, map));
            return false;
        }
        out->dim[1 + i] = (padded - w->kernel[i]) / w->stride[i] + 1;
    }
    return true;
}

static bool groups_fit(call *k, int64_t channels, int64_t n, int64_t groups)
{
    if (channels % groups == 0 && n % groups == 0)
        return true;
    check_error(k->c, k->where,
                "conv2d: %" PRId64 " groups must divide the channels, found %" PRId64
                " in and %" PRId64 " out",
                groups, channels, n);
    return false;
}

value apply_conv2d(call *k)
{
    checker *c = k->c;
    pan_type map = *check_type(c, &k->v[0]), out = map;
    int64_t n = k->v[1].integer, groups = k->v[5].integer;
    pan_window w = window_of(k, 2);
    w.groups = groups;
    if (!groups_fit(k, map.dim[0], n, groups) || !slide(k, 2, &map, &w, &out))
        return (value){0};
    out.dim[0] = n;
    layer_build b = layer_begin(k);
    pan_param weight = weights(n, 0);
    weight.rank = 4;
    weight.shape[1] = map.dim[0] / groups;
    weight.shape[2] = w.kernel[0];
    weight.shape[3] = w.kernel[1];
    layer_param(&b, "weight", weight);
    if (k->v[6].integer)
        layer_param(&b, "bias", vector(n, 0));
    value v = layer_end(&b, out);
    if (v.kind == VALUE_RUN)
        check_op(c, v.index)->window = w;
    return v;
}

static value windowed(call *k, const pan_type *type, const pan_window *w)
{
    uint32_t op = check_emit(k->c, k->row->code, *type, k->where, &k->v[0].index, 1);
    check_op(k->c, op)->window = *w;
    return value_run(op);
}

value apply_pool(call *k)
{
    pan_type map = *check_type(k->c, &k->v[0]), out = map;
    pan_window w = window_of(k, 1);
    for (int i = 0; i < 2; i++)
        if (2 * w.padding[i] > w.kernel[i])
            return check_error(k->c, k->at[3], "%s: a padding of %" PRId64
                               " is more than half of the kernel of %" PRId64,
                               k->row->name, w.padding[i], w.kernel[i]);
    return slide(k, 1, &map, &w, &out) ? windowed(k, &out, &w) : (value){0};
}

value apply_global_avg_pool(call *k)
{
    const pan_type *map = check_type(k->c, &k->v[0]);
    pan_type out = {.kind = PAN_VEC, .dim = {map->dim[0]}};
    return value_run(check_emit(k->c, k->row->code, out, k->where, &k->v[0].index, 1));
}

value apply_patches(call *k)
{
    pan_type map = *check_type(k->c, &k->v[0]), out = map;
    pan_window w = window_of(k, 1);
    if (!slide(k, 1, &map, &w, &out))
        return (value){0};
    if (w.kernel[0] > CHECK_DIMENSION / w.kernel[1] / map.dim[0])
        return check_error(k->c, k->where, "patches: the result has too many channels");
    out.dim[0] = map.dim[0] * w.kernel[0] * w.kernel[1];
    return windowed(k, &out, &w);
}

value apply_fold(call *k)
{
    checker *c = k->c;
    pan_type p = *check_type(c, &k->v[0]);
    pan_type map = {.kind = PAN_MAP,
                    .dim = {k->v[1].integer, k->v[2].integer, k->v[3].integer}};
    pan_type whole = map;
    pan_window w = window_of(k, 4);
    if (!slide(k, 4, &map, &w, &whole))
        return (value){0};
    bool fits = w.kernel[0] <= CHECK_DIMENSION / w.kernel[1] / map.dim[0];
    whole.dim[0] = fits ? map.dim[0] * w.kernel[0] * w.kernel[1] : 0;
    if (!pan_type_equal(&p, &whole))
        return check_error(c, k->at[0], "fold: patches of a %s are a %s, but %s is a %s",
                           check_type_text(c, &map), check_type_text(c, &whole),
                           check_text(c, k->at[0]), check_type_text(c, &p));
    return windowed(k, &map, &w);
}
