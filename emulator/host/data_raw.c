/* Raw bytes without a header: one file of examples of `size` bytes, one of labels of one byte. */
#include "emulator/host/data_read.h"

#include <stdlib.h>

/* The whole file; *length is its size. */
static uint8_t *read_all(data_reader *r, size_t *length)
{
    void *bytes = NULL;
    size_t used = 0, capacity = 0, got = 0, step = 1 << 16;
    do {
        used += got;
        if (!data_reserve(&bytes, &capacity, used, step, 1)) {
            diag_file_error(r->d, r->path, "there is not enough memory for it");
            r->bad = true;
            break;
        }
        got = reader_read(r, (char *)bytes + used, step);
    } while (got == step);
    *length = used + got;
    if (!r->bad)
        return bytes;
    free(bytes);
    return NULL;
}

uint8_t *data_read_file(diag *d, const char *path, size_t *length)
{
    data_reader r;
    if (!reader_open(&r, d, path))
        return NULL;
    uint8_t *bytes = read_all(&r, length);
    reader_close(&r);
    return bytes;
}

static bool load_labels(data_set *set, diag *d, const char *path)
{
    size_t count = 0;
    uint8_t *labels = data_read_file(d, path, &count);
    if (labels && count != set->count) {
        diag_file_error(d, path, "it has %zu labels, but %s has %zu examples", count,
                        set->files[0].path, set->count);
    } else if (labels) {
        set->labels = malloc((count + 1) * sizeof(int32_t));
        for (size_t i = 0; set->labels && i < count; i++)
            set->labels[i] = labels[i];
    }
    free(labels);
    return set->labels != NULL;
}

bool data_load_raw(data_set *set, diag *d, const plan_source *source, const char *const *paths)
{
    size_t length = 0;
    data_begin_file(set, paths[0]);
    set->bytes = data_read_file(d, paths[0], &length);
    if (!set->bytes)
        return false;
    set->elements = (size_t)source->size;
    if (length == 0 || length % set->elements != 0) {
        diag_file_error(d, paths[0], "its %zu bytes are not a whole number of examples of %zu",
                        length, set->elements);
        return false;
    }
    set->count = length / set->elements;
    return source->file_count < 2 || load_labels(set, d, paths[1]);
}
