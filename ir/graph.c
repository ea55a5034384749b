#include "ir/graph.h"

#include <string.h>

ir_module *ir_module_new(arena *memory, source_set *sources, const ir_numerics *numerics)
{
    ir_module *m = ARENA_NEW(memory, ir_module);
    m->memory = memory;
    m->sources = sources;
    m->numerics = *numerics;
    return m;
}

ir_graph *ir_graph_new(ir_module *m, const char *name)
{
    ir_graph *g = ARENA_NEW(m->memory, ir_graph);
    g->module = m;
    g->name = arena_strdup(m->memory, name);
    g->next_id = 1;
    ARENA_PUSH(m->memory, m->graphs, m->graph_count, m->graph_capacity, g);
    return g;
}

uint8_t ir_graph_dim(ir_graph *g, const char *name, uint32_t extent)
{
    arena *memory = g->module->memory;
    ir_dim dim = {arena_strdup(memory, name), extent};
    ARENA_PUSH(memory, g->dims, g->dim_count, g->dim_capacity, dim);
    return (uint8_t)(g->dim_count - 1);
}

ir_matrix *ir_matrix_new(ir_module *m, const char *name, uint32_t outputs, uint32_t inputs,
                         uint8_t q)
{
    ir_matrix *w = ARENA_NEW(m->memory, ir_matrix);
    w->name = arena_strdup(m->memory, name);
    w->outputs = outputs;
    w->inputs = inputs;
    w->q = q;
    ARENA_PUSH(m->memory, m->matrices, m->matrix_count, m->matrix_capacity, w);
    return w;
}

ir_tensor *ir_matrix_tensor(ir_module *m, ir_matrix *w, const ir_tensor *tensor)
{
    ARENA_PUSH(m->memory, w->tensors, w->tensor_count, w->tensor_capacity, *tensor);
    ir_tensor *added = &w->tensors[w->tensor_count - 1];
    added->name = arena_strdup(m->memory, tensor->name);
    return added;
}

void ir_tensor_shape(const ir_tensor *t, uint32_t shape[4])
{
    uint32_t taps = t->rank == 4 ? t->kernel[0] * t->kernel[1] : 1;
    shape[0] = t->whole ? t->whole : t->outputs;
    shape[1] = t->rank > 1 ? t->inputs / taps : 0;
    shape[2] = t->kernel[0];
    shape[3] = t->kernel[1];
}

uint32_t ir_tensor_end(const ir_tensor *t)
{
    uint64_t taps = (uint64_t)t->kernel[0] * t->kernel[1], end = (uint64_t)t->input0 + t->inputs;
    if (t->pixel && taps && taps <= t->inputs) /* else it is refused anyway */
        end = t->input0 + (taps - 1) * t->pixel + t->inputs / taps;
    return end > UINT32_MAX ? UINT32_MAX : (uint32_t)end;
}

ir_matrix *ir_module_matrix(const ir_module *m, const char *name)
{
    for (size_t i = 0; i < m->matrix_count; i++)
        if (!strcmp(m->matrices[i]->name, name))
            return m->matrices[i];
    return NULL;
}

ir_graph *ir_module_graph(const ir_module *m, const char *name)
{
    for (size_t i = 0; i < m->graph_count; i++)
        if (!strcmp(m->graphs[i]->name, name))
            return m->graphs[i];
    return NULL;
}

static uint32_t blocks_of(uint32_t lanes, int side)
{
    return side > 0 ? (uint32_t)(((uint64_t)lanes + (uint64_t)side - 1) / (uint64_t)side) : 0;
}

uint32_t ir_block_rows(const ir_module *m, const ir_matrix *w)
{
    return blocks_of(w->inputs, m->numerics.slices.rows);
}

uint32_t ir_block_columns(const ir_module *m, const ir_matrix *w)
{
    return blocks_of(w->outputs, m->numerics.slices.columns);
}

