/*
 * Executes the steps of a trace: every agent in its own order, whenever what it waits for is done.
 * Agents are taken up by any thread; what they compute does not depend on which, nor on when.
 */
#ifndef PANTHER_EMULATOR_REPLAY_H
#define PANTHER_EMULATOR_REPLAY_H

#include "emulator/pool.h"
#include "emulator/state.h"

/* Once, when the agents are known. */
void replay_plan(program *p, arena *memory);

/* Registers, memory and channels as at the start of a kernel. */
void replay_start(program *p);

/* Executes the steps that are there; more will follow. */
void replay_piece(program *p);

/* The same, and applies the updates of an agent when its last step is done. */
void replay_finish(program *p);

/*
 * A whole kernel whose trace is there, from start to finish; in an order of its own, with products
 * evaluated together, where that is of use (batch.h).
 */
void replay_again(program *p);

/*
 * Threads for a task that goes through so many cells of crossbars; NULL: more than the caller's are
 * not worth it. They are made when they are first needed.
 */
pool *replay_pool(emulator *e, uint64_t cells);

#endif
