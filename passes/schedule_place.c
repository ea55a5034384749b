/*
 * Start times at a given interval: every op as early as its operands and its core's reservation
 * table allow, loads as late as their first user allows (a load is a wait: it must not stand in the
 * stream before it has to).
 */
#include "backend/select.h"
#include "passes/schedule.h"

#include <math.h>
#include <stdlib.h>

enum { TRIES = 4096 }; /* of a vector op whose loads do not fit where it would */

static const int64_t LONG_AGO = INT64_MIN / 4;

int64_t schedule_network_cycles(const machine *m, ir_place from, ir_place to, uint32_t words)
{
    int hops = abs(from.tile % m->mesh_width - to.tile % m->mesh_width) +
               abs(from.tile / m->mesh_width - to.tile / m->mesh_width);
    double beats = ceil((double)words / m->memory_beat_words);
    double cycles = m->network_fixed + hops * m->network_per_hop + beats * m->network_per_beat;
    if (from.node != to.node)
        cycles += m->node_link_fixed + beats * m->node_link_per_beat;
    return (int64_t)ceil(cycles);
}

/* Sends and receives run on threads of their own, as early as they can. */
static void place_on_thread(schedule_state *s, ir_op *op)
{
    op_time *t = schedule_time(s, op);
    const ir_op *from = op->args[0];
    t->cycles = select_op_cycles(s->machine, op);
    if (op->code == IR_send) {
        t->start = schedule_end(s, from);
        return;
    }
    t->start = LONG_AGO; /* from the host: set from its loads when they are known */
    if (from->code == IR_send)
        t->start = schedule_end(s, from) +
                   schedule_network_cycles(s->machine, from->place, op->place, op->type.lanes);
}

/* Loads and late ops have no place of their own: their first user gives them one. */
static bool waits_for_user(schedule_state *s, const ir_op *op)
{
    return schedule_in_loop(op) && (schedule_is_load(op) || schedule_time(s, op)->late);
}

/* When an operand can be used at the earliest; a load counts from when its words are there. */
int64_t schedule_ready(schedule_state *s, const ir_op *arg)
{
    const op_time *t = schedule_time(s, arg);
    if (!schedule_in_loop(arg))
        return LONG_AGO;
    if (waits_for_user(s, arg) && !t->done)
        return t->available + t->cycles;
    return t->start + t->cycles;
}

static bool prepare_operands(schedule_state *s, ir_op *op, int64_t *ready)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        if (!schedule_place_op(s, op->args[i]))
            return false;
        int64_t r = schedule_ready(s, op->args[i]);
        *ready = r > *ready ? r : *ready;
    }
    return true;
}

static void note_done(schedule_state *s, ir_op *op)
{
    schedule_time(s, op)->done = true;
    ARENA_PUSH(s->memory, s->trail, s->trail_count, s->trail_capacity, op);
}

/* Takes back what was placed since the trail had `mark` entries. */
static void undo(schedule_state *s, size_t mark)
{
    while (s->trail_count > mark)
        schedule_time(s, s->trail[--s->trail_count])->done = false;
}

/* From when on a load or late op may stand: others may have given its operands places meanwhile. */
static int64_t earliest_of(schedule_state *s, const ir_op *op)
{
    int64_t earliest = schedule_time(s, op)->available;
    for (uint32_t i = 0; !schedule_is_load(op) && i < op->arg_count; i++) {
        const op_time *t = schedule_time(s, op->args[i]);
        if (schedule_in_loop(op->args[i]) && t->done && t->start + t->cycles > earliest)
            earliest = t->start + t->cycles;
    }
    return earliest;
}

static bool place_before(schedule_state *s, core_info *core, ir_op *op, int64_t limit)
{
    op_time *t = schedule_time(s, op);
    int64_t earliest = earliest_of(s, op);
    if (!reservation_before(&core->table, earliest, limit - t->cycles, t->cycles, &t->start))
        return false;
    reservation_take(&core->table, s->memory, t->start, t->cycles);
    note_done(s, op);
    return true;
}

/* Adds the late ops that an op takes and that are still without a place, once. */
static void gather_late(schedule_state *s, const ir_op *user)
{
    for (uint32_t i = 0; i < user->arg_count; i++) {
        ir_op *arg = user->args[i];
        op_time *t = schedule_time(s, arg);
        if (schedule_is_load(arg) || !waits_for_user(s, arg) || t->done || t->gathered)
            continue;
        t->gathered = true;
        ARENA_PUSH(s->memory, s->waiting, s->waiting_count, s->waiting_capacity, arg);
    }
}

/* Whether a late op that takes this one has no place yet. */
static bool is_awaited(schedule_state *s, const ir_op *op)
{
    EACH_USER(user, &s->users, op)
        if (schedule_time(s, user)->gathered)
            return true;
    return false;
}

