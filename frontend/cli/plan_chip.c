/* --machine of panther plan: a chip file, or a machine file of the ISA as a chip. */
#include "frontend/cli/plan_cli.h"

#include "isa/support/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 256 * 1024 };

/* A shipped chip: examples/machines/plan/NAME.yaml of the sources, or beside the program. */
static const char *shipped(cli *c, const char *name)
{
    const char *path =
        arena_printf(c->memory, PANTHER_SOURCE_DIR "/examples/machines/plan/%s.yaml", name);
    if (access(path, F_OK) == 0)
        return path;
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0)
        return NULL;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    path = arena_printf(c->memory, "%s/../share/panther/machines/plan/%s.yaml", self, name);
    return access(path, F_OK) == 0 ? path : NULL;
}

/* Whether a line of the text begins with the key of a chip file. */
static bool is_chip(const char *text)
{
    return strncmp(text, "chip:", 5) == 0 || strstr(text, "\nchip:") != NULL;
}

plan_chip *plan_cli_chip(cli *c, exit_status *status)
{
    const char *given = c->values[OPTION_MACHINE], *error = NULL, *path = NULL;
    size_t length = 0;
    *status = EXIT_INPUT;
    if (given && !strchr(given, '/') && access(given, F_OK) != 0)
        path = shipped(c, given);
    else if (given)
        path = given;
    char *text = path ? file_read(c->memory, path, FILE_LIMIT, &length, &error) : NULL;
    if (path && !text) {
        diag_file_error(c->d, path, "%s", error);
        return NULL;
    }
    if (text && is_chip(text)) {
        plan_chip *chip = plan_chip_parse(c->memory, c->d, path, text, length);
        *status = chip ? EXIT_DONE : EXIT_INPUT;
        return chip;
    }
    machine *m = cli_machine(c, &(machine_choice){0}, status);
    if (!m && given && !path)
        diag_help(c->d, "chips of planning papers are in examples/machines/plan");
    return m ? plan_chip_of(c->memory, m) : NULL;
}
