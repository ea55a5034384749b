/* Calls: arguments are bound by position, then by name; def is expanded, built-ins are applied. */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <string.h>

/* ---- instances ---- */

static int64_t count_call(checker *c, const char *function)
{
    frame *f = c->frame;
    for (size_t i = 0; i < f->counter_count; i++)
        if (!strcmp(f->counters[i].name, function))
            return ++f->counters[i].count;
    counter fresh = {function, 1};
    ARENA_PUSH(c->memory, f->counters, f->counter_count, f->counter_capacity, fresh);
    return 1;
}

const char *check_instance(checker *c, const char *function, const char *name)
{
    if (name)
        return arena_printf(c->memory, "%s%s", c->frame->path, name);
    return arena_printf(c->memory, "%s%s_%" PRId64, c->frame->path, function,
                        count_call(c, function));
}

/* The value of `name =`, NULL if it is no usable string. */
static const char *instance_name(checker *c, const ast_expr *e)
{
    value v = check_single(c, e);
    if (v.kind == VALUE_STRING && *v.text)
        return v.text;
    if (v.kind != VALUE_BAD)
        check_error(c, e->where, "name = takes a string that is not empty, found %s",
                    check_describe(c, &v));
    return NULL;
}

/* ---- def ---- */

/* Instead of the number of a formal. */
enum { FOR_NAME = -1, FOR_NONE = -2 };

static const char *formal_names(checker *c, const ast_item *def)
{
    const char *text = "";
    for (size_t i = 0; i < def->formals.count; i++)
        text = arena_printf(c->memory, "%s%s%s", text, i ? ", " : "",
                            def->formals.items[i].name.text);
    return text;
}

static int too_many(checker *c, const ast_expr *e, const ast_arg *a, const char *known)
{
    check_error(c, a->value->where, "%s takes fewer arguments", e->text);
    check_help(c, "its arguments are %s", known);
    return FOR_NONE;
}

static int no_argument(checker *c, const ast_expr *e, const ast_arg *a, const char *known)
{
    check_error(c, a->name.where, "%s has no argument '%s'", e->text, a->name.text);
    if (*known)
        check_help(c, "its arguments are %s", known);
    else
        check_help(c, "it has no arguments");
    return FOR_NONE;
}

static bool given_twice(checker *c, const ast_expr *e, const ast_arg *a, const char *name)
{
    check_error(c, a->name.text ? a->name.where : a->value->where, "%s: '%s' is given twice",
                e->text, name);
    return false;
}

static int position_after_name(checker *c, const ast_arg *a)
{
    check_error(c, a->value->where, "an argument by position cannot follow one by name");
    return FOR_NONE;
}

/* Which formal an argument is for; FOR_NAME for name =, FOR_NONE after an error. */
static int formal_of(checker *c, const ast_expr *e, const ast_item *def, size_t i, bool named)
{
    const ast_arg *a = &e->args.items[i];
    const ast_formals *formals = &def->formals;
    if (!a->name.text) {
        if (named)
            return position_after_name(c, a);
        return i < formals->count ? (int)i : too_many(c, e, a, formal_names(c, def));
    }
    for (size_t f = 0; f < formals->count; f++)
        if (!strcmp(formals->items[f].name.text, a->name.text))
            return (int)f;
    if (!strcmp(a->name.text, "name"))
        return FOR_NAME;
    return no_argument(c, e, a, formal_names(c, def));
}

typedef struct def_call {
    const ast_item *def;
    value *values;
    bool *given;
    source_range *at;
    const char *name;
} def_call;

static bool bind_def(checker *c, const ast_expr *e, def_call *d)
{
    bool good = true, named = false;
    for (size_t i = 0; i < e->args.count; i++) {
        const ast_arg *a = &e->args.items[i];
        int f = formal_of(c, e, d->def, i, named);
        named = named || a->name.text;
        if (f == FOR_NAME) {
            d->name = instance_name(c, a->value);
            good = good && d->name;
            continue;
        }
        if (f < 0 || (d->given[f] && !given_twice(c, e, a, d->def->formals.items[f].name.text))) {
            good = false;
            continue;
        }
        d->given[f] = true;
        d->at[f] = a->value->where;
        d->values[f] = check_single(c, a->value);
        good = good && d->values[f].kind != VALUE_BAD;
    }
    return good;
}

