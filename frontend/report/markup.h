/* What pages are written with: escaped text, figures for people, tables. */
#ifndef PANTHER_FRONTEND_REPORT_MARKUP_H
#define PANTHER_FRONTEND_REPORT_MARKUP_H

#include "isa/support/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct page {
    FILE *out;
    arena *memory;
    bool open; /* the next table is shown at once */
} page;

/* How a figure is shown. */
typedef enum figure {
    FIGURE_PLAIN,  /* 4 digits */
    FIGURE_COUNT,  /* 12,345,678 */
    FIGURE_ENERGY, /* a number of fJ, with the prefix that fits: 672.4 uJ */
    FIGURE_SHARE,  /* 0.123 as 12.3 % */
    FIGURE_RATIO,  /* 1.25x */
} figure;

const char *figure_text(arena *memory, figure how, double v); /* "" for NaN */

/* A count with the prefix that fits, for axes and bars: 20.0 M. */
const char *figure_short(arena *memory, figure how, double v);

/* The number itself, so that nothing is lost: for data-v. */
const char *figure_exact(arena *memory, double v);

void put_escaped(page *p, const char *text);
void put_head(page *p, const char *title);
void put_tail(page *p, const char *json, size_t length); /* the statistics, for programs */
void put_section(page *p, const char *id, const char *title);
void put_note(page *p, const char *text); /* a sentence, escaped */

/* <details> with a table in it; columns: titles, the first one is that of the row's name. */
void table_begin(page *p, const char *id, const char *caption, const char *const *columns,
                 size_t count);
void table_row(page *p, const char *name);
void table_figure(page *p, figure how, double v);
void table_text(page *p, const char *text);
void table_row_end(page *p);
void table_end(page *p);

extern const char page_style[];

#endif
