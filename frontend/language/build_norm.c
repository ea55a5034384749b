/*
 * batch_norm with the statistics it was given: y = x scale + shift, where scale = weight /
 * sqrt(var + eps) and shift = bias - mean scale are worked out once per kernel. A parameter is a
 * column of a matrix: weight and bias share one that is trained, mean and var one that is frozen.
 */
#include "frontend/language/build.h"

enum { SCALE_Q = 10 }; /* scales up to 32, in steps of a thousandth */

/* One of the two columns of the matrix that starts with parameter `first`. */
static ir_op *column(builder *b, const pan_op *op, uint32_t first, int number)
{
    ir_matrix *w = build_matrix(b, op->params[first]);
    int q = b->m->numerics.q_activation;
    if (!w)
        return NULL;
    ir_op *inputs[2];
    for (int i = 0; i < 2; i++)
        inputs[i] = build_const(b, i == number, 1, q, op->where);
    ir_type type = ir_vec(w->outputs, (uint8_t)q);
    ir_op *read = ir_op_new(b->g, NULL, IR_mvm, type, inputs, 2, op->where);
    ir_set_name(b->g, read, IR_ATTR_matrix, w->name);
    ir_set_name(b->g, read, IR_ATTR_layer, b->p->layers[op->layer].path);
    return read;
}

static ir_op *binary(builder *b, const pan_op *op, ir_opcode code, ir_op *x, ir_op *y, int q)
{
    uint32_t lanes = x->type.lanes > y->type.lanes ? x->type.lanes : y->type.lanes;
    return build_op(b, code, ir_vec(lanes, (uint8_t)q), op->where, 2, (ir_op *[]){x, y});
}

ir_op *build_batch_norm(builder *b, const pan_op *op)
{
    enum { WEIGHT = 0, MEAN = 2 };
    ir_op *x = build_arg(b, op, 0);
    ir_op *weight = column(b, op, WEIGHT, 0), *bias = column(b, op, WEIGHT, 1);
    ir_op *mean = column(b, op, MEAN, 0), *var = column(b, op, MEAN, 1);
    if (!weight || !mean)
        return NULL;
    ir_op *eps = build_const(b, op->value, 1, build_finest(op->value), op->where);
    ir_op *spread = binary(b, op, IR_add, var, eps, var->type.q);
    ir_op *part = build_op(b, IR_rsqrt, ir_vec(var->type.lanes, SCALE_Q), op->where, 1, &spread);
    ir_op *scale = binary(b, op, IR_mul, weight, part, SCALE_Q);
    ir_op *moved = binary(b, op, IR_mul, mean, scale, op->q);
    ir_op *shift = binary(b, op, IR_sub, bias, moved, op->q);
    return binary(b, op, IR_add, binary(b, op, IR_mul, x, scale, op->q), shift, op->q);
}
