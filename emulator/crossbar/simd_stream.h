/* Outer products in OPA_STREAM mode on bytes; included once by the file of each width. */
#include "emulator/crossbar/simd_tables.h"

#include <string.h>

/* One slice of VEC8 columns of all rows, for one outer product with `count` terms there. */
SIMD_INLINE void add_slice(opa_run *run, int q, int s, int count, const int8_t *table,
                           int8_t *digits)
{
    const crossbar *x = run->x;
    const opa_term *term = run->plan[q].term[s];
    byte_limits limits = limits_of(x->format, s, run->plan[q].clips[s]);
    size_t stride = (size_t)x->column_stride;
    uint64_t clips = 0;
    for (int n = 0; n < run->rows; n++) {
        int i = run->at[n];
        int8_t *cells = digits + i * (ptrdiff_t)stride;
        vec sum = v_load(cells), lost = v_zero();
        for (int k = 0; k < count; k++) {
            const int8_t *entries = table + term[k].window * WINDOW_BYTES;
            sum = add_term(sum, v_load(entries + run->group[q][term[k].group][i]), &lost);
        }
        v_store(cells, clip_bytes(&limits, sum, lost, &clips));
    }
    run->clips[s] += clips;
}

/* Slice by slice: where only some terms are there, or the format is not the usual one. */
static void sparse_block(opa_run *run, const int8_t *tables, int8_t *digits)
{
    size_t plane = (size_t)run->x->rows * (size_t)run->x->column_stride;
    for (int s = 0; s < run->x->format->slices; s++, digits += plane)
        for (int q = 0; q < run->count; q++) {
            const int8_t *table = tables + (size_t)q * 2 * run->table_size;
            if (run->plan[q].terms[s] == 1)
                add_slice(run, q, s, 1, table, digits);
            else if (run->plan[q].terms[s] == 2)
                add_slice(run, q, s, 2, table, digits);
            else if (run->plan[q].terms[s])
                add_slice(run, q, s, run->plan[q].terms[s], table, digits);
        }
}

/*
 * Eight slices of radix 16 with at most 6 bits, the paper's: slice s meets groups s-4 .. s. The digits
 * stay in registers while all outer products of the run pass over them.
 */
enum { DENSE_SLICES = 8, DENSE_GROUPS = 4, DENSE_WINDOWS = 5, DENSE_BITS = 6, ALL_DENSE = 0xFF };

typedef struct dense_limits {
    vec low[DENSE_SLICES], high[DENSE_SLICES];
    unsigned clips[OPAS_MAX]; /* bit s: slice s may clip */
} dense_limits;

SIMD_INLINE vec entry(const int8_t *group, int window)
{
    return v_load(group + window * WINDOW_BYTES);
}

/*
 * Saturating additions are dearer than others, and one per slice is enough: with 15-bit operands the
 * entries of windows 0 .. 4 are at most 49, 60, 60, 52, 4 (of group 3: 41, 45, 45, 37, 1), and
 * |digit| <= 32, so that every other sum below stays within 127.
 */
SIMD_INLINE void dense_terms(vec d[DENSE_SLICES], const int8_t *a, const int8_t *b, const int8_t *c,
                             const int8_t *e)
{
#define PLUS(x, y) V(add_epi8)(x, y)
#define PLUS_SATURATING(x, y) V(adds_epi8)(x, y)
    d[0] = PLUS(d[0], entry(a, 0));
    d[1] = PLUS_SATURATING(d[1], PLUS(entry(a, 1), entry(b, 0)));
    d[2] = PLUS_SATURATING(PLUS(d[2], entry(a, 2)), PLUS(entry(b, 1), entry(c, 0)));
    d[3] = PLUS_SATURATING(PLUS(PLUS(d[3], entry(a, 3)), entry(e, 0)),
                           PLUS(entry(b, 2), entry(c, 1)));
    d[4] = PLUS_SATURATING(PLUS(PLUS(d[4], entry(a, 4)), entry(b, 3)),
                           PLUS(entry(c, 2), entry(e, 1)));
    d[5] = PLUS_SATURATING(PLUS(d[5], entry(b, 4)), PLUS(entry(c, 3), entry(e, 2)));
    d[6] = PLUS(PLUS(d[6], entry(c, 4)), entry(e, 3));
    d[7] = PLUS(d[7], entry(e, 4));
#undef PLUS
#undef PLUS_SATURATING
}

/* Clips and tallies the digits that held; those of slices that cannot clip count as held. */
SIMD_INLINE void dense_clip(vec d[DENSE_SLICES], unsigned which, const dense_limits *limits,
                            vec tally[DENSE_SLICES])
{
#pragma GCC unroll 8
    for (int s = 0; s < DENSE_SLICES; s++) {
        vec held = d[s];
        if (which >> s & 1)
            held = V(max_epi8)(V(min_epi8)(d[s], limits->high[s]), limits->low[s]);
        tally[s] = v_tally8(tally[s], d[s], held);
        d[s] = held;
    }
}

