/* Everything of an image that is not code: matrices, tensors, layers, files, ports, buffers. */
#include "backend/program.h"
#include "ir/window.h"

#include <string.h>

uint16_t backend_layer(backend_state *s, const char *name)
{
    image *im = s->image;
    for (uint32_t i = 0; i < im->layer_count; i++)
        if (strcmp(im->layers[i], name) == 0)
            return (uint16_t)i;
    size_t bytes = im->layer_count * sizeof *im->layers;
    im->layers = arena_grow(s->memory, im->layers, bytes, bytes + sizeof *im->layers);
    im->layers[im->layer_count] = name;
    return (uint16_t)im->layer_count++;
}

/* The shift of a product: all of its uses must agree, since it belongs to the matrix. */
static bool find_shift(backend_state *s, const ir_matrix *w, ir_opcode code, int8_t *shift)
{
    const ir_op *seen = NULL;
    for (size_t i = 0; i < s->module->graph_count; i++)
        for (const ir_op *op = s->module->graphs[i]->first; op; op = op->next) {
            if (op->code != code || strcmp(ir_get_name(op, IR_ATTR_matrix, ""), w->name) != 0)
                continue;
            int needed = w->q + op->args[0]->type.q - op->type.q;
            if (seen && needed != *shift) {
                diag_error(s->diag, op->where,
                           "not supported: two products with '%s' whose operands or results have "
                           "different formats, "
                           "because the shift behind its converters is fixed",
                           w->name);
                diag_note(s->diag, seen->where, "the other product");
                return false;
            }
            *shift = (int8_t)needed;
            seen = op;
        }
    return true;
}

static void fill_blocks(backend_state *s, const ir_matrix *w, image_matrix *out, int8_t mvm,
                        int8_t mtvm)
{
    uint32_t rows = ir_block_rows(s->module, w), columns = ir_block_columns(s->module, w);
    uint32_t side_rows = (uint32_t)s->module->numerics.slices.rows;
    uint32_t side_columns = (uint32_t)s->module->numerics.slices.columns;
    out->blocks = ARENA_ARRAY(s->memory, image_block, (size_t)rows * columns);
    out->block_count = rows * columns;
    for (uint32_t i = 0; i < out->block_count; i++) {
        uint32_t row0 = i / columns * side_rows, column0 = i % columns * side_columns;
        uint32_t left_rows = w->inputs - row0, left_columns = w->outputs - column0;
        out->blocks[i] = (image_block){
            .node = (uint16_t)w->blocks[i].node,
            .tile = (uint16_t)w->blocks[i].tile,
            .core = (uint16_t)w->blocks[i].core,
            .mcu = (uint16_t)w->blocks[i].mcu,
            .row0 = row0,
            .column0 = column0,
            .rows = (uint16_t)(left_rows < side_rows ? left_rows : side_rows),
            .columns = (uint16_t)(left_columns < side_columns ? left_columns : side_columns),
            .mvm_shift = mvm,
            .mtvm_shift = mtvm,
        };
    }
}

static image_tensor tensor_of(const ir_tensor *t, uint32_t matrix)
{
    static const init_kind kinds[] = {[IR_INIT_CONSTANT] = INIT_CONSTANT,
                                      [IR_INIT_UNIFORM] = INIT_UNIFORM,
                                      [IR_INIT_NORMAL] = INIT_NORMAL};
    static const fold_kind folds[] = {[IR_FOLD_NONE] = FOLD_NONE,   [IR_FOLD_SCALE] = FOLD_SCALE,
                                      [IR_FOLD_SHIFT] = FOLD_SHIFT, [IR_FOLD_MEAN] = FOLD_MEAN,
                                      [IR_FOLD_VAR] = FOLD_VAR};
    image_tensor made = {
        .name = t->name,
        .matrix = matrix,
        .rank = t->rank,
        .first = t->part,
        .row0 = t->input0,
        .column0 = t->output0,
        .rows = t->inputs,
        .columns = t->outputs,
        .init = kinds[t->init],
        .init_value = t->init_value,
        .pixel = t->pixel,
        .fold = folds[t->fold],
        .eps = t->eps,
    };
    ir_tensor_shape(t, made.dims);
    return made;
}

