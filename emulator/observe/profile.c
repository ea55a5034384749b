#include "emulator/observe/profile.h"

#include "emulator/observe/watch.h"

#include <string.h>

const char *const unit_names[UNIT_KINDS] = {"core", "thread", "mcu", "memory_port"};

const char *const wait_names[WAIT_CAUSES] = {
    "data", "free_words", "packet", "credit", "memory_port", "mcu",
};

static uint32_t layers_of(const emulator *e)
{
    return e->image->layer_count ? e->image->layer_count : 1;
}

/* mW times ns is pJ. */
static uint64_t leaked(const emulator *e, uint64_t cycles, double mw)
{
    return observe_femtojoule((double)cycles, mw / e->machine->clock_ghz);
}

uint64_t observe_leakage(const emulator *e, uint64_t *by_layer)
{
    const machine *m = e->machine;
    uint64_t total = 0;
    for (uint32_t k = 0; k < e->image->entry_count; k++) {
        const program *p = &e->programs[k];
        for (uint32_t i = 0; i < p->tile_count; i++) {
            uint64_t fj = leaked(e, p->tiles[i].active_cycles, m->leak_tile_mw + m->leak_router_mw);
            total += fj;
            if (by_layer)
                by_layer[0] += fj;
        }
        for (uint32_t i = 0; i < p->agent_count; i++) {
            const agent *a = &p->agents[i];
            uint64_t fj = a->source->is_thread ? 0 : leaked(e, a->active_cycles, m->leak_core_mw);
            total += fj;
            if (by_layer)
                by_layer[observe_main_layer(e, a)] += fj;
        }
    }
    return total;
}

static void add_energy(emulator *e, emulator_profile *to)
{
    uint64_t *leak = ARENA_ARRAY(e->memory, uint64_t, to->layer_count);
    observe_leakage(e, leak);
    for (uint32_t layer = 0; layer < to->layer_count; layer++) {
        layer_profile *l = &to->layers[layer];
        for (int kind = 0; kind < OPERATION_KINDS; kind++)
            for (int c = 0; c < ENERGY_COUNT; c++)
                l->energy[kind][c] =
                    observe_femtojoule((double)e->energy[layer][kind][c],
                                       machine_price(e->machine, (energy_component)c));
        l->energy[OPERATION_KINDS][ENERGY_COUNT] = leak[layer];
    }
}

/* Operations of MCUs: their time on the crossbar; what applying updates takes comes later. */
static void add_matrix_work(emulator *e, const agent *a, const operation *op, uint64_t times)
{
    const cycle_costs *cost = &e->cost;
    const uint64_t each[MCU_OPERATIONS] = {cost->mvm, cost->mtvm, cost->opa};
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        if (op->op == ISA_crs && op->imm >> m & 1 &&
            e->machine->units.updates == UNIT_CROSSBAR)
            a->mcus[m]->busy[OPERATION_CRS] += times * cost->rewrite;
        for (int o = 0; op->op == ISA_mcu && o < MCU_OPERATIONS; o++)
            if (op->imm >> (m * MCU_OPERATIONS + o) & 1)
                a->mcus[m]->busy[o] += times * each[o];
    }
}

static void add_agent(emulator *e, const agent *a, emulator_profile *to)
{
    unit_kind unit = a->source->is_thread ? UNIT_THREAD : UNIT_CORE;
    to->active_cycles += a->active_cycles;
    for (uint32_t k = 0; k < a->source->code.count; k++) {
        const operation *op = &a->code[k];
        uint64_t times = a->executed[k];
        if (!times)
            continue;
        uint64_t *busy = to->layers[observe_layer(e, a, k)].busy[observe_kind((isa_op)op->op)];
        busy[unit] += times * observe_busy(op);
        busy[UNIT_PORT] += times * op->port_cycles;
        if (op->op == ISA_mcu || op->op == ISA_crs)
            add_matrix_work(e, a, op, times);
    }
}

static tile_profile *tile_at(const emulator *e, emulator_profile *to, int node, int number)
{
    for (uint32_t k = to->tile_count; k-- > 0;)
        if (to->tiles[k].node == node && to->tiles[k].tile == number)
            return &to->tiles[k];
    tile_profile *t = &to->tiles[to->tile_count++];
    *t = (tile_profile){.node = (uint16_t)node, .tile = (uint16_t)number};
    const memory_watch *w = e->watch ? e->watch->memories : NULL;
    if (w) {
        w += (size_t)node * (size_t)e->machine->tiles + (size_t)number;
        t->words_used = w->used;
        t->words_live = w->live;
    }
    return t;
}

