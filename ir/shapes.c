#include "ir/verify.h"

#include "ir/window.h"
#include "isa/support/fixed.h"

/*
 * Types of ops. First the rule of the row (ops.def, `result`), then what is particular to an op.
 * The arguments exist and are sound, and so are the attributes.
 */

static bool type_sound(ir_check *c, const ir_op *op)
{
    ir_type t = op->type;
    bool value = t.kind != IR_NONE;
    if (value != (ir_ops[op->code].result != IR_RESULT_NONE)) {
        ir_fail_op(c, op, value ? "has no result, but it has a type" : "has a result, but no type");
        return false;
    }
    if (value && (t.lanes < 1 || t.lanes > IR_LANES_MAX)) {
        ir_fail_op(c, op, "has %u lanes; a vector has 1 to %d", t.lanes, IR_LANES_MAX);
        return false;
    }
    if (t.q > FIXED_MAX_Q) {
        ir_fail_op(c, op, "has format q%u; formats go from q0 to q%d", t.q, FIXED_MAX_Q);
        return false;
    }
    if (t.kind == IR_LABEL && op->code != IR_input && ir_ops[op->code].class != IR_CLASS_ROUTE) {
        ir_fail_op(c, op, "cannot make a label");
        return false;
    }
    return true;
}

/* Labels only travel, until `onehot` makes a vector of them. */
static bool kinds_sound(ir_check *c, const ir_op *op)
{
    bool travels = ir_ops[op->code].class == IR_CLASS_ROUTE || op->code == IR_output;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        bool label = op->args[i]->type.kind == IR_LABEL;
        if (travels || label == (op->code == IR_onehot))
            continue;
        ir_fail_op(c, op, "argument %u must be a %s", i + 1, label ? "vector" : "label");
        return false;
    }
    return true;
}

static uint32_t widest(const ir_op *op)
{
    uint32_t lanes = 1;
    for (uint32_t i = 0; i < op->arg_count; i++)
        lanes = op->args[i]->type.lanes > lanes ? op->args[i]->type.lanes : lanes;
    return lanes;
}

static void check_lanes(ir_check *c, const ir_op *op)
{
    uint32_t lanes = widest(op);
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (op->args[i]->type.lanes != lanes && op->args[i]->type.lanes != 1) {
            ir_fail_op(c, op, "arguments of %u and %u lanes do not fit", op->args[i]->type.lanes,
                       lanes);
            return;
        }
    if (op->type.lanes != lanes)
        ir_fail_op(c, op, "makes %u lanes, but its type says %u", lanes, op->type.lanes);
}

static void check_format(ir_check *c, const ir_op *op, uint8_t q)
{
    if (op->type.q != q)
        ir_fail_op(c, op, "makes format q%u, but its type says q%u", q, op->type.q);
}

static void rule_free(ir_check *c, const ir_op *op)
{
    (void)c;
    (void)op;
}

static void rule_sameq(ir_check *c, const ir_op *op)
{
    if (ir_ops[op->code].class != IR_CLASS_SHAPE)
        check_lanes(c, op);
    check_format(c, op, op->args[0]->type.q);
}

static void rule_mask(ir_check *c, const ir_op *op)
{
    check_lanes(c, op);
    check_format(c, op, 0);
}

static void rule_one(ir_check *c, const ir_op *op)
{
    if (op->type.lanes != 1)
        ir_fail_op(c, op, "makes one lane, but its type says %u", op->type.lanes);
}

typedef void type_rule(ir_check *c, const ir_op *op);
static type_rule *const rules[] = {
    [IR_RESULT_NONE] = rule_free,   [IR_RESULT_FREE] = rule_free, [IR_RESULT_SAME] = check_lanes,
    [IR_RESULT_SAMEQ] = rule_sameq, [IR_RESULT_MASK] = rule_mask, [IR_RESULT_ONE] = rule_one,
};

/* ---- matrices ---- */

