#include "frontend/cli/cli.h"

#include "isa/support/file.h"

#include <string.h>

enum { NAMES_LISTED = 20, SOURCE_LIMIT = 1 << 28 };

typedef struct listing {
    const image *im;
    disasm_options options;
} listing;

static void print(void *context, FILE *out)
{
    const listing *l = context;
    disasm_print(l->im, &l->options, out);
}

/* A name that selects: one of the image's, or an error that says which there are. */
static bool check_name(cli *c, option_id id, const char *kind, const char *const *known,
                       size_t count)
{
    const char *name = c->values[id], *list = "";
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    if (!name)
        return true;
    diag_file_error(c->d, c->operands[0], "it has no %s '%s'", kind, name);
    const char *near = diag_nearest(name, known, count);
    for (size_t i = 0; i < count && i < NAMES_LISTED; i++)
        list = arena_printf(c->memory, "%s%s%s", list, i ? ", " : "", known[i]);
    if (near)
        diag_help(c->d, "did you mean '%s'?", near);
    else if (count)
        diag_help(c->d, "there %s %s%s", count == 1 ? "is" : "are", list,
                  count > NAMES_LISTED ? ", ..." : "");
    return false;
}

static bool check_names(cli *c, const image *im)
{
    const char **entries = ARENA_ARRAY(c->memory, const char *, im->entry_count + 1);
    for (uint32_t i = 0; i < im->entry_count; i++)
        entries[i] = im->entries[i].name;
    bool named = im->layer_count > 1; /* layer 0 is "none" */
    return check_name(c, OPTION_ENTRY, "entry", entries, im->entry_count) &&
           check_name(c, OPTION_LAYER, "layer", im->layers + named,
                      named ? im->layer_count - 1 : 0);
}

static uint32_t find_source(cli *c, const char *path)
{
    for (uint32_t i = 1; i <= c->sources->count; i++)
        if (strcmp(source_get(c->sources, i)->path, path) == 0)
            return i;
    size_t length;
    const char *error;
    char *text = file_read(c->memory, path, SOURCE_LIMIT, &length, &error);
    if (!text)
        diag_warning(c->d, SOURCE_NOWHERE, "%s; --source shows nothing of it", error);
    return source_add(c->sources, path, text ? text : "", text ? length : 0);
}

/* For listings: a line of the program, without the blanks around it. */
static const char *source_text(void *context, const char *path, uint32_t line)
{
    cli *c = context;
    const source_file *file = source_get(c->sources, find_source(c, path));
    if (line == 0 || line > file->lines)
        return NULL;
    size_t length;
    const char *text = source_line(file, line, &length);
    size_t blanks = strspn(text, " \t");
    return blanks < length ? arena_strndup(c->memory, text + blanks, length - blanks) : NULL;
}

exit_status disasm_run(cli *c)
{
    listing l = {0};
    int64_t node, tile, core;
    if (!options_whole(c, OPTION_NODE, 0, 65535, -1, &node) ||
        !options_whole(c, OPTION_TILE, 0, 65535, -1, &tile) ||
        !options_whole(c, OPTION_CORE, 0, 65535, -1, &core))
        return EXIT_USAGE;
    l.im = image_read(c->memory, c->d, c->operands[0]);
    if (!l.im || !check_names(c, l.im))
        return EXIT_INPUT;
    l.options = (disasm_options){.node = (int)node,
                                 .tile = (int)tile,
                                 .core = (int)core,
                                 .entry = c->values[OPTION_ENTRY],
                                 .layer = c->values[OPTION_LAYER],
                                 .source_line = c->given[OPTION_SOURCE] ? source_text : NULL,
                                 .sources = c};
    return cli_write(c, print, &l) ? EXIT_DONE : EXIT_INPUT;
}