/* Values of formals in the new frame: defaults may use earlier formals. */
static bool enter_formals(checker *c, const def_call *d, source_range call_at)
{
    for (size_t i = 0; i < d->def->formals.count; i++) {
        const ast_formal *f = &d->def->formals.items[i];
        value v = d->values[i];
        source_range at = d->at[i];
        if (!d->given[i]) {
            if (!f->value) {
                check_error(c, call_at, "%s: '%s' is missing", d->def->name.text, f->name.text);
                return false;
            }
            v = check_single(c, f->value);
            at = f->value->where;
        }
        if (f->type && v.kind != VALUE_BAD) {
            ast_expr whole = {.where = at};
            v = check_as_type(c, v, f->type, &whole, SIZE_MAX);
        }
        if (v.kind == VALUE_BAD)
            return false;
        check_bind(c, &f->name, v);
    }
    return true;
}

static bool calls_itself(checker *c, const ast_item *def, source_range where)
{
    int depth = 0;
    for (const frame *f = c->frame; f; f = f->caller, depth++) {
        if (f->block == def->block) {
            check_error(c, where, "'%s' calls itself; a def is expanded at each call",
                        def->name.text);
            return true;
        }
    }
    if (depth > CHECK_CALL_DEPTH) {
        check_error(c, where, "calls are nested too deeply; at most %d fit", CHECK_CALL_DEPTH);
        return true;
    }
    return false;
}

static value results_of(checker *c, const frame *f, const ast_item *def)
{
    if (f->stopped || c->exhausted)
        return (value){0};
    if (!f->returned)
        return check_error(c, def->name.where, "'def %s' ends without return", def->name.text);
    if (f->results.count == 1)
        return f->results.items[0];
    return value_list_of(c->memory, VALUE_TUPLE, &f->results);
}

static value expand(checker *c, const def_call *d, source_range where)
{
    if (calls_itself(c, d->def, where))
        return (value){0};
    if (!c->frame->state)
        return check_error(c, where, "'%s' is a def; it stands in networks and kernels",
                           d->def->name.text);
    scope locals = {0};
    frame inner = {
        .caller = c->frame, .function = d->def->name.text, .call = where, .scope = &locals,
        .block = d->def->block, .state = c->frame->state,
        .path = arena_printf(c->memory, "%s.",
                             check_instance(c, d->def->name.text, d->name)),
    };
    c->frame = &inner;
    value result = {0};
    if (enter_formals(c, d, where)) {
        check_block(c, d->def->block);
        result = results_of(c, &inner, d->def);
    }
    c->frame = inner.caller;
    return result;
}

value check_expand(checker *c, const ast_item *def, const value *args, size_t count,
                   source_range where)
{
    size_t n = def->formals.count;
    def_call d = {def, ARENA_ARRAY(c->memory, value, n), ARENA_ARRAY(c->memory, bool, n),
                  ARENA_ARRAY(c->memory, source_range, n), NULL};
    for (size_t i = 0; i < count && i < n; i++) {
        d.values[i] = args[i];
        d.given[i] = true;
        d.at[i] = where;
    }
    return expand(c, &d, where);
}

static value call_def(checker *c, const ast_expr *e, const ast_item *def)
{
    size_t n = def->formals.count;
    def_call d = {def, ARENA_ARRAY(c->memory, value, n), ARENA_ARRAY(c->memory, bool, n),
                  ARENA_ARRAY(c->memory, source_range, n), NULL};
    bool good = bind_def(c, e, &d);
    return good ? expand(c, &d, e->where) : (value){0};
}

/* ---- built-ins ---- */

static unsigned takes_bit(const pan_type *t)
{
    switch (t->kind) {
    case PAN_SCALAR: return TAKES_SCALAR;
    case PAN_VEC: return TAKES_VEC;
    case PAN_MAP: return TAKES_MAP;
    case PAN_LABEL: return TAKES_LABEL;
    case PAN_SEQ:
        return t->element == PAN_VEC      ? TAKES_VECS
               : t->element == PAN_SCALAR ? TAKES_SCALARS
                                          : TAKES_LABELS;
    default: return 0;
    }
}

