/*
 * Back-propagation through time. The errors of a recurrence are one as well, in which what was the
 * next point is the one before: it runs over the same map with time turned round, so that every loop
 * goes forward. What it takes from the forward graph is read in reverse, and an error that leaves it
 * is turned back, for a value that had a position in time.
 *
 * Updates of a recurrence's matrices follow its errors: examples, then steps from the last to the
 * first.
 */
#include "ir/window.h"
#include "passes/gradients.h"

static bool has_time(const ir_op *x)
{
    return x->space.count > 2;
}

/* x with time turned round; what was turned is turned back by what it was. */
static ir_op *turn(rewrite *at, ir_op *x)
{
    if (!has_time(x))
        return x;
    if (x->code == IR_reverse)
        return x->args[0];
    return rewrite_op(at, IR_reverse, x->type, 1, &x);
}

/* A value of the forward graph, turned where the errors of the first recurrence began. */
ir_op *gradient_turned(gradients *t, ir_op *x)
{
    if (!has_time(x))
        return x;
    ir_op **known = &t->turned[x->id];
    if (!*known) {
        rewrite at = rewrite_after(t->at.graph, t->turn_after);
        rewrite_inherit(&at, x);
        *known = turn(&at, x);
    }
    return *known;
}

ir_op *gradient_leaving(gradients *t, const ir_op *arg, ir_op *part)
{
    bool leaves = t->inside && t->recurrences.of[arg->id] != t->inside;
    return leaves && has_time(arg) ? turn(&t->at, part) : part;
}

static ir_op *new_prev(gradients *t, ir_op *first, ir_space space, int64_t state)
{
    ir_op *prev = rewrite_op(&t->at, IR_prev, first->type, 1, &first);
    prev->space = space;
    ir_set_int(t->at.graph, prev, IR_ATTR_state, state);
    return prev;
}

static void new_next(gradients *t, ir_op *value, ir_space space, int64_t state)
{
    ir_op *next = rewrite_op(&t->at, IR_next, value->type, 1, &value);
    next->space = space;
    ir_set_int(t->at.graph, next, IR_ATTR_state, state);
}

void gradient_reverse(gradients *t, ir_op *op, ir_op *g)
{
    if (ir_get(op, IR_ATTR_first))
        gradient_later(t, op, g);
    else
        gradient_give(t, op, 0, turn(&t->at, gradient_whole(t, op, g)));
}

/* The last point gets the error, the others none: turned round, it is a state that is lost at once. */
void gradient_final(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *x = op->args[0];
    g = gradient_to_lanes(t, gradient_in_format(t, g), x->type.lanes);
    int64_t state = t->states++;
    ir_op *first = new_prev(t, g, x->space, state);
    new_next(t, rewrite_const(&t->at, 0, x->type.lanes, t->q_error), x->space, state);
    gradient_give(t, op, 0, turn(&t->at, first));
}

void gradient_next(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, g);
}

/* The error of a state goes to the point before; that of the first point to what it was set to. */
void gradient_prev(gradients *t, ir_op *op, ir_op *g)
{
    t->q_error = gradient_format(t, op);
    g = gradient_whole(t, op, g);
    new_next(t, g, op->space, t->back[op->id]);
    if (!gradient_wanted(t, op, 0))
        return;
    ir_op *first = rewrite_op(&t->at, IR_final, g->type, 1, &g);
    first->space = ir_frame(g->space);
    gradient_give(t, op, 0, first);
}

/* The errors of a recurrence that came from outside, turned, and those from its next point. */
static bool begin_errors(gradients *t, ir_op *last)
{
    bool any = false;
    for (ir_op *op = last; op && t->recurrences.of[op->id] == t->inside; op = op->previous)
        any = any || (t->needs[op->id] && t->error[op->id]);
    for (ir_op *op = last; any && op && t->recurrences.of[op->id] == t->inside;
         op = op->previous) {
        rewrite_inherit(&t->at, op);
        t->q_error = gradient_format(t, op);
        if (t->error[op->id])
            t->error[op->id] = turn(&t->at, gradient_whole(t, op, t->error[op->id]));
        if (op->code != IR_prev || !t->needs[op->id])
            continue;
        t->back[op->id] = t->states++;
        ir_op *zero = rewrite_const(&t->at, 0, op->type.lanes, t->q_error);
        ir_op *later = new_prev(t, zero, op->space, t->back[op->id]);
        t->error[t->recurrences.partner[op->id]->id] = later;
    }
    return any;
}

/* Forward values that the new ops after `start` take are turned round. */
static void turn_operands(gradients *t, const ir_op *start)
{
    const ir_op *end = t->at.after->next;
    for (ir_op *op = start->next; op != end; op = op->next)
        for (uint32_t i = 0; op->code != IR_reverse && i < op->arg_count; i++)
            if (op->args[i]->id < t->known)
                op->args[i] = gradient_turned(t, op->args[i]);
}

ir_op *gradient_recurrence(gradients *t, ir_op *last)
{
    ir_op *op = last, *start = t->at.after;
    t->inside = t->recurrences.of[last->id];
    t->turn_after = t->turn_after ? t->turn_after : start;
    bool any = begin_errors(t, last);
    for (; op && t->recurrences.of[op->id] == t->inside; op = op->previous) {
        if (!any || !t->needs[op->id])
            continue;
        rewrite_inherit(&t->at, op);
        t->q_error = gradient_towards(t, op);
        if (t->error[op->id])
            gradient_rows[op->code](t, op, t->error[op->id]);
        else if (op->code == IR_prev) /* nothing depends on it smoothly */
            new_next(t, rewrite_const(&t->at, 0, op->type.lanes, gradient_format(t, op)),
                     op->space, t->back[op->id]);
    }
    if (any)
        turn_operands(t, start);
    t->inside = 0;
    return op;
}

void gradient_group(gradients *t, ir_graph *g)
{
    ir_plan plan = ir_plan_of(g->module->memory, g);
    ir_op *after = NULL;
    for (size_t i = 0; i < plan.count; i++)
        for (size_t k = 0; k < plan.steps[i].count; k++) {
            ir_op_move(g, plan.steps[i].ops[k], after);
            after = plan.steps[i].ops[k];
        }
    ir_graph_renumber(g);
    t->recurrences = ir_recurrences_of(g->module->memory, g);
    t->known = g->next_id;
    t->states = ir_new_state(g);
    t->turned = ARENA_ARRAY(g->module->memory, ir_op *, g->next_id);
    t->back = ARENA_ARRAY(g->module->memory, int64_t, g->next_id);
}
