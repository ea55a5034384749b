/*
 * Outer products on bytes; included once by the file of each width. opa_plan.h explains the tables.
 *
 * Adding the terms one after the other with saturation to 8 bits and clipping at the end equals one
 * exact addition with one clip, because all terms of a cell have one sign. For the same reason a
 * sum in 8 bits exceeds a narrower slice's limit if and only if the exact sum does.
 */
#include "emulator/crossbar/opa_plan.h"
#include "emulator/crossbar/scalar.h"
#include "emulator/crossbar/simd.h"

#include <stdlib.h>
#include <string.h>

enum {
    TABLE_BYTES = 40960, /* tables of one block of columns: they should stay in the first cache */
    OPAS_MAX = 4,        /* outer products that pass over the digits together */
};

typedef struct opa_run {
    const crossbar *x;
    opa_shape shape;
    int count; /* at most OPAS_MAX */
    opa_plan plan[OPAS_MAX];
    const int16_t *row[OPAS_MAX], *col[OPAS_MAX];
    size_t table_size; /* of one outer product and one sign */
    bool dense;
    uint64_t clips[SLICES_MAX];
} opa_run;

/* Words of VEC8 columns in the order in which v_pack restores the columns'. */
SIMD_INLINE void load_columns(const int16_t *col, vec *x, vec *y)
{
    vec a = v_load(col), b = v_load(col + VEC16);
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

/* (v << left >> right) in words of which only the low bits count; one of both is zero. */
SIMD_INLINE vec shift_words(vec v, int left, int right)
{
    return V(srl_epi16)(V(sll_epi16)(v, _mm_cvtsi32_si128(left)), _mm_cvtsi32_si128(right));
}

/* All entries of one window: sums of its single-bit entries; and their negatives, a table further. */
static void fill_window(const opa_run *run, vec x, vec y, vec negative, int window, int8_t *entries)
{
    int p = run->x->format->radix_bits, bits = run->shape.group_bits;
    vec mask = V(set1_epi16)((int16_t)((1 << p) - 1));
    v_store(entries, v_zero());
    v_store(entries + run->table_size, v_zero());
    for (int r = 0; r < bits; r++) {
        int right = p * window > r ? p * window - r : 0, left = r > p * window ? r - p * window : 0;
        vec chunk = v_pack(v_and(shift_words(x, left, right), mask),
                           v_and(shift_words(y, left, right), mask));
        chunk = with_sign(chunk, negative);
        int8_t *at = entries + ((size_t)1 << r) * VEC8;
        for (int n = 0; n < 1 << r; n++) {
            vec sum = V(add_epi8)(chunk, v_load(entries + n * VEC8));
            v_store(at + n * VEC8, sum);
            v_store(at + run->table_size + n * VEC8, V(sub_epi8)(v_zero(), sum));
        }
    }
}

static void fill_tables(const opa_run *run, int q, int first, int8_t *table)
{
    vec x, y;
    load_columns(run->col[q] + first, &x, &y);
    vec negative = negative_bytes(x, y);
    x = v_abs16(x);
    y = v_abs16(y);
    for (int m = 0; m < run->shape.windows; m++)
        if (run->dense || run->plan[q].windows[m])
            fill_window(run, x, y, negative, m, table + (size_t)m * OPA_ENTRIES * VEC8);
}

/* Where in the tables the groups of one row's operand lie (window 0). */
SIMD_INLINE void locate(const opa_run *run, const int8_t *table, int word, const int8_t **at)
{
    int size = abs(word), bits = run->shape.group_bits;
    table += word < 0 ? run->table_size : 0;
    for (int k = 0; k < run->shape.groups; k++, size >>= bits)
        at[k] = table + (size & ((1 << bits) - 1)) * VEC8;
}

SIMD_INLINE vec entry(const int8_t *at, int window)
{
    return v_load(at + (size_t)window * OPA_ENTRIES * VEC8);
}

SIMD_INLINE vec clip_count(const slicing *f, int s, vec sum, uint64_t *clips)
{
    vec held = V(min_epi8)(sum, V(set1_epi8)((int8_t)slice_high(f, s)));
    held = V(max_epi8)(held, V(set1_epi8)((int8_t)slice_low(f, s)));
    *clips += v_differ8(sum, held);
    return held;
}

/* One slice of VEC8 cells, by its list of terms. */
SIMD_INLINE vec add_terms(opa_run *run, int q, int s, const int8_t **at, vec digits)
{
    const opa_plan *plan = &run->plan[q];
    const slicing *f = run->x->format;
    vec sum = digits, wrapped = digits, lost = v_zero();
    for (int n = 0; n < plan->terms[s]; n++) {
        vec term = entry(at[plan->term[s][n].group], plan->term[s][n].window);
        wrapped = V(add_epi8)(sum, term);
        sum = V(adds_epi8)(sum, term);
        lost = v_or(lost, v_xor(sum, wrapped));
    }
    if (!plan->clips[s])
        return sum;
    if (f->bits[s] < 8)
        return clip_count(f, s, sum, &run->clips[s]);
    run->clips[s] += v_differ8(lost, v_zero()); /* here saturation is the clip */
    return sum;
}

/* VEC8 columns of all rows, where only some terms are there or the format is not the usual one. */
static void sparse_block(opa_run *run, const int8_t *tables, int8_t *digits)
{
    const crossbar *x = run->x;
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    for (int i = 0; i < x->rows; i++, digits += x->column_stride) {
        const int8_t *at[OPAS_MAX][OPA_GROUPS_MAX];
        bool any = false;
        for (int q = 0; q < run->count; q++) {
            locate(run, tables + (size_t)q * 2 * run->table_size, run->row[q][i], at[q]);
            any |= run->row[q][i] != 0;
        }
        for (int s = 0; any && s < x->format->slices; s++) {
            vec d = v_load(digits + (size_t)s * plane);
            bool touched = false;
            for (int q = 0; q < run->count; q++)
                if (run->plan[q].terms[s] && run->row[q][i]) {
                    d = add_terms(run, q, s, at[q], d);
                    touched = true;
                }
            if (touched)
                v_store(digits + (size_t)s * plane, d);
        }
    }
}

/* The same for eight slices of radix 16, the paper's: slice s meets groups s-4 .. s. */
SIMD_INLINE void dense_slice(opa_run *run, int s, const int8_t *at[OPAS_MAX][OPA_GROUPS_MAX],
                             int8_t *digits)
{
    vec d = v_load(digits);
    for (int q = 0; q < run->count; q++) {
        for (int k = s < 4 ? 0 : s - 4; k <= s && k < 4; k++)
            d = V(adds_epi8)(d, entry(at[q][k], s - k));
        if (run->plan[q].clips[s])
            d = clip_count(run->x->format, s, d, &run->clips[s]);
    }
    v_store(digits, d);
}

static void dense_block(opa_run *run, const int8_t *tables, int8_t *digits)
{
    const crossbar *x = run->x;
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    for (int i = 0; i < x->rows; i++, digits += x->column_stride) {
        const int8_t *at[OPAS_MAX][OPA_GROUPS_MAX];
        int any = 0;
        for (int q = 0; q < run->count; q++) {
            locate(run, tables + (size_t)q * 2 * run->table_size, run->row[q][i], at[q]);
            any |= run->row[q][i];
        }
        if (!any)
            continue;
        dense_slice(run, 0, at, digits);
        dense_slice(run, 1, at, digits + plane);
        dense_slice(run, 2, at, digits + 2 * plane);
        dense_slice(run, 3, at, digits + 3 * plane);
        dense_slice(run, 4, at, digits + 4 * plane);
        dense_slice(run, 5, at, digits + 5 * plane);
        dense_slice(run, 6, at, digits + 6 * plane);
        dense_slice(run, 7, at, digits + 7 * plane);
    }
}

/* Whether the unrolled form fits, and skipping terms would gain little. */
static bool worth_dense(const opa_run *run)
{
    const slicing *f = run->x->format;
    int terms = 0;
    if (f->radix_bits != 4 || f->slices != 8)
        return false;
    for (int s = 0; s < f->slices; s++)
        if (f->bits[s] > 7)
            return false;
    for (int q = 0; q < run->count; q++)
        terms += run->plan[q].all_terms;
    return terms > 12 * run->count; /* of 20 */
}

static void stream(opa_run *run, crossbar_cells *cells)
{
    const crossbar *x = run->x;
    int8_t tables[TABLE_BYTES] __attribute__((aligned(64)));
    for (int q = 0; q < run->count; q++) {
        opa_plan_terms(x, &run->shape, run->row[q], run->col[q], &run->plan[q]);
        opa_plan_clips(x, cells, q == 0, &run->plan[q]);
    }
    run->dense = worth_dense(run);
    for (int first = 0; first < x->column_stride; first += VEC8) {
        for (int q = 0; q < run->count; q++)
            fill_tables(run, q, first, tables + (size_t)q * 2 * run->table_size);
        (run->dense ? dense_block : sparse_block)(run, tables, cells->narrow + first);
    }
}

/* The words of |product| that hold the digit of slice s, shifted down. */
SIMD_INLINE vec product_digit(vec low, vec high, int place, vec mask)
{
    vec word = place < 16 ? low : high;
    return v_and(V(srl_epi16)(word, _mm_cvtsi32_si128(place & 15)), mask);
}

/* OPA_DIGIT, VEC8 cells of one row. */
SIMD_INLINE void digit_cells(opa_run *run, int q, int i, int first, int8_t *digits)
{
    const crossbar *x = run->x;
    const slicing *f = x->format;
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    vec a, b, mask = V(set1_epi16)((int16_t)((1 << f->radix_bits) - 1));
    load_columns(run->col[q] + first, &a, &b);
    vec size = V(set1_epi16)((int16_t)abs(run->row[q][i]));
    vec negative = negative_bytes(a, b);
    if (run->row[q][i] < 0)
        negative = v_xor(negative, V(set1_epi8)(-1));
    a = v_abs16(a);
    b = v_abs16(b);
    vec low_a = V(mullo_epi16)(a, size), high_a = V(mulhi_epu16)(a, size);
    vec low_b = V(mullo_epi16)(b, size), high_b = V(mulhi_epu16)(b, size);
    for (int s = 0; s < f->slices; s++, digits += plane) {
        if (!run->plan[q].terms[s])
            continue;
        int place = s * f->radix_bits;
        vec term = with_sign(v_pack(product_digit(low_a, high_a, place, mask),
                                    product_digit(low_b, high_b, place, mask)), negative);
        vec d = v_load(digits), sum = V(adds_epi8)(d, term);
        if (run->plan[q].clips[s] && f->bits[s] < 8)
            sum = clip_count(f, s, sum, &run->clips[s]);
        else if (run->plan[q].clips[s])
            run->clips[s] += v_differ8(sum, V(add_epi8)(d, term));
        v_store(digits, sum);
    }
}

static void digit(opa_run *run, crossbar_cells *cells)
{
    const crossbar *x = run->x;
    for (int q = 0; q < run->count; q++) {
        opa_plan_digits(x, run->row[q], run->col[q], &run->plan[q]);
        opa_plan_clips(x, cells, q == 0, &run->plan[q]);
    }
    for (int i = 0; i < x->rows; i++)
        for (int first = 0; first < x->column_stride; first += VEC8)
            for (int q = 0; q < run->count; q++)
                if (run->row[q][i])
                    digit_cells(run, q, i, first,
                                cells->narrow + (size_t)i * (size_t)x->column_stride + first);
}

/* Digits straddle the words of a product unless the radix divides 16 bits. */
static bool supported(const crossbar *x, const opa_shape *shape)
{
    int p = x->format->radix_bits;
    if (!x->narrow || x->mode == OPA_BATCH)
        return false;
    return x->mode == OPA_STREAM ? shape->group_bits > 0 : p == 1 || p == 2 || p == 4;
}

void SIMD(opa)(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
               int count)
{
    opa_run run = {.x = x, .shape = opa_shape_of(x->format)};
    if (!supported(x, &run.shape)) {
        scalar_opa(x, cells, rows, cols, count);
        return;
    }
    run.table_size = (size_t)run.shape.windows * OPA_ENTRIES * VEC8;
    int together = (int)(TABLE_BYTES / (2 * run.table_size));
    together = together > OPAS_MAX ? OPAS_MAX : together;
    crossbar_need_narrow(x, cells);
    for (int done = 0; done < count; done += run.count) {
        run.count = count - done < together ? count - done : together;
        for (int q = 0; q < run.count; q++) {
            run.row[q] = rows + (size_t)(done + q) * (size_t)x->row_stride;
            run.col[q] = cols + (size_t)(done + q) * (size_t)x->column_stride;
        }
        (x->mode == OPA_STREAM ? stream : digit)(&run, cells);
    }
    for (int s = 0; s < x->format->slices; s++)
        x->saturated[s] += run.clips[s];
    crossbar_narrow_changed(x, cells);
}
