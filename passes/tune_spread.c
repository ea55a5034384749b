/*
 * Spreading over tiles: a matrix shares tiles with others at first (level 0). While some tile lacks
 * memory, the matrix that most of its words wait for goes on to the next level: tiles of its own,
 * then half as many cores of each, and so on down to one, as far as there are tiles. Where that does
 * not do, the same again with rings that wait in other tiles (memory_spill.c), which costs packets.
 * Each try is compiled; all rings of a long batch count.
 */
#include "passes/place.h"
#include "passes/placing.h"
#include "passes/tune.h"

#include <string.h>

enum {
    LONG_BATCH = 1 << 16,
    OPS_MOST = 100000, /* of all tries together: some seconds */
};

typedef struct spreading {
    pass_context *context;
    uint8_t *levels; /* by matrix */
    const tune_trial *trial;
    int32_t *matrix_at;   /* by core: its matrix, -1: none */
    int64_t *words;       /* by matrix, of the tile at hand */
    const int32_t *owner; /* by ring: the matrix that it is for, -1: none */
} spreading;

static const machine *machine_of(const spreading *s)
{
    return s->context->machine;
}

static void find_cores(spreading *s)
{
    const machine *m = machine_of(s);
    size_t cores = (size_t)m->nodes * (size_t)m->tiles * (size_t)m->cores;
    const ir_module *module = s->trial->context.module;
    s->matrix_at = ARENA_ARRAY(s->trial->context.memory, int32_t, cores);
    for (size_t i = 0; i < cores; i++)
        s->matrix_at[i] = -1;
    for (size_t i = 0; i < module->matrix_count; i++) {
        const ir_matrix *w = module->matrices[i];
        uint32_t blocks = ir_block_rows(module, w) * ir_block_columns(module, w);
        for (uint32_t k = 0; k < blocks; k++)
            s->matrix_at[placing_core_index(m, w->blocks[k])] = (int32_t)i;
    }
}

/* The matrix on whose core a ring is read, or filled, -1: on none that has one. */
static const int32_t *find_owners(const spreading *s, const ir_graph *g)
{
    int32_t *owner = ARENA_ARRAY(s->trial->context.memory, int32_t, g->buffer_count + 1);
    for (size_t i = 0; i < g->buffer_count; i++)
        owner[i] = -1;
    IR_EACH(op, g) {
        const char *name = placing_on_core(op) ? ir_get_name(op, IR_ATTR_buffer, NULL) : NULL;
        int32_t matrix = name ? s->matrix_at[placing_core_index(machine_of(s), op->place)] : -1;
        size_t ring = name ? (size_t)(ir_graph_buffer(g, name) - g->buffers) : 0;
        if (matrix >= 0 && (owner[ring] < 0 || op->code != IR_store))
            owner[ring] = matrix;
    }
    return owner;
}

/* The level after a matrix's own at which it lies in more tiles or in fewer company; 0: none. */
static uint8_t next_level(const spreading *s, size_t matrix)
{
    uint8_t level = s->levels[matrix];
    int64_t cores = place_matrix_cores(s->context, matrix);
    for (int own = place_own_cores(s->context, level); level == 0 || own > 1;) {
        level++;
        own = place_own_cores(s->context, level);
        if (level == 1 || own < cores)
            return level;
    }
    return 0;
}

static bool is_in_tile(const spreading *s, size_t matrix, ir_place tile)
{
    const ir_module *m = s->trial->context.module;
    const ir_matrix *w = m->matrices[matrix];
    uint32_t blocks = ir_block_rows(m, w) * ir_block_columns(m, w);
    for (uint32_t k = 0; k < blocks; k++)
        if (placing_same_tile(w->blocks[k], tile))
            return true;
    return false;
}

