/*
 * Checked program -> graph IR. For each compiled item:
 *
 *   network  "test:NAME": the forward network; its outputs are the results.
 *            "train:NAME" for each train block: forward, loss, and `descend`, which the pass
 *            differentiate turns into the backward graph. Ports: inputs, target, rate.
 *   kernel   "NAME": as written, updates are outer products. Ports: formals in order.
 *
 * A second train block of one item makes "train:NAME.2" ("NAME.2"). Values have one vector for each
 * example, space [n]; scalar formals of kernels and the rate have one value per kernel, space [].
 * Ports carry maps as one vector in (channel, row, column) order.
 */
#include "frontend/language/build.h"

#include "frontend/language/entries.h"
#include "frontend/language/formats.h"
#include "frontend/language/language.h"

#include <inttypes.h>
#include <string.h>

/* ---- matrices ---- */

static bool matches(const pan_program *p, const char *pattern, const pan_param *w)
{
    return pan_matches(pattern, w->path) ||
           (w->layer != PAN_NONE && pan_matches(pattern, p->layers[w->layer].path));
}

bool build_frozen(const pan_program *p, const pan_train *train, uint32_t param)
{
    for (size_t i = 0; train && i < train->freeze_count; i++)
        if (matches(p, train->freeze[i], &p->params[param]))
            return true;
    return false;
}

/* The bias that shares a layer's matrix, PAN_NONE if there is none. */
static uint32_t bias_of(const pan_program *p, uint32_t param)
{
    const pan_param *w = &p->params[param];
    if (w->layer == PAN_NONE || param + 1 >= p->param_count ||
        p->params[param + 1].layer != w->layer)
        return PAN_NONE;
    return param + 1;
}

/* Whether a network that is trained reads a parameter: 1 it is trained, 2 it is frozen, 3 both. */
static int network_use(const pan_program *p, uint32_t param)
{
    int use = 0;
    for (size_t t = 0; t < p->train_count; t++) {
        const pan_item *item = &p->items[p->trains[t].item];
        for (size_t i = 0; item->kind == PAN_NETWORK && i < item->param_count; i++)
            if (item->params[i] == param)
                use |= build_frozen(p, &p->trains[t], param) ? 2 : 1;
    }
    return use;
}

static bool frozen_everywhere(builder *b, uint32_t param, uint32_t bias)
{
    int use = network_use(b->p, param), other = bias == PAN_NONE ? use : network_use(b->p, bias);
    const pan_param *w = &b->p->params[param];
    if (use == 3 || other == 3)
        build_refuse(b, w->where, "a parameter that one train block freezes and another trains",
                     "a matrix is frozen for all graphs of an image");
    else if (use != other)
        build_refuse(b, w->where, "freezing only one of weight and bias",
                     "they share the columns of one matrix");
    return use == 2;
}

/* Elements of a parameter for each output; at most 2^62. */
static int64_t inputs_of(const pan_param *w)
{
    int64_t inputs = 1;
    for (uint32_t i = 1; i < w->rank; i++)
        inputs = inputs > INT32_MAX ? inputs : inputs * w->shape[i];
    return inputs;
}

/* The part of a parameter that one of `groups` matrices holds. */
static void add_tensor(builder *b, ir_matrix *w, const char *prefix, uint32_t param,
                       uint32_t input0, uint32_t group, uint32_t groups)
{
    static const ir_init inits[] = {
        [PAN_INIT_CONSTANT] = IR_INIT_CONSTANT,
        [PAN_INIT_UNIFORM] = IR_INIT_UNIFORM,
        [PAN_INIT_NORMAL] = IR_INIT_NORMAL,
    };
    const pan_param *v = &b->p->params[param];
    ir_tensor t = {.name = arena_printf(b->m->memory, "%s%s", prefix, v->path),
                   .rank = v->rank,
                   .input0 = input0,
                   .outputs = w->outputs,
                   .inputs = (uint32_t)inputs_of(v),
                   .kernel = {(uint32_t)v->shape[2], (uint32_t)v->shape[3]},
                   .part = groups > 1 ? group * w->outputs : 0,
                   .whole = groups > 1 ? (uint32_t)v->shape[0] : 0,
                   .init = inits[v->init],
                   .init_value = v->init_value};
    ir_matrix_tensor(b->m, w, &t);
}

