/*
 * Both issue models and three variants, by cycles counted by hand. An instruction takes 1 cycle, an
 * MVM 100, an MTVM 90, an OPA 40 (8 to log its operands), a commit 200 + 300.
 */
#include "tests/unit/test_emulator_support.h"

static const char matrices[] =
    ".matrix w layer=0 rows=16 columns=16 q=26 frozen=0\n"
    ".block node=0 tile=0 core=0 mcu=0 row=0 column=0 rows=16 columns=16\n"
    ".matrix u layer=0 rows=16 columns=16 q=26 frozen=0\n"
    ".block node=0 tile=0 core=0 mcu=1 row=0 column=0 rows=16 columns=16\n";

static uint64_t cycles(mcu_issue issue, int variant, const char *body)
{
    bench b = bench_new();
    b.m->issue = issue;
    b.m->variant = variant;
    bench_program(&b, arena_printf(b.memory, "%s.core 0\n%s  halt\n", matrices, body));
    uint64_t n = bench_run(&b, NULL, NULL);
    bench full = bench_new(); /* without data it takes the same time */
    full.m->issue = issue;
    full.m->variant = variant;
    full.options.timing_only = true;
    bench_program(&full, arena_printf(b.memory, "%s.core 0\n%s  halt\n", matrices, body));
    assert_int_equal(bench_run(&full, NULL, NULL), n);
    bench_free(&full);
    bench_free(&b);
    return n;
}

static void blocking_takes_issue_and_longest(void **state)
{
    (void)state;
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mcu 100\n"), 102);
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mcu 010\n"), 92);
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mcu 110\n"), 102);
    assert_int_equal(cycles(ISSUE_BLOCKING, 1, "  mcu 110\n"), 192); /* one crossbar */
    assert_int_equal(cycles(ISSUE_BLOCKING, 3, "  mcu 110\n"), 102);
    assert_int_equal(cycles(ISSUE_BLOCKING, 1, "  mcu 100, 010\n"), 102); /* two MCUs */
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mcu 100\n  mcu 010\n"), 193);
}

static void updates_wait_for_the_halt(void **state)
{
    (void)state;
    /* logged in 8 cycles, applied in 40 at halt */
    assert_int_equal(cycles(ISSUE_BLOCKING, 1, "  mcu 001\n"), 1 + 8 + 1 + 40);
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mcu 111\n"), 1 + 100 + 1 + 40);
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mcu 001\n  mcu 001\n"), 9 + 9 + 1 + 80);
    /* MCUs apply theirs in parallel */
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mcu 001, 001\n  mcu 001\n"), 9 + 9 + 1 + 80);
    /* variant 3: eager, then read and write serially, once */
    assert_int_equal(cycles(ISSUE_BLOCKING, 3, "  mcu 001\n"), 41 + 1 + 500);
    assert_int_equal(cycles(ISSUE_BLOCKING, 3, "  mcu 001, 001\n  mcu 001\n"), 41 + 41 + 1 + 500);
}

static void overlapped_goes_on(void **state)
{
    (void)state;
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n"), 102);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  mcu 010\n"), 102);
    /* the other operation's registers are free: one vector operation of 4 cycles in the shade */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  add m0.mtvm.in, v0, v0, 16\n"), 102);
    /* its own are busy until the end: 101, then 1 or 4 cycles, then the halt */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  copy v0, m0.mvm.out, 16\n"), 103);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  add m0.mvm.in, v0, v0, 16\n"), 106);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 010\n  copy v0, m0.mtvm.out, 16\n"), 93);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 001\n  copy m0.opa.row, v0, 16\n"),
                     9 + 1 + 1 + 40);
    /* naming a running operation waits for it: 101, issue to 102, ends at 202 */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  mcu 100\n"), 203);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  mcu 000, 100\n"), 103);
    /* an instruction that names several waits for all of them */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  mcu 110\n"), 203);
}

static void one_crossbar_keeps_one_entry(void **state)
{
    (void)state;
    /* MTVM starts inside the MCU when the MVM ends, at 101; the core goes on meanwhile */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 1, "  mcu 100\n  mcu 010\n"), 192);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 1,
                            "  mcu 100\n  mcu 010\n  copy v0, m0.mvm.out, 16\n"
                            "  copy v0, m0.mvm.out, 16\n"),
                     192);
    /* the MVM of the next example waits behind it: issued at 103, starts at 191 */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 1, "  mcu 100\n  mcu 010\n  mcu 100\n"), 292);
    /* a second MTVM is not queued: it waits for the first (191), issue, 192 to 282 */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 1, "  mcu 100\n  mcu 010\n  mcu 010\n"), 283);
    /* OPA runs beside both */
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 1, "  mcu 100\n  mcu 001\n  mcu 001\n"), 102 + 80);
}

static void carry_resolution_stops_the_core(void **state)
{
    (void)state;
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  crs m0, m1\n"), 1 + 500 + 1);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  crs m0\n"), 101 + 501 + 1);
    assert_int_equal(cycles(ISSUE_OVERLAPPED, 2, "  mcu 100\n  crs m1\n"), 1 + 501 + 1);
}

