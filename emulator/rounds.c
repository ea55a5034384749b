#include "emulator/rounds.h"

#include "emulator/handlers.h"
#include "emulator/network.h"
#include "emulator/tile.h"

#include <string.h>

void rounds_start(program *p, uint32_t examples)
{
    p->given = examples;
    for (uint32_t k = 0; k < p->tile_count; k++)
        tile_reset(&p->tiles[k]);
    for (size_t k = 0; k < p->channel_count; k++)
        channel_reset(p->channels[k]);
    for (uint32_t k = 0; k < p->agent_count; k++) {
        const agent *a = &p->agents[k];
        memcpy(a->once, a->executed, a->source->code.count * sizeof *a->once);
    }
    p->outbox_count = 0;
    p->cells = 0;
}

/* Packets and credits reach their tiles; the heap puts them in an order of their own. */
static void exchange(program *p)
{
    for (uint32_t i = 0; i < p->outbox_count; i++) {
        const message *m = &p->outbox[i];
        size_t k = (size_t)(m->to - p->tiles);
        uint64_t *next = &p->next[k], *together = &p->next_together[k / TILES_TOGETHER];
        event_push(&m->to->events, (event){m->time, m->order});
        *next = m->time < *next ? m->time : *next;
        *together = m->time < *together ? m->time : *together;
    }
    p->outbox_count = 0;
}

/* The first time of so many tiles; the compiler makes a few vector instructions of it. */
WIDE_LANES static uint64_t earliest(const uint64_t times[TILES_TOGETHER])
{
    uint64_t first = EVENT_NEVER;
    for (int k = 0; k < TILES_TOGETHER; k++)
        first = times[k] < first ? times[k] : first;
    return first;
}

/* Lets tiles from `from` on work off what happens before `end`. False: something failed. */
static bool advance_some(program *p, uint32_t from, uint64_t end)
{
    bool good = true;
    for (uint32_t k = from; k < from + TILES_TOGETHER; k++) {
        if (p->next[k] >= end)
            continue;
        tile *t = &p->tiles[k];
        tile_advance(t, end);
        p->next[k] = event_next(&t->events);
        good &= !t->failed.set;
    }
    return good;
}

static bool advance(program *p, uint64_t end)
{
    bool good = true;
    for (uint32_t k = 0; k < p->tile_count; k += TILES_TOGETHER)
        if (p->next_together[k / TILES_TOGETHER] < end) {
            good &= advance_some(p, k, end);
            p->next_together[k / TILES_TOGETHER] = earliest(&p->next[k]);
        }
    return good;
}

static uint64_t next_of_all(const program *p)
{
    uint64_t first = EVENT_NEVER;
    for (uint32_t k = 0; k * TILES_TOGETHER < p->tile_count; k++)
        first = p->next_together[k] < first ? p->next_together[k] : first;
    return first;
}

bool rounds_run(program *p)
{
    for (uint32_t k = 0; k < p->tile_count; k++)
        p->next[k] = event_next(&p->tiles[k].events);
    for (uint32_t k = 0; k < p->tile_count; k += TILES_TOGETHER)
        p->next_together[k / TILES_TOGETHER] = earliest(&p->next[k]);
    for (;;) {
        uint64_t next = next_of_all(p);
        if (next == EVENT_NEVER)
            return true;
        bool far = p->untimed || p->lookahead >= EVENT_NEVER - next;
        if (!advance(p, far ? EVENT_NEVER : next + p->lookahead))
            return false;
        exchange(p);
    }
}

bool rounds_all_halted(const program *p)
{
    for (uint32_t k = 0; k < p->tile_count; k++)
        if (p->tiles[k].running)
            return false;
    return true;
}
