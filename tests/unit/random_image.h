/*
 * Random instructions and images that are valid on a given machine, for the tests of isa/.
 */
#ifndef PANTHER_TESTS_UNIT_RANDOM_IMAGE_H
#define PANTHER_TESTS_UNIT_RANDOM_IMAGE_H

#include "isa/image.h"
#include "isa/support/random.h"

#include <string.h>

static inline uint32_t pick(random_state *r, uint32_t n)
{
    return (uint32_t)random_below(r, n);
}

/* Uniform, or (one time in four each) at the lower or upper end of the range. */
static inline int64_t pick_range(random_state *r, int64_t least, int64_t most)
{
    uint32_t where = pick(r, 4);
    if (where == 0)
        return least;
    if (where == 1)
        return most;
    return least + (int64_t)random_below(r, (uint64_t)(most - least) + 1);
}

static inline int32_t random_field(random_state *r, isa_field_kind kind)
{
    int bits = isa_field_bits(kind);
    int64_t span = (int64_t)1 << bits;
    int64_t least = isa_field_signed(kind) ? -(span / 2) : 0;
    if (kind == FIELD_VECTOR && pick(r, 2))
        return isa_vector_mcu((int)pick(r, ISA_MCUS_MAX), (mcu_vector)pick(r, MCU_VECTORS),
                              (int)pick_range(r, 0, ISA_SIDE_MAX - 1));
    if (kind == FIELD_WIDTH && pick(r, 2))
        return 1 + (int32_t)pick(r, 16);
    return (int32_t)pick_range(r, least, least + span - 1);
}

/* Any instruction of this operation that isa_check accepts. */
static inline isa_insn random_insn(random_state *r, isa_op op)
{
    const uint8_t *kinds = isa_formats[isa_table[op].format];
    isa_insn insn;
    do {
        memset(&insn, 0, sizeof insn);
        insn.op = op;
        for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++)
            insn.field[i] = random_field(r, (isa_field_kind)kinds[i]);
        for (int i = 1; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++)
            if (kinds[i] == FIELD_STREAM && kinds[i - 1] == FIELD_ROUND && !insn.field[i - 1])
                insn.field[i] = 0;
    } while (isa_check(&insn) != NULL);
    return insn;
}

/* The same, valid as instruction `at` of `count` on the machine. */
static inline isa_insn random_insn_on(arena *memory, random_state *r, isa_op op, const machine *m,
                                      bool is_thread, uint32_t at, uint32_t count)
{
    const uint8_t *kinds = isa_formats[isa_table[op].format];
    for (;;) {
        isa_insn insn = random_insn(r, op);
        for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
            int32_t *v = &insn.field[i];
            if (kinds[i] == FIELD_TARGET)
                *v = (int32_t)pick(r, count) - (int32_t)at;
            else if (kinds[i] == FIELD_SCALAR || kinds[i] == FIELD_BASE)
                *v %= m->scalar_registers;
            else if (kinds[i] == FIELD_NODE && *v != ISA_NODE_HOST)
                *v %= m->nodes;
            else if (kinds[i] == FIELD_TILE && insn.field[i - 1] != ISA_NODE_HOST)
                *v %= m->tiles;
            else if (kinds[i] == FIELD_CHANNEL)
                *v %= m->channels;
            else if (kinds[i] == FIELD_WIDTH && pick(r, 8))
                *v = 1 + (int32_t)pick(r, 4);
            else if (kinds[i] == FIELD_MASKS)
                *v &= (1 << (3 * m->mcus)) - 1;
            else if (kinds[i] == FIELD_MCUSET)
                *v &= (1 << m->mcus) - 1;
        }
        if (!image_check_insn(memory, &insn, m, is_thread, at, count))
            return insn;
    }
}

static inline const char *random_name(arena *memory, random_state *r, const char *stem)
{
    static const char *const odd[] = {"%s%u", "%s.%u", "%s %u", "%s\"%u", "%s:%u\\", "%s\n%u",
                                      "%s\t%u", "%s\xc3\xa4%u"};
    const char *form = odd[pick(r, 2) ? 0 : pick(r, 8)];
    char text[80];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, form, stem, (unsigned)pick(r, 50));
