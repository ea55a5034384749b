/*
 * rnn, lstm, gru with PyTorch's equations and order of gates; the state is 0 before the first step.
 * All products of a step with one matrix are one: its columns are those of the input, of the state
 * and the bias. A gru has three, as its new gate multiplies only the part that comes from the
 * state: rows of the gates r and z, and the new gate's rows for the input and for the state.
 */
#include "frontend/language/build.h"

enum { WEIGHT_IH, WEIGHT_HH, BIAS, BIAS_N };
enum { GATES, NEW_INPUT, NEW_STATE, MATRICES };

typedef struct cell {
    builder *b;
    const pan_op *op;
    ir_matrix **w;
    ir_op *x, *h, *c; /* h, c: NULL before an unrolled first step; finer than what the layer gives */
    uint32_t n;
} cell;

/* ---- matrices ---- */

static uint32_t columns_of(const builder *b, const pan_op *op, int param)
{
    return (uint32_t)b->p->params[op->params[param]].shape[1];
}

/* A matrix for rows `row` .. row + rows of the weights named, and of the bias. */
static ir_matrix *rows_of(builder *b, const pan_op *op, const char *suffix, int64_t row,
                          int64_t rows, bool input, bool state, int bias)
{
    const pan_param *first = &b->p->params[op->params[WEIGHT_IH]];
    uint32_t in = input ? columns_of(b, op, WEIGHT_IH) : 0;
    uint32_t all = in + (state ? columns_of(b, op, WEIGHT_HH) : 0);
    const char *path = arena_printf(b->m->memory, "%s%s", b->p->layers[op->layer].path, suffix);
    const char *name = build_matrix_name(b, op->params[WEIGHT_IH], path);
    ir_matrix *w = ir_matrix_new(b->m, name, (uint32_t)rows, all + 1, (uint8_t)first->q);
    w->where = first->where;
    if (input)
        build_tensor(b, w, op->params[WEIGHT_IH], 0, row);
    if (state)
        build_tensor(b, w, op->params[WEIGHT_HH], in, row);
    build_tensor(b, w, op->params[bias], all, bias == BIAS ? row : 0);
    return w;
}

/* The matrices of a layer, made on first use; NULL after an error. */
static ir_matrix **matrices(builder *b, const pan_op *op, int64_t n)
{
    ir_matrix ***at = &b->matrices[op->params[WEIGHT_IH]];
    int64_t in = columns_of(b, op, WEIGHT_IH), rows = b->p->params[op->params[WEIGHT_IH]].shape[0];
    if (*at)
        return *at;
    if (in + n + 1 >= 1 << 24 || rows > 1 << 24) {
        build_refuse(b, op->where, "a matrix side of more than 2^24",
                     "the graph IR cannot hold it");
        return NULL;
    }
    bool gru = op->code == PAN_GRU;
    ir_matrix **made = ARENA_ARRAY(b->m->memory, ir_matrix *, MATRICES);
    made[GATES] = rows_of(b, op, gru ? "[gates]" : "", 0, gru ? 2 * n : rows, true, true, BIAS);
    if (gru) {
        made[NEW_INPUT] = rows_of(b, op, "[new_input]", 2 * n, n, true, false, BIAS);
        made[NEW_STATE] = rows_of(b, op, "[new_state]", 2 * n, n, false, true, BIAS_N);
    }
    bool frozen = build_frozen_everywhere(b, op->params, op->param_count);
    for (int i = 0; i < MATRICES && made[i]; i++)
        made[i]->frozen = frozen;
    return *at = made;
}

/* ---- one step ---- */

/* Rows have the default format: what is finer would leave the column of an update too coarse. */
static ir_op *operand(const cell *s, ir_op *x, int q)
{
    return x ? build_to_format(s->b, x, q, s->op->where)
             : build_const(s->b, 0, s->n, q, s->op->where);
}

static ir_op *product(const cell *s, int matrix, bool input, bool state)
{
    builder *b = s->b;
    ir_op *args[3];
    size_t count = 0;
    int usual = b->m->numerics.q_activation, q = s->x->type.q < usual ? s->x->type.q : usual;
    if (input)
        args[count++] = operand(s, s->x, q);
    if (state)
        args[count++] = operand(s, s->h, q);
    args[count++] = build_const(b, 1, 1, q, s->op->where);
    ir_type type = ir_vec(s->w[matrix]->outputs, (uint8_t)usual);
    return build_product(b, s->op, IR_mvm, s->w[matrix], type, count, args,
                         b->p->layers[s->op->layer].path);
}

