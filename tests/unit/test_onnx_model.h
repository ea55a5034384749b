/* Small ONNX models for tests: built message by message, packed, imported. */
#ifndef PANTHER_TESTS_UNIT_TEST_ONNX_MODEL_H
#define PANTHER_TESTS_UNIT_TEST_ONNX_MODEL_H

#include "frontend/language/language.h"
#include "frontend/onnx/onnx.h"

#include <onnx.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct model {
    arena *memory;
    Onnx__ModelProto proto;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    Onnx__GraphProto graph;
} model;

/* The message type with its defaults, in the arena. */
#define NEW_MESSAGE(m, type, init)                                                                 \
    ((type *)memcpy(ARENA_NEW((m)->memory, type), &(type)init, sizeof(type)))

/* Appends to a repeated field, whose array is enlarged each time. */
#define APPEND(m, array, count, item)                                                              \
    do {                                                                                           \
        (array) = arena_grow((m)->memory, (array), (count) * sizeof *(array),                      \
                             ((count) + 1) * sizeof *(array));                                     \
        (array)[(count)++] = (item);                                                               \
    } while (0)

static inline model *model_new(int64_t opset)
{
    arena *memory = arena_new();
    model *m = ARENA_NEW(memory, model);
    m->memory = memory;
    m->proto = (Onnx__ModelProto)ONNX__MODEL_PROTO__INIT;
    m->opset = (Onnx__OperatorSetIdProto)ONNX__OPERATOR_SET_ID_PROTO__INIT;
    m->graph = (Onnx__GraphProto)ONNX__GRAPH_PROTO__INIT;
    m->opset.has_version = true;
    m->opset.version = opset;
    m->opsets[0] = &m->opset;
    m->proto.n_opset_import = 1;
    m->proto.opset_import = m->opsets;
    m->proto.graph = &m->graph;
    m->graph.name = arena_strdup(memory, "net");
    return m;
}

/* dims: "3,4"; elements 0, 1, 2 ... times scale. */
static inline size_t parse_dims(const char *text, int64_t *dims)
{
    size_t rank = 0;
    for (; *text; text += strspn(text, ",")) {
        char *end;
        dims[rank++] = strtoll(text, &end, 10);
        text = end;
    }
    return rank;
}

