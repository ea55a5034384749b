/*
 * panther plan: what its methods share. A method gets networks and a chip, prints a plan with its
 * prediction, bound and runner-up, and fills in JSON if that is asked for.
 */
#ifndef PANTHER_FRONTEND_CLI_PLAN_CLI_H
#define PANTHER_FRONTEND_CLI_PLAN_CLI_H

#include "frontend/cli/cli.h"
#include "passes/plan/model.h"

#include <cjson/cJSON.h>

typedef struct plan_request {
    cli *c;
    const plan_network *const *networks;
    const char *const *paths; /* of the networks' programs */
    size_t count;
    plan_chip *chip;
    const char *method;
    bool dense;   /* --dense: grouped layers counted as if all kernels covered all channels */
    bool explain; /* --explain */
    cJSON *json;  /* an object to fill in instead of printing; NULL: print */
} plan_request;

typedef struct plan_method {
    const char *name;
    size_t networks_most;
    exit_status (*run)(plan_request *r);
    const char *meaning;
} plan_method;

extern const plan_method plan_methods[];
extern const size_t plan_method_count;

/* One function for each family of rows in plan_methods.def. */
exit_status plan_allocation_run(plan_request *r), plan_mapping_run(plan_request *r),
    plan_hubpa_run(plan_request *r), plan_tenants_run(plan_request *r);

/* Adds {name: value} with the shortest number that reads back. */
void plan_json_number(cJSON *to, const char *name, double value);
/* A refusal: "network 'x' ..." on standard error; EXIT_INPUT. */
exit_status plan_refuse(plan_request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The message for too few crossbars, with the smallest machine that would do. */
exit_status plan_too_small(plan_request *r, const char *network, int64_t least, int64_t total);

/* Whether the chip's tiles have room for the first network's buffers; else an error says so. */
bool plan_memory_fits(plan_request *r);

/* plan_chip.c: --machine as a chip: a chip or machine file, or the name of one that is shipped. */
plan_chip *plan_cli_chip(cli *c, exit_status *status);

/* plan_svg.c: the layers' steps as bars: start to end of each, labelled. False with an error. */
typedef struct plan_bar {
    const char *name, *note;
    int64_t first, last, stalls;
} plan_bar;
bool plan_svg_write(cli *c, const char *path, const char *title, const plan_bar *bars,
                    size_t count);

#endif
