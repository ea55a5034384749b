/* Chip files: YAML by libcyaml's schema, which is made from chip.def. */
#include "passes/plan/chip_schema.h"

#include "isa/machine_schema.h"
#include "isa/support/file.h"
#include "isa/yaml_file.h"

#include <stddef.h>

enum { FILE_LIMIT = 256 * 1024, PARTS_MAX = 1000, TEXT_MAX = 1000 };

typedef struct part_entry {
    char *level, *name;
    double count, energy_pj, area_mm2, power_mw;
} part_entry;

/* What is loaded; texts and list belong to libcyaml and are copied out of it. */
typedef struct chip_file {
    plan_chip c;
    char *name, *source;
    part_entry *parts;
    uint32_t part_count;
} chip_file;

#define NUMBER(key_, type_, ctype_, member_, flags_)                                               \
    {.key = #key_,                                                                                 \
     .data_offset = offsetof(chip_file, c.member_),                                                \
     .value = {.type = type_, .flags = flags_, .data_size = sizeof(ctype_)}},
#define INT_FIELD(key_, member_, least, most, needed)                                              \
    NUMBER(key_, CYAML_INT, int64_t, member_, CYAML_FLAG_##needed)
#define REAL_FIELD(key_, member_, least, most)                                                     \
    NUMBER(key_, CYAML_FLOAT, double, member_, CYAML_FLAG_OPTIONAL)
#define GROUP(key_, fields_, flags_)                                                               \
    {                                                                                              \
        .key = key_, .data_offset = 0, .value = {                                                  \
            .type = CYAML_MAPPING,                                                                 \
            .flags = flags_,                                                                       \
            .data_size = sizeof(chip_file),                                                        \
            .mapping = {.fields = fields_}                                                         \
        }                                                                                          \
    }

static const cyaml_schema_field_t hierarchy_fields[] = {
#define HIERARCHY_INT INT_FIELD
#include "passes/plan/chip.def"
    CYAML_FIELD_END};

static const cyaml_schema_field_t crossbar_fields[] = {
#define CROSSBAR_INT INT_FIELD
#include "passes/plan/chip.def"
    CYAML_FIELD_END};

static const cyaml_schema_field_t timing_fields[] = {
#define TIMING_INT INT_FIELD
#define TIMING_REAL REAL_FIELD
#include "passes/plan/chip.def"
    CYAML_FIELD_END};

static const cyaml_schema_field_t energy_fields[] = {
#define ENERGY_REAL REAL_FIELD
#include "passes/plan/chip.def"
    CYAML_FIELD_END};

static const cyaml_schema_field_t part_fields[] = {
    CYAML_FIELD_STRING_PTR("level", CYAML_FLAG_POINTER, part_entry, level, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, part_entry, name, 1, TEXT_MAX),
    CYAML_FIELD_FLOAT("count", CYAML_FLAG_OPTIONAL, part_entry, count),
    CYAML_FIELD_FLOAT("energy_pj", CYAML_FLAG_OPTIONAL, part_entry, energy_pj),
    CYAML_FIELD_FLOAT("area_mm2", CYAML_FLAG_OPTIONAL, part_entry, area_mm2),
    CYAML_FIELD_FLOAT("power_mw", CYAML_FLAG_OPTIONAL, part_entry, power_mw),
    CYAML_FIELD_END};
static const cyaml_schema_value_t part_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, part_entry, part_fields)};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("chip", CYAML_FLAG_POINTER, chip_file, name, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, chip_file, source, 1, TEXT_MAX),
    GROUP("hierarchy", hierarchy_fields, CYAML_FLAG_DEFAULT),
    GROUP("crossbar", crossbar_fields, CYAML_FLAG_DEFAULT),
    GROUP("timing", timing_fields, CYAML_FLAG_OPTIONAL),
    GROUP("energy", energy_fields, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_SEQUENCE_COUNT("parts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, chip_file, parts,
                               part_count, &part_schema, 0, PARTS_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t chip_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, chip_file, file_fields)};

