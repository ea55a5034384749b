#include "ir/interp_fixed.h"

#include "isa/support/vector.h"

#include <string.h>

/*
 * All ops but those on matrices, in terms of the vector unit's functions (isa/support/vector.h).
 * Lanes of an argument of one lane stand for all lanes. Where formats differ, operands are converted
 * as ops.def says, so that a pass that writes the conversions out gets the same bits.
 */

/* Within a format nothing happens: -32768, which fills taps, is below all numbers. */
static int16_t convert(int16_t v, int from, int to)
{
    return from == to ? v : vector_shr(v, from - to);
}

static int q_of(const fixed_site *s, uint32_t arg)
{
    return s->op->args[arg]->type.q;
}

static int16_t lane(const fixed_site *s, uint32_t arg, uint32_t i)
{
    return s->x[arg][s->op->args[arg]->type.lanes == 1 ? 0 : i];
}

/* A lane of an argument in the result's format. */
static int16_t converted(const fixed_site *s, uint32_t arg, uint32_t i)
{
    return convert(lane(s, arg, i), q_of(s, arg), s->op->type.q);
}

static uint64_t draw(const fixed_site *s, uint32_t i)
{
    return ir_draw(s->op, s->f->seed, s->f->step, s->point, i, s->f->side);
}

/* ---- sources and sinks ---- */

void fixed_op_input(const fixed_site *s)
{
    const int16_t *port = s->f->inputs[ir_get_int(s->op, IR_ATTR_port, 0)];
    ir_port_words from = ir_values_port(&s->f->values, s->op, s->point);
    for (uint32_t i = 0; i < ir_words(s->op->type); i++)
        s->y[i] = fixed_saturate(port[from.first + i * from.step]);
}

void fixed_op_const(const fixed_site *s)
{
    int16_t v = fixed_from_double(ir_get(s->op, IR_ATTR_value)->real, s->op->type.q);
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = v;
}

void fixed_op_random(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_rand(draw(s, i));
}

void fixed_op_output(const fixed_site *s)
{
    int16_t *port = s->f->outputs[ir_get_int(s->op, IR_ATTR_port, 0)];
    ir_port_words to = ir_values_port(&s->f->values, s->op, s->point);
    for (uint32_t i = 0; i < ir_words(s->op->args[0]->type); i++)
        port[to.first + i * to.step] = s->x[0][i];
}

/* ---- two arguments ---- */

static void each_pair(const fixed_site *s, int16_t (*function)(int16_t, int16_t))
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = function(converted(s, 0, i), converted(s, 1, i));
}

void fixed_op_add(const fixed_site *s)
{
    each_pair(s, vector_add);
}
void fixed_op_sub(const fixed_site *s)
{
    each_pair(s, vector_sub);
}
void fixed_op_min(const fixed_site *s)
{
    each_pair(s, vector_min);
}
void fixed_op_max(const fixed_site *s)
{
    each_pair(s, vector_max);
}

static bool stochastic(const fixed_site *s)
{
    return !strcmp(ir_get_name(s->op, IR_ATTR_mode, "nearest"), "stochastic");
}

/* v / 2^shift to multiples of 2^grid, within what 16 bits hold of these. */
static int16_t to_grid(const fixed_site *s, uint32_t i, int64_t v, int shift)
{
    int grid = (int)ir_get_int(s->op, IR_ATTR_grid, 0);
    int64_t limit = FIXED_MAX >> grid;
    int64_t steps = stochastic(s) ? fixed_stochastic_shift(v, shift + grid, draw(s, i))
                                  : fixed_round_shift(v, shift + grid);
    steps = steps > limit ? limit : steps < -limit ? -limit : steps;
    return (int16_t)(steps * ((int64_t)1 << grid));
}

void fixed_op_mul(const fixed_site *s)
{
    int shift = q_of(s, 0) + q_of(s, 1) - s->op->type.q;
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = to_grid(s, i, (int64_t)lane(s, 0, i) * lane(s, 1, i), shift);
}

void fixed_op_div(const fixed_site *s)
{
    int shift = s->op->type.q + q_of(s, 1) - q_of(s, 0);
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_div(lane(s, 0, i), lane(s, 1, i), shift);
}

void fixed_op_relud(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_relud(converted(s, 0, i), lane(s, 1, i));
}

static void compare(const fixed_site *s, int16_t (*function)(int16_t, int16_t))
{
    int q = q_of(s, 0) < q_of(s, 1) ? q_of(s, 0) : q_of(s, 1);
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] =
            function(convert(lane(s, 0, i), q_of(s, 0), q), convert(lane(s, 1, i), q_of(s, 1), q));
}

void fixed_op_eq(const fixed_site *s)
{
    compare(s, vector_eq);
}
void fixed_op_ne(const fixed_site *s)
{
    compare(s, vector_ne);
}
void fixed_op_lt(const fixed_site *s)
{
    compare(s, vector_lt);
}
void fixed_op_le(const fixed_site *s)
{
    compare(s, vector_le);
}
void fixed_op_gt(const fixed_site *s)
{
    compare(s, vector_gt);
}
void fixed_op_ge(const fixed_site *s)
{
    compare(s, vector_ge);
}

void fixed_op_select(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_sel(lane(s, 0, i), converted(s, 1, i), converted(s, 2, i));
}

/* ---- one argument ---- */

