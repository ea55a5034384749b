/* Expressions: literals, names, lists, strings, members, indexing, types. */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <string.h>

/* ---- strings ---- */

static const char *value_text(checker *c, const value *v)
{
    switch (v->kind) {
    case VALUE_INT:
        return arena_printf(c->memory, "%" PRId64, v->integer);
    case VALUE_REAL:
        return arena_printf(c->memory, "%g", v->real);
    case VALUE_BOOL:
        return v->integer ? "true" : "false";
    case VALUE_STRING:
        return v->text;
    case VALUE_FORMAT:
        return arena_printf(c->memory, "q%" PRId64, v->integer);
    default:
        return NULL;
    }
}

static const char *const placeholders[] = {
    "epoch",          "batch",     "loss",          "rate",     "valid_loss",
    "valid_accuracy", "test_loss", "test_accuracy", "output",
};

static bool is_placeholder(const char *name)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
        if (!strcmp(name, placeholders[i]))
            return true;
    return !strncmp(name, "output_", 7);
}

static const char *inserted(checker *c, const char *name, source_range where)
{
    if (c->frame->save_names && is_placeholder(name))
        return arena_printf(c->memory, "{%s}", name);
    value v = check_name(c, name, where);
    if (v.kind == VALUE_BAD)
        return "";
    const char *text = value_text(c, &v);
    if (!text) {
        check_error(c, where, "'{%s}' cannot be inserted: it is %s", name, check_describe(c, &v));
        return "";
    }
    return text;
}

static size_t name_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
}

const char *check_insert(checker *c, const char *text, source_range where)
{
    if (!strchr(text, '{'))
        return text;
    const char *out = "";
    while (*text) {
        const char *brace = strchr(text, '{');
        size_t plain = brace ? (size_t)(brace - text) : strlen(text);
        out = arena_printf(c->memory, "%s%.*s", out, (int)plain, text);
        text += plain;
        if (!brace)
            break;
        if (brace[1] == '{') {
            out = arena_printf(c->memory, c->frame->save_names ? "%s{{" : "%s{", out);
            text += 2;
            continue;
        }
        size_t length = name_length(brace + 1);
        if (!length || brace[1 + length] != '}') {
            check_error(c, where, "a '{' in a string begins a {name}; a plain brace is written {{");
            return out;
        }
        const char *name = arena_strndup(c->memory, brace + 1, length);
        out = arena_printf(c->memory, "%s%s", out, inserted(c, name, where));
        text += length + 2;
        if (!check_step(c, where, strlen(out)))
            break;
    }
    return out;
}

/* ---- conversions ---- */

bool check_integer(checker *c, const value *v, source_range where, const char *what, int64_t *out)
{
    if (v->kind == VALUE_INT) {
        *out = v->integer;
        return true;
    }
    if (v->kind == VALUE_BAD)
        return false;
    if (v->kind == VALUE_REAL && v->over) {
        check_error(c, where, "%" PRId64 " / %" PRId64 " is not an integer", v->integer, v->over);
        check_help(c, "// divides and rounds down");
    } else if (v->kind == VALUE_RUN) {
        check_error(c, where, "%s must be an integer, but %s is known only at run time", what,
                    check_text(c, where));
    } else {
        check_error(c, where, "%s must be an integer, found %s", what, check_describe(c, v));
    }
    return false;
}

/* The first name in an expression that stands for a run-time value; NULL if there is none. */
static const char *run_name(checker *c, const ast_expr *e)
{
    if (!e)
        return NULL;
    const binding *b = e->kind == EXPR_NAME ? scope_find(c->frame->scope, e->text) : NULL;
    if (b && b->bound.kind == VALUE_RUN)
        return e->text;
    const char *name = run_name(c, e->left);
    for (size_t i = 0; !name && i < e->args.count; i++)
        name = run_name(c, e->args.items[i].value);
    return name ? name : run_name(c, e->right);
}

