/* Nodes whose inputs are all constants: computed here, as exporters leave much of it about. */
#include "frontend/onnx/import.h"

#include <math.h>
#include <string.h>

static const tensor *input(const op_node *n, size_t i)
{
    return op_input(n, i) ? op_input(n, i)->constant : NULL;
}

/* The same elements under other dims. */
static bool renamed(op_node *n, const int64_t *dims, size_t rank)
{
    tensor *t = ARENA_NEW(n->m->memory, tensor);
    *t = *input(n, 0);
    t->rank = rank;
    memcpy(t->dims, dims, rank * sizeof *dims);
    value_constant(n, 0, t);
    return true;
}

bool fold_same(op_node *n)
{
    const tensor *t = input(n, 0);
    return renamed(n, t->dims, t->rank);
}

bool fold_cast(op_node *n)
{
    bool good = true;
    int64_t to = op_int(n, "to", 0, &good);
    const tensor *t = input(n, 0);
    double *values;
    tensor *out = good ? shape_tensor(n, t->dims, t->rank, &values) : NULL;
    if (!out)
        return false;
    bool whole = to != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT &&
                 to != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE &&
                 to != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16;
    for (size_t i = 0; i < t->count; i++)
        values[i] = whole ? trunc(tensor_at(t, i)) : tensor_at(t, i);
    value_constant(n, 0, out);
    return true;
}

bool fold_reshape(op_node *n)
{
    const tensor *t = input(n, 0);
    int64_t dims[TENSOR_RANK];
    size_t rank;
    return shape_target(n, t->dims, t->rank, t->count, dims, &rank) && renamed(n, dims, rank);
}

bool fold_flatten(op_node *n)
{
    const tensor *t = input(n, 0);
    bool good = true;
    int64_t axis = op_int(n, "axis", 1, &good), dims[2] = {1, 1};
    if (axis < 0)
        axis += (int64_t)t->rank;
    if (!good || axis < 0 || axis > (int64_t)t->rank)
        return good && op_refuse(n, "its axis is outside of its dimensions");
    for (size_t i = 0; i < t->rank; i++)
        dims[(int64_t)i >= axis] *= t->dims[i];
    return renamed(n, dims, 2);
}

/* Axes of Squeeze and Unsqueeze: an attribute, later an input. */
static bool read_axes(op_node *n, int64_t *axes, size_t *count)
{
    bool good = true;
    if (op_input(n, 1))
        return op_ints_input(n, 1, "axes", axes, TENSOR_RANK, count);
    *count = op_ints(n, "axes", axes, TENSOR_RANK, &good);
    return good;
}

/* marks[i]: axis i of `rank` is named; false after op_refuse. */
static bool mark_axes(op_node *n, const int64_t *axes, size_t count, size_t rank, bool *marks)
{
    for (size_t i = 0; i < count; i++) {
        size_t axis;
        if (!op_axis(n, axes[i], rank, &axis))
            return false;
        if (marks[axis])
            return op_refuse(n, "its axes name one twice");
        marks[axis] = true;
    }
    return true;
}

/* Dims without unit axes; *batch (may be -1) follows. */
static bool squeeze(op_node *n, int64_t *dims, size_t *rank, int *batch)
{
    int64_t axes[TENSOR_RANK];
    size_t count, kept = 0;
    bool gone[TENSOR_RANK] = {false};
    int moved = -1;
    if (!read_axes(n, axes, &count) || !mark_axes(n, axes, count, *rank, gone))
        return false;
    for (size_t i = 0; i < *rank; i++) {
        if (count == 0)
            gone[i] = dims[i] == 1 && (int)i != *batch;
        if (gone[i] && dims[i] != 1)
            return op_refuse(n, "dimension %zu is %lld, not 1", i, (long long)dims[i]);
        if (gone[i])
            continue;
        if ((int)i == *batch)
            moved = (int)kept;
        dims[kept++] = dims[i];
    }
    *rank = kept;
    *batch = moved;
    return true;
}

