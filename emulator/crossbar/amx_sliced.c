/*
 * Products through the converters: the rows of A are the bits of one vector. Digits and bits are
 * scaled so that a converter's range is that of a 16-bit word, and packing sums to words clamps them
 * as the converter does. Compiled with AVX-512 enabled.
 */
#if defined(__x86_64__)

#include "emulator/crossbar/amx.h"
#include "emulator/crossbar/simd.h"

enum { BITS = SLICED_INPUT_BITS };

typedef struct bit_tiles {
    int8_t at[AMX_INPUT_BLOCKS_MAX][BITS][TILE_ROW];
} __attribute__((aligned(64))) bit_tiles;

/* The sums of all bits, of two blocks of 16 outputs. */
typedef struct bit_sums {
    int32_t at[2][BITS][TILE_OUTPUTS];
} __attribute__((aligned(64))) bit_sums;

/* One slice of one block of 32 outputs. */
typedef struct sliced_item {
    int slice, block;
} sliced_item;

typedef struct sliced_job {
    const crossbar *x;
    const amx_state *a;
    const amx_direction *d;
    int items;
    sliced_item item[SLICES_MAX * CROSSBAR_BLOCKS_MAX];
    bit_tiles bits[2];
    uint64_t clips;
} sliced_job;

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
        for (int t = 0; t < BITS; t++) {
            __m512i bit = _mm512_set1_epi16((int16_t)(1 << t));
            __mmask64 set = _mm512_kunpackd(_mm512_test_epi16_mask(b, bit),
                                            _mm512_test_epi16_mask(a, bit));
            _mm512_store_si512(tiles->at[i][t], _mm512_maskz_mov_epi8(set, unit));
        }
    }
}

static const int8_t *tiles_of(const sliced_job *job, int slice, int output_block)
{
    const amx_direction *d = job->d;
    size_t block = (size_t)slice * (size_t)d->output_blocks + (size_t)output_block;
    return d->digits + block * (size_t)d->input_blocks * TILE_BYTES;
}

/* Tiles 6 and 7 hold the bits of the first two blocks of inputs. */
static void multiply_one(const sliced_job *job, sliced_item item, bit_sums *sums)
{
    int blocks = job->d->input_blocks;
    for (int h = 0; h < 2 && 2 * item.block + h < job->d->output_blocks; h++) {
        const int8_t *digits = tiles_of(job, item.slice, 2 * item.block + h);
        TILE_ZERO(0);
        TILE_LOAD(2, digits);
        TILE_PRODUCT(ss, 0, 6, 2);
        if (blocks > 1) {
            TILE_LOAD(3, digits + TILE_BYTES);
            TILE_PRODUCT(ss, 0, 7, 3);
        }
        for (int i = 2; i < blocks; i++) {
            TILE_LOAD(2, digits + i * TILE_BYTES);
            TILE_LOAD(1, job->bits[0].at[i]);
            TILE_PRODUCT(ss, 0, 1, 2);
        }
        TILE_STORE(0, sums->at[h]);
    }
}

/* Two vectors share the digits; at most two blocks of inputs. Tiles 4, 5 and 6, 7 hold their bits. */
static void multiply_two(const sliced_job *job, sliced_item item, bit_sums sums[2])
{
    int blocks = job->d->input_blocks;
    for (int h = 0; h < 2 && 2 * item.block + h < job->d->output_blocks; h++) {
        const int8_t *digits = tiles_of(job, item.slice, 2 * item.block + h);
        TILE_ZERO(0);
        TILE_ZERO(1);
        TILE_LOAD(2, digits);
        TILE_PRODUCT(ss, 0, 4, 2);
        TILE_PRODUCT(ss, 1, 6, 2);
        if (blocks > 1) {
            TILE_LOAD(3, digits + TILE_BYTES);
            TILE_PRODUCT(ss, 0, 5, 3);
            TILE_PRODUCT(ss, 1, 7, 3);
        }
        TILE_STORE(0, sums[0].at[h]);
        TILE_STORE(1, sums[1].at[h]);
    }
}

