/*
 * How deep each ring is. A slot is written at the time of its store or receive and free again after
 * the last take; the ring needs as many slots as are begun in between. With that depth a writer
 * never waits for a take that comes later than itself, which keeps the argument of schedule.h.
 *
 * A ring of maps has one example in a slot, or one row: the ring of rows holds only what lies
 * between the writing of a row and its last use, while a slot of a map is free when all of its rows
 * are. But each row of a window takes a register and, at every position, an instruction, so that
 * rows are slots only where that takes fewer words, and where the registers of all readers suffice.
 */
#include "backend/backend.h"
#include "backend/select.h"
#include "ir/ring.h"
#include "isa/isa.h"
#include "passes/memory.h"
#include "passes/placing.h"

/* A ring of maps and what it could be instead. */
typedef struct map_ring {
    uint32_t rows; /* slots, of a row each */
    bool unsuitable, by_rows;
    ir_buffer maps;      /* as it was */
    const ir_op *reader; /* one of those, which all walk alike */
} map_ring;

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

/* ---- maps: pixels are written one after the other and given up one after the other ---- */

/* How a reader walks over a map, or a send, which takes every pixel alone. */
static void walk_of(const memory_state *s, const ir_op *user, ir_axis axes[2])
{
    ir_grid grid = ir_grid_of(s->graph, user->space);
    const uint32_t map[] = {grid.rows, grid.columns};
    if (ir_is_reader(user->code)) {
        ir_reader_axes(s->graph, user, axes);
        return;
    }
    for (int i = 0; i < 2; i++)
        axes[i] = (ir_axis){
            .points = map[i], .step = 1, .every = 1, .size = map[i], .map = map[i], .window = 1};
}

/* When a pixel is written, at the earliest; rows of later examples count on. */
static int64_t pixel_written(const memory_state *s, const ir_op *filler, int64_t row,
                             int64_t column, int64_t rows)
{
    ir_grid grid = ir_grid_of(s->graph, filler->space);
    int64_t start = time_of(filler) + row / rows * s->graph->interval;
    if (ir_grid_points(grid) == 1)
        return start;
    return start + until_point(s, filler, row % rows * grid.columns + column) - 1;
}

/* A row is given up at the end of the turn of its last use. */
static int64_t row_given_up(const memory_state *s, const ir_op *reader, const ir_axis axes[2],
                            uint32_t row)
{
    int64_t use = ir_axis_last_use(&axes[0], axes[0].low + row);
    return time_of(reader) + until_point(s, reader, (use + 1) * axes[1].points);
}

/*
 * In a ring of rows those that the window leaves next are given up pixel by pixel, the others at the
 * end of a row (backend/advance.c).
 */
static int64_t pixel_given_up(const memory_state *s, const ir_op *reader, const ir_axis axes[2],
                              uint32_t row, uint32_t column)
{
    const ir_axis *down = &axes[0], *across = &axes[1];
    int64_t use = ir_axis_last_use(down, down->low + row), last = across->points - 1;
    uint32_t at = down->low + row - ir_axis_moved(down, (uint32_t)use);
    if (at < down->step && at < down->window)
        last = ir_axis_last_use(across, across->low + column);
    return time_of(reader) + until_point(s, reader, use * across->points + last + 1);
}

/* Examples between the writing of a row and its last use. */
static uint32_t maps_held(const memory_state *s, const ir_op *filler, const ir_op *reader)
{
    ir_axis axes[2];
    int64_t longest = 0;
    walk_of(s, reader, axes);
    for (uint32_t row = 0; row < axes[0].map; row++) {
        int64_t held =
            row_given_up(s, reader, axes, row) - pixel_written(s, filler, row, 0, axes[0].map);
        longest = held > longest ? held : longest;
    }
    return (uint32_t)((longest + s->graph->interval - 1) / s->graph->interval);
}

/*
 * Rows after which a pixel's place may be written again: as many as are begun in that column before
 * its last use ends. Along a row both times are linear, but for the window's steps and what it does
 * not leave at the end, and for roundings: the first and the last columns tell.
 */
static uint32_t rows_held(const memory_state *s, const ir_op *filler, const ir_op *reader)
{
    enum { ROUNDINGS = 2 };
    ir_axis axes[2];
    int64_t most = 1;
    walk_of(s, reader, axes);
    uint32_t ends = axes[1].window + 2 * axes[1].step, rows = axes[0].map, columns = axes[1].map;
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t column = 0; column < columns; column++) {
            if (column >= ends && column + ends < columns)
                column = columns - ends;
            int64_t end = pixel_given_up(s, reader, axes, row, column) + ROUNDINGS;
            while (pixel_written(s, filler, row + most, column, rows) < end)
                most++;
        }
    return (uint32_t)most;
}

/* What fills or reads the ring goes from row to row; a map of one row is a slot anyway. */
static bool fills_rows(const memory_state *s, const ir_op *filler, const ir_buffer *ring)
{
    ir_grid grid = ir_grid_of(s->graph, filler->space);
    return !ir_get(filler, IR_ATTR_first) && grid.rows > 1 && grid.rows == ring->height &&
           grid.columns == ring->width;
}

