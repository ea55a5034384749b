/*
 * Duplicate: R copies of a matrix share the positions of the map that it is used over. Copy c makes
 * the columns R x + c, so a layer is R times as fast, with R times the crossbars (`split.h`: maps in
 * parts).
 *
 * Every copy receives every outer product, in the order of the positions of the whole map: R updates
 * at each of its own, the operands of which are the same values for all copies and, if random numbers
 * round them, with the same draws. So the digits of all copies stay equal, and equal to those of
 * one matrix.
 */
#include "ir/ring.h"
#include "passes/common.h"
#include "passes/partition.h"
#include "passes/placing.h"
#include "passes/split.h"

#include <string.h>

/* A matrix that has copies. */
typedef struct original {
    ir_matrix *matrix;
    uint32_t count;
    ir_matrix **copies; /* the matrix itself first */
    /* of the graph at hand: */
    const ir_op *first; /* its first use */
    ir_op **updates;
    size_t update_count, update_capacity, updates_left;
} original;

typedef struct duplication {
    pass_context *context;
    original *all;
    size_t count, capacity;
} duplication;

static original *original_of(const duplication *d, const ir_op *op)
{
    const char *name = placing_is_matrix(op) ? ir_get_name(op, IR_ATTR_matrix, "") : NULL;
    for (size_t i = 0; name && i < d->count; i++)
        if (!strcmp(d->all[i].matrix->name, name))
            return &d->all[i];
    return NULL;
}

/* ---- what there is no form for ---- */

static bool refuse(const duplication *d, const original *o, const ir_op *use, const char *reason)
{
    diag_error(d->context->diag, use->where, "not supported: copies = %u of '%s', because %s",
               o->count, o->matrix->name, reason);
    return false;
}

static const char *reason_against(arena *memory, const ir_graph *g, const original *o,
                                  const ir_op *use)
{
    if (!split_is_map(use))
        return "it has one position for each example, and copies share the columns of a map";
    uint32_t columns = split_columns(g, use);
    if (columns < o->count)
        return arena_printf(memory, "copies share the columns of its output, and there %s %u",
                            columns == 1 ? "is" : "are", columns);
    if (!ir_same_grid(ir_grid_of(g, use->space), ir_grid_of(g, o->first->space)))
        return "it is used over maps of different sizes";
    return NULL;
}

static bool check_graph(const duplication *d, const ir_graph *g)
{
    for (size_t i = 0; i < d->count; i++)
        d->all[i].first = NULL;
    IR_EACH(op, g) {
        original *o = original_of(d, op);
        if (!o)
            continue;
        o->first = o->first ? o->first : op;
        const char *reason = reason_against(d->context->memory, g, o, op);
        if (reason)
            return refuse(d, o, op, reason);
    }
    return true;
}

/* ---- uses ---- */

static ir_op *like(split *s, const ir_op *op, const ir_matrix *w, ir_space space, uint32_t count,
                   ir_op *const *args)
{
    ir_op *made = rewrite_like(&s->at, op, op->type, count, args);
    made->space = space;
    ir_set_name(s->graph, made, IR_ATTR_matrix, w->name);
    return made;
}

/* Arguments in parts: parts[r * arg_count + i] is part r of argument i. */
static ir_op **parts_of_args(split *s, const ir_op *op, uint32_t r)
{
    ir_op **parts = ARENA_ARRAY(s->memory, ir_op *, (size_t)r * op->arg_count);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        /* An update at a position beyond the map must change nothing. */
        bool column = op->code == IR_opa && i < ir_get_int(op, IR_ATTR_ncol, 0);
        ir_op **of_arg = column ? split_get_clean(s, op->args[i], op->space, r)
                                : split_get(s, op->args[i], r);
        for (uint32_t k = 0; k < r; k++)
            parts[(size_t)k * op->arg_count + i] = of_arg[k];
    }
    return parts;
}

/* Every copy makes its columns. */
static void share_product(split *s, const original *o, ir_op *op)
{
    ir_op **args = parts_of_args(s, op, o->count);
    ir_op **made = ARENA_ARRAY(s->memory, ir_op *, o->count);
    ir_space space = split_space(s, op->space, o->count);
    for (uint32_t r = 0; r < o->count; r++)
        made[r] = like(s, op, o->copies[r], space, op->arg_count, &args[r * op->arg_count]);
    split_put(s, op, o->count, made);
}

