/* The loop of one train block: epochs, batches, rates, carry resolution, patience. */
#include "emulator/host/progress.h"
#include "emulator/host/run.h"

#include <string.h>

void run_crs(host *h)
{
    h->e->table->crs(h->e);
    h->at.opas = 0;
}

/* The scalars of the training entry take the values of this epoch. */
static void set_scalars(host *h)
{
    const plan_train *t = h->train;
    bound_entry *b = h->training;
    for (size_t i = 0; i < t->scalar_count; i++) {
        const plan_scalar *s = &t->scalars[i];
        int port = bind_scalar(b, s->name);
        if (port < 0)
            continue; /* the program does not read it */
        double value = schedule_value(&s->schedule, (int64_t)h->at.epoch, h->epochs);
        size_t words = engine_port_words(b->entry, &b->entry->inputs[port]);
        for (size_t k = 0; k < words; k++)
            b->inputs[port][k] = value * s->scale;
        if (i == 0)
            h->metrics.rate = value;
    }
}

static bool check_scalars(host *h)
{
    const image_entry *entry = h->training->entry;
    for (uint32_t p = 0; p < entry->input_count; p++) {
        bool known = entry->inputs[p].role != PORT_SCALAR;
        for (size_t i = 0; i < h->train->scalar_count; i++)
            known = known || strcmp(h->train->scalars[i].name, entry->inputs[p].name) == 0;
        if (!known) {
            diag_file_error(h->d, h->o->path, "the plan gives no value for '%s' of '%s'",
                            entry->inputs[p].name, entry->name);
            return false;
        }
    }
    return true;
}

static void add_loss(host *h, double loss)
{
    metric_add(&h->metrics.loss, loss);
    metric_add(&h->metrics.log_loss, loss);
    metric_add(&h->samples.loss, loss);
}

/* What the outputs of a training kernel say: its loss, and a kernel's scalar results. */
static void collect(host *h, size_t first)
{
    bound_entry *b = h->training;
    const image_entry *entry = b->entry;
    for (size_t slot = 0; h->train->loss != LOSS_OUTPUT && slot < entry->batch; slot++) {
        double loss = bind_loss(h, b, &h->data->train, slot, h->order[first + slot]);
        add_loss(h, loss);
    }
    for (uint32_t p = 0; p < entry->output_count && p < OUTPUTS_MAX; p++) {
        const image_port *port = &entry->outputs[p];
        size_t words = engine_port_words(entry, port);
        for (size_t i = 0; port->elements == 1 && i < words; i++) {
            metric_add(&h->metrics.outputs[p], b->outputs[p][i]);
            if (p == 0 && h->train->loss == LOSS_OUTPUT)
                add_loss(h, b->outputs[p][i]);
        }
    }
}

/* After a kernel with updates: carry resolution when its period is over. */
static void crs_if_due(host *h)
{
    const host_options *o = h->o;
    h->at.opas += h->training->entry->batch;
    if (o->crs == CRS_EVERY_BATCHES) {
        if (o->crs_period > 0 && h->at.batches % (uint64_t)o->crs_period == 0)
            run_crs(h);
        return;
    }
    int64_t period = o->crs == CRS_EVERY_OPAS ? o->crs_period
                     : h->plan_has_crs        ? 0
                                              : h->e->machine->crs_period;
    if (period > 0 && h->at.opas >= (uint64_t)period)
        run_crs(h);
}

static exit_status run_batch(host *h)
{
    bound_entry *b = h->training;
    size_t batch = b->entry->batch, first = (size_t)h->at.batch * batch;
    for (size_t slot = 0; slot < batch; slot++) {
        size_t example = h->order[first + slot];
        bind_fill(h, b, &h->data->train, slot, example);
        if (b->example >= 0 && (h->data->plan->flip || h->data->plan->crop > 0))
            data_augment(h->data, b->inputs[b->example] + slot * h->data->elements, h->seed,
                         h->at.epoch, h->data->train.records[example]);
    }
    exit_status status = bind_run(h, b, h->at.step);
    if (status != EXIT_DONE)
        return status;
    if (h->at.step == 0 && h->e->table->statistics)
        h->first_kernel_cycles = h->e->table->statistics(h->e)->last_kernel_cycles;
    collect(h, first);
    h->at.step++;
    h->at.batch++;
    h->at.batches++;
    h->examples += batch;
    if (b->entry->updates)
        crs_if_due(h);
    return EXIT_DONE;
}

