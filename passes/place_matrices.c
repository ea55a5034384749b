/* place, first half: every block of a matrix gets an MCU. */
#include "ir/ring.h"
#include "passes/place.h"
#include "passes/placing.h"
#include "passes/rewrite.h"

#include <string.h>

typedef struct extent {
    int64_t cores, mcus; /* of the whole machine */
    int64_t blocks;      /* of all matrices */
    int64_t fresh;       /* place_cores_needed */
} extent;

static int64_t blocks_of(const ir_module *m, const ir_matrix *w)
{
    return (int64_t)ir_block_rows(m, w) * ir_block_columns(m, w);
}

static int64_t cores_of(const ir_module *m, int64_t mcus, const ir_matrix *w)
{
    return (blocks_of(m, w) + mcus - 1) / mcus;
}

static int64_t cores_needed(const ir_module *m, int64_t mcus)
{
    int64_t cores = 0;
    for (size_t i = 0; i < m->matrix_count; i++)
        cores += cores_of(m, mcus, m->matrices[i]);
    return cores;
}

int64_t place_cores_needed(const ir_module *m, const machine *mc)
{
    return cores_needed(m, mc->mcus);
}

int64_t place_matrix_cores(const pass_context *c, size_t matrix)
{
    int64_t mcus = c->tuning.core_mcus, all = c->machine->mcus;
    return cores_of(c->module, mcus && mcus < all ? mcus : all, c->module->matrices[matrix]);
}

int place_own_cores(const pass_context *c, uint8_t level)
{
    int cores = c->tuning.tile_cores, all = c->machine->cores;
    cores = cores && cores < all ? cores : all;
    int own = level ? cores >> (level - 1) : cores;
    return own ? own : 1;
}

static extent measure(const ir_module *m, const machine *mc)
{
    extent e = {.cores = (int64_t)mc->nodes * mc->tiles * mc->cores};
    e.mcus = e.cores * mc->mcus;
    e.fresh = place_cores_needed(m, mc);
    for (size_t i = 0; i < m->matrix_count; i++)
        e.blocks += blocks_of(m, m->matrices[i]);
    return e;
}

/* Cores of each tile and MCUs of each core that matrices may take. */
typedef struct share {
    int64_t cores, mcus;
} share;

/* The MCU of that number when no more than the share is used. */
static ir_place mcu_place(const machine *mc, share used, int64_t mcu)
{
    int64_t core = mcu / used.mcus, tile = core / used.cores;
    return (ir_place){(int16_t)(tile / mc->tiles), (int16_t)(tile % mc->tiles),
                      (int16_t)(core % used.cores), (int16_t)(mcu % used.mcus)};
}

static void place_matrix(ir_module *m, const machine *mc, share used, ir_matrix *w, int64_t mcu)
{
    uint32_t rows = ir_block_rows(m, w), columns = ir_block_columns(m, w);
    w->blocks = ARENA_ARRAY(m->memory, ir_place, (size_t)rows * columns);
    for (uint32_t c = 0; c < columns; c++)
        for (uint32_t r = 0; r < rows; r++)
            w->blocks[(size_t)r * columns + c] = mcu_place(mc, used, mcu++);
}

/* Where a matrix starts: an MCU by its number with that share of each tile. */
typedef struct start {
    int64_t mcu;
    share used;
} start;

/* Cores taken so far, tile by tile. */
typedef struct packing {
    const machine *machine;
    int64_t cores; /* of a tile that are used */
    int64_t tiles; /* opened */
    int64_t *used; /* cores, by tile */
} packing;

/*
 * Where a matrix of `cores` cores starts: in the first opened tile with room for all of it, else in
 * a fresh tile, so that its partial products stay inside a tile if they can. -1: no tile is left.
 */
static int64_t find_cores(packing *p, int64_t cores)
{
    for (int64_t t = 0; t < p->tiles; t++)
        if (p->used[t] + cores <= p->cores) {
            p->used[t] += cores;
            return t * p->cores + p->used[t] - cores;
        }
    int64_t first = p->tiles, needed = (cores + p->cores - 1) / p->cores;
    if (first + needed > (int64_t)p->machine->nodes * p->machine->tiles)
        return -1;
    for (int64_t left = cores; left > 0; left -= p->cores)
        p->used[p->tiles++] = left < p->cores ? left : p->cores;
    return first * p->cores;
}

