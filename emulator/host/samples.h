/*
 * The course of a run: loss, saturation, clips and carry resolutions at about SAMPLES moments of
 * each train block. Everything is allocated before a block begins.
 */
#ifndef PANTHER_EMULATOR_HOST_SAMPLES_H
#define PANTHER_EMULATOR_HOST_SAMPLES_H

#include "emulator/host/metrics.h"
#include "emulator/observe/profile.h"

#include <cjson/cJSON.h>

enum { SAMPLES = 240 };

typedef struct sample_row {
    uint64_t step;      /* training kernels of the run so far */
    double epoch, loss; /* epochs of the run so far; mean since the row before */
    emulator_sample counters;
} sample_row;

typedef struct sample_log {
    sample_row *rows;
    size_t count, capacity;
    uint64_t stride, kernels; /* between rows; since the loss began */
    metric_mean loss;
} sample_log;

struct host;

/* Before a block of so many kernels; without --stats nothing is kept. */
void samples_plan(struct host *h, uint64_t kernels);
void samples_batch(struct host *h, bool last);
void samples_write(const struct host *h, cJSON *to);

#endif
