/* Gradients of the ops on maps: each is the adjoint of what the op does to a frame. */
#include "ir/window.h"
#include "passes/gradients.h"

ir_op *gradient_whole(gradients *t, const ir_op *op, ir_op *g)
{
    g = gradient_to_lanes(t, gradient_in_format(t, g), op->type.lanes);
    ir_space all = ir_space_union(t->at.graph, g->space, op->space);
    if (ir_space_within(all, g->space))
        return g;
    ir_op *same = rewrite_unary(&t->at, IR_convert, t->q_error, g);
    same->space = all;
    return same;
}

/* An op on maps with the frames of its first argument and the rows and columns of `like`. */
static ir_op *on_map(gradients *t, ir_opcode code, uint32_t lanes, ir_space like, const ir_op *op,
                     size_t count, ir_op *const *args)
{
    static const ir_attr_key kept[] = {IR_ATTR_kernel, IR_ATTR_stride, IR_ATTR_pad, IR_ATTR_layout};
    ir_op *made = rewrite_op(&t->at, code, ir_vec(lanes, t->q_error), count, args);
    ir_space frame = ir_arg_frame(made, 0);
    made->space = ir_result_side(code) == IR_SIDE_NONE ? frame : ir_over(t->at.graph, frame, like);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        rewrite_copy_attr(t->at.graph, made, op, kept[i]);
    return made;
}

/* The adjoint takes only the error. */
static void through(gradients *t, ir_op *op, ir_op *g, ir_opcode adjoint)
{
    const ir_op *x = op->args[0];
    ir_op *error = gradient_whole(t, op, g);
    gradient_give(t, op, 0, on_map(t, adjoint, x->type.lanes, x->space, op, 1, &error));
}

void gradient_window(gradients *t, ir_op *op, ir_op *g)
{
    through(t, op, g, IR_fold);
}

void gradient_fold(gradients *t, ir_op *op, ir_op *g)
{
    through(t, op, g, IR_window);
}

void gradient_pool_max(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *x = op->args[0], *args[] = {gradient_whole(t, op, g), x, op};
    gradient_give(t, op, 0, on_map(t, IR_unpool, x->type.lanes, x->space, op, 3, args));
}

ir_op *gradient_where_positive(gradients *t, ir_op *op, ir_op *g)
{
    if (g->code != IR_unpool || g->args[1] != op)
        return rewrite_binary(&t->at, IR_relud, t->q_error, g, op);
    ir_op *z = g->args[2], *error = rewrite_binary(&t->at, IR_relud, t->q_error, g->args[0], z);
    ir_op *args[] = {error, op, z};
    return on_map(t, IR_unpool, op->type.lanes, op->space, g, 3, args);
}

void gradient_later(gradients *t, ir_op *op, ir_op *g)
{
    (void)g;
    diag_error(
        t->diag, op->where,
        "not supported: a gradient through %s, because only backward graphs and later passes "
        "have it",
        ir_ops[op->code].name);
}

void gradient_pool_sum(gradients *t, ir_op *op, ir_op *g)
{
    through(t, op, g, IR_spread);
}

void gradient_spread(gradients *t, ir_op *op, ir_op *g)
{
    through(t, op, g, IR_pool_sum);
}

/* A part of a vector, or a vector in parts, is what passes make of one. */
static void through_vector(gradients *t, ir_op *op, ir_op *g, ir_opcode adjoint)
{
    if (op->arg_count > 1 || ir_get(op, IR_ATTR_first))
        gradient_later(t, op, g);
    else
        through(t, op, g, adjoint);
}

void gradient_flatten(gradients *t, ir_op *op, ir_op *g)
{
    through_vector(t, op, g, IR_unflatten);
}

void gradient_unflatten(gradients *t, ir_op *op, ir_op *g)
{
    through_vector(t, op, g, IR_flatten);
}

/* Every pixel gets the error, which needs no operation: it is the same at all points of the map. */
void gradient_total(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, g);
}
