/*
 * One line on the terminal that says how far a run is; nothing where stderr is not a terminal. It is
 * redrawn at most ten times a second and wiped before anything else is printed.
 */
#ifndef PANTHER_EMULATOR_HOST_PROGRESS_H
#define PANTHER_EMULATOR_HOST_PROGRESS_H

#include "isa/support/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct progress progress;

/* unit: what is counted, "examples". The first call of progress_show starts the clock. */
progress *progress_new(arena *memory, bool shown, const char *unit);

/* done of total; text says of what: "epoch 3/20". */
void progress_show(progress *p, const char *text, uint64_t done, uint64_t total);
void progress_wipe(progress *p);

#endif