/* The first of fresh tiles for one matrix alone, `each` cores of each; -1: too few are left. */
static int64_t find_own_tiles(packing *p, int64_t cores, int64_t each)
{
    int64_t first = p->tiles, needed = (cores + each - 1) / each;
    if (first + needed > (int64_t)p->machine->nodes * p->machine->tiles)
        return -1;
    while (p->tiles < first + needed)
        p->used[p->tiles++] = p->cores;
    return first;
}

/* The start of each matrix; false if whole cores and tiles are too few. */
static bool pack_by_tile(pass_context *c, share most, start *starts)
{
    const machine *m = c->machine;
    packing p = {m, most.cores, 0,
                 ARENA_ARRAY(c->memory, int64_t, (size_t)m->nodes * m->tiles + 1)};
    for (size_t i = 0; i < c->module->matrix_count; i++) {
        int64_t cores = cores_of(c->module, most.mcus, c->module->matrices[i]);
        uint8_t level = c->tuning.spread ? c->tuning.spread[i] : 0;
        int own = place_own_cores(c, level);
        share used = {level && own < most.cores ? own : most.cores, most.mcus};
        int64_t at = level ? find_own_tiles(&p, cores, used.cores) : find_cores(&p, cores);
        if (at < 0)
            return false;
        starts[i] = (start){(level ? at * used.cores : at) * used.mcus, used};
    }
    return true;
}

/* The loop that the first product with a matrix runs in. */
static ir_grid grid_of_matrix(const ir_module *m, const ir_matrix *w)
{
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i])
            if (placing_is_matrix(op) && !strcmp(ir_get_name(op, IR_ATTR_matrix, ""), w->name))
                return ir_grid_of(m->graphs[i], op->space);
    return (ir_grid){1, 1};
}

/* Matrices may share a core if they run in the same loop. Gives the MCUs taken. */
static int64_t pack_densely(pass_context *c, share used, bool fresh_cores, start *starts)
{
    int64_t mcu = 0, per_core = used.mcus;
    ir_grid before = {0, 0};
    for (size_t i = 0; i < c->module->matrix_count; i++) {
        ir_grid grid = grid_of_matrix(c->module, c->module->matrices[i]);
        if (fresh_cores || !ir_same_grid(grid, before))
            mcu = (mcu + per_core - 1) / per_core * per_core;
        before = grid;
        starts[i] = (start){mcu, used};
        mcu += blocks_of(c->module, c->module->matrices[i]);
    }
    return mcu;
}

static bool too_small(pass_context *c, int64_t needed, int64_t mcus)
{
    const slicing *s = &c->module->numerics.slices;
    diag_error(c->diag, SOURCE_NOWHERE, "the weights need %lld MCUs, but machine '%s' has %lld",
               (long long)needed, c->machine->name ? c->machine->name : "", (long long)mcus);
    diag_help(c->diag,
              "an MCU holds %d x %d weights; give the machine more nodes, tiles, cores or mcus",
              s->columns, s->rows);
    return false;
}

/* What the tuning wants, where the machine has as many cores; else all of it. */
static share share_of(const pass_context *c, const extent *e)
{
    const machine *m = c->machine;
    int64_t cores = c->tuning.tile_cores, mcus = c->tuning.core_mcus;
    share used = {cores && cores < m->cores ? cores : m->cores,
                  mcus && mcus < m->mcus ? mcus : m->mcus};
    bool roomy = cores_needed(c->module, used.mcus) <= e->cores / m->cores * used.cores;
    return roomy ? used : (share){m->cores, m->mcus};
}

bool place_matrices(pass_context *c)
{
    ir_module *m = c->module;
    extent e = measure(m, c->machine);
    if (e.blocks > e.mcus)
        return too_small(c, e.blocks, e.mcus);
    start *starts = ARENA_ARRAY(c->memory, start, m->matrix_count + 1);
    share used = share_of(c, &e);
    if (c->tuning.dense || !pack_by_tile(c, used, starts)) {
        int64_t taken = pack_densely(c, used, e.fresh <= e.cores, starts);
        if (taken > e.mcus)
            return too_small(c, taken, e.mcus);
    }
    for (size_t i = 0; i < m->matrix_count; i++)
        place_matrix(m, c->machine, starts[i].used, m->matrices[i], starts[i].mcu);
    return true;
}
