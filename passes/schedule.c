#include "passes/schedule.h"

#include <stdlib.h>
#include <string.h>

/* An event of a core's or thread's body: an op, or all ops of a slot. */
typedef struct event {
    const void *agent; /* equal for ops of one stream */
    int64_t phase;
    uint32_t id;
    ir_op *op;
    int64_t skew;
} event;

typedef struct event_list {
    event *items;
    size_t count, capacity;
} event_list;

static int by_phase(const void *left, const void *right)
{
    const event *a = left, *b = right;
    if (a->agent != b->agent)
        return (uintptr_t)a->agent < (uintptr_t)b->agent ? -1 : 1;
    if (a->phase != b->phase)
        return a->phase < b->phase ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* The op that stands for an event: the first op of its slot, or itself. */
static const ir_op *leader_of(const schedule_state *s, const ir_op *op)
{
    return placing_is_matrix(op) ? s->slots[ir_get_int(op, IR_ATTR_slot, 0)].ops[0] : op;
}

static void find_bases(schedule_state *s)
{
    for (size_t i = 0; i < s->core_count; i++)
        s->cores[i].base = INT64_MAX;
    IR_EACH(op, s->graph) {
        if (!schedule_in_loop(op))
            continue;
        core_info *core = schedule_core(s, op->place);
        int64_t start = schedule_time(s, op)->start;
        core->base = start < core->base ? start : core->base;
    }
}

/* Position and skew of all loop ops of all cores; line = skew * events + position. */
static void order_events(schedule_state *s, event_list *list)
{
    find_bases(s);
    list->count = 0;
    IR_EACH(op, s->graph) {
        if (!schedule_in_loop(op) || schedule_is_view(op))
            continue;
        core_info *core = schedule_core(s, op->place);
        int64_t since = schedule_time(s, op)->start - core->base, turn = core->table.interval;
        event e = {core, since % turn, leader_of(s, op)->id, op, since / turn};
        ARENA_PUSH(s->memory, list->items, list->count, list->capacity, e);
    }
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, by_phase);
}

static void number_events(schedule_state *s, event_list *list)
{
    int64_t position = -1;
    for (size_t i = 0; i < list->count; i++) {
        event *e = &list->items[i];
        const event *before = i ? e - 1 : NULL;
        if (!before || before->agent != e->agent)
            position = 0;
        else if (leader_of(s, before->op) != leader_of(s, e->op))
            position++;
        schedule_time(s, e->op)->line = position;
        schedule_core(s, e->op->place)->events = position + 1;
    }
    for (size_t i = 0; i < list->count; i++) {
        event *e = &list->items[i];
        schedule_time(s, e->op)->line += e->skew * schedule_core(s, e->op->place)->events;
    }
}

static void write_core_attributes(schedule_state *s, const event_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const event *e = &list->items[i];
        int64_t events = schedule_core(s, e->op->place)->events;
        int64_t start = schedule_time(s, e->op)->start;
        ir_set_int(s->graph, e->op, IR_ATTR_time,
                   schedule_common(s, schedule_core(s, e->op->place), start));
        ir_set_int(s->graph, e->op, IR_ATTR_skew, e->skew);
        ir_set_int(s->graph, e->op, IR_ATTR_order, schedule_time(s, e->op)->line % events);
    }
}

