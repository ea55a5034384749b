/*
 * The event loops of a program's tiles, side by side. Conservative lookahead: what a tile does
 * before the end of a round cannot reach another tile before that end, so within a round the tiles
 * are independent of each other.
 */
#ifndef PANTHER_EMULATOR_ROUNDS_H
#define PANTHER_EMULATOR_ROUNDS_H

#include "emulator/state.h"

/*
 * Time, memory and channels as at the start of a kernel, to which the host gives so many examples;
 * counts so far are kept in `once`.
 */
void rounds_start(program *p, uint32_t examples);

/* Until nothing is left to happen. False: something failed. */
bool rounds_run(program *p);

bool rounds_all_halted(const program *p);

#endif
