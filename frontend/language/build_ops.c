/*
 * Ops of bodies as ops of the graph IR: one function per kind, found by table. A map is a stream
 * over its positions (build_maps.c); of a seq every step has ops of its own (build_steps.c).
 */
#include "frontend/language/build.h"

#include <math.h>

/* ---- helpers ---- */

ir_op *build_refuse(builder *b, source_range where, const char *what, const char *why)
{
    diag_error(b->d, where, "not supported yet: %s, because %s", what, why);
    b->failed = true;
    return NULL;
}

int64_t build_elements(const pan_type *t)
{
    return t->kind == PAN_LABEL ? t->dim[0] : pan_type_positions(t) * pan_type_width(t);
}

int64_t build_lanes(const pan_type *t)
{
    bool stream = t->kind == PAN_MAP || t->kind == PAN_SEQ;
    return stream ? pan_type_width(t) : build_elements(t);
}

static ir_type type_of(const pan_op *op)
{
    return ir_vec((uint32_t)build_lanes(&op->type), (uint8_t)op->q);
}

ir_op *build_arg(const builder *b, const pan_op *op, uint32_t i)
{
    const build_value *v = &b->values[op->args[i]];
    return v->steps ? v->steps[b->step] : v->op;
}

const pan_op *build_arg_op(const builder *b, const pan_op *op, uint32_t i)
{
    return &b->body->ops[op->args[i]];
}

/* A new op that belongs to the layer of its first argument that has one, as does its error. */
ir_op *build_op(builder *b, ir_opcode code, ir_type type, source_range where, size_t count,
                   ir_op *const *args)
{
    ir_op *op = ir_op_new(b->g, NULL, code, type, args, count, where);
    for (size_t i = 0; i < count; i++) {
        const char *layer = ir_get_name(args[i], IR_ATTR_layer, NULL);
        if (!layer)
            continue;
        ir_set_name(b->g, op, IR_ATTR_layer, layer);
        if (ir_get(args[i], IR_ATTR_error))
            ir_set_int(b->g, op, IR_ATTR_error, ir_get_int(args[i], IR_ATTR_error, 0));
        break;
    }
    return op;
}

void build_error_format(builder *b, const pan_op *op, ir_op *made)
{
    const pan_op *norm = build_norm_of(b, op);
    int q = norm ? pan_op_format(b->p, norm, PAN_FORMAT_ERROR) : -1;
    q = q >= 0 ? q : pan_op_format(b->p, op, PAN_FORMAT_ERROR);
    if (q >= 0)
        ir_set_int(b->g, made, IR_ATTR_error, q);
}

ir_op *build_to_format(builder *b, ir_op *x, int q, source_range where)
{
    if (x->type.q == q)
        return x;
    return build_op(b, IR_convert, ir_vec(x->type.lanes, (uint8_t)q), where, 1, (ir_op *[]){x});
}

ir_op *build_const(builder *b, double value, uint32_t lanes, int q, source_range where)
{
    ir_op *op = ir_op_new(b->g, NULL, IR_const, ir_vec(lanes, (uint8_t)q), NULL, 0, where);
    ir_set_real(b->g, op, IR_ATTR_value, value);
    return op;
}

ir_op *build_onehot(builder *b, ir_op *label, int q, source_range where)
{
    ir_type type = ir_vec(label->type.lanes, (uint8_t)q);
    return build_op(b, IR_onehot, type, where, 1, (ir_op *[]){label});
}

/* The largest format that holds a number. */
int build_finest(double v)
{
    int q = 31;
    while (q > 0 && fabs(ldexp(v, q)) > 32767)
        q--;
    return q;
}

/* ---- sources ---- */

static ir_op *build_constant(builder *b, const pan_op *op)
{
    return build_const(b, op->value, (uint32_t)build_lanes(&op->type), op->q, op->where);
}

ir_op *build_product(builder *b, const pan_op *op, ir_opcode code, ir_matrix *w, ir_type type,
                     size_t count, ir_op *const *args, const char *layer)
{
    ir_op *y = ir_op_new(b->g, NULL, code, type, args, count, op->where);
    ir_set_name(b->g, y, IR_ATTR_matrix, w->name);
    ir_set_name(b->g, y, IR_ATTR_layer, layer);
    build_error_format(b, op, y);
    if (op->code == PAN_MATVEC || op->code == PAN_PARAM || op->code == PAN_DENSE ||
        op->code == PAN_CONV2D)
        build_still(b, y, op->params, op->param_count);
    return y;
}

