/* Inside of the host: the state of a run, shared by its files. */
#ifndef PANTHER_EMULATOR_HOST_RUN_H
#define PANTHER_EMULATOR_HOST_RUN_H

#include "emulator/host/host.h"
#include "emulator/host/metrics.h"
#include "emulator/host/samples.h"
#include "emulator/host/weights.h"

#include <math.h>
#include <time.h>

/* Buffers of one entry and what the host puts in each of its ports. */
typedef struct bound_entry {
    const image_entry *entry;
    uint32_t index;
    double **inputs, **outputs;
    int32_t example, target; /* input ports; -1: none */
} bound_entry;

/*
 * Where a run stands: everything, besides the digits, that decides how it goes on. `every` and
 * `action` say which actions of this moment are still due (they run after the batch).
 */
typedef struct run_position {
    uint64_t block;         /* of plan.train */
    uint64_t epoch, batch;  /* batch: done in this epoch */
    uint64_t batches;       /* done in this block */
    uint64_t step;          /* training kernels of the whole run */
    uint64_t opas;          /* since the last carry resolution */
    uint64_t every, action; /* next action of this moment */
    bool in_moment;
    uint64_t waited; /* epochs without improvement (patience) */
    double best;
} run_position;

enum { OUTPUTS_MAX = 16 };

typedef struct run_metrics {
    metric_mean loss;                 /* of this epoch */
    metric_mean log_loss;             /* since the last log */
    metric_mean outputs[OUTPUTS_MAX]; /* scalar results of a kernel since the last log */
    double rate;
    double test_loss, test_accuracy, valid_loss,
        valid_accuracy; /* of this epoch; NaN: not measured */
} run_metrics;

/* One row per finished epoch. */
typedef struct epoch_record {
    double loss, test_loss, test_accuracy, valid_loss, valid_accuracy;
} epoch_record;

typedef struct host {
    arena *memory;
    diag *d;
    engine *e;
    const plan *plan;
    const host_options *o;
    /* the train block that runs */
    const plan_train *train;
    int64_t epochs;
    uint64_t seed;
    data_group *data;
    bound_entry *entries; /* per entry of the image; entry NULL: not bound yet */
    bound_entry *training;
    size_t *order;
    uint64_t batches_per_epoch;
    bool plan_has_crs;
    run_position at;
    run_metrics metrics;
    epoch_record *history;
    size_t history_count, history_capacity;
    uint64_t epochs_before; /* of the blocks before this one */
    sample_log samples;
    uint64_t first_kernel_cycles;
    uint64_t examples; /* trained in this process */
    struct timespec started;
    struct progress *progress, *kernels; /* of the run; of an entry without a plan */
} host;

/* bind.c: buffers for an entry, checked against the data. NULL with errors in d. */
bound_entry *bind_entry(host *h, const char *name);
int bind_find(const image *im, const char *name);        /* index of the entry, -1: none */
int bind_scalar(const bound_entry *b, const char *name); /* its input port, -1: none */
void bind_fill(host *h, bound_entry *b, const data_part *part, size_t slot, size_t example);
void bind_clear(bound_entry *b, size_t slot);
exit_status bind_run(host *h, bound_entry *b, uint64_t step);
/* Loss of the example in a slot after a run; NaN if it has none. */
double bind_loss(const host *h, const bound_entry *b, const data_part *part, size_t slot,
                 size_t example);

/* evaluate.c: loss and accuracy of a part (NaN where they are not defined). */
exit_status evaluate(host *h, const char *entry, const data_part *part, double *loss,
                     double *accuracy);

/* train.c, actions.c, execute.c */
exit_status train_block(host *h);
exit_status actions_run(host *h, bool epoch_ends);
exit_status execute_entries(host *h);
void run_crs(host *h);

/* results.c: outputs of an entry for files. NULL or false with errors in d. */
typedef struct kept_results kept_results;
kept_results *results_new(host *h, const bound_entry *b);
bool results_has(const host *h, const kept_results *kept, uint32_t port);
bool results_add(host *h, kept_results *kept, const bound_entry *b); /* of one kernel */
bool results_write(host *h, kept_results *kept, const bound_entry *b);
void results_free(const host *h, kept_results *kept); /* NULL is allowed */

/* checkpoint.c: weights, digits and position. */
exit_status checkpoint_save(host *h, const char *path);
bool checkpoint_resume(host *h, const safetensors *file);

/* report.c, stats_json.c */
void report_start(const host *h);
void report_block(const host *h);
void report_epoch(const host *h);
void report_end(const host *h);
double run_seconds(const host *h);

/* wear.c: figures of one slice; years are infinite where nothing was rewritten. */
enum { WEAR_ENDURANCE = 1000000000 }; /* full switches, PANTHER section 7.8 */
typedef struct wear_summary {
    double mean_writes, most_writes, mean_switches, most_switches, mean_years, worst_years;
} wear_summary;
wear_summary wear_summarise(const slice_wear *w, double endurance, double examples);
void report_wear(const host *h, const emulator_totals *t);

/* Whether somebody will read statistics: --stats, or a caller of host_run. */
static inline bool host_wants_statistics(const host_options *o)
{
    return o->stats || o->on_statistics;
}
bool stats_write(const host *h); /* to whom it concerns */

#endif
