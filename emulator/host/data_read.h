/* Inside of the data readers: one file that may be compressed, arrays that grow with what was read. */
#ifndef PANTHER_EMULATOR_HOST_DATA_READ_H
#define PANTHER_EMULATOR_HOST_DATA_READ_H

#include "emulator/host/data.h"

#include <zlib.h>

typedef struct data_reader {
    gzFile in;
    const char *path;
    diag *d;
    bool bad; /* an error was reported */
} data_reader;

/* Opens a plain or .gz file; false with an error in d. */
bool reader_open(data_reader *r, diag *d, const char *path);
void reader_close(data_reader *r);

/* Bytes read, fewer than asked at the end of the file or after an error (then r->bad). */
size_t reader_read(data_reader *r, void *to, size_t bytes);

/*
 * Exactly count * size bytes, malloc'ed; memory grows only with what the file really holds. NULL
 * with an error if it holds less.
 */
uint8_t *reader_take(data_reader *r, size_t count, size_t size);

/* False with an error if anything is left. */
bool reader_expect_end(data_reader *r);

/* Makes room for `more` elements after `used`; false (and *at unchanged) without memory. */
bool data_reserve(void **at, size_t *capacity, size_t used, size_t more, size_t size);

/* All bytes of a file, malloc'ed; NULL with an error in d. */
uint8_t *data_read_file(diag *d, const char *path, size_t *length);

/* Notes that records from set->count on come from this file. */
void data_begin_file(data_set *set, const char *path);

/* One reader per kind: appends to an empty set. False with errors in d. */
typedef bool data_load(data_set *set, diag *d, const plan_source *source, const char *const *paths);
data_load data_load_idx, data_load_csv, data_load_cifar, data_load_raw, data_load_npy_pair,
    data_load_text;

/* Gives the symbols of a set those of the training data; false with an error if it has others. */
bool data_take_symbols(data_set *set, diag *d, const data_set *train);

#endif
