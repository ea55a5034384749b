/*
 * A quantity over time in a fixed number of bins. The time that the bins cover doubles whenever
 * something happens beyond it, so nothing has to be known beforehand and nothing is allocated.
 */
#ifndef PANTHER_EMULATOR_OBSERVE_BINS_H
#define PANTHER_EMULATOR_OBSERVE_BINS_H

#include <stdint.h>

enum { BINS = 240, BIN_FIRST_WIDTH = 16 }; /* BINS is even: pairs are merged */

typedef struct bins {
    uint64_t width; /* cycles of one bin */
    uint64_t at[BINS];
} bins;

void bins_clear(bins *b);

/* Widens the bins until `end` lies within them. */
void bins_cover(bins *b, uint64_t end);

/* Adds one to every cycle of [from, to): a bin counts the cycles that fall into it. */
void bins_add_cycles(bins *b, uint64_t from, uint64_t to);

/* Spreads an amount evenly over [from, to), to the last digit; all in one bin if it is empty. */
void bins_spread(bins *b, uint64_t from, uint64_t to, uint64_t amount);

#endif