ir_block ir_matrix_block(const ir_module *m, const ir_matrix *w, uint32_t row, uint32_t column)
{
    uint64_t rows = (uint64_t)m->numerics.slices.rows,
             columns = (uint64_t)m->numerics.slices.columns;
    uint64_t input0 = row * rows, output0 = column * columns;
    if (input0 >= w->inputs || output0 >= w->outputs)
        return (ir_block){0, 0, 0, 0};
    uint64_t inputs = w->inputs - input0, outputs = w->outputs - output0;
    return (ir_block){(uint32_t)input0, (uint32_t)output0,
                      (uint32_t)(inputs < rows ? inputs : rows),
                      (uint32_t)(outputs < columns ? outputs : columns)};
}

/* ---- the list of ops ---- */

static void unlink_op(ir_graph *g, ir_op *op)
{
    *(op->previous ? &op->previous->next : &g->first) = op->next;
    *(op->next ? &op->next->previous : &g->last) = op->previous;
    op->previous = op->next = NULL;
}

/* after NULL: to the front. */
static void link_op(ir_graph *g, ir_op *op, ir_op *after)
{
    op->previous = after;
    op->next = after ? after->next : g->first;
    *(op->next ? &op->next->previous : &g->last) = op;
    *(after ? &after->next : &g->first) = op;
}

ir_op *ir_op_new(ir_graph *g, ir_op *after, ir_opcode code, ir_type type, ir_op *const *args,
                 size_t arg_count, source_range where)
{
    ir_op *op = ARENA_NEW(g->module->memory, ir_op);
    op->code = code;
    op->id = g->next_id++;
    op->type = type;
    op->place = IR_UNPLACED;
    op->where = where;
    for (size_t i = 0; i < arg_count; i++)
        ir_op_add_arg(g, op, args[i]);
    link_op(g, op, after ? after : g->last);
    return op;
}

void ir_op_add_arg(ir_graph *g, ir_op *op, ir_op *arg)
{
    ARENA_PUSH(g->module->memory, op->args, op->arg_count, op->arg_capacity, arg);
    op->space = ir_space_union(g, op->space, arg->space);
}

void ir_op_remove(ir_graph *g, ir_op *op)
{
    unlink_op(g, op);
}

void ir_op_move(ir_graph *g, ir_op *op, ir_op *after)
{
    if (op == after)
        return;
    unlink_op(g, op);
    link_op(g, op, after);
}

void ir_replace_uses(ir_graph *g, ir_op *old, ir_op *with)
{
    IR_EACH(op, g)
    for (uint32_t i = 0; op != with && i < op->arg_count; i++)
        if (op->args[i] == old)
            op->args[i] = with;
}

void ir_graph_renumber(ir_graph *g)
{
    g->next_id = 1;
    IR_EACH(op, g)
    op->id = g->next_id++;
}

/* One of several inputs that share a port, which is as wide as the last of them says. */
static bool widens_port(const ir_op *op)
{
    return op->code == IR_input && ir_get(op, IR_ATTR_first);
}

/* Rings count their takes, so that routing ops stay even where nobody uses the value. */
static bool has_effect(const ir_op *op)
{
    return widens_port(op) || ir_ops[op->code].result == IR_RESULT_NONE || ir_ops[op->code].class == IR_CLASS_ROUTE;
}

static const ir_op *next_of(const ir_op *prev)
{
    int64_t state = ir_get_int(prev, IR_ATTR_state, -1);
    for (const ir_op *op = prev->next; op; op = op->next)
        if (op->code == IR_next && ir_get_int(op, IR_ATTR_state, -1) == state)
            return op;
    return NULL;
}

/* Marks what has an effect, and what that takes; true if a state turned out to be used. */
static bool mark_used(const ir_graph *g, bool *used)
{
    bool found = false;
    for (const ir_op *op = g->last; op; op = op->previous) {
        if (!used[op->id] && !has_effect(op))
            continue;
        for (uint32_t i = 0; i < op->arg_count; i++)
            used[op->args[i]->id] = true;
        const ir_op *next = op->code == IR_prev ? next_of(op) : NULL;
        found = found || (next && !used[next->id]);
        if (next)
            used[next->id] = true;
    }
    return found;
}