static bool reads_rows(const memory_state *s, const ir_op *reader)
{
    return (reader->code == IR_tap || reader->code == IR_untap || reader->code == IR_send) &&
           ir_grid_of(s->graph, reader->space).rows > 1;
}

static void find_map_depth(const memory_state *s, const ir_op *filler, map_ring *ring)
{
    bool suits = fills_rows(s, filler, &ring->maps);
    EACH_USER(reader, &s->users, filler) {
        uint32_t maps = maps_held(s, filler, reader);
        ring->maps.depth = maps > ring->maps.depth ? maps : ring->maps.depth;
        suits = suits && reads_rows(s, reader);
        /* of a core's readers, the one that takes is the last */
        bool takes = suits && ir_get_int(reader, IR_ATTR_take, 1);
        uint32_t rows = takes ? rows_held(s, filler, reader) : 0;
        ring->rows = rows > ring->rows ? rows : ring->rows;
        ring->reader = ir_is_reader(reader->code) ? reader : ring->reader;
    }
    ring->unsuitable = ring->unsuitable || !suits;
}

/* The ring of rows in place of one of maps, where that is smaller and its pointers can go round. */
static void choose_rows(const memory_state *s, ir_buffer *b, map_ring *ring)
{
    const uint64_t step_most = (UINT64_C(1) << 24) - 1; /* of `sring`, two rings at a time */
    *b = ring->maps;
    if (ring->unsuitable || !ring->rows || !ring->reader)
        return;
    ir_buffer rows = ir_ring_of_rows(s->graph, ring->reader, b);
    rows.depth = ring->rows;
    uint64_t words = (uint64_t)rows.words * rows.depth + rows.blank;
    if (2 * words > step_most || words >= (uint64_t)b->words * b->depth)
        return;
    *b = rows;
    ring->by_rows = true;
}

static bool is_on(const ir_op *op, const backend_agent *agent)
{
    return placing_same_core(op->place, agent->place) &&
           ir_get_int(op, IR_ATTR_thread, -1) == agent->thread;
}

/* Of the rings of rows that an agent reads or fills, the one that saves least; NULL: none is. */
static map_ring *least_saving(const memory_state *s, map_ring *rings, const backend_agent *agent)
{
    map_ring *least = NULL;
    int64_t saved = INT64_MAX;
    IR_EACH(op, s->graph) {
        const char *name = is_on(op, agent) ? ir_get_name(op, IR_ATTR_buffer, NULL) : NULL;
        if (!name)
            continue;
        const ir_buffer *b = ir_graph_buffer(s->graph, name);
        map_ring *ring = &rings[b - s->graph->buffers];
        int64_t saves =
            (int64_t)ring->maps.words * ring->maps.depth - (int64_t)b->words * b->depth - b->blank;
        if (ring->by_rows && saves < saved) {
            saved = saves;
            least = ring;
        }
    }
    return least;
}

/* Where registers do not suffice for rows of windows, rings become such of maps again. */
static void keep_registers(memory_state *s, map_ring *rings)
{
    backend_agent agent;
    arena *scratch = arena_new();
    while (backend_lacks_scalars(scratch, s->graph, s->context->machine, &agent)) {
        map_ring *ring = least_saving(s, rings, &agent);
        if (!ring)
            break; /* it lacks them anyway, and the backend says so */
        s->graph->buffers[ring - rings] = ring->maps;
        ring->by_rows = false;
    }
    arena_free(scratch);
}

/* Rings of rows as those of maps that they were before. */
static void make_maps(memory_state *s)
{
    IR_EACH(op, s->graph) {
        ir_buffer *b = ir_is_reader(op->code)
                           ? ir_graph_buffer(s->graph, ir_get_name(op, IR_ATTR_buffer, ""))
                           : NULL;
        if (!b || !ir_ring_by_rows(b))
            continue;
        ir_buffer maps = ir_reader_ring(s->graph, op);
        maps.name = b->name;
        maps.node = b->node;
        maps.tile = b->tile;
        maps.consumers = b->consumers;
        maps.address = b->address;
        *b = maps;
    }
}

void memory_find_depths(memory_state *s)
{
    ir_graph *g = s->graph;
    map_ring *rings = ARENA_ARRAY(s->context->memory, map_ring, g->buffer_count + 1);
    make_maps(s);
    for (size_t i = 0; i < g->buffer_count; i++) {
        g->buffers[i].depth = 1;
        rings[i].maps = g->buffers[i];
    }
    /* Every op that fills a ring asks for a depth; pieces of one vector fill one ring together. */
    IR_EACH(op, g) {
        if (op->code != IR_store && op->code != IR_receive)
            continue;
        ir_buffer *b = ir_graph_buffer(g, ir_get_name(op, IR_ATTR_buffer, ""));
        if (placing_once(op)) {
            rings[b - g->buffers].unsuitable = true;
        } else if (b->lanes) {
            find_map_depth(s, op, &rings[b - g->buffers]);
        } else {
            uint32_t depth = vector_depth(s, op);
            b->depth = depth > b->depth ? depth : b->depth;
        }
    }
    for (size_t i = 0; i < g->buffer_count; i++)
        if (g->buffers[i].lanes)
            choose_rows(s, &g->buffers[i], &rings[i]);
    keep_registers(s, rings);
}
