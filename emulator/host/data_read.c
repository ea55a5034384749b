#include "emulator/host/data_read.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK = 1 << 20 };

bool reader_open(data_reader *r, diag *d, const char *path)
{
    *r = (data_reader){.path = path, .d = d};
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        diag_file_error(d, path, "it is not a regular file");
        return false;
    }
    r->in = gzopen(path, "rb");
    if (!r->in) {
        diag_file_error(d, path, "it cannot be opened");
        return false;
    }
    gzbuffer(r->in, 1 << 17);
    return true;
}

void reader_close(data_reader *r)
{
    if (r->in)
        gzclose(r->in);
    r->in = NULL;
}

static void complain_if_damaged(data_reader *r)
{
    int code = Z_OK;
    const char *text = gzerror(r->in, &code);
    if (code == Z_OK || code == Z_STREAM_END || r->bad)
        return;
    r->bad = true;
    if (code == Z_BUF_ERROR)
        diag_file_error(r->d, r->path, "the compressed file ends too early");
    else
        diag_file_error(r->d, r->path, "the compressed file is damaged (%s)",
                        text[0] ? text : "read error");
}

size_t reader_read(data_reader *r, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes && !r->bad) {
        size_t want = bytes - done < CHUNK ? bytes - done : CHUNK;
        int got = gzread(r->in, (char *)to + done, (unsigned)want);
        if (got > 0)
            done += (size_t)got;
        if (got < (int)want) {
            complain_if_damaged(r);
            break;
        }
    }
    return done;
}

bool data_reserve(void **at, size_t *capacity, size_t used, size_t more, size_t size)
{
    if (more <= *capacity - used)
        return true;
    size_t need, bytes;
    if (__builtin_add_overflow(used, more, &need))
        return false;
    if (need < *capacity * 2)
        need = *capacity * 2;
    if (__builtin_mul_overflow(need, size, &bytes))
        return false;
    void *grown = realloc(*at, bytes);
    if (!grown)
        return false;
    *at = grown;
    *capacity = need;
    return true;
}

uint8_t *reader_take(data_reader *r, size_t count, size_t size)
{
    size_t total, used = 0, capacity = 0;
    void *bytes = NULL;
    if (__builtin_mul_overflow(count, size, &total)) {
        diag_file_error(r->d, r->path, "its header asks for more bytes than there can be");
        return NULL;
    }
    while (used < total) {
        size_t step = total - used < CHUNK ? total - used : CHUNK;
        if (!data_reserve(&bytes, &capacity, used, step, 1)) {
            diag_file_error(r->d, r->path, "there is not enough memory for its %zu bytes", total);
            break;
        }
        size_t got = reader_read(r, (char *)bytes + used, step);
        used += got;
        if (got < step) {
            if (!r->bad)
                diag_file_error(r->d, r->path,
                                "it ends after %zu of the %zu bytes that %zu "
                                "records of %zu need",
                                used, total, count, size);
            break;
        }
    }
    if (used == total)
        return bytes ? bytes : calloc(1, 1);
    r->bad = true;
    free(bytes);
    return NULL;
}

bool reader_expect_end(data_reader *r)
{
    char extra;
    if (reader_read(r, &extra, 1) == 1) {
        diag_file_error(r->d, r->path, "it goes on after the last record its header announces");
        r->bad = true;
    }
    return !r->bad;
}

void data_begin_file(data_set *set, const char *path)
{
    data_file f = {path, set->count};
    ARENA_PUSH(set->memory, set->files, set->file_count, set->file_capacity, f);
}
