/* What `compile --emit dot|map` prints: for people, nothing reads it back. */
#ifndef PANTHER_FRONTEND_EMIT_EMIT_H
#define PANTHER_FRONTEND_EMIT_EMIT_H

#include "ir/graph.h"
#include "isa/image.h"
#include "isa/machine.h"

#include <stdio.h>

/*
 * All graphs of a module as one Graphviz digraph. Operations of one core or control thread stand in
 * one box where they are placed, those of one layer before that.
 */
void emit_dot(const ir_module *m, FILE *out);

/*
 * Where an image's matrices are: a table of layers, then every tile in use with its cores and the
 * block that each MCU holds. The image fits the machine (image_fits_machine).
 */
void emit_map(const image *im, const machine *m, FILE *out);

#endif
