#include "emulator/rounds.h"

#include "emulator/network.h"
#include "emulator/tile.h"

#include <string.h>

void rounds_start(program *p)
{
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
    for (uint32_t k = 0; k < p->outbox_count; k++) {
        const message *m = &p->outbox[k];
        uint64_t *next = &p->next[m->to - p->tiles];
        event_push(&m->to->events, (event){m->time, m->order});
        *next = m->time < *next ? m->time : *next;
    }
    p->outbox_count = 0;
}

static uint64_t earliest(const uint64_t *times, uint32_t count)
{
    uint64_t first = EVENT_NEVER;
    for (uint32_t k = 0; k < count; k++)
        first = times[k] < first ? times[k] : first;
    return first;
}

/* Lets the tiles work off what happens before `end`. False: something failed. */
static bool advance(program *p, uint64_t end)
{
    bool good = true;
    for (uint32_t k = 0; k < p->tile_count; k++) {
        if (p->next[k] >= end)
            continue;
        tile *t = &p->tiles[k];
        tile_advance(t, end);
        p->next[k] = event_next(&t->events);
        good &= !t->failed.set;
    }
    return good;
}

bool rounds_run(program *p)
{
    for (uint32_t k = 0; k < p->tile_count; k++)
        p->next[k] = event_next(&p->tiles[k].events);
    for (;;) {
        uint64_t next = earliest(p->next, p->tile_count);
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
