#include "frontend/cli/cli.h"

#include "isa/support/file.h"

#include <string.h>

static const size_t FILE_LIMIT = (size_t)1 << 32;

char *cli_read(cli *c, const char *path, size_t *length)
{
    const char *error = NULL;
    char *bytes = file_read(c->memory, path, FILE_LIMIT, length, &error);
    if (!bytes)
        diag_file_error(c->d, path, "%s", error);
    return bytes;
}

const char *cli_folder(cli *c, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(c->memory, path, (size_t)(slash - path) + (slash == path)) : ".";
}

bool cli_save(cli *c, const char *path, void (*print)(void *context, FILE *out), void *context)
{
    file_writer w;
    const char *error = file_write_begin(c->memory, &w, path);
    if (!error) {
        print(context, w.stream);
        error = file_write_commit(c->memory, &w);
    }
    if (error)
        diag_file_error(c->d, path, "%s", error);
    return !error;
}

bool cli_write(cli *c, void (*print)(void *context, FILE *out), void *context)
{
    const char *path = c->values[OPTION_OUTPUT];
    if (path)
        return cli_save(c, path, print, context);
    print(context, stdout);
    return true;
}
