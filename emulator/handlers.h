/*
 * One handler per instruction of isa.def, called when the instruction ends: its effect on
 * registers, memory and crossbars. A row of the table without a handler does not link.
 */
#ifndef PANTHER_EMULATOR_HANDLERS_H
#define PANTHER_EMULATOR_HANDLERS_H

#include "emulator/state.h"

#define INSN(name, ...) insn_handler insn_##name;
#include "isa/isa.def"
#undef INSN

/* Stands for a handler that only computes data, when data is left out. */
insn_handler insn_without_data;

static inline int16_t *operand(const agent *a, const operation *op, int which)
{
    return a->registers + op->vector[which];
}

#endif
