/*
 * Pages and tables from statistics (`panther run --stats`): one run, or several against the first.
 * They are made from the JSON alone, which is read as untrusted input, so a page can be written
 * again at any time. A page is one file that loads nothing: style and charts are part of it.
 */
#ifndef PANTHER_FRONTEND_REPORT_REPORT_H
#define PANTHER_FRONTEND_REPORT_REPORT_H

#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <stdio.h>

typedef struct report_run report_run;

/* NULL with an error in d ("path: error: ...") if the text is not what --stats writes. */
const report_run *report_read(arena *memory, diag *d, const char *path, const char *text,
                              size_t length);

/* One run as a page, or as text. */
void report_page(arena *memory, const report_run *run, FILE *out);
void report_text(arena *memory, const report_run *run, FILE *out);

/* Two runs or more: the first is what the others are compared with. */
void report_compare_page(arena *memory, const report_run *const *runs, size_t count, FILE *out);
void report_compare_text(arena *memory, const report_run *const *runs, size_t count, FILE *out);

#endif
