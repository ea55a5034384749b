/*
 * Element-wise functions of the vector unit, to the bit: the one definition that the emulator's
 * handlers and the IR's fixed-point interpreter share. One call is one lane.
 *
 * Every result saturates to +-32767. Shifts are the signed static shifts of the instruction; they
 * round half away from zero, or stochastically where a draw of 64 random bits is passed.
 */
#ifndef PANTHER_SUPPORT_VECTOR_H
#define PANTHER_SUPPORT_VECTOR_H

#include "isa/support/fixed.h"
#include "isa/support/random.h"

#include <stddef.h>
#include <stdint.h>

static inline int16_t vector_add(int16_t a, int16_t b)
{
    return fixed_saturate((int64_t)a + b);
}
static inline int16_t vector_sub(int16_t a, int16_t b)
{
    return fixed_saturate((int64_t)a - b);
}

/* a * b / 2^shift */
static inline int16_t vector_mul(int16_t a, int16_t b, int shift)
{
    return fixed_saturate(fixed_round_shift((int64_t)a * b, shift));
}
static inline int16_t vector_mul_stochastic(int16_t a, int16_t b, int shift, uint64_t draw)
{
    return fixed_saturate(fixed_stochastic_shift((int64_t)a * b, shift, draw));
}

/* a * 2^shift / b; x/0 saturates by the sign of x, 0/0 = 0 */
int16_t vector_div(int16_t a, int16_t b, int shift);

static inline int16_t vector_min(int16_t a, int16_t b)
{
    return fixed_saturate(a < b ? a : b);
}
static inline int16_t vector_max(int16_t a, int16_t b)
{
    return fixed_saturate(a > b ? a : b);
}
static inline int16_t vector_and(int16_t a, int16_t b)
{
    return fixed_saturate(a & b);
}
static inline int16_t vector_or(int16_t a, int16_t b)
{
    return fixed_saturate(a | b);
}
static inline int16_t vector_not(int16_t a)
{
    return a == 0;
}
static inline int16_t vector_eq(int16_t a, int16_t b)
{
    return a == b;
}
static inline int16_t vector_ne(int16_t a, int16_t b)
{
    return a != b;
}
static inline int16_t vector_lt(int16_t a, int16_t b)
{
    return a < b;
}
static inline int16_t vector_le(int16_t a, int16_t b)
{
    return a <= b;
}
static inline int16_t vector_gt(int16_t a, int16_t b)
{
    return a > b;
}
static inline int16_t vector_ge(int16_t a, int16_t b)
{
    return a >= b;
}
static inline int16_t vector_sel(int16_t a, int16_t b, int16_t c)
{
    return fixed_saturate(a != 0 ? b : c);
}

/*
 * a * 2^shift, saturating at the largest multiple of 2^shift (so that what was rounded to a grid stays
 * on it), and a / 2^shift, saturating at the largest number (a negative shift multiplies).
 */
static inline int16_t vector_shl(int16_t a, int shift)
{
    int limit = shift > 0 ? FIXED_MAX >> (shift < 15 ? shift : 15) : FIXED_MAX;
    int held = a > limit ? limit : a < -limit ? -limit : a;
    return fixed_saturate(fixed_round_shift(held, -shift));
}
static inline int16_t vector_shr(int16_t a, int shift)
{
    return fixed_saturate(fixed_round_shift(a, shift));
}
static inline int16_t vector_shr_stochastic(int16_t a, int shift, uint64_t draw)
{
    return fixed_saturate(fixed_stochastic_shift(a, shift, draw));
}

static inline int16_t vector_neg(int16_t a)
{
    return fixed_saturate(-(int64_t)a);
}
static inline int16_t vector_abs(int16_t a)
{
    return fixed_saturate(a < 0 ? -(int64_t)a : a);
}
static inline int16_t vector_sign(int16_t a)
{
    return (int16_t)((a > 0) - (a < 0));
}
static inline int16_t vector_relu(int16_t a)
{
    return a > 0 ? a : 0;
}
/* a where b > 0, else 0 */
static inline int16_t vector_relud(int16_t a, int16_t b)
{
    return b > 0 ? fixed_saturate(a) : 0;
}

/*
 * Functions: the argument is a / 2^q_in, the result the nearest value of format q_out (ties away
 * from zero), saturating. Worked out in long double: the transcendental ones have no ties but at
 * their exact points (0, 1), and sqrt and rsqrt come nowhere nearer to one than the error of that.
 */
typedef int16_t vector_function(int16_t a, int q_in, int q_out);

int16_t vector_sigmoid(int16_t a, int q_in, int q_out);
int16_t vector_tanh(int16_t a, int q_in, int q_out);
int16_t vector_exp(int16_t a, int q_in, int q_out);
int16_t vector_log(int16_t a, int q_in, int q_out);   /* a <= 0: -32767 */
int16_t vector_sqrt(int16_t a, int q_in, int q_out);  /* a < 0: 0 */
int16_t vector_rsqrt(int16_t a, int q_in, int q_out); /* a <= 0: 32767 */

/* Exact sum of n words / 2^shift, and the largest of n words (n at least 1). */
int16_t vector_sum(const int16_t *a, size_t n, int shift);
int16_t vector_maxr(const int16_t *a, size_t n);

/* One word of `rand`: uniform in 0..32767, from a draw of 64 bits (random_lane). */
static inline int16_t vector_rand(uint64_t draw)
{
    return (int16_t)(draw >> 49);
}

#endif
