/* What is said when a kernel fails: one error, with the instructions it concerns as notes. */
#ifndef PANTHER_EMULATOR_REPORT_H
#define PANTHER_EMULATOR_REPORT_H

#include "emulator/state.h"

/* The failure of the tile that failed first (time, then tile); false if none did. */
bool report_failure(const emulator *e, const program *p, diag *d);

/* Nothing can happen any more, but agents wait: who, where, on what, and a cycle of them. */
void report_deadlock(const emulator *e, const program *p, diag *d);

/* Words and packets left over when all agents halted, outputs that never came; false if none. */
bool report_leftovers(const emulator *e, const program *p, diag *d);

/* "node 0 tile 3 core 5 at 12: load m0.mvm.in, [s2+5], 128 (mlp.pan:3:9)" */
const char *report_place(arena *scratch, const emulator *e, const agent *a, uint32_t pc);

/* The named buffer that holds a word (NULL if none does), and " (x+5)" or "" for messages. */
const image_buffer *report_find_buffer(const tile *t, uint32_t word);
const char *report_buffer(arena *scratch, const tile *t, uint32_t word);

#endif
