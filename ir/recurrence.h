/*
 * Recurrences: values that depend on what they were at the point before.
 *
 * A state is a pair of ops with one `state` number: `prev` reads at each point of a map what `next`
 * was given at the point before. The list of ops stays without cycles; the way from `next` back to
 * `prev` is the only one that leads to an earlier op, and to a later point. Ops that lie on a
 * circle through such ways form a recurrence: they are worked out together, point after point. A state
 * whose `next` does not depend on its own `prev` is a delay: a recurrence of these two ops.
 */
#ifndef PANTHER_IR_RECURRENCE_H
#define PANTHER_IR_RECURRENCE_H

#include "ir/graph.h"

typedef struct ir_recurrences {
    size_t states;         /* 0: the graph has none, and nothing else is set */
    uint32_t count;        /* of recurrences */
    uint32_t *of;          /* by op id: its recurrence, from 1 on; 0: in none */
    ir_op **partner;       /* by op id: the next of a prev, the prev of a next */
    uint64_t *after;       /* by op id, `words` each: bit r: the op depends on recurrence r + 1 */
    size_t words;
} ir_recurrences;

/* Of a numbered graph (ir_graph_renumber). States without a partner are in no recurrence. */
ir_recurrences ir_recurrences_of(arena *memory, const ir_graph *g);

/* Whether two ops depend on the same recurrences. */
bool ir_same_recurrences(const ir_recurrences *r, const ir_op *a, const ir_op *b);

/* Ops that are worked out together: one, or all of a recurrence in the order of the list. */
typedef struct ir_step {
    ir_op **ops;
    size_t count;
} ir_step;

/* All ops, each step after those that it takes values from; in the order of the list otherwise. */
typedef struct ir_plan {
    ir_step *steps;
    size_t count;
    ir_recurrences recurrences;
} ir_plan;

ir_plan ir_plan_of(arena *memory, const ir_graph *g);

/* A state number that no op of the graph has. */
int64_t ir_new_state(const ir_graph *g);

#endif
