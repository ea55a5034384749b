/*
 * Profiles and traces: breakdowns add up, every cycle of a core is busy or a wait, the slices of a
 * trace are the busy cycles of the statistics whatever the machine, and what a cap leaves out is
 * counted. Watching changes nothing.
 */
#include "emulator/observe/bins.h"
#include "emulator/observe/timeline.h"
#include "tests/unit/test_emulator_support.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <math.h>
#include <unistd.h>
#include <zlib.h>

/* Two tiles: one multiplies, sends and updates, the other receives, multiplies and waits a lot. */
static const char program[] =
    ".layer first\n.layer \"second \\\"2\\\"\"\n"
    ".matrix w layer=1 rows=16 columns=16 q=26 frozen=0\n"
    ".block node=0 tile=0 core=0 mcu=0 row=0 column=0 rows=16 columns=16\n"
    ".matrix u layer=2 rows=16 columns=16 q=26 frozen=0\n"
    ".block node=0 tile=1 core=0 mcu=0 row=0 column=0 rows=16 columns=16\n"
    ".tile 0\n.core 0\n"
    "  mcu 101\n  copy v0, m0.mvm.out, 16\n  store [s0 + 0], v0, 16, 1\n"
    "  mcu 010\n  store [s0 + 32], v0, 16, keep\n  halt\n"
    ".thread 0\n  send [s0 + 0], 16, 0, 1, 0\n  halt\n"
    ".tile 1\n.thread 0\n  receive [s0 + 0], 16, 0, 2\n  halt\n"
    ".core 0\n  load v0, [s0 + 0], 16\n  copy m0.mvm.in, v0, 16\n  mcu 110\n  mcu 001\n  halt\n"
    ".core 1\n  load v0, [s0 + 0], 16\n  halt\n";

enum { UNITS = UNIT_KINDS };

typedef struct sums {
    uint64_t slices, units[UNITS], waits;
} sums;

static const char *temporary(bench *b, const char *name)
{
    return arena_printf(b->memory, "test_observe.%ld.%s", (long)getpid(), name);
}

static cJSON *read_trace(bench *b, const char *path)
{
    size_t room = 1 << 24;
    char *text = arena_alloc(b->memory, room);
    gzFile in = gzopen(path, "rb"); /* reads files that are not compressed too */
    assert_non_null(in);
    int length = gzread(in, text, (unsigned)room - 1);
    gzclose(in);
    unlink(path);
    assert_true(length > 0);
    text[length] = 0;
    cJSON *root = cJSON_Parse(text);
    if (!root)
        fail_msg("no JSON: %.200s", cJSON_GetErrorPtr());
    return root;
}

static const char *track_name(const cJSON *events, double pid, double tid)
{
    const cJSON *e;
    cJSON_ArrayForEach(e, events)
    {
        if (strcmp(cJSON_GetObjectItem(e, "name")->valuestring, "thread_name") == 0 &&
            cJSON_GetObjectItem(e, "pid")->valuedouble == pid &&
            cJSON_GetObjectItem(e, "tid")->valuedouble == tid)
            return cJSON_GetObjectItem(cJSON_GetObjectItem(e, "args"), "name")->valuestring;
    }
    fail_msg("the track %g/%g has no name", pid, tid);
    return "";
}

static int unit_of(const char *track)
{
    return strstr(track, "MCU")                      ? UNIT_MCU
           : strncmp(track, "core", 4) == 0           ? UNIT_CORE
           : strncmp(track, "control thread", 14) == 0 ? UNIT_THREAD
                                                       : UNIT_PORT;
}

