/*
 * Maps in parts. Part of `duplicate`: of a map split by r, part c holds the columns r x + c, so that
 * r cores make it side by side. Parts are maps of their own, of ceil(columns / r) columns.
 *
 * What is computed at every position is computed in the parts that its operands have (its `native`
 * split); moving pixels (taps, slices, ...) is done where it is asked for, in the split that is asked
 * for. `untap` brings parts together, `tap` takes them apart again. Where r does not divide the
 * columns, the last column of some parts lies beyond the map and holds anything: such parts are only
 * operands and results of products, and what belongs to the map is taken out of them at once.
 */
#ifndef PANTHER_PASSES_SPLIT_H
#define PANTHER_PASSES_SPLIT_H

#include "ir/graph.h"
#include "passes/rewrite.h"

/* Dimensions of the rows and columns of maps of one size. */
typedef struct split_pair {
    uint8_t y, x;
} split_pair;

typedef struct split {
    ir_graph *graph;
    arena *memory;
    rewrite at;                 /* where new ops go: before the op at hand */
    struct split_value *values; /* by id of the ops that were there before */
    split_pair *pairs;
    size_t pair_count, pair_capacity;
    bool in_order; /* values depend on the point before: only products are made in parts */
} split;

void split_open(split *s, arena *memory, ir_graph *g);

/* A value for each position of a map. */
static inline bool split_is_map(const ir_op *op)
{
    return op->space.count > 2;
}

static inline uint32_t split_columns(const ir_graph *g, const ir_op *op)
{
    return g->dims[op->space.dim[op->space.count - 1]].extent;
}

/* The space of the parts of a map. */
ir_space split_space(split *s, ir_space map, uint32_t r);

/* The parts of a value, r of them; what has no map is the same in all. */
ir_op **split_get(split *s, ir_op *op, uint32_t r);

/* The same, 0 at positions beyond the map. */
ir_op **split_get_clean(split *s, ir_op *op, ir_space map, uint32_t r);

/* Says that a value has been made in r parts. */
void split_put(split *s, ir_op *op, uint32_t r, ir_op **made);

/* What becomes of an op that is no product of a duplicated matrix: the ops are visited in order. */
void split_visit(split *s, ir_op *op);

#endif
