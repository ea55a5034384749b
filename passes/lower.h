/* Inside `lower`: its state, and the rows that are kept in files of their own. */
#ifndef PANTHER_PASSES_LOWER_H
#define PANTHER_PASSES_LOWER_H

#include "passes/passes.h"
#include "passes/rewrite.h"

typedef struct lowering {
    rewrite at;
    pass_context *pass;
} lowering;

/* What an op becomes: the op itself, changed in place, or another one that takes its uses. */
typedef ir_op *lower_row(lowering *l, ir_op *op);

/* A new op, lowered like any other, and x in another format. */
ir_op *lower_new(lowering *l, ir_opcode code, ir_type type, size_t count, ir_op *const *args);
ir_op *lower_to_format(lowering *l, ir_op *x, uint8_t q);

/* lower_maps.c */
lower_row lower_window, lower_fold, lower_pool_max, lower_unpool, lower_pool_sum, lower_spread,
    lower_total, lower_flatten, lower_unflatten;

#endif
