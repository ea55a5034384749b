#include "isa/machine_schema.h"
#include "isa/support/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 256 * 1024 };

/* What libcyaml logs of its first error: the sentence, then a backtrace from the inside out. */
typedef struct cyaml_report {
    char message[300];
    char field[64];    /* innermost mapping field of the backtrace */
    int line, column;  /* from 1; 0 if none */
} cyaml_report;

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

static void note_place(cyaml_report *r, const char *text)
{
    const char *field = strstr(text, "mapping field '");
    if (field && !r->field[0])
        sscanf(field, "mapping field '%63[^']'", r->field);
    const char *at = strstr(text, "(line: ");
    if (at && !r->line && sscanf(at, "(line: %d, column: %d)", &r->line, &r->column) != 2)
        r->line = 0;
}

static void note_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
    cyaml_report *r = context;
    char text[400];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    const char *body = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
    if (level >= CYAML_LOG_ERROR && !r->message[0] && strcmp(body, "Backtrace:") != 0)
        snprintf(r->message, sizeof r->message, "%.299s", body);
    note_place(r, text);
}

typedef const cyaml_schema_field_t *field_list;

static field_list children(const cyaml_schema_value_t *v)
{
    if (v->type == CYAML_MAPPING)
        return v->mapping.fields;
    if (v->type == CYAML_SEQUENCE && v->sequence.entry->type == CYAML_MAPPING)
        return v->sequence.entry->mapping.fields;
    return NULL;
}

/* The schema nests three deep at most. */
static const cyaml_schema_field_t *find_field(field_list fields, const char *key)
{
    for (; fields && fields->key; fields++) {
        if (strcmp(fields->key, key) == 0)
            return fields;
        const cyaml_schema_field_t *inner = find_field(children(&fields->value), key);
        if (inner)
            return inner;
    }
    return NULL;
}

static size_t collect_keys(field_list fields, const char **keys, size_t limit)
{
    size_t count = 0;
    for (; fields && fields->key && count < limit; fields++)
        keys[count++] = fields->key;
    return count;
}

static const char *joined(arena *memory, const char *const *names, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(memory, "%s%s%s", text, i ? ", " : "", names[i]);
    return text;
}

static const char *expectation(const loader *l, const cyaml_schema_value_t *v)
{
    if (v->type == CYAML_INT)
        return "a whole number";
    if (v->type == CYAML_FLOAT)
        return "a number";
    if (v->type == CYAML_STRING)
        return "text (of 1 to 1000 characters)";
    if (v->type == CYAML_SEQUENCE)
        return "a list";
    if (v->type != CYAML_ENUM)
        return "a mapping (key: value)";
    const char *text = "one of";
    for (uint32_t i = 0; i < v->enumeration.count; i++)
        text = arena_printf(l->memory, "%s%s %s", text, i ? "," : "",
                            v->enumeration.strings[i].str);
    return text;
}

static source_range report_range(const loader *l, const cyaml_report *r)
{
    const source_file *file = source_get(diag_sources(l->d), l->file);
    if (r->line < 1)
        return (source_range){l->file, 0, 0};
    size_t column = r->column > 0 ? (size_t)r->column - 1 : 0;
    uint32_t at = machine_place_offset(file, (size_t)r->line - 1, column);
    uint32_t end = at;
    while (end < file->length && !strchr(" \t\r\n,:}]#", file->text[end]))
        end++;
    return (source_range){l->file, at, end > at ? end : at + 1};
}

/* group: the mapping that the key stands in, or NULL for the file itself. */
static void unknown_key(const loader *l, source_range where, const char *key,
                        const cyaml_schema_field_t *group)
{
    enum { MOST = 50 };
    const char *keys[MOST];
    field_list fields = group ? children(&group->value) : machine_file_schema.mapping.fields;
    size_t count = collect_keys(fields, keys, MOST);
    const char *near = diag_nearest(key, keys, count);
    diag_error(l->d, where, "unknown key '%s'", key);
    if (near)
        diag_help(l->d, "did you mean '%s'?", near);
    else
        diag_help(l->d, "the keys are %s", joined(l->memory, keys, count));
}

static const char *after(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static void report_cyaml(const loader *l, const cyaml_report *r, cyaml_err_t code)
{
    source_range where = report_range(l, r);
    const cyaml_schema_field_t *field = find_field(machine_file_schema.mapping.fields, r->field);
    const char *key;
    if ((key = after(r->message, "Unexpected key: ")))
        unknown_key(l, where, key, field);
    else if ((key = after(r->message, "Missing required mapping field: ")))
        diag_error(l->d, where, "the key '%s' is missing here", key);
    else if ((key = after(r->message, "Mapping field already seen: ")))
        diag_error(l->d, where, "the key '%s' is given twice", key);
    else if (code == CYAML_ERR_ALIAS)
        diag_error(l->d, where, "not supported: YAML aliases, because a machine file needs none");
    else if (code != CYAML_ERR_INVALID_VALUE && !after(r->message, "Expecting") &&
             !after(r->message, "STRING"))
        diag_error(l->d, where, "not a YAML file: %s",
                   r->message[0] ? r->message : cyaml_strerror(code));
    else if (field)
        diag_error(l->d, where, "'%s' is %s", field->key, expectation(l, &field->value));
    else
        diag_error(l->d, where, "a machine file is a mapping (key: value)");
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
                      joined(l->memory, time_class_names, TIME_CLASS_COUNT));
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
                      joined(l->memory, energy_component_names, ENERGY_COUNT));
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
    diag_error(l->d, where, "%s missing in '%s': %s", what, list, joined(l->memory, missing, n));
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

/* libcyaml takes the longest numeric prefix of a number ("1.5.3"), infinities and NaN. */
static bool is_number(const char *text, bool real)
{
    char *end = NULL;
    if (!text)
        return true;
    bool finite = true;
    if (real)
        finite = isfinite(strtod(text, &end));
    else
        strtoll(text, &end, 0);
    return end != text && *end == '\0' && finite;
}

static void check_number(const loader *l, const char *group, int index, const char *key, bool real)
{
    const char *text;
    source_range where = machine_place_find(l->place, group, index, key, &text);
    if (!is_number(text, real))
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

static cyaml_config_t configuration(cyaml_report *r)
{
    return (cyaml_config_t){.log_fn = note_log,
                            .log_ctx = r,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_ERROR,
                            .flags = CYAML_CFG_NO_ALIAS};
}

machine *machine_parse(arena *memory, diag *d, const char *path, const char *text, size_t length)
{
    loader l = {.memory = memory,
                .d = d,
                .path = path,
                .m = ARENA_NEW(memory, machine),
                .errors_before = diag_errors(d)};
    l.file = source_add(diag_sources(d), path, text, length);
    cyaml_report r = {.line = 0};
    cyaml_config_t config = configuration(&r);
    machine_file *f = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)text, length, &config, &machine_file_schema,
                                       (cyaml_data_t **)&f, NULL);
    if (code != CYAML_OK) {
        report_cyaml(&l, &r, code);
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
