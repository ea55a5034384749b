/* Cycles and energy by layer, component and operation; waits; entries. */
#include "frontend/report/sections.h"

#include <stdlib.h>
#include <string.h>

enum { BARS_SHOWN = 40 };

static int larger_first(const void *a, const void *b)
{
    double x = ((const named *)a)->value, y = ((const named *)b)->value;
    return (x < y) - (x > y);
}

static void put_bars(page *p, const char *title, figure how, named_list l)
{
    bar bars[BARS_SHOWN];
    size_t count = 0;
    double rest = 0;
    if (l.count)
        qsort(l.at, l.count, sizeof *l.at, larger_first);
    for (size_t i = 0; i < l.count; i++) {
        if (l.at[i].value <= 0)
            continue;
        const char *share = figure_text(p->memory, FIGURE_SHARE, l.at[i].value / l.total);
        const char *text = arena_printf(p->memory, "%s, %s",
                                        figure_short(p->memory, how, l.at[i].value), share);
        if (count < BARS_SHOWN - 1)
            bars[count++] = (bar){l.at[i].name, l.at[i].value, text, 0};
        else
            rest += l.at[i].value;
    }
    if (rest > 0)
        bars[count++] = (bar){"the rest", rest, NULL, CHART_COLOURS - 1};
    chart_bars(p, title, how, bars, count);
}

void section_breakdown(page *p, const char *id, const char *title, figure how, const char *unit,
                       const cJSON *table)
{
    named_list l = run_table(p->memory, table);
    const char *columns[] = {"", unit, "share", "rounded"};
    fputs("<div><h3>", p->out);
    put_escaped(p, title);
    fputs("</h3>\n", p->out);
    put_bars(p, title, how, l); /* sorts them */
    table_begin(p, id, title, columns, how == FIGURE_ENERGY ? 4 : 3);
    for (size_t i = 0; i <= l.count; i++) {
        double v = i < l.count ? l.at[i].value : l.total;
        table_row(p, i < l.count ? l.at[i].name : "total");
        table_figure(p, FIGURE_COUNT, v);
        table_figure(p, FIGURE_SHARE, l.total > 0 ? v / l.total : 0);
        if (how == FIGURE_ENERGY)
            table_figure(p, FIGURE_ENERGY, v);
        table_row_end(p);
    }
    table_end(p);
    fputs("</div>\n", p->out);
}

static void put_entries(page *p, const report_run *r)
{
    const char *columns[] = {"entry", "batch", "kernels", "cycles of one kernel", "cycles"};
    const cJSON *entry;
    double total = run_number(r->root, "crs_cycles");
    table_begin(p, "entries", "simulated cycles by entry", columns, 5);
    cJSON_ArrayForEach(entry, run_member(r->root, "entries"))
    {
        table_row(p, run_string(entry, "name"));
        table_figure(p, FIGURE_COUNT, run_number(entry, "batch"));
        table_figure(p, FIGURE_COUNT, run_number(entry, "kernels"));
        table_figure(p, FIGURE_COUNT, run_number(entry, "cycles_per_kernel"));
        table_figure(p, FIGURE_COUNT, run_number(entry, "cycles"));
        table_row_end(p);
        total += run_number(entry, "cycles");
    }
    for (int k = 0; k < 2; k++) {
        table_row(p, k ? "total" : "carry resolution");
        for (int c = 0; c < 3; c++)
            table_text(p, "");
        table_figure(p, FIGURE_COUNT, k ? total : run_number(r->root, "crs_cycles"));
        table_row_end(p);
    }
    table_end(p);
}

