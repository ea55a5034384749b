/* The vector unit: lane by lane in ascending order, as support/vector.h defines each function. */
#include "emulator/handlers.h"

#include "isa/support/vector.h"

#include <string.h>

#define ONE_OPERAND(name)                                                                          \
    void insn_##name(agent *a, const operation *op)                                                \
    {                                                                                              \
        int16_t *d = operand(a, op, 0);                                                            \
        const int16_t *x = operand(a, op, 1);                                                      \
        for (uint32_t i = 0; i < op->words; i++)                                                   \
            d[i] = vector_##name(x[i]);                                                            \
    }

#define TWO_OPERANDS(name)                                                                         \
    void insn_##name(agent *a, const operation *op)                                                \
    {                                                                                              \
        int16_t *d = operand(a, op, 0);                                                            \
        const int16_t *x = operand(a, op, 1), *y = operand(a, op, 2);                              \
        for (uint32_t i = 0; i < op->words; i++)                                                   \
            d[i] = vector_##name(x[i], y[i]);                                                      \
    }

#define IMMEDIATE(name, function)                                                                  \
    void insn_##name(agent *a, const operation *op)                                                \
    {                                                                                              \
        int16_t *d = operand(a, op, 0);                                                            \
        const int16_t *x = operand(a, op, 1);                                                      \
        for (uint32_t i = 0; i < op->words; i++)                                                   \
            d[i] = function(x[i], (int16_t)op->imm);                                               \
    }

ONE_OPERAND(not)
ONE_OPERAND(neg)
ONE_OPERAND(abs)
ONE_OPERAND(sign)
ONE_OPERAND(relu)
TWO_OPERANDS(add)
TWO_OPERANDS(sub)
TWO_OPERANDS(min)
TWO_OPERANDS(max)
TWO_OPERANDS(and)
TWO_OPERANDS(or)
TWO_OPERANDS(eq)
TWO_OPERANDS(ne)
TWO_OPERANDS(lt)
TWO_OPERANDS(le)
TWO_OPERANDS(gt)
TWO_OPERANDS(ge)
TWO_OPERANDS(relud)
IMMEDIATE(addi, vector_add)
IMMEDIATE(mini, vector_min)
IMMEDIATE(maxi, vector_max)

/* The draws of one execution: the count tells repetitions in a kernel apart, the lane its words. */
static uint64_t draw_base(agent *a, const operation *op)
{
    const emulator *e = a->tile->emulator;
    uint64_t count = a->stream_runs[op->stream_slot]++;
    return random_base((random_key){e->options.seed, op->stream, e->step, count});
}

void insn_copy(agent *a, const operation *op)
{
    memmove(operand(a, op, 0), operand(a, op, 1), op->words * sizeof(int16_t));
}

void insn_set(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = fixed_saturate(op->imm);
}

void insn_mul(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1), *y = operand(a, op, 2);
    if (op->stochastic) {
        uint64_t base = draw_base(a, op);
        for (uint32_t i = 0; i < op->words; i++)
            d[i] = vector_shl(vector_mul_stochastic(x[i], y[i], op->shift, random_lane(base, i)),
                              op->grid);
        return;
    }
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_shl(vector_mul(x[i], y[i], op->shift), op->grid);
}

void insn_muli(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1);
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_mul(x[i], (int16_t)op->imm, op->shift);
}

void insn_div(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1), *y = operand(a, op, 2);
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_div(x[i], y[i], op->shift);
}

void insn_sel(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1), *y = operand(a, op, 2), *z = operand(a, op, 3);
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_sel(x[i], y[i], z[i]);
}

void insn_shl(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1);
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_shl(x[i], op->shift);
}

void insn_shr(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1);
    if (op->stochastic) {
        uint64_t base = draw_base(a, op);
        for (uint32_t i = 0; i < op->words; i++)
            d[i] = vector_shl(vector_shr_stochastic(x[i], op->shift, random_lane(base, i)), op->grid);
        return;
    }
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_shl(vector_shr(x[i], op->shift), op->grid);
}

/*
 * The table is filled as arguments come up: a whole one takes longer than a small run. Threads may
 * do the same work twice, but find the same.
 */
static void look_up(agent *a, const operation *op, vector_function *function)
{
    const activation_table *t = op->with.table;
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1);
    for (uint32_t i = 0; i < op->words; i++) {
        int16_t *known = &t->value[(uint16_t)x[i]];
        int16_t y = __atomic_load_n(known, __ATOMIC_RELAXED);
        if (y == ACTIVATION_UNKNOWN) {
            y = function(x[i], t->q_in, t->q_out);
            __atomic_store_n(known, y, __ATOMIC_RELAXED);
        }
        d[i] = y;
    }
}

#define FUNCTION(name)                                                                             \
    void insn_##name(agent *a, const operation *op)                                                \
    {                                                                                              \
        look_up(a, op, vector_##name);                                                             \
    }

FUNCTION(sigmoid)
FUNCTION(tanh)
FUNCTION(exp)
FUNCTION(log)
FUNCTION(sqrt)
FUNCTION(rsqrt)

void insn_sum(agent *a, const operation *op)
{
    *operand(a, op, 0) = vector_sum(operand(a, op, 1), op->words, op->shift);
}

void insn_maxr(agent *a, const operation *op)
{
    *operand(a, op, 0) = vector_maxr(operand(a, op, 1), op->words);
}

void insn_bcast(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0), word = *operand(a, op, 1);
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = word;
}

void insn_rand(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    uint64_t base = draw_base(a, op);
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_rand(random_lane(base, i));
}
