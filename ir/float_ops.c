#include "ir/interp_float.h"

#include "isa/support/vector.h"

#include <math.h>
#include <string.h>

/* All ops but those on matrices, as real numbers; formats, grids and saturation do not exist here. */

static double lane(const float_site *s, uint32_t arg, uint32_t i)
{
    return s->x[arg][s->op->args[arg]->type.lanes == 1 ? 0 : i];
}

/* An element-wise op whose value at each lane is an expression in x (and y). */
#define EACH1(name, expression)                                                                    \
    void float_op_##name(const float_site *s)                                                      \
    {                                                                                              \
        for (uint32_t i = 0; i < s->op->type.lanes; i++) {                                         \
            double x = lane(s, 0, i);                                                              \
            s->y[i] = (expression);                                                                \
        }                                                                                          \
    }
#define EACH2(name, expression)                                                                    \
    void float_op_##name(const float_site *s)                                                      \
    {                                                                                              \
        for (uint32_t i = 0; i < s->op->type.lanes; i++) {                                         \
            double x = lane(s, 0, i), y = lane(s, 1, i);                                           \
            s->y[i] = (expression);                                                                \
        }                                                                                          \
    }

EACH2(add, x + y)
EACH2(sub, x - y)
EACH2(mul, (x * y))
EACH2(div, x / y)
EACH2(min, x < y ? x : y)
EACH2(max, x > y ? x : y)
EACH2(relud, y > 0 ? x : 0)
EACH2(eq, x == y)
EACH2(ne, x != y)
EACH2(lt, x < y)
EACH2(le, x <= y)
EACH2(gt, x > y)
EACH2(ge, x >= y)
EACH1(neg, -x)
EACH1(abs, fabs(x))
EACH1(sign, (x > 0) - (x < 0))
EACH1(relu, x > 0 ? x : 0)
EACH1(sigmoid, 1 / (1 + exp(-x)))
EACH1(tanh, tanh(x))
EACH1(exp, exp(x))
EACH1(log, log(x))
EACH1(sqrt, sqrt(x))
EACH1(rsqrt, 1 / sqrt(x))
EACH1(convert, x)
EACH1(round, x)
EACH1(bcast, x)

void float_op_select(const float_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = lane(s, 0, i) != 0 ? lane(s, 1, i) : lane(s, 2, i);
}

/* ---- sources and sinks ---- */

void float_op_input(const float_site *s)
{
    const double *port = s->f->inputs[ir_get_int(s->op, IR_ATTR_port, 0)];
    ir_port_words from = ir_values_port(&s->f->values, s->op, s->point);
    for (uint32_t i = 0; i < ir_words(s->op->type); i++)
        s->y[i] = port[from.first + i * from.step];
}

void float_op_const(const float_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = ir_get(s->op, IR_ATTR_value)->real;
}

/* The same draws as the fixed-point interpreter's, so that both take the same samples. */
void float_op_random(const float_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = ldexp(
            vector_rand(ir_draw(s->op, s->f->seed, s->f->step, s->point, i, s->f->side)), -15);
}

void float_op_output(const float_site *s)
{
    double *port = s->f->outputs[ir_get_int(s->op, IR_ATTR_port, 0)];
    ir_port_words to = ir_values_port(&s->f->values, s->op, s->point);
    for (uint32_t i = 0; i < ir_words(s->op->args[0]->type); i++)
        port[to.first + i * to.step] = s->x[0][i];
}

/* ---- across lanes ---- */

void float_op_sum(const float_site *s)
{
    s->y[0] = 0;
    for (uint32_t i = 0; i < s->op->args[0]->type.lanes; i++)
        s->y[0] += s->x[0][i];
}

void float_op_maxr(const float_site *s)
{
    s->y[0] = s->x[0][0];
    for (uint32_t i = 1; i < s->op->args[0]->type.lanes; i++)
        s->y[0] = s->x[0][i] > s->y[0] ? s->x[0][i] : s->y[0];
}

void float_op_softmax(const float_site *s)
{
    double largest = s->x[0][0], sum = 0;
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        largest = s->x[0][i] > largest ? s->x[0][i] : largest;
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        sum += s->y[i] = exp(s->x[0][i] - largest);
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] /= sum;
}

/* ---- shapes ---- */

void float_op_slice(const float_site *s)
{
    memcpy(s->y, s->x[0] + ir_get_int(s->op, IR_ATTR_first, 0), s->op->type.lanes * sizeof(double));
}

void float_op_concat(const float_site *s)
{
    double *at = s->y;
    for (uint32_t i = 0; i < s->op->arg_count; i++) {
        uint32_t words = ir_words(s->op->args[i]->type);
        memcpy(at, s->x[i], words * sizeof(double));
        at += words;
    }
}

void float_op_onehot(const float_site *s)
{
    for (uint32_t i = 0; i < s->op->type.lanes; i++)
        s->y[i] = s->x[0][0] == i;
}

/* ---- routing: identities ---- */

static void same(const float_site *s)
{
    memcpy(s->y, s->x[0], ir_words(s->op->type) * sizeof(double));
}

void float_op_collect(const float_site *s)
{
    same(s);
}
void float_op_store(const float_site *s)
{
    same(s);
}
void float_op_load(const float_site *s)
{
    same(s);
}
void float_op_send(const float_site *s)
{
    same(s);
}
void float_op_receive(const float_site *s)
{
    same(s);
}

/* ---- losses ---- */

void float_op_cross_entropy(const float_site *s)
{
    s->y[0] = ir_cross_entropy(s->x[0], s->x[1], s->op->args[0]->type.lanes);
}

void float_op_mse(const float_site *s)
{
    s->y[0] = ir_mse(s->x[0], s->x[1], s->op->args[0]->type.lanes);
}

void float_op_descend(const float_site *s)
{
    (void)s;
}

/* ---- states ---- */

void float_op_prev(const float_site *s)
{
    const ir_op *next = s->f->plan.recurrences.partner[s->op->id];
    const double *before = ir_values_before(&s->f->values, s->f->g, next, s->point);
    memcpy(s->y, before ? before : s->x[0], s->op->type.lanes * sizeof *s->y);
}

void float_op_next(const float_site *s)
{
    memcpy(s->y, s->x[0], s->op->type.lanes * sizeof *s->y);
}