/* When the copies into the MCUs of a matrix op's slot begin. */
static int64_t before_product(schedule_state *s, const ir_op *op)
{
    return schedule_time(s, op)->start - s->slots[ir_get_int(op, IR_ATTR_slot, 0)].copies_in;
}

/*
 * Before the first of its users that have a place, which are those of this call: what later rounds of
 * a bundle take may come later.
 */
static int64_t limit_of(schedule_state *s, const ir_op *op, int64_t limit)
{
    EACH_USER(user, &s->users, op) {
        const op_time *t = schedule_time(s, user);
        bool product = placing_is_matrix(user);
        if (!t->done || !(t->late || product))
            continue;
        int64_t start = product ? before_product(s, user) : t->start;
        limit = start < limit ? start : limit;
    }
    return limit;
}

static bool place_loads_of(schedule_state *s, core_info *core, const ir_op *user, int64_t limit)
{
    for (uint32_t i = 0; i < user->arg_count; i++) {
        ir_op *load = user->args[i];
        bool open =
            schedule_is_load(load) && schedule_in_loop(load) && !schedule_time(s, load)->done;
        if (open && !is_awaited(s, load) && !place_before(s, core, load, limit_of(s, load, limit)))
            return false;
    }
    return true;
}

/*
 * Users before what they take, else in the order of operands: the first one, which in an update is the
 * error that everything waits for, comes last in time. NULL: all have a place.
 */
static ir_op *next_waiting(schedule_state *s)
{
    for (size_t i = 0; i < s->waiting_count; i++) {
        op_time *t = schedule_time(s, s->waiting[i]);
        if (!t->gathered || is_awaited(s, s->waiting[i]))
            continue;
        t->gathered = false;
        return s->waiting[i];
    }
    return NULL;
}

/* Puts what waits for these users as late as possible before `limit`. All of it or nothing. */
static bool place_waiting(schedule_state *s, core_info *core, ir_op *const *users, size_t count,
                          int64_t limit)
{
    bool good = true;
    s->waiting_count = 0;
    for (size_t u = 0; u < count; u++)
        gather_late(s, users[u]);
    for (size_t i = 0; i < s->waiting_count; i++)
        gather_late(s, s->waiting[i]);
    for (ir_op *op; good && (op = next_waiting(s)) != NULL;)
        good =
            place_before(s, core, op, limit_of(s, op, limit)) && place_loads_of(s, core, op, limit);
    for (size_t i = 0; i < s->waiting_count; i++)
        schedule_time(s, s->waiting[i])->gathered = false;
    for (size_t u = 0; good && u < count; u++)
        good = place_loads_of(s, core, users[u], limit);
    return good;
}

/* A vector op, store or collect outside of bundles: the first start at which it and its loads fit. */
static bool place_vector(schedule_state *s, ir_op *op, int64_t ready)
{
    core_info *core = schedule_core(s, op->place);
    op_time *t = schedule_time(s, op);
    size_t mark = core->table.count, placed = s->trail_count;
    int64_t from = ready;
    for (int tries = 0; tries < TRIES; tries++) {
        if (!reservation_after(&core->table, from, t->cycles, &t->start))
            return false;
        reservation_take(&core->table, s->memory, t->start, t->cycles);
        if (place_waiting(s, core, &op, 1, t->start))
            return true;
        reservation_rewind(&core->table, mark);
        undo(s, placed);
        from = t->start + 1;
        if (from > ready + core->table.interval)
            return false;
    }
    return false;
}

static ir_op *collect_of(const schedule_state *s, const ir_op *op)
{
    EACH_USER(user, &s->users, op)
        if (user->code == IR_collect)
            return user;
    return NULL;
}

/* The collects of a slot's ops that belong to `bundle`, one after the other from `at` on. */
static bool place_collects(schedule_state *s, core_info *core, const slot_info *slot,
                           int64_t bundle, int64_t at, int64_t latest, bool reserved)
{
    for (size_t i = 0; i < slot->count; i++) {
        ir_op *collect = slot->ops[i]->code == IR_opa ? NULL : collect_of(s, slot->ops[i]);
        if (!collect)
            continue;
        op_time *t = schedule_time(s, collect);
        bool ours = ir_get_int(slot->ops[i], IR_ATTR_bundle, -1) == bundle;
        int64_t start = at;
        if (!reserved) {
            if (!reservation_after(&core->table, at, t->cycles, &start) ||
                start + t->cycles > latest)
                return false;
            reservation_take(&core->table, s->memory, start, t->cycles);
        }
        if (ours) {
            t->start = start;
            t->done = true;
        }
        at = start + t->cycles;
    }
    return true;
}

