#include "passes/rewrite.h"

rewrite rewrite_before(ir_graph *g, const ir_op *op)
{
    rewrite r = {.graph = g, .after = op->previous};
    rewrite_inherit(&r, op);
    return r;
}

rewrite rewrite_after(ir_graph *g, ir_op *op)
{
    rewrite r = {.graph = g, .after = op};
    rewrite_inherit(&r, op);
    return r;
}

void rewrite_inherit(rewrite *r, const ir_op *op)
{
    r->where = op->where;
    r->layer = ir_get_name(op, IR_ATTR_layer, NULL);
}

ir_op *rewrite_op(rewrite *r, ir_opcode code, ir_type type, size_t count, ir_op *const *args)
{
    ir_op *op = ir_op_new(r->graph, r->after, code, type, args, count, r->where);
    if (!r->after)
        ir_op_move(r->graph, op, NULL);
    if (r->layer)
        ir_set_name(r->graph, op, IR_ATTR_layer, r->layer);
    r->after = op;
    return op;
}

ir_op *rewrite_like(rewrite *r, const ir_op *old, ir_type type, size_t count, ir_op *const *args)
{
    ir_op *op = rewrite_op(r, old->code, type, count, args);
    op->space = old->space;
    for (uint32_t i = 0; i < old->attr_count; i++)
        rewrite_copy_attr(r->graph, op, old, old->attrs[i].key);
    return op;
}

ir_op *rewrite_unary(rewrite *r, ir_opcode code, uint8_t q, ir_op *x)
{
    return rewrite_op(r, code, ir_vec(x->type.lanes, q), 1, (ir_op *[]){x});
}

ir_op *rewrite_binary(rewrite *r, ir_opcode code, uint8_t q, ir_op *x, ir_op *y)
{
    uint32_t lanes = x->type.lanes > y->type.lanes ? x->type.lanes : y->type.lanes;
    return rewrite_op(r, code, ir_vec(lanes, q), 2, (ir_op *[]){x, y});
}

ir_op *rewrite_const(rewrite *r, double value, uint32_t lanes, uint8_t q)
{
    ir_op *op = rewrite_op(r, IR_const, ir_vec(lanes, q), 0, NULL);
    ir_set_real(r->graph, op, IR_ATTR_value, value);
    return op;
}

ir_op *rewrite_bcast(rewrite *r, ir_op *x, uint32_t lanes)
{
    if (x->type.lanes == lanes)
        return x;
    return rewrite_op(r, IR_bcast, ir_vec(lanes, x->type.q), 1, (ir_op *[]){x});
}

ir_op *rewrite_slice(rewrite *r, ir_op *x, uint32_t first, uint32_t lanes)
{
    if (first == 0 && lanes == x->type.lanes)
        return x;
    ir_op *op = rewrite_op(r, IR_slice, ir_vec(lanes, x->type.q), 1, (ir_op *[]){x});
    ir_set_int(r->graph, op, IR_ATTR_first, first);
    return op;
}

ir_op *rewrite_tree(rewrite *r, ir_opcode code, ir_op *const *items, size_t count)
{
    if (count == 1)
        return items[0];
    size_t half = 1;
    while (half * 2 < count)
        half *= 2;
    ir_op *low = rewrite_tree(r, code, items, half);
    ir_op *high = rewrite_tree(r, code, items + half, count - half);
    return rewrite_binary(r, code, low->type.q, low, high);
}

void rewrite_copy_attr(ir_graph *g, ir_op *to, const ir_op *from, ir_attr_key key)
{
    const ir_attr *a = ir_get(from, key);
    if (!a)
        return;
    switch (ir_attr_kinds[key]) {
    case IR_ATTR_INT:
        ir_set_int(g, to, key, a->value);
        break;
    case IR_ATTR_PAIR:
        ir_set_pair(g, to, key, a->value, a->second);
        break;
    case IR_ATTR_REAL:
        ir_set_real(g, to, key, a->real);
        break;
    case IR_ATTR_NAME:
    case IR_ATTR_TEXT:
        ir_set_name(g, to, key, a->text);
        break;
    }
}

ir_matrix *rewrite_matrix(const ir_graph *g, const ir_op *op)
{
    return ir_module_matrix(g->module, ir_get_name(op, IR_ATTR_matrix, ""));
}

uint32_t rewrite_side(const ir_module *m)
{
    const slicing *s = &m->numerics.slices;
    return (uint32_t)(s->rows < s->columns ? s->rows : s->columns);
}
