/*
 * Steps of a pipeline of layers (allocation paper, section 3.2). In a step, layer i with R copies
 * of its weights makes the next R output pixels in row-major order, as soon as the pixels under
 * their windows are there; what a layer makes in a step can be read in the same step. Pooling takes
 * none.
 *
 * simulate: the definition, operation by operation (check.h has it pixel by pixel).
 * model: Algorithm 1, which estimates the same for a chain of layers.
 */
#ifndef PANTHER_PASSES_PLAN_STEPS_H
#define PANTHER_PASSES_PLAN_STEPS_H

#include "passes/plan/model.h"

/*
 * The step in which the last layer to end ends; replicas[i] in 1 .. positions. ends[i], if wanted:
 * of layer i. stalls[i], if wanted: steps in which it waits after its first operation.
 */
int64_t plan_simulate(arena *memory, const plan_network *n, const int64_t *replicas, int64_t *ends,
                      int64_t *stalls);

/* A layer of a chain. Pairs are {vertical, horizontal}. */
typedef struct steps_layer {
    int32_t layer; /* in the network */
    int64_t kernel[2], stride[2], pad[2];
    int64_t pool_kernel[2], pool_stride[2], pool_pad[2]; /* between the layer before and this one */
    int64_t before[2]; /* map of the layer before, without pooling */
    int64_t in[2], out[2];
    int64_t positions;
    int64_t set; /* crossbars of one copy, with those of side layers that go with it */
} steps_layer;

typedef struct steps_chain {
    const plan_network *network;
    steps_layer *layers;
    size_t count;
    int32_t *leader; /* of each layer of the network: the layer of the chain that it goes with */
    bool clip;       /* rows beyond the map are not waited for (ours; the paper: false) */
    bool burst;      /* the end of a layer waits for the last rows of the one before (ours) */
} steps_chain;

/*
 * The longest chain of a network. A layer beside it, as the shortcut of a residual block, has as
 * many copies as the layer of the chain whose readers it shares (leader).
 */
steps_chain *steps_chain_of(arena *memory, const plan_network *n, const plan_chip *c, bool dense);

/* Replicas of all layers of the network from those of the chain. */
void steps_spread(const steps_chain *c, const int64_t *chain, int64_t *replicas);

/* Crossbars of the chain with these replicas. */
int64_t steps_cost(const steps_chain *c, const int64_t *replicas);

static inline int64_t steps_ceil(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Outputs of layer j - 1 that must be there before the first `product` of layer j (j > 0). */
int64_t steps_need(const steps_chain *c, size_t j, int64_t product);

/* Steps between the first operations of layers j - 1 and j, if neither stalls. */
static inline int64_t steps_interval(const steps_chain *c, size_t j, int64_t replicas,
                                     int64_t before)
{
    return steps_ceil(steps_need(c, j, replicas), before) - 1;
}

/* Steps of layer j after the layer before has ended. */
int64_t steps_tail(const steps_chain *c, size_t j, int64_t replicas, int64_t before);

/* PreOp of layer j from replicas 0 .. j and PreOp of the layers before. */
int64_t steps_preop(const steps_chain *c, size_t j, const int64_t *replicas, const int64_t *pre);

/* Op of the last layer; pre and op (if wanted) of every layer. */
int64_t steps_model(const steps_chain *c, const int64_t *replicas, int64_t *pre, int64_t *op);

#endif