/* Cycles of the core's stream that a slot takes, from its first copy on. */
static int64_t slot_window(const schedule_state *s, const slot_info *slot)
{
    int64_t issue = select_insn_cycles(s->machine, ISA_mcu, 0);
    bool blocks = s->machine->issue == ISSUE_BLOCKING;
    return slot->copies_in + issue + (blocks ? slot->cycles + slot->collects : 0);
}

/* Takes the MCUs of an overlapped slot from its first copy until the last of its collects. */
static bool take_units(schedule_state *s, const slot_info *slot, int64_t at)
{
    int64_t from = at - slot->copies_in, until = at + select_insn_cycles(s->machine, ISA_mcu, 0);
    for (size_t i = 0; i < slot->count; i++) {
        const ir_op *op = slot->ops[i], *collect = op->code == IR_opa ? NULL : collect_of(s, op);
        const op_time *t = collect ? schedule_time(s, collect) : NULL;
        int64_t end = t ? t->start + t->cycles : until + slot->cycles;
        uint32_t unit = schedule_unit(s, op);
        if (!reservation_free(&s->units[unit].table, from, end - from))
            return false;
        reservation_take(&s->units[unit].table, s->memory, from, end - from);
        ARENA_PUSH(s->memory, s->unit_trail, s->unit_trail_count, s->unit_trail_capacity, unit);
    }
    return true;
}

static void release_units(schedule_state *s, size_t mark)
{
    while (s->unit_trail_count > mark) {
        reservation *table = &s->units[s->unit_trail[--s->unit_trail_count]].table;
        reservation_rewind(table, table->count - 1);
    }
}

/* One slot with its instruction at `at`: its window, its loads, its collects. */
static bool place_slot(schedule_state *s, core_info *core, slot_info *slot, int64_t bundle,
                       int64_t at)
{
    int64_t issue = select_insn_cycles(s->machine, ISA_mcu, 0);
    bool blocks = s->machine->issue == ISSUE_BLOCKING;
    if (!slot->placed) {
        int64_t window = slot_window(s, slot);
        if (!reservation_free(&core->table, at - slot->copies_in, window))
            return false;
        reservation_take(&core->table, s->memory, at - slot->copies_in, window);
    }
    int64_t latest = at + core->table.interval - slot->copies_in;
    if (!place_collects(s, core, slot, bundle, at + issue + slot->cycles, latest, blocks) ||
        (!blocks && !take_units(s, slot, at)))
        return false;
    for (size_t i = 0; i < slot->count; i++)
        if (ir_get_int(slot->ops[i], IR_ATTR_bundle, -1) == bundle) {
            op_time *t = schedule_time(s, slot->ops[i]);
            t->start = at;
            t->cycles = issue + slot->cycles;
            t->done = true;
        }
    return true;
}

typedef struct bundle_ops {
    ir_op **ops;
    size_t count;
    int64_t id, first_slot, rounds;
} bundle_ops;

static bundle_ops bundle_of(const schedule_state *s, const ir_op *op)
{
    int64_t id = ir_get_int(op, IR_ATTR_bundle, 0);
    bundle_ops b = {s->bundles[id].ops, s->bundles[id].count, id, 0, s->bundles[id].rounds};
    b.first_slot = ir_get_int(op, IR_ATTR_slot, 0) - ir_get_int(op, IR_ATTR_round, 0);
    return b;
}

/* The instruction of a later round, from *when on and before the first round of the next point. */
static bool find_round(schedule_state *s, core_info *core, const slot_info *slot, int64_t at,
                       int64_t *when)
{
    int64_t start;
    if (!reservation_after(&core->table, *when, slot_window(s, slot), &start))
        return false;
    *when = start + slot->copies_in;
    return *when < at + core->table.interval;
}

/* All rounds of a bundle with the first instruction at `at`, then their loads. */
static bool try_bundle(schedule_state *s, core_info *core, const bundle_ops *b, int64_t at)
{
    int64_t issue = select_insn_cycles(s->machine, ISA_mcu, 0), when = at, limit = at;
    for (int64_t round = 0; round < b->rounds; round++) {
        slot_info *slot = &s->slots[b->first_slot + round];
        if (round > 0 && !find_round(s, core, slot, at, &when))
            return false;
        if (!place_slot(s, core, slot, b->id, when))
            return false;
        limit = when - slot->copies_in;
        when += issue + slot->cycles + slot->collects;
    }
    return place_waiting(s, core, b->ops, b->count, limit);
}

static void mark_placed(schedule_state *s, const bundle_ops *b, int64_t at)
{
    slot_info *first = &s->slots[b->first_slot];
    if (!first->placed)
        first->phase = at;
    for (int64_t round = 0; round < b->rounds; round++)
        s->slots[b->first_slot + round].placed = true;
}

