/*
 * Places for values: pieces of one array, each for one value at a time. A place is used again only
 * when a good many steps have come in between, so that threads seldom wait for each other's reads.
 */
#ifndef PANTHER_EMULATOR_BATCH_PLACES_H
#define PANTHER_EMULATOR_BATCH_PLACES_H

#include "isa/support/arena.h"

#include <stdint.h>

/* touched: steps that must be over before it is written again, the last one of each agent. */
typedef struct batch_place {
    uint32_t at, size;
    uint64_t free_since;
    uint64_t *touched; /* agent (upper half), number of its step */
    size_t touched_count, touched_capacity;
    uint32_t next; /* place that became free after this one; 0: none */
} batch_place;

/* Places of one size that are free, the one that has been so for longest first. */
typedef struct batch_free {
    uint32_t first, last;
} batch_free;

typedef struct batch_places {
    arena *memory;
    batch_place *all;
    size_t count, capacity;
    batch_free *unused; /* by size */
    uint32_t words;     /* of all places */
    uint64_t steps;     /* so far; kept by the caller */
} batch_places;

/* largest: words of the largest value. Place 0 is none. */
void batch_places_start(batch_places *p, arena *memory, uint32_t largest);

/* A new place that is never used again. */
uint32_t batch_places_new(batch_places *p, uint32_t words);

/* A place; the caller has to wait for the steps in `touched`, and to empty it. */
uint32_t batch_places_take(batch_places *p, uint32_t words);

void batch_places_touch(batch_places *p, uint32_t index, uint64_t step);
void batch_places_give_back(batch_places *p, uint32_t index);

#endif
