/*
 * Memory: how deep each ring is (memory_depth.c) and where it lies. Rings live from the first
 * iteration to the last, so inside a kernel no two share words; kernels are laid out independently
 * and share all of them.
 *
 * Variants 1 and 2 keep the operands of all updates until halt: each distinct vector once per tile.
 */
#include "ir/ring.h"
#include "passes/memory.h"
#include "passes/placing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static tile_use *use_of(memory_state *s, ir_place tile)
{
    for (size_t i = 0; i < s->count; i++)
        if (placing_same_tile(s->tiles[i].tile, tile))
            return &s->tiles[i];
    tile_use fresh = {.tile = placing_tile_of(tile)};
    ARENA_PUSH(s->context->memory, s->tiles, s->count, s->capacity, fresh);
    return &s->tiles[s->count - 1];
}

static void lay_out_rings(memory_state *s)
{
    for (size_t i = 0; i < s->graph->buffer_count; i++) {
        ir_buffer *b = &s->graph->buffers[i];
        tile_use *tile = use_of(s, (ir_place){b->node, b->tile, -1, -1});
        b->address = tile->rings;
        tile->rings += (int64_t)ir_ring_words(s->graph, b);
    }
}

/* What an operand is called in its tile: the ring it was loaded from, or the op that made it. */
static const ir_op *operand_identity(const ir_op *arg)
{
    return arg->code == IR_load || ir_is_reader(arg->code) ? arg->args[0] : arg;
}

/* Whether an update of the same tile that comes earlier in the list has the same operand. */
static bool logged_before(const memory_state *s, const ir_op *opa, uint32_t index)
{
    const ir_op *wanted = operand_identity(opa->args[index]);
    for (uint32_t i = 0; i < index; i++)
        if (operand_identity(opa->args[i]) == wanted)
            return true;
    EACH_USER(near, &s->users, wanted) {
        if (near->code == IR_opa && near->id < opa->id &&
            placing_same_tile(near->place, opa->place))
            return true;
        if (near->code != IR_load)
            continue;
        EACH_USER(far, &s->users, near)
            if (far->code == IR_opa && far->id < opa->id &&
                placing_same_tile(far->place, opa->place))
                return true;
    }
    return false;
}

/* Windows of a map share its pixels: a log keeps each of them once. */
static int64_t logged_words(const memory_state *s, const ir_op *opa, const ir_op *arg)
{
    if (!ir_is_reader(arg->code))
        return (int64_t)(arg->type.lanes * ir_space_points(s->graph, opa->space));
    const ir_buffer *b = ir_graph_buffer(s->graph, ir_get_name(arg, IR_ATTR_buffer, ""));
    return (int64_t)b->lanes * b->height * b->points * b->width * ir_graph_batch(s->graph);
}

static void count_operand_log(memory_state *s)
{
    const machine *m = s->context->machine;
    if (m->variant == 3 || m->operand_log_unlimited)
        return;
    IR_EACH(op, s->graph)
        for (uint32_t i = 0; op->code == IR_opa && i < op->arg_count; i++)
            if (op->args[i]->code != IR_const && !logged_before(s, op, i))
                use_of(s, op->place)->log += logged_words(s, op, op->args[i]);
}

/* Words of rings in a tile by the layer whose values they hold. */
typedef struct layer_use {
    const char *layer;
    int64_t words;
} layer_use;

static layer_use *use_of_layer(memory_state *s, layer_use **uses, size_t *count, size_t *capacity,
                               const ir_op *op)
{
    const char *layer = ir_get_name(op, IR_ATTR_layer, "inputs");
    for (size_t i = 0; i < *count; i++)
        if (!strcmp((*uses)[i].layer, layer))
            return &(*uses)[i];
    layer_use fresh = {layer, 0};
    ARENA_PUSH(s->context->memory, *uses, *count, *capacity, fresh);
    return &(*uses)[*count - 1];
}

static int by_words(const void *left, const void *right)
{
    const layer_use *a = left, *b = right;
    if (a->words != b->words)
        return a->words > b->words ? -1 : 1;
    return strcmp(a->layer, b->layer);
}

/* The layers that ask for most of a tile's memory. */
static void note_layers(memory_state *s, const tile_use *t)
{
    enum { LAYERS_NAMED = 4 };
    layer_use *uses = NULL;
    size_t count = 0, capacity = 0;
    IR_EACH(op, s->graph) {
        if ((op->code != IR_store && op->code != IR_receive) ||
            !placing_same_tile(op->place, t->tile))
            continue;
        const ir_buffer *b = ir_graph_buffer(s->graph, ir_get_name(op, IR_ATTR_buffer, ""));
        /* pieces of one vector fill a ring together: each counts for its own words */
        int64_t words = (int64_t)ir_ring_words(s->graph, b);
        if (b->lanes && ir_get(op, IR_ATTR_first))
            words = (int64_t)op->type.lanes * ir_ring_slots(s->graph, b);
        use_of_layer(s, &uses, &count, &capacity, op)->words += words;
    }
    if (count)
        qsort(uses, count, sizeof *uses, by_words);
    for (size_t i = 0; i < count && i < LAYERS_NAMED; i++)
        diag_note(s->context->diag, SOURCE_NOWHERE,
                  "%" PRId64 " words there hold values of layer '%s'", uses[i].words,
                  uses[i].layer);
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
                   "kernel '%s': tile %d of node %d lacks %" PRId64
                   " words of shared memory: rings take %" PRId64
                   ", the log of update operands %" PRId64 ", it has %d",
                   s->graph->name, t->tile.tile, t->tile.node, missing, t->rings, t->log,
                   m->memory_words);
        if (t->log)
            diag_help(
                s->context->diag,
                "a smaller batch, variant 3, or 'operand_log: unlimited' in the machine file");
        else
            diag_help(s->context->diag, "'memory_words: %" PRId64 "' in the machine file holds it",
                      t->rings);
        note_layers(s, t);
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
        memory_find_depths(&s);
        if (c->tuning.spill)
            memory_spill(&s);
        lay_out_rings(&s);
        count_operand_log(&s);
        good = check_capacity(&s) && good;
    }
    return good;
}