bool ir_check_matrix(ir_check *c, const ir_op *op, const ir_matrix **w, ir_block *part)
{
    const char *name = ir_get_name(op, IR_ATTR_matrix, "");
    const ir_attr *block = ir_get(op, IR_ATTR_block);
    *w = ir_named_find(c->matrices, name);
    if (!*w) {
        ir_fail_op(c, op, "there is no matrix '%s'", name);
        return false;
    }
    *part = (ir_block){0, 0, (*w)->inputs, (*w)->outputs};
    if (block)
        *part = ir_matrix_block(c->m, *w, (uint32_t)block->value, (uint32_t)block->second);
    if (block && !part->inputs) {
        ir_fail_op(c, op, "'%s' has %u x %u blocks and no block (%lld, %lld)", name,
                   ir_block_rows(c->m, *w), ir_block_columns(c->m, *w), (long long)block->value,
                   (long long)block->second);
        return false;
    }
    return true;
}

/* Arguments first..end as one operand: together so many lanes, all of one format, which is returned. */
static uint8_t check_operand(ir_check *c, const ir_op *op, uint32_t first, uint32_t end,
                             uint32_t lanes, const char *what)
{
    uint64_t sum = 0;
    uint8_t q = op->args[first]->type.q;
    for (uint32_t i = first; i < end; i++) {
        sum += op->args[i]->type.lanes;
        if (op->args[i]->type.q != q)
            ir_fail_op(c, op, "the %s mixes formats q%u and q%u", what, q, op->args[i]->type.q);
    }
    if (sum != lanes)
        ir_fail_op(c, op, "the %s has %llu lanes, but '%s' takes %u", what, (unsigned long long)sum,
                   ir_get_name(op, IR_ATTR_matrix, ""), lanes);
    return q;
}

static void check_placed_block(ir_check *c, const ir_op *op, const ir_matrix *w)
{
    const ir_attr *block = ir_get(op, IR_ATTR_block);
    if (!w->blocks || !block || op->place.mcu < 0)
        return;
    size_t index = (size_t)block->value * ir_block_columns(c->m, w) + (size_t)block->second;
    ir_place at = w->blocks[index], is = op->place;
    if (at.node != is.node || at.tile != is.tile || at.core != is.core || at.mcu != is.mcu)
        ir_fail_op(c, op, "is placed elsewhere than its block of '%s'", w->name);
}

static void check_product(ir_check *c, const ir_op *op)
{
    const ir_matrix *w;
    ir_block part;
    if (!ir_check_matrix(c, op, &w, &part))
        return;
    bool forward = op->code == IR_mvm;
    uint32_t made = forward ? part.outputs : part.inputs;
    check_operand(c, op, 0, op->arg_count, forward ? part.inputs : part.outputs, "operand");
    if (op->type.lanes != made)
        ir_fail_op(c, op, "'%s' makes %u lanes, but the type says %u", w->name, made,
                   op->type.lanes);
    check_placed_block(c, op, w);
}

static void check_opa(ir_check *c, const ir_op *op)
{
    const ir_matrix *w;
    ir_block part;
    int64_t columns = ir_get_int(op, IR_ATTR_ncol, 0);
    if (!ir_check_matrix(c, op, &w, &part))
        return;
    if (columns >= op->arg_count) {
        ir_fail_op(c, op, "'ncol' is %lld, which leaves no row operand", (long long)columns);
        return;
    }
    uint32_t split = (uint32_t)columns;
    uint8_t column = check_operand(c, op, 0, split, part.outputs, "column operand");
    uint8_t row = check_operand(c, op, split, op->arg_count, part.inputs, "row operand");
    if (column + row != w->q)
        ir_fail_op(c, op, "operands of q%u and q%u do not land on the grid q%u of '%s'", column,
                   row, w->q, w->name);
    if (w->frozen)
        ir_fail_op(c, op, "'%s' is frozen and cannot be updated", w->name);
    check_placed_block(c, op, w);
}

/* ---- shapes ---- */

static void check_slice(ir_check *c, const ir_op *op)
{
    int64_t first = ir_get_int(op, IR_ATTR_first, 0);
    if (first + op->type.lanes > op->args[0]->type.lanes)
        ir_fail_op(c, op, "lanes %lld to %lld of a vector of %u lanes", (long long)first,
                   (long long)(first + op->type.lanes - 1), op->args[0]->type.lanes);
}

static void check_concat(ir_check *c, const ir_op *op)
{
    uint64_t lanes = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        lanes += op->args[i]->type.lanes;
        if (op->args[i]->type.q != op->type.q)
            ir_fail_op(c, op, "argument %u has format q%u, the result q%u", i + 1,
                       op->args[i]->type.q, op->type.q);
    }
    if (lanes != op->type.lanes)
        ir_fail_op(c, op, "makes %llu lanes, but its type says %u", (unsigned long long)lanes,
                   op->type.lanes);
}

