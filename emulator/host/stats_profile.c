/*
 * Where cycles and energy went, as JSON. Whole numbers are written with all their digits, so that
 * every breakdown adds up to its total exactly.
 */
#include "emulator/host/stats_profile.h"

static const char *layer_name(const image *im, uint32_t layer)
{
    return layer < im->layer_count && im->layers[layer][0] ? im->layers[layer] : "none";
}

void stats_add_whole(cJSON *to, const char *name, uint64_t v)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    cJSON_AddItemToObject(to, name, cJSON_CreateRaw(digits));
}

/* Of energies: the last component and operation are leakage. */
static const char *component_name(int c)
{
    return c < ENERGY_COUNT ? energy_component_names[c] : "leakage";
}
static const char *operation_name(int o)
{
    return o < OPERATION_KINDS ? operation_names[o] : "leakage";
}

static uint64_t layer_energy(const layer_profile *l, int operation, int component)
{
    uint64_t sum = 0;
    for (int o = 0; o < PROFILE_OPERATIONS; o++)
        for (int c = 0; c < PROFILE_COMPONENTS; c++)
            if ((operation < 0 || o == operation) && (component < 0 || c == component))
                sum += l->energy[o][c];
    return sum;
}

static uint64_t layer_busy(const layer_profile *l, int operation, int unit)
{
    uint64_t sum = 0;
    for (int o = 0; o < OPERATION_KINDS; o++)
        for (int u = 0; u < UNIT_KINDS; u++)
            if ((operation < 0 || o == operation) && (unit < 0 || u == unit))
                sum += l->busy[o][u];
    return sum;
}

typedef uint64_t layer_sum(const layer_profile *l, int operation, int part);

static uint64_t over_layers(const emulator_profile *p, layer_sum *sum, int operation, int part)
{
    uint64_t all = 0;
    for (uint32_t k = 0; k < p->layer_count; k++)
        all += sum(&p->layers[k], operation, part);
    return all;
}

static void add_energy(cJSON *root, const emulator_profile *p, const image *im)
{
    cJSON *at = cJSON_AddObjectToObject(root, "energy_fj");
    uint64_t total = over_layers(p, layer_energy, -1, -1);
    uint64_t leakage = over_layers(p, layer_energy, OPERATION_KINDS, -1);
    stats_add_whole(at, "total", total);
    stats_add_whole(at, "dynamic", total - leakage);
    stats_add_whole(at, "leakage", leakage);
    cJSON *by = cJSON_AddObjectToObject(at, "by_layer");
    for (uint32_t k = 0; k < p->layer_count; k++)
        stats_add_whole(by, layer_name(im, k), layer_energy(&p->layers[k], -1, -1));
    by = cJSON_AddObjectToObject(at, "by_component");
    for (int c = 0; c < PROFILE_COMPONENTS; c++)
        stats_add_whole(by, component_name(c), over_layers(p, layer_energy, -1, c));
    by = cJSON_AddObjectToObject(at, "by_operation");
    for (int o = 0; o < PROFILE_OPERATIONS; o++)
        stats_add_whole(by, operation_name(o), over_layers(p, layer_energy, o, -1));
    by = cJSON_AddObjectToObject(at, "by_layer_and_component");
    for (uint32_t k = 0; k < p->layer_count; k++) {
        cJSON *layer = cJSON_AddObjectToObject(by, layer_name(im, k));
        for (int c = 0; c < PROFILE_COMPONENTS; c++)
            if (layer_energy(&p->layers[k], -1, c))
                stats_add_whole(layer, component_name(c), layer_energy(&p->layers[k], -1, c));
    }
}

static void add_busy(cJSON *root, const emulator_profile *p, const image *im)
{
    cJSON *at = cJSON_AddObjectToObject(root, "busy_cycles");
    stats_add_whole(at, "total", over_layers(p, layer_busy, -1, -1));
    cJSON *by = cJSON_AddObjectToObject(at, "by_layer");
    for (uint32_t k = 0; k < p->layer_count; k++)
        stats_add_whole(by, layer_name(im, k), layer_busy(&p->layers[k], -1, -1));
    by = cJSON_AddObjectToObject(at, "by_component");
    for (int u = 0; u < UNIT_KINDS; u++)
        stats_add_whole(by, unit_names[u], over_layers(p, layer_busy, -1, u));
    by = cJSON_AddObjectToObject(at, "by_operation");
    for (int o = 0; o < OPERATION_KINDS; o++)
        stats_add_whole(by, operation_names[o], over_layers(p, layer_busy, o, -1));
}

static uint64_t waits_of(const layer_profile *l, int cause)
{
    uint64_t sum = 0;
    for (int c = 0; c < WAIT_CAUSES; c++)
        sum += cause < 0 || c == cause ? l->waits[c] : 0;
    return sum;
}

