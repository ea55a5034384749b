/*
 * The event loop of one tile. Agents run on through what concerns only themselves; what touches
 * shared memory or channels happens in the order of (time, agent).
 */
#ifndef PANTHER_EMULATOR_TILE_H
#define PANTHER_EMULATOR_TILE_H

#include "emulator/state.h"

/* Everything as at the start of a kernel: registers, memory, presets, clocks. */
void tile_reset(tile *t);

/* Lets the tile work off its events before `end`; stops early where something failed. */
void tile_advance(tile *t, uint64_t end);

/* The words [at, at + n) changed: wakes the agents that wait for one of them and may go on. */
void tile_memory_changed(tile *t, uint32_t at, uint32_t n, uint64_t time);

void agent_wake(agent *a, uint64_t time);

#endif
