/*
 * One vocabulary for two widths of vectors, so that a kernel's source is written once: a file that
 * is compiled for AVX-512 sees 64 bytes, one compiled for AVX2 32. SIMD(name) keeps the two apart.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_SIMD_H
#define PANTHER_EMULATOR_CROSSBAR_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#define SIMD_INLINE static inline __attribute__((always_inline, unused))

#if defined(__AVX512BW__)

#define SIMD(name) avx512_##name
typedef __m512i vec;
#define V(operation) _mm512_##operation

SIMD_INLINE vec v_zero(void)
{
    return _mm512_setzero_si512();
}
SIMD_INLINE vec v_load(const void *p)
{
    return _mm512_loadu_si512(p);
}
SIMD_INLINE void v_store(void *p, vec v)
{
    _mm512_storeu_si512(p, v);
}
SIMD_INLINE vec v_xor(vec a, vec b)
{
    return _mm512_xor_si512(a, b);
}
SIMD_INLINE vec v_or(vec a, vec b)
{
    return _mm512_or_si512(a, b);
}
SIMD_INLINE vec v_and(vec a, vec b)
{
    return _mm512_and_si512(a, b);
}
/* How many bytes, or words, differ. */
SIMD_INLINE uint32_t v_differ8(vec a, vec b)
{
    return (uint32_t)__builtin_popcountll(_mm512_cmpneq_epi8_mask(a, b));
}
SIMD_INLINE uint32_t v_differ16(vec a, vec b)
{
    return (uint32_t)__builtin_popcount(_mm512_cmpneq_epi16_mask(a, b));
}
/* tally + 1 in the bytes where a and b are equal. */
SIMD_INLINE vec v_tally8(vec tally, vec a, vec b)
{
    return _mm512_mask_add_epi8(tally, _mm512_cmpeq_epi8_mask(a, b), tally, _mm512_set1_epi8(1));
}
/* Two vectors of words with values 0..255 to bytes: 8 words of a, 8 of b, 8 of a, ... */
SIMD_INLINE vec v_pack(vec a, vec b)
{
    return _mm512_packus_epi16(a, b);
}
SIMD_INLINE vec v_widen16_low(vec v)
{
    return _mm512_cvtepi16_epi32(_mm512_castsi512_si256(v));
}
SIMD_INLINE vec v_widen16_high(vec v)
{
    return _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(v, 1));
}
SIMD_INLINE vec v_abs16(vec v)
{
    return _mm512_abs_epi16(v);
}
/* a + the dot products of pairs of words of b and c. */
SIMD_INLINE vec v_dot16(vec a, vec b, vec c)
{
    return _mm512_dpwssd_epi32(a, b, c);
}
/* out[0..16) += v << shift */
SIMD_INLINE void v_accumulate64(int64_t *out, vec v, int shift)
{
    __m128i by = _mm_cvtsi32_si128(shift);
    vec low = _mm512_sll_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(v)), by);
    vec high = _mm512_sll_epi64(_mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(v, 1)), by);
    v_store(out, _mm512_add_epi64(v_load(out), low));
    v_store(out + 8, _mm512_add_epi64(v_load(out + 8), high));
}
/* The sum of the four quarters. */
SIMD_INLINE __m128i v_fold32(vec v)
{
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

#else

#define SIMD(name) avx2_##name
typedef __m256i vec;
#define V(operation) _mm256_##operation

SIMD_INLINE vec v_zero(void)
{
    return _mm256_setzero_si256();
}
SIMD_INLINE vec v_load(const void *p)
{
    return _mm256_loadu_si256(p);
}
SIMD_INLINE void v_store(void *p, vec v)
{
    _mm256_storeu_si256(p, v);
}
SIMD_INLINE vec v_xor(vec a, vec b)
{
    return _mm256_xor_si256(a, b);
}
SIMD_INLINE vec v_or(vec a, vec b)
{
    return _mm256_or_si256(a, b);
}
SIMD_INLINE vec v_and(vec a, vec b)
{
    return _mm256_and_si256(a, b);
}
SIMD_INLINE uint32_t v_differ8(vec a, vec b)
{
    uint32_t equal = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
    return (uint32_t)__builtin_popcount(~equal);
}
SIMD_INLINE uint32_t v_differ16(vec a, vec b)
{
    uint32_t equal = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi16(a, b));
    return (uint32_t)__builtin_popcount(~equal) / 2;
}
SIMD_INLINE vec v_tally8(vec tally, vec a, vec b)
{
    return _mm256_sub_epi8(tally, _mm256_cmpeq_epi8(a, b));
}
SIMD_INLINE vec v_pack(vec a, vec b)
{
    return _mm256_packus_epi16(a, b);
}
SIMD_INLINE vec v_widen16_low(vec v)
{
    return _mm256_cvtepi16_epi32(_mm256_castsi256_si128(v));
}
SIMD_INLINE vec v_widen16_high(vec v)
{
    return _mm256_cvtepi16_epi32(_mm256_extracti128_si256(v, 1));
}
SIMD_INLINE vec v_abs16(vec v)
{
    return _mm256_abs_epi16(v);
}
SIMD_INLINE vec v_dot16(vec a, vec b, vec c)
{
    return _mm256_add_epi32(a, _mm256_madd_epi16(b, c));
}
SIMD_INLINE void v_accumulate64(int64_t *out, vec v, int shift)
{
    __m128i by = _mm_cvtsi32_si128(shift);
    vec low = _mm256_sll_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(v)), by);
    vec high = _mm256_sll_epi64(_mm256_cvtepi32_epi64(_mm256_extracti128_si256(v, 1)), by);
    v_store(out, _mm256_add_epi64(v_load(out), low));
    v_store(out + 4, _mm256_add_epi64(v_load(out + 4), high));
}
SIMD_INLINE __m128i v_fold32(vec v)
{
    return _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}

#endif

/* The sum of all bytes, unsigned. */
SIMD_INLINE uint64_t v_sum8(vec v)
{
    uint64_t part[sizeof(vec) / 8], sum = 0;
    v_store(part, V(sad_epu8)(v, v_zero()));
    for (unsigned k = 0; k < sizeof(vec) / 8; k++)
        sum += part[k];
    return sum;
}

enum { VEC8 = sizeof(vec), VEC16 = VEC8 / 2, VEC32 = VEC8 / 4 };

#endif
