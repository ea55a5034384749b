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
 * Ports carry maps as one vector in (channel, row, column) order, and seqs step after step.
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

int build_network_use(const pan_program *p, uint32_t param)
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

bool build_frozen_everywhere(builder *b, const uint32_t *params, uint32_t count)
{
    const pan_param *w = &b->p->params[params[0]];
    int use = build_network_use(b->p, params[0]);
    bool mixed = use == 3, part = false;
    for (uint32_t i = 1; i < count; i++) {
        int other = build_network_use(b->p, params[i]);
        mixed = mixed || other == 3;
        part = part || other != use;
    }
    if (mixed)
        build_refuse(b, w->where, "a parameter that one train block freezes and another trains",
                     "a matrix is frozen for all graphs of an image");
    else if (part)
        build_refuse(b, w->where, "freezing only a part of a layer's parameters",
                     "they share the columns of one matrix");
    return use == 2;
}

/* Whether nothing that is trained changes any of them. */
static bool never_trained(const pan_program *p, const uint32_t *params, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (build_network_use(p, params[i]) != 2)
            return false;
    return true;
}

void build_still(builder *b, ir_op *product, const uint32_t *params, uint32_t count)
{
    int64_t still = 0;
    for (uint32_t i = 0; i < product->arg_count; i++)
        if (build_frozen(b->p, b->train, params[i < count ? i : count - 1]))
            still |= INT64_C(1) << i;
    if (still)
        ir_set_int(b->g, product, IR_ATTR_still, still);
}

