/*
 * What the updates of a kernel cost, by the units of the machine that carry them out (machine.h).
 * Their numbers are not here: all units but crossbars add exactly, which is opa_mode ideal.
 *
 *   crossbar  an outer product each, one after the other
 *   digital   a multiply-accumulate per cell each; where products use crossbars these are then read
 *             and written once
 *   mvm       of the matrix of a conv2d, or one with more than one update per example (PANTHER
 *             section 5.4.3): an MVM each. Every example's error is an operand of its own: it is written
 *             into crossbars, one per `rows` updates, which the blocks of a column of the matrix
 *             share. Then as digital. Other matrices are digital altogether.
 */
#ifndef PANTHER_EMULATOR_UPDATE_H
#define PANTHER_EMULATOR_UPDATE_H

#include "emulator/state.h"

/* The unit of an MCU's updates in the kernel that its agent's program measured. */
matrix_unit update_unit(const agent *a, int m);

/* Cycles that one MCU with updates takes from the node's halt on. */
uint64_t update_mcu_cycles(const agent *a, int m);

/* Cycles from the node's halt until the updates of all MCUs of a core are applied. */
uint64_t update_cycles(const agent *a);

/* A kernel of the program ended: counts the times that crossbars were rewritten for it. */
void update_count(program *p);

#endif