size_t ir_graph_sweep(ir_graph *g)
{
    bool *used = ARENA_ARRAY(g->module->memory, bool, g->next_id);
    size_t removed = 0;
    ir_op *previous;
    while (mark_used(g, used))
        continue;
    for (ir_op *op = g->last; op; op = previous) {
        previous = op->previous;
        if (used[op->id] || has_effect(op))
            continue;
        ir_op_remove(g, op);
        removed++;
    }
    return removed;
}

/* ---- spaces ---- */

ir_space ir_space_union(const ir_graph *g, ir_space a, ir_space b)
{
    ir_space both = {0};
    uint8_t i = 0, j = 0;
    (void)g; /* dimensions are ordered by index, which both already are */
    while ((i < a.count || j < b.count) && both.count < IR_DIMS_MAX) {
        uint8_t next = i == a.count || (j < b.count && b.dim[j] < a.dim[i]) ? b.dim[j] : a.dim[i];
        i = (uint8_t)(i + (i < a.count && a.dim[i] == next));
        j = (uint8_t)(j + (j < b.count && b.dim[j] == next));
        both.dim[both.count++] = next;
    }
    return both;
}

bool ir_space_within(ir_space inner, ir_space outer)
{
    for (uint8_t i = 0; i < inner.count; i++) {
        bool found = false;
        for (uint8_t j = 0; j < outer.count; j++)
            found |= outer.dim[j] == inner.dim[i];
        if (!found)
            return false;
    }
    return true;
}

size_t ir_space_points(const ir_graph *g, ir_space s)
{
    size_t points = 1;
    for (uint8_t i = 0; i < s.count; i++)
        if (__builtin_mul_overflow(points, (size_t)g->dims[s.dim[i]].extent, &points))
            return SIZE_MAX;
    return points;
}

size_t ir_space_project(const ir_graph *g, ir_space outer, size_t point, ir_space inner)
{
    size_t result = 0, step = 1;
    int i = inner.count - 1;
    if (inner.count == 0 || (inner.count == outer.count && ir_space_within(inner, outer)))
        return inner.count ? point : 0;
    for (int o = outer.count - 1; o >= 0; o--) {
        size_t extent = g->dims[outer.dim[o]].extent;
        if (i >= 0 && inner.dim[i] == outer.dim[o]) {
            result += point % extent * step;
            step *= extent;
            i--;
        }
        point /= extent;
    }
    return result;
}

/* ---- attributes: kept in the order of their keys ---- */

const ir_attr *ir_get(const ir_op *op, ir_attr_key key)
{
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (op->attrs[i].key == key)
            return &op->attrs[i];
    return NULL;
}

static ir_attr *attr_for(ir_graph *g, ir_op *op, ir_attr_key key)
{
    ir_attr *old = (ir_attr *)ir_get(op, key);
    if (old)
        return old;
    ARENA_PUSH(g->module->memory, op->attrs, op->attr_count, op->attr_capacity,
               (ir_attr){.key = key});
    uint32_t at = op->attr_count - 1;
    for (; at > 0 && op->attrs[at - 1].key > key; at--)
        op->attrs[at] = op->attrs[at - 1];
    op->attrs[at] = (ir_attr){.key = key};
    return &op->attrs[at];
}

void ir_set_int(ir_graph *g, ir_op *op, ir_attr_key key, int64_t value)
{
    *attr_for(g, op, key) = (ir_attr){.key = key, .value = value};
}

void ir_set_pair(ir_graph *g, ir_op *op, ir_attr_key key, int64_t first, int64_t second)
{
    *attr_for(g, op, key) = (ir_attr){.key = key, .value = first, .second = second};
}

void ir_set_real(ir_graph *g, ir_op *op, ir_attr_key key, double value)
{
    *attr_for(g, op, key) = (ir_attr){.key = key, .real = value};
}

void ir_set_name(ir_graph *g, ir_op *op, ir_attr_key key, const char *text)
{
    *attr_for(g, op, key) = (ir_attr){.key = key, .text = arena_strdup(g->module->memory, text)};
}

int64_t ir_get_int(const ir_op *op, ir_attr_key key, int64_t otherwise)
{
    const ir_attr *a = ir_get(op, key);
    return a ? a->value : otherwise;
}

const char *ir_get_name(const ir_op *op, ir_attr_key key, const char *otherwise)
{
    const ir_attr *a = ir_get(op, key);
    return a && a->text ? a->text : otherwise;
}

