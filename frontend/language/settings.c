/* Settings { key = value }: tables of known keys and values of the kinds they take. */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <string.h>

static const char *key_list(checker *c, const setting_row *rows, size_t count)
{
    const char **names = ARENA_ARRAY(c->memory, const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = rows[i].name;
    return check_join(c, names, count);
}

static void unknown_key(checker *c, const char *what, const ast_setting *s,
                        const setting_row *rows, size_t count)
{
    const char **names = ARENA_ARRAY(c->memory, const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = rows[i].name;
    const char *near = diag_nearest(s->name.text, names, count);
    check_error(c, s->name.where, "'%s' is not a setting of %s", s->name.text, what);
    if (near)
        check_help(c, "did you mean '%s'?", near);
    else
        check_help(c, "its settings are %s", key_list(c, rows, count));
}

void check_settings(checker *c, const char *what, const ast_settings *settings,
                    const setting_row *rows, size_t row_count, void *into)
{
    const ast_setting **seen = ARENA_ARRAY(c->memory, const ast_setting *, row_count);
    for (size_t i = 0; i < settings->count; i++) {
        const ast_setting *s = &settings->items[i];
        if (s->kind != SETTING_VALUE)
            continue;
        size_t r = 0;
        while (r < row_count && strcmp(rows[r].name, s->name.text) != 0)
            r++;
        if (r == row_count) {
            unknown_key(c, what, s, rows, row_count);
        } else if (seen[r]) {
            check_error(c, s->name.where, "'%s' is set twice", s->name.text);
            check_note(c, seen[r]->name.where, "set here first");
        } else {
            seen[r] = s;
            rows[r].take(c, into, s);
        }
    }
    for (size_t r = 0; r < row_count; r++)
        if (rows[r].required && !seen[r])
            check_error(c, (source_range){settings->where.file, settings->where.begin,
                                          settings->where.begin + 1},
                        "%s: '%s' is missing", what, rows[r].name);
}

bool setting_value(checker *c, const ast_setting *s, value *out)
{
    *out = check_single(c, s->value);
    return out->kind != VALUE_BAD;
}

void setting_kind(checker *c, const ast_setting *s, const value *v, const char *wanted)
{
    check_error(c, s->value->where, "'%s' must be %s, found %s", s->name.text, wanted,
                check_describe(c, v));
}

void setting_integer(checker *c, const ast_setting *s, int64_t low, int64_t high, int64_t *out)
{
    value v;
    int64_t n;
    if (!setting_value(c, s, &v) ||
        !check_integer(c, &v, s->value->where, arena_printf(c->memory, "'%s'", s->name.text), &n))
        return;
    if (n >= low && n <= high)
        *out = n;
    else
        check_error(c, s->value->where, "'%s' must be from %" PRId64 " to %" PRId64
                    ", found %" PRId64, s->name.text, low, high, n);
}

void setting_number(checker *c, const ast_setting *s, double *out)
{
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (value_is_number(&v))
        *out = v.real;
    else
        setting_kind(c, s, &v, "a number");
}

void setting_bool(checker *c, const ast_setting *s, bool *out)
{
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind == VALUE_BOOL)
        *out = v.integer != 0;
    else
        setting_kind(c, s, &v, "true or false");
}

void setting_string(checker *c, const ast_setting *s, const char **out)
{
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind == VALUE_STRING)
        *out = v.text;
    else
        setting_kind(c, s, &v, "a string");
}

void setting_choice(checker *c, const ast_setting *s, const char *const *choices, size_t count,
                    const char **out)
{
    const char *text = NULL;
    setting_string(c, s, &text);
    if (!text)
        return;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(choices[i], text))
            *out = choices[i];
    if (!*out)
        check_error(c, s->value->where, "'%s' is one of %s, found \"%s\"", s->name.text,
                    check_join(c, choices, count), text);
}

void setting_integers(checker *c, const ast_setting *s, pan_ints *out)
{
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind != VALUE_LIST) {
        setting_kind(c, s, &v, "a list of integers");
        return;
    }
    int64_t *items = ARENA_ARRAY(c->memory, int64_t, v.list->count);
    for (size_t i = 0; i < v.list->count; i++) {
        const value *e = &v.list->items[i];
        if (e->kind != VALUE_INT || e->integer < 0 || e->integer > INT32_MAX) {
            check_error(c, s->value->where, "'%s' is a list of integers from 0, element %zu is %s",
                        s->name.text, i, check_describe(c, e));
            return;
        }
        items[i] = e->integer;
    }
    *out = (pan_ints){items, v.list->count};
}

const char *check_folder(checker *c, source_range where)
{
    const source_file *file = source_get(c->sources, where.file);
    const char *slash = file ? strrchr(file->path, '/') : NULL;
    if (!slash)
        return ".";
    size_t length = slash == file->path ? 1 : (size_t)(slash - file->path);
    return arena_strndup(c->memory, file->path, length);
}
