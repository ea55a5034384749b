/* Outer products in OPA_DIGIT mode on bytes; included once by the file of each width. */
#include "emulator/crossbar/opa_plan.h"
#include "emulator/crossbar/simd_bytes.h"

#include <stdlib.h>

/* The digits of |product| at one place; low and high words of 2 x VEC16 products. */
SIMD_INLINE vec product_digit(const vec low[2], const vec high[2], int place, vec mask)
{
    const vec *word = place < 16 ? low : high;
    __m128i by = _mm_cvtsi32_si128(place & 15);
    return v_pack(v_and(V(srl_epi16)(word[0], by), mask), v_and(V(srl_epi16)(word[1], by), mask));
}

/* VEC8 cells of one row, in the slices from 0 to `slices`. */
SIMD_INLINE void digit_cells(const crossbar *x, const byte_limits *limits, int slices,
                             const int16_t *col, int16_t word, int8_t *digits, uint64_t *clips)
{
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    int p = x->format->radix_bits;
    vec a, b, mask = V(set1_epi16)((int16_t)((1 << p) - 1));
    load_words(col, &a, &b);
    vec size = V(set1_epi16)((int16_t)abs(word));
    vec negative = v_xor(negative_bytes(a, b), V(set1_epi8)(word < 0 ? -1 : 0));
    a = v_abs16(a);
    b = v_abs16(b);
    vec low[2] = {V(mullo_epi16)(a, size), V(mullo_epi16)(b, size)};
    vec high[2] = {V(mulhi_epu16)(a, size), V(mulhi_epu16)(b, size)};
    for (int s = 0; s < slices; s++, digits += plane) {
        vec lost = v_zero();
        vec term = with_sign(product_digit(low, high, s * p, mask), negative);
        vec sum = add_term(v_load(digits), term, &lost);
        v_store(digits, clip_bytes(&limits[s], sum, lost, &clips[s]));
    }
}

/* Returns the slices that may have changed. */
static unsigned digit_one(crossbar *x, crossbar_cells *cells, const int16_t *row, const int16_t *col)
{
    opa_plan plan;
    byte_limits limits[SLICES_MAX];
    uint64_t clips[SLICES_MAX] = {0};
    size_t stride = (size_t)x->column_stride;
    int slices = 0;
    opa_plan_digits(x, row, col, &plan);
    opa_plan_clips(x, cells, true, &plan);
    for (; slices < x->format->slices && plan.terms[slices]; slices++)
        limits[slices] = limits_of(x->format, slices, plan.clips[slices]);
    for (int i = 0; i < x->rows; i++)
        for (int first = 0; row[i] && first < x->column_stride; first += VEC8)
            digit_cells(x, limits, slices, col + first, row[i],
                        cells->narrow + (size_t)i * stride + first, clips);
    for (int s = 0; s < slices; s++)
        x->saturated[s] += clips[s];
    return (1U << slices) - 1;
}
