/* Operators on each element, and those that do nothing in a network that is run. */
#include "frontend/onnx/import.h"

#include <ctype.h>
#include <string.h>

static bool each(op_node *n, const char *text)
{
    value *x = op_input(n, 0);
    pan_shape type = x->e->type;
    const uint32_t *order = x->order;
    const char *argument = value_text(n->m, x);
    value_call(n, x, type, arena_printf(n->m->memory, text, argument))->order = order;
    return true;
}

/* The functions that have the same name in lower case. */
bool import_each(op_node *n)
{
    char *name = arena_strdup(n->m->memory, n->row->type);
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return each(n, arena_printf(n->m->memory, "%s(%%s)", name));
}

bool import_leaky_relu(op_node *n)
{
    bool good = true;
    const char *slope = number_text(n->m->memory, op_real(n, "alpha", 0.01, &good));
    return good && each(n, arena_printf(n->m->memory, "leaky_relu(%%s, slope = %s)", slope));
}

/* softmax of the language runs over a vec, over each step of a seq, each position of a map. */
bool import_softmax(op_node *n)
{
    importer *m = n->m;
    value *x = op_input(n, 0);
    bool good = true;
    int64_t dims[TENSOR_RANK], before = 1, behind = 1;
    size_t axis, rank = value_inner(x, dims);
    int64_t written = op_int(n, "axis", m->opset < 13 ? 1 : -1, &good);
    if (!good || !op_axis(n, written, x->rank, &axis) || !value_plain(n, x))
        return false;
    size_t at = axis - (x->batch >= 0 && (int)axis > x->batch);
    for (size_t i = 0; i < rank; i++)
        *(i < at ? &before : &behind) *= i == at ? 1 : dims[i];
    bool over_batch = (int)axis == x->batch || (m->opset < 13 && x->batch >= (int)axis);
    if (over_batch || (before > 1 && behind > 1))
        return op_refuse(n, "its axis %zu is not the last one or that of the channels", axis);
    int64_t all = (int64_t)value_elements(x);
    pan_shape type = x->e->type;
    if (m->opset < 13) /* over everything from the axis on */
        type = before > 1 ? type_seq(before, all / before) : type_vec(all);
    else if (behind == 1)
        type = before > 1 ? type_seq(before, dims[at]) : type_vec(dims[at]);
    else if (type.kind != TYPE_MAP || type.dim[0] != dims[at])
        type = type_map(dims[at], 1, behind);
    value_call(n, x, type, arena_printf(m->memory, "softmax(%s)", value_as(m, x, type)));
    return true;
}

/* Identity, and Dropout where it drops nothing. */
bool import_same(op_node *n)
{
    value *x = op_input(n, 0);
    const value *training = op_input(n, 2);
    if (training && (training->kind != VALUE_CONSTANT || training->constant->count != 1 ||
                     tensor_at(training->constant, 0) != 0))
        return op_refuse(n, "it drops elements; export the model for inference");
    value_alias(n, x, x->dims, x->rank, x->batch);
    return true;
}

/* PyTorch writes one of no width before its average pools. */
bool import_pad(op_node *n)
{
    int64_t pads[2 * TENSOR_RANK];
    bool good = true;
    size_t count = 0;
    if (op_input(n, 1)) {
        if (!op_ints_input(n, 1, "width", pads, 2 * TENSOR_RANK, &count))
            return false;
    } else {
        count = op_ints(n, "pads", pads, 2 * TENSOR_RANK, &good);
    }
    for (size_t i = 0; i < count; i++)
        if (pads[i] != 0)
            return op_refuse(n, "padding belongs to a convolution or pool");
    value *x = op_input(n, 0);
    if (good)
        value_alias(n, x, x->dims, x->rank, x->batch);
    return good;
}

bool import_cast(op_node *n)
{
    bool good = true;
    int64_t to = op_int(n, "to", 0, &good);
    if (to != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT && to != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE &&
        to != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16)
        return good && op_refuse(n, "values have no type but numbers");
    return good && import_same(n);
}

/* ---- two operands ---- */