/* Words of a tile's rings, in all and by the matrix they are for. */
static int64_t count_words(spreading *s, const ir_graph *g, ir_place tile)
{
    int64_t all = 0;
    for (size_t i = 0; i < s->context->module->matrix_count; i++)
        s->words[i] = 0;
    for (size_t i = 0; i < g->buffer_count; i++) {
        const ir_buffer *b = &g->buffers[i];
        if (b->node != tile.node || b->tile != tile.tile)
            continue;
        int64_t words = (int64_t)ir_ring_words(g, b);
        all += words;
        if (s->owner[i] >= 0)
            s->words[s->owner[i]] += words;
    }
    return all;
}

/* The matrix that asks for most of an over-full tile and can go on; false: none can. */
static bool raise_one(spreading *s, const ir_graph *g, ir_place tile)
{
    size_t count = s->context->module->matrix_count, most = count;
    if (count_words(s, g, tile) <= machine_of(s)->memory_words)
        return false;
    for (size_t i = 0; i < count; i++)
        if (next_level(s, i) && is_in_tile(s, i, tile) &&
            (most == count || s->words[i] > s->words[most]))
            most = i;
    if (most == count)
        return false;
    s->levels[most] = next_level(s, most);
    return true;
}

/* Whether the levels of any matrices have changed, so that another try is worth it. */
static bool raise_levels(spreading *s)
{
    const machine *m = machine_of(s);
    const ir_module *module = s->trial->context.module;
    bool raised = false;
    find_cores(s);
    for (size_t i = 0; i < module->graph_count && !raised; i++) {
        s->owner = find_owners(s, module->graphs[i]);
        for (int node = 0; node < m->nodes; node++)
            for (int tile = 0; tile < m->tiles; tile++)
                raised = raise_one(s, module->graphs[i],
                                   (ir_place){(int16_t)node, (int16_t)tile, -1, -1}) ||
                         raised;
    }
    return raised;
}

static size_t ops_of(const ir_module *m)
{
    size_t ops = 1;
    for (size_t i = 0; i < m->graph_count; i++)
        ops += m->graphs[i]->next_id;
    return ops;
}

/* Whether a candidate fits; if it does not, levels are raised, and `again` is set if any could. */
static bool try_levels(spreading *s, const pass_tuning *candidate, size_t *ops, bool *again)
{
    tune_trial t;
    tune_trial_open(&t, s->context, candidate, LONG_BATCH);
    bool fits = tune_trial_fits(&t);
    s->trial = &t;
    *ops += t.cut ? ops_of(t.context.module) : 0;
    *again = !fits && t.scheduled && raise_levels(s) && *ops < OPS_MOST;
    tune_trial_close(&t);
    return fits;
}

/* Fewer cores of every tile: what takes its streams more than its memory, such as channels. */
static void spread_all(spreading *s, size_t *ops)
{
    bool again;
    pass_tuning candidate = s->context->tuning;
    for (int used = s->context->machine->cores / 2; used > 0 && *ops < OPS_MOST; used /= 2) {
        candidate.tile_cores = used;
        if (try_levels(s, &candidate, ops, &again)) {
            s->context->tuning = candidate;
            return;
        }
    }
}

void tune_spread(pass_context *c)
{
    size_t matrices = c->module->matrix_count, ops = 0;
    spreading s = {.context = c,
                   .levels = ARENA_ARRAY(c->memory, uint8_t, matrices + 1),
                   .words = ARENA_ARRAY(c->memory, int64_t, matrices + 1)};
    int64_t tiles = (int64_t)c->machine->tiles * c->machine->nodes;
    c->tuning.spill = true;
    if (place_cores_needed(c->module, c->machine) > tiles * (c->machine->cores / 2))
        return; /* hardly any tile is free: there is nothing to try */
    for (int spill = 0; spill < 2; spill++) {
        pass_tuning candidate = c->tuning;
        candidate.spill = spill;
        for (bool again = true; again;) {
            if (try_levels(&s, &candidate, &ops, &again)) {
                c->tuning = candidate;
                return;
            }
            candidate.spread = s.levels;
        }
        memset(s.levels, 0, matrices);
    }
    spread_all(&s, &ops);
}
