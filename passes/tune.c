/*
 * Tune: what no formula says is measured. How blocks are packed into tiles and cores (the cores of
 * a tile share a memory port, the MCUs of a core its lanes), how finely vectors are cut, and how
 * much slack the schedule leaves for waits at the port change the cycles of a kernel by a tenth
 * and more, in either direction, and the energy against them. Each candidate is compiled to the
 * end and run without data, for a batch of one example and for one of many, whatever the program's
 * own batch is: the choice, and with it the program text, does not depend on that. The best by the
 * goal of both runs is kept. Kernels that update count, or all of them if none does. Modules too
 * large for that keep the default. Those with loops over positions are not run either, as their
 * text must not depend on the size of an image; they are spread over tiles if they need to be.
 */
#include "backend/backend.h"
#include "emulator/emulator.h"
#include "ir/ring.h"
#include "passes/passes.h"
#include "passes/place.h"
#include "passes/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const pass_goal_names[GOALS] = {"balance", "time", "energy"};

static const uint32_t batches[] = {1, 32};
enum {
    BATCHES = sizeof batches / sizeof *batches,
    VARIANT = 2, /* of all trials: variants have one text and differ when it runs */
    OPS_MOST = 1000, /* of a module that is tuned, cut to blocks: a second of trials */
};

/* The first of equals is taken: simple ones come first. */
static const pass_tuning candidates[] = {
    {.port_margin = 100},
    {.port_margin = 100, .dense = true},
    {.port_margin = 0, .dense = true},
    {.port_margin = 50, .dense = true},
    {.port_margin = 200, .dense = true},
    {.port_margin = 100, .tile_cores = 4},
    {.port_margin = 100, .tile_cores = 2},
    {.port_margin = 50, .tile_cores = 2},
    {.port_margin = 50, .strip_lanes = 64, .dense = true},
    {.port_margin = 0, .strip_lanes = 32, .dense = true},
    {.port_margin = 50, .strip_lanes = 32, .tile_cores = 4},
    {.port_margin = 50, .strip_lanes = 32, .tile_cores = 2},
    {.port_margin = 0, .strip_lanes = 32, .tile_cores = 1},
    {.port_margin = 50, .strip_lanes = 32, .tile_cores = 1},
    {.port_margin = 50, .strip_lanes = 32, .tile_cores = 2, .core_mcus = 1},
    {.port_margin = 0, .strip_lanes = 16, .tile_cores = 2, .core_mcus = 1},
    {.port_margin = 50, .strip_lanes = 16, .tile_cores = 2, .core_mcus = 1},
    {.port_margin = 0, .strip_lanes = 16, .tile_cores = 1, .core_mcus = 1},
    {.port_margin = 50, .strip_lanes = 16, .tile_cores = 1, .core_mcus = 1},
};
enum { CANDIDATES = sizeof candidates / sizeof *candidates };

const pass_tuning pass_default_tuning = {.port_margin = 100};

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

/* ---- trials ---- */

void tune_trial_open(tune_trial *t, const pass_context *c, const pass_tuning *candidate,
                     uint32_t batch)
{
    static const pass_options quiet;
    pass_context *at = &t->context;
    t->roomy = *c->machine;
    t->roomy.operand_log_unlimited = true;
    t->roomy.variant = VARIANT;
    *at = *c;
    at->machine = &t->roomy;
    at->memory = arena_new();
    at->diag = diag_new(at->memory, source_set_new(at->memory));
    at->options = &quiet;
    at->tuning = *candidate;
    at->module = copy_module(at->memory, at->diag, c->module);
    for (size_t i = 0; at->module && i < at->module->graph_count; i++)
        ir_graph_set_batch(at->module->graphs[i], batch);
    t->scheduled = false;
    t->cut = at->module && pass_partition(at);
}

bool tune_trial_fits(tune_trial *t)
{
    pass_context *at = &t->context;
    t->scheduled =
        t->cut && pass_place(at) && pass_fuse(at) && pass_route(at) && pass_schedule(at);
    return t->scheduled && pass_memory(at);
}

void tune_trial_close(tune_trial *t)
{
    arena_free(t->context.memory);
}

/* What a candidate costs; infinite if it cannot be compiled so. */
typedef struct tune_cost {
    double cycles, energy; /* pJ */
} tune_cost;

static tune_cost cost_of_image(tune_trial *t, const image *im)
{
    emulator_options options = {.timing_only = true};
    diag *d = t->context.diag;
    emulator *e = emulator_new(t->context.memory, &t->roomy, im, &options, d, "(tune)");
    bool updates = false;
    tune_cost cost = {0, 0};
    for (uint32_t i = 0; i < im->entry_count; i++)
        updates = updates || im->entries[i].updates;
    for (uint32_t i = 0; e && i + 1 < im->entry_count; i++) { /* the last one is `crs` */
        if (im->entries[i].updates != updates)
            continue;
        if (emulator_run(e, i, 0, NULL, NULL, d) != EXIT_DONE)
            return (tune_cost){HUGE_VAL, HUGE_VAL};
        cost.cycles += (double)emulator_statistics(e)->last_kernel_cycles;
    }
    if (!e)
        return (tune_cost){HUGE_VAL, HUGE_VAL};
    const emulator_totals *all = emulator_statistics(e);
    cost.energy = all->energy_pj + all->leakage_pj;
    return cost;
}

static tune_cost try_candidate(const pass_context *c, const pass_tuning *candidate, uint32_t batch)
{
    tune_trial t;
    tune_cost cost = {HUGE_VAL, HUGE_VAL};
    tune_trial_open(&t, c, candidate, batch);
    if (tune_trial_fits(&t)) {
        const image *im =
            backend_build(t.context.memory, t.context.module, &t.roomy, "", t.context.diag);
        if (im)
            cost = cost_of_image(&t, im);
    }
    tune_trial_close(&t);
    return cost;
}

/* The smaller the better. */
static double score_of(pass_goal goal, tune_cost cost)
{
    return (goal == GOAL_ENERGY ? 1 : cost.cycles) * (goal == GOAL_TIME ? 1 : cost.energy);
}

static bool is_small(const pass_context *c)
{
    tune_trial t;
    tune_trial_open(&t, c, &pass_default_tuning, batches[0]);
    bool small = t.cut && ops_of(t.context.module) <= OPS_MOST;
    tune_trial_close(&t);
    return small;
}

bool pass_tune(pass_context *c)
{
    double best = HUGE_VAL;
    if (c->options->tuning) {
        c->tuning = *c->options->tuning;
        return true;
    }
    if (loops_over_positions(c->module)) {
        tune_spread(c);
        return true;
    }
    if (!is_small(c))
        return true;
    for (size_t i = 0; i < CANDIDATES; i++) {
        double product = 1;
        for (size_t k = 0; k < BATCHES; k++)
            product *= score_of(c->options->goal, try_candidate(c, &candidates[i], batches[k]));
        if (product < best) {
            best = product;
            c->tuning = candidates[i];
        }
    }
    return true;
}
