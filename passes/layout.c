/*
 * layout: maps enter and leave as maps, and vectors made of maps have their words by pixels. A
 * host has an image, and a model a weight, in (lane, row, column) order; a map passes through a
 * machine pixel by pixel. So an input that is only looked at as a map, and an output that is made
 * of one, become inputs and outputs over the map; and where all uses of a tensor's inputs are
 * vectors of one size of map, the matrix gets its inputs in (row, column, lane) order instead.
 *
 * Vectors whose lanes mean the same thing one by one form a class: those joined by an element-wise
 * op, and those that go into a tensor's inputs or come out of them. A class is turned if nothing
 * in it depends on the order of the lanes but the vectors of maps themselves.
 */
#include "ir/interp.h"
#include "ir/window.h"
#include "passes/passes.h"
#include "passes/users.h"

#include <string.h>

enum { UNORDERED = 0 }; /* the class of what is the same in any order */

typedef struct lane_class {
    uint32_t parent;
    bool fixed;             /* something else depends on the order */
    uint32_t lanes, map[2]; /* of the maps whose vectors are in it; 0: none */
} lane_class;

typedef struct layout {
    pass_context *pass;
    const ir_graph *graph;
    lane_class *classes;
    size_t count, capacity;
    uint32_t **tensors; /* class of each tensor's inputs, by matrix */
    ir_matrix_index *matrices;
} layout;

/* ---- classes ---- */

static uint32_t new_class(layout *l)
{
    lane_class made = {.parent = (uint32_t)l->count};
    ARENA_PUSH(l->pass->memory, l->classes, l->count, l->capacity, made);
    return made.parent;
}

static uint32_t root_of(const layout *l, uint32_t k)
{
    while (l->classes[k].parent != k)
        k = l->classes[k].parent = l->classes[l->classes[k].parent].parent;
    return k;
}

static void fix(layout *l, uint32_t k)
{
    if (k != UNORDERED)
        l->classes[root_of(l, k)].fixed = true;
}

/* A vector of such a map is in the class: two kinds of map have no order in common. */
static void note_map(layout *l, uint32_t k, uint32_t lanes, const uint32_t map[2])
{
    lane_class *c = &l->classes[root_of(l, k)];
    bool other = c->lanes != lanes || memcmp(c->map, map, sizeof c->map) != 0;
    if (k == UNORDERED)
        return;
    c->fixed = c->fixed || (c->lanes && other);
    c->lanes = lanes;
    memcpy(c->map, map, sizeof c->map);
}

static void join(layout *l, uint32_t x, uint32_t y)
{
    if (x == UNORDERED || y == UNORDERED || root_of(l, x) == root_of(l, y))
        return;
    lane_class from = l->classes[root_of(l, y)];
    l->classes[root_of(l, y)].parent = root_of(l, x);
    if (from.fixed)
        fix(l, x);
    if (from.lanes)
        note_map(l, x, from.lanes, from.map);
}

/* ---- what ops say of their lanes; `scratch` holds the class of a value ---- */

static uint32_t class_of(const ir_op *op)
{
    return (uint32_t)(uintptr_t)op->scratch;
}

/* All lanes of a constant or a broadcast are alike, and one lane has no order. */
static bool ordered(const ir_op *op)
{
    return op->type.kind == IR_VEC && op->type.lanes > 1 && op->code != IR_const &&
           op->code != IR_bcast;
}

static void fix_all(layout *l, const ir_op *op)
{
    fix(l, class_of(op));
    for (uint32_t i = 0; i < op->arg_count; i++)
        fix(l, class_of(op->args[i]));
}

/* Lane by lane, or the same whatever their order: one class. */
static void join_all(layout *l, const ir_op *op)
{
    uint32_t all = class_of(op);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        join(l, all, class_of(op->args[i]));
        all = all == UNORDERED ? class_of(op->args[i]) : all;
    }
}

static bool is_whole(const ir_op *op)
{
    return op->arg_count == 1 && !ir_get(op, IR_ATTR_first) && !ir_get(op, IR_ATTR_layout);
}

static void visit_vector(layout *l, const ir_op *op)
{
    const ir_op *map = op->code == IR_flatten ? op->args[0] : op;
    const ir_op *vector = op->code == IR_flatten ? op : op->args[0];
    ir_window w = ir_window_of(l->graph, op);
    fix(l, class_of(map));
    if (is_whole(op))
        note_map(l, class_of(vector), map->type.lanes, w.map);
    else
        fix_all(l, op);
}

/* ---- matrices ---- */