static char sign_of(const op_node *n)
{
    switch (n->row->type[0]) {
    case 'A':
        return '+';
    case 'S':
        return '-';
    case 'M':
        return '*';
    default:
        return '/';
    }
}

bool fold_binary(op_node *n)
{
    const tensor *a = op_input(n, 0)->constant, *b = op_input(n, 1)->constant;
    int64_t dims[TENSOR_RANK];
    size_t rank;
    double *values;
    if (!shape_broadcast(a->dims, a->rank, b->dims, b->rank, dims, &rank))
        return op_refuse(n, "its shapes do not fit together");
    tensor *out = shape_tensor(n, dims, rank, &values);
    for (size_t i = 0; out && i < out->count; i++) {
        double x = tensor_at(a, shape_source(dims, rank, a->dims, a->rank, i));
        double y = tensor_at(b, shape_source(dims, rank, b->dims, b->rank, i));
        char sign = sign_of(n);
        values[i] = sign == '+' ? x + y : sign == '-' ? x - y : sign == '*' ? x * y : x / y;
    }
    if (out)
        value_constant(n, 0, out);
    return out;
}

/* What a constant is beside a value: one number, one for each channel, or one for each element. */
typedef struct operand {
    float *values; /* of each element of the expression, in its order */
    size_t count;
    bool uniform, channels;
    float *by_channel;
    size_t channel_count;
} operand;

static size_t channel_of(const pan_shape *t, size_t i)
{
    if (t->kind == TYPE_MAP)
        return i / (size_t)(t->dim[1] * t->dim[2]);
    return t->kind == TYPE_SEQ ? i % (size_t)t->dim[1] : i;
}

static bool find_channels(op_node *n, const pan_shape *t, operand *o)
{
    o->channel_count = (size_t)t->dim[t->kind == TYPE_SEQ];
    o->by_channel = op_floats(n, o->channel_count);
    if (!o->by_channel)
        return false;
    o->uniform = o->channels = true;
    for (size_t i = 0; i < o->count; i++)
        o->by_channel[channel_of(t, i)] = o->values[i];
    for (size_t i = 0; i < o->count; i++) {
        float v = o->values[i];
        o->uniform = o->uniform && v == o->values[0];
        o->channels = o->channels && v == o->by_channel[channel_of(t, i)];
    }
    return true;
}

/* Spreads the constant over the value; out gets the dims of the result. */
static bool spread(op_node *n, const value *x, const tensor *c, operand *o, value *out)
{
    int64_t dims[TENSOR_RANK];
    size_t rank;
    *out = *x;
    if (c->count == 0 || c->rank > TENSOR_RANK ||
        !shape_broadcast(x->dims, x->rank, c->dims, c->rank, dims, &rank))
        return op_refuse(n, "its shapes do not fit together");
    size_t more = rank - x->rank;
    for (size_t i = 0; i < rank; i++)
        if (dims[i] != (i < more ? 1 : x->dims[i - more]))
            return op_refuse(n, "the constant is larger than the value");
    int batch = x->batch < 0 ? -1 : x->batch + (int)more;
    int from = batch - (int)(rank - c->rank);
    if (batch >= 0 && from >= 0 && c->dims[from] != 1)
        return op_refuse(n, "the constant differs from example to example");
    memcpy(out->dims, dims, sizeof dims);
    out->rank = rank;
    out->batch = batch;
    int64_t inner[TENSOR_RANK], c_inner[TENSOR_RANK];
    size_t inner_rank = value_inner(out, inner), c_rank = 0;
    for (size_t i = 0; i < c->rank; i++)
        if ((int)i != from || batch < 0)
            c_inner[c_rank++] = c->dims[i];
    o->count = value_elements(x);
    o->values = op_floats(n, o->count);
    for (size_t i = 0; o->values && i < o->count; i++)
        o->values[x->order ? x->order[i] : i] =
            (float)tensor_at(c, shape_source(inner, inner_rank, c_inner, c_rank, i));
    return o->values && find_channels(n, &x->e->type, o);
}