#pragma GCC diagnostic pop
    return arena_strdup(memory, text);
}

static inline isa_op random_op(random_state *r, bool is_thread)
{
    for (;;) {
        isa_op op = (isa_op)pick(r, ISA_OP_COUNT);
        if (isa_table[op].place & (is_thread ? PLACE_TILE : PLACE_CORE))
            return op;
    }
}

static inline image_code random_code(arena *memory, random_state *r, const machine *m,
                                     const image *im, bool is_thread)
{
    image_code code = {.count = 1 + pick(r, 40)};
    code.insns = ARENA_ARRAY(memory, isa_insn, code.count);
    if (pick(r, 2))
        code.origins = ARENA_ARRAY(memory, image_origin, code.count);
    for (uint32_t i = 0; i < code.count; i++) {
        isa_op op = i + 1 == code.count ? ISA_halt : random_op(r, is_thread);
        code.insns[i] = random_insn_on(memory, r, op, m, is_thread, i, code.count);
        if (code.origins && (i == 0 || pick(r, 3) == 0))
            code.origins[i] = (image_origin){(uint16_t)pick(r, im->layer_count), pick(r, 100),
                                             pick(r, im->file_count + 1), pick(r, 50), pick(r, 50)};
        else if (code.origins)
            code.origins[i] = code.origins[i - 1];
    }
    return code;
}

static inline image_agent random_agent(arena *memory, random_state *r, const machine *m,
                                       const image *im, uint32_t number)
{
    uint32_t units = (uint32_t)(m->cores + m->control_threads);
    uint32_t unit = number % units, tile = number / units;
    image_agent g = {.node = (uint16_t)(tile / (uint32_t)m->tiles),
                     .tile = (uint16_t)(tile % (uint32_t)m->tiles),
                     .is_thread = unit >= (uint32_t)m->cores,
                     .comment = pick(r, 2) ? random_name(memory, r, "agent") : ""};
    g.agent = (uint16_t)(g.is_thread ? unit - (uint32_t)m->cores : unit);
    g.code = random_code(memory, r, m, im, g.is_thread);
    g.label_count = pick(r, 4);
    g.labels = ARENA_ARRAY(memory, image_label, g.label_count);
    for (uint32_t i = 0; i < g.label_count; i++)
        g.labels[i] = (image_label){random_name(memory, r, "L"), pick(r, g.code.count + 1)};
    return g;
}

static inline image_port random_port(arena *memory, random_state *r, const machine *m, bool output)
{
    image_port p = {.name = random_name(memory, r, "port"),
                    .role = output ? PORT_OUTPUT : (port_role)pick(r, PORT_OUTPUT),
                    .encoding = (port_encoding)pick(r, 2),
                    .per_kernel = pick(r, 2),
                    .points = 1 + pick(r, 3) * pick(r, 30),
                    .q = (uint8_t)pick(r, 16),
                    .packet_count = pick(r, 4)};
    uint32_t lanes = 1 + pick(r, 2000);
    p.elements = lanes * p.points;
    p.packets = ARENA_ARRAY(memory, image_packet, p.packet_count);
    for (uint32_t i = 0; i < p.packet_count; i++) {
        uint32_t first = pick(r, lanes);
        p.packets[i] = (image_packet){(uint16_t)pick(r, (uint32_t)m->nodes),
                                      (uint16_t)pick(r, (uint32_t)m->tiles),
                                      (uint8_t)pick(r, (uint32_t)m->channels), first,
                                      1 + pick(r, lanes - first)};
    }
    return p;
}

