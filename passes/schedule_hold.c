/*
 * Values that outlive an interval: the next point's value would overwrite the register before the
 * last use. Such uses read the value from a ring instead: an operand that came out of a ring is
 * loaded again (the forward ring is the store of saved activations), anything else is stored.
 */
#include "passes/routing.h"
#include "passes/schedule.h"

/* The op whose register a value lives in: slices are views. */
static const ir_op *register_of(const ir_op *value)
{
    while (value->code == IR_slice)
        value = value->args[0];
    return value;
}

static bool outlives(schedule_state *s, const ir_op *value, const ir_op *user)
{
    const ir_op *home = register_of(value);
    if (!schedule_in_loop(home) || !schedule_in_loop(user) || user->code == IR_slice ||
        user->code == IR_store || home->code == IR_store || placing_is_matrix(home) || !placing_same_core(home->place, user->place))
        return false;
    int64_t age = schedule_time(s, user)->line - schedule_time(s, home)->line;
    return age >= schedule_core(s, user->place)->events;
}

/* A second way to the value for the uses that come too late for its register. */
static ir_op *reload(schedule_state *s, ir_op *value, const ir_op *user)
{
    ir_op *source = value->code == IR_load ? value->args[0] : routing_store(s->graph, s->memory, value);
    return routing_load(s->graph, source, user->place, value->code == IR_load ? value : source);
}

size_t schedule_hold(schedule_state *s)
{
    size_t held = 0;
    IR_EACH(value, s->graph) {
        ir_op *again = NULL;
        if (value->id == 0)
            continue; /* made here, in this round */
        for (ir_op *user = value->next; user; user = user->next)
            for (uint32_t i = 0; user->id != 0 && i < user->arg_count; i++)
                if (user->args[i] == value && outlives(s, value, user)) {
                    if (!again) {
                        again = reload(s, value, user);
                        again->id = 0;
                    }
                    user->args[i] = again;
                    held++;
                }
    }
    return held;
}
