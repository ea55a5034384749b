/*
 * Memory: how deep each ring is and where it lies.
 *
 * A slot is written at the time of its store or receive and free again after the last take; the ring
 * needs as many slots as intervals lie between, and one more for what is left of an interval. With
 * that depth a writer never waits for a take that comes later than itself, which keeps the argument
 * of schedule.h. Rings live from the first iteration to the last, so inside a kernel no two share
 * words; kernels are laid out independently and share all of them.
 *
 * Variants 1 and 2 keep the operands of all updates until halt: each distinct vector once per tile.
 */
#include "backend/select.h"
#include "passes/passes.h"
#include "passes/placing.h"
#include "passes/users.h"

#include <inttypes.h>

typedef struct tile_use {
    ir_place tile;
    int64_t rings, log; /* words */
} tile_use;

typedef struct memory_state {
    ir_graph *graph;
    pass_context *context;
    user_index users;
    tile_use *tiles;
    size_t count, capacity;
} memory_state;

static tile_use *use_of(memory_state *s, ir_place tile)
{
    for (size_t i = 0; i < s->count; i++)
        if (placing_same_tile(s->tiles[i].tile, tile))
            return &s->tiles[i];
    tile_use fresh = {.tile = placing_tile_of(tile)};
    ARENA_PUSH(s->context->memory, s->tiles, s->count, s->capacity, fresh);
    return &s->tiles[s->count - 1];
}

static int64_t end_of(const memory_state *s, const ir_op *op)
{
    return ir_get_int(op, IR_ATTR_time, 0) + select_op_cycles(s->context->machine, op);
}

static uint32_t ring_depth(const memory_state *s, const ir_op *filler)
{
    if (placing_once(filler))
        return 1;
    int64_t start = ir_get_int(filler, IR_ATTR_time, 0), end = start;
    EACH_USER (taker, &s->users, filler)
        end = end_of(s, taker) > end ? end_of(s, taker) : end;
    uint32_t depth = (uint32_t)((end - start) / s->graph->interval) + 1;
    /* One more, so that the next packet can arrive while the last one is still read. */
    return depth + (filler->code == IR_receive);
}

static void lay_out_rings(memory_state *s)
{
    IR_EACH(op, s->graph) {
        if (op->code != IR_store && op->code != IR_receive)
            continue;
        ir_buffer *b = ir_graph_buffer(s->graph, ir_get_name(op, IR_ATTR_buffer, ""));
        tile_use *tile = use_of(s, op->place);
        b->depth = ring_depth(s, op);
        b->address = tile->rings;
        tile->rings += (int64_t)b->words * ir_ring_slots(s->graph, b);
    }
}

/* What an operand is called in its tile: the ring it was loaded from, or the op that made it. */
static const ir_op *operand_identity(const ir_op *arg)
{
    return arg->code == IR_load ? arg->args[0] : arg;
}

/* Whether an update of the same tile that comes earlier in the list has the same operand. */
static bool logged_before(const memory_state *s, const ir_op *opa, uint32_t index)
{
    const ir_op *wanted = operand_identity(opa->args[index]);
    for (uint32_t i = 0; i < index; i++)
        if (operand_identity(opa->args[i]) == wanted)
            return true;
    EACH_USER (near, &s->users, wanted) {
        if (near->code == IR_opa && near->id < opa->id && placing_same_tile(near->place, opa->place))
            return true;
        if (near->code != IR_load)
            continue;
        EACH_USER (far, &s->users, near)
            if (far->code == IR_opa && far->id < opa->id && placing_same_tile(far->place, opa->place))
                return true;
    }
    return false;
}

static void count_operand_log(memory_state *s)
{
    const machine *m = s->context->machine;
    if (m->variant == 3 || m->operand_log_unlimited)
        return;
    IR_EACH(op, s->graph)
        for (uint32_t i = 0; op->code == IR_opa && i < op->arg_count; i++)
            if (op->args[i]->code != IR_const && !logged_before(s, op, i))
                use_of(s, op->place)->log +=
                    (int64_t)(op->args[i]->type.lanes * ir_space_points(s->graph, op->space));
}

static bool check_capacity(memory_state *s)
{
    const machine *m = s->context->machine;
    bool good = true;
    for (size_t i = 0; i < s->count; i++) {
        const tile_use *t = &s->tiles[i];
        int64_t missing = t->rings + t->log - m->memory_words;
        if (missing <= 0)
            continue;
        diag_error(s->context->diag, SOURCE_NOWHERE,
                   "kernel '%s': tile %d of node %d lacks %" PRId64 " words of shared memory: rings take %" PRId64
                   ", the log of update operands %" PRId64 ", it has %d",
                   s->graph->name, t->tile.tile, t->tile.node, missing, t->rings, t->log, m->memory_words);
        if (t->log)
            diag_help(s->context->diag, "a smaller batch, variant 3, or 'operand_log: unlimited' in the machine file");
        good = false;
    }
    return good;
}

bool pass_memory(pass_context *c)
{
    bool good = true;
    for (size_t i = 0; i < c->module->graph_count; i++) {
        ir_graph *g = c->module->graphs[i];
        ir_graph_renumber(g);
        memory_state s = {.graph = g, .context = c, .users = users_of_graph(c->memory, g)};
        lay_out_rings(&s);
        count_operand_log(&s);
        good = check_capacity(&s) && good;
    }
    return good;
}
