#include "passes/gradients.h"

#include "ir/window.h"

#include <math.h>

/* ---- helpers ---- */

/* A number in the largest format up to q15 that holds it. */
static ir_op *number(gradients *t, double v)
{
    int q = 15;
    while (q > 0 && fabs(ldexp(v, q)) > 32767)
        q--;
    return rewrite_const(&t->at, v, 1, (uint8_t)q);
}

/* 1.0 in the format of y, or in the nearest one that can say 1.0. */
static ir_op *one_like(gradients *t, const ir_op *y)
{
    return rewrite_const(&t->at, 1, 1, y->type.q < 14 ? y->type.q : 14);
}

static bool is_number(const ir_op *op, double v)
{
    const ir_attr *value = op->code == IR_const ? ir_get(op, IR_ATTR_value) : NULL;
    return value && value->real == v;
}

uint8_t gradient_format(const gradients *t, const ir_op *value)
{
    return (uint8_t)ir_get_int(value, IR_ATTR_error, t->q_usual);
}

uint8_t gradient_towards(const gradients *t, const ir_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (t->needs[op->args[i]->id])
            return gradient_format(t, op->args[i]);
    return t->q_usual;
}

ir_op *gradient_in_format(gradients *t, ir_op *x)
{
    return x->type.q == t->q_error ? x : rewrite_unary(&t->at, IR_convert, t->q_error, x);
}

/* g * x */
static ir_op *times(gradients *t, ir_op *g, ir_op *x)
{
    if (is_number(g, 1))
        return gradient_in_format(t, x);
    return rewrite_binary(&t->at, IR_mul, t->q_error, g, x);
}

static ir_op *minus(gradients *t, ir_op *g)
{
    if (g->code == IR_const)
        return rewrite_const(&t->at, -ir_get(g, IR_ATTR_value)->real, g->type.lanes, g->type.q);
    return rewrite_unary(&t->at, IR_neg, t->q_error, g);
}

bool gradient_wanted(const gradients *t, const ir_op *op, uint32_t i)
{
    return t->needs[op->args[i]->id];
}

ir_op *gradient_to_lanes(gradients *t, ir_op *g, uint32_t lanes)
{
    if (g->type.lanes == lanes)
        return g;
    if (lanes == 1)
        return rewrite_op(&t->at, IR_sum, ir_vec(1, t->q_error), 1, (ir_op *[]){g});
    if (g->code == IR_const)
        return rewrite_const(&t->at, ir_get(g, IR_ATTR_value)->real, lanes, g->type.q);
    return rewrite_bcast(&t->at, g, lanes);
}

/*
 * Whether `part` runs over rows and columns for all of which there is one `arg`. The read of a
 * parameter takes the error of every position as it is: they add up in the matrix.
 */
static bool stands_for_a_map(const gradients *t, const ir_op *arg, const ir_op *part)
{
    bool product = arg->code == IR_mvm || arg->code == IR_mtvm, read = product && !arg->space.count;
    for (uint32_t i = 0; read && i < arg->arg_count; i++)
        read = !t->needs[arg->args[i]->id];
    for (uint8_t i = 0; !read && i < part->space.count; i++) {
        ir_space one = {1, {part->space.dim[i]}};
        if (t->spatial[part->space.dim[i]] && !ir_space_within(one, arg->space))
            return true;
    }
    return false;
}

static ir_op *total_of(gradients *t, ir_op *map)
{
    ir_type type = ir_vec(map->type.lanes, t->q_error);
    ir_op *total = rewrite_op(&t->at, IR_total, type, 1, (ir_op *[]){map});
    total->space = ir_frame(map->space);
    return total;
}

