/*
 * place: every block of a matrix gets an MCU, every vector operation a core.
 *
 * A matrix fills MCUs with block columns outside and block rows inside, so that partial products of
 * one output are neighbours. Matrices start on a core of their own while the machine has cores
 * enough; otherwise MCUs are packed densely. Cores are taken tile by tile, tiles in row-major order
 * of the mesh, nodes one after the other.
 *
 * A vector operation runs where its first argument of the same size is made, one that only takes
 * inputs and constants where its result is used first. A `bcast` is repeated on every core that
 * uses it: one word travels instead of a vector. Inputs, outputs and constants have no core.
 */
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

static ir_place mcu_place(const machine *mc, int64_t mcu)
{
    int64_t core = mcu / mc->mcus, tile = core / mc->cores;
    return (ir_place){(int16_t)(tile / mc->tiles), (int16_t)(tile % mc->tiles),
                      (int16_t)(core % mc->cores), (int16_t)(mcu % mc->mcus)};
}

/* Returns the MCU after the last one taken. */
static int64_t place_matrix(ir_module *m, const machine *mc, ir_matrix *w, int64_t mcu)
{
    uint32_t rows = ir_block_rows(m, w), columns = ir_block_columns(m, w);
    w->blocks = ARENA_ARRAY(m->memory, ir_place, (size_t)rows * columns);
    for (uint32_t c = 0; c < columns; c++)
        for (uint32_t r = 0; r < rows; r++)
            w->blocks[(size_t)r * columns + c] = mcu_place(mc, mcu++);
    return mcu;
}

static bool place_matrices(pass_context *c)
{
    ir_module *m = c->module;
    extent e = measure(m, c->machine);
    int64_t mcu = 0, per_core = c->machine->mcus;
    if (e.blocks > e.mcus) {
        diag_error(c->diag, SOURCE_NOWHERE, "the weights need %lld MCUs, but machine '%s' has %lld",
                   (long long)e.blocks, c->machine->name ? c->machine->name : "",
                   (long long)e.mcus);
        diag_help(c->diag, "an MCU holds %d x %d weights; give the machine more nodes, tiles, "
                  "cores or mcus", m->numerics.slices.columns, m->numerics.slices.rows);
        return false;
    }
    for (size_t i = 0; i < m->matrix_count; i++) {
        if (e.fresh <= e.cores)
            mcu = (mcu + per_core - 1) / per_core * per_core;
        mcu = place_matrix(m, c->machine, m->matrices[i], mcu);
    }
    return true;
}

/* ---- operations ---- */

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

/* The first argument of the same size that is on a core, else the first that is on one. */
static void place_after_args(ir_op *op)
{
    const ir_op *home = NULL;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        if (!placing_on_core(arg))
            continue;
        if (!home)
            home = arg;
        if (arg->type.lanes == op->type.lanes) {
            home = arg;
            break;
        }
    }
    if (home)
        op->place = placing_core_of(home->place);
}

static void place_downwards(ir_graph *g)
{
    IR_EACH(op, g) {
        if (placing_is_matrix(op))
            place_on_block(g, op);
        else if (wants_core(op))
            place_after_args(op);
    }
}

/* What is still without a core goes to its first user on one. */
static void place_upwards(arena *memory, ir_graph *g)
{
    ir_op **user = ARENA_ARRAY(memory, ir_op *, g->next_id);
    for (ir_op *op = g->last; op; op = op->previous) {
        if (wants_core(op) && user[op->id])
            op->place = placing_core_of(user[op->id]->place);
        for (uint32_t i = 0; placing_on_core(op) && i < op->arg_count; i++)
            user[op->args[i]->id] = op;
    }
}

/* ---- broadcasts ---- */

typedef struct copy {
    struct copy *next;
    ir_op *op;
} copy;

/* `bcast` on the core of `user`. Copies hang on its scratch. */
static ir_op *bcast_for(arena *memory, ir_graph *g, ir_op *bcast, const ir_op *user)
{
    for (const copy *c = bcast->scratch; c; c = c->next)
        if (placing_same_core(c->op->place, user->place))
            return c->op;
    rewrite at = rewrite_after(g, bcast);
    copy *c = ARENA_NEW(memory, copy);
    c->next = bcast->scratch;
    c->op = rewrite_op(&at, IR_bcast, bcast->type, 1, bcast->args);
    c->op->space = bcast->space;
    c->op->place = placing_core_of(user->place);
    bcast->scratch = c;
    return c->op;
}

static void repeat_broadcasts(arena *memory, ir_graph *g)
{
    IR_EACH(user, g)
        for (uint32_t i = 0; i < user->arg_count; i++)
            if (user->args[i]->code == IR_bcast && placing_on_core(user) &&
                !placing_same_core(user->place, user->args[i]->place))
                user->args[i] = bcast_for(memory, g, user->args[i], user);
    IR_EACH(op, g)
        op->scratch = NULL;
}

/* The sweep would also take inputs that only give a port its width. */
static void drop_unused_broadcasts(arena *memory, ir_graph *g)
{
    bool *used = ARENA_ARRAY(memory, bool, g->next_id);
    IR_EACH(op, g)
        for (uint32_t i = 0; i < op->arg_count; i++)
            used[op->args[i]->id] = true;
    IR_EACH(op, g)
        if (op->code == IR_bcast && !used[op->id])
            ir_op_remove(g, op);
}

static void place_graph(arena *memory, ir_graph *g)
{
    ir_graph_renumber(g);
    place_downwards(g);
    place_upwards(memory, g);
    place_downwards(g);
    IR_EACH(op, g)
        if (wants_core(op))
            op->place = (ir_place){0, 0, 0, -1};
    repeat_broadcasts(memory, g);
    drop_unused_broadcasts(memory, g);
    ir_graph_renumber(g);
}

bool pass_place(pass_context *c)
{
    if (!place_matrices(c))
        return false;
    for (size_t i = 0; i < c->module->graph_count; i++)
        place_graph(c->memory, c->module->graphs[i]);
    return true;
}