void ir_unset(ir_op *op, ir_attr_key key)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (op->attrs[i].key != key)
            op->attrs[kept++] = op->attrs[i];
    op->attr_count = kept;
}

/* ---- buffers ---- */

/* Passes end the name of a buffer with its index: that one is looked at first. */
static size_t index_in_name(const char *name)
{
    size_t length = strlen(name), index = 0, at = length;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9' && length - at < 9)
        at--;
    while (at < length)
        index = index * 10 + (size_t)(name[at++] - '0');
    return index;
}

ir_buffer *ir_graph_buffer(const ir_graph *g, const char *name)
{
    size_t likely = index_in_name(name);
    if (likely < g->buffer_count && !strcmp(g->buffers[likely].name, name))
        return &g->buffers[likely];
    for (size_t i = 0; i < g->buffer_count; i++)
        if (!strcmp(g->buffers[i].name, name))
            return &g->buffers[i];
    return NULL;
}

uint32_t ir_graph_batch(const ir_graph *g)
{
    for (size_t i = 0; i < g->dim_count; i++)
        if (!strcmp(g->dims[i].name, "n"))
            return g->dims[i].extent;
    return 1;
}

void ir_graph_set_batch(ir_graph *g, uint32_t batch)
{
    for (size_t i = 0; i < g->dim_count; i++)
        if (!strcmp(g->dims[i].name, "n"))
            g->dims[i].extent = batch;
}

uint32_t ir_ring_slots(const ir_graph *g, const ir_buffer *b)
{
    uint64_t points = (uint64_t)ir_graph_batch(g) * b->points;
    return points < b->depth ? (uint32_t)points : b->depth;
}

uint64_t ir_ring_words(const ir_graph *g, const ir_buffer *b)
{
    return (uint64_t)b->words * ir_ring_slots(g, b) + b->blank;
}

ir_buffer *ir_graph_add_buffer(ir_graph *g, const ir_buffer *b)
{
    arena *memory = g->module->memory;
    ARENA_PUSH(memory, g->buffers, g->buffer_count, g->buffer_capacity, *b);
    ir_buffer *added = &g->buffers[g->buffer_count - 1];
    added->name = arena_strdup(memory, b->name);
    return added;
}

/* ---- copying ---- */

static void copy_attrs(ir_graph *into, ir_op *op, const ir_op *from)
{
    arena *memory = into->module->memory;
    op->attrs = ARENA_ARRAY(memory, ir_attr, from->attr_count);
    op->attr_count = op->attr_capacity = from->attr_count;
    for (uint32_t i = 0; i < from->attr_count; i++) {
        op->attrs[i] = from->attrs[i];
        if (from->attrs[i].text)
            op->attrs[i].text = arena_strdup(memory, from->attrs[i].text);
    }
}

static void copy_op(ir_graph *into, ir_op **made, const ir_op *from, bool same_sources)
{
    ir_op *op = ir_op_new(into, NULL, from->code, from->type, NULL, 0,
                          same_sources ? from->where : SOURCE_NOWHERE);
    op->id = from->id;
    for (uint32_t i = 0; i < from->arg_count; i++)
        ir_op_add_arg(into, op, made[from->args[i]->id]);
    op->space = from->space;
    op->place = from->place;
    copy_attrs(into, op, from);
    made[from->id] = op;
}

ir_graph *ir_graph_copy(ir_module *into, const ir_graph *g, const char *name)
{
    ir_graph *copy = ir_graph_new(into, name);
    ir_op **made = ARENA_ARRAY(into->memory, ir_op *, g->next_id);
    for (size_t i = 0; i < g->dim_count; i++)
        ir_graph_dim(copy, g->dims[i].name, g->dims[i].extent);
    for (size_t i = 0; i < g->buffer_count; i++)
        ir_graph_add_buffer(copy, &g->buffers[i]);
    for (const ir_op *op = g->first; op; op = op->next)
        copy_op(copy, made, op, into->sources == g->module->sources);
    copy->next_id = g->next_id;
    copy->interval = g->interval;
    return copy;
}
