#include "emulator/host/metrics.h"

#include <math.h>

double metric_cross_entropy(const double *logits, size_t count, size_t label)
{
    double top = logits[metric_argmax(logits, count)], sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += exp(logits[i] - top);
    return log(sum) - (logits[label] - top);
}

double metric_mse(const double *output, const float *target, size_t count, size_t label)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double off = output[i] - (target ? (double)target[i] : (double)(i == label));
        sum += off * off;
    }
    return sum / (double)count;
}

size_t metric_argmax(const double *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

double metric_value(const metric_mean *m)
{
    return m->count ? m->sum / (double)m->count : NAN;
}
