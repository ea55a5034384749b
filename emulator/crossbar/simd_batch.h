/* OPA_BATCH: exact sums of outer products; included once by the file of each width. */
#include "emulator/crossbar/scalar.h"
#include "emulator/crossbar/simd.h"

/* Word times word as the dot product of pairs whose other word is zero. */
void SIMD(accumulate)(crossbar *x, const int16_t *row, const int16_t *col)
{
    int32_t wide[CROSSBAR_PAD_MAX];
    if (!scalar_make_room(x, row, col))
        return;
    for (int j = 0; j < x->column_stride; j++)
        wide[j] = (uint16_t)col[j];
    int32_t *sum = x->partial;
    for (int i = 0; i < x->rows; i++, sum += x->column_stride) {
        vec word = V(set1_epi32)((uint16_t)row[i]);
        for (int j = 0; row[i] && j < x->column_stride; j += VEC32)
            v_store(sum + j, v_dot16(v_load(sum + j), v_load(wide + j), word));
    }
}
