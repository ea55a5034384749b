/* The tables of opa_plan.h for VEC8 columns; included once by the file of each width. */
#ifndef PANTHER_EMULATOR_CROSSBAR_SIMD_TABLES_H
#define PANTHER_EMULATOR_CROSSBAR_SIMD_TABLES_H

#include "emulator/crossbar/opa_plan.h"
#include "emulator/crossbar/simd_bytes.h"

enum {
    TABLE_BYTES = 40960, /* tables of one block of columns: they should stay in the first cache */
    OPAS_MAX = 4,        /* outer products that pass over the digits together */
    WINDOW_BYTES = OPA_ENTRIES * VEC8,
};

/* Outer products in OPA_STREAM mode that pass over the digits together. */
typedef struct opa_run {
    const crossbar *x;
    opa_shape shape;
    int count;
    opa_plan plan[OPAS_MAX];
    const int16_t *row[OPAS_MAX], *col[OPAS_MAX];
    size_t table_size; /* of one outer product and one sign */
    bool dense;        /* all windows are wanted, as the loops are unrolled */
    /* The rows that are driven at all, and where the groups of their operands lie in the tables. */
    int rows;
    uint16_t at[CROSSBAR_PAD_MAX];
    uint16_t group[OPAS_MAX][OPA_GROUPS_MAX][CROSSBAR_PAD_MAX];
    uint64_t clips[SLICES_MAX];
    unsigned touched; /* slices, one bit each */
} opa_run;

/* (v << left >> right) in words of which only the low bits count; one of both is zero. */
SIMD_INLINE vec shift_words(vec v, int left, int right)
{
    return V(srl_epi16)(V(sll_epi16)(v, _mm_cvtsi32_si128(left)), _mm_cvtsi32_si128(right));
}

/* All entries of one window: sums of its single-bit entries; and their negatives, a table further. */
static void fill_window(const opa_run *run, vec x, vec y, vec negative, int window, int8_t *entries)
{
    int p = run->x->format->radix_bits, bits = run->shape.group_bits;
    size_t table_size = run->table_size;
    vec mask = V(set1_epi16)((int16_t)((1 << p) - 1));
    v_store(entries, v_zero());
    v_store(entries + table_size, v_zero());
    for (int r = 0; r < bits; r++) {
        int right = p * window > r ? p * window - r : 0, left = r > p * window ? r - p * window : 0;
        vec chunk = v_pack(v_and(shift_words(x, left, right), mask),
                           v_and(shift_words(y, left, right), mask));
        chunk = with_sign(chunk, negative);
        int8_t *at = entries + ((size_t)1 << r) * VEC8;
        for (int n = 0; n < 1 << r; n++) {
            vec sum = V(add_epi8)(chunk, v_load(entries + n * VEC8));
            v_store(at + n * VEC8, sum);
            v_store(at + table_size + n * VEC8, V(sub_epi8)(v_zero(), sum));
        }
    }
}

static void fill_tables(const opa_run *run, int q, int first, int8_t *table)
{
    vec x, y;
    load_words(run->col[q] + first, &x, &y);
    vec negative = negative_bytes(x, y);
    x = v_abs16(x);
    y = v_abs16(y);
    for (int m = 0; m < run->shape.windows; m++)
        if (run->dense || run->plan[q].windows[m])
            fill_window(run, x, y, negative, m, table + (size_t)m * WINDOW_BYTES);
}

/* Fills run->at and run->group; offsets are those of the entries of window 0. */
static void locate_rows(opa_run *run)
{
    int bits = run->shape.group_bits, rows = run->x->rows, used = 0;
    uint16_t mask = (uint16_t)((1 << bits) - 1), negative = (uint16_t)run->table_size;
    int16_t any[CROSSBAR_PAD_MAX] = {0};
    for (int q = 0; q < run->count; q++) {
        const int16_t *row = run->row[q];
        for (int k = 0; k < run->shape.groups; k++)
            for (int i = 0; i < rows; i++) {
                uint16_t size = (uint16_t)(row[i] < 0 ? -row[i] : row[i]);
                uint16_t at = (uint16_t)((size >> (k * bits) & mask) * VEC8);
                run->group[q][k][i] = (uint16_t)(at + (row[i] < 0 ? negative : 0));
            }
        for (int i = 0; i < rows; i++)
            any[i] |= row[i];
    }
    for (int i = 0; i < rows; i++) {
        run->at[used] = (uint16_t)i;
        used += any[i] != 0;
    }
    run->rows = used;
}

#endif
