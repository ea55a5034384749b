/* For the tests of the host: a folder of its own, files in it, and an engine without an emulator. */
#ifndef PANTHER_TESTS_HOST_FIXTURE_H
#define PANTHER_TESTS_HOST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emulator/host/host.h"
#include "emulator/host/weights.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

typedef struct fixture {
    arena *memory;
    source_set *sources;
    diag *d;
    char folder[64];
} fixture;

static inline int fixture_open(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->memory = arena_new();
    f->sources = source_set_new(f->memory);
    f->d = diag_new(f->memory, f->sources);
    strcpy(f->folder, "panther-host-XXXXXX");
    if (!f || !mkdtemp(f->folder))
        return -1;
    *state = f;
    return 0;
}

static inline int fixture_close(void **state)
{
    fixture *f = *state;
    DIR *dir = opendir(f->folder);
    for (struct dirent *item; (item = readdir(dir));)
        if (item->d_name[0] != '.')
            unlink(arena_printf(f->memory, "%s/%s", f->folder, item->d_name));
    closedir(dir);
    rmdir(f->folder);
    arena_free(f->memory);
    free(f);
    return 0;
}

static inline const char *fixture_path(fixture *f, const char *name)
{
    return arena_printf(f->memory, "%s/%s", f->folder, name);
}

static inline void fixture_write(fixture *f, const char *name, const void *bytes, size_t length)
{
    FILE *out = fopen(fixture_path(f, name), "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    fclose(out);
}

static inline void fixture_write_gz(fixture *f, const char *name, const void *bytes, size_t length)
{
    gzFile out = gzopen(fixture_path(f, name), "wb");
    assert_int_equal(gzwrite(out, bytes, (unsigned)length), length);
    gzclose(out);
}

/* Everything reported so far, as text. */
static inline const char *fixture_messages(fixture *f)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    diag_print(f->d, out, false);
    fclose(out);
    const char *copy = arena_strdup(f->memory, text);
    free(text);
    return copy;
}

static inline void expect_message(fixture *f, const char *part)
{
    const char *text = fixture_messages(f);
    if (!strstr(text, part))
        fail_msg("expected '%s' in: %s", part, text);
}

#endif
