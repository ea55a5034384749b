/*
 * Energy and area from a chip's table of parts (Table II of the paper). Which operations a product
 * takes: in every crossbar, each bit of the input is applied once (word lines switched), and each
 * time all columns are read in turns, as several share a converter. Each result is summed once by
 * an accumulation unit, activated and written to the L3 buffer. The paper's own figures contradict
 * each other in places; examples/papers/mapping lists where.
 */
#include "passes/plan/mapping.h"

typedef struct parts {
    const plan_component *array, *wl_switch, *adc, *shift_add;
    const plan_component *pe, *l3, *l2, *l1, *accumulation, *activation;
} parts;

static const char *find_parts(arena *memory, const plan_chip *c, parts *p)
{
    const struct {
        const char *name;
        const plan_component **part;
    } rows[] = {{"array", &p->array},
                {"wl_switch", &p->wl_switch},
                {"adc", &p->adc},
                {"shift_add", &p->shift_add},
                {"pe", &p->pe},
                {"l3_buffer", &p->l3},
                {"l2_buffer", &p->l2},
                {"l1_buffer", &p->l1},
                {"accumulation", &p->accumulation},
                {"activation", &p->activation}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *rows[i].part = plan_chip_component(c, rows[i].name);
        if (!*rows[i].part)
            return arena_printf(memory, "machine '%s' does not state the part '%s'", c->name,
                                rows[i].name);
    }
    if (!(p->adc->count > 0) || !(p->pe->count > 0) || c->input_bits < 1 || c->cycle_ns <= 0)
        return arena_printf(memory,
                            "machine '%s' lacks counts of 'adc' and 'pe', 'input_bits' or "
                            "'cycle_ns'",
                            c->name);
    return NULL;
}

static void peripheral_energy(const mapping_plan *m, const parts *p, bool snake, mapping_costs *k)
{
    double reads = 0, results = 0;
    for (size_t i = 0; i < m->network->count; i++) {
        const plan_layer *l = &m->network->layers[i];
        mapping_traffic t = mapping_traffic_of(l, m->chip->input_bits);
        bool split = m->layers[i].unit.kind == MAPPING_SPLIT;
        reads += (double)(!split ? t.naive : snake ? t.snake : t.raster);
        results += (double)l->positions * l->out;
    }
    k->traffic_uj = (reads * (p->l3->energy_pj + p->l2->energy_pj + p->l1->energy_pj) +
                     results * (double)m->chip->input_bits * p->l3->energy_pj) /
                    1e6;
    k->accumulate_uj = results * (p->accumulation->energy_pj + p->activation->energy_pj) / 1e6;
}

const char *mapping_cost(arena *memory, const mapping_plan *m, bool snake, mapping_costs *k)
{
    const plan_chip *c = m->chip;
    parts p;
    const char *error = find_parts(memory, c, &p);
    if (error)
        return error;
    *k = (mapping_costs){0};
    double turns = (double)c->columns / p.adc->count * (double)c->input_bits;
    k->pe_op_nj = (double)c->crossbars *
                  (turns * (p.adc->energy_pj + p.shift_add->energy_pj + p.array->energy_pj) +
                   (double)c->input_bits * p.wl_switch->energy_pj) /
                  1e3;
    double operations = 2.0 * (double)c->crossbars * (double)c->rows * (double)plan_chip_width(c);
    k->peak_tops_w = operations / k->pe_op_nj / 1e3;
    k->physical_tops_w = k->peak_tops_w / (double)c->slices;
    k->pe_area = p.pe->area_mm2;
    for (size_t i = 0; i < c->part_count; i++)
        if (c->parts[i].level[0] == p.pe->level[0] && &c->parts[i] != p.pe)
            k->periphery_area += c->parts[i].area_mm2;
    k->area = k->pe_area + k->periphery_area;
    k->used_area = p.pe->area_mm2 / p.pe->count * (double)(m->pes * c->slices);
    for (size_t i = 0; i < m->network->count; i++)
        k->pe_ops += m->layers[i].pes * m->layers[i].cycles;
    k->image_uj = (double)k->pe_ops * k->pe_op_nj / 1e3;
    peripheral_energy(m, &p, snake, k);
    k->fps_pipelined = 1e9 / (c->cycle_ns * (double)m->stage);
    k->fps_serial = 1e9 / (c->cycle_ns * (double)m->serial_cycles);
    k->tops_w = 2.0 * (double)plan_network_macs(m->network) /
                (k->image_uj + k->traffic_uj + k->accumulate_uj) / 1e6;
    return NULL;
}
