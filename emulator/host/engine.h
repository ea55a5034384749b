/*
 * What executes kernels for the host: the emulator, or an interpreter of the IR. Values and weights
 * cross this border as real numbers; each engine rounds them to its own formats (integers of a
 * format are exact in a double, so nothing is lost on the way back).
 */
#ifndef PANTHER_EMULATOR_HOST_ENGINE_H
#define PANTHER_EMULATOR_HOST_ENGINE_H

#include "emulator/observe/profile.h"

typedef struct engine engine;

typedef struct engine_table {
    const char *name; /* "emulator", "fixed", "float": for reports */
    /*
     * One kernel. inputs[p], outputs[p]: port p of the entry, batch x elements values (elements if
     * the port is per kernel). step: number of the kernel, part of the key of random draws.
     */
    exit_status (*run)(engine *e, uint32_t entry, uint64_t step, const double *const *inputs,
                       double *const *outputs, diag *d);
    /* Weights of a matrix, rows (inputs) x columns (outputs), row-major. */
    void (*write_matrix)(engine *e, uint32_t matrix, const double *w);
    void (*read_matrix)(engine *e, uint32_t matrix, double *w);
    /* Digits of a block (digit_array order); NULL if the engine has none. */
    void (*write_digits)(engine *e, uint32_t matrix, uint32_t block, const int16_t *digits);
    void (*read_digits)(engine *e, uint32_t matrix, uint32_t block, int16_t *digits);
    void (*crs)(engine *e);
    /* NULL if the engine counts nothing. */
    const emulator_totals *(*statistics)(engine *e);
    const emulator_profile *(*profile)(engine *e);
    void (*sample)(const engine *e, emulator_sample *to);
    /* What cells hold beside digits (emulator_save_cells); has_cells may be NULL: nothing. */
    bool (*has_cells)(const engine *e);
    void (*save_cells)(engine *e, uint32_t matrix, uint32_t block, int16_t *residues,
                       uint64_t events[CELL_EVENTS]);
    void (*restore_cells)(engine *e, uint32_t matrix, uint32_t block, const int16_t *digits,
                          const int16_t *residues, const uint64_t events[CELL_EVENTS]);
} engine_table;

/* The first member of every engine. */
struct engine {
    const engine_table *table;
    const image *im; /* its tables: entries with ports, matrices, tensors */
    const machine *machine;
};

/* NULL with errors in d if the image cannot run on the machine. */
engine *engine_emulator(arena *memory, const machine *m, const image *im,
                        const emulator_options *options, diag *d, const char *path);

/* Values of a port for one kernel: elements, times the batch unless it is per kernel. */
size_t engine_port_words(const image_entry *entry, const image_port *port);

#endif
