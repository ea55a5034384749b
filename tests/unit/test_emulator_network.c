/* Channels, credits, the host, several tiles and nodes, and what is said when they hang. */
#include "tests/unit/test_emulator_support.h"

/*
 * tile 0 -> tile 3 of a 2 x 2 mesh: 10 + 2 hops x 3 + 2 beats = 18 cycles.
 * send: port 0 to 4, arrives at 22; receive: port 22 to 26, halt 27.
 */
static void latency_counts_hops_and_beats(void **state)
{
    (void)state;
    assert_int_equal(bench_cycles(".preset 0, 1, 0*8\n"
                                  ".thread 0\n  send [s0 + 0], 8, 0, 3, 5\n  halt\n"
                                  ".tile 3\n.preset 100, keep, 0\n"
                                  ".thread 0\n  receive [s0 + 0], 8, 5, 1\n  halt\n"
                                  ".core 0\n  drop [s0 + 0], 8\n  halt\n"),
                     28);
    /* to the same tile of another node: + 20 and 2 per beat: 10 + 20 + 2 + 4 = 36 */
    assert_int_equal(bench_cycles(".preset 0, 1, 0*8\n"
                                  ".thread 0\n  send [s0 + 0], 8, 1, 0, 5\n  halt\n"
                                  ".node 1\n.tile 0\n"
                                  ".thread 0\n  receive [s0 + 0], 8, 5, keep\n  halt\n"),
                     4 + 36 + 4 + 1);
    /* within a tile: 10 + 2 */
    assert_int_equal(bench_cycles(".preset 0, 1, 0*8\n"
                                  ".thread 0\n  send [s0 + 0], 8, 0, 0, 5\n  halt\n"
                                  ".thread 1\n  receive [s0 + 8], 8, 5, keep\n  halt\n"),
                     4 + 12 + 4 + 1);
}

/*
 * Four places: the fifth packet waits for the first credit. Words are sticky, so that only credits
 * hold the sender. It sends at 2, 4, 6, 8 (port 2 cycles each); packets take 10 + 3 + 1; the first
 * is received at 16 to 18, its credit is back at 18 + 13 = 31, the fifth send ends at 33.
 */
static const char five_packets[] =
    ".preset 0, keep, 1, 2, 3, 4\n"
    ".thread 0\n"
    "  send [s0 + 0], 4, 0, 1, 0\n  send [s0 + 0], 4, 0, 1, 0\n  send [s0 + 0], 4, 0, 1, 0\n"
    "  send [s0 + 0], 4, 0, 1, 0\n  send [s0 + 0], 4, 0, 1, 0\n"
    "  halt\n"
    ".tile 1\n"
    ".thread 0\n"
    "next: receive [s0 + 0], 4, 0, keep\n"
    "  saddi s1, s1, 1\n  blt s1, 5, next\n"
    "  halt\n";

static void credits_hold_the_sender(void **state)
{
    (void)state;
    /* the fifth arrives at 33 + 14 = 47, is stored at 49; three scalars follow */
    assert_int_equal(bench_cycles(five_packets), 49 + 3);
    bench b = bench_new();
    b.m->channel_places = 5; /* sent at 10, arrives at 24; received at 18, 22, 26, 30, 34 */
    bench_program(&b, five_packets);
    assert_int_equal(bench_run(&b, NULL, NULL), 34 + 3);
    bench_free(&b);
}

/* A long packet before a short one: both arrive in order. */
static void packets_stay_in_order(void **state)
{
    (void)state;
    bench b = bench_new();
    int16_t out[66] = {0};
    int16_t *outputs[] = {out};
    b.m->network_per_beat = 50;
    bench_program(&b, ".output y role=output elements=66\n"
                      ".packet tile=1 channel=7 words=66\n"
                      ".preset 0, 1, 5*64, 8, 9\n"
                      ".thread 0\n  send [s0 + 0], 64, 0, 1, 2\n  send [s0 + 64], 2, 0, 1, 2\n"
                      "  halt\n"
                      ".tile 1\n"
                      ".thread 0\n  receive [s0 + 0], 64, 2, 1\n  receive [s0 + 64], 2, 2, 1\n"
                      "  send [s0 + 0], 66, host, 0, 7\n  halt\n");
    bench_run(&b, NULL, outputs);
    assert_int_equal(out[63], 5);
    assert_int_equal(out[64], 8);
    assert_int_equal(out[65], 9);
    bench_free(&b);
}

