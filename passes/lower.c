/*
 * lower: only operations with an instruction of their own remain, formats and broadcasts become
 * explicit. In one walk: library functions are expanded, operands brought to the format that the op
 * wants (`convert`) and to its lanes (`bcast`), what is known is folded; then equal ops become one
 * (common.c) and unused ones go. The fixed-point interpreter gives the same bits before and after.
 */
#include "passes/lower.h"

#include "passes/common.h"

static ir_op *lower_op(lowering *l, ir_op *op);

/* A new op, lowered like any other. */
static ir_op *lowered(lowering *l, ir_op *op)
{
    rewrite saved = l->at;
    l->at = rewrite_before(saved.graph, op);
    ir_op *is = lower_op(l, op);
    l->at = saved;
    l->at.after = op;
    return is;
}

ir_op *lower_new(lowering *l, ir_opcode code, ir_type type, size_t count, ir_op *const *args)
{
    return lowered(l, rewrite_op(&l->at, code, type, count, args));
}

ir_op *lower_to_format(lowering *l, ir_op *x, uint8_t q)
{
    if (x->type.q == q)
        return x;
    return lower_new(l, IR_convert, ir_vec(x->type.lanes, q), 1, (ir_op *[]){x});
}

static ir_op *to_lanes(lowering *l, ir_op *x, uint32_t lanes)
{
    if (x->type.lanes == lanes)
        return x;
    return lower_new(l, IR_bcast, ir_vec(lanes, x->type.q), 1, (ir_op *[]){x});
}

/* ---- library functions ---- */

static uint8_t ceil_log2(uint32_t n)
{
    uint8_t bits = 0;
    while (bits < 32 && ((uint64_t)1 << bits) < n)
        bits++;
    return bits;
}

/*
 * exp(x - max x) / sum of these. The exponentials are at most 1 (q14), so their sum fits 16 bits in
 * a format with ceil log2 lanes fewer fraction bits.
 */
static ir_op *lower_softmax(lowering *l, ir_op *op)
{
    enum { Q_EXP = 14 };
    ir_op *x = op->args[0];
    uint32_t lanes = x->type.lanes;
    uint8_t bits = ceil_log2(lanes), q_sum = bits < Q_EXP ? (uint8_t)(Q_EXP - bits) : 0;
    ir_op *most = lower_new(l, IR_maxr, ir_vec(1, x->type.q), 1, (ir_op *[]){x});
    ir_op *below = lower_new(l, IR_sub, x->type, 2, (ir_op *[]){x, most});
    ir_op *e = lower_new(l, IR_exp, ir_vec(lanes, Q_EXP), 1, (ir_op *[]){below});
    ir_op *sum = lower_new(l, IR_sum, ir_vec(1, q_sum), 1, (ir_op *[]){e});
    return lower_new(l, IR_div, op->type, 2, (ir_op *[]){e, sum});
}

/* A port has one format: the smallest of those in which its label is wanted as a vector. */
static uint8_t onehot_format(const ir_graph *g, const ir_op *op)
{
    int64_t port = ir_get_int(op->args[0], IR_ATTR_port, 0);
    uint8_t q = op->type.q;
    IR_EACH(other, g)
        if (other->code == IR_onehot && other->type.q < q &&
            ir_get_int(other->args[0], IR_ATTR_port, 0) == port)
            q = other->type.q;
    return q;
}

/* The host sends the vector instead of the class. */
static ir_op *lower_onehot(lowering *l, ir_op *op)
{
    static const ir_attr_key kept[] = {IR_ATTR_port, IR_ATTR_role, IR_ATTR_label,
                                        IR_ATTR_layout, IR_ATTR_layer};
    const ir_op *label = op->args[0];
    if (label->code != IR_input) {
        diag_error(l->pass->diag, op->where,
                   "not supported: one_hot of a label that is no input, because a core has no "
                   "instruction for it");
        return op;
    }
    ir_type type = ir_vec(op->type.lanes, onehot_format(l->at.graph, op));
    ir_op *input = rewrite_op(&l->at, IR_input, type, 0, NULL);
    input->space = label->space;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        rewrite_copy_attr(l->at.graph, input, label, kept[i]);
    ir_set_int(l->at.graph, input, IR_ATTR_onehot, 1);
    return lower_to_format(l, input, op->type.q);
}

/* maxr and sign have no format of their own: what they give is converted. */
static ir_op *own_format(lowering *l, ir_op *op, uint8_t q)
{
    if (op->type.q == q)
        return op;
    ir_op *own = lower_new(l, op->code, ir_vec(op->type.lanes, q), 1, op->args);
    return lower_to_format(l, own, op->type.q);
}

static ir_op *lower_maxr(lowering *l, ir_op *op)
{
    return own_format(l, op, op->args[0]->type.q);
}

static ir_op *lower_sign(lowering *l, ir_op *op)
{
    return own_format(l, op, 0);
}

static bool is_const(const ir_op *op)
{
    return op->code == IR_const;
}

static double value_of(const ir_op *constant)
{
    const ir_attr *a = ir_get(constant, IR_ATTR_value);
    return a ? a->real : 0;
}

/* A lane of a constant in every lane, or a part of it. */
static ir_op *lower_const_shape(lowering *l, ir_op *op)
{
    const ir_op *x = op->args[0];
    if (x->type.lanes == op->type.lanes)
        return op->args[0];
    return is_const(x) ? rewrite_const(&l->at, value_of(x), op->type.lanes, op->type.q) : op;
}

