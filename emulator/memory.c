#include "emulator/memory.h"

#include "emulator/handlers.h"

#include <string.h>

static void *grown(const shared_memory *m, const void *old, uint32_t room, size_t size)
{
    return arena_grow(m->arena, old, m->room * size, room * size);
}

void memory_reserve(shared_memory *m, uint32_t end)
{
    if (end <= m->room)
        return;
    uint32_t room = m->room > m->words / 2 ? m->words : 2 * m->room;
    room = room > end ? room : end;
    room = m->words - room < MEMORY_PAGE ? m->words
                                         : (room + MEMORY_PAGE - 1) / MEMORY_PAGE * MEMORY_PAGE;
    m->state = grown(m, m->state, room, sizeof *m->state);
    if (m->has_values) {
        m->value = grown(m, m->value, room, sizeof *m->value);
        m->touched = grown(m, m->touched, room, sizeof *m->touched);
    }
    uint32_t pages = (m->room + MEMORY_PAGE - 1) / MEMORY_PAGE;
    m->used = arena_grow(m->arena, m->used, pages, (room + MEMORY_PAGE - 1) / MEMORY_PAGE);
    m->room = room;
}

/* What all states have in common, and what any of them has. */
WIDE_LANES static uint16_t all_bits(const uint16_t *state, uint32_t n)
{
    uint16_t all = UINT16_MAX;
    for (uint32_t i = 0; i < n; i++)
        all &= state[i];
    return all;
}

WIDE_LANES static uint16_t any_bits(const uint16_t *state, uint32_t n)
{
    uint16_t any = 0;
    for (uint32_t i = 0; i < n; i++)
        any |= state[i];
    return any;
}

uint32_t memory_not_ready(const shared_memory *m, uint32_t at, uint32_t n, bool phase)
{
    unsigned wanted = (unsigned)WORD_READY << phase;
    if (!(m->state[at] & wanted))
        return at;
    if (all_bits(m->state + at, n) & wanted)
        return at + n;
    uint32_t i = at;
    while (m->state[i] & wanted)
        i++;
    return i;
}

uint32_t memory_not_free(const shared_memory *m, uint32_t at, uint32_t n)
{
    if (m->state[at] != WORD_FREE)
        return at;
    if (any_bits(m->state + at, n) == WORD_FREE)
        return at + n;
    uint32_t i = at;
    while (m->state[i] == WORD_FREE)
        i++;
    return i;
}

uint32_t memory_counted(const shared_memory *m, uint32_t at, uint32_t n)
{
    uint32_t i = at;
    if (!word_count(any_bits(m->state + at, n)))
        return at + n;
    while (!word_count(m->state[i]))
        i++;
    return i;
}

WIDE_LANES static void take(uint16_t *state, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint16_t less = (uint16_t)(state[i] - 1);
        uint16_t left = less & WORD_COUNT ? less : WORD_FREE;
        state[i] = state[i] == WORD_STICKY ? WORD_STICKY : left;
    }
}

void memory_take(shared_memory *m, uint32_t at, uint32_t n)
{
    m->changes++;
    take(m->state + at, n);
}

WIDE_LANES static void fill(uint16_t *state, uint32_t n, uint16_t with)
{
    for (uint32_t i = 0; i < n; i++)
        state[i] = with;
}

void memory_mark(shared_memory *m, uint32_t at, uint32_t n, uint8_t count, bool phase)
{
    if (n == 0)
        return;
    unsigned ready = count && !m->no_phases ? (unsigned)WORD_READY << phase : WORD_STICKY;
    m->changes++;
    fill(m->state + at, n, (uint16_t)(ready | count));
    m->high = m->high > at + n ? m->high : at + n;
    for (uint32_t page = at / MEMORY_PAGE; page <= (at + n - 1) / MEMORY_PAGE; page++)
        m->used[page] = true;
}

void memory_preset_states(shared_memory *m, const image_preset *p)
{
    for (uint32_t k = 0; k < p->repeat; k++)
        memory_mark(m, p->address + k * p->stride, p->words, p->count, false);
}

void memory_preset_values(shared_memory *m, const image_preset *p)
{
    if (!p->values && p->value == 0)
        return; /* as memory_clear_values left them */
    for (uint32_t k = 0; k < p->repeat; k++) {
        int16_t *to = m->value + p->address + k * p->stride;
        for (uint32_t i = 0; i < p->words; i++)
            to[i] = p->values ? p->values[i] : p->value;
    }
}

bool memory_next_used(const shared_memory *m, uint32_t *at, uint32_t *end)
{
    while (*at < m->high && !m->used[*at / MEMORY_PAGE])
        *at += MEMORY_PAGE;
    *end = *at;
    while (*end < m->high && m->used[*end / MEMORY_PAGE])
        *end += MEMORY_PAGE;
    *end = *end < m->high ? *end : m->high;
    return *at < m->high;
}

void memory_clear_values(shared_memory *m)
{
    for (uint32_t at = 0, end; memory_next_used(m, &at, &end); at = end)
        memset(m->value + at, 0, (end - at) * sizeof *m->value);
}

void memory_clear_touched(shared_memory *m)
{
    for (uint32_t at = 0, end; memory_next_used(m, &at, &end); at = end)
        memset(m->touched + at, 0, (end - at) * sizeof *m->touched);
}

void memory_reset(shared_memory *m)
{
    if (m->has_values)
        memory_clear_values(m);
    for (uint32_t at = 0, end; memory_next_used(m, &at, &end); at = end)
        memset(m->state + at, 0, (end - at) * sizeof *m->state);
    if (m->high)
        memset(m->used, 0, (m->high - 1) / MEMORY_PAGE + 1);
    m->high = 0;
}
