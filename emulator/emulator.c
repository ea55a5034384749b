#include "emulator/emulator.h"

#include "emulator/build.h"
#include "emulator/cells.h"
#include "emulator/observe/watch.h"
#include "emulator/replay.h"
#include "emulator/report.h"
#include "emulator/rounds.h"
#include "emulator/trace.h"
#include "emulator/update.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Without a limit of the caller's: a hundred seconds of a machine at 1 GHz. */
static const uint64_t CYCLES_MAX = 100000000000;

static uint64_t at_least_one(double cycles)
{
    uint64_t n = whole_cycles(cycles);
    return n ? n : 1;
}

/* Pipelined: the next row is read while one is written. */
static uint64_t rewrite_cycles(const machine *m)
{
    uint64_t read = whole_cycles(m->t_serial_read), written = whole_cycles(m->t_serial_write);
    if (m->units.rewrite == REWRITE_SEQUENTIAL)
        return read + written;
    return read > written ? read : written;
}

static cycle_costs costs_of(const machine *m)
{
    bool logged = m->variant < 3;
    return (cycle_costs){
        .mvm = at_least_one(m->t_mvm),
        .mtvm = at_least_one(m->t_mtvm),
        .opa = at_least_one(logged ? m->t_opa_log : m->t_opa),
        .opa_at_halt = logged ? whole_cycles(m->t_opa) : 0,
        .rewrite = rewrite_cycles(m),
        .host = at_least_one(m->host_latency),
    };
}

static mcu **mcu_slot(const emulator *e, const image_block *b)
{
    const machine *m = e->machine;
    size_t at = (size_t)b->node * (size_t)m->tiles + b->tile;
    at = at * (size_t)m->cores + b->core;
    return &e->mcu_at[at * (size_t)m->mcus + b->mcu];
}

static bool of_convolution(const image *im, uint32_t matrix)
{
    for (uint32_t k = 0; k < im->tensor_count; k++)
        if (im->tensors[k].matrix == matrix && im->tensors[k].rank == 4)
            return true;
    return false;
}

static void build_matrices(emulator *e)
{
    const machine *m = e->machine;
    const image *im = e->image;
    e->mcus = ARENA_ARRAY(e->memory, mcu *, im->matrix_count);
    size_t cores = (size_t)m->nodes * (size_t)m->tiles * (size_t)m->cores;
    e->mcu_at = ARENA_ARRAY(e->memory, mcu *, cores * (size_t)m->mcus);
    for (uint32_t k = 0; k < im->matrix_count; k++) {
        const image_matrix *matrix = &im->matrices[k];
        bool convolution = of_convolution(im, k);
        e->mcus[k] = ARENA_ARRAY(e->memory, mcu, matrix->block_count);
        for (uint32_t i = 0; i < matrix->block_count; i++) {
            const image_block *b = &matrix->blocks[i];
            mcu *unit = &e->mcus[k][i];
            unit->block = b;
            unit->layer = matrix->layer < im->layer_count ? matrix->layer : 0;
            unit->convolution = convolution;
            *mcu_slot(e, b) = unit;
            if (e->options.timing_only)
                continue;
            unit->crossbar = crossbar_new(e->memory, e->kernel, &m->slices, m->fidelity,
                                          m->opa_mode, b->rows, b->columns);
            ARENA_PUSH(e->memory, e->crossbars, e->crossbar_count, e->crossbar_capacity,
                       unit->crossbar);
            cells_attach(e, unit->crossbar, k, i);
        }
    }
}