static void add_tensors(backend_state *s, const ir_matrix *w, uint32_t index, size_t *capacity)
{
    image *im = s->image;
    size_t count = im->tensor_count;
    for (size_t i = 0; i < w->tensor_count; i++)
        ARENA_PUSH(s->memory, im->tensors, count, *capacity, tensor_of(&w->tensors[i], index));
    im->tensor_count = (uint32_t)count;
}

/* The layer that a matrix's energy is reported under: that of its first product. */
static const char *matrix_layer(const backend_state *s, const ir_matrix *w)
{
    for (size_t i = 0; i < s->module->graph_count; i++)
        for (const ir_op *op = s->module->graphs[i]->first; op; op = op->next)
            if (backend_is_matrix(op) && strcmp(ir_get_name(op, IR_ATTR_matrix, ""), w->name) == 0)
                return ir_get_name(op, IR_ATTR_layer, w->name);
    return w->name;
}

static void add_files(backend_state *s)
{
    const source_set *sources = s->module->sources;
    s->image->file_count = sources ? (uint32_t)sources->count : 0;
    s->image->files = ARENA_ARRAY(s->memory, const char *, s->image->file_count + 1);
    for (uint32_t i = 0; i < s->image->file_count; i++)
        s->image->files[i] = sources->files[i].path;
}

static uint32_t matrix_number(const ir_module *m, const char *name)
{
    uint32_t i = 0;
    while (strcmp(m->matrices[i]->name, name) != 0)
        i++;
    return i;
}

bool backend_tables(backend_state *s)
{
    image *im = s->image;
    size_t capacity = 0;
    bool good = true;
    backend_layer(s, "");
    add_files(s);
    im->matrix_count = (uint32_t)s->module->matrix_count;
    im->matrices = ARENA_ARRAY(s->memory, image_matrix, im->matrix_count + 1);
    for (uint32_t i = 0; i < im->matrix_count; i++) {
        const ir_matrix *w = s->module->matrices[i];
        int8_t mvm = 0, mtvm = 0;
        good = find_shift(s, w, IR_mvm, &mvm) && find_shift(s, w, IR_mtvm, &mtvm) && good;
        im->matrices[i] = (image_matrix){
            .name = w->name,
            .layer = backend_layer(s, matrix_layer(s, w)),
            .rows = w->inputs,
            .columns = w->outputs,
            .q = w->q,
            .frozen = w->frozen,
            .copy_of = w->copy_of ? 1 + matrix_number(s->module, w->copy_of) : 0,
        };
        fill_blocks(s, w, &im->matrices[i], mvm, mtvm);
        add_tensors(s, w, i, &capacity);
    }
    return good;
}

static port_role role_of(const ir_op *op)
{
    const char *role = ir_get_name(op, IR_ATTR_role, "input");
    return strcmp(role, "target") == 0   ? PORT_TARGET
           : strcmp(role, "scalar") == 0 ? PORT_SCALAR
                                         : PORT_INPUT;
}

static uint32_t ports_of(const ir_graph *g, ir_opcode code)
{
    int64_t most = -1;
    for (const ir_op *op = g->first; op; op = op->next)
        if (op->code == code && ir_get_int(op, IR_ATTR_port, 0) > most)
            most = ir_get_int(op, IR_ATTR_port, 0);
    return (uint32_t)(most + 1);
}

static void add_packet(backend_state *s, image_port *port, const image_packet *packet)
{
    size_t bytes = port->packet_count * sizeof *port->packets;
    port->packets = arena_grow(s->memory, port->packets, bytes, bytes + sizeof *port->packets);
    port->packets[port->packet_count++] = *packet;
}

