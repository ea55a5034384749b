/* Changing a crossbar: outer products slice by slice, sums of a batch, ideal accumulation. */
#include "emulator/crossbar/scalar.h"

#include <stdlib.h>
#include <string.h>

enum { RADIX_BITS_MAX = 8, WINDOWS_MAX = 24 /* the most that radix_bits * windows comes to */ };

/*
 * The lane operand as the column drivers present it. Bit t = k * p + r of the line operand meets the
 * operand shifted left by t, whose chunk for slice k + m is chunk m of the operand shifted by r: the
 * p * windows chunk vectors below (signed) are all there is to add.
 */
typedef struct lane_windows {
    int windows; /* chunks of 15 + p - 1 bits */
    bool nonzero[WINDOWS_MAX];
    int16_t at[WINDOWS_MAX][CROSSBAR_PAD_MAX]; /* [r * windows + m] */
} lane_windows;

static void split_lanes(const slicing *f, const int16_t *lane, int n, lane_windows *w)
{
    int p = f->radix_bits, mask = (1 << p) - 1;
    w->windows = (SLICED_INPUT_BITS + p - 1 + p - 1) / p;
    for (int r = 0; r < p; r++)
        for (int m = 0; m < w->windows; m++) {
            int16_t *out = w->at[r * w->windows + m];
            int any = 0;
            for (int j = 0; j < n; j++) {
                int chunk = (abs(lane[j]) << r) >> (m * p) & mask;
                out[j] = (int16_t)(lane[j] < 0 ? -chunk : chunk);
                any |= chunk;
            }
            w->nonzero[r * w->windows + m] = any != 0;
        }
}

/* The chunk vectors that the set bits of `size` send to slice s. */
static int select_windows(const slicing *f, const lane_windows *w, int size, int s,
                          const int16_t **chosen)
{
    int p = f->radix_bits, n = 0;
    for (int m = 0; m < w->windows && m <= s; m++)
        for (int r = 0; r < p; r++) {
            int t = (s - m) * p + r;
            if (t < SLICED_INPUT_BITS && size >> t & 1 && w->nonzero[r * w->windows + m])
                chosen[n++] = w->at[r * w->windows + m];
        }
    return n;
}

/* One slice of one line: digit += sign * sum of the chosen chunks, clipped; returns the clips. */
static uint32_t add_chunks(const int16_t *const *chosen, int n, int sign, int low, int high,
                           int width, int16_t *digits)
{
    int16_t amount[CROSSBAR_PAD_MAX];
    memcpy(amount, chosen[0], (size_t)width * sizeof *amount);
    for (int k = 1; k < n; k++)
        for (int j = 0; j < width; j++)
            amount[j] = (int16_t)(amount[j] + chosen[k][j]);
    if (sign < 0)
        for (int j = 0; j < width; j++)
            amount[j] = (int16_t)-amount[j];
    int16_t low16 = (int16_t)low, high16 = (int16_t)high, clips = 0;
    for (int j = 0; j < width; j++) {
        int16_t sum = (int16_t)(digits[j] + amount[j]);
        int16_t held = sum < low16 ? low16 : sum > high16 ? high16 : sum;
        clips = (int16_t)(clips + (sum != held));
        digits[j] = held;
    }
    return (uint32_t)clips;
}

void scalar_opa_stream(const slicing *f, int16_t *digits, int lines, int stride,
                       const int16_t *line, const int16_t *lane, uint64_t *saturated)
{
    lane_windows w;
    const int16_t *chosen[WINDOWS_MAX];
    split_lanes(f, lane, stride, &w);
    for (int i = 0; i < lines; i++) {
        if (line[i] == 0)
            continue;
        int16_t *at = digits + (size_t)i * (size_t)stride;
        for (int s = 0; s < f->slices; s++, at += (size_t)lines * (size_t)stride) {
            int n = select_windows(f, &w, abs(line[i]), s, chosen);
            if (n == 0)
                continue;
            uint32_t clips = add_chunks(chosen, n, line[i] < 0 ? -1 : 1, slice_low(f, s),
                                        slice_high(f, s), stride, at);
            if (saturated)
                saturated[s] += clips;
        }
    }
}

