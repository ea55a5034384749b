/* Formats for the values of a program with one network, by what they are at most. */
#ifndef PANTHER_FRONTEND_CLI_FORMATTER_H
#define PANTHER_FRONTEND_CLI_FORMATTER_H

#include "ir/graph.h"

/* largest: absolute, by number of the op in the graph, which was built from the text. */
typedef struct formatter {
    arena *memory;
    const ir_graph *graph;
    const double *largest;
} formatter;

/* The finest format that holds such values with some to spare. */
int formatter_format(double largest);

/* Whether an op is a layer's product with each example: the deploy block says its format. */
bool formatter_is_product(const ir_op *op);

/* The text with a format at the network's input. */
const char *formatter_input(const formatter *f, const char *text);

/*
 * The text with a format at the first value that its own cannot hold; an expression within a line
 * gets a line of its own. NULL: there is none that this helps.
 */
const char *formatter_next(const formatter *f, const char *text);

/* Warns of values that do not fit their formats all the same. */
void formatter_warn(const formatter *f, diag *d);

#endif