typedef struct loader {
    arena *memory;
    diag *d;
    uint32_t file;
    machine_place *place;
    plan_chip *c;
    int errors_before;
} loader;

/* ---- values ---- */

static void check_ranges(const loader *l)
{
    for (size_t i = 0; i < chip_number_count; i++) {
        const chip_number *n = &chip_numbers[i];
        const char *text = NULL;
        source_range where = machine_place_find(l->place, n->group, -1, n->key, &text);
        double v = chip_number_value(l->c, n);
        if (text && !yaml_is_number(text, n->real))
            diag_error(l->d, where, "'%s' is a %snumber, not '%s'", n->key, n->real ? "" : "whole ",
                       text);
        else if (text && !(v >= n->least && v <= n->most))
            diag_error(l->d, where, "'%s' lies between %.10g and %.10g, not %.10g", n->key,
                       n->least, n->most, v);
    }
}

static void copy_parts(const loader *l, const chip_file *f)
{
    static const char *const keys[] = {"count", "energy_pj", "area_mm2", "power_mw"};
    l->c->parts = ARENA_ARRAY(l->memory, plan_component, f->part_count + 1);
    l->c->part_count = f->part_count;
    for (uint32_t i = 0; i < f->part_count; i++) {
        const part_entry *e = &f->parts[i];
        l->c->parts[i] = (plan_component){arena_strdup(l->memory, e->level),
                                          arena_strdup(l->memory, e->name),
                                          e->count,
                                          e->energy_pj,
                                          e->area_mm2,
                                          e->power_mw};
        const double v[] = {e->count, e->energy_pj, e->area_mm2, e->power_mw};
        for (int k = 0; k < 4; k++) {
            const char *text = NULL;
            source_range where = machine_place_find(l->place, "parts", (int)i, keys[k], &text);
            if (text && (!yaml_is_number(text, true) || !(v[k] >= 0 && v[k] <= 1e18)))
                diag_error(l->d, where, "'%s' is a number between 0 and 1e18, not '%s'", keys[k],
                           text);
        }
    }
}

static void copy_chip(const loader *l, const chip_file *f, const char *path)
{
    *l->c = f->c;
    l->c->name = arena_strdup(l->memory, f->name);
    l->c->source = arena_strdup(l->memory, f->source);
    l->c->path = arena_strdup(l->memory, path);
    check_ranges(l);
    copy_parts(l, f);
    if (diag_errors(l->d) != l->errors_before)
        return;
    const char *error = plan_chip_check(l->memory, l->c);
    if (error)
        diag_error(l->d, (source_range){l->file, 0, 0}, "%s", error);
}

plan_chip *plan_chip_parse(arena *memory, diag *d, const char *path, const char *text,
                           size_t length)
{
    loader l = {.memory = memory,
                .d = d,
                .c = ARENA_NEW(memory, plan_chip),
                .errors_before = diag_errors(d)};
    l.file = source_add(diag_sources(d), path, text, length);
    yaml_report r = {.line = 0};
    cyaml_config_t config = yaml_configuration(&r);
    chip_file *f = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)text, length, &config, &chip_schema,
                                       (cyaml_data_t **)&f, NULL);
    if (code != CYAML_OK) {
        yaml_report_error(&(yaml_file){memory, d, l.file, &chip_schema, "chip"}, &r, code);
    } else if (!f) {
        diag_error(d, (source_range){l.file, 0, 0}, "the chip file is empty");
    } else {
        l.place = machine_place_open(memory, diag_sources(d), l.file);
        copy_chip(&l, f, path);
        machine_place_close(l.place);
        cyaml_free(&config, &chip_schema, f, 0);
    }
    return diag_errors(d) != l.errors_before ? NULL : l.c;
}

plan_chip *plan_chip_load(arena *memory, diag *d, const char *path)
{
    size_t length = 0;
    const char *error = NULL;
    char *text = file_read(memory, path, FILE_LIMIT, &length, &error);
    if (!text) {
        diag_file_error(d, path, "%s", error);
        return NULL;
    }
    return plan_chip_parse(memory, d, path, text, length);
}