static value expects(call *k, const value *v, source_range at)
{
    checker *c = k->c;
    const char *text = check_text(c, at);
    check_error(c, at, "%s expects %s, but %s is %s", k->row->name, k->row->expects, text,
                check_describe(c, v));
    if (v->kind != VALUE_RUN)
        return (value){0};
    const pan_type *t = check_type(c, v);
    const char *plain = check_source(c, at) ? check_source(c, at) : "x";
    if (t->kind == PAN_MAP && k->row->takes & TAKES_VEC && !(k->row->takes & TAKES_MAP))
        check_help(c, "flatten(%s) makes a vec[%" PRId64 "] of it", plain, pan_type_elements(t));
    else if (takes_bit(t) & (TAKES_LABEL | TAKES_LABELS) && k->row->takes & TAKES_VEC)
        check_help(c, "one_hot(%s) makes a vec[%" PRId64 "] of it", plain, pan_type_width(t));
    return (value){0};
}

value call_expects(call *k, size_t arg)
{
    return expects(k, &k->v[arg], k->at[arg]);
}

static bool pair(call *k, const arg_spec *spec, value *v, source_range at)
{
    checker *c = k->c;
    int64_t low = spec->kind == ARG_PAIR, two[2];
    const char *what = arena_printf(c->memory, "%s: '%s'", k->row->name, spec->name);
    value_list list = {0};
    bool is_list = v->kind == VALUE_LIST;
    if (is_list && v->list->count != 2) {
        check_error(c, at, "%s is an integer or [vertical, horizontal]", what);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        const value *part = is_list ? &v->list->items[i] : v;
        if (!check_integer(c, part, at, what, &two[i]))
            return false;
        if (two[i] < low || two[i] > CHECK_DIMENSION) {
            check_error(c, at, "%s must be at least %" PRId64 ", found %" PRId64, what, low,
                        two[i]);
            return false;
        }
        ARENA_PUSH(c->memory, list.items, list.count, list.capacity, value_int(two[i]));
    }
    *v = value_list_of(c->memory, VALUE_LIST, &list);
    return true;
}

static bool integer_arg(call *k, const arg_spec *spec, const value *v, source_range at)
{
    checker *c = k->c;
    const char *what = arena_printf(c->memory, "%s: '%s'", k->row->name, spec->name);
    int64_t n, low = spec->kind == ARG_COUNT;
    if (!check_integer(c, v, at, what, &n))
        return false;
    if (n >= low && n <= CHECK_DIMENSION)
        return true;
    check_error(c, at, "%s must be %s, found %" PRId64, what,
                n > 0 ? arena_printf(c->memory, "at most %d", CHECK_DIMENSION)
                      : low ? "a positive integer" : "an integer from 0",
                n);
    return false;
}

static bool run_arg(call *k, const arg_spec *spec, const value *v, source_range at)
{
    if (spec->kind == ARG_ELEM && value_is_number(v))
        return true;
    if (v->kind == VALUE_RUN && takes_bit(check_type(k->c, v)) & k->row->takes)
        return true;
    expects(k, v, at);
    return false;
}

static bool plain_arg(call *k, const arg_spec *spec, const value *v, source_range at)
{
    static const struct {
        value_kind kind;
        const char *text;
    } wanted[] = {
        [ARG_BOOL] = {VALUE_BOOL, "true or false"},
        [ARG_NUMBER] = {VALUE_REAL, "a number"},
        [ARG_STRING] = {VALUE_STRING, "a string"},
        [ARG_LIST] = {VALUE_LIST, "a list"},
    };
    if (v->kind == wanted[spec->kind].kind || (spec->kind == ARG_NUMBER && v->kind == VALUE_INT))
        return true;
    check_error(k->c, at, "%s: '%s' must be %s, found %s", k->row->name, spec->name,
                wanted[spec->kind].text, check_describe(k->c, v));
    return false;
}

static bool convert(call *k, const arg_spec *spec, value *v, source_range at)
{
    if (v->kind == VALUE_BAD)
        return false;
    switch (spec->kind) {
    case ARG_ANY:
        return true;
    case ARG_RUN:
    case ARG_ELEM:
        return run_arg(k, spec, v, at);
    case ARG_COUNT:
    case ARG_INT:
        return integer_arg(k, spec, v, at);
    case ARG_PAIR:
    case ARG_PAD:
        return pair(k, spec, v, at);
    default:
        return plain_arg(k, spec, v, at);
    }
}