static ir_op *build_param(builder *b, const pan_op *op)
{
    ir_matrix *w = build_matrix(b, op->params[0]);
    ir_op *one = build_const(b, 1, 1, b->m->numerics.q_activation, op->where);
    return w ? build_product(b, op, IR_mvm, w, type_of(op), 1, &one, w->name) : NULL;
}

/* ---- matrices ---- */

/* A product with x and the last column of the matrix, which 1.0 in the format of x drives. */
static ir_op *product_and_bias(builder *b, const pan_op *op, ir_matrix *w, ir_op *x, ir_type type,
                               const char *layer)
{
    ir_op *args[2] = {x, NULL};
    if (x->type.q > 14) /* q15 does not hold 1.0 */
        args[0] = build_to_format(b, x, 14, op->where);
    args[1] = build_const(b, 1, 1, args[0]->type.q, op->where);
    return build_product(b, op, IR_mvm, w, type, 2, args, layer);
}

static ir_op *build_matvec(builder *b, const pan_op *op)
{
    ir_matrix *w = build_matrix(b, op->params[0]);
    ir_op *x = build_arg(b, op, 0);
    ir_opcode code = op->transposed ? IR_mtvm : IR_mvm;
    ir_type type = ir_vec((uint32_t)build_lanes(&op->type), build_result_q(b, op));
    if (w && build_norm_of(b, op))
        return product_and_bias(b, op, w, x, type, w->name);
    if (w && build_is_zero(x))
        return build_const(b, 0, type.lanes, op->q, op->where);
    return w ? build_product(b, op, code, w, type, 1, &x, w->name) : NULL;
}

ir_op *build_layer(builder *b, const pan_op *op, ir_matrix *w, ir_op *x, ir_type type)
{
    const char *layer = b->p->layers[op->layer].path;
    if (op->param_count == 1 && !build_norm_of(b, op))
        return build_product(b, op, IR_mvm, w, type, 1, &x, layer);
    return product_and_bias(b, op, w, x, type, layer);
}

static ir_op *build_dense(builder *b, const pan_op *op)
{
    ir_matrix *w = build_matrix(b, op->params[0]);
    ir_type type = ir_vec((uint32_t)build_lanes(&op->type), build_result_q(b, op));
    return w ? build_layer(b, op, w, build_arg(b, op, 0), type) : NULL;
}

static ir_op *build_update(builder *b, const pan_op *op)
{
    uint32_t param = op->params[0];
    ir_matrix *w = build_matrix(b, param);
    if (!w || build_frozen(b->p, b->train, param))
        return NULL;
    ir_op *args[2] = {build_arg(b, op, 0), NULL};
    args[1] = op->arg_count == 2 ? build_arg(b, op, 1)
                                 : build_const(b, 1, 1, b->m->numerics.q_activation, op->where);
    if (build_is_zero(args[0]) || build_is_zero(args[1]))
        return NULL;
    ir_op *opa = ir_op_new(b->g, NULL, IR_opa, ir_no_type, args, 2, op->where);
    ir_set_name(b->g, opa, IR_ATTR_matrix, w->name);
    ir_set_name(b->g, opa, IR_ATTR_layer, w->name);
    ir_set_int(b->g, opa, IR_ATTR_ncol, 1);
    return NULL;
}

/* ---- element-wise ---- */

static const ir_opcode plain_codes[PAN_OPCODES] = {
    [PAN_RELU] = IR_relu, [PAN_SIGMOID] = IR_sigmoid, [PAN_TANH] = IR_tanh, [PAN_EXP] = IR_exp,
    [PAN_LOG] = IR_log,   [PAN_SQRT] = IR_sqrt,       [PAN_ABS] = IR_abs,   [PAN_SIGN] = IR_sign,
    [PAN_NEG] = IR_neg,   [PAN_CAST] = IR_convert,    [PAN_MIN] = IR_min,   [PAN_MAX] = IR_max,
    [PAN_ADD] = IR_add,   [PAN_SUB] = IR_sub,         [PAN_MUL] = IR_mul,   [PAN_DIV] = IR_div,
    [PAN_LT] = IR_lt,     [PAN_GT] = IR_gt,           [PAN_LE] = IR_le,     [PAN_GE] = IR_ge,
    [PAN_EQ] = IR_eq,     [PAN_NE] = IR_ne,
};