/* Number of the matrix that an op names. */
static size_t number_of(const layout *l, const ir_op *op)
{
    return ir_matrix_index_of(l->matrices, op);
}

/* Inputs first .. of matrix n are the lanes of a vector of this class. */
static void meet_inputs(layout *l, size_t n, uint32_t first, uint32_t lanes, uint32_t k)
{
    const ir_matrix *w = l->pass->module->matrices[n];
    const uint32_t *classes = l->tensors[n];
    bool met = false;
    for (size_t i = 0; i < w->tensor_count; i++) {
        const ir_tensor *t = &w->tensors[i];
        bool exact = t->input0 == first && t->inputs == lanes;
        if (t->input0 >= first + lanes || first >= t->input0 + t->inputs)
            continue;
        met = met || exact;
        if (exact)
            join(l, k, classes[i]);
        else
            fix(l, classes[i]);
        if (!exact)
            fix(l, k);
    }
    if (!met)
        fix(l, k);
}

static void fix_tensors(layout *l, size_t n)
{
    for (size_t i = 0; i < l->pass->module->matrices[n]->tensor_count; i++)
        fix(l, l->tensors[n][i]);
}

/* A product all of whose lanes are inputs of one tensor is a vector like others. */
static bool has_parts(const layout *l, const ir_op *x)
{
    return x->code == IR_mtvm && l->pass->module->matrices[number_of(l, x)]->tensor_count > 1;
}

/* Whether an op takes the error of all inputs of a matrix apart. */
static bool is_cut(const layout *l, const ir_op *op)
{
    return op->code == IR_slice && has_parts(l, op->args[0]) &&
           !ir_get(op->args[0], IR_ATTR_block);
}

static void visit_matrix(layout *l, const ir_op *op)
{
    size_t n = number_of(l, op);
    bool product = op->code != IR_opa;
    uint32_t first = product ? 0 : (uint32_t)ir_get_int(op, IR_ATTR_ncol, 0), at = 0;
    if (ir_get(op, IR_ATTR_block)) {
        fix_tensors(l, n);
        fix_all(l, op);
        return;
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *x = op->args[i];
        if (op->code == IR_mtvm || i < first) {
            fix(l, class_of(x));
            continue;
        }
        meet_inputs(l, n, at, x->type.lanes, class_of(x));
        at += x->type.lanes;
    }
    if (op->code == IR_mvm)
        fix(l, class_of(op));
    else if (op->code == IR_mtvm && !has_parts(l, op))
        meet_inputs(l, n, 0, op->type.lanes, class_of(op));
}

/* A product with several tensors may only be cut into their inputs. */
static void visit_products(layout *l, const ir_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (has_parts(l, op->args[i]) && !is_cut(l, op))
            fix_tensors(l, number_of(l, op->args[i]));
}

static void visit_slice(layout *l, const ir_op *op)
{
    if (is_cut(l, op))
        meet_inputs(l, number_of(l, op->args[0]), (uint32_t)ir_get_int(op, IR_ATTR_first, 0),
                    op->type.lanes, class_of(op));
    else
        fix_all(l, op);
}

static void visit(layout *l, ir_op *op)
{
    ir_class class = ir_ops[op->code].class;
    op->scratch = (void *)(uintptr_t)(ordered(op) ? new_class(l) : UNORDERED);
    visit_products(l, op);
    if (op->code == IR_flatten || op->code == IR_unflatten)
        visit_vector(l, op);
    else if (class == IR_CLASS_MATRIX)
        visit_matrix(l, op);
    else if (op->code == IR_slice)
        visit_slice(l, op);
    else if (class == IR_CLASS_EACH || class == IR_CLASS_REDUCE || class == IR_CLASS_LOSS)
        join_all(l, op);
    else if (op->code != IR_random)
        fix_all(l, op);
}

/* ---- turning ---- */

static void class_tensors(layout *l)
{
    const ir_module *m = l->pass->module;
    l->tensors = ARENA_ARRAY(l->pass->memory, uint32_t *, m->matrix_count + 1);
    for (size_t i = 0; i < m->matrix_count; i++) {
        const ir_matrix *w = m->matrices[i];
        l->tensors[i] = ARENA_ARRAY(l->pass->memory, uint32_t, w->tensor_count + 1);
        for (size_t k = 0; k < w->tensor_count; k++) {
            const ir_tensor *t = &w->tensors[k];
            l->tensors[i][k] = t->inputs > 1 ? new_class(l) : UNORDERED;
            if (t->rank != 2 || t->kernel[0])
                fix(l, l->tensors[i][k]);
        }
    }
}