/* Slices of one track either lie within each other or apart. */
static void assert_nested(const cJSON *events, const cJSON *slice)
{
    const cJSON *e;
    double pid = cJSON_GetObjectItem(slice, "pid")->valuedouble;
    double tid = cJSON_GetObjectItem(slice, "tid")->valuedouble;
    long from = lround(cJSON_GetObjectItem(slice, "ts")->valuedouble);
    long to = from + lround(cJSON_GetObjectItem(slice, "dur")->valuedouble);
    cJSON_ArrayForEach(e, events)
    {
        if (strcmp(cJSON_GetObjectItem(e, "ph")->valuestring, "X") != 0 ||
            cJSON_GetObjectItem(e, "pid")->valuedouble != pid ||
            cJSON_GetObjectItem(e, "tid")->valuedouble != tid)
            continue;
        long start = lround(cJSON_GetObjectItem(e, "ts")->valuedouble);
        long end = start + lround(cJSON_GetObjectItem(e, "dur")->valuedouble);
        assert_true(end <= from || to <= start || (start <= from && to <= end) ||
                    (from <= start && end <= to));
    }
}

static sums add_slices(const cJSON *root)
{
    sums s = {0};
    const cJSON *events = cJSON_GetObjectItem(root, "traceEvents"), *e;
    cJSON_ArrayForEach(e, events)
    {
        if (strcmp(cJSON_GetObjectItem(e, "ph")->valuestring, "X") != 0)
            continue;
        const char *category = cJSON_GetObjectItem(e, "cat")->valuestring;
        uint64_t cycles = (uint64_t)lround(cJSON_GetObjectItem(e, "dur")->valuedouble);
        if (strcmp(category, "kernel") == 0)
            continue;
        s.slices++;
        assert_nested(events, e);
        const char *track = track_name(events, cJSON_GetObjectItem(e, "pid")->valuedouble,
                                       cJSON_GetObjectItem(e, "tid")->valuedouble);
        if (strcmp(category, "wait") == 0)
            s.waits += cycles;
        else
            s.units[unit_of(track)] += cycles;
    }
    return s;
}

static uint64_t other(const cJSON *root, const char *part, const char *name)
{
    const cJSON *at = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "otherData"), part);
    return (uint64_t)cJSON_GetObjectItem(cJSON_GetObjectItem(at, "cycles"), name)->valuedouble;
}

typedef struct watched {
    bench b;
    const emulator_profile *profile;
    cJSON *trace;
} watched;

/* Runs the program a few times with a carry resolution of the host in between. */
static watched run_watched(bench b, const char *filter, const char *file)
{
    watched w = {.b = b};
    timeline_filter f;
    timeline_summary summary;
    const char *error = timeline_filter_parse(w.b.memory, filter, &f);
    assert_null(error);
    const char *path = temporary(&w.b, file);
    w.b.options.watch = true;
    w.b.options.timeline = timeline_open(w.b.memory, path, &f, &error);
    assert_null(error);
    bench_program(&w.b, program);
    for (int k = 0; k < 5; k++) {
        assert_int_equal(emulator_run(w.b.e, 0, (uint64_t)k, NULL, NULL, w.b.d), EXIT_DONE);
        if (k == 2)
            emulator_crs(w.b.e);
    }
    w.profile = emulator_profile_of(w.b.e);
    assert_null(timeline_close(w.b.options.timeline, true, &summary));
    w.trace = read_trace(&w.b, path);
    return w;
}

static void free_watched(watched *w)
{
    cJSON_Delete(w->trace);
    bench_free(&w->b);
}

static uint64_t busy_of(const emulator_profile *p, int unit)
{
    uint64_t sum = 0;
    for (uint32_t k = 0; k < p->layer_count; k++)
        for (int o = 0; o < OPERATION_KINDS; o++)
            sum += p->layers[k].busy[o][unit];
    return sum;
}

static uint64_t waits_of(const emulator_profile *p)
{
    uint64_t sum = 0;
    for (uint32_t k = 0; k < p->layer_count; k++)
        for (int c = 0; c < WAIT_CAUSES; c++)
            sum += p->layers[k].waits[c];
    return sum;
}

static bench machine_of(mcu_issue issue, int variant)
{
    bench b = bench_new();
    b.m->issue = issue;
    b.m->variant = variant;
    return b;
}