/* A vec parameter of the network, with a name from the constant's. */
static const char *parameter(op_node *n, const tensor *c, const float *values, size_t count)
{
    importer *m = n->m;
    const char *wanted = *c->name ? c->name : n->proto->name ? n->proto->name : "";
    const char *name = name_identifier(m->memory, &m->names, wanted, "constant");
    ARENA_PUSH(m->memory, m->lines, m->line_count, m->line_capacity,
               arena_printf(m->memory, "param %s: vec[%zu]", name, count));
    layer_tensor(m, name, NULL, &count, 1, values);
    return name;
}

static bool with_constant(op_node *n, value *x, const tensor *c, bool reversed)
{
    importer *m = n->m;
    operand o = {0};
    value like;
    char sign = sign_of(n);
    if (!spread(n, x, c, &o, &like))
        return false;
    pan_shape type = x->e->type, flat = type_vec((int64_t)o.count);
    if (value_open(x) && o.channels && (sign == '+' || (sign == '-' && !reversed)) &&
        type.dim[type.kind == TYPE_SEQ] == (int64_t)x->e->layer->shape[0]) {
        value_alias(n, x, like.dims, like.rank, like.batch);
        return layer_take_bias(n, x, o.by_channel, sign == '+' ? 1 : -1);
    }
    const char *other = NULL;
    if (o.uniform && !(other = number_text(m->memory, (double)o.values[0])))
        return op_refuse(n, "its constant is not a finite number");
    bool whole = !other && !o.channels;
    if (!other)
        other = whole ? parameter(n, c, o.values, o.count)
                      : parameter(n, c, o.by_channel, o.channel_count);
    const uint32_t *order = x->order;
    const char *mine = value_operand(m, x, whole ? flat : type);
    const char *text = arena_printf(m->memory, "%s %c %s", reversed ? other : mine, sign,
                                    reversed ? mine : other);
    value *v = value_call(n, &like, whole ? flat : type, text);
    v->e->call = false;
    v->order = order;
    return true;
}

static bool same_dims(const value *a, const value *b)
{
    return a->rank == b->rank && a->batch == b->batch &&
           !memcmp(a->dims, b->dims, a->rank * sizeof *a->dims);
}

/* Whether b is one number for each channel of a: [.., c, 1, 1] beside [.., c, h, w]. */
static bool channel_wise(const value *a, const value *b)
{
    if (a->e->type.kind != TYPE_MAP || a->rank != b->rank || a->batch != b->batch ||
        a->dims[a->batch < 1 ? a->batch + 1 : 0] != a->e->type.dim[0])
        return false;
    int64_t dims[TENSOR_RANK];
    size_t rank = value_inner(b, dims);
    for (size_t i = 1; i < rank; i++)
        if (dims[i] != 1)
            return false;
    return rank > 0 && dims[0] == a->e->type.dim[0];
}

bool import_binary(op_node *n)
{
    importer *m = n->m;
    value *a = op_input(n, 0), *b = op_input(n, 1);
    if (a->kind == VALUE_CONSTANT || b->kind == VALUE_CONSTANT)
        return a->kind == VALUE_CONSTANT ? with_constant(n, b, a->constant, true)
                                         : with_constant(n, a, b->constant, false);
    if (a->order || b->order) {
        if (!a->order || !b->order || !same_dims(a, b) || !type_equal(&a->e->type, &b->e->type) ||
            memcmp(a->order, b->order, value_elements(a) * sizeof *a->order))
            return value_plain(n, a) && value_plain(n, b);
    }
    pan_shape left = a->e->type, right = left;
    const value *like = a;
    if (!same_dims(a, b)) {
        if (channel_wise(a, b)) {
            right = type_vec(left.dim[0]);
        } else if (channel_wise(b, a)) {
            like = b;
            right = b->e->type;
            left = type_vec(right.dim[0]);
        } else {
            return op_refuse(n, "its shapes are not equal");
        }
    }
    const uint32_t *order = a->order;
    const char *first = value_operand(m, a, left);
    const char *text = arena_printf(m->memory, "%s %c %s", first, sign_of(n),
                                    value_operand(m, b, right));
    value *v = value_call(n, like, like == a ? left : right, text);
    v->e->call = false;
    v->order = order;
    return true;
}
