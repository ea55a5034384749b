/* Several runs side by side: the rows that page and text share. */
#ifndef PANTHER_FRONTEND_REPORT_COMPARE_H
#define PANTHER_FRONTEND_REPORT_COMPARE_H

#include "frontend/report/markup.h"
#include "frontend/report/run.h"

typedef struct compare_row {
    const char *name;
    double *value; /* by run; NaN: it has none */
} compare_row;

typedef struct compare_table {
    const char *id, *title;
    figure how;
    compare_row *rows;
    size_t count, capacity;
} compare_table;

/* All tables; rows are those of any run, in the order in which they come up. */
compare_table *compare_tables(arena *memory, const report_run *const *runs, size_t count,
                              size_t *tables);

/* How a row is shown. */
figure compare_how(const compare_table *t, const compare_row *row);

/* To the first run: NaN where there is nothing to compare. */
double compare_ratio(const compare_row *row, size_t run);

/* Settings by run: what differs is what the comparison is about. */
typedef struct compare_setting {
    const char *name;
    const char **value; /* by run */
    bool differs;
} compare_setting;
compare_setting *compare_settings(arena *memory, const report_run *const *runs, size_t count,
                                  size_t *settings);

/* Labels of runs, made different where files have the same name. */
const char **compare_labels(arena *memory, const report_run *const *runs, size_t count);

#endif