static ir_op *lower_concat(lowering *l, ir_op *op)
{
    (void)l;
    return op->arg_count == 1 ? op->args[0] : op;
}

static ir_op *lower_output(lowering *l, ir_op *op)
{
    if (op->args[0]->type.kind == IR_LABEL)
        diag_error(l->pass->diag, op->where,
                   "not supported: a label as a result, because a core holds no labels");
    return op;
}

static bool same_space(ir_space a, ir_space b)
{
    return ir_space_within(a, b) && ir_space_within(b, a);
}

/* ---- element-wise ---- */

/* Which operands must have which format; the others are taken as they are. */
typedef enum operand_rule { OPERANDS_ANY, OPERANDS_RESULT, OPERANDS_SMALLER } operand_rule;

typedef struct operand_row {
    operand_rule rule;
    uint32_t first, end; /* arguments it speaks of */
} operand_row;

static const operand_row operand_rows[IR_OPCODES] = {
    [IR_add] = {OPERANDS_RESULT, 0, 2},     [IR_sub] = {OPERANDS_RESULT, 0, 2},
    [IR_min] = {OPERANDS_RESULT, 0, 2},     [IR_max] = {OPERANDS_RESULT, 0, 2},
    [IR_relud] = {OPERANDS_RESULT, 0, 1},   [IR_select] = {OPERANDS_RESULT, 1, 3},
    [IR_neg] = {OPERANDS_RESULT, 0, 1},     [IR_abs] = {OPERANDS_RESULT, 0, 1},
    [IR_relu] = {OPERANDS_RESULT, 0, 1},    [IR_eq] = {OPERANDS_SMALLER, 0, 2},
    [IR_ne] = {OPERANDS_SMALLER, 0, 2},     [IR_lt] = {OPERANDS_SMALLER, 0, 2},
    [IR_le] = {OPERANDS_SMALLER, 0, 2},     [IR_gt] = {OPERANDS_SMALLER, 0, 2},
    [IR_ge] = {OPERANDS_SMALLER, 0, 2},
};

static void set_operand_formats(lowering *l, ir_op *op)
{
    operand_row row = operand_rows[op->code];
    uint8_t q = op->type.q;
    if (row.rule == OPERANDS_SMALLER) {
        uint8_t x = op->args[0]->type.q, y = op->args[1]->type.q;
        q = x < y ? x : y;
    }
    for (uint32_t i = row.first; i < row.end; i++)
        op->args[i] = lower_to_format(l, op->args[i], q);
}

static bool foldable(const ir_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (!is_const(op->args[i]))
            return false;
    return op->arg_count > 0 && !ir_get(op, IR_ATTR_stream);
}

static double folded(const lowering *l, const ir_op *op)
{
    return common_fold(l->pass->memory, &l->pass->module->numerics, op);
}

static ir_op *lower_each(lowering *l, ir_op *op)
{
    if (op->code == IR_convert && op->args[0]->type.q == op->type.q &&
        same_space(op->args[0]->space, op->space))
        return op->args[0];
    set_operand_formats(l, op);
    if (foldable(op)) {
        ir_op *folds = rewrite_const(&l->at, folded(l, op), op->type.lanes, op->type.q);
        folds->space = op->space;
        return folds;
    }
    for (uint32_t i = 0; i < op->arg_count; i++)
        op->args[i] = to_lanes(l, op->args[i], op->type.lanes);
    return op;
}

/* ---- the walk ---- */

static lower_row *const lower_rows[IR_OPCODES] = {
    [IR_softmax] = lower_softmax, [IR_onehot] = lower_onehot,     [IR_maxr] = lower_maxr,
    [IR_sign] = lower_sign,       [IR_bcast] = lower_const_shape, [IR_slice] = lower_const_shape,
    [IR_concat] = lower_concat,   [IR_output] = lower_output,
    [IR_window] = lower_window,   [IR_fold] = lower_fold,         [IR_pool_max] = lower_pool_max,
    [IR_unpool] = lower_unpool,   [IR_pool_sum] = lower_pool_sum, [IR_spread] = lower_spread,
    [IR_total] = lower_total,     [IR_flatten] = lower_flatten,   [IR_unflatten] = lower_unflatten,
};

static ir_op *lower_op(lowering *l, ir_op *op)
{
    ir_op *is = lower_rows[op->code] ? lower_rows[op->code](l, op) : op;
    return is == op && ir_ops[op->code].class == IR_CLASS_EACH ? lower_each(l, op) : is;
}

static void lower_graph(pass_context *c, ir_graph *g)
{
    IR_EACH(op, g) {
        for (uint32_t i = 0; i < op->arg_count; i++)
            if (op->args[i]->scratch)
                op->args[i] = op->args[i]->scratch;
        lowering l = {rewrite_before(g, op), c};
        ir_op *is = lower_op(&l, op);
        op->scratch = is == op ? NULL : is;
    }
    IR_EACH(op, g)
        op->scratch = NULL;
    ir_graph_sweep(g);
    common_merge(c->memory, g);
    ir_graph_sweep(g);
    ir_graph_renumber(g);
}

bool pass_lower(pass_context *c)
{
    int errors = diag_errors(c->diag);
    for (size_t i = 0; i < c->module->graph_count; i++)
        lower_graph(c, c->module->graphs[i]);
    return diag_errors(c->diag) == errors;
}
