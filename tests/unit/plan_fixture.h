/* Networks and chips for the tests of the planner. */
#ifndef PANTHER_TESTS_PLAN_FIXTURE_H
#define PANTHER_TESTS_PLAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frontend/language/language.h"
#include "isa/support/file.h"
#include "isa/support/random.h"
#include "passes/plan/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct plan_fixture {
    arena *memory;
    source_set *sources;
    diag *d;
} plan_fixture;

static plan_fixture plan_begin(void)
{
    plan_fixture f = {.memory = arena_new()};
    f.sources = source_set_new(f.memory);
    f.d = diag_new(f.memory, f.sources);
    return f;
}

static void plan_end(plan_fixture *f)
{
    diag_print(f->d, stderr, false);
    arena_free(f->memory);
}

/* The network of a program text, or NULL with the errors in f->d. */
__attribute__((unused)) static plan_network *plan_of_text(plan_fixture *f, const char *path,
                                                          const char *text, size_t length)
{
    ir_numerics numerics = {.q_activation = 9, .q_weight = 26, .q_error = 14};
    slicing_parse(&numerics.slices, "44466555");
    numerics.slices.rows = numerics.slices.columns = 128;
    numerics.slices.radix_bits = 4;
    pan_program *p = pan_check(f->memory, f->sources, f->d, path, text, length);
    ir_module *m = p ? pan_build(p, &numerics, f->d) : NULL;
    return m ? plan_network_find(f->memory, m, NULL, f->d) : NULL;
}

/* A network of examples/networks. */
__attribute__((unused)) static plan_network *plan_example(plan_fixture *f, const char *name)
{
    size_t length;
    const char *error;
    char *path = arena_printf(f->memory, PANTHER_SOURCE_DIR "/examples/networks/%s.pan", name);
    char *text = file_read(f->memory, path, 1 << 20, &length, &error);
    assert_non_null(text);
    plan_network *n = plan_of_text(f, path, text, length);
    assert_non_null(n);
    return n;
}

/* A chip of examples/machines/plan. */
__attribute__((unused)) static plan_chip *plan_example_chip(plan_fixture *f, const char *name)
{
    const char *path =
        arena_printf(f->memory, PANTHER_SOURCE_DIR "/examples/machines/plan/%s.yaml", name);
    plan_chip *c = plan_chip_load(f->memory, f->d, path);
    assert_non_null(c);
    return c;
}

#endif
