/*
 * Formats from sample data: a network is run on examples in real numbers, the binary points of its
 * inputs and layers are put where the largest values fit, and the same examples in fixed point say
 * what that costs each layer.
 */
#ifndef PANTHER_FRONTEND_CLI_CALIBRATE_H
#define PANTHER_FRONTEND_CLI_CALIBRATE_H

#include "emulator/host/safetensors.h"
#include "frontend/cli/cli.h"
#include "ir/graph.h"

/* A layer's matrix products, before what follows them (an activation, a pool). */
typedef struct calibration_row {
    const char *name;
    int q;
    double largest, largest_sum;      /* absolute, in real numbers: of values; of sums on the way */
    double sum_squares, sum_errors;   /* squares of the values, and of their errors */
    uint64_t values, saturated;       /* saturated: at the end of the format's range */
} calibration_row;

typedef struct calibration {
    calibration_row *rows; /* layers in the order of the network; the last one: its first result */
    size_t row_count, row_capacity;
    size_t examples, same_class; /* same_class: the same largest element of the result */
    const char *fidelity;
} calibration;

/*
 * The program's text with formats written into it; it has one network with one input, and path
 * names it in messages. file: examples as records, .npy or CSV. NULL with errors in c->d (status).
 */
const char *calibrate(cli *c, const char *path, const char *text, const safetensors *weights,
                      const char *file, calibration *out, exit_status *status);

/*
 * The largest absolute sum that a product of the engine's last run forms on the way: of one block,
 * and of the tree that adds the blocks. 0 for a matrix that fits one block. calibrate_sums.c
 */
double calibrate_partial_sums(engine *e, const ir_graph *g, const ir_op *op);

void calibration_print(const calibration *k, const char *file, FILE *out);

#endif
