/*
 * The scalar kernel: plain C in a shape that the compiler can vectorise. Its pieces are functions of
 * their own because faster kernels replace them one at a time.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_SCALAR_H
#define PANTHER_EMULATOR_CROSSBAR_SCALAR_H

#include "emulator/crossbar/crossbar.h"

/*
 * One direction of reading. MVM: inputs are rows, outputs columns, `lanes` the digits and `lines`
 * the mirror; MTVM: the other way round.
 *   lanes[s][input][output], padded to output_stride
 *   lines[s][output][input], padded to input_stride
 */
typedef struct crossbar_direction {
    int inputs, outputs, input_stride, output_stride;
    const int16_t *lanes, *lines;
    crossbar_collapse *collapse;
} crossbar_direction;

/* The inputs whose magnitude has bit t: positive ones from the front, negative ones behind them. */
typedef struct input_bits {
    int positive[SLICED_INPUT_BITS], negative[SLICED_INPUT_BITS];
    uint16_t at[SLICED_INPUT_BITS][CROSSBAR_PAD_MAX];
} input_bits;

/* The transposed digits, rebuilt if they are stale. */
void scalar_mirror(crossbar *x);

void scalar_collapse(const crossbar *x, const crossbar_direction *d); /* see collapse.h */

/* out += the contribution of the collapsed slices: exact integer dot products. */
void scalar_collapsed_product(const crossbar_direction *d, const int16_t *in, int64_t *out);

void scalar_input_bits(const int16_t *in, int inputs, input_bits *bits);

/*
 * out[first, last) += the contribution of slice s, bit by bit through its ADC; returns the number of
 * clamped conversions. first and last are multiples of CROSSBAR_BLOCK.
 */
uint64_t scalar_sliced_product(const crossbar *x, const crossbar_direction *d,
                               const input_bits *bits, int s, int first, int last, int64_t *out);

/* What differs between kernels that work on lanes of 16 bits; see the scalar ones above. */
typedef struct lane_functions {
    void (*mirror)(crossbar *x);
    void (*collapse)(const crossbar *x, const crossbar_direction *d);
    void (*collapsed)(const crossbar_direction *d, const int16_t *in, int64_t *out);
    uint64_t (*sliced)(const crossbar *x, const crossbar_direction *d, const input_bits *bits,
                       int s, int first, int last, int64_t *out);
} lane_functions;

/* crossbar_kernel.product: chooses the path of each slice of each block of outputs. */
void lanes_product(crossbar *x, const lane_functions *by, bool transposed, const int16_t *in,
                   int count, int64_t *out);

/*
 * One outer product in OPA_STREAM or OPA_DIGIT mode, line operand times lane operand, onto planes of
 * `lines` lines of `stride` digits. saturated (per slice) may be NULL.
 */
void scalar_opa_stream(const slicing *f, int16_t *digits, int lines, int stride,
                       const int16_t *line, const int16_t *lane, uint64_t *saturated);
void scalar_opa_digit(const slicing *f, int16_t *digits, int lines, int stride,
                      const int16_t *line, const int16_t *lane, uint64_t *saturated);

void scalar_opa(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
                int count);

/*
 * Before an outer product is added to x->partial: moves the partial sums on to x->sums if 32 bits
 * might not hold them any more. False if the product is zero.
 */
bool scalar_make_room(crossbar *x, const int16_t *row, const int16_t *col);
void scalar_accumulate(crossbar *x, const int16_t *row, const int16_t *col);
void scalar_add(crossbar *x);

#endif
