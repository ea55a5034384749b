/* Losses and accuracy as the host measures them: in double precision, from the outputs of a kernel. */
#ifndef PANTHER_EMULATOR_HOST_METRICS_H
#define PANTHER_EMULATOR_HOST_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* -ln softmax(logits)[label], without overflow for any logits. */
double metric_cross_entropy(const double *logits, size_t count, size_t label);

/* Mean of squared differences; the target is given, or one-hot by a label (target NULL). */
double metric_mse(const double *output, const float *target, size_t count, size_t label);

/* Index of the largest (the first of equals). */
size_t metric_argmax(const double *values, size_t count);

/* A running mean; NaN values are counted too, so that a diverged run shows. */
typedef struct metric_mean {
    double sum;
    uint64_t count;
} metric_mean;

static inline void metric_add(metric_mean *m, double value)
{
    m->sum += value;
    m->count++;
}

double metric_value(const metric_mean *m); /* NaN if nothing was added */

#endif
