#include "isa/support/vector.h"

#include <math.h>

/* Beyond this many bits any nonzero quotient saturates (upwards) or rounds to zero (downwards). */
enum { DIV_SHIFT_MAX = 32 };

static int64_t scaled(int16_t v, int shift)
{
    int64_t size = v < 0 ? -(int64_t)v : v;
    return shift <= 0 ? size : size << (shift < DIV_SHIFT_MAX ? shift : DIV_SHIFT_MAX);
}

int16_t vector_div(int16_t a, int16_t b, int shift)
{
    if (b == 0)
        return a > 0 ? FIXED_MAX : a < 0 ? FIXED_MIN : 0;
    int64_t over = scaled(a, shift), under = scaled(b, -shift);
    int64_t quotient = (2 * over + under) / (2 * under);
    return fixed_saturate((a < 0) != (b < 0) ? -quotient : quotient);
}

static long double argument(int16_t a, int q)
{
    return ldexpl((long double)a, -q);
}

/* Ties go away from zero (roundl). */
static int16_t nearest(long double v, int q)
{
    long double rounded = roundl(ldexpl(v, q));
    if (rounded >= FIXED_MAX)
        return FIXED_MAX;
    return rounded <= FIXED_MIN ? FIXED_MIN : (int16_t)rounded;
}

int16_t vector_sigmoid(int16_t a, int q_in, int q_out)
{
    return nearest(1.0L / (1.0L + expl(-argument(a, q_in))), q_out);
}

int16_t vector_tanh(int16_t a, int q_in, int q_out)
{
    return nearest(tanhl(argument(a, q_in)), q_out);
}

int16_t vector_exp(int16_t a, int q_in, int q_out)
{
    return nearest(expl(argument(a, q_in)), q_out);
}

int16_t vector_log(int16_t a, int q_in, int q_out)
{
    return a <= 0 ? FIXED_MIN : nearest(logl(argument(a, q_in)), q_out);
}

int16_t vector_sqrt(int16_t a, int q_in, int q_out)
{
    /* The scale goes under the root, so that an exact tie is one number and not two roundings. */
    return a < 0 ? 0 : nearest(sqrtl(argument(a, q_in - 2 * q_out)), 0);
}

int16_t vector_rsqrt(int16_t a, int q_in, int q_out)
{
    return a <= 0 ? FIXED_MAX : nearest(1.0L / sqrtl(argument(a, q_in)), q_out);
}

int16_t vector_sum(const int16_t *a, size_t n, int shift)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i];
    return fixed_saturate(fixed_round_shift(sum, shift));
}

int16_t vector_maxr(const int16_t *a, size_t n)
{
    int16_t largest = a[0];
    for (size_t i = 1; i < n; i++)
        largest = a[i] > largest ? a[i] : largest;
    return fixed_saturate(largest);
}
