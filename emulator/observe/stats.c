#include "emulator/cells.h"
#include "emulator/observe/observe.h"

#include <string.h>

const char *const operation_names[OPERATION_KINDS] = {
    "mvm", "mtvm", "opa", "crs", "vector", "memory", "network", "control",
};

static void count_matrix_operations(const operation *op, uint64_t times, emulator_totals *t)
{
    unsigned mask = (unsigned)op->imm;
    if (op->op == ISA_crs)
        t->crs += times * (uint64_t)__builtin_popcount(mask);
    if (op->op != ISA_mcu)
        return;
    const unsigned each = 0x9249; /* the lowest bit of the six masks */
    t->mcu_instructions += times;
    t->mvm += times * (uint64_t)__builtin_popcount(mask & (each << MCU_MVM));
    t->mtvm += times * (uint64_t)__builtin_popcount(mask & (each << MCU_MTVM));
    t->opa += times * (uint64_t)__builtin_popcount(mask & (each << MCU_OPA));
}

/* What cores take out of shared memory (load, peek) and put there. */
static void count_words(const agent *a, uint32_t at, uint64_t times, emulator_totals *t)
{
    const operation *op = &a->code[at];
    bool reads = op->op == ISA_load || op->op == ISA_peek;
    if (reads)
        t->words_read += times * op->words;
    if (reads && times && observe_is_operand(a, at))
        t->operand_words += times * op->words;
    if (op->op == ISA_store)
        t->words_written += times * op->words;
}

static void count_program(const program *p, emulator_totals *t)
{
    for (uint32_t k = 0; k < p->tile_count; k++)
        for (uint32_t i = 0; i < p->tiles[k].agent_count; i++) {
            const agent *a = &p->tiles[k].agents[i];
            for (uint32_t n = 0; n < a->source->code.count; n++) {
                t->instructions += a->executed[n];
                count_matrix_operations(&a->code[n], a->executed[n], t);
                count_words(a, n, a->executed[n], t);
            }
        }
}

static void count_crossbars(const emulator *e, emulator_totals *t)
{
    for (uint32_t k = 0; k < e->image->matrix_count; k++)
        for (uint32_t i = 0; i < e->image->matrices[k].block_count; i++) {
            const crossbar *x = e->mcus[k][i].crossbar;
            t->crs += e->host_crs;
            if (!x)
                continue;
            t->adc_clips += x->adc_clips;
            for (int s = 0; s < SLICES_MAX; s++)
                t->slice_saturation[s] += x->saturated[s];
        }
}

uint64_t observe_femtojoule(double count, double price_pj)
{
    double fj = count * price_pj * 1000 + 0.5;
    return fj < 0x1p62 ? (uint64_t)fj : (uint64_t)1 << 62;
}

/* The doubles are whole femtojoules too: every way of adding them up comes to the same total. */
static void convert_energy(emulator *e, emulator_totals *t)
{
    uint64_t component[ENERGY_COUNT] = {0}, of_kind[OPERATION_KINDS] = {0}, total = 0;
    uint32_t layers = e->image->layer_count ? e->image->layer_count : 1;
    double price[ENERGY_COUNT];
    for (int c = 0; c < ENERGY_COUNT; c++)
        price[c] = machine_price(e->machine, (energy_component)c);
    for (uint32_t layer = 0; layer < layers; layer++) {
        uint64_t sum = 0;
        for (int kind = 0; kind < OPERATION_KINDS; kind++)
            for (int c = 0; c < ENERGY_COUNT; c++) {
                uint64_t fj = observe_femtojoule((double)e->energy[layer][kind][c], price[c]);
                component[c] += fj;
                of_kind[kind] += fj;
                sum += fj;
            }
        e->by_layer[layer] = (double)sum / 1000;
        total += sum;
    }
    for (int c = 0; c < ENERGY_COUNT; c++)
        t->by_component[c] = (double)component[c] / 1000;
    for (int kind = 0; kind < OPERATION_KINDS; kind++)
        t->by_operation[kind] = (double)of_kind[kind] / 1000;
    t->energy_pj = (double)total / 1000;
}

void observe_totals(emulator *e)
{
    emulator_totals *t = &e->totals;
    memset(t, 0, sizeof *t);
    t->cycles = e->cycles;
    t->kernels = e->kernels;
    t->last_kernel_cycles = e->last_kernel_cycles;
    t->by_layer = e->by_layer;
    for (uint32_t k = 0; k < e->image->entry_count; k++)
        count_program(&e->programs[k], t);
    count_crossbars(e, t);
    cells_wear(e, t);
    observe_energy(e);
    convert_energy(e, t);
    t->leakage_pj = (double)observe_leakage(e, NULL) / 1000;
}
