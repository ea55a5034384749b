/*
 * Charts as inline SVG. Lengths across are percentages, so that a chart fits any width while its
 * text keeps its size; what is drawn in them (lines, areas) is stretched in a box of its own.
 */
#ifndef PANTHER_FRONTEND_REPORT_CHART_H
#define PANTHER_FRONTEND_REPORT_CHART_H

#include "frontend/report/markup.h"

enum { CHART_COLOURS = 8, CHART_POINTS = 2000 };

/* Bars across, one per row; those of one row of several runs follow each other. */
typedef struct bar {
    const char *label; /* NULL: the row before goes on */
    double value;
    const char *text; /* behind the bar; NULL: the value */
    int colour;
} bar;
void chart_bars(page *p, const char *title, figure how, const bar *bars, size_t count);

typedef struct series {
    const char *name;
    const double *x, *y;
    size_t count;
    int colour;
    bool dashed, dots; /* dots: single measurements, marked each */
} series;

typedef struct line_chart {
    const char *title, *x_name;
    figure how;            /* of y */
    const double *marks;   /* vertical lines, at most CHART_POINTS are drawn */
    size_t mark_count;
    bool from_zero;
} line_chart;
void chart_lines(page *p, const line_chart *c, const series *list, size_t count);

/* Areas on top of each other over equal steps of x. */
typedef struct stack_chart {
    const char *title, *x_name;
    figure how;
    double x_end;
} stack_chart;
void chart_stack(page *p, const stack_chart *c, const series *list, size_t count);

/* Cells in rows of `width`; share 0 .. 1 is the colour's strength. */
typedef struct heat_cell {
    size_t place;
    double share;
    const char *name, *text; /* text: all of it, for the tooltip */
} heat_cell;
void chart_heat(page *p, const char *title, size_t width, const heat_cell *cells, size_t count);

/* Names and colours of series. */
void chart_key(page *p, const series *list, size_t count);

#endif
