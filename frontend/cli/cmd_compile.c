#include "backend/backend.h"
#include "frontend/cli/build.h"
#include "frontend/emit/emit.h"
#include "isa/support/file.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct output {
    const built *b;
    const image *im;
    int emit; /* a row of emits; EMIT_NOTHING: none */
} output;

static void emit_ir(const output *o, FILE *out)
{
    ir_print(o->b->module, out);
}

static void emit_graph(const output *o, FILE *out)
{
    emit_dot(o->b->module, out);
}

static void emit_assembly(const output *o, FILE *out)
{
    static const disasm_options all = {.node = -1, .tile = -1, .core = -1};
    disasm_print(o->im, &all, out);
}

static void emit_placement(const output *o, FILE *out)
{
    emit_map(o->im, o->b->machine, out);
}

static const struct {
    const char *name;
    void (*print)(const output *o, FILE *out);
    bool image; /* drawn from the image, not from the graph */
} emits[] = {
    {"ir", emit_ir, false},
    {"dot", emit_graph, false},
    {"asm", emit_assembly, true},
    {"map", emit_placement, true},
};
enum { EMIT_NOTHING = sizeof emits / sizeof *emits };

static void print(void *context, FILE *out)
{
    const output *o = context;
    emits[o->emit].print(o, out);
}

