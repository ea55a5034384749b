/* Shared memory: counts, phases, sticky words, waits and every error of the rules. */
#include "tests/unit/test_emulator_support.h"

/* store: port 2 cycles per 4 words. The load waits for it, although it comes first. */
static void load_waits_for_store(void **state)
{
    (void)state;
    assert_int_equal(bench_cycles(".core 0\n"
                                  "  load v0, [s0 + 0], 8\n"   /* waits until 9, port to 13 */
                                  "  halt\n"                   /* 14 */
                                  ".core 1\n"
                                  "  set v0, 7, 8\n"           /* 1 */
                                  "  sset s1, 0\n"             /* 2 */
                                  "  sset s1, 0\n"             /* 3 */
                                  "  sset s1, 0\n"             /* 4 */
                                  "  sset s1, 0\n"             /* 5 */
                                  "  store [s0 + 0], v0, 8, 1\n" /* port 5 to 9 */
                                  "  halt\n"),                 /* 10 */
                     14);
}

/* One port per tile: the second of two simultaneous requests waits, the lower core goes first. */
static void port_serves_one_at_a_time(void **state)
{
    (void)state;
    assert_int_equal(bench_cycles(".preset 0, keep, 1, 2, 3, 4, 5, 6, 7, 8\n"
                                  ".core 0\n  peek v0, [s0 + 0], 8\n  halt\n" /* 4, 5 */
                                  ".core 1\n  peek v0, [s0 + 0], 8\n  halt\n"), /* 8, 9 */
                     9);
    /* drop moves no data and needs no port */
    assert_int_equal(bench_cycles(".preset 0, 1, 1, 2, 3, 4, 5, 6, 7, 8\n"
                                  ".preset 8, keep, 0*8\n"
                                  ".core 0\n  peek v0, [s0 + 8], 8\n  halt\n"
                                  ".core 1\n  drop [s0 + 0], 8\n  halt\n"),
                     5);
}

/* Two consumers of x: the second value is stored when both have taken the first. */
static void counts_release_words(void **state)
{
    (void)state;
    bench b = bench_new();
    int16_t out[4] = {0};
    int16_t *outputs[] = {out};
    bench_program(&b, ".output y role=output elements=4\n"
                      ".packet channel=0 words=4\n"
                      ".buffer x, 0, 4\n.buffer y, 4, 4\n"
                      ".core 0\n"
                      "  set v0, 5, 4\n  store [s0 + x], v0, 4, 2\n"
                      "  load v4, [s0 + x], 4\n"
                      "  set v0, 6, 4\n  store [s0 + x], v0, 4, 1\n"
                      "  halt\n"
                      ".core 1\n"
                      "  sset s1, 0\n"
                      "delay: saddi s1, s1, 1\n  blt s1, 50, delay\n"
                      "  load v0, [s0 + x], 4\n"
                      "  load v4, [s0 + x], 4\n"
                      "  muli v0, v0, 10, 4, 0\n"
                      "  add v0, v0, v4, 4\n"
                      "  store [s0 + y], v0, 4, 1\n"
                      "  halt\n"
                      ".thread 0\n  send [s0 + y], 4, host, 0, 0\n  halt\n");
    bench_run(&b, NULL, outputs);
    for (int k = 0; k < 4; k++)
        assert_int_equal(out[k], 56);
    bench_free(&b);
}

/* A ring of two places: without the phase the fast consumer would take the old word again. */
static const char ring_program[] =
    ".output y role=output elements=16\n"
    ".packet channel=0 words=16\n"
    ".buffer x, 0, 2\n.buffer y, 16, 16\n"
    ".core 0\n" /* the producer: 1, 2, ..., 16 */
    "        set    v0, 0, 1\n"
    "next:   addi   v0, v0, 1, 1\n"
    "        store  [s2 + x], v0, 1, 2\n"
    "        sring  s2, 1, 2\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 16, next\n"
    "        halt\n"
    ".core 1\n" /* a fast consumer, which passes the words on */
    "next:   load   v0, [s2 + x], 1\n"
    "        sring  s2, 1, 2\n"
    "        store  [s1 + y], v0, 1, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 16, next\n"
    "        halt\n"
    ".thread 0\n"
    "        send   [s0 + y], 16, host, 0, 0\n"
    "        halt\n"
    ".thread 1\n" /* a slow one, which must not be overtaken */
    "next:   sset   s3, 0\n"
    "delay:  saddi  s3, s3, 1\n"
    "        blt    s3, 20, delay\n"
    "        send   [s2 + x], 1, 0, 1, 3\n"
    "        sring  s2, 1, 2\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 16, next\n"
    "        halt\n"
    ".tile 1\n"
    ".thread 0\n"
    "next:   receive [s0 + 0], 1, 3, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 16, next\n"
    "        halt\n"
    ".core 0\n"
    "next:   drop   [s0 + 0], 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 16, next\n"
    "        halt\n";

