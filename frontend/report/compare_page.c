/* The page of several runs: what differs, ratios to the first run, curves on top of each other. */
#include "frontend/report/chart.h"
#include "frontend/report/compare.h"

#include <math.h>
#include <string.h>

enum { BARS_MAX = 240 };

static void put_settings(page *p, const report_run *const *runs, const char *const *labels,
                         size_t count)
{
    size_t settings;
    compare_setting *list = compare_settings(p->memory, runs, count, &settings);
    const char **columns = ARENA_ARRAY(p->memory, const char *, count + 2);
    columns[0] = "";
    memcpy(columns + 1, labels, count * sizeof *labels);
    for (int all = 0; all < 2; all++) {
        p->open = !all;
        table_begin(p, all ? "cmp-settings" : "cmp-differences",
                    all ? "what ran" : "what differs", columns, count + 1);
        for (size_t k = 0; k < settings; k++) {
            if (!all && !list[k].differs)
                continue;
            table_row(p, list[k].name);
            for (size_t i = 0; i < count; i++)
                table_text(p, list[k].value[i]);
            table_row_end(p);
        }
        table_end(p);
    }
}

static void put_table(page *p, const compare_table *t, const char *const *labels, size_t count)
{
    const char **columns = ARENA_ARRAY(p->memory, const char *, 2 * count + 1);
    size_t n = 0;
    columns[n++] = "";
    for (size_t i = 0; i < count; i++) {
        columns[n++] = labels[i];
        if (i)
            columns[n++] = "ratio";
    }
    table_begin(p, t->id, t->title, columns, n);
    for (size_t k = 0; k < t->count; k++) {
        table_row(p, t->rows[k].name);
        for (size_t i = 0; i < count; i++) {
            table_figure(p, compare_how(t, &t->rows[k]), t->rows[k].value[i]);
            if (i)
                table_figure(p, FIGURE_RATIO, compare_ratio(&t->rows[k], i));
        }
        table_row_end(p);
    }
    table_end(p);
}

static bool shows(const compare_row *row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (row->value[i] > 0)
            return true;
    return false;
}

static void put_bars(page *p, const compare_table *t, size_t count)
{
    bar bars[BARS_MAX];
    size_t n = 0;
    for (size_t k = 0; k < t->count; k++) {
        const compare_row *row = &t->rows[k];
        if (!shows(row, count) || n + count > BARS_MAX)
            continue;
        for (size_t i = 0; i < count; i++) {
            const char *value = figure_short(p->memory, t->how, row->value[i]);
            const char *ratio = figure_text(p->memory, FIGURE_RATIO, compare_ratio(row, i));
            bars[n++] = (bar){i ? NULL : row->name, row->value[i],
                              i && *ratio ? arena_printf(p->memory, "%s, %s", value, ratio) : value,
                              (int)(i % CHART_COLOURS)};
        }
    }
    chart_bars(p, t->title, t->how, bars, n);
}

static series *curves(page *p, const report_run *const *runs, const char *const *labels,
                      size_t count, const char *name, bool by_epoch)
{
    series *list = ARENA_ARRAY(p->memory, series, count);
    for (size_t i = 0; i < count; i++) {
        const cJSON *at = by_epoch ? runs[i]->root : run_member(runs[i]->root, "training");
        numbers y = run_list(p->memory, run_member(at, name));
        numbers x = run_list(p->memory, run_member(at, "epoch"));
        if (by_epoch) {
            x = (numbers){ARENA_ARRAY(p->memory, double, y.count + 1), y.count};
            for (size_t k = 0; k < y.count; k++)
                x.at[k] = (double)k + 1;
        }
        list[i] = (series){.name = labels[i],
                           .x = x.at,
                           .y = y.at,
                           .count = x.count < y.count ? x.count : y.count,
                           .colour = (int)(i % CHART_COLOURS),
                           .dashed = i >= CHART_COLOURS,
                           .dots = by_epoch};
    }
    return list;
}

static void put_curves(page *p, const report_run *const *runs, const char *const *labels,
                       size_t count)
{
    line_chart loss = {.title = "Training loss", .x_name = "epochs", .how = FIGURE_PLAIN};
    line_chart accuracy = {.title = "Test accuracy", .x_name = "epochs", .how = FIGURE_SHARE};
    fputs("<div class=\"two\"><div>\n", p->out);
    chart_lines(p, &loss, curves(p, runs, labels, count, "loss", false), count);
    fputs("</div><div>\n", p->out);
    chart_lines(p, &accuracy, curves(p, runs, labels, count, "test_accuracy", true), count);
    fputs("</div></div>\n", p->out);
}

void report_compare_page(arena *memory, const report_run *const *runs, size_t count, FILE *out)
{
    page p = {.out = out, .memory = memory};
    size_t tables;
    const char **labels = compare_labels(memory, runs, count);
    compare_table *list = compare_tables(memory, runs, count, &tables);
    series *key = ARENA_ARRAY(memory, series, count);
    for (size_t i = 0; i < count; i++)
        key[i] = (series){.name = labels[i], .colour = (int)(i % CHART_COLOURS)};
    put_head(&p, "Comparison of runs");
    fputs("<h1>Comparison of runs</h1>\n", out);
    put_note(&p, arena_printf(memory, "Ratios are to '%s': above 1 is more, below 1 is less.",
                              labels[0]));
    chart_key(&p, key, count);
    put_settings(&p, runs, labels, count);
    for (size_t k = 0; k < tables; k++) {
        put_section(&p, arena_printf(memory, "%s-section", list[k].id), list[k].title);
        if (k)
            put_bars(&p, &list[k], count);
        p.open = k == 0;
        put_table(&p, &list[k], labels, count);
        if (k == 0)
            put_curves(&p, runs, labels, count);
    }
    put_tail(&p, NULL, 0);
}
