#ifndef PANTHER_EMULATOR_HOST_STATS_PROFILE_H
#define PANTHER_EMULATOR_HOST_STATS_PROFILE_H

#include "emulator/observe/profile.h"

#include <cjson/cJSON.h>

/* Entries, energy and cycles by layer, component and operation, waits, layers, tiles. */
/* Cycles of an entry on the ideal pipeline: its matrix steps, one MVM each (PANTHER Tables 1 and 2). */
double stats_bound_cycles(const image_entry *entry, const machine *m);

void stats_add_profile(cJSON *root, const emulator_profile *p, const image *im, const machine *m);

/* A whole number with all its digits. */
void stats_add_whole(cJSON *to, const char *name, uint64_t v);

#endif
