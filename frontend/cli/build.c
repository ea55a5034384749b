#include "frontend/cli/build.h"

#include "backend/backend.h"
#include "frontend/library/numerics.h"

#include <time.h>

/* The command line's values that the program itself depends on, or that its image shall keep. */
static bool apply_options(cli *c, pan_program *p)
{
    int64_t batch, epochs, seed, variant;
    if (!options_whole(c, OPTION_BATCH, 1, 1 << 20, 0, &batch) ||
        !options_whole(c, OPTION_EPOCHS, 1, 1 << 30, 0, &epochs) ||
        !options_whole(c, OPTION_SEED, 0, INT64_C(1) << 53, 0, &seed) ||
        !options_whole(c, OPTION_VARIANT, 1, 3, 0, &variant))
        return false;
    pan_options o = {.batch = batch,
                     .epochs = epochs,
                     .has_seed = c->given[OPTION_SEED],
                     .seed = seed,
                     .machine = c->values[OPTION_MACHINE],
                     .slices = c->values[OPTION_SLICES],
                     .opa_mode = c->values[OPTION_OPA_MODE],
                     .fidelity = c->values[OPTION_FIDELITY],
                     .variant = (int)variant};
    pan_apply(p, &o);
    const char *list = c->values[OPTION_LAYER_COPIES];
    const char *error = list ? pan_apply_copies(p, list) : NULL;
    if (error)
        cli_usage(c, "--copies %s", error);
    return !error;
}

static machine *machine_of(cli *c, const pan_deploy *d, exit_status *status)
{
    machine_choice model = {.file = d->machine,
                            .base = d->base,
                            .variant = d->variant,
                            .slices = d->slices,
                            .opa_mode = d->opa_mode,
                            .fidelity = d->fidelity};
    return cli_machine(c, &model, status);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool check_program(cli *c, const char *path, const char *text, size_t length, built *b,
                          exit_status *status)
{
    double started = seconds();
    b->program = pan_check(c->memory, c->sources, c->d, path, text, length);
    if (!b->program)
        return false;
    cli_verbose(c, "checked %s, %zu bytes: %.3f s", path, length, seconds() - started);
    if (apply_options(c, b->program))
        return true;
    *status = EXIT_USAGE;
    return false;
}

static bool run_passes(cli *c, const pass_options *options, built *b)
{
    b->times = ARENA_ARRAY(c->memory, pass_time, pass_count + 1);
    if (!passes_run(b->module, b->machine, c->memory, c->d, options, b->times, &b->stopped))
        return false;
    for (size_t i = 0; i < pass_count; i++)
        if (b->times[i].seconds > 0)
            cli_verbose(c, "pass %s: %.3f s", b->times[i].name, b->times[i].seconds);
    return true;
}

bool build_program(cli *c, const char *path, const pass_options *options, built *b,
                   exit_status *status)
{
    size_t length;
    char *text = cli_read(c, path, &length);
    *status = EXIT_INPUT;
    return text && build_text(c, path, text, length, options, b, status);
}

bool build_text(cli *c, const char *path, const char *text, size_t length,
                const pass_options *options, built *b, exit_status *status)
{
    *status = EXIT_INPUT;
    if (!check_program(c, path, text, length, b, status))
        return false;
    b->machine = machine_of(c, &b->program->deploy, status);
    if (!b->machine)
        return false;
    *status = EXIT_INPUT;
    cli_verbose(c, "machine %s from %s", b->machine->name, b->machine->path);
    ir_numerics numerics = machine_numerics(b->machine);
    double started = seconds();
    b->module = pan_build(b->program, &numerics, c->d);
    if (!b->module)
        return false;
    cli_verbose(c, "%zu graphs, %zu matrices: %.3f s", b->module->graph_count,
                b->module->matrix_count, seconds() - started);
    b->plan = pan_plan_json(b->program, c->memory);
    if (!run_passes(c, options, b))
        return false;
    *status = EXIT_DONE;
    return true;
}

image *build_image(cli *c, const built *b)
{
    double started = seconds();
    image *im = backend_build(c->memory, b->module, b->machine, b->plan, c->d);
    if (im)
        cli_verbose(c, "image of %u entries: %.3f s", im->entry_count, seconds() - started);
    return im;
}
