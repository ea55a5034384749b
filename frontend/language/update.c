/*
 * Updates W += u, W -= u. For a matrix u is a sum of terms, each an outer product scaled by numbers
 * and scalars; the scale is folded into the column operand, which is rounded into the format that
 * puts the product on the weights' grid.
 */
#include "frontend/language/check.h"

#include <inttypes.h>

static void push_term(checker *c, value_list *terms, const outer_term *t)
{
    value v = {.kind = VALUE_OUTER, .term = t};
    ARENA_PUSH(c->memory, terms->items, terms->count, terms->capacity, v);
}

value check_outer(checker *c, value col, value row, source_range where)
{
    outer_term *term = ARENA_NEW(c->memory, outer_term);
    *term = (outer_term){.col = col.index, .row = row.index, .number = 1, .where = where};
    value_list terms = {0};
    push_term(c, &terms, term);
    return value_list_of(c->memory, VALUE_OUTER, &terms);
}

/* A copy of a list of ops with one more at its end. */
static uint32_t *with_op(checker *c, const uint32_t *list, size_t *count, uint32_t op)
{
    uint32_t *copy = ARENA_ARRAY(c->memory, uint32_t, *count + 1);
    for (size_t i = 0; i < *count; i++)
        copy[i] = list[i];
    copy[(*count)++] = op;
    return copy;
}

/* A copy of the terms, changed by number, sign, and a scalar factor or divisor (PAN_NONE: none). */
static value scaled(checker *c, const value *v, double number, bool negate, uint32_t factor,
                    uint32_t divisor)
{
    value_list terms = {0};
    for (size_t i = 0; i < v->list->count; i++) {
        outer_term *t = ARENA_NEW(c->memory, outer_term);
        *t = *v->list->items[i].term;
        t->number *= number;
        t->negative = t->negative != negate;
        if (factor != PAN_NONE)
            t->factors = with_op(c, t->factors, &t->factor_count, factor);
        if (divisor != PAN_NONE)
            t->divisors = with_op(c, t->divisors, &t->divisor_count, divisor);
        push_term(c, &terms, t);
    }
    return value_list_of(c->memory, VALUE_OUTER, &terms);
}

value check_outer_negate(checker *c, value a)
{
    return scaled(c, &a, 1, true, PAN_NONE, PAN_NONE);
}

static value not_a_sum(checker *c, source_range where, const value *found)
{
    return check_error(c, where, "an update of a matrix is a sum of outer products, found %s",
                       check_describe(c, found));
}

static value scale(checker *c, const ast_expr *e, const value *terms, const value *by)
{
    bool divide = e->op == AST_DIV;
    if (value_is_number(by)) {
        if (divide && by->real == 0)
            return check_error(c, e->where, "division by zero");
        return scaled(c, terms, divide ? 1 / by->real : by->real, false, PAN_NONE, PAN_NONE);
    }
    if (by->kind != VALUE_RUN || check_type(c, by)->kind != PAN_SCALAR)
        return check_error(c, e->where,
                           "an outer product is scaled by scalars and numbers, found %s",
                           check_describe(c, by));
    return scaled(c, terms, 1, false, divide ? PAN_NONE : by->index,
                  divide ? by->index : PAN_NONE);
}

value check_outer_operator(checker *c, const ast_expr *e, value a, value b)
{
    bool left = a.kind == VALUE_OUTER, right = b.kind == VALUE_OUTER;
    if (e->op == AST_MUL && left != right)
        return scale(c, e, left ? &a : &b, left ? &b : &a);
    if (e->op == AST_DIV && left && !right)
        return scale(c, e, &a, &b);
    if (e->op != AST_ADD && e->op != AST_SUB)
        return check_error(c, e->where, "'%s' does not apply to outer products",
                           ast_operator_text(e->op));
    if (!left || !right)
        return not_a_sum(c, left ? e->right->where : e->left->where, left ? &b : &a);
    if (e->op == AST_SUB)
        b = check_outer_negate(c, b);
    value_list terms = {0};
    for (size_t i = 0; i < a.list->count; i++)
        ARENA_PUSH(c->memory, terms.items, terms.count, terms.capacity, a.list->items[i]);
    for (size_t i = 0; i < b.list->count; i++)
        ARENA_PUSH(c->memory, terms.items, terms.count, terms.capacity, b.list->items[i]);
    return value_list_of(c->memory, VALUE_OUTER, &terms);
}

