/*
 * The host plan: what to read, how to train, when to test and save. The front end writes it as JSON
 * into the image (README.md of this folder has the schema); here it is read and checked as untrusted
 * input, so that the rest of the host may rely on every range named below.
 */
#ifndef PANTHER_EMULATOR_HOST_PLAN_H
#define PANTHER_EMULATOR_HOST_PLAN_H

#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum source_kind {
    SOURCE_CSV,
    SOURCE_IDX,
    SOURCE_CIFAR10,
    SOURCE_CIFAR100,
    SOURCE_RAW,
    SOURCE_TEXT,
    SOURCE_NPY,
    SOURCE_KINDS
} source_kind;

extern const char *const source_kind_names[SOURCE_KINDS];

typedef struct plan_source {
    source_kind kind;
    const char **files; /* at least one */
    size_t file_count;
    const char *base; /* folder the files are relative to */
    int64_t label;    /* csv: column of the class, -1: none */
    int64_t *targets; /* csv: columns of the target */
    size_t target_count;
    int64_t skip; /* csv: lines before the first record */
    int64_t size;   /* raw: bytes of one example */
    int64_t window; /* text: bytes of one example */
} plan_source;

/* The test or validation part. */
typedef struct plan_part {
    bool given;
    double fraction; /* of train, in (0, 1), if source is NULL */
    const plan_source *source;
} plan_part;

/* One number for everything, or one for each channel or feature. */
typedef struct plan_numbers {
    double *items;
    size_t count; /* at least 1 */
} plan_numbers;

typedef struct plan_data {
    const char *name;
    const plan_source *train;
    plan_part test, valid;
    uint64_t seed;
    int64_t limit;                 /* -1: none */
    plan_numbers scale, mean, std; /* (x * scale - mean) / std */
    bool standardize, shuffle, flip;
    int64_t crop; /* padding of crop(), -1: none */
} plan_data;

typedef enum schedule_kind {
    SCHEDULE_CONSTANT,
    SCHEDULE_STEP_DECAY,
    SCHEDULE_COSINE
} schedule_kind;

typedef struct plan_schedule {
    schedule_kind kind;
    double first, last, gamma;
    int64_t *milestones;
    size_t milestone_count;
} plan_schedule;

/* A scalar formal: the host sends schedule(epoch) * scale. */
typedef struct plan_scalar {
    const char *name;
    plan_schedule schedule;
    double scale;
} plan_scalar;

typedef enum action_kind {
    ACTION_TEST,
    ACTION_VALIDATE,
    ACTION_SAVE,
    ACTION_CRS,
    ACTION_LOG,
    ACTION_KINDS
} action_kind;

typedef struct plan_action {
    action_kind kind;
    const char *entry;    /* test, validate: entry of the image, NULL: the one of the train block */
    const char *file;     /* save */
    const char **metrics; /* log */
    size_t metric_count;
} plan_action;

typedef enum period_unit { UNIT_BATCHES, UNIT_EPOCHS, UNIT_EXAMPLES } period_unit;

typedef struct plan_every {
    int64_t period; /* at least 1 */
    period_unit unit;
    plan_action *actions;
    size_t action_count;
} plan_every;

typedef enum loss_kind { LOSS_NONE, LOSS_CROSS_ENTROPY, LOSS_MSE, LOSS_OUTPUT } loss_kind;

typedef struct plan_train {
    const char *item;
    bool is_kernel;
    const plan_data *data;
    const char *entry;     /* of the image */
    const char *evaluate;  /* entry that test() and validate() run, or NULL */
    loss_kind loss;        /* LOSS_OUTPUT: the training entry returns it */
    int64_t batch, epochs; /* at least 1 */
    uint64_t seed;
    const char *weights;     /* file to start from, or NULL */
    const char *base;        /* folder `weights` is relative to */
    const char *stop_metric; /* NULL: no patience */
    int64_t stop_patience;
    plan_scalar *scalars;
    size_t scalar_count;
    plan_every *every;
    size_t every_count;
} plan_train;

/* What the program's `deploy` says about the machine; NULL or 0: nothing. */
typedef struct plan_deploy {
    const char *machine, *base, *slices, *opa_mode, *fidelity;
    int64_t variant;
} plan_deploy;

typedef struct plan {
    plan_data *data;
    size_t data_count;
    plan_train *train;
    size_t train_count;
    plan_deploy deploy;
} plan;

/*
 * NULL with errors in d ("path: error: host plan: train[0].batch: ...") if the text is not a plan.
 * The empty text (hand-written assembly) is the empty plan.
 */
plan *plan_parse(arena *memory, diag *d, const char *path, const char *text);

/* The rate (or other scalar) in an epoch, counted from 0. */
double schedule_value(const plan_schedule *s, int64_t epoch, int64_t epochs);

/* "mlp-{epoch}.safetensors" with the braces filled in; lookup gives the text of a name or NULL. */
const char *plan_expand(arena *memory, const char *text,
                        const char *(*lookup)(void *context, const char *name), void *context);

#endif
