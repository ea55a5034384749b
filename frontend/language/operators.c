/* Operators: arithmetic at compile time, element-wise ops and matrix products at run time. */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- compile time ---- */

bool value_equal(const value *a, const value *b)
{
    if (value_is_number(a) && value_is_number(b))
        return a->kind == VALUE_INT && b->kind == VALUE_INT ? a->integer == b->integer
                                                            : a->real == b->real;
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_STRING)
        return !strcmp(a->text, b->text);
    if (a->kind == VALUE_BOOL || a->kind == VALUE_FORMAT)
        return a->integer == b->integer;
    if (a->kind != VALUE_LIST || a->list->count != b->list->count)
        return false;
    for (size_t i = 0; i < a->list->count; i++)
        if (!value_equal(&a->list->items[i], &b->list->items[i]))
            return false;
    return true;
}

static value overflow(checker *c, const ast_expr *e)
{
    return check_error(c, e->where, "the result does not fit a 64-bit integer");
}

static value divide(checker *c, const ast_expr *e, const value *a, const value *b)
{
    if (b->real == 0)
        return check_error(c, e->where, "division by zero");
    if (a->kind == VALUE_INT && b->kind == VALUE_INT) {
        if (b->integer == -1 && a->integer == INT64_MIN)
            return overflow(c, e);
        if (a->integer % b->integer == 0)
            return value_int(a->integer / b->integer);
        value v = value_real((double)a->integer / (double)b->integer);
        v.integer = a->integer;
        v.over = b->integer;
        return v;
    }
    return value_real(a->real / b->real);
}

static value floor_divide(checker *c, const ast_expr *e, const value *a, const value *b)
{
    if (a->kind != VALUE_INT || b->kind != VALUE_INT)
        return check_error(c, e->where, "'%s' is for integers, found %s and %s",
                           ast_operator_text(e->op), check_describe(c, a), check_describe(c, b));
    if (b->integer == 0)
        return check_error(c, e->where, "division by zero");
    if (b->integer == -1)
        return a->integer == INT64_MIN && e->op == AST_FLOOR
                   ? overflow(c, e)
                   : value_int(e->op == AST_FLOOR ? -a->integer : 0);
    int64_t quotient = a->integer / b->integer, rest = a->integer % b->integer;
    if (rest && (rest < 0) != (b->integer < 0)) {
        quotient--;
        rest += b->integer;
    }
    return value_int(e->op == AST_FLOOR ? quotient : rest);
}

static value integers(checker *c, const ast_expr *e, int64_t a, int64_t b)
{
    int64_t r;
    bool wraps = e->op == AST_ADD   ? __builtin_add_overflow(a, b, &r)
                 : e->op == AST_SUB ? __builtin_sub_overflow(a, b, &r)
                                    : __builtin_mul_overflow(a, b, &r);
    return wraps ? overflow(c, e) : value_int(r);
}

static value numbers(checker *c, const ast_expr *e, const value *a, const value *b)
{
    if (e->op == AST_FLOOR || e->op == AST_MOD)
        return floor_divide(c, e, a, b);
    if (e->op == AST_DIV)
        return divide(c, e, a, b);
    if (a->kind == VALUE_INT && b->kind == VALUE_INT)
        return integers(c, e, a->integer, b->integer);
    double r = e->op == AST_ADD ? a->real + b->real
               : e->op == AST_SUB ? a->real - b->real
                                  : a->real * b->real;
    if (!isfinite(r))
        return check_error(c, e->where, "the result is too large for a double");
    return value_real(r);
}

