#include "passes/schedule.h"

/* The time at which an operand from outside of a recurrence is there, by the common clock. */
static int64_t arrival(schedule_state *s, const ir_op *arg)
{
    int64_t ready = schedule_ready(s, arg);
    bool known = schedule_in_loop(arg) && ready > INT64_MIN / 8;
    return known ? schedule_common(s, schedule_core(s, arg->place), ready) : INT64_MIN;
}

bool schedule_prev_ready(schedule_state *s, const ir_op *prev, int64_t *ready)
{
    const ir_recurrences *r = &s->recurrences;
    int64_t latest = INT64_MIN;
    IR_EACH(op, s->graph) {
        if (r->of[op->id] != r->of[prev->id])
            continue;
        for (uint32_t i = 0; i < op->arg_count; i++) {
            ir_op *arg = op->args[i];
            if (r->of[arg->id] == r->of[prev->id])
                continue;
            if (!schedule_place_op(s, arg))
                return false;
            int64_t there = arrival(s, arg);
            latest = there > latest ? there : latest;
        }
    }
    if (latest == INT64_MIN)
        return true;
    latest = schedule_local(s, schedule_core(s, prev->place), latest);
    *ready = latest > *ready ? latest : *ready;
    return true;
}

bool schedule_next_ready(schedule_state *s, const ir_op *next, int64_t *ready)
{
    ir_op *prev = s->recurrences.partner[next->id];
    if (!schedule_place_op(s, prev))
        return false;
    int64_t looked = schedule_ready(s, prev);
    *ready = looked > *ready ? looked : *ready;
    return true;
}

bool schedule_next_fits(schedule_state *s, const ir_op *next)
{
    const ir_op *prev = s->recurrences.partner[next->id];
    core_info *core = schedule_core(s, next->place);
    const op_time *first = schedule_time(s, prev), *last = schedule_time(s, next);
    int64_t turn = last->start + last->cycles - first->start;
    if (turn <= core->table.interval)
        return true;
    int64_t needed = turn * schedule_points(core);
    s->turns_short = needed > s->turns_short ? needed : s->turns_short;
    return false;
}
