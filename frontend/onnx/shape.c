/* Arithmetic on shapes, and constants that are computed. */
#include "frontend/onnx/import.h"

bool shape_target(op_node *n, const int64_t *dims, size_t rank, size_t count, int64_t *out,
                  size_t *out_rank)
{
    bool good = true;
    int64_t zero = op_int(n, "allowzero", 0, &good);
    int open = -1;
    size_t known = 1;
    if (!good || !op_ints_input(n, 1, "shape", out, TENSOR_RANK, out_rank))
        return false;
    for (size_t i = 0; i < *out_rank; i++) {
        if (out[i] == 0 && !zero)
            out[i] = i < rank ? dims[i] : -2;
        if (out[i] == -1 && open < 0) {
            open = (int)i;
            continue;
        }
        if (out[i] < 0 || __builtin_mul_overflow(known, (size_t)out[i], &known))
            return op_refuse(n, "its shape is not one");
    }
    if (open >= 0 && known != 0 && count % known == 0)
        out[open] = (int64_t)(count / known);
    else if (open >= 0 || known != count)
        return op_refuse(n, "its shape %s does not hold %zu elements",
                         tensor_shape_text(n->m->memory, out, *out_rank), count);
    return tensor_count(out, *out_rank, &known) || op_refuse(n, "its shape is too large");
}

bool shape_broadcast(const int64_t *a, size_t a_rank, const int64_t *b, size_t b_rank,
                     int64_t *out, size_t *rank)
{
    *rank = a_rank > b_rank ? a_rank : b_rank;
    for (size_t i = 0; i < *rank; i++) {
        int64_t x = i < a_rank ? a[a_rank - 1 - i] : 1, y = i < b_rank ? b[b_rank - 1 - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out[*rank - 1 - i] = x == 1 ? y : x;
    }
    return true;
}

tensor *shape_tensor(op_node *n, const int64_t *dims, size_t rank, double **values)
{
    size_t count;
    if (!tensor_count(dims, rank, &count)) {
        op_refuse(n, "its constant result is too large");
        return NULL;
    }
    if (!op_counts(n, count))
        return NULL;
    return tensor_new(n->m->memory, dims, rank, count, values);
}

size_t shape_source(const int64_t *dims, size_t rank, const int64_t *from, size_t from_rank,
                    size_t i)
{
    size_t at = 0, stride = 1;
    for (size_t k = 0; k < rank; k++) {
        size_t here = i % (size_t)dims[rank - 1 - k];
        i /= (size_t)dims[rank - 1 - k];
        if (k < from_rank) {
            size_t extent = (size_t)from[from_rank - 1 - k];
            at += extent == 1 ? 0 : here * stride;
            stride *= extent;
        }
    }
    return at;
}
