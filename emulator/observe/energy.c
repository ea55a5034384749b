#include "emulator/observe/observe.h"
#include "emulator/update.h"

#include <string.h>

static uint64_t beats_of(const machine *m, uint32_t words)
{
    uint32_t wide = (uint32_t)m->memory_beat_words;
    return words / wide + (words % wide != 0);
}

/* Which kind of operation an instruction belongs to; those of an mcu are told apart below. */
int observe_kind(isa_op op)
{
    switch (isa_table[op].cost) {
    case TIME_load:
    case TIME_peek:
    case TIME_drop:
    case TIME_store:
        return OPERATION_MEMORY;
    case TIME_send:
    case TIME_receive:
        return OPERATION_NETWORK;
    case TIME_scalar:
    case TIME_branch:
    case TIME_mcu:
        return OPERATION_CONTROL;
    case TIME_crs:
        return OPERATION_CRS;
    default:
        return OPERATION_VECTOR;
    }
}

static const uint8_t lane_component[TIME_CLASS_COUNT] = {
    [TIME_vector] = ENERGY_vector_add,     [TIME_vector_mul] = ENERGY_vector_mul,
    [TIME_vector_div] = ENERGY_vector_div, [TIME_activation] = ENERGY_activation,
    [TIME_reduce] = ENERGY_vector_add,
};

/* Register words read and written, in the core's file and in the MCUs. */
static void count_operands(const machine *m, const isa_insn *insn, const operation *op,
                           uint64_t times, uint64_t *count)
{
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    int vectors = 0;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        if (kinds[i] != FIELD_VECTOR)
            continue;
        bool written = vectors == 0 && insn->op != ISA_store;
        bool single = (written && (insn->op == ISA_sum || insn->op == ISA_maxr)) ||
                      (vectors == 1 && insn->op == ISA_bcast);
        energy_component c = op->vector[vectors] < (uint32_t)m->vector_words ? ENERGY_registers
                             : written ? ENERGY_xbar_in_write
                                       : ENERGY_xbar_out;
        count[c] += times * (single ? 1 : op->words);
        vectors++;
    }
}

static void count_access(const machine *m, const operation *op, uint64_t times, uint64_t *count)
{
    uint64_t n = times * beats_of(m, op->words);
    count[ENERGY_counters] += n;
    count[ENERGY_memory_control] += n;
    if (op->op == ISA_drop)
        return; /* no data moves */
    count[ENERGY_memory] += n;
    count[ENERGY_memory_bus] += n;
    if (op->op == ISA_receive)
        count[ENERGY_receive_buffer] += n;
    if (op->op == ISA_send || (op->op == ISA_receive && !op->with.channel->from))
        count[ENERGY_router] += n;
    const channel *c = op->with.channel;
    if (op->op == ISA_send && c->to && c->to->node != c->from->node)
        count[ENERGY_link] += n;
}

/*
 * A product streams its operand over input_bits cycles; behind every column (row) each cycle is
 * sampled and shifted into the result once per slice and once across slices, and the output
 * register is read and written. The whole side works, however small the matrix.
 */
static void count_product(const machine *m, bool transposed, uint64_t times, uint64_t *count)
{
    uint64_t bits = times * (uint64_t)m->input_bits, slices = (uint64_t)m->slices.slices;
    uint64_t side = (uint64_t)(transposed ? m->slices.rows : m->slices.columns);
    count[transposed ? ENERGY_mtvm : ENERGY_mvm] += times * slices;
    count[ENERGY_adc] += times * slices;
    count[ENERGY_xbar_in_read] += bits;
    count[ENERGY_xbar_out] += 2 * bits * side;
    count[ENERGY_shift_add] += bits * side * (slices + 1);
    count[ENERGY_sample_hold] += bits * side * slices;
}

/* Of digital units: all cells of the MCU, however small the matrix; operands and results once. */
static void count_digital(const machine *m, energy_component c, uint64_t times, uint64_t *count)
{
    uint64_t rows = (uint64_t)m->slices.rows, columns = (uint64_t)m->slices.columns;
    count[c] += times * rows * columns;
    count[ENERGY_xbar_in_read] += times * (uint64_t)m->input_bits;
    if (c == ENERGY_digital_product)
        count[ENERGY_xbar_out] += times * (rows > columns ? rows : columns);
}

static void count_outer(const machine *m, uint64_t times, uint64_t *count)
{
    uint64_t bits = times * (uint64_t)m->input_bits;
    count[ENERGY_opa] += bits * (uint64_t)m->slices.slices * (uint64_t)m->opa_copies;
    count[ENERGY_xbar_in_read] += bits;
}

static void count_update(const agent *a, int k, uint64_t times, uint64_t *count)
{
    const machine *m = a->tile->emulator->machine;
    switch (update_unit(a, k)) {
    case UNIT_CROSSBAR:
        count_outer(m, times, count);
        break;
    case UNIT_DIGITAL:
        count_digital(m, ENERGY_digital_update, times, count);
        break;
    case UNIT_MVM:
        count_product(m, false, times, count);
        break;
    }
}

