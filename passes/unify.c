/*
 * Unify: all products with one matrix in one direction get the same formats, in every kernel of the
 * module, because the shift behind a crossbar's converters belongs to the matrix. Where they differ
 * (a matrix that multiplies pixels in one place and sigmoid outputs in another) operands and results
 * take the smallest number of fraction bits among the uses, which holds all their ranges; results
 * are then converted to the format that was asked for.
 */
#include "ir/interp.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

typedef struct product_formats {
    uint8_t operand, result; /* the smallest among the uses */
    bool differ, seen;
} product_formats;

static void note(product_formats *f, const ir_op *op)
{
    uint8_t operand = op->args[0]->type.q, result = op->type.q;
    f->differ = f->differ || (f->seen && (operand != f->operand || result != f->result));
    f->operand = f->seen && f->operand < operand ? f->operand : operand;
    f->result = f->seen && f->result < result ? f->result : result;
    f->seen = true;
}

static ir_op *piece_in_format(ir_graph *g, ir_op *user, ir_op *piece, uint8_t q)
{
    if (piece->type.q == q)
        return piece;
    rewrite at = rewrite_before(g, user);
    const ir_attr *value = piece->code == IR_const ? ir_get(piece, IR_ATTR_value) : NULL;
    if (value)
        return rewrite_const(&at, value->real, piece->type.lanes, q);
    return rewrite_op(&at, IR_convert, ir_vec(piece->type.lanes, q), 1, &piece);
}

static void bring_to(ir_graph *g, ir_op *op, const product_formats *f)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        op->args[i] = piece_in_format(g, op, op->args[i], f->operand);
    uint8_t wanted = op->type.q;
    if (wanted == f->result)
        return;
    op->type.q = f->result;
    rewrite after = rewrite_after(g, op);
    ir_op *converted = rewrite_op(&after, IR_convert, ir_vec(op->type.lanes, wanted), 0, NULL);
    converted->space = op->space;
    ir_replace_uses(g, op, converted);
    ir_op_add_arg(g, converted, op);
}

/* Of every matrix: mvm, then mtvm. NULL: the op is no product. */
static product_formats *formats_of(product_formats (*all)[2], const ir_matrix_index *index,
                                   const ir_op *op)
{
    if (op->code != IR_mvm && op->code != IR_mtvm)
        return NULL;
    return &all[ir_matrix_index_of(index, op)][op->code == IR_mtvm];
}

bool pass_unify(pass_context *c)
{
    const ir_module *m = c->module;
    ir_matrix_index *index = ir_matrix_index_new(c->memory, m);
    product_formats(*all)[2] =
        arena_calloc(c->memory, m->matrix_count + 1, sizeof(product_formats[2]));
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i])
            if (formats_of(all, index, op))
                note(formats_of(all, index, op), op);
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i]) {
            const product_formats *f = formats_of(all, index, op);
            if (f && f->differ)
                bring_to(m->graphs[i], op, f);
        }
    return true;
}
