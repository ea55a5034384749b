/*
 * Names and kinds that graphs and host plan must agree on: entries of the image, batches of test
 * graphs, and how the host gets at the loss.
 */
#ifndef PANTHER_FRONTEND_LANGUAGE_ENTRIES_H
#define PANTHER_FRONTEND_LANGUAGE_ENTRIES_H

#include "frontend/language/program.h"

/* "train:NAME" or a kernel's NAME; the second train block of an item has ".2" behind it. */
const char *pan_train_entry(const pan_program *p, const pan_train *train);

/* "test:NAME" */
const char *pan_test_entry(const pan_program *p, uint32_t item);

/* Examples per test kernel: those of the first train block that trains or tests the network. */
int64_t pan_test_batch(const pan_program *p, uint32_t item);

typedef enum pan_loss {
    PAN_LOSS_NONE,          /* the host does not know it */
    PAN_LOSS_CROSS_ENTROPY, /* of output port 0 and the target */
    PAN_LOSS_MSE,
    PAN_LOSS_OUTPUT,        /* output port 0 is the loss */
} pan_loss;

pan_loss pan_loss_kind(const pan_train *train); /* of a network */

#endif
