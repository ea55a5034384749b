/* Which machine an image is made for or runs on. */
#include "frontend/library/library.h"

#include <string.h>

static bool is_name(const char *text)
{
    size_t length = strlen(text);
    bool yaml = length > 5 && strcmp(text + length - 5, ".yaml") == 0;
    return length > 0 && !yaml && !strchr(text, '/');
}

/* A name stands for what is shipped; else a file, looked for in a folder (NULL: where we are). */
static machine *load(arena *memory, diag *d, const char *file, const char *base)
{
    const char *path = file;
    if (base && base[0] && file[0] != '/')
        path = arena_printf(memory, "%s/%s", base, file);
    const char *text = is_name(file) ? library_machine(file) : NULL;
    if (text)
        return machine_parse(memory, d, file, text, strlen(text));
    return machine_load(memory, d, path);
}

/* Index of a word among the names of a mode; -1 with an error if it is none of them. */
static int find_word(diag *d, const char *what, const char *word, const char *const *names,
                     int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    diag_error(d, SOURCE_NOWHERE, "there is no %s '%s'", what, word);
    return -1;
}

static bool change(arena *memory, diag *d, machine *m, const plan_deploy *w)
{
    int mode = (int)m->opa_mode, fidelity_index = (int)m->fidelity;
    if (w->variant)
        m->variant = (int)w->variant;
    if (w->opa_mode)
        mode = find_word(d, "opa mode", w->opa_mode, opa_mode_names, OPA_MODES);
    if (w->fidelity)
        fidelity_index = find_word(d, "fidelity", w->fidelity, fidelity_names, FIDELITIES);
    if (mode < 0 || fidelity_index < 0)
        return false;
    m->opa_mode = (opa_mode)mode;
    m->fidelity = (fidelity)fidelity_index;
    const char *error = w->slices ? slicing_parse(&m->slices, w->slices) : NULL;
    error = error ? error : machine_check(memory, m);
    if (error)
        diag_file_error(d, m->path, "%s", error);
    return !error;
}

machine *library_choose(arena *memory, diag *d, const plan_deploy *deploy,
                        const panther_options *options, const char *name)
{
    static const panther_options nothing = {0};
    const panther_options *o = options ? options : &nothing;
    plan_deploy w = *deploy;
    w.variant = o->variant ? o->variant : w.variant;
    w.slices = o->slices ? o->slices : w.slices;
    w.opa_mode = o->opa_mode ? o->opa_mode : w.opa_mode;
    w.fidelity = o->fidelity ? o->fidelity : w.fidelity;
    machine *m;
    if (o->machine)
        m = load(memory, d, o->machine, NULL);
    else if (w.machine)
        m = load(memory, d, w.machine, w.base);
    else
        m = load(memory, d, name, NULL);
    bool wanted = m && m->units.updates == UNIT_CROSSBAR; /* of what crossbars do */
    return m && (!wanted || change(memory, d, m, &w)) ? m : NULL;
}
