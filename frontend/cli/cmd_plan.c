/* panther plan: how networks are laid on a machine, and what that promises. */
#include "frontend/cli/plan_cli.h"
#include "frontend/language/language.h"
#include "passes/plan/tenant.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const plan_method plan_methods[] = {
#define PLAN_METHOD(name, run, networks, meaning) {#name, networks, run, meaning},
#include "frontend/cli/plan_methods.def"
#undef PLAN_METHOD
};
const size_t plan_method_count = sizeof plan_methods / sizeof *plan_methods;

void plan_json_number(cJSON *to, const char *name, double value)
{
    cJSON_AddNumberToObject(to, name, value);
}

exit_status plan_refuse(plan_request *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag_error(r->c->d, SOURCE_NOWHERE, "%s", arena_vprintf(r->c->memory, format, args));
    va_end(args);
    return EXIT_INPUT;
}

exit_status plan_too_small(plan_request *r, const char *network, int64_t least, int64_t total)
{
    const plan_chip *chip = r->chip;
    int64_t tile = chip->pes * chip->crossbars;
    int64_t tiles = (least * chip->slices - 1) / tile + 1;
    diag_error(
        r->c->d, SOURCE_NOWHERE,
        "network '%s' needs %lld crossbars of %lld x %lld weights for one copy of each layer, "
        "but there are %lld",
        network, (long long)least, (long long)chip->rows, (long long)plan_chip_width(chip),
        (long long)total);
    diag_help(r->c->d, "the smallest machine '%s' that would do has %lld tiles instead of %lld",
              chip->name, (long long)tiles, (long long)chip->tiles);
    return EXIT_INPUT;
}

bool plan_memory_fits(plan_request *r)
{
    const char *help = NULL;
    const char *error = plan_memory_check(r->c->memory, r->chip, r->networks[0], &help);
    if (!error)
        return true;
    diag_error(r->c->d, SOURCE_NOWHERE, "%s", error);
    diag_help(r->c->d, "%s", help);
    return false;
}

/* ---- networks ---- */

typedef enum plan_view { VIEW_ALL, VIEW_CONVS, VIEW_CHAIN, VIEW_CONV_CHAIN } plan_view;

/* Formats do not matter to a plan, but graphs have them. */
static const ir_numerics plain_numerics = {
    .slices = {.rows = 128, .columns = 128, .slices = 1, .radix_bits = 4, .bits = {4}},
    .q_activation = 9,
    .q_weight = 26,
    .q_error = 14};

/* FILE.pan or FILE.pan:NETWORK. */
static plan_network *load_network(cli *c, const char *operand)
{
    const char *colon = strrchr(operand, ':'), *name = NULL, *path = operand;
    if (colon && colon - operand > 4 && strncmp(colon - 4, ".pan", 4) == 0) {
        path = arena_strndup(c->memory, operand, (size_t)(colon - operand));
        name = colon + 1;
    }
    size_t length;
    char *text = cli_read(c, path, &length);
    pan_program *p = text ? pan_check(c->memory, c->sources, c->d, path, text, length) : NULL;
    ir_module *m = p ? pan_build(p, &plain_numerics, c->d) : NULL;
    return m ? plan_network_find(c->memory, m, name, c->d) : NULL;
}

static plan_network *viewed(cli *c, plan_network *n, plan_view view)
{
    if (view == VIEW_CONVS || view == VIEW_CONV_CHAIN)
        n = plan_network_convs(c->memory, n);
    if (n->count > 0 && (view == VIEW_CHAIN || view == VIEW_CONV_CHAIN))
        n = plan_network_chain(c->memory, n);
    const char *error = plan_network_check(c->memory, n);
    if (error)
        diag_error(c->d, SOURCE_NOWHERE, "%s", error);
    return error ? NULL : n;
}

