/* Errors, symbols, scopes and ops: what every part of the checker uses. */
#include "frontend/language/check.h"

#include <ctype.h>
#include <string.h>

/* ---- errors ---- */

static bool seen(checker *c, source_range where)
{
    for (size_t i = 0; i < c->reported_count; i++)
        if (!memcmp(&c->reported[i], &where, sizeof where))
            return true;
    return false;
}

/* Where the expansions around an error were called from, innermost first. */
static void note_calls(checker *c, source_range where)
{
    int shown = 0;
    for (const frame *f = c->frame; f && shown < 3; f = f->caller) {
        if (!f->function || !memcmp(&f->call, &where, sizeof where))
            continue;
        diag_note(c->diag, f->call, "in 'def %s' as called here", f->function);
        shown++;
    }
}

value check_error(checker *c, source_range where, const char *format, ...)
{
    /* A def that is expanded often shows its mistakes once. */
    c->silent = seen(c, where);
    if (!c->silent) {
        ARENA_PUSH(c->memory, c->reported, c->reported_count, c->reported_capacity, where);
        va_list args;
        va_start(args, format);
        diag_error(c->diag, where, "%s", arena_vprintf(c->memory, format, args));
        va_end(args);
        note_calls(c, where);
    }
    return (value){0};
}

void check_help(checker *c, const char *format, ...)
{
    if (c->silent)
        return;
    va_list args;
    va_start(args, format);
    diag_help(c->diag, "%s", arena_vprintf(c->memory, format, args));
    va_end(args);
}

void check_note(checker *c, source_range where, const char *format, ...)
{
    if (c->silent)
        return;
    va_list args;
    va_start(args, format);
    diag_note(c->diag, where, "%s", arena_vprintf(c->memory, format, args));
    va_end(args);
}

bool check_step(checker *c, source_range where, size_t cost)
{
    c->steps += cost;
    if (c->steps <= CHECK_STEPS)
        return true;
    if (!c->exhausted)
        check_error(c, where, "the program needs more than %d steps at compile time", CHECK_STEPS);
    c->exhausted = true;
    return false;
}

/* ---- wording ---- */

const char *check_source(checker *c, source_range where)
{
    enum { LONGEST = 40 };
    const source_file *file = source_get(c->sources, where.file);
    if (!file || where.end <= where.begin || where.end - where.begin > LONGEST)
        return NULL;
    char *text = arena_strndup(c->memory, file->text + where.begin, where.end - where.begin);
    for (char *p = text; *p; p++)
        if (isspace((unsigned char)*p))
            *p = ' ';
    return text;
}

const char *check_text(checker *c, source_range where)
{
    const char *text = check_source(c, where);
    return text ? arena_printf(c->memory, "'%s'", text) : "the value";
}

const char *check_type_text(checker *c, const pan_type *t)
{
    return pan_type_text(c->memory, t);
}

const char *check_describe(checker *c, const value *v)
{
    static const char *const words[] = {
        [VALUE_BAD] = "an error",      [VALUE_INT] = "an integer",
        [VALUE_REAL] = "a number",     [VALUE_BOOL] = "true or false",
        [VALUE_STRING] = "a string",   [VALUE_FORMAT] = "a format",
        [VALUE_LIST] = "a list",       [VALUE_HOST] = "a setting",
        [VALUE_RUN] = "",              [VALUE_MATRIX] = "",
        [VALUE_OUTER] = "an outer product", [VALUE_TUPLE] = "several values",
    };
    if (v->kind == VALUE_RUN)
        return arena_printf(c->memory, "a %s", check_type_text(c, check_type(c, v)));
    if (v->kind == VALUE_HOST)
        return arena_printf(c->memory, "%s(...)", v->host->row->name);
    if (v->kind != VALUE_MATRIX)
        return words[v->kind];
    const pan_param *w = &c->program->params[v->index];
    return arena_printf(c->memory, "a matrix[%lld, %lld]", (long long)w->shape[v->transposed],
                        (long long)w->shape[!v->transposed]);
}

int check_line(checker *c, source_range where)
{
    return (int)source_locate(c->sources, where).line;
}

const char *check_join(checker *c, const char *const *names, size_t count)
{
    enum { MOST = 40 };
    const char *text = "";
    for (size_t i = 0; i < count && i < MOST; i++)
        text = arena_printf(c->memory, "%s%s%s", text, i ? ", " : "", names[i]);
    return count > MOST ? arena_printf(c->memory, "%s, ...", text) : text;
}

/* ---- symbols ---- */

