#include "emulator/trace.h"

#include "emulator/handlers.h"
#include "emulator/network.h"
#include "emulator/replay.h"

#include <string.h>

static uint64_t name_of(const agent *a, uint32_t steps)
{
    return (uint64_t)(a - a->tile->program->agents) << 32 | steps;
}

void trace_clear(program *p)
{
    p->steps = 0;
    for (uint32_t k = 0; k < p->agent_count; k++) {
        agent *a = &p->agents[k];
        a->step_count = 0;
        memset(a->waited, 0, sizeof a->waited);
    }
    for (uint32_t k = 0; k < p->tile_count; k++)
        memory_clear_touched(&p->tiles[k].memory);
    for (size_t k = 0; k < p->channel_count; k++)
        if (p->channels[k]->touched)
            memset(p->channels[k]->touched, 0, p->channels[k]->places * sizeof(uint64_t));
    memset(p->output_touched, 0, p->entry->output_count * sizeof *p->output_touched);
}

static void add_step(agent *a, uint32_t what, uint32_t value)
{
    emulator *e = a->tile->emulator;
    ARENA_PUSH(e->memory, a->steps, a->step_count, a->step_capacity, ((trace_step){what, value}));
    a->tile->program->steps++;
}

/* Waits are left out where one for a later step of the same agent came before. */
static void add_wait(agent *a, uint64_t step)
{
    uint32_t other = (uint32_t)(step >> 32);
    uint64_t *waited = &a->waited[other % TRACE_WAITED];
    if (step == 0 || &a->tile->program->agents[other] == a)
        return;
    if (*waited >> 32 == other && *waited >= step)
        return;
    *waited = step;
    add_step(a, TRACE_WAIT | other, (uint32_t)step);
}

/* Whether one step used all the words last. */
WIDE_LANES static bool alike(const uint64_t *touched, uint32_t words)
{
    uint64_t differ = 0;
    for (uint32_t i = 1; i < words; i++)
        differ |= touched[i] ^ touched[0];
    return differ == 0;
}

WIDE_LANES static void touch(uint64_t *touched, uint32_t words, uint64_t name)
{
    for (uint32_t i = 0; i < words; i++)
        touched[i] = name;
}

static void wait_for_words(agent *a, const uint64_t *touched, uint32_t words)
{
    uint64_t last = 0;
    if (alike(touched, words)) {
        add_wait(a, touched[0]);
        return;
    }
    for (uint32_t i = 0; i < words; i++) {
        if (touched[i] != last)
            add_wait(a, touched[i]);
        last = touched[i];
    }
}

/* Where a send or receive that has just ended stands beside memory. */
static uint64_t *channel_place(const program *p, const operation *op)
{
    const channel *c = op->with.channel;
    bool sends = op->op == ISA_send;
    uint64_t number = (sends ? c->sent : c->received) - 1;
    if (c->touched)
        return &c->touched[number % c->places];
    if (!sends)
        return NULL; /* inputs of the host are only read */
    return &p->output_touched[channel_host_port(c, p, number)];
}

static void note_access(agent *a, const operation *op)
{
    uint64_t *words = a->tile->memory.touched + a->address, *place = NULL;
    if (op->op == ISA_send || op->op == ISA_receive)
        place = channel_place(a->tile->program, op);
    wait_for_words(a, words, op->words);
    if (place)
        add_wait(a, *place);
    add_step(a, a->pc, a->address);
    uint64_t name = name_of(a, (uint32_t)a->step_count);
    touch(words, op->words, name);
    if (place)
        *place = name;
}

static uint64_t room(const emulator *e, const program *p)
{
    uint64_t steps = e->options.trace_steps ? e->options.trace_steps : TRACE_STEPS;
    return p->in_pieces && steps > TRACE_PIECE ? TRACE_PIECE : steps;
}

void trace_note(agent *a, const operation *op)
{
    program *p = a->tile->program;
    if (p->steps >= room(a->tile->emulator, p)) {
        p->in_pieces = true;
        replay_piece(p);
        trace_clear(p);
    }
    p->cells += op->op == ISA_mcu ? (uint64_t)op->extra : 0;
    if (op->access)
        note_access(a, op);
    else
        add_step(a, a->pc, 0);
}