/* ---- the statement ---- */

/* Marks an op as the column operand of an update: formats.c gives it the format Fw - Fx. */
static void mark_column(checker *c, uint32_t op, uint32_t row, uint32_t target)
{
    pan_op *o = check_op(c, op);
    o->column = true;
    o->row = row;
    o->target = target;
}

static uint32_t scalar_op(checker *c, pan_opcode code, uint32_t a, uint32_t b, source_range where)
{
    uint32_t args[] = {a, b};
    return check_emit(c, code, (pan_type){.kind = PAN_SCALAR}, where, args, 2);
}

/* The product of all factors of a term as one scalar op, PAN_NONE if it is 1. */
static uint32_t factor_of(checker *c, const outer_term *t)
{
    uint32_t factor = PAN_NONE;
    for (size_t i = 0; i < t->factor_count; i++)
        factor = factor == PAN_NONE ? t->factors[i]
                                    : scalar_op(c, PAN_MUL, factor, t->factors[i], t->where);
    double number = t->negative ? -t->number : t->number;
    if (number == 1 || (number == -1 && factor == PAN_NONE))
        return factor;
    if (number == -1)
        return check_emit(c, PAN_NEG, (pan_type){.kind = PAN_SCALAR}, t->where, &factor, 1);
    uint32_t constant = check_run(c, value_real(number), t->where).index;
    return factor == PAN_NONE ? constant : scalar_op(c, PAN_MUL, factor, constant, t->where);
}

/* A fresh op that holds factor * col, in the format of a column operand. */
static uint32_t column_of(checker *c, const outer_term *t, uint32_t target)
{
    uint32_t col = t->col, factor = factor_of(c, t);
    pan_type type = check_op(c, col)->type;
    for (size_t i = 0; i < t->divisor_count; i++) {
        uint32_t args[] = {col, t->divisors[i]};
        col = check_emit(c, PAN_DIV, type, t->where, args, 2);
    }
    if (factor != PAN_NONE) {
        uint32_t args[] = {col, factor};
        col = check_emit(c, PAN_MUL, type, t->where, args, 2);
    } else if (t->negative) {
        col = check_emit(c, PAN_NEG, type, t->where, &col, 1);
    } else {
        col = check_emit(c, PAN_CAST, type, t->where, &col, 1);
    }
    mark_column(c, col, t->row, target);
    return col;
}

static void emit_update(checker *c, uint32_t target, uint32_t col, uint32_t row, source_range where)
{
    uint32_t args[] = {col, row};
    pan_type none = {.kind = PAN_SCALAR};
    uint32_t op = check_emit(c, PAN_UPDATE, none, where, args, row == PAN_NONE ? 1 : 2);
    check_op(c, op)->params[0] = target;
    check_op(c, op)->param_count = 1;
}

static bool vec_like(const pan_type *t, int64_t width)
{
    bool vecs = t->kind == PAN_VEC || t->kind == PAN_MAP ||
                (t->kind == PAN_SEQ && t->element == PAN_VEC);
    return vecs && t->dim[0] == width;
}

static bool same_stream(const pan_type *a, const pan_type *b)
{
    if (a->kind == PAN_MAP && b->kind == PAN_MAP)
        return a->dim[1] == b->dim[1] && a->dim[2] == b->dim[2];
    return pan_type_positions(a) == pan_type_positions(b);
}

static bool term_fits(checker *c, const outer_term *t, uint32_t target)
{
    const pan_param *w = &c->program->params[target];
    const pan_type *col = &check_op(c, t->col)->type, *row = &check_op(c, t->row)->type;
    if (vec_like(col, w->shape[0]) && vec_like(row, w->shape[1]) && same_stream(col, row))
        return true;
    check_error(c, t->where,
                "'%s' is a matrix[%" PRId64 ", %" PRId64 "] and expects outer(vec[%" PRId64
                "], vec[%" PRId64 "]), found outer(%s, %s)",
                w->path, w->shape[0], w->shape[1], w->shape[0], w->shape[1],
                check_type_text(c, col), check_type_text(c, row));
    if (vec_like(col, w->shape[1]) && vec_like(row, w->shape[0]))
        check_help(c, "the column operand comes first: outer(col, row)");
    return false;
}

