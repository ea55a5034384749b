/*
 * A thousand random networks on random chips: every plan passes the checker, damaged plans do not.
 */
#include "plan_random.h"

#include "passes/plan/allocate.h"
#include "passes/plan/check.h"

enum { CASES = 1000 };

static uint64_t seed_of(void)
{
    const char *text = getenv("PLAN_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20240117;
    printf("PLAN_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static void expect_fine(const allocate_task *t, const plan_network *n, const plan_chip *c,
                        const allocation *a)
{
    if (!a->found)
        return;
    int64_t *replicas = ARENA_ARRAY(t->memory, int64_t, n->count + 1);
    steps_spread(t->chain, a->replicas, replicas);
    assert_true(a->crossbars <= t->total);
    int64_t steps = plan_simulate(t->memory, n, replicas, NULL, NULL);
    const char *error =
        plan_check(t->memory, plan_of_replicas(t->memory, &n, c, false, replicas, "test"));
    if (!error)
        error = plan_check_steps(t->memory, n, replicas, steps);
    if (error)
        fail_msg("%s", error);
    assert_non_null(plan_check_steps(t->memory, n, replicas, steps + 1));
}

/* One thing wrong with a plan: each must be found. */
static void expect_damage_found(const plan_layout *good, arena *memory, random_state *r)
{
    for (int kind = 0; kind < 8; kind++) {
        plan_layout p = *good;
        p.places = ARENA_ARRAY(memory, plan_place, p.place_count + 1);
        memcpy(p.places, good->places, p.place_count * sizeof *p.places);
        plan_place *at = &p.places[draw(r, 0, (int32_t)p.place_count - 1)];
        switch (kind) {
        case 0:
            at->first = plan_chip_total(p.chip) - at->count + 1;
            break;
        case 1:
            at->first = -1;
            break;
        case 2:
            *at = p.places[--p.place_count];
            break;
        case 3:
            at->copies = 0;
            break;
        case 4:
            at->rows--;
            break;
        case 5:
            at->layer = (int32_t)p.networks[0]->count;
            break;
        case 6:
            at->round = 1;
            break;
        default:
            at->copies = 64 * at->count * 256 + 1;
            break;
        }
        assert_non_null(plan_check(memory, &p));
    }
    if (good->place_count > 1) {
        good->places[1].first = good->places[0].first + good->places[0].count - 1;
        assert_non_null(plan_check(memory, good));
    }
}

static void random_plans(void **state)
{
    (void)state;
    random_state r = random_from(seed_of(), 1);
    int possible = 0;
    for (int i = 0; i < CASES; i++) {
        plan_fixture f = plan_begin();
        const plan_network *n = draw_network(f.memory, &r, draw(&r, 1, 7), 14, true);
        plan_chip *c = draw_chip(f.memory, &r);
        allocate_task t = {.memory = f.memory, .total = plan_chip_total(c)};
        t.chain = steps_chain_of(f.memory, n, c, false);
        plan_bandwidth b = {c, 1};
        t.bandwidth = i % 3 == 0 ? &b : NULL;
        allocation dp = allocate_dp(&t, i % 2),
                   other[3] = {allocate_proportional(&t), allocate_stride(&t), allocate_equal(&t)};
        assert_int_equal(dp.found, allocate_least(t.chain) <= t.total);
        possible += dp.found;
        for (int k = 0; k < 3; k++) {
            expect_fine(&t, n, c, &other[k]);
            assert_true(dp.found || !other[k].found);
        }
        expect_fine(&t, n, c, &dp);
        if (dp.found) {
            certificate e = allocate_exact(&t, &dp);
            expect_fine(&t, n, c, &e.best);
            assert_true(e.bound <= e.best.steps);
            assert_true(!t.bandwidth || e.bound_us <= e.best.us);
            int64_t *replicas = ARENA_ARRAY(f.memory, int64_t, n->count + 1);
            steps_spread(t.chain, e.best.replicas, replicas);
            expect_damage_found(plan_of_replicas(f.memory, &n, c, false, replicas, "x"), f.memory,
                                &r);
        }
        plan_end(&f);
    }
    printf("%d of %d have room for one copy\n", possible, CASES);
    assert_true(possible > CASES / 4);
}

/* Exhaustive search beside the labels: never below the bound, and nearly always found and proven.
 */
static void random_brute(void **state)
{
    (void)state;
    random_state r = random_from(seed_of(), 2);
    int exact = 0, cases = 0;
    while (cases < 400) {
        plan_fixture f = plan_begin();
        plan_network *n = draw_network(f.memory, &r, draw(&r, 2, 4), 9, false);
        plan_chip *c = draw_chip(f.memory, &r);
        steps_chain *chain = steps_chain_of(f.memory, n, c, false);
        chain->clip = cases % 2;
        allocate_task t = {.memory = f.memory, .chain = chain};
        t.total = allocate_least(chain) + draw(&r, 0, 40);
        plan_bandwidth b = {c, 1};
        t.bandwidth = cases % 4 == 3 ? &b : NULL;
        allocation all = allocate_brute(&t, 200000);
        if (all.found) {
            allocation dp = allocate_dp(&t, false);
            certificate e = allocate_exact(&t, &dp);
            assert_true(e.bound <= all.steps);
            assert_true(dp.steps >= all.steps || t.bandwidth);
            if (t.bandwidth) {
                assert_true(e.bound_us <= all.us * (1 + 1e-12) &&
                            e.best.us >= all.us * (1 - 1e-12));
                exact += e.best.us <= all.us * (1 + 1e-12);
            } else {
                assert_true(e.best.steps >= all.steps);
                exact += e.best.steps == all.steps && e.bound == all.steps;
            }
            cases++;
        }
        plan_end(&f);
    }
    printf("the labels reach the optimum in %d of %d cases\n", exact, cases);
    assert_true(exact >= cases - 8);
}

/* What the bounds of the labels rest on: more copies never need less of the layer before. */
static void needs_grow(void **state)
{
    (void)state;
    random_state r = random_from(seed_of(), 3);
    for (int i = 0; i < 500; i++) {
        plan_fixture f = plan_begin();
        plan_network *n = draw_network(f.memory, &r, 4, 14, false);
        steps_chain *c = steps_chain_of(f.memory, n, draw_chip(f.memory, &r), false);
        c->clip = i % 2;
        for (size_t j = 1; j < c->count; j++)
            for (int64_t p = 2; p <= c->layers[j].positions; p++)
                assert_true(steps_need(c, j, p) >= steps_need(c, j, p - 1));
        plan_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_plans),
        cmocka_unit_test(random_brute),
        cmocka_unit_test(needs_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