static value join(checker *c, const ast_expr *e, const value *a, const value *b)
{
    if (a->kind == VALUE_STRING) {
        const char *text = arena_printf(c->memory, "%s%s", a->text, b->text);
        if (strlen(text) > CHECK_LIST_LENGTH)
            return check_error(c, e->where, "the string is too long");
        check_step(c, e->where, strlen(text) / 16);
        return value_string(text);
    }
    size_t count = a->list->count + b->list->count;
    if (count > CHECK_LIST_LENGTH)
        return check_error(c, e->where, "the list is too long; at most %d elements fit",
                           CHECK_LIST_LENGTH);
    if (!check_step(c, e->where, count))
        return (value){0};
    value_list list = {ARENA_ARRAY(c->memory, value, count), count, count};
    if (a->list->count)
        memcpy(list.items, a->list->items, a->list->count * sizeof(value));
    if (b->list->count)
        memcpy(list.items + a->list->count, b->list->items, b->list->count * sizeof(value));
    return value_list_of(c->memory, VALUE_LIST, &list);
}

static value compare(checker *c, const ast_expr *e, const value *a, const value *b)
{
    if (e->op == AST_EQ || e->op == AST_NE)
        return value_bool(value_equal(a, b) == (e->op == AST_EQ));
    int order;
    if (value_is_number(a) && value_is_number(b)) {
        order = a->kind == VALUE_INT && b->kind == VALUE_INT
                    ? (a->integer > b->integer) - (a->integer < b->integer)
                    : (a->real > b->real) - (a->real < b->real);
    } else if (a->kind == VALUE_STRING && b->kind == VALUE_STRING) {
        order = strcmp(a->text, b->text);
    } else {
        return check_error(c, e->where, "'%s' compares numbers, found %s and %s",
                           ast_operator_text(e->op), check_describe(c, a), check_describe(c, b));
    }
    switch (e->op) {
    case AST_LT: return value_bool(order < 0);
    case AST_GT: return value_bool(order > 0);
    case AST_LE: return value_bool(order <= 0);
    default: return value_bool(order >= 0);
    }
}

static value logic(checker *c, const ast_expr *e)
{
    bool left, right;
    if (!check_truth(c, e->left, &left))
        return (value){0};
    if (left == (e->op == AST_OR))
        return value_bool(left);
    return check_truth(c, e->right, &right) ? value_bool(right) : (value){0};
}

/* ---- run time ---- */

static const pan_opcode opcodes[] = {
    [AST_LT] = PAN_LT,   [AST_GT] = PAN_GT,   [AST_LE] = PAN_LE,   [AST_GE] = PAN_GE,
    [AST_EQ] = PAN_EQ,   [AST_NE] = PAN_NE,   [AST_ADD] = PAN_ADD, [AST_SUB] = PAN_SUB,
    [AST_MUL] = PAN_MUL, [AST_DIV] = PAN_DIV,
};

static bool is_comparison(ast_operator op)
{
    return op >= AST_LT && op <= AST_NE;
}

/* A vec with a map or seq of such vecs, by the stream rule. */
static bool streams_over(const pan_type *vec, const pan_type *t)
{
    return vec->kind == PAN_VEC && vec->dim[0] == t->dim[0] &&
           (t->kind == PAN_MAP || (t->kind == PAN_SEQ && t->element == PAN_VEC));
}

bool check_shapes(checker *c, const pan_type *a, const pan_type *b, pan_type *out)
{
    (void)c;
    if (pan_type_equal(a, b) || b->kind == PAN_SCALAR || streams_over(b, a))
        *out = *a;
    else if (a->kind == PAN_SCALAR || streams_over(a, b))
        *out = *b;
    else
        return false;
    return true;
}

static bool is_label(const pan_type *t)
{
    return t->kind == PAN_LABEL || (t->kind == PAN_SEQ && t->element == PAN_LABEL);
}

/* A value that element-wise ops take: a run-time value that is no label, or a number. */
static bool element_operand(checker *c, const value *v, source_range where, const char *what)
{
    if (value_is_number(v))
        return true;
    if (v->kind == VALUE_RUN && !is_label(check_type(c, v)))
        return true;
    if (v->kind == VALUE_BAD)
        return false;
    check_error(c, where, "%s needs numbers or vectors, but %s is %s", what, check_text(c, where),
                check_describe(c, v));
    if (v->kind == VALUE_RUN)
        check_help(c, "one_hot(label) makes a vec of a label");
    return false;
}