static void update_matrix(checker *c, const ast_stmt *s, uint32_t target, const value *u)
{
    if (u->kind != VALUE_OUTER) {
        if (u->kind != VALUE_BAD)
            not_a_sum(c, s->value->where, u);
        return;
    }
    value terms = s->subtract ? check_outer_negate(c, *u) : *u;
    for (size_t i = 0; i < terms.list->count; i++) {
        const outer_term *t = terms.list->items[i].term;
        if (!term_fits(c, t, target))
            continue;
        emit_update(c, target, column_of(c, t, target), t->row, t->where);
    }
}

static void update_vec(checker *c, const ast_stmt *s, uint32_t target, value u, size_t before)
{
    const pan_param *w = &c->program->params[target];
    if (u.kind == VALUE_BAD)
        return;
    if (u.kind != VALUE_RUN || !vec_like(check_type(c, &u), w->shape[0])) {
        check_error(c, s->value->where, "'%s' is a vec[%" PRId64 "], its update is %s", w->path,
                    w->shape[0], check_describe(c, &u));
        return;
    }
    uint32_t col = u.index;
    pan_type type = *check_type(c, &u);
    /* The outermost operation of the expression takes the column's format itself. */
    bool own = col >= before && col + 1 == c->frame->state->body->count &&
               check_op(c, col)->q_written < 0 && check_op(c, col)->code != PAN_PARAM;
    if (!own)
        col = check_emit(c, PAN_CAST, type, s->value->where, &col, 1);
    mark_column(c, col, PAN_NONE, target);
    if (s->subtract) {
        col = check_emit(c, PAN_NEG, type, s->value->where, &col, 1);
        mark_column(c, col, PAN_NONE, target);
    }
    emit_update(c, target, col, PAN_NONE, s->where);
}

static bool allowed(checker *c, const ast_stmt *s)
{
    const body_state *state = c->frame->state;
    if (!state->kernel || c->frame->function) {
        check_error(c, s->where, "updates belong in a kernel; in a network 'train' makes them");
        return false;
    }
    if (state->scans) {
        check_error(c, s->where, "no update inside scan");
        check_help(c, "W -= outer(ds, xs) after it sums over the steps");
        return false;
    }
    return true;
}

/* The parameter an update names, PAN_NONE (with an error) if it is something else. */
static uint32_t target_of(checker *c, const ast_stmt *s)
{
    const ast_name *name = &s->names.items[0];
    const binding *b = scope_find(c->frame->scope, name->text);
    const symbol *global = b ? NULL : symbols_find(&c->values, name->text);
    value v = b ? b->bound : global ? global->bound : (value){0};
    if (v.kind == VALUE_MATRIX && !v.transposed)
        return v.index;
    if (!b && !global) {
        check_name(c, name->text, name->where);
    } else if (!b || b->bound.kind != VALUE_BAD) {
        const char *text = check_source(c, s->value->where);
        check_error(c, name->where, "'%s' is not a parameter and cannot be updated", name->text);
        check_help(c, "write %s = %s %c %s", name->text, name->text, s->subtract ? '-' : '+',
                   text ? text : "...");
    }
    return PAN_NONE;
}

void check_update(checker *c, const ast_stmt *s)
{
    uint32_t target = target_of(c, s);
    if (target == PAN_NONE || !allowed(c, s))
        return;
    check_touch(c, target);
    body_state *state = c->frame->state;
    size_t before = state->body->count;
    c->frame->update = true;
    value u = check_single(c, s->value);
    c->frame->update = false;
    if (value_is_number(&u))
        u = check_run(c, u, s->value->where);
    if (c->program->params[target].rank == 1)
        update_vec(c, s, target, u, before);
    else
        update_matrix(c, s, target, &u);
    for (size_t i = 0; i < state->touched_count; i++)
        if (state->touched[i].param == target && !state->touched[i].updated.file)
            state->touched[i].updated = s->where;
}