/* Every copy gets the updates of all columns: column after column, in each the order of the list. */
static void repeat_updates(split *s, original *o)
{
    ir_op ***args = ARENA_ARRAY(s->memory, ir_op **, o->update_count);
    for (size_t u = 0; u < o->update_count; u++)
        args[u] = parts_of_args(s, o->updates[u], o->count);
    for (uint32_t copy = 0; copy < o->count; copy++)
        for (uint32_t r = 0; r < o->count; r++)
            for (size_t u = 0; u < o->update_count; u++) {
                const ir_op *op = o->updates[u];
                rewrite_inherit(&s->at, op);
                like(s, op, o->copies[copy], split_space(s, op->space, o->count),
                     op->arg_count, &args[u][r * op->arg_count]);
            }
    for (size_t u = 0; u < o->update_count; u++)
        ir_op_remove(s->graph, o->updates[u]);
}

static void visit_update(split *s, original *o, ir_op *op)
{
    ARENA_PUSH(s->memory, o->updates, o->update_count, o->update_capacity, op);
    if (--o->updates_left == 0)
        repeat_updates(s, o);
}

/* How many updates there are, so that the last one is known. */
static void count_updates(const duplication *d, const ir_graph *g)
{
    for (size_t i = 0; i < d->count; i++)
        d->all[i].updates_left = d->all[i].update_count = 0;
    IR_EACH(op, g) {
        original *o = op->code == IR_opa ? original_of(d, op) : NULL;
        if (o)
            o->updates_left++;
    }
}

static bool uses_copies(const duplication *d, const ir_graph *g)
{
    IR_EACH(op, g)
        if (original_of(d, op))
            return true;
    return false;
}

static bool duplicate_graph(const duplication *d, ir_graph *g)
{
    split s;
    if (!uses_copies(d, g))
        return true;
    partition_widen(g);
    if (!check_graph(d, g))
        return false;
    split_open(&s, d->context->memory, g);
    count_updates(d, g);
    IR_EACH(op, g) {
        original *o = original_of(d, op);
        s.at = rewrite_before(g, op);
        if (!o)
            split_visit(&s, op);
        else if (op->code == IR_opa)
            visit_update(&s, o, op);
        else
            share_product(&s, o, op);
    }
    ir_graph_sweep(g);
    common_merge(d->context->memory, g);
    ir_graph_sweep(g);
    ir_graph_renumber(g);
    return true;
}

/* ---- matrices ---- */

static ir_matrix *copy_of(ir_module *m, const ir_matrix *w, uint32_t number)
{
    const char *name = arena_printf(m->memory, "%s.copy%u", w->name, number);
    while (ir_module_matrix(m, name))
        name = arena_printf(m->memory, "%s_", name);
    ir_matrix *copy = ir_matrix_new(m, name, w->outputs, w->inputs, w->q);
    copy->frozen = w->frozen;
    copy->where = w->where;
    copy->copy_of = w->name;
    return copy;
}

/* Copies stand behind all matrices of the model. */
static void add_copies(duplication *d)
{
    ir_module *m = d->context->module;
    for (size_t i = 0, models = m->matrix_count; i < models; i++) {
        ir_matrix *w = m->matrices[i];
        if (w->copies < 2)
            continue;
        original o = {.matrix = w, .count = w->copies};
        o.copies = ARENA_ARRAY(d->context->memory, ir_matrix *, o.count);
        o.copies[0] = w;
        for (uint32_t c = 1; c < o.count; c++)
            o.copies[c] = copy_of(m, w, c);
        w->copies = 0;
        ARENA_PUSH(d->context->memory, d->all, d->count, d->capacity, o);
    }
}

bool pass_duplicate(pass_context *c)
{
    duplication d = {.context = c};
    add_copies(&d);
    for (size_t i = 0; i < c->module->graph_count; i++)
        if (!duplicate_graph(&d, c->module->graphs[i]))
            return false;
    return true;
}
