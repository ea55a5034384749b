/*
 * A network from the graph of a program. Values are followed from op to op: for each the layers
 * that it comes from and the pooling since, its map, and whether the map was flattened.
 */
#include "passes/plan/model.h"

#include <stdlib.h>
#include <string.h>

typedef struct value {
    plan_edge *sources; /* none: a constant */
    size_t count;
    int32_t map[2];
    int32_t lanes;
    bool flat; /* a whole map of `lanes` channels as one vector */
    bool windowed;
    plan_window window; /* windowed: over `map` */
} value;

typedef struct maker {
    arena *memory;
    diag *d;
    const ir_graph *g;
    plan_network *n;
    size_t capacity;
    value *values; /* by op id */
    bool failed;
} maker;

static void refuse(maker *m, const ir_op *op, const char *what, const char *why)
{
    if (!m->failed)
        diag_error(m->d, op->where, "not supported: %s, because %s", what, why);
    m->failed = true;
}

static value *value_of(const maker *m, const ir_op *op)
{
    return &m->values[op->id];
}

/* The pooling `second` behind `first`, as one window. */
static bool join(plan_window *first, const plan_window *second)
{
    for (int i = 0; i < 2; i++) {
        int64_t s = first->stride[i];
        int64_t kernel = first->kernel[i] + (second->kernel[i] - 1) * s;
        int64_t pad = first->pad[i] + second->pad[i] * s, stride = s * second->stride[i];
        if (kernel > PLAN_SIDE_MAX || pad > PLAN_SIDE_MAX || stride > PLAN_SIDE_MAX)
            return false;
        first->kernel[i] = (int32_t)kernel;
        first->pad[i] = (int32_t)pad;
        first->stride[i] = (int32_t)stride;
    }
    return true;
}

static plan_window whole_map(const int32_t map[2])
{
    return (plan_window){{map[0], map[1]}, {map[0], map[1]}, {0, 0}};
}

/* The value behind one more pooling window. */
static void pooled(maker *m, const ir_op *op, value *v, const plan_window *w)
{
    plan_edge *sources = ARENA_ARRAY(m->memory, plan_edge, v->count + 1);
    int32_t map[2];
    for (size_t i = 0; i < v->count; i++) {
        sources[i] = v->sources[i];
        if (!join(&sources[i].pool, w))
            refuse(m, op, "pooling over more than 2^24 pixels", "the plan cannot hold it");
    }
    v->sources = sources;
    plan_window_map(w, v->map, map);
    memcpy(v->map, map, sizeof map);
}

static plan_window window_of(const ir_op *op)
{
    const ir_attr *k = ir_get(op, IR_ATTR_kernel), *s = ir_get(op, IR_ATTR_stride),
                  *p = ir_get(op, IR_ATTR_pad);
    plan_window w = PLAN_NO_WINDOW;
    if (k && s && p)
        w = (plan_window){{(int32_t)k->value, (int32_t)k->second},
                          {(int32_t)s->value, (int32_t)s->second},
                          {(int32_t)p->value, (int32_t)p->second}};
    return w;
}

/* A flattened map that is no longer one: one pixel that waits for the whole map. */
static void to_pixel(maker *m, const ir_op *op, value *v)
{
    if (v->map[0] == 1 && v->map[1] == 1)
        return;
    plan_window w = whole_map(v->map);
    pooled(m, op, v, &w);
    v->flat = false;
}

static bool same_edge(const plan_edge *a, const plan_edge *b)
{
    return a->from == b->from && memcmp(&a->pool, &b->pool, sizeof a->pool) == 0;
}

static void add_sources(maker *m, value *into, const value *from)
{
    plan_edge *sources = ARENA_ARRAY(m->memory, plan_edge, into->count + from->count + 1);
    size_t count = into->count;
    for (size_t i = 0; i < count; i++)
        sources[i] = into->sources[i];
    for (size_t i = 0; i < from->count; i++) {
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known = known || same_edge(&sources[k], &from->sources[i]);
        if (!known)
            sources[count++] = from->sources[i];
    }
    into->sources = sources;
    into->count = count;
}

