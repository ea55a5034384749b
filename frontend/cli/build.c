#include "frontend/cli/build.h"

ir_numerics build_numerics(const machine *m)
{
    return (ir_numerics){.slices = m->slices,
                         .mode = m->opa_mode,
                         .rounding = m->rounding,
                         .q_activation = (uint8_t)m->q_activation,
                         .q_weight = (uint8_t)m->q_weight,
                         .q_error = (uint8_t)m->q_error};
}

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
    return true;
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

bool build_program(cli *c, const char *path, const pass_options *options, built *b,
                   exit_status *status)
{
    *status = EXIT_INPUT;
    size_t length;
    char *text = cli_read(c, path, &length);
    b->program = text ? pan_check(c->memory, c->sources, c->d, path, text, length) : NULL;
    if (!b->program)
        return false;
    if (!apply_options(c, b->program)) {
        *status = EXIT_USAGE;
        return false;
    }
    b->machine = machine_of(c, &b->program->deploy, status);
    if (!b->machine)
        return false;
    *status = EXIT_INPUT;
    ir_numerics numerics = build_numerics(b->machine);
    b->module = pan_build(b->program, &numerics, c->d);
    if (!b->module)
        return false;
    b->plan = pan_plan_json(b->program, c->memory);
    b->times = ARENA_ARRAY(c->memory, pass_time, pass_count + 1);
    if (!passes_run(b->module, b->machine, c->memory, c->d, options, b->times, &b->stopped))
        return false;
    *status = EXIT_DONE;
    return true;
}