bool check_truth(checker *c, const ast_expr *e, bool *out)
{
    value v = check_single(c, e);
    if (v.kind == VALUE_BOOL) {
        *out = v.integer != 0;
        return true;
    }
    if (v.kind == VALUE_RUN) {
        const char *name = run_name(c, e);
        check_error(c, e->where, "the condition depends on %s, which is known only at run time",
                    name ? arena_printf(c->memory, "'%s'", name) : check_text(c, e->where));
        check_help(c, "where(mask, a, b) chooses element by element");
    } else if (v.kind != VALUE_BAD) {
        check_error(c, e->where, "a condition is true or false, found %s", check_describe(c, &v));
    }
    return false;
}

/* ---- members ---- */

typedef struct member_row {
    const char *name;
    pan_kind kind; /* of the value */
    int dim;       /* -1: steps, -2: elements of one position, -3: all elements */
} member_row;

static const member_row members[] = {
    {"size", PAN_VEC, 0},     {"channels", PAN_MAP, 0}, {"height", PAN_MAP, 1},
    {"width", PAN_MAP, 2},    {"size", PAN_MAP, -3},    {"steps", PAN_SEQ, -1},
    {"size", PAN_SEQ, -2},    {"rows", PAN_MATRIX, 0},  {"columns", PAN_MATRIX, 1},
    {"T", PAN_MATRIX, 0},
};

static value member_unknown(checker *c, const ast_expr *e, const value *v, pan_kind kind,
                            bool has_kind)
{
    const char *known = "";
    for (size_t i = 0; has_kind && i < sizeof members / sizeof *members; i++)
        if (members[i].kind == kind)
            known = arena_printf(c->memory, "%s%s.%s", known, *known ? " " : "", members[i].name);
    check_error(c, e->mark, "%s is %s and has no member '%s'", check_text(c, e->left->where),
                check_describe(c, v), e->text);
    if (*known)
        check_help(c, "its members are %s", known);
    return (value){0};
}

static value matrix_member(checker *c, const ast_expr *e, value v)
{
    const pan_param *w = &c->program->params[v.index];
    if (!strcmp(e->text, "T")) {
        v.transposed = !v.transposed;
        return v;
    }
    if (!strcmp(e->text, "rows"))
        return value_int(w->shape[v.transposed]);
    if (!strcmp(e->text, "columns"))
        return value_int(w->shape[!v.transposed]);
    return member_unknown(c, e, &v, PAN_MATRIX, true);
}

static value member(checker *c, const ast_expr *e)
{
    value v = check_single(c, e->left);
    if (v.kind == VALUE_BAD)
        return v;
    if (v.kind == VALUE_MATRIX)
        return matrix_member(c, e, v);
    if (v.kind != VALUE_RUN)
        return member_unknown(c, e, &v, PAN_SCALAR, false);
    const pan_type *t = check_type(c, &v);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const member_row *m = &members[i];
        if (m->kind != t->kind || strcmp(m->name, e->text) != 0)
            continue;
        if (m->dim == -1)
            return value_int(t->steps);
        if (m->dim == -2)
            return value_int(pan_type_width(t));
        return value_int(m->dim == -3 ? pan_type_elements(t) : t->dim[m->dim]);
    }
    if (t->kind == PAN_VEC && !strcmp(e->text, "T"))
        return check_error(c, e->mark, "only a matrix has a transpose, %s is a %s",
                           check_text(c, e->left->where), check_type_text(c, t));
    return member_unknown(c, e, &v, t->kind, true);
}

/* ---- indexing ---- */

static bool index_of(checker *c, const ast_expr *e, int64_t limit, bool end, int64_t *out)
{
    value v = check_single(c, e);
    if (!check_integer(c, &v, e->where, "an index", out))
        return false;
    if (*out >= 0 && (*out < limit || (end && *out == limit)))
        return true;
    check_error(c, e->where, "the index %" PRId64 " is outside 0 .. %" PRId64, *out,
                end ? limit : limit - 1);
    return false;
}

