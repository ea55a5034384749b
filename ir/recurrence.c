#include "ir/recurrence.h"

#include <stdlib.h>
#include <string.h>

/* Sets of states, one for each op and way: which it depends on, which depend on it. */
typedef struct state_sets {
    uint64_t *bits;
    size_t words;
} state_sets;

typedef struct state_pair {
    ir_op *prev, *next;
} state_pair;

typedef struct finder {
    arena *memory;
    const ir_graph *g;
    ir_recurrences *r;
    state_pair *states;
    size_t count, capacity;
    state_sets from, to; /* by op: states whose prev it depends on; whose next depends on it */
    state_sets reach;    /* by state: states whose next can be reached from its prev, over others */
} finder;

static uint64_t *set_of(const state_sets *s, size_t index)
{
    return &s->bits[index * s->words];
}

static void add(const state_sets *s, size_t index, size_t state)
{
    set_of(s, index)[state / 64] |= UINT64_C(1) << state % 64;
}

static bool has(const state_sets *s, size_t index, size_t state)
{
    return set_of(s, index)[state / 64] >> state % 64 & 1;
}

static void join(const state_sets *s, size_t into, const uint64_t *from)
{
    for (size_t w = 0; w < s->words; w++)
        set_of(s, into)[w] |= from[w];
}

static int64_t state_of(const ir_op *op)
{
    return ir_get_int(op, IR_ATTR_state, -1);
}

static int by_state(const void *left, const void *right)
{
    const ir_op *a = *(ir_op *const *)left, *b = *(ir_op *const *)right;
    if (state_of(a) != state_of(b))
        return state_of(a) < state_of(b) ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Pairs of one prev and one next of the same number. */
static void find_states(finder *f)
{
    ir_op **all = NULL;
    size_t count = 0, capacity = 0;
    IR_EACH(op, f->g)
        if (op->code == IR_prev || op->code == IR_next)
            ARENA_PUSH(f->memory, all, count, capacity, op);
    f->r->states = count;
    if (!count)
        return;
    qsort(all, count, sizeof *all, by_state);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && state_of(all[end]) == state_of(all[i]);)
            end++;
        if (end - i == 2 && all[i]->code == IR_prev && all[i + 1]->code == IR_next)
            ARENA_PUSH(f->memory, f->states, f->count, f->capacity,
                       ((state_pair){all[i], all[i + 1]}));
    }
}

static state_sets new_sets(finder *f, size_t count)
{
    size_t words = f->count / 64 + 1;
    return (state_sets){ARENA_ARRAY(f->memory, uint64_t, count * words), words};
}

/* Along the arguments; the ways from next to prev are left to `close_reach`. */
static void find_sets(finder *f)
{
    f->from = new_sets(f, f->g->next_id);
    f->to = new_sets(f, f->g->next_id);
    for (size_t k = 0; k < f->count; k++) {
        add(&f->from, f->states[k].prev->id, k);
        add(&f->to, f->states[k].next->id, k);
    }
    for (const ir_op *op = f->g->first; op; op = op->next)
        for (uint32_t i = 0; i < op->arg_count; i++)
            join(&f->from, op->id, set_of(&f->from, op->args[i]->id));
    for (const ir_op *op = f->g->last; op; op = op->previous)
        for (uint32_t i = 0; i < op->arg_count; i++)
            join(&f->to, op->args[i]->id, set_of(&f->to, op->id));
}

static void close_reach(finder *f)
{
    f->reach = new_sets(f, f->count);
    for (size_t i = 0; i < f->count; i++)
        join(&f->reach, i, set_of(&f->to, f->states[i].prev->id));
    for (size_t k = 0; k < f->count; k++)
        for (size_t i = 0; i < f->count; i++)
            if (has(&f->reach, i, k))
                join(&f->reach, i, set_of(&f->reach, k));
}

static bool together(const finder *f, size_t i, size_t k)
{
    return i == k || (has(&f->reach, i, k) && has(&f->reach, k, i));
}

/* Which of the states in a set belong to recurrence `number`: whether there is one. */
static bool meets(const finder *f, const state_sets *s, const ir_op *op, uint32_t number)
{
    for (size_t k = 0; k < f->count; k++)
        if (has(s, op->id, k) && f->r->of[f->states[k].prev->id] == number)
            return true;
    return false;
}

static void number_recurrences(finder *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const state_pair *state = &f->states[i];
        f->r->partner[state->prev->id] = state->next;
        f->r->partner[state->next->id] = state->prev;
        for (size_t k = 0; k < i && !f->r->of[state->prev->id]; k++)
            if (together(f, i, k))
                f->r->of[state->prev->id] = f->r->of[f->states[k].prev->id];
        if (!f->r->of[state->prev->id])
            f->r->of[state->prev->id] = ++f->r->count;
    }
    for (const ir_op *op = f->g->first; op; op = op->next)
        for (uint32_t c = 1; c <= f->r->count && !f->r->of[op->id]; c++)
            if (meets(f, &f->from, op, c) && meets(f, &f->to, op, c))
                f->r->of[op->id] = c;
    for (size_t i = 0; i < f->count; i++)
        f->r->of[f->states[i].next->id] = f->r->of[f->states[i].prev->id];
}

