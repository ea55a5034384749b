/* panther plan, weights to processing elements (mapping paper): the shortest stage that fits. */
#include "frontend/cli/plan_cli.h"
#include "passes/plan/check.h"
#include "passes/plan/mapping.h"

#include <string.h>

static const char *const policy_names[MAPPING_POLICIES] = {"im2col", "split", "hybrid", "mixed"};

typedef struct mapper {
    plan_request *r;
    const plan_network *n;
    mapping_plan *p, *second; /* second: of another policy; may be NULL */
    int64_t bound;
    bool snake, has_costs;
    mapping_costs costs;
} mapper;

static mapping_traffic total_traffic(const mapper *m, bool split_only)
{
    mapping_traffic sum = {0};
    for (size_t i = 0; i < m->n->count; i++) {
        mapping_traffic t = mapping_traffic_of(&m->n->layers[i], m->r->chip->input_bits);
        if (split_only && m->p->layers[i].unit.kind != MAPPING_SPLIT)
            continue;
        sum.naive += t.naive;
        sum.raster += t.raster;
        sum.snake += t.snake;
        sum.steady += t.steady;
    }
    return sum;
}

/* ---- text ---- */

static void print_layers(const mapper *m)
{
    printf("\n%-24s %9s %7s %7s %9s %7s %7s %7s %7s\n", "layer", "map", "mapping", "PEs",
           "crossbars", "in PE", "copies", "cycles", "cells");
    for (size_t i = 0; i < m->n->count; i++) {
        const plan_layer *l = &m->n->layers[i];
        const mapping_layer *k = &m->p->layers[i];
        char map[32];
        snprintf(map, sizeof map, "%dx%d", l->out_map[0], l->out_map[1]);
        printf("%-24s %9s %7s %7lld %9lld %7lld %7lld %7lld %6.2f%%\n", l->name, map,
               mapping_kind_names[k->unit.kind], (long long)k->pes, (long long)k->unit.crossbars,
               (long long)k->unit.copies, (long long)k->copies, (long long)k->cycles,
               100 * k->unit.efficiency);
    }
}

static void print_costs(const mapper *m)
{
    const mapping_costs *k = &m->costs;
    printf("%.2f mm2 of PEs used; the chip's %.2f mm2 are %.2f of PEs and %.2f of periphery\n",
           k->used_area, k->area, k->pe_area, k->periphery_area);
    printf("%.4f nJ per product of a PE (peak %.2f TOPS/W; %.2f if each slice takes as much)\n",
           k->pe_op_nj, k->peak_tops_w, k->physical_tops_w);
    printf("%lld products of PEs per image: %.1f uJ, traffic %.1f uJ, sums %.1f uJ: %.2f TOPS/W\n",
           (long long)k->pe_ops, k->image_uj, k->traffic_uj, k->accumulate_uj, k->tops_w);
    printf("%.0f images per second in the pipeline, %.1f layer by layer with one copy (%.1fx)\n",
           k->fps_pipelined, k->fps_serial, k->fps_pipelined / k->fps_serial);
}

static void print_plan(const mapper *m)
{
    const mapping_plan *p = m->p;
    mapping_traffic t = total_traffic(m, true);
    printf("%s on %s: mapping %s, %lld of %lld PEs of %lld crossbars (%lld slices side by side)\n",
           m->n->name, m->r->chip->name, policy_names[p->policy], (long long)p->pes,
           (long long)p->total, (long long)m->r->chip->crossbars, (long long)m->r->chip->slices);
    print_layers(m);
    printf("\none image every %lld cycles; no mapping on this chip is below %lld\n",
           (long long)p->stage, (long long)m->bound);
    printf(
        "layer by layer: %lld PEs, %lld cycles with one copy each, %lld with the copies in a PE\n",
        (long long)p->single_pes, (long long)p->serial_cycles, (long long)p->serial_repeated);
    printf("bits read by the split layers: %lld with every window anew, %lld row by row, %lld in "
           "snakes\n",
           (long long)t.naive, (long long)t.raster, (long long)t.snake);
    if (m->has_costs)
        print_costs(m);
    if (m->second)
        printf("runner-up: %s, %lld PEs for %lld cycles\n", policy_names[m->second->policy],
               (long long)m->second->pes, (long long)m->second->stage);
}

