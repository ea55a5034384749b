#include "emulator/batch.h"

#include "emulator/batch_places.h"
#include "emulator/trace.h"

#include <string.h>

enum { WORTH_TOGETHER = 2 }; /* products that are evaluated at once on average */

/* Products with one matrix, in one direction, that could be evaluated now. */
typedef struct queue {
    uint32_t *nodes;
    size_t first, count, capacity;
} queue;

typedef struct planner {
    const batch_graph *g;
    program *p;
    batch_plan *plan;
    arena *memory, *kept;
    /* the order */
    uint32_t *after, *after_start; /* who waits for a node: after[after_start[k] ..) */
    uint32_t *missing;             /* nodes that it still waits for */
    uint32_t *ready;               /* a heap: the earliest node first */
    size_t ready_count;
    queue *queues;                 /* by matrix and direction */
    uint32_t *queue_of;            /* by agent, MCU and direction: index + 1 */
    size_t queue_count, queue_capacity;
    uint32_t full;                 /* queues with a whole batch, or more */
    /* places */
    uint32_t *uses;                /* of a node's value, still to come */
    uint32_t *place_of;            /* by node */
    uint64_t *name_of;             /* agent and step that made it */
    batch_places places;
    uint64_t *waited;              /* by agent: TRACE_WAITED each, as in agent.waited */
} planner;

/* Calls visit for every node that k needs. */
typedef void visitor(planner *s, uint32_t k, uint32_t needs);

static void visit_needs(planner *s, uint32_t k, visitor *visit)
{
    const batch_node *n = &s->g->nodes[k];
    for (int i = 0; i < n->operands; i++)
        visit(s, k, n->operand[i].node);
    for (uint32_t i = 0; i < n->pieces; i++)
        visit(s, k, s->g->pieces[n->extra + i].from.node);
    if (n->before)
        visit(s, k, n->before);
}

static bool is_constant(const planner *s, uint32_t k)
{
    return s->g->nodes[k].kind == BATCH_CONSTANT;
}

static void count_need(planner *s, uint32_t k, uint32_t needs)
{
    if (is_constant(s, needs))
        return;
    s->after_start[needs + 1]++;
    s->missing[k]++;
}

static void list_need(planner *s, uint32_t k, uint32_t needs)
{
    if (!is_constant(s, needs))
        s->after[s->after_start[needs]++] = k;
}

static void find_followers(planner *s)
{
    size_t count = s->g->count;
    s->after_start = ARENA_ARRAY(s->memory, uint32_t, count + 1);
    s->missing = ARENA_ARRAY(s->memory, uint32_t, count);
    for (uint32_t k = 0; k < count; k++)
        visit_needs(s, k, count_need);
    for (size_t k = 0; k < count; k++)
        s->after_start[k + 1] += s->after_start[k];
    s->after = ARENA_ARRAY(s->memory, uint32_t, s->after_start[count] + 1);
    for (uint32_t k = 0; k < count; k++)
        visit_needs(s, k, list_need); /* which moves every start to the next one's */
    memmove(s->after_start + 1, s->after_start, count * sizeof *s->after_start);
    s->after_start[0] = 0;
}

static void push_ready(planner *s, uint32_t k)
{
    size_t at = s->ready_count++;
    for (; at > 0 && s->ready[(at - 1) / 2] > k; at = (at - 1) / 2)
        s->ready[at] = s->ready[(at - 1) / 2];
    s->ready[at] = k;
}

static uint32_t pop_ready(planner *s)
{
    uint32_t first = s->ready[0], last = s->ready[--s->ready_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= s->ready_count)
            break;
        child += child + 1 < s->ready_count && s->ready[child + 1] < s->ready[child];
        if (s->ready[child] >= last)
            break;
        s->ready[at] = s->ready[child];
        at = child;
    }
    s->ready[at] = last;
    return first;
}

static void push_product(planner *s, uint32_t k)
{
    const batch_node *n = &s->g->nodes[k];
    uint32_t *index = &s->queue_of[(n->agent * ISA_MCUS_MAX + n->mcu) * 2 + n->transposed];
    if (*index == 0) {
        ARENA_PUSH(s->memory, s->queues, s->queue_count, s->queue_capacity, ((queue){0}));
        *index = (uint32_t)s->queue_count;
    }
    queue *q = &s->queues[*index - 1];
    ARENA_PUSH(s->memory, q->nodes, q->count, q->capacity, k);
    s->full += q->count - q->first == CROSSBAR_BATCH;
}

static void make_ready(planner *s, uint32_t k)
{
    if (s->g->nodes[k].kind == BATCH_PRODUCT)
        push_product(s, k);
    else
        push_ready(s, k);
}

/* The queue with the most products; NULL: all are empty. */
static queue *longest_queue(planner *s)
{
    queue *best = NULL;
    size_t most = 0;
    for (size_t k = 0; k < s->queue_count; k++) {
        size_t length = s->queues[k].count - s->queues[k].first;
        if (length > most) {
            most = length;
            best = &s->queues[k];
        }
        if (most >= CROSSBAR_BATCH)
            break;
    }
    return best;
}

