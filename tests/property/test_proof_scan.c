/* Proofs that leave out examples (proof_case.inc): recurrent networks, with loops over time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 4 };
#else
enum { CASES = 20 };
#endif

#include "proof_case.inc"
#include "random_net.inc"
#include "random_scan.inc"

static ir_module *draw_network(arena *memory, diag *d, random_state *r, machine *m)
{
    static scan_writer program;
    m->scalar_registers = 64;
    scan_random_program(&program, r, false);
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
