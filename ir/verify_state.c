#include "ir/recurrence.h"
#include "ir/verify.h"
#include "ir/window.h"

/* States and recurrences; ops are sound one by one. */

static bool same_space(ir_space a, ir_space b)
{
    return ir_space_within(a, b) && ir_space_within(b, a);
}

/* A load may fetch what is the same for a map at each of its points. */
static bool first_sound(const ir_op *prev)
{
    const ir_op *first = prev->args[0];
    return first->code == IR_load || ir_space_within(first->space, ir_frame(prev->space));
}

static void check_prev(ir_check *c, const ir_op *prev, const ir_op *next)
{
    if (!next)
        ir_fail_op(c, prev, "a state has one prev and, behind it, one next");
    else if (!same_space(prev->space, next->space))
        ir_fail_op(c, prev, "runs over another space than its next, %%%u", next->id);
    else if (prev->type.lanes != next->type.lanes || prev->type.q != next->type.q)
        ir_fail_op(c, prev, "has another type than its next, %%%u", next->id);
    if (prev->space.count < 2)
        ir_fail_op(c, prev, "must run over rows and columns");
    else if (!first_sound(prev))
        ir_fail_op(c, prev, "its first value must be the same for a whole map");
}

void ir_check_states(ir_check *c)
{
    const ir_recurrences r = ir_recurrences_of(c->m->memory, c->g);
    const ir_op **first = ARENA_ARRAY(c->m->memory, const ir_op *, r.count + 1);
    for (const ir_op *op = c->g->first; r.states && op; op = op->next) {
        if (op->code == IR_prev)
            check_prev(c, op, r.partner[op->id]);
        else if (op->code == IR_next && !r.partner[op->id])
            ir_fail_op(c, op, "a state has one prev and, behind it, one next");
        uint32_t number = r.of[op->id];
        if (!number)
            continue;
        first[number] = first[number] ? first[number] : op;
        if (ir_is_spatial(op->code))
            ir_fail_op(c, op,
                       "takes a whole map, of which a recurrence makes one point from another");
        else if (op->code != IR_next && !same_space(op->space, first[number]->space))
            ir_fail_op(c, op, "is in a recurrence with %%%u, over another space",
                       first[number]->id);
    }
}
