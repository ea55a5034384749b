/* Networks of the planner's tests: from programs in examples/networks or from text. */
#ifndef PANTHER_TESTS_UNIT_PLAN_NETWORKS_H
#define PANTHER_TESTS_UNIT_PLAN_NETWORKS_H

#include "language_fixture.h"
#include "passes/plan/model.h"

/* `from` and `to` replace a text, as for images of another size; NULL: nothing. */
static inline plan_network *network_file(arena *memory, const char *file, const char *from,
                                         const char *to)
{
    source_set *sources = source_set_new(memory);
    diag *d = diag_new(memory, sources);
    const char *path = arena_printf(memory, "%s/examples/%s.pan", PANTHER_SOURCE_DIR, file);
    size_t length;
    const char *text = read_whole(memory, path, &length);
    for (size_t done = 0; from && strstr(text + done, from);) {
        size_t at = (size_t)(strstr(text + done, from) - text);
        text = arena_printf(memory, "%.*s%s%s", (int)at, text, to, text + at + strlen(from));
        done = at + strlen(to);
    }
    pan_program *program = pan_check(memory, sources, d, path, text, strlen(text));
    ir_numerics numerics = paper_numerics();
    ir_module *module = program ? pan_build(program, &numerics, d) : NULL;
    plan_network *n = module ? plan_network_find(memory, module, NULL, d) : NULL;
    diag_print(d, stderr, false);
    if (!n)
        fail_msg("%s does not build", path);
    return n;
}

#endif
