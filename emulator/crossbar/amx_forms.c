/* Digits and weights in the layout of tiles, and the certificate. Compiled with AVX-512 enabled. */
#include "emulator/crossbar/processor.h"

#if PROCESSOR_X86_64

#include "emulator/crossbar/amx.h"
#include "emulator/crossbar/simd.h"

#include <string.h>

/* A piece of 16 bytes of each of four lines, side by side. */
SIMD_INLINE __m512i join(const int8_t *a, const int8_t *b, const int8_t *c, const int8_t *d)
{
    __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)a));
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)b), 1);
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)c), 2);
    return _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)d), 3);
}

/* Bytes shifted left; what is shifted out was sign. */
typedef struct byte_shift {
    __m128i by;
    __m512i mask;
} byte_shift;

SIMD_INLINE __m512i scale_bytes(__m512i v, byte_shift scale)
{
    return _mm512_and_si512(_mm512_sll_epi16(v, scale.by), scale.mask);
}

/* Lines are inputs: 16 bytes of each of 64, four lines interleaved to a row of the tile. */
static void tile_of_inputs(const int8_t *from, size_t stride, byte_shift scale, int8_t *tile)
{
    static const uint8_t interleave[64] = {
        0, 16, 32, 48, 1, 17, 33, 49, 2,  18, 34, 50, 3,  19, 35, 51, 4,  20, 36, 52, 5,  21,
        37, 53, 6, 22, 38, 54, 7, 23, 39, 55, 8, 24, 40, 56, 9, 25, 41, 57, 10, 26, 42, 58,
        11, 27, 43, 59, 12, 28, 44, 60, 13, 29, 45, 61, 14, 30, 46, 62, 15, 31, 47, 63};
    __m512i order = _mm512_loadu_si512(interleave);
    for (int r = 0; r < 16; r++, tile += TILE_ROW, from += 4 * stride) {
        __m512i v = join(from, from + stride, from + 2 * stride, from + 3 * stride);
        _mm512_store_si512(tile, scale_bytes(_mm512_permutexvar_epi8(order, v), scale));
    }
}

/* Lines are outputs: 64 bytes of each of 16; words of four bytes are transposed. */
static void tile_of_outputs(const int8_t *from, size_t stride, byte_shift scale, int8_t *tile)
{
    for (int c = 0; c < 64; c += 16, from += 16, tile += 4 * TILE_ROW) {
        __m512i x[4];
#pragma GCC unroll 4
        for (int m = 0; m < 4; m++) {
            const int8_t *line = from + (size_t)m * stride;
            x[m] = join(line, line + 4 * stride, line + 8 * stride, line + 12 * stride);
            x[m] = scale_bytes(x[m], scale);
        }
        __m512i a = _mm512_unpacklo_epi32(x[0], x[1]), b = _mm512_unpackhi_epi32(x[0], x[1]);
        __m512i e = _mm512_unpacklo_epi32(x[2], x[3]), f = _mm512_unpackhi_epi32(x[2], x[3]);
        _mm512_store_si512(tile, _mm512_unpacklo_epi64(a, e));
        _mm512_store_si512(tile + TILE_ROW, _mm512_unpackhi_epi64(a, e));
        _mm512_store_si512(tile + 2 * TILE_ROW, _mm512_unpacklo_epi64(b, f));
        _mm512_store_si512(tile + 3 * TILE_ROW, _mm512_unpackhi_epi64(b, f));
    }
}

/* 64 bytes of each of up to `lines` lines, the others zero. */
static const int8_t *padded_lines(const int8_t *from, size_t stride, int there, int lines,
                                  int8_t *buffer)
{
    for (int n = 0; n < lines; n++)
        if (n < there)
            memcpy(buffer + n * TILE_ROW, from + (size_t)n * stride, TILE_ROW);
        else
            memset(buffer + n * TILE_ROW, 0, TILE_ROW);
    return buffer;
}

