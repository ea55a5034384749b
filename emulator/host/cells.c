#include "emulator/host/cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool cells_kept(const engine *e)
{
    return e->table->has_cells && e->table->has_cells(e);
}

static const char *cell_name(arena *memory, const char *what, const engine *e, uint32_t matrix,
                             uint32_t block)
{
    return arena_printf(memory, "panther.%s.%s.%u", what, e->im->matrices[matrix].name, block);
}

static size_t block_shape(const engine *e, uint32_t matrix, uint32_t block, size_t shape[3])
{
    const image_block *b = &e->im->matrices[matrix].blocks[block];
    shape[0] = (size_t)e->machine->slices.slices;
    shape[1] = b->rows;
    shape[2] = b->columns;
    return shape[0] * shape[1] * shape[2];
}

void cells_store(engine *e, uint32_t matrix, uint32_t block, safetensors *file)
{
    arena *memory = file->memory;
    size_t shape[3], count = block_shape(e, matrix, block, shape);
    int16_t *residues = ARENA_ARRAY(memory, int16_t, count + 1);
    uint64_t events[CELL_EVENTS];
    const char *text = "";
    e->table->save_cells(e, matrix, block, residues, events);
    for (int k = 0; k < CELL_EVENTS; k++)
        text = arena_printf(memory, "%s%s%llu", text, k ? " " : "", (unsigned long long)events[k]);
    safetensors_add(file, cell_name(memory, "residues", e, matrix, block), TENSOR_I16, shape, 3,
                    residues);
    safetensors_note(file, cell_name(memory, "events", e, matrix, block), text);
}

static bool read_events(const char *text, uint64_t events[CELL_EVENTS])
{
    for (int k = 0; text && k < CELL_EVENTS; k++) {
        char *end;
        errno = 0;
        if (*text < '0' || *text > '9')
            return false;
        events[k] = strtoull(text, &end, 10);
        if (errno || *end != (k < CELL_EVENTS - 1 ? ' ' : '\0'))
            return false;
        text = end + 1;
    }
    return text != NULL;
}

bool cells_load(engine *e, uint32_t matrix, uint32_t block, const safetensors *file,
                const int16_t *digits, diag *d)
{
    arena *memory = arena_new();
    size_t shape[3], count = block_shape(e, matrix, block, shape);
    const char *name = cell_name(memory, "residues", e, matrix, block);
    const named_tensor *t = safetensors_find(file, name);
    uint64_t events[CELL_EVENTS];
    bool good = t && t->type == TENSOR_I16 && t->rank == 3 &&
                memcmp(t->shape, shape, sizeof shape) == 0 &&
                read_events(safetensors_text(file, cell_name(memory, "events", e, matrix, block)),
                            events);
    if (good) {
        int16_t *residues = ARENA_ARRAY(memory, int16_t, count + 1);
        memcpy(residues, t->bytes, count * sizeof *residues);
        e->table->restore_cells(e, matrix, block, digits, residues, events);
    } else {
        diag_file_error(d, file->path,
                        "'%s' or its events are missing or do not fit; it was not saved by a run "
                        "with device knobs",
                        name);
    }
    arena_free(memory);
    return good;
}

bool cells_resumable(const engine *e, const safetensors *file, diag *d)
{
    const device_settings *s = &e->machine->device;
    if (!cells_kept(e) || !device_on(s, DEVICE_drift_exponent) || device_on(s, DEVICE_drift_time))
        return true;
    diag_file_error(d, file->path,
                    "not supported: resuming with drift by the simulated clock, because a checkpoint "
                    "does not hold when cells were written; state a time with drift_time");
    return false;
}