/* Elements of a parameter for each output; at most 2^62. */
static int64_t inputs_of(const pan_param *w)
{
    int64_t inputs = 1;
    for (uint32_t i = 1; i < w->rank; i++)
        inputs = inputs > INT32_MAX ? inputs : inputs * w->shape[i];
    return inputs;
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

const char *build_matrix_name(builder *b, uint32_t param, const char *path)
{
    return arena_printf(b->m->memory, "%s%s", prefix_of(b, param), path);
}

ir_tensor *build_tensor(builder *b, ir_matrix *w, uint32_t param, uint32_t input0, int64_t row)
{
    static const ir_init inits[] = {
        [PAN_INIT_CONSTANT] = IR_INIT_CONSTANT,
        [PAN_INIT_UNIFORM] = IR_INIT_UNIFORM,
        [PAN_INIT_NORMAL] = IR_INIT_NORMAL,
    };
    const pan_param *v = &b->p->params[param];
    bool part = w->outputs != v->shape[0];
    ir_tensor t = {.name = arena_printf(b->m->memory, "%s%s", prefix_of(b, param), v->path),
                   .rank = v->rank,
                   .input0 = input0,
                   .outputs = w->outputs,
                   .inputs = (uint32_t)inputs_of(v),
                   .kernel = {(uint32_t)v->shape[2], (uint32_t)v->shape[3]},
                   .part = part ? (uint32_t)row : 0,
                   .whole = part ? (uint32_t)v->shape[0] : 0,
                   .init = inits[v->init],
                   .init_value = v->init_value};
    return ir_matrix_tensor(b->m, w, &t);
}

/* Groups of the convolution that a weight belongs to. */
static uint32_t groups_of(const pan_program *p, const pan_param *w)
{
    if (w->rank != 4)
        return 1;
    const pan_layer *layer = &p->layers[w->layer];
    return (uint32_t)p->items[layer->item].body.ops[layer->op].window.groups;
}

uint32_t build_groups_together(const builder *b, uint32_t param)
{
    const pan_param *w = &b->p->params[param];
    uint32_t groups = groups_of(b->p, w);
    int64_t rows = b->m->numerics.slices.rows - 1, columns = b->m->numerics.slices.columns;
    int64_t together = rows / inputs_of(w), across = columns / (w->shape[0] / groups);
    together = together < across ? together : across;
    if (groups == 1 || together < 1 || build_network_use(b->p, param) & 1)
        return 1;
    return together < groups ? (uint32_t)together : groups;
}

/* The weights of group g of a matrix for `groups` of them, which begin with row `row`. */
static void group_tensor(builder *b, ir_matrix *w, uint32_t param, uint32_t g, uint32_t groups,
                         int64_t row)
{
    const pan_param *v = &b->p->params[param];
    uint32_t lanes = (uint32_t)v->shape[1], outputs = w->outputs / groups;
    row += (int64_t)g * outputs;
    ir_tensor *t = build_tensor(b, w, param, g * lanes, row);
    t->outputs = outputs;
    t->output0 = g * outputs;
    t->pixel = groups * lanes;
    t->part = (uint32_t)row;
    t->whole = (uint32_t)v->shape[0];
}

/* The matrix of groups first .. first + count - 1 of `all`. */
static ir_matrix *new_matrix(builder *b, uint32_t param, uint32_t bias, const char *name,
                             uint32_t first, uint32_t count, uint32_t all)
{
    const pan_param *w = &b->p->params[param];
    const pan_op *norm = b->norms[param];
    uint32_t inputs = count * (uint32_t)inputs_of(w) + (bias != PAN_NONE || norm);
    uint32_t outputs = count * (uint32_t)(w->shape[0] / all);
    ir_matrix *made = ir_matrix_new(b->m, name, outputs, inputs, (uint8_t)w->q);
    made->where = w->where;
    int64_t row = (int64_t)first * (w->shape[0] / all);
    for (uint32_t g = 0; count > 1 && g < count; g++)
        group_tensor(b, made, param, g, count, row);
    if (count == 1)
        build_tensor(b, made, param, 0, row);
    if (bias != PAN_NONE)
        build_tensor(b, made, bias, inputs - 1, row);
    if (norm)
        build_norm_tensors(b, made, norm, inputs - 1, row);
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
    uint32_t both[] = {param, bias}, together = build_groups_together(b, param);
    bool frozen = w->statistic || never_trained(b->p, both, bias == PAN_NONE ? 1 : 2);
    bool own = w->layer == PAN_NONE || w->statistic; /* a layer has one matrix besides statistics */
    const char *path = own ? w->path : b->p->layers[w->layer].path;
    const char *name = build_matrix_name(b, param, path), *numbered = name;
    b->matrices[param] = ARENA_ARRAY(b->m->memory, ir_matrix *, groups);
    for (uint32_t first = 0, i = 0; first < groups; first += together, i++) {
        uint32_t count = groups - first < together ? groups - first : together;
        if (count < groups)
            numbered = arena_printf(b->m->memory, "%s[%u]", name, i);
        b->matrices[param][i] = new_matrix(b, param, bias, numbered, first, count, groups);
        b->matrices[param][i]->frozen = frozen;
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
    if (t->kind == PAN_LABEL || (t->kind == PAN_SEQ && t->element == PAN_LABEL))
        return (ir_type){IR_LABEL, (uint32_t)t->dim[0], 0};
    return ir_vec((uint32_t)build_elements(t), (uint8_t)q);
}

static bool portable(builder *b, const pan_type *t, source_range where)
{
    if (t->kind == PAN_SEQ && t->element == PAN_LABEL && !build_is_rolled(b, t)) {
        build_refuse(b, where, "a seq of labels whose steps have operations of their own",
                     "the host sends all classes of an example through one port");
        return false;
    }
    if (build_elements(t) > 1 << 24) {
        build_refuse(b, where, "a vector of more than 2^24 elements",
                     "the graph IR cannot hold it");
        return false;
    }
    return true;
}

/* The vectors of a seq's port: one after the other. */
static ir_op **step_ports(builder *b, ir_op *whole, const pan_type *t, source_range where)
{
    ir_op **steps = build_steps(b, t->steps, where);
    ir_type type = ir_vec((uint32_t)build_lanes(t), whole->type.q);
    for (int64_t i = 0; steps && i < t->steps; i++) {
        const char *role = ir_get_name(whole, IR_ATTR_role, NULL);
        const char *label = ir_get_name(whole, IR_ATTR_label, NULL);
        int64_t number = ir_get_int(whole, IR_ATTR_port, 0);
        steps[i] = i ? port(b, role, label, type, number, whole->space, where) : whole;
        ir_set_int(b->g, steps[i], IR_ATTR_first, i * type.lanes);
    }
    whole->type = type;
    return steps;
}

/* What a port's vector is to a body; false after an error. */
static bool value_of(builder *b, ir_op *from, const pan_type *t, source_range where,
                     build_value *to)
{
    *to = (build_value){from, NULL};
    if (t->kind == PAN_MAP)
        to->op = build_unflatten(b, from, t, where);
    if (build_is_rolled(b, t))
        to->op = build_rolled_port(b, from, t, where) ? from : NULL;
    else if (t->kind == PAN_SEQ)
        *to = (build_value){NULL, step_ports(b, from, t, where)};
    return to->op || to->steps;
}

/* Values of the formals; NULL after an error. */
static build_value *formal_ports(builder *b, const pan_item *item)
{
    build_value *ports = ARENA_ARRAY(b->m->memory, build_value, item->formal_count);
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
        ir_op *whole = port(b, role, f->name, type, (int64_t)i, scalar ? (ir_space){0} : b->each,
                            f->where);
        if (!value_of(b, whole, &f->type, f->where, &ports[i]))
            return NULL;
    }
    return ports;
}

ir_op *build_output(builder *b, ir_op *value, const char *label, int64_t port)
{
    ir_op *out = ir_op_new(b->g, NULL, IR_output, ir_no_type, &value, 1, value->where);
    ir_set_int(b->g, out, IR_ATTR_port, port);
    ir_set_name(b->g, out, IR_ATTR_label, label);
    return out;
}

/* The steps of a seq fill one port, one after the other. */
static void output_steps(builder *b, const pan_op *op, ir_op *const *steps, const char *label,
                         int64_t port)
{
    for (int64_t t = 0; t < op->type.steps; t++) {
        ir_op *step = build_to_format(b, steps[t], op->q, op->where);
        ir_op *out = build_output(b, step, label, port);
        ir_set_int(b->g, out, IR_ATTR_first, t * build_lanes(&op->type));
    }
}

static void outputs(builder *b, const pan_item *item, const build_value *values, int64_t first)
{
    size_t n = item->body.result_count;
    for (size_t i = 0; i < n; i++) {
        const pan_op *op = &item->body.ops[item->body.results[i]];
        build_value result = values[item->body.results[i]];
        const char *label = n == 1 ? "output"
                                   : arena_printf(b->m->memory, "output_%zu", i + 1);
        if (build_is_rolled(b, &op->type)) {
            build_rolled_output(b, op, result.op, label, first + (int64_t)i);
            continue;
        }
        if (op->type.kind == PAN_SEQ) {
            output_steps(b, op, result.steps, label, first + (int64_t)i);
            continue;
        }
        if (op->type.kind == PAN_MAP)
            result.op = build_flatten(b, result.op, result.op->where);
        if (!result.op)
            return;
        build_output(b, result.op, label, first + (int64_t)i);
    }
}

static void begin_graph(builder *b, const char *name, int64_t batch, bool rolls)
{
    b->rolls = rolls && !b->unroll;
    b->states = 0;
    b->scan_steps = 0;
    b->g = ir_graph_new(b->m, name);
    uint8_t n = ir_graph_dim(b->g, "n", (uint32_t)batch);
    b->each = (ir_space){.count = 1, .dim = {n}};
    b->size_count = 0;
    b->stepped = 0;
}

/* ---- graphs ---- */

/* The item's own body; its values, or NULL after an error. */
static build_value *forward(builder *b, const pan_item *item)
{
    build_value *ports = formal_ports(b, item);
    build_value *values = ARENA_ARRAY(b->m->memory, build_value, item->body.count);
    return ports && build_body(b, &item->body, ports, values) ? values : NULL;
}

static void build_test(builder *b, uint32_t index, const pan_train *train)
{
    (void)train;
    const pan_item *item = &b->p->items[index];
    b->train = NULL;
    begin_graph(b, pan_test_entry(b->p, index), pan_test_batch(b->p, index),
                build_can_roll(&item->body));
    build_value *values = forward(b, item);
    if (values)
        outputs(b, item, values, 0);
}

static void build_kernel(builder *b, uint32_t index, const pan_train *train)
{
    const pan_item *item = &b->p->items[index];
    b->train = train;
    begin_graph(b, train ? pan_train_entry(b->p, train) : item->name, train ? train->batch : 1,
                build_can_roll(&item->body));
    build_value *values = forward(b, item);
    if (values)
        outputs(b, item, values, 0);
}

/* The op whose descent trains, from the output and the target. */
static ir_op *loss_of(builder *b, const pan_train *t, build_value from, build_value target)
{
    build_value inputs[] = {from, target};
    build_value *values = ARENA_ARRAY(b->m->memory, build_value, t->loss_body.count);
    if (!build_body(b, &t->loss_body, inputs, values))
        return NULL;
    return values[t->loss_body.results[0]].op;
}

static void build_train(builder *b, uint32_t index, const pan_train *t)
{
    const pan_item *item = &b->p->items[index];
    b->train = t;
    begin_graph(b, pan_train_entry(b->p, t), t->batch,
                build_can_roll(&item->body) && build_can_roll(&t->loss_body));
    build_value *values = forward(b, item);
    if (!values || !portable(b, &t->target, t->where))
        return;
    int64_t ports = (int64_t)item->formal_count;
    build_value result = values[item->body.results[0]], target;
    int q = item->body.ops[item->body.results[0]].q;
    ir_op *whole = port(b, "target", "target", port_type(&t->target, q), ports, b->each, t->where);
    ir_op *rate = port(b, "scalar", "rate", ir_vec(1, (uint8_t)t->scalars[0].q), ports + 1,
                       (ir_space){0}, t->where);
    bool good = value_of(b, whole, &t->target, t->where, &target);
    ir_op *loss = good ? loss_of(b, t, result, target) : NULL;
    if (!loss)
        return;
    bool returned = pan_loss_kind(t) == PAN_LOSS_OUTPUT;
    if (returned)
        build_output(b, loss, "loss", 0);
    outputs(b, item, values, returned);
    IR_OP(b->g, IR_descend, ir_no_type, t->where, loss, rate);
}

typedef void graph_builder(builder *b, uint32_t index, const pan_train *train);

/* With loops over time; once more without, if a core could not run them. */
static void build_graph(builder *b, graph_builder *build, uint32_t index, const pan_train *train)
{
    b->unroll = false;
    build(b, index, train);
    if (b->failed || !b->rolls || build_has_loops_apart(b->g))
        return;
    b->m->graph_count--;
    b->unroll = true;
    build(b, index, train);
}

static void build_item(builder *b, uint32_t index)
{
    const pan_item *item = &b->p->items[index];
    bool trained = false;
    if (item->kind == PAN_NETWORK)
        build_graph(b, build_test, index, NULL);
    for (size_t t = 0; t < b->p->train_count && !b->failed; t++) {
        const pan_train *train = &b->p->trains[t];
        if (train->item != index)
            continue;
        build_graph(b, item->kind == PAN_NETWORK ? build_train : build_kernel, index, train);
        trained = true;
    }
    if (!trained && item->kind == PAN_KERNEL)
        build_graph(b, build_kernel, index, NULL);
}

ir_module *pan_build(pan_program *p, const ir_numerics *numerics, diag *d)
{
    if (!pan_set_formats(p, d, numerics->q_activation, numerics->q_weight, numerics->q_error))
        return NULL;
    builder b = {.p = p, .d = d, .m = ir_module_new(p->memory, p->sources, numerics),
                 .matrices = ARENA_ARRAY(p->memory, ir_matrix **, p->param_count),
                 .norms = ARENA_ARRAY(p->memory, const pan_op *, p->param_count)};
    bool failed = false;
    build_find_norms(&b);
    for (uint32_t i = 0; i < p->item_count; i++) {
        if (!p->items[i].compiled)
            continue;
        b.failed = false;
        build_item(&b, i);
        failed = failed || b.failed;
    }
    for (size_t i = 0; i < b.m->graph_count; i++)
        ir_graph_renumber(b.m->graphs[i]);
    b.failed = false;
    build_copies(&b);
    build_check_places(&b);
    return failed || b.failed ? NULL : b.m;
}