static void host_resolution_is_charged(void **state)
{
    (void)state;
    bench b = bench_new();
    bench_program(&b, arena_printf(b.memory, "%s.core 0\n  halt\n", matrices));
    bench_run(&b, NULL, NULL);
    emulator_crs(b.e);
    const emulator_totals *t = emulator_statistics(b.e);
    assert_int_equal(t->cycles, 1 + 500);
    assert_int_equal(t->crs, 2);
    assert_int_equal(t->last_kernel_cycles, 1);
    bench_free(&b);
}

static void widths_take_time(void **state)
{
    (void)state;
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  add v0, v0, v0, 9\n"), 3 + 1);
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  add v0, v0, v0, 1\n"), 1 + 1);
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  mul v0, v0, v0, 99, 3, 0\n"), 1 + 1);
    /* port: 2 cycles per 4 words; keep writes without waiting */
    assert_int_equal(cycles(ISSUE_BLOCKING, 2, "  store [s0 + 0], v0, 9, keep\n"), 6 + 1);
}

static void loops_count(void **state)
{
    (void)state;
    assert_int_equal(cycles(ISSUE_BLOCKING, 2,
                            "  sset s1, 0\n"
                            "next: saddi s1, s1, 1\n"
                            "  blt s1, 10, next\n"),
                     1 + 20 + 1);
}

static void mcu_needs_a_matrix(void **state)
{
    (void)state;
    bench b = bench_new();
    bench_plan(&b, ".core 1\n  mcu 000, 100\n  crs m0\n  halt\n");
    assert_null(b.e);
    const char *messages = bench_messages(&b);
    assert_non_null(strstr(messages, "node 0 tile 0 core 1: 'mcu' names MCU 1, which holds no"));
    assert_non_null(strstr(messages, "node 0 tile 0 core 1: 'crs' names MCU 0, which holds no"));
    bench_free(&b);
}

static void resolution_after_updates_is_refused(void **state)
{
    (void)state;
    bench b = bench_new();
    bench_program(&b, arena_printf(b.memory, "%s.core 0\n  mcu 001\n  crs m0\n  halt\n", matrices));
    assert_int_equal(emulator_run(b.e, 0, 0, NULL, NULL, b.d), EXIT_PROGRAM);
    assert_non_null(strstr(bench_messages(&b), "carry resolution of MCU 0 while its updates wait"));
    bench_free(&b);
}

/* The check counts for nothing, and finds what a run would. */
static void ends_are_found_without_time(void **state)
{
    (void)state;
    const char *text = ".preset 0, 2, 5*4\n.core 0\n  load v0, [s0 + 0], 4\n"
                       "  store [s0 + 8], v0, 4, 1\n  halt\n"
                       ".core 1\nwait: saddi s1, s1, 1\n  blt s1, 20, wait\n"
                       "  load v0, [s0 + 8], 4\n  load v0, [s0 + 0], 4\n  halt\n";
    bench b = bench_new(), plain = bench_new();
    b.options.timing_only = plain.options.timing_only = true;
    bench_program(&b, text);
    bench_program(&plain, text);
    assert_int_equal(emulator_check(b.e, 0, b.d), EXIT_DONE);
    assert_int_equal(bench_run(&b, NULL, NULL), bench_run(&plain, NULL, NULL));
    assert_int_equal(emulator_check(b.e, 0, b.d), EXIT_DONE);
    assert_int_equal(emulator_statistics(b.e)->instructions,
                     emulator_statistics(plain.e)->instructions);
    assert_int_equal(emulator_statistics(b.e)->kernels, 1);
    bench_free(&b);
    bench_free(&plain);
}

static void check_fails(const char *text, const char *expected)
{
    bench b = bench_new();
    b.options.timing_only = true;
    bench_program(&b, text);
    assert_int_equal(emulator_check(b.e, 0, b.d), EXIT_PROGRAM);
    if (!strstr(bench_messages(&b), expected))
        fail_msg("expected '%s' in:\n%s", expected, bench_messages(&b));
    bench_free(&b);
}

static void checks_say_what_is_wrong(void **state)
{
    (void)state;
    check_fails(".core 0\n  load v0, [s0 + 0], 4\n  halt\n", "hangs at cycle 0");
    check_fails(".core 0\n  store [s0 + 0], v0, 4, 1\n  halt\n", "still has 1 consumers");
    check_fails(".core 0\nagain: jmp again\n", "runs longer than 1000000 cycles");
    /* core 1 looks before core 0 takes, but only because it is faster */
    check_fails(".preset 0, 1, 7\n"
                ".core 0\nwait: saddi s1, s1, 1\n  blt s1, 20, wait\n  drop [s0 + 0], 1\n  halt\n"
                ".core 1\n  peek v0, [s0 + 0], 1\n  halt\n",
                "only by the times of its instructions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocking_takes_issue_and_longest),
        cmocka_unit_test(updates_wait_for_the_halt),
        cmocka_unit_test(overlapped_goes_on),
        cmocka_unit_test(one_crossbar_keeps_one_entry),
        cmocka_unit_test(carry_resolution_stops_the_core),
        cmocka_unit_test(host_resolution_is_charged),
        cmocka_unit_test(widths_take_time),
        cmocka_unit_test(loops_count),
        cmocka_unit_test(mcu_needs_a_matrix),
        cmocka_unit_test(resolution_after_updates_is_refused),
        cmocka_unit_test(ends_are_found_without_time),
        cmocka_unit_test(checks_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
