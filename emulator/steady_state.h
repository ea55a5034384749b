/* What the parts of the proof by induction share: see steady.h. */
#ifndef PANTHER_EMULATOR_STEADY_STATE_H
#define PANTHER_EMULATOR_STEADY_STATE_H

#include "emulator/steady.h"

/* By how much the words of a buffer have moved: the first `span` of them, around. */
typedef struct turn {
    bool known;
    uint32_t by, span;
    bool flips; /* the phases, before those that come round */
} turn;

typedef struct agent_moment {
    agent_state state;
    uint32_t pc;
    int32_t scalar[ISA_SCALARS], settled[ISA_SCALARS];
    bool phase[ISA_SCALARS];
} agent_moment;

typedef struct channel_moment {
    uint32_t credits, arrived;
    uint64_t sent, received;
    uint32_t *length; /* of the packets that arrived */
} channel_moment;

typedef struct moment {
    agent_moment *agents;
    channel_moment *channels;
} moment;

typedef struct tile_view {
    tile_buffers buffers;
    turn *turns, *before; /* of the buffers: from the last moment to this one; an example ago */
    uint32_t *slot;       /* by buffer: the words that an access must stay within; 0: all */
    uint32_t top;         /* no word from here on belongs to a buffer, or was used so far */
    uint16_t *words;      /* states at the last moment, below `room` */
    uint32_t room;
} tile_view;

struct steady {
    arena *scratch;
    program *program;
    program_use *uses; /* by agent */
    tile_view *tiles;
    moment last, now;
    bool followed; /* the last two moments were alike but for the words of memory, which are kept */
    bool strayed, all;      /* none is to be left out */
    uint32_t left, skipped; /* examples that may be, and were, left out */
};

static inline tile_view *steady_view(const steady *s, const tile *t)
{
    return &s->tiles[t - t->program->tiles];
}

/* Room for what is known of a tile's buffers. */
void steady_list_buffers(arena *scratch, const program *p, uint32_t k, tile_view *v);

/*
 * Whether all agents, and all channels, are now where they were at the last moment but for counters
 * and turned rings; notes how far these have turned, and how many examples may be left out at most.
 */
bool steady_agents_are_alike(steady *s);
bool steady_channels_are_alike(steady *s);

/* A pointer to a buffer has gone on by so many words of a ring's size. False: another has not. */
bool steady_note_turn(turn *t, const image_buffer *b, int64_t by, int64_t size);

/* Whether the turns of this moment are those of the one before. */
bool steady_same_turns(const steady *s);

/* Any turns of the next moment are to be this one's, and nobody is to leave his slot until then. */
void steady_expect_turns(const steady *s, bool any);

/* Keeps the states of all words, and tells whether they are the ones kept, turned. */
void steady_keep_words(const steady *s);
bool steady_memory_is_alike(const steady *s);

#endif