static void check_bcast(ir_check *c, const ir_op *op)
{
    if (op->args[0]->type.lanes != 1)
        ir_fail_op(c, op, "takes one lane, found %u", op->args[0]->type.lanes);
}

static void check_onehot(ir_check *c, const ir_op *op)
{
    if (op->args[0]->type.lanes != op->type.lanes)
        ir_fail_op(c, op, "a label of %u classes makes %u lanes, but the type says %u",
                   op->args[0]->type.lanes, op->args[0]->type.lanes, op->type.lanes);
}

/* ---- others ---- */

static void check_random(ir_check *c, const ir_op *op)
{
    check_format(c, op, 15);
}

static void check_equal_args(ir_check *c, const ir_op *op)
{
    if (op->args[0]->type.lanes != op->args[1]->type.lanes)
        ir_fail_op(c, op, "arguments of %u and %u lanes do not fit", op->args[0]->type.lanes,
                   op->args[1]->type.lanes);
}

static void check_descend(ir_check *c, const ir_op *op)
{
    for (uint32_t i = 0; i < 2; i++)
        if (op->args[i]->type.lanes != 1)
            ir_fail_op(c, op, "argument %u must have one lane, found %u", i + 1,
                       op->args[i]->type.lanes);
}

static const ir_buffer *check_buffer(ir_check *c, const ir_op *op)
{
    const char *name = ir_get_name(op, IR_ATTR_buffer, NULL);
    const ir_buffer *b = name ? ir_named_find(c->buffers, name) : NULL;
    if (name && !b)
        ir_fail_op(c, op, "there is no buffer '%s'", name);
    if (b && op->place.tile >= 0 && b->tile >= 0 &&
        (op->place.tile != b->tile || op->place.node != b->node))
        ir_fail_op(c, op, "is on node %d tile %d, but the ring '%s' is on node %d tile %d",
                   op->place.node, op->place.tile, name, b->node, b->tile);
    return b;
}

/* Into a ring: it is long enough. */
static void check_fill(ir_check *c, const ir_op *op)
{
    const ir_buffer *b = check_buffer(c, op);
    uint32_t words = op->type.kind == IR_LABEL ? 1 : op->type.lanes;
    if (b && words > b->words)
        ir_fail_op(c, op, "%u words do not fit the %u words of a slot of '%s'", words, b->words,
                   b->name);
}

/* Out of a ring: it is the one that was filled. */
static void check_drain(ir_check *c, const ir_op *op)
{
    const ir_buffer *b = check_buffer(c, op);
    const char *filled = ir_get_name(op->args[0], IR_ATTR_buffer, NULL);
    if (b && filled && ir_named_find(c->buffers, filled) != b)
        ir_fail_op(c, op, "reads the ring '%s', but its value is in '%s'", b->name, filled);
}

static void check_identity(ir_check *c, const ir_op *op)
{
    ir_type a = op->args[0]->type, b = op->type;
    if (a.kind != b.kind || a.lanes != b.lanes || a.q != b.q)
        ir_fail_op(c, op, "must have the type of its argument");
    (op->code == IR_load || op->code == IR_send ? check_drain : check_fill)(c, op);
}

static type_rule *const particular[IR_OPCODES] = {
    [IR_mvm] = check_product,    [IR_mtvm] = check_product,
    [IR_opa] = check_opa,        [IR_random] = check_random,
    [IR_sign] = check_lanes,     [IR_slice] = check_slice,
    [IR_concat] = check_concat,  [IR_bcast] = check_bcast,
    [IR_onehot] = check_onehot,  [IR_cross_entropy] = check_equal_args,
    [IR_mse] = check_equal_args, [IR_descend] = check_descend,
    [IR_store] = check_identity, [IR_load] = check_identity,
    [IR_send] = check_identity,  [IR_receive] = check_identity,
};

void ir_check_types(ir_check *c, const ir_op *op)
{
    if (!type_sound(c, op) || !kinds_sound(c, op))
        return;
    rules[ir_ops[op->code].result](c, op);
    if (particular[op->code])
        particular[op->code](c, op);
    if (ir_is_spatial(op->code))
        ir_check_space(c, op);
}