static bool load_networks(plan_request *r, exit_status *status)
{
    static const char *const views[] = {"all", "convs", "chain", "conv_chain"};
    cli *c = r->c;
    int view;
    *status = EXIT_USAGE;
    if (!options_choice(c, OPTION_VIEW, views, 4, VIEW_ALL, &view))
        return false;
    *status = EXIT_INPUT;
    const plan_network **all =
        ARENA_ARRAY(c->memory, const plan_network *, (size_t)c->operand_count + 1);
    for (int i = 0; i < c->operand_count; i++) {
        plan_network *n = load_network(c, c->operands[i]);
        n = n ? viewed(c, n, (plan_view)view) : NULL;
        if (!n)
            return false;
        all[r->count++] = n;
    }
    r->networks = all;
    r->paths = (const char *const *)c->operands;
    return true;
}

/* ---- the command ---- */

enum { TILES_MAX = 1048576 }; /* as in chip.def */

/* --crossbar-side and --crossbars change the chip. */
static bool change_chip(plan_request *r, exit_status *status)
{
    cli *c = r->c;
    int64_t side, crossbars;
    int64_t most = TILES_MAX * r->chip->pes * r->chip->crossbars / r->chip->slices;
    *status = EXIT_USAGE;
    if (!options_whole(c, OPTION_SIDE, 1, 65536, 0, &side) ||
        !options_whole(c, OPTION_CROSSBARS, 1, most, 0, &crossbars))
        return false;
    if (side) {
        r->chip->rows = side;
        r->chip->columns = side * r->chip->cells_per_weight;
    }
    if (crossbars > plan_chip_total(r->chip)) /* the same machine with more tiles */
        r->chip->tiles =
            (crossbars * r->chip->slices - 1) / (r->chip->pes * r->chip->crossbars) + 1;
    *status = EXIT_INPUT;
    const char *error = plan_chip_check(c->memory, r->chip);
    if (error)
        diag_file_error(c->d, r->chip->path, "%s", error);
    return !error;
}

static const plan_method *find_method(cli *c)
{
    const char *name = c->given[OPTION_METHOD] ? c->values[OPTION_METHOD] : plan_methods[0].name;
    const char **known = ARENA_ARRAY(c->memory, const char *, plan_method_count), *list = "";
    for (size_t i = 0; i < plan_method_count; i++) {
        if (strcmp(plan_methods[i].name, name) == 0)
            return &plan_methods[i];
        known[i] = plan_methods[i].name;
        list = arena_printf(c->memory, "%s%s%s", list, i ? ", " : "", known[i]);
    }
    const char *near = diag_nearest(name, known, plan_method_count);
    if (near)
        cli_usage(c, "there is no method '%s'; did you mean '%s'?", name, near);
    else
        cli_usage(c, "there is no method '%s'; there are %s", name, list);
    return NULL;
}

static exit_status list_methods(void)
{
    for (size_t i = 0; i < plan_method_count; i++)
        printf("%-16s %s\n", plan_methods[i].name, plan_methods[i].meaning);
    return EXIT_DONE;
}

static exit_status run_method(plan_request *r, const plan_method *m)
{
    if (r->c->given[OPTION_JSON])
        r->json = cJSON_CreateObject();
    exit_status status = m->run(r);
    if (r->json && status == EXIT_DONE) {
        char *text = cJSON_Print(r->json);
        puts(text);
        cJSON_free(text);
    }
    cJSON_Delete(r->json);
    return status;
}

exit_status plan_run(cli *c)
{
    exit_status status = EXIT_USAGE;
    if (strcmp(c->operands[0], "list") == 0)
        return list_methods();
    const plan_method *m = find_method(c);
    if (!m)
        return EXIT_USAGE;
    if ((size_t)c->operand_count > m->networks_most) {
        cli_usage(c, "method %s takes %zu network%s", m->name, m->networks_most,
                  m->networks_most == 1 ? "" : "s");
        return EXIT_USAGE;
    }
    plan_request r = {.c = c,
                      .method = m->name,
                      .dense = c->given[OPTION_DENSE],
                      .explain = c->given[OPTION_EXPLAIN]};
    if (!load_networks(&r, &status))
        return status;
    r.chip = plan_cli_chip(c, &status);
    if (!r.chip || !change_chip(&r, &status))
        return status;
    return run_method(&r, m);
}
