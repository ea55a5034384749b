/* Run-time values and the text of their expressions. */
#include "frontend/onnx/import.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NESTED_LENGTH = 60 }; /* longer expressions get a name */

/* ---- types ---- */

pan_shape type_vec(int64_t n)
{
    return (pan_shape){TYPE_VEC, {n}};
}

pan_shape type_seq(int64_t steps, int64_t n)
{
    return (pan_shape){TYPE_SEQ, {steps, n}};
}

pan_shape type_map(int64_t c, int64_t h, int64_t w)
{
    return (pan_shape){TYPE_MAP, {c, h, w}};
}

bool type_equal(const pan_shape *a, const pan_shape *b)
{
    return a->kind == b->kind && !memcmp(a->dim, b->dim, (size_t)a->kind * sizeof *a->dim);
}

const char *type_text(arena *memory, const pan_shape *t)
{
    if (t->kind == TYPE_SEQ)
        return arena_printf(memory, "seq[%lld, vec[%lld]]", (long long)t->dim[0],
                            (long long)t->dim[1]);
    return arena_printf(memory, "%s%s", t->kind == TYPE_VEC ? "vec" : "map",
                        tensor_shape_text(memory, t->dim, t->kind));
}

/* ---- dims ---- */

size_t value_inner(const value *v, int64_t dims[TENSOR_RANK])
{
    size_t count = 0;
    for (size_t i = 0; i < v->rank; i++)
        if ((int)i != v->batch)
            dims[count++] = v->dims[i];
    return count;
}

int64_t value_batch(const value *v)
{
    return v->batch < 0 ? 1 : v->dims[v->batch];
}

size_t value_elements(const value *v)
{
    int64_t dims[TENSOR_RANK];
    size_t count, rank = value_inner(v, dims);
    tensor_count(dims, rank, &count);
    return count;
}

/* ---- making values ---- */

value *value_output(op_node *n, size_t i)
{
    importer *m = n->m;
    if (i >= n->proto->n_output || !*n->proto->output[i])
        return NULL;
    value *v = ARENA_NEW(m->memory, value);
    v->name = n->proto->output[i];
    v->batch = -1;
    const size_t *uses = name_find(&m->use_counts, v->name);
    v->uses = uses ? *uses : 0;
    ARENA_PUSH(m->memory, m->list, m->count, m->capacity, v);
    *name_put(m->memory, &m->values, v->name) = m->count;
    return v;
}

void value_constant(op_node *n, size_t i, const tensor *t)
{
    value *v = value_output(n, i);
    if (!v)
        return;
    v->kind = VALUE_CONSTANT;
    v->constant = t;
}

static void copy_dims(value *to, const int64_t *dims, size_t rank, int batch)
{
    to->rank = rank;
    to->batch = batch;
    memcpy(to->dims, dims, rank * sizeof *dims);
}

value *value_call(op_node *n, const value *like, pan_shape type, const char *text)
{
    return value_call_at(n, 0, like, type, text);
}

value *value_call_at(op_node *n, size_t i, const value *like, pan_shape type, const char *text)
{
    value *v = value_output(n, i);
    v = v ? v : ARENA_NEW(n->m->memory, value);
    v->kind = VALUE_RUN;
    v->e = ARENA_NEW(n->m->memory, expression);
    *v->e = (expression){.type = type, .text = text, .call = true};
    if (like)
        copy_dims(v, like->dims, like->rank, like->batch);
    return v;
}

const char *value_line(importer *m, const char *name, const char *text)
{
    const char *chosen = name_identifier(m->memory, &m->names, name ? name : "", "x");
    ARENA_PUSH(m->memory, m->lines, m->line_count, m->line_capacity,
               arena_printf(m->memory, "%s = %s", chosen, text));
    return chosen;
}

static void give_name(importer *m, value *v)
{
    expression *e = v->e;
    if (e->named)
        return;
    e->text = value_line(m, v->name, e->text);
    e->named = e->call = true;
    e->layer = NULL;
}

value *value_alias(op_node *n, value *from, const int64_t *dims, size_t rank, int batch)
{
    if (from->uses > 1)
        give_name(n->m, from);
    value *v = value_call(n, NULL, from->e->type, "");
    v->e = from->e;
    v->order = from->order;
    copy_dims(v, dims, rank, batch);
    return v;
}

/* ---- text ---- */

const char *value_text(importer *m, value *v)
{
    expression *e = v->e;
    if (v->uses > 1 || strlen(e->text) > NESTED_LENGTH)
        give_name(m, v);
    e->layer = NULL;
    return e->text;
}

const char *value_operand(importer *m, value *v, pan_shape type)
{
    const char *text = value_as(m, v, type);
    return v->e->call || !type_equal(&v->e->type, &type) ? text
                                                         : arena_printf(m->memory, "(%s)", text);
}

const char *value_as(importer *m, value *v, pan_shape type)
{
    pan_shape from = v->e->type;
    const char *text = value_text(m, v);
    if (type_equal(&from, &type))
        return text;
    if (from.kind == TYPE_MAP && type.kind == TYPE_VEC)
        return arena_printf(m->memory, "flatten(%s)", text);
    const char *dims = tensor_shape_text(m->memory, type.dim, type.kind);
    return arena_printf(m->memory, "reshape(%s, %.*s)", text, (int)strlen(dims) - 2, dims + 1);
}

bool value_plain(op_node *n, const value *v)
{
    return !v->order || op_refuse(n, "its input is transposed; only a matrix product or another "
                                     "Transpose can undo that");
}

bool value_open(const value *v)
{
    return v->uses == 1 && v->e->layer && !v->e->named && !v->order;
}

const char *number_text(arena *memory, double v)
{
    if (!isfinite(v))
        return NULL;
    /* ONNX has single precision: 0.1, not 0.100000001. */
    for (int digits = 6; digits < 9; digits++) {
        const char *text = arena_printf(memory, "%.*g", digits, v);
        if (strtof(text, NULL) == (float)v)
            return text;
    }
    return arena_printf(memory, "%.9g", v);
}