/* Two inputs in one channel, one of them once per kernel; batch 3; two outputs, one per kernel. */
static const char host_program[] =
    ".entry main batch=3\n"
    ".input x role=input elements=4\n"
    ".packet channel=1 first=0 words=2\n"
    ".packet channel=1 first=2 words=2\n"
    ".input k role=scalar per_kernel=1 elements=1\n"
    ".packet channel=1 words=1\n"
    ".output y role=output elements=4\n"
    ".packet channel=0 words=4\n"
    ".output last role=output per_kernel=1 elements=4\n"
    ".packet channel=0 words=4\n"
    ".thread 0\n"
    "        receive [s0 + 0], 2, 1, 1\n"
    "        receive [s0 + 2], 2, 1, 1\n"
    "        receive [s0 + 4], 1, 1, keep\n"
    "        saddi  s1, s1, 1\n"
    "next:   receive [s0 + 0], 2, 1, 1\n"
    "        receive [s0 + 2], 2, 1, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        halt\n"
    ".core 0\n"
    "next:   load   v0, [s0 + 0], 4\n"
    "        peek   v4, [s2 + 4], 1\n"
    "        bcast  v8, v4, 4\n"
    "        add    v0, v0, v8, 4\n"
    "        store  [s0 + 8], v0, 4, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 3, next\n"
    "        store  [s0 + 8], v0, 4, 1\n"
    "        halt\n"
    ".thread 1\n"
    "next:   send   [s0 + 8], 4, host, 0, 0\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 4, next\n"
    "        halt\n";

static void host_streams_follow_the_tables(void **state)
{
    (void)state;
    bench b = bench_new();
    const int16_t x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, k[1] = {100};
    const int16_t *inputs[] = {x, k};
    int16_t y[12] = {0}, last[4] = {0};
    int16_t *outputs[] = {y, last};
    bench_program(&b, host_program);
    uint64_t cycles = bench_run(&b, inputs, outputs);
    for (int n = 0; n < 12; n++)
        assert_int_equal(y[n], x[n] + 100);
    assert_memory_equal(last, y + 8, sizeof last);
    assert_int_equal(bench_run(&b, inputs, outputs), cycles);
    bench_free(&b);
    b = bench_new();
    b.options.timing_only = true;
    bench_program(&b, host_program);
    assert_int_equal(bench_run(&b, NULL, NULL), cycles);
    bench_free(&b);
}

/*
 * A map of 3 lanes at 5 points and a vector in one channel, a lane of the map in another; batch 2.
 * The core sends each point back with 10 more in every lane, and lane 2 first.
 */
