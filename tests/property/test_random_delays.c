/*
 * Random extra delays in cores, ports and network never change what random training kernels
 * compute; and where words are ready in any phase, they do: a ring with two consumers of which one
 * comes round takes the round before, and the kernel halts as if nothing had happened.
 *
 * PANTHER_TEST_SEED repeats a run, PANTHER_TEST_CASES shortens or lengthens it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "delays.h"
#include "passes/passes.h"
#include "random_net.inc"
#include "random_conv.inc"

enum { CASES = 20, SEEDS = 50, CONV_CASES = 20, CONV_WORK = 8000 };

/* Small, so that a thousand kernels take seconds. */
static net_plan small_plan(random_state *r, const machine *m)
{
    net_plan p = net_random_plan(r, m);
    p.fidelity = FIDELITY_IDEAL;
    for (uint32_t l = 0; l <= p.layers; l++)
        p.width[l] = 1 + p.width[l] % 80;
    return p;
}

/* Whether the values would change without phases. */
static bool hold_to_values(const delay_case *c, arena *memory, diag *d)
{
    delay_result expected = delay_run(memory, c, 0, d), late = delay_run(memory, c, 1, d);
    diag_print(d, stderr, false);
    assert_true(expected.done && late.done);
    assert_true(late.cycles > expected.cycles);
    assert_true(delay_ends(memory, c, d));
    assert_int_equal(delay_count_changed(c, &expected, SEEDS), 0);
    delay_case without = *c;
    without.ignore_phases = true;
    return delay_count_changed(&without, &expected, SEEDS / 10) > 0;
}

static void run_case(uint64_t seed)
{
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    random_state r = random_from(seed, 1);
    machine *m = net_random_machine(memory, d, &r);
    assert_non_null(m);
    m->fidelity = FIDELITY_IDEAL;
    m->variant = net_between(&r, 1, 3);
    net_plan plan = small_plan(&r, m);
    pass_options full = {0};
    ir_module *module = net_build(memory, &plan, m);
    assert_true(passes_run(module, m, memory, d, &full, NULL, NULL));
    image *im = backend_build(memory, module, m, "", d);
    assert_non_null(im);
    delay_case c = {.machine = m, .image = im, .seed = seed};
    hold_to_values(&c, memory, d);
    arena_free(memory);
}

static void delays_change_no_value(void **state)
{
    (void)state;
    const char *seed_text = getenv("PANTHER_TEST_SEED"), *cases_text = getenv("PANTHER_TEST_CASES");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 20261122;
    int cases = cases_text ? atoi(cases_text) : CASES;
    for (int i = 0; i < cases; i++) {
        print_message("case seed %llu\n", (unsigned long long)(first + (uint64_t)i));
        run_case(first + (uint64_t)i);
    }
}

static uint32_t training_entry(const image *im)
{
    for (uint32_t k = 0; k < im->entry_count; k++)
        if (im->entries[k].updates)
            return k;
    fail_msg("no entry trains");
    return 0;
}

/* A convolutional network; false if it is too large to run so often. */
static bool run_convolutions(uint64_t seed, int *noticed)
{
    static conv_writer program;
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    random_state r = random_from(seed, 2);
    machine *m = net_random_machine(memory, d, &r);
    assert_non_null(m);
    m->cores = 8;
    m->memory_words = 1 << 22;
    m->fidelity = FIDELITY_IDEAL;
    m->variant = net_between(&r, 1, 3);
    conv_random_program(&program, &r);
    bool small = program.work <= CONV_WORK;
    if (small) {
        print_message("convolution seed %llu\n", (unsigned long long)seed);
        pass_options full = {0};
        ir_module *module = net_of_text(memory, d, m, program.text);
        assert_true(module && passes_run(module, m, memory, d, &full, NULL, NULL));
        image *im = backend_build(memory, module, m, "", d);
        assert_non_null(im);
        delay_case c = {.machine = m, .image = im, .seed = seed, .entry = training_entry(im)};
        *noticed += hold_to_values(&c, memory, d);
    }
    arena_free(memory);
    return small;
}

static void delays_change_no_convolution(void **state)
{
    (void)state;
    uint64_t seed = 20261122;
    int noticed = 0;
    for (int found = 0; found < CONV_CASES; seed++)
        found += run_convolutions(seed, &noticed);
    print_message("seeds up to %llu; %d of %d programs change without phases\n",
                  (unsigned long long)seed - 1, noticed, CONV_CASES);
    assert_true(noticed > 0);
}

