/* Tiles: how busy their MCUs are, over the mesh and in time, and how full their memories. */
#include "frontend/report/sections.h"

#include <math.h>

static const char *const works[] = {"mvm", "mtvm", "opa", "crs"};
enum { WORKS = sizeof works / sizeof *works, MESH_MAX = 4096, MEMORY_BARS = 64 };

double section_tile_busy(const cJSON *tile)
{
    double sum = 0;
    for (int o = 0; o < WORKS; o++)
        sum += run_number(tile, works[o]);
    return sum;
}

static const char *tile_name(page *p, const cJSON *tile)
{
    return arena_printf(p->memory, "node %.0f tile %.0f", run_number(tile, "node"),
                        run_number(tile, "tile"));
}

static void put_node(page *p, const report_run *r, double node, size_t width)
{
    const cJSON *tiles = run_member(r->root, "tiles"), *tile;
    double cycles = run_number(r->root, "cycles");
    heat_cell *cells = ARENA_ARRAY(p->memory, heat_cell, (size_t)cJSON_GetArraySize(tiles) + 1);
    size_t count = 0;
    cJSON_ArrayForEach(tile, tiles)
    {
        double number = run_number(tile, "tile"), mcus = run_number(tile, "mcus");
        if (run_number(tile, "node") != node || !(number >= 0 && number < MESH_MAX))
            continue;
        double share = section_tile_busy(tile) / (mcus * cycles);
        share = share == share ? share : 0;
        cells[count++] = (heat_cell){
            (size_t)number, share, arena_printf(p->memory, "%.0f", number),
            arena_printf(p->memory, "%s: %.0f MCUs, at work %s of the time", tile_name(p, tile),
                         mcus, figure_text(p->memory, FIGURE_SHARE, share))};
    }
    fprintf(p->out, "<h3>MCUs at work, tiles of node %.0f</h3>\n", node);
    chart_heat(p, "MCUs at work by tile", width, cells, count);
}

static void put_heat(page *p, const report_run *r)
{
    double width = run_number(r->root, "mesh_width"), last = -1;
    const cJSON *tile;
    width = width >= 1 && width <= MESH_MAX ? floor(width) : 8;
    put_note(p, "The darker a tile, the more of the simulated cycles its MCUs work; the number is "
                "the tile's, at its place on the mesh. Operations of one MCU may overlap. Tiles "
                "without a part in the program are left out.");
    for (int guard = 0; guard < 256; guard++) {
        double node = INFINITY;
        cJSON_ArrayForEach(tile, run_member(r->root, "tiles"))
        {
            double n = run_number(tile, "node");
            node = n > last && n < node ? n : node;
        }
        if (node == INFINITY)
            break;
        put_node(p, r, node, (size_t)width);
        last = node;
    }
}

static void put_heat_table(page *p, const report_run *r)
{
    const char *columns[] = {"tile", "MCUs", "MVM", "MTVM", "OPA", "CRS", "at work"};
    const cJSON *tile;
    double cycles = run_number(r->root, "cycles");
    table_begin(p, "tiles", "cycles of the MCUs of each tile", columns, 7);
    cJSON_ArrayForEach(tile, run_member(r->root, "tiles"))
    {
        table_row(p, tile_name(p, tile));
        table_figure(p, FIGURE_COUNT, run_number(tile, "mcus"));
        for (int o = 0; o < WORKS; o++)
            table_figure(p, FIGURE_COUNT, run_number(tile, works[o]));
        table_figure(p, FIGURE_SHARE,
                     section_tile_busy(tile) / (run_number(tile, "mcus") * cycles));
        table_row_end(p);
    }
    table_end(p);
}

static void put_timeline_table(page *p, size_t index, double width, const series *list)
{
    const char *columns[] = {"from cycle", "MVM", "MTVM", "OPA", "CRS"};
    table_begin(p, arena_printf(p->memory, "timeline-%zu", index), "MCUs at work over a kernel",
                columns, 5);
    for (size_t k = 0; k < list[0].count; k++) {
        table_row(p, arena_printf(p->memory, "%.0f", width * (double)k));
        for (int o = 0; o < WORKS; o++)
            table_figure(p, FIGURE_PLAIN, k < list[o].count ? list[o].y[k] : NAN);
        table_row_end(p);
    }
    table_end(p);
}

static void put_timeline(page *p, const cJSON *entry, size_t index)
{
    static const char *const titles[] = {"MVM", "MTVM", "OPA", "CRS"};
    const cJSON *timeline = run_member(entry, "mcu_timeline");
    double width = run_number(timeline, "bin_cycles");
    series list[WORKS];
    if (!(width > 0))
        return;
    for (int o = 0; o < WORKS; o++) {
        numbers n = run_list(p->memory, run_member(timeline, works[o]));
        for (size_t k = 0; k < n.count; k++)
            n.at[k] /= width;
        list[o] = (series){.name = titles[o], .y = n.at, .count = n.count, .colour = o};
    }
    stack_chart c = {.title = arena_printf(p->memory, "MCU operations at work in a kernel of %s",
                                           run_string(entry, "name")),
                     .x_name = "cycles of the kernel",
                     .how = FIGURE_COUNT,
                     .x_end = width * (double)list[0].count};
    chart_stack(p, &c, list, WORKS);
    put_timeline_table(p, index, width, list);
}

void section_occupancy(page *p, const report_run *r)
{
    const cJSON *entry;
    size_t index = 0;
    put_section(p, "occupancy", "Occupancy of the MCUs");
    if (!run_has(r->root, "tiles") || !(run_number(r->root, "cycles") > 0)) {
        put_note(p, "Not measured: no kernel ran on the emulator.");
        return;
    }
    put_heat(p, r);
    put_heat_table(p, r);
    cJSON_ArrayForEach(entry, run_member(r->root, "entries")) put_timeline(p, entry, index++);
}

void section_memory(page *p, const report_run *r)
{
    const char *columns[] = {"tile", "words", "highest word used", "most words full at once"};
    const cJSON *tile;
    bar bars[2 * MEMORY_BARS];
    size_t count = 0;
    put_section(p, "memory", "Shared memories: high-water marks");
    if (!run_has(r->root, "wait_cycles")) {
        put_note(p, "Not measured.");
        return;
    }
    put_note(p, "In words of 16 bits. Above: the end of the highest word that was used; below: "
                "most words that held something at the same time.");
    cJSON_ArrayForEach(tile, run_member(r->root, "tiles"))
    {
        double used = run_number(tile, "words_used"), words = run_number(tile, "words");
        if (used <= 0 || count + 2 > sizeof bars / sizeof *bars)
            continue;
        bars[count++] = (bar){tile_name(p, tile), used,
                              arena_printf(p->memory, "%s of %s",
                                           figure_text(p->memory, FIGURE_COUNT, used),
                                           figure_text(p->memory, FIGURE_COUNT, words)),
                              0};
        bars[count++] = (bar){NULL, run_number(tile, "words_live"), NULL, 2};
    }
    chart_bars(p, "Words of shared memory by tile", FIGURE_COUNT, bars, count);
    table_begin(p, "memory-by-tile", "words of shared memory by tile", columns, 4);
    cJSON_ArrayForEach(tile, run_member(r->root, "tiles"))
    {
        table_row(p, tile_name(p, tile));
        table_figure(p, FIGURE_COUNT, run_number(tile, "words"));
        table_figure(p, FIGURE_COUNT, run_number(tile, "words_used"));
        table_figure(p, FIGURE_COUNT, run_number(tile, "words_live"));
        table_row_end(p);
    }
    table_end(p);
}
