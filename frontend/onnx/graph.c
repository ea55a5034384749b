/* The graph: initialisers, inputs, nodes in order, results; and the program's text. */
#include "frontend/onnx/import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { OPSET_LOW = 7, OPSET_HIGH = 22 };

static bool damaged(importer *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool damaged(importer *m, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag_file_error(m->d, m->path, "%s", arena_vprintf(m->memory, format, args));
    va_end(args);
    return false;
}

static value *find_value(const importer *m, const char *name)
{
    const size_t *at = name_find(&m->values, name);
    return at ? m->list[*at - 1] : NULL;
}

static value *new_value(importer *m, const char *name)
{
    value *v = ARENA_NEW(m->memory, value);
    const size_t *uses = name_find(&m->use_counts, name);
    *v = (value){.name = name, .batch = -1, .uses = uses ? *uses : 0};
    ARENA_PUSH(m->memory, m->list, m->count, m->capacity, v);
    *name_put(m->memory, &m->values, name) = m->count;
    return v;
}

static const char *plain(const char *name)
{
    return name ? name : "";
}

static void count_use(importer *m, const char *name)
{
    if (*name)
        ++*name_put(m->memory, &m->use_counts, name);
}

static void count_uses(importer *m)
{
    const Onnx__GraphProto *g = m->graph;
    for (size_t i = 0; i < g->n_node; i++) {
        for (size_t k = 0; k < g->node[i]->n_input; k++)
            count_use(m, g->node[i]->input[k]);
        const char *type = plain(g->node[i]->op_type);
        m->recurrent = m->recurrent || !strcmp(type, "LSTM") || !strcmp(type, "GRU") ||
                       !strcmp(type, "RNN");
    }
    for (size_t i = 0; i < g->n_output; i++)
        count_use(m, plain(g->output[i]->name));
}

static bool initialisers(importer *m)
{
    const Onnx__GraphProto *g = m->graph;
    if (g->n_sparse_initializer)
        return damaged(m, "not supported: sparse initialisers");
    for (size_t i = 0; i < g->n_initializer; i++) {
        const char *name = plain(g->initializer[i]->name), *error;
        if (find_value(m, name))
            return damaged(m, "it has two initialisers '%.200s'", name);
        value *v = new_value(m, name);
        v->kind = VALUE_CONSTANT;
        if (v->uses == 0)
            continue;
        v->constant = tensor_of(m->memory, g->initializer[i], &error);
        if (!v->constant)
            return damaged(m, "initialiser '%.200s': %s", name, error);
    }
    return true;
}

static const Onnx__ValueInfoProto *find_input(const importer *m, const char *name)
{
    for (size_t i = 0; i < m->graph->n_input; i++)
        if (!strcmp(plain(m->graph->input[i]->name), name))
            return m->graph->input[i];
    return NULL;
}

/* Inputs whose values are given: initialisers from now on. */
static bool given_constants(importer *m)
{
    for (size_t i = 0; i < m->options->constant_count; i++) {
        const onnx_constant *c = &m->options->constants[i];
        const char *error;
        if (!find_input(m, c->name))
            return damaged(m, "it has no input '%.200s'", c->name);
        if (find_value(m, c->name))
            return damaged(m, "'%.200s' has a value already", c->name);
        value *v = new_value(m, arena_strdup(m->memory, c->name));
        v->kind = VALUE_CONSTANT;
        const Onnx__TensorProto *proto =
            model_unpack_tensor(m->memory, c->bytes, c->length, &error);
        v->constant = proto ? tensor_of(m->memory, proto, &error) : NULL;
        if (!v->constant) {
            diag_file_error(m->d, c->path, "%s", proto ? error : "it is not an ONNX tensor");
            return false;
        }
    }
    return true;
}

/* ---- inputs ---- */

/* The size that --dims gives a symbolic dimension; 0 if it does not. */
static int64_t given_size(const importer *m, const char *name)
{
    size_t length = strlen(name);
    const char *at = m->options->dims;
    for (; at && *at && length; at += strcspn(at, ","), at += *at == ',')
        if (!strncmp(at, name, length) && at[length] == '=')
            return strtoll(at + length + 1, NULL, 10);
    return 0;
}

/* Whether a recurrent layer reads it with the time first, so that dimension 1 is the batch. */
static bool time_first(const importer *m, const char *name)
{
    for (size_t i = 0; m->recurrent && i < m->graph->n_node; i++) {
        const Onnx__NodeProto *p = m->graph->node[i];
        const op_row *row = op_find(plain(p->op_type));
        bool reads = p->n_input && !strcmp(p->input[0], name);
        if (!reads || !row || row->apply != import_recurrent)
            continue;
        bool batch_first = false;
        for (size_t k = 0; k < p->n_attribute; k++)
            batch_first = batch_first ||
                          (!strcmp(plain(p->attribute[k]->name), "layout") && p->attribute[k]->i);
        return !batch_first;
    }
    return false;
}

static bool read_dims(importer *m, const Onnx__TensorShapeProto *shape, value *v)
{
    v->rank = shape->n_dim;
    v->batch = v->rank == 3 && time_first(m, v->name) ? 1 : v->rank > 1 ? 0 : -1;
    for (size_t i = 0; i < v->rank; i++) {
        const Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
        bool fixed = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        bool named = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        const char *name = named ? plain(d->dim_param) : "";
        v->dims[i] = fixed ? d->dim_value : given_size(m, name);
        if (v->dims[i] == 0 && !fixed && ((int)i == v->batch || v->rank == 1))
            v->dims[i] = 1;
        if (v->dims[i] == 0 && !fixed) {
            damaged(m, "input '%.200s' has no fixed size in dimension %zu", v->name, i);
            if (*name)
                diag_help(m->d, "--dims %.80s=N gives it one", name);
            return false;
        }
        if (v->dims[i] < 1)
            return damaged(m, "input '%.200s' has a size of %lld", v->name, (long long)v->dims[i]);
    }
    return true;
}

static pan_shape input_type(const importer *m, const value *v)
{
    int64_t dims[TENSOR_RANK];
    size_t rank = value_inner(v, dims);
    if (rank == 3)
        return type_map(dims[0], dims[1], dims[2]);
    if (rank == 2 && dims[0] > 1)
        return m->recurrent ? type_seq(dims[0], dims[1]) : type_map(1, dims[0], dims[1]);
    return type_vec((int64_t)value_elements(v));
}

static bool fits(const value *v)
{
    size_t count;
    return tensor_count(v->dims, v->rank, &count);
}

static bool one_input(importer *m, const Onnx__ValueInfoProto *info, const char **formals)
{
    value *v = new_value(m, plain(info->name));
    const Onnx__TypeProto *t = info->type;
    const Onnx__TypeProto__Tensor *shaped =
        t && t->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? t->tensor_type : NULL;
    if (!shaped || !shaped->shape || shaped->shape->n_dim > TENSOR_RANK)
        return damaged(m, "input '%.200s' is no tensor of a known shape", v->name);
    if (shaped->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT &&
        shaped->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE &&
        shaped->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16)
        return damaged(m, "input '%.200s' holds no floating-point numbers", v->name);
    if (!read_dims(m, shaped->shape, v))
        return false;
    if (!fits(v))
        return damaged(m, "input '%.200s' is too large", v->name);
    v->kind = VALUE_RUN;
    v->e = ARENA_NEW(m->memory, expression);
    *v->e = (expression){.type = input_type(m, v), .named = true, .call = true};
    v->e->text = name_identifier(m->memory, &m->names, v->name, "input");
    *formals = arena_printf(m->memory, "%s%s%s: %s", *formals, **formals ? ", " : "", v->e->text,
                            type_text(m->memory, &v->e->type));
    return true;
}

enum { INPUT_LIMIT = 1000 };

/* Old files list the initialisers among the inputs. */
static bool inputs(importer *m, const char **formals)
{
    size_t count = 0;
    *formals = "";
    for (size_t i = 0; i < m->graph->n_input; i++) {
        const value *known = find_value(m, plain(m->graph->input[i]->name));
        if (known && known->kind == VALUE_CONSTANT)
            continue;
        if (known)
            return damaged(m, "it has two inputs '%.200s'", known->name);
        if (++count > INPUT_LIMIT)
            return damaged(m, "it has more than %d inputs", INPUT_LIMIT);
        if (!one_input(m, m->graph->input[i], formals))
            return false;
    }
    return true;
}

/* ---- nodes ---- */

static bool gather_inputs(op_node *n, bool *failed, bool *constant)
{
    importer *m = n->m;
    const Onnx__NodeProto *p = n->proto;
    n->in_count = p->n_input;
    n->in = ARENA_ARRAY(m->memory, value *, p->n_input + 1);
    *constant = true;
    for (size_t i = 0; i < p->n_input; i++) {
        if (!*p->input[i])
            continue;
        n->in[i] = find_value(m, p->input[i]);
        if (!n->in[i])
            return damaged(m, "%.80s '%.200s' reads '%.200s', which no initialiser, input or node "
                              "before it makes",
                           p->op_type, plain(p->name), p->input[i]);
        *failed = *failed || n->in[i]->kind == VALUE_FAILED;
        *constant = *constant && n->in[i]->kind == VALUE_CONSTANT;
    }
    return true;
}

static bool has_inputs(op_node *n)
{
    const op_row *row = n->row;
    size_t left_out = row->low;
    for (size_t i = row->low; i-- > 0;)
        left_out = op_input(n, i) ? left_out : i;
    if (n->in_count < row->low || n->in_count > row->high || left_out < row->low)
        return op_refuse(n, "it has %zu inputs, not what the operator takes", n->in_count);
    for (size_t i = row->outputs; i < n->proto->n_output; i++)
        if (op_wants(n, i))
            return op_refuse(n, "its output '%.80s' is used", n->proto->output[i]);
    return true;
}

static bool perform(op_node *n, bool constant)
{
    const char *domain = plain(n->proto->domain);
    if (*domain && strcmp(domain, "ai.onnx"))
        return op_refuse(n, "the language has no such operator (of '%.80s')", domain);
    if (!n->row)
        return op_refuse(n, "the language has no such operator");
    if (!has_inputs(n))
        return false;
    if (constant && n->row->fold)
        return n->row->fold(n);
    if (!n->row->apply)
        return op_refuse(n, "it can only be computed beforehand, of constants");
    if (op_input(n, 0)->kind != VALUE_RUN && n->row->apply != import_binary)
        return op_refuse(n, "its input is a constant");
    return n->row->apply(n);
}

/* Values that a node could not make are marked, so that only causes are reported. */
static void settle(op_node *n, bool good)
{
    for (size_t i = 0; i < n->proto->n_output; i++) {
        const char *name = n->proto->output[i];
        value *v = *name ? find_value(n->m, name) : NULL;
        if (good && v && v->kind == VALUE_RUN && !fits(v))
            good = op_refuse(n, "its result is too large");
        if (good && v)
            continue;
        if (*name && !v)
            v = new_value(n->m, name);
        if (v)
            v->kind = VALUE_FAILED;
    }
}

static bool import_node(importer *m, const Onnx__NodeProto *p)
{
    if (!p->op_type)
        return damaged(m, "node '%.200s' has no operator", plain(p->name));
    op_node n = {.m = m, .proto = p, .row = op_find(p->op_type)};
    bool failed = false, constant = false;
    for (size_t i = 0; i < p->n_output; i++)
        if (*p->output[i] && find_value(m, p->output[i]))
            return damaged(m, "'%.200s' is made twice", p->output[i]);
    if (!gather_inputs(&n, &failed, &constant))
        return false;
    if (failed && n.row)
        settle(&n, false);
    else
        settle(&n, perform(&n, constant));
    return true;
}

/* ---- results and text ---- */

static bool results(importer *m, const char **types, const char **texts)
{
    *types = *texts = "";
    if (m->graph->n_output == 0 || m->graph->n_output > INPUT_LIMIT)
        return damaged(m, "it has %zu results", m->graph->n_output);
    for (size_t i = 0; i < m->graph->n_output; i++) {
        const char *name = plain(m->graph->output[i]->name);
        value *v = find_value(m, name);
        if (!v)
            return damaged(m, "nothing makes its result '%.200s'", name);
        if (v->kind == VALUE_FAILED)
            continue;
        if (v->kind == VALUE_CONSTANT)
            return damaged(m, "not supported: its result '%.200s' is a constant", name);
        if (v->order)
            return damaged(m, "not supported: its result '%.200s' is transposed", name);
        const char *comma = **texts ? ", " : "";
        *types = arena_printf(m->memory, "%s%s%s", *types, comma,
                              type_text(m->memory, &v->e->type));
        *texts = arena_printf(m->memory, "%s%s%s", *texts, comma, value_text(m, v));
    }
    return true;
}

static bool report_refused(importer *m)
{
    if (m->refused_count == 0)
        return true;
    size_t length = 1;
    for (size_t i = 0; i < m->refused_count; i++)
        length += strlen(m->refused[i]) + 8;
    char *text = arena_alloc(m->memory, length), *at = text;
    for (size_t i = 0; i < m->refused_count; i++)
        at += sprintf(at, "\n    %s", m->refused[i]);
    return damaged(m, "not supported: %zu of its %zu nodes%s", m->refused_count, m->graph->n_node,
                   text);
}

static const char *body_text(importer *m)
{
    size_t length = 1;
    for (size_t i = 0; i < m->line_count; i++)
        length += strlen(m->lines[i]) + 5;
    char *text = arena_alloc(m->memory, length), *at = text;
    for (size_t i = 0; i < m->line_count; i++)
        at += sprintf(at, "    %s\n", m->lines[i]);
    return text;
}

static bool import_graph(importer *m, onnx_imported *out)
{
    const char *formals, *types, *texts;
    count_uses(m);
    if (!initialisers(m) || !given_constants(m) || !inputs(m, &formals))
        return false;
    name_map items = {0};
    out->network = name_identifier(m->memory, &items, plain(m->graph->name), "net");
    for (size_t i = 0; i < m->graph->n_node; i++)
        if (!import_node(m, m->graph->node[i]))
            return false;
    if (!results(m, &types, &texts) || !report_refused(m))
        return false;
    layers_finish(m);
    out->text = arena_printf(m->memory, "network %s(%s) -> %s {\n%s    return %s\n}\n",
                             out->network, formals, types, body_text(m), texts);
    return true;
}

/* The version of the standard operators. */
static bool read_opset(importer *m, const Onnx__ModelProto *model)
{
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = plain(model->opset_import[i]->domain);
        if (!*domain || !strcmp(domain, "ai.onnx"))
            m->opset = model->opset_import[i]->version;
    }
    if (m->opset >= OPSET_LOW && m->opset <= OPSET_HIGH)
        return true;
    damaged(m, "not supported: its operators are of version %lld, not %d to %d",
            (long long)m->opset, OPSET_LOW, OPSET_HIGH);
    diag_help(m->d, "onnx.version_converter converts a model");
    return false;
}

bool onnx_import(arena *memory, diag *d, const char *path, const void *bytes, size_t length,
                 const onnx_options *options, onnx_imported *out)
{
    enum { ELEMENTS = 1 << 26 };
    static const onnx_options nothing = {0};
    const char *error;
    importer *m = ARENA_NEW(memory, importer);
    *m = (importer){.memory = memory, .d = d, .path = path,
                    .options = options ? options : &nothing,
                    .elements_left = length + ELEMENTS, .weights = safetensors_new(memory)};
    const Onnx__ModelProto *model = model_unpack(memory, bytes, length, &error);
    if (!model)
        return damaged(m, "%s", error);
    m->graph = model->graph;
    if (!m->graph)
        return damaged(m, "it holds no graph");
    if (!read_opset(m, model) || !import_graph(m, out))
        return false;
    out->weights = m->weights;
    out->layers = m->layer_count + m->other_layers;
    out->parameters = 0;
    for (size_t i = 0; i < m->weights->count; i++)
        out->parameters += m->weights->tensors[i].count;
    return true;
}
