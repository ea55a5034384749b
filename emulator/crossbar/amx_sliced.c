/*
 * Products through the converters: the rows of A are the bits of one vector. Digits and bits are
 * scaled so that a converter's range is that of a 16-bit word, and packing sums to words clamps them
 * as the converter does. Compiled with AVX-512 enabled.
 */
#include "emulator/crossbar/processor.h"

#if PROCESSOR_X86_64

#include "emulator/crossbar/amx.h"
#include "emulator/crossbar/simd.h"

#include <string.h>

enum { BITS = SLICED_INPUT_BITS };

typedef struct bit_tiles {
    int8_t at[AMX_INPUT_BLOCKS_MAX][BITS][TILE_ROW];
} __attribute__((aligned(64))) bit_tiles;

/* The sums of all bits, of two blocks of 16 outputs. */
typedef struct bit_sums {
    int32_t at[2][BITS][TILE_OUTPUTS];
} __attribute__((aligned(64))) bit_sums;

typedef struct sliced_job {
    const amx_direction *d;
    bit_tiles bits[CROSSBAR_BATCH];
    uint64_t clips;
} sliced_job;

/* Bytes of 64 words: the lower or, shifted down first, the upper ones. */
SIMD_INLINE __m512i bytes_of(__m512i a, __m512i b)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(a)),
                              _mm512_cvtepi16_epi8(b), 1);
}

static void split_bits(const amx_direction *d, int scale, const int16_t *in, bit_tiles *tiles)
{
    __m512i plus = _mm512_set1_epi8((int8_t)(1 << scale));
    __m512i minus = _mm512_set1_epi8((int8_t)-(1 << scale));
    for (int i = 0; i < d->input_blocks; i++, in += TILE_INPUTS) {
        __m512i a = _mm512_loadu_si512(in), b = _mm512_loadu_si512(in + 32);
        __mmask64 negative = _mm512_kunpackd(_mm512_movepi16_mask(b), _mm512_movepi16_mask(a));
        __m512i unit = _mm512_mask_mov_epi8(plus, negative, minus);
        a = _mm512_abs_epi16(a);
        b = _mm512_abs_epi16(b);
        __m512i half[2] = {bytes_of(a, b),
                           bytes_of(_mm512_srli_epi16(a, 8), _mm512_srli_epi16(b, 8))};
#pragma GCC unroll 16
        for (int t = 0; t < BITS; t++) {
            __m512i bit = _mm512_set1_epi8((int8_t)(1 << t % 8));
            __mmask64 set = _mm512_test_epi8_mask(half[t / 8], bit);
            _mm512_store_si512(tiles->at[i][t], _mm512_maskz_mov_epi8(set, unit));
        }
    }
}

/* Sums beyond 16 bits: those that a converter clamped. */
static uint64_t count_clips(const bit_sums *sums)
{
    uint64_t clips = 0;
    __m512i high = _mm512_set1_epi32(INT16_MAX), low = _mm512_set1_epi32(INT16_MIN);
    for (int h = 0; h < 2; h++)
        for (int t = 0; t < BITS; t++) {
            __m512i v = _mm512_load_si512(sums->at[h][t]);
            clips += (uint64_t)__builtin_popcount(_mm512_cmpgt_epi32_mask(v, high) |
                                                  _mm512_cmplt_epi32_mask(v, low));
        }
    return clips;
}

/* An item of one vector, and that vector's outputs. */
typedef struct place {
    const amx_item *item;
    int64_t *out;
} place;

/* out[0..16) += (v >> down) << shift; the counts come from memory, which spares moves. */
SIMD_INLINE void deliver(const amx_item *item, __m512i v, int64_t *out)
{
    __m512i by = _mm512_set1_epi64(item->shift);
    v = _mm512_srav_epi32(v, _mm512_set1_epi32(item->down));
    __m512i low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(v));
    __m512i high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(v, 1));
    low = _mm512_add_epi64(_mm512_loadu_si512(out), _mm512_sllv_epi64(low, by));
    high = _mm512_add_epi64(_mm512_loadu_si512(out + 8), _mm512_sllv_epi64(high, by));
    _mm512_storeu_si512(out, low);
    _mm512_storeu_si512(out + 8, high);
}

/* Any converter, any sums. */
static __attribute__((noinline)) uint64_t convert_any(const bit_sums *sums, place to)
{
    __m512i high = _mm512_set1_epi32(INT16_MAX), low = _mm512_set1_epi32(INT16_MIN);
    __m512i codes = _mm512_sllv_epi32(_mm512_set1_epi32(-1), _mm512_set1_epi32(to.item->down));
    for (int h = 0; h < 2; h++) {
        __m512i total = _mm512_setzero_si512();
        for (int t = BITS - 1; t >= 0; t--) {
            __m512i v = _mm512_load_si512(sums->at[h][t]);
            v = _mm512_and_si512(_mm512_max_epi32(_mm512_min_epi32(v, high), low), codes);
            total = _mm512_add_epi32(_mm512_add_epi32(total, total), v);
        }
        deliver(to.item, total, to.out + to.item->first + h * TILE_OUTPUTS);
    }
    return count_clips(sums);
}