static void put_layers(page *p, const report_run *r)
{
    static const char *const names[] = {"mcus", "busiest_mcu_cycles", "core",  "thread",
                                        "mcu",  "memory_port",        "waits", "adc_clips"};
    const char *columns[] = {"layer",         "MCUs",        "busiest MCU",     "cores",
                             "control threads", "MCU operations", "memory port", "waits",
                             "ADC clips",     "energy"};
    const cJSON *layer;
    bar bars[BARS_SHOWN];
    size_t count = 0;
    double cycles = run_number(r->root, "cycles");
    cJSON_ArrayForEach(layer, run_member(r->root, "layers"))
    {
        double v = run_number(layer, "busiest_mcu_cycles");
        if (v <= 0 || count == BARS_SHOWN || !(cycles > 0))
            continue;
        bars[count++] = (bar){run_string(layer, "name"), v,
                              arena_printf(p->memory, "%s, %s",
                                           figure_short(p->memory, FIGURE_COUNT, v),
                                           figure_text(p->memory, FIGURE_SHARE, v / cycles)),
                              1};
    }
    fputs("<h3>Cycles of each layer's busiest MCU</h3>\n", p->out);
    put_note(p, "And their share of the simulated cycles. The layer whose MCU works longest bounds "
                "the pipeline: it is the slowest one.");
    chart_bars(p, "Cycles of each layer's busiest MCU", FIGURE_COUNT, bars, count);
    table_begin(p, "layers", "cycles, waits and energy of each layer", columns, 10);
    cJSON_ArrayForEach(layer, run_member(r->root, "layers"))
    {
        table_row(p, run_string(layer, "name"));
        for (size_t c = 0; c < sizeof names / sizeof *names; c++)
            table_figure(p, FIGURE_COUNT, run_number(layer, names[c]));
        table_figure(p, FIGURE_ENERGY, run_number(layer, "energy_fj"));
        table_row_end(p);
    }
    table_end(p);
}

void section_cycles(page *p, const report_run *r)
{
    const cJSON *busy = run_member(r->root, "busy_cycles"),
                *waits = run_member(r->root, "wait_cycles");
    put_section(p, "cycles", "Cycles");
    if (!busy) {
        put_note(p, "Not measured: interpreters count no cycles.");
        return;
    }
    put_note(p, "Simulated cycles are those of the kernels, one after the other. Busy cycles are "
                "those in which a core, a control thread, an operation of an MCU or a memory port "
                "works; in one simulated cycle many of them may.");
    put_layers(p, r);
    put_entries(p, r);
    fputs("<div class=\"two\">\n", p->out);
    section_breakdown(p, "busy-by-layer", "Busy cycles by layer", FIGURE_COUNT, "cycles",
                      run_member(busy, "by_layer"));
    section_breakdown(p, "busy-by-component", "Busy cycles by component", FIGURE_COUNT, "cycles",
                      run_member(busy, "by_component"));
    section_breakdown(p, "busy-by-operation", "Busy cycles by operation", FIGURE_COUNT, "cycles",
                      run_member(busy, "by_operation"));
    if (waits)
        section_breakdown(p, "waits-by-cause", "Cycles that cores and threads wait, by cause",
                          FIGURE_COUNT, "cycles", run_member(waits, "by_cause"));
    fputs("</div>\n", p->out);
}

static void put_layer_components(page *p, const cJSON *table)
{
    const char *columns[] = {"layer", "component", "fJ", "rounded"};
    const cJSON *layer, *component;
    table_begin(p, "energy-by-layer-and-component", "energy of each layer by component", columns,
                4);
    cJSON_ArrayForEach(layer, table)
    {
        cJSON_ArrayForEach(component, layer)
        {
            table_row(p, layer->string ? layer->string : "");
            table_text(p, component->string ? component->string : "");
            table_figure(p, FIGURE_COUNT, run_value(component));
            table_figure(p, FIGURE_ENERGY, run_value(component));
            table_row_end(p);
        }
    }
    table_end(p);
}

void section_energy(page *p, const report_run *r)
{
    const cJSON *energy = run_member(r->root, "energy_fj");
    put_section(p, "energy", "Energy");
    if (!energy) {
        put_note(p, "Not measured: interpreters count no energy.");
        return;
    }
    put_note(p, arena_printf(p->memory, "%s, of which %s leak away while cores and tiles run.",
                             figure_text(p->memory, FIGURE_ENERGY, run_number(energy, "total")),
                             figure_text(p->memory, FIGURE_ENERGY,
                                         run_number(energy, "leakage"))));
    fputs("<div class=\"two\">\n", p->out);
    section_breakdown(p, "energy-by-layer", "Energy by layer", FIGURE_ENERGY, "fJ",
                      run_member(energy, "by_layer"));
    section_breakdown(p, "energy-by-component", "Energy by component", FIGURE_ENERGY, "fJ",
                      run_member(energy, "by_component"));
    section_breakdown(p, "energy-by-operation", "Energy by operation", FIGURE_ENERGY, "fJ",
                      run_member(energy, "by_operation"));
    fputs("</div>\n", p->out);
    put_layer_components(p, run_member(energy, "by_layer_and_component"));
}
