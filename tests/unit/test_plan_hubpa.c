#include "plan_networks.h"

#include "isa/support/random.h"
#include "passes/plan/check.h"
#include "passes/plan/hubpa.h"

#include <math.h>

/* ---- the paper's example: 16, 4 and 1 units, 12 tiles, pooling 4 to 1 behind each layer ---- */

static hubpa_layer line(int32_t units, int32_t pool)
{
    return (hubpa_layer){{1, units}, PLAN_NO_WINDOW, {{1, pool}, {1, pool}, {0, 0}}, 1};
}

static const int32_t pooling[2] = {4, 4};

static const int32_t *example_tiles(arena *memory, bool split)
{
    hubpa_ratio r;
    assert_true(hubpa_allocate_ratio(memory, pooling, 3, 12, split, &r));
    return r.tiles;
}

static hubpa_schedule *example(arena *memory, hubpa_schedule_id id, int pairs)
{
    hubpa_layer *layers = ARENA_ARRAY(memory, hubpa_layer, 3);
    layers[0] = line(16, 4);
    layers[1] = line(4, 4);
    layers[2] = line(1, 1);
    const hubpa_policy *p = &hubpa_policies[id];
    const int32_t *tiles = example_tiles(memory, p->sharing == HUBPA_SPLIT);
    hubpa_schedule *s = hubpa_simulate(memory, p, layers, tiles, 3, pairs);
    const char *error = hubpa_check(memory, s);
    if (error)
        fail_msg("%s, %d pairs: %s", p->name, pairs, error);
    return s;
}

/* All triples, by three loops: an answer that does not come from the program under test. */
static int count_optima(bool split, double f)
{
    int found = 0, unit = split ? 2 : 1;
    for (int a = unit; a < 12; a += unit)
        for (int b = unit; a + b < 12; b += unit) {
            int c = 12 - a - b;
            if (c % unit || a > 4 * b || b > 4 * c)
                continue;
            double x = (double)a / b - 4, y = (double)b / c - 4;
            if (x * x + y * y < f - 1e-9)
                fail_msg("%d, %d, %d is better", a, b, c);
            found += x * x + y * y < f + 1e-9;
        }
    return found;
}

static void test_ratio(void **state)
{
    (void)state;
    arena *memory = arena_new();
    static const int32_t expected[2][3] = {{8, 3, 1}, {8, 2, 2}};
    static const double f[2] = {25.0 / 9, 9};
    for (int split = 0; split < 2; split++) {
        hubpa_ratio r;
        assert_true(hubpa_allocate_ratio(memory, pooling, 3, 12, split, &r));
        assert_memory_equal(r.tiles, expected[split], sizeof expected[split]);
        assert_true(fabs(r.f - f[split]) < 1e-12);
        assert_int_equal(r.optima, 1);
        assert_true(r.gap > 1);
        assert_int_equal(count_optima(split, r.f), 1);
    }
    arena_free(memory);
}

static void test_example_steps(void **state)
{
    (void)state;
    arena *memory = arena_new();
    for (int n = 1; n <= 16; n++) {
        assert_int_equal(example(memory, HUBPA_SDMP, n)->steps, 6 * n);
        assert_int_equal(example(memory, HUBPA_TDMP, n)->steps, 8 * n);
        assert_int_equal(example(memory, HUBPA_SHARED, n)->steps, 5 + 4 * (n - 1));
        int32_t ahead = example(memory, HUBPA_LOOKAHEAD, n)->steps;
        assert_in_range(ahead, 4 * n, n > 1 ? 4 * n : 5);
        assert_int_equal(example(memory, HUBPA_SDMP_PIPELINED, n)->steps, n > 1 ? 4 * n + 4 : 6);
    }
    arena_free(memory);
}

static void test_example_utilisation(void **state)
{
    (void)state;
    arena *memory = arena_new();
    for (int n = 1; n <= 16; n++) {
        double shared = 42.0 * n / (12 * (4 * n + 1));
        assert_true(fabs(hubpa_measure(example(memory, HUBPA_SDMP, n), 12, 0, 0).whole - 7.0 / 12) <
                    1e-12);
        assert_true(fabs(hubpa_measure(example(memory, HUBPA_TDMP, n), 12, 0, 0).whole - 7.0 / 16) <
                    1e-12);
        assert_true(fabs(hubpa_measure(example(memory, HUBPA_SHARED, n), 12, 0, 0).whole - shared) <
                    1e-12);
    }
    arena_free(memory);
}