/* Sums beyond 16 bits: those that a converter clamped. */
static uint64_t count_clips(const bit_sums *sums, int halves)
{
    uint64_t clips = 0;
    __m512i high = _mm512_set1_epi32(INT16_MAX), low = _mm512_set1_epi32(INT16_MIN);
    for (int h = 0; h < halves; h++)
        for (int t = 0; t < BITS; t++) {
            __m512i v = _mm512_load_si512(sums->at[h][t]);
            clips += (uint64_t)__builtin_popcount(_mm512_cmpgt_epi32_mask(v, high) |
                                                  _mm512_cmplt_epi32_mask(v, low));
        }
    return clips;
}

/* Bits first .. last of both blocks, most significant first, as codes of at most 12 bits. */
static inline __m512i gather_bits(const bit_sums *sums, int first, int last, __m128i down,
                                  __m512i *seen, __m512i *least)
{
    __m512i codes = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int t = last; t >= first; t--) {
        __m512i word = _mm512_packs_epi32(_mm512_load_si512(sums->at[0][t]),
                                          _mm512_load_si512(sums->at[1][t]));
        *seen = _mm512_or_si512(*seen, word);
        *least = _mm512_min_epi16(*least, word);
        codes = _mm512_add_epi16(_mm512_add_epi16(codes, codes), _mm512_sra_epi16(word, down));
    }
    return codes;
}

/*
 * Converters of at most 12 bits: four codes add up in a word. Words of sums that were not clamped have
 * their low bits clear; a positive clamp sets them, and a negative one shows as the least word (which
 * may also be exact: then the count finds nothing).
 */
static uint64_t convert_words(const bit_sums *sums, int halves, int down, int shift, int64_t *out)
{
    __m512i seen = _mm512_setzero_si512(), least = seen;
    __m128i by = _mm_cvtsi32_si128(down);
    __m512i a = gather_bits(sums, 0, 3, by, &seen, &least);
    __m512i b = gather_bits(sums, 4, 7, by, &seen, &least);
    __m512i c = gather_bits(sums, 8, 11, by, &seen, &least);
    __m512i d = gather_bits(sums, 12, 14, by, &seen, &least);
    __m512i lower = _mm512_set1_epi32(1 | 16 << 16), upper = _mm512_set1_epi32(256 | 4096 << 16);
    __m512i low = _mm512_madd_epi16(_mm512_unpacklo_epi16(a, b), lower);
    __m512i high = _mm512_madd_epi16(_mm512_unpackhi_epi16(a, b), lower);
    low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(c, d), upper);
    high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(c, d), upper);
    v_accumulate64(out, low, shift);
    v_accumulate64(out + TILE_OUTPUTS, high, shift);
    if (_mm512_test_epi16_mask(seen, _mm512_set1_epi16((int16_t)((1 << down) - 1))) |
        _mm512_cmpeq_epi16_mask(least, _mm512_set1_epi16(INT16_MIN)))
        return count_clips(sums, halves);
    return 0;
}

/* Any converter. */
static uint64_t convert_any(const bit_sums *sums, int halves, int down, int shift, int64_t *out)
{
    __m512i high = _mm512_set1_epi32(INT16_MAX), low = _mm512_set1_epi32(INT16_MIN);
    __m128i by = _mm_cvtsi32_si128(down);
    for (int h = 0; h < halves; h++) {
        __m512i total = _mm512_setzero_si512();
        for (int t = BITS - 1; t >= 0; t--) {
            __m512i v = _mm512_load_si512(sums->at[h][t]);
            v = _mm512_sra_epi32(_mm512_max_epi32(_mm512_min_epi32(v, high), low), by);
            total = _mm512_add_epi32(_mm512_add_epi32(total, total), v);
        }
        v_accumulate64(out + h * TILE_OUTPUTS, total, shift);
    }
    return count_clips(sums, halves);
}

