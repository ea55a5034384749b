#include "emulator/batch_places.h"

enum {
    PLACE_WORDS = 32, /* places are multiples of this */
    PLACE_REST = 512, /* steps before one is used again */
};

static uint32_t size_of(uint32_t words)
{
    return (words + PLACE_WORDS - 1) / PLACE_WORDS;
}

uint32_t batch_places_new(batch_places *p, uint32_t words)
{
    batch_place place = {.at = p->words, .size = size_of(words)};
    ARENA_PUSH(p->memory, p->all, p->count, p->capacity, place);
    p->words += place.size * PLACE_WORDS;
    return (uint32_t)(p->count - 1);
}

void batch_places_start(batch_places *p, arena *memory, uint32_t largest)
{
    *p = (batch_places){.memory = memory};
    p->unused = ARENA_ARRAY(memory, batch_free, size_of(largest) + 1);
    batch_places_new(p, 0);
}

uint32_t batch_places_take(batch_places *p, uint32_t words)
{
    batch_free *q = &p->unused[size_of(words)];
    uint32_t found = q->first;
    if (!found || p->steps - p->all[found].free_since < PLACE_REST)
        return batch_places_new(p, words);
    q->first = p->all[found].next;
    if (!q->first)
        q->last = 0;
    return found;
}

void batch_places_touch(batch_places *p, uint32_t index, uint64_t step)
{
    batch_place *place = &p->all[index];
    for (size_t i = 0; i < place->touched_count; i++)
        if (place->touched[i] >> 32 == step >> 32) {
            place->touched[i] = step;
            return;
        }
    ARENA_PUSH(p->memory, place->touched, place->touched_count, place->touched_capacity, step);
}

void batch_places_give_back(batch_places *p, uint32_t index)
{
    batch_place *place = &p->all[index];
    batch_free *q = &p->unused[place->size];
    place->next = 0;
    place->free_since = p->steps;
    if (q->last)
        p->all[q->last].next = index;
    else
        q->first = index;
    q->last = index;
}