static bool unsqueeze(op_node *n, int64_t *dims, size_t *rank, int *batch)
{
    int64_t axes[TENSOR_RANK], out[TENSOR_RANK];
    size_t count, from = 0;
    bool added[TENSOR_RANK] = {false};
    int moved = -1;
    if (!read_axes(n, axes, &count))
        return false;
    if (count == 0 || count + *rank > TENSOR_RANK)
        return op_refuse(n, "its axes make no shape of at most %d dimensions", TENSOR_RANK);
    if (!mark_axes(n, axes, count, count + *rank, added))
        return false;
    for (size_t i = 0; i < count + *rank; i++) {
        if (!added[i] && (int)from == *batch)
            moved = (int)i;
        out[i] = added[i] ? 1 : dims[from++];
    }
    *rank += count;
    *batch = moved;
    memcpy(dims, out, *rank * sizeof *dims);
    return true;
}

typedef bool dims_function(op_node *n, int64_t *dims, size_t *rank, int *batch);

static bool fold_dims(op_node *n, dims_function *change)
{
    const tensor *t = input(n, 0);
    int64_t dims[TENSOR_RANK];
    size_t rank = t->rank;
    int batch = -1;
    memcpy(dims, t->dims, sizeof dims);
    return change(n, dims, &rank, &batch) && renamed(n, dims, rank);
}

static bool apply_dims(op_node *n, dims_function *change)
{
    value *x = op_input(n, 0);
    int64_t dims[TENSOR_RANK];
    size_t rank = x->rank;
    int batch = x->batch;
    memcpy(dims, x->dims, sizeof dims);
    if (!change(n, dims, &rank, &batch))
        return false;
    value_alias(n, x, dims, rank, batch);
    return true;
}

bool fold_squeeze(op_node *n)
{
    return fold_dims(n, squeeze);
}

bool import_squeeze(op_node *n)
{
    return apply_dims(n, squeeze);
}

bool fold_unsqueeze(op_node *n)
{
    return fold_dims(n, unsqueeze);
}

bool import_unsqueeze(op_node *n)
{
    return apply_dims(n, unsqueeze);
}

bool fold_transpose(op_node *n)
{
    const tensor *t = input(n, 0);
    int64_t perm[TENSOR_RANK], dims[TENSOR_RANK];
    size_t stride[TENSOR_RANK], step = 1;
    double *values;
    if (!shape_permutation(n, t->rank, perm))
        return false;
    for (size_t i = t->rank; i-- > 0; step *= (size_t)t->dims[i])
        stride[i] = step;
    for (size_t i = 0; i < t->rank; i++)
        dims[i] = t->dims[perm[i]];
    tensor *out = shape_tensor(n, dims, t->rank, &values);
    if (!out)
        return false;
    out->name = t->name;
    for (size_t i = 0; i < t->count; i++) {
        size_t rest = i, at = 0;
        for (size_t k = t->rank; k-- > 0; rest /= (size_t)dims[k])
            at += rest % (size_t)dims[k] * stride[perm[k]];
        values[i] = tensor_at(t, at);
    }
    value_constant(n, 0, out);
    return true;
}

bool fold_concat(op_node *n)
{
    const tensor *first = input(n, 0);
    bool good = true;
    size_t axis, inner = 1, outer = 1, at = 0;
    int64_t dims[TENSOR_RANK];
    double *values;
    if (!op_axis(n, op_int(n, "axis", 0, &good), first->rank, &axis) || !good)
        return false;
    memcpy(dims, first->dims, sizeof dims);
    dims[axis] = 0;
    for (size_t i = 0; i < n->in_count; i++) {
        const tensor *t = input(n, i);
        for (size_t k = 0; t && k < first->rank && t->rank == first->rank; k++)
            good = good && (k == axis || t->dims[k] == first->dims[k]);
        if (!t || t->rank != first->rank || !good ||
            __builtin_add_overflow(dims[axis], t->dims[axis], &dims[axis]))
            return op_refuse(n, "its inputs do not fit together");
    }
    tensor *out = shape_tensor(n, dims, first->rank, &values);
    if (!out)
        return false;
    for (size_t k = 0; k < first->rank; k++)
        *(k < axis ? &outer : &inner) *= k == axis ? 1 : (size_t)dims[k];
    for (size_t o = 0; out->count && o < outer; o++)
        for (size_t i = 0; i < n->in_count; i++) {
            size_t part = inner * (size_t)input(n, i)->dims[axis];
            for (size_t k = 0; k < part; k++)
                values[at++] = tensor_at(input(n, i), o * part + k);
        }
    value_constant(n, 0, out);
    return true;
}

