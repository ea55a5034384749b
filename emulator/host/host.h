/*
 * The host: runs an image with its plan on an engine. Reads data, starts kernels, tests, saves,
 * reports. Text for people goes to options.out, numbers for programs to the --stats file.
 */
#ifndef PANTHER_EMULATOR_HOST_HOST_H
#define PANTHER_EMULATOR_HOST_HOST_H

#include "emulator/host/data.h"
#include "emulator/host/engine.h"
#include "emulator/host/plan.h"

#include <stdio.h>

/* CRS period of the command line. */
typedef enum crs_source { CRS_FROM_PLAN, CRS_EVERY_OPAS, CRS_EVERY_BATCHES } crs_source;

/* A port of an entry that is run without a plan, and its file: CSV, or NumPy's .npy. */
typedef struct host_input {
    const char *port, *file;
} host_input;

typedef struct host_options {
    const char *path;    /* program or image, for messages */
    const char *command; /* for --stats */
    data_folders folders;
    const char *weights; /* file to start from instead of the plan's, or NULL */
    bool resume;         /* continue where the weights file was saved */
    const char *save;    /* written at the end, or NULL */
    const char *stats;   /* JSON, or NULL */
    /* receives the same text at the end; NULL: nobody. False: what it did with it failed */
    bool (*on_statistics)(void *context, const char *json);
    void *statistics_context;
    int64_t epochs;      /* 0: the plan's */
    int64_t batch;       /* 0: the plan's; must be what the image was compiled for */
    bool seed_given;
    uint64_t seed;
    crs_source crs;
    int64_t crs_period; /* 0: never */
    bool timing_only;   /* one kernel per entry, without data */
    const char *entry;  /* run this entry instead of the plan, or NULL */
    int64_t kernels;    /* invocations of an entry run without a plan; at least 1 */
    host_input *inputs; /* data of such a run */
    size_t input_count;
    host_input *results; /* outputs of such a run that are written, not printed */
    size_t result_count;
    bool quiet, progress;
    FILE *out;
} host_options;

/*
 * Trains as the plan says, or, without a plan (or with options.entry or timing_only), runs entries.
 * Errors go to d; the status says what kind they are.
 */
exit_status host_run(arena *memory, diag *d, engine *e, const plan *p, const host_options *options);

/* The seed of the run: the option's, else that of the first train block. */
uint64_t host_seed(const plan *p, const host_options *options);

#endif
