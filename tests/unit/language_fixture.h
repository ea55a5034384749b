/* What the tests of the language share: programs from text or file, errors as text. */
#ifndef PANTHER_TESTS_UNIT_LANGUAGE_FIXTURE_H
#define PANTHER_TESTS_UNIT_LANGUAGE_FIXTURE_H

#include "frontend/language/language.h"
#include "isa/support/file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOOD_FOLDER PANTHER_SOURCE_DIR "/tests/cli/good/language"
#define BAD_FOLDER PANTHER_SOURCE_DIR "/tests/cli/bad/language"

typedef struct compiled {
    arena *memory;
    source_set *sources;
    diag *d;
    pan_program *program; /* NULL if there were errors */
    char *messages;       /* everything reported, as printed */
} compiled;

static inline void fetch_messages(compiled *c)
{
    size_t size;
    free(c->messages);
    FILE *out = open_memstream(&c->messages, &size);
    diag_print(c->d, out, false);
    fclose(out);
}

static inline compiled compile_bytes(const char *path, const char *text, size_t length)
{
    compiled c = {.memory = arena_new()};
    c.sources = source_set_new(c.memory);
    c.d = diag_new(c.memory, c.sources);
    c.program = pan_check(c.memory, c.sources, c.d, path, text, length);
    fetch_messages(&c);
    return c;
}

static inline compiled compile_text(const char *text)
{
    return compile_bytes("test.pan", text, strlen(text));
}

static inline void compiled_free(compiled *c)
{
    free(c->messages);
    arena_free(c->memory);
}

/* Fails the test with the messages unless the program is good. */
static inline compiled compile_good(const char *text)
{
    compiled c = compile_text(text);
    if (!c.program)
        fail_msg("expected a good program:\n%s\n%s", text, c.messages);
    return c;
}

/* Fails unless exactly one error with this text is reported. */
static inline void expect_error(const char *text, const char *error)
{
    compiled c = compile_text(text);
    const char *line = arena_printf(c.memory, "error: %s\n", error);
    if (!strstr(c.messages, line) || diag_errors(c.d) != 1)
        fail_msg("expected only the error '%s' of\n%s\ngot\n%s", error, text, c.messages);
    compiled_free(&c);
}

static inline char *read_whole(arena *memory, const char *path, size_t *length)
{
    const char *error;
    char *text = file_read(memory, path, 1 << 24, length, &error);
    if (!text)
        fail_msg("%s", error);
    return text;
}

static inline int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the .pan files of a folder, sorted. */
static inline char **pan_files(arena *memory, const char *folder, size_t *count)
{
    char **names = NULL;
    size_t capacity = 0;
    *count = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        fail_msg("cannot read %s", folder);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (strlen(e->d_name) > 4 && !strcmp(e->d_name + strlen(e->d_name) - 4, ".pan"))
            ARENA_PUSH(memory, names, *count, capacity, arena_strdup(memory, e->d_name));
    closedir(dir);
    if (*count)
        qsort(names, *count, sizeof *names, by_name);
    return names;
}

static inline ir_numerics paper_numerics(void)
{
    return (ir_numerics){
        .slices = {.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                   .adc_extra_bits = 6, .rows = 128, .columns = 128},
        .mode = OPA_STREAM, .rounding = {ROUND_STOCHASTIC, 9, 7},
        .q_activation = 9, .q_weight = 26, .q_error = 14,
    };
}

#endif
