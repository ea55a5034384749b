#include "emulator/host/samples.h"

#include "emulator/host/run.h"

#include <string.h>

void samples_plan(host *h, uint64_t kernels)
{
    sample_log *s = &h->samples;
    if (!host_wants_statistics(h->o))
        return;
    s->stride = (kernels + SAMPLES - 1) / SAMPLES;
    s->stride = s->stride ? s->stride : 1;
    s->capacity = s->count + 2 * SAMPLES + 2; /* intervals, and ends of epochs */
    s->rows = arena_grow(h->memory, s->rows, s->count * sizeof *s->rows,
                         s->capacity * sizeof *s->rows);
    s->loss = (metric_mean){0};
    s->kernels = 0;
}

/* Ends of epochs are rows too; their loss is left out where it would be that of a few kernels. */
void samples_batch(host *h, bool last)
{
    sample_log *s = &h->samples;
    s->kernels++;
    if (s->count == s->capacity || (s->kernels < s->stride && !last))
        return;
    bool mean = 2 * s->kernels >= s->stride;
    sample_row *row = &s->rows[s->count++];
    *row = (sample_row){.step = h->at.step, .loss = mean ? metric_value(&s->loss) : NAN};
    row->epoch = (double)h->epochs_before + (double)h->at.batches / (double)h->batches_per_epoch;
    if (h->e->table->sample)
        h->e->table->sample(h->e, &row->counters);
    if (mean) {
        s->loss = (metric_mean){0};
        s->kernels = 0;
    }
}

static void add_column(cJSON *to, const char *name, const sample_log *s,
                       double (*value)(const sample_row *row))
{
    cJSON *list = cJSON_AddArrayToObject(to, name);
    for (size_t i = 0; i < s->count; i++) {
        double v = value(&s->rows[i]);
        cJSON_AddItemToArray(list, isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull());
    }
}

static double step_of(const sample_row *row)
{
    return (double)row->step;
}
static double epoch_of(const sample_row *row)
{
    return row->epoch;
}
static double loss_of(const sample_row *row)
{
    return row->loss;
}
static double clips_of(const sample_row *row)
{
    return (double)row->counters.adc_clips;
}
static double crs_of(const sample_row *row)
{
    return (double)row->counters.crs;
}

void samples_write(const host *h, cJSON *to)
{
    const sample_log *s = &h->samples;
    if (!s->count)
        return;
    cJSON *at = cJSON_AddObjectToObject(to, "training");
    add_column(at, "step", s, step_of);
    add_column(at, "epoch", s, epoch_of);
    add_column(at, "loss", s, loss_of);
    if (!h->e->table->sample)
        return;
    add_column(at, "adc_clips", s, clips_of);
    add_column(at, "crs", s, crs_of);
    cJSON *slices = cJSON_AddArrayToObject(at, "slice_saturation");
    for (int k = 0; k < h->e->machine->slices.slices; k++) {
        cJSON *list = cJSON_CreateArray();
        cJSON_AddItemToArray(slices, list);
        for (size_t i = 0; i < s->count; i++)
            cJSON_AddItemToArray(
                list, cJSON_CreateNumber((double)s->rows[i].counters.slice_saturation[k]));
    }
}
