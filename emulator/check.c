/*
 * Whether a kernel comes to its end. Programs are networks of blocking reads and writes, so that
 * does not depend on time: agents run one after the other for as long as they get on, which takes
 * half as long as going from event to event. Examples that go as the one before are left out
 * (steady.h), so that a batch of a thousand takes as long as one of ten.
 */
#include "emulator/report.h"
#include "emulator/rounds.h"
#include "emulator/steady.h"

#include <string.h>

/* What the check executed does not count. */
static void restore_counts(program *p)
{
    for (uint32_t k = 0; k < p->agent_count; k++) {
        const agent *a = &p->agents[k];
        memcpy(a->executed, a->once, a->source->code.count * sizeof *a->once);
    }
}

/* What a run without times shows. */
typedef enum outcome { OUTCOME_ENDS, OUTCOME_FAILS, OUTCOME_DOUBT } outcome;

static outcome run_untimed(const emulator *e, program *p, arena *scratch, bool all)
{
    diag *unheard = diag_new(scratch, source_set_new(scratch));
    p->untimed = true;
    p->steady = p->entry->batch > STEADY_BATCH ? steady_new(scratch, p, all) : NULL;
    rounds_start(p, p->steady ? 1 : p->entry->batch);
    bool ran = p->steady ? steady_run(p->steady) : rounds_run(p);
    bool good = ran && rounds_all_halted(p) && !report_leftovers(e, p, unheard);
    bool doubt = p->steady && steady_in_doubt(p->steady);
    p->checked = p->entry->batch - (p->steady ? steady_skipped(p->steady) : 0);
    p->untimed = false;
    p->steady = NULL;
    restore_counts(p);
    return doubt ? OUTCOME_DOUBT : good ? OUTCOME_ENDS : OUTCOME_FAILS;
}

static bool comes_to_its_end(const emulator *e, program *p)
{
    arena *scratch = arena_new();
    outcome found = run_untimed(e, p, scratch, e->options.check_all);
    if (found == OUTCOME_DOUBT)
        found = run_untimed(e, p, scratch, true);
    arena_free(scratch);
    return found == OUTCOME_ENDS;
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

uint32_t emulator_examples_checked(const emulator *e, uint32_t entry)
{
    return e->programs[entry].checked;
}
