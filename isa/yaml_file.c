/* What libcyaml says about a file, in our words; numbers and texts of YAML. */
#include "isa/yaml_file.h"

#include "isa/machine_schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void note_place(yaml_report *r, const char *text)
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
    yaml_report *r = context;
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

const char *yaml_joined(arena *memory, const char *const *names, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(memory, "%s%s%s", text, i ? ", " : "", names[i]);
    return text;
}

static const char *expectation(const yaml_file *f, const cyaml_schema_value_t *v)
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
        text =
            arena_printf(f->memory, "%s%s %s", text, i ? "," : "", v->enumeration.strings[i].str);
    return text;
}

static source_range report_range(const yaml_file *f, const yaml_report *r)
{
    const source_file *file = source_get(diag_sources(f->d), f->file);
    if (r->line < 1)
        return (source_range){f->file, 0, 0};
    size_t column = r->column > 0 ? (size_t)r->column - 1 : 0;
    uint32_t at = machine_place_offset(file, (size_t)r->line - 1, column);
    uint32_t end = at;
    while (end < file->length && !strchr(" \t\r\n,:}]#", file->text[end]))
        end++;
    return (source_range){f->file, at, end > at ? end : at + 1};
}

/* group: the mapping that the key stands in, or NULL for the file itself. */
static void unknown_key(const yaml_file *f, source_range where, const char *key,
                        const cyaml_schema_field_t *group)
{
    enum { MOST = 50 };
    const char *keys[MOST] = {NULL};
    field_list fields = group ? children(&group->value) : f->schema->mapping.fields;
    size_t count = collect_keys(fields, keys, MOST);
    const char *near = diag_nearest(key, keys, count);
    diag_error(f->d, where, "unknown key '%s'", key);
    if (near)
        diag_help(f->d, "did you mean '%s'?", near);
    else
        diag_help(f->d, "the keys are %s", yaml_joined(f->memory, keys, count));
}

static const char *after(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

void yaml_report_error(const yaml_file *f, const yaml_report *r, cyaml_err_t code)
{
    source_range where = report_range(f, r);
    const cyaml_schema_field_t *field = find_field(f->schema->mapping.fields, r->field);
    const char *key;
    if ((key = after(r->message, "Unexpected key: ")))
        unknown_key(f, where, key, field);
    else if ((key = after(r->message, "Missing required mapping field: ")))
        diag_error(f->d, where, "the key '%s' is missing here", key);
    else if ((key = after(r->message, "Mapping field already seen: ")))
        diag_error(f->d, where, "the key '%s' is given twice", key);
    else if (code == CYAML_ERR_ALIAS)
        diag_error(f->d, where, "not supported: YAML aliases, because a %s file needs none",
                   f->kind);
    else if (code != CYAML_ERR_INVALID_VALUE && !after(r->message, "Expecting") &&
             !after(r->message, "STRING"))
        diag_error(f->d, where, "not a YAML file: %s",
                   r->message[0] ? r->message : cyaml_strerror(code));
    else if (field)
        diag_error(f->d, where, "'%s' is %s", field->key, expectation(f, &field->value));
    else
        diag_error(f->d, where, "a %s file is a mapping (key: value)", f->kind);
}

cyaml_config_t yaml_configuration(yaml_report *r)
{
    return (cyaml_config_t){.log_fn = note_log,
                            .log_ctx = r,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_ERROR,
                            .flags = CYAML_CFG_NO_ALIAS};
}

bool yaml_is_number(const char *text, bool real)
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

/* The shortest decimal that reads back as the same double. */
void yaml_print_real(FILE *out, double v)
{
    char text[40];
    for (int precision = 6; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, v);
        if (strtod(text, NULL) == v)
            break;
    }
    fputs(text, out);
}

void yaml_print_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            fprintf(out, "\\x%02X", (unsigned)*c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}
