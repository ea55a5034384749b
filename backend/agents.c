#include "backend/program.h"

#include <stdlib.h>

static bool same_core(ir_place a, ir_place b)
{
    return a.node == b.node && a.tile == b.tile && a.core == b.core;
}

static agent_program *program_of(backend_state *s, const ir_op *op)
{
    int64_t thread = ir_get_int(op, IR_ATTR_thread, -1);
    for (size_t i = 0; i < s->agent_count; i++)
        if (same_core(s->agents[i]->place, op->place) && s->agents[i]->thread == thread)
            return s->agents[i];
    agent_program *p = ARENA_NEW(s->memory, agent_program);
    p->place = (ir_place){op->place.node, op->place.tile, op->place.core, -1};
    p->thread = thread;
    p->points = 1;
    p->grid = (ir_grid){1, 1};
    ARENA_PUSH(s->memory, s->agents, s->agent_count, s->agent_capacity, p);
    return p;
}

/* Events arrive in list order; the body's order is their `order` attribute. */
static void add_event(backend_state *s, agent_program *p, ir_op *op)
{
    size_t order = (size_t)ir_get_int(op, IR_ATTR_order, 0);
    while (p->event_count <= order) {
        loop_event none = {0};
        ARENA_PUSH(s->memory, p->events, p->event_count, p->event_capacity, none);
    }
    loop_event *e = &p->events[order];
    ARENA_PUSH(s->memory, e->ops, e->count, e->capacity, op);
    int64_t skew = backend_skew(op);
    p->last_skew = skew > p->last_skew ? skew : p->last_skew;
    ir_grid grid = ir_grid_of(s->graph, op->space);
    if (ir_grid_points(grid) > 1)
        p->grid = grid;
    p->points = (uint32_t)ir_grid_points(p->grid) * ir_graph_batch(s->graph);
}

/* Before the loop each matrix op is an instruction of its own, at its place in the list. */
static void add_once(backend_state *s, agent_program *p, ir_op *op)
{
    ARENA_PUSH(s->memory, p->once, p->once_count, p->once_capacity, op);
}

static int by_place(const void *left, const void *right)
{
    const agent_program *a = *(agent_program *const *)left, *b = *(agent_program *const *)right;
    const int64_t keys[][2] = {
        {a->thread >= 0, b->thread >= 0}, {a->place.node, b->place.node},
        {a->place.tile, b->place.tile},   {a->place.core, b->place.core},
        {a->thread, b->thread},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static void find_memory_tops(backend_state *s)
{
    s->top_count = 0;
    for (size_t i = 0; i < s->graph->buffer_count; i++) {
        const ir_buffer *b = &s->graph->buffers[i];
        ir_place tile = {b->node, b->tile, -1, -1};
        int64_t end = b->address + (int64_t)ir_ring_words(s->graph, b),
                top = backend_take_memory(s, tile, 0);
        if (end > top)
            backend_take_memory(s, tile, end - top);
    }
}

int64_t backend_take_memory(backend_state *s, ir_place tile, int64_t words)
{
    for (size_t i = 0; i < s->top_count; i++)
        if (s->tops[i].tile.node == tile.node && s->tops[i].tile.tile == tile.tile) {
            int64_t at = s->tops[i].words;
            s->tops[i].words += words;
            return at;
        }
    struct tile_top fresh = {tile, words};
    ARENA_PUSH(s->memory, s->tops, s->top_count, s->top_capacity, fresh);
    return 0;
}

void backend_gather(backend_state *s)
{
    s->agent_count = 0;
    for (ir_op *op = s->graph->first; op; op = op->next) {
        bool on_thread = op->code == IR_send || op->code == IR_receive;
        if ((op->place.core < 0 && !on_thread) || op->code == IR_slice || op->code == IR_final)
            continue;
        if (op->code == IR_receive && op->args[0]->code == IR_send)
            op->args[0]->scratch = op;
        agent_program *p = program_of(s, op);
        if (op->space.count)
            add_event(s, p, op);
        else
            add_once(s, p, op);
    }
    if (s->agent_count)
        qsort(s->agents, s->agent_count, sizeof *s->agents, by_place);
    find_memory_tops(s);
}