static inline image_preset random_preset(arena *memory, random_state *r, const machine *m)
{
    image_preset p = {.node = (uint16_t)pick(r, (uint32_t)m->nodes),
                      .tile = (uint16_t)pick(r, (uint32_t)m->tiles),
                      .address = pick(r, 1000),
                      .words = pick(r, 80),
                      .count = (uint8_t)pick(r, 3),
                      .value = (int16_t)pick_range(r, -32768, 32767),
                      .repeat = 1};
    if (p.words && pick(r, 2)) {
        p.repeat += pick(r, 4);
        p.stride = p.repeat > 1 ? p.words + pick(r, 20) : 0;
    }
    if (p.words == 0)
        p.value = 0;
    if (p.words < 2 || pick(r, 2))
        return p;
    p.values = ARENA_ARRAY(memory, int16_t, p.words);
    p.values[0] = p.value;
    p.value = 0;
    for (uint32_t i = 1; i < p.words; i++)
        p.values[i] = pick(r, 2) ? p.values[i - 1] : (int16_t)pick_range(r, -32768, 32767);
    p.values[p.words - 1] = (int16_t)~p.values[0]; /* not all alike: text keeps one value as such */
    return p;
}

static inline void random_entry(arena *memory, random_state *r, const machine *m, const image *im,
                                image_entry *e, uint32_t number)
{
    e->name = arena_printf(memory, "entry:%u", number);
    e->batch = 1 + pick(r, 100);
    e->updates = pick(r, 2);
    e->bound_steps = pick(r, 1000);
    e->bound_steps_serial = pick(r, 1000);
    uint32_t all = (uint32_t)(m->nodes * m->tiles * (m->cores + m->control_threads));
    e->agents = ARENA_ARRAY(memory, image_agent, all);
    for (uint32_t i = 0; i < all; i++)
        if (pick(r, 12) == 0)
            e->agents[e->agent_count++] = random_agent(memory, r, m, im, i);
    e->preset_count = pick(r, 5);
    e->presets = ARENA_ARRAY(memory, image_preset, e->preset_count);
    for (uint32_t i = 0; i < e->preset_count; i++)
        e->presets[i] = random_preset(memory, r, m);
    e->buffer_count = pick(r, 30);
    e->buffers = ARENA_ARRAY(memory, image_buffer, e->buffer_count);
    for (uint32_t i = 0; i < e->buffer_count; i++)
        e->buffers[i] = (image_buffer){random_name(memory, r, "buffer"),
                                       (uint16_t)pick(r, (uint32_t)m->nodes),
                                       (uint16_t)pick(r, (uint32_t)m->tiles), pick(r, 3000),
                                       pick(r, 1000)};
    e->input_count = pick(r, 4);
    e->output_count = pick(r, 3);
    e->inputs = ARENA_ARRAY(memory, image_port, e->input_count);
    e->outputs = ARENA_ARRAY(memory, image_port, e->output_count);
    for (uint32_t i = 0; i < e->input_count; i++)
        e->inputs[i] = random_port(memory, r, m, false);
    for (uint32_t i = 0; i < e->output_count; i++)
        e->outputs[i] = random_port(memory, r, m, true);
}

