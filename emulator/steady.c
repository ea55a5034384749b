#include "emulator/network.h"
#include "emulator/rounds.h"
#include "emulator/steady_state.h"

#include <string.h>

static moment new_moment(arena *scratch, const program *p)
{
    moment m = {ARENA_ARRAY(scratch, agent_moment, p->agent_count + 1),
                ARENA_ARRAY(scratch, channel_moment, p->channel_count + 1)};
    for (size_t k = 0; k < p->channel_count; k++)
        m.channels[k].length = ARENA_ARRAY(scratch, uint32_t, p->channels[k]->places);
    return m;
}

steady *steady_new(arena *scratch, program *p, bool all)
{
    steady *s = ARENA_NEW(scratch, steady);
    s->scratch = scratch;
    s->all = all;
    s->program = p;
    s->tiles = ARENA_ARRAY(scratch, tile_view, p->tile_count + 1);
    s->uses = ARENA_ARRAY(scratch, program_use, p->agent_count + 1);
    for (uint32_t k = 0; k < p->tile_count; k++)
        steady_list_buffers(scratch, p, k, &s->tiles[k]);
    for (uint32_t k = 0; k < p->agent_count; k++)
        if (!steady_read_program(scratch, &p->agents[k],
                                 &steady_view(s, p->agents[k].tile)->buffers, &s->uses[k]))
            return NULL;
    s->last = new_moment(scratch, p);
    s->now = new_moment(scratch, p);
    return s;
}

static void see_channel(const channel *c, channel_moment *m)
{
    m->credits = c->credits;
    m->arrived = c->arrived;
    m->sent = c->sent;
    m->received = c->received;
    for (uint32_t i = 0; c->length && i < c->arrived; i++)
        m->length[i] = c->length[(c->received + i) % c->places];
}

static void see(const program *p, moment *m)
{
    for (uint32_t k = 0; k < p->agent_count; k++) {
        const agent *a = &p->agents[k];
        agent_moment *to = &m->agents[k];
        to->state = a->state;
        to->pc = a->pc;
        memcpy(to->scalar, a->scalar, sizeof a->scalar);
        memcpy(to->settled, a->settled, sizeof a->settled);
        memcpy(to->phase, a->phase, sizeof a->phase);
    }
    for (size_t k = 0; k < p->channel_count; k++)
        see_channel(p->channels[k], &m->channels[k]);
}

/* Somebody left his slot, or went round a ring from what stays in place. */
static bool has_strayed(const steady *s)
{
    bool strayed = s->strayed;
    for (uint32_t k = 0; k < s->program->agent_count; k++)
        strayed |= s->program->agents[k].astray;
    return strayed;
}

/* How many examples may be left out from here; 0: this moment is not like the last one yet. */
static uint32_t steady_repeats(steady *s)
{
    moment last = s->last;
    s->last = s->now;
    s->now = last;
    see(s->program, &s->now);
    s->left = s->program->entry->batch - s->program->given - 1;
    for (uint32_t k = 0; k < s->program->tile_count; k++)
        memset(s->tiles[k].turns, 0, (s->tiles[k].buffers.count + 1) * sizeof(turn));
    bool alike =
        s->program->given > 1 && steady_agents_are_alike(s) && steady_channels_are_alike(s);
    bool follows = alike && s->followed && !has_strayed(s) && steady_same_turns(s);
    if (follows && s->left && steady_memory_is_alike(s))
        return s->left;
    steady_expect_turns(s, alike);
    if (alike)
        steady_keep_words(s);
    s->strayed = false;
    s->followed = alike;
    return 0;
}

static void skip(steady *s, uint32_t examples)
{
    program *p = s->program;
    for (uint32_t k = 0; k < p->agent_count; k++)
        for (int r = 0; r < ISA_SCALARS; r++) {
            int32_t each = s->now.agents[k].scalar[r] - s->last.agents[k].scalar[r];
            if (s->uses[k].of[r].used && !s->uses[k].of[r].base)
                p->agents[k].scalar[r] += each * (int32_t)examples;
        }
    for (size_t k = 0; k < p->channel_count; k++) {
        channel *c = p->channels[k];
        if (!c->from)
            c->received += examples * c->packets_each;
        if (!c->to)
            c->sent += examples * c->packets_each;
    }
    p->given += examples;
    s->skipped = examples;
}

bool steady_run(steady *s)
{
    program *p = s->program;
    uint32_t batch = p->entry->batch;
    while (rounds_run(p)) {
        if (p->given == batch)
            return true;
        bool looks = !s->all && !s->skipped && p->given <= batch / 2;
        uint32_t examples = looks ? steady_repeats(s) : 0;
        if (examples)
            skip(s, examples);
        channels_give(p, p->given + 1);
    }
    return false;
}

uint32_t steady_skipped(const steady *s)
{
    return s->skipped;
}

bool steady_in_doubt(const steady *s)
{
    return s->skipped > 0 && has_strayed(s);
}