/* Waits for a step of another agent, unless that was waited for already. */
static void add_wait(planner *s, uint32_t index, uint64_t name)
{
    uint32_t other = (uint32_t)(name >> 32);
    batch_agent *a = &s->plan->agents[index];
    uint64_t *waited = &s->waited[(size_t)index * TRACE_WAITED + other % TRACE_WAITED];
    if (name == 0 || other == index || (*waited >> 32 == other && *waited >= name))
        return;
    *waited = name;
    ARENA_PUSH(s->kept, a->steps, a->step_count, a->step_capacity,
               ((trace_step){TRACE_WAIT | other, (uint32_t)name}));
}

static void wait_for_need(planner *s, uint32_t k, uint32_t needs)
{
    add_wait(s, s->g->nodes[k].agent, s->name_of[needs]);
}

/* A place for a value that agent `index` is about to write. */
static uint32_t take_place(planner *s, uint32_t index, uint32_t words)
{
    uint32_t found = batch_places_take(&s->places, words);
    batch_place *place = &s->places.all[found];
    for (size_t i = 0; i < place->touched_count; i++)
        add_wait(s, index, place->touched[i]);
    place->touched_count = 0;
    return found;
}

static uint32_t place_at(const planner *s, uint32_t node)
{
    return s->places.all[s->place_of[node]].at;
}

static uint32_t word_of(const planner *s, batch_source from)
{
    return place_at(s, from.node) + from.offset;
}

/* One use of a value less, by the step of that name. */
static void use(planner *s, uint32_t node, uint64_t name)
{
    if (is_constant(s, node))
        return;
    batch_places_touch(&s->places, s->place_of[node], name);
    if (--s->uses[node] == 0)
        batch_places_give_back(&s->places, s->place_of[node]);
}

static void use_operands(planner *s, uint32_t k, uint64_t name)
{
    const batch_node *n = &s->g->nodes[k];
    for (int i = 0; i < n->operands; i++)
        use(s, n->operand[i].node, name);
    for (uint32_t i = 0; i < n->pieces; i++)
        use(s, s->g->pieces[n->extra + i].from.node, name);
}

/* Everything that a node must wait for, and the place of its value. */
static void before_node(planner *s, uint32_t k)
{
    const batch_node *n = &s->g->nodes[k];
    visit_needs(s, k, wait_for_need);
    if (n->words)
        s->place_of[k] = take_place(s, n->agent, n->words);
}

static void after_node(planner *s, uint32_t k, uint64_t name)
{
    const batch_node *n = &s->g->nodes[k];
    s->places.steps++;
    s->name_of[k] = name;
    if (n->words) {
        batch_places_touch(&s->places, s->place_of[k], name);
        if (s->uses[k] == 0)
            batch_places_give_back(&s->places, s->place_of[k]);
    }
    use_operands(s, k, name);
    for (uint32_t i = s->after_start[k]; i < s->after_start[k + 1]; i++)
        if (--s->missing[s->after[i]] == 0)
            make_ready(s, s->after[i]);
}

static uint64_t add_task(planner *s, uint32_t index, batch_task t)
{
    batch_agent *a = &s->plan->agents[index];
    uint32_t number = (uint32_t)a->task_count;
    ARENA_PUSH(s->kept, a->tasks, a->task_count, a->task_capacity, t);
    ARENA_PUSH(s->kept, a->steps, a->step_count, a->step_capacity, ((trace_step){number, 0}));
    return (uint64_t)index << 32 | a->step_count;
}

static uint32_t add_moves(planner *s, const batch_node *n)
{
    batch_plan *plan = s->plan;
    uint32_t first = (uint32_t)plan->move_count;
    for (uint32_t i = 0; i <= n->pieces; i++) {
        batch_move move = {0, 0};
        if (i < n->pieces)
            move = (batch_move){word_of(s, s->g->pieces[n->extra + i].from),
                                s->g->pieces[n->extra + i].words};
        ARENA_PUSH(s->kept, plan->moves, plan->move_count, plan->move_capacity, move);
    }
    return first;
}

static void emit(planner *s, uint32_t k)
{
    const batch_node *n = &s->g->nodes[k];
    before_node(s, k);
    batch_task t = {.op = n->op, .extra = n->extra, .kind = (uint16_t)n->kind, .mcu = n->mcu};
    if (n->words)
        t.at[0] = place_at(s, k);
    for (int i = 0; i < n->operands; i++)
        t.at[i + 1] = word_of(s, n->operand[i]);
    if (n->kind == BATCH_JOIN)
        t.extra = add_moves(s, n);
    after_node(s, k, add_task(s, n->agent, t));
}

