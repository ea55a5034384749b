#include "emulator/memory.h"

#include <string.h>

static uint16_t ready_bit(uint16_t state, uint16_t phase)
{
    return (uint16_t)(((state & WORD_STICKY) != 0) |
                      (((state & WORD_COUNT) != 0) & ((state & WORD_PHASE) == phase)));
}

uint32_t memory_not_ready(const shared_memory *m, uint32_t at, uint32_t n, bool phase)
{
    const uint16_t *state = m->state + at;
    uint16_t wanted = phase ? WORD_PHASE : 0, all = 1;
    for (uint32_t i = 0; i < n; i++)
        all = (uint16_t)(all & ready_bit(state[i], wanted));
    if (all)
        return at + n;
    uint32_t i = 0;
    while (ready_bit(state[i], wanted))
        i++;
    return at + i;
}

uint32_t memory_not_free(const shared_memory *m, uint32_t at, uint32_t n)
{
    uint16_t any = 0;
    for (uint32_t i = 0; i < n; i++)
        any |= m->state[at + i] & (WORD_COUNT | WORD_STICKY);
    if (!any)
        return at + n;
    uint32_t i = at;
    while (!(m->state[i] & (WORD_COUNT | WORD_STICKY)))
        i++;
    return i;
}

uint32_t memory_counted(const shared_memory *m, uint32_t at, uint32_t n)
{
    uint32_t i = at;
    while (i < at + n && !(m->state[i] & WORD_COUNT))
        i++;
    return i;
}

void memory_take(shared_memory *m, uint32_t at, uint32_t n)
{
    uint16_t *state = m->state + at;
    for (uint32_t i = 0; i < n; i++)
        state[i] = (uint16_t)(state[i] - ((state[i] & WORD_STICKY) == 0));
}

void memory_mark(shared_memory *m, uint32_t at, uint32_t n, uint8_t count, bool phase)
{
    uint16_t state = count ? (uint16_t)(count | (phase ? WORD_PHASE : 0)) : WORD_STICKY;
    for (uint32_t i = 0; i < n; i++)
        m->state[at + i] = state;
    m->low = m->low < at ? m->low : at;
    m->high = m->high > at + n ? m->high : at + n;
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

void memory_clear_values(shared_memory *m)
{
    if (m->low < m->high)
        memset(m->value + m->low, 0, (m->high - m->low) * sizeof *m->value);
}

void memory_reset(shared_memory *m)
{
    memory_clear_values(m);
    if (m->low < m->high)
        memset(m->state + m->low, 0, (m->high - m->low) * sizeof *m->state);
    m->low = m->words;
    m->high = 0;
}
