#include "frontend/cli/cli.h"

typedef struct listing {
    const image *im;
    disasm_options options;
} listing;

static void print(void *context, FILE *out)
{
    const listing *l = context;
    disasm_print(l->im, &l->options, out);
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
    if (!l.im)
        return EXIT_INPUT;
    l.options = (disasm_options){(int)node, (int)tile, (int)core, c->values[OPTION_ENTRY],
                                 c->values[OPTION_LAYER]};
    return cli_write(c, print, &l) ? EXIT_DONE : EXIT_INPUT;
}