static value index_list(checker *c, const ast_expr *e, const value *v)
{
    int64_t count = (int64_t)v->list->count, from, to;
    if (!index_of(c, e->right, count, e->third != NULL, &from))
        return (value){0};
    if (!e->third)
        return v->list->items[from];
    if (!index_of(c, e->third, count, true, &to))
        return (value){0};
    if (to < from)
        return check_error(c, e->where, "the slice [%" PRId64 " : %" PRId64 "] runs backwards",
                           from, to);
    value_list part = {v->list->items + from, (size_t)(to - from), (size_t)(to - from)};
    return value_list_of(c->memory, VALUE_LIST, &part);
}

static value index_run(checker *c, const ast_expr *e, const value *v)
{
    pan_type t = *check_type(c, v);
    bool seq = t.kind == PAN_SEQ, scalar = t.kind == PAN_SCALAR || (seq && t.element == PAN_SCALAR);
    if (scalar || t.kind == PAN_LABEL || (seq && t.element == PAN_LABEL))
        return check_error(c, e->where, "%s is a %s and cannot be indexed",
                           check_text(c, e->left->where), check_type_text(c, &t));
    int64_t from, to;
    if (!index_of(c, e->right, t.dim[0], e->third != NULL, &from))
        return (value){0};
    to = from + 1;
    if (e->third && !index_of(c, e->third, t.dim[0], true, &to))
        return (value){0};
    if (to <= from)
        return check_error(c, e->where, "the slice [%" PRId64 " : %" PRId64 "] is empty", from, to);
    t.dim[0] = to - from;
    if (!e->third && t.kind == PAN_VEC)
        t = (pan_type){.kind = PAN_SCALAR};
    else if (!e->third && seq)
        t = (pan_type){.kind = PAN_SEQ, .element = PAN_SCALAR, .steps = t.steps};
    uint32_t op = check_emit(c, PAN_SLICE, t, e->where, &v->index, 1);
    check_op(c, op)->index = (uint32_t)from;
    return value_run(op);
}

static value indexed(checker *c, const ast_expr *e)
{
    value v = check_single(c, e->left);
    if (v.kind == VALUE_BAD)
        return v;
    if (v.kind == VALUE_LIST)
        return index_list(c, e, &v);
    if (v.kind == VALUE_RUN)
        return index_run(c, e, &v);
    return check_error(c, e->where, "%s is %s and cannot be indexed",
                       check_text(c, e->left->where), check_describe(c, &v));
}

/* ---- the rest ---- */

static value list_of(checker *c, const ast_expr *e)
{
    value_list list = {0};
    bool bad = false;
    for (size_t i = 0; i < e->items.count; i++) {
        value v = check_single(c, e->items.items[i]);
        bad = bad || v.kind == VALUE_BAD;
        ARENA_PUSH(c->memory, list.items, list.count, list.capacity, v);
    }
    return bad ? (value){0} : value_list_of(c->memory, VALUE_LIST, &list);
}

value check_expr(checker *c, const ast_expr *e)
{
    if (!check_step(c, e->where, 1))
        return (value){0};
    switch (e->kind) {
    case EXPR_ERROR:
        return (value){0};
    case EXPR_INT:
        return value_int(e->integer);
    case EXPR_REAL:
        return value_real(e->real);
    case EXPR_BOOL:
        return value_bool(e->integer != 0);
    case EXPR_STRING:
        return value_string(check_insert(c, e->text, e->where));
    case EXPR_FORMAT:
        return (value){.kind = VALUE_FORMAT, .integer = e->integer};
    case EXPR_NAME:
        return check_name(c, e->text, e->where);
    case EXPR_CALL:
        return check_call(c, e);
    case EXPR_LIST:
        return list_of(c, e);
    case EXPR_UNARY:
        return check_unary(c, e);
    case EXPR_BINARY:
        return check_binary(c, e);
    case EXPR_MEMBER:
        return member(c, e);
    case EXPR_INDEX:
    case EXPR_SLICE:
        return indexed(c, e);
    }
    return (value){0};
}

