/* Operators that move no numbers, or only move them. */
#include "frontend/onnx/import.h"

#include <string.h>

enum { CONCAT_LIMIT = 1000 };

/*
 * Where the batch is after a reshape: the dimension of its size that stands behind as many elements
 * as before, or, for one example, the first of size 1.
 */
static bool find_batch(const value *x, const int64_t *dims, size_t rank, int *batch)
{
    int64_t size = value_batch(x), before = 1, here = 1;
    *batch = -1;
    for (int i = 0; i < x->batch; i++)
        before *= x->dims[i];
    for (size_t i = 0; x->batch >= 0 && i < rank; here *= dims[i++])
        if (here == before && dims[i] == size) {
            *batch = (int)i;
            return true;
        }
    for (size_t i = 0; size == 1 && *batch < 0 && i < rank; i++)
        if (dims[i] == 1)
            *batch = (int)i;
    return size == 1;
}

static bool reshaped(op_node *n, const int64_t *dims, size_t rank)
{
    value *x = op_input(n, 0);
    int batch;
    if (!find_batch(x, dims, rank, &batch))
        return op_refuse(n, "its shape %s mixes the %lld examples of the batch",
                         tensor_shape_text(n->m->memory, dims, rank), (long long)value_batch(x));
    value_alias(n, x, dims, rank, batch);
    return true;
}

bool import_reshape(op_node *n)
{
    value *x = op_input(n, 0);
    int64_t dims[TENSOR_RANK];
    size_t rank, count = value_elements(x) * (size_t)value_batch(x);
    return shape_target(n, x->dims, x->rank, count, dims, &rank) && reshaped(n, dims, rank);
}

bool import_flatten(op_node *n)
{
    value *x = op_input(n, 0);
    bool good = true;
    int64_t axis = op_int(n, "axis", 1, &good), dims[2] = {1, 1};
    if (axis < 0)
        axis += (int64_t)x->rank;
    if (!good || axis < 0 || axis > (int64_t)x->rank)
        return good && op_refuse(n, "its axis is outside of its dimensions");
    for (size_t i = 0; i < x->rank; i++)
        dims[(int64_t)i >= axis] *= x->dims[i];
    return reshaped(n, dims, 2);
}

/* ---- transposition ---- */

bool shape_permutation(op_node *n, size_t rank, int64_t *perm)
{
    bool good = true, seen[TENSOR_RANK] = {false};
    size_t count = op_ints(n, "perm", perm, TENSOR_RANK, &good);
    for (size_t i = 0; good && count == 0 && i < rank; i++)
        perm[i] = (int64_t)(rank - 1 - i);
    if (good && count != 0 && count != rank)
        return op_refuse(n, "its perm has %zu axes for %zu dimensions", count, rank);
    for (size_t i = 0; good && i < rank; i++) {
        if (perm[i] < 0 || perm[i] >= (int64_t)rank || seen[perm[i]])
            return op_refuse(n, "its perm is no permutation");
        seen[perm[i]] = true;
    }
    return good;
}

/* Which element of x each element of its transposition is, into *out; NULL there if none moves. */
static bool moved(op_node *n, const value *x, const int64_t *perm, const uint32_t **out)
{
    size_t stride[TENSOR_RANK] = {0}, step = 1, count = value_elements(x);
    if (!op_counts(n, count))
        return false;
    uint32_t *order = ARENA_ARRAY(n->m->memory, uint32_t, count + 1);
    bool same = true;
    for (size_t i = x->rank; i-- > 0;) {
        stride[i] = (int)i == x->batch ? 0 : step;
        step *= (int)i == x->batch ? 1 : (size_t)x->dims[i];
    }
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, at = 0;
        for (size_t k = x->rank; k-- > 0;) {
            if (perm[k] == x->batch)
                continue;
            size_t extent = (size_t)x->dims[perm[k]];
            at += rest % extent * stride[perm[k]];
            rest /= extent;
        }
        order[i] = x->order ? x->order[at] : (uint32_t)at;
        same = same && order[i] == i;
    }
    *out = same ? NULL : order;
    return true;
}

bool import_transpose(op_node *n)
{
    value *x = op_input(n, 0);
    int64_t perm[TENSOR_RANK], dims[TENSOR_RANK];
    int batch = -1;
    if (!shape_permutation(n, x->rank, perm))
        return false;
    for (size_t i = 0; i < x->rank; i++) {
        dims[i] = x->dims[perm[i]];
        batch = perm[i] == x->batch ? (int)i : batch;
    }
    const uint32_t *order;
    if (!moved(n, x, perm, &order))
        return false;
    value_alias(n, x, dims, x->rank, batch)->order = order;
    return true;
}

