/* Chips: what follows from their numbers, and how they are printed. */
#include "passes/plan/chip_schema.h"

#include "isa/yaml_file.h"

#include <math.h>
#include <string.h>

#define DEFAULT true
#define OPTIONAL false
#define INT_ROW(group_, key_, member_, least_, most_, needed_)                                     \
    {group_, #key_, offsetof(plan_chip, member_), false, needed_, least_, most_},
#define REAL_ROW(group_, key_, member_, least_, most_)                                             \
    {group_, #key_, offsetof(plan_chip, member_), true, false, least_, most_},

const chip_number chip_numbers[] = {
#define HIERARCHY_INT(...) INT_ROW("hierarchy", __VA_ARGS__)
#define CROSSBAR_INT(...) INT_ROW("crossbar", __VA_ARGS__)
#define TIMING_INT(...) INT_ROW("timing", __VA_ARGS__)
#define TIMING_REAL(...) REAL_ROW("timing", __VA_ARGS__)
#define ENERGY_REAL(...) REAL_ROW("energy", __VA_ARGS__)
#include "passes/plan/chip.def"
};
const size_t chip_number_count = sizeof chip_numbers / sizeof chip_numbers[0];

double chip_number_value(const plan_chip *c, const chip_number *n)
{
    const char *at = (const char *)c + n->offset;
    return n->real ? *(const double *)(const void *)at : (double)*(const int64_t *)(const void *)at;
}

const char *plan_chip_check(arena *memory, const plan_chip *c)
{
    for (size_t i = 0; i < chip_number_count; i++) {
        const chip_number *n = &chip_numbers[i];
        double v = chip_number_value(c, n);
        if (!(v >= n->least && v <= n->most))
            return arena_printf(memory, "'%s' lies between %.10g and %.10g, not %.10g", n->key,
                                n->least, n->most, v);
    }
    if (c->columns < c->cells_per_weight)
        return arena_printf(memory, "a weight of %lld cells does not fit into %lld columns",
                            (long long)c->cells_per_weight, (long long)c->columns);
    if (plan_chip_total(c) < 1)
        return arena_printf(memory, "%lld slices need more crossbars than there are",
                            (long long)c->slices);
    return NULL;
}

int64_t plan_chip_total(const plan_chip *c)
{
    return c->tiles * c->pes * c->crossbars / c->slices;
}

int64_t plan_chip_width(const plan_chip *c)
{
    return c->columns / c->cells_per_weight;
}

int64_t plan_chip_blocks(const plan_chip *c, int64_t rows, int64_t columns)
{
    int64_t width = plan_chip_width(c);
    return ((rows - 1) / c->rows + 1) * ((columns - 1) / width + 1);
}

int64_t plan_chip_set(const plan_chip *c, const plan_layer *l, bool dense)
{
    if (l->groups == 1 || dense)
        return plan_chip_blocks(c, (l->rows - l->bias) * l->groups + l->bias, l->out);
    int64_t down = c->rows / l->rows, across = plan_chip_width(c) / l->columns;
    int64_t together = down < across ? down : across;
    if (together < 1)
        together = 1;
    return ((l->groups - 1) / together + 1) * plan_chip_blocks(c, l->rows, l->columns);
}

const plan_component *plan_chip_component(const plan_chip *c, const char *name)
{
    for (size_t i = 0; i < c->part_count; i++)
        if (strcmp(c->parts[i].name, name) == 0)
            return &c->parts[i];
    return NULL;
}

int64_t plan_layer_buffer(const plan_layer *l, int64_t element_bytes)
{
    int64_t pixels = (int64_t)(l->conv.kernel[0] - 1) * l->in_map[1] + l->conv.kernel[1];
    int64_t map = (int64_t)l->in_map[0] * l->in_map[1];
    return (pixels < map ? pixels : map) * l->in * element_bytes;
}

const char *plan_memory_check(arena *memory, const plan_chip *c, const plan_network *n,
                              const char **help)
{
    double bytes = 0;
    const plan_layer *most = n->layers;
    for (size_t i = 0; i < n->count; i++) {
        int64_t own = plan_layer_buffer(&n->layers[i], c->element_bytes);
        bytes += (double)own;
        if (own > plan_layer_buffer(most, c->element_bytes))
            most = &n->layers[i];
    }
    double tiles = ceil(bytes / 1024 / (double)(c->memory_kib ? c->memory_kib : 1));
    if (!c->memory_kib || !c->element_bytes || tiles <= (double)c->tiles)
        return NULL;
    *help = arena_printf(memory,
                         "the smallest machine '%s' that would do has %.0f tiles instead of %lld",
                         c->name, tiles, (long long)c->tiles);
    return arena_printf(
        memory,
        "network '%s' needs %.0f KiB of buffers for the rows under its kernels (%lld "
        "of them for '%s'), but %lld tiles have %lld each",
        n->name, ceil(bytes / 1024), (long long)(plan_layer_buffer(most, c->element_bytes) / 1024),
        most->name, (long long)c->tiles, (long long)c->memory_kib);
}

/* The matrix units of a core are its crossbars: each holds all slices of a block of weights. */
plan_chip *plan_chip_of(arena *memory, const machine *m)
{
    plan_chip *c = ARENA_NEW(memory, plan_chip);
    int64_t bits = 0;
    for (int i = 0; i < m->slices.slices; i++)
        bits = m->slices.bits[i] > bits ? m->slices.bits[i] : bits;
    *c = (plan_chip){.name = m->name,
                     .path = m->path,
                     .source = "machine file of the ISA",
                     .tiles = (int64_t)m->nodes * m->tiles,
                     .pes = m->cores,
                     .crossbars = m->mcus,
                     .memory_kib = m->memory_words / 512,
                     .rows = m->slices.rows,
                     .columns = m->slices.columns,
                     .cells_per_weight = 1,
                     .slices = 1,
                     .weight_bits = 32,
                     .cell_bits = bits,
                     .input_bits = m->input_bits,
                     .cycle_ns = 1 / m->clock_ghz,
                     .step_cycles = (int64_t)ceil(m->t_mvm),
                     .element_bytes = 2,
                     .write_cycles = (int64_t)ceil(m->t_serial_write),
                     .write_pj = machine_price(m, ENERGY_serial_write) * m->slices.slices};
    double beats = m->memory_beat_words * 2.0 * m->clock_ghz * 1e9 / 1073741824.0;
    if (m->memory_beat_cycles > 0)
        c->tile_gib = beats / m->memory_beat_cycles;
    if (m->network_per_beat > 0)
        c->chip_gib = beats / m->network_per_beat;
    return c;
}

/* ---- printing ---- */

void plan_chip_print(const plan_chip *c, FILE *out)
{
    const char *group = "";
    fputs("chip: ", out);
    yaml_print_text(out, c->name);
    fputs("\nsource: ", out);
    yaml_print_text(out, c->source);
    for (size_t i = 0; i < chip_number_count; i++) {
        const chip_number *n = &chip_numbers[i];
        if (strcmp(group, n->group) != 0)
            fprintf(out, "\n%s:", n->group);
        group = n->group;
        fprintf(out, "\n  %s: ", n->key);
        yaml_print_real(out, chip_number_value(c, n));
    }
    fputs(c->part_count ? "\nparts:\n" : "\n", out);
    for (size_t i = 0; i < c->part_count; i++) {
        const plan_component *p = &c->parts[i];
        const double numbers[] = {p->count, p->energy_pj, p->area_mm2, p->power_mw};
        fputs("  - {level: ", out);
        yaml_print_text(out, p->level);
        fputs(", name: ", out);
        yaml_print_text(out, p->name);
        for (int k = 0; k < 4; k++) {
            static const char *const keys[] = {"count", "energy_pj", "area_mm2", "power_mw"};
            fprintf(out, ", %s: ", keys[k]);
            yaml_print_real(out, numbers[k]);
        }
        fputs("}\n", out);
    }
}
