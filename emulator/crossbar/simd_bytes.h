/* Operands and clips of digits in bytes; included once by the file of each width. */
#ifndef PANTHER_EMULATOR_CROSSBAR_SIMD_BYTES_H
#define PANTHER_EMULATOR_CROSSBAR_SIMD_BYTES_H

#include "emulator/crossbar/crossbar.h"
#include "emulator/crossbar/simd.h"

/* VEC8 words in the order in which v_pack restores theirs. */
SIMD_INLINE void load_words(const int16_t *word, vec *x, vec *y)
{
    vec a = v_load(word), b = v_load(word + VEC16);
#if defined(__AVX512BW__)
    *x = _mm512_shuffle_i64x2(a, b, _MM_SHUFFLE(2, 0, 2, 0));
    *y = _mm512_shuffle_i64x2(a, b, _MM_SHUFFLE(3, 1, 3, 1));
#else
    *x = _mm256_permute2x128_si256(a, b, 0x20);
    *y = _mm256_permute2x128_si256(a, b, 0x31);
#endif
}

/* Bytes of -1 where a word is negative. */
SIMD_INLINE vec negative_bytes(vec x, vec y)
{
    return V(packs_epi16)(V(srai_epi16)(x, 15), V(srai_epi16)(y, 15));
}

SIMD_INLINE vec with_sign(vec v, vec negative)
{
    return V(sub_epi8)(v_xor(v, negative), negative);
}

/* How one slice's digits are held after something was added to them. */
typedef struct byte_limits {
    vec low, high;
    bool clips, whole; /* whole: all of a byte, where saturation is the clip */
} byte_limits;

SIMD_INLINE byte_limits limits_of(const slicing *f, int s, bool clips)
{
    return (byte_limits){V(set1_epi8)((int8_t)slice_low(f, s)),
                         V(set1_epi8)((int8_t)slice_high(f, s)), clips, f->bits[s] == 8};
}

/*
 * A digit and what was added to it: `sum` with saturation to 8 bits, `lost` where that changed
 * something. All terms of a cell have one sign, so the sum of a narrower slice exceeds its limit here
 * if and only if the exact one does.
 */
SIMD_INLINE vec clip_bytes(const byte_limits *limits, vec sum, vec lost, uint64_t *clips)
{
    if (!limits->clips)
        return sum;
    if (limits->whole) {
        *clips += v_differ8(lost, v_zero());
        return sum;
    }
    vec held = V(max_epi8)(V(min_epi8)(sum, limits->high), limits->low);
    *clips += v_differ8(sum, held);
    return held;
}

/* One term of a sum with saturation; adds to `lost` what it changed. */
SIMD_INLINE vec add_term(vec sum, vec term, vec *lost)
{
    vec wrapped = V(add_epi8)(sum, term);
    sum = V(adds_epi8)(sum, term);
    *lost = v_or(*lost, v_xor(sum, wrapped));
    return sum;
}

#endif
