#include "emulator/build.h"
#include "emulator/handlers.h"

#include <string.h>

static insn_handler *const handlers[ISA_OP_COUNT] = {
#define INSN(name, ...) [ISA_##name] = insn_##name,
#include "isa/isa.def"
#undef INSN
};

insn_handler *const insn_effects[ISA_OP_COUNT] = {
    [ISA_mcu] = data_mcu,     [ISA_crs] = data_crs,   [ISA_load] = data_load,
    [ISA_peek] = data_load,   [ISA_store] = data_store, [ISA_send] = data_send,
    [ISA_receive] = data_receive,
};

static const uint8_t accesses[ISA_OP_COUNT] = {
    [ISA_load] = ACCESS_READY | ACCESS_MEMORY,
    [ISA_peek] = ACCESS_READY | ACCESS_MEMORY,
    [ISA_drop] = ACCESS_READY | ACCESS_MEMORY,
    [ISA_store] = ACCESS_FREE | ACCESS_MEMORY,
    [ISA_send] = ACCESS_READY | ACCESS_CREDIT | ACCESS_MEMORY,
    [ISA_receive] = ACCESS_FREE | ACCESS_PACKET | ACCESS_MEMORY,
};

/* Instructions that do nothing but compute data. */
static bool only_data(isa_op op)
{
    time_class c = isa_table[op].cost;
    return c == TIME_copy || c == TIME_set || c == TIME_vector || c == TIME_vector_mul ||
           c == TIME_vector_div || c == TIME_activation || c == TIME_reduce;
}

static uint32_t register_offset(const machine *m, int32_t v)
{
    if (!isa_vector_is_mcu(v))
        return (uint32_t)v;
    int side = m->slices.rows > m->slices.columns ? m->slices.rows : m->slices.columns;
    int which = isa_vector_mcu_of(v) * MCU_VECTORS + (int)isa_vector_which(v);
    return (uint32_t)(m->vector_words + which * side + isa_vector_offset(v));
}

/* mvm.in and mvm.out belong to MVM, and so on in the order of the enumeration. */
static uint32_t slot_of(int32_t v)
{
    if (!isa_vector_is_mcu(v))
        return 0;
    return 1u << (isa_vector_mcu_of(v) * MCU_OPERATIONS + (int)isa_vector_which(v) / 2);
}

/* Spreads the fields over the operation, by kind and in their order. */
static void spread_fields(const emulator *e, const isa_insn *insn, operation *op)
{
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    int vectors = 0, scalars = 0, sizes = 0;
    op->words = 1;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        int32_t v = insn->field[i];
        isa_field_kind kind = (isa_field_kind)kinds[i];
        if (kind == FIELD_VECTOR) {
            op->vector[vectors++] = register_offset(e->machine, v);
            op->touches |= slot_of(v);
        } else if (kind == FIELD_SCALAR || kind == FIELD_BASE) {
            op->scalar[scalars++] = (uint8_t)v;
        } else if (kind == FIELD_TARGET || (kind == FIELD_SIZE && sizes++ == 1)) {
            op->extra = v;
        } else if (kind == FIELD_WIDTH) {
            op->words = (uint32_t)v;
        } else if (kind == FIELD_SHIFT) {
            op->shift = (int8_t)v;
        } else if (kind == FIELD_COUNT) {
            op->count = (uint8_t)v;
        } else if (kind == FIELD_GRID) {
            op->grid = (int8_t)v;
        } else if (kind == FIELD_ROUND) {
            op->stochastic = v != 0;
        } else if (kind == FIELD_STREAM) {
            op->stream = (uint16_t)v;
        } else if (kind != FIELD_NODE && kind != FIELD_TILE && kind != FIELD_CHANNEL) {
            op->imm = v; /* immediates, offsets, masks, sets */
        }
    }
}

static void set_times(const machine *m, operation *op)
{
    const machine_time *t = &m->time[isa_table[op->op].cost];
    double words = op->words;
    double cycles = t->fixed;
    if (t->words_per_cycle > 0)
        cycles += (double)whole_cycles(words / t->words_per_cycle);
    op->cycles = (uint32_t)whole_cycles(cycles < 1 ? 1 : cycles < 2e9 ? cycles : 2e9);
    if (!op->access || op->op == ISA_drop)
        return;
    uint32_t wide = (uint32_t)m->memory_beat_words;
    double port = (op->words / wide + (op->words % wide != 0)) * m->memory_beat_cycles;
    op->port_cycles = (uint32_t)whole_cycles(port < 2e9 ? port : 2e9);
}

