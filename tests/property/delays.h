/*
 * Programs under random extra delays (emulator_options.delays): a program whose words have one
 * writer per phase is a Kahn network, so that no delay changes what it computes. What a kernel of
 * an image computes is written down as outputs and weights.
 */
#ifndef PANTHER_TESTS_DELAYS_H
#define PANTHER_TESTS_DELAYS_H

#include "emulator/emulator.h"
#include "isa/support/random.h"

#include <stdlib.h>
#include <string.h>

typedef struct delay_case {
    const machine *machine;
    const image *image;
    uint32_t entry;     /* that is run */
    uint64_t seed;      /* of inputs, weights and rounding */
    bool ignore_phases;
} delay_case;

typedef struct delay_result {
    bool done; /* otherwise the kernel failed */
    uint64_t cycles;
    unsigned char *bytes; /* outputs of all ports, and the weights of all matrices */
    size_t length;
} delay_result;

static inline size_t delay_port_words(const image_entry *entry, const image_port *p)
{
    return (size_t)p->elements * (p->per_kernel ? 1 : entry->batch);
}

/* Words of every input port, small numbers. */
static inline int16_t **delay_inputs(arena *memory, const image_entry *entry, uint64_t seed)
{
    random_state r = random_from(seed, 1);
    int16_t **inputs = ARENA_ARRAY(memory, int16_t *, entry->input_count + 1);
    for (uint32_t p = 0; p < entry->input_count; p++) {
        size_t words = delay_port_words(entry, &entry->inputs[p]);
        inputs[p] = ARENA_ARRAY(memory, int16_t, words);
        for (size_t i = 0; i < words; i++)
            inputs[p][i] = (int16_t)((int)random_below(&r, 2001) - 1000);
    }
    return inputs;
}

static inline void delay_write_weights(arena *memory, emulator *e, const image *im, uint64_t seed)
{
    random_state r = random_from(seed, 2);
    for (uint32_t k = 0; k < im->matrix_count; k++) {
        size_t count = (size_t)im->matrices[k].rows * im->matrices[k].columns;
        int64_t *w = ARENA_ARRAY(memory, int64_t, count);
        for (size_t i = 0; i < count; i++)
            w[i] = (int64_t)random_below(&r, 1 << 25) - (1 << 24);
        emulator_write_matrix(e, k, w);
    }
}

static inline void delay_append(arena *memory, delay_result *r, const void *bytes, size_t length)
{
    r->bytes = arena_grow(memory, r->bytes, r->length, r->length + length);
    memcpy(r->bytes + r->length, bytes, length);
    r->length += length;
}

static inline void delay_collect(arena *memory, const delay_case *c, const emulator *e,
                                 int16_t *const *outputs, delay_result *r)
{
    const image_entry *entry = &c->image->entries[c->entry];
    for (uint32_t p = 0; p < entry->output_count; p++)
        delay_append(memory, r, outputs[p],
                     delay_port_words(entry, &entry->outputs[p]) * sizeof(int16_t));
    for (uint32_t k = 0; k < c->image->matrix_count; k++) {
        size_t count = (size_t)c->image->matrices[k].rows * c->image->matrices[k].columns;
        int64_t *w = ARENA_ARRAY(memory, int64_t, count);
        emulator_read_matrix(e, k, w);
        delay_append(memory, r, w, count * sizeof *w);
    }
}

/*
 * One kernel on an emulator of its own; delays 0: none. Some seeds take two threads, or a trace in
 * pieces. Messages of a failure go to d.
 */
static inline delay_result delay_run(arena *memory, const delay_case *c, uint64_t delays, diag *d)
{
    const image_entry *entry = &c->image->entries[c->entry];
    emulator_options options = {.seed = c->seed,
                                .threads = delays % 8 == 7 ? 2 : 1,
                                .trace_steps = delays % 8 == 3 ? 50 : 0,
                                .delays = delays,
                                .ignore_phases = c->ignore_phases};
    emulator *e = emulator_new(memory, c->machine, c->image, &options, d, "delays");
    delay_result r = {0};
    if (!e)
        return r;
    int16_t **inputs = delay_inputs(memory, entry, c->seed);
    int16_t **outputs = ARENA_ARRAY(memory, int16_t *, entry->output_count + 1);
    for (uint32_t p = 0; p < entry->output_count; p++)
        outputs[p] =
            ARENA_ARRAY(memory, int16_t, delay_port_words(entry, &entry->outputs[p]));
    delay_write_weights(memory, e, c->image, c->seed);
    r.done = emulator_run(e, c->entry, 0, (const int16_t *const *)inputs, outputs, d) == EXIT_DONE;
    r.cycles = emulator_statistics(e)->last_kernel_cycles;
    if (r.done)
        delay_collect(memory, c, e, outputs, &r);
    return r;
}

static inline bool delay_same(const delay_result *a, const delay_result *b)
{
    return a->done && b->done && a->length == b->length &&
           memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* Whether the kernel comes to its end, found without time. */
static inline bool delay_ends(arena *memory, const delay_case *c, diag *d)
{
    emulator_options options = {.timing_only = true, .ignore_phases = c->ignore_phases};
    emulator *e = emulator_new(memory, c->machine, c->image, &options, d, "delays");
    return e && emulator_check(e, c->entry, d) == EXIT_DONE;
}

/* How many of so many seeds of delays compute something else than `expected`, or fail. */
static inline int delay_count_changed(const delay_case *c, const delay_result *expected, int seeds)
{
    int changed = 0;
    for (int k = 1; k <= seeds; k++) {
        arena *memory = arena_new();
        diag *d = diag_new(memory, source_set_new(memory));
        delay_result r = delay_run(memory, c, (uint64_t)k, d);
        changed += !delay_same(&r, expected);
        arena_free(memory);
    }
    return changed;
}

#endif
