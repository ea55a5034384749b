#include "emulator/cells.h"

#include "emulator/crossbar/device.h"
#include "emulator/crossbar/wear.h"

void cells_attach(emulator *e, crossbar *x, uint32_t matrix, uint32_t block)
{
    if (emulator_has_cells(e))
        device_attach(e->memory, x, &e->machine->device, e->options.seed,
                      (uint64_t)matrix << 32 | block);
    if (e->options.wear)
        wear_attach(e->memory, x);
}

void cells_time(emulator *e)
{
    if (!emulator_has_cells(e))
        return;
    double seconds = (double)e->cycles / (e->machine->clock_ghz * 1e9);
    for (uint32_t k = 0; k < e->image->matrix_count; k++)
        for (uint32_t i = 0; i < e->image->matrices[k].block_count; i++)
            device_time(e->mcus[k][i].crossbar, seconds);
}

bool emulator_has_cells(const emulator *e)
{
    return e->machine->fidelity == FIDELITY_DEVICE && !e->options.timing_only &&
           device_disturbs(&e->machine->device);
}

void emulator_save_cells(const emulator *e, uint32_t matrix, uint32_t block, int16_t *residues,
                         uint64_t events[CELL_EVENTS])
{
    device_events now = device_save(e->mcus[matrix][block].crossbar, residues);
    events[0] = now.reads[0];
    events[1] = now.reads[1];
    events[2] = now.updates;
    events[3] = now.writes;
}

void emulator_restore_cells(emulator *e, uint32_t matrix, uint32_t block, const int16_t *digits,
                            const int16_t *residues, const uint64_t events[CELL_EVENTS])
{
    device_events then = {{events[0], events[1]}, events[2], events[3]};
    device_restore(e->mcus[matrix][block].crossbar, digits, residues, then);
}

void cells_wear(const emulator *e, emulator_totals *t)
{
    t->wear_counted = e->options.wear && !e->options.timing_only;
    for (uint32_t k = 0; t->wear_counted && k < e->image->matrix_count; k++)
        for (uint32_t i = 0; i < e->image->matrices[k].block_count; i++)
            wear_collect(e->mcus[k][i].crossbar, t->wear);
}
