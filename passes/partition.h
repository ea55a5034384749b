/* Inside the partition pass. */
#ifndef PANTHER_PASSES_PARTITION_H
#define PANTHER_PASSES_PARTITION_H

#include "ir/recurrence.h"
#include "passes/passes.h"
#include "passes/pieces.h"

typedef struct partition {
    pieces at;
    int64_t next_group, next_state;
    ir_recurrences recurrences; /* of the graph before */
} partition;

/* A new op that stands for lanes of `old`: same space and attributes. */
ir_op *partition_like(partition *p, const ir_op *old, uint32_t lanes, size_t count,
                      ir_op *const *args);

/*
 * partition_maps.c: ops that read maps. What they read lies in a ring, pixel by pixel as one op has
 * made it, so an op that reads beyond one such piece becomes several.
 */
void partition_tap(partition *p, ir_op *op);
void partition_untap(partition *p, ir_op *op);
void partition_flatten(partition *p, ir_op *op);
void partition_unflatten(partition *p, ir_op *op);
void partition_final(partition *p, ir_op *op);

/* All products with a matrix run over one grid. */
void partition_widen(ir_graph *g);

/* Ops on maps that no machine has a form for are reported; false if there was one. */
bool partition_check_maps(pass_context *c);

#endif