static const char map_program[] =
    ".entry main batch=2\n"
    ".input x role=input elements=15 points=5\n"
    ".packet channel=1 first=1 words=2\n"
    ".packet channel=2 first=0 words=1\n"
    ".input t role=target elements=2\n"
    ".packet channel=1 words=2\n"
    ".output y role=output elements=15 points=5\n"
    ".packet channel=0 first=2 words=1\n"
    ".packet channel=0 first=0 words=2\n"
    ".output sum role=output elements=2\n"
    ".packet channel=0 words=2\n"
    ".thread 0\n"
    "next:   receive [s2 + 1], 2, 1, 1\n"
    "        sring  s2, 4, 8\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 5, next\n"
    "        receive [s3 + 20], 2, 1, 1\n"
    "        sset   s1, 0\n"
    "        sring  s3, 2, 4\n"
    "        saddi  s4, s4, 1\n"
    "        blt    s4, 2, next\n"
    "        halt\n"
    ".thread 1\n"
    "next:   receive [s2 + 0], 1, 2, 1\n"
    "        sring  s2, 4, 8\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 10, next\n"
    "        halt\n"
    ".core 0\n"
    "next:   load   v0, [s2 + 0], 3\n"
    "        sring  s2, 4, 8\n"
    "        addi   v0, v0, 10, 3\n"
    "        store  [s0 + 30], v2, 1, 1\n"
    "        store  [s0 + 32], v0, 2, 1\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 5, next\n"
    "        load   v0, [s3 + 20], 2\n"
    "        store  [s0 + 32], v0, 2, 1\n"
    "        sset   s1, 0\n"
    "        sring  s3, 2, 4\n"
    "        saddi  s4, s4, 1\n"
    "        blt    s4, 2, next\n"
    "        halt\n"
    ".thread 2\n"
    "next:   send   [s0 + 30], 1, host, 0, 0\n"
    "        send   [s0 + 32], 2, host, 0, 0\n"
    "        saddi  s1, s1, 1\n"
    "        blt    s1, 5, next\n"
    "        send   [s0 + 32], 2, host, 0, 0\n"
    "        sset   s1, 0\n"
    "        saddi  s4, s4, 1\n"
    "        blt    s4, 2, next\n"
    "        halt\n";

static void maps_cross_point_by_point(void **state)
{
    (void)state;
    int16_t x[30], t[4] = {-1, -2, -3, -4}, y[30] = {0}, sum[4] = {0};
    const int16_t *inputs[] = {x, t};
    int16_t *outputs[] = {y, sum};
    for (int k = 0; k < 30; k++)
        x[k] = (int16_t)(100 * k);
    bench b = bench_new();
    bench_program(&b, map_program);
    uint64_t cycles = bench_run(&b, inputs, outputs);
    for (int k = 0; k < 30; k++)
        assert_int_equal(y[k], x[k] + 10);
    assert_memory_equal(sum, t, sizeof sum);
    memset(y, 0, sizeof y);
    assert_int_equal(bench_run(&b, inputs, outputs), cycles);
    assert_int_equal(y[29], x[29] + 10);
    bench_free(&b);
}

/* The rows of a map arrive in row-major order: point q is element q of each lane's plane. */
static void points_arrive_in_order(void **state)
{
    (void)state;
    int16_t x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8] = {0};
    const int16_t *inputs[] = {x};
    int16_t *outputs[] = {y};
    bench b = bench_new();
    bench_program(&b, ".input x role=input elements=8 points=4\n.packet channel=1 words=2\n"
                      ".output y elements=8\n.packet channel=0 words=8\n"
                      ".thread 0\n"
                      "next: receive [s2 + 0], 2, 1, 1\n"
                      "  saddi s2, s2, 2\n  blt s2, 8, next\n"
                      "  send [s0 + 0], 8, host, 0, 0\n  halt\n");
    bench_run(&b, inputs, outputs);
    const int16_t wanted[8] = {1, 5, 2, 6, 3, 7, 4, 8};
    assert_memory_equal(y, wanted, sizeof y);
    bench_free(&b);
}

/* Four places: the first packets come at 5, 5, 5, 5; a freed place is filled 2 x 5 later. */
static void host_is_limited_by_credits(void **state)
{
    (void)state;
    const char *text = ".entry main batch=6\n"
                       ".input x role=input elements=4\n.packet channel=0 words=4\n"
                       ".thread 0\n"
                       "next: receive [s0 + 0], 4, 0, keep\n"
                       "  saddi s1, s1, 1\n  blt s1, 6, next\n  halt\n";
    /* received at 5-7, 9-11, 13-15, 17-19; the fifth came at 17, the sixth at 21 */
    assert_int_equal(bench_cycles(text), 27 + 3);
    bench b = bench_new();
    b.m->channel_places = 1; /* 5-7, 17-19, 29-31, 41-43, 53-55, 65-67 */
    bench_program(&b, text);
    assert_int_equal(bench_run(&b, NULL, NULL), 67 + 3);
    bench_free(&b);
}

