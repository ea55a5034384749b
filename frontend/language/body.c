/* Statements of bodies. A body is one scope; for and if are unrolled and decided here. */
#include "frontend/language/check.h"

#include <string.h>

/* ---- binding ---- */

static bool is_top_level(checker *c, const ast_name *name)
{
    const symbol *s = symbols_find(&c->values, name->text);
    if (!s)
        return false;
    check_error(c, name->where, "'%s' is already a %s", name->text,
                s->item->kind == ITEM_CONST ? "constant" : "parameter");
    check_note(c, s->item->name.where, "declared here");
    return true;
}

void check_bind(checker *c, const ast_name *name, value v)
{
    if (is_top_level(c, name))
        return;
    const binding *old = scope_find(c->frame->scope, name->text);
    if (old && old->bound.kind == VALUE_MATRIX && v.kind != VALUE_BAD) {
        check_error(c, name->where, "'%s' is already a parameter", name->text);
        check_note(c, old->where, "declared here");
        return;
    }
    scope_bind(c, name->text, v, name->where);
}

static void bind_bad(checker *c, const ast_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!symbols_find(&c->values, names->items[i].text))
            scope_bind(c, names->items[i].text, (value){0}, names->items[i].where);
}

/*
 * v as a type says: equal shapes; a written format goes to the outermost operation of the
 * expression, or to a conversion if that is older than `before` (ops before the expression).
 */
value check_as_type(checker *c, value v, const ast_type *type, const ast_expr *e, size_t before)
{
    pan_type wanted;
    if (v.kind == VALUE_BAD || (type->name.text && !check_pan_type(c, type, &wanted)))
        return (value){0};
    if (type->name.text && wanted.kind == PAN_MATRIX)
        return check_error(c, type->where, "only a param is a matrix");
    if (value_is_number(&v) && type->name.text && wanted.kind != PAN_SCALAR)
        return check_error(c, e->where, "%s is %s, but a %s is declared", check_text(c, e->where),
                           check_describe(c, &v), check_type_text(c, &wanted));
    if (!c->frame->state)
        return check_error(c, e->where, "a type belongs to a value of a network or kernel");
    v = check_run(c, v, e->where);
    if (v.kind != VALUE_RUN)
        return check_error(c, e->where, "%s is %s; a type belongs to a run-time value",
                           check_text(c, e->where), check_describe(c, &v));
    if (type->name.text && !pan_type_equal(&wanted, check_type(c, &v)))
        return check_error(c, e->where, "%s is a %s, but a %s is declared",
                           check_text(c, e->where), check_type_text(c, check_type(c, &v)),
                           check_type_text(c, &wanted));
    if (type->format < 0)
        return v;
    size_t count = c->frame->state->body->count;
    bool own = v.index >= before && v.index + 1 == count &&
               check_op(c, v.index)->q_written < 0 && check_op(c, v.index)->code != PAN_STATE;
    if (!own)
        v = value_run(check_emit(c, PAN_CAST, *check_type(c, &v), e->where, &v.index, 1));
    check_op(c, v.index)->q_written = type->format;
    return v;
}

static void assign(checker *c, const ast_stmt *s)
{
    size_t before = c->frame->state ? c->frame->state->body->count : 0;
    value v = s->names.count > 1 ? check_expr(c, s->value) : check_single(c, s->value);
    if (s->type)
        v = check_as_type(c, v, s->type, s->value, before);
    if (v.kind == VALUE_OUTER)
        v = check_error(c, s->value->where, "outer(col, row) stands only in an update");
    if (v.kind == VALUE_BAD) {
        bind_bad(c, &s->names);
        return;
    }
    if (s->names.count == 1) {
        check_bind(c, &s->names.items[0], v);
        return;
    }
    bool several = v.kind == VALUE_TUPLE || v.kind == VALUE_LIST;
    size_t count = several ? v.list->count : 1;
    if (count != s->names.count) {
        check_error(c, s->where, "%zu names cannot take %zu value%s", s->names.count, count,
                    count == 1 ? "" : "s");
        bind_bad(c, &s->names);
        return;
    }
    for (size_t i = 0; i < count; i++)
        check_bind(c, &s->names.items[i], v.list->items[i]);
}

/* ---- calls that stand alone ---- */

