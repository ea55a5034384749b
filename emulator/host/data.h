/*
 * Data sets: reading (idx, CIFAR, CSV, raw bytes, text; plain or .gz), splitting, scaling, order.
 *
 * A data_set is one source as it stands in its files; a data_part picks records of one; a data_group
 * is what a `data` item of the program describes. Examples are handed out as doubles.
 */
#ifndef PANTHER_EMULATOR_HOST_DATA_H
#define PANTHER_EMULATOR_HOST_DATA_H

#include "emulator/host/plan.h"

#include <stddef.h>
#include <stdio.h>

enum { DATA_ELEMENTS_MAX = 1 << 24 }; /* of one example */

/* Which file the records from `first` on came from. */
typedef struct data_file {
    const char *path;
    size_t first;
} data_file;

/* Examples row after row. Either bytes or reals is set; labels and targets may be NULL. */
typedef struct data_set {
    arena *memory; /* of paths; the arrays are malloc's, see data_close */
    size_t count, elements, target_elements;
    uint8_t *bytes;
    float *reals;
    int32_t *labels;
    float *targets;
    uint32_t *lines;                  /* csv: line of each record */
    bool text;                        /* bytes are symbols: the target is the same one step on */
    uint32_t symbols;                 /* text: distinct bytes of the training data, in their order */
    int16_t symbol_of[256];           /* text: class of a byte, -1: it is not in the training data */
    uint32_t channels, height, width; /* 0: no image */
    data_file *files;
    size_t file_count, file_capacity;
} data_set;

typedef struct data_part {
    const data_set *set;
    size_t *records;
    size_t count;
} data_part;

typedef struct data_group {
    const plan_data *plan;
    data_set *sets[3];
    size_t set_count;
    data_part train, test, valid; /* count 0: there is none */
    size_t elements;
    double *scale, *mean, *std;         /* per element */
    double *feature_mean, *feature_std; /* of the training part, NULL unless standardize */
} data_group;

/* Where files are looked for, in this order. */
typedef struct data_folders {
    const char *program; /* of the program or image, or NULL */
    const char *extra;   /* --data, or NULL */
} data_folders;

/*
 * The file as written: as it is if absolute, else relative to base, the program's folder, and the
 * extra folder (there also by its last component). NULL and an error in d if it is nowhere.
 */
const char *data_find(arena *memory, diag *d, const data_folders *folders, const char *base,
                      const char *file);

/* NULL with errors in d. Release with data_close. */
data_group *data_open(arena *memory, diag *d, const data_folders *folders, const plan_data *plan);
void data_close(data_group *g); /* NULL is allowed */

/* An error for the first record whose label is not below classes. */
bool data_check_labels(const data_part *part, uint32_t classes, diag *d);

/* "file.csv: line 7" or "train.bin: record 12": where a record stands. */
const char *data_where(arena *memory, const data_set *set, size_t record, const char **path);

/* The order of an epoch: a permutation of 0 .. count-1, drawn by (seed, epoch) if shuffled. */
void data_order(const data_part *part, bool shuffled, uint64_t seed, uint64_t epoch, size_t *order);

/* Scaled elements of example i of a part. */
void data_example(const data_group *g, const data_part *part, size_t i, double *out);

/* Class of step `step` of a record of text; step `elements` is the first one behind it. */
static inline uint32_t data_symbol(const data_set *set, size_t record, size_t step)
{
    return (uint32_t)set->symbol_of[set->bytes[record * set->elements + step]];
}

/* Random mirror and shift of an example of the training part, in place (data_augment.c). */
void data_augment(const data_group *g, double *example, uint64_t seed, uint64_t epoch,
                  size_t record);

#endif