emulator *emulator_new(arena *memory, const machine *m, const image *im,
                       const emulator_options *options, diag *d, const char *path)
{
    emulator *e = ARENA_NEW(memory, emulator);
    const char *why = machine_check(memory, m);
    int errors = diag_errors(d);
    *e = (emulator){.memory = memory, .machine = m, .image = im, .options = *options};
    e->path = arena_strdup(memory, path);
    if (!why)
        e->kernel = crossbar_kernel_find(memory, getenv("PANTHER_KERNEL"), &why);
    if (why) {
        diag_file_error(d, path, "%s", why);
        return NULL;
    }
    if (!image_validate(im, m, d, path))
        return NULL;
    uint32_t layers = im->layer_count ? im->layer_count : 1;
    e->cost = costs_of(m);
    e->limit = options->max_cycles ? options->max_cycles : CYCLES_MAX;
    e->energy = ARENA_ARRAY(memory, energy_counts, layers);
    e->by_layer = ARENA_ARRAY(memory, double, layers);
    build_matrices(e);
    build_programs(e, d);
    if (diag_errors(d) == errors && (options->watch || options->timeline))
        e->watch = watch_new(e, d);
    return diag_errors(d) == errors ? e : NULL;
}

/* A node halts when all its tiles have; then its updates are applied. */
static uint64_t kernel_cycles(const emulator *e, const program *p)
{
    uint64_t cycles = 0;
    for (int node = 0; node < e->machine->nodes; node++) {
        uint64_t halt = 0, updates = 0;
        for (uint32_t k = 0; k < p->tile_count; k++) {
            const tile *t = &p->tiles[k];
            if (t->node != node)
                continue;
            halt = t->halted_at > halt ? t->halted_at : halt;
            for (uint32_t i = 0; i < t->agent_count; i++) {
                uint64_t mine = update_cycles(&t->agents[i]);
                updates = mine > updates ? mine : updates;
            }
        }
        cycles = halt + updates > cycles ? halt + updates : cycles;
    }
    return cycles;
}

static void discard_updates(program *p)
{
    for (uint32_t k = 0; k < p->tile_count; k++)
        for (uint32_t i = 0; i < p->tiles[k].agent_count; i++)
            for (int m = 0; m < ISA_MCUS_MAX; m++) {
                mcu *unit = p->tiles[k].agents[i].mcus[m];
                if (unit && unit->crossbar)
                    crossbar_discard(unit->crossbar);
            }
}

/* Time and counts of the kernel, and a trace of what it does to numbers. False: it failed. */
static bool measure(emulator *e, program *p, diag *d)
{
    if (!e->options.timing_only)
        trace_clear(p);
    rounds_start(p, p->entry->batch);
    if (!e->options.timing_only)
        replay_start(p);
    if (e->watch)
        watch_kernel_starts(e->watch, p);
    if (!rounds_run(p)) {
        report_failure(e, p, d);
        return false;
    }
    if (!rounds_all_halted(p)) {
        report_deadlock(e, p, d);
        return false;
    }
    if (report_leftovers(e, p, d))
        return false;
    uint64_t cycles = kernel_cycles(e, p);
    if (p->measured && cycles != p->cycles) {
        diag_file_error(d, e->path, "entry '%s' takes %llu cycles now, but %llu the first time",
                        p->entry->name, (unsigned long long)cycles, (unsigned long long)p->cycles);
        return false;
    }
    p->cycles = cycles;
    p->measured = true;
    for (uint32_t k = 0; k < p->agent_count; k++)
        for (uint32_t i = 0; i < p->agents[k].source->code.count; i++)
            p->agents[k].once[i] = p->agents[k].executed[i] - p->agents[k].once[i];
    return true;
}

exit_status emulator_run(emulator *e, uint32_t entry, uint64_t step, const int16_t *const *inputs,
                         int16_t *const *outputs, diag *d)
{
    program *p = &e->programs[entry];
    cells_time(e);
    e->step = step;
    p->inputs = inputs;
    p->outputs = outputs;
    bool known = p->measured && !p->in_pieces && !e->options.measure_each &&
                 !(e->watch && watch_wants_kernel(e->watch, p));
    if (known) {
        p->repeats++;
        if (!e->options.timing_only)
            replay_again(p);
    } else if (!measure(e, p, d)) {
        discard_updates(p);
        return EXIT_PROGRAM;
    }
    if (!known && !e->options.timing_only)
        replay_finish(p);
    if (e->watch)
        watch_kernel_ends(e->watch, p, !known);
    e->last_kernel_cycles = p->cycles;
    e->cycles += p->cycles;
    e->kernels++;
    p->kernels++;
    update_count(p);
    observe_activity(p);
    return EXIT_DONE;
}

