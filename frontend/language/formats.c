/*
 * Binary points. What is written is kept; every other op gets the default of its kind, found in one
 * walk from operands to results, once all bodies, layer settings and schedules are known.
 */
#include "frontend/language/formats.h"

#include "isa/support/fixed.h"

#include <math.h>
#include <string.h>

/* The largest format up to `most` that holds a number. */
static int format_of(double v, int most)
{
    int q = most;
    while (q > 0 && fabs(ldexp(v, q)) > FIXED_MAX)
        q--;
    return q;
}

static double largest(const pan_schedule *s, double scale)
{
    double a = fabs(s->first * scale), b = fabs(s->last * scale);
    return s->kind == PAN_SCHEDULE_COSINE && b > a ? b : a;
}

/* A kernel's scalar: the largest format that holds every value of its schedules. */
static int scalar_format(const pan_program *p, uint32_t item, const char *name)
{
    double most = 0;
    for (size_t t = 0; t < p->train_count; t++)
        for (size_t i = 0; p->trains[t].item == item && i < p->trains[t].scalar_count; i++)
            if (!strcmp(p->trains[t].scalars[i].name, name))
                most = fmax(most, largest(&p->trains[t].scalars[i].schedule,
                                          p->trains[t].scalars[i].scale));
    return most > 0 ? format_of(most, FIXED_MAX_Q) : 15;
}

typedef struct walk {
    const pan_program *program;
    diag *diag;
    const pan_body *body;
    const pan_item *item; /* NULL for a loss */
    uint32_t item_index;
    int input_q[2]; /* of a loss: output, target */
    int q_activation, q_error;
} walk;

typedef int format_rule(const walk *w, const pan_op *op);

static const pan_op *arg(const walk *w, const pan_op *op, size_t i)
{
    return &w->body->ops[op->args[i]];
}

static int rule_activation(const walk *w, const pan_op *op)
{
    (void)op;
    return w->q_activation;
}

static int rule_error(const walk *w, const pan_op *op)
{
    (void)op;
    return w->q_error;
}

static int rule_whole(const walk *w, const pan_op *op)
{
    (void)w;
    (void)op;
    return 0;
}

static int rule_first(const walk *w, const pan_op *op)
{
    return op->arg_count ? arg(w, op, 0)->q : w->q_activation;
}

static int rule_last(const walk *w, const pan_op *op)
{
    return arg(w, op, op->arg_count - 1)->q;
}

/* where(mask, a, b): as a, or as b if a is a number. */
static int rule_where(const walk *w, const pan_op *op)
{
    return arg(w, op, arg(w, op, 1)->number ? 2 : 1)->q;
}

static int rule_matvec(const walk *w, const pan_op *op)
{
    return op->transposed ? w->q_error : w->q_activation;
}

static int rule_const(const walk *w, const pan_op *op)
{
    (void)w;
    return format_of(op->value, 15);
}

static int rule_state(const walk *w, const pan_op *op)
{
    return arg(w, op, 0)->number ? PAN_Q_STATE : arg(w, op, 0)->q;
}

static int rule_scan_result(const walk *w, const pan_op *op)
{
    const pan_op *end = arg(w, op, 0);
    return arg(w, end, op->index)->q;
}

/* + - *: the smaller of the operands that are not numbers or masks, else of the numbers. */
static int rule_smaller(const walk *w, const pan_op *op)
{
    int best = -1, numbers = -1;
    for (size_t i = 0; i < op->arg_count; i++) {
        const pan_op *a = arg(w, op, i);
        if (!a->number && !a->mask && (best < 0 || a->q < best))
            best = a->q;
        if (a->number && (numbers < 0 || a->q < numbers))
            numbers = a->q;
    }
    if (best >= 0)
        return best;
    return numbers < 0 ? 0 : numbers;
}

/* max(x, 0) and the like: the first operand that is not a number. */
static int rule_first_value(const walk *w, const pan_op *op)
{
    for (size_t i = 0; i < op->arg_count; i++)
        if (!arg(w, op, i)->number)
            return arg(w, op, i)->q;
    return arg(w, op, 0)->q;
}

static int rule_input(const walk *w, const pan_op *op)
{
    if (!w->item)
        return w->input_q[op->index];
    const pan_formal *f = &w->item->formals[op->index];
    if (f->q_written >= 0)
        return f->q_written;
    if (w->item->kind == PAN_KERNEL && f->type.kind == PAN_SCALAR)
        return scalar_format(w->program, w->item_index, f->name);
    return f->type.kind == PAN_LABEL ? 0 : w->q_activation;
}

