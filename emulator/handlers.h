/*
 * One handler per instruction of isa.def, called when the instruction ends. A row of the table
 * without a handler does not link.
 */
#ifndef PANTHER_EMULATOR_HANDLERS_H
#define PANTHER_EMULATOR_HANDLERS_H

#include "emulator/crossbar/processor.h"
#include "emulator/state.h"

#define INSN(name, ...) insn_handler insn_##name;
#include "isa/isa.def"
#undef INSN

/* The effect on numbers of instructions whose handler deals with time (see trace.h). */
insn_handler data_mcu, data_crs, data_load, data_store, data_send, data_receive;

/*
 * Functions that go through many lanes exist for wider vectors too; the loader takes the best for
 * the processor. (Sanitizers do not get along with that, and older clangs do not know the names.)
 */
#if PROCESSOR_X86_64 && !defined(__clang__) && !defined(__SANITIZE_THREAD__) &&                    \
    !defined(__SANITIZE_ADDRESS__)
#define WIDE_LANES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE_LANES
#endif

/* Those by instruction, NULL for the others. */
extern insn_handler *const insn_effects[ISA_OP_COUNT];

/* What an instruction with `data` does to numbers. */
static inline insn_handler *insn_effect(const operation *op)
{
    return op->timed ? insn_effects[op->op] : op->handler;
}

static inline int16_t *operand(const agent *a, const operation *op, int which)
{
    return a->registers + op->vector[which];
}

#endif