/* Matrix i sits in the MCUs of node 0, tile i; a tensor covers it whole. */
static inline void random_matrix(arena *memory, random_state *r, const machine *m, image *im,
                                 uint32_t i)
{
    image_matrix *x = &im->matrices[i];
    uint32_t side_r = (uint32_t)m->slices.rows, side_c = (uint32_t)m->slices.columns;
    *x = (image_matrix){.name = random_name(memory, r, "matrix"),
                        .layer = (uint16_t)pick(r, im->layer_count),
                        .rows = side_r + pick(r, 100),
                        .columns = side_c + pick(r, 100),
                        .q = (uint8_t)pick(r, 32),
                        .frozen = pick(r, 2),
                        .block_count = pick(r, (uint32_t)m->cores * (uint32_t)m->mcus)};
    x->blocks = ARENA_ARRAY(memory, image_block, x->block_count);
    for (uint32_t k = 0; k < x->block_count; k++) {
        uint16_t rows = (uint16_t)(1 + pick(r, side_r)), columns = (uint16_t)(1 + pick(r, side_c));
        x->blocks[k] = (image_block){.tile = (uint16_t)i,
                                     .core = (uint16_t)(k / (uint32_t)m->mcus),
                                     .mcu = (uint16_t)(k % (uint32_t)m->mcus),
                                     .row0 = pick(r, x->rows - rows + 1),
                                     .column0 = pick(r, x->columns - columns + 1),
                                     .rows = rows,
                                     .columns = columns,
                                     .mvm_shift = (int8_t)pick_range(r, -64, 63),
                                     .mtvm_shift = (int8_t)pick_range(r, -64, 63)};
    }
    const image_matrix *first = &im->matrices[0];
    if (i > 0 && x->rows % 3 == 0) { /* a copy of the first, in MCUs of its own */
        x->copy_of = 1;
        x->rows = first->rows;
        x->columns = first->columns;
        x->q = first->q;
        x->block_count = first->block_count;
        x->blocks = ARENA_ARRAY(memory, image_block, x->block_count);
        for (uint32_t k = 0; k < x->block_count; k++) {
            x->blocks[k] = first->blocks[k];
            x->blocks[k].tile = (uint16_t)i;
        }
    }
    im->tensors[i] = (image_tensor){.name = random_name(memory, r, "tensor"),
                                    .matrix = x->copy_of ? 0 : i,
                                    .rank = 2,
                                    .dims = {x->columns, x->rows, 0, 0},
                                    .rows = x->rows,
                                    .columns = x->columns,
                                    .init = (init_kind)pick(r, 3),
                                    .init_value = random_unit(r) - 0.5};
}

static inline image *random_image(arena *memory, random_state *r, const machine *m)
{
    image *im = ARENA_NEW(memory, image);
    im->fingerprint = machine_fingerprint(memory, m);
    im->machine_name = m->name;
    im->opa_mode = (opa_mode)pick(r, OPA_MODES);
    im->rounds_updates = pick(r, 2);
    im->layer_count = 1 + pick(r, 4);
    im->layers = ARENA_ARRAY(memory, const char *, im->layer_count);
    for (uint32_t i = 0; i < im->layer_count; i++)
        im->layers[i] = i ? random_name(memory, r, "layer") : "";
    im->file_count = pick(r, 3);
    im->files = ARENA_ARRAY(memory, const char *, im->file_count);
    for (uint32_t i = 0; i < im->file_count; i++)
        im->files[i] = random_name(memory, r, "file");
    im->matrix_count = im->tensor_count = 1 + pick(r, (uint32_t)m->tiles - 1);
    im->matrices = ARENA_ARRAY(memory, image_matrix, im->matrix_count);
    im->tensors = ARENA_ARRAY(memory, image_tensor, im->tensor_count);
    for (uint32_t i = 0; i < im->matrix_count; i++)
        random_matrix(memory, r, m, im, i);
    im->entry_count = 1 + pick(r, 3);
    im->entries = ARENA_ARRAY(memory, image_entry, im->entry_count);
    for (uint32_t i = 0; i < im->entry_count; i++)
        random_entry(memory, r, m, im, &im->entries[i], i);
    im->plan = pick(r, 2) ? "{\"steps\": [1, 2],\n \"text\": \"a\\\\b\"}" : "";
    return im;
}

static inline machine *tiny_machine(arena *memory)
{
    diag *d = diag_new(memory, source_set_new(memory));
    machine *m = machine_load(memory, d, PANTHER_SOURCE_DIR "/examples/machines/tiny.yaml");
    diag_print(d, stderr, false);
    return m;
}

/* What a stream wrote, as text in the arena. */
static inline const char *disassembled(arena *memory, const image *im)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    disasm_options all = {.node = -1, .tile = -1, .core = -1};
    disasm_print(im, &all, out);
    fclose(out);
    const char *copy = arena_strndup(memory, text, length);
    free(text);
    return copy;
}

/* What a collector has to say. */
static inline const char *messages(arena *memory, diag *d)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    diag_print(d, out, false);
    fclose(out);
    const char *copy = arena_strndup(memory, text, length);
    free(text);
    return copy;
}

#endif