/* What an op makes of several arguments: the sources of all; constants do not count. */
static value merged(maker *m, const ir_op *op)
{
    value made = {.map = {1, 1}};
    bool first = true;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        value v = *value_of(m, op->args[i]);
        if (v.count == 0)
            continue;
        if (first) {
            made = v;
            first = false;
            continue;
        }
        if (made.map[0] != v.map[0] || made.map[1] != v.map[1] || made.flat != v.flat) {
            to_pixel(m, op, &made);
            to_pixel(m, op, &v);
        }
        made.windowed = made.windowed || v.windowed;
        add_sources(m, &made, &v);
    }
    return made;
}

/* ---- layers ---- */

/* The name without the number of a group: "conv[3]" is a part of conv. */
static const char *layer_name(maker *m, const ir_op *op, const ir_matrix *w)
{
    size_t length = strlen(w->name);
    const char *bracket = strrchr(w->name, '[');
    const char *layer = ir_get_name(op, IR_ATTR_layer, NULL);
    bool part = bracket && w->tensor_count && w->tensors[0].whole > 0;
    return part && layer
               ? layer
               : arena_strndup(m->memory, w->name, part ? (size_t)(bracket - w->name) : length);
}

/* Groups whose weights lie in one matrix: parts of one tensor. */
static int32_t groups_in(const ir_matrix *w)
{
    int32_t groups = 1;
    while ((size_t)groups < w->tensor_count &&
           strcmp(w->tensors[groups].name, w->tensors[0].name) == 0)
        groups++;
    return groups;
}

static plan_layer *add_group(maker *m, const ir_op *op, const char *name, const value *v,
                             const ir_matrix *w, int32_t in)
{
    plan_layer *last = m->n->count ? &m->n->layers[m->n->count - 1] : NULL;
    bool part = w->tensor_count && w->tensors[0].whole > 0;
    if (last && part && strcmp(last->name, name) == 0) {
        last->groups += groups_in(w);
        last->in += in;
        last->out += (int32_t)w->outputs;
        value all = {.sources = last->inputs, .count = last->input_count};
        add_sources(m, &all, v);
        last->inputs = all.sources;
        last->input_count = all.count;
        return last;
    }
    for (size_t i = 0; i < m->n->count; i++)
        if (strcmp(m->n->layers[i].name, name) == 0) {
            refuse(m, op, arena_printf(m->memory, "'%s' used twice", name),
                   "a plan gives every use of weights its own crossbars");
            return NULL;
        }
    plan_layer l = {.name = name,
                    .where = op->where,
                    .in = in,
                    .out = (int32_t)w->outputs,
                    .groups = groups_in(w),
                    .pool = PLAN_NO_WINDOW,
                    .inputs = v->sources,
                    .input_count = v->count};
    ARENA_PUSH(m->memory, m->n->layers, m->n->count, m->capacity, l);
    return &m->n->layers[m->n->count - 1];
}

/* Weights of one group without the bias's row. */
static int32_t weight_rows(const ir_matrix *w)
{
    return (int32_t)(w->tensor_count ? w->tensors[0].inputs : w->inputs);
}

/*
 * The product as a window over a map: how the argument's pixels and the matrix's rows correspond.
 */
static void shape_of(maker *m, const ir_op *op, const ir_matrix *w, value *v, plan_layer *l,
                     int32_t *in)
{
    int32_t rows = weight_rows(w);
    l->conv = PLAN_NO_WINDOW;
    l->kind = PLAN_DENSE;
    *in = rows;
    if (v->windowed) {
        l->kind = PLAN_CONV;
        l->conv = v->window;
        *in = rows / (v->window.kernel[0] * v->window.kernel[1]);
    } else if (v->flat && (int64_t)v->map[0] * v->map[1] * v->lanes == rows) {
        l->conv = whole_map(v->map);
        *in = v->lanes;
    } else if (v->flat) {
        to_pixel(m, op, v);
    } else if (v->map[0] > 1 || v->map[1] > 1) {
        l->kind = PLAN_CONV;
    } else if (w->tensor_count && w->tensors[0].rank == 4) {
        l->kind = PLAN_CONV;
    }
}

