/*
 * CIFAR in its binary form: records of one label byte (CIFAR-100: coarse and fine) and 3072 bytes,
 * the 32 x 32 planes of red, green and blue.
 */
#include "emulator/host/data_read.h"

#include <stdlib.h>
#include <string.h>

enum { CIFAR_SIDE = 32, CIFAR_BYTES = 3 * CIFAR_SIDE * CIFAR_SIDE };

typedef struct cifar_capacity {
    size_t bytes, labels;
} cifar_capacity;

static bool add_record(data_set *set, cifar_capacity *room, const uint8_t *record, size_t head)
{
    void *bytes = set->bytes, *labels = set->labels;
    bool good = data_reserve(&bytes, &room->bytes, set->count * CIFAR_BYTES, CIFAR_BYTES, 1) &
                data_reserve(&labels, &room->labels, set->count, 1, sizeof(int32_t));
    set->bytes = bytes;
    set->labels = labels;
    if (!good)
        return false;
    memcpy(set->bytes + set->count * CIFAR_BYTES, record + head, CIFAR_BYTES);
    set->labels[set->count++] = record[head - 1];
    return true;
}

static bool load_file(data_set *set, cifar_capacity *room, data_reader *r, size_t head,
                      unsigned classes)
{
    uint8_t record[2 + CIFAR_BYTES];
    size_t want = head + CIFAR_BYTES, number = 0, got;
    while ((got = reader_read(r, record, want)) > 0 && !r->bad) {
        if (got < want) {
            diag_file_error(r->d, r->path, "record %zu is incomplete (%zu of %zu bytes)", number,
                            got, want);
            return false;
        }
        if (record[head - 1] >= classes) {
            diag_file_error(r->d, r->path, "record %zu has label %u, but classes are 0 to %u",
                            number, record[head - 1], classes - 1);
            return false;
        }
        if (!add_record(set, room, record, head)) {
            diag_file_error(r->d, r->path, "there is not enough memory for record %zu", number);
            return false;
        }
        number++;
    }
    if (number == 0 && !r->bad)
        diag_file_error(r->d, r->path, "it is empty");
    return number > 0 && !r->bad;
}

bool data_load_cifar(data_set *set, diag *d, const plan_source *source, const char *const *paths)
{
    bool fine = source->kind == SOURCE_CIFAR100;
    cifar_capacity room = {0};
    set->elements = CIFAR_BYTES;
    set->channels = 3;
    set->height = set->width = CIFAR_SIDE;
    for (size_t i = 0; i < source->file_count; i++) {
        data_reader r;
        data_begin_file(set, paths[i]);
        bool good = reader_open(&r, d, paths[i]) &&
                    load_file(set, &room, &r, fine ? 2 : 1, fine ? 100 : 10);
        reader_close(&r);
        if (!good)
            return false;
    }
    return true;
}
