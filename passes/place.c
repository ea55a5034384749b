/*
 * place: every block of a matrix gets an MCU, every vector operation a core.
 *
 * A matrix fills MCUs with block columns outside and block rows inside, so that partial products of
 * one output are neighbours. A matrix starts on a core of its own in a tile that has room for all of
 * it; where the machine is too small for that, cores, then MCUs are packed densely. Tiles are taken in
 * row-major order of the mesh, nodes one after the other.
 *
 * A vector operation runs where its first argument of the same size is made, one that only takes
 * inputs and constants where its result is used first. A `bcast` is repeated on every core that
 * uses it: one word travels instead of a vector. Inputs, outputs and constants have no core.
 */
#include "backend/select.h"
#include "passes/passes.h"
#include "passes/placing.h"
#include "passes/rewrite.h"

/* ---- matrices ---- */

typedef struct extent {
    int64_t cores, mcus; /* of the whole machine */
    int64_t blocks;      /* of all matrices */
    int64_t fresh;       /* cores needed if every matrix starts on a fresh one */
} extent;

static int64_t blocks_of(const ir_module *m, const ir_matrix *w)
{
    return (int64_t)ir_block_rows(m, w) * ir_block_columns(m, w);
}

static extent measure(const ir_module *m, const machine *mc)
{
    extent e = {.cores = (int64_t)mc->nodes * mc->tiles * mc->cores};
    e.mcus = e.cores * mc->mcus;
    for (size_t i = 0; i < m->matrix_count; i++) {
        int64_t blocks = blocks_of(m, m->matrices[i]);
        e.blocks += blocks;
        e.fresh += (blocks + mc->mcus - 1) / mc->mcus;
    }
    return e;
}

/* The MCU of that number when `cores` cores of each tile are used. */
static ir_place mcu_place(const machine *mc, int64_t cores, int64_t mcu)
{
    int64_t core = mcu / mc->mcus, tile = core / cores;
    return (ir_place){(int16_t)(tile / mc->tiles), (int16_t)(tile % mc->tiles),
                      (int16_t)(core % cores), (int16_t)(mcu % mc->mcus)};
}

static void place_matrix(ir_module *m, const machine *mc, int64_t cores, ir_matrix *w, int64_t mcu)
{
    uint32_t rows = ir_block_rows(m, w), columns = ir_block_columns(m, w);
    w->blocks = ARENA_ARRAY(m->memory, ir_place, (size_t)rows * columns);
    for (uint32_t c = 0; c < columns; c++)
        for (uint32_t r = 0; r < rows; r++)
            w->blocks[(size_t)r * columns + c] = mcu_place(mc, cores, mcu++);
}

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

/* The first MCU of each matrix; false if whole cores and tiles are too few. */
static bool pack_by_tile(pass_context *c, int64_t tile_cores, int64_t *starts)
{
    const machine *m = c->machine;
    packing p = {m, tile_cores, 0, ARENA_ARRAY(c->memory, int64_t, (size_t)m->nodes * m->tiles + 1)};
    for (size_t i = 0; i < c->module->matrix_count; i++) {
        int64_t cores = (blocks_of(c->module, c->module->matrices[i]) + m->mcus - 1) / m->mcus;
        int64_t core = find_cores(&p, cores);
        if (core < 0)
            return false;
        starts[i] = core * m->mcus;
    }
    return true;
}

static void pack_densely(pass_context *c, bool fresh_cores, int64_t *starts)
{
    int64_t mcu = 0, per_core = c->machine->mcus;
    for (size_t i = 0; i < c->module->matrix_count; i++) {
        if (fresh_cores)
            mcu = (mcu + per_core - 1) / per_core * per_core;
        starts[i] = mcu;
        mcu += blocks_of(c->module, c->module->matrices[i]);
    }
}

static bool place_matrices(pass_context *c)
{
    ir_module *m = c->module;
    extent e = measure(m, c->machine);
    if (e.blocks > e.mcus) {
        diag_error(c->diag, SOURCE_NOWHERE, "the weights need %lld MCUs, but machine '%s' has %lld",
                   (long long)e.blocks, c->machine->name ? c->machine->name : "",
                   (long long)e.mcus);
        diag_help(c->diag, "an MCU holds %d x %d weights; give the machine more nodes, tiles, cores "
                  "or mcus", m->numerics.slices.columns, m->numerics.slices.rows);
        return false;
    }
    int64_t *starts = ARENA_ARRAY(c->memory, int64_t, m->matrix_count + 1);
    int64_t all = c->machine->cores, cores = c->tuning.tile_cores ? c->tuning.tile_cores : all;
    bool roomy = e.fresh <= e.cores / all * cores;
    cores = roomy && cores < all ? cores : all;
    if (c->tuning.dense || !pack_by_tile(c, cores, starts))
        pack_densely(c, e.fresh <= e.cores, starts);
    for (size_t i = 0; i < m->matrix_count; i++)
        place_matrix(m, c->machine, cores, m->matrices[i], starts[i]);
    return true;
}

/* ---- operations ---- */

typedef struct place_state {
    ir_graph *graph;
    const machine *machine;
    arena *memory;
    int64_t *work; /* cycles of vector operations per point, by core */
} place_state;

static bool wants_core(const ir_op *op)
{
    ir_class class = ir_ops[op->code].class;
    return !placing_on_core(op) && class != IR_CLASS_SINK &&
           (class != IR_CLASS_SOURCE || op->code == IR_random);
}