/* At most 255 steps (rows times outer products), which is what the tallies hold. */
static void dense_rows(const opa_run *run, const int8_t *tables, const dense_limits *limits,
                       int first, int last, int8_t *digits, uint64_t *clips)
{
    size_t stride = (size_t)run->x->column_stride, plane = (size_t)run->x->rows * stride;
    int count = run->count;
    vec tally[DENSE_SLICES];
    for (int s = 0; s < DENSE_SLICES; s++)
        tally[s] = v_zero();
    for (int n = first; n < last; n++) {
        int i = run->at[n];
        int8_t *cells = digits + i * (ptrdiff_t)stride;
        vec d[DENSE_SLICES];
#pragma GCC unroll 8
        for (int s = 0; s < DENSE_SLICES; s++)
            d[s] = v_load(cells + (size_t)s * plane);
        for (int q = 0; q < count; q++) {
            const int8_t *table = tables + (size_t)q * 2 * run->table_size;
            const uint16_t(*group)[CROSSBAR_PAD_MAX] = run->group[q];
            dense_terms(d, table + group[0][i], table + group[1][i], table + group[2][i],
                        table + group[3][i]);
            if (limits->clips[q] == ALL_DENSE)
                dense_clip(d, ALL_DENSE, limits, tally);
            else
                dense_clip(d, limits->clips[q], limits, tally);
        }
#pragma GCC unroll 8
        for (int s = 0; s < DENSE_SLICES; s++)
            v_store(cells + (size_t)s * plane, d[s]);
    }
    for (int s = 0; s < DENSE_SLICES; s++)
        clips[s] += (uint64_t)((last - first) * count) * VEC8 - v_sum8(tally[s]);
}

static void dense_block(opa_run *run, const int8_t *tables, int8_t *digits)
{
    dense_limits limits;
    memset(&limits, 0, sizeof limits);
    for (int s = 0; s < DENSE_SLICES; s++) {
        limits.low[s] = V(set1_epi8)((int8_t)slice_low(run->x->format, s));
        limits.high[s] = V(set1_epi8)((int8_t)slice_high(run->x->format, s));
        for (int q = 0; q < run->count; q++)
            limits.clips[q] |= (unsigned)run->plan[q].clips[s] << s;
    }
    int step = 255 / run->count;
    for (int first = 0; first < run->rows; first += step)
        dense_rows(run, tables, &limits, first, first + step < run->rows ? first + step : run->rows,
                   digits, run->clips);
}

/* Whether the unrolled form fits, and skipping terms would gain little. */
static bool worth_dense(const opa_run *run)
{
    const slicing *f = run->x->format;
    int terms = 0;
    if (f->radix_bits != 4 || f->slices != DENSE_SLICES)
        return false;
    for (int s = 0; s < f->slices; s++)
        if (f->bits[s] > DENSE_BITS)
            return false;
    for (int q = 0; q < run->count; q++)
        terms += run->plan[q].all_terms;
    return terms > 8 * run->count; /* of 20 */
}

static void stream_run(opa_run *run, crossbar_cells *cells)
{
    const crossbar *x = run->x;
    int8_t tables[TABLE_BYTES] __attribute__((aligned(64)));
    for (int q = 0; q < run->count; q++) {
        opa_plan_terms(x, &run->shape, run->row[q], run->col[q], &run->plan[q]);
        opa_plan_clips(x, cells, q == 0, &run->plan[q]);
        for (int s = 0; s < x->format->slices; s++)
            run->touched |= (unsigned)(run->plan[q].terms[s] > 0) << s;
    }
    run->dense = worth_dense(run);
    locate_rows(run);
    for (int first = 0; first < x->column_stride; first += VEC8) {
        for (int q = 0; q < run->count; q++)
            fill_tables(run, q, first, tables + (size_t)q * 2 * run->table_size);
        (run->dense ? dense_block : sparse_block)(run, tables, cells->narrow + first);
    }
}

/* Returns the slices that may have changed. */
static unsigned stream(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
                       int count)
{
    opa_run run; /* large: not cleared as a whole */
    run.x = x;
    run.shape = opa_shape_of(x->format);
    run.touched = 0;
    memset(run.clips, 0, sizeof run.clips);
    run.table_size = (size_t)run.shape.windows * WINDOW_BYTES;
    int together = (int)(TABLE_BYTES / (2 * run.table_size));
    together = together > OPAS_MAX ? OPAS_MAX : together;
    for (int done = 0; done < count; done += run.count) {
        run.count = count - done < together ? count - done : together;
        for (int q = 0; q < run.count; q++) {
            run.row[q] = rows + (size_t)(done + q) * (size_t)x->row_stride;
            run.col[q] = cols + (size_t)(done + q) * (size_t)x->column_stride;
        }
        stream_run(&run, cells);
    }
    for (int s = 0; s < x->format->slices; s++)
        x->saturated[s] += run.clips[s];
    return run.touched;
}
