#include "frontend/cli/build.h"
#include "frontend/cli/run_report.h"
#include "frontend/cli/run_trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NO_INTERPRETER = 2 };

/* Everything host_run needs. */
typedef struct run_setup {
    host_options options;
    int interpreter;
    int64_t max_cycles, threads;
    plan *plan;
    engine *engine;
    timeline *trace; /* NULL: none */
} run_setup;

static bool parse_crs(cli *c, host_options *o)
{
    const char *text = c->values[OPTION_CRS];
    if (!text)
        return true;
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    bool batches = strcmp(end, "batches") == 0;
    if (errno || end == text || v < 0 || (*end && !batches)) {
        cli_usage(c, "--crs takes a number of examples (1024) or of batches (16batches), not '%s'",
                  text);
        return false;
    }
    o->crs = batches ? CRS_EVERY_BATCHES : CRS_EVERY_OPAS;
    o->crs_period = v;
    return true;
}

/* All values of --input or --result. */
static bool parse_ports(cli *c, option_id id, host_input **ports, size_t *count)
{
    *count = c->lists[id].count;
    *ports = ARENA_ARRAY(c->memory, host_input, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const char *text = c->lists[id].values[i], *sign = strchr(text, '=');
        if (!sign || sign == text || !sign[1]) {
            cli_usage(c, "--%s takes PORT=FILE, not '%s'", option_rows[id].name, text);
            return false;
        }
        (*ports)[i].port = arena_strndup(c->memory, text, (size_t)(sign - text));
        (*ports)[i].file = sign + 1;
    }
    return true;
}

static bool check_combinations(cli *c, const run_setup *s)
{
    bool interpreted = s->interpreter != NO_INTERPRETER;
    if (s->options.resume && !s->options.weights)
        cli_usage(c, "--resume needs --weights FILE, the checkpoint to continue from");
    else if (s->options.resume && interpreted)
        cli_usage(c, "--resume continues on the emulator; an interpreter cannot take over digits");
    else if (s->options.timing_only && interpreted)
        cli_usage(c, "--timing-only: an interpreter counts no cycles");
    else if (s->options.timing_only && (s->options.weights || s->options.save))
        cli_usage(c, "--timing-only computes no numbers, so there are no weights to load or save");
    else
        return true;
    return false;
}

static bool parse_options(cli *c, run_setup *s)
{
    static const char *const interpreters[] = {"fixed", "float"};
    host_options *o = &s->options;
    int64_t seed;
    *o = (host_options){.path = c->operands[0],
                        .command = c->line,
                        .folders = {cli_folder(c, c->operands[0]), c->values[OPTION_DATA]},
                        .weights = c->values[OPTION_WEIGHTS],
                        .resume = c->given[OPTION_RESUME],
                        .save = c->values[OPTION_SAVE],
                        .stats = c->values[OPTION_STATS],
                        .on_statistics = c->given[OPTION_REPORT] ? run_report_write : NULL,
                        .statistics_context = c,
                        .seed_given = c->given[OPTION_SEED],
                        .timing_only = c->given[OPTION_TIMING_ONLY],
                        .entry = c->values[OPTION_ENTRY],
                        .quiet = c->given[OPTION_QUIET],
                        .progress = isatty(STDERR_FILENO),
                        .out = stdout};
    bool good =
        options_whole(c, OPTION_EPOCHS, 1, 1 << 30, 0, &o->epochs) &&
        options_whole(c, OPTION_BATCH, 1, 1 << 20, 0, &o->batch) &&
        options_whole(c, OPTION_SEED, 0, INT64_C(1) << 53, 0, &seed) &&
        options_whole(c, OPTION_KERNELS, 1, INT64_C(1) << 40, 1, &o->kernels) &&
        options_whole(c, OPTION_MAX_CYCLES, 1, INT64_C(1) << 53, 0, &s->max_cycles) &&
        options_whole(c, OPTION_THREADS, 1, 256, 0, &s->threads) &&
        options_choice(c, OPTION_INTERPRETER, interpreters, 2, NO_INTERPRETER, &s->interpreter) &&
        parse_crs(c, o) && parse_ports(c, OPTION_INPUT, &o->inputs, &o->input_count) &&
        parse_ports(c, OPTION_RESULT, &o->results, &o->result_count) && check_combinations(c, s);
    o->seed = good ? (uint64_t)seed : 0;
    return good;
}

static engine *emulate(cli *c, run_setup *s, const machine *m, const image *im)
{
    emulator_options o = {.seed = host_seed(s->plan, &s->options),
                          .timing_only = s->options.timing_only,
                          .wear = c->given[OPTION_WEAR],
                          .watch = c->given[OPTION_STATS] || c->given[OPTION_REPORT],
                          .timeline = s->trace,
                          .threads = (int)s->threads,
                          .measure_each = c->given[OPTION_MEASURE_EACH],
                          .max_cycles = (uint64_t)s->max_cycles};
    return engine_emulator(c->memory, m, im, &o, c->d, s->options.path);
}

