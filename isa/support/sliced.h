/*
 * Arithmetic of sliced crossbars: the contract, in its slow and obvious form. Every fast kernel of
 * the emulator is held to these functions bit for bit, and the IR's fixed-point interpreter calls
 * them directly.
 *
 * A weight is W = sum_s d_s * 2^(p*s), normalised or not. Slice s has b_s physical bits and holds a
 * signed digit in [-2^(b_s-1), 2^(b_s-1) - 1]; slice 0 is least significant.
 * PANTHER sections 3.2 (MVM), 3.3 (OPA), 3.4 (heterogeneous slices, CRS).
 */
#ifndef PANTHER_SUPPORT_SLICED_H
#define PANTHER_SUPPORT_SLICED_H

#include <stddef.h>
#include <stdint.h>

enum {
    SLICES_MAX = 16,
    SLICE_BITS_MAX = 12,
    CROSSBAR_SIDE_MAX = 512,
    SLICED_INPUT_BITS = 15, /* magnitude bits of a driver: the operand is sign + 15 bits */
};

typedef enum opa_mode { OPA_STREAM, OPA_DIGIT, OPA_BATCH, OPA_IDEAL, OPA_MODES } opa_mode;
/*
 * FIDELITY_DEVICE is FIDELITY_ADC for all functions below: they know digits, not cells. What disturbs
 * cells is the emulator's (emulator/crossbar/device.h).
 */
typedef enum fidelity { FIDELITY_IDEAL, FIDELITY_ADC, FIDELITY_DEVICE, FIDELITIES } fidelity;
typedef enum rounding { ROUND_NEAREST, ROUND_STOCHASTIC, ROUND_OFF } rounding;

extern const char *const opa_mode_names[OPA_MODES];
extern const char *const fidelity_names[FIDELITIES];

typedef struct slicing {
    int slices;           /* 2..16 */
    int radix_bits;       /* p, 1..8; p * slices <= 56 */
    int bits[SLICES_MAX]; /* b_s, 2..12 */
    int adc_extra_bits;   /* the ADC of slice s has b_s + this many bits, two's complement */
    int rows, columns;    /* of a crossbar, at most CROSSBAR_SIDE_MAX */
} slicing;

/* Rounding of the operands of an update: clear this many bits of each (arithmetic.md). */
typedef struct update_rounding {
    rounding mode;   /* ROUND_OFF: operands as they are */
    int row, column; /* row operand to multiples of 2^row, column operand of 2^column */
} update_rounding;

/*
 * The digits of one crossbar (or of a part of one: rows x columns of any size up to the crossbar's).
 * digit(s, i, j) = at[(s * rows + i) * columns + j]; i = row = MVM input, j = column = MVM output.
 */
typedef struct digit_array {
    const slicing *format;
    int rows, columns;
    int16_t *at;
} digit_array;

static inline size_t digit_index(const digit_array *d, int s, int i, int j)
{
    return ((size_t)s * (size_t)d->rows + (size_t)i) * (size_t)d->columns + (size_t)j;
}

/* Smallest and largest digit that slice s holds. */
int slice_low(const slicing *f, int s);
int slice_high(const slicing *f, int s);

int64_t sliced_read(const digit_array *d, int i, int j); /* W */

/*
 * Writes W in canonical (balanced) digits, each in [-2^(p-1), 2^(p-1)-1]; W is first clamped to what
 * they can hold. A canonical digit outside its slice is clipped there: the value is lost, as in
 * hardware. OPA_IDEAL neither clamps nor clips: the top digit holds whatever is left.
 */
void sliced_write(const digit_array *d, int i, int j, int64_t w, opa_mode mode);

/* Carry resolution of every cell: sliced_write(sliced_read). */
void sliced_crs(const digit_array *d, opa_mode mode);

/* The converter of slice s; *clips counts the conversions that were clamped (may be NULL). */
int64_t sliced_adc(const slicing *f, fidelity how, int s, int64_t v, uint64_t *clips);

/* y[j] = sum_s 2^(ps) sum_t 2^t ADC_s(sum_i sign(x_i) bit_t(|x_i|) d(s,i,j)); x: rows, y: columns. */
void sliced_mvm(const digit_array *d, fidelity how, const int16_t *x, int64_t *y, uint64_t *clips);

/* The same with rows and columns exchanged; x: columns, y: rows. */
void sliced_mtvm(const digit_array *d, fidelity how, const int16_t *x, int64_t *y, uint64_t *clips);

/* What goes to the vector unit: round half away from zero of y / 2^shift, saturated to 16 bits. */
int16_t sliced_output(int64_t y, int shift);

/*
 * One outer product: d(.,i,j) += row[i] * col[j] in the given mode, slices clipping.
 *   OPA_STREAM: each slice adds D_s(a,b) = sum_t bit_t(b) * (((a << t) >> ps) & (2^p - 1))
 *   OPA_DIGIT, OPA_BATCH: each slice adds its digit 0..2^p-1 of |row * col|
 *   OPA_IDEAL: W += row * col, rewritten in canonical digits without clipping
 * saturated[s] counts the cells of slice s that clipped (may be NULL).
 */
void sliced_opa(const digit_array *d, opa_mode mode, const int16_t *row, const int16_t *col,
                uint64_t *saturated);

/*
 * OPA_BATCH at halt: one digit add of the batch's exact sums (rows x columns, row-major). The top
 * slice receives all bits from its place up.
 */
void sliced_add(const digit_array *d, opa_mode mode, const int64_t *sums, uint64_t *saturated);

#endif