/* Every weight of a block, with its place in the matrix. */
#define FOR_BLOCK_WEIGHTS(matrix, b, i, j, at)                                                     \
    for (int i = 0; i < (b)->rows; i++)                                                            \
        for (size_t j = 0, at = ((b)->row0 + (size_t)i) * (matrix)->columns + (b)->column0;        \
             j < (b)->columns; j++, at++)

void emulator_write_matrix(emulator *e, uint32_t matrix, const int64_t *w)
{
    const image_matrix *m = &e->image->matrices[matrix];
    for (uint32_t k = 0; k < m->block_count; k++)
        if (e->mcus[matrix][k].crossbar)
            FOR_BLOCK_WEIGHTS(m, &m->blocks[k], i, j, at)
                crossbar_write(e->mcus[matrix][k].crossbar, i, (int)j, w[at]);
}

void emulator_read_matrix(const emulator *e, uint32_t matrix, int64_t *w)
{
    const image_matrix *m = &e->image->matrices[matrix];
    for (uint32_t k = 0; k < m->block_count; k++)
        if (e->mcus[matrix][k].crossbar)
            FOR_BLOCK_WEIGHTS(m, &m->blocks[k], i, j, at)
                w[at] = crossbar_read(e->mcus[matrix][k].crossbar, i, (int)j);
}

void emulator_write_digits(emulator *e, uint32_t matrix, uint32_t block, const int16_t *digits)
{
    if (e->mcus[matrix][block].crossbar)
        crossbar_write_digits(e->mcus[matrix][block].crossbar, digits);
}

void emulator_read_digits(const emulator *e, uint32_t matrix, uint32_t block, int16_t *digits)
{
    if (e->mcus[matrix][block].crossbar)
        crossbar_read_digits(e->mcus[matrix][block].crossbar, digits);
}

/* A carry resolution of a cell takes as long as so many cells of a product. */
enum { CRS_CELL_COST = 8 };

/* Threads take one crossbar after the other. */
typedef struct crs_task {
    crossbar **list;
    size_t count;
    atomic_size_t next;
} crs_task;

static void resolve_carries(void *argument, int thread)
{
    crs_task *t = argument;
    (void)thread;
    for (size_t k; (k = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed)) < t->count;)
        crossbar_crs(t->list[k]);
}

void emulator_crs(emulator *e)
{
    if (e->machine->units.updates != UNIT_CROSSBAR)
        return; /* exact updates leave no carries */
    cells_time(e);
    crs_task t = {.list = e->crossbars, .count = e->crossbar_count};
    uint64_t cells = 0;
    for (size_t k = 0; k < t.count; k++)
        cells += (uint64_t)t.list[k]->rows * (uint64_t)t.list[k]->columns;
    atomic_init(&t.next, 0);
    pool_run(replay_pool(e, cells * CRS_CELL_COST), resolve_carries, &t);
    if (e->watch)
        watch_host_crs(e->watch);
    e->host_crs++;
    e->cycles += e->cost.rewrite;
}

/* Kernels that repeated the first one ran its instructions. */
static void count_repeats(program *p)
{
    for (uint32_t k = 0; k < p->agent_count && p->repeats; k++)
        for (uint32_t i = 0; i < p->agents[k].source->code.count; i++)
            p->agents[k].executed[i] += p->repeats * p->agents[k].once[i];
    p->repeats = 0;
}

const emulator_totals *emulator_statistics(emulator *e)
{
    for (uint32_t k = 0; k < e->image->entry_count; k++)
        count_repeats(&e->programs[k]);
    observe_totals(e);
    return &e->totals;
}