static void convert(sliced_job *job, sliced_item item, const bit_sums *sums, int64_t *out)
{
    const slicing *f = job->x->format;
    int converter = f->bits[item.slice] + f->adc_extra_bits;
    int halves = job->d->output_blocks - 2 * item.block >= 2 ? 2 : 1;
    int shift = item.slice * f->radix_bits;
    out += item.block * CROSSBAR_BLOCK;
    job->clips += (converter <= 12 ? convert_words : convert_any)(sums, halves, 16 - converter,
                                                                  shift, out);
}

static void list_items(sliced_job *job, bool all)
{
    int blocks = (job->d->output_blocks + 1) / 2;
    for (int s = 0; s < job->x->format->slices; s++)
        for (int b = 0; b < blocks; b++)
            if (all || job->d->sliced[s][b])
                job->item[job->items++] = (sliced_item){s, b};
}

/* The unit works on one item while the sums of the one before it are converted. */
static void run_one(sliced_job *job, int64_t *out)
{
    bit_sums sums[2];
    for (int h = 0; h < 2; h++)
        for (int t = 0; t < BITS; t++)
            _mm512_store_si512(sums[h].at[1][t], _mm512_setzero_si512());
    tile_configure(0xC3, BITS);
    TILE_LOAD(6, job->bits[0].at[0]);
    if (job->d->input_blocks > 1)
        TILE_LOAD(7, job->bits[0].at[1]);
    multiply_one(job, job->item[0], &sums[0]);
    for (int k = 1; k < job->items; k++) {
        multiply_one(job, job->item[k], &sums[k & 1]);
        convert(job, job->item[k - 1], &sums[(k - 1) & 1], out);
    }
    convert(job, job->item[job->items - 1], &sums[(job->items - 1) & 1], out);
    tile_release();
}

static void run_two(sliced_job *job, int stride, int64_t *out)
{
    bit_sums sums[2][2];
    for (int h = 0; h < 4; h++)
        for (int t = 0; t < BITS; t++)
            _mm512_store_si512(sums[h / 2][h % 2].at[1][t], _mm512_setzero_si512());
    tile_configure(0xF3, BITS);
    TILE_LOAD(4, job->bits[0].at[0]);
    TILE_LOAD(6, job->bits[1].at[0]);
    if (job->d->input_blocks > 1) {
        TILE_LOAD(5, job->bits[0].at[1]);
        TILE_LOAD(7, job->bits[1].at[1]);
    }
    multiply_two(job, job->item[0], sums[0]);
    for (int k = 1; k <= job->items; k++) {
        if (k < job->items)
            multiply_two(job, job->item[k], sums[k & 1]);
        convert(job, job->item[k - 1], &sums[(k - 1) & 1][0], out);
        convert(job, job->item[k - 1], &sums[(k - 1) & 1][1], out + stride);
    }
    tile_release();
}

uint64_t amx_sliced(const crossbar *x, const amx_state *a, const amx_direction *d, bool all,
                    const int16_t *in, int count, int stride, int64_t *out)
{
    sliced_job job = {.x = x, .a = a, .d = d};
    size_t input_stride = (size_t)d->input_blocks * TILE_INPUTS;
    list_items(&job, all);
    for (int v = 0; v < count && job.items;) {
        split_bits(d, a->bit_scale, in + (size_t)v * input_stride, &job.bits[0]);
        if (d->input_blocks <= 2 && v + 1 < count) {
            split_bits(d, a->bit_scale, in + (size_t)(v + 1) * input_stride, &job.bits[1]);
            run_two(&job, stride, out + (size_t)v * (size_t)stride);
            v += 2;
        } else {
            run_one(&job, out + (size_t)v * (size_t)stride);
            v++;
        }
    }
    return job.clips;
}

#endif