/* Every way to an op counts: also those that lead through a state to a later point. */
static void find_after(finder *f)
{
    f->r->words = f->r->count / 64 + 1;
    f->r->after = ARENA_ARRAY(f->memory, uint64_t, f->g->next_id * f->r->words);
    for (const ir_op *op = f->g->first; op; op = op->next)
        for (size_t k = 0; k < f->count; k++) {
            bool depends = has(&f->from, op->id, k);
            for (size_t i = 0; !depends && i < f->count; i++)
                depends = has(&f->from, op->id, i) && has(&f->reach, k, i);
            uint32_t number = f->r->of[f->states[k].prev->id] - 1;
            if (depends)
                f->r->after[op->id * f->r->words + number / 64] |= UINT64_C(1) << number % 64;
        }
}

ir_recurrences ir_recurrences_of(arena *memory, const ir_graph *g)
{
    ir_recurrences r = {0};
    finder f = {.memory = memory, .g = g, .r = &r};
    find_states(&f);
    if (!r.states)
        return r;
    r.of = ARENA_ARRAY(memory, uint32_t, g->next_id);
    r.partner = ARENA_ARRAY(memory, ir_op *, g->next_id);
    find_sets(&f);
    close_reach(&f);
    number_recurrences(&f);
    find_after(&f);
    return r;
}

bool ir_same_recurrences(const ir_recurrences *r, const ir_op *a, const ir_op *b)
{
    size_t bytes = r->words * sizeof *r->after;
    return !r->states ||
           !memcmp(&r->after[a->id * r->words], &r->after[b->id * r->words], bytes);
}

/* ---- plans ---- */

/* Where the walk is in one step: the next argument to look at. */
typedef struct plan_frame {
    ir_step *step;
    size_t op;
    uint32_t arg;
} plan_frame;

typedef struct planner {
    arena *memory;
    ir_plan *plan;
    ir_step **step_of; /* by op id */
    bool *met;         /* by op id of a step's first op */
    plan_frame *stack;
    size_t depth, capacity;
} planner;

static void form_steps(planner *p, const ir_graph *g)
{
    const ir_recurrences *r = &p->plan->recurrences;
    ir_step **recurrent = ARENA_ARRAY(p->memory, ir_step *, r->count + 1);
    size_t *capacity = ARENA_ARRAY(p->memory, size_t, r->count + 1);
    IR_EACH(op, g) {
        uint32_t number = r->of[op->id];
        size_t alone = 0, *room = number ? &capacity[number] : &alone;
        ir_step *step = number ? recurrent[number] : NULL;
        step = step ? step : ARENA_NEW(p->memory, ir_step);
        recurrent[number] = step;
        ARENA_PUSH(p->memory, step->ops, step->count, *room, op);
        p->step_of[op->id] = step;
    }
}

static void enter(planner *p, ir_step *step)
{
    bool *met = &p->met[step->ops[0]->id];
    if (!*met)
        ARENA_PUSH(p->memory, p->stack, p->depth, p->capacity, ((plan_frame){step, 0, 0}));
    *met = true;
}

/* What the step takes next, NULL: nothing more. */
static ir_op *next_argument(plan_frame *at)
{
    for (; at->op < at->step->count; at->op++, at->arg = 0)
        if (at->arg < at->step->ops[at->op]->arg_count)
            return at->step->ops[at->op]->args[at->arg++];
    return NULL;
}

static void walk(planner *p)
{
    while (p->depth) {
        plan_frame *at = &p->stack[p->depth - 1];
        const ir_op *taken = next_argument(at);
        if (taken) {
            enter(p, p->step_of[taken->id]);
            continue;
        }
        p->plan->steps[p->plan->count++] = *at->step;
        p->depth--;
    }
}

ir_plan ir_plan_of(arena *memory, const ir_graph *g)
{
    ir_plan plan = {.recurrences = ir_recurrences_of(memory, g)};
    planner p = {.memory = memory, .plan = &plan};
    if (!plan.recurrences.states)
        return plan;
    p.step_of = ARENA_ARRAY(memory, ir_step *, g->next_id);
    p.met = ARENA_ARRAY(memory, bool, g->next_id);
    plan.steps = ARENA_ARRAY(memory, ir_step, g->next_id);
    form_steps(&p, g);
    IR_EACH(op, g) {
        enter(&p, p.step_of[op->id]);
        walk(&p);
    }
    return plan;
}

int64_t ir_new_state(const ir_graph *g)
{
    int64_t most = -1;
    for (const ir_op *op = g->first; op; op = op->next)
        most = state_of(op) > most ? state_of(op) : most;
    return most + 1;
}
