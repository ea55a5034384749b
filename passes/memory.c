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
#include "ir/ring.h"
#include "passes/passes.h"
#include "passes/placing.h"
#include "passes/users.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

static int64_t time_of(const ir_op *op)
{
    return ir_get_int(op, IR_ATTR_time, 0);
}

static int64_t end_of(const memory_state *s, const ir_op *op)
{
    return time_of(op) + select_op_cycles(s->context->machine, op);
}

static int64_t points_of(const memory_state *s, const ir_op *op)
{
    return (int64_t)ir_grid_points(ir_grid_of(s->graph, op->space));
}

/* Cycles from point 0 of an op's grid to another one, rounded up. */
static int64_t until_point(const memory_state *s, const ir_op *op, int64_t point)
{
    int64_t points = points_of(s, op);
    return (point * s->graph->interval + points - 1) / points;
}

/*
 * Slots of vectors, `turn` cycles apart: from the first write to the end of the last take. A vector
 * of an example that is read at every position is taken at the last of them.
 */
static uint32_t vector_depth(const memory_state *s, const ir_op *filler)
{
    int64_t points = points_of(s, filler), start = time_of(filler), end = start;
    EACH_USER(taker, &s->users, filler) {
        int64_t last = end_of(s, taker), all = points_of(s, taker);
        if (all > points)
            last += until_point(s, taker, all);
        end = last > end ? last : end;
    }
    uint32_t depth = (uint32_t)((end - start) * points / s->graph->interval) + 1;
    /* One more, so that the next packet can arrive while the last one is still read. */
    return depth + (filler->code == IR_receive);
}

/*
 * Slots of maps, one per example. Rows are written one after the other and given up one after the
 * other: the row that is held longest says how many examples there are between the two. A row is given
 * up at the end of the turn of its last use.
 */
static int64_t longest_held(const memory_state *s, const ir_op *filler, const ir_op *reader)
{
    ir_axis axes[2];
    int64_t longest = 0, columns = ir_grid_of(s->graph, filler->space).columns;
    ir_reader_axes(s->graph, reader, axes);
    for (uint32_t row = 0; row < axes[0].map; row++) {
        bool by_rows = points_of(s, filler) > 1;
        int64_t written =
            time_of(filler) + (by_rows ? until_point(s, filler, row * columns) - 1 : 0);
        int64_t use = ir_axis_last_use(&axes[0], axes[0].low + row);
        int64_t given = time_of(reader) + until_point(s, reader, (use + 1) * axes[1].points);
        longest = given - written > longest ? given - written : longest;
    }
    return longest;
}

static uint32_t map_depth(const memory_state *s, const ir_op *filler)
{
    int64_t longest = 0;
    EACH_USER(reader, &s->users, filler) {
        int64_t held = longest_held(s, filler, reader);
        longest = held > longest ? held : longest;
    }
    return (uint32_t)((longest + s->graph->interval - 1) / s->graph->interval);
}

static uint32_t ring_depth(const memory_state *s, const ir_op *filler, const ir_buffer *ring)
{
    if (placing_once(filler))
        return 1;
    return ring->lanes ? map_depth(s, filler) : vector_depth(s, filler);
}

/* Every op that fills a ring asks for a depth; pieces of one vector fill one ring together. */
static void find_depths(memory_state *s)
{
    for (size_t i = 0; i < s->graph->buffer_count; i++)
        s->graph->buffers[i].depth = 1;
    IR_EACH(op, s->graph) {
        if (op->code != IR_store && op->code != IR_receive)
            continue;
        ir_buffer *b = ir_graph_buffer(s->graph, ir_get_name(op, IR_ATTR_buffer, ""));
        uint32_t depth = ring_depth(s, op, b);
        b->depth = depth > b->depth ? depth : b->depth;
    }
}

static void lay_out_rings(memory_state *s)
{
    for (size_t i = 0; i < s->graph->buffer_count; i++) {
        ir_buffer *b = &s->graph->buffers[i];
        tile_use *tile = use_of(s, (ir_place){b->node, b->tile, -1, -1});
        b->address = tile->rings;
        tile->rings += (int64_t)b->words * ir_ring_slots(s->graph, b);
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
    return (int64_t)b->lanes * b->height * b->width * ir_graph_batch(s->graph);
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
        int64_t words = b->lanes && ir_get(op, IR_ATTR_first) ? op->type.lanes : b->words;
        use_of_layer(s, &uses, &count, &capacity, op)->words += words * ir_ring_slots(s->graph, b);
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
        find_depths(&s);
        lay_out_rings(&s);
        count_operand_log(&s);
        good = check_capacity(&s) && good;
    }
    return good;
}
