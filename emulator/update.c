#include "emulator/update.h"

static uint32_t examples_of(const agent *a)
{
    uint32_t batch = a->tile->program->entry->batch;
    return batch ? batch : 1;
}

matrix_unit update_unit(const agent *a, int m)
{
    matrix_unit unit = a->tile->emulator->machine->units.updates;
    bool convolution = a->mcus[m]->convolution || a->updates[m] > examples_of(a);
    return unit == UNIT_MVM && !convolution ? UNIT_DIGITAL : unit;
}

uint64_t update_mcu_cycles(const agent *a, int m)
{
    const emulator *e = a->tile->emulator;
    const cycle_costs *cost = &e->cost;
    if (e->machine->variant == 3)
        return cost->rewrite;
    matrix_unit unit = update_unit(a, m);
    if (unit == UNIT_CROSSBAR)
        return a->updates[m] * cost->opa_at_halt;
    uint64_t cycles = e->machine->units.products == UNIT_CROSSBAR ? cost->rewrite : 0;
    if (unit == UNIT_DIGITAL)
        return cycles + a->updates[m] * cost->opa_at_halt;
    return cycles + a->updates[m] * cost->mvm + examples_of(a) * cost->rewrite;
}

uint64_t update_cycles(const agent *a)
{
    uint64_t longest = 0;
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        uint64_t cycles = a->updates[m] ? update_mcu_cycles(a, m) : 0;
        longest = cycles > longest ? cycles : longest;
    }
    return longest;
}

/* Crossbars for the errors of all examples; the first block of a column stands for the column. */
static uint64_t error_crossbars(const agent *a, int m)
{
    if (update_unit(a, m) != UNIT_MVM || a->mcus[m]->block->row0 != 0)
        return 0;
    uint64_t examples = examples_of(a);
    uint64_t rows = (uint64_t)a->tile->emulator->machine->slices.rows;
    uint64_t each = (a->updates[m] + examples - 1) / examples;
    return examples * ((each + rows - 1) / rows);
}

void update_count(program *p)
{
    for (uint32_t k = 0; k < p->agent_count; k++) {
        const agent *a = &p->agents[k];
        for (int m = 0; m < ISA_MCUS_MAX; m++) {
            if (!a->updates[m])
                continue;
            a->mcus[m]->commits++;
            a->mcus[m]->update_cycles += update_mcu_cycles(a, m);
            a->mcus[m]->error_writes += error_crossbars(a, m);
        }
    }
}
