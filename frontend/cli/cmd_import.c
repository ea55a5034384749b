/* import: an ONNX model as a program and the file of its weights. */
#include "frontend/cli/calibrate.h"
#include "frontend/language/language.h"
#include "frontend/onnx/onnx.h"
#include "isa/support/file.h"

#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A file's name as part of a comment. */
static const char *comment_name(cli *c, const char *path)
{
    char *name = arena_strdup(c->memory, base_name(path));
    for (char *at = name; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = '?';
    return name;
}

static bool check_usage(cli *c)
{
    const char *output = c->values[OPTION_OUTPUT];
    const char *dot = output ? strrchr(output, '.') : NULL;
    if (!dot || strcmp(dot, ".pan") != 0 || dot == base_name(output)) {
        cli_usage(c, "import needs -o FILE.pan; the weights go to FILE.safetensors beside it");
        return false;
    }
    for (const char *at = c->values[OPTION_DIMS]; at && *at;) {
        char *end;
        const char *sign = strchr(at, '=');
        long long size = sign ? strtoll(sign + 1, &end, 10) : 0;
        if (!sign || sign == at || size < 1 || size > 1 << 30 || (*end && *end != ',')) {
            cli_usage(c, "--dims takes NAME=N,NAME=N with sizes from 1, not '%s'",
                      c->values[OPTION_DIMS]);
            return false;
        }
        at = *end ? end + 1 : end;
    }
    return true;
}

static bool write_program(cli *c, const char *path, const char *text)
{
    file_writer w;
    const char *error = file_write_begin(c->memory, &w, path);
    if (!error) {
        fputs(text, w.stream);
        error = file_write_commit(c->memory, &w);
    }
    if (error)
        diag_file_error(c->d, path, "%s", error);
    return !error;
}

/* The program's text, with formats where sample data was given; NULL with errors (status). */
static const char *program_text(cli *c, const onnx_imported *net, const char *weights,
                                calibration *k, exit_status *status)
{
    const char *output = c->values[OPTION_OUTPUT], *file = c->values[OPTION_CALIBRATE];
    const char *text =
        arena_printf(c->memory, "# From %s; run with --weights %s\n%s",
                     comment_name(c, c->operands[0]), comment_name(c, weights), net->text);
    *status = EXIT_INPUT;
    if (file)
        return calibrate(c, output, text, net->weights, file, k, status);
    return pan_check(c->memory, c->sources, c->d, output, text, strlen(text)) ? text : NULL;
}

/* --constant NAME=FILE; false with an error (status). */
static bool read_constants(cli *c, onnx_options *o, exit_status *status)
{
    const option_list *given = &c->lists[OPTION_CONSTANT];
    onnx_constant *constants = ARENA_ARRAY(c->memory, onnx_constant, given->count + 1);
    for (size_t i = 0; i < given->count; i++) {
        const char *text = given->values[i], *sign = strchr(text, '=');
        *status = EXIT_USAGE;
        if (!sign || sign == text || !sign[1]) {
            cli_usage(c, "--constant takes NAME=FILE, not '%s'", text);
            return false;
        }
        *status = EXIT_INPUT;
        onnx_constant *k = &constants[i];
        k->name = arena_strndup(c->memory, text, (size_t)(sign - text));
        k->path = sign + 1;
        k->bytes = cli_read(c, k->path, &k->length);
        if (!k->bytes)
            return false;
    }
    o->constants = constants;
    o->constant_count = given->count;
    return true;
}

exit_status import_run(cli *c)
{
    if (!check_usage(c))
        return EXIT_USAGE;
    exit_status status;
    calibration k;
    onnx_options options = {.dims = c->values[OPTION_DIMS]};
    if (!read_constants(c, &options, &status))
        return status;
    const char *path = c->operands[0], *output = c->values[OPTION_OUTPUT];
    size_t length;
    char *bytes = cli_read(c, path, &length);
    onnx_imported net = {0};
    if (!bytes ||
        !onnx_import(c->memory, c->d, path, bytes, length, &options, &net))
        return EXIT_INPUT;
    const char *weights = arena_printf(c->memory, "%.*s.safetensors", (int)strlen(output) - 4,
                                       output);
    const char *text = program_text(c, &net, weights, &k, &status);
    if (!text)
        return status;
    const char *error = safetensors_write(net.weights, weights);
    if (error)
        diag_file_error(c->d, weights, "%s", error);
    if (error || !write_program(c, output, text))
        return EXIT_INPUT;
    if (!c->given[OPTION_QUIET])
        printf("%s: network %s, %zu layer%s, %zu parameters in %s\n", output, net.network,
               net.layers, net.layers == 1 ? "" : "s", net.parameters, weights);
    if (!c->given[OPTION_QUIET] && c->given[OPTION_CALIBRATE])
        calibration_print(&k, c->values[OPTION_CALIBRATE], stdout);
    return EXIT_DONE;
}