void gradient_give(gradients *t, const ir_op *op, uint32_t i, ir_op *part)
{
    const ir_op *arg = op->args[i];
    if (!t->needs[arg->id])
        return;
    ir_op *have = t->error[arg->id];
    uint8_t q = gradient_format(t, arg);
    if (stands_for_a_map(t, arg, part))
        part = total_of(t, part);
    else
        part = gradient_leaving(t, arg, part);
    part = gradient_to_lanes(t, part, arg->type.lanes);
    if (!have && part->type.q != q && part->code != IR_const)
        part = rewrite_unary(&t->at, IR_convert, q, part);
    t->error[arg->id] = have ? rewrite_binary(&t->at, IR_add, q, have, part) : part;
}

ir_op *gradient_seed(gradients *t)
{
    return rewrite_const(&t->at, 1, 1, t->q_error);
}

/* ---- no error goes further ---- */

static void gradient_none(gradients *t, ir_op *op, ir_op *g)
{
    (void)t, (void)op, (void)g;
}

/* Constant where it is not undefined, unless it compares with a random number. */
static void gradient_mask(gradients *t, ir_op *op, ir_op *g)
{
    (void)g;
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (t->drawn[op->args[i]->id]) {
            diag_error(t->diag, op->where, "the gradient of bernoulli is not defined");
            return;
        }
}

/* ---- matrices ---- */

bool gradient_trains(const ir_graph *g, const ir_op *op)
{
    int64_t all = (INT64_C(1) << op->arg_count) - 1;
    return !rewrite_matrix(g, op)->frozen && ir_get_int(op, IR_ATTR_still, 0) != all;
}

static void push_update(gradients *t, const ir_op *op, ir_op *g)
{
    gradient_update u = {op, g, t->inside != 0};
    if (gradient_trains(t->at.graph, op))
        ARENA_PUSH(t->at.graph->module->memory, t->updates, t->update_count, t->update_capacity, u);
}

/* The error of the joined operand comes back through the transposed product and is taken apart. */
static void through_matrix(gradients *t, ir_op *op, ir_op *g, ir_opcode back, uint32_t lanes)
{
    push_update(t, op, g);
    bool any = false;
    for (uint32_t i = 0; i < op->arg_count; i++)
        any |= gradient_wanted(t, op, i);
    if (!any)
        return;
    ir_op *joined = rewrite_op(&t->at, back, ir_vec(lanes, t->q_error), 1, (ir_op *[]){g});
    rewrite_copy_attr(t->at.graph, joined, op, IR_ATTR_matrix);
    uint32_t first = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        uint32_t width = op->args[i]->type.lanes;
        if (gradient_wanted(t, op, i))
            gradient_give(t, op, i, rewrite_slice(&t->at, joined, first, width));
        first += width;
    }
}

static void gradient_mvm(gradients *t, ir_op *op, ir_op *g)
{
    through_matrix(t, op, g, IR_mtvm, rewrite_matrix(t->at.graph, op)->inputs);
}

static void gradient_mtvm(gradients *t, ir_op *op, ir_op *g)
{
    through_matrix(t, op, g, IR_mvm, rewrite_matrix(t->at.graph, op)->outputs);
}

/* ---- element-wise, two arguments ---- */

static void gradient_add(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, g);
    gradient_give(t, op, 1, g);
}

static void gradient_sub(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, g);
    if (gradient_wanted(t, op, 1))
        gradient_give(t, op, 1, minus(t, g));
}

static void gradient_mul(gradients *t, ir_op *op, ir_op *g)
{
    for (uint32_t i = 0; i < 2; i++)
        if (gradient_wanted(t, op, i))
            gradient_give(t, op, i, times(t, g, op->args[1 - i]));
}

/* x / y: g / y and -(g (x / y)) / y */
static void gradient_div(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *y = op->args[1];
    if (gradient_wanted(t, op, 0))
        gradient_give(t, op, 0, rewrite_binary(&t->at, IR_div, t->q_error, g, y));
    if (gradient_wanted(t, op, 1)) {
        ir_op *over = rewrite_binary(&t->at, IR_div, t->q_error, times(t, g, op), y);
        gradient_give(t, op, 1, minus(t, over));
    }
}