/* "" unless another compiled item uses the same path for a parameter of its own: then "NAME.". */
static const char *prefix_of(const builder *b, uint32_t param)
{
    const pan_param *w = &b->p->params[param];
    for (uint32_t i = 0; i < b->p->param_count; i++) {
        const pan_param *o = &b->p->params[i];
        bool other = o->item != w->item && (o->item == PAN_NONE || b->p->items[o->item].compiled);
        if (w->item != PAN_NONE && other && !strcmp(o->path, w->path))
            return arena_printf(b->m->memory, "%s.", b->p->items[w->item].name);
    }
    return "";
}

/* Groups of the convolution that a weight belongs to. */
static uint32_t groups_of(const pan_program *p, const pan_param *w)
{
    if (w->rank != 4)
        return 1;
    const pan_layer *layer = &p->layers[w->layer];
    return (uint32_t)p->items[layer->item].body.ops[layer->op].window.groups;
}

static ir_matrix *new_matrix(builder *b, uint32_t param, uint32_t bias, uint32_t group,
                             uint32_t groups)
{
    const pan_param *w = &b->p->params[param];
    const char *prefix = prefix_of(b, param);
    bool own = w->layer == PAN_NONE || w->statistic; /* a layer has one matrix besides statistics */
    const char *path = own ? w->path : b->p->layers[w->layer].path;
    const char *name = arena_printf(b->m->memory, "%s%s", prefix, path);
    uint32_t inputs = (uint32_t)inputs_of(w) + (bias != PAN_NONE);
    if (groups > 1)
        name = arena_printf(b->m->memory, "%s[%u]", name, group);
    ir_matrix *made =
        ir_matrix_new(b->m, name, (uint32_t)w->shape[0] / groups, inputs, (uint8_t)w->q);
    made->where = w->where;
    add_tensor(b, made, prefix, param, 0, group, groups);
    if (bias != PAN_NONE)
        add_tensor(b, made, prefix, bias, inputs - 1, group, groups);
    return made;
}

ir_matrix **build_matrices(builder *b, uint32_t param)
{
    const pan_param *w = &b->p->params[param];
    uint32_t bias = bias_of(b->p, param), groups = groups_of(b->p, w);
    if (b->matrices[param])
        return b->matrices[param];
    if (inputs_of(w) >= 1 << 24 || w->shape[0] > 1 << 24) {
        build_refuse(b, w->where, "a matrix side of more than 2^24", "the graph IR cannot hold it");
        return NULL;
    }
    bool frozen = w->statistic || frozen_everywhere(b, param, bias);
    b->matrices[param] = ARENA_ARRAY(b->m->memory, ir_matrix *, groups);
    for (uint32_t g = 0; g < groups; g++) {
        b->matrices[param][g] = new_matrix(b, param, bias, g, groups);
        b->matrices[param][g]->frozen = frozen;
    }
    if (bias != PAN_NONE)
        b->matrices[bias] = b->matrices[param];
    return b->matrices[param];
}

ir_matrix *build_matrix(builder *b, uint32_t param)
{
    ir_matrix **all = build_matrices(b, param);
    return all ? all[0] : NULL;
}

/* ---- ports ---- */

static ir_op *port(builder *b, const char *role, const char *label, ir_type type, int64_t number,
                   ir_space space, source_range where)
{
    ir_op *op = ir_op_new(b->g, NULL, IR_input, type, NULL, 0, where);
    op->space = space;
    ir_set_int(b->g, op, IR_ATTR_port, number);
    ir_set_name(b->g, op, IR_ATTR_role, role);
    ir_set_name(b->g, op, IR_ATTR_label, label);
    return op;
}

