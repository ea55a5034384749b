#include "passes/routing.h"

#include "ir/ring.h"
#include "passes/placing.h"

#include <assert.h>

ir_buffer *routing_buffer(ir_graph *g, const ir_op *store)
{
    ir_buffer *b = ir_graph_buffer(g, ir_get_name(store, IR_ATTR_buffer, ""));
    assert(b && "a store or receive names its ring");
    return b;
}

void routing_label(ir_graph *g, ir_op *op, const ir_op *value)
{
    const char *layer = ir_get_name(value, IR_ATTR_layer, NULL);
    const ir_attr *group = ir_get(value, IR_ATTR_group);
    const ir_attr *part = ir_get(value, IR_ATTR_part);
    if (layer)
        ir_set_name(g, op, IR_ATTR_layer, layer);
    if (group)
        ir_set_int(g, op, IR_ATTR_group, group->value);
    if (part)
        ir_set_int(g, op, IR_ATTR_part, part->value);
    op->where = value->where;
    op->space = value->space;
}

const char *routing_add_buffer(ir_graph *g, arena *memory, const ir_op *value, ir_place tile)
{
    ir_buffer b = { /* one slot until `memory` knows better */
        .name = arena_printf(memory, "%s%zu", ir_ops[value->code].name, g->buffer_count),
        .node = tile.node,
        .tile = tile.tile,
        .words = value->type.lanes,
        .depth = 1,
        .address = -1,
        .points = (uint32_t)ir_grid_points(ir_grid_of(g, value->space)),
    };
    return ir_graph_add_buffer(g, &b)->name;
}

const char *routing_add_maps(ir_graph *g, arena *memory, const ir_op *reader)
{
    ir_buffer b = ir_reader_ring(g, reader);
    b.name = arena_printf(memory, "map%zu", g->buffer_count);
    b.node = reader->place.node;
    b.tile = reader->place.tile;
    b.depth = 1;
    b.address = -1;
    return ir_graph_add_buffer(g, &b)->name;
}

ir_op *routing_store_into(ir_graph *g, ir_op *value, const char *ring)
{
    ir_op *store = ir_op_new(g, value, IR_store, value->type, &value, 1, value->where);
    store->place = placing_core_of(value->place);
    routing_label(g, store, value);
    ir_set_name(g, store, IR_ATTR_buffer, ring);
    return store;
}

ir_op *routing_store(ir_graph *g, arena *memory, ir_op *value)
{
    return routing_store_into(g, value, routing_add_buffer(g, memory, value, value->place));
}

ir_op *routing_load(ir_graph *g, ir_op *source, ir_place core, ir_op *after, bool first)
{
    if (first)
        routing_buffer(g, source)->consumers++;
    ir_op *load = ir_op_new(g, after, IR_load, source->type, &source, 1, source->where);
    load->place = placing_core_of(core);
    routing_label(g, load, source);
    ir_set_name(g, load, IR_ATTR_buffer, ir_get_name(source, IR_ATTR_buffer, ""));
    ir_set_int(g, load, IR_ATTR_take, 1);
    return load;
}