/*
 * The conversion of the sums of one item, in pieces, so that they can be laid between the
 * instructions of the tile unit: it waits for tiles, and the processor looks ahead only so far.
 *
 * Converters of at most 12 bits. Words of sums that were not clamped have their low bits clear;
 * with 1 subtracted all of these are set, unless the sum was clamped: 32767 - 1, and -32768, which
 * stays. Then the sums are gone through again. Otherwise the words, weighted by their bits, add up
 * exactly.
 */
typedef struct word_converter {
    const bit_sums *sums;
    __m512i seen, total[2];
} word_converter;

SIMD_INLINE __m512i convert_word(const bit_sums *sums, int t)
{
    __m512i word = _mm512_packs_epi32(_mm512_load_si512(sums->at[0][t]),
                                      _mm512_load_si512(sums->at[1][t]));
    return _mm512_subs_epi16(word, _mm512_set1_epi16(1));
}

/* Bits t and t + 1 of both blocks: their words side by side, times their weights. */
SIMD_INLINE void convert_pair(word_converter *c, int t)
{
    bool two = t + 1 < BITS;
    __m512i weights = _mm512_set1_epi32(1 << t | (two ? 1 << (t + 1) : 0) << 16);
    __m512i word = convert_word(c->sums, t), next = two ? convert_word(c->sums, t + 1) : word;
    c->seen = _mm512_ternarylogic_epi32(c->seen, word, next, 0x80);
    c->total[0] = _mm512_dpwssd_epi32(c->total[0], _mm512_unpacklo_epi16(word, next), weights);
    c->total[1] = _mm512_dpwssd_epi32(c->total[1], _mm512_unpackhi_epi16(word, next), weights);
}

SIMD_INLINE void convert_piece(word_converter *c, int k)
{
    convert_pair(c, 4 * k);
    convert_pair(c, 4 * k + 2);
}

/* The subtracted ones, weighted, are 2^15 - 1. */
SIMD_INLINE word_converter convert_start(const bit_sums *sums)
{
    __m512i ones = _mm512_set1_epi32((1 << BITS) - 1);
    return (word_converter){sums, _mm512_set1_epi32(-1), {ones, ones}};
}

SIMD_INLINE uint64_t convert_finish(const word_converter *c, place to)
{
    __m512i low = _mm512_set1_epi32(to.item->low);
    if (_mm512_test_epi32_mask(_mm512_andnot_si512(c->seen, low), low))
        return convert_any(c->sums, to);
    int64_t *out = to.out + to.item->first;
    deliver(to.item, c->total[0], out);
    deliver(to.item, c->total[1], out + TILE_OUTPUTS);
    return 0;
}

static uint64_t convert_words(const bit_sums *sums, place to)
{
    word_converter c = convert_start(sums);
    for (int k = 0; k < 4; k++)
        convert_piece(&c, k);
    return convert_finish(&c, to);
}

/*
 * A step of the usual case: at most 128 inputs, converters of at most 12 bits. It multiplies one item,
 * stores the sums of the one before, and converts those of the one before that: so no load waits for
 * a store that waits for the tile unit. Even steps add up in tiles 0 and 1, odd ones in 4 and 5.
 */
#define STEP(name, sum0, sum1, done0, done1)                                                       \
    SIMD_INLINE uint64_t name(const int8_t *digits, int blocks, bit_sums *store,                   \
                              const bit_sums *from, place to)                                      \
    {                                                                                              \
        word_converter c = convert_start(from);                                                \
        TILE_STORE(done0, store->at[0]);                                                           \
        TILE_STORE(done1, store->at[1]);                                                           \
        TILE_ZERO(sum0);                                                                           \
        TILE_LOAD(2, digits);                                                                      \
        convert_piece(&c, 0);                                                                      \
        TILE_PRODUCT(ss, sum0, 6, 2);                                                              \
        if (blocks > 1) {                                                                          \
            TILE_LOAD(3, digits + TILE_BYTES);                                                     \
            convert_piece(&c, 1);                                                                  \
            TILE_PRODUCT(ss, sum0, 7, 3);                                                          \
        } else {                                                                                   \
            convert_piece(&c, 1);                                                                  \
        }                                                                                          \
        digits += blocks * TILE_BYTES;                                                             \
        TILE_ZERO(sum1);                                                                           \
        TILE_LOAD(2, digits);                                                                      \
        convert_piece(&c, 2);                                                                      \
        TILE_PRODUCT(ss, sum1, 6, 2);                                                              \
        if (blocks > 1) {                                                                          \
            TILE_LOAD(3, digits + TILE_BYTES);                                                     \
            TILE_PRODUCT(ss, sum1, 7, 3);                                                          \
        }                                                                                          \
        convert_piece(&c, 3);                                                                      \
        return convert_finish(&c, to);                                                             \
    }