static void describe_port(const ir_graph *g, image_port *port, const ir_op *op, ir_type type)
{
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0);
    port->points = (uint32_t)ir_grid_points(ir_grid_of(g, op->space));
    port->by_points = ir_port_by_pixels(op);
    uint32_t end = (first + type.lanes) * port->points;
    port->name = ir_get_name(op, IR_ATTR_label, op->code == IR_output ? "output" : "input");
    port->per_kernel = op->space.count == 0;
    port->elements = end > port->elements ? end : port->elements;
    port->q = type.q;
}

static void add_input(backend_state *s, image_port *port, const ir_op *op)
{
    describe_port(s->graph, port, op, op->type);
    port->role = role_of(op);
    port->encoding = ir_get_int(op, IR_ATTR_onehot, 0) ? ENCODE_ONE_HOT : ENCODE_VALUE;
    for (const ir_op *user = op->next; user; user = user->next)
        if (user->code == IR_receive && user->args[0] == op)
            add_packet(s, port,
                       &(image_packet){
                           .node = (uint16_t)user->place.node,
                           .tile = (uint16_t)user->place.tile,
                           .channel = (uint8_t)ir_get_int(user, IR_ATTR_channel, 0),
                           .first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0),
                           .words = op->type.lanes,
                       });
}

static void add_output(backend_state *s, image_port *port, const ir_op *op)
{
    const ir_op *send = op->args[0];
    describe_port(s->graph, port, op, send->type);
    port->role = PORT_OUTPUT;
    add_packet(s, port,
               &(image_packet){
                   .node = (uint16_t)send->place.node,
                   .tile = (uint16_t)send->place.tile,
                   .channel = (uint8_t)ir_get_int(send, IR_ATTR_channel, 0),
                   .first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0),
                   .words = send->type.lanes,
               });
}

static image_port *new_ports(backend_state *s, uint32_t count)
{
    image_port *ports = ARENA_ARRAY(s->memory, image_port, count + 1);
    for (uint32_t i = 0; i < count; i++)
        ports[i] = (image_port){.name = "", .points = 1};
    return ports;
}

static void add_buffers(backend_state *s, image_entry *entry)
{
    const ir_graph *g = s->graph;
    entry->buffer_count = (uint32_t)g->buffer_count;
    entry->buffers = ARENA_ARRAY(s->memory, image_buffer, g->buffer_count + 1);
    for (size_t i = 0; i < g->buffer_count; i++) {
        const ir_buffer *b = &g->buffers[i];
        entry->buffers[i] = (image_buffer){b->name, (uint16_t)b->node, (uint16_t)b->tile,
                                           (uint32_t)b->address, (uint32_t)ir_ring_words(g, b)};
    }
}

/* What the pads of a map ring are preset to. */
static void add_preset(backend_state *s, image_entry *entry, size_t *capacity, const ir_buffer *b,
                       uint64_t at, uint32_t words, uint32_t repeat)
{
    size_t count = entry->preset_count;
    image_preset preset = {
        .node = (uint16_t)b->node,
        .tile = (uint16_t)b->tile,
        .address = (uint32_t)(b->address + (int64_t)at),
        .words = words,
        .value = b->lowest ? INT16_MIN : 0,
        .repeat = repeat,
        .stride = repeat > 1 ? b->columns * b->lanes : words,
    };
    if (words == 0 || repeat == 0)
        return;
    ARENA_PUSH(s->memory, entry->presets, count, *capacity, preset);
    entry->preset_count = (uint32_t)count;
}

/* Of `height` rows of pixels that follow each other in [at, to): before, between and after them. */
static void add_preset_rows(backend_state *s, image_entry *entry, size_t *capacity,
                            const ir_buffer *b, uint32_t height, uint64_t at, uint64_t to)
{
    uint32_t row = b->columns * b->lanes, before = b->top * row + b->left * b->lanes;
    uint32_t between = (b->columns - b->width) * b->lanes;
    uint64_t first_end = at + before + (uint64_t)b->width * b->lanes;
    uint64_t end = first_end + (uint64_t)(height - 1) * row;
    add_preset(s, entry, capacity, b, at, before, 1);
    add_preset(s, entry, capacity, b, first_end, between, height - 1);
    add_preset(s, entry, capacity, b, end, (uint32_t)(to - end), 1);
}