static activation_table *find_table(emulator *e, isa_op op, int q_in, int q_out)
{
    for (size_t k = 0; k < e->table_count; k++)
        if (e->tables[k]->op == op && e->tables[k]->q_in == q_in && e->tables[k]->q_out == q_out)
            return e->tables[k];
    activation_table *t = ARENA_NEW(e->memory, activation_table);
    *t = (activation_table){op, q_in, q_out, ARENA_ARRAY(e->memory, int16_t, 65536)};
    for (size_t k = 0; k < 65536; k++)
        t->value[k] = ACTIVATION_UNKNOWN;
    ARENA_PUSH(e->memory, e->tables, e->table_count, e->table_capacity, t);
    return t;
}

/* What an mcu or crs names must hold a matrix; it waits for the operations that it names. */
static void decode_mcus(program_builder *b, const agent *a, operation *op)
{
    const emulator *e = b->emulator;
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        bool named = op->op == ISA_mcu ? op->imm >> (m * MCU_OPERATIONS) & 7 : op->imm >> m & 1;
        if (named && (m >= e->machine->mcus || !a->mcus[m]))
            diag_file_error(b->d, e->path, "%s: '%s' names MCU %d, which holds no matrix",
                            agent_name(e->memory, a), isa_table[op->op].mnemonic, m);
        else if (named && op->op == ISA_mcu)
            op->extra += __builtin_popcount((unsigned)op->imm >> (m * MCU_OPERATIONS) & 7) *
                         a->mcus[m]->block->rows * a->mcus[m]->block->columns;
        if (named && op->op == ISA_crs)
            op->touches |= 7u << (m * MCU_OPERATIONS);
    }
    if (op->op == ISA_mcu)
        op->touches = (uint32_t)op->imm;
}

static void decode_stream(agent *a, operation *op, const operation *before, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++)
        if ((before[k].stochastic || before[k].op == ISA_rand) && before[k].stream == op->stream) {
            op->stream_slot = before[k].stream_slot;
            return;
        }
    op->stream_slot = (uint16_t)a->streams++; /* no more of them than streams */
}

static void decode(program_builder *b, agent *a, const isa_insn *insn, operation *op)
{
    emulator *e = b->emulator;
    op->op = (uint8_t)insn->op;
    spread_fields(e, insn, op);
    op->access = accesses[insn->op];
    if ((insn->op == ISA_store || insn->op == ISA_receive) && op->count == 0)
        op->access &= (uint8_t)~ACCESS_FREE;
    set_times(e->machine, op);
    op->handler = handlers[insn->op];
    op->timed = !only_data(insn->op);
    op->data = !e->options.timing_only && (!op->timed || insn_effects[insn->op]);
    if (insn->op == ISA_mcu || insn->op == ISA_crs)
        decode_mcus(b, a, op);
    if (insn->op == ISA_halt)
        op->touches = (1u << MCU_SLOTS) - 1;
    if (insn->op == ISA_send || insn->op == ISA_receive)
        op->with.channel = build_channel(b, a, insn);
    if (isa_table[insn->op].format == FORMAT_VVWQQ && !e->options.timing_only)
        op->with.table = find_table(e, insn->op, insn->field[3], insn->field[4]);
}

void decode_agent(program_builder *b, agent *a)
{
    const image_code *code = &a->source->code;
    operation *ops = ARENA_ARRAY(b->emulator->memory, operation, code->count);
    for (uint32_t k = 0; k < code->count; k++) {
        decode(b, a, &code->insns[k], &ops[k]);
        if (ops[k].stochastic || ops[k].op == ISA_rand)
            decode_stream(a, &ops[k], ops, k);
    }
    a->code = ops;
    a->executed = ARENA_ARRAY(b->emulator->memory, uint64_t, code->count);
    a->once = ARENA_ARRAY(b->emulator->memory, uint64_t, code->count);
    a->stream_runs = ARENA_ARRAY(b->emulator->memory, uint64_t, a->streams);
}