/* What a sum or product is of which one side is 0, as at the first step of a scan; or NULL. */
static ir_op *with_zero(builder *b, const pan_op *op, ir_op *const *args)
{
    uint32_t lanes = (uint32_t)build_lanes(&op->type);
    bool first = build_is_zero(args[0]), second = op->arg_count == 2 && build_is_zero(args[1]);
    bool follows = op->code == PAN_NEG || op->code == PAN_CAST;
    if ((op->code == PAN_MUL && (first || second)) || (follows && first))
        return build_const(b, 0, lanes, op->q, op->where);
    const ir_op *other = second ? args[0] : args[1];
    if ((op->code != PAN_ADD || !(first || second)) && (op->code != PAN_SUB || !second))
        return NULL;
    return other->type.lanes == lanes ? build_to_format(b, args[second ? 0 : 1], op->q, op->where)
                                      : NULL;
}

static ir_op *build_plain(builder *b, const pan_op *op)
{
    ir_type type = type_of(op);
    bool mask = op->code >= PAN_LT && op->code <= PAN_NE;
    type.q = mask ? 0 : type.q;
    ir_op *args[2] = {NULL, NULL};
    for (uint32_t i = 0; i < op->arg_count; i++)
        args[i] = build_arg(b, op, i);
    ir_op *known = with_zero(b, op, args);
    if (known)
        return known;
    ir_op *y = build_op(b, plain_codes[op->code], type, op->where, op->arg_count, args);
    return build_to_format(b, y, op->q, op->where);
}

/* x where x > 0, else slope * x */
static ir_op *build_leaky_relu(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    ir_type type = type_of(op);
    ir_op *zero = build_const(b, 0, 1, x->type.q, op->where);
    ir_op *slope = build_const(b, op->value, 1, build_finest(op->value), op->where);
    ir_op *above = build_op(b, IR_gt, ir_vec(type.lanes, 0), op->where, 2, (ir_op *[]){x, zero});
    ir_op *low = build_op(b, IR_mul, type, op->where, 2, (ir_op *[]){x, slope});
    return build_op(b, IR_select, type, op->where, 3, (ir_op *[]){above, x, low});
}

static ir_op *build_clamp(builder *b, const pan_op *op)
{
    ir_op *low = build_arg(b, op, 1), *high = build_arg(b, op, 2), *x = build_arg(b, op, 0);
    uint32_t lanes = x->type.lanes > low->type.lanes ? x->type.lanes : low->type.lanes;
    ir_op *above = build_op(b, IR_max, ir_vec(lanes, (uint8_t)op->q), op->where, 2,
                        (ir_op *[]){x, low});
    return build_op(b, IR_min, type_of(op), op->where, 2, (ir_op *[]){above, high});
}

static ir_op *build_where(builder *b, const pan_op *op)
{
    return build_op(b, IR_select, type_of(op), op->where, 3,
                (ir_op *[]){build_arg(b, op, 0), build_arg(b, op, 1), build_arg(b, op, 2)});
}

/* 1 where a random number in [0, 1) is below p. Blocks of a vector use streams of their own. */
static ir_op *build_bernoulli(builder *b, const pan_op *op)
{
    ir_op *p = build_arg(b, op, 0);
    uint32_t lanes = p->type.lanes, side = (uint32_t)b->m->numerics.slices.columns;
    ir_op *drawn = ir_op_new(b->g, NULL, IR_random, ir_vec(lanes, 15), NULL, 0, op->where);
    drawn->space = p->space.count ? p->space : b->each;
    ir_set_int(b->g, drawn, IR_ATTR_stream, b->streams);
    b->streams += side ? (lanes + side - 1) / side : 1;
    ir_op *below = build_op(b, IR_lt, ir_vec(lanes, 0), op->where, 2, (ir_op *[]){drawn, p});
    return build_to_format(b, below, op->q, op->where);
}

/* ---- across elements ---- */

static ir_op *build_softmax(builder *b, const pan_op *op)
{
    return build_op(b, IR_softmax, type_of(op), op->where, 1, (ir_op *[]){build_arg(b, op, 0)});
}

static ir_op *sum_of(builder *b, const pan_op *op, ir_op *x, int q)
{
    return build_op(b, IR_sum, ir_vec(1, (uint8_t)q), op->where, 1, (ir_op *[]){x});
}

