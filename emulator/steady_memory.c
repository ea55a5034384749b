/* Words of shared memory at two moments, and where accesses may go between them. */
#include "emulator/steady_state.h"

#include <string.h>

void steady_list_buffers(arena *scratch, const program *p, uint32_t k, tile_view *v)
{
    const tile *t = &p->tiles[k];
    for (uint32_t i = 0; i < p->entry->buffer_count; i++) {
        const image_buffer *b = &p->entry->buffers[i];
        if (b->node != t->node || b->tile != t->number)
            continue;
        ARENA_PUSH(scratch, v->buffers.at, v->buffers.count, v->buffers.capacity, b);
        v->top = b->address + b->words > v->top ? b->address + b->words : v->top;
    }
    v->turns = ARENA_ARRAY(scratch, turn, v->buffers.count + 1);
    v->before = ARENA_ARRAY(scratch, turn, v->buffers.count + 1);
    v->slot = ARENA_ARRAY(scratch, uint32_t, v->buffers.count + 1);
}

void steady_keep_words(const steady *s)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const shared_memory *m = &s->program->tiles[k].memory;
        tile_view *v = &s->tiles[k];
        v->top = m->high > v->top ? m->high : v->top;
        if (v->top > v->room) {
            v->words = ARENA_ARRAY(s->scratch, uint16_t, v->top);
            v->room = v->top;
        }
        uint32_t there = v->top < m->room ? v->top : m->room;
        memcpy(v->words, m->state, there * sizeof *m->state);
        memset(v->words + there, 0, (v->top - there) * sizeof *m->state);
    }
}

bool steady_note_turn(turn *t, const image_buffer *b, int64_t by, int64_t size)
{
    turn fresh = {.known = true, .span = b->words};
    if (by > 0 && size > b->words)
        return false;
    if (by > 0 && size > 1) /* of a ring of one slot the pointer stays, whatever a slot's size is */
        fresh.span = (uint32_t)size;
    if (by > 0) {
        fresh.by = (uint32_t)(by % size);
        fresh.flips = by >= size;
    }
    if (t->known && (t->by != fresh.by || t->flips != fresh.flips ||
                     ((t->by || t->flips) && t->span != fresh.span)))
        return false;
    *t = fresh;
    return true;
}

static uint16_t with_phase(uint16_t state, bool flip)
{
    bool counted = word_count(state) != 0 && !word_is_sticky(state);
    return flip && counted ? state ^ WORD_STICKY : state;
}

/* Whether the words of a ring are those that it had, turned. */
static bool turned_ring(const shared_memory *m, const uint16_t *had, const image_buffer *b,
                        const turn *t)
{
    for (uint32_t i = 0; i < t->span; i++) {
        uint32_t to = i + t->by;
        bool round = to >= t->span;
        uint16_t expected = with_phase(had[b->address + i], t->flips ^ round);
        uint32_t at = b->address + (round ? to - t->span : to);
        if ((at < m->room ? m->state[at] : WORD_FREE) != expected)
            return false;
    }
    return true;
}

static bool same_words(const shared_memory *m, const uint16_t *had, uint32_t from, uint32_t to)
{
    uint32_t there = to < m->room ? to : m->room;
    if (there > from && memcmp(m->state + from, had + from, (there - from) * sizeof *had) != 0)
        return false;
    for (uint32_t at = from > there ? from : there; at < to; at++)
        if (had[at] != WORD_FREE)
            return false;
    return true;
}

/* Buffers in the order of their addresses; one that is turned overlaps no other. */
static bool same_tile(const shared_memory *m, const tile_view *v)
{
    uint32_t at = 0;
    for (;;) {
        size_t next = v->buffers.count;
        for (size_t k = 0; k < v->buffers.count; k++) {
            const image_buffer *b = v->buffers.at[k];
            bool turns = v->turns[k].by || v->turns[k].flips;
            if (turns && b->address >= at &&
                (next == v->buffers.count || b->address < v->buffers.at[next]->address))
                next = k;
        }
        if (next == v->buffers.count)
            return same_words(m, v->words, at, v->top);
        const image_buffer *b = v->buffers.at[next];
        if (!same_words(m, v->words, at, b->address) ||
            !turned_ring(m, v->words, b, &v->turns[next]))
            return false;
        at = b->address + v->turns[next].span;
    }
}

static bool apart(const tile_view *v)
{
    for (size_t k = 0; k < v->buffers.count; k++)
        for (size_t i = 0; i < k; i++) {
            const image_buffer *a = v->buffers.at[i], *b = v->buffers.at[k];
            if (a->address < b->address + b->words && b->address < a->address + a->words)
                return false;
        }
    return true;
}

bool steady_memory_is_alike(const steady *s)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const shared_memory *m = &s->program->tiles[k].memory;
        if (m->high > s->tiles[k].top || !apart(&s->tiles[k]) || !same_tile(m, &s->tiles[k]))
            return false;
    }
    return true;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

bool steady_same_turns(const steady *s)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const tile_view *v = &s->tiles[k];
        for (size_t i = 0; i < v->buffers.count; i++)
            if (v->turns[i].by != v->before[i].by || v->turns[i].flips != v->before[i].flips ||
                v->turns[i].span != v->before[i].span)
                return false;
    }
    return true;
}

void steady_expect_turns(const steady *s, bool any)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const tile_view *v = &s->tiles[k];
        for (size_t i = 0; i < v->buffers.count; i++) {
            const turn *t = &v->turns[i];
            v->before[i] = *t;
            v->slot[i] = any && (t->by || t->flips) ? common_divisor(t->span, t->by) : 0;
        }
    }
}

/* Words of no buffer: nobody's ring. */
static bool in_a_buffer(const tile_view *v, uint32_t at, uint32_t words)
{
    for (size_t k = 0; k < v->buffers.count; k++)
        if (at < v->buffers.at[k]->address + v->buffers.at[k]->words &&
            at + words > v->buffers.at[k]->address)
            return true;
    return false;
}

/* An access stays in its buffer; in one that turns, in the slot that its pointer was set to. */
void steady_note_access(agent *a, const operation *op)
{
    program *p = a->tile->program;
    steady *s = p->steady;
    const tile_view *v = steady_view(s, a->tile);
    uint32_t k = s->uses[a - p->agents].buffer[a->pc];
    if (k == STEADY_NO_BUFFER) {
        s->strayed |= in_a_buffer(v, a->address, op->words);
        return;
    }
    int64_t at = (int64_t)a->address - v->buffers.at[k]->address;
    int64_t from = a->settled[op->scalar[0]], slot = v->slot[k], end = v->before[k].span;
    if (slot == 0) {
        from = 0;
        end = v->buffers.at[k]->words;
    } else if (from < end) {
        from -= from % slot;
        end = from + slot;
    } else {
        from = end;
        end = v->buffers.at[k]->words;
    }
    s->strayed |= at < from || at + op->words > end;
}