static void slices_are_busy_cycles(void **state)
{
    (void)state;
    for (int issue = 0; issue < 2; issue++)
        for (int variant = 1; variant <= 3; variant++) {
            watched w = run_watched(machine_of((mcu_issue)issue, variant), NULL, "t.json.gz");
            sums s = add_slices(w.trace);
            for (int u = 0; u < UNITS; u++)
                assert_int_equal(s.units[u], busy_of(w.profile, u));
            assert_int_equal(s.waits, waits_of(w.profile));
            assert_true(s.units[UNIT_MCU] > 0 && s.units[UNIT_PORT] > 0 && s.waits > 0);
            /* every cycle of a core or thread is busy or a wait */
            assert_int_equal(busy_of(w.profile, UNIT_CORE) + busy_of(w.profile, UNIT_THREAD) +
                                 waits_of(w.profile),
                             w.profile->active_cycles);
            free_watched(&w);
        }
}

static void a_cap_says_what_it_drops(void **state)
{
    static const char *const names[UNITS] = {"core", "thread", "mcu", "memory_port"};
    (void)state;
    bench b = bench_new();
    timeline_filter f;
    assert_null(timeline_filter_parse(b.memory, "limit=1", &f));
    assert_int_equal(f.limit, 1 << 20);
    const char *error, *path = temporary(&b, "cap.json");
    timeline_summary summary;
    f.limit = 12000; /* in the middle of the third kernel or so */
    b.options.watch = true;
    b.options.timeline = timeline_open(b.memory, path, &f, &error);
    bench_program(&b, program);
    for (int k = 0; k < 20; k++)
        assert_int_equal(emulator_run(b.e, 0, (uint64_t)k, NULL, NULL, b.d), EXIT_DONE);
    const emulator_profile *p = emulator_profile_of(b.e);
    assert_null(timeline_close(b.options.timeline, true, &summary));
    assert_true(summary.bytes < 12000 + 4096);
    assert_true(summary.dropped_slices > 0 && summary.dropped_kernels > 10);
    cJSON *root = read_trace(&b, path);
    sums s = add_slices(root);
    assert_int_equal(s.slices, summary.slices);
    for (int u = 0; u < UNITS; u++) {
        assert_int_equal(s.units[u], other(root, "written", names[u]));
        assert_int_equal(s.units[u] + other(root, "dropped", names[u]), busy_of(p, u));
    }
    assert_int_equal(s.waits + other(root, "dropped", "waits"), waits_of(p));
    cJSON_Delete(root);
    bench_free(&b);
}

static void filters_leave_out(void **state)
{
    (void)state;
    watched all = run_watched(bench_new(), NULL, "all.json");
    sums total = add_slices(all.trace);
    watched one = run_watched(bench_new(), "tile=1", "one.json.gz");
    watched two = run_watched(bench_new(), "tile=0", "two.json.gz");
    sums a = add_slices(one.trace), b = add_slices(two.trace);
    for (int u = 0; u < UNITS; u++)
        assert_int_equal(a.units[u] + b.units[u], total.units[u]);
    assert_true(a.slices > 0 && b.slices > 0);
    watched core = run_watched(bench_new(), "core=1", "core.json");
    sums c = add_slices(core.trace);
    assert_int_equal(c.units[UNIT_MCU], 0);
    assert_int_equal(c.units[UNIT_THREAD], 0);
    assert_true(c.units[UNIT_CORE] > 0);
    watched late = run_watched(bench_new(), "cycles=0:10", "late.json");
    sums l = add_slices(late.trace);
    assert_true(l.slices > 0 && l.slices < total.slices / 4);
    free_watched(&all);
    free_watched(&one);
    free_watched(&two);
    free_watched(&core);
    free_watched(&late);
}