static ir_op *gate(const cell *s, ir_op *all, uint32_t number, ir_opcode function)
{
    uint8_t q = s->b->m->numerics.q_error;
    ir_op *part = all;
    if (all->type.lanes != s->n) {
        part = build_op(s->b, IR_slice, ir_vec(s->n, all->type.q), s->op->where, 1, &all);
        ir_set_int(s->b->g, part, IR_ATTR_first, (int64_t)number * s->n);
    }
    return build_op(s->b, function, ir_vec(s->n, q), s->op->where, 1, &part);
}

static ir_op *two(const cell *s, ir_opcode code, ir_op *x, ir_op *y, int q)
{
    return build_op(s->b, code, ir_vec(s->n, (uint8_t)q), s->op->where, 2, (ir_op *[]){x, y});
}

/* h = tanh(W_ih x + W_hh h + b) */
static void step_rnn(cell *s)
{
    s->h = gate(s, product(s, GATES, true, true), 0, IR_tanh);
}

/* i, f, g, o; c = f c + i g; h = o tanh(c) */
static void step_lstm(cell *s)
{
    ir_op *all = product(s, GATES, true, true);
    ir_op *i = gate(s, all, 0, IR_sigmoid), *g = gate(s, all, 2, IR_tanh);
    ir_op *o = gate(s, all, 3, IR_sigmoid);
    ir_op *fresh = two(s, IR_mul, i, g, PAN_Q_STATE);
    if (s->c) {
        ir_op *kept = two(s, IR_mul, gate(s, all, 1, IR_sigmoid), s->c, PAN_Q_STATE);
        fresh = two(s, IR_add, kept, fresh, PAN_Q_STATE);
    }
    s->c = fresh;
    s->h = two(s, IR_mul, o, gate(s, s->c, 0, IR_tanh), o->type.q);
}

/* r, z; n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h = n + z (h - n) */
static void step_gru(cell *s)
{
    int usual = s->b->m->numerics.q_activation;
    ir_op *all = product(s, GATES, true, true);
    ir_op *r = gate(s, all, 0, IR_sigmoid), *z = gate(s, all, 1, IR_sigmoid);
    ir_op *part = two(s, IR_mul, r, product(s, NEW_STATE, false, true), usual);
    ir_op *sum = two(s, IR_add, product(s, NEW_INPUT, true, false), part, usual);
    ir_op *n = gate(s, sum, 0, IR_tanh);
    int q = n->type.q;
    if (s->h)
        s->h = two(s, IR_add, n, two(s, IR_mul, z, two(s, IR_sub, s->h, n, q), q), q);
    else
        s->h = two(s, IR_sub, n, two(s, IR_mul, z, n, q), q);
}

static void one_step(cell *s)
{
    if (s->op->code == PAN_LSTM)
        step_lstm(s);
    else if (s->op->code == PAN_GRU)
        step_gru(s);
    else
        step_rnn(s);
}

static ir_op *zero_state(const cell *s, int q)
{
    ir_op *zero = build_const(s->b, 0, s->n, q, s->op->where);
    return build_prev(s->b, zero, s->op->type.steps, s->op->where);
}

/* One step as all of them. */
static ir_op *rolled(cell *s)
{
    ir_op *h = s->h = zero_state(s, s->b->m->numerics.q_error);
    ir_op *c = s->c = s->op->code == PAN_LSTM ? zero_state(s, PAN_Q_STATE) : NULL;
    if (!h || (s->op->code == PAN_LSTM && !c))
        return NULL;
    one_step(s);
    build_next(s->b, h, s->h);
    if (c)
        build_next(s->b, c, s->c);
    return build_to_format(s->b, s->h, s->op->q, s->op->where);
}

void build_recurrent(builder *b, const pan_op *op, build_value *to)
{
    int64_t count = op->type.steps;
    bool rolls = build_is_rolled(b, &op->type);
    ir_op **xs = b->values[op->args[0]].steps;
    ir_op **hs = rolls ? NULL : build_steps(b, count, op->where);
    ir_matrix **w = hs || rolls ? matrices(b, op, op->type.dim[0]) : NULL;
    cell s = {.b = b, .op = op, .w = w, .n = (uint32_t)op->type.dim[0]};
    if (w && rolls) {
        s.x = build_arg(b, op, 0);
        to->op = rolled(&s);
        return;
    }
    for (int64_t t = 0; w && t < count; t++) {
        s.x = xs[t];
        one_step(&s);
        hs[t] = build_to_format(b, s.h, op->q, op->where);
        if (!build_within(b, 1, op->where))
            return;
    }
    to->steps = w ? hs : NULL;
}
