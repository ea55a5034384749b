/* Constants: initialisers and what is computed from them. */
#ifndef PANTHER_FRONTEND_ONNX_TENSOR_H
#define PANTHER_FRONTEND_ONNX_TENSOR_H

#include "isa/support/arena.h"

#include <onnx.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TENSOR_RANK = 8 };
static const size_t TENSOR_ELEMENTS = (size_t)1 << 30; /* of one tensor or value */

typedef struct tensor {
    const char *name; /* of the initialiser, or "" */
    size_t rank;
    int64_t dims[TENSOR_RANK];
    size_t count;
    int32_t type;      /* TensorProto.DataType of the elements behind bytes */
    const void *bytes; /* any alignment */
} tensor;

/* NULL with a reason ("its elements are of type STRING"). Elements are referred to, not copied. */
const tensor *tensor_of(arena *memory, const Onnx__TensorProto *from, const char **error);

double tensor_at(const tensor *t, size_t i);

/* Element i as an integer; false if it is none. */
bool tensor_int(const tensor *t, size_t i, int64_t *out);

/* Product of dims (each >= 0); false if it is beyond TENSOR_ELEMENTS. */
bool tensor_count(const int64_t *dims, size_t rank, size_t *count);

/* A tensor of doubles to be filled in. */
tensor *tensor_new(arena *memory, const int64_t *dims, size_t rank, size_t count, double **values);

const char *tensor_shape_text(arena *memory, const int64_t *dims, size_t rank);

#endif
