/* Proofs that leave out examples (proof_case.inc): perceptrons and convolutional networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 12 };
#else
enum { CASES = 60 };
#endif

#include "proof_case.inc"
#include "random_conv.inc"
#include "random_net.inc"

enum { MOST_WORK = 4000 };

static ir_module *draw_network(arena *memory, diag *d, random_state *r, machine *m)
{
    static conv_writer program;
    if (random_below(r, 2)) {
        net_plan plan = net_random_plan(r, m);
        for (uint32_t l = 0; l <= plan.layers; l++)
            plan.width[l] = 1 + plan.width[l] % 60;
        return net_build(memory, &plan, m);
    }
    do
        conv_random_program(&program, r);
    while (program.work > MOST_WORK);
    return net_of_text(memory, d, m, program.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaving_out_changes_no_answer),
        cmocka_unit_test(late_faults_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
