/* Small machines and hand-written programs for the emulator's tests. */
#ifndef PANTHER_TESTS_UNIT_TEST_EMULATOR_SUPPORT_H
#define PANTHER_TESTS_UNIT_TEST_EMULATOR_SUPPORT_H

#include "emulator/emulator.h"
#include "isa/image.h"
#include "isa/support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct bench {
    arena *memory;
    diag *d;
    machine *m;
    image *im;
    emulator *e;
    emulator_options options;
} bench;

/* The machine `tiny` with round numbers, so that cycles can be counted by hand. */
static inline bench bench_new(void)
{
    bench b = {.memory = arena_new()};
    b.d = diag_new(b.memory, source_set_new(b.memory));
    b.m = machine_load(b.memory, b.d, PANTHER_SOURCE_DIR "/examples/machines/tiny.yaml");
    assert_non_null(b.m);
    for (int k = 0; k < TIME_CLASS_COUNT; k++)
        b.m->time[k] = (machine_time){.fixed = 1};
    b.m->time[TIME_vector] = (machine_time){.words_per_cycle = 4};
    b.m->t_mvm = 100;
    b.m->t_mtvm = 90;
    b.m->t_opa = 40;
    b.m->t_opa_log = 8;
    b.m->t_serial_read = 200;
    b.m->t_serial_write = 300;
    b.m->memory_beat_words = 4;
    b.m->memory_beat_cycles = 2;
    b.m->network_fixed = 10;
    b.m->network_per_hop = 3;
    b.m->network_per_beat = 1;
    b.m->node_link_fixed = 20;
    b.m->node_link_per_beat = 2;
    b.m->host_latency = 5;
    b.options = (emulator_options){.seed = 1, .max_cycles = 1000000};
    return b;
}

static inline const char *bench_messages(bench *b)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    diag_print(b->d, out, false);
    fclose(out);
    const char *copy = arena_strdup(b->memory, text);
    free(text);
    return copy;
}

/* Assembles and plans; the emulator is NULL if it refuses the image. */
static inline void bench_plan(bench *b, const char *text)
{
    b->im = asm_parse(b->memory, diag_sources(b->d), b->d, "t.s", text, strlen(text), b->m);
    if (!b->im)
        fail_msg("%s", bench_messages(b));
    b->e = emulator_new(b->memory, b->m, b->im, &b->options, b->d, "t.s");
}

static inline void bench_program(bench *b, const char *text)
{
    bench_plan(b, text);
    if (!b->e)
        fail_msg("%s", bench_messages(b));
}

/* Runs entry 0 and returns its cycles; fails the test if the program does. */
static inline uint64_t bench_run(bench *b, const int16_t *const *inputs, int16_t *const *outputs)
{
    if (emulator_run(b->e, 0, 0, inputs, outputs, b->d) != EXIT_DONE)
        fail_msg("%s", bench_messages(b));
    return emulator_statistics(b->e)->last_kernel_cycles;
}

/* Runs a program that must fail; its messages hold all of the texts (up to a NULL). */
static inline void bench_fails(const char *program, ...)
{
    bench b = bench_new();
    bench_program(&b, program);
    assert_int_equal(emulator_run(b.e, 0, 0, NULL, NULL, b.d), EXIT_PROGRAM);
    const char *messages = bench_messages(&b);
    va_list args;
    va_start(args, program);
    for (const char *text; (text = va_arg(args, const char *));)
        if (!strstr(messages, text))
            fail_msg("expected '%s' in:\n%s", text, messages);
    va_end(args);
    arena_free(b.memory);
}

static inline uint64_t bench_cycles(const char *program)
{
    bench b = bench_new();
    bench_program(&b, program);
    uint64_t cycles = bench_run(&b, NULL, NULL);
    arena_free(b.memory);
    return cycles;
}

static inline void bench_free(bench *b)
{
    arena_free(b->memory);
}

#endif
