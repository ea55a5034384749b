/*
 * Collapsed products: parts of the inputs times bytes of the weights, whose last plane is signed and
 * the others are not. Compiled with AVX-512 enabled.
 *
 * Many vectors are cut in two bytes, low (unsigned) and high (signed), each a tile of up to 16 rows.
 * Up to five vectors are cut in three signed limbs x = a + 2^7 b + 2^14 c that are rows of the same
 * tile: half the products.
 */
#include "emulator/crossbar/processor.h"

#if PROCESSOR_X86_64

#include "emulator/crossbar/amx.h"
#include "emulator/crossbar/simd.h"

#include "isa/support/fixed.h"

enum {
    LIMBS = 3,
    LIMB_BITS = 7,
    LIMB_VECTORS = 5,   /* rows of a tile / LIMBS */
    SHORT_INPUTS = 128, /* up to here sums of several parts fit 32 bits together */
};

/* Rows of A: by block of inputs and, for bytes, by part. */
typedef struct input_tiles {
    uint8_t at[AMX_INPUT_BLOCKS_MAX][2][CROSSBAR_BATCH][TILE_ROW];
} __attribute__((aligned(64))) input_tiles;

/* Sums of one block of outputs: per plane, and for bytes per part. */
typedef struct plane_sums {
    int32_t at[AMX_PLANES_MAX][2][CROSSBAR_BATCH][TILE_OUTPUTS];
} __attribute__((aligned(64))) plane_sums;

/* 32 driver words, zeros beyond the end. */
static inline __m512i load_words(const int16_t *in, int left)
{
    __mmask32 there = left >= 32 ? ~0U : left > 0 ? (1U << left) - 1 : 0;
    return _mm512_max_epi16(_mm512_maskz_loadu_epi16(there, in), _mm512_set1_epi16(FIXED_MIN));
}

static inline void store_bytes(uint8_t *to, __m512i words)
{
    _mm256_store_si256((__m256i *)to, _mm512_cvtepi16_epi8(words));
}

static void split_bytes(const amx_direction *d, const int16_t *in, int count, input_tiles *tiles)
{
    for (int v = 0; v < count; v++, in += d->inputs)
        for (int i = 0; i < d->input_blocks * TILE_INPUTS; i += 32) {
            __m512i word = load_words(in + i, d->inputs - i);
            uint8_t(*to)[CROSSBAR_BATCH][TILE_ROW] = tiles->at[i / TILE_INPUTS];
            store_bytes(&to[0][v][i % TILE_INPUTS], word);
            store_bytes(&to[1][v][i % TILE_INPUTS], _mm512_srai_epi16(word, 8));
        }
}

static void split_limbs(const amx_direction *d, const int16_t *in, int count, input_tiles *tiles)
{
    __m512i mask = _mm512_set1_epi16((1 << LIMB_BITS) - 1);
    for (int v = 0; v < count; v++, in += d->inputs)
        for (int i = 0; i < d->input_blocks * TILE_INPUTS; i += 32) {
            __m512i word = load_words(in + i, d->inputs - i);
            uint8_t(*to)[TILE_ROW] = tiles->at[i / TILE_INPUTS][0] + LIMBS * v;
            int at = i % TILE_INPUTS;
            store_bytes(&to[0][at], _mm512_and_si512(word, mask));
            store_bytes(&to[1][at], _mm512_and_si512(_mm512_srai_epi16(word, LIMB_BITS), mask));
            store_bytes(&to[2][at], _mm512_srai_epi16(word, 2 * LIMB_BITS));
        }
}

/*
 * A pass multiplies one part of the inputs (tiles 4, 5; more blocks come through 3) with up to four
 * planes of a block, which add up in tiles 0, 1, 6 and 7. What these held before, the sums of the
 * previous pass, is stored just before a tile is used again: a store that has to wait for the unit
 * would hold up all loads behind it.
 */
enum { PASS_PLANES = 4 };

typedef struct pass {
    const input_tiles *tiles;
    int part, blocks;
    const int8_t *weights;
    size_t plane;    /* bytes from one plane to the next */
    int planes, top; /* how many of the four there are; which of them is signed, if any */
} pass;

typedef int32_t (*pending[PASS_PLANES])[TILE_OUTPUTS]; /* where the sums in the tiles belong */

#define STORE_PENDING(k, sum)                                                                      \
    if (waiting[k])                                                                                \
    TILE_STORE(sum, waiting[k])