static ir_op *build_sum(builder *b, const pan_op *op)
{
    return sum_of(b, op, build_arg(b, op, 0), op->q);
}

/* The sum gets as many fewer fraction bits as it can need more whole ones. */
static ir_op *build_mean(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    double part = 1.0 / x->type.lanes;
    int bits = (int)ceil(log2(x->type.lanes));
    ir_op *sum = sum_of(b, op, x, x->type.q > bits ? x->type.q - bits : 0);
    ir_op *scale = build_const(b, part, 1, build_finest(part), op->where);
    return build_op(b, IR_mul, type_of(op), op->where, 2, (ir_op *[]){sum, scale});
}

static ir_op *build_dot(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0), *y = build_arg(b, op, 1);
    ir_op *products = build_op(b, IR_mul, ir_vec(x->type.lanes, (uint8_t)op->q), op->where, 2,
                           (ir_op *[]){x, y});
    return sum_of(b, op, products, op->q);
}

/* ---- shapes ---- */

static ir_op *build_slice(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    ir_type type = ir_vec((uint32_t)build_lanes(&op->type), x->type.q);
    ir_op *part = build_op(b, IR_slice, type, op->where, 1, &x);
    ir_set_int(b->g, part, IR_ATTR_first, op->index);
    return build_to_format(b, part, op->q, op->where);
}

static ir_op *build_concat(builder *b, const pan_op *op)
{
    ir_op **args = ARENA_ARRAY(b->m->memory, ir_op *, op->arg_count);
    for (uint32_t i = 0; i < op->arg_count; i++)
        args[i] = build_to_format(b, build_arg(b, op, i), op->q, op->where);
    return build_op(b, IR_concat, type_of(op), op->where, op->arg_count, args);
}

static ir_op *build_one_hot(builder *b, const pan_op *op)
{
    return build_onehot(b, build_arg(b, op, 0), op->q, op->where);
}

/* ---- losses ---- */

static ir_op *build_loss(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0), *y = build_arg(b, op, 1);
    bool entropy = op->code == PAN_CROSS_ENTROPY;
    if (build_arg_op(b, op, 0)->type.kind == PAN_MAP) {
        x = build_flatten(b, x, op->where);
        y = build_flatten(b, y, op->where);
    }
    if (y->type.kind == IR_LABEL)
        y = build_onehot(b, y, entropy ? b->m->numerics.q_error : x->type.q, op->where);
    return build_op(b, entropy ? IR_cross_entropy : IR_mse, type_of(op), op->where, 2,
                (ir_op *[]){x, y});
}

static void build_loss_seq(builder *b, const pan_op *op, build_value *to)
{
    to->op = build_mean_loss(b, op, build_loss);
}

static void build_input(builder *b, const pan_op *op, build_value *to)
{
    *to = b->inputs[op->index];
}

/* ---- the table ---- */

typedef struct build_row {
    build_function *build; /* of one example, or one step of a seq */
    build_seq_function *whole; /* of all steps together */
} build_row;

