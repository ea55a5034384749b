#include "frontend/onnx/tensor.h"

#include <math.h>
#include <string.h>

enum {
    FLOAT = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    DOUBLE = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE,
    INT64 = ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    INT32 = ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
    BOOL = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL,
    UINT8 = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
    INT8 = ONNX__TENSOR_PROTO__DATA_TYPE__INT8,
    FLOAT16 = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16,
};

static size_t size_of(int32_t type)
{
    switch (type) {
    case DOUBLE:
    case INT64:
        return 8;
    case FLOAT:
    case INT32:
        return 4;
    case FLOAT16:
        return 2;
    case BOOL:
    case UINT8:
    case INT8:
        return 1;
    default:
        return 0;
    }
}

bool tensor_count(const int64_t *dims, size_t rank, size_t *count)
{
    size_t product = 1; /* of the dims that are not 0: bounds every partial product too */
    *count = 1;
    for (size_t i = 0; i < rank; i++) {
        size_t dim = dims[i] > 0 ? (size_t)dims[i] : 1;
        if (dims[i] < 0 || __builtin_mul_overflow(product, dim, &product) ||
            product > TENSOR_ELEMENTS)
            return false;
        *count *= (size_t)dims[i];
    }
    return true;
}

/* The typed list of a tensor without raw data; what it holds is `*type`. */
static const void *listed(const Onnx__TensorProto *p, int32_t *type, size_t *count)
{
    switch (p->data_type) {
    case FLOAT:
        *count = p->n_float_data;
        return p->float_data;
    case DOUBLE:
        *count = p->n_double_data;
        return p->double_data;
    case INT64:
        *count = p->n_int64_data;
        return p->int64_data;
    case INT32:
    case BOOL:
    case UINT8:
    case INT8:
        *type = INT32;
        *count = p->n_int32_data;
        return p->int32_data;
    default:
        *count = 0;
        return NULL;
    }
}

static bool find_elements(const Onnx__TensorProto *p, tensor *t, const char **error)
{
    size_t given;
    if (p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL || p->n_external_data) {
        *error = "its elements are stored in another file; save the model with its weights inside";
        return false;
    }
    t->type = p->data_type;
    if (p->has_raw_data) {
        given = p->raw_data.len / size_of(t->type);
        t->bytes = p->raw_data.data;
        if (p->raw_data.len % size_of(t->type))
            given = SIZE_MAX;
    } else {
        t->bytes = listed(p, &t->type, &given);
    }
    *error = "its shape does not match its number of elements";
    return given == t->count;
}

const tensor *tensor_of(arena *memory, const Onnx__TensorProto *from, const char **error)
{
    tensor *t = ARENA_NEW(memory, tensor);
    t->name = from->name ? from->name : "";
    *error = "its shape is not one of at most 8 dimensions and 2^30 elements";
    if (from->n_dims > TENSOR_RANK)
        return NULL;
    t->rank = from->n_dims;
    for (size_t i = 0; i < t->rank; i++)
        t->dims[i] = from->dims[i];
    if (!tensor_count(t->dims, t->rank, &t->count))
        return NULL;
    if (size_of(from->data_type) == 0) {
        const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
            &onnx__tensor_proto__data_type__descriptor, from->data_type);
        *error = arena_printf(memory, "its elements are of type %s", v ? v->name : "unknown");
        return NULL;
    }
    return find_elements(from, t, error) ? t : NULL;
}

static double half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double v = exponent == 0    ? ldexp(fraction, -24)
               : exponent == 31 ? (fraction ? NAN : INFINITY)
                                : ldexp(fraction + 1024, exponent - 25);
    return bits & 0x8000 ? -v : v;
}

double tensor_at(const tensor *t, size_t i)
{
    union {
        float f32;
        double f64;
        int64_t i64;
        int32_t i32;
        uint16_t u16;
        uint8_t u8;
        int8_t i8;
    } v;
    size_t size = size_of(t->type);
    memcpy(&v, (const char *)t->bytes + i * size, size);
    switch (t->type) {
    case FLOAT:
        return (double)v.f32;
    case DOUBLE:
        return v.f64;
    case INT64:
        return (double)v.i64;
    case INT32:
        return v.i32;
    case FLOAT16:
        return half(v.u16);
    case INT8:
        return v.i8;
    default:
        return v.u8;
    }
}

bool tensor_int(const tensor *t, size_t i, int64_t *out)
{
    if (t->type == INT64) {
        memcpy(out, (const char *)t->bytes + i * sizeof *out, sizeof *out);
        return true;
    }
    double v = tensor_at(t, i);
    if (!(fabs(v) <= 0x1p53) || v != floor(v))
        return false;
    *out = (int64_t)v;
    return true;
}

tensor *tensor_new(arena *memory, const int64_t *dims, size_t rank, size_t count, double **values)
{
    tensor *t = ARENA_NEW(memory, tensor);
    *values = ARENA_ARRAY(memory, double, count + 1);
    *t = (tensor){.name = "", .rank = rank, .count = count, .type = DOUBLE, .bytes = *values};
    for (size_t i = 0; i < rank; i++)
        t->dims[i] = dims[i];
    return t;
}

const char *tensor_shape_text(arena *memory, const int64_t *dims, size_t rank)
{
    const char *text = "";
    for (size_t i = 0; i < rank; i++)
        text = arena_printf(memory, "%s%s%lld", text, i ? ", " : "", (long long)dims[i]);
    return arena_printf(memory, "[%s]", text);
}