static void place_on_block(ir_graph *g, ir_op *op)
{
    const ir_matrix *w = rewrite_matrix(g, op);
    const ir_attr *block = ir_get(op, IR_ATTR_block);
    size_t columns = ir_block_columns(g->module, w);
    op->place = w->blocks[(size_t)block->value * columns + (size_t)block->second];
}

static int64_t *work_of(place_state *s, ir_place core)
{
    const machine *m = s->machine;
    return &s->work[((int64_t)core.node * m->tiles + core.tile) * m->cores + core.core];
}

static void put(place_state *s, ir_op *op, ir_place core)
{
    op->place = placing_core_of(core);
    *work_of(s, core) += select_op_cycles(s->machine, op);
}

/*
 * Of the cores that make an argument of the op's size (or any argument, if none has its size) the
 * one with the least to do, the later one of equals (its operands came later, too). So the sums of
 * partial products spread over the cores that hold the blocks.
 */
static void place_after_args(place_state *s, ir_op *op)
{
    const ir_op *home = NULL;
    bool sized = false;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        bool same = arg->type.lanes == op->type.lanes;
        if (!placing_on_core(arg) || (sized && !same))
            continue;
        if (!home || (same && !sized) || *work_of(s, arg->place) <= *work_of(s, home->place))
            home = arg;
        sized = sized || same;
    }
    if (home)
        put(s, op, home->place);
}

static void place_downwards(place_state *s)
{
    IR_EACH(op, s->graph) {
        if (placing_is_matrix(op))
            place_on_block(s->graph, op);
        else if (wants_core(op))
            place_after_args(s, op);
    }
}

/* What is still without a core goes to its first user on one. */
static void place_upwards(place_state *s)
{
    ir_op **user = ARENA_ARRAY(s->memory, ir_op *, s->graph->next_id);
    for (ir_op *op = s->graph->last; op; op = op->previous) {
        if (wants_core(op) && user[op->id])
            put(s, op, user[op->id]->place);
        for (uint32_t i = 0; placing_on_core(op) && i < op->arg_count; i++)
            user[op->args[i]->id] = op;
    }
}

/* ---- operations that are repeated where they are used ---- */

typedef struct copy {
    struct copy *next;
    ir_op *op;
} copy;

/* The op again on the core of `user`. Copies hang on its scratch. */
static ir_op *copy_for(place_state *s, ir_op *op, const ir_op *user)
{
    for (const copy *c = op->scratch; c; c = c->next)
        if (placing_same_core(c->op->place, user->place))
            return c->op;
    rewrite at = rewrite_after(s->graph, op);
    copy *c = ARENA_NEW(s->memory, copy);
    c->next = op->scratch;
    c->op = rewrite_op(&at, op->code, op->type, op->arg_count, op->args);
    c->op->space = op->space;
    for (uint32_t i = 0; i < op->attr_count; i++)
        rewrite_copy_attr(s->graph, c->op, op, op->attrs[i].key);
    c->op->place = placing_core_of(user->place);
    op->scratch = c;
    return c->op;
}

static void repeat(place_state *s, bool (*wanted)(const ir_op *op, const ir_op *user))
{
    IR_EACH(user, s->graph)
        for (uint32_t i = 0; i < user->arg_count; i++)
            if (placing_on_core(user) && placing_on_core(user->args[i]) && wanted(user->args[i], user) &&
                !placing_same_core(user->place, user->args[i]->place))
                user->args[i] = copy_for(s, user->args[i], user);
    IR_EACH(op, s->graph)
        op->scratch = NULL;
}

/*
 * Operands of updates that are rounded: the value they are made of is on the core anyway (its MVM or
 * MTVM takes it), and the draws of a stream are the same on every core, so making them again costs
 * no transfer.
 */
static bool is_update_operand(const ir_op *op, const ir_op *user)
{
    return user->code == IR_opa && (op->code == IR_round || op->code == IR_mul);
}

/* One word travels instead of a vector. */
static bool is_broadcast(const ir_op *op, const ir_op *user)
{
    (void)user;
    return op->code == IR_bcast;
}

/* The sweep would also take inputs that only give a port its width. */
static void drop_unused(place_state *s)
{
    bool *used = ARENA_ARRAY(s->memory, bool, s->graph->next_id);
    for (ir_op *op = s->graph->last, *previous; op; op = previous) {
        previous = op->previous;
        bool repeated = op->code == IR_bcast || op->code == IR_round || op->code == IR_mul;
        if (repeated && !used[op->id]) {
            ir_op_remove(s->graph, op);
            continue;
        }
        for (uint32_t i = 0; i < op->arg_count; i++)
            used[op->args[i]->id] = true;
    }
}

static void place_graph(pass_context *c, ir_graph *g)
{
    const machine *m = c->machine;
    place_state s = {g, m, c->memory, ARENA_ARRAY(c->memory, int64_t, (size_t)m->nodes * m->tiles * m->cores)};
    ir_graph_renumber(g);
    place_downwards(&s);
    place_upwards(&s);
    place_downwards(&s);
    IR_EACH(op, g)
        if (wants_core(op))
            put(&s, op, (ir_place){0, 0, 0, -1});
    repeat(&s, is_update_operand);
    repeat(&s, is_broadcast);
    drop_unused(&s);
    ir_graph_renumber(g);
}

bool pass_place(pass_context *c)
{
    if (!place_matrices(c))
        return false;
    for (size_t i = 0; i < c->module->graph_count; i++)
        place_graph(c, c->module->graphs[i]);
    return true;
}