/* One slice of one line: digit += the digit of |product| with its sign, clipped. */
static uint32_t add_product_digits(const int32_t *product, int shift, int mask, int low, int high,
                                   int width, int16_t *digits)
{
    uint32_t clips = 0;
    for (int j = 0; j < width; j++) {
        int32_t size = product[j] < 0 ? -product[j] : product[j];
        int32_t digit = size >> shift & mask;
        int32_t sum = digits[j] + (product[j] < 0 ? -digit : digit);
        int32_t held = sum < low ? low : sum > high ? high : sum;
        clips += sum != held;
        digits[j] = (int16_t)held;
    }
    return clips;
}

void scalar_opa_digit(const slicing *f, int16_t *digits, int lines, int stride,
                      const int16_t *line, const int16_t *lane, uint64_t *saturated)
{
    int32_t product[CROSSBAR_PAD_MAX];
    int mask = (1 << f->radix_bits) - 1;
    for (int i = 0; i < lines; i++) {
        if (line[i] == 0)
            continue;
        for (int j = 0; j < stride; j++)
            product[j] = (int32_t)line[i] * lane[j];
        int16_t *at = digits + (size_t)i * (size_t)stride;
        for (int s = 0; s < f->slices && s * f->radix_bits < 30; s++) {
            uint32_t clips = add_product_digits(product, s * f->radix_bits, mask, slice_low(f, s),
                                                slice_high(f, s), stride, at);
            at += (size_t)lines * (size_t)stride;
            if (saturated)
                saturated[s] += clips;
        }
    }
}

static int64_t largest(const int16_t *v, int n)
{
    int best = 0;
    for (int i = 0; i < n; i++)
        best = abs(v[i]) > best ? abs(v[i]) : best;
    return best;
}

static void flush_partial(crossbar *x)
{
    size_t cells = (size_t)x->rows * (size_t)x->column_stride;
    for (size_t k = 0; k < cells; k++)
        x->sums[k] += x->partial[k];
    memset(x->partial, 0, cells * sizeof *x->partial);
    x->partial_bound = 0;
}

bool scalar_make_room(crossbar *x, const int16_t *row, const int16_t *col)
{
    int64_t bound = largest(row, x->rows) * largest(col, x->columns);
    if (x->partial_bound + bound > INT32_MAX)
        flush_partial(x);
    x->partial_bound += bound;
    return bound > 0;
}

void scalar_accumulate(crossbar *x, const int16_t *row, const int16_t *col)
{
    if (!scalar_make_room(x, row, col))
        return;
    for (int i = 0; i < x->rows; i++) {
        int32_t *sum = x->partial + (size_t)i * (size_t)x->column_stride;
        int16_t b = row[i];
        if (b == 0)
            continue;
        for (int j = 0; j < x->column_stride; j++)
            sum[j] += (int32_t)b * col[j];
    }
}

static uint32_t add_sum_digits(const int64_t *sums, int shift, int64_t mask, int low, int high,
                               int width, int16_t *digits)
{
    uint32_t clips = 0;
    for (int j = 0; j < width; j++) {
        int64_t size = sums[j] < 0 ? -sums[j] : sums[j];
        int64_t digit = size >> shift & mask;
        int64_t sum = digits[j] + (sums[j] < 0 ? -digit : digit);
        int64_t held = sum < low ? low : sum > high ? high : sum;
        clips += sum != held;
        digits[j] = (int16_t)held;
    }
    return clips;
}

