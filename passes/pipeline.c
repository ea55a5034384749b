#include "passes/passes.h"

#include <string.h>
#include <time.h>

const pass_row pass_table[] = {
#define PASS(name, needs, makes, breaks, meaning)                                                  \
    {#name, pass_##name, needs, makes, breaks, meaning},
#include "passes/passes.def"
#undef PASS
};

const size_t pass_count = sizeof pass_table / sizeof *pass_table;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool is_pass(const char *name)
{
    for (size_t i = 0; i < pass_count; i++)
        if (!strcmp(pass_table[i].name, name))
            return true;
    return false;
}

/* `word`: what may stand there besides the name of a pass, or NULL. */
static bool check_name(pass_context *c, const char *option, const char *name, const char *word)
{
    const char *known[sizeof pass_table / sizeof *pass_table];
    const char *list = "";
    if (!name || is_pass(name) || (word && !strcmp(name, word)))
        return true;
    for (size_t i = 0; i < pass_count; i++) {
        known[i] = pass_table[i].name;
        list = arena_printf(c->memory, "%s%s%s", list, i ? ", " : "", known[i]);
    }
    const char *near = diag_nearest(name, known, pass_count);
    diag_error(c->diag, SOURCE_NOWHERE, "%s: '%s' is not a pass", option, name);
    if (near)
        diag_help(c->diag, "did you mean '%s'?", near);
    else
        diag_help(c->diag, "passes are %s%s%s", list, word ? ", and " : "", word ? word : "");
    return false;
}

static bool verified(pass_context *c, const char *after)
{
    return !c->options->verify_each || ir_verify(c->module, c->diag, after);
}

static void print_after(const pass_context *c, const pass_row *p)
{
    const char *wanted = c->options->print_after;
    if (!wanted || !c->options->out || (strcmp(wanted, "all") && strcmp(wanted, p->name)))
        return;
    fprintf(c->options->out, "// after %s\n", p->name);
    ir_print(c->module, c->options->out);
}

static bool run_pass(pass_context *c, const pass_row *p, pass_time *time)
{
    if ((c->facts & p->needs) != p->needs) {
        diag_fault(c->diag, SOURCE_NOWHERE,
                   "pass '%s' needs what no pass before it has made (facts %#x, "
                   "needs %#x)",
                   p->name, c->facts, p->needs);
        return false;
    }
    double start = now();
    bool done = p->run(c);
    if (time)
        *time = (pass_time){p->name, now() - start};
    c->facts = (c->facts & ~p->breaks) | p->makes;
    if (!done)
        return false;
    print_after(c, p);
    return verified(c, p->name);
}

bool passes_run(ir_module *module, const machine *m, arena *memory, diag *d,
                const pass_options *options, pass_time *times, bool *stopped_early)
{
    static const pass_options none;
    pass_context c = {.module = module,
                      .machine = m,
                      .memory = memory,
                      .diag = d,
                      .options = options ? options : &none,
                      .tuning = pass_default_tuning};
    if (stopped_early)
        *stopped_early = false;
    if (!check_name(&c, "--print-after", c.options->print_after, "all") ||
        !check_name(&c, "--stop-after", c.options->stop_after, NULL) || !verified(&c, "build"))
        return false;
    for (size_t i = 0; times && i < pass_count; i++)
        times[i] = (pass_time){pass_table[i].name, 0};
    for (size_t i = 0; i < pass_count; i++) {
        if (!run_pass(&c, &pass_table[i], times ? &times[i] : NULL))
            return false;
        if (c.options->stop_after && !strcmp(c.options->stop_after, pass_table[i].name)) {
            if (stopped_early)
                *stopped_early = true;
            return true;
        }
    }
    return true;
}
