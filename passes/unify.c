/*
 * Unify: all products with one matrix in one direction get the same formats, in every kernel of the
 * module, because the shift behind a crossbar's converters belongs to the matrix. Where they differ
 * (a matrix that multiplies pixels in one place and sigmoid outputs in another) operands and results
 * take the smallest number of fraction bits among the uses, which holds all their ranges; results
 * are then converted to the format that was asked for.
 */
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

static product_formats formats_of(const ir_module *m, const ir_matrix *w, ir_opcode code)
{
    product_formats f = {0};
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i])
            if (op->code == code && rewrite_matrix(m->graphs[i], op) == w)
                note(&f, op);
    return f;
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

static void unify_products(ir_module *m, const ir_matrix *w, ir_opcode code)
{
    product_formats f = formats_of(m, w, code);
    if (!f.differ)
        return;
    for (size_t i = 0; i < m->graph_count; i++)
        IR_EACH(op, m->graphs[i])
            if (op->code == code && rewrite_matrix(m->graphs[i], op) == w)
                bring_to(m->graphs[i], op, &f);
}

bool pass_unify(pass_context *c)
{
    for (size_t i = 0; i < c->module->matrix_count; i++) {
        unify_products(c->module, c->module->matrices[i], IR_mvm);
        unify_products(c->module, c->module->matrices[i], IR_mtvm);
    }
    return true;
}
