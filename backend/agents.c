#include "backend/program.h"

#include <stdlib.h>

static bool same_core(ir_place a, ir_place b)
{
    return a.node == b.node && a.tile == b.tile && a.core == b.core;
}

static core_program *program_of(backend_state *s, ir_place place)
{
    for (size_t i = 0; i < s->core_count; i++)
        if (same_core(s->cores[i]->place, place))
            return s->cores[i];
    core_program *p = ARENA_NEW(s->memory, core_program);
    p->place = (ir_place){place.node, place.tile, place.core, -1};
    p->points = 1;
    ARENA_PUSH(s->memory, s->cores, s->core_count, s->core_capacity, p);
    return p;
}

/* Events arrive in list order; the body's order is their `order` attribute. */
static void add_event(backend_state *s, core_program *p, ir_op *op)
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
    p->points = (uint32_t)ir_space_points(s->graph, op->space);
}

/* Before the loop each matrix op is an instruction of its own, at its place in the list. */
static void add_once(backend_state *s, core_program *p, ir_op *op)
{
    ARENA_PUSH(s->memory, p->once, p->once_count, p->once_capacity, op);
}

static int by_place(const void *left, const void *right)
{
    const ir_place *a = &(*(core_program *const *)left)->place, *b = &(*(core_program *const *)right)->place;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    if (a->tile != b->tile)
        return a->tile < b->tile ? -1 : 1;
    return a->core < b->core ? -1 : a->core > b->core;
}

static void find_memory_tops(backend_state *s)
{
    s->top_count = 0;
    for (size_t i = 0; i < s->graph->buffer_count; i++) {
        const ir_buffer *b = &s->graph->buffers[i];
        ir_place tile = {b->node, b->tile, -1, -1};
        int64_t end = b->address + (int64_t)b->words * b->depth, top = backend_take_memory(s, tile, 0);
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
    s->core_count = 0;
    for (ir_op *op = s->graph->first; op; op = op->next) {
        if (op->place.core < 0 || op->code == IR_slice)
            continue;
        core_program *p = program_of(s, op->place);
        if (op->space.count)
            add_event(s, p, op);
        else
            add_once(s, p, op);
    }
    if (s->core_count)
        qsort(s->cores, s->core_count, sizeof *s->cores, by_place);
    find_memory_tops(s);
}