static void phases_keep_rounds_apart(void **state)
{
    (void)state;
    bench b = bench_new();
    int16_t out[16] = {0};
    int16_t *outputs[] = {out};
    bench_program(&b, ring_program);
    uint64_t cycles = bench_run(&b, NULL, outputs);
    for (int k = 0; k < 16; k++)
        assert_int_equal(out[k], k + 1);
    memset(out, 0, sizeof out);
    assert_int_equal(bench_run(&b, NULL, outputs), cycles); /* a second kernel starts afresh */
    assert_int_equal(out[15], 16);
    bench_free(&b);
}

static void sticky_words_stay(void **state)
{
    (void)state;
    bench b = bench_new();
    int16_t out[4] = {0};
    int16_t *outputs[] = {out};
    bench_program(&b, ".output y role=output elements=4\n"
                      ".packet channel=0 words=4\n"
                      ".preset 0, keep, 1, 2, 3, 4\n"
                      ".core 0\n"
                      "  load v0, [s0 + 0], 4\n"        /* a take that takes nothing */
                      "  sring s2, 1, 1\n"              /* the other phase */
                      "  load v4, [s2 + 0], 4\n"
                      "  add v0, v0, v4, 4\n"
                      "  store [s0 + 0], v0, 4, keep\n" /* overwritten without waiting */
                      "  load v8, [s0 + 0], 4\n"
                      "  store [s0 + 8], v8, 4, 1\n"
                      "  halt\n"
                      ".thread 0\n  send [s0 + 8], 4, host, 0, 0\n  halt\n");
    for (int round = 0; round < 2; round++) { /* presets come back with the next kernel */
        bench_run(&b, NULL, outputs);
        for (int k = 0; k < 4; k++)
            assert_int_equal(out[k], 2 * (k + 1));
    }
    bench_free(&b);
}

static void addresses_are_checked(void **state)
{
    (void)state;
    bench_fails(".core 0\n  sset s1, -1\n  peek v0, [s1 + 0], 4\n  halt\n",
                "words -1 to 2 lie outside the memory of 4096 words",
                "node 0 tile 0 core 0 at 1: peek v0, [s1", "t.s:3:", NULL);
    bench_fails(".core 0\n  sset s1, 4093\n  store [s1 + 0], v0, 4, 1\n  halt\n",
                "words 4093 to 4096 lie outside", NULL);
    bench_fails(".core 0\n  sset s1, 2147483647\n  drop [s1 + 16777215], 4\n  halt\n",
                "lie outside", NULL);
}

static void two_writers_are_found(void **state)
{
    (void)state;
    bench_fails(".core 0\n  store [s0 + 0], v0, 8, 1\n  halt\n"
                ".core 1\n  store [s0 + 0], v0, 8, 1\n  halt\n",
                "two writers: word 0 was written by another agent meanwhile", "core 1", NULL);
}

static void count_underflow_is_found(void **state)
{
    (void)state;
    bench_fails(".preset 0, 1, 0*8\n"
                ".core 0\n  load v0, [s0 + 0], 8\n  halt\n"
                ".core 1\n  load v0, [s0 + 0], 8\n  halt\n",
                "count underflow: word 0 was used up by another consumer meanwhile", "core 1",
                NULL);
}

static void keep_on_counted_words_is_found(void **state)
{
    (void)state;
    bench_fails(".input x elements=4\n.packet channel=0 words=4\n.preset 0, 3, 0*8\n"
                ".thread 0\n  receive [s0 + 6], 4, 0, keep\n  halt\n",
                "keep on word 6, which still has 3 consumers", "receive", NULL);
    bench_fails(".preset 0, 3, 0*8\n.core 0\n  store [s0 + 6], v0, 4, keep\n  halt\n",
                "keep on word 6, which still has 3 consumers", "t.s:3:", NULL);
}

static void counts_on_sticky_words_are_found(void **state)
{
    (void)state;
    bench_fails(".preset 4, keep, 0\n.core 0\n  store [s0 + 0], v0, 8, 1\n  halt\n",
                "word 4 is sticky and can take no counted value", NULL);
}

static void left_over_words_are_found(void **state)
{
    (void)state;
    bench_fails(".buffer x, 100, 8\n"
                ".core 0\n  store [s0 + x], v0, 8, 3\n  halt\n"
                ".core 1\n  load v0, [s0 + x+2], 4\n  halt\n",
                "node 0 tile 0 halted, but word 100 (x+0) still has 3 consumers",
                "written by node 0 tile 0 core 0 at 0: store", "8 words of this tile are left over",
                NULL);
}

static void preset_counts_must_be_used_up(void **state)
{
    (void)state;
    bench_fails(".preset 9, 2, 5\n.core 0\n  halt\n", "word 9 still has 2 consumers", NULL);
}

/*
 * A row with zero pads on both sides in a ring of one row: the window is read pads and all, in both
 * phases, and the drop of the whole row leaves the pads.
 */