static void add_presets(backend_state *s, image_entry *entry)
{
    size_t capacity = 0;
    for (size_t i = 0; i < s->graph->buffer_count; i++) {
        const ir_buffer *b = &s->graph->buffers[i];
        uint32_t slots = b->lanes ? ir_ring_slots(s->graph, b) : 0;
        if (ir_ring_by_rows(b)) {
            add_preset_rows(s, entry, &capacity, b, slots, 0, ir_ring_words(s->graph, b));
            continue;
        }
        for (uint64_t slot = 0; slot < slots; slot++)
            add_preset_rows(s, entry, &capacity, b, b->height, slot * b->words,
                            (slot + 1) * b->words);
    }
}

/* Products per example on each MCU, by direction. */
typedef struct mcu_load {
    uint64_t mvm, mtvm;
} mcu_load;

static mcu_load *load_of(const backend_state *s, mcu_load *loads, const ir_op *op)
{
    const machine *m = s->machine;
    const ir_place *p = &op->place;
    return &loads[(((size_t)p->node * m->tiles + p->tile) * m->cores + p->core) * m->mcus + p->mcu];
}

/*
 * Ideal pipeline (PANTHER Tables 1 and 2; evaluation notes, 5): the busiest crossbar works without a
 * pause, and once the matrix operations on the longest path of one point that are not its own. In
 * variant 1 MVM and MTVM share a crossbar.
 */
static void add_bounds(backend_state *s, image_entry *entry)
{
    const machine *m = s->machine;
    uint32_t *depth = ARENA_ARRAY(s->memory, uint32_t, s->graph->next_id + 1);
    mcu_load *loads =
        ARENA_ARRAY(s->memory, mcu_load, (size_t)m->nodes * m->tiles * m->cores * m->mcus);
    uint64_t longest = 0, parallel = 0, serial = 0, batch = ir_graph_batch(s->graph);
    uint64_t own = 0, own_serial = 0; /* of one point on the busiest crossbars */
    for (const ir_op *op = s->graph->first; op; op = op->next) {
        bool product = (op->code == IR_mvm || op->code == IR_mtvm) && op->space.count;
        for (uint32_t i = 0; i < op->arg_count; i++)
            depth[op->id] =
                depth[op->args[i]->id] > depth[op->id] ? depth[op->args[i]->id] : depth[op->id];
        depth[op->id] += product;
        longest = depth[op->id] > longest ? depth[op->id] : longest;
        if (!product)
            continue;
        mcu_load *load = load_of(s, loads, op);
        uint64_t points = ir_grid_points(ir_grid_of(s->graph, op->space));
        uint64_t same = op->code == IR_mvm ? (load->mvm += points) : (load->mtvm += points);
        if (same > parallel) {
            parallel = same;
            own = same / points;
        }
        if (load->mvm + load->mtvm > serial) {
            serial = load->mvm + load->mtvm;
            own_serial = serial / points;
        }
    }
    entry->bound_steps = (uint32_t)(longest + batch * parallel - own);
    entry->bound_steps_serial = (uint32_t)(longest + batch * serial - own_serial);
}

void backend_ports(backend_state *s, image_entry *entry)
{
    const ir_graph *g = s->graph;
    entry->input_count = ports_of(g, IR_input);
    entry->output_count = ports_of(g, IR_output);
    entry->inputs = new_ports(s, entry->input_count);
    entry->outputs = new_ports(s, entry->output_count);
    for (const ir_op *op = g->first; op; op = op->next) {
        int64_t port = ir_get_int(op, IR_ATTR_port, 0);
        if (op->code == IR_input)
            add_input(s, &entry->inputs[port], op);
        else if (op->code == IR_output)
            add_output(s, &entry->outputs[port], op);
    }
    add_buffers(s, entry);
    add_presets(s, entry);
    add_bounds(s, entry);
}