/* One tile; row and column: of the crossbar, where it begins. */
static void make_tile(const crossbar *x, bool transposed, byte_shift scale, const int8_t *from,
                      int row, int column, int8_t *tile)
{
    int8_t buffer[TILE_INPUTS * TILE_ROW];
    int lines = transposed ? TILE_OUTPUTS : TILE_INPUTS;
    size_t stride = (size_t)x->column_stride;
    from += (size_t)row * stride + (size_t)column;
    if (row + lines > x->rows) { /* tiles of 16 columns begin within the last 64 of a line */
        size_t back = transposed ? 0 : (size_t)column % TILE_ROW;
        from = padded_lines(from - back, stride, x->rows - row, lines, buffer) + back;
        stride = TILE_ROW;
    }
    (transposed ? tile_of_outputs : tile_of_inputs)(from, stride, scale, tile);
}

/* One plane of rows x column_stride bytes; blocks of outputs lie `step` bytes apart. */
static void tile_plane(const crossbar *x, const amx_direction *d, bool transposed, int scale,
                       const int8_t *from, int8_t *to, size_t step)
{
    byte_shift shift = {_mm_cvtsi32_si128(scale), _mm512_set1_epi8((int8_t)(0xFF << scale))};
    for (int o = 0; o < d->output_blocks; o++, to += step)
        for (int i = 0; i < d->input_blocks; i++) {
            int row = transposed ? o * TILE_OUTPUTS : i * TILE_INPUTS;
            int column = transposed ? i * TILE_INPUTS : o * TILE_OUTPUTS;
            make_tile(x, transposed, shift, from, row, column, to + i * TILE_BYTES);
        }
}

static size_t block_tiles(const amx_direction *d)
{
    return (size_t)d->input_blocks * TILE_BYTES;
}

static amx_item item_of(const slicing *f, int s, int block, const int8_t *digits)
{
    int down = 16 - f->bits[s] - f->adc_extra_bits, low = (1 << down) - 1;
    return (amx_item){.digits = digits, .shift = s * f->radix_bits, .down = down,
                      .low = low | low << 16, .first = block * CROSSBAR_BLOCK};
}

static void list_items(const slicing *f, amx_direction *d)
{
    size_t step = (CROSSBAR_BLOCK / TILE_OUTPUTS) * block_tiles(d);
    const int8_t *digits = d->digits;
    d->items = 0;
    for (int s = 0; s < f->slices; s++)
        for (int b = 0; b < d->output_blocks / 2; b++, digits += step)
            if (!d->certified || d->sliced[s][b])
                d->item[d->items++] = item_of(f, s, b, digits);
}

void amx_tile_digits(crossbar *x, amx_state *a, bool transposed)
{
    amx_direction *d = &a->direction[transposed];
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    crossbar_need_narrow(x, &x->now);
    for (int s = 0; s < x->format->slices; s++) {
        if (d->tiled_at[s] == x->changed[s])
            continue;
        tile_plane(x, d, transposed, a->scale[s], x->now.narrow + (size_t)s * plane,
                   d->digits + (size_t)(s * d->output_blocks) * block_tiles(d), block_tiles(d));
        d->tiled_at[s] = x->changed[s];
    }
    d->tiled = true;
    list_items(x->format, d);
}

/* The largest sum |digit| of a block of 16 outputs, scaled as the digits are. */
static uint32_t largest_sum(const amx_direction *d, const int8_t *tiles)
{
    __m512i sum = _mm512_setzero_si512(), ones = _mm512_set1_epi8(1);
    for (int r = 0; r < d->input_blocks * 16; r++)
        sum = _mm512_dpbusd_epi32(sum, _mm512_abs_epi8(_mm512_loadu_si512(tiles + r * TILE_ROW)),
                                  ones);
    return _mm512_reduce_max_epu32(sum);
}

static void certify_slice(const crossbar *x, const amx_state *a, amx_direction *d, int s)
{
    int converter = x->format->bits[s] + x->format->adc_extra_bits;
    uint32_t limit = ((1U << (converter - 1)) - 1) << a->scale[s];
    const int8_t *tiles = d->digits + (size_t)(s * d->output_blocks) * block_tiles(d);
    memset(d->sliced[s], 0, sizeof d->sliced[s]);
    for (int o = 0; o < d->output_blocks; o++, tiles += block_tiles(d))
        if (largest_sum(d, tiles) > limit)
            d->sliced[s][o * TILE_OUTPUTS / CROSSBAR_BLOCK] = true;
}