#define MULTIPLY(signs, sum, weights)                                                              \
    do {                                                                                           \
        TILE_ZERO(sum);                                                                            \
        TILE_LOAD(2, weights);                                                                     \
        TILE_PRODUCT(signs, sum, 4, 2);                                                            \
        if (p->blocks > 1) {                                                                       \
            TILE_LOAD(2, (weights) + TILE_BYTES);                                                  \
            TILE_PRODUCT(signs, sum, 5, 2);                                                        \
        }                                                                                          \
        for (int i = 2; i < p->blocks; i++) {                                                      \
            TILE_LOAD(2, (weights) + i * TILE_BYTES);                                              \
            TILE_LOAD(3, p->tiles->at[i][p->part]);                                                \
            TILE_PRODUCT(signs, sum, 3, 2);                                                        \
        }                                                                                          \
    } while (0)

#define PASS_PLANE(k, sum, lower, upper)                                                           \
    STORE_PENDING(k, sum);                                                                         \
    if (k < p->planes && k != p->top)                                                              \
        MULTIPLY(lower, sum, p->weights + k * p->plane);                                           \
    else if (k == p->top)                                                                          \
        MULTIPLY(upper, sum, p->weights + k * p->plane)

/* lower, upper: signs of the inputs and of the weights below the top plane, and of its own. */
#define PASS(name, lower, upper)                                                                   \
    static void name(const pass *p, pending waiting)                                               \
    {                                                                                              \
        PASS_PLANE(0, 0, lower, upper);                                                            \
        PASS_PLANE(1, 1, lower, upper);                                                            \
        PASS_PLANE(2, 6, lower, upper);                                                            \
        PASS_PLANE(3, 7, lower, upper);                                                            \
    }

PASS(pass_unsigned, uu, us)
PASS(pass_signed, su, ss)

static void store_last(pending waiting)
{
    STORE_PENDING(0, 0);
    STORE_PENDING(1, 1);
    STORE_PENDING(2, 6);
    STORE_PENDING(3, 7);
}

/* The even and the odd ones of 16 results, in 64 bits. */
typedef struct results {
    __m512i even, odd;
} results;

/* A multiplication by 2^shift, shift < 31, extends the sign of 32-bit lanes as well. */
SIMD_INLINE void add_shifted(results *r, __m512i v, int shift)
{
    __m512i factor = _mm512_set1_epi64((int64_t)1 << shift);
    __m512i odd_lanes = _mm512_shuffle_epi32(v, _MM_PERM_DDBB);
    r->even = _mm512_add_epi64(r->even, _mm512_mul_epi32(v, factor));
    r->odd = _mm512_add_epi64(r->odd, _mm512_mul_epi32(odd_lanes, factor));
}

SIMD_INLINE void store_results(const results *r, int64_t *out)
{
    __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    __m512i second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    _mm512_storeu_si512(out, _mm512_permutex2var_epi64(r->even, first, r->odd));
    _mm512_storeu_si512(out + 8, _mm512_permutex2var_epi64(r->even, second, r->odd));
}

/*
 * One vector's sum over three planes by bytes. Up to 128 inputs the products with low bytes stay
 * below 2^23, those with high bytes within 2^22, so that both fit 32 bits together.
 */
SIMD_INLINE void add_bytes(results *r, const plane_sums *sums, int first, int last, int v,
                           bool together)
{
    for (int m = first; m < last; m++) {
        __m512i low = _mm512_load_si512(sums->at[m][0][v]);
        __m512i high = _mm512_load_si512(sums->at[m][1][v]);
        if (together)
            low = _mm512_add_epi32(low, _mm512_slli_epi32(high, 8));
        else
            add_shifted(r, high, 8 * (m - first) + 8);
        add_shifted(r, low, 8 * (m - first));
    }
}

/* The same by limbs; here 128 inputs keep the sum of all three below 1.7e9. */
SIMD_INLINE void add_limbs(results *r, const plane_sums *sums, int first, int last, int v,
                           bool together)
{
    for (int m = first; m < last; m++) {
        __m512i a = _mm512_load_si512(sums->at[m][0][LIMBS * v]);
        __m512i b = _mm512_load_si512(sums->at[m][0][LIMBS * v + 1]);
        __m512i c = _mm512_load_si512(sums->at[m][0][LIMBS * v + 2]);
        a = _mm512_add_epi32(a, _mm512_slli_epi32(b, LIMB_BITS));
        if (together)
            a = _mm512_add_epi32(a, _mm512_slli_epi32(c, 2 * LIMB_BITS));
        else
            add_shifted(r, _mm512_slli_epi32(c, LIMB_BITS), 8 * (m - first) + LIMB_BITS);
        add_shifted(r, a, 8 * (m - first));
    }
}

