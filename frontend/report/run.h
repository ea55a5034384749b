/*
 * Statistics of one run, as cJSON items. Only the kinds of the sections are checked when they are
 * read; the accessors give 0 (or "", or nothing) for whatever else is not as it should be.
 */
#ifndef PANTHER_FRONTEND_REPORT_RUN_H
#define PANTHER_FRONTEND_REPORT_RUN_H

#include "frontend/report/report.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct report_run {
    const char *path, *label; /* label: the file's name without folder and .json */
    const char *text;         /* the JSON itself */
    size_t length;
    const cJSON *root;
};

/* Members of objects; `at` may be NULL. */
const cJSON *run_member(const cJSON *at, const char *name);
double run_number(const cJSON *at, const char *name); /* finite; 0 if it is none */
const char *run_string(const cJSON *at, const char *name);
bool run_has(const cJSON *at, const char *name); /* there, and not null */

/* An item as a number: finite, NaN if it is none. */
double run_value(const cJSON *item);

/* A list of numbers (NaN where it holds something else). */
typedef struct numbers {
    double *at;
    size_t count;
} numbers;
numbers run_list(arena *memory, const cJSON *list);

/* The last number of a list that is one, NaN if there is none. */
double run_last(const cJSON *list);

/* A table of the statistics: named numbers, in their order. */
typedef struct named {
    const char *name;
    double value;
} named;
typedef struct named_list {
    named *at;
    size_t count;
    double total;
} named_list;
named_list run_table(arena *memory, const cJSON *object);

#endif
