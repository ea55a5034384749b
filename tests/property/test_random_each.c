/*
 * Random networks and kernels of everything that is not a convolution's loop: functions of elements and
 * vectors, shapes, pools, broadcasts, batch_norm, matrices read both ways, updates in several terms,
 * formats of layers and values. The emulator equals the fixed-point interpreter bit for bit
 * (net_case.h).
 *
 * PANTHER_TEST_SEED repeats a run, PANTHER_TEST_CASES shortens or lengthens it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net_case.inc"
#include "random_each.inc"
#include "random_net.inc"

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 30 }; /* each takes ten times as long */
#else
enum { CASES = 240 };
#endif

static void run_case(uint64_t seed)
{
    static each_writer program;
    net_case c = {.memory = arena_new(), .seed = seed, .kernels = 2};
    random_state r = random_from(seed, 5);
    c.diag = diag_new(c.memory, source_set_new(c.memory));
    c.machine = net_random_machine(c.memory, c.diag, &r);
    assert_non_null(c.machine);
    c.machine->cores = 8;
    c.machine->memory_words = 1 << 22;
    c.fidelity = (fidelity)random_below(&r, FIDELITIES);
    each_random_program(&program, &r);
    if (getenv("PANTHER_TEST_VERBOSE"))
        print_message("%s", program.text);
    bool compiled = net_case_compile(&c, net_case_text, program.text);
    if (!compiled) {
        print_message("%s", program.text);
        diag_print(c.diag, stderr, false);
    }
    assert_true(compiled);
    c.graph = net_trained_graph(c.oracle);
    net_case_run(&c);
    arena_free(c.memory);
}

static void random_bodies(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_bodies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