static void lengths_must_agree(void **state)
{
    (void)state;
    bench_fails(".preset 0, 1, 0*8\n.thread 0\n  send [s0 + 0], 8, 0, 1, 5\n  halt\n"
                ".tile 1\n.thread 0\n  receive [s0 + 0], 4, 5, 1\n  halt\n",
                "a packet of 8 words is received as 4 words (channel 5)", "tile 1 thread 0", NULL);
    bench_fails(".input x role=input elements=4\n.packet channel=0 words=4\n"
                ".thread 0\n  receive [s0 + 0], 3, 0, 1\n  halt\n",
                "a packet of 4 words is received as 3 words", NULL);
    bench_fails(".output y role=output elements=4\n.packet channel=0 words=4\n"
                ".preset 0, keep, 0*9\n"
                ".thread 0\n  send [s0 + 0], 9, host, 0, 0\n  halt\n",
                "the host expects 4 words of 'y' on its channel 0, not 9", NULL);
}

static void left_over_packets_are_found(void **state)
{
    (void)state;
    bench_fails(".preset 0, keep, 0*4\n.thread 0\n  send [s0 + 0], 4, 0, 1, 9\n  halt\n",
                "1 packets of node 0 tile 0 thread 0 are left in channel 9 of node 0 tile 1", NULL);
    bench_fails(".entry main batch=2\n.input x role=input elements=4\n.packet channel=0 words=4\n"
                ".thread 0\n  receive [s0 + 0], 4, 0, keep\n  halt\n",
                "all halted after 1 of 2 packets from the host were received on channel 0", NULL);
    bench_fails(".entry main batch=2\n.output y role=output elements=4\n"
                ".packet channel=3 words=4\n.preset 0, keep, 0*4\n"
                ".thread 0\n  send [s0 + 0], 4, host, 0, 3\n  halt\n",
                "all halted after 1 of 2 packets from node 0 tile 0 to the host's channel 3", NULL);
    bench_fails(".preset 0, keep, 0*4\n.thread 0\n  send [s0 + 0], 4, host, 0, 3\n  halt\n",
                "the host expects no more than 0 packets on its channel 3", NULL);
}

static void refuses(const char *program, const char *text)
{
    bench b = bench_new();
    bench_plan(&b, program);
    assert_null(b.e);
    const char *messages = bench_messages(&b);
    if (!strstr(messages, text))
        fail_msg("expected '%s' in:\n%s", text, messages);
    bench_free(&b);
}

static void channels_have_two_ends(void **state)
{
    (void)state;
    refuses(".thread 0\n  send [s0 + 0], 4, 0, 1, 5\n  halt\n"
            ".thread 1\n  send [s0 + 0], 4, 0, 1, 5\n  halt\n",
            "channel 5 of node 0 tile 1 has two senders, node 0 tile 0 thread 0 and node 0 tile 0 "
            "thread 1");
    refuses(".thread 0\n  receive [s0 + 0], 4, 5, 1\n  halt\n"
            ".thread 1\n  receive [s0 + 0], 4, 5, 1\n  halt\n",
            "has two receivers");
    refuses(".input x role=input elements=4\n.packet channel=5 words=4\n"
            ".thread 0\n  send [s0 + 0], 4, 0, 0, 5\n  receive [s0 + 0], 4, 5, 1\n  halt\n",
            "channel 5 of node 0 tile 0 has two senders, the host and node 0 tile 0 thread 0");
}