static const lane_class *turned(const layout *l, uint32_t k)
{
    const lane_class *c = &l->classes[root_of(l, k)];
    return k != UNORDERED && c->lanes && !c->fixed ? c : NULL;
}

static void turn_vectors(layout *l, ir_graph *g)
{
    IR_EACH(op, g) {
        bool flatten = op->code == IR_flatten;
        if ((flatten || op->code == IR_unflatten) && is_whole(op)) {
            const ir_op *map = flatten ? op->args[0] : op, *vector = flatten ? op : op->args[0];
            ir_window w = ir_window_of(g, op);
            bool same = map->type.lanes == 1 || ir_window_pixels(&w) == 1;
            if (same || turned(l, class_of(vector)))
                ir_set_name(g, op, IR_ATTR_layout, "pixels");
        }
    }
}

static void turn_tensors(layout *l)
{
    const ir_module *m = l->pass->module;
    for (size_t i = 0; i < m->matrix_count; i++)
        for (size_t k = 0; k < m->matrices[i]->tensor_count; k++) {
            const lane_class *c = turned(l, l->tensors[i][k]);
            bool same = c && (c->lanes == 1 || (c->map[0] == 1 && c->map[1] == 1));
            if (c && !same)
                memcpy(m->matrices[i]->tensors[k].kernel, c->map, sizeof c->map);
        }
}

/* ---- inputs and outputs ---- */

static bool same_space(ir_space a, ir_space b)
{
    return ir_space_within(a, b) && ir_space_within(b, a);
}

static bool alone_at_port(const ir_graph *g, const ir_op *op)
{
    IR_EACH(other, g)
        if (other != op && other->code == op->code &&
            ir_get_int(other, IR_ATTR_port, 0) == ir_get_int(op, IR_ATTR_port, 0))
            return false;
    return !ir_get(op, IR_ATTR_first);
}

/* The map as which all users look at an input, or NULL. */
static const ir_op *seen_as(const user_index *users, const ir_op *input)
{
    const ir_op *map = NULL;
    EACH_USER(user, users, input) {
        bool sees = user->code == IR_unflatten && is_whole(user) && user->space.count > 2 &&
                    same_space(ir_frame(user->space), input->space);
        if (!sees || (map && !same_space(user->space, map->space)))
            return NULL;
        map = user;
    }
    return map;
}

static void open_input(ir_graph *g, const user_index *users, ir_op *input)
{
    const ir_op *map = seen_as(users, input);
    if (!map || input->type.kind != IR_VEC || ir_get_int(input, IR_ATTR_onehot, 0) ||
        !alone_at_port(g, input))
        return;
    input->type = map->type;
    input->space = map->space;
    EACH_USER(user, users, input) {
        ir_replace_uses(g, user, input);
        ir_op_remove(g, user);
    }
}

/* The output of a map as a vector. */
static void open_output(ir_graph *g, const user_index *users, ir_op *output)
{
    ir_op *vector = output->args[0];
    if (vector->code != IR_flatten || !is_whole(vector) || !alone_at_port(g, output) ||
        vector->args[0]->space.count < 3 || !same_space(output->space, vector->space))
        return;
    output->args[0] = vector->args[0];
    output->space = vector->args[0]->space;
    if (users->first[vector->id] + 1 == users->first[vector->id + 1])
        ir_op_remove(g, vector);
}

static void open_ports(pass_context *c, ir_graph *g)
{
    ir_graph_renumber(g);
    user_index users = users_of_graph(c->memory, g);
    for (ir_op *op = g->first; op; op = op->next) {
        if (op->code == IR_input)
            open_input(g, &users, op);
        if (op->code == IR_output)
            open_output(g, &users, op);
    }
    ir_graph_renumber(g);
}

bool pass_layout(pass_context *c)
{
    layout l = {.pass = c, .matrices = ir_matrix_index_new(c->memory, c->module)};
    const ir_module *m = c->module;
    new_class(&l);
    class_tensors(&l);
    for (size_t i = 0; i < m->graph_count; i++) {
        l.graph = m->graphs[i];
        open_ports(c, m->graphs[i]);
        IR_EACH(op, l.graph)
            visit(&l, op);
    }
    for (size_t i = 0; i < m->graph_count; i++) {
        turn_vectors(&l, m->graphs[i]);
        IR_EACH(op, m->graphs[i])
            op->scratch = NULL;
    }
    turn_tensors(&l);
    return true;
}
