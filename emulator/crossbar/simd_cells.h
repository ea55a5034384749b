/*
 * Carry resolution, and the digit add of a batch, on bytes; included once by the file of each width.
 */
#include "emulator/crossbar/scalar.h"
#include "emulator/crossbar/simd_bytes.h"

#include <string.h>

/* Whether digits and carries of a resolution stay within a byte all the way. */
static bool carries_fit(const slicing *f)
{
    int half = 1 << (f->radix_bits - 1), carry = 0;
    for (int s = 0; s < f->slices; s++) {
        int most = (1 << (f->bits[s] - 1)) + carry + half;
        if (most > INT8_MAX)
            return false;
        carry = most >> f->radix_bits;
    }
    return true;
}

/* Bytes shifted right, with sign. */
SIMD_INLINE vec shift_bytes(vec v, int by)
{
    vec top = V(set1_epi8)((int8_t)-128), kept = V(set1_epi8)((int8_t)(0xFF >> by));
    v = v_and(V(srl_epi16)(v_xor(v, top), _mm_cvtsi32_si128(by)), kept);
    return V(sub_epi8)(v, V(set1_epi8)((int8_t)(0x80 >> by)));
}

/* The cells that carry out of the top, or might lie below the range: by the contract. */
static void resolve_beyond(const crossbar *x, const int8_t *digits, vec beyond,
                           int8_t fresh[SLICES_MAX][VEC8])
{
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    int8_t which[VEC8];
    v_store(which, beyond);
    for (int k = 0; k < VEC8; k++) {
        int16_t cell[SLICES_MAX];
        digit_array one = {x->format, 1, 1, cell};
        if (!which[k])
            continue;
        for (int s = 0; s < x->format->slices; s++)
            cell[s] = digits[(size_t)s * plane + (size_t)k];
        sliced_write(&one, 0, 0, sliced_read(&one, 0, 0), x->mode);
        for (int s = 0; s < x->format->slices; s++)
            fresh[s][k] = (int8_t)cell[s];
    }
}

static void resolve_bytes(const crossbar *x, const byte_limits *limits, int8_t *digits)
{
    const slicing *f = x->format;
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    int8_t fresh[SLICES_MAX][VEC8];
    int p = f->radix_bits;
    vec half = V(set1_epi8)((int8_t)(1 << (p - 1)));
    vec mask = V(set1_epi8)((int8_t)((1 << p) - 1));
    vec carry = v_zero(), digit = v_zero();
    for (int s = 0; s < f->slices; s++) {
        vec sum = V(add_epi8)(V(add_epi8)(v_load(digits + (size_t)s * plane), carry), half);
        digit = V(sub_epi8)(v_and(sum, mask), half);
        carry = shift_bytes(sum, p);
        v_store(fresh[s], V(max_epi8)(V(min_epi8)(digit, limits[s].high), limits[s].low));
    }
    /* -half in the top digit is the only way below the range without a carry */
    vec beyond = v_or(carry, v_tally8(v_zero(), digit, V(sub_epi8)(v_zero(), half)));
    if (v_differ8(beyond, v_zero()))
        resolve_beyond(x, digits, beyond, fresh);
    for (int s = 0; s < f->slices; s++)
        v_store(digits + (size_t)s * plane, v_load(fresh[s]));
}

void SIMD(crs)(crossbar *x)
{
    const slicing *f = x->format;
    byte_limits limits[SLICES_MAX];
    if (!x->narrow || f->radix_bits > 6 || !carries_fit(f)) {
        crossbar_resolve(x);
        return;
    }
    crossbar_need_narrow(x, &x->now);
    for (int s = 0; s < f->slices; s++)
        limits[s] = limits_of(f, s, true);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->column_stride; j += VEC8)
            resolve_bytes(x, limits,
                          x->now.narrow + (size_t)i * (size_t)x->column_stride + (size_t)j);
    crossbar_narrow_changed(x, &x->now);
    for (int s = 0; s < f->slices; s++) { /* what canonical digits are at the most */
        int half = 1 << (f->radix_bits - 1), most = 1 << (f->bits[s] - 1);
        x->now.reach[s] = half < most ? half : most;
        x->now.patience[s] = 0;
    }
}

enum { TOP_PARTS = 3 /* of at most 127: together they move any digit to its limit */ };

/* The sums of VEC8 cells: the bytes to add in each slice, those of the top in parts, and signs. */
typedef struct sum_digits {
    uint8_t size[SLICES_MAX + TOP_PARTS][VEC8];
    int8_t negative[VEC8];
} sum_digits;

static void split_sums(const slicing *f, int64_t *sums, int32_t *partial, sum_digits *to)
{
    uint64_t size[VEC8], mask = ((uint64_t)1 << f->radix_bits) - 1;
    for (int k = 0; k < VEC8; k++) {
        int64_t sum = sums[k] + partial[k];
        to->negative[k] = (int8_t)(sum < 0 ? -1 : 0);
        size[k] = (uint64_t)(sum < 0 ? -sum : sum);
    }
    memset(sums, 0, VEC8 * sizeof *sums);
    memset(partial, 0, VEC8 * sizeof *partial);
    int top = f->slices - 1;
    for (int s = 0; s < top; s++)
        for (int k = 0; k < VEC8; k++)
            to->size[s][k] = (uint8_t)(size[k] >> (f->radix_bits * s) & mask);
    for (int k = 0; k < VEC8; k++)
        size[k] >>= f->radix_bits * top;
    for (int part = 0; part < TOP_PARTS; part++)
        for (int k = 0; k < VEC8; k++) {
            uint64_t taken = size[k] < INT8_MAX ? size[k] : INT8_MAX;
            to->size[top + part][k] = (uint8_t)taken;
            size[k] -= taken;
        }
}

static void add_sums(crossbar *x, const byte_limits *limits, size_t cell)
{
    const slicing *f = x->format;
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    sum_digits terms;
    split_sums(f, x->sums + cell, x->partial + cell, &terms);
    vec negative = v_load(terms.negative);
    for (int s = 0; s < f->slices; s++) {
        int8_t *at = x->now.narrow + (size_t)s * plane + cell;
        vec sum = v_load(at), lost = v_zero();
        for (int part = 0; part < (s == f->slices - 1 ? TOP_PARTS : 1); part++)
            sum = add_term(sum, with_sign(v_load(terms.size[s + part]), negative), &lost);
        v_store(at, clip_bytes(&limits[s], sum, lost, &x->saturated[s]));
    }
}

void SIMD(add)(crossbar *x)
{
    byte_limits limits[SLICES_MAX];
    size_t cells = (size_t)x->rows * (size_t)x->column_stride;
    if (!x->narrow || x->format->radix_bits > 7) {
        scalar_add(x);
        return;
    }
    crossbar_need_narrow(x, &x->now);
    for (int s = 0; s < x->format->slices; s++)
        limits[s] = limits_of(x->format, s, true);
    for (size_t cell = 0; cell < cells; cell += VEC8)
        add_sums(x, limits, cell);
    x->partial_bound = 0;
    memset(x->now.reach, 0, sizeof x->now.reach);
    crossbar_narrow_changed(x, &x->now);
}