/* ---- joining and taking apart ---- */

/* The type in which joining along an axis means joining in the language; false if there is none. */
static bool joint_type(const value *x, size_t axis, pan_shape *type)
{
    int64_t dims[TENSOR_RANK];
    size_t rank = value_inner(x, dims), at = axis - (x->batch >= 0 && (int)axis > x->batch);
    int64_t before = 1, behind = 1;
    for (size_t i = 0; i < rank; i++)
        *(i < at ? &before : &behind) *= i == at ? 1 : dims[i];
    if ((int)axis == x->batch || (before > 1 && behind > 1))
        return false;
    if (before > 1)
        *type = type_seq(before, dims[at]);
    else if (behind > 1)
        *type = x->e->type.kind == TYPE_MAP && x->e->type.dim[0] == dims[at]
                    ? x->e->type
                    : type_map(dims[at], 1, behind);
    else
        *type = type_vec(dims[at]);
    return true;
}

static bool joins(const value *a, const value *b, size_t axis)
{
    if (b->kind != VALUE_RUN || a->rank != b->rank || a->batch != b->batch)
        return false;
    for (size_t i = 0; i < a->rank; i++)
        if (i != axis && a->dims[i] != b->dims[i])
            return false;
    return true;
}

bool import_concat(op_node *n)
{
    importer *m = n->m;
    value *x = op_input(n, 0);
    bool good = true;
    size_t axis;
    if (!op_axis(n, op_int(n, "axis", 1, &good), x->rank, &axis) || !good)
        return false;
    if (n->in_count > CONCAT_LIMIT)
        return op_refuse(n, "it has more than %d inputs", CONCAT_LIMIT);
    pan_shape type, whole = {0};
    const char *text = "";
    int64_t total = 0;
    for (size_t i = 0; i < n->in_count; i++) {
        value *v = op_input(n, i);
        if (!v || v->kind != VALUE_RUN)
            return op_refuse(n, "one of its inputs is a constant");
        if (!value_plain(n, v))
            return false;
        if (!joins(x, v, axis) || !joint_type(v, axis, &type))
            return op_refuse(n, "its inputs cannot be joined along axis %zu", axis);
        if (x->e->type.kind == TYPE_MAP && type.kind == TYPE_MAP && i)
            memcpy(type.dim + 1, whole.dim + 1, 2 * sizeof *type.dim);
        whole = i ? whole : type;
        total += v->dims[axis];
        text = arena_printf(m->memory, "%s%s%s", text, i ? ", " : "", value_as(m, v, type));
    }
    whole.dim[whole.kind == TYPE_SEQ] = total;
    value *out = value_call(n, x, whole, arena_printf(m->memory, "concat(%s)", text));
    out->dims[axis] = total;
    return total <= (int64_t)TENSOR_ELEMENTS || op_refuse(n, "its result is too large");
}

/* The last step of a sequence is all that indexing means in the language. */
bool import_gather(op_node *n)
{
    importer *m = n->m;
    value *x = op_input(n, 0);
    bool good = true;
    size_t axis, count, rank = 0;
    int64_t index, dims[TENSOR_RANK];
    if (!op_axis(n, op_int(n, "axis", 0, &good), x->rank, &axis) || !good || !value_plain(n, x) ||
        !op_ints_input(n, 1, "index", &index, 1, &count))
        return false;
    bool first = true;
    for (size_t i = 0; i < axis; i++)
        first = first && (x->dims[i] == 1 || (int)i == x->batch);
    bool list = op_input(n, 1)->constant->rank == 1;
    if (count != 1 || !first || (int)axis == x->batch ||
        (index != -1 && index != x->dims[axis] - 1))
        return op_refuse(n, "only the last step of a sequence can be taken out");
    int batch = x->batch;
    for (size_t i = 0; i < x->rank; i++) {
        if (i == axis && !list) {
            batch -= x->batch > (int)axis;
            continue;
        }
        dims[rank++] = i == axis ? 1 : x->dims[i];
    }
    int64_t n_out = (int64_t)value_elements(x) / x->dims[axis];
    const char *text =
        arena_printf(m->memory, "last(%s)", value_as(m, x, type_seq(x->dims[axis], n_out)));
    value *out = value_call(n, NULL, type_vec(n_out), text);
    memcpy(out->dims, dims, sizeof dims);
    out->rank = rank;
    out->batch = batch;
    return true;
}
