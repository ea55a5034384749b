/* What one would write first: loops in the order of memory, for the compiler to vectorise. */
#include "tests/benchmarks/bench.h"

#include <stdlib.h>
#include <string.h>

void plain_sliced_mvm(const slicing *f, const int16_t *digits, const int16_t *x, int64_t *y)
{
    memset(y, 0, SIDE * sizeof *y);
    for (int s = 0; s < f->slices; s++) {
        int half = 1 << (f->bits[s] + f->adc_extra_bits - 1);
        const int16_t *plane = digits + s * SIDE * SIDE;
        for (int t = 0; t < SLICED_INPUT_BITS; t++) {
            int sum[SIDE] = {0};
            for (int i = 0; i < SIDE; i++) {
                if (!(abs(x[i]) >> t & 1))
                    continue;
                if (x[i] > 0)
                    for (int j = 0; j < SIDE; j++)
                        sum[j] += plane[i * SIDE + j];
                else
                    for (int j = 0; j < SIDE; j++)
                        sum[j] -= plane[i * SIDE + j];
            }
            for (int j = 0; j < SIDE; j++) {
                int code = sum[j] < -half ? -half : sum[j] > half - 1 ? half - 1 : sum[j];
                y[j] += (int64_t)code * ((int64_t)1 << (f->radix_bits * s + t));
            }
        }
    }
}

void plain_exact_mvm(const int64_t *w, const int16_t *x, int64_t *y)
{
    memset(y, 0, SIDE * sizeof *y);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            y[j] += w[i * SIDE + j] * x[i];
}

void plain_opa(const slicing *f, int16_t *digits, const int16_t *row, const int16_t *col)
{
    unsigned mask = (1U << f->radix_bits) - 1;
    for (int s = 0; s < f->slices; s++) {
        int low = slice_low(f, s), high = slice_high(f, s);
        int16_t *cell = digits + s * SIDE * SIDE;
        for (int i = 0; i < SIDE; i++, cell += SIDE) {
            int sum[SIDE] = {0};
            for (int t = 0; t < SLICED_INPUT_BITS; t++)
                if (abs(row[i]) >> t & 1)
                    for (int j = 0; j < SIDE; j++)
                        sum[j] += (unsigned)abs(col[j]) << t >> (f->radix_bits * s) & mask;
            for (int j = 0; j < SIDE; j++) {
                int d = cell[j] + ((row[i] ^ col[j]) < 0 ? -sum[j] : sum[j]);
                cell[j] = (int16_t)(d < low ? low : d > high ? high : d);
            }
        }
    }
}