static void watching_changes_nothing(void **state)
{
    (void)state;
    bench plain = bench_new();
    bench_program(&plain, program);
    for (int k = 0; k < 5; k++) {
        assert_int_equal(emulator_run(plain.e, 0, (uint64_t)k, NULL, NULL, plain.d), EXIT_DONE);
        if (k == 2)
            emulator_crs(plain.e);
    }
    emulator_totals x = *emulator_statistics(plain.e);
    watched w = run_watched(bench_new(), NULL, "same.json");
    emulator_totals y = *emulator_statistics(w.b.e);
    x.by_layer = y.by_layer = NULL;
    assert_memory_equal(&x, &y, sizeof x);
    free_watched(&w);
    bench_free(&plain);
}

static void memory_is_measured(void **state)
{
    (void)state;
    watched w = run_watched(bench_new(), "limit=1", "memory.json");
    assert_int_equal(w.profile->tile_count, 2);
    assert_int_equal(w.profile->tiles[0].words_used, 48);
    assert_int_equal(w.profile->tiles[0].words_live, 16); /* sent before the others are stored */
    assert_int_equal(w.profile->tiles[1].words_used, 16);
    assert_int_equal(w.profile->tiles[1].words_live, 16);
    uint64_t busy = 0;
    const entry_profile *e = &w.profile->entries[0];
    for (int k = 0; k < TIMELINE_BINS; k++)
        busy += e->busy[OPERATION_MVM][k];
    assert_int_equal(e->kernels, 5);
    assert_int_equal(5 * busy, w.profile->tiles[0].busy[OPERATION_MVM] +
                                   w.profile->tiles[1].busy[OPERATION_MVM]);
    free_watched(&w);
}

/*
 * Operands are what goes to the inputs of an MCU as it is: at once, by a copy of a part of it, by one
 * in the next turn of a loop. Not what is computed with, what is overwritten, or copied elsewhere.
 */
static void operands_are_told_by_where_they_go(void **state)
{
    (void)state;
    bench b = bench_new();
    bench_program(&b, ".matrix w layer=0 rows=16 columns=16 q=26 frozen=0\n"
                      ".block node=0 tile=0 core=0 mcu=0 row=0 column=0 rows=16 columns=16\n"
                      ".preset 0, keep, 0*200\n.core 0\n"
                      "  load m0.mvm.in, [s0 + 0], 16\n"
                      "turn: copy m0.opa.row, v40, 16\n  mcu 100\n"
                      "  peek v40, [s0 + 0], 16\n"
                      "  load v0, [s0 + 16], 12\n  set v0, 1, 4\n  copy m0.mtvm.in, v6, 2\n"
                      "  load v0, [s0 + 32], 8\n  add v16, v0, v0, 8\n"
                      "  load v0, [s0 + 48], 4\n  set v0, 1, 4\n  copy m0.mvm.in, v0, 4\n"
                      "  load v20, [s0 + 64], 2\n  copy v30, v20, 2\n"
                      "  saddi s1, s1, 1\n  blt s1, 3, turn\n  halt\n");
    bench_run(&b, NULL, NULL);
    const emulator_totals *t = emulator_statistics(b.e);
    assert_int_equal(t->words_read, 16 + 3 * (16 + 12 + 8 + 4 + 2));
    assert_int_equal(t->operand_words, 16 + 3 * (16 + 12));
    bench_free(&b);
}

/* After the first kernel nothing is allocated any more, trace file included. */
static void nothing_is_allocated_while_time_runs(void **state)
{
    (void)state;
    bench b = bench_new();
    timeline_filter f;
    timeline_summary s;
    const char *error, *path = temporary(&b, "memory.json.gz");
    assert_null(timeline_filter_parse(b.memory, NULL, &f));
    b.options.watch = true;
    b.options.timeline = timeline_open(b.memory, path, &f, &error);
    bench_program(&b, program);
    for (int k = 0; k < 2; k++)
        assert_int_equal(emulator_run(b.e, 0, (uint64_t)k, NULL, NULL, b.d), EXIT_DONE);
    size_t arena_bytes = arena_used(b.memory), heap_bytes = mallinfo2().uordblks;
    for (int k = 2; k < 2000; k++)
        assert_int_equal(emulator_run(b.e, 0, (uint64_t)k, NULL, NULL, b.d), EXIT_DONE);
    assert_int_equal(arena_used(b.memory), arena_bytes);
    assert_int_equal(mallinfo2().uordblks, heap_bytes);
    assert_null(timeline_close(b.options.timeline, true, &s));
    assert_true(s.slices > 20000 && s.dropped_slices == 0);
    unlink(path);
    bench_free(&b);
}