static void add_waits(cJSON *root, const emulator_profile *p, const image *im)
{
    cJSON *at = cJSON_AddObjectToObject(root, "wait_cycles");
    uint64_t total = 0;
    for (uint32_t k = 0; k < p->layer_count; k++)
        total += waits_of(&p->layers[k], -1);
    stats_add_whole(at, "total", total);
    cJSON *by = cJSON_AddObjectToObject(at, "by_cause");
    for (int c = 0; c < WAIT_CAUSES; c++) {
        uint64_t sum = 0;
        for (uint32_t k = 0; k < p->layer_count; k++)
            sum += waits_of(&p->layers[k], c);
        stats_add_whole(by, wait_names[c], sum);
    }
    by = cJSON_AddObjectToObject(at, "by_layer");
    for (uint32_t k = 0; k < p->layer_count; k++)
        stats_add_whole(by, layer_name(im, k), waits_of(&p->layers[k], -1));
}

static void add_layers(cJSON *root, const emulator_profile *p, const image *im)
{
    cJSON *list = cJSON_AddArrayToObject(root, "layers");
    for (uint32_t k = 0; k < p->layer_count; k++) {
        const layer_profile *l = &p->layers[k];
        cJSON *at = cJSON_CreateObject();
        cJSON_AddItemToArray(list, at);
        cJSON_AddStringToObject(at, "name", layer_name(im, k));
        stats_add_whole(at, "mcus", l->mcus);
        stats_add_whole(at, "busiest_mcu_cycles", l->busiest_mcu);
        for (int u = 0; u < UNIT_KINDS; u++)
            stats_add_whole(at, unit_names[u], layer_busy(l, -1, u));
        stats_add_whole(at, "waits", waits_of(l, -1));
        stats_add_whole(at, "energy_fj", layer_energy(l, -1, -1));
        stats_add_whole(at, "adc_clips", l->adc_clips);
    }
}

static void add_tiles(cJSON *root, const emulator_profile *p, const machine *m)
{
    cJSON *list = cJSON_AddArrayToObject(root, "tiles");
    for (uint32_t k = 0; k < p->tile_count; k++) {
        const tile_profile *t = &p->tiles[k];
        cJSON *at = cJSON_CreateObject();
        cJSON_AddItemToArray(list, at);
        stats_add_whole(at, "node", t->node);
        stats_add_whole(at, "tile", t->tile);
        stats_add_whole(at, "mcus", t->mcus);
        for (int o = 0; o < MCU_WORK; o++)
            stats_add_whole(at, operation_names[o], t->busy[o]);
        stats_add_whole(at, "words", (uint64_t)m->memory_words);
        stats_add_whole(at, "words_used", t->words_used);
        stats_add_whole(at, "words_live", t->words_live);
    }
}

static void add_timeline(cJSON *to, const entry_profile *e)
{
    uint64_t bins = e->bin_cycles ? (e->cycles + e->bin_cycles - 1) / e->bin_cycles : 0;
    cJSON *at = cJSON_AddObjectToObject(to, "mcu_timeline");
    stats_add_whole(at, "bin_cycles", e->bin_cycles);
    for (int o = 0; o < MCU_WORK; o++) {
        cJSON *list = cJSON_AddArrayToObject(at, operation_names[o]);
        for (uint64_t k = 0; k < bins && k < TIMELINE_BINS; k++)
            cJSON_AddItemToArray(list, cJSON_CreateNumber((double)e->busy[o][k]));
    }
}

double stats_bound_cycles(const image_entry *entry, const machine *m)
{
    return (m->variant == 1 ? entry->bound_steps_serial : entry->bound_steps) * m->t_mvm;
}

static void add_entries(cJSON *root, const emulator_profile *p, const image *im, const machine *m)
{
    cJSON *list = cJSON_AddArrayToObject(root, "entries");
    for (uint32_t k = 0; k < im->entry_count; k++) {
        const entry_profile *e = &p->entries[k];
        if (!e->kernels)
            continue;
        cJSON *at = cJSON_CreateObject();
        cJSON_AddItemToArray(list, at);
        cJSON_AddStringToObject(at, "name", im->entries[k].name);
        stats_add_whole(at, "batch", im->entries[k].batch);
        stats_add_whole(at, "kernels", e->kernels);
        stats_add_whole(at, "cycles_per_kernel", e->cycles);
        stats_add_whole(at, "cycles", e->kernels * e->cycles);
        double bound = stats_bound_cycles(&im->entries[k], m);
        cJSON_AddNumberToObject(at, "bound_cycles", bound);
        if (bound > 0)
            cJSON_AddNumberToObject(at, "cycles_over_bound", (double)e->cycles / bound);
        if (e->watched)
            add_timeline(at, e);
    }
    stats_add_whole(root, "crs_cycles", p->crs_cycles);
}

void stats_add_profile(cJSON *root, const emulator_profile *p, const image *im, const machine *m)
{
    add_entries(root, p, im, m);
    add_energy(root, p, im);
    add_busy(root, p, im);
    stats_add_whole(root, "agent_cycles", p->active_cycles);
    if (p->watched)
        add_waits(root, p, im);
    add_layers(root, p, im);
    stats_add_whole(root, "mesh_width", (uint64_t)m->mesh_width);
    add_tiles(root, p, m);
}
