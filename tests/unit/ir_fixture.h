/*
 * What the tests of the graph IR share: a module in an arena, its text, and what the verifier says.
 */
#ifndef PANTHER_TESTS_UNIT_IR_FIXTURE_H
#define PANTHER_TESTS_UNIT_IR_FIXTURE_H

#include "ir/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAPER_SLICES                                                                               \
    {                                                                                              \
        .slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4}, .adc_extra_bits = 6,       \
        .rows = 128, .columns = 128                                                                \
    }

static const ir_numerics paper_numerics = {
    .slices = PAPER_SLICES,
    .mode = OPA_STREAM,
    .rounding = {ROUND_STOCHASTIC, 9, 7},
    .q_activation = 9,
    .q_weight = 26,
    .q_error = 14,
};

typedef struct fixture {
    arena *memory;
    source_set *sources;
    diag *d;
    ir_module *m;
} fixture;

static inline void fixture_open(fixture *f, const ir_numerics *n)
{
    f->memory = arena_new();
    f->sources = source_set_new(f->memory);
    f->d = diag_new(f->memory, f->sources);
    f->m = ir_module_new(f->memory, f->sources, n);
}

static inline void fixture_close(fixture *f)
{
    arena_free(f->memory);
}

/* What a writer writes, as text in the arena. */
static inline char *captured(arena *memory, void (*write)(const void *from, FILE *out),
                             const void *from)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    write(from, out);
    fclose(out);
    char *copy = arena_strndup(memory, text, length);
    free(text);
    return copy;
}

static inline void write_module(const void *from, FILE *out)
{
    ir_print(from, out);
}

static inline void write_diag(const void *from, FILE *out)
{
    diag_print((diag *)from, out, false);
}

static inline char *text_of(arena *memory, const ir_module *m)
{
    return captured(memory, write_module, m);
}

static inline char *messages_of(arena *memory, diag *d)
{
    return captured(memory, write_diag, d);
}

/* Reads a text; prints what was wrong and fails if it cannot be read or is not sound. */
static inline ir_module *read_sound(fixture *f, const char *text)
{
    ir_module *m = ir_parse(f->memory, f->sources, f->d, "test.ir", text, strlen(text));
    if (!m || !ir_verify(m, f->d, NULL))
        fail_msg("%s", messages_of(f->memory, f->d));
    return m;
}

static inline uint64_t test_seed(void)
{
    const char *given = getenv("PANTHER_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20260901;
    print_message("seed %llu (PANTHER_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

#endif