static void emit_products(planner *s, queue *q)
{
    size_t left = q->count - q->first;
    const uint32_t *nodes = q->nodes + q->first;
    const batch_node *first = &s->g->nodes[nodes[0]];
    batch_products b = {.transposed = first->transposed,
                        .count = left < CROSSBAR_BATCH ? (int)left : CROSSBAR_BATCH};
    s->full -= left >= CROSSBAR_BATCH && left - (size_t)b.count < CROSSBAR_BATCH;
    q->first += (size_t)b.count;
    for (int i = 0; i < b.count; i++) {
        before_node(s, nodes[i]);
        b.in[i] = word_of(s, s->g->nodes[nodes[i]].operand[0]);
        b.out[i] = place_at(s, nodes[i]);
    }
    batch_plan *plan = s->plan;
    batch_task t = {.extra = (uint32_t)plan->product_count, .kind = BATCH_PRODUCT,
                    .mcu = first->mcu};
    ARENA_PUSH(s->kept, plan->products, plan->product_count, plan->product_capacity, b);
    uint64_t name = add_task(s, first->agent, t);
    for (int i = 0; i < b.count; i++)
        after_node(s, nodes[i], name);
}

/* Whole batches first; or else what comes first in the trace; or else part of a batch. */
static void emit_all(planner *s)
{
    for (uint32_t k = 0; k < s->g->count; k++)
        if (s->missing[k] == 0 && !is_constant(s, k))
            make_ready(s, k);
    for (;;) {
        if (s->full == 0 && s->ready_count > 0) {
            emit(s, pop_ready(s));
            continue;
        }
        queue *q = longest_queue(s);
        if (!q)
            return;
        emit_products(s, q);
    }
}

static void count_uses(planner *s, const batch_node *n)
{
    for (int i = 0; i < n->operands; i++)
        s->uses[n->operand[i].node]++;
    for (uint32_t i = 0; i < n->pieces; i++)
        s->uses[s->g->pieces[n->extra + i].from.node]++;
}

static void start(planner *s)
{
    size_t count = s->g->count;
    uint32_t largest = 1;
    for (size_t k = 0; k < count; k++)
        largest = s->g->nodes[k].words > largest ? s->g->nodes[k].words : largest;
    s->ready = ARENA_ARRAY(s->memory, uint32_t, count);
    s->queue_of = ARENA_ARRAY(s->memory, uint32_t, (size_t)s->p->agent_count * ISA_MCUS_MAX * 2);
    s->uses = ARENA_ARRAY(s->memory, uint32_t, count);
    s->place_of = ARENA_ARRAY(s->memory, uint32_t, count);
    s->name_of = ARENA_ARRAY(s->memory, uint64_t, count);
    s->waited = ARENA_ARRAY(s->memory, uint64_t, (size_t)s->p->agent_count * TRACE_WAITED);
    for (size_t k = 0; k < count; k++)
        count_uses(s, &s->g->nodes[k]);
    batch_places_start(&s->places, s->memory, largest);
    for (uint32_t k = 0; k < count; k++)
        if (is_constant(s, k))
            s->place_of[k] = batch_places_new(&s->places, s->g->nodes[k].words);
}

static void fill_constants(const planner *s)
{
    for (uint32_t k = 1; k < s->g->count; k++) {
        const batch_node *n = &s->g->nodes[k];
        int16_t *to = s->plan->values + place_at(s, k);
        for (uint32_t i = 0; n->kind == BATCH_CONSTANT && i < n->words; i++)
            to[i] = n->preset->values ? n->preset->values[i] : n->preset->value;
    }
}

static bool worth_it(const planner *s)
{
    return s->p->agents->tile->emulator->options.together > 0 ||
           s->plan->product_count * WORTH_TOGETHER <= s->g->products;
}

static batch_plan *lay_out(const batch_graph *g, program *p, arena *kept)
{
    planner s = {.g = g, .p = p, .memory = g->memory, .kept = kept};
    s.plan = ARENA_NEW(kept, batch_plan);
    s.plan->agents = ARENA_ARRAY(kept, batch_agent, p->agent_count);
    find_followers(&s);
    start(&s);
    emit_all(&s);
    if (!worth_it(&s))
        return NULL;
    s.plan->values = ARENA_ARRAY(kept, int16_t, (size_t)s.places.words + 1);
    fill_constants(&s);
    for (uint32_t k = 0; k < p->agent_count; k++)
        s.plan->agents[k].registers = s.plan->values;
    return s.plan;
}

batch_plan *batch_plan_new(program *p)
{
    emulator *e = p->agent_count ? p->agents->tile->emulator : NULL;
    if (!e || p->steps > BATCH_STEPS || e->machine->fidelity == FIDELITY_DEVICE ||
        e->options.together < 0)
        return NULL;
    batch_graph g = {.memory = arena_new()};
    batch_plan *plan = NULL;
    if (batch_graph_build(&g, p) && (g.products > 1 || e->options.together > 0))
        plan = lay_out(&g, p, e->memory);
    arena_free(g.memory);
    return plan;
}