/* A program: compiled here, then run. */
static exit_status prepare_program(cli *c, run_setup *s)
{
    static const char *const stops[] = {"round_updates", "differentiate", NULL};
    int goal = GOAL_BALANCE;
    if (!options_choice(c, OPTION_OPTIMIZE, pass_goal_names, GOALS, GOAL_BALANCE, &goal))
        return EXIT_USAGE;
    pass_options passes = {.goal = (pass_goal)goal, .stop_after = stops[s->interpreter]};
    built b = {0};
    exit_status status;
    if (!build_program(c, c->operands[0], &passes, &b, &status))
        return status;
    if (s->interpreter == INTERPRETER_FIXED && b.machine->fidelity == FIDELITY_DEVICE) {
        cli_usage(c, "not supported: --interpreter fixed with fidelity device, because the "
                     "interpreter has digits, not cells to disturb; use --fidelity adc or ideal");
        return EXIT_USAGE;
    }
    s->plan = plan_parse(c->memory, c->d, s->options.path, b.plan);
    if (!s->plan)
        return EXIT_INTERNAL;
    if (s->interpreter != NO_INTERPRETER) {
        s->engine = engine_interpreter(c->memory, b.module, b.machine, (interpreter)s->interpreter,
                                       host_seed(s->plan, &s->options));
        return EXIT_DONE;
    }
    image *im = build_image(c, &b);
    s->engine = im ? emulate(c, s, b.machine, im) : NULL;
    return s->engine ? EXIT_DONE : EXIT_INPUT;
}

static machine *machine_for_image(cli *c, const plan_deploy *d, const image *im,
                                  exit_status *status)
{
    machine_choice model = {.file = d->machine,
                            .base = d->base,
                            .variant = d->variant,
                            .slices = d->slices,
                            .opa_mode = opa_mode_names[im->opa_mode],
                            .fidelity = d->fidelity,
                            .name =
                                im->machine_name && im->machine_name[0] ? im->machine_name : NULL};
    machine *m = cli_machine(c, &model, status);
    if (m && m->units.updates == UNIT_CROSSBAR && m->opa_mode != im->opa_mode) {
        diag_file_error(c->d, c->operands[0],
                        "the image was compiled for opa mode %s; compile it again for %s",
                        opa_mode_names[im->opa_mode], opa_mode_names[m->opa_mode]);
        *status = EXIT_INPUT;
        return NULL;
    }
    return m;
}

static exit_status prepare_image(cli *c, run_setup *s, const char *bytes, size_t length)
{
    if (s->interpreter != NO_INTERPRETER) {
        cli_usage(c, "--interpreter runs a program (.pan); an image holds no graph");
        return EXIT_USAGE;
    }
    if (c->given[OPTION_OPTIMIZE]) {
        cli_usage(c, "--optimize is for the compiler; an image is placed already");
        return EXIT_USAGE;
    }
    if (c->given[OPTION_LAYER_COPIES]) {
        cli_usage(c, "--copies is for the compiler; an image has its crossbars already");
        return EXIT_USAGE;
    }
    image *im = image_decode(c->memory, c->d, c->operands[0], bytes, length);
    s->plan = im ? plan_parse(c->memory, c->d, c->operands[0], im->plan ? im->plan : "") : NULL;
    if (!s->plan)
        return EXIT_INPUT;
    exit_status status;
    machine *m = machine_for_image(c, &s->plan->deploy, im, &status);
    if (!m)
        return status;
    if (!image_fits_machine(im, m, c->d, c->operands[0]) ||
        !image_validate(im, m, c->d, c->operands[0]))
        return EXIT_INPUT;
    s->engine = emulate(c, s, m, im);
    return s->engine ? EXIT_DONE : EXIT_INPUT;
}

static exit_status run_file(cli *c, run_setup *s)
{
    size_t length;
    char *bytes = cli_read(c, c->operands[0], &length);
    if (!bytes)
        return EXIT_INPUT;
    exit_status status = image_recognise(bytes, length) ? prepare_image(c, s, bytes, length)
                                                        : prepare_program(c, s);
    if (status != EXIT_DONE)
        return status;
    diag_print(c->d, stderr,
               isatty(STDERR_FILENO) && !getenv("NO_COLOR")); /* warnings come first */
    return host_run(c->memory, c->d, s->engine, s->plan, &s->options);
}

exit_status run_run(cli *c)
{
    run_setup s = {0};
    exit_status status;
    if (!parse_options(c, &s))
        return EXIT_USAGE;
    if (!run_trace_open(c, s.interpreter == NO_INTERPRETER, &s.trace, &status))
        return status;
    return run_trace_close(c, s.trace, run_file(c, &s));
}
