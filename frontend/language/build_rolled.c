/*
 * Rolled seqs: a seq of T steps is a map of T rows and one column, so that its text does not grow
 * with T; a scan's body stands in the graph once, and its states are pairs of `prev` and `next`
 * (ir/recurrence.h). Seqs of up to UNROLLED_MOST steps have ops for each step instead
 * (build_steps.c), and so have all seqs of a body with a scan that looks at other seqs as a whole, or
 * that trains a matrix in loops of different lengths, or in one and outside of it.
 */
#include "frontend/language/build.h"

#include "ir/window.h"

#include <string.h>

enum { UNROLLED_MOST = 4 };

/* ---- what is rolled ---- */

static bool is_seq(const pan_type *t)
{
    return t->kind == PAN_SEQ;
}

/* Inside a scan: nothing but the scan itself may take a seq or make one. */
static bool walks_alone(const pan_body *body, const pan_op *op)
{
    bool alone = op->code != PAN_SCAN_BEGIN && (op->code == PAN_SCAN_END || !is_seq(&op->type));
    for (uint32_t i = 0; alone && op->code != PAN_SCAN_ITEM && i < op->arg_count; i++)
        alone = !is_seq(&body->ops[op->args[i]].type);
    return alone;
}

bool build_can_roll(const pan_body *body)
{
    bool inside = false, can = true;
    for (size_t i = 0; can && i < body->count; i++) {
        const pan_op *op = &body->ops[i];
        can = !inside || walks_alone(body, op);
        inside = (inside || op->code == PAN_SCAN_BEGIN) && op->code != PAN_SCAN_END;
    }
    return can;
}

static bool updates(const ir_graph *g, const char *matrix)
{
    bool trains = false;
    for (const ir_op *op = g->first; op; op = op->next)
        trains = trains || op->code == IR_descend ||
                 (op->code == IR_opa && !strcmp(ir_get_name(op, IR_ATTR_matrix, ""), matrix));
    const ir_matrix *w = ir_module_matrix(g->module, matrix);
    return trains && !(w && w->frozen);
}

/* Reads of parameters, which happen once, are in no loop. */
static bool loops(const ir_op *op)
{
    return ir_ops[op->code].class == IR_CLASS_MATRIX && op->space.count > 0;
}

bool build_has_loops_apart(const ir_graph *g)
{
    for (const ir_op *a = g->first; a; a = a->next) {
        const char *matrix = loops(a) ? ir_get_name(a, IR_ATTR_matrix, "") : NULL;
        for (const ir_op *b = matrix ? a->next : NULL; b; b = b->next) {
            if (!loops(b) || strcmp(ir_get_name(b, IR_ATTR_matrix, ""), matrix))
                continue;
            bool within = ir_space_within(a->space, b->space);
            bool around = ir_space_within(b->space, a->space);
            if (!(within && around) && (!(within || around) || updates(g, matrix)))
                return false;
        }
    }
    return true;
}

bool build_is_rolled(const builder *b, const pan_type *t)
{
    return is_seq(t) && b->rolls && t->steps > UNROLLED_MOST;
}

/* Examples times steps; false after an error. */
static bool steps_space(builder *b, int64_t steps, source_range where, ir_space *space)
{
    return build_grid(b, b->each, steps, 1, where, space);
}

/* A value at every step of a seq, also where it is the same at all of them; NULL after an error. */
static ir_op *at_steps(builder *b, ir_op *x, int64_t steps, source_range where)
{
    ir_space space;
    if (!x || !steps_space(b, steps, where, &space))
        return NULL;
    if (ir_space_within(space, x->space))
        return x;
    ir_op *same = build_op(b, IR_convert, x->type, where, 1, &x);
    same->space = space;
    return same;
}

bool build_rolled_port(builder *b, ir_op *port, const pan_type *t, source_range where)
{
    port->type.lanes = (uint32_t)build_lanes(t);
    ir_set_name(b->g, port, IR_ATTR_layout, "pixels");
    return steps_space(b, t->steps, where, &port->space);
}