static inline Onnx__TensorProto *tensor_message(model *m, const char *name, const char *dims)
{
    Onnx__TensorProto *t = NEW_MESSAGE(m, Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
    t->name = arena_strdup(m->memory, name);
    t->has_data_type = true;
    t->dims = ARENA_ARRAY(m->memory, int64_t, 9);
    t->n_dims = parse_dims(dims, t->dims);
    return t;
}

/* An initialiser whose element i is (i + 1) * scale + offset. */
static inline Onnx__TensorProto *add_ramp(model *m, const char *name, const char *dims,
                                          double scale, double offset)
{
    Onnx__TensorProto *t = tensor_message(m, name, dims);
    size_t count = 1;
    for (size_t i = 0; i < t->n_dims; i++)
        count *= (size_t)t->dims[i];
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->n_float_data = count;
    t->float_data = ARENA_ARRAY(m->memory, float, count + 1);
    for (size_t i = 0; i < count; i++)
        t->float_data[i] = (float)((double)(i + 1) * scale + offset);
    APPEND(m, m->graph.initializer, m->graph.n_initializer, t);
    return t;
}

static inline void add_list(model *m, const char *name, const char *values)
{
    int64_t list[9];
    size_t count = parse_dims(values, list);
    Onnx__TensorProto *t = tensor_message(m, name, "");
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    t->dims[0] = (int64_t)count;
    t->n_dims = 1;
    t->n_int64_data = count;
    t->int64_data = ARENA_ARRAY(m->memory, int64_t, count + 1);
    memcpy(t->int64_data, list, count * sizeof *list);
    APPEND(m, m->graph.initializer, m->graph.n_initializer, t);
}

static inline Onnx__ValueInfoProto *value_info(model *m, const char *name, const char *dims)
{
    int64_t list[9];
    size_t rank = parse_dims(dims, list);
    Onnx__ValueInfoProto *v = NEW_MESSAGE(m, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
    v->name = arena_strdup(m->memory, name);
    v->type = NEW_MESSAGE(m, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
    v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    v->type->tensor_type = NEW_MESSAGE(m, Onnx__TypeProto__Tensor, ONNX__TYPE_PROTO__TENSOR__INIT);
    v->type->tensor_type->has_elem_type = true;
    v->type->tensor_type->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    Onnx__TensorShapeProto *s =
        NEW_MESSAGE(m, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);
    v->type->tensor_type->shape = s;
    for (size_t i = 0; i < rank; i++) {
        Onnx__TensorShapeProto__Dimension *d =
            NEW_MESSAGE(m, Onnx__TensorShapeProto__Dimension,
                        ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
        d->value_case = list[i] ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                                : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        if (list[i])
            d->dim_value = list[i];
        else
            d->dim_param = arena_printf(m->memory, "D%zu", i);
        APPEND(m, s->dim, s->n_dim, d);
    }
    return v;
}

/* dims: 0 is a symbolic one, "Di". */
static inline void add_input(model *m, const char *name, const char *dims)
{
    APPEND(m, m->graph.input, m->graph.n_input, value_info(m, name, dims));
}

static inline void add_output(model *m, const char *name)
{
    APPEND(m, m->graph.output, m->graph.n_output, value_info(m, name, "1"));
}

/* Names separated by commas; an empty one is left out. */
static inline void split(model *m, const char *names, char ***out, size_t *count)
{
    for (const char *at = names; *names;) {
        size_t length = strcspn(at, ",");
        APPEND(m, *out, *count, arena_strndup(m->memory, at, length));
        if (!at[length])
            break;
        at += length + 1;
    }
}

static inline Onnx__NodeProto *add_node(model *m, const char *type, const char *name,
                                        const char *inputs, const char *outputs)
{
    Onnx__NodeProto *n = NEW_MESSAGE(m, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
    n->op_type = arena_strdup(m->memory, type);
    n->name = arena_strdup(m->memory, name);
    split(m, inputs, &n->input, &n->n_input);
    split(m, outputs, &n->output, &n->n_output);
    APPEND(m, m->graph.node, m->graph.n_node, n);
    return n;
}

static inline Onnx__AttributeProto *attribute(model *m, Onnx__NodeProto *n, const char *name)
{
    Onnx__AttributeProto *a = NEW_MESSAGE(m, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
    a->name = arena_strdup(m->memory, name);
    APPEND(m, n->attribute, n->n_attribute, a);
    return a;
}

static inline void set_int(model *m, Onnx__NodeProto *n, const char *name, int64_t v)
{
    Onnx__AttributeProto *a = attribute(m, n, name);
    a->has_i = true;
    a->i = v;
}

static inline void set_real(model *m, Onnx__NodeProto *n, const char *name, float v)
{
    Onnx__AttributeProto *a = attribute(m, n, name);
    a->has_f = true;
    a->f = v;
}

static inline void set_ints(model *m, Onnx__NodeProto *n, const char *name, const char *values)
{
    Onnx__AttributeProto *a = attribute(m, n, name);
    a->ints = ARENA_ARRAY(m->memory, int64_t, 9);
    a->n_ints = parse_dims(values, a->ints);
}

static inline void set_string(model *m, Onnx__NodeProto *n, const char *name, const char *text)
{
    Onnx__AttributeProto *a = attribute(m, n, name);
    a->has_s = true;
    a->s.data = (uint8_t *)arena_strdup(m->memory, text);
    a->s.len = strlen(text);
}

static inline uint8_t *model_pack(model *m, size_t *length)
{
    *length = onnx__model_proto__get_packed_size(&m->proto);
    uint8_t *bytes = arena_alloc(m->memory, *length + 1);
    onnx__model_proto__pack(&m->proto, bytes);
    return bytes;
}

typedef struct imported {
    arena *memory;
    bool good;
    onnx_imported net;
    pan_program *program; /* of its text */
    char *messages;
} imported;

static inline imported import_bytes(const void *bytes, size_t length, const char *dims)
{
    imported r = {.memory = arena_new()};
    source_set *sources = source_set_new(r.memory);
    diag *d = diag_new(r.memory, sources);
    onnx_options options = {.dims = dims};
    r.good = onnx_import(r.memory, d, "test.onnx", bytes, length, &options, &r.net);
    if (r.good)
        r.program = pan_check(r.memory, sources, d, "test.pan", r.net.text, strlen(r.net.text));
    size_t size;
    FILE *out = open_memstream(&r.messages, &size);
    diag_print(d, out, false);
    fclose(out);
    return r;
}

static inline void imported_free(imported *r)
{
    free(r->messages);
    arena_free(r->memory);
}

/* Every parameter of the program has its tensor, of its shape; and there is no other. */
static inline void assert_weights_fit(const imported *r)
{
    assert_int_equal(r->program->param_count, r->net.weights->count);
    for (size_t i = 0; i < r->program->param_count; i++) {
        const pan_param *p = &r->program->params[i];
        const named_tensor *t = safetensors_find(r->net.weights, p->path);
        if (!t)
            fail_msg("no tensor '%s'", p->path);
        assert_int_equal(t->rank, p->rank);
        for (size_t k = 0; k < t->rank; k++)
            assert_int_equal(t->shape[k], p->shape[k]);
    }
}

/* Imports and frees the model; the program is good and its weights fit. */
static inline imported import_good(model *m, const char *dims)
{
    size_t length;
    uint8_t *bytes = model_pack(m, &length);
    imported r = import_bytes(bytes, length, dims);
    if (!r.good || !r.program)
        fail_msg("%s\n%s", r.net.text ? r.net.text : "", r.messages);
    assert_weights_fit(&r);
    arena_free(m->memory);
    return r;
}

static inline void assert_text(const imported *r, const char *part)
{
    if (!strstr(r->net.text, part))
        fail_msg("no '%s' in\n%s", part, r->net.text);
}

static inline void import_bad(model *m, const char *message)
{
    size_t length;
    uint8_t *bytes = model_pack(m, &length);
    imported r = import_bytes(bytes, length, NULL);
    if (r.good || !strstr(r.messages, message))
        fail_msg("no '%s' in %s", message, r.good ? r.net.text : r.messages);
    imported_free(&r);
    arena_free(m->memory);
}

static inline float weight_of(const imported *r, const char *name, size_t i)
{
    const named_tensor *t = safetensors_find(r->net.weights, name);
    assert_non_null(t);
    assert_true(i < t->count);
    return (float)safetensors_value(t, i);
}

#endif
