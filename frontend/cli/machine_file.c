/* Which machine: a file or a shipped name, then what model and command line change about it. */
#include "frontend/cli/cli.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const default_machine = "panther";

/* Folders of the shipped machines: of the sources it was built from, and beside the program. */
static size_t machine_folders(arena *memory, const char **folders)
{
    size_t count = 0;
    folders[count++] = PANTHER_SOURCE_DIR "/examples/machines";
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
        self[length] = '\0';
        char *slash = strrchr(self, '/');
        if (slash) {
            *slash = '\0';
            folders[count++] = arena_printf(memory, "%s/../share/panther/machines", self);
        }
    }
    return count;
}

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    bool yaml = length > 5 && strcmp(text + length - 5, ".yaml") == 0;
    return !strchr(text, '/') && !yaml && length > 0;
}

/* The names of the machines in a folder, for a message. */
static void list_machines(cli *c, const char *folder, const char ***names, size_t *count)
{
    size_t capacity = *count;
    DIR *dir = opendir(folder);
    for (struct dirent *item; dir && (item = readdir(dir));) {
        size_t length = strlen(item->d_name);
        if (length > 5 && strcmp(item->d_name + length - 5, ".yaml") == 0)
            ARENA_PUSH(c->memory, *names, *count, capacity,
                       arena_strndup(c->memory, item->d_name, length - 5));
    }
    if (dir)
        closedir(dir);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t cli_machine_names(cli *c, const char ***names)
{
    const char *folders[2];
    size_t folder_count = machine_folders(c->memory, folders), count = 0;
    for (size_t i = 0; i < folder_count && count == 0; i++)
        list_machines(c, folders[i], names, &count);
    if (count)
        qsort(*names, count, sizeof **names, by_text);
    return count;
}

/* The file of a machine that is shipped, or NULL. */
static const char *shipped(cli *c, const char *name)
{
    const char *folders[2];
    size_t folder_count = machine_folders(c->memory, folders);
    for (size_t i = 0; i < folder_count; i++) {
        const char *path = arena_printf(c->memory, "%s/%s.yaml", folders[i], name);
        if (access(path, F_OK) == 0)
            return path;
    }
    return NULL;
}

static const char *find_name(cli *c, const char *name)
{
    const char **known = NULL, *list = "", *found = shipped(c, name);
    if (found)
        return found;
    size_t count = cli_machine_names(c, &known);
    for (size_t i = 0; i < count; i++)
        list = arena_printf(c->memory, "%s%s%s", list, i ? ", " : "", known[i]);
    diag_error(c->d, SOURCE_NOWHERE, "there is no machine '%s'", name);
    const char *near = diag_nearest(name, known, count);
    if (near)
        diag_help(c->d, "did you mean '%s'?", near);
    else
        diag_help(c->d, "shipped are %s; a file is named with its folder or .yaml", list);
    return NULL;
}

static const char *find_machine(cli *c, const machine_choice *model)
{
    const char *given = c->values[OPTION_MACHINE];
    if (given) /* a name stands for what is shipped, whatever lies in the folder */
        return !is_name(given) || (!shipped(c, given) && access(given, F_OK) == 0)
                   ? given
                   : find_name(c, given);
    if (!model->file)
        return find_name(c, model->name ? model->name : default_machine);
    const char *beside = model->file[0] == '/' || !model->base || !model->base[0]
                             ? model->file
                             : arena_printf(c->memory, "%s/%s", model->base, model->file);
    if (access(beside, F_OK) == 0)
        return beside;
    if (is_name(model->file))
        return find_name(c, model->file);
    return model->name ? find_name(c, model->name) : beside;
}

/* The word of the command line, else of the model, as an index; -1: neither. False after an error. */
static bool choose(cli *c, option_id id, const char *model, const char *const *names, int count,
                   int *index)
{
    if (c->given[id] || !model)
        return options_choice(c, id, names, count, -1, index);
    for (*index = 0; *index < count; ++*index)
        if (strcmp(names[*index], model) == 0)
            return true;
    diag_error(c->d, SOURCE_NOWHERE, "'%s' is not known here", model);
    return false;
}

static bool change(cli *c, machine *m, const machine_choice *model, exit_status *status)
{
    int64_t variant;
    int mode, fidelity_index, rounding_index;
    *status = EXIT_USAGE;
    if (!options_whole(c, OPTION_VARIANT, 1, 3, model->variant, &variant) ||
        !choose(c, OPTION_OPA_MODE, model->opa_mode, opa_mode_names, OPA_MODES, &mode) ||
        !choose(c, OPTION_FIDELITY, model->fidelity, fidelity_names, FIDELITIES, &fidelity_index) ||
        !choose(c, OPTION_ROUNDING, NULL, rounding_names, 3, &rounding_index))
        return false;
    if (variant)
        m->variant = (int)variant;
    if (mode >= 0)
        m->opa_mode = (opa_mode)mode;
    if (fidelity_index >= 0)
        m->fidelity = (fidelity)fidelity_index;
    if (rounding_index >= 0)
        m->rounding.mode = (rounding)rounding_index;
    const char *slices = c->given[OPTION_SLICES] ? c->values[OPTION_SLICES] : model->slices;
    const char *error = slices ? slicing_parse(&m->slices, slices) : NULL;
    if (error && c->given[OPTION_SLICES])
        cli_usage(c, "--slices %s: %s", slices, error);
    else if (error)
        diag_error(c->d, SOURCE_NOWHERE, "slices '%s': %s", slices, error);
    if (error)
        return false;
    const char *device = c->values[OPTION_DEVICE];
    error = device ? device_set_list(c->memory, &m->device, device) : NULL;
    if (error) {
        cli_usage(c, "--device %s: %s", device, error);
        return false;
    }
    if (device && m->fidelity != FIDELITY_DEVICE) {
        cli_usage(c, "--device changes nothing with fidelity %s; add --fidelity device",
                  fidelity_names[m->fidelity]);
        return false;
    }
    *status = EXIT_INPUT;
    error = machine_check(c->memory, m);
    if (error)
        diag_file_error(c->d, m->path, "%s", error);
    return !error;
}

machine *cli_machine(cli *c, const machine_choice *model, exit_status *status)
{
    *status = EXIT_INPUT;
    const char *path = find_machine(c, model);
    machine *m = path ? machine_load(c->memory, c->d, path) : NULL;
    machine_choice none = {0}; /* what a program wants of crossbars is not for machines without */
    if (m && m->units.updates != UNIT_CROSSBAR)
        model = &none;
    if (!m || !change(c, m, model, status))
        return NULL;
    *status = EXIT_DONE;
    return m;
}