static ir_type port_type(const pan_type *t, int q)
{
    if (t->kind == PAN_LABEL)
        return (ir_type){IR_LABEL, (uint32_t)t->dim[0], 0};
    return ir_vec((uint32_t)build_elements(t), (uint8_t)q);
}

static bool portable(builder *b, const pan_type *t, source_range where)
{
    if (t->kind == PAN_SEQ && t->element == PAN_LABEL) {
        build_refuse(b, where, "a seq of labels",
                     "values per step are not lowered to the ISA in this version");
        return false;
    }
    if (build_elements(t) > 1 << 24) {
        build_refuse(b, where, "a vector of more than 2^24 elements",
                     "the graph IR cannot hold it");
        return false;
    }
    return true;
}

/* What a port's vector is to a body. */
static ir_op *value_of(builder *b, ir_op *from, const pan_type *t, source_range where)
{
    return t->kind == PAN_MAP ? build_unflatten(b, from, t, where) : from;
}

/* Values of the formals; NULL after an error. */
static ir_op **formal_ports(builder *b, const pan_item *item)
{
    ir_op **ports = ARENA_ARRAY(b->m->memory, ir_op *, item->formal_count);
    bool input_seen = false;
    for (size_t i = 0; i < item->formal_count; i++) {
        const pan_formal *f = &item->formals[i];
        bool scalar = item->kind == PAN_KERNEL && f->type.kind == PAN_SCALAR;
        const char *role = scalar                                       ? "scalar"
                           : item->kind == PAN_KERNEL && input_seen ? "target"
                                                                        : "input";
        input_seen = input_seen || !scalar;
        if (!portable(b, &f->type, f->where))
            return NULL;
        ir_type type = port_type(&f->type, item->body.ops[f->op].q);
        ports[i] = port(b, role, f->name, type, (int64_t)i, scalar ? (ir_space){0} : b->each,
                        f->where);
        ports[i] = value_of(b, ports[i], &f->type, f->where);
    }
    return ports;
}

static void outputs(builder *b, const pan_item *item, ir_op *const *values, int64_t first)
{
    size_t n = item->body.result_count;
    for (size_t i = 0; i < n; i++) {
        ir_op *result = values[item->body.results[i]];
        if (item->body.ops[item->body.results[i]].type.kind == PAN_MAP)
            result = build_flatten(b, result, result->where);
        if (!result)
            return;
        ir_op *out = ir_op_new(b->g, NULL, IR_output, ir_no_type, &result, 1, result->where);
        const char *label = n == 1 ? "output"
                                   : arena_printf(b->m->memory, "output_%zu", i + 1);
        ir_set_int(b->g, out, IR_ATTR_port, first + (int64_t)i);
        ir_set_name(b->g, out, IR_ATTR_label, label);
    }
}

static void begin_graph(builder *b, const char *name, int64_t batch)
{
    b->g = ir_graph_new(b->m, name);
    uint8_t n = ir_graph_dim(b->g, "n", (uint32_t)batch);
    b->each = (ir_space){.count = 1, .dim = {n}};
    b->size_count = 0;
}

/* ---- graphs ---- */

/* The item's own body; its values, or NULL after an error. */
static ir_op **forward(builder *b, const pan_item *item)
{
    ir_op **ports = formal_ports(b, item);
    ir_op **values = ARENA_ARRAY(b->m->memory, ir_op *, item->body.count);
    return ports && build_body(b, &item->body, ports, values) ? values : NULL;
}

static void build_test(builder *b, uint32_t index)
{
    const pan_item *item = &b->p->items[index];
    b->train = NULL;
    begin_graph(b, pan_test_entry(b->p, index), pan_test_batch(b->p, index));
    ir_op **values = forward(b, item);
    if (values)
        outputs(b, item, values, 0);
}