static void count_mcu(const agent *a, const operation *op, uint64_t times, energy_counts *to)
{
    const machine *m = a->tile->emulator->machine;
    for (int k = 0; k < ISA_MCUS_MAX; k++) {
        int mask = op->imm >> (k * MCU_OPERATIONS) & 7;
        for (int o = 0; o < 2; o++) {
            if (!(mask >> o & 1))
                continue;
            uint64_t *count = (*to)[o == MCU_MVM ? OPERATION_MVM : OPERATION_MTVM];
            if (m->units.products == UNIT_DIGITAL)
                count_digital(m, ENERGY_digital_product, times, count);
            else
                count_product(m, o == MCU_MTVM, times, count);
        }
        if (mask >> MCU_OPA & 1)
            count_update(a, k, times, (*to)[OPERATION_OPA]);
    }
}

/* Serial reads and writes: carry resolutions, commits, and what other units rewrite. */
static void count_serial(const machine *m, uint64_t reads, uint64_t writes, uint64_t *count)
{
    count[ENERGY_serial_read] += reads * (uint64_t)m->slices.slices;
    count[ENERGY_serial_write] += writes * (uint64_t)m->slices.slices;
}

/* One carry resolution, or the commit of variant 3: read one copy, write those that are read. */
static void count_rewrite(const machine *m, uint64_t times, uint64_t *count)
{
    count_serial(m, times, times * (m->variant == 1 ? 1 : 2), count);
}

void observe_instruction(const emulator *e, const agent *a, uint32_t at, uint64_t times,
                         energy_counts *to)
{
    const machine *m = e->machine;
    const operation *op = &a->code[at];
    const isa_row *row = &isa_table[op->op];
    uint64_t *count = (*to)[observe_kind((isa_op)op->op)];
    (*to)[OPERATION_CONTROL][a->source->is_thread ? ENERGY_tile_fetch : ENERGY_core_fetch] += times;
    if (row->cost == TIME_scalar || row->cost == TIME_branch)
        count[ENERGY_scalar] += times;
    if (lane_component[row->cost])
        count[lane_component[row->cost]] += times * op->words;
    count_operands(m, &a->source->code.insns[at], op, times, count);
    if (op->access)
        count_access(m, op, times, count);
    if (op->op == ISA_mcu)
        count_mcu(a, op, times, to);
    if (op->op == ISA_crs && m->units.updates == UNIT_CROSSBAR)
        count_rewrite(m, times * (uint64_t)__builtin_popcount((unsigned)op->imm), count);
}

uint16_t observe_layer(const emulator *e, const agent *a, uint32_t at)
{
    const image_origin *o = a->source->code.origins;
    return o && o[at].layer < e->image->layer_count ? o[at].layer : 0;
}

uint16_t observe_main_layer(const emulator *e, const agent *a)
{
    uint16_t layer = 0;
    for (uint32_t k = 0; k < a->source->code.count && !layer; k++)
        layer = observe_layer(e, a, k);
    return layer;
}

static void count_agent(emulator *e, const agent *a)
{
    for (uint32_t k = 0; k < a->source->code.count; k++)
        if (a->executed[k])
            observe_instruction(e, a, k, a->executed[k], &e->energy[observe_layer(e, a, k)]);
    if (a->source->is_thread)
        return;
    uint64_t *control = e->energy[observe_main_layer(e, a)][OPERATION_CONTROL];
    control[ENERGY_core_control] += a->active_cycles;
}

/* After its kernels: a commit of variant 3, or the crossbars that updates beside them rewrite. */
static void count_commits(const machine *m, const mcu *unit, uint64_t *count)
{
    if (m->variant == 3)
        count_rewrite(m, unit->commits, count);
    else if (m->units.updates != UNIT_CROSSBAR && m->units.products == UNIT_CROSSBAR)
        count_serial(m, unit->commits + unit->error_writes,
                     unit->commits * (uint64_t)m->opa_copies + unit->error_writes, count);
}

static void count_rewrites(emulator *e)
{
    for (uint32_t k = 0; k < e->image->matrix_count; k++)
        for (uint32_t i = 0; i < e->image->matrices[k].block_count; i++) {
            const mcu *unit = &e->mcus[k][i];
            energy_counts *to = &e->energy[unit->layer];
            count_commits(e->machine, unit, (*to)[OPERATION_OPA]);
            count_rewrite(e->machine, e->host_crs, (*to)[OPERATION_CRS]);
        }
}

void observe_energy(emulator *e)
{
    memset(e->energy, 0, (e->image->layer_count ? e->image->layer_count : 1) * sizeof *e->energy);
    for (uint32_t k = 0; k < e->image->entry_count; k++) {
        const program *p = &e->programs[k];
        for (uint32_t i = 0; i < p->tile_count; i++) {
            const tile *t = &p->tiles[i];
            e->energy[0][OPERATION_CONTROL][ENERGY_tile_control] += t->active_cycles;
            for (uint32_t n = 0; n < t->agent_count; n++)
                count_agent(e, &t->agents[n]);
        }
    }
    count_rewrites(e);
}

void observe_activity(program *p)
{
    for (uint32_t k = 0; k < p->tile_count; k++) {
        tile *t = &p->tiles[k];
        t->active_cycles += t->halted_at;
        for (uint32_t i = 0; i < t->agent_count; i++)
            t->agents[i].active_cycles += t->agents[i].now;
    }
}
