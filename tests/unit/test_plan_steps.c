/* Steps of the pipeline: simulator, its pixel-by-pixel definition, and Algorithm 1. */
#include "plan_fixture.h"

#include "passes/plan/allocate.h"
#include "passes/plan/check.h"

/* Figure 5(b): two layers of 5 x 5 pixels, two and three copies. */
static void figure5(void **state)
{
    (void)state;
    static const char text[] = "network two(image: map[1, 5, 5]) -> map[1, 5, 5] {\n"
                               "    x = conv2d(image, 1, 3, padding = 1, bias = false)\n"
                               "    return conv2d(x, 1, 3, padding = 1, bias = false)\n}\n";
    plan_fixture f = plan_begin();
    plan_network *n = plan_of_text(&f, "two.pan", text, sizeof text - 1);
    plan_chip *c = plan_example_chip(&f, "isaac_like");
    const int64_t replicas[] = {2, 3};
    int64_t ends[2], stalls[2];
    assert_non_null(n);
    assert_int_equal(plan_simulate(f.memory, n, replicas, ends, stalls), 15);
    /* The paper counts from two steps earlier: layer 2 ends in step 15, layer 3 in 17. */
    assert_int_equal(ends[0], 13);
    assert_int_equal(ends[1], 15);
    assert_int_equal(stalls[1], 2);
    steps_chain *chain = steps_chain_of(f.memory, n, c, false);
    assert_int_equal(steps_interval(chain, 1, 3, 2), 4);
    assert_null(plan_check_steps(f.memory, n, replicas, 15));
    assert_non_null(plan_check_steps(f.memory, n, replicas, 14));
    plan_end(&f);
}

/* Over random allocations of the generator that accuracy.c states (the paper page draws 10,000). */
static void accuracy(void **state)
{
    (void)state;
    enum { SAMPLES = 1000, SEED = 1 };
    static const struct {
        const char *name;
        int64_t total;
        double least;
    } rows[] = {{"alexnet", 1024, 0.97},
                {"vgg_a", 2304, 0.98},
                {"vgg_e", 4096, 0.98},
                {"resnet18", 1024, 0.97},
                {"mobilenet", 3000, 0.94}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plan_fixture f = plan_begin();
        plan_network *n = plan_network_convs(f.memory, plan_example(&f, rows[i].name));
        plan_chip *c = plan_example_chip(&f, "isaac_like");
        n = plan_network_chain(f.memory, n);
        allocate_task t = {.memory = f.memory, .total = rows[i].total};
        t.chain = steps_chain_of(f.memory, n, c, true);
        model_accuracy printed, fixed;
        assert_true(allocate_accuracy(&t, SAMPLES, SEED, &printed, &fixed));
        printf("%s(%d), seed %d: as printed %.2f %%, fixed %.2f %%\n", rows[i].name,
               (int)rows[i].total, SEED, 100 * printed.average, 100 * fixed.average);
        assert_true(printed.average >= rows[i].least);
        assert_true(fixed.average >= 0.98);
        plan_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figure5),
        cmocka_unit_test(accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
