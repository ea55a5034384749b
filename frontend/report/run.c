#include "frontend/report/run.h"

#include <math.h>
#include <string.h>

const cJSON *run_member(const cJSON *at, const char *name)
{
    return at ? cJSON_GetObjectItemCaseSensitive(at, name) : NULL;
}

double run_value(const cJSON *item)
{
    return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : NAN;
}

double run_number(const cJSON *at, const char *name)
{
    double v = run_value(run_member(at, name));
    return v == v ? v : 0;
}

const char *run_string(const cJSON *at, const char *name)
{
    const cJSON *item = run_member(at, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

bool run_has(const cJSON *at, const char *name)
{
    const cJSON *item = run_member(at, name);
    return item && !cJSON_IsNull(item);
}

numbers run_list(arena *memory, const cJSON *list)
{
    numbers n = {0};
    const cJSON *item;
    if (!cJSON_IsArray(list))
        return n;
    n.at = ARENA_ARRAY(memory, double, (size_t)cJSON_GetArraySize(list) + 1);
    cJSON_ArrayForEach(item, list) n.at[n.count++] = run_value(item);
    return n;
}

double run_last(const cJSON *list)
{
    double last = NAN;
    const cJSON *item;
    if (cJSON_IsArray(list))
        cJSON_ArrayForEach(item, list) last = run_value(item) == run_value(item) ? run_value(item)
                                                                                : last;
    return last;
}

named_list run_table(arena *memory, const cJSON *object)
{
    named_list l = {0};
    const cJSON *item;
    if (!cJSON_IsObject(object))
        return l;
    l.at = ARENA_ARRAY(memory, named, (size_t)cJSON_GetArraySize(object) + 1);
    cJSON_ArrayForEach(item, object)
    {
        double v = run_value(item);
        if (v != v)
            continue;
        l.at[l.count++] = (named){item->string ? item->string : "", v};
        l.total += v;
    }
    return l;
}

static const char *label_of(arena *memory, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".json") == 0)
        length -= 5;
    return arena_strndup(memory, name, length);
}

/* Sections by kind; one that is missing was not measured, except where it is needed. */
static const struct section {
    const char *name;
    int kind;
    bool needed;
} sections[] = {
    {"panther", cJSON_String, true},       {"command", cJSON_String, true},
    {"engine", cJSON_String, true},        {"machine", cJSON_Object, true},
    {"cycles", cJSON_Number, false},       {"energy_fj", cJSON_Object, false},
    {"busy_cycles", cJSON_Object, false},  {"wait_cycles", cJSON_Object, false},
    {"layers", cJSON_Array, false},        {"tiles", cJSON_Array, false},
    {"entries", cJSON_Array, false},       {"training", cJSON_Object, false},
    {"train_loss", cJSON_Array, false},    {"test_accuracy", cJSON_Array, false},
    {"slice_saturation", cJSON_Array, false}, {"wear", cJSON_Object, false},
};

static const char *kind_name(int kind)
{
    return kind == cJSON_String ? "text" : kind == cJSON_Number ? "a number"
           : kind == cJSON_Array ? "a list" : "an object";
}

static bool check_sections(const cJSON *root, diag *d, const char *path)
{
    if (!cJSON_IsObject(root)) {
        diag_file_error(d, path, "it holds no object, so it is not what --stats writes");
        return false;
    }
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const struct section *s = &sections[i];
        const cJSON *item = run_member(root, s->name);
        if (!item && s->needed) {
            diag_file_error(d, path, "it has no '%s', so it is not what --stats writes", s->name);
            return false;
        }
        if (item && (item->type & 0xFF) != s->kind) {
            diag_file_error(d, path, "'%s' is not %s", s->name, kind_name(s->kind));
            return false;
        }
    }
    return true;
}

static void free_json(void *root)
{
    cJSON_Delete(root);
}

const report_run *report_read(arena *memory, diag *d, const char *path, const char *text,
                              size_t length)
{
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, length, &end, false);
    if (!root) {
        size_t line = 1;
        for (const char *c = text; end && c < end; c++)
            line += *c == '\n';
        diag_file_error(d, path, "it is no JSON; line %zu cannot be read", line);
        return NULL;
    }
    arena_defer(memory, free_json, root);
    if (!check_sections(root, d, path))
        return NULL;
    while (length && (text[length - 1] == '\n' || text[length - 1] == ' '))
        length--;
    report_run *run = ARENA_NEW(memory, report_run);
    *run = (report_run){.path = path,
                        .label = label_of(memory, path),
                        .text = text,
                        .length = length,
                        .root = root};
    return run;
}
