/*
 * A tile's shared memory: 16-bit words, each with a consumer count, a phase and a sticky flag.
 *
 * A word is ready for a reader of phase p if it is sticky, or counted with that phase. It is free
 * for a writer if it is neither. Sticky words match any phase and are never used up.
 */
#ifndef PANTHER_EMULATOR_MEMORY_H
#define PANTHER_EMULATOR_MEMORY_H

#include "isa/image.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WORD_COUNT = 0x00FF, /* 0: no consumer is waited for */
    WORD_PHASE = 0x0100,
    WORD_STICKY = 0x0200,
};

typedef struct shared_memory {
    uint32_t words;
    int16_t *value;
    uint16_t *state;
    uint32_t low, high; /* all words outside [low, high) are as they were at the kernel's start */
} shared_memory;

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

/* All words zero, without a change of their states. */
void memory_clear_values(shared_memory *m);

/* All words invalid and zero again. */
void memory_reset(shared_memory *m);

#endif
