/*
 * Collapsed products: bytes of the inputs (low unsigned, high signed) times bytes of the weights.
 * Compiled with AVX-512 enabled.
 */
#if defined(__x86_64__)

#include "emulator/crossbar/amx.h"
#include "emulator/crossbar/simd.h"

#include "isa/support/fixed.h"

typedef struct input_bytes {
    uint8_t at[AMX_INPUT_BLOCKS_MAX][2][CROSSBAR_BATCH][TILE_ROW]; /* low, high */
} __attribute__((aligned(64))) input_bytes;

/* Sums of one block of outputs: per plane the products with the low and with the high bytes. */
typedef struct plane_sums {
    int32_t at[AMX_PLANES_MAX][2][CROSSBAR_BATCH][TILE_OUTPUTS];
} __attribute__((aligned(64))) plane_sums;

static void split_inputs(const amx_direction *d, const int16_t *in, int count, input_bytes *bytes)
{
    __m512i lowest = _mm512_set1_epi16(FIXED_MIN);
    for (int v = 0; v < count; v++, in += d->inputs)
        for (int i = 0; i < d->inputs; i += 32) {
            __mmask32 there = d->inputs - i >= 32 ? ~0U : (1U << (d->inputs - i)) - 1;
            __m512i word = _mm512_max_epi16(_mm512_maskz_loadu_epi16(there, in + i), lowest);
            uint8_t(*to)[CROSSBAR_BATCH][TILE_ROW] = bytes->at[i / TILE_INPUTS];
            _mm256_store_si256((__m256i *)&to[0][v][i % TILE_INPUTS], _mm512_cvtepi16_epi8(word));
            _mm256_store_si256((__m256i *)&to[1][v][i % TILE_INPUTS],
                               _mm512_cvtepi16_epi8(_mm512_srai_epi16(word, 8)));
        }
    for (int v = 0; d->inputs % TILE_INPUTS && d->inputs % TILE_INPUTS <= 32 && v < count; v++)
        for (int h = 0; h < 2; h++)
            _mm256_store_si256((__m256i *)&bytes->at[d->input_blocks - 1][h][v][32],
                               _mm256_setzero_si256());
}

/* Tiles 4, 5 (low bytes) and 6, 7 (high bytes) hold the first two blocks of inputs. */
static void load_inputs(const input_bytes *bytes, int blocks)
{
    TILE_LOAD(4, bytes->at[0][0]);
    TILE_LOAD(6, bytes->at[0][1]);
    if (blocks > 1) {
        TILE_LOAD(5, bytes->at[1][0]);
        TILE_LOAD(7, bytes->at[1][1]);
    }
}

static void lower_plane(const amx_direction *d, const input_bytes *bytes, const int8_t *weights)
{
    TILE_LOAD(2, weights);
    TILE_PRODUCT(uu, 0, 4, 2);
    TILE_PRODUCT(su, 1, 6, 2);
    if (d->input_blocks > 1) {
        TILE_LOAD(2, weights + TILE_BYTES);
        TILE_PRODUCT(uu, 0, 5, 2);
        TILE_PRODUCT(su, 1, 7, 2);
    }
    for (int i = 2; i < d->input_blocks; i++) {
        TILE_LOAD(2, weights + i * TILE_BYTES);
        TILE_LOAD(3, bytes->at[i][0]);
        TILE_PRODUCT(uu, 0, 3, 2);
        TILE_LOAD(3, bytes->at[i][1]);
        TILE_PRODUCT(su, 1, 3, 2);
    }
}

static void top_plane(const amx_direction *d, const input_bytes *bytes, const int8_t *weights)
{
    TILE_LOAD(2, weights);
    TILE_PRODUCT(us, 0, 4, 2);
    TILE_PRODUCT(ss, 1, 6, 2);
    if (d->input_blocks > 1) {
        TILE_LOAD(2, weights + TILE_BYTES);
        TILE_PRODUCT(us, 0, 5, 2);
        TILE_PRODUCT(ss, 1, 7, 2);
    }
    for (int i = 2; i < d->input_blocks; i++) {
        TILE_LOAD(2, weights + i * TILE_BYTES);
        TILE_LOAD(3, bytes->at[i][0]);
        TILE_PRODUCT(us, 0, 3, 2);
        TILE_LOAD(3, bytes->at[i][1]);
        TILE_PRODUCT(ss, 1, 3, 2);
    }
}

static void multiply_block(const amx_direction *d, const input_bytes *bytes, const int8_t *weights,
                           plane_sums *sums)
{
    size_t plane = (size_t)d->input_blocks * (size_t)d->output_blocks * TILE_BYTES;
    for (int m = 0; m < d->planes; m++, weights += plane) {
        TILE_ZERO(0);
        TILE_ZERO(1);
        (m + 1 < d->planes ? lower_plane : top_plane)(d, bytes, weights);
        TILE_STORE(0, sums->at[m][0]);
        TILE_STORE(1, sums->at[m][1]);
    }
}

/* Sign extension and shift of the even and of the odd 32-bit lanes in one multiplication each. */
static inline void add_shifted(__m512i v, __m512i factor, __m512i *even, __m512i *odd)
{
    __m512i odd_lanes = _mm512_shuffle_epi32(v, _MM_PERM_DDBB);
    *even = _mm512_add_epi64(*even, _mm512_mul_epi32(v, factor));
    *odd = _mm512_add_epi64(*odd, _mm512_mul_epi32(odd_lanes, factor));
}

/*
 * The sum over planes for each vector. With at most 128 inputs the products with the low bytes stay
 * below 2^23, those with the high bytes within 2^22, so that both fit 32 bits together.
 */
static void combine_planes(const amx_direction *d, const plane_sums *sums, int count, int stride,
                           int64_t *out)
{
    bool together = d->inputs <= 128;
    __m512i first = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    __m512i second = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    for (int v = 0; v < count; v++, out += stride) {
        __m512i even = _mm512_setzero_si512(), odd = even;
        for (int m = d->planes - 1; m >= 0; m--) {
            __m512i low = _mm512_load_si512(sums->at[m][0][v]);
            __m512i high = _mm512_load_si512(sums->at[m][1][v]);
            even = _mm512_slli_epi64(even, 8);
            odd = _mm512_slli_epi64(odd, 8);
            if (together)
                low = _mm512_add_epi32(low, _mm512_slli_epi32(high, 8));
            else
                add_shifted(high, _mm512_set1_epi64(256), &even, &odd);
            add_shifted(low, _mm512_set1_epi64(1), &even, &odd);
        }
        _mm512_storeu_si512(out, _mm512_permutex2var_epi64(even, first, odd));
        _mm512_storeu_si512(out + 8, _mm512_permutex2var_epi64(even, second, odd));
    }
}

void amx_collapsed(const amx_direction *d, const int16_t *in, int count, int stride, int64_t *out)
{
    input_bytes bytes;
    plane_sums sums[2];
    size_t block = (size_t)d->input_blocks * TILE_BYTES;
    split_inputs(d, in, count, &bytes);
    tile_configure(0xFB, count); /* tile 2 holds weights */
    load_inputs(&bytes, d->input_blocks);
    for (int o = 0; o < d->output_blocks; o++) { /* the unit works while sums are combined */
        multiply_block(d, &bytes, d->weights + (size_t)o * block, &sums[o & 1]);
        if (o > 0)
            combine_planes(d, &sums[(o - 1) & 1], count, stride, out + (o - 1) * TILE_OUTPUTS);
    }
    int last = d->output_blocks - 1;
    combine_planes(d, &sums[last & 1], count, stride, out + last * TILE_OUTPUTS);
    tile_release();
}

#endif
