/*
 * Adding ops to a graph: a place in its list, and what new ops inherit from the op they stand for
 * (source range and layer). Shared by the passes that rewrite graphs.
 */
#ifndef PANTHER_PASSES_REWRITE_H
#define PANTHER_PASSES_REWRITE_H

#include "ir/graph.h"

typedef struct rewrite {
    ir_graph *graph;
    ir_op *after; /* the next new op follows this one; NULL: it becomes the first */
    source_range where;
    const char *layer; /* may be NULL */
} rewrite;

/* New ops go before (after) op and inherit from it. */
rewrite rewrite_before(ir_graph *g, const ir_op *op);
rewrite rewrite_after(ir_graph *g, ir_op *op);
void rewrite_inherit(rewrite *r, const ir_op *op);

ir_op *rewrite_op(rewrite *r, ir_opcode code, ir_type type, size_t count, ir_op *const *args);

/* An op of the same code, space and attributes. */
ir_op *rewrite_like(rewrite *r, const ir_op *old, ir_type type, size_t count, ir_op *const *args);

/* Results of arithmetic have the lanes of the widest argument. */
ir_op *rewrite_unary(rewrite *r, ir_opcode code, uint8_t q, ir_op *x);
ir_op *rewrite_binary(rewrite *r, ir_opcode code, uint8_t q, ir_op *x, ir_op *y);

ir_op *rewrite_const(rewrite *r, double value, uint32_t lanes, uint8_t q);
ir_op *rewrite_bcast(rewrite *r, ir_op *x, uint32_t lanes);

/* A new slice, or x itself if that is all of it. */
ir_op *rewrite_slice(rewrite *r, ir_op *x, uint32_t first, uint32_t lanes);

/*
 * items[0 .. count) joined two by two with `code`: first the halves, the left one being the largest
 * power of two below count. The order in which a machine adds the blocks of a matrix product.
 */
ir_op *rewrite_tree(rewrite *r, ir_opcode code, ir_op *const *items, size_t count);

void rewrite_copy_attr(ir_graph *g, ir_op *to, const ir_op *from, ir_attr_key key);

/* The matrix an op names (the verifier has seen to it that there is one). */
ir_matrix *rewrite_matrix(const ir_graph *g, const ir_op *op);

/* Lanes of x up to which one block reaches: the shorter side of a crossbar. */
uint32_t rewrite_side(const ir_module *m);

static inline uint32_t rewrite_blocks(uint32_t lanes, uint32_t side)
{
    return lanes / side + (lanes % side != 0);
}

/* Lanes of block b of a vector that is cut every `side` lanes. */
static inline uint32_t rewrite_lanes(uint32_t lanes, uint32_t side, uint32_t b)
{
    return lanes - b * side < side ? lanes - b * side : side;
}

#endif
