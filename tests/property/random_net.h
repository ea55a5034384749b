/* Random machines and multi-layer perceptrons for the property tests, all from one printed seed. */
#ifndef PANTHER_TESTS_RANDOM_NET_H
#define PANTHER_TESTS_RANDOM_NET_H

#include "ir/graph.h"
#include "isa/machine.h"
#include "isa/support/diag.h"
#include "isa/support/random.h"

/* What a case is, chosen before anything is built (so that it can be built twice). */
typedef struct net_plan {
    uint32_t layers, width[6], batch;
    bool bias[5];
    int activation[5]; /* index into net_activations */
    int loss;          /* 0: cross entropy, 1: mean squared error */
    fidelity fidelity;
} net_plan;

machine *net_random_machine(arena *memory, diag *d, random_state *r);
net_plan net_random_plan(random_state *r, const machine *m);
ir_module *net_build(arena *memory, const net_plan *p, const machine *m);
ir_numerics net_numerics(const machine *m);

/* A program of the language; NULL with errors in d. */
ir_module *net_of_text(arena *memory, diag *d, const machine *m, const char *text);
void net_describe(const net_plan *p, const machine *m);

static inline int net_between(random_state *r, int low, int high)
{
    return low + (int)random_below(r, (uint64_t)(high - low + 1));
}

#endif
