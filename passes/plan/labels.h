/* Can a chain end within so many steps? Private to allocate_*.c and labels*.c. */
#ifndef PANTHER_PASSES_PLAN_LABELS_H
#define PANTHER_PASSES_PLAN_LABELS_H

#include "passes/plan/allocate.h"

typedef struct labels_task {
    const steps_chain *chain;
    int64_t total;
    const plan_bandwidth *bandwidth; /* NULL: any step */
    double longest_us;               /* with bandwidth: no step is longer */
    size_t limit;                    /* labels; beyond, the answer is unknown */
    int64_t *budget; /* pairs of labels and copies still to look at; below 0: unknown */
} labels_task;

typedef enum labels_answer { LABELS_NO, LABELS_YES, LABELS_UNKNOWN } labels_answer;

typedef enum labels_mode {
    LABELS_ADJACENT, /* PreOp bound to the layer before: no is a proof, yes may be wrong */
    LABELS_FULL,     /* Algorithm 1's PreOp, labels replaced as if it were adjacent: yes is right */
    LABELS_ALL,      /* the same without replacing any: both are right, for small cases */
} labels_mode;

/* replicas (of YES): the cheapest allocation found. */
labels_answer labels_decide(const labels_task *t, int64_t steps, labels_mode mode,
                            int64_t *replicas);

/*
 * What a layer's copies, PreOp and Op are bound to if the chain is to end within T
 * (labels_bound.c).
 */
typedef struct labels_bounds {
    int64_t least, most; /* copies */
    int64_t pre, op;     /* at least */
    int64_t tails;       /* of all later layers at least */
    int64_t *rest;       /* [PreOp - pre]: crossbars of all later layers at least */
} labels_bounds;

/* NULL: it cannot. rest is left NULL if it is not wanted. */
labels_bounds *labels_bound(arena *memory, const labels_task *t, int64_t steps, bool rest);

/*
 * With bandwidth: the most copies of layer j - 1 with which a step of layer j with these is short
 * enough (INT64_MAX: any); -1 if its own step is too long already.
 */
int64_t labels_cap(const labels_task *t, size_t j, int64_t replicas);

#endif