/* ---- the checker ---- */

static void expect_refused(arena *memory, const hubpa_schedule *s, const char *what)
{
    const char *error = hubpa_check(memory, s);
    if (!error || !strstr(error, what))
        fail_msg("expected '%s', got '%s'", what, error ? error : "no error");
}

static void test_checker(void **state)
{
    (void)state;
    arena *memory = arena_new();
    hubpa_schedule *s = example(memory, HUBPA_SHARED, 3);
    int32_t *last = s->step[0][2], *fp = s->step[0][0];
    int32_t kept = fp[15];
    fp[15] = 0;
    expect_refused(memory, s, "leaves unit 15 of layer 1 out");
    fp[15] = fp[0];
    expect_refused(memory, s, "on 8 replicas");
    fp[15] = fp[0];
    fp[0] = kept;
    expect_refused(memory, s, "out of order");
    fp[0] = fp[15];
    fp[15] = kept;
    kept = last[0];
    last[0] = 3;
    expect_refused(memory, s, "out of order");
    last[0] = kept;
    assert_null(hubpa_check(memory, s));
    s->policy = &hubpa_policies[HUBPA_SDMP];
    expect_refused(memory, s, "on 8 replicas");
    s->policy = &hubpa_policies[HUBPA_TDMP];
    expect_refused(memory, s, "starts before");
    arena_free(memory);
}

/* ---- networks ---- */

typedef struct run {
    double period, utilisation;
    double bound; /* of the period, over all allocations */
} run;

/* `fine`: tiles of one crossbar, as if every crossbar could change between FP and BP alone. */
static plan_chip chip_of(bool fine)
{
    return (plan_chip){.name = "hubpa", .tiles = fine ? 1680 * 48 : 1680, .pes = fine ? 1 : 12,
                       .crossbars = fine ? 1 : 4, .rows = 128, .columns = 128,
                       .cells_per_weight = 8, .slices = 1};
}

static run schedule(arena *memory, const hubpa_layer *layers, int count, hubpa_schedule_id id,
                    int32_t tiles, bool check)
{
    int32_t *replicas = ARENA_ARRAY(memory, int32_t, (size_t)count);
    assert_true(hubpa_allocate_balanced(layers, count, tiles, hubpa_policies[id].sharing,
                                        replicas) > 0);
    hubpa_schedule *s = hubpa_simulate(memory, &hubpa_policies[id], layers, replicas, count, 12);
    hubpa_figures f = hubpa_measure(s, tiles, 3, 10);
    const char *error = check ? hubpa_check(memory, s) : NULL;
    if (error)
        fail_msg("%s: %s", hubpa_policies[id].name, error);
    assert_true(s->steps >= hubpa_bound(layers, replicas, count, 12));
    return (run){f.period, f.utilisation, hubpa_period_bound(layers, replicas, count)};
}

typedef struct ratios {
    double tdmp, sdmp, pipelined; /* of HUBPA's throughput to theirs, sums */
} ratios;

