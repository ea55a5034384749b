/* Outer products of every mode; included once by the file of each width. */
#include "emulator/crossbar/scalar.h"
#include "emulator/crossbar/simd_digit.h"
#include "emulator/crossbar/simd_stream.h"

void SIMD(opa)(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
               int count)
{
    int p = x->format->radix_bits;
    bool streams = x->mode == OPA_STREAM && opa_shape_of(x->format).group_bits;
    bool digits = x->mode == OPA_DIGIT && (p == 1 || p == 2 || p == 4); /* none straddles a word */
    if (!x->narrow || !(streams || digits)) {
        scalar_opa(x, cells, rows, cols, count);
        return;
    }
    unsigned touched = 0;
    crossbar_need_narrow(x, cells);
    if (streams)
        touched = stream(x, cells, rows, cols, count);
    else
        for (int n = 0; n < count; n++)
            touched |= digit_one(x, cells, rows + (size_t)n * (size_t)x->row_stride,
                                 cols + (size_t)n * (size_t)x->column_stride);
    crossbar_slices_changed(x, cells, touched);
}