void scalar_add(crossbar *x)
{
    const slicing *f = x->format;
    size_t stride = (size_t)x->column_stride;
    flush_partial(x);
    crossbar_need_wide(x, &x->now);
    for (int s = 0; s < f->slices; s++)
        for (int i = 0; i < x->rows; i++) {
            bool top = s == f->slices - 1; /* it takes all bits from its place up */
            int64_t mask = top ? INT64_MAX : ((int64_t)1 << f->radix_bits) - 1;
            size_t line = (size_t)s * (size_t)x->rows + (size_t)i;
            x->saturated[s] += add_sum_digits(x->sums + (size_t)i * stride, s * f->radix_bits, mask,
                                              slice_low(f, s), slice_high(f, s), x->columns,
                                              x->now.wide + line * stride);
        }
    memset(x->sums, 0, (size_t)x->rows * stride * sizeof *x->sums);
    crossbar_wide_changed(x, &x->now);
}

/* Whether no top digit can leave 16 bits while these products are added, whatever their order. */
static bool top_holds(const crossbar *x, const digit_array *view, const int16_t *rows,
                      const int16_t *cols, int count)
{
    const slicing *f = x->format;
    int place = f->radix_bits * (f->slices - 1);
    int64_t limit = place > 46 ? INT64_MAX / 4 : ((int64_t)INT16_MAX - 1) << place;
    int64_t bound = 0;
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            int64_t w = sliced_read(view, i, j);
            bound = w > bound ? w : -w > bound ? -w : bound;
        }
    for (int n = 0; n < count; n++)
        bound += largest(rows + (size_t)n * (size_t)x->row_stride, x->rows) *
                 largest(cols + (size_t)n * (size_t)x->column_stride, x->columns);
    return bound < limit;
}

/* OPA_IDEAL: the sums first, then every cell rewritten once. */
static void opa_ideal(crossbar *x, const digit_array *view, const int16_t *rows,
                      const int16_t *cols, int count)
{
    for (int n = 0; n < count; n++)
        scalar_accumulate(x, rows + (size_t)n * (size_t)x->row_stride,
                          cols + (size_t)n * (size_t)x->column_stride);
    flush_partial(x);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++) {
            int64_t sum = x->sums[(size_t)i * (size_t)x->column_stride + (size_t)j];
            sliced_write(view, i, j, sliced_read(view, i, j) + sum, OPA_IDEAL);
        }
    memset(x->sums, 0, (size_t)x->rows * (size_t)x->column_stride * sizeof *x->sums);
}

/*
 * The mirror is kept up with the digits: D_s(a, b) is symmetric, so the same function updates it
 * with the operands exchanged.
 */
static void opa_sliced(crossbar *x, crossbar_cells *cells, bool mirror, const int16_t *rows,
                       const int16_t *cols, int count)
{
    void (*one)(const slicing *, int16_t *, int, int, const int16_t *, const int16_t *,
                uint64_t *) = x->mode == OPA_STREAM ? scalar_opa_stream : scalar_opa_digit;
    for (int n = 0; n < count; n++) {
        const int16_t *row = rows + (size_t)n * (size_t)x->row_stride;
        const int16_t *col = cols + (size_t)n * (size_t)x->column_stride;
        one(x->format, cells->wide, x->rows, x->column_stride, row, col, x->saturated);
        if (mirror)
            one(x->format, x->mirror, x->columns, x->row_stride, col, row, NULL);
    }
}

void scalar_opa(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
                int count)
{
    digit_array view = crossbar_view(x, cells);
    bool mirror = cells == &x->now && x->mirror_valid && x->mode != OPA_IDEAL;
    if (x->mode != OPA_IDEAL)
        opa_sliced(x, cells, mirror, rows, cols, count);
    else if (top_holds(x, &view, rows, cols, count))
        opa_ideal(x, &view, rows, cols, count);
    else
        for (int n = 0; n < count; n++)
            sliced_opa(&view, x->mode, rows + (size_t)n * (size_t)x->row_stride,
                       cols + (size_t)n * (size_t)x->column_stride, x->saturated);
    crossbar_wide_changed(x, cells);
    if (cells == &x->now)
        x->mirror_valid = mirror;
}
