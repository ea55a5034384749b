#include "isa/machine_schema.h"
#include "isa/support/file.h"
#include "isa/yaml_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 256 * 1024 };

typedef struct loader {
    arena *memory;
    diag *d;
    const char *path;
    uint32_t file;
    machine_place *place;
    machine *m;
    int errors_before;
} loader;

/* The collector may hold errors of other files. */
static bool has_errors(const loader *l)
{
    return diag_errors(l->d) != l->errors_before;
}

static void copy_times(const loader *l, const machine_file *f, bool seen[TIME_CLASS_COUNT])
{
    for (uint32_t i = 0; i < f->time_count; i++) {
        const time_entry *e = &f->times[i];
        source_range where = machine_place_find(l->place, "times", (int)i, "class", NULL);
        int c = 0;
        while (c < TIME_CLASS_COUNT && strcmp(time_class_names[c], e->class) != 0)
            c++;
        if (c == TIME_CLASS_COUNT) {
            diag_error(l->d, where, "unknown time class '%s'", e->class);
            diag_help(l->d, "the classes are %s",
                      yaml_joined(l->memory, time_class_names, TIME_CLASS_COUNT));
        } else if (seen[c]) {
            diag_error(l->d, where, "the time class '%s' is given twice", e->class);
        } else {
            seen[c] = true;
            l->m->time[c] = (machine_time){e->fixed, e->words_per_cycle,
                                           arena_strdup(l->memory, e->source)};
        }
    }
}

static void copy_energies(const loader *l, const machine_file *f, bool seen[ENERGY_COUNT])
{
    for (uint32_t i = 0; i < f->energy_count; i++) {
        const energy_entry *e = &f->energies[i];
        source_range where = machine_place_find(l->place, "energies", (int)i, "component", NULL);
        int c = 0;
        while (c < ENERGY_COUNT && strcmp(energy_component_names[c], e->component) != 0)
            c++;
        if (c == ENERGY_COUNT) {
            diag_error(l->d, where, "unknown energy component '%s'", e->component);
            diag_help(l->d, "the components are %s",
                      yaml_joined(l->memory, energy_component_names, ENERGY_COUNT));
        } else if (seen[c]) {
            diag_error(l->d, where, "the energy component '%s' is given twice", e->component);
        } else {
            seen[c] = true;
            l->m->energy[c] = (machine_energy){e->pj, arena_strdup(l->memory, e->source)};
        }
    }
}

static void report_missing(const loader *l, const char *list, const char *what,
                           const char *const *names, const bool *seen, size_t count)
{
    const char **missing = ARENA_ARRAY(l->memory, const char *, count);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!seen[i])
            missing[n++] = names[i];
    if (!n)
        return;
    source_range where = machine_place_find(l->place, list, -1, NULL, NULL);
    where.end = where.begin + 1;
    diag_error(l->d, where, "%s missing in '%s': %s", what, list, yaml_joined(l->memory, missing, n));
}

static void copy_lists(const loader *l, const machine_file *f)
{
    bool times[TIME_CLASS_COUNT] = {false}, energies[ENERGY_COUNT] = {false};
    copy_times(l, f, times);
    copy_energies(l, f, energies);
    if (has_errors(l))
        return;
    for (int c = 0; c < ENERGY_COUNT; c++)
        if (!energies[c] && !machine_needs(l->m, (energy_component)c)) {
            l->m->energy[c].source = "no unit of this machine uses it";
            energies[c] = true;
        }
    report_missing(l, "times", "time classes", time_class_names, times, TIME_CLASS_COUNT);
    report_missing(l, "energies", "energy components", energy_component_names, energies,
                   ENERGY_COUNT);
}

static void check_number(const loader *l, const char *group, int index, const char *key, bool real)
{
    const char *text;
    source_range where = machine_place_find(l->place, group, index, key, &text);
    if (!yaml_is_number(text, real))
        diag_error(l->d, where, "'%s' is a %snumber, not '%s'", key, real ? "" : "whole ", text);
}

static void check_ranges(const loader *l, const machine_file *f)
{
    for (size_t i = 0; i < machine_number_count; i++) {
        const machine_number *n = &machine_numbers[i];
        int before = diag_errors(l->d);
        check_number(l, n->group, -1, n->key, n->real);
        double v = machine_number_value(l->m, n);
        if (diag_errors(l->d) == before && !(v >= n->least && v <= n->most))
            diag_error(l->d, machine_place_find(l->place, n->group, -1, n->key, NULL),
                       "'%s' lies between %.10g and %.10g, not %.10g", n->key, n->least, n->most,
                       v);
    }
    for (uint32_t i = 0; i < f->time_count; i++) {
        check_number(l, "times", (int)i, "fixed", true);
        check_number(l, "times", (int)i, "words_per_cycle", true);
    }
    for (uint32_t i = 0; i < f->energy_count; i++)
        check_number(l, "energies", (int)i, "pj", true);
}

static void set_device(const loader *l, const char *key, const char *text)
{
    const char *error = text ? device_set(l->memory, &l->m->device, key, text) : NULL;
    if (error)
        diag_error(l->d, machine_place_find(l->place, "device", -1, key, NULL), "%s", error);
}

/* The preset first, wherever it stands. */
static void copy_device(const loader *l, const machine_file *f)
{
    set_device(l, "preset", f->device_preset);
    for (int k = 0; k < DEVICE_KNOBS; k++)
        set_device(l, device_knob_names[k], f->device_knobs[k]);
}

static void copy_machine(const loader *l, const machine_file *f)
{
    *l->m = f->m;
    l->m->name = arena_strdup(l->memory, f->name);
    l->m->path = arena_strdup(l->memory, l->path);
    const char *error = slicing_parse(&l->m->slices, f->slices);
    if (error)
        diag_error(l->d, machine_place_find(l->place, "crossbar", -1, "slices", NULL), "%s", error);
    check_ranges(l, f);
    copy_device(l, f);
    copy_lists(l, f);
    if (has_errors(l))
        return;
    error = machine_check(l->memory, l->m);
    if (error)
        diag_error(l->d, (source_range){l->file, 0, 0}, "%s", error);
}

machine *machine_parse(arena *memory, diag *d, const char *path, const char *text, size_t length)
{
    loader l = {.memory = memory,
                .d = d,
                .path = path,
                .m = ARENA_NEW(memory, machine),
                .errors_before = diag_errors(d)};
    l.file = source_add(diag_sources(d), path, text, length);
    yaml_report r = {.line = 0};
    cyaml_config_t config = yaml_configuration(&r);
    machine_file *f = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)text, length, &config, &machine_file_schema,
                                       (cyaml_data_t **)&f, NULL);
    if (code != CYAML_OK) {
        yaml_report_error(&(yaml_file){memory, d, l.file, &machine_file_schema, "machine"}, &r, code);
    } else if (!f) {
        diag_error(d, (source_range){l.file, 0, 0}, "the machine file is empty");
    } else {
        l.place = machine_place_open(memory, diag_sources(d), l.file);
        copy_machine(&l, f);
        machine_place_close(l.place);
        cyaml_free(&config, &machine_file_schema, f, 0);
    }
    return has_errors(&l) ? NULL : l.m;
}

machine *machine_load(arena *memory, diag *d, const char *path)
{
    size_t length = 0;
    const char *error = NULL;
    char *text = file_read(memory, path, FILE_LIMIT, &length, &error);
    if (!text) {
        diag_file_error(d, path, "%s", error);
        return NULL;
    }
    return machine_parse(memory, d, path, text, length);
}
