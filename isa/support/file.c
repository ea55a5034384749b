#include "isa/support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *failure(arena *memory, const char *what, const char *path)
{
    return arena_printf(memory, "cannot %s '%s': %s", what, path, strerror(errno));
}

/* Without waiting for the other end of a pipe, which check_size then refuses. */
static FILE *open_to_read(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    FILE *in = descriptor >= 0 ? fdopen(descriptor, "rb") : NULL;
    if (descriptor >= 0 && !in)
        close(descriptor);
    return in;
}

static const char *check_size(arena *memory, FILE *in, const char *path, size_t limit, size_t *size)
{
    struct stat info;
    if (fstat(fileno(in), &info) != 0)
        return failure(memory, "read", path);
    if (!S_ISREG(info.st_mode))
        return arena_printf(memory, "cannot read '%s': it is not a regular file", path);
    if ((uint64_t)info.st_size > limit)
        return arena_printf(memory, "'%s' has %llu bytes; at most %zu are accepted", path,
                            (unsigned long long)info.st_size, limit);
    *size = (size_t)info.st_size;
    return NULL;
}

char *file_read(arena *memory, const char *path, size_t limit, size_t *length, const char **error)
{
    FILE *in = open_to_read(path);
    if (!in) {
        *error = failure(memory, "read", path);
        return NULL;
    }
    size_t size = 0;
    *error = check_size(memory, in, path, limit, &size);
    char *bytes = NULL;
    if (!*error) {
        bytes = arena_alloc(memory, size + 1);
        *length = fread(bytes, 1, size, in);
        if (*length != size) {
            *error = arena_printf(memory, "cannot read '%s' whole", path);
            bytes = NULL;
        }
    }
    fclose(in);
    return bytes;
}

/* What is there and no file (a terminal, a pipe, /dev/null) is written to, not replaced. */
static bool is_device(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

const char *file_write_begin(arena *memory, file_writer *w, const char *path)
{
    w->path = arena_strdup(memory, path);
    w->temporary = is_device(path) ? NULL : arena_printf(memory, "%s.%ld.part", path, (long)getpid());
    w->stream = fopen(w->temporary ? w->temporary : path, "wb");
    return w->stream ? NULL : failure(memory, "write", path);
}

/* A device that cannot be synchronised has nothing to lose. */
static bool on_disk(const file_writer *w)
{
    return !ferror(w->stream) && fflush(w->stream) == 0 && (!w->temporary || fsync(fileno(w->stream)) == 0);
}

const char *file_write_commit(arena *memory, file_writer *w)
{
    bool good = on_disk(w);
    int saved = errno;
    good = fclose(w->stream) == 0 && good;
    w->stream = NULL;
    if (good && (!w->temporary || rename(w->temporary, w->path) == 0))
        return NULL;
    if (good)
        saved = errno;
    if (w->temporary)
        unlink(w->temporary);
    errno = saved;
    return failure(memory, "write", w->path);
}

void file_write_abandon(file_writer *w)
{
    if (w->stream)
        fclose(w->stream);
    w->stream = NULL;
    if (w->temporary)
        unlink(w->temporary);
}
