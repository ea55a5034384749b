/* Steps of the pipeline: simulator, its pixel-by-pixel definition, and Algorithm 1. */
#include "plan_fixture.h"

#include "passes/plan/check.h"
#include "passes/plan/steps.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figure5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