bool fold_gather(op_node *n)
{
    const tensor *t = input(n, 0), *index = input(n, 1);
    bool good = true;
    int64_t at;
    double *values;
    if (op_int(n, "axis", 0, &good) != 0 || !good || t->rank != 1 || index->rank > 1)
        return good && op_refuse(n, "only a list of constants can be indexed");
    tensor *out = shape_tensor(n, index->dims, index->rank, &values);
    for (size_t i = 0; out && i < index->count; i++) {
        if (!tensor_int(index, i, &at) || at < -t->dims[0] || at >= t->dims[0])
            return op_refuse(n, "its index is outside of %lld elements", (long long)t->dims[0]);
        values[i] = tensor_at(t, (size_t)(at < 0 ? at + t->dims[0] : at));
    }
    if (out)
        value_constant(n, 0, out);
    return out;
}

static bool shape_constant(op_node *n, const int64_t *dims, size_t rank)
{
    bool good = true;
    int64_t start = op_int(n, "start", 0, &good), end = op_int(n, "end", (int64_t)rank, &good);
    if (!good || start != 0 || end != (int64_t)rank)
        return good && op_refuse(n, "a part of a shape");
    double *values;
    int64_t length = (int64_t)rank;
    tensor *out = shape_tensor(n, &length, 1, &values);
    for (size_t i = 0; out && i < rank; i++)
        values[i] = (double)dims[i];
    if (out)
        value_constant(n, 0, out);
    return out;
}

bool fold_shape(op_node *n)
{
    return shape_constant(n, input(n, 0)->dims, input(n, 0)->rank);
}

bool import_shape(op_node *n)
{
    return shape_constant(n, op_input(n, 0)->dims, op_input(n, 0)->rank);
}

/* ---- constants ---- */

static bool constant_tensor(op_node *n, const Onnx__TensorProto *p)
{
    const char *error;
    const tensor *t = tensor_of(n->m->memory, p, &error);
    if (!t)
        return op_refuse(n, "%s", error);
    value_constant(n, 0, t);
    return true;
}

bool fold_constant(op_node *n)
{
    const Onnx__AttributeProto *a = op_attribute(n, "value");
    if (a && a->t)
        return constant_tensor(n, a->t);
    static const char *const numbers[] = {"value_float", "value_int", "value_floats", "value_ints"};
    for (size_t i = 0; i < 4; i++) {
        a = op_attribute(n, numbers[i]);
        if (!a)
            continue;
        int64_t count = i < 2 ? 1 : (int64_t)(i == 2 ? a->n_floats : a->n_ints);
        double *values;
        tensor *t = shape_tensor(n, &count, i >= 2, &values);
        for (size_t k = 0; t && k < t->count; k++)
            values[k] = i == 0   ? (double)a->f
                        : i == 1 ? (double)a->i
                        : i == 2 ? (double)a->floats[k]
                                 : (double)a->ints[k];
        if (t)
            value_constant(n, 0, t);
        return t;
    }
    return op_refuse(n, "it holds no tensor of numbers");
}

bool fold_fill(op_node *n)
{
    int64_t dims[TENSOR_RANK];
    size_t rank;
    double *values, with = 0;
    const Onnx__AttributeProto *a = op_attribute(n, "value");
    if (a && a->t) {
        const char *error;
        const tensor *t = tensor_of(n->m->memory, a->t, &error);
        if (!t || t->count != 1)
            return op_refuse(n, "its value is not one number");
        with = tensor_at(t, 0);
    }
    if (!op_ints_input(n, 0, "shape", dims, TENSOR_RANK, &rank))
        return false;
    tensor *out = shape_tensor(n, dims, rank, &values);
    for (size_t i = 0; out && i < out->count; i++)
        values[i] = with;
    if (out)
        value_constant(n, 0, out);
    return out;
}

bool fold_expand(op_node *n)
{
    const tensor *t = input(n, 0);
    int64_t wanted[TENSOR_RANK], dims[TENSOR_RANK];
    size_t count, rank;
    double *values;
    if (!op_ints_input(n, 1, "shape", wanted, TENSOR_RANK, &count))
        return false;
    if (!shape_broadcast(t->dims, t->rank, wanted, count, dims, &rank))
        return op_refuse(n, "its shapes do not fit together");
    tensor *out = shape_tensor(n, dims, rank, &values);
    for (size_t i = 0; out && i < out->count; i++)
        values[i] = tensor_at(t, shape_source(dims, rank, t->dims, t->rank, i));
    if (out)
        value_constant(n, 0, out);
    return out;
}
