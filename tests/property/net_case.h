/*
 * A network on a machine, compiled twice: the graph before `partition` for the fixed-point
 * interpreter, the image for the emulator. After several kernels every digit and every output must be
 * the same, for variants 1, 2 and 3, and every kernel must take the same cycles.
 */
#ifndef PANTHER_TESTS_NET_CASE_H
#define PANTHER_TESTS_NET_CASE_H

#include "emulator/emulator.h"
#include "passes/passes.h"
#include "random_net.h"

enum { NET_KERNELS = 3 };

typedef struct net_case {
    arena *memory;
    diag *diag;
    machine *machine;
    fidelity fidelity;
    const pass_tuning *tuning; /* NULL: what `tune` chooses by the goal */
    pass_goal goal;
    ir_module *oracle; /* before partition */
    ir_module *placed; /* after all passes */
    image *image;
    uint32_t graph; /* index of the training graph in both */
    int kernels;
    uint64_t seed;
} net_case;

typedef ir_module *net_builder(net_case *c, const void *plan);

/* The builder of a network that is text in the language; plan: the text. */
ir_module *net_case_text(net_case *c, const void *plan);

/* Of "train:net", or of a kernel "net". */
uint32_t net_trained_graph(const ir_module *m);

bool net_case_compile(net_case *c, net_builder *build, const void *plan);
void net_case_run(net_case *c); /* all variants */

#endif
