#include "ir/interp.h"

#include "isa/support/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

static void grow_slots(ir_values *v, size_t count)
{
    if (count > v->slot_capacity) {
        v->slots = ARENA_ARRAY(v->memory, ir_slot, 2 * count);
        v->slot_capacity = 2 * count;
    }
    memset(v->slots, 0, v->slot_capacity * sizeof *v->slots);
}

static void grow_pool(ir_values *v, size_t words)
{
    if (words <= v->pool_capacity)
        return;
    v->pool = arena_calloc(v->memory, words, v->word);
    v->pool_capacity = words;
}

static const ir_op *port_value(const ir_op *op)
{
    return op->code == IR_output ? op->args[0] : op;
}

/* Words of a port: up to the last lane that any of its ops names, for every pixel. */
static size_t port_words(const ir_graph *g, const ir_op *op)
{
    size_t lanes = 0;
    for (const ir_op *other = g->first; other; other = other->next) {
        if (other->code != op->code ||
            ir_get_int(other, IR_ATTR_port, 0) != ir_get_int(op, IR_ATTR_port, 0))
            continue;
        size_t end =
            (size_t)ir_get_int(other, IR_ATTR_first, 0) + ir_words(port_value(other)->type);
        lanes = end > lanes ? end : lanes;
    }
    return lanes * ir_port_pixels(g, op);
}

static void measure_args(ir_values *v, const ir_op *op)
{
    size_t words = 0;
    for (uint32_t i = 0; i < op->arg_count; i++)
        words += ir_words(op->args[i]->type);
    if (words > v->operand_words)
        v->operand_words = words;
    if (op->arg_count > v->arg_capacity) {
        v->arg_capacity = 2 * op->arg_count;
        v->args = ARENA_ARRAY(v->memory, const void *, v->arg_capacity);
    }
}

void ir_values_prepare(ir_values *v, const ir_graph *g)
{
    size_t words = 0;
    grow_slots(v, g->next_id);
    for (const ir_op *op = g->first; op; op = op->next) {
        bool port = op->code == IR_input || op->code == IR_output;
        v->slots[op->id] = (ir_slot){op, words, port ? port_words(g, op) : 0,
                                    ir_port_pixels(g, op)};
        words += ir_space_points(g, op->space) * ir_words(op->type);
        measure_args(v, op);
    }
    grow_pool(v, words);
}

void *ir_values_at(const ir_values *v, const ir_op *op, size_t point)
{
    return v->pool + (v->slots[op->id].offset + point * ir_words(op->type)) * v->word;
}

static size_t points_each(const ir_graph *g, ir_space s, ir_space frame)
{
    return ir_space_points(g, s) / ir_space_points(g, frame);
}

static ir_space calls_of(const ir_op *op)
{
    return ir_is_spatial(op->code) ? ir_result_frame(op) : op->space;
}

size_t ir_values_calls(const ir_graph *g, const ir_op *op)
{
    return ir_space_points(g, calls_of(op));
}

static void run_together(arena *scratch, const ir_graph *g, ir_op *const *ops, size_t count,
                         const ir_visit *visit, void *run)
{
    size_t points = ir_values_calls(g, ops[0]);
    void **sites = ARENA_ARRAY(scratch, void *, count);
    for (size_t i = 0; i < count; i++)
        sites[i] = visit->open(scratch, run, ops[i]);
    for (size_t p = 0; p < points; p++)
        for (size_t i = 0; i < count; i++)
            visit->call(sites[i], p);
}

void ir_values_run(arena *scratch, const ir_graph *g, const ir_plan *plan, const ir_visit *visit,
                   void *run)
{
    for (size_t i = 0; i < plan->count; i++)
        run_together(scratch, g, plan->steps[i].ops, plan->steps[i].count, visit, run);
    for (ir_op *op = g->first; op && !plan->count; op = op->next)
        run_together(scratch, g, &op, 1, visit, run);
}

void *ir_values_result(const ir_values *v, const ir_graph *g, const ir_op *op, size_t call)
{
    size_t points = ir_is_spatial(op->code) ? points_each(g, op->space, ir_result_frame(op)) : 1;
    return ir_values_at(v, op, call * points);
}

static bool same_dims(ir_space a, ir_space b)
{
    return a.count == b.count && !memcmp(a.dim, b.dim, a.count);
}

const void *const *ir_values_args(ir_values *v, const ir_graph *g, const ir_op *op, size_t call)
{
    bool spatial = ir_is_spatial(op->code);
    ir_space outer = calls_of(op);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        ir_space inner = spatial ? ir_arg_frame(op, i) : arg->space;
        size_t points = spatial ? points_each(g, arg->space, inner) : 1;
        size_t at = same_dims(inner, outer) ? call : ir_space_project(g, outer, call, inner);
        v->args[i] = ir_values_at(v, arg, at * points);
    }
    return v->args;
}

const void *ir_values_before(const ir_values *v, const ir_graph *g, const ir_op *op, size_t point)
{
    bool first = point % points_each(g, op->space, ir_frame(op->space)) == 0;
    return first ? NULL : ir_values_at(v, op, point - 1);
}

