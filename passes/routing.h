/*
 * Edges of the placed graph that leave a core: the one place that adds rings, stores, loads and
 * packets. Used by `route` (values that change core) and `schedule` (values that outlive an
 * interval, which wait in a ring of their own tile instead of a register).
 */
#ifndef PANTHER_PASSES_ROUTING_H
#define PANTHER_PASSES_ROUTING_H

#include "ir/graph.h"
#include "isa/support/arena.h"

/* The ring that a store or receive fills (they carry its name); valid until the next ring is added. */
ir_buffer *routing_buffer(ir_graph *g, const ir_op *store);

/* A new store of a value into a ring of its producer's tile. */
ir_op *routing_store(ir_graph *g, arena *memory, ir_op *value);

/*
 * A load of what `source` (a store or receive) holds, on a core of the same tile; after `after` in
 * the list of ops. first: the core had no load of it before and becomes a consumer of the ring.
 */
ir_op *routing_load(ir_graph *g, ir_op *source, ir_place core, ir_op *after, bool first);

/* Gives a routing op the layer, group, part, source range and space of the value it carries. */
void routing_label(ir_graph *g, ir_op *op, const ir_op *value);

/* The same into a ring that there is. */
ir_op *routing_store_into(ir_graph *g, ir_op *value, const char *ring);

/* A new ring for a value in a tile; its name (depth, consumers and address are still open). */
const char *routing_add_buffer(ir_graph *g, arena *memory, const ir_op *value, ir_place tile);

/* A new ring of maps for what a reader reads, in the reader's tile. */
const char *routing_add_maps(ir_graph *g, arena *memory, const ir_op *reader);

#endif
