/*
 * How many copies each layer gets (allocation paper, sections 3 and 4): crossbars of all copies
 * together at most `total`, copies of a layer at most its output pixels, and as few steps as
 * possible; with bandwidth, as little time as possible.
 */
#ifndef PANTHER_PASSES_PLAN_ALLOCATE_H
#define PANTHER_PASSES_PLAN_ALLOCATE_H

#include "isa/support/random.h"
#include "passes/plan/steps.h"

/* ---- bandwidth (bandwidth.c; Eq. 9 to 12) ---- */

typedef struct plan_bandwidth {
    const plan_chip *chip;
    double scale; /* of both bandwidths; the paper's lambda */
} plan_bandwidth;

/* What the time of a layer's step is made of, in microseconds. */
typedef struct plan_step_terms {
    double compute;   /* T_C */
    double inside;    /* inputs to the copies of the fullest tile */
    double between;   /* one tile's share of the outputs of one copy of the layer before */
    int64_t together; /* copies in one tile */
} plan_step_terms;

plan_step_terms plan_step_terms_of(const steps_chain *c, const plan_bandwidth *b, size_t j);

static inline double plan_step_of(const plan_step_terms *t, int64_t replicas, int64_t before)
{
    int64_t tiles = (replicas - 1) / t->together + 1;
    double us = t->inside + t->between * (double)tiles * (double)before;
    return us > t->compute ? us : t->compute;
}

/* Microseconds of one step of layer j, at least those of the computation. */
double plan_step_us(const steps_chain *c, const plan_bandwidth *b, size_t j, int64_t replicas,
                    int64_t before);
/* The longest of all layers. */
double plan_steps_us(const steps_chain *c, const plan_bandwidth *b, const int64_t *replicas);
double plan_compute_us(const plan_chip *c); /* T_C */
/* NULL, or which number the chip does not state. */
const char *plan_bandwidth_check(arena *memory, const plan_chip *c);

/* ---- results ---- */

typedef struct allocation {
    bool found;
    int64_t *replicas; /* of the chain */
    int64_t steps;     /* of the model that the method used */
    int64_t crossbars;
    double us;      /* steps x the longest step */
    double seconds; /* spent */
} allocation;

/* What is asked. bandwidth NULL: fewest steps, else least time. */
typedef struct allocate_task {
    arena *memory;
    const steps_chain *chain;
    int64_t total;
    const plan_bandwidth *bandwidth;
} allocate_task;

/* Fewest crossbars that hold the network. */
int64_t allocate_least(const steps_chain *c);

/* ---- methods ---- */

/* NULL, or why Algorithm 2 would take too much: gigabytes, or many minutes. */
const char *allocate_dp_check(const allocate_task *t);

/*
 * Algorithm 2. exact_fill: the crossbars used are `total`, or the largest sum that can be reached;
 * else the best of all sums. allocate_dp_both has both from one run.
 */
allocation allocate_dp(const allocate_task *t, bool exact_fill);
void allocate_dp_both(const allocate_task *t, allocation *exact_fill, allocation *free_fill);

/*
 * Labels: the least crossbars with which a number of steps can be met, by layers and Pareto-minimal
 * (PreOp, Op) pairs. With PreOp bound only to the layer before, their answer is a lower bound of
 * Algorithm 1's for any allocation; with the full PreOp it is an allocation.
 */
typedef struct certificate {
    allocation best; /* the better of `given` and what the labels found */
    int64_t bound;   /* no allocation has fewer steps in the model */
    double bound_us; /* with bandwidth: nor takes less time */
} certificate;

certificate allocate_exact(const allocate_task *t, const allocation *given);

/* Rules of other papers. Not found if the total is too small for the rule. */
allocation allocate_proportional(const allocate_task *t); /* R ~ Wo Ho (PipeLayer) */
allocation allocate_stride(const allocate_task *t); /* R = stride^2 x the next layer's (ISAAC) */
allocation allocate_equal(const allocate_task *t);  /* the same R everywhere (PRIME) */

/* Every allocation; only for small cases. most: give up (not found) beyond so many allocations. */
allocation allocate_brute(const allocate_task *t, int64_t most);

/*
 * A random allocation of the total (accuracy.c says how it is drawn); false if the total is too
 * small.
 */
bool allocate_random(const allocate_task *t, random_state *r, int64_t *replicas);

/* 1 - |model - simulator| / simulator over random allocations. */
typedef struct model_accuracy {
    int64_t samples;
    double average, worst;         /* worst: the largest error */
    double below1, below5, above5; /* shares with errors < 1 %, 1 to 5 %, > 5 % */
} model_accuracy;

/*
 * Of Algorithm 1 as printed, and with rows clipped and tails of bursts; false: the total is too
 * small.
 */
bool allocate_accuracy(const allocate_task *t, int64_t samples, uint64_t seed,
                       model_accuracy *printed, model_accuracy *fixed);

/* Steps of the simulator brought down by single moves from a start; at most `moves` simulations. */
allocation allocate_polish(const allocate_task *t, const allocation *start, int64_t moves);

/* Fills in steps, crossbars and us of replicas. */
void allocate_measure(const allocate_task *t, allocation *a);

#endif
