/* The part of a checkpoint that fidelity device needs beside the digits. */
#ifndef PANTHER_EMULATOR_HOST_CELLS_H
#define PANTHER_EMULATOR_HOST_CELLS_H

#include "emulator/host/engine.h"
#include "emulator/host/safetensors.h"

/* Whether the engine has cells whose state a checkpoint must hold. */
bool cells_kept(const engine *e);

/* Adds panther.residues.MATRIX.BLOCK (I16) and the note panther.events.MATRIX.BLOCK. */
void cells_store(engine *e, uint32_t matrix, uint32_t block, safetensors *file);

/* False with errors in d; digits (checked) are those of the block in the file. */
bool cells_load(engine *e, uint32_t matrix, uint32_t block, const safetensors *file,
                const int16_t *digits, diag *d);

/* False with an error in d if a checkpoint cannot hold what the cells depend on. */
bool cells_resumable(const engine *e, const safetensors *file, diag *d);

#endif