static void run_network(const char *file, int64_t least, bool fine, bool check, ratios *sum)
{
    arena *memory = arena_new();
    const char *error = NULL;
    plan_network *n = plan_network_convs(memory, network_file(memory, file, NULL, NULL));
    plan_chip chip = chip_of(fine);
    hubpa_layer *layers = hubpa_layers_of(memory, n, &chip, &error);
    if (!layers)
        fail_msg("%s", error);
    int count = (int)n->count;
    int32_t tiles = (int32_t)chip.tiles;
    if (!fine)
        assert_int_equal(hubpa_tiles_least(layers, count, HUBPA_WHOLE), least);
    int32_t *replicas = ARENA_ARRAY(memory, int32_t, (size_t)count);
    hubpa_allocate_balanced(layers, count, tiles, HUBPA_SHARED_PAIR, replicas);
    const plan_network *one = n;
    error = plan_check(memory, hubpa_places(memory, &one, &chip, layers, replicas, "hubpa"));
    if (error)
        fail_msg("%s", error);
    run by[HUBPA_POLICIES];
    for (int i = 0; i < HUBPA_POLICIES; i++)
        by[i] = schedule(memory, layers, count, (hubpa_schedule_id)i, tiles,
                         check && i == HUBPA_SHARED);
    run shared = by[HUBPA_SHARED];
    assert_true(shared.utilisation >= 0.8 && shared.utilisation <= 1);
    assert_true(shared.period < by[HUBPA_TDMP].period);
    assert_true(fabs(shared.period - shared.bound) < 0.2); /* of every schedule and allocation */
    sum->tdmp += by[HUBPA_TDMP].period / shared.period;
    sum->sdmp += by[HUBPA_SDMP].period / shared.period;
    sum->pipelined += by[HUBPA_SDMP_PIPELINED].period / shared.period;
    arena_free(memory);
}

static const struct {
    const char *file;
    int64_t least; /* tiles of one copy, by hand from the layer lists */
} networks[] = {{"networks/vgg_a", 95},   {"networks/vgg_b", 98},   {"networks/vgg_c", 105},
                {"networks/vgg_d", 152},  {"networks/vgg_e", 206},  {"networks/msra_1", 256},
                {"networks/msra_2", 310}, {"networks/msra_3", 805}};

static void test_networks(void **state)
{
    (void)state;
    for (int fine = 0; fine < 2; fine++) {
        ratios sum = {0};
        for (size_t i = 0; i < 8; i++)
            run_network(networks[i].file, networks[i].least, fine, !fine && i % 4 == 0, &sum);
        print_message("%s: HUBPA / TDMP %.3f, / SDMP %.3f, / pipelined SDMP %.3f\n",
                      fine ? "crossbars" : "tiles", sum.tdmp / 8, sum.sdmp / 8, sum.pipelined / 8);
        assert_true(sum.tdmp / 8 >= 1.4 && sum.tdmp / 8 <= 1.75);
        assert_true(sum.sdmp / 8 >= 1.7 && sum.sdmp / 8 <= 2.4);
        assert_true(sum.pipelined > 8);
    }
}

/* ---- random chains ---- */

static int32_t pick(random_state *r, int32_t low, int32_t high)
{
    return low + (int32_t)random_below(r, (uint64_t)(high - low + 1));
}

static plan_window random_window(random_state *r, const int32_t map[2], int32_t most)
{
    plan_window w;
    for (int axis = 0; axis < 2; axis++) {
        int32_t room = map[axis] < most ? map[axis] : most;
        w.kernel[axis] = pick(r, 1, room);
        w.stride[axis] = pick(r, 1, 2);
        w.pad[axis] = pick(r, 0, w.kernel[axis] / 2);
    }
    return w;
}

static int random_chain(random_state *r, hubpa_layer *layers)
{
    int count = pick(r, 1, 6);
    int32_t map[2] = {pick(r, 1, 12), pick(r, 1, 12)};
    for (int i = 0; i < count; i++) {
        hubpa_layer *l = &layers[i];
        l->conv = random_window(r, map, 5);
        plan_window_map(&l->conv, map, l->map);
        l->pool = pick(r, 0, 2) ? PLAN_NO_WINDOW : random_window(r, l->map, 3);
        plan_window_map(&l->pool, l->map, map);
        l->footprint = pick(r, 1, 5);
    }
    return count;
}