STEP(step_even, 0, 1, 4, 5)
STEP(step_odd, 4, 5, 0, 1)

/* Two steps deep: sums and places of the last two items. */
typedef struct pipeline {
    bit_sums sums[2];
    place to[2];
    int64_t nowhere[CROSSBAR_BLOCK];
    int steps;
} pipeline;

static void start(pipeline *p)
{
    static const amx_item nothing = {.down = 4, .low = 15 | 15 << 16};
    p->to[0] = p->to[1] = (place){&nothing, p->nowhere};
    memset(p->nowhere, 0, sizeof p->nowhere);
    p->steps = 0;
    TILE_ZERO(4);
    TILE_ZERO(5);
    TILE_STORE(4, p->sums[0].at[0]);
    TILE_STORE(5, p->sums[0].at[1]);
}

SIMD_INLINE uint64_t feed(pipeline *p, const amx_item *items, int count, int blocks, int64_t *out)
{
    uint64_t clips = 0;
    int k = 0;
    if (count && p->steps & 1) {
        clips += step_odd(items[0].digits, blocks, &p->sums[0], &p->sums[1], p->to[1]);
        p->to[1] = (place){&items[k++], out};
    }
    for (; k + 1 < count; k += 2) {
        clips += step_even(items[k].digits, blocks, &p->sums[1], &p->sums[0], p->to[0]);
        p->to[0] = (place){&items[k], out};
        clips += step_odd(items[k + 1].digits, blocks, &p->sums[0], &p->sums[1], p->to[1]);
        p->to[1] = (place){&items[k + 1], out};
    }
    if (k < count) {
        clips += step_even(items[k].digits, blocks, &p->sums[1], &p->sums[0], p->to[0]);
        p->to[0] = (place){&items[k], out};
    }
    p->steps += count;
    return clips;
}

static uint64_t drain(pipeline *p)
{
    int last = ~p->steps & 1;
    uint64_t clips = convert_words(&p->sums[!last], p->to[!last]);
    if (last) {
        TILE_STORE(4, p->sums[1].at[0]);
        TILE_STORE(5, p->sums[1].at[1]);
    } else {
        TILE_STORE(0, p->sums[0].at[0]);
        TILE_STORE(1, p->sums[0].at[1]);
    }
    return clips + convert_words(&p->sums[last], p->to[last]);
}

/*
 * All vectors meet the same few items, which stay in the first cache meanwhile, before the next ones
 * are fetched.
 */
static void run_usual(sliced_job *job, int count, int stride, int64_t *out)
{
    enum { TOGETHER = 6 };
    pipeline p;
    int step = count > 1 ? TOGETHER : job->d->items, blocks = job->d->input_blocks;
    tile_configure(0xF3, BITS);
    start(&p);
    for (int first = 0; first < job->d->items; first += step) {
        int items = first + step < job->d->items ? step : job->d->items - first;
        for (int v = 0; v < count; v++) {
            TILE_LOAD(6, job->bits[v].at[0]);
            if (blocks > 1)
                TILE_LOAD(7, job->bits[v].at[1]);
            job->clips += feed(&p, job->d->item + first, items, blocks, out + v * stride);
        }
    }
    job->clips += drain(&p);
}

/* Any number of inputs. */
static void multiply_any(const amx_item *item, const bit_tiles *bits, int blocks, bit_sums *sums)
{
    const int8_t *digits = item->digits;
    for (int h = 0; h < 2; h++) {
        TILE_ZERO(0);
        for (int i = 0; i < blocks; i++, digits += TILE_BYTES) {
            TILE_LOAD(2, digits);
            TILE_LOAD(1, bits->at[i]);
            TILE_PRODUCT(ss, 0, 1, 2);
        }
        TILE_STORE(0, sums->at[h]);
    }
}

static void run_any(sliced_job *job, int count, int stride, int64_t *out)
{
    bit_sums sums;
    tile_configure(0x03, BITS);
    for (int v = 0; v < count; v++, out += stride)
        for (int k = 0; k < job->d->items; k++) {
            multiply_any(&job->d->item[k], &job->bits[v], job->d->input_blocks, &sums);
            job->clips += convert_any(&sums, (place){&job->d->item[k], out});
        }
}

uint64_t amx_sliced(const crossbar *x, const amx_state *a, const amx_direction *d, const int16_t *in,
                    int count, int stride, int64_t *out)
{
    sliced_job job; /* large: not cleared as a whole */
    bool usual = d->input_blocks <= 2;
    job.d = d;
    job.clips = 0;
    for (int s = 0; s < x->format->slices; s++)
        usual &= x->format->bits[s] + x->format->adc_extra_bits <= 12;
    for (int v = 0; v < count; v++, in += d->input_blocks * TILE_INPUTS)
        split_bits(d, a->bit_scale, in, &job.bits[v]);
    (usual ? run_usual : run_any)(&job, count, stride, out);
    return job.clips;
}

#endif
