/* Products on lanes of 16 bits; included once by the file of each width. */
#include "emulator/crossbar/collapse.h"
#include "emulator/crossbar/simd.h"

enum {
    STRIP = 256 / VEC8, /* vectors that hold 128 outputs: as many stay in registers together */
    LINES = 8,          /* dot products that do */
};

SIMD_INLINE void add_lines(const int16_t *plane, size_t stride, const uint16_t *at, int count,
                           int vectors, vec *sum)
{
#pragma GCC unroll 2
    for (int k = 0; k < count; k++) {
        const int16_t *line = plane + at[k] * stride;
        for (int v = 0; v < vectors; v++)
            sum[v] = V(add_epi16)(sum[v], v_load(line + v * VEC16));
    }
}

SIMD_INLINE void subtract_lines(const int16_t *plane, size_t stride, const uint16_t *at, int count,
                                int vectors, vec *sum)
{
#pragma GCC unroll 2
    for (int k = 0; k < count; k++) {
        const int16_t *line = plane + at[k] * stride;
        for (int v = 0; v < vectors; v++)
            sum[v] = V(sub_epi16)(sum[v], v_load(line + v * VEC16));
    }
}

/*
 * The lines that a bit selects are added in 16 bits, converted, and doubled into 32 as the bits come,
 * most significant first: |sum| <= 32767 by the caller's check, so the total stays below 2^30.
 */
SIMD_INLINE uint64_t strip_product(const int16_t *plane, size_t stride, const input_bits *bits,
                                   int vectors, int16_t low, int16_t high, int shift, int64_t *out)
{
    vec total[2 * STRIP], sum[STRIP];
    uint64_t clips = 0;
    for (int v = 0; v < 2 * vectors; v++)
        total[v] = v_zero();
    for (int t = SLICED_INPUT_BITS - 1; t >= 0; t--) {
        const uint16_t *plus = bits->at[t];
        const uint16_t *minus = bits->at[t] + CROSSBAR_PAD_MAX - bits->negative[t];
        for (int v = 0; v < vectors; v++)
            sum[v] = v_zero();
        add_lines(plane, stride, plus, bits->positive[t], vectors, sum);
        subtract_lines(plane, stride, minus, bits->negative[t], vectors, sum);
        for (int v = 0; v < vectors; v++) {
            vec code = V(min_epi16)(V(max_epi16)(sum[v], V(set1_epi16)(low)), V(set1_epi16)(high));
            clips += v_differ16(sum[v], code);
            total[2 * v] = V(add_epi32)(V(add_epi32)(total[2 * v], total[2 * v]), v_widen16_low(code));
            total[2 * v + 1] = V(add_epi32)(V(add_epi32)(total[2 * v + 1], total[2 * v + 1]),
                                            v_widen16_high(code));
        }
    }
    for (int v = 0; v < 2 * vectors; v++)
        v_accumulate64(out + v * VEC32, total[v], shift);
    return clips;
}

static uint64_t sliced_product(const crossbar *x, const crossbar_direction *d,
                               const input_bits *bits, int s, int first, int last, int64_t *out)
{
    const slicing *f = x->format;
    if (x->mode == OPA_IDEAL || d->inputs * -slice_low(f, s) > INT16_MAX)
        return scalar_sliced_product(x, d, bits, s, first, last, out);
    size_t stride = (size_t)d->output_stride;
    const int16_t *plane = d->lanes + (size_t)s * (size_t)d->inputs * stride;
    int converter = f->bits[s] + f->adc_extra_bits;
    bool clamps = x->how == FIDELITY_ADC && converter < 16;
    int16_t high = (int16_t)(clamps ? (1 << (converter - 1)) - 1 : INT16_MAX);
    int16_t low = (int16_t)(-high - 1);
    int shift = s * f->radix_bits;
    uint64_t clips = 0;
    for (; first + STRIP * VEC16 <= last; first += STRIP * VEC16)
        clips += strip_product(plane + first, stride, bits, STRIP, low, high, shift, out + first);
    for (; first < last; first += VEC16)
        clips += strip_product(plane + first, stride, bits, 1, low, high, shift, out + first);
    return clips;
}

/* Partial sums of four outputs, one per 32-bit lane. */
SIMD_INLINE __m128i reduce4(const vec *sum)
{
    vec a = V(add_epi32)(V(unpacklo_epi32)(sum[0], sum[1]), V(unpackhi_epi32)(sum[0], sum[1]));
    vec b = V(add_epi32)(V(unpacklo_epi32)(sum[2], sum[3]), V(unpackhi_epi32)(sum[2], sum[3]));
    return v_fold32(V(add_epi32)(V(unpacklo_epi64)(a, b), V(unpackhi_epi64)(a, b)));
}