static void on_product(maker *m, const ir_op *op)
{
    const char *name = ir_get_name(op, IR_ATTR_matrix, "");
    const ir_matrix *w = ir_module_matrix(m->g->module, name);
    value v = merged(m, op);
    plan_layer shape;
    int32_t in;
    if (!w || v.count == 0 || m->n->count >= PLAN_LAYERS_MAX) {
        refuse(m, op, "this product",
               !w             ? "its matrix is not known"
               : v.count == 0 ? "it does not depend on the input"
                              : "a network has at most 4096 layers");
        return;
    }
    shape_of(m, op, w, &v, &shape, &in);
    plan_layer *l = add_group(m, op, layer_name(m, op, w), &v, w, in * groups_in(w));
    if (!l)
        return;
    l->kind = shape.kind;
    l->conv = shape.conv;
    l->bias = w->inputs > (uint32_t)(weight_rows(w) * groups_in(w));
    memcpy(l->in_map, v.map, sizeof v.map);
    plan_window_map(&l->conv, l->in_map, l->out_map);
    value *made = value_of(m, op);
    *made = (value){.count = 1, .lanes = (int32_t)op->type.lanes};
    made->sources = ARENA_NEW(m->memory, plan_edge);
    *made->sources = (plan_edge){(int32_t)m->n->count - 1, PLAN_NO_WINDOW};
    memcpy(made->map, l->out_map, sizeof made->map);
}

/* ---- ops ---- */

static void on_input(maker *m, const ir_op *op)
{
    value *v = value_of(m, op);
    *v = (value){.count = 1, .map = {1, 1}, .lanes = (int32_t)op->type.lanes};
    v->sources = ARENA_NEW(m->memory, plan_edge);
    *v->sources = (plan_edge){PLAN_INPUT, PLAN_NO_WINDOW};
    if (m->n->in == 0)
        m->n->in = v->lanes;
    if (op->space.count <= 2) /* a seq is a map from the start */
        return;
    for (int i = 0; i < 2; i++)
        v->map[i] = (int32_t)m->g->dims[op->space.dim[op->space.count - 2 + i]].extent;
    memcpy(m->n->in_map, v->map, sizeof v->map);
}

/* An input's map: the network's, unless its own was made before. */
static void on_unflatten(maker *m, const ir_op *op)
{
    value *v = value_of(m, op);
    *v = *value_of(m, op->args[0]);
    bool input = op->args[0]->code == IR_input;
    for (int i = 0; i < 2; i++) {
        uint8_t dim = op->space.dim[op->space.count - 2 + i];
        v->map[i] = (int32_t)m->g->dims[dim].extent;
    }
    v->lanes = (int32_t)op->type.lanes;
    v->flat = false;
    if (!input) {
        refuse(m, op, "a vector that becomes a map", "plans follow maps from the input on");
    } else if (m->n->in_map[0] <= 1 && m->n->in_map[1] <= 1) {
        m->n->in = v->lanes;
        memcpy(m->n->in_map, v->map, sizeof v->map);
    } else if (memcmp(m->n->in_map, v->map, sizeof v->map) != 0) {
        refuse(m, op, "inputs with maps of two sizes", "plans have one input");
    }
}

static void on_window(maker *m, const ir_op *op)
{
    value *v = value_of(m, op);
    *v = merged(m, op);
    plan_window w = window_of(op);
    if (v->windowed) {
        refuse(m, op, "a window of a window", "the pixels of patches cannot be followed");
    } else if (op->code == IR_window) {
        v->windowed = true;
        v->window = w;
    } else if (op->code == IR_total || op->code == IR_final) {
        w = whole_map(v->map);
        pooled(m, op, v, &w);
    } else {
        pooled(m, op, v, &w);
    }
    v->lanes = (int32_t)op->type.lanes;
}

static void on_flatten(maker *m, const ir_op *op)
{
    value *v = value_of(m, op);
    *v = merged(m, op);
    v->flat = v->map[0] > 1 || v->map[1] > 1;
}

static void on_other(maker *m, const ir_op *op)
{
    value *v = value_of(m, op);
    *v = merged(m, op);
    if (v->windowed)
        refuse(m, op, "patches", "only a convolution's own windows can be planned");
    if (!v->flat)
        v->lanes = (int32_t)op->type.lanes;
}

