/*
 * Rings of maps: how a map lies in a slot, and how the ops that read it walk over it.
 *
 * A map is read by ops in another iteration space than the one it is made in: `tap` at the positions
 * of a kernel, `untap` at the pixels of the map that the positions belong to, `flatten` once per
 * example, `unflatten` at the pixels of a map that was a vector, `reverse` at the same pixels from
 * the last to the first. Every one of them moves a window
 * over the slot, along both axes alike: every `every` points it goes on by `step` pixels, and the
 * rows it leaves behind are never needed again. What is read at a point is at a fixed distance
 * from the window's corner. Pixels beside the map are part of the slot: borders need no code.
 *
 * A map is long, and a window needs few of its rows: a ring of rows has one row in each slot, those
 * of an example behind those of the one before. There a window may lie at both ends of the ring, so
 * that each of its rows is at an address of its own, and those outside of the map are all found in
 * blank words of a window's width.
 *
 * The adjoint of a kernel of K with stride s and padding p: pixel y, counted as y + p = s q + r,
 * is covered by the taps ky = r + s j of the positions q - j.
 */
#ifndef PANTHER_IR_RING_H
#define PANTHER_IR_RING_H

#include "ir/graph.h"

/* Rows and columns of the loop in which an op runs for each example; 1 x 1: once per example. */
typedef struct ir_grid {
    uint32_t rows, columns;
} ir_grid;

ir_grid ir_grid_of(const ir_graph *g, ir_space s);
static inline uint64_t ir_grid_points(ir_grid grid)
{
    return (uint64_t)grid.rows * grid.columns;
}
static inline bool ir_same_grid(ir_grid a, ir_grid b)
{
    return a.rows == b.rows && a.columns == b.columns;
}

/* Whether an op reads a map out of a ring: tap, untap, flatten, unflatten, reverse. */
bool ir_is_reader(ir_opcode code);

/* One axis of a walk: 0 over rows, 1 over columns. */
typedef struct ir_axis {
    uint32_t points;      /* of the reader's grid */
    uint32_t step, every; /* the window moves by `step` every `every` points ... */
    uint32_t start;       /* ... the first of which it has already made */
    uint32_t low, size;   /* of the slot: rows (columns) before the map, and in all */
    uint32_t map;         /* rows (columns) of the map */
    uint32_t window;      /* rows (columns) that the reader may take something from at a point */
    bool back;            /* it walks from the last row (column) to the first */
} ir_axis;

void ir_reader_axes(const ir_graph *g, const ir_op *reader, ir_axis axes[2]);

/* How far the window has moved after `points` points. */
static inline uint32_t ir_axis_moved(const ir_axis *a, uint32_t points)
{
    return (a->start + points) / a->every * a->step;
}

/* The first point from which on it has moved by `distance` or more; may be beyond the last one. */
uint64_t ir_axis_reaches(const ir_axis *a, uint64_t distance);

/* The last point along the axis at which the window still covers row (column) `at` of the slot. */
uint32_t ir_axis_last_use(const ir_axis *a, uint32_t at);

/*
 * The last pixel of the map that the reader may need at a point of its grid, to read it or to give
 * it up before the next point, along one axis; none yet: -1. Row-major order of both axes together
 * is the order in which the map is written.
 */
int64_t ir_reader_needs(const ir_graph *g, const ir_op *reader, int axis, uint32_t point);

/*
 * Words from the window's corner to what the reader takes, in a slot of `columns` x `lanes`; with 0
 * columns: from the start of its row of the window, which ir_reader_row names.
 */
uint64_t ir_reader_offset(const ir_op *reader, uint32_t columns, uint32_t lanes);
uint32_t ir_reader_row(const ir_op *reader);

/*
 * Of an untap with a stride: the point (start + y) modulo `every` at which its tap meets a pixel; at
 * others it gives 0. 0 of 1 for all other readers.
 */
uint32_t ir_reader_residue(const ir_op *reader, int axis);

/* Words of a pixel in the ring that the reader reads. */
uint32_t ir_reader_lanes(const ir_graph *g, const ir_op *reader);

/* A ring with one slot for what the reader reads: the geometry and `words` set, nothing else. */
ir_buffer ir_reader_ring(const ir_graph *g, const ir_op *reader);

/* Whether both walk alike over the same slot: they can share a ring, its pointer and its takes. */
bool ir_same_walk(const ir_graph *g, const ir_op *a, const ir_op *b);

/* The map lies inside its slot. */
bool ir_ring_map_sound(const ir_buffer *b);

/* Whether slots are rows of a map. */
static inline bool ir_ring_by_rows(const ir_buffer *b)
{
    return b->lanes && b->points > 1;
}

/* The reader's ring of maps as one with a slot of a row; for a map of more than one. */
ir_buffer ir_ring_of_rows(const ir_graph *g, const ir_op *reader, const ir_buffer *maps);

#endif
