/*
 * Whether a kernel comes to its end. Programs are networks of blocking reads and writes, so that
 * does not depend on time: agents run one after the other for as long as they get on, which takes
 * half as long as going from event to event.
 */
#include "emulator/report.h"
#include "emulator/rounds.h"

#include <string.h>

/* What the check executed does not count. */
static void restore_counts(program *p)
{
    for (uint32_t k = 0; k < p->agent_count; k++) {
        const agent *a = &p->agents[k];
        memcpy(a->executed, a->once, a->source->code.count * sizeof *a->once);
    }
}

static bool comes_to_its_end(const emulator *e, program *p)
{
    arena *scratch = arena_new();
    diag *unheard = diag_new(scratch, source_set_new(scratch));
    p->untimed = true;
    rounds_start(p);
    bool good = rounds_run(p) && rounds_all_halted(p) && !report_leftovers(e, p, unheard);
    p->untimed = false;
    restore_counts(p);
    arena_free(scratch);
    return good;
}

exit_status emulator_check(emulator *e, uint32_t entry, diag *d)
{
    program *p = &e->programs[entry];
    watch *looks = e->watch;
    e->watch = NULL;
    bool good = comes_to_its_end(e, p);
    e->watch = looks;
    if (good)
        return EXIT_DONE;
    if (emulator_run(e, entry, 0, NULL, NULL, d) == EXIT_DONE)
        diag_file_error(d, e->path,
                        "entry '%s' comes to its end, but only by the times of its instructions: "
                        "somewhere two agents write, or take, the same word",
                        p->entry->name);
    return EXIT_PROGRAM;
}
