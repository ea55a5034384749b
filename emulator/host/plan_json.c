#include "emulator/host/plan_json.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void json_complain(json_place p, const char *key, const char *format, ...)
{
    json_reader *r = p.reader;
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(r->memory, format, args);
    va_end(args);
    bool both = p.where[0] && key[0];
    diag_file_error(r->d, r->path, "%s: %s%s%s: %s", r->what, p.where, both ? "." : "", key, text);
    r->good = false;
}

json_place json_member(json_place object, const char *key)
{
    const cJSON *at = object.at ? cJSON_GetObjectItemCaseSensitive(object.at, key) : NULL;
    if (at && cJSON_IsNull(at))
        at = NULL;
    const char *where =
        object.where[0] ? arena_printf(object.reader->memory, "%s.%s", object.where, key) : key;
    return (json_place){object.reader, at, where};
}

json_place json_element(json_place list, size_t index, const cJSON *item)
{
    const char *where = arena_printf(list.reader->memory, "%s[%zu]", list.where, index);
    return (json_place){list.reader, item, where};
}

const char *json_text(json_place object, const char *key, const char *otherwise)
{
    json_place m = json_member(object, key);
    if (!m.at)
        return otherwise;
    if (!cJSON_IsString(m.at)) {
        json_complain(object, key, "expected a text");
        return otherwise ? otherwise : "";
    }
    return arena_strdup(object.reader->memory, m.at->valuestring);
}

double json_number(json_place object, const char *key, double otherwise)
{
    json_place m = json_member(object, key);
    if (!m.at)
        return otherwise;
    if (!cJSON_IsNumber(m.at) || !isfinite(m.at->valuedouble)) {
        json_complain(object, key, "expected a number");
        return otherwise;
    }
    return m.at->valuedouble;
}

int64_t json_whole(json_place object, const char *key, int64_t low, int64_t high, int64_t otherwise)
{
    json_place m = json_member(object, key);
    if (!m.at)
        return otherwise;
    double v = cJSON_IsNumber(m.at) ? m.at->valuedouble : NAN;
    if (!(v >= (double)low && v <= (double)high) || v != floor(v)) {
        json_complain(object, key, "expected a whole number from %lld to %lld", (long long)low,
                      (long long)high);
        return otherwise;
    }
    return (int64_t)v;
}

bool json_truth(json_place object, const char *key, bool otherwise)
{
    json_place m = json_member(object, key);
    if (!m.at)
        return otherwise;
    if (!cJSON_IsBool(m.at))
        json_complain(object, key, "expected true or false");
    return cJSON_IsTrue(m.at);
}

int json_choice(json_place object, const char *key, const char *const *names, size_t count,
                int otherwise)
{
    const char *text = json_text(object, key, NULL);
    if (!text)
        return otherwise;
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], text) == 0)
            return (int)i;
    json_complain(object, key, "'%s' is not known here", text);
    return otherwise;
}

size_t json_length(json_place object, const char *key, json_place *list)
{
    *list = json_member(object, key);
    if (!list->at)
        return 0;
    if (!cJSON_IsArray(list->at)) {
        json_complain(object, key, "expected a list");
        list->at = NULL;
        return 0;
    }
    return (size_t)cJSON_GetArraySize(list->at);
}

double *json_numbers(json_place object, const char *key, size_t *count)
{
    json_place list;
    *count = json_length(object, key, &list);
    double *values = ARENA_ARRAY(object.reader->memory, double, *count ? *count : 1);
    size_t i = 0;
    JSON_EACH(item, list)
    {
        if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
            json_complain(object, key, "element %zu is not a number", i);
        values[i++] = item->valuedouble;
    }
    return *count ? values : NULL;
}

const char **json_texts(json_place object, const char *key, size_t *count)
{
    json_place list;
    *count = json_length(object, key, &list);
    const char **values = ARENA_ARRAY(object.reader->memory, const char *, *count ? *count : 1);
    size_t i = 0;
    JSON_EACH(item, list)
    {
        if (!cJSON_IsString(item))
            json_complain(object, key, "element %zu is not a text", i);
        values[i++] =
            cJSON_IsString(item) ? arena_strdup(object.reader->memory, item->valuestring) : "";
    }
    return *count ? values : NULL;
}