/* Two cores that load what the other has yet to store. */
static void deadlock_names_the_circle(void **state)
{
    (void)state;
    bench_fails(".buffer a, 0, 8\n.buffer b, 8, 8\n"
                ".core 0\n  load v0, [s0 + a], 8\n  store [s0 + b], v0, 8, 1\n  halt\n"
                ".core 1\n  set v0, 1, 8\n  load v0, [s0 + b], 8\n"
                "  store [s0 + a], v0, 8, 1\n  halt\n"
                ".thread 0\n  halt\n",
                "hangs at cycle 1: 2 of 3 cores and threads wait",
                "node 0 tile 0 core 0 at 0: load v0, [s0 + 0], 8 (t.s:4:3) waits for word 0 (a+0) "
                "to become valid with its phase",
                "node 0 tile 0 core 1 at 1: load v0, [s0 + 8], 8 (t.s:9:3) waits for word 8 (b+0)",
                "they wait in a circle: node 0 tile 0 core 0 -> node 0 tile 0 core 1 -> node 0 "
                "tile 0 core 0",
                NULL);
}

/* One place, and a receiver that first waits for somebody else. */
static void deadlock_through_channels(void **state)
{
    (void)state;
    bench b = bench_new();
    b.m->channel_places = 1;
    bench_program(&b, ".preset 0, keep, 0*4\n"
                      ".thread 0\n"
                      "  send [s0 + 0], 4, 0, 1, 0\n  send [s0 + 0], 4, 0, 1, 0\n"
                      "  send [s0 + 0], 4, 0, 1, 1\n  halt\n"
                      ".tile 1\n"
                      ".thread 0\n"
                      "  receive [s0 + 0], 4, 1, keep\n  receive [s0 + 0], 4, 0, keep\n"
                      "  receive [s0 + 0], 4, 0, keep\n  halt\n"
                      ".thread 1\n  receive [s0 + 0], 4, 2, keep\n  halt\n");
    assert_int_equal(emulator_run(b.e, 0, 0, NULL, NULL, b.d), EXIT_PROGRAM);
    const char *messages = bench_messages(&b);
    const char *expected[] = {
        "node 0 tile 0 thread 0 at 1: send [s0 + 0], 4, 0, 1, 0 (t.s:4:3) waits for a place in "
        "channel 0 of node 0 tile 1 thread 0",
        "node 0 tile 1 thread 0 at 0: receive [s0 + 0], 4, 1, keep (t.s:9:3) waits for a packet on "
        "channel 1 from node 0 tile 0 thread 0",
        "waits for a packet on channel 2 from nobody",
        "in a circle: node 0 tile 0 thread 0 -> node 0 tile 1 thread 0 -> node 0 tile 0 thread 0",
    };
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++)
        if (!strstr(messages, expected[k]))
            fail_msg("expected '%s' in:\n%s", expected[k], messages);
    bench_free(&b);
}

/* A failed kernel leaves nothing behind: the same emulator runs another entry. */
static void failure_does_not_stick(void **state)
{
    (void)state;
    bench b = bench_new();
    bench_program(&b, ".entry bad batch=1\n.core 0\n  store [s0 + 0], v0, 4, 2\n  halt\n"
                      ".entry good batch=1\n.core 0\n  store [s0 + 0], v0, 4, 1\n"
                      "  load v0, [s0 + 0], 4\n  halt\n");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(emulator_run(b.e, 0, 0, NULL, NULL, b.d), EXIT_PROGRAM);
        assert_int_equal(emulator_run(b.e, 1, 0, NULL, NULL, b.d), EXIT_DONE);
        assert_int_equal(emulator_statistics(b.e)->last_kernel_cycles, 2 + 2 + 1);
    }
    assert_int_equal(emulator_statistics(b.e)->kernels, 2);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_counts_hops_and_beats),
        cmocka_unit_test(credits_hold_the_sender),
        cmocka_unit_test(packets_stay_in_order),
        cmocka_unit_test(host_streams_follow_the_tables),
        cmocka_unit_test(maps_cross_point_by_point),
        cmocka_unit_test(points_arrive_in_order),
        cmocka_unit_test(host_is_limited_by_credits),
        cmocka_unit_test(lengths_must_agree),
        cmocka_unit_test(left_over_packets_are_found),
        cmocka_unit_test(channels_have_two_ends),
        cmocka_unit_test(deadlock_names_the_circle),
        cmocka_unit_test(deadlock_through_channels),
        cmocka_unit_test(failure_does_not_stick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