const void *ir_values_of(const ir_values *v, const ir_op *op)
{
    bool known = op->id < v->slot_capacity && v->slots[op->id].op == op && op->type.kind != IR_NONE;
    return known ? ir_values_at(v, op, 0) : NULL;
}

ir_port_words ir_values_port(const ir_values *v, const ir_op *op, size_t point)
{
    const ir_slot *slot = &v->slots[op->id];
    size_t first = (size_t)ir_get_int(op, IR_ATTR_first, 0);
    if (ir_port_by_pixels(op))
        return (ir_port_words){point * (slot->stride / slot->pixels) + first, 1};
    return (ir_port_words){point / slot->pixels * slot->stride + first * slot->pixels +
                               point % slot->pixels,
                           slot->pixels};
}

/* ---- random draws ---- */

int ir_side(const ir_module *m)
{
    const slicing *f = &m->numerics.slices;
    return f->rows < f->columns ? f->rows : f->columns;
}

uint64_t ir_draw(const ir_op *op, uint64_t seed, uint64_t step, size_t point, uint32_t lane,
                 uint32_t side)
{
    uint64_t stream = (uint64_t)ir_get_int(op, IR_ATTR_stream, 0) + lane / side;
    return random_lane(random_base((random_key){seed, stream, step, point}), lane % side);
}

/* ---- matrices by name ---- */

typedef struct index_entry {
    const char *name;
    size_t number;
} index_entry;

struct ir_matrix_index {
    index_entry *entries; /* by name */
    size_t count;
};

static int by_name(const void *left, const void *right)
{
    return strcmp(((const index_entry *)left)->name, ((const index_entry *)right)->name);
}

ir_matrix_index *ir_matrix_index_new(arena *memory, const ir_module *m)
{
    ir_matrix_index *index = ARENA_NEW(memory, ir_matrix_index);
    index->count = m->matrix_count;
    index->entries = ARENA_ARRAY(memory, index_entry, m->matrix_count + 1);
    for (size_t i = 0; i < m->matrix_count; i++)
        index->entries[i] = (index_entry){m->matrices[i]->name, i};
    qsort(index->entries, index->count, sizeof *index->entries, by_name);
    return index;
}

size_t ir_matrix_index_of(const ir_matrix_index *index, const ir_op *op)
{
    index_entry key = {ir_get_name(op, IR_ATTR_matrix, ""), 0};
    const index_entry *found =
        bsearch(&key, index->entries, index->count, sizeof key, by_name);
    return found ? found->number : 0;
}

/* ---- updates ---- */

/* Whether the dimensions of outer that inner lacks are all 0 at this point of outer. */
static bool starts_here(const ir_graph *g, ir_space outer, size_t point, ir_space inner)
{
    for (int o = outer.count - 1; o >= 0; o--) {
        size_t extent = g->dims[outer.dim[o]].extent;
        ir_space one = {1, {outer.dim[o]}};
        if (point % extent && !ir_space_within(one, inner))
            return false;
        point /= extent;
    }
    return true;
}

typedef struct ir_matrix_update {
    size_t matrix, order;
    const ir_op *opa;
} matrix_update;

static int by_matrix(const void *left, const void *right)
{
    const matrix_update *a = left, *b = right;
    if (a->matrix != b->matrix)
        return a->matrix < b->matrix ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* All updates of one matrix. */
static void update_matrix(const ir_graph *g, const matrix_update *list, size_t count,
                          ir_update *update, void *context)
{
    ir_space all = {0};
    for (size_t i = 0; i < count; i++)
        all = ir_space_union(g, all, list[i].opa->space);
    size_t points = ir_space_points(g, all);
    for (size_t p = 0; p < points; p++)
        for (size_t i = 0; i < count; i++)
            if (starts_here(g, all, p, list[i].opa->space))
                update(context, list[i].opa, list[i].matrix,
                       ir_space_project(g, all, p, list[i].opa->space));
}

void ir_each_update(ir_values *v, const ir_graph *g, const ir_matrix_index *index,
                    ir_update *update, void *context)
{
    size_t count = 0, end;
    for (const ir_op *op = g->first; op; op = op->next) {
        if (op->code != IR_opa)
            continue;
        matrix_update u = {ir_matrix_index_of(index, op), count, op};
        ARENA_PUSH(v->memory, v->updates, count, v->update_capacity, u);
    }
    matrix_update *list = v->updates;
    if (count)
        qsort(list, count, sizeof *list, by_matrix);
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1; end < count && list[end].matrix == list[i].matrix;)
            end++;
        update_matrix(g, list + i, end - i, update, context);
    }
}

/* ---- losses ---- */

double ir_cross_entropy(const double *x, const double *y, uint32_t n)
{
    double largest = x[0], sum = 0, loss = 0;
    for (uint32_t i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (uint32_t i = 0; i < n; i++)
        sum += exp(x[i] - largest);
    for (uint32_t i = 0; i < n; i++)
        loss += y[i] * (largest + log(sum) - x[i]);
    return loss;
}

double ir_mse(const double *x, const double *y, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum / n;
}