void build_rolled_output(builder *b, const pan_op *op, ir_op *value, const char *label,
                         int64_t port)
{
    ir_op *x = at_steps(b, build_to_format(b, value, op->q, op->where), op->type.steps, op->where);
    if (x)
        ir_set_name(b->g, build_output(b, x, label, port), IR_ATTR_layout, "pixels");
}

/* ---- shapes ---- */

static ir_op *seq_arg(builder *b, const pan_op *op)
{
    if (build_arg(b, op, 0)->type.kind == IR_LABEL)
        return build_refuse(b, op->where, "this of labels",
                            "cores hold vectors; one_hot makes one of each label");
    return at_steps(b, build_arg(b, op, 0), build_arg_op(b, op, 0)->type.steps, op->where);
}

ir_op *build_rolled_last(builder *b, const pan_op *op)
{
    ir_op *x = seq_arg(b, op);
    if (!x)
        return NULL;
    ir_op *last = build_op(b, IR_final, x->type, op->where, 1, &x);
    last->space = b->each;
    return build_to_format(b, last, op->q, op->where);
}

ir_op *build_rolled_reverse(builder *b, const pan_op *op)
{
    ir_op *x = seq_arg(b, op);
    if (!x)
        return NULL;
    ir_op *turned = build_op(b, IR_reverse, x->type, op->where, 1, &x);
    return build_to_format(b, turned, op->q, op->where);
}

ir_op *build_rolled_join(builder *b, ir_op *x, const pan_type *seq, source_range where)
{
    x = at_steps(b, x, seq->steps, where);
    if (!x)
        return NULL;
    ir_type whole = ir_vec((uint32_t)build_elements(seq), x->type.q);
    ir_op *vector = build_op(b, IR_flatten, whole, where, 1, &x);
    vector->space = b->each;
    ir_set_name(b->g, vector, IR_ATTR_layout, "pixels");
    return vector;
}

ir_op *build_rolled_cut(builder *b, ir_op *x, const pan_type *seq, source_range where)
{
    ir_type step = ir_vec((uint32_t)build_lanes(seq), x->type.q);
    if (!ir_space_within(b->each, x->space)) { /* the same for all examples */
        x = build_op(b, IR_convert, x->type, where, 1, &x);
        x->space = b->each;
    }
    ir_op *steps = build_op(b, IR_unflatten, step, where, 1, &x);
    ir_set_name(b->g, steps, IR_ATTR_layout, "pixels");
    return steps_space(b, seq->steps, where, &steps->space) ? steps : NULL;
}

ir_op *build_rolled_mean(builder *b, const pan_op *op, ir_op *loss, int64_t steps)
{
    ir_op *x = at_steps(b, loss, steps, op->where);
    if (!x)
        return NULL;
    ir_op *sum = build_op(b, IR_total, x->type, op->where, 1, &x);
    sum->space = b->each;
    return sum;
}

/* ---- states ---- */

ir_op *build_prev(builder *b, ir_op *first, int64_t steps, source_range where)
{
    ir_op *prev = build_op(b, IR_prev, first->type, where, 1, &first);
    ir_set_int(b->g, prev, IR_ATTR_state, b->states++);
    return steps_space(b, steps, where, &prev->space) ? prev : NULL;
}

void build_next(builder *b, const ir_op *prev, ir_op *value)
{
    value = build_to_format(b, value, prev->type.q, value->where);
    ir_op *next = build_op(b, IR_next, prev->type, value->where, 1, &value);
    next->space = prev->space;
    ir_set_int(b->g, next, IR_ATTR_state, ir_get_int(prev, IR_ATTR_state, 0));
}

/* ---- scan ---- */

void build_rolled_scan(builder *b, size_t begin, size_t end, int64_t steps)
{
    const pan_op *ops = b->body->ops, *yield = &ops[end];
    int64_t around = b->scan_steps;
    b->scan_steps = steps;
    build_ops(b, begin + 1, end);
    b->scan_steps = around;
    for (size_t i = end + 1; i < b->body->count && ops[i].code == PAN_SCAN_RESULT; i++) {
        ir_op *value = b->failed ? NULL : build_arg(b, yield, ops[i].index);
        b->values[i] = (build_value){.op = at_steps(b, value, steps, ops[i].where)};
    }
}
