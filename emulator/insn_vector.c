/* The vector unit: lane by lane in ascending order, as support/vector.h defines each function. */
#include "emulator/handlers.h"

#include "isa/support/vector.h"

#include <string.h>

/*
 * Lanes are independent where the result does not start inside an operand behind that operand's own
 * start: then they may be computed side by side.
 */
static bool apart(const int16_t *d, const int16_t *x, uint32_t words)
{
    return d <= x || d >= x + words;
}

#if defined(__clang__)
#define SIDE_BY_SIDE
#else
#define SIDE_BY_SIDE _Pragma("GCC ivdep")
#endif

#define EACH_LANE(side_by_side, expression)                                                        \
    do {                                                                                           \
        uint32_t words_ = op->words;                                                               \
        if (side_by_side) {                                                                        \
            SIDE_BY_SIDE for (uint32_t i = 0; i < words_; i++) d[i] = (expression);                \
        } else {                                                                                   \
            for (uint32_t i = 0; i < words_; i++) {                                                \
                d[i] = (expression);                                                               \
                __asm__ volatile("" ::: "memory"); /* one after the other */                       \
            }                                                                                      \
        }                                                                                          \
    } while (0)

#define ONE_OPERAND(name)                                                                          \
    WIDE_LANES void insn_##name(agent *a, const operation *op)                                     \
    {                                                                                              \
        int16_t *d = operand(a, op, 0);                                                            \
        const int16_t *x = operand(a, op, 1);                                                      \
        EACH_LANE(apart(d, x, op->words), vector_##name(x[i]));                                    \
    }

#define TWO_OPERANDS(name)                                                                         \
    WIDE_LANES void insn_##name(agent *a, const operation *op)                                     \
    {                                                                                              \
        int16_t *d = operand(a, op, 0);                                                            \
        const int16_t *x = operand(a, op, 1), *y = operand(a, op, 2);                              \
        EACH_LANE(apart(d, x, op->words) && apart(d, y, op->words), vector_##name(x[i], y[i]));    \
    }

#define IMMEDIATE(name, function)                                                                  \
    WIDE_LANES void insn_##name(agent *a, const operation *op)                                     \
    {                                                                                              \
        int16_t *d = operand(a, op, 0), immediate = (int16_t)op->imm;                              \
        const int16_t *x = operand(a, op, 1);                                                      \
        EACH_LANE(apart(d, x, op->words), function(x[i], immediate));                              \
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

/*
 * Shifts of the usual sizes, rounded with `add` (a half, or what was drawn), in 32 bits: |v| <= 2^30
 * and add < 2^31. Then to the grid, as vector_shl does; limit: the largest multiple of 2^grid, shifted.
 */
static inline int16_t shift_lane(int32_t v, int shift, uint32_t add, int grid, int32_t limit)
{
    uint32_t size = (uint32_t)(v < 0 ? -v : v);
    int32_t rounded = (int32_t)((size + add) >> shift);
    rounded = (rounded > limit ? limit : rounded) << grid;
    return (int16_t)(v < 0 ? -rounded : rounded);
}

static bool usual_shift(const operation *op)
{
    return op->shift >= 1 && op->shift <= 31 && op->grid >= 0 && op->grid <= 14;
}

WIDE_LANES static void mul_nearest(const operation *op, int16_t *d, const int16_t *x,
                                   const int16_t *y)
{
    int shift = op->shift, grid = op->grid;
    uint32_t half = 1u << (shift - 1);
    int32_t limit = FIXED_MAX >> grid;
    bool free = apart(d, x, op->words) && apart(d, y, op->words);
    EACH_LANE(free, shift_lane(x[i] * y[i], shift, half, grid, limit));
}

WIDE_LANES static void mul_stochastic(const operation *op, uint64_t base, int16_t *d,
                                      const int16_t *x, const int16_t *y)
{
    int shift = op->shift, grid = op->grid;
    uint32_t mask = (1u << shift) - 1;
    int32_t limit = FIXED_MAX >> grid;
    bool free = apart(d, x, op->words) && apart(d, y, op->words);
    EACH_LANE(free, shift_lane(x[i] * y[i], shift, (uint32_t)random_lane(base, i) & mask, grid,
                               limit));
}

static void mul_any(const operation *op, uint64_t base, int16_t *d, const int16_t *x,
                    const int16_t *y)
{
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_shl(op->stochastic ? vector_mul_stochastic(x[i], y[i], op->shift,
                                                                 random_lane(base, i))
                                         : vector_mul(x[i], y[i], op->shift),
                          op->grid);
}

void insn_mul(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1), *y = operand(a, op, 2);
    uint64_t base = op->stochastic ? draw_base(a, op) : 0;
    if (!usual_shift(op))
        mul_any(op, base, d, x, y);
    else if (op->stochastic)
        mul_stochastic(op, base, d, x, y);
    else
        mul_nearest(op, d, x, y);
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

WIDE_LANES static void shr_nearest(const operation *op, int16_t *d, const int16_t *x)
{
    int shift = op->shift, grid = op->grid;
    uint32_t half = 1u << (shift - 1);
    int32_t limit = FIXED_MAX >> grid;
    EACH_LANE(apart(d, x, op->words), shift_lane(x[i], shift, half, grid, limit));
}

WIDE_LANES static void shr_stochastic(const operation *op, uint64_t base, int16_t *d,
                                      const int16_t *x)
{
    int shift = op->shift, grid = op->grid;
    uint32_t mask = (1u << shift) - 1;
    int32_t limit = FIXED_MAX >> grid;
    EACH_LANE(apart(d, x, op->words),
              shift_lane(x[i], shift, (uint32_t)random_lane(base, i) & mask, grid, limit));
}

static void shr_any(const operation *op, uint64_t base, int16_t *d, const int16_t *x)
{
    for (uint32_t i = 0; i < op->words; i++)
        d[i] = vector_shl(op->stochastic
                              ? vector_shr_stochastic(x[i], op->shift, random_lane(base, i))
                              : vector_shr(x[i], op->shift),
                          op->grid);
}

void insn_shr(agent *a, const operation *op)
{
    int16_t *d = operand(a, op, 0);
    const int16_t *x = operand(a, op, 1);
    uint64_t base = op->stochastic ? draw_base(a, op) : 0;
    if (!usual_shift(op))
        shr_any(op, base, d, x);
    else if (op->stochastic)
        shr_stochastic(op, base, d, x);
    else
        shr_nearest(op, d, x);
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