/* Three planes at a time keep factors below 2^31. */
SIMD_INLINE void combine(const plane_sums *sums, int planes, bool limbs, bool together, int count,
                         int stride, int64_t *out)
{
    enum { STEP = 3 };
    for (int v = 0; v < count; v++, out += stride) {
        results r = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        for (int first = (planes - 1) / STEP * STEP; first >= 0; first -= STEP) {
            int last = first + STEP < planes ? first + STEP : planes;
            r.even = _mm512_slli_epi64(r.even, 8 * STEP);
            r.odd = _mm512_slli_epi64(r.odd, 8 * STEP);
            if (limbs)
                add_limbs(&r, sums, first, last, v, together);
            else
                add_bytes(&r, sums, first, last, v, together);
        }
        store_results(&r, out);
    }
}

typedef void combine_function(const amx_direction *d, const plane_sums *sums, int count, int stride,
                              int64_t *out);

/* By themselves, for the compiler to unroll: the usual numbers of planes, and any. */
#define COMBINE(name, n, limbs, together)                                                          \
    static void name(const amx_direction *d, const plane_sums *sums, int count, int stride,        \
                     int64_t *out)                                                                 \
    {                                                                                              \
        combine(sums, n, limbs, together, count, stride, out);                                     \
        (void)d;                                                                                   \
    }

COMBINE(bytes_three, 3, false, true)
COMBINE(bytes_four, 4, false, true)
COMBINE(bytes_five, 5, false, true)
COMBINE(bytes_any, d->planes, false, d->inputs <= SHORT_INPUTS)
COMBINE(limbs_three, 3, true, true)
COMBINE(limbs_four, 4, true, true)
COMBINE(limbs_five, 5, true, true)
COMBINE(limbs_any, d->planes, true, d->inputs <= SHORT_INPUTS)

static combine_function *choose_combine(const amx_direction *d, bool limbs)
{
    static combine_function *const usual[2][3] = {{bytes_three, bytes_four, bytes_five},
                                                  {limbs_three, limbs_four, limbs_five}};
    if (d->inputs <= SHORT_INPUTS && d->planes >= 3 && d->planes <= 5)
        return usual[limbs][d->planes - 3];
    return limbs ? limbs_any : bytes_any;
}

static void load_part(const input_tiles *tiles, int part, int blocks)
{
    TILE_LOAD(4, tiles->at[0][part]);
    if (blocks > 1)
        TILE_LOAD(5, tiles->at[1][part]);
}

/* All passes of one block of outputs. */
static void multiply_block(const amx_direction *d, const input_tiles *tiles, bool limbs,
                           const int8_t *weights, plane_sums *sums, pending waiting)
{
    pass p = {.tiles = tiles, .blocks = d->input_blocks,
              .plane = (size_t)d->input_blocks * TILE_BYTES};
    for (int first = 0; first < d->planes; first += PASS_PLANES)
        for (p.part = 0; p.part < (limbs ? 1 : 2); p.part++) {
            int left = d->planes - first;
            p.weights = weights + (size_t)first * p.plane;
            p.planes = left < PASS_PLANES ? left : PASS_PLANES;
            p.top = left <= PASS_PLANES ? left - 1 : PASS_PLANES;
            if (!limbs)
                load_part(tiles, p.part, d->input_blocks);
            (limbs || p.part ? pass_signed : pass_unsigned)(&p, waiting);
            for (int k = 0; k < PASS_PLANES; k++)
                waiting[k] = k < p.planes ? sums->at[first + k][p.part] : NULL;
        }
}

/*
 * The last sums of a block are stored during the next one, after whose first passes they are combined,
 * while the unit works on.
 */
void amx_collapsed(const amx_direction *d, const int16_t *in, int count, int stride, int64_t *out)
{
    input_tiles tiles;
    plane_sums sums[2];
    pending waiting = {NULL};
    bool limbs = count <= LIMB_VECTORS;
    combine_function *combine_block = choose_combine(d, limbs);
    size_t block = (size_t)(d->planes * d->input_blocks) * TILE_BYTES;
    (limbs ? split_limbs : split_bytes)(d, in, count, &tiles);
    tile_configure(0xFB, limbs ? LIMBS * count : count); /* tile 2 holds weights */
    load_part(&tiles, 0, d->input_blocks);
    for (int o = 0; o < d->output_blocks; o++) {
        multiply_block(d, &tiles, limbs, d->weights + (size_t)o * block, &sums[o & 1], waiting);
        if (o > 0)
            combine_block(d, &sums[~o & 1], count, stride, out + (o - 1) * TILE_OUTPUTS);
    }
    int last = d->output_blocks - 1;
    store_last(waiting);
    combine_block(d, &sums[last & 1], count, stride, out + last * TILE_OUTPUTS);
}

#endif
