/*
 * The IR's interpreters as engines of the host. They have no image, so its tables (entries with their
 * ports, matrices, tensors) are made from the module.
 */
#include "frontend/cli/build.h"

#include "isa/support/fixed.h"

#include <math.h>
#include <string.h>

typedef struct port_words {
    int16_t **fixed; /* INTERPRETER_FIXED: per port */
    double **real;   /* labels of the float interpreter; NULL where the host's values serve */
    bool *label;
} port_words;

typedef struct entry_words {
    port_words inputs, outputs;
    const double **real_inputs; /* what is handed to the float interpreter */
} entry_words;

typedef struct interpreter_engine {
    engine base;
    const ir_module *module;
    ir_fixed *fixed;
    ir_float *real;
    entry_words *entries;
    int64_t *weights;
} interpreter_engine;

/* ---- tables ---- */

static bool is_port(const ir_op *op, bool output)
{
    return op->code == (output ? IR_output : IR_input);
}

static ir_type port_type(const ir_op *op, bool output)
{
    return output ? op->args[0]->type : op->type;
}

static uint32_t port_count(const ir_graph *g, bool output)
{
    int64_t count = 0;
    IR_EACH(op, g)
    {
        int64_t port = is_port(op, output) ? ir_get_int(op, IR_ATTR_port, 0) : -1;
        count = port >= count ? port + 1 : count;
    }
    return (uint32_t)count;
}

static port_role role_of(const char *name, bool output)
{
    if (output)
        return PORT_OUTPUT;
    if (strcmp(name, "target") == 0)
        return PORT_TARGET;
    return strcmp(name, "scalar") == 0 ? PORT_SCALAR : PORT_INPUT;
}

static uint32_t batch_of(const ir_graph *g)
{
    return g->dim_count ? g->dims[0].extent : 1;
}

/* A port is what all ops that name it say together. */
static void describe_port(const ir_graph *g, const ir_op *op, bool output, image_port *p,
                          port_words *w, uint32_t index)
{
    ir_type type = port_type(op, output);
    bool per_example = op->space.count > 0;
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0);
    size_t points = ir_space_points(g, op->space) / (per_example ? batch_of(g) : 1);
    uint32_t elements = (uint32_t)((first + type.lanes) * points);
    p->name = ir_get_name(op, IR_ATTR_label, output ? "output" : "input");
    p->role = role_of(ir_get_name(op, IR_ATTR_role, "input"), output);
    w->label[index] = type.kind == IR_LABEL;
    p->encoding =
        w->label[index] || ir_get_int(op, IR_ATTR_onehot, 0) ? ENCODE_ONE_HOT : ENCODE_VALUE;
    p->per_kernel = !per_example;
    p->q = type.q;
    p->points = (uint32_t)points;
    p->elements = elements > p->elements ? elements : p->elements;
}

static image_port *make_ports(arena *memory, const ir_graph *g, bool output, uint32_t *count,
                              port_words *w)
{
    *count = port_count(g, output);
    image_port *ports = ARENA_ARRAY(memory, image_port, *count + 1);
    w->label = ARENA_ARRAY(memory, bool, *count + 1);
    for (uint32_t p = 0; p < *count; p++)
        ports[p] = (image_port){
            .name = "", .role = output ? PORT_OUTPUT : PORT_INPUT, .points = 1};
    IR_EACH(op, g)
    {
        if (!is_port(op, output))
            continue;
        uint32_t index = (uint32_t)ir_get_int(op, IR_ATTR_port, 0);
        describe_port(g, op, output, &ports[index], w, index);
    }
    return ports;
}

static void make_words(arena *memory, const image_entry *entry, const image_port *ports,
                       uint32_t count, port_words *w)
{
    w->fixed = ARENA_ARRAY(memory, int16_t *, count + 1);
    w->real = ARENA_ARRAY(memory, double *, count + 1);
    for (uint32_t p = 0; p < count; p++) {
        size_t words = engine_port_words(entry, &ports[p]) + 1;
        w->fixed[p] = ARENA_ARRAY(memory, int16_t, words);
        if (w->label[p])
            w->real[p] = ARENA_ARRAY(memory, double, words);
    }
}

static bool has_updates(const ir_graph *g)
{
    IR_EACH(op, g)
    {
        if (op->code == IR_opa)
            return true;
    }
    return false;
}