static bool fill_defaults(call *k, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        const arg_spec *spec = &k->row->args[i];
        if (k->given[i] || spec->otherwise == ARG_MAY_LACK)
            continue;
        if (spec->otherwise == ARG_REQUIRED) {
            check_error(k->c, k->where, "%s: '%s' is missing", k->row->name, spec->name);
            return false;
        }
        if (spec->otherwise == ARG_AS_BEFORE) {
            k->v[i] = k->v[i - 1];
            continue;
        }
        bool whole = spec->kind != ARG_NUMBER && spec->kind != ARG_BOOL;
        k->v[i] = spec->kind == ARG_BOOL ? value_bool(spec->number != 0)
                  : whole                ? value_int((int64_t)spec->number)
                                         : value_real(spec->number);
        good = convert(k, spec, &k->v[i], k->where) && good;
    }
    return good;
}

/* Which argument of the row an argument is for; FOR_NAME for name =, FOR_NONE after an error. */
static int arg_of(call *k, const ast_expr *e, size_t i, size_t count, bool named)
{
    checker *c = k->c;
    const ast_arg *a = &e->args.items[i];
    const char *known = builtin_arguments(c->memory, k->row);
    if (!a->name.text) {
        if (named)
            return position_after_name(c, a);
        if (i < count)
            return (int)i;
        return k->row->flags & CALL_REST ? (int)count - 1 : too_many(c, e, a, known);
    }
    for (size_t n = 0; n < count; n++)
        if (!strcmp(k->row->args[n].name, a->name.text))
            return (int)n;
    if (!strcmp(a->name.text, "name") && k->row->flags & CALL_LAYER)
        return FOR_NAME;
    return no_argument(c, e, a, known);
}

static bool bind_builtin(call *k, const ast_expr *e)
{
    checker *c = k->c;
    size_t count = builtin_arg_count(k->row), at_count = 0, at_capacity = 0;
    bool good = true, named = false;
    for (size_t i = 0; i < e->args.count; i++) {
        const ast_arg *a = &e->args.items[i];
        int n = arg_of(k, e, i, count, named);
        named = named || a->name.text;
        if (n == FOR_NAME) {
            k->name = instance_name(c, a->value);
            good = good && k->name;
            continue;
        }
        bool last = k->row->flags & CALL_REST && n + 1 == (int)count;
        if (n < 0 || (k->given[n] && !last && !given_twice(c, e, a, k->row->args[n].name))) {
            good = false;
            continue;
        }
        value v = check_single(c, a->value);
        good = convert(k, &k->row->args[n], &v, a->value->where) && good;
        k->given[n] = true;
        k->v[n] = v;
        k->at[n] = a->value->where;
        if (last) {
            ARENA_PUSH(c->memory, k->rest.items, k->rest.count, k->rest.capacity, v);
            ARENA_PUSH(c->memory, k->rest_at, at_count, at_capacity, a->value->where);
        }
    }
    return good && fill_defaults(k, count);
}

static value call_builtin(checker *c, const ast_expr *e, const builtin *row)
{
    call *k = ARENA_NEW(c->memory, call);
    k->c = c;
    k->row = row;
    k->where = e->where;
    k->function = e->mark;
    if (row->flags & CALL_RUN && !c->frame->state)
        return check_error(c, e->where, "%s belongs in a network or kernel", row->name);
    if (!bind_builtin(k, e))
        return (value){0};
    return row->apply(k);
}

/* ---- both ---- */

static value unknown_function(checker *c, const ast_expr *e)
{
    size_t count = 0, capacity = 0;
    const char **known = NULL;
    for (size_t i = 0; builtin_at(i); i++)
        ARENA_PUSH(c->memory, known, count, capacity, builtin_at(i)->name);
    for (size_t i = 0; i < c->functions.count; i++)
        ARENA_PUSH(c->memory, known, count, capacity, c->functions.items[i].name);
    check_error(c, e->mark, "'%s' is not a function", e->text);
    const symbol *item = symbols_find(&c->items, e->text);
    const char *near = diag_nearest(e->text, known, count);
    if (item)
        check_help(c, "a %s cannot be called; share code through def",
                   item->item->kind == ITEM_NETWORK  ? "network"
                   : item->item->kind == ITEM_KERNEL ? "kernel"
                                                     : "data item");
    else if (near)
        check_help(c, "did you mean '%s'?", near);
    return (value){0};
}

value check_call(checker *c, const ast_expr *e)
{
    const symbol *def = symbols_find(&c->functions, e->text);
    if (def)
        return call_def(c, e, def->item);
    const builtin *row = builtin_find(e->text);
    return row ? call_builtin(c, e, row) : unknown_function(c, e);
}
