#include "emulator/batch.h"

#include "emulator/batch_places.h"
#include "emulator/trace.h"

#include <string.h>

enum {
    WORTH_TOGETHER = 2,     /* products that are evaluated at once on average */
    WINDOW_NODES = 1 << 16, /* laid out together: so many values may live at the same time */
};

/* Products of one level with one matrix, in one direction; and the wave of its last batch. */
typedef struct queue {
    uint32_t *nodes;
    size_t count, capacity;
    uint32_t wave;
} queue;

/* Products that are evaluated together: nodes[first .. first + count) of the planner's list. */
typedef struct group {
    uint32_t first, count, wave;
} group;

typedef struct planner {
    const batch_graph *g;
    program *p;
    batch_plan *plan;
    arena *memory, *kept;
    uint32_t *level;    /* of a node: products on the longest way to it */
    uint32_t *wave;     /* the same, but no two batches of a queue have the same one */
    queue *queues;
    uint32_t *queue_of; /* by agent, MCU and direction: index + 1 */
    size_t queue_count, queue_capacity;
    group *groups;
    size_t group_count, group_capacity;
    uint32_t *grouped;  /* nodes of the groups */
    size_t grouped_count, grouped_capacity;
    uint32_t *uses;     /* of a node's value, still to come */
    uint32_t *place_of; /* by node */
    uint64_t *name_of;  /* agent and step that made it */
    batch_places places;
    uint64_t *waited;   /* by agent: TRACE_WAITED each, as in agent.waited */
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

static bool is_product(const planner *s, uint32_t k)
{
    return s->g->nodes[k].kind == BATCH_PRODUCT;
}

static void raise_level(planner *s, uint32_t k, uint32_t needs)
{
    uint32_t least = s->level[needs] + is_product(s, k);
    s->level[k] = s->level[k] > least ? s->level[k] : least;
}

static void raise_wave(planner *s, uint32_t k, uint32_t needs)
{
    s->wave[k] = s->wave[k] > s->wave[needs] ? s->wave[k] : s->wave[needs];
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

static void emit_products(planner *s, const uint32_t *nodes, size_t count)
{
    const batch_node *first = &s->g->nodes[nodes[0]];
    batch_products b = {.transposed = first->transposed, .count = (int)count};
    for (size_t i = 0; i < count; i++) {
        before_node(s, nodes[i]);
        b.in[i] = word_of(s, s->g->nodes[nodes[i]].operand[0]);
        b.out[i] = place_at(s, nodes[i]);
    }
    batch_plan *plan = s->plan;
    batch_task t = {.extra = (uint32_t)plan->product_count, .kind = BATCH_PRODUCT,
                    .mcu = first->mcu};
    ARENA_PUSH(s->kept, plan->products, plan->product_count, plan->product_capacity, b);
    uint64_t name = add_task(s, first->agent, t);
    for (size_t i = 0; i < count; i++)
        after_node(s, nodes[i], name);
}

static void add_product(planner *s, uint32_t k)
{
    const batch_node *n = &s->g->nodes[k];
    uint32_t *index = &s->queue_of[(n->agent * ISA_MCUS_MAX + n->mcu) * 2 + n->transposed];
    if (*index == 0) {
        ARENA_PUSH(s->memory, s->queues, s->queue_count, s->queue_capacity, ((queue){0}));
        *index = (uint32_t)s->queue_count;
    }
    queue *q = &s->queues[*index - 1];
    ARENA_PUSH(s->memory, q->nodes, q->count, q->capacity, k);
}

/* One batch of a queue; all that its products need has a wave. */
static void add_group(planner *s, queue *q, const uint32_t *nodes, size_t count)
{
    group new = {.first = (uint32_t)s->grouped_count, .count = (uint32_t)count, .wave = q->wave};
    for (size_t k = 0; k < count; k++) {
        visit_needs(s, nodes[k], raise_wave);
        new.wave = new.wave > s->wave[nodes[k]] ? new.wave : s->wave[nodes[k]];
        ARENA_PUSH(s->memory, s->grouped, s->grouped_count, s->grouped_capacity, nodes[k]);
    }
    q->wave = ++new.wave;
    for (size_t k = 0; k < count; k++)
        s->wave[nodes[k]] = new.wave;
    ARENA_PUSH(s->memory, s->groups, s->group_count, s->group_capacity, new);
}

/* The nodes of one level and window, in the order of the trace. */
static void group_level(planner *s, const uint32_t *nodes, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (is_product(s, nodes[k]))
            add_product(s, nodes[k]);
    for (size_t k = 0; k < s->queue_count; k++) {
        queue *q = &s->queues[k];
        for (size_t at = 0; at < q->count; at += CROSSBAR_BATCH) {
            size_t left = q->count - at;
            add_group(s, q, q->nodes + at, left < CROSSBAR_BATCH ? left : CROSSBAR_BATCH);
        }
        q->count = 0;
    }
    for (size_t k = 0; k < count; k++)
        if (!is_product(s, nodes[k]))
            visit_needs(s, nodes[k], raise_wave);
}

/* Sorts items by a key below `keys`, ties in their order; start[key] is where it ends then. */
static uint32_t *sort_by(planner *s, const uint32_t *items, size_t count, const uint32_t *key_of,
                         uint32_t keys, uint32_t **start)
{
    uint32_t *sorted = ARENA_ARRAY(s->memory, uint32_t, count);
    *start = ARENA_ARRAY(s->memory, uint32_t, (size_t)keys + 1);
    for (size_t k = 0; k < count; k++)
        (*start)[key_of[items[k]] + 1]++;
    for (uint32_t l = 0; l < keys; l++)
        (*start)[l + 1] += (*start)[l];
    for (size_t k = 0; k < count; k++)
        sorted[(*start)[key_of[items[k]]]++] = items[k];
    return sorted;
}

static uint32_t keys_of(const uint32_t *items, size_t count, const uint32_t *key_of)
{
    uint32_t keys = 0;
    for (size_t k = 0; k < count; k++)
        keys = key_of[items[k]] + 1 > keys ? key_of[items[k]] + 1 : keys;
    return keys;
}

static void emit_waves(planner *s, const uint32_t *nodes, size_t count)
{
    uint32_t waves = keys_of(nodes, count, s->wave), *end, *group_end;
    uint32_t *sorted = sort_by(s, nodes, count, s->wave, waves, &end);
    uint32_t *all = ARENA_ARRAY(s->memory, uint32_t, s->group_count);
    uint32_t *wave_of = ARENA_ARRAY(s->memory, uint32_t, s->group_count);
    for (uint32_t k = 0; k < s->group_count; k++) {
        all[k] = k;
        wave_of[k] = s->groups[k].wave;
    }
    all = sort_by(s, all, s->group_count, wave_of, waves, &group_end);
    for (uint32_t w = 0, g = 0, k = 0; w < waves; w++) {
        for (; g < group_end[w]; g++)
            emit_products(s, s->grouped + s->groups[all[g]].first, s->groups[all[g]].count);
        for (; k < end[w]; k++)
            if (!is_product(s, sorted[k]))
                emit(s, sorted[k]);
    }
}

/*
 * What a node needs comes before it in the trace, and has a lower wave or is no product of the same
 * one. So waves in turn are an order that works, in each window of the trace; a wave has one batch
 * of each matrix at most, of other examples than the matrices before and after: threads have work.
 */
static void emit_window(planner *s, uint32_t first, uint32_t end)
{
    uint32_t *nodes = ARENA_ARRAY(s->memory, uint32_t, end - first), count = 0, *level_end;
    for (uint32_t k = first; k < end; k++)
        if (!is_constant(s, k))
            nodes[count++] = k;
    uint32_t levels = keys_of(nodes, count, s->level);
    uint32_t *sorted = sort_by(s, nodes, count, s->level, levels, &level_end);
    s->group_count = s->grouped_count = 0;
    for (uint32_t l = 0, at = 0; l < levels; at = level_end[l++])
        group_level(s, sorted + at, level_end[l] - at);
    emit_waves(s, nodes, count);
}

static void emit_all(planner *s)
{
    uint32_t count = (uint32_t)s->g->count;
    for (uint32_t k = 0; k < count; k++)
        visit_needs(s, k, raise_level);
    for (uint32_t first = 0; first < count; first += WINDOW_NODES)
        emit_window(s, first, count - first < WINDOW_NODES ? count : first + WINDOW_NODES);
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
    s->level = ARENA_ARRAY(s->memory, uint32_t, count);
    s->wave = ARENA_ARRAY(s->memory, uint32_t, count);
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
