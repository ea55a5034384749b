/*
 * The proof that a long kernel comes to its end, by induction over its examples.
 *
 * The host gives its examples one by one, and every time waits until nothing can move. Two such
 * moments, one example apart, are alike if they differ in nothing but
 *
 *   - registers that are only counted up and compared with immediates, whatever these steps and
 *     comparisons come to as long as none of the immediates is reached;
 *   - where rings in shared memory begin: all pointers of a ring and all of its words have moved by
 *     as many words, with the phases that belong to that, and nobody leaves the slot of a ring that
 *     its pointer was last set to.
 *
 * What a machine does from the later moment on is then what it did from the earlier one, with other
 * counters and turned rings, for all examples before the next immediate that a counter reaches.
 * They are not executed: the counters and the host's tables are set to where they would be, the
 * rings stay as they are, since turning them changes nothing, and the programs run on to their end.
 */
#ifndef PANTHER_EMULATOR_STEADY_H
#define PANTHER_EMULATOR_STEADY_H

#include "emulator/state.h"

enum { STEADY_BATCH = 4 }; /* kernels of so few examples are not worth it */

/* How a program uses a scalar register. */
typedef struct register_use {
    bool used, base, compared;
    bool addend;       /* added to others */
    bool exchanged;    /* there are others in its family */
    bool changed_late; /* set to a number within its ring where the loop comes by again */
    uint8_t family;    /* the first of the registers that exchange values with it */
    int32_t ring;      /* size of the ring that it goes round, the same for its family; 0: none */
} register_use;

typedef struct program_use {
    register_use of[ISA_SCALARS];
    const uint32_t *buffer; /* by instruction: which of its tile's it accesses; STEADY_NO_BUFFER */
} program_use;
#define STEADY_NO_BUFFER UINT32_MAX

/* The image's buffers in one tile. */
typedef struct tile_buffers {
    const image_buffer **at;
    size_t count, capacity;
} tile_buffers;

/* False: it does something with registers that no loop of the compiler does. */
bool steady_read_program(arena *scratch, const agent *a, const tile_buffers *buffers,
                         program_use *use);

typedef struct steady steady;

/* NULL: steady_read_program says no. all: one by one, but none is left out. */
steady *steady_new(arena *scratch, program *p, bool all);

/* Runs a program whose host has given one example so far. False: something failed. */
bool steady_run(steady *s);

/* Examples left out. */
uint32_t steady_skipped(const steady *s);

/* Whether examples were left out although a ring's slots were left: that proves nothing. */
bool steady_in_doubt(const steady *s);

/* At an access of a program that is run so, its address being known. */
void steady_note_access(agent *a, const operation *op);

#endif
