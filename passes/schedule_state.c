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
    latest = latest == INT64_MIN ? 0 : latest;
    latest = schedule_local(s, schedule_core(s, prev->place), latest) +
             s->alignments[r->of[prev->id]].delay;
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

/* Between ops of a recurrence, along arguments. */
static void adopt_between(schedule_state *s, uint32_t r)
{
    bool *from = ARENA_ARRAY(s->memory, bool, s->graph->next_id + 1);
    bool *to = ARENA_ARRAY(s->memory, bool, s->graph->next_id + 1);
    IR_EACH(op, s->graph) {
        from[op->id] = s->recurrences.of[op->id] == r;
        for (uint32_t i = 0; i < op->arg_count; i++)
            from[op->id] = from[op->id] || from[op->args[i]->id];
    }
    for (const ir_op *op = s->graph->last; op; op = op->previous) {
        to[op->id] = to[op->id] || s->recurrences.of[op->id] == r;
        for (uint32_t i = 0; to[op->id] && i < op->arg_count; i++)
            to[op->args[i]->id] = true;
    }
    IR_EACH(op, s->graph)
        if (!s->recurrences.of[op->id] && from[op->id] && to[op->id])
            s->recurrences.of[op->id] = r;
}

void schedule_adopt(schedule_state *s)
{
    bool *grown = ARENA_ARRAY(s->memory, bool, s->recurrences.count + 1);
    IR_EACH(op, s->graph) {
        uint32_t r = s->recurrences.states ? s->recurrences.of[op->id] : 0;
        if (!r || !placing_is_matrix(op) || !schedule_in_loop(op))
            continue;
        const struct bundle_info *b = &s->bundles[ir_get_int(op, IR_ATTR_bundle, 0)];
        for (size_t i = 0; i < b->count; i++) {
            grown[r] = grown[r] || !s->recurrences.of[b->ops[i]->id];
            s->recurrences.of[b->ops[i]->id] = r;
        }
    }
    for (uint32_t r = 1; r <= s->recurrences.count; r++)
        if (grown[r])
            adopt_between(s, r);
}

void schedule_begin_alignments(schedule_state *s)
{
    for (uint32_t r = 1; r <= s->recurrences.count; r++)
        s->alignments[r].count = 0;
    s->realign = false;
}

void schedule_forget_alignments(schedule_state *s)
{
    for (uint32_t r = 1; r <= s->recurrences.count; r++)
        s->alignments[r].delay = 0;
    s->realigned = 0;
}

void schedule_note_wait(schedule_state *s, const ir_op *op, int64_t wait)
{
    uint32_t r = s->recurrences.states ? s->recurrences.of[op->id] : 0;
    alignment *a = r ? &s->alignments[r] : NULL;
    if (a && a->count < sizeof a->waits / sizeof *a->waits)
        a->waits[a->count++] = wait;
}

/*
 * The delay after which the longest of the waits is shortest, less a margin that grows from try to
 * try: what is placed later meets other ops, and the next slot is a turn away.
 */
static void align(schedule_state *s, alignment *a, int64_t turn)
{
    int64_t best = 0, shortest = INT64_MAX;
    for (size_t i = 0; i < a->count; i++) {
        int64_t longest = 0;
        for (size_t k = 0; k < a->count; k++) {
            int64_t wait = modulo(a->waits[k] - a->waits[i], turn);
            longest = wait > longest ? wait : longest;
        }
        best = longest < shortest ? a->waits[i] : best;
        shortest = longest < shortest ? longest : shortest;
    }
    int64_t margin = INT64_C(2) << s->realigned;
    a->delay = modulo(a->delay + best - margin, turn);
    s->realign = true;
}

void schedule_unshare(schedule_state *s)
{
    int64_t *slots = ARENA_ARRAY(s->memory, int64_t, s->slot_count + s->graph->next_id);
    int64_t fresh = (int64_t)s->slot_count;
    IR_EACH(op, s->graph) {
        if (!placing_is_matrix(op) || !schedule_in_loop(op) || !s->recurrences.of[op->id])
            continue;
        const slot_info *slot = &s->slots[ir_get_int(op, IR_ATTR_slot, 0)];
        int64_t bundle = ir_get_int(op, IR_ATTR_bundle, 0);
        bool shared = false;
        for (size_t i = 0; i < slot->count; i++)
            shared = shared || ir_get_int(slot->ops[i], IR_ATTR_bundle, 0) != bundle;
        if (!shared)
            continue;
        slots[bundle] = slots[bundle] ? slots[bundle] : fresh++;
        ir_set_int(s->graph, op, IR_ATTR_slot, slots[bundle]);
    }
    schedule_tables(s);
}

bool schedule_next_fits(schedule_state *s, const ir_op *next)
{
    const ir_op *prev = s->recurrences.partner[next->id];
    core_info *core = schedule_core(s, next->place);
    const op_time *first = schedule_time(s, prev), *last = schedule_time(s, next);
    int64_t turn = last->start + last->cycles - first->start;
    if (turn <= core->table.interval)
        return true;
    if (s->alignments[s->recurrences.of[next->id]].count) {
        align(s, &s->alignments[s->recurrences.of[next->id]], core->table.interval);
        return false;
    }
    int64_t needed = turn * schedule_points(core);
    s->turns_short = needed > s->turns_short ? needed : s->turns_short;
    return false;
}