/* The layers that set the stage, and what the next shorter one would take. */
static void explain(const mapper *m)
{
    const mapping_plan *p = m->p;
    arena *memory = m->r->c->memory;
    printf("\nwhy\n");
    int64_t slowest = 0;
    for (size_t i = 0; i < m->n->count; i++)
        slowest += p->layers[i].cycles == p->stage;
    printf("  %lld layers take the whole stage\n", (long long)slowest);
    if (p->stage > 1) {
        mapping_plan *next = mapping_for_stage(memory, m->r->chip, m->n, p->policy, p->stage - 1);
        printf("  a stage of %lld cycles would take %lld PEs\n", (long long)next->stage,
               (long long)next->pes);
    }
    for (int k = 0; k < MAPPING_POLICIES; k++) {
        mapping_plan *same =
            mapping_for_stage(memory, m->r->chip, m->n, (mapping_policy)k, p->stage);
        printf("  %-7s %8lld PEs for %lld cycles\n", policy_names[k], (long long)same->pes,
               (long long)same->stage);
    }
}

/* ---- JSON ---- */

static void json_traffic(cJSON *to, const mapping_traffic *t)
{
    plan_json_number(to, "naive_bits", (double)t->naive);
    plan_json_number(to, "raster_bits", (double)t->raster);
    plan_json_number(to, "snake_bits", (double)t->snake);
    plan_json_number(to, "steady_bits", (double)t->steady);
}

static void json_unit(cJSON *to, const char *name, const mapping_unit *u)
{
    cJSON *o = cJSON_AddObjectToObject(to, name);
    plan_json_number(o, "crossbars", (double)u->crossbars);
    plan_json_number(o, "pes", (double)u->pes);
    plan_json_number(o, "copies", (double)u->copies);
    plan_json_number(o, "efficiency", u->efficiency);
}

static cJSON *json_layer(const mapper *m, size_t i)
{
    const plan_layer *l = &m->n->layers[i];
    const mapping_layer *k = &m->p->layers[i];
    mapping_traffic t = mapping_traffic_of(l, m->r->chip->input_bits);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", l->name);
    cJSON_AddStringToObject(o, "kind", plan_kind_names[l->kind]);
    cJSON_AddStringToObject(o, "mapping", mapping_kind_names[k->unit.kind]);
    plan_json_number(o, "in", l->in);
    plan_json_number(o, "out", l->out);
    plan_json_number(o, "kernel", l->conv.kernel[0]);
    plan_json_number(o, "positions", (double)l->positions);
    plan_json_number(o, "pes", (double)k->pes);
    plan_json_number(o, "copies", (double)k->copies);
    plan_json_number(o, "cycles", (double)k->cycles);
    json_unit(o, "unit", &k->unit);
    for (int kind = MAPPING_IM2COL; kind <= MAPPING_SPLIT; kind++) {
        mapping_unit u = mapping_unit_of(m->r->chip, l, (mapping_kind)kind);
        json_unit(o, mapping_kind_names[kind], &u);
    }
    json_traffic(o, &t);
    return o;
}

