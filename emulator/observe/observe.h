/*
 * Observers of an execution. The execution counts how often each instruction ran; what an
 * instruction costs in energy is fixed by its operands, so everything else is worked out afterwards
 * and cannot change a number or a cycle.
 */
#ifndef PANTHER_EMULATOR_OBSERVE_OBSERVE_H
#define PANTHER_EMULATOR_OBSERVE_OBSERVE_H

#include "emulator/observe/profile.h"
#include "emulator/state.h"

/* Counts every energy event since emulator_new into e->energy. */
void observe_energy(emulator *e);

/* Events of `times` runs of one instruction. */
void observe_instruction(const emulator *e, const agent *a, uint32_t at, uint64_t times,
                         energy_counts *to);

/* Counts of one component as fJ, rounded. */
uint64_t observe_femtojoule(double count, double price_pj);

/*
 * fJ that leak away while cores and tiles are active, all layers; by_layer (may be NULL) receives
 * each layer's part: a core's goes to its main layer, a tile's to none.
 */
uint64_t observe_leakage(const emulator *e, uint64_t *by_layer);

/* Kind of an instruction's own time (an mcu's is control) and its layer. */
int observe_kind(isa_op op);
uint16_t observe_layer(const emulator *e, const agent *a, uint32_t at);

/* What an agent costs per cycle goes to the first layer it works for. */
uint16_t observe_main_layer(const emulator *e, const agent *a);

/* Whether words that a load or peek reads go to the inputs of an MCU as they are. */
bool observe_is_operand(const agent *a, uint32_t at);

/* Converts the counts and fills e->totals. */
void observe_totals(emulator *e);

/* Adds up how long the cores and tiles of the kernel that just ended were active. */
void observe_activity(program *p);

/* Cycles that an instruction keeps its agent, without waits. */
static inline uint64_t observe_busy(const operation *op)
{
    return op->port_cycles > op->cycles ? op->port_cycles : op->cycles;
}

#endif
