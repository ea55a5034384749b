#include "frontend/cli/cli.h"

#include <string.h>

static exit_status show(cli *c)
{
    exit_status status;
    if (c->operand_count > 2) {
        cli_usage(c, "machine show takes one machine");
        return EXIT_USAGE;
    }
    c->values[OPTION_MACHINE] = c->operand_count > 1 ? c->operands[1] : NULL;
    machine *m = cli_machine(c, &(machine_choice){0}, &status);
    if (m)
        machine_print(m, stdout);
    return status;
}

static exit_status list(cli *c)
{
    if (c->operand_count > 1) {
        cli_usage(c, "machine list takes nothing");
        return EXIT_USAGE;
    }
    const char **names = NULL;
    size_t count = cli_machine_names(c, &names);
    for (size_t i = 0; i < count; i++)
        puts(names[i]);
    return EXIT_DONE;
}

static exit_status check(cli *c)
{
    if (c->operand_count < 2) {
        cli_usage(c, "machine check takes one machine file or more");
        return EXIT_USAGE;
    }
    exit_status worst = EXIT_DONE;
    for (int i = 1; i < c->operand_count; i++) {
        exit_status status;
        c->values[OPTION_MACHINE] = c->operands[i];
        machine *m = cli_machine(c, &(machine_choice){0}, &status);
        if (m)
            printf("%s: %s, %d node%s of %d tiles of %d cores of %d MCUs, no errors\n", m->path,
                   m->name, m->nodes, m->nodes == 1 ? "" : "s", m->tiles, m->cores, m->mcus);
        else
            worst = status;
    }
    return worst;
}

exit_status machine_run(cli *c)
{
    if (strcmp(c->operands[0], "show") == 0)
        return show(c);
    if (strcmp(c->operands[0], "check") == 0)
        return check(c);
    if (strcmp(c->operands[0], "list") == 0)
        return list(c);
    cli_usage(c, "machine takes show, check or list, not '%s'", c->operands[0]);
    return EXIT_USAGE;
}