/* Dot products of `lines` (4 or LINES) lines with the same words, which are loaded once. */
SIMD_INLINE void dots(const int16_t *line, int lines, size_t stride, const int16_t *in, int inputs,
                      int shift, int64_t *out)
{
    vec sum[LINES];
    for (int o = 0; o < lines; o++)
        sum[o] = v_zero();
    for (int i = 0; i < inputs; i += VEC16) {
        vec word = v_load(in + i);
#pragma GCC unroll 8
        for (int o = 0; o < lines; o++)
            sum[o] = v_dot16(sum[o], v_load(line + (size_t)o * stride + i), word);
    }
    for (int o = 0; o < lines; o += 4) {
        __m256i wide = _mm256_cvtepi32_epi64(reduce4(sum + o));
        wide = _mm256_sll_epi64(wide, _mm_cvtsi32_si128(shift));
        __m256i *at = (__m256i *)(out + o);
        _mm256_storeu_si256(at, _mm256_add_epi64(_mm256_loadu_si256(at), wide));
    }
}

static int32_t dot1(const int16_t *line, const int16_t *in, int inputs)
{
    int32_t sum = 0;
    for (int i = 0; i < inputs; i++)
        sum += line[i] * in[i];
    return sum;
}

/* scalar_collapse keeps every dot product within 32 bits. */
static void collapsed_product(const crossbar_direction *d, const int16_t *in, int64_t *out)
{
    const crossbar_collapse *c = d->collapse;
    size_t stride = (size_t)d->input_stride;
    const int16_t *part = c->plane;
    for (int p = 0; p < c->parts; p++) {
        int o = 0;
        for (; o + LINES <= d->outputs; o += LINES, part += LINES * stride)
            dots(part, LINES, stride, in, d->input_stride, c->shift[p], out + o);
        for (; o + 4 <= d->outputs; o += 4, part += 4 * stride)
            dots(part, 4, stride, in, d->input_stride, c->shift[p], out + o);
        for (; o < d->outputs; o++, part += stride) {
            int64_t sum = dot1(part, in, d->input_stride);
            out[o] = (int64_t)((uint64_t)out[o] + ((uint64_t)sum << c->shift[p]));
        }
    }
}

/* 16 lines of 16 bytes, transposed: four rounds of a perfect shuffle. */
SIMD_INLINE void transpose_bytes(__m128i v[16])
{
    for (int round = 0; round < 4; round++) {
        __m128i next[16];
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++) {
            next[2 * k] = _mm_unpacklo_epi8(v[k], v[k + 8]);
            next[2 * k + 1] = _mm_unpackhi_epi8(v[k], v[k + 8]);
        }
        memcpy(v, next, sizeof next);
    }
}

/* 16 x 16 cells of one slice, from row i, column j on. */
static void mirror_block(crossbar *x, int s, int i, int j)
{
    size_t from_stride = (size_t)x->column_stride, to_stride = (size_t)x->row_stride;
    const int8_t *from = x->now.narrow + ((size_t)s * (size_t)x->rows + (size_t)i) * from_stride + j;
    int16_t *to = x->mirror + ((size_t)s * (size_t)x->columns + (size_t)j) * to_stride + i;
    int lines = x->rows - i < 16 ? x->rows - i : 16, columns = x->columns - j;
    __m128i v[16];
#pragma GCC unroll 16
    for (int k = 0; k < 16; k++)
        v[k] = k < lines ? _mm_loadu_si128((const __m128i *)(from + (size_t)k * from_stride))
                         : _mm_setzero_si128();
    transpose_bytes(v);
#pragma GCC unroll 16
    for (int k = 0; k < 16; k++)
        if (k < columns)
            _mm256_storeu_si256((__m256i *)(to + (size_t)k * to_stride), _mm256_cvtepi8_epi16(v[k]));
}

static void mirror(crossbar *x)
{
    if (!x->narrow) {
        scalar_mirror(x);
        return;
    }
    if (x->mirror_valid)
        return;
    crossbar_need_narrow(x, &x->now);
    for (int s = 0; s < x->format->slices; s++)
        for (int i = 0; i < x->rows && x->mirror_stale >> s & 1; i += 16)
            for (int j = 0; j < x->columns; j += 16)
                mirror_block(x, s, i, j);
    x->mirror_valid = true;
}

void SIMD(product)(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out)
{
    static const lane_functions functions = {mirror, collapse, collapsed_product, sliced_product};
    lanes_product(x, &functions, transposed, in, count, out);
}
