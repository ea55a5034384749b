/*
 * idx files (MNIST and its relatives): a big-endian header 00 00 TYPE RANK, RANK sizes of 32 bits,
 * then the elements row-major. Only unsigned bytes (type 08) occur in data sets of images.
 */
#include "emulator/host/data_read.h"

#include <stdlib.h>

enum { IDX_UBYTE = 0x08, IDX_RANK_MAX = 4 };

typedef struct idx_header {
    size_t rank, dims[IDX_RANK_MAX];
} idx_header;

static bool read_header(data_reader *r, idx_header *h)
{
    uint8_t start[4] = {0}, word[4];
    size_t got = reader_read(r, start, 4);
    if (r->bad)
        return false;
    if (got < 4 || start[0] != 0 || start[1] != 0 || start[3] < 1 || start[3] > IDX_RANK_MAX) {
        diag_file_error(r->d, r->path, "it is not an idx file (it begins with %02x %02x %02x %02x)",
                        start[0], start[1], start[2], start[3]);
        return false;
    }
    if (start[2] != IDX_UBYTE) {
        diag_file_error(r->d, r->path,
                        "not supported: idx elements of type %02x, because data sets of images "
                        "hold unsigned bytes (08)",
                        start[2]);
        return false;
    }
    h->rank = start[3];
    for (size_t i = 0; i < h->rank; i++) {
        if (reader_read(r, word, 4) < 4) {
            if (!r->bad)
                diag_file_error(r->d, r->path, "the idx header ends too early");
            return false;
        }
        h->dims[i] = (size_t)word[0] << 24 | (size_t)word[1] << 16 | (size_t)word[2] << 8 | word[3];
    }
    return true;
}

static bool elements_of(data_reader *r, const idx_header *h, size_t *elements)
{
    *elements = 1;
    for (size_t i = 1; i < h->rank; i++) {
        *elements = h->dims[i] <= DATA_ELEMENTS_MAX ? *elements * h->dims[i] : 0;
        if (*elements == 0 || *elements > DATA_ELEMENTS_MAX) {
            diag_file_error(r->d, r->path, "an example would have 0 or more than %d elements",
                            DATA_ELEMENTS_MAX);
            return false;
        }
    }
    return true;
}

static void set_shape(data_set *set, const idx_header *h)
{
    if (h->rank < 3)
        return;
    set->channels = h->rank == 4 ? (uint32_t)h->dims[1] : 1;
    set->height = (uint32_t)h->dims[h->rank - 2];
    set->width = (uint32_t)h->dims[h->rank - 1];
}

static bool load_images(data_set *set, data_reader *r)
{
    idx_header h = {0};
    if (!read_header(r, &h) || !elements_of(r, &h, &set->elements))
        return false;
    set->count = h.dims[0];
    set_shape(set, &h);
    set->bytes = reader_take(r, set->count, set->elements);
    return set->bytes && reader_expect_end(r);
}

static bool load_labels(data_set *set, data_reader *r, const char *images)
{
    idx_header h = {0};
    if (!read_header(r, &h))
        return false;
    if (h.rank != 1) {
        diag_file_error(r->d, r->path, "labels have 1 dimension, this file has %zu", h.rank);
        return false;
    }
    if (h.dims[0] != set->count) {
        diag_file_error(r->d, r->path, "it has %zu labels, but %s has %zu images", h.dims[0],
                        images, set->count);
        return false;
    }
    uint8_t *labels = reader_take(r, set->count, 1);
    set->labels = labels ? malloc((set->count + 1) * sizeof(int32_t)) : NULL;
    for (size_t i = 0; set->labels && i < set->count; i++)
        set->labels[i] = labels[i];
    free(labels);
    return set->labels && reader_expect_end(r);
}

bool data_load_idx(data_set *set, diag *d, const plan_source *source, const char *const *paths)
{
    if (source->file_count != 2) {
        diag_file_error(d, paths[0], "an idx source has two files, images and labels");
        return false;
    }
    data_reader r;
    data_begin_file(set, paths[0]);
    bool good = reader_open(&r, d, paths[0]) && load_images(set, &r);
    reader_close(&r);
    if (!good)
        return false;
    good = reader_open(&r, d, paths[1]) && load_labels(set, &r, paths[0]);
    reader_close(&r);
    return good;
}