void amx_certify(const crossbar *x, const amx_state *a, amx_direction *d)
{
    const slicing *f = x->format;
    for (int s = 0; s < f->slices && x->how == FIDELITY_ADC; s++) {
        if (d->certified_at[s] != x->changed[s])
            certify_slice(x, a, d, s);
        d->certified_at[s] = x->changed[s];
    }
    d->certified = true;
    list_items(f, d);
    d->any_collapsed = d->items < f->slices * (d->output_blocks / 2);
}

/*
 * 64 cells of all collapsed slices (a bit of `which` each) as bytes of a two's complement number:
 * byte m takes the slices at places 8m .. 8m+7 and the carry from below. |digit| <= 128 makes a sum
 * of at most 32767 of them, and the carry at most 128.
 */
static int collapse_cells(const crossbar *x, const uint64_t which[SLICES_MAX], const int8_t *digits,
                          int8_t *planes)
{
    const slicing *f = x->format;
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    int per_byte = 8 / f->radix_bits, bytes = (f->slices + per_byte - 1) / per_byte;
    __m512i low = _mm512_setzero_si512(), high = low, mask = _mm512_set1_epi16(0xFF);
    __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    for (int m = 0; m <= bytes; m++, planes += plane) {
        for (int s = m * per_byte; s < (m + 1) * per_byte && s < f->slices; s++) {
            __m512i d = _mm512_maskz_loadu_epi8(which[s], digits + (size_t)s * plane);
            __m128i place = _mm_cvtsi32_si128((s - m * per_byte) * f->radix_bits);
            __m512i a = _mm512_cvtepi8_epi16(_mm512_castsi512_si256(d));
            __m512i b = _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(d, 1));
            low = _mm512_add_epi16(low, _mm512_sll_epi16(a, place));
            high = _mm512_add_epi16(high, _mm512_sll_epi16(b, place));
        }
        __m512i packed = _mm512_packus_epi16(_mm512_and_si512(low, mask),
                                             _mm512_and_si512(high, mask));
        _mm512_storeu_si512(planes, _mm512_permutexvar_epi64(order, packed));
        low = _mm512_srai_epi16(low, 8);
        high = _mm512_srai_epi16(high, 8);
    }
    return bytes + 1;
}

/* Which of 64 columns of row i each slice contributes. */
static void collapsed_columns(const crossbar *x, const amx_direction *d, bool transposed, int i,
                              int first, uint64_t which[SLICES_MAX])
{
    for (int s = 0; s < x->format->slices; s++) {
        const bool *sliced = d->sliced[s];
        int block = first / CROSSBAR_BLOCK;
        if (transposed)
            which[s] = sliced[i / CROSSBAR_BLOCK] ? 0 : ~(uint64_t)0;
        else
            which[s] = (sliced[block] ? 0 : 0xFFFFFFFFU) |
                       (uint64_t)(sliced[block + 1] ? 0 : 0xFFFFFFFFU) << 32;
    }
}

/* How many planes there are, once those that only repeat the sign are left out. */
static int planes_needed(const crossbar *x, const int8_t *planes, int count)
{
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    for (; count > 1; count--) {
        const int8_t *top = planes + (size_t)(count - 1) * plane, *below = top - plane;
        for (size_t k = 0; k < plane; k += 64) {
            __mmask64 negative = _mm512_movepi8_mask(_mm512_loadu_si512(below + k));
            if (_mm512_cmpneq_epi8_mask(_mm512_movm_epi8(negative), _mm512_loadu_si512(top + k)))
                return count;
        }
    }
    return count;
}

void amx_tile_weights(crossbar *x, amx_state *a, bool transposed)
{
    amx_direction *d = &a->direction[transposed];
    size_t stride = (size_t)x->column_stride, plane = (size_t)x->rows * stride;
    int planes = 0;
    crossbar_need_narrow(x, &x->now);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->column_stride; j += 64) {
            uint64_t which[SLICES_MAX];
            size_t at = (size_t)i * stride + (size_t)j;
            collapsed_columns(x, d, transposed, i, j, which);
            planes = collapse_cells(x, which, x->now.narrow + at, a->planes + at);
        }
    d->planes = planes_needed(x, a->planes, planes);
    for (int m = 0; m < d->planes; m++)
        tile_plane(x, d, transposed, 0, a->planes + (size_t)m * plane,
                   d->weights + (size_t)m * block_tiles(d), (size_t)d->planes * block_tiles(d));
}

#endif
