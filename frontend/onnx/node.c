/* Nodes: their attributes and inputs, and what is said when one cannot be expressed. */
#include "frontend/onnx/import.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

bool op_refuse(op_node *n, const char *format, ...)
{
    importer *m = n->m;
    va_list args;
    va_start(args, format);
    const char *why = arena_vprintf(m->memory, format, args);
    va_end(args);
    const Onnx__NodeProto *p = n->proto;
    const char *name = p->name ? p->name : "";
    for (size_t i = 0; !*name && i < p->n_output; i++)
        name = p->output[i];
    const char *text = arena_printf(m->memory, "%.80s '%.200s': %s", p->op_type ? p->op_type : "",
                                    name, why);
    ARENA_PUSH(m->memory, m->refused, m->refused_count, m->refused_capacity, text);
    return false;
}

value *op_input(const op_node *n, size_t i)
{
    return i < n->in_count ? n->in[i] : NULL;
}

bool op_wants(const op_node *n, size_t output)
{
    const Onnx__NodeProto *p = n->proto;
    return output < p->n_output && *p->output[output] &&
           name_find(&n->m->use_counts, p->output[output]);
}

/* ---- attributes ---- */

const Onnx__AttributeProto *op_attribute(const op_node *n, const char *name)
{
    for (size_t i = 0; i < n->proto->n_attribute; i++)
        if (n->proto->attribute[i]->name && !strcmp(n->proto->attribute[i]->name, name))
            return n->proto->attribute[i];
    return NULL;
}

static bool wrong(op_node *n, const char *name, bool *good)
{
    if (*good)
        op_refuse(n, "its attribute %s is of the wrong type or size", name);
    *good = false;
    return false;
}

int64_t op_int(op_node *n, const char *name, int64_t otherwise, bool *good)
{
    const Onnx__AttributeProto *a = op_attribute(n, name);
    if (!a)
        return otherwise;
    return a->has_i || wrong(n, name, good) ? a->i : otherwise;
}

double op_real(op_node *n, const char *name, double otherwise, bool *good)
{
    const Onnx__AttributeProto *a = op_attribute(n, name);
    if (!a)
        return otherwise;
    return (a->has_f && isfinite(a->f)) || wrong(n, name, good) ? (double)a->f : otherwise;
}

const char *op_string(op_node *n, const char *name, const char *otherwise, bool *good)
{
    const Onnx__AttributeProto *a = op_attribute(n, name);
    if (!a)
        return otherwise;
    if (!a->has_s && !wrong(n, name, good))
        return otherwise;
    return arena_strndup(n->m->memory, (const char *)a->s.data, a->s.len);
}

size_t op_ints(op_node *n, const char *name, int64_t *out, size_t most, bool *good)
{
    const Onnx__AttributeProto *a = op_attribute(n, name);
    if (!a)
        return 0;
    if (a->n_ints > most || a->n_ints == 0) {
        wrong(n, name, good);
        return 0;
    }
    memcpy(out, a->ints, a->n_ints * sizeof *out);
    return a->n_ints;
}

/* ---- inputs ---- */

const tensor *op_constant(op_node *n, size_t i, const char *what)
{
    value *v = op_input(n, i);
    if (v && v->kind == VALUE_CONSTANT)
        return v->constant;
    op_refuse(n, v ? "its %s is not a constant" : "its %s is missing", what);
    return NULL;
}

bool op_ints_input(op_node *n, size_t i, const char *what, int64_t *out, size_t most, size_t *count)
{
    const tensor *t = op_constant(n, i, what);
    if (!t)
        return false;
    *count = t->count;
    bool good = t->rank <= 1 && t->count <= most;
    for (size_t k = 0; good && k < t->count; k++)
        good = tensor_int(t, k, &out[k]);
    return good || op_refuse(n, "its %s is not a list of at most %zu integers", what, most);
}

bool op_counts(op_node *n, size_t count)
{
    if (count > n->m->elements_left)
        return op_refuse(n, "the model's constants are too large when they are spread out");
    n->m->elements_left -= count;
    return true;
}

float *op_floats(op_node *n, size_t count)
{
    return op_counts(n, count) ? ARENA_ARRAY(n->m->memory, float, count + 1) : NULL;
}

bool op_axis(op_node *n, int64_t axis, size_t rank, size_t *out)
{
    if (axis < -(int64_t)rank || axis >= (int64_t)rank)
        return op_refuse(n, "axis %lld is outside of %zu dimensions", (long long)axis, rank);
    *out = (size_t)(axis < 0 ? axis + (int64_t)rank : axis);
    return true;
}
