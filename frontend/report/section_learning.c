/* Loss and accuracy, and what happened to the cells meanwhile: saturation, clips, wear. */
#include "frontend/report/sections.h"

#include <math.h>

static const struct epoch_column {
    const char *name, *title;
} epoch_columns[] = {
    {"train_loss", "training loss"},   {"test_loss", "test loss"},
    {"valid_loss", "validation loss"}, {"test_accuracy", "test accuracy"},
    {"valid_accuracy", "validation accuracy"},
};
enum { EPOCH_COLUMNS = sizeof epoch_columns / sizeof *epoch_columns, FIRST_ACCURACY = 3 };

static bool any_number(numbers n)
{
    for (size_t i = 0; i < n.count; i++)
        if (n.at[i] == n.at[i])
            return true;
    return false;
}

static size_t shorter(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void put_epochs(page *p, const numbers *columns, size_t epochs)
{
    const char *titles[EPOCH_COLUMNS + 1] = {"epoch"};
    for (int c = 0; c < EPOCH_COLUMNS; c++)
        titles[c + 1] = epoch_columns[c].title;
    table_begin(p, "epochs", "losses and accuracies by epoch", titles, EPOCH_COLUMNS + 1);
    for (size_t e = 0; e < epochs; e++) {
        table_row(p, arena_printf(p->memory, "%zu", e + 1));
        for (int c = 0; c < EPOCH_COLUMNS; c++)
            table_figure(p, FIGURE_PLAIN, e < columns[c].count ? columns[c].at[e] : NAN);
        table_row_end(p);
    }
    table_end(p);
}

static void put_curves(page *p, const cJSON *training, const numbers *columns, const double *epochs)
{
    series losses[FIRST_ACCURACY + 1], accuracies[EPOCH_COLUMNS];
    size_t loss_count = 0, accuracy_count = 0;
    numbers x = run_list(p->memory, run_member(training, "epoch"));
    numbers y = run_list(p->memory, run_member(training, "loss"));
    if (any_number(y))
        losses[loss_count++] = (series){.name = "training loss (mean since the last point)",
                                        .x = x.at,
                                        .y = y.at,
                                        .count = shorter(x.count, y.count)};
    for (int c = 0; c < EPOCH_COLUMNS; c++) {
        if (!any_number(columns[c]) || (c == 0 && loss_count))
            continue;
        series s = {.name = epoch_columns[c].title,
                    .x = epochs,
                    .y = columns[c].at,
                    .count = columns[c].count,
                    .colour = c,
                    .dots = true};
        if (c < FIRST_ACCURACY)
            losses[loss_count++] = s;
        else
            accuracies[accuracy_count++] = s;
    }
    fputs("<div class=\"two\"><div>\n", p->out);
    line_chart loss = {.title = "Loss", .x_name = "epochs", .how = FIGURE_PLAIN};
    chart_lines(p, &loss, losses, loss_count);
    fputs("</div><div>\n", p->out);
    line_chart accuracy = {.title = "Accuracy", .x_name = "epochs", .how = FIGURE_SHARE};
    chart_lines(p, &accuracy, accuracies, accuracy_count);
    fputs("</div></div>\n", p->out);
}

void section_learning(page *p, const report_run *r)
{
    numbers columns[EPOCH_COLUMNS];
    size_t epochs = 0;
    put_section(p, "learning", "Learning");
    for (int c = 0; c < EPOCH_COLUMNS; c++) {
        columns[c] = run_list(p->memory, run_member(r->root, epoch_columns[c].name));
        epochs = columns[c].count > epochs ? columns[c].count : epochs;
    }
    const cJSON *training = run_member(r->root, "training");
    if (epochs == 0 && !training) {
        put_note(p, "Nothing was trained in this run.");
        return;
    }
    double *x = ARENA_ARRAY(p->memory, double, epochs + 1);
    for (size_t e = 0; e < epochs; e++)
        x[e] = (double)e + 1;
    put_curves(p, training, columns, x);
    put_epochs(p, columns, epochs);
}

enum { SLICES_SHOWN = 16 };

static void put_saturation_table(page *p, const report_run *r)
{
    const char *titles[] = {"slice", "cells that clipped in updates"};
    numbers slices = run_list(p->memory, run_member(r->root, "slice_saturation"));
    double total = 0;
    table_begin(p, "slice-saturation", "clipped cells by slice", titles, 2);
    for (size_t s = 0; s < slices.count; s++) {
        table_row(p, arena_printf(p->memory, "slice %zu%s", s, s ? "" : " (least significant)"));
        table_figure(p, FIGURE_COUNT, slices.at[s]);
        table_row_end(p);
        total += slices.at[s] == slices.at[s] ? slices.at[s] : 0;
    }
    table_row(p, "total");
    table_figure(p, FIGURE_COUNT, total);
    table_row_end(p);
    table_end(p);
}

/* Where the count of carry resolutions grew. */
static numbers crs_marks(page *p, const cJSON *training, numbers x)
{
    numbers crs = run_list(p->memory, run_member(training, "crs"));
    numbers marks = {ARENA_ARRAY(p->memory, double, crs.count + 1), 0};
    for (size_t i = 0; i < crs.count && i < x.count; i++)
        if (crs.at[i] > (i ? crs.at[i - 1] : 0))
            marks.at[marks.count++] = x.at[i];
    return marks;
}

static void put_course(page *p, const cJSON *training)
{
    series list[SLICES_SHOWN], clips;
    size_t count = 0;
    const cJSON *slice;
    numbers x = run_list(p->memory, run_member(training, "epoch"));
    numbers marks = crs_marks(p, training, x);
    cJSON_ArrayForEach(slice, run_member(training, "slice_saturation"))
    {
        numbers y = run_list(p->memory, slice);
        if (count == SLICES_SHOWN || !any_number(y))
            continue;
        list[count] = (series){.name = arena_printf(p->memory, "slice %zu", count),
                               .x = x.at,
                               .y = y.at,
                               .count = shorter(x.count, y.count),
                               .colour = (int)count,
                               .dashed = count >= CHART_COLOURS};
        count++;
    }
    line_chart c = {.title = "Cells that clipped so far, by slice",
                    .x_name = "epochs; dotted: carry resolutions",
                    .how = FIGURE_COUNT,
                    .marks = marks.at,
                    .mark_count = marks.count,
                    .from_zero = true};
    fputs("<div class=\"two\"><div>\n", p->out);
    chart_lines(p, &c, list, count);
    fputs("</div><div>\n", p->out);
    numbers y = run_list(p->memory, run_member(training, "adc_clips"));
    clips = (series){.name = "conversions", .x = x.at, .y = y.at};
    clips.count = shorter(x.count, y.count);
    c.title = "Conversions that the ADC clipped so far";
    chart_lines(p, &c, &clips, 1);
    fputs("</div></div>\n", p->out);
}

static void put_course_table(page *p, const cJSON *training)
{
    static const char *const names[] = {"step", "epoch", "loss", "adc_clips", "crs"};
    const char *titles[] = {"row", "kernels", "epoch", "loss", "ADC clips", "CRS", "clipped cells"};
    numbers columns[sizeof names / sizeof *names];
    for (size_t c = 0; c < sizeof names / sizeof *names; c++)
        columns[c] = run_list(p->memory, run_member(training, names[c]));
    numbers clipped = {ARENA_ARRAY(p->memory, double, columns[0].count + 1), columns[0].count};
    const cJSON *slice;
    cJSON_ArrayForEach(slice, run_member(training, "slice_saturation"))
    {
        numbers y = run_list(p->memory, slice);
        for (size_t i = 0; i < y.count && i < clipped.count; i++)
            clipped.at[i] += y.at[i] == y.at[i] ? y.at[i] : 0;
    }
    table_begin(p, "course", "the course of the training", titles, 7);
    for (size_t i = 0; i < columns[0].count && i < CHART_POINTS; i++) {
        table_row(p, arena_printf(p->memory, "%zu", i + 1));
        for (size_t c = 0; c < sizeof names / sizeof *names; c++)
            table_figure(p, c == 1 || c == 2 ? FIGURE_PLAIN : FIGURE_COUNT,
                         i < columns[c].count ? columns[c].at[i] : NAN);
        table_figure(p, FIGURE_COUNT, clipped.at[i]);
        table_row_end(p);
    }
    table_end(p);
}

void section_saturation(page *p, const report_run *r)
{
    put_section(p, "saturation", "Saturation, carry resolution and ADC clips");
    if (!run_has(r->root, "slice_saturation")) {
        put_note(p, "Not measured: interpreters have no cells.");
        return;
    }
    put_note(p, arena_printf(p->memory,
                             "%s carry resolutions of single crossbars, %s conversions clipped.",
                             figure_text(p->memory, FIGURE_COUNT, run_number(r->root, "crs")),
                             figure_text(p->memory, FIGURE_COUNT,
                                         run_number(r->root, "adc_clips"))));
    const cJSON *training = run_member(r->root, "training");
    if (training) {
        put_course(p, training);
        put_course_table(p, training);
    }
    put_saturation_table(p, r);
}

void section_wear(page *p, const report_run *r)
{
    const cJSON *wear = run_member(r->root, "wear"), *slice;
    static const char *const names[] = {"writes_mean",   "writes_max", "switches_mean",
                                        "switches_max",  "years_mean", "years_worst"};
    const char *titles[] = {"slice",         "writes, mean",    "writes, most", "switches, mean",
                            "switches, most", "years, mean cell", "years, worst cell"};
    bar bars[SLICES_SHOWN];
    size_t count = 0;
    put_section(p, "wear", "Wear");
    if (!wear) {
        put_note(p, "Not counted: --wear counts how often and how far cells are rewritten.");
        return;
    }
    cJSON_ArrayForEach(slice, run_member(wear, "slices"))
    {
        if (count == SLICES_SHOWN)
            break;
        bars[count] = (bar){arena_printf(p->memory, "slice %zu", count),
                            run_number(slice, "switches_mean"), NULL, 0};
        count++;
    }
    fputs("<h3>Full switches of the mean cell, by slice</h3>\n", p->out);
    chart_bars(p, "Full switches of the mean cell, by slice", FIGURE_PLAIN, bars, count);
    table_begin(p, "wear-by-slice", "wear by slice", titles, 7);
    count = 0;
    cJSON_ArrayForEach(slice, run_member(wear, "slices"))
    {
        table_row(p, arena_printf(p->memory, "slice %zu", count++));
        for (size_t c = 0; c < sizeof names / sizeof *names; c++)
            table_figure(p, FIGURE_PLAIN, run_value(run_member(slice, names[c])));
        table_row_end(p);
    }
    table_end(p);
}