static void make_entries(arena *memory, interpreter_engine *e, image *im)
{
    im->entry_count = (uint32_t)e->module->graph_count;
    im->entries = ARENA_ARRAY(memory, image_entry, im->entry_count + 1);
    e->entries = ARENA_ARRAY(memory, entry_words, im->entry_count + 1);
    for (uint32_t i = 0; i < im->entry_count; i++) {
        const ir_graph *g = e->module->graphs[i];
        image_entry *entry = &im->entries[i];
        entry_words *w = &e->entries[i];
        entry->name = g->name;
        entry->batch = batch_of(g);
        entry->updates = has_updates(g);
        entry->inputs = make_ports(memory, g, false, &entry->input_count, &w->inputs);
        entry->outputs = make_ports(memory, g, true, &entry->output_count, &w->outputs);
        make_words(memory, entry, entry->inputs, entry->input_count, &w->inputs);
        make_words(memory, entry, entry->outputs, entry->output_count, &w->outputs);
        w->real_inputs = ARENA_ARRAY(memory, const double *, entry->input_count + 1);
    }
}

static void add_tensor(image *im, uint32_t matrix, const ir_tensor *t)
{
    image_tensor *out = &im->tensors[im->tensor_count++];
    *out = (image_tensor){.name = t->name,
                          .matrix = matrix,
                          .rank = t->rank,
                          .first = t->part,
                          .row0 = t->input0,
                          .column0 = t->output0,
                          .rows = t->inputs,
                          .columns = t->outputs,
                          .init = (init_kind)t->init,
                          .init_value = t->init_value,
                          .pixel = t->pixel,
                          .fold = (fold_kind)t->fold,
                          .eps = t->eps};
    ir_tensor_shape(t, out->dims);
}

static uint32_t copy_of(const ir_module *m, const ir_matrix *w)
{
    for (uint32_t i = 0; w->copy_of && i < m->matrix_count; i++)
        if (strcmp(m->matrices[i]->name, w->copy_of) == 0)
            return i + 1;
    return 0;
}

static void make_matrices(arena *memory, interpreter_engine *e, image *im)
{
    const ir_module *m = e->module;
    size_t tensors = 0, largest = 0;
    im->matrix_count = (uint32_t)m->matrix_count;
    im->matrices = ARENA_ARRAY(memory, image_matrix, m->matrix_count + 1);
    for (size_t i = 0; i < m->matrix_count; i++)
        tensors += m->matrices[i]->tensor_count;
    im->tensors = ARENA_ARRAY(memory, image_tensor, tensors + 1);
    for (uint32_t i = 0; i < im->matrix_count; i++) {
        const ir_matrix *w = m->matrices[i];
        im->matrices[i] = (image_matrix){.name = w->name,
                                         .rows = w->inputs,
                                         .columns = w->outputs,
                                         .q = w->q,
                                         .frozen = w->frozen,
                                         .copy_of = copy_of(m, w)};
        size_t size = (size_t)w->inputs * w->outputs;
        largest = size > largest ? size : largest;
        for (size_t t = 0; t < w->tensor_count; t++)
            add_tensor(im, i, &w->tensors[t]);
    }
    e->weights = ARENA_ARRAY(memory, int64_t, largest + 1);
}

/* ---- running ---- */

/* One-hot rows of the host -> one class per point. */
static size_t class_of(const double *row, uint32_t classes)
{
    size_t best = 0;
    for (uint32_t i = 1; i < classes; i++)
        if (row[i] > row[best])
            best = i;
    return best;
}

static exit_status run_fixed(engine *base, uint32_t index, uint64_t step,
                             const double *const *inputs, double *const *outputs, diag *d)
{
    interpreter_engine *e = (interpreter_engine *)base;
    const image_entry *entry = &base->im->entries[index];
    entry_words *w = &e->entries[index];
    (void)d;
    for (uint32_t p = 0; p < entry->input_count; p++) {
        const image_port *port = &entry->inputs[p];
        size_t words = engine_port_words(entry, port);
        for (size_t i = 0; !w->inputs.label[p] && i < words; i++)
            w->inputs.fixed[p][i] = fixed_from_double(inputs[p][i], port->q);
        uint32_t classes = port->elements / port->points;
        for (size_t i = 0; w->inputs.label[p] && i < words / classes; i++)
            w->inputs.fixed[p][i] = (int16_t)class_of(inputs[p] + i * classes, classes);
    }
    ir_fixed_run(e->fixed, e->module->graphs[index], step, (const int16_t *const *)w->inputs.fixed,
                 w->outputs.fixed);
    for (uint32_t p = 0; p < entry->output_count; p++) {
        size_t words = engine_port_words(entry, &entry->outputs[p]);
        for (size_t i = 0; i < words; i++)
            outputs[p][i] = fixed_to_double(w->outputs.fixed[p][i], entry->outputs[p].q);
    }
    return EXIT_DONE;
}