static void assertion(checker *c, const ast_expr *e)
{
    const ast_args *args = &e->args;
    if (args->count < 1 || args->count > 2 || args->items[0].name.text ||
        (args->count == 2 && args->items[1].name.text)) {
        check_error(c, e->where, "assert takes a condition and a message");
        check_help(c, "write assert(condition, \"message\")");
        return;
    }
    bool good;
    if (!check_truth(c, args->items[0].value, &good))
        return;
    value text = value_string("the condition is false");
    if (args->count == 2)
        text = check_single(c, args->items[1].value);
    if (text.kind != VALUE_STRING) {
        if (text.kind != VALUE_BAD)
            check_error(c, args->items[1].value->where, "the message of assert is a string");
    } else if (!good) {
        check_error(c, args->items[0].value->where, "assertion failed: %s", text.text);
    }
}

static void call_alone(checker *c, const ast_stmt *s)
{
    if (s->value->kind != EXPR_CALL)
        return;
    if (!strcmp(s->value->text, "assert")) {
        assertion(c, s->value);
        return;
    }
    value v = check_expr(c, s->value);
    if (v.kind == VALUE_BAD)
        return;
    check_error(c, s->where, "the result of '%s' is not used", s->value->text);
    check_help(c, "write x = %s(...)", s->value->text);
}

/* ---- loops and branches ---- */

static void not_a_list(checker *c, const ast_stmt *s, const value *v)
{
    bool seq = v->kind == VALUE_RUN && check_type(c, v)->kind == PAN_SEQ;
    const char *found = seq ? "a seq" : check_describe(c, v);
    check_error(c, s->value->where, "'for' cannot walk %s", found);
    if (seq)
        check_help(c, "hs = scan x in %s { ... }",
                   check_source(c, s->value->where) ? check_source(c, s->value->where) : "xs");
    else if (v->kind == VALUE_INT)
        check_help(c, "for i in range(n) counts from 0 to n - 1");
}

static bool bind_loop(checker *c, const ast_stmt *s, const value *v)
{
    if (s->names.count == 1) {
        check_bind(c, &s->names.items[0], *v);
        return true;
    }
    if (v->kind != VALUE_LIST || v->list->count != s->names.count) {
        check_error(c, s->value->where, "'for' with %zu names needs lists of %zu elements",
                    s->names.count, s->names.count);
        return false;
    }
    for (size_t i = 0; i < s->names.count; i++)
        check_bind(c, &s->names.items[i], v->list->items[i]);
    return true;
}

static void loop(checker *c, const ast_stmt *s)
{
    value list = check_single(c, s->value);
    if (list.kind == VALUE_BAD) {
        bind_bad(c, &s->names);
        c->frame->stopped = true;
        return;
    }
    if (list.kind != VALUE_LIST) {
        not_a_list(c, s, &list);
        c->frame->stopped = true;
        return;
    }
    c->frame->loops++;
    for (size_t i = 0; i < list.list->count; i++) {
        if (!check_step(c, s->where, 1) || !bind_loop(c, s, &list.list->items[i]))
            break;
        check_block(c, s->block);
        if (c->frame->stopped)
            break;
    }
    c->frame->loops--;
    for (size_t i = 0; i < s->names.count; i++)
        scope_unbind(c->frame->scope, s->names.items[i].text);
}

static void branch(checker *c, const ast_stmt *s)
{
    bool truth;
    if (!check_truth(c, s->value, &truth)) {
        c->frame->stopped = true;
        return;
    }
    if (truth)
        check_block(c, s->block);
    else if (s->otherwise)
        check_block(c, s->otherwise);
}

/* ---- return ---- */

static void returns(checker *c, const ast_stmt *s)
{
    frame *f = c->frame;
    if (f->loops) {
        check_error(c, s->where, "'return' cannot stand in a 'for'; it is the last statement");
        f->stopped = true;
        return;
    }
    if (f->scan) {
        check_error(c, s->where, "'return' cannot stand in a scan; its values are yielded");
        f->stopped = true;
        return;
    }
    for (size_t i = 0; i < s->exprs.count; i++) {
        value v = s->exprs.count == 1 ? check_expr(c, s->exprs.items[i])
                                      : check_single(c, s->exprs.items[i]);
        f->stopped = f->stopped || v.kind == VALUE_BAD;
        if (v.kind == VALUE_TUPLE)
            f->results = *v.list;
        else
            ARENA_PUSH(c->memory, f->results.items, f->results.count, f->results.capacity, v);
    }
    f->returned = true;
}

/* ---- parameters ---- */

