#include "frontend/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const option_row option_rows[OPTIONS] = {
#define OPTION(id, letter, name, argument, commands, help) {letter, name, argument, commands, help},
#include "frontend/cli/options.def"
#undef OPTION
};

enum { KEY_BASE = 256 }; /* getopt's value of a row is KEY_BASE + its number */

void cli_usage(const cli *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("panther: error: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nhelp: panther %s --help lists what there is\n", c->command->name);
}

void cli_verbose(const cli *c, const char *format, ...)
{
    if (!c->given[OPTION_VERBOSE])
        return;
    va_list args;
    va_start(args, format);
    fputs("panther: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

bool option_taken(const command *chosen, option_id id)
{
    return strchr(option_rows[id].commands, chosen->letter) != NULL;
}

bool option_repeats(option_id id)
{
    return id == OPTION_INPUT || id == OPTION_RESULT || id == OPTION_CONSTANT;
}

static void keep(cli *c, int id, const char *value)
{
    c->given[id] = true;
    c->values[id] = value;
    option_list *list = &c->lists[id];
    if (option_repeats((option_id)id))
        ARENA_PUSH(c->memory, list->values, list->count, list->capacity, value);
}

/* The row of a short letter. */
static int row_of(const command *chosen, int letter)
{
    for (int i = 0; i < OPTIONS; i++)
        if (option_rows[i].letter == letter && option_taken(chosen, (option_id)i))
            return i;
    return -1;
}

static void unknown_option(cli *c, const char *text)
{
    const char *known[OPTIONS];
    size_t count = 0;
    for (int i = 0; i < OPTIONS; i++)
        if (option_taken(c->command, (option_id)i))
            known[count++] = option_rows[i].name;
    const char *name = text + strspn(text, "-");
    const char *near =
        diag_nearest(arena_strndup(c->memory, name, strcspn(name, "=")), known, count);
    if (near)
        cli_usage(c, "%s has no option '%s'; did you mean --%s?", c->command->name, text, near);
    else
        cli_usage(c, "%s has no option '%s'", c->command->name, text);
}

static bool check_operands(cli *c)
{
    const command *k = c->command;
    if (c->given[OPTION_HELP] ||
        (c->operand_count >= k->operands_low && c->operand_count <= k->operands_high))
        return true;
    cli_usage(c, "%s takes %s", k->name, k->operands);
    return false;
}

bool options_parse(cli *c, int argc, char **argv)
{
    struct option longs[OPTIONS + 1] = {{0}};
    char shorts[2 * OPTIONS + 2] = ":";
    size_t count = 0, letters = 1;
    for (int i = 0; i < OPTIONS; i++) {
        const option_row *r = &option_rows[i];
        if (!option_taken(c->command, (option_id)i))
            continue;
        int argument = r->argument ? required_argument : no_argument;
        longs[count++] = (struct option){r->name, argument, NULL, KEY_BASE + i};
        if (r->letter) {
            shorts[letters++] = r->letter;
            if (r->argument)
                shorts[letters++] = ':';
        }
    }
    opterr = 0;
    for (int key; (key = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        int id = key >= KEY_BASE ? key - KEY_BASE : row_of(c->command, key);
        if (key == ':')
            cli_usage(c, "option '%s' needs a value", argv[optind - 1]);
        else if (key == '?' || id < 0)
            unknown_option(c, argv[optind - 1]);
        if (key == ':' || key == '?' || id < 0)
            return false;
        keep(c, id, optarg);
    }
    c->operands = argv + optind;
    c->operand_count = argc - optind;
    if (c->given[OPTION_QUIET] && c->given[OPTION_VERBOSE]) {
        cli_usage(c, "--quiet and --verbose exclude each other");
        return false;
    }
    return check_operands(c);
}

bool options_whole(cli *c, option_id id, int64_t low, int64_t high, int64_t otherwise,
                   int64_t *value)
{
    *value = otherwise;
    if (!c->given[id])
        return true;
    char *end;
    errno = 0;
    long long v = strtoll(c->values[id], &end, 10);
    if (!errno && end > c->values[id] && !*end && v >= low && v <= high) {
        *value = v;
        return true;
    }
    cli_usage(c, "--%s takes a whole number from %lld to %lld, not '%s'", option_rows[id].name,
              (long long)low, (long long)high, c->values[id]);
    return false;
}

bool options_choice(cli *c, option_id id, const char *const *names, int count, int otherwise,
                    int *value)
{
    *value = otherwise;
    if (!c->given[id])
        return true;
    const char *list = "";
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], c->values[id]) == 0) {
            *value = i;
            return true;
        }
        list = arena_printf(c->memory, "%s%s%s", list, i ? ", " : "", names[i]);
    }
    cli_usage(c, "--%s takes one of %s, not '%s'", option_rows[id].name, list, c->values[id]);
    return false;
}

void options_help(const command *chosen, FILE *out)
{
    fprintf(out, "usage: panther %s [OPTION...] %s\n\n%s\n%s%s\noptions\n", chosen->name,
            chosen->operands, chosen->summary, chosen->details[0] ? "\n" : "", chosen->details);
    for (int i = 0; i < OPTIONS; i++) {
        const option_row *r = &option_rows[i];
        if (!option_taken(chosen, (option_id)i))
            continue;
        char left[64];
        int used = snprintf(left, sizeof left, "%c%c%s--%s%s%s", r->letter ? '-' : ' ',
                            r->letter ? r->letter : ' ', r->letter ? ", " : "  ", r->name,
                            r->argument ? " " : "", r->argument ? r->argument : "");
        fprintf(out, "  %-*s %s\n", used > 30 ? used : 30, left, r->help);
    }
}