static void add_mcus(emulator *e, emulator_profile *to)
{
    for (uint32_t k = 0; k < e->image->matrix_count; k++)
        for (uint32_t i = 0; i < e->image->matrices[k].block_count; i++) {
            mcu *unit = &e->mcus[k][i];
            layer_profile *l = &to->layers[unit->layer];
            tile_profile *t = tile_at(e, to, unit->block->node, unit->block->tile);
            uint64_t sum = 0;
            unit->busy[OPERATION_OPA] += unit->update_cycles;
            unit->busy[OPERATION_CRS] += e->host_crs * e->cost.rewrite;
            for (int o = 0; o < MCU_WORK; o++) {
                l->busy[o][UNIT_MCU] += unit->busy[o];
                t->busy[o] += unit->busy[o];
                sum += unit->busy[o];
            }
            l->mcus++;
            t->mcus++;
            l->busiest_mcu = sum > l->busiest_mcu ? sum : l->busiest_mcu;
            l->adc_clips += unit->crossbar ? unit->crossbar->adc_clips : 0;
        }
}

static void add_entry(const emulator *e, uint32_t index, emulator_profile *to)
{
    const program *p = &e->programs[index];
    entry_profile *entry = &to->entries[index];
    entry->kernels = p->kernels;
    entry->cycles = p->cycles;
    if (!e->watch || !p->kernels)
        return;
    const program_watch *w = &e->watch->programs[index];
    entry->watched = true;
    for (int o = 0; o < MCU_WORK; o++)
        entry->bin_cycles =
            w->busy[o].width > entry->bin_cycles ? w->busy[o].width : entry->bin_cycles;
    for (int o = 0; o < MCU_WORK; o++) {
        bins b = w->busy[o];
        bins_cover(&b, entry->bin_cycles * BINS);
        memcpy(entry->busy[o], b.at, sizeof b.at);
    }
    for (uint32_t layer = 0; layer < to->layer_count; layer++)
        for (int c = 0; c < WAIT_CAUSES; c++)
            to->layers[layer].waits[c] += p->kernels * w->waits[layer][c];
}

static emulator_profile *empty_profile(emulator *e)
{
    _Static_assert((int)TIMELINE_BINS == (int)BINS, "a timeline is one set of bins");
    if (!e->profile) {
        size_t tiles = (size_t)e->machine->nodes * (size_t)e->machine->tiles;
        e->profile = ARENA_NEW(e->memory, emulator_profile);
        e->profile->layers = ARENA_ARRAY(e->memory, layer_profile, layers_of(e));
        e->profile->tiles = ARENA_ARRAY(e->memory, tile_profile, tiles);
        e->profile->entries = ARENA_ARRAY(e->memory, entry_profile, e->image->entry_count + 1);
    }
    emulator_profile *p = e->profile;
    p->watched = e->watch != NULL;
    p->layer_count = layers_of(e);
    p->tile_count = 0;
    p->active_cycles = 0;
    p->crs_cycles = e->host_crs * e->cost.rewrite;
    memset(p->layers, 0, p->layer_count * sizeof *p->layers);
    memset(p->entries, 0, e->image->entry_count * sizeof *p->entries);
    for (uint32_t k = 0; k < e->image->matrix_count; k++)
        for (uint32_t i = 0; i < e->image->matrices[k].block_count; i++)
            memset(e->mcus[k][i].busy, 0, sizeof e->mcus[k][i].busy);
    return p;
}

const emulator_profile *emulator_profile_of(emulator *e)
{
    emulator_statistics(e);
    emulator_profile *to = empty_profile(e);
    add_energy(e, to);
    for (uint32_t k = 0; k < e->image->entry_count; k++) {
        const program *p = &e->programs[k];
        for (uint32_t i = 0; i < p->agent_count; i++)
            add_agent(e, &p->agents[i], to);
        for (uint32_t i = 0; i < p->tile_count; i++)
            tile_at(e, to, p->tiles[i].node, p->tiles[i].number);
        add_entry(e, k, to);
    }
    add_mcus(e, to);
    return to;
}

void emulator_sample_now(const emulator *e, emulator_sample *to)
{
    memset(to, 0, sizeof *to);
    for (size_t k = 0; k < e->crossbar_count; k++) {
        const crossbar *x = e->crossbars[k];
        to->adc_clips += x->adc_clips;
        for (int s = 0; s < SLICES_MAX; s++)
            to->slice_saturation[s] += x->saturated[s];
    }
    to->crs = e->host_crs;
}
