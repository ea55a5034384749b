/*
 * Gradients, one row per op (gradients.c), and what a row works with. Part of `differentiate`.
 */
#ifndef PANTHER_PASSES_GRADIENTS_H
#define PANTHER_PASSES_GRADIENTS_H

#include "ir/recurrence.h"
#include "passes/rewrite.h"

/* One use of a trained matrix: W += outer(col, row), one of the two being the error. */
typedef struct gradient_update {
    const ir_op *use;
    ir_op *error;
    bool turned; /* the error has its time turned round */
} gradient_update;

typedef struct gradients {
    rewrite at;
    diag *diag;
    uint8_t q_usual;  /* format of errors where an op says nothing else */
    uint8_t q_error;  /* of those that the row which runs makes: see gradient_format */
    const bool *needs; /* by id of forward ops: the value depends on a trained matrix */
    const bool *drawn; /* by id: random numbers and what is made of nothing else */
    const bool *spatial; /* by dimension: rows or columns of a map */
    ir_op **error;     /* by id: d loss / d value, as far as known; NULL: none */
    gradient_update *updates; /* last use first */
    size_t update_count, update_capacity;
    /* gradients_state.c */
    ir_recurrences recurrences; /* of the forward graph */
    uint32_t inside;            /* the recurrence whose errors are being worked out; 0: none */
    uint32_t known;             /* ids from here on are new */
    int64_t states, *back;      /* next state number; by id of a prev: that of its error */
    ir_op **turned;             /* by id: the value with time turned round; NULL: not needed so far */
    ir_op *turn_after;          /* where these stand */
} gradients;

/* Adds what `op`, whose error is `g`, contributes to the errors of its arguments. */
typedef void gradient_row(gradients *t, ir_op *op, ir_op *g);

extern gradient_row *const gradient_rows[IR_OPCODES];

/* A comparison: its result is constant almost everywhere. */
static inline bool gradient_is_mask(const ir_op *op)
{
    return ir_ops[op->code].result == IR_RESULT_MASK || op->code == IR_sign;
}

/* gradients_map.c */
gradient_row gradient_window, gradient_fold, gradient_pool_max, gradient_later, gradient_pool_sum,
    gradient_spread, gradient_flatten, gradient_unflatten, gradient_total;

/* gradients_state.c */
gradient_row gradient_reverse, gradient_final, gradient_prev, gradient_next;

/* Puts the ops of each recurrence next to each other and finds them; numbers the graph. */
void gradient_group(gradients *t, ir_graph *g);
/* The errors of the recurrence that ends with `last`; what stands before it. */
ir_op *gradient_recurrence(gradients *t, ir_op *last);
/* A forward value as errors of a recurrence want it. */
ir_op *gradient_turned(gradients *t, ir_op *x);
/* An error for `arg`, which may not be in the recurrence at hand. */
ir_op *gradient_leaving(gradients *t, const ir_op *arg, ir_op *part);

/* Whether a product's matrix is trained in this graph, or a part of it. */
bool gradient_trains(const ir_graph *g, const ir_op *op);

/* ---- for rows ---- */

/* The format of the error of a value. */
uint8_t gradient_format(const gradients *t, const ir_op *value);
/* An op's part in the errors of its arguments is worked out in the format of the first of them. */
uint8_t gradient_towards(const gradients *t, const ir_op *op);
/* The error of op at each of its points and in each of its lanes, in the format of errors. */
ir_op *gradient_whole(gradients *t, const ir_op *op, ir_op *g);

/* Whether argument i of op depends on a trained matrix. */
bool gradient_wanted(const gradients *t, const ir_op *op, uint32_t i);
/*
 * Argument i of op gets `part` more of error, summed where one value stood for many lanes or for a
 * whole map.
 */
void gradient_give(gradients *t, const ir_op *op, uint32_t i, ir_op *part);
ir_op *gradient_in_format(gradients *t, ir_op *x);
/* What a broadcast spread out comes together again, and the reverse. */
ir_op *gradient_to_lanes(gradients *t, ir_op *g, uint32_t lanes);

/*
 * The error g of relu op, where op > 0. If all of g comes through a maximum pool z of op, the pool's
 * error is taken where z > 0 instead, which gives the same numbers: a pixel gets what is left of
 * positions whose z it equals. So op need not be kept at every pixel until its error comes.
 */
ir_op *gradient_where_positive(gradients *t, ir_op *op, ir_op *g);

/* d loss / d loss = 1 */
ir_op *gradient_seed(gradients *t);

#endif
