/*
 * What happens next in one tile: a binary heap of (time, order). Order tells simultaneous events
 * apart, so that the sequence never depends on how they were entered: messages of channel c have
 * 2c (a packet) and 2c + 1 (a credit), agents come after them.
 */
#ifndef PANTHER_EMULATOR_EVENTS_H
#define PANTHER_EMULATOR_EVENTS_H

#include "isa/support/arena.h"

#include <stdbool.h>
#include <stdint.h>

#define EVENT_AGENT 0x80000000u
#define EVENT_NEVER UINT64_MAX

typedef struct event {
    uint64_t time;
    uint32_t order;
} event;

typedef struct event_heap {
    event *at;
    uint32_t count, capacity;
} event_heap;

static inline uint32_t event_packet(uint32_t channel)
{
    return 2 * channel;
}
static inline uint32_t event_credit(uint32_t channel)
{
    return 2 * channel + 1;
}

static inline bool event_before(event a, event b)
{
    return a.time != b.time ? a.time < b.time : a.order < b.order;
}

static inline uint64_t event_next(const event_heap *h)
{
    return h->count ? h->at[0].time : EVENT_NEVER;
}

/* The capacity is planned (see build.c); pushing beyond it is a fault of the emulator. */
void event_push(event_heap *h, event e);
event event_pop(event_heap *h);

/* A push and a pop in one, of an event that the first one comes before. */
event event_exchange(event_heap *h, event e);

#endif
