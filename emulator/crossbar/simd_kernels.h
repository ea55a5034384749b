/* The kernels of the two vector widths, and what the tile kernel borrows from them. */
#ifndef PANTHER_EMULATOR_CROSSBAR_SIMD_KERNELS_H
#define PANTHER_EMULATOR_CROSSBAR_SIMD_KERNELS_H

#include "emulator/crossbar/crossbar.h"

#define SIMD_KERNEL_FUNCTIONS(width)                                                               \
    void width##_product(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out); \
    void width##_opa(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols, \
                     int count);                                                                   \
    void width##_accumulate(crossbar *x, const int16_t *row, const int16_t *col);                 \
    void width##_add(crossbar *x);                                                                 \
    void width##_crs(crossbar *x);

SIMD_KERNEL_FUNCTIONS(avx2)
SIMD_KERNEL_FUNCTIONS(avx512)

#endif