static size_t hash(const char *name)
{
    size_t h = 14695981039346656037u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

static uint32_t *slot_of(const symbols *s, const char *name)
{
    size_t i = hash(name) & (s->slot_count - 1);
    while (s->slots[i] && strcmp(s->items[s->slots[i] - 1].name, name) != 0)
        i = (i + 1) & (s->slot_count - 1);
    return &s->slots[i];
}

symbol *symbols_find(const symbols *s, const char *name)
{
    if (!s->slot_count)
        return NULL;
    uint32_t found = *slot_of(s, name);
    return found ? &s->items[found - 1] : NULL;
}

static void rehash(arena *memory, symbols *s)
{
    s->slot_count = s->slot_count ? s->slot_count * 2 : 64;
    s->slots = ARENA_ARRAY(memory, uint32_t, s->slot_count);
    for (size_t i = 0; i < s->count; i++)
        *slot_of(s, s->items[i].name) = (uint32_t)i + 1;
}

symbol *symbols_add(arena *memory, symbols *s, const char *name)
{
    symbol fresh = {.name = name};
    ARENA_PUSH(memory, s->items, s->count, s->capacity, fresh);
    if (s->count * 2 > s->slot_count)
        rehash(memory, s);
    else
        *slot_of(s, name) = (uint32_t)s->count;
    return &s->items[s->count - 1];
}

/* ---- scopes ---- */

static binding *in_scope(scope *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->items[i].name, name))
            return &s->items[i];
    return NULL;
}

binding *scope_find(scope *s, const char *name)
{
    for (; s; s = s->parent) {
        binding *b = in_scope(s, name);
        if (b)
            return b;
    }
    return NULL;
}

void scope_bind(checker *c, const char *name, value v, source_range where)
{
    scope *s = c->frame->scope;
    binding *b = in_scope(s, name);
    binding fresh = {name, v, where};
    if (b)
        *b = fresh;
    else
        ARENA_PUSH(c->memory, s->items, s->count, s->capacity, fresh);
}

void scope_unbind(scope *s, const char *name)
{
    binding *b = in_scope(s, name);
    if (b)
        *b = s->items[--s->count];
}

/* ---- values and ops ---- */

value value_run(uint32_t op)
{
    return (value){.kind = VALUE_RUN, .index = op};
}

value value_int(int64_t v)
{
    return (value){.kind = VALUE_INT, .integer = v, .real = (double)v};
}

value value_real(double v)
{
    return (value){.kind = VALUE_REAL, .real = v};
}

value value_bool(bool v)
{
    return (value){.kind = VALUE_BOOL, .integer = v};
}

value value_string(const char *text)
{
    return (value){.kind = VALUE_STRING, .text = text};
}

value value_list_of(arena *memory, value_kind kind, const value_list *list)
{
    value_list *copy = ARENA_NEW(memory, value_list);
    *copy = *list;
    return (value){.kind = kind, .list = copy};
}

bool value_is_number(const value *v)
{
    return v->kind == VALUE_INT || v->kind == VALUE_REAL;
}

pan_op *check_op(checker *c, uint32_t index)
{
    return &c->frame->state->body->ops[index];
}

const pan_type *check_type(checker *c, const value *v)
{
    return &check_op(c, v->index)->type;
}

bool check_size(checker *c, const int64_t *dims, size_t count, source_range where)
{
    int64_t total = 1;
    for (size_t i = 0; i < count; i++) {
        if (!__builtin_mul_overflow(total, dims[i], &total) && total <= CHECK_ELEMENTS)
            continue;
        check_error(c, where, "more than 2^40 elements are too many");
        return false;
    }
    return true;
}

/* A type that later stages can count in; another one (with an error) becomes a scalar. */
static pan_type countable(checker *c, pan_type type, source_range where)
{
    const int64_t dims[] = {type.dim[0] ? type.dim[0] : 1, type.dim[1] ? type.dim[1] : 1,
                            type.dim[2] ? type.dim[2] : 1, type.steps ? type.steps : 1};
    return check_size(c, dims, 4, where) ? type : (pan_type){.kind = PAN_SCALAR};
}

uint32_t check_emit(checker *c, pan_opcode code, pan_type type, source_range where,
                    const uint32_t *args, size_t count)
{
    pan_body *body = c->frame->state->body;
    check_step(c, where, 1);
    type = countable(c, type, where);
    pan_op op = {
        .code = code, .type = type, .q = -1, .q_written = -1, .where = where,
        .layer = PAN_NONE, .path = c->frame->path, .arg_count = (uint32_t)count,
        .row = PAN_NONE, .target = PAN_NONE,
    };
    op.args = ARENA_ARRAY(c->memory, uint32_t, count);
    if (count)
        memcpy(op.args, args, count * sizeof *args);
    ARENA_PUSH(c->memory, body->ops, body->count, body->capacity, op);
    return (uint32_t)body->count - 1;
}

value check_run(checker *c, value v, source_range where)
{
    if (!value_is_number(&v))
        return v;
    uint32_t op = check_emit(c, PAN_CONST, (pan_type){.kind = PAN_SCALAR}, where, NULL, 0);
    check_op(c, op)->value = v.real;
    check_op(c, op)->number = true;
    return value_run(op);
}