static void build_kernel(builder *b, uint32_t index, const pan_train *train)
{
    const pan_item *item = &b->p->items[index];
    b->train = train;
    begin_graph(b, train ? pan_train_entry(b->p, train) : item->name, train ? train->batch : 1);
    ir_op **values = forward(b, item);
    if (values)
        outputs(b, item, values, 0);
}

/* The op whose descent trains, from the output and the target. */
static ir_op *loss_of(builder *b, const pan_train *t, ir_op *output, ir_op *target)
{
    ir_op *inputs[] = {output, target};
    ir_op **values = ARENA_ARRAY(b->m->memory, ir_op *, t->loss_body.count);
    if (!build_body(b, &t->loss_body, inputs, values))
        return NULL;
    return values[t->loss_body.results[0]];
}

static void refuse_error_formats(builder *b, uint32_t index)
{
    for (size_t i = 0; i < b->p->layer_count; i++) {
        const pan_layer *l = &b->p->layers[i];
        if (l->item == index && l->q_error >= 0 && l->q_error != b->m->numerics.q_error)
            build_refuse(b, l->where, "an error format of one layer",
                         "all errors of a network have one format in this version");
    }
}

static void build_train(builder *b, const pan_train *t)
{
    const pan_item *item = &b->p->items[t->item];
    b->train = t;
    begin_graph(b, pan_train_entry(b->p, t), t->batch);
    refuse_error_formats(b, t->item);
    ir_op **values = forward(b, item);
    if (!values || !portable(b, &t->target, t->where))
        return;
    int64_t ports = (int64_t)item->formal_count;
    ir_op *output = values[item->body.results[0]];
    ir_op *target = port(b, "target", "target", port_type(&t->target, output->type.q), ports,
                         b->each, t->where);
    ir_op *rate = port(b, "scalar", "rate", ir_vec(1, (uint8_t)t->scalars[0].q), ports + 1,
                       (ir_space){0}, t->where);
    target = value_of(b, target, &t->target, t->where);
    ir_op *loss = target ? loss_of(b, t, output, target) : NULL;
    if (!loss)
        return;
    bool returned = pan_loss_kind(t) == PAN_LOSS_OUTPUT;
    if (returned) {
        ir_op *out = ir_op_new(b->g, NULL, IR_output, ir_no_type, &loss, 1, loss->where);
        ir_set_int(b->g, out, IR_ATTR_port, 0);
        ir_set_name(b->g, out, IR_ATTR_label, "loss");
    }
    outputs(b, item, values, returned);
    IR_OP(b->g, IR_descend, ir_no_type, t->where, loss, rate);
}

static void build_item(builder *b, uint32_t index)
{
    const pan_item *item = &b->p->items[index];
    bool trained = false;
    if (item->kind == PAN_NETWORK)
        build_test(b, index);
    for (size_t t = 0; t < b->p->train_count && !b->failed; t++) {
        const pan_train *train = &b->p->trains[t];
        if (train->item != index)
            continue;
        if (item->kind == PAN_NETWORK)
            build_train(b, train);
        else
            build_kernel(b, index, train);
        trained = true;
    }
    if (!trained && item->kind == PAN_KERNEL)
        build_kernel(b, index, NULL);
}

ir_module *pan_build(pan_program *p, const ir_numerics *numerics, diag *d)
{
    if (!pan_set_formats(p, d, numerics->q_activation, numerics->q_weight, numerics->q_error))
        return NULL;
    builder b = {.p = p, .d = d, .m = ir_module_new(p->memory, p->sources, numerics),
                 .matrices = ARENA_ARRAY(p->memory, ir_matrix **, p->param_count)};
    bool failed = false;
    for (uint32_t i = 0; i < p->item_count; i++) {
        if (!p->items[i].compiled)
            continue;
        b.failed = false;
        build_item(&b, i);
        failed = failed || b.failed;
    }
    for (size_t i = 0; i < b.m->graph_count; i++)
        ir_graph_renumber(b.m->graphs[i]);
    return failed ? NULL : b.m;
}