static void json_costs(cJSON *to, const mapping_costs *k)
{
    cJSON *o = cJSON_AddObjectToObject(to, "costs");
    const struct {
        const char *name;
        double value;
    } rows[] = {{"pe_op_nj", k->pe_op_nj},
                {"peak_tops_w", k->peak_tops_w},
                {"physical_tops_w", k->physical_tops_w},
                {"pe_area_mm2", k->pe_area},
                {"periphery_area_mm2", k->periphery_area},
                {"area_mm2", k->area},
                {"used_area_mm2", k->used_area},
                {"pe_ops", (double)k->pe_ops},
                {"image_uj", k->image_uj},
                {"traffic_uj", k->traffic_uj},
                {"sums_uj", k->accumulate_uj},
                {"tops_w", k->tops_w},
                {"fps_pipelined", k->fps_pipelined},
                {"fps_serial", k->fps_serial}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        plan_json_number(o, rows[i].name, rows[i].value);
}

static void json_plan(const mapper *m)
{
    const mapping_plan *p = m->p;
    cJSON *o = m->r->json;
    mapping_traffic all = total_traffic(m, false), split = total_traffic(m, true);
    cJSON_AddStringToObject(o, "network", m->n->name);
    cJSON_AddStringToObject(o, "machine", m->r->chip->name);
    cJSON_AddStringToObject(o, "method", policy_names[p->policy]);
    plan_json_number(o, "pes", (double)p->pes);
    plan_json_number(o, "total_pes", (double)p->total);
    plan_json_number(o, "physical_pes", (double)(p->pes * m->r->chip->slices));
    plan_json_number(o, "stage_cycles", (double)p->stage);
    plan_json_number(o, "stage_bound", (double)m->bound);
    plan_json_number(o, "single_pes", (double)p->single_pes);
    plan_json_number(o, "serial_cycles", (double)p->serial_cycles);
    plan_json_number(o, "serial_repeated_cycles", (double)p->serial_repeated);
    plan_json_number(o, "macs", (double)plan_network_macs(m->n));
    json_traffic(cJSON_AddObjectToObject(o, "traffic"), &all);
    json_traffic(cJSON_AddObjectToObject(o, "traffic_split"), &split);
    if (m->has_costs)
        json_costs(o, &m->costs);
    cJSON *layers = cJSON_AddArrayToObject(o, "layers");
    for (size_t i = 0; i < m->n->count; i++)
        cJSON_AddItemToArray(layers, json_layer(m, i));
}

/* ---- the command ---- */

static int64_t pes_of_one(const mapper *m, mapping_policy policy)
{
    return mapping_for_stage(m->r->c->memory, m->r->chip, m->n, policy, INT64_C(1) << 48)->pes;
}

static exit_status too_few_pes(const mapper *m, mapping_policy policy)
{
    const plan_chip *c = m->r->chip;
    int64_t least = pes_of_one(m, policy);
    diag_error(
        m->r->c->d, SOURCE_NOWHERE,
        "network '%s' needs %lld PEs of %lld crossbars for one copy of each layer, but there "
        "are %lld",
        m->n->name, (long long)least, (long long)c->crossbars,
        (long long)(c->tiles * c->pes / c->slices));
    diag_help(m->r->c->d, "the smallest machine '%s' that would do has %lld tiles instead of %lld",
              c->name, (long long)((least * c->slices - 1) / c->pes + 1), (long long)c->tiles);
    return EXIT_INPUT;
}

static exit_status draw(const mapper *m)
{
    cli *c = m->r->c;
    plan_bar *bars = ARENA_ARRAY(c->memory, plan_bar, m->n->count + 1);
    for (size_t i = 0; i < m->n->count; i++) {
        const mapping_layer *k = &m->p->layers[i];
        int64_t start = (int64_t)i * m->p->stage + 1;
        bars[i] =
            (plan_bar){m->n->layers[i].name,
                       arena_printf(c->memory, "%lld PEs, %lld of %lld cycles", (long long)k->pes,
                                    (long long)k->cycles, (long long)m->p->stage),
                       start, start + k->cycles - 1, 0};
    }
    const char *title =
        arena_printf(c->memory, "%s on %s, mapping %s: one image through the stages", m->n->name,
                     m->r->chip->name, policy_names[m->p->policy]);
    return plan_svg_write(c, c->values[OPTION_SVG], title, bars, m->n->count) ? EXIT_DONE
                                                                              : EXIT_INPUT;
}

exit_status plan_mapping_run(plan_request *r)
{
    mapper m = {.r = r, .n = r->networks[0], .snake = r->c->given[OPTION_SNAKE]};
    arena *memory = r->c->memory;
    int policy = 0;
    int64_t stage;
    while (strcmp(policy_names[policy], r->method) != 0)
        policy++;
    if (!options_whole(r->c, OPTION_STAGE, 1, INT64_C(1) << 48, 0, &stage))
        return EXIT_USAGE;
    m.p = stage ? mapping_for_stage(memory, r->chip, m.n, (mapping_policy)policy, stage)
                : mapping_shortest(memory, r->chip, m.n, (mapping_policy)policy);
    if (!m.p)
        return too_few_pes(&m, (mapping_policy)policy);
    if (m.p->pes > m.p->total)
        return plan_refuse(r, "a stage of %lld cycles needs %lld PEs, but there are %lld",
                           (long long)stage, (long long)m.p->pes, (long long)m.p->total);
    const char *error = plan_check(memory, mapping_layout(memory, m.p, &m.n));
    if (error) {
        plan_refuse(r, "the plan fails its check: %s", error);
        return EXIT_INTERNAL;
    }
    for (int k = 0; k < MAPPING_POLICIES; k++) {
        mapping_plan *q = mapping_shortest(memory, r->chip, m.n, (mapping_policy)k);
        if (q && k != policy &&
            (!m.second || q->stage < m.second->stage ||
             (q->stage == m.second->stage && q->pes < m.second->pes)))
            m.second = q;
    }
    if (!plan_memory_fits(r))
        return EXIT_INPUT;
    m.bound = mapping_stage_bound(r->chip, m.n);
    m.has_costs = mapping_cost(memory, m.p, m.snake, &m.costs) == NULL;
    if (r->json)
        json_plan(&m);
    else
        print_plan(&m);
    if (!r->json && r->explain)
        explain(&m);
    return r->c->given[OPTION_SVG] ? draw(&m) : EXIT_DONE;
}