/*
 * A ring of two places with two consumers, each of which passes on what it takes. Core 1 does
 * something else for `lag` rounds of a loop before each place.
 */
static const char ring_text[] = ".entry main batch=8\n"
                                ".input x elements=2\n.packet channel=0 words=2\n"
                                ".output y elements=2\n.packet channel=0 words=2\n"
                                ".output z elements=2\n.packet channel=1 words=2\n"
                                ".buffer ring, 0, 4\n.buffer a, 4, 2\n.buffer b, 6, 2\n"
                                ".thread 0\n"
                                "next: receive [s2 + ring], 2, 0, 2\n"
                                "  sring s2, 2, 4\n  saddi s1, s1, 1\n  blt s1, 8, next\n  halt\n"
                                ".core 0\n"
                                "next: load v0, [s2 + ring], 2\n  store [s3 + a], v0, 2, 1\n"
                                "  sring s2, 2, 4\n  sring s3, 2, 2\n"
                                "  saddi s1, s1, 1\n  blt s1, 8, next\n  halt\n"
                                ".core 1\n"
                                "next: sset s4, 0\n"
                                "wait: saddi s4, s4, 1\n  blt s4, %d, wait\n"
                                "  load v0, [s2 + ring], 2\n  store [s3 + b], v0, 2, 1\n"
                                "  sring s2, 2, 4\n  sring s3, 2, 2\n"
                                "  saddi s1, s1, 1\n  blt s1, 8, next\n  halt\n"
                                ".thread 1\n"
                                "next: send [s3 + a], 2, host, 0, 0\n"
                                "  sring s3, 2, 2\n  saddi s1, s1, 1\n  blt s1, 8, next\n  halt\n"
                                ".thread 2\n"
                                "next: send [s3 + b], 2, host, 0, 1\n"
                                "  sring s3, 2, 2\n  saddi s1, s1, 1\n  blt s1, 8, next\n  halt\n";

/* A lag of 1: in step by luck; of 1000: core 0 comes round each time. */
static delay_case ring_case(arena *memory, diag *d, int lag, bool ignore_phases)
{
    const char *text = arena_printf(memory, ring_text, lag);
    machine *m = machine_load(memory, d, PANTHER_SOURCE_DIR "/examples/machines/tiny.yaml");
    assert_non_null(m);
    image *im = asm_parse(memory, diag_sources(d), d, "ring.s", text, strlen(text), m);
    assert_non_null(im);
    return (delay_case){.machine = m, .image = im, .seed = 5, .ignore_phases = ignore_phases};
}

/* Both outputs are the input. */
static bool passes_on(arena *memory, const delay_case *c, const delay_result *r)
{
    int16_t **x = delay_inputs(memory, &c->image->entries[0], c->seed);
    size_t bytes = 8 * 2 * sizeof **x;
    return r->done && r->length == 2 * bytes && memcmp(r->bytes, x[0], bytes) == 0 &&
           memcmp(r->bytes + bytes, x[0], bytes) == 0;
}

static void phases_hold_whoever_comes_round(void **state)
{
    (void)state;
    for (int lag = 1; lag <= 1000; lag *= 10) {
        arena *memory = arena_new();
        diag *d = diag_new(memory, source_set_new(memory));
        delay_case c = ring_case(memory, d, lag, false);
        delay_result r = delay_run(memory, &c, 0, d);
        assert_true(passes_on(memory, &c, &r));
        assert_int_equal(delay_count_changed(&c, &r, SEEDS), 0);
        arena_free(memory);
    }
}

static void without_phases_values_change(void **state)
{
    (void)state;
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    delay_case fast = ring_case(memory, d, 1000, true), lucky = ring_case(memory, d, 1, true);
    delay_result wrong = delay_run(memory, &fast, 0, d), right = delay_run(memory, &lucky, 0, d);
    assert_true(wrong.done); /* halts as if nothing had happened */
    assert_false(passes_on(memory, &fast, &wrong));
    assert_true(passes_on(memory, &lucky, &right));
    assert_true(delay_count_changed(&lucky, &right, SEEDS) > SEEDS / 4);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_change_no_value),
        cmocka_unit_test(delays_change_no_convolution),
        cmocka_unit_test(phases_hold_whoever_comes_round),
        cmocka_unit_test(without_phases_values_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
