/* Runs as text: tables for terminals. */
#include "frontend/report/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LETTERS = 28, VALUE_LETTERS = 14, RATIO_LETTERS = 8, ROWS_SHOWN = 60 };

static void put_heading(FILE *out, const char *title, const char *const *labels, size_t count)
{
    fprintf(out, "\n%-*s", NAME_LETTERS, title);
    for (size_t i = 0; i < count; i++) {
        int width = VALUE_LETTERS + (i ? RATIO_LETTERS : 0);
        int length = (int)strlen(labels[i]);
        fprintf(out, " %*s", width, length > width ? labels[i] + (length - width) : labels[i]);
    }
    fputc('\n', out);
}

static void put_row(arena *memory, FILE *out, const compare_table *t, const compare_row *row,
                    size_t count)
{
    figure how = compare_how(t, row);
    fprintf(out, "%-*.*s", NAME_LETTERS, NAME_LETTERS, row->name);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, " %*s", VALUE_LETTERS, figure_text(memory, how, row->value[i]));
        if (i)
            fprintf(out, "%*s", RATIO_LETTERS,
                    figure_text(memory, FIGURE_RATIO, compare_ratio(row, i)));
    }
    fputc('\n', out);
}

/* Rows without anything in them, like components that a machine does not use. */
static bool is_empty(const compare_row *row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (row->value[i] == row->value[i] && row->value[i] != 0)
            return false;
    return true;
}

static void put_settings(arena *memory, const report_run *const *runs, const char *const *labels,
                         size_t count, FILE *out)
{
    size_t settings;
    compare_setting *list = compare_settings(memory, runs, count, &settings);
    for (size_t k = 0; k < settings; k++) {
        if (count > 1 && !list[k].differs)
            continue;
        for (size_t i = 0; i < count; i++)
            fprintf(out, "%-12s %s%s%s\n", i ? "" : list[k].name, count > 1 ? labels[i] : "",
                    count > 1 ? ": " : "", list[k].value[i]);
    }
}

void report_compare_text(arena *memory, const report_run *const *runs, size_t count, FILE *out)
{
    size_t tables;
    const char **labels = compare_labels(memory, runs, count);
    compare_table *list = compare_tables(memory, runs, count, &tables);
    put_settings(memory, runs, labels, count, out);
    for (size_t k = 0; k < tables; k++) {
        size_t shown = 0, left_out = 0;
        put_heading(out, list[k].title, labels, count);
        for (size_t i = 0; i < list[k].count; i++) {
            const compare_row *row = &list[k].rows[i];
            bool last = i + 1 == list[k].count;
            if (is_empty(row, count))
                continue;
            if (shown++ < ROWS_SHOWN || last)
                put_row(memory, out, &list[k], row, count);
            else
                left_out++;
        }
        if (left_out)
            fprintf(out, "(%zu rows more on the page)\n", left_out);
    }
}

void report_text(arena *memory, const report_run *run, FILE *out)
{
    report_compare_text(memory, &run, 1, out);
}
