/*
 * 16-bit fixed point: value = integer / 2^q. Everything a vector unit computes saturates to
 * [-32767, 32767] (the signed-magnitude range of the crossbar drivers, so -32768 never arises inside
 * a core) and rounds half away from zero.
 */
#ifndef PANTHER_SUPPORT_FIXED_H
#define PANTHER_SUPPORT_FIXED_H

#include <math.h>
#include <stdint.h>

enum { FIXED_MAX = 32767, FIXED_MIN = -32767, FIXED_MAX_Q = 31 };

static inline int16_t fixed_saturate(int64_t v)
{
    return (int16_t)(v > FIXED_MAX ? FIXED_MAX : v < FIXED_MIN ? FIXED_MIN : v);
}

/* v / 2^shift, half away from zero; a negative shift multiplies (saturating to the int64 range). */
static inline int64_t fixed_round_shift(int64_t v, int shift)
{
    if (shift <= 0) {
        int up = -shift;
        int64_t limit = up < 62 ? INT64_MAX >> up : 0;
        if (v > limit || v < -limit)
            return v > 0 ? INT64_MAX : v < 0 ? -INT64_MAX : 0;
        return v * ((int64_t)1 << (up < 62 ? up : 0));
    }
    if (shift > 62)
        return 0;
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    int64_t rounded = (int64_t)((magnitude + ((uint64_t)1 << (shift - 1))) >> shift);
    return v < 0 ? -rounded : rounded;
}

/*
 * v / 2^shift, stochastically: the magnitude is rounded up with probability equal to its fraction.
 * draw supplies 64 random bits; unbiased to 2^-shift exactly, since the low bits are added whole.
 */
static inline int64_t fixed_stochastic_shift(int64_t v, int shift, uint64_t draw)
{
    if (shift <= 0)
        return fixed_round_shift(v, shift);
    if (shift > 62)
        return 0;
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t low = draw & (((uint64_t)1 << shift) - 1);
    int64_t rounded = (int64_t)((magnitude + low) >> shift);
    return v < 0 ? -rounded : rounded;
}

/* The nearest value of format q, half away from zero, saturating. NaN becomes 0. */
static inline int16_t fixed_from_double(double v, int q)
{
    double scaled = round(ldexp(v, q));
    if (!(scaled == scaled))
        return 0;
    return (int16_t)(scaled > FIXED_MAX ? FIXED_MAX : scaled < FIXED_MIN ? FIXED_MIN : scaled);
}

static inline double fixed_to_double(int64_t v, int q)
{
    return ldexp((double)v, -q);
}

#endif
