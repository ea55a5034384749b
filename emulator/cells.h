/* Cells of fidelity device and their wear, for all crossbars of an emulator. */
#ifndef PANTHER_EMULATOR_CELLS_H
#define PANTHER_EMULATOR_CELLS_H

#include "emulator/state.h"

/* A crossbar was made for this block of this matrix. */
void cells_attach(emulator *e, crossbar *x, uint32_t matrix, uint32_t block);

/* Tells the cells the simulated time, before a kernel or a carry resolution. */
void cells_time(emulator *e);

/* Fills wear and wear_counted. */
void cells_wear(const emulator *e, emulator_totals *t);

#endif