/* Pooling at the network's end belongs to the layers that the result comes from. */
static void on_output(maker *m, const ir_op *op)
{
    value v = merged(m, op);
    for (size_t i = 0; i < v.count; i++) {
        plan_edge *e = &v.sources[i];
        if (e->from >= 0 && plan_window_is_none(&m->n->layers[e->from].pool))
            m->n->layers[e->from].pool = e->pool;
    }
}

static void on_slice(maker *m, const ir_op *op)
{
    value *v = value_of(m, op);
    *v = merged(m, op);
    v->lanes = (int32_t)op->type.lanes;
    if (v->flat)
        to_pixel(m, op, v);
}

static void on_backward(maker *m, const ir_op *op)
{
    refuse(m, op, arena_printf(m->memory, "'%s'", ir_ops[op->code].name),
           "plans are made of a network's forward pass");
}

static void on_recurrence(maker *m, const ir_op *op)
{
    refuse(m, op, op->code == IR_prev ? "a plan of a recurrence" : "a plan of a reversed seq",
           "plans take the positions of a map as they come, with as many copies as one likes");
}

/* The ops that are not listed pass on what their arguments have. */
static void (*const handlers[IR_OPCODES])(maker *m, const ir_op *op) = {
    [IR_input] = on_input,      [IR_unflatten] = on_unflatten, [IR_flatten] = on_flatten,
    [IR_window] = on_window,    [IR_pool_max] = on_window,     [IR_pool_sum] = on_window,
    [IR_total] = on_window,     [IR_mvm] = on_product,         [IR_output] = on_output,
    [IR_slice] = on_slice,      [IR_mtvm] = on_backward,       [IR_opa] = on_backward,
    [IR_descend] = on_backward, [IR_fold] = on_backward,       [IR_spread] = on_backward,
    [IR_unpool] = on_backward,  [IR_prev] = on_recurrence,     [IR_reverse] = on_recurrence,
    [IR_final] = on_window,
};

static void visit(maker *m, const ir_op *op)
{
    if (handlers[op->code])
        handlers[op->code](m, op);
    else
        on_other(m, op);
}

static int latest_first(const void *a, const void *b)
{
    const plan_edge *x = a, *y = b;
    return (x->from < y->from) - (x->from > y->from);
}

/* Pooling of the first reader; main input first. */
static void finish(plan_network *n)
{
    for (size_t i = 0; i < n->count; i++) {
        plan_layer *l = &n->layers[i];
        qsort(l->inputs, l->input_count, sizeof *l->inputs, latest_first);
        for (size_t k = 0; k < l->input_count; k++) {
            const plan_edge *e = &l->inputs[k];
            if (e->from >= 0 && plan_window_is_none(&n->layers[e->from].pool))
                n->layers[e->from].pool = e->pool;
        }
    }
}

plan_network *plan_network_build(arena *memory, const ir_graph *g, diag *d)
{
    maker m = {.memory = memory, .d = d, .g = g, .n = ARENA_NEW(memory, plan_network)};
    const char *colon = strchr(g->name, ':');
    *m.n = (plan_network){.name = colon ? colon + 1 : g->name, .in_map = {1, 1}};
    m.values = ARENA_ARRAY(memory, value, (size_t)g->next_id + 1);
    IR_EACH(op, g)
    if (!m.failed)
        visit(&m, op);
    if (m.failed)
        return NULL;
    if (m.n->count == 0) {
        diag_error(d, SOURCE_NOWHERE, "network '%s' has no layer with weights", m.n->name);
        return NULL;
    }
    finish(m.n);
    const char *error = plan_network_check(memory, m.n);
    if (error)
        diag_error(d, SOURCE_NOWHERE, "%s", error);
    return error ? NULL : m.n;
}

plan_network *plan_network_find(arena *memory, const ir_module *m, const char *name, diag *d)
{
    for (size_t i = 0; i < m->graph_count; i++) {
        const char *graph = m->graphs[i]->name;
        if (strncmp(graph, "test:", 5) == 0 && (!name || strcmp(graph + 5, name) == 0))
            return plan_network_build(memory, m->graphs[i], d);
    }
    if (name)
        diag_error(d, SOURCE_NOWHERE, "there is no network '%s'", name);
    else
        diag_error(d, SOURCE_NOWHERE, "the program has no network; plans are made of networks");
    return NULL;
}