/* g where the comparison of the arguments says so. */
static void choose(gradients *t, ir_op *op, ir_op *g, uint32_t i, ir_opcode comparison)
{
    if (gradient_wanted(t, op, i)) {
        ir_op *mask = rewrite_binary(&t->at, comparison, 0, op->args[0], op->args[1]);
        gradient_give(t, op, i, times(t, g, mask));
    }
}

static void gradient_min(gradients *t, ir_op *op, ir_op *g)
{
    choose(t, op, g, 0, IR_le);
    choose(t, op, g, 1, IR_gt);
}

static void gradient_max(gradients *t, ir_op *op, ir_op *g)
{
    choose(t, op, g, 0, IR_ge);
    choose(t, op, g, 1, IR_lt);
}

static void gradient_relud(gradients *t, ir_op *op, ir_op *g)
{
    if (gradient_wanted(t, op, 0))
        gradient_give(t, op, 0, rewrite_binary(&t->at, IR_relud, t->q_error, g, op->args[1]));
}

static ir_op *select_error(gradients *t, ir_op *mask, ir_op *yes, ir_op *no)
{
    uint32_t lanes = mask->type.lanes;
    lanes = yes->type.lanes > lanes ? yes->type.lanes : lanes;
    lanes = no->type.lanes > lanes ? no->type.lanes : lanes;
    return rewrite_op(&t->at, IR_select, ir_vec(lanes, t->q_error), 3, (ir_op *[]){mask, yes, no});
}

static void gradient_select(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *zero = rewrite_const(&t->at, 0, 1, t->q_error);
    if (gradient_wanted(t, op, 1))
        gradient_give(t, op, 1, select_error(t, op->args[0], g, zero));
    if (gradient_wanted(t, op, 2))
        gradient_give(t, op, 2, select_error(t, op->args[0], zero, g));
}

/* ---- element-wise, one argument ---- */

static void gradient_neg(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, minus(t, g));
}

static void gradient_abs(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, times(t, g, rewrite_unary(&t->at, IR_sign, 0, op->args[0])));
}

static void gradient_relu(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, gradient_where_positive(t, op, g));
}

/* y (1 - y) */
static void gradient_sigmoid(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *one = one_like(t, op);
    ir_op *rest = rewrite_binary(&t->at, IR_sub, one->type.q, one, op);
    gradient_give(t, op, 0, times(t, g, rewrite_binary(&t->at, IR_mul, one->type.q, op, rest)));
}

/* 1 - y y */
static void gradient_tanh(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *one = one_like(t, op);
    ir_op *square = rewrite_binary(&t->at, IR_mul, one->type.q, op, op);
    gradient_give(t, op, 0, times(t, g, rewrite_binary(&t->at, IR_sub, one->type.q, one, square)));
}

static void gradient_exp(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, times(t, g, op));
}

static void gradient_log(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, rewrite_binary(&t->at, IR_div, t->q_error, g, op->args[0]));
}

/* 1 / (2 y) */
static void gradient_sqrt(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *half = times(t, g, number(t, 0.5));
    gradient_give(t, op, 0, rewrite_binary(&t->at, IR_div, t->q_error, half, op));
}

/* -y / (2 x) */
static void gradient_rsqrt(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *part = times(t, times(t, g, number(t, -0.5)), op);
    gradient_give(t, op, 0, rewrite_binary(&t->at, IR_div, t->q_error, part, op->args[0]));
}

static void gradient_convert(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, g);
}

/* ---- across lanes ---- */

static void gradient_sum(gradients *t, ir_op *op, ir_op *g)
{
    gradient_give(t, op, 0, g);
}

/* Every lane that equals the largest gets the error: usually there is one. */
static void gradient_maxr(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *mask = rewrite_binary(&t->at, IR_eq, 0, op->args[0], op);
    gradient_give(t, op, 0, times(t, g, mask));
}

