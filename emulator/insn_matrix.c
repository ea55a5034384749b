/*
 * Matrix instructions. The numbers are those of the issue: the operands are fixed then, and the
 * weights for the whole kernel. Time goes on: each operation of each MCU is busy until its end, and
 * whoever uses its registers or names it again waits for that.
 */
#include "emulator/batch.h"
#include "emulator/handlers.h"
#include "emulator/tile.h"

#include "isa/support/fixed.h"
#include "isa/support/sliced.h"

#include <string.h>

static int16_t *mcu_registers(const agent *a, int m, mcu_vector which)
{
    const machine *on = a->tile->emulator->machine;
    int side = on->slices.rows > on->slices.columns ? on->slices.rows : on->slices.columns;
    return a->registers + on->vector_words + (m * MCU_VECTORS + (int)which) * side;
}

/* sliced_output, lane by lane. */
WIDE_LANES static void deliver(const int64_t *sums, int n, int shift, int16_t *out)
{
    if (shift < 1 || shift > 62) {
        for (int i = 0; i < n; i++)
            out[i] = sliced_output(sums[i], shift);
        return;
    }
    uint64_t half = (uint64_t)1 << (shift - 1);
    for (int i = 0; i < n; i++) {
        int64_t v = sums[i];
        uint64_t size = ((v < 0 ? 0 - (uint64_t)v : (uint64_t)v) + half) >> shift;
        int32_t rounded = size > FIXED_MAX ? FIXED_MAX : (int32_t)size;
        out[i] = (int16_t)(v < 0 ? -rounded : rounded);
    }
}

static void compute(agent *a, int m, int mask)
{
    mcu *unit = a->mcus[m];
    crossbar *x = unit->crossbar;
    int64_t sums[CROSSBAR_SIDE_MAX];
    if (mask >> MCU_MVM & 1) {
        crossbar_mvm(x, mcu_registers(a, m, MCU_MVM_IN), sums);
        deliver(sums, x->columns, unit->block->mvm_shift, mcu_registers(a, m, MCU_MVM_OUT));
    }
    if (mask >> MCU_MTVM & 1) {
        crossbar_mtvm(x, mcu_registers(a, m, MCU_MTVM_IN), sums);
        deliver(sums, x->rows, unit->block->mtvm_shift, mcu_registers(a, m, MCU_MTVM_OUT));
    }
    if (mask >> MCU_OPA & 1)
        crossbar_opa(x, mcu_registers(a, m, MCU_OPA_ROW), mcu_registers(a, m, MCU_OPA_COL));
}

void matrix_products(agent *a, int m, const batch_products *b)
{
    const mcu *unit = a->mcus[m];
    crossbar *x = unit->crossbar;
    int inputs = b->transposed ? x->columns : x->rows;
    int outputs = b->transposed ? x->rows : x->columns;
    int shift = b->transposed ? unit->block->mtvm_shift : unit->block->mvm_shift;
    int16_t in[CROSSBAR_BATCH * CROSSBAR_SIDE_MAX];
    int64_t sums[CROSSBAR_BATCH * CROSSBAR_SIDE_MAX];
    for (int v = 0; v < b->count; v++)
        memcpy(in + v * inputs, a->registers + b->in[v], (size_t)inputs * sizeof *in);
    (b->transposed ? crossbar_mtvm_many : crossbar_mvm_many)(x, in, b->count, sums);
    for (int v = 0; v < b->count; v++)
        deliver(sums + v * outputs, outputs, shift, a->registers + b->out[v]);
}

void data_mcu(agent *a, const operation *op)
{
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        int mask = op->imm >> (m * MCU_OPERATIONS) & 7;
        if (mask)
            compute(a, m, mask);
    }
}

void data_crs(agent *a, const operation *op)
{
    for (int m = 0; m < ISA_MCUS_MAX; m++)
        if (op->imm >> m & 1)
            crossbar_crs(a->mcus[m]->crossbar);
}

/* Variant 1: MVM and MTVM share the one crossbar; the second waits inside the MCU. */
static uint64_t product_end(agent *a, int m, uint64_t cycles)
{
    if (a->tile->emulator->machine->variant != 1)
        return a->now + cycles;
    uint64_t *shared = &a->crossbar_free[m];
    *shared = (*shared > a->now ? *shared : a->now) + cycles;
    return *shared;
}

static uint64_t start_operations(agent *a, int m, int mask)
{
    const cycle_costs *cost = &a->tile->emulator->cost;
    uint64_t *end = &a->busy_until[m * MCU_OPERATIONS], last = a->now;
    if (mask >> MCU_MVM & 1)
        end[MCU_MVM] = product_end(a, m, cost->mvm);
    if (mask >> MCU_MTVM & 1)
        end[MCU_MTVM] = product_end(a, m, cost->mtvm);
    if (mask >> MCU_OPA & 1) {
        end[MCU_OPA] = a->now + cost->opa;
        a->updates[m]++;
    }
    for (int o = 0; o < MCU_OPERATIONS; o++)
        if (mask >> o & 1 && end[o] > last)
            last = end[o];
    return last;
}

void insn_mcu(agent *a, const operation *op)
{
    const emulator *e = a->tile->emulator;
    uint64_t last = a->now;
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        int mask = op->imm >> (m * MCU_OPERATIONS) & 7;
        uint64_t end = mask ? start_operations(a, m, mask) : 0;
        last = end > last ? end : last;
    }
    if (e->machine->issue == ISSUE_BLOCKING)
        a->now = last;
}

void insn_crs(agent *a, const operation *op)
{
    const emulator *e = a->tile->emulator;
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        if (!(op->imm >> m & 1) || !a->updates[m])
            continue;
        tile_fail(a->tile, a, a->now,
                  "carry resolution of MCU %d while its updates wait for the halt", m);
        return;
    }
    if (e->machine->units.updates == UNIT_CROSSBAR) /* exact updates leave no carries */
        a->now += e->cost.rewrite;
}
