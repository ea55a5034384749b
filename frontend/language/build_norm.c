/*
 * batch_norm with the statistics it was given: y = x scale + shift, where scale = weight /
 * sqrt(var + eps) and shift = bias - mean scale.
 *
 * Where x is the result of a product that nothing else reads, it is folded: the matrix of the
 * product holds rows that are multiplied by scale, and a column for the bias, which training then
 * trains. Its parameters stay in the module as tensors that the host folds in when weights are
 * written (ir/graph.h). Elsewhere scale and shift are worked out once per kernel. A parameter is
 * then a column of a matrix: weight and bias share one that is trained, mean and var a frozen one.
 */
#include "frontend/language/build.h"

enum { WEIGHT, BIAS, MEAN, VAR, PARAMS };

/* ---- folding ---- */

const pan_op *build_norm_of(const builder *b, const pan_op *op)
{
    return op->transposed ? NULL : b->norms[op->params[0]];
}

uint8_t build_result_q(const builder *b, const pan_op *op)
{
    const pan_op *norm = build_norm_of(b, op);
    return (uint8_t)(norm ? norm->q : op->q);
}

void build_norm_tensors(builder *b, ir_matrix *w, const pan_op *norm, uint32_t bias, int64_t row)
{
    static const ir_fold folds[PARAMS] = {[WEIGHT] = IR_FOLD_SCALE,
                                          [BIAS] = IR_FOLD_SHIFT,
                                          [MEAN] = IR_FOLD_MEAN,
                                          [VAR] = IR_FOLD_VAR};
    for (int i = WEIGHT; i < PARAMS; i++) {
        ir_tensor *t = build_tensor(b, w, norm->params[i], bias, row);
        t->fold = folds[i];
        t->eps = i == VAR ? norm->value : 0;
    }
}

/* Adds how often a body reads or updates each parameter. */
static void count_params(const pan_body *body, uint32_t *uses)
{
    for (size_t i = 0; i < body->count; i++)
        for (uint32_t k = 0; k < body->ops[i].param_count; k++)
            uses[body->ops[i].params[k]]++;
}

static uint32_t *count_readers(const builder *b, const pan_body *body)
{
    uint32_t *readers = ARENA_ARRAY(b->m->memory, uint32_t, body->count + 1);
    for (size_t i = 0; i < body->count; i++)
        for (uint32_t k = 0; k < body->ops[i].arg_count; k++)
            readers[body->ops[i].args[k]]++;
    for (size_t i = 0; i < body->result_count; i++)
        readers[body->results[i]]++;
    return readers;
}

static bool is_product(const pan_op *op)
{
    return op->code == PAN_DENSE || op->code == PAN_CONV2D ||
           (op->code == PAN_MATVEC && !op->transposed);
}

/* Whether both are trained or frozen together and no format was asked for that one matrix lacks. */
static bool treated_alike(const builder *b, const pan_op *op, const pan_op *norm)
{
    const pan_program *p = b->p;
    int q = pan_format(&p->layers[norm->layer].formats, PAN_FORMAT_WEIGHT);
    int use = build_network_use(p, op->params[0]);
    bool alike = use != 3 && (q < 0 || q == p->params[op->params[0]].q);
    for (uint32_t i = 0; i < op->param_count; i++)
        alike = alike && build_network_use(p, op->params[i]) == use;
    for (int i = WEIGHT; i <= BIAS; i++)
        alike = alike && build_network_use(p, norm->params[i]) == use;
    return alike;
}

static void find_in(builder *b, const pan_body *body, const uint32_t *uses)
{
    const uint32_t *readers = count_readers(b, body);
    for (size_t i = 0; i < body->count; i++) {
        const pan_op *norm = &body->ops[i];
        const pan_op *op = norm->arg_count ? &body->ops[norm->args[0]] : NULL;
        if (norm->code == PAN_BATCH_NORM && is_product(op) && readers[norm->args[0]] == 1 &&
            uses[op->params[0]] == 1 && treated_alike(b, op, norm))
            b->norms[op->params[0]] = norm;
    }
}

void build_find_norms(builder *b)
{
    const pan_program *p = b->p;
    uint32_t *uses = ARENA_ARRAY(b->m->memory, uint32_t, p->param_count + 1);
    for (size_t i = 0; i < p->item_count; i++)
        if (p->items[i].compiled)
            count_params(&p->items[i].body, uses);
    for (size_t i = 0; i < p->train_count; i++)
        count_params(&p->trains[i].loss_body, uses);
    for (size_t i = 0; i < p->item_count; i++)
        if (p->items[i].compiled)
            find_in(b, &p->items[i].body, uses);
}

/* ---- scale and shift ---- */

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
    build_still(b, read, &op->params[first], 2);
    return read;
}

static ir_op *binary(builder *b, const pan_op *op, ir_opcode code, ir_op *x, ir_op *y, int q)
{
    uint32_t lanes = x->type.lanes > y->type.lanes ? x->type.lanes : y->type.lanes;
    return build_op(b, code, ir_vec(lanes, (uint8_t)q), op->where, 2, (ir_op *[]){x, y});
}

ir_op *build_batch_norm(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    const pan_op *product = build_arg_op(b, op, 0);
    if (is_product(product) && build_norm_of(b, product) == op)
        return x;
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
    ir_op *y = binary(b, op, IR_add, binary(b, op, IR_mul, x, scale, op->q), shift, op->q);
    build_error_format(b, op, y);
    return y;
}