static const build_row build_rows[PAN_OPCODES] = {
    [PAN_INPUT] = {NULL, build_input},
    [PAN_CONST] = {build_constant, 0},
    [PAN_PARAM] = {build_param, 0},
    [PAN_MATVEC] = {build_matvec, 0},
    [PAN_CAST] = {build_plain, 0},
    [PAN_DENSE] = {build_dense, 0},
    [PAN_CONV2D] = {build_conv2d, 0},
    [PAN_BATCH_NORM] = {build_batch_norm, 0},
    [PAN_RNN] = {NULL, build_recurrent},
    [PAN_LSTM] = {NULL, build_recurrent},
    [PAN_GRU] = {NULL, build_recurrent},
    [PAN_MAX_POOL] = {build_max_pool, 0},
    [PAN_AVG_POOL] = {build_avg_pool, 0},
    [PAN_GLOBAL_AVG_POOL] = {build_global_avg_pool, 0},
    [PAN_FLATTEN] = {build_reshape, 0},
    [PAN_RESHAPE] = {build_reshape, build_reshape_seq},
    [PAN_CONCAT] = {build_concat, 0},
    [PAN_LAST] = {NULL, build_last},
    [PAN_REVERSE] = {NULL, build_reverse},
    [PAN_ONE_HOT] = {build_one_hot, 0},
    [PAN_PATCHES] = {build_patches, 0},
    [PAN_FOLD] = {build_fold, 0},
    [PAN_SLICE] = {build_slice, 0},
    [PAN_RELU] = {build_plain, 0},
    [PAN_LEAKY_RELU] = {build_leaky_relu, 0},
    [PAN_SIGMOID] = {build_plain, 0},
    [PAN_TANH] = {build_plain, 0},
    [PAN_EXP] = {build_plain, 0},
    [PAN_LOG] = {build_plain, 0},
    [PAN_SQRT] = {build_plain, 0},
    [PAN_ABS] = {build_plain, 0},
    [PAN_SIGN] = {build_plain, 0},
    [PAN_NEG] = {build_plain, 0},
    [PAN_MIN] = {build_plain, 0},
    [PAN_MAX] = {build_plain, 0},
    [PAN_CLAMP] = {build_clamp, 0},
    [PAN_WHERE] = {build_where, 0},
    [PAN_BERNOULLI] = {build_bernoulli, 0},
    [PAN_SOFTMAX] = {build_softmax, 0},
    [PAN_SUM] = {build_sum, 0},
    [PAN_MEAN] = {build_mean, 0},
    [PAN_DOT] = {build_dot, 0},
    [PAN_ADD] = {build_plain, 0},
    [PAN_SUB] = {build_plain, 0},
    [PAN_MUL] = {build_plain, 0},
    [PAN_DIV] = {build_plain, 0},
    [PAN_LT] = {build_plain, 0},
    [PAN_GT] = {build_plain, 0},
    [PAN_LE] = {build_plain, 0},
    [PAN_GE] = {build_plain, 0},
    [PAN_EQ] = {build_plain, 0},
    [PAN_NE] = {build_plain, 0},
    [PAN_CROSS_ENTROPY] = {build_loss, build_loss_seq},
    [PAN_MSE] = {build_loss, build_loss_seq},
    [PAN_UPDATE] = {build_update, 0},
    [PAN_SCAN_ITEM] = {build_scan_item, 0},
    [PAN_STATE] = {build_state, 0},
    [PAN_STATE_NEXT] = {build_state_next, 0},
};

/* Whether all operands exist; one that was refused is not mentioned again. */
static bool operands(const builder *b, const pan_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (!b->values[op->args[i]].op && !b->values[op->args[i]].steps)
            return false;
    return true;
}

/* Whether it takes or makes a seq that is not rolled. */
static bool over_steps(const builder *b, const pan_op *op)
{
    bool over = op->type.kind == PAN_SEQ && !build_is_rolled(b, &op->type);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const pan_type *t = &build_arg_op(b, op, i)->type;
        over = over || (t->kind == PAN_SEQ && !build_is_rolled(b, t));
    }
    return over;
}

static bool over_seqs(const builder *b, const pan_op *op)
{
    bool over = op->type.kind == PAN_SEQ;
    for (uint32_t i = 0; i < op->arg_count; i++)
        over = over || build_arg_op(b, op, i)->type.kind == PAN_SEQ;
    return over;
}

static void build_one(builder *b, const pan_op *op, build_value *to)
{
    const build_row *row = &build_rows[op->code];
    bool over = over_steps(b, op) && op->code != PAN_SCAN_ITEM;
    *to = (build_value){0};
    if (!operands(b, op))
        return;
    if (build_lanes(&op->type) > 1 << 24)
        build_refuse(b, op->where, "a vector of more than 2^24 elements",
                     "the graph IR cannot hold it");
    else if (row->whole && (over_seqs(b, op) || !row->build))
        row->whole(b, op, to);
    else if (over)
        build_each_step(b, op, row->build, to);
    else
        to->op = row->build(b, op);
}

void build_ops(builder *b, size_t first, size_t end)
{
    for (size_t i = first; i < end;) {
        const pan_op *op = &b->body->ops[i];
        if (op->code == PAN_SCAN_BEGIN) {
            if (!operands(b, op))
                return;
            i = build_scan(b, i);
            if (b->failed)
                return; /* what its results are is not known */
        } else {
            build_one(b, op, &b->values[i++]);
        }
    }
}

bool build_body(builder *b, const pan_body *body, const build_value *inputs, build_value *values)
{
    b->body = body;
    b->inputs = inputs;
    b->values = values;
    b->loop = NULL;
    build_ops(b, 0, body->count);
    return !b->failed;
}
