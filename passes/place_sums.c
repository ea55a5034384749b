/*
 * Sums of partial products. The products of one vector are made on several cores. What is made on
 * one of them is added there; all the rest of the sum of a strip is worked out on one of these
 * cores, so that every partial sum travels once and not from level to level of the tree. Strips of
 * one vector go to different cores, since every core counts what it has been given. Whole blocks
 * (no strips) keep the tree, whose adds the cores share: a convolution may have many terms and
 * little time.
 */
#include "passes/place.h"
#include "passes/placing.h"

/* The sum that all uses of an add lead to through adds of as many lanes; the add itself if none. */
static ir_op *root_of(ir_op *const *roots, const user_index *users, ir_op *add)
{
    const ir_op *only = NULL;
    EACH_USER(user, users, add) {
        bool adds = user->code == IR_add && user->type.lanes == add->type.lanes &&
                    user->space.count == add->space.count;
        if (only || !adds)
            return add;
        only = user;
    }
    return only ? roots[only->id] : add;
}

void place_sums_open(place_state *s)
{
    if (!s->context->tuning.strip_lanes)
        return;
    user_index users = users_of_graph(s->memory, s->graph);
    s->roots = ARENA_ARRAY(s->memory, ir_op *, s->graph->next_id + 1);
    s->homes = ARENA_ARRAY(s->memory, const place_core *, s->graph->next_id + 1);
    for (ir_op *op = s->graph->last; op; op = op->previous)
        if (op->code == IR_add)
            s->roots[op->id] = root_of(s->roots, &users, op);
}

/* Of the cores that make the terms below `op` the one with the least to do, the later of equals. */
static void find_home(place_state *s, const ir_op *root, const ir_op *op, const place_core **home)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        if (!placing_on_core(arg)) {
            if (arg->code == IR_add && s->roots[arg->id] == root)
                find_home(s, root, arg, home);
            continue;
        }
        const place_core *core = place_core_at(s, arg->place);
        if (place_suits(s, root, arg->place) && (!*home || core->work <= (*home)->work))
            *home = core;
    }
}

static bool is_on_one_core(const ir_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (!placing_on_core(op->args[i]) ||
            !placing_same_core(op->args[i]->place, op->args[0]->place))
            return false;
    return true;
}

bool place_sum(place_state *s, ir_op *op)
{
    const ir_op *root = s->roots && op->code == IR_add ? s->roots[op->id] : NULL;
    if (!root || is_on_one_core(op))
        return false;
    const place_core **home = &s->homes[root->id];
    if (!*home)
        find_home(s, root, root, home);
    if (!*home || !place_suits(s, op, (*home)->place))
        return false;
    place_put(s, op, (*home)->place);
    return true;
}
