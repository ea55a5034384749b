#include "frontend/cli/cli.h"

#include <string.h>

enum { NAMES_LISTED = 20 };

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
    l.options = (disasm_options){(int)node, (int)tile, (int)core, c->values[OPTION_ENTRY],
                                 c->values[OPTION_LAYER]};
    return cli_write(c, print, &l) ? EXIT_DONE : EXIT_INPUT;
}