/* Ops of one thread next to each other, by time. */
static int by_thread(const void *left, const void *right)
{
    const event *a = left, *b = right;
    const ir_place *p = &a->op->place, *q = &b->op->place;
    const int64_t keys[][2] = {
        {p->node, q->node},
        {p->tile, q->tile},
        {ir_get_int(a->op, IR_ATTR_thread, -1), ir_get_int(b->op, IR_ATTR_thread, -1)},
        {a->phase, b->phase},
        {a->id, b->id},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static bool same_thread(const ir_op *a, const ir_op *b)
{
    return placing_same_tile(a->place, b->place) &&
           ir_get_int(a, IR_ATTR_thread, -1) == ir_get_int(b, IR_ATTR_thread, -2);
}

/*
 * Orders the events [from, to) of one thread: by time modulo its turn from its first one on, which
 * is the interval divided by the points of its grid (times are multiplied by them instead).
 */
static void order_thread(schedule_state *s, event *from, size_t count)
{
    int64_t base = from->phase; /* times so far, ascending */
    int64_t points = (int64_t)ir_grid_points(ir_grid_of(s->graph, from->op->space));
    for (size_t i = 0; i < count; i++) {
        int64_t since = (from[i].phase - base) * points;
        from[i].skew = since / s->interval;
        from[i].phase = since % s->interval;
    }
    qsort(from, count, sizeof *from, by_thread);
    for (size_t i = 0; i < count; i++) {
        ir_set_int(s->graph, from[i].op, IR_ATTR_time, schedule_time(s, from[i].op)->start);
        ir_set_int(s->graph, from[i].op, IR_ATTR_skew, from[i].skew);
        ir_set_int(s->graph, from[i].op, IR_ATTR_order, (int64_t)i);
    }
}

/*
 * A thread is an in-order stream like a core: its ops are ordered by time modulo the interval from
 * its first one on, whole intervals are skew. So streams may share a thread without a deadlock.
 */
static void write_thread_attributes(schedule_state *s)
{
    event_list list = {0};
    IR_EACH(op, s->graph) {
        event e = {NULL, schedule_time(s, op)->start, op->id, op, 0};
        if (ir_get(op, IR_ATTR_thread) && !placing_once(op))
            ARENA_PUSH(s->memory, list.items, list.count, list.capacity, e);
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, by_thread);
    for (size_t from = 0, to; from < list.count; from = to) {
        for (to = from + 1; to < list.count && same_thread(list.items[from].op, list.items[to].op);)
            to++;
        order_thread(s, &list.items[from], to - from);
    }
}

/* Of a core's loads (readers) of one ring only the last takes its count. */
static void write_takes(schedule_state *s)
{
    IR_EACH(a, s->graph) {
        if (!schedule_is_load(a))
            continue;
        bool last = true;
        EACH_USER(b, &s->users, a->args[0])
            if (b != a && schedule_is_load(b) && placing_same_core(a->place, b->place))
                last = last && schedule_time(s, b)->line < schedule_time(s, a)->line;
        ir_set_int(s->graph, a, IR_ATTR_take, last);
    }
}

/*
 * An interval of at least so many cycles. With recurrences it is a whole number of turns of the
 * longest loop: the clocks then agree to the cycle, and the text does not depend on the steps.
 */
static int64_t whole_turns(const schedule_state *s, int64_t interval)
{
    int64_t points = 1;
    for (size_t i = 0; s->recurrences.states && i < s->core_count; i++)
        points = schedule_points(&s->cores[i]) > points ? schedule_points(&s->cores[i]) : points;
    return (interval + points - 1) / points * points;
}

static int64_t longer_interval(const schedule_state *s)
{
    int64_t one = whole_turns(s, 1), turn = s->interval / one;
    int64_t longer = one > 1 ? (turn + turn / 64 + 1) * one : turn + turn / 64 + 4;
    return s->turns_short > longer ? whole_turns(s, s->turns_short) : longer;
}

/*
 * The next interval to try: the same with recurrences that start later, to be in step with others;
 * else a longer one, and if that does not help for long, with instructions of their own.
 */
static void next_try(schedule_state *s)
{
    enum { ALIGNED_MOST = 12, MISFITS_MOST = 40 };
    if (!s->stuck && s->realign && s->realigned++ < ALIGNED_MOST)
        return;
    s->misfits += s->realign && !s->stuck;
    s->interval = longer_interval(s);
    schedule_forget_alignments(s);
    if (s->misfits == MISFITS_MOST) {
        s->misfits++;
        schedule_unshare(s);
        s->interval = whole_turns(s, schedule_least_interval(s));
    }
    s->turns_short = 0;
    s->stuck = false;
}

static bool find_interval(schedule_state *s, pass_context *c)
{
    int64_t least = whole_turns(s, schedule_least_interval(s));
    if (s->interval < least)
        s->interval = least;
    s->turns_short = 0;
    while (s->stuck || !schedule_place(s)) {
        next_try(s);
        if (s->interval / 64 > least) {
            diag_fault(c->diag, SOURCE_NOWHERE, "kernel '%s' cannot be scheduled", s->graph->name);
            return false;
        }
    }
    return true;
}

static bool schedule_graph(pass_context *c, ir_graph *g)
{
    schedule_state s = {.graph = g,
                        .memory = c->memory,
                        .machine = c->machine,
                        .port_margin = c->tuning.port_margin};
    event_list list = {0};
    do {
        schedule_tables(&s);
        if (!find_interval(&s, c))
            return false;
        order_events(&s, &list);
        number_events(&s, &list);
    } while (schedule_hold(&s) > 0);
    write_core_attributes(&s, &list);
    write_thread_attributes(&s);
    write_takes(&s);
    g->interval = s.interval;
    return true;
}

bool pass_schedule(pass_context *c)
{
    for (size_t i = 0; i < c->module->graph_count; i++)
        if (!schedule_graph(c, c->module->graphs[i]))
            return false;
    return true;
}
