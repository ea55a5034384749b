/* Constants worked out and equal ops made one. Part of `lower`. */
#ifndef PANTHER_PASSES_COMMON_H
#define PANTHER_PASSES_COMMON_H

#include "ir/graph.h"

/*
 * The value of an element-wise op whose arguments are all `const`, in every lane: what the
 * fixed-point interpreter gives, so that folding never changes a bit.
 */
double common_fold(arena *memory, const ir_numerics *numerics, const ir_op *op);

/* Ops that do the same to the same arguments become one; the later ones lose their uses. */
void common_merge(arena *memory, ir_graph *g);

#endif