value check_single(checker *c, const ast_expr *e)
{
    value v = check_expr(c, e);
    if (v.kind == VALUE_TUPLE)
        return check_error(c, e->where, "%s gives %zu values, one is needed here",
                           check_text(c, e->where), v.list->count);
    return v;
}

/* ---- types ---- */

static bool dimension(checker *c, const ast_expr *e, int64_t *out)
{
    value v = check_single(c, e);
    if (!check_integer(c, &v, e->where, "a dimension", out))
        return false;
    if (*out >= 1 && *out <= CHECK_DIMENSION)
        return true;
    check_error(c, e->where, "a dimension is a positive integer up to %d, found %" PRId64,
                CHECK_DIMENSION, *out);
    return false;
}

static const struct {
    const char *name;
    pan_kind kind;
    size_t dims;
    const char *form;
} type_rows[] = {
    {"scalar", PAN_SCALAR, 0, "scalar"},
    {"vec", PAN_VEC, 1, "vec[n]"},
    {"map", PAN_MAP, 3, "map[channels, height, width]"},
    {"seq", PAN_SEQ, 2, "seq[steps, vec[n]], seq[steps, label[k]] or seq[steps, scalar]"},
    {"label", PAN_LABEL, 1, "label[k]"},
    {"matrix", PAN_MATRIX, 2, "matrix[rows, columns]"},
};

enum { TYPE_ROWS = sizeof type_rows / sizeof *type_rows };

static int type_row(checker *c, const char *name, source_range where)
{
    const char *names[TYPE_ROWS];
    for (int i = 0; i < TYPE_ROWS; i++) {
        names[i] = type_rows[i].name;
        if (!strcmp(name, names[i]))
            return i;
    }
    check_error(c, where, "'%s' is not a type", name);
    const char *near = diag_nearest(name, names, TYPE_ROWS);
    if (near)
        check_help(c, "did you mean '%s'?", near);
    else
        check_help(c, "types are %s", check_join(c, names, TYPE_ROWS));
    return -1;
}

/* The element type of a seq parses as an expression: a name, or a name with an index. */
static bool element_type(checker *c, const ast_expr *e, pan_type *out)
{
    const ast_expr *name = e->kind == EXPR_INDEX ? e->left : e;
    if (name->kind != EXPR_NAME) {
        check_error(c, e->where, "the elements of a seq are vec[n], label[k] or scalar");
        return false;
    }
    int row = type_row(c, name->text, name->where);
    if (row < 0)
        return false;
    pan_kind kind = type_rows[row].kind;
    bool fits = kind == PAN_SCALAR || kind == PAN_VEC || kind == PAN_LABEL;
    if (!fits || type_rows[row].dims != (e->kind == EXPR_INDEX)) {
        check_error(c, e->where, "the elements of a seq are vec[n], label[k] or scalar");
        return false;
    }
    out->element = kind;
    return kind == PAN_SCALAR || dimension(c, e->right, &out->dim[0]);
}

bool check_pan_type(checker *c, const ast_type *t, pan_type *out)
{
    *out = (pan_type){0};
    int row = type_row(c, t->name.text, t->name.where);
    if (row < 0)
        return false;
    out->kind = type_rows[row].kind;
    if (t->dims.count != type_rows[row].dims) {
        check_error(c, t->where, "a %s is written %s", type_rows[row].name, type_rows[row].form);
        return false;
    }
    if (out->kind == PAN_SEQ) {
        if (!dimension(c, t->dims.items[0], &out->steps) ||
            !element_type(c, t->dims.items[1], out))
            return false;
        int64_t dims[] = {out->steps, out->dim[0] ? out->dim[0] : 1};
        return check_size(c, dims, 2, t->where);
    }
    for (size_t i = 0; i < t->dims.count; i++)
        if (!dimension(c, t->dims.items[i], &out->dim[i]))
            return false;
    return check_size(c, out->dim, t->dims.count, t->where);
}
