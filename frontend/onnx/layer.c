/* Layers with weights: their paths, and what becomes of their tensors. */
#include "frontend/onnx/import.h"

#include <ctype.h>
#include <string.h>

/* What exporters put behind a layer's name: PyTorch, Keras through tf2onnx, scikit-learn. */
static const char *const weight_endings[] = {".weight", "/kernel:0", "/kernel", "_W", "_weight"};

const char *layer_path(op_node *n, const tensor *weight)
{
    importer *m = n->m;
    const char *name = weight ? weight->name : "";
    for (size_t i = 0; i < sizeof weight_endings / sizeof *weight_endings; i++) {
        size_t length = strlen(name), ending = strlen(weight_endings[i]);
        if (length > ending && !strcmp(name + length - ending, weight_endings[i]))
            return name_path(m->memory, &m->paths,
                             arena_strndup(m->memory, name, length - ending), n->row->type);
    }
    if (n->proto->name && *n->proto->name)
        name = n->proto->name;
    char *otherwise = arena_strdup(m->memory, n->row->type);
    for (char *c = otherwise; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return name_path(m->memory, &m->paths, name, otherwise);
}

layer *layer_new(op_node *n, const tensor *weight, const char *head)
{
    importer *m = n->m;
    layer *l = ARENA_NEW(m->memory, layer);
    l->path = layer_path(n, weight);
    l->head = head;
    ARENA_PUSH(m->memory, m->layers, m->layer_count, m->layer_capacity, l);
    return l;
}

const char *layer_text(arena *memory, const layer *l)
{
    return arena_printf(memory, "%s%s, name = \"%s\")", l->head, l->bias ? "" : ", bias = false",
                        l->path);
}

bool layer_take_bias(op_node *n, value *v, const float *bias, double factor)
{
    layer *l = v->e->layer;
    float *sum = op_floats(n, l->shape[0]);
    if (!sum)
        return false;
    for (size_t i = 0; i < l->shape[0]; i++)
        sum[i] = (float)(factor * (double)bias[i] + (l->bias ? (double)l->bias[i] : 0));
    l->bias = sum;
    v->e->text = layer_text(n->m->memory, l);
    return true;
}

void layer_tensor(importer *m, const char *path, const char *name, const size_t *shape,
                  size_t rank, const float *values)
{
    const char *full = name ? arena_printf(m->memory, "%s.%s", path, name) : path;
    safetensors_add(m->weights, full, TENSOR_F32, shape, rank, values);
}

void layers_finish(importer *m)
{
    for (size_t i = 0; i < m->layer_count; i++) {
        const layer *l = m->layers[i];
        layer_tensor(m, l->path, "weight", l->shape, l->rank, l->weight);
        if (l->bias)
            layer_tensor(m, l->path, "bias", l->shape, 1, l->bias);
    }
}
