/*
 * A tile's shared memory: 16-bit words, each with a consumer count, a phase and a sticky flag.
 *
 * A word is ready for a reader of phase p if it is sticky, or counted with that phase. It is free
 * for a writer if it is neither. Sticky words match any phase and are never used up.
 *
 * Whether n words are ready (free) is the bitwise AND (OR) of their states, so a state holds one
 * bit per phase that it is ready for; a sticky word has both, and no count.
 *
 * Room is made only for words that are used, and a kernel's start clears only pages that were.
 */
#ifndef PANTHER_EMULATOR_MEMORY_H
#define PANTHER_EMULATOR_MEMORY_H

#include "isa/image.h"
#include "isa/support/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WORD_COUNT = 0x00FF,
    WORD_READY = 0x0100, /* for phase 0; shifted by one, for phase 1 */
    WORD_STICKY = 0x0300,
    WORD_FREE = 0,
    MEMORY_PAGE = 1024, /* words */
};

static inline uint8_t word_count(uint16_t state)
{
    return (uint8_t)(state & WORD_COUNT);
}

static inline bool word_is_sticky(uint16_t state)
{
    return state == WORD_STICKY;
}

typedef struct shared_memory {
    arena *arena;
    bool has_values;   /* and not only states */
    bool no_phases;    /* counted words are ready for both */
    uint32_t words;    /* of the machine */
    uint32_t room;     /* the words beyond are free and zero, and have no place yet */
    uint32_t high;     /* no word from here on was used by this kernel */
    int16_t *value;    /* NULL: none */
    uint16_t *state;
    uint64_t *touched; /* agent (upper half) and number of the step that used a word last; NULL */
    bool *used;        /* pages with words that this kernel used */
    uint64_t changes;  /* of states, so far */
} shared_memory;

/* Makes room for the words below `end`, which are words of the machine. */
void memory_reserve(shared_memory *m, uint32_t end);

/* The first word of [at, at + n) that is not ready (not free), at + n if all are. */
uint32_t memory_not_ready(const shared_memory *m, uint32_t at, uint32_t n, bool phase);
uint32_t memory_not_free(const shared_memory *m, uint32_t at, uint32_t n);

/* The first counted word of [at, at + n), at + n if there is none. */
uint32_t memory_counted(const shared_memory *m, uint32_t at, uint32_t n);

/* Takes one count of each word; all must be ready. */
void memory_take(shared_memory *m, uint32_t at, uint32_t n);

/* The states, or the values, that a preset gives its words. */
void memory_preset_states(shared_memory *m, const image_preset *p);
void memory_preset_values(shared_memory *m, const image_preset *p);

/* Sets the state of n words: count 0 makes them sticky. The values are written by the caller. */
void memory_mark(shared_memory *m, uint32_t at, uint32_t n, uint8_t count, bool phase);

/*
 * The next words that this kernel may have used: [*at, *end), from *at on. False: there are none.
 * for (uint32_t at = 0, end; memory_next_used(m, &at, &end); at = end)
 */
bool memory_next_used(const shared_memory *m, uint32_t *at, uint32_t *end);

/* All words zero, without a change of their states. */
void memory_clear_values(shared_memory *m);

/* No word was used by a step yet. */
void memory_clear_touched(shared_memory *m);

/* All words free and zero again. */
void memory_reset(shared_memory *m);

#endif
