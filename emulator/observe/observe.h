/*
 * Observers of an execution. The execution counts how often each instruction ran; what an
 * instruction costs in energy is fixed by its operands, so everything else is worked out afterwards
 * and cannot change a number or a cycle.
 */
#ifndef PANTHER_EMULATOR_OBSERVE_OBSERVE_H
#define PANTHER_EMULATOR_OBSERVE_OBSERVE_H

#include "emulator/state.h"

/* Counts every energy event since emulator_new into e->energy. */
void observe_energy(emulator *e);

/* Converts the counts and fills e->totals. */
void observe_totals(emulator *e);

/* Leakage of the kernel that just ended: pJ while cores and tiles were active. */
void observe_activity(emulator *e, program *p);

#endif