static format_rule *const rules[PAN_OPCODES] = {
    [PAN_INPUT] = rule_input,        [PAN_CONST] = rule_const,
    [PAN_PARAM] = rule_activation,   [PAN_MATVEC] = rule_matvec,
    [PAN_DENSE] = rule_activation,   [PAN_CONV2D] = rule_activation,
    [PAN_RNN] = rule_activation,     [PAN_LSTM] = rule_activation,
    [PAN_GRU] = rule_activation,     [PAN_ONE_HOT] = rule_error,
    [PAN_SIGMOID] = rule_error,      [PAN_TANH] = rule_error,
    [PAN_SOFTMAX] = rule_error,      [PAN_EXP] = rule_activation,
    [PAN_LOG] = rule_activation,     [PAN_BERNOULLI] = rule_whole,
    [PAN_WHERE] = rule_where,        [PAN_ADD] = rule_smaller,
    [PAN_SUB] = rule_smaller,        [PAN_MUL] = rule_smaller,
    [PAN_DOT] = rule_smaller,        [PAN_MIN] = rule_first_value,
    [PAN_MAX] = rule_first_value,    [PAN_LT] = rule_whole,
    [PAN_GT] = rule_whole,           [PAN_LE] = rule_whole,
    [PAN_GE] = rule_whole,           [PAN_EQ] = rule_whole,
    [PAN_NE] = rule_whole,           [PAN_STATE] = rule_state,
    [PAN_STATE_NEXT] = rule_last,    [PAN_SCAN_RESULT] = rule_scan_result,
    [PAN_SCAN_BEGIN] = rule_whole,   [PAN_SCAN_END] = rule_whole,
    [PAN_UPDATE] = rule_whole,
};

/* ---- update columns ---- */

static int column_format(const walk *w, const pan_op *op)
{
    const pan_param *target = &w->program->params[op->target];
    int row = op->row == PAN_NONE ? w->q_activation : w->body->ops[op->row].q;
    int q = target->q - row;
    if (q >= 0 && q <= FIXED_MAX_Q)
        return q;
    diag_error(w->diag, op->where,
               "the column operand would need q%d (weights q%d - rows q%d); formats go from q0 to "
               "q31",
               q, target->q, row);
    return q < 0 ? 0 : FIXED_MAX_Q;
}

static void walk_body(const walk *w, pan_body *body)
{
    for (size_t i = 0; i < body->count; i++) {
        pan_op *op = &body->ops[i];
        format_rule *rule = rules[op->code] ? rules[op->code] : rule_first;
        int set = pan_op_format(w->program, op, op->transposed ? PAN_FORMAT_ERROR
                                                               : PAN_FORMAT_ACTIVATION);
        if (op->column)
            op->q = column_format(w, op);
        else
            op->q = op->q_written >= 0 ? op->q_written : set >= 0 ? set : rule(w, op);
    }
}

static void param_formats(pan_program *p, int q_weight)
{
    for (size_t i = 0; i < p->param_count; i++) {
        pan_param *w = &p->params[i];
        const pan_format_set *f = w->layer != PAN_NONE ? &p->layers[w->layer].formats : &w->formats;
        int set = pan_format(f, PAN_FORMAT_WEIGHT);
        w->q = w->q_written >= 0 ? w->q_written : set >= 0 ? set : q_weight;
        if (w->init != PAN_INIT_UNIFORM || w->init_value >= 0)
            continue;
        double inputs = 1;
        for (uint32_t d = 1; d < w->rank; d++)
            inputs *= (double)w->shape[d];
        w->init_value = 1 / sqrt(inputs);
    }
}

static void loss_formats(walk w, pan_program *p, pan_train *t)
{
    const pan_body *net = &p->items[t->item].body;
    if (!t->loss_body.count || !net->result_count)
        return;
    w.body = &t->loss_body;
    w.item = NULL;
    w.input_q[0] = net->ops[net->results[0]].q;
    w.input_q[1] = w.q_activation;
    walk_body(&w, &t->loss_body);
}

bool pan_set_formats(pan_program *p, diag *d, int q_activation, int q_weight, int q_error)
{
    int before = diag_errors(d);
    param_formats(p, q_weight);
    walk w = {.program = p, .diag = d, .q_activation = q_activation, .q_error = q_error};
    for (size_t i = 0; i < p->item_count; i++) {
        w.body = &p->items[i].body;
        w.item = &p->items[i];
        w.item_index = (uint32_t)i;
        walk_body(&w, &p->items[i].body);
    }
    for (size_t i = 0; i < p->train_count; i++) {
        pan_train *t = &p->trains[i];
        loss_formats(w, p, t);
        for (size_t s = 0; s < t->scalar_count; s++)
            t->scalars[s].q = scalar_format(p, t->item, t->scalars[s].name);
    }
    return diag_errors(d) == before;
}
