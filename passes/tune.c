/*
 * Tune: what no formula says is measured. How blocks are packed into tiles (the cores of a tile share
 * a memory port) and how much slack the schedule leaves for waits at that port change the cycles of a
 * kernel by a tenth and more, in either direction. Each candidate is compiled to the end and
 * run without data, for a batch of one example and for one of many, whatever the program's own batch
 * is: the choice, and with it the program text, does not depend on that. The candidate with the
 * least product of both times is kept. Kernels that update count, or all of them if none does.
 * Modules too large for that keep the default. Those with loops over positions are not run either, as
 * their text must not depend on the size of an image; they are spread over tiles if they need to be.
 */
#include "backend/backend.h"
#include "emulator/emulator.h"
#include "ir/ring.h"
#include "passes/passes.h"
#include "passes/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double WORTH_MORE_TILES = 0.9;

static const uint32_t batches[] = {1, 32};
enum {
    BATCHES = sizeof batches / sizeof *batches,
    OPS_MOST = 1000, /* of a module that is tuned, before routing: a second of trials */
};

/*
 * Those that spread over more tiles come later. They cost energy (leakage, packets: 9 % for MLP-L4), so
 * they must bring the product of times below WORTH_MORE_TILES of the best so far.
 */
static const pass_tuning candidates[] = {
    {false, 100, 0}, {true, 100, 0},  {true, 0, 0},   {true, 50, 0},
    {true, 200, 0},  {false, 100, 4}, {false, 50, 2}, {false, 100, 2},
};
enum { CANDIDATES = sizeof candidates / sizeof *candidates };

const pass_tuning pass_default_tuning = {false, 100, 0};

static bool loops_over_positions(const ir_module *m)
{
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i])
            if (ir_grid_points(ir_grid_of(m->graphs[i], op->space)) > 1)
                return true;
    return false;
}

static size_t ops_of(const ir_module *m)
{
    size_t ops = 0;
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i])
            ops++;
    return ops;
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

/* A copy of the module, compiled up to its memory with a candidate. */
typedef struct tune_trial {
    pass_context context;
    machine roomy; /* the log of a batch that the program does not have is no obstacle */
    bool fits;
} tune_trial;

static void trial_open(tune_trial *t, const pass_context *c, const pass_tuning *candidate,
                       uint32_t batch)
{
    static const pass_options quiet;
    pass_context *at = &t->context;
    t->roomy = *c->machine;
    t->roomy.operand_log_unlimited = true;
    *at = *c;
    at->machine = &t->roomy;
    at->memory = arena_new();
    at->diag = diag_new(at->memory, source_set_new(at->memory));
    at->options = &quiet;
    at->tuning = *candidate;
    at->module = copy_module(at->memory, at->diag, c->module);
    for (size_t i = 0; at->module && i < at->module->graph_count; i++)
        ir_graph_set_batch(at->module->graphs[i], batch);
    t->fits = at->module && pass_place(at) && pass_fuse(at) && pass_route(at) &&
              pass_schedule(at) && pass_memory(at);
}

static void trial_close(tune_trial *t)
{
    arena_free(t->context.memory);
}

/* Cycles of the module with a candidate; UINT64_MAX if it cannot be compiled so. */
static uint64_t try_candidate(const pass_context *c, const pass_tuning *candidate, uint32_t batch)
{
    tune_trial t;
    uint64_t cycles = UINT64_MAX;
    trial_open(&t, c, candidate, batch);
    if (t.fits) {
        const image *im =
            backend_build(t.context.memory, t.context.module, &t.roomy, "", t.context.diag);
        if (im)
            cycles = cycles_of(t.context.memory, &t.roomy, im, t.context.diag);
    }
    trial_close(&t);
    return cycles;
}

/*
 * Maps take memory, and tiles have little: where they do not fit, fewer cores of each tile hold
 * matrices, as far as there are tiles. All rings of a long batch count.
 */
static void spread_for_memory(pass_context *c)
{
    enum { LONG_BATCH = 1 << 16 };
    int all = c->machine->cores;
    int64_t tiles = (int64_t)c->machine->tiles * c->machine->nodes, cores = place_cores_needed(c->module, c->machine);
    if (cores > tiles * (all / 2))
        return;
    for (int used = all; used > 0 && cores <= tiles * used; used /= 2) {
        pass_tuning candidate = c->tuning;
        candidate.tile_cores = used < all ? used : 0;
        tune_trial t;
        trial_open(&t, c, &candidate, LONG_BATCH);
        bool fits = t.fits;
        trial_close(&t);
        if (fits) {
            c->tuning = candidate;
            return;
        }
    }
}

bool pass_tune(pass_context *c)
{
    double best = HUGE_VAL;
    if (loops_over_positions(c->module)) {
        spread_for_memory(c);
        return true;
    }
    if (ops_of(c->module) > OPS_MOST)
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