static exit_status run_float(engine *base, uint32_t index, uint64_t step,
                             const double *const *inputs, double *const *outputs, diag *d)
{
    interpreter_engine *e = (interpreter_engine *)base;
    const image_entry *entry = &base->im->entries[index];
    entry_words *w = &e->entries[index];
    (void)d;
    for (uint32_t p = 0; p < entry->input_count; p++) {
        const image_port *port = &entry->inputs[p];
        w->real_inputs[p] = w->inputs.label[p] ? w->inputs.real[p] : inputs[p];
        uint32_t classes = port->elements / port->points;
        size_t labels = classes ? engine_port_words(entry, port) / classes : 0;
        for (size_t i = 0; w->inputs.label[p] && i < labels; i++)
            w->inputs.real[p][i] = (double)class_of(inputs[p] + i * classes, classes);
    }
    ir_float_run(e->real, e->module->graphs[index], step, w->real_inputs, outputs);
    return EXIT_DONE;
}

static void write_fixed(engine *base, uint32_t matrix, const double *w)
{
    interpreter_engine *e = (interpreter_engine *)base;
    const ir_matrix *m = e->module->matrices[matrix];
    size_t count = (size_t)m->inputs * m->outputs;
    for (size_t i = 0; i < count; i++)
        e->weights[i] = llround(fmin(fmax(ldexp(w[i], m->q), -0x1p55), 0x1p55));
    ir_fixed_write(e->fixed, m, e->weights);
}

static void read_fixed(engine *base, uint32_t matrix, double *w)
{
    interpreter_engine *e = (interpreter_engine *)base;
    const ir_matrix *m = e->module->matrices[matrix];
    size_t count = (size_t)m->inputs * m->outputs;
    ir_fixed_read(e->fixed, m, e->weights);
    for (size_t i = 0; i < count; i++)
        w[i] = fixed_to_double(e->weights[i], m->q);
}

static void write_float(engine *base, uint32_t matrix, const double *w)
{
    interpreter_engine *e = (interpreter_engine *)base;
    const ir_matrix *m = e->module->matrices[matrix];
    memcpy(ir_float_weights(e->real, m), w, (size_t)m->inputs * m->outputs * sizeof *w);
}

static void read_float(engine *base, uint32_t matrix, double *w)
{
    interpreter_engine *e = (interpreter_engine *)base;
    const ir_matrix *m = e->module->matrices[matrix];
    memcpy(w, ir_float_weights(e->real, m), (size_t)m->inputs * m->outputs * sizeof *w);
}

bool interpreter_values(const engine *base, const ir_op *op, size_t count, double *values)
{
    const interpreter_engine *e = (const interpreter_engine *)base;
    const double *real = e->real ? ir_float_value(e->real, op) : NULL;
    const int16_t *fixed = e->fixed ? ir_fixed_value(e->fixed, op) : NULL;
    for (size_t i = 0; i < count && (real || fixed); i++)
        values[i] = real ? real[i] : fixed_to_double(fixed[i], op->type.q);
    return real || fixed;
}

static void crs_fixed(engine *base)
{
    ir_fixed_crs(((interpreter_engine *)base)->fixed);
}

static void crs_float(engine *base)
{
    (void)base; /* real numbers carry no digits */
}

static const engine_table tables[] = {
    [INTERPRETER_FIXED] = {.name = "fixed",
                           .run = run_fixed,
                           .write_matrix = write_fixed,
                           .read_matrix = read_fixed,
                           .crs = crs_fixed},
    [INTERPRETER_FLOAT] = {.name = "float",
                           .run = run_float,
                           .write_matrix = write_float,
                           .read_matrix = read_float,
                           .crs = crs_float},
};

engine *engine_interpreter(arena *memory, const ir_module *module, const machine *m,
                           interpreter kind, uint64_t seed)
{
    interpreter_engine *e = ARENA_NEW(memory, interpreter_engine);
    image *im = ARENA_NEW(memory, image);
    e->module = module;
    make_entries(memory, e, im);
    make_matrices(memory, e, im);
    im->machine_name = m->name;
    im->opa_mode = m->opa_mode;
    im->rounds_updates =
        kind == INTERPRETER_FIXED && m->opa_mode == OPA_STREAM && m->rounding.mode != ROUND_OFF;
    im->plan = "";
    e->base = (engine){&tables[kind], im, m};
    if (kind == INTERPRETER_FIXED)
        e->fixed = ir_fixed_new(memory, module, m->fidelity, seed);
    else
        e->real = ir_float_new(memory, module, seed);
    return &e->base;
}
