/*
 * Random MLPs on random machines: after several kernels every digit and every output of the
 * emulator equals the fixed-point interpreter's, for variants 1, 2 and 3, and every kernel takes
 * the same cycles; some run on two and three threads. The interpreter runs the graph before
 * partition, so all later passes are under test.
 *
 * PANTHER_TEST_SEED repeats a run, PANTHER_TEST_CASES shortens or lengthens it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net_case.inc"
#include "random_net.inc"

enum { CASES = 300 };

static ir_module *build(net_case *c, const void *plan)
{
    return net_build(c->memory, plan, c->machine);
}

/* A third of the networks is tuned, by one goal or another; the rest gets any packing. */
static void choose_tuning(net_case *c, pass_tuning *tuning, random_state *r)
{
    static const int strips[] = {0, 8, 16, 32};
    c->goal = (pass_goal)(c->seed % GOALS);
    *tuning = (pass_tuning){.dense = random_below(r, 2),
                            .port_margin = net_between(r, 0, 200),
                            .tile_cores = net_between(r, 0, 4),
                            .core_mcus = net_between(r, 0, 2),
                            .strip_lanes = strips[random_below(r, 4)]};
    c->tuning = random_below(r, 3) ? tuning : NULL;
}

static void run_case(uint64_t seed)
{
    net_case c = {.memory = arena_new(), .seed = seed, .kernels = NET_KERNELS};
    c.diag = diag_new(c.memory, source_set_new(c.memory));
    random_state r = random_from(seed, 1);
    c.machine = net_random_machine(c.memory, c.diag, &r);
    if (!c.machine)
        diag_print(c.diag, stderr, false);
    assert_non_null(c.machine);
    net_plan plan = net_random_plan(&r, c.machine);
    c.fidelity = plan.fidelity;
    pass_tuning tuning;
    choose_tuning(&c, &tuning, &r);
    if (getenv("PANTHER_TEST_VERBOSE"))
        net_describe(&plan, c.machine);
    bool compiled = net_case_compile(&c, build, &plan);
    if (!compiled && c.tuning) { /* strips take channels, threads and memory */
        print_message("refused with strips of %d lanes\n", tuning.strip_lanes);
        c.tuning = NULL;
        c.diag = diag_new(c.memory, source_set_new(c.memory));
        compiled = net_case_compile(&c, build, &plan);
    }
    if (!compiled)
        diag_print(c.diag, stderr, false);
    assert_true(compiled);
    net_case_run(&c);
    diag_print(c.diag, stderr, false);
    arena_free(c.memory);
}

static void random_mlps(void **state)
{
    (void)state;
    const char *seed_text = getenv("PANTHER_TEST_SEED"), *cases_text = getenv("PANTHER_TEST_CASES");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 20261121;
    int cases = cases_text ? atoi(cases_text) : CASES;
    for (int i = 0; i < cases; i++) {
        print_message("case seed %llu\n", (unsigned long long)(first + (uint64_t)i));
        run_case(first + (uint64_t)i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_mlps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