value check_element(checker *c, pan_opcode code, value a, value b, source_range where,
                    const char *what)
{
    a = check_run(c, a, where);
    b = check_run(c, b, where);
    pan_type type, ta = *check_type(c, &a), tb = *check_type(c, &b);
    if (!check_shapes(c, &ta, &tb, &type))
        return check_error(c, where, "%s needs equal shapes, found %s and %s", what,
                           check_type_text(c, &ta), check_type_text(c, &tb));
    uint32_t args[] = {a.index, b.index};
    uint32_t op = check_emit(c, code, type, where, args, 2);
    const pan_op *x = check_op(c, a.index), *y = check_op(c, b.index);
    bool comparison = code >= PAN_LT && code <= PAN_NE;
    check_op(c, op)->mask = comparison || (code == PAN_MUL && x->mask && y->mask);
    return value_run(op);
}

static value no_matrix(checker *c, const ast_expr *e, const value *a, const value *b)
{
    const char *left = check_source(c, e->left->where), *right = check_source(c, e->right->where);
    const char *whole = check_text(c, e->where);
    left = left ? left : "a";
    right = right ? right : "b";
    bool scales = e->op == AST_MUL && (a->kind != VALUE_MATRIX || b->kind != VALUE_MATRIX);
    const value *other = a->kind == VALUE_MATRIX ? b : a;
    scales = scales && (value_is_number(other) || (other->kind == VALUE_RUN &&
                                                   check_type(c, other)->kind == PAN_SCALAR));
    if (scales) {
        check_error(c, e->where, "%s scales a matrix", whole);
        if (a->kind == VALUE_MATRIX)
            check_help(c, "write %s * (%s @ x)", right, left);
        else
            check_help(c, "write %s * (%s @ x)", left, right);
    } else if (e->op == AST_MUL) {
        check_error(c, e->where, "%s would multiply a matrix element by element", whole);
        check_help(c, "a matrix product is written %s @ %s", left, right);
    } else {
        check_error(c, e->where, "'%s' does not apply to a matrix", ast_operator_text(e->op));
        check_help(c, "a matrix stands before @, as the target of an update or as an argument");
    }
    return (value){0};
}

/* ---- matrix products ---- */

static value not_a_vec(checker *c, const ast_expr *e, const value *w, const value *x)
{
    const pan_param *p = &c->program->params[w->index];
    return check_error(c, e->right->where, "%s is %s and expects a vec[%" PRId64 "], but %s is %s",
                       check_source(c, e->left->where) ? check_source(c, e->left->where)
                                                       : "the left side",
                       check_describe(c, w), p->shape[!w->transposed],
                       check_text(c, e->right->where), check_describe(c, x));
}

static value no_product(checker *c, const ast_expr *e, const value *a, const value *b)
{
    check_error(c, e->where, "'@' multiplies a matrix parameter and a vec, found %s and %s",
                check_describe(c, a), check_describe(c, b));
    if (a->kind == VALUE_RUN && b->kind == VALUE_RUN)
        check_help(c, "an inner product is dot(a, b), element by element it is a * b");
    else if (b->kind == VALUE_MATRIX)
        check_help(c, "the matrix stands on the left: W @ x, or W.T @ x");
    return (value){0};
}