static void bins_keep_what_they_are_given(void **state)
{
    (void)state;
    bins b;
    random_state r = random_from(7, 1);
    for (int round = 0; round < 50; round++) {
        uint64_t cycles = 0, amount = 0;
        bins_clear(&b);
        for (int k = 0; k < 200; k++) {
            uint64_t from = random_below(&r, 1u << (4 + round % 24));
            uint64_t length = random_below(&r, 5000), more = random_below(&r, 1000000);
            bins_add_cycles(&b, from, from + length);
            bins_spread(&b, from, from + length, more);
            cycles += length;
            amount += more;
        }
        uint64_t sum = 0;
        for (int k = 0; k < BINS; k++)
            sum += b.at[k];
        assert_int_equal(sum, cycles + amount);
    }
}

static void bad_filters_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "tile",     "tile=",    "tile=x",  "tile=3:1",
                                      "tile=1:", "tile=-1",  "foo=1",    "limit=0", "limit=2:3",
                                      "=1",     "core=1,",  "cycles=1:2:3",
                                      "node=99999999999999999999999", "limit=99999999"};
    arena *memory = arena_new();
    timeline_filter f;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        if (!timeline_filter_parse(memory, bad[k], &f))
            fail_msg("'%s' is taken", bad[k]);
    assert_null(timeline_filter_parse(memory, "tile=0:3,core=1,cycles=5:9,layer=a,limit=7", &f));
    assert_true(f.tile.low == 0 && f.tile.high == 3 && f.core.low == 1 && f.core.high == 1);
    assert_true(f.cycles.low == 5 && f.cycles.high == 9 && f.limit == 7 << 20);
    assert_string_equal(f.layer, "a");
    arena_free(memory);
}

/* A program that fails leaves a trace that can be read; files that cannot be written are noticed. */
static void failures_leave_whole_files(void **state)
{
    (void)state;
    bench b = bench_new();
    timeline_filter f;
    timeline_summary s;
    const char *error, *path = temporary(&b, "fails.json.gz");
    assert_null(timeline_filter_parse(b.memory, NULL, &f));
    b.options.timeline = timeline_open(b.memory, path, &f, &error);
    bench_program(&b, ".core 0\n  set v0, 1, 16\n  load v0, [s0 + 0], 16\n  halt\n");
    assert_int_equal(emulator_run(b.e, 0, 0, NULL, NULL, b.d), EXIT_PROGRAM);
    assert_null(timeline_close(b.options.timeline, true, &s));
    cJSON *root = read_trace(&b, path);
    assert_true(add_slices(root).slices > 0);
    cJSON_Delete(root);
    assert_null(timeline_open(b.memory, "no/such/folder/t.json", &f, &error));
    assert_non_null(error);
    timeline *t = timeline_open(b.memory, path, &f, &error);
    assert_null(timeline_close(t, false, &s));
    assert_int_equal(access(path, F_OK), -1);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_busy_cycles),
        cmocka_unit_test(a_cap_says_what_it_drops),
        cmocka_unit_test(filters_leave_out),
        cmocka_unit_test(watching_changes_nothing),
        cmocka_unit_test(memory_is_measured),
        cmocka_unit_test(operands_are_told_by_where_they_go),
        cmocka_unit_test(nothing_is_allocated_while_time_runs),
        cmocka_unit_test(bins_keep_what_they_are_given),
        cmocka_unit_test(bad_filters_are_refused),
        cmocka_unit_test(failures_leave_whole_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
