#include "frontend/cli/cli.h"

exit_status asm_run(cli *c)
{
    const char *path = c->operands[0], *output = c->values[OPTION_OUTPUT];
    exit_status status;
    if (!output) {
        cli_usage(c, "asm needs -o FILE");
        return EXIT_USAGE;
    }
    machine *m = cli_machine(c, &(machine_choice){0}, &status);
    size_t length;
    char *text = m ? cli_read(c, path, &length) : NULL;
    if (!text)
        return status == EXIT_DONE ? EXIT_INPUT : status;
    image *im = asm_parse(c->memory, c->sources, c->d, path, text, length, m);
    if (!im || !image_validate(im, m, c->d, path))
        return EXIT_INPUT;
    const char *error = image_write(c->memory, im, output);
    if (error)
        diag_file_error(c->d, output, "%s", error);
    return error ? EXIT_INPUT : EXIT_DONE;
}
