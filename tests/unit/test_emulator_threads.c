/*
 * The number of host threads, whether time is worked out in every kernel or in the first only,
 * whether a kernel is traced as a whole or in pieces, and whether products are evaluated together
 * must not show in anything: outputs, digits, cycles, counts, energy. On random networks, whose
 * pipelines keep several tiles busy at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "emulator/emulator.h"
#include "passes/passes.h"
#include "tests/property/random_net.inc"

enum { SEED = 20261122, CASES = 12, KERNELS = 3 };

typedef struct net_case {
    arena *memory;
    diag *diag;
    machine *machine;
    net_plan plan;
    image *image;
    uint64_t seed;
    bool wear;
} net_case;

/* All that a run leaves behind. */
typedef struct result {
    uint64_t cycles[KERNELS];
    int16_t *outputs[KERNELS];
    int16_t *digits;
    size_t output_words, digit_words;
    emulator_totals totals;
} result;

static bool compile(net_case *c)
{
    pass_options options = {0};
    ir_module *module = net_build(c->memory, &c->plan, c->machine);
    bool good = passes_run(module, c->machine, c->memory, c->diag, &options, NULL, NULL);
    c->image = good ? backend_build(c->memory, module, c->machine, "", c->diag) : NULL;
    return c->image != NULL;
}

static int16_t *random_words(const net_case *c, random_state *r, size_t count)
{
    int16_t *words = ARENA_ARRAY(c->memory, int16_t, count);
    for (size_t i = 0; i < count; i++)
        words[i] = (int16_t)net_between(r, -2000, 2000);
    return words;
}

static void write_weights(const net_case *c, emulator *e, random_state *r)
{
    for (uint32_t k = 0; k < c->image->matrix_count; k++) {
        size_t count = (size_t)c->image->matrices[k].rows * c->image->matrices[k].columns;
        int64_t *w = ARENA_ARRAY(c->memory, int64_t, count);
        for (size_t i = 0; i < count; i++)
            w[i] = net_between(r, -(1 << 26), 1 << 26);
        emulator_write_matrix(e, k, w);
    }
}

static void read_digits(const net_case *c, const emulator *e, result *to)
{
    size_t slices = (size_t)c->machine->slices.slices;
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;
        for (uint32_t k = 0; k < c->image->matrix_count; k++)
            for (uint32_t b = 0; b < c->image->matrices[k].block_count; b++) {
                const image_block *block = &c->image->matrices[k].blocks[b];
                if (pass)
                    emulator_read_digits(e, k, b, to->digits + at);
                at += slices * block->rows * block->columns;
            }
        to->digit_words = at;
        if (!pass)
            to->digits = ARENA_ARRAY(c->memory, int16_t, at);
    }
}

static size_t port_words(const image_entry *e, const image_port *p)
{
    return (size_t)p->elements * (p->per_kernel ? 1 : e->batch);
}

static result run(const net_case *c, emulator_options options, bool look)
{
    result to = {0};
    random_state r = random_from(c->seed, 77);
    options.seed = c->seed;
    options.wear = c->wear;
    const image_entry *entry = &c->image->entries[0];
    emulator *e = emulator_new(c->memory, c->machine, c->image, &options, c->diag, "test");
    assert_non_null(e);
    write_weights(c, e, &r);
    to.output_words = port_words(entry, &entry->outputs[0]);
    for (int k = 0; k < KERNELS; k++) {
        const int16_t *inputs[8];
        assert_in_range(entry->input_count, 1, 8);
        for (uint32_t p = 0; p < entry->input_count; p++)
            inputs[p] = random_words(c, &r, port_words(entry, &entry->inputs[p]));
        to.outputs[k] = ARENA_ARRAY(c->memory, int16_t, to.output_words);
        assert_int_equal(emulator_run(e, 0, (uint64_t)k, inputs, &to.outputs[k], c->diag),
                         EXIT_DONE);
        if (look || k == KERNELS - 1) /* statistics in between change nothing either */
            to.totals = *emulator_statistics(e);
        to.cycles[k] = to.totals.last_kernel_cycles;
        if (k == 1)
            emulator_crs(e);
    }
    read_digits(c, e, &to);
    return to;
}

static void assert_same(const net_case *c, const result *a, const result *b)
{
    assert_int_equal(a->cycles[KERNELS - 1], b->cycles[KERNELS - 1]);
    for (int k = 0; k < KERNELS; k++)
        assert_memory_equal(a->outputs[k], b->outputs[k], a->output_words * sizeof(int16_t));
    assert_memory_equal(a->digits, b->digits, a->digit_words * sizeof(int16_t));
    assert_memory_equal(a->totals.by_layer, b->totals.by_layer,
                        c->image->layer_count * sizeof(double));
    emulator_totals x = a->totals, y = b->totals;
    x.by_layer = y.by_layer = NULL;
    assert_memory_equal(&x, &y, sizeof x);
}

/* With `knobs` the cells are disturbed, and their wear is counted too. */
static void run_case(uint64_t seed, const char *knobs)
{
    static const emulator_options ways[] = {
        {.threads = 1},
        {.threads = 2},
        {.threads = 3},
        {.threads = 8},
        {.threads = 3, .measure_each = true},
        {.threads = 1, .trace_steps = 1},
        {.threads = 2, .trace_steps = 100},
        {.threads = 0},
        {.threads = 2, .watch = true},
    };
    net_case c = {.memory = arena_new(), .seed = seed};
    c.diag = diag_new(c.memory, source_set_new(c.memory));
    random_state r = random_from(seed, 1);
    c.machine = net_random_machine(c.memory, c.diag, &r);
    assert_non_null(c.machine);
    c.plan = net_random_plan(&r, c.machine);
    c.machine->fidelity = c.plan.fidelity;
    c.machine->variant = 1 + (int)random_below(&r, 3);
    if (knobs) {
        assert_null(device_set_list(c.memory, &c.machine->device, knobs));
        c.machine->fidelity = FIDELITY_DEVICE;
        c.wear = true;
        if (c.machine->opa_mode == OPA_IDEAL)
            c.machine->opa_mode = OPA_DIGIT;
    }
    assert_true(compile(&c));
    emulator_options first = {.threads = 1, .measure_each = true};
    result alone = run(&c, first, true);
    assert_true(alone.totals.mvm > 0 && alone.totals.energy_pj > 0);
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        result same = run(&c, ways[k], k % 2);
        assert_same(&c, &alone, &same);
    }
    diag_print(c.diag, stderr, false);
    arena_free(c.memory);
}

static void threads_do_not_show(void **state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    for (uint64_t k = 0; k < CASES; k++)
        run_case(SEED + k, NULL);
}

/* Noise belongs to a block and its events, not to who comes first. */
static void threads_do_not_show_in_noise(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 4; k++)
        run_case(SEED + k, k % 2 ? "preset=reram_illustrative,drift_exponent=0.1,drift_start=1e-7"
                                 : "preset=reram_illustrative");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_do_not_show),
                                       cmocka_unit_test(threads_do_not_show_in_noise)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