static value matmul(checker *c, const ast_expr *e, const value *a, const value *b)
{
    if (a->kind != VALUE_MATRIX)
        return no_product(c, e, a, b);
    if (b->kind != VALUE_RUN)
        return not_a_vec(c, e, a, b);
    const pan_param *w = &c->program->params[a->index];
    pan_type t = *check_type(c, b);
    bool vecs = t.kind == PAN_VEC || t.kind == PAN_MAP ||
                (t.kind == PAN_SEQ && t.element == PAN_VEC);
    if (!vecs || t.dim[0] != w->shape[!a->transposed])
        return not_a_vec(c, e, a, b);
    t.dim[0] = w->shape[a->transposed];
    if (check_param_read(c, a->index, e->left->where).kind == VALUE_BAD)
        return (value){0};
    uint32_t op = check_emit(c, PAN_MATVEC, t, e->where, &b->index, 1);
    pan_op *made = check_op(c, op);
    made->params[0] = a->index;
    made->param_count = 1;
    made->transposed = a->transposed;
    return value_run(op);
}

/* ---- both ---- */

static value run_time(checker *c, const ast_expr *e, value a, value b)
{
    const char *what = arena_printf(c->memory, "'%s'", ast_operator_text(e->op));
    if (a.kind == VALUE_MATRIX || b.kind == VALUE_MATRIX)
        return no_matrix(c, e, &a, &b);
    if (!element_operand(c, &a, e->left->where, what) ||
        !element_operand(c, &b, e->right->where, what))
        return (value){0};
    if (e->op == AST_FLOOR || e->op == AST_MOD) {
        check_error(c, e->where, "%s is for integers at compile time", what);
        check_help(c, "/ divides element by element");
        return (value){0};
    }
    return check_element(c, opcodes[e->op], a, b, e->where, what);
}

static value compile_time(checker *c, const ast_expr *e, const value *a, const value *b)
{
    if (is_comparison(e->op))
        return compare(c, e, a, b);
    if (e->op == AST_ADD && a->kind == b->kind &&
        (a->kind == VALUE_STRING || a->kind == VALUE_LIST))
        return join(c, e, a, b);
    if (value_is_number(a) && value_is_number(b))
        return numbers(c, e, a, b);
    return check_error(c, e->where, "'%s' does not apply to %s and %s", ast_operator_text(e->op),
                       check_describe(c, a), check_describe(c, b));
}

static bool is_run(const value *v)
{
    return v->kind == VALUE_RUN || v->kind == VALUE_MATRIX;
}

value check_binary(checker *c, const ast_expr *e)
{
    if (e->op == AST_AND || e->op == AST_OR)
        return logic(c, e);
    value a = check_single(c, e->left), b = check_single(c, e->right);
    if (a.kind == VALUE_BAD || b.kind == VALUE_BAD)
        return (value){0};
    if (e->op == AST_MATMUL)
        return matmul(c, e, &a, &b);
    if (a.kind == VALUE_OUTER || b.kind == VALUE_OUTER)
        return check_outer_operator(c, e, a, b);
    if (is_run(&a) || is_run(&b))
        return run_time(c, e, a, b);
    return compile_time(c, e, &a, &b);
}

value check_unary(checker *c, const ast_expr *e)
{
    bool truth;
    if (e->op == AST_NOT)
        return check_truth(c, e->left, &truth) ? value_bool(!truth) : (value){0};
    value v = check_single(c, e->left);
    if (v.kind == VALUE_BAD)
        return v;
    if (v.kind == VALUE_OUTER)
        return check_outer_negate(c, v);
    if (v.kind == VALUE_INT)
        return v.integer == INT64_MIN ? overflow(c, e) : value_int(-v.integer);
    if (v.kind == VALUE_REAL) {
        value r = value_real(-v.real);
        r.integer = v.integer == INT64_MIN ? v.integer : -v.integer;
        r.over = v.over;
        return r;
    }
    if (v.kind == VALUE_MATRIX) {
        check_error(c, e->where, "'-' does not apply to a matrix");
        check_help(c, "write -(W @ x)");
        return (value){0};
    }
    if (!element_operand(c, &v, e->left->where, "'-'"))
        return (value){0};
    uint32_t op = check_emit(c, PAN_NEG, *check_type(c, &v), e->where, &v.index, 1);
    return value_run(op);
}