/* y (g - sum g y) */
static void gradient_softmax(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *mean = gradient_to_lanes(t, times(t, g, op), 1);
    gradient_give(t, op, 0, times(t, rewrite_binary(&t->at, IR_sub, t->q_error, g, mean), op));
}

/* ---- shapes ---- */

static void gradient_slice(gradients *t, ir_op *op, ir_op *g)
{
    const ir_op *x = op->args[0];
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0);
    uint32_t behind = x->type.lanes - first - op->type.lanes;
    ir_op *parts[3];
    size_t count = 0;
    if (first)
        parts[count++] = rewrite_const(&t->at, 0, first, t->q_error);
    parts[count++] = gradient_to_lanes(t, gradient_in_format(t, g), op->type.lanes);
    if (behind)
        parts[count++] = rewrite_const(&t->at, 0, behind, t->q_error);
    ir_type whole = ir_vec(x->type.lanes, t->q_error);
    if (count > 1)
        parts[0] = rewrite_op(&t->at, IR_concat, whole, count, parts);
    gradient_give(t, op, 0, parts[0]);
}

static void gradient_concat(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *whole = gradient_to_lanes(t, g, op->type.lanes);
    uint32_t first = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        uint32_t lanes = op->args[i]->type.lanes;
        if (gradient_wanted(t, op, i))
            gradient_give(t, op, i, rewrite_slice(&t->at, whole, first, lanes));
        first += lanes;
    }
}

/* ---- losses ---- */

/* softmax(z) - y */
static void gradient_cross_entropy(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *p = rewrite_unary(&t->at, IR_softmax, t->q_error, op->args[0]);
    ir_op *error = rewrite_binary(&t->at, IR_sub, t->q_error, p, op->args[1]);
    if (gradient_wanted(t, op, 1))
        diag_error(t->diag, op->where,
                   "not supported: a target of cross_entropy that depends on parameters, because "
                   "its gradient needs the logarithm of the softmax");
    gradient_give(t, op, 0, times(t, g, error));
}

/* 2 (x - y) / n; the difference keeps the range of the arguments */
static void gradient_mse(gradients *t, ir_op *op, ir_op *g)
{
    ir_op *x = op->args[0], *y = op->args[1];
    uint8_t q = x->type.q < y->type.q ? x->type.q : y->type.q;
    ir_op *apart = rewrite_binary(&t->at, IR_sub, q, x, y);
    ir_op *scale = number(t, 2.0 / apart->type.lanes);
    ir_op *error = times(t, g, rewrite_binary(&t->at, IR_mul, t->q_error, apart, scale));
    gradient_give(t, op, 0, error);
    if (gradient_wanted(t, op, 1))
        gradient_give(t, op, 1, minus(t, error));
}

/* ---- the table: a row without a function does not compile ---- */

#define gradient_input gradient_none
#define gradient_const gradient_none
#define gradient_random gradient_none
#define gradient_output gradient_none
#define gradient_opa gradient_none
#define gradient_eq gradient_mask
#define gradient_ne gradient_mask
#define gradient_lt gradient_mask
#define gradient_le gradient_mask
#define gradient_gt gradient_mask
#define gradient_ge gradient_mask
#define gradient_sign gradient_mask
#define gradient_round gradient_convert
#define gradient_bcast gradient_convert
#define gradient_onehot gradient_none
#define gradient_descend gradient_none
#define gradient_unpool gradient_later
#define gradient_tap gradient_later
#define gradient_untap gradient_later
#define gradient_running gradient_later
#define gradient_collect gradient_convert
#define gradient_store gradient_convert
#define gradient_load gradient_convert
#define gradient_send gradient_convert
#define gradient_receive gradient_convert

gradient_row *const gradient_rows[IR_OPCODES] = {
#define OP(name, low, high, class, result, attrs, meaning) [IR_##name] = gradient_##name,
#include "ir/ops.def"
#undef OP
};