static void pads_match_any_phase(void **state)
{
    (void)state;
    int16_t x[15], y[25] = {0};
    const int16_t *inputs[] = {x};
    int16_t *outputs[] = {y};
    for (int k = 0; k < 15; k++)
        x[k] = (int16_t)(k + 1);
    bench b = bench_new();
    bench_program(&b, ".entry main batch=5\n"
                      ".input x elements=3\n.packet channel=1 words=3\n"
                      ".output y elements=5\n.packet channel=0 words=5\n"
                      ".preset 0, keep, 0 repeat=2 stride=4\n"
                      ".thread 0\n"
                      "next: receive [s2 + 1], 3, 1, 1\n"
                      "  sring s2, 5, 5\n  saddi s1, s1, 1\n  blt s1, 5, next\n  halt\n"
                      ".core 0\n"
                      "next: peek v0, [s2 + 0], 5\n  drop [s2 + 0], 5\n"
                      "  store [s3 + 8], v0, 5, 1\n"
                      "  sring s2, 5, 5\n  sring s3, 5, 10\n"
                      "  saddi s1, s1, 1\n  blt s1, 5, next\n  halt\n"
                      ".thread 1\n"
                      "next: send [s3 + 8], 5, host, 0, 0\n"
                      "  sring s3, 5, 10\n  saddi s1, s1, 1\n  blt s1, 5, next\n  halt\n");
    bench_run(&b, inputs, outputs);
    for (int k = 0; k < 25; k++)
        assert_int_equal(y[k], k % 5 == 0 || k % 5 == 4 ? 0 : x[k / 5 * 3 + k % 5 - 1]);
    bench_free(&b);
}

/*
 * Words 0-3 sticky, 4-5 there, 6-7 stored at 10 to 12: drop and load take at 13 and wait for all;
 * then word 4 has one consumer left, and the sticky ones stay.
 */
static void mixed_ranges_are_taken_whole(void **state)
{
    (void)state;
    static const char *const takers[] = {"drop [s0 + 0], 8", "load v0, [s0 + 0], 8"};
    for (int k = 0; k < 2; k++) {
        arena *memory = arena_new();
        const char *text =
            arena_printf(memory,
                         ".preset 0, keep, 1*4\n.preset 4, 2, 2\n.preset 5, 1, 2\n"
                         ".core 0\n  %s\n  load v0, [s0 + 0], 5\n  peek v0, [s0 + 0], 4\n"
                         "  halt\n"
                         ".core 1\n  sset s1, 0\nwait: saddi s1, s1, 1\n  blt s1, 4, wait\n"
                         "  sset s1, 0\n  store [s0 + 6], v0, 2, 1\n  halt\n",
                         takers[k]);
        /* drop ends at 13, load at 12 + 2 beats; load of 5: + 4; peek of 4: + 2; halt */
        assert_int_equal(bench_cycles(text), (k ? 16 : 13) + 4 + 2 + 1);
        arena_free(memory);
    }
}

/* No port and no beats: what the machine says for so many words. */
static void wide_drops_cost_their_class(void **state)
{
    (void)state;
    static const unsigned widths[] = {1, 16, 17, 4097, 65535};
    for (int k = 0; k < 5; k++) {
        unsigned words = widths[k];
        bench b = bench_new();
        b.m->memory_words = 70000;
        b.m->time[TIME_drop] = (machine_time){.fixed = 3, .words_per_cycle = 16};
        bench_program(&b, arena_printf(b.memory,
                                       ".preset 100, 2, 7*%u\n.preset 100, keep, 0*1\n"
                                       ".core 0\n  drop [s0 + 100], %u\n  halt\n"
                                       ".core 1\n  drop [s0 + 100], %u\n  halt\n",
                                       words, words, words));
        assert_int_equal(bench_run(&b, NULL, NULL), 3 + (words + 15) / 16 + 1);
        bench_free(&b);
    }
}

static void endless_programs_are_stopped(void **state)
{
    (void)state;
    bench_fails(".core 0\nagain: jmp again\n", "runs longer than 1000000 cycles", "jmp", NULL);
    bench b = bench_new();
    b.options.max_cycles = 0;
    bench_program(&b, ".core 0\nagain: saddi s1, s1, 1\n  jmp again\n");
    assert_int_equal(emulator_run(b.e, 0, 0, NULL, NULL, b.d), EXIT_PROGRAM);
    assert_non_null(strstr(bench_messages(&b), "instructions without touching memory"));
    bench_free(&b);
    bench_fails(".preset 0, keep, 0*4\n.core 0\nagain: peek v0, [s0 + 0], 4\n  jmp again\n",
                "runs longer than 1000000 cycles", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_waits_for_store),
        cmocka_unit_test(port_serves_one_at_a_time),
        cmocka_unit_test(counts_release_words),
        cmocka_unit_test(phases_keep_rounds_apart),
        cmocka_unit_test(sticky_words_stay),
        cmocka_unit_test(addresses_are_checked),
        cmocka_unit_test(two_writers_are_found),
        cmocka_unit_test(count_underflow_is_found),
        cmocka_unit_test(keep_on_counted_words_is_found),
        cmocka_unit_test(counts_on_sticky_words_are_found),
        cmocka_unit_test(left_over_words_are_found),
        cmocka_unit_test(preset_counts_must_be_used_up),
        cmocka_unit_test(pads_match_any_phase),
        cmocka_unit_test(mixed_ranges_are_taken_whole),
        cmocka_unit_test(wide_drops_cost_their_class),
        cmocka_unit_test(endless_programs_are_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