static void show_progress(host *h)
{
    arena *scratch = arena_new();
    uint64_t batch = h->training->entry->batch;
    progress_show(h->progress,
                  arena_printf(scratch, "epoch %llu/%lld", (unsigned long long)h->at.epoch + 1,
                               (long long)h->epochs),
                  h->at.batches * batch, (uint64_t)h->epochs * h->batches_per_epoch * batch);
    arena_free(scratch);
}

static exit_status run_epoch(host *h)
{
    set_scalars(h);
    data_order(&h->data->train, h->data->plan->shuffle, h->seed, h->at.epoch, h->order);
    while (h->at.in_moment || h->at.batch < h->batches_per_epoch) {
        exit_status status = EXIT_DONE;
        if (!h->at.in_moment) {
            status = run_batch(h);
            samples_batch(h, h->at.batch == h->batches_per_epoch);
            h->at.every = h->at.action = 0;
            h->at.in_moment = true;
        }
        if (status == EXIT_DONE)
            status = actions_run(h, h->at.batch == h->batches_per_epoch);
        if (status != EXIT_DONE)
            return status;
        h->at.in_moment = false;
        if (h->progress)
            show_progress(h);
    }
    return EXIT_DONE;
}

static double stop_metric(const host *h)
{
    const run_metrics *m = &h->metrics;
    const struct {
        const char *name;
        double value;
    } known[] = {{"valid_accuracy", -m->valid_accuracy},
                 {"valid_loss", m->valid_loss},
                 {"test_accuracy", -m->test_accuracy},
                 {"test_loss", m->test_loss},
                 {"loss", metric_value(&m->loss)}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, h->train->stop_metric) == 0)
            return known[i].value;
    return NAN;
}

/* Patience: true after so many epochs in which the metric was measured and did not improve. */
static bool out_of_patience(host *h)
{
    if (!h->train->stop_metric)
        return false;
    double value = stop_metric(h);
    if (value != value)
        return false;
    if (value < h->at.best) {
        h->at.best = value;
        h->at.waited = 0;
        return false;
    }
    return ++h->at.waited >= (uint64_t)h->train->stop_patience;
}

static void end_epoch(host *h)
{
    const run_metrics *m = &h->metrics;
    epoch_record row = {metric_value(&m->loss), m->test_loss, m->test_accuracy, m->valid_loss,
                        m->valid_accuracy};
    ARENA_PUSH(h->memory, h->history, h->history_count, h->history_capacity, row);
    progress_wipe(h->progress);
    report_epoch(h);
}

static void begin_epoch_metrics(run_metrics *m)
{
    m->loss = (metric_mean){0};
    m->test_loss = m->test_accuracy = m->valid_loss = m->valid_accuracy = NAN;
}

exit_status train_block(host *h)
{
    if (!check_scalars(h))
        return EXIT_INPUT;
    bool resumed = h->at.in_moment || h->at.batch > 0;
    for (bool stop = false; !stop && h->at.epoch < (uint64_t)h->epochs;) {
        if (!resumed)
            begin_epoch_metrics(&h->metrics);
        resumed = false;
        exit_status status = run_epoch(h);
        if (status != EXIT_DONE)
            return status;
        end_epoch(h);
        stop = out_of_patience(h);
        h->at.epoch++;
        h->at.batch = 0;
        if (stop && !h->o->quiet)
            fprintf(h->o->out, "stopped: no better %s for %lld epochs\n", h->train->stop_metric,
                    (long long)h->train->stop_patience);
    }
    return EXIT_DONE;
}