static bool place_bundle(schedule_state *s, const ir_op *op)
{
    bundle_ops b = bundle_of(s, op);
    core_info *core = schedule_core(s, op->place);
    slot_info *first = &s->slots[b.first_slot];
    int64_t ready = 0;
    for (size_t i = 0; i < b.count; i++)
        if (!prepare_operands(s, b.ops[i], &ready))
            return false;
    int64_t at = ready + first->copies_in;
    if (first->placed) {
        schedule_note_wait(s, op, modulo(first->phase - at, core->table.interval));
        at += modulo(first->phase - at, core->table.interval);
    }
    bool fresh = !first->placed;
    int64_t window = slot_window(s, first);
    size_t mark = core->table.count, placed = s->trail_count, units = s->unit_trail_count;
    int64_t last = at + 3 * core->table.interval;
    while (at <= last) {
        if (fresh && !reservation_after(&core->table, at - first->copies_in, window, &at))
            return false;
        at += fresh ? first->copies_in : 0;
        if (try_bundle(s, core, &b, at)) {
            mark_placed(s, &b, at);
            return true;
        }
        reservation_rewind(&core->table, mark);
        release_units(s, units);
        undo(s, placed);
        at += fresh ? 1 : core->table.interval;
    }
    return false;
}

/* When all that a load or reader takes is in its ring, by the clock of its core. */
static int64_t words_there(schedule_state *s, const ir_op *op)
{
    int64_t there = LONG_AGO;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *filler = op->args[i];
        if (placing_once(filler) || schedule_time(s, filler)->start == LONG_AGO)
            continue;
        int64_t end = schedule_end(s, filler) + schedule_lag(s, op, filler) + s->port_margin;
        there = end > there ? end : there;
    }
    return there == LONG_AGO ? there : schedule_local(s, schedule_core(s, op->place), there);
}

static bool place_unvisited(schedule_state *s, ir_op *op)
{
    op_time *t = schedule_time(s, op);
    if (placing_is_matrix(op) && schedule_in_loop(op))
        return place_bundle(s, op);
    int64_t ready = 0;
    if (!prepare_operands(s, op, &ready))
        return false;
    if (t->late && ready == 0)
        ready = LONG_AGO; /* made of what the host sent: there is no earliest time */
    if (!schedule_in_loop(op)) {
        if (op->code == IR_send || op->code == IR_receive)
            place_on_thread(s, op);
        t->done = true;
        return true;
    }
    t->available = schedule_is_load(op) ? words_there(s, op) : ready;
    if (waits_for_user(s, op))
        return true;            /* its first user places it */
    if (op->code == IR_collect) /* placed with its bundle */
        return t->done;
    if ((op->code == IR_prev && !schedule_prev_ready(s, op, &ready)) ||
        (op->code == IR_next && !schedule_next_ready(s, op, &ready)))
        return false;
    t->done = place_vector(s, op, ready);
    return t->done && (op->code != IR_next || schedule_next_fits(s, op));
}

bool schedule_place_op(schedule_state *s, ir_op *op)
{
    op_time *t = schedule_time(s, op);
    if (t->done || t->visiting)
        return true;
    t->visiting = true;
    return place_unvisited(s, op);
}

/* What comes from the host is received in time for its first load. */
static void place_host_inputs(schedule_state *s)
{
    IR_EACH(load, s->graph)
        for (uint32_t i = 0;
             schedule_is_load(load) && schedule_in_loop(load) && i < load->arg_count; i++) {
            ir_op *receive = load->args[i];
            if (receive->code != IR_receive || receive->args[0]->code != IR_input)
                continue;
            op_time *t = schedule_time(s, receive);
            int64_t start =
                schedule_common(s, schedule_core(s, load->place), schedule_time(s, load)->start);
            start -= t->cycles + schedule_lag(s, load, receive);
            if (t->start == LONG_AGO || start < t->start)
                t->start = start;
        }
}

bool schedule_place(schedule_state *s)
{
    schedule_begin_alignments(s);
    for (size_t i = 0; i < s->core_count; i++)
        s->cores[i].table =
            (reservation){.interval = s->interval / (int64_t)ir_grid_points(s->cores[i].grid)};
    for (size_t i = 0; i < s->slot_count; i++)
        s->slots[i].placed = false;
    for (size_t i = 0; i < s->unit_count; i++)
        s->units[i].table =
            (reservation){.interval = schedule_core(s, s->units[i].core)->table.interval};
    s->trail_count = s->unit_trail_count = 0;
    IR_EACH(op, s->graph) {
        op_time *t = schedule_time(s, op);
        t->done = t->visiting = false;
        t->start = 0;
    }
    IR_EACH(op, s->graph)
        if (!schedule_place_op(s, op))
            return false;
    place_host_inputs(s);
    return true;
}
