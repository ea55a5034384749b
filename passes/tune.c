/*
 * Tune: what no formula says is measured. How blocks are packed into tiles (the cores of a tile share
 * a memory port) and how much slack the schedule leaves for waits at that port change the cycles of a
 * kernel by a tenth and more, in either direction. Each candidate is compiled to the end and
 * run without data, for a batch of one example and for one of many, whatever the program's own batch
 * is: the choice, and with it the program text, does not depend on that. The candidate with the
 * least product of both times is kept. Kernels that update count, or all of them if none does.
 * Modules too large for that keep the default, and so do those with loops over positions, whose text
 * must not depend on the size of an image either.
 */
#include "backend/backend.h"
#include "emulator/emulator.h"
#include "ir/ring.h"
#include "passes/passes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double WORTH_MORE_TILES = 0.9;

static const uint32_t batches[] = {1, 32};
enum {
    BATCHES = sizeof batches / sizeof *batches,
    OPS_MOST = 2500, /* of a module that is tuned, before routing: a second of trials */
};

/*
 * Those that spread over more tiles come later. They cost energy (leakage, packets: 9 % for MLP-L4), so
 * they must bring the product of times below WORTH_MORE_TILES of the best so far.
 */
static const pass_tuning candidates[] = {
    {false, 100, 0}, {true, 100, 0}, {true, 0, 0},    {true, 50, 0},
    {true, 200, 0},  {false, 100, 4}, {false, 50, 2}, {false, 100, 2},
};
enum { CANDIDATES = sizeof candidates / sizeof *candidates };

const pass_tuning pass_default_tuning = {false, 100, 0};

static bool is_small(const ir_module *m)
{
    size_t ops = 0;
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i]) {
            ops++;
            if (ir_grid_points(ir_grid_of(m->graphs[i], op->space)) > 1)
                return false;
        }
    return ops <= OPS_MOST;
}

static void set_batch(ir_module *m, uint32_t batch)
{
    for (size_t i = 0; i < m->graph_count; i++)
        for (size_t k = 0; k < m->graphs[i]->dim_count; k++)
            if (!strcmp(m->graphs[i]->dims[k].name, "n"))
                m->graphs[i]->dims[k].extent = batch;
}

/* The module again, by way of its text (which is a fixpoint). */
static ir_module *copy_module(arena *memory, diag *d, const ir_module *m)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    ir_print(m, out);
    fclose(out);
    ir_module *copy = ir_parse(memory, diag_sources(d), d, "(tune)", text, length);
    free(text);
    return copy;
}

static uint64_t cycles_of(arena *memory, const machine *m, const image *im, diag *d)
{
    emulator_options options = {.timing_only = true};
    emulator *e = emulator_new(memory, m, im, &options, d, "(tune)");
    bool updates = false;
    uint64_t cycles = 0;
    for (uint32_t i = 0; i < im->entry_count; i++)
        updates = updates || im->entries[i].updates;
    for (uint32_t i = 0; e && i + 1 < im->entry_count; i++) { /* the last one is `crs` */
        if (im->entries[i].updates != updates)
            continue;
        if (emulator_run(e, i, 0, NULL, NULL, d) != EXIT_DONE)
            return UINT64_MAX;
        cycles += emulator_statistics(e)->last_kernel_cycles;
    }
    return e ? cycles : UINT64_MAX;
}

/* Cycles of the module with a candidate; UINT64_MAX if it cannot be compiled so. */
static uint64_t try_candidate(const pass_context *c, const pass_tuning *candidate, uint32_t batch)
{
    static const pass_options quiet;
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    machine roomy = *c->machine; /* the log of a batch that the program does not have is no obstacle */
    roomy.operand_log_unlimited = true;
    pass_context trial = *c;
    trial.machine = &roomy;
    trial.memory = memory;
    trial.diag = d;
    trial.options = &quiet;
    trial.tuning = *candidate;
    trial.module = copy_module(memory, d, c->module);
    uint64_t cycles = UINT64_MAX;
    if (trial.module)
        set_batch(trial.module, batch);
    if (trial.module && pass_place(&trial) && pass_fuse(&trial) && pass_route(&trial) && pass_schedule(&trial) &&
        pass_memory(&trial)) {
        const image *im = backend_build(memory, trial.module, &roomy, "", d);
        if (im)
            cycles = cycles_of(memory, &roomy, im, d);
    }
    arena_free(memory);
    return cycles;
}

bool pass_tune(pass_context *c)
{
    double best = HUGE_VAL;
    if (!is_small(c->module))
        return true;
    for (size_t i = 0; i < CANDIDATES; i++) {
        double product = 1;
        for (size_t k = 0; k < BATCHES; k++)
            product *= (double)try_candidate(c, &candidates[i], batches[k]);
        bool spreads = candidates[i].tile_cores != c->tuning.tile_cores;
        if (product < best * (spreads ? WORTH_MORE_TILES : 1)) {
            best = product;
            c->tuning = candidates[i];
        }
    }
    return true;
}