void fixed_op_neg(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_neg(converted(s, 0, i));
}
void fixed_op_abs(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_abs(converted(s, 0, i));
}
void fixed_op_sign(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = convert(vector_sign(lane(s, 0, i)), 0, s->op->type.q);
}
void fixed_op_relu(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_relu(converted(s, 0, i));
}
void fixed_op_convert(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = converted(s, 0, i);
}
void fixed_op_round(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = to_grid(s, i, lane(s, 0, i), 0);
}

static void each_function(const fixed_site *s, vector_function *function)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = function(lane(s, 0, i), q_of(s, 0), s->op->type.q);
}

void fixed_op_sigmoid(const fixed_site *s)
{
    each_function(s, vector_sigmoid);
}
void fixed_op_tanh(const fixed_site *s)
{
    each_function(s, vector_tanh);
}
void fixed_op_exp(const fixed_site *s)
{
    each_function(s, vector_exp);
}
void fixed_op_log(const fixed_site *s)
{
    each_function(s, vector_log);
}
void fixed_op_sqrt(const fixed_site *s)
{
    each_function(s, vector_sqrt);
}
void fixed_op_rsqrt(const fixed_site *s)
{
    each_function(s, vector_rsqrt);
}

/* ---- across lanes ---- */

/* Every `side` lanes are summed exactly and rounded; the tree adds these sums. */
static int16_t sum_of(ir_fixed *f, const int16_t *x, uint32_t lanes, int shift)
{
    size_t parts = (lanes + f->side - 1) / f->side;
    for (size_t k = 0; k < parts; k++) {
        size_t first = k * f->side, left = lanes - first;
        f->operand[k] = vector_sum(x + first, left < f->side ? left : f->side, shift);
    }
    return fixed_tree_sum(f->operand, 1, parts);
}

void fixed_op_sum(const fixed_site *s)
{
    s->y[0] = sum_of(s->f, s->x[0], s->op->args[0]->type.lanes, q_of(s, 0) - s->op->type.q);
}

void fixed_op_maxr(const fixed_site *s)
{
    s->y[0] = convert(vector_maxr(s->x[0], s->op->args[0]->type.lanes), q_of(s, 0), s->op->type.q);
}

enum { EXP_Q = 14 };

static int ceil_log2(uint32_t n)
{
    int bits = 0;
    while (((uint32_t)1 << bits) < n)
        bits++;
    return bits;
}

/* The composition that `lower` writes out: maxr, sub, exp, sum, div. */
void fixed_op_softmax(const fixed_site *s)
{
    uint32_t lanes = s->op->type.lanes;
    int sum_q = EXP_Q - ceil_log2(lanes) > 0 ? EXP_Q - ceil_log2(lanes) : 0;
    int16_t largest = vector_maxr(s->x[0], lanes);
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_exp(vector_sub(s->x[0][i], largest), q_of(s, 0), EXP_Q);
    int16_t sum = sum_of(s->f, s->y, lanes, EXP_Q - sum_q);
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = vector_div(s->y[i], sum, s->op->type.q + sum_q - EXP_Q);
}

/* ---- shapes ---- */

void fixed_op_slice(const fixed_site *s)
{
    memcpy(s->y, s->x[0] + ir_get_int(s->op, IR_ATTR_first, 0),
           s->op->type.lanes * sizeof(int16_t));
}

void fixed_op_concat(const fixed_site *s)
{
    fixed_join(s, 0, s->op->arg_count, 0);
    memcpy(s->y, s->f->operand, s->op->type.lanes * sizeof(int16_t));
}

void fixed_op_bcast(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = s->x[0][0];
}

void fixed_op_onehot(const fixed_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = convert(s->x[0][0] >= 0 && (uint32_t)s->x[0][0] == i, 0, s->op->type.q);
}

/* ---- losses: in double precision, they never reach the machine ---- */

static void loss(const fixed_site *s, double (*function)(const double *, const double *, uint32_t))
{
    uint32_t lanes = s->op->args[0]->type.lanes;
    double *x = s->f->reals, *y = x + lanes;
    for (uint32_t i = 0; i < lanes; i++) {
        x[i] = fixed_to_double(s->x[0][i], q_of(s, 0));
        y[i] = fixed_to_double(s->x[1][i], q_of(s, 1));
    }
    s->y[0] = fixed_from_double(function(x, y, lanes), s->op->type.q);
}

void fixed_op_cross_entropy(const fixed_site *s)
{
    loss(s, ir_cross_entropy);
}
void fixed_op_mse(const fixed_site *s)
{
    loss(s, ir_mse);
}
void fixed_op_descend(const fixed_site *s)
{
    (void)s;
}

/* ---- routing: identities ---- */

static void same(const fixed_site *s)
{
    memcpy(s->y, s->x[0], ir_words(s->op->type) * sizeof(int16_t));
}

void fixed_op_collect(const fixed_site *s)
{
    same(s);
}
void fixed_op_store(const fixed_site *s)
{
    same(s);
}
void fixed_op_load(const fixed_site *s)
{
    same(s);
}
void fixed_op_send(const fixed_site *s)
{
    same(s);
}
void fixed_op_receive(const fixed_site *s)
{
    same(s);
}

/* ---- states ---- */

void fixed_op_prev(const fixed_site *s)
{
    const ir_op *next = s->f->plan.recurrences.partner[s->op->id];
    const int16_t *before = ir_values_before(&s->f->values, s->f->g, next, s->point);
    memcpy(s->y, before ? before : s->x[0], s->op->type.lanes * sizeof *s->y);
}

void fixed_op_next(const fixed_site *s)
{
    memcpy(s->y, s->x[0], s->op->type.lanes * sizeof *s->y);
}