static bool needs_image(const output *o)
{
    return o->emit == EMIT_NOTHING || emits[o->emit].image;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void add_figures(cJSON *root, const backend_figures *f)
{
    cJSON_AddNumberToObject(root, "mcus", f->mcus);
    cJSON_AddNumberToObject(root, "cores", f->cores);
    cJSON_AddNumberToObject(root, "tiles", f->tiles);
    cJSON_AddNumberToObject(root, "nodes", f->nodes);
    cJSON *code = cJSON_AddObjectToObject(root, "static_instructions");
    cJSON_AddNumberToObject(code, "cores", (double)f->core_instructions);
    cJSON_AddNumberToObject(code, "tiles", (double)f->tile_instructions);
    cJSON_AddNumberToObject(code, "max_core", f->max_core_instructions);
    cJSON_AddNumberToObject(cJSON_AddObjectToObject(root, "shared_memory_words"), "max",
                            f->max_memory_words);
}

static char *stats_text(const cli *c, const built *b, const backend_figures *f, double spent)
{
    cJSON *root = cJSON_CreateObject();
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    cJSON_AddStringToObject(root, "panther", PANTHER_VERSION);
    cJSON_AddStringToObject(root, "command", c->line);
    cJSON_AddNumberToObject(root, "seconds", spent);
    cJSON_AddNumberToObject(root, "peak_rss_bytes", (double)use.ru_maxrss * 1024);
    cJSON *passes = cJSON_AddArrayToObject(root, "passes");
    for (size_t i = 0; i < pass_count; i++) {
        cJSON *pass = cJSON_CreateObject();
        cJSON_AddStringToObject(pass, "name", b->times[i].name);
        cJSON_AddNumberToObject(pass, "seconds", b->times[i].seconds);
        cJSON_AddItemToArray(passes, pass);
    }
    add_figures(root, f);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

static bool write_stats(cli *c, const built *b, const backend_figures *f, double spent)
{
    const char *path = c->values[OPTION_STATS];
    char *text = stats_text(c, b, f, spent);
    file_writer w;
    const char *error = file_write_begin(c->memory, &w, path);
    if (!error) {
        fprintf(w.stream, "%s\n", text);
        error = file_write_commit(c->memory, &w);
    }
    if (error)
        diag_file_error(c->d, path, "%s", error);
    cJSON_free(text);
    return !error;
}

static void print_times(const built *b)
{
    for (size_t i = 0; i < pass_count; i++)
        printf("%-16s %9.6f s\n", b->times[i].name, b->times[i].seconds);
}

static void print_summary(const cli *c, const built *b, const backend_figures *f)
{
    if (c->given[OPTION_QUIET] || c->given[OPTION_EMIT])
        return;
    printf(
        "%s: %u MCUs in %u cores of %u tiles (machine %s), %llu core and %llu tile instructions, "
        "%u words of shared memory at most\n",
        c->operands[0], f->mcus, f->cores, f->tiles, b->machine->name,
        (unsigned long long)f->core_instructions, (unsigned long long)f->tile_instructions,
        f->max_memory_words);
}

/* The image and what was asked about it. */
static exit_status finish(cli *c, output *o, double started)
{
    const built *b = o->b;
    image *im = build_image(c, b);
    if (!im)
        return EXIT_INPUT;
    o->im = im;
    backend_figures f = backend_measure(im);
    const char *error = NULL;
    if (o->emit != EMIT_NOTHING && !cli_write(c, print, o))
        return EXIT_INPUT;
    if (o->emit == EMIT_NOTHING && c->given[OPTION_OUTPUT])
        error = image_write(c->memory, im, c->values[OPTION_OUTPUT]);
    if (error) {
        diag_file_error(c->d, c->values[OPTION_OUTPUT], "%s", error);
        return EXIT_INPUT;
    }
    print_summary(c, b, &f);
    bool good = !c->given[OPTION_STATS] || write_stats(c, b, &f, seconds() - started);
    return good ? EXIT_DONE : EXIT_INPUT;
}

static bool is_ir(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".ir") == 0;
}

/* The IR's text form, as --emit ir prints it at any stage: checked, and printed again. */
static exit_status check_ir(cli *c, output *o)
{
    const char *path = c->operands[0];
    if (needs_image(o) && (o->emit != EMIT_NOTHING || c->given[OPTION_OUTPUT])) {
        cli_usage(c, "IR in text form is only checked and printed; compile the program itself");
        return EXIT_USAGE;
    }
    size_t length;
    char *text = cli_read(c, path, &length);
    ir_module *m = text ? ir_parse(c->memory, c->sources, c->d, path, text, length) : NULL;
    if (!m || !ir_verify(m, c->d, NULL))
        return EXIT_INPUT;
    built b = {.module = m};
    o->b = &b;
    return o->emit == EMIT_NOTHING || cli_write(c, print, o) ? EXIT_DONE : EXIT_INPUT;
}

exit_status compile_run(cli *c)
{
    const char *names[EMIT_NOTHING];
    double started = seconds();
    output o = {0};
    for (int i = 0; i < EMIT_NOTHING; i++)
        names[i] = emits[i].name;
    if (!options_choice(c, OPTION_EMIT, names, EMIT_NOTHING, EMIT_NOTHING, &o.emit))
        return EXIT_USAGE;
    if (is_ir(c->operands[0]))
        return check_ir(c, &o);
    if (o.emit != EMIT_NOTHING && needs_image(&o) && c->given[OPTION_STOP_AFTER]) {
        cli_usage(c, "--emit %s is drawn from the image, so it needs all passes", names[o.emit]);
        return EXIT_USAGE;
    }
    int goal = GOAL_BALANCE;
    if (!options_choice(c, OPTION_OPTIMIZE, pass_goal_names, GOALS, GOAL_BALANCE, &goal))
        return EXIT_USAGE;
    pass_options passes = {.goal = (pass_goal)goal,
                           .print_after = c->values[OPTION_PRINT_AFTER],
                           .stop_after = c->values[OPTION_STOP_AFTER],
                           .verify_each = c->given[OPTION_VERIFY_EACH],
                           .time_passes = c->given[OPTION_TIME_PASSES],
                           .out = stdout};
    built b = {0};
    exit_status status;
    if (!build_program(c, c->operands[0], &passes, &b, &status))
        return status;
    o.b = &b;
    if (c->given[OPTION_TIME_PASSES])
        print_times(&b);
    if (!needs_image(&o))
        return cli_write(c, print, &o) ? EXIT_DONE : EXIT_INPUT;
    return b.stopped ? EXIT_DONE : finish(c, &o, started);
}