static void test_random(void **state)
{
    (void)state;
    const uint64_t seed = 20191;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (uint64_t k = 0; k < 1000; k++) {
        arena *memory = arena_new();
        random_state r = random_from(seed, k);
        hubpa_layer layers[6];
        int32_t replicas[6];
        int count = random_chain(&r, layers), pairs = pick(&r, 1, 5);
        for (int i = 0; i < HUBPA_POLICIES; i++) {
            hubpa_sharing sharing = hubpa_policies[i].sharing;
            int64_t least = hubpa_tiles_least(layers, count, sharing);
            assert_int_equal(hubpa_allocate_balanced(layers, count, (int32_t)least - 1, sharing,
                                                     replicas), 0);
            int32_t tiles = (int32_t)least + pick(&r, 0, 60), sum = 0;
            assert_true(hubpa_allocate_balanced(layers, count, tiles, sharing, replicas) > 0);
            for (int l = 0; l < count; l++)
                sum += replicas[l] * layers[l].footprint;
            assert_true(sum <= tiles);
            hubpa_schedule *s = hubpa_simulate(memory, &hubpa_policies[i], layers, replicas, count,
                                               pairs);
            const char *error = hubpa_check(memory, s);
            if (error || s->steps < hubpa_bound(layers, replicas, count, pairs))
                fail_msg("chain %llu, %s: %s", (unsigned long long)k, hubpa_policies[i].name,
                         error ? error : "below the bound");
        }
        arena_free(memory);
    }
}

/* The least max 2 units / replicas of all replicas of three layers. */
static double least_load(const hubpa_layer *l, int32_t tiles)
{
    double best = INFINITY;
    for (int32_t a = 1; a * l[0].footprint < tiles; a++)
        for (int32_t b = 1; a * l[0].footprint + b * l[1].footprint < tiles; b++) {
            int32_t left = tiles - a * l[0].footprint - b * l[1].footprint;
            int32_t replicas[3] = {a, b, left / l[2].footprint};
            if (replicas[2])
                best = fmin(best, hubpa_period_bound(l, replicas, 3));
        }
    return best;
}

static void test_balanced(void **state)
{
    (void)state;
    random_state r = random_from(20193, 0);
    for (int k = 0; k < 500; k++) {
        hubpa_layer layers[3];
        for (int i = 0; i < 3; i++) {
            layers[i] = line(pick(&r, 1, 300), 1);
            layers[i].footprint = pick(&r, 1, 4);
        }
        int32_t replicas[3], tiles = pick(&r, 12, 60);
        assert_true(hubpa_allocate_balanced(layers, 3, tiles, HUBPA_SHARED_PAIR, replicas) > 0);
        assert_true(fabs(hubpa_period_bound(layers, replicas, 3) - least_load(layers, tiles)) <
                    1e-9);
    }
}

/* Least f and its count, by recursion: random pooling, few tiles. */
static void search(const int32_t *p, int count, int32_t left, int32_t unit, int32_t before,
                   double f, double *best, int64_t *ways)
{
    if (!count) {
        if (left || f > *best + 1e-9)
            return;
        *ways = f < *best - 1e-9 ? 1 : *ways + 1;
        *best = f < *best ? f : *best;
        return;
    }
    for (int32_t own = unit; own <= left; own += unit) {
        double off = before ? (double)before / own - *p : 0;
        if (!before)
            search(p, count - 1, left - own, unit, own, f, best, ways);
        else if (before <= *p * own)
            search(p + 1, count - 1, left - own, unit, own, f + off * off, best, ways);
    }
}

static void test_random_ratio(void **state)
{
    (void)state;
    arena *memory = arena_new();
    random_state r = random_from(20192, 0);
    for (int k = 0; k < 300; k++) {
        int count = pick(&r, 1, 5);
        int32_t p[4], tiles = pick(&r, 1, 16);
        bool split = pick(&r, 0, 1);
        for (int i = 0; i < 4; i++)
            p[i] = pick(&r, 1, 4);
        double best = INFINITY;
        int64_t ways = 0;
        search(p, count, tiles, split ? 2 : 1, 0, 0, &best, &ways);
        hubpa_ratio found;
        assert_int_equal(hubpa_allocate_ratio(memory, p, count, tiles, split, &found), ways > 0);
        if (ways) {
            assert_true(fabs(found.f - best) < 1e-9);
            assert_int_equal(found.optima, ways);
        }
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ratio),          cmocka_unit_test(test_example_steps),
        cmocka_unit_test(test_example_utilisation), cmocka_unit_test(test_checker),
        cmocka_unit_test(test_networks),       cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_ratio),   cmocka_unit_test(test_balanced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