static bool initial(checker *c, const ast_expr *e, pan_param *w)
{
    if (!e)
        return true;
    if (e->kind == EXPR_CALL && (!strcmp(e->text, "uniform") || !strcmp(e->text, "normal"))) {
        w->init = e->text[0] == 'u' ? PAN_INIT_UNIFORM : PAN_INIT_NORMAL;
        if (e->args.count != 1 || e->args.items[0].name.text) {
            check_error(c, e->where, "%s takes one number", e->text);
            return false;
        }
        e = e->args.items[0].value;
    } else {
        w->init = PAN_INIT_CONSTANT;
    }
    value v = check_single(c, e);
    if (v.kind != VALUE_BAD && (!value_is_number(&v) ||
                                (w->init != PAN_INIT_CONSTANT && v.real < 0))) {
        check_error(c, e->where,
                    "a parameter starts as a number, uniform(a) or normal(s), found %s",
                    check_describe(c, &v));
        return false;
    }
    w->init_value = v.real;
    return v.kind != VALUE_BAD;
}

uint32_t check_param_statement(checker *c, ast_name name, const ast_type *type,
                               const ast_expr *init, bool shared)
{
    pan_type t;
    pan_param w = {.q_written = type->format, .shared = shared, .layer = PAN_NONE,
                   .where = name.where};
    if (!type->name.text) {
        check_error(c, type->where, "a parameter needs a type: matrix[rows, columns] or vec[n]");
        return PAN_NONE;
    }
    if (!check_pan_type(c, type, &t))
        return PAN_NONE;
    if (t.kind != PAN_MATRIX && t.kind != PAN_VEC) {
        check_error(c, type->where, "a parameter is a matrix or a vec, found %s",
                    check_type_text(c, &t));
        return PAN_NONE;
    }
    w.rank = t.kind == PAN_MATRIX ? 2 : 1;
    w.shape[0] = t.dim[0];
    w.shape[1] = t.dim[1];
    w.init = w.rank == 2 ? PAN_INIT_UNIFORM : PAN_INIT_CONSTANT;
    w.init_value = w.rank == 2 ? -1 : 0;
    return initial(c, init, &w) ? check_param_new(c, w, name.text) : PAN_NONE;
}

static void local_param(checker *c, const ast_stmt *s)
{
    const ast_name *name = &s->names.items[0];
    value v = {0};
    if (c->frame->scan) {
        check_error(c, s->where, "'param' stands before the scan");
    } else if (c->frame->state->item == PAN_NONE) {
        check_error(c, s->where, "a loss has no parameters");
    } else {
        uint32_t w = check_param_statement(c, *name, s->type, s->value, false);
        if (w != PAN_NONE)
            v = (value){.kind = VALUE_MATRIX, .index = w};
    }
    check_bind(c, name, v);
}

/* ---- blocks ---- */

static void statement(checker *c, const ast_stmt *s)
{
    switch (s->kind) {
    case STMT_ASSIGN: assign(c, s); break;
    case STMT_SCAN: check_scan(c, s); break;
    case STMT_UPDATE: check_update(c, s); break;
    case STMT_CALL: call_alone(c, s); break;
    case STMT_PARAM: local_param(c, s); break;
    case STMT_STATE: check_state(c, s); break;
    case STMT_FOR: loop(c, s); break;
    case STMT_IF: branch(c, s); break;
    case STMT_RETURN: returns(c, s); break;
    case STMT_YIELD: check_yield(c, s); break;
    }
}

void check_block(checker *c, const ast_block *block)
{
    frame *f = c->frame;
    for (size_t i = 0; i < block->count; i++) {
        if (f->stopped || !check_step(c, block->items[i]->where, 1))
            return;
        if (f->returned) {
            /* Behind a branch that returned the path ends; behind return itself nothing stands. */
            ast_stmt_kind before = i ? block->items[i - 1]->kind : STMT_IF;
            if (before == STMT_RETURN || before == STMT_YIELD)
                check_error(c, block->items[i]->where, "nothing may follow '%s'",
                            before == STMT_RETURN ? "return" : "yield");
            return;
        }
        statement(c, block->items[i]);
    }
}

/* Whether any statement of a block gives a name a value. */
bool check_assigned(const ast_block *block, const char *name)
{
    for (size_t i = 0; block && i < block->count; i++) {
        const ast_stmt *s = block->items[i];
        for (size_t n = 0; s->kind != STMT_UPDATE && n < s->names.count; n++)
            if (!strcmp(s->names.items[n].text, name))
                return true;
        if (check_assigned(s->block, name) || check_assigned(s->otherwise, name))
            return true;
    }
    return false;
}
