#include "frontend/language/ast.h"

static ast_expr *expr_new(arena *memory, ast_expr_kind kind, source_range where)
{
    ast_expr *e = ARENA_NEW(memory, ast_expr);
    e->kind = kind;
    e->where = where;
    e->mark = where;
    e->depth = 1;
    return e;
}

static void contain(ast_expr *parent, const ast_expr *child)
{
    if (child && child->depth >= parent->depth)
        parent->depth = child->depth + 1;
}

ast_expr *ast_leaf(arena *memory, ast_expr_kind kind, source_range where, const char *text)
{
    ast_expr *e = expr_new(memory, kind, where);
    e->text = text;
    return e;
}

ast_expr *ast_number(arena *memory, ast_expr_kind kind, source_range where, int64_t integer,
                     double real)
{
    ast_expr *e = expr_new(memory, kind, where);
    e->integer = integer;
    e->real = real;
    return e;
}

ast_expr *ast_unary(arena *memory, ast_operator op, source_range mark, ast_expr *operand)
{
    ast_expr *e = expr_new(memory, EXPR_UNARY, source_join(mark, operand->where));
    e->op = op;
    e->mark = mark;
    e->left = operand;
    contain(e, operand);
    return e;
}

ast_expr *ast_binary(arena *memory, ast_operator op, source_range mark, ast_expr *left,
                     ast_expr *right)
{
    ast_expr *e = expr_new(memory, EXPR_BINARY, source_join(left->where, right->where));
    e->op = op;
    e->mark = mark;
    e->left = left;
    e->right = right;
    contain(e, left);
    contain(e, right);
    return e;
}

ast_expr *ast_member(arena *memory, ast_expr *left, ast_name member)
{
    ast_expr *e = expr_new(memory, EXPR_MEMBER, source_join(left->where, member.where));
    e->mark = member.where;
    e->text = member.text;
    e->left = left;
    contain(e, left);
    return e;
}

ast_expr *ast_index(arena *memory, source_range where, ast_expr *left, ast_expr *at, ast_expr *to)
{
    ast_expr *e = expr_new(memory, to ? EXPR_SLICE : EXPR_INDEX, where);
    e->left = left;
    e->right = at;
    e->third = to;
    contain(e, left);
    contain(e, at);
    contain(e, to);
    return e;
}

ast_expr *ast_call(arena *memory, source_range where, ast_name function, ast_args args)
{
    ast_expr *e = expr_new(memory, EXPR_CALL, where);
    e->mark = function.where;
    e->text = function.text;
    e->args = args;
    for (size_t i = 0; i < args.count; i++)
        contain(e, args.items[i].value);
    return e;
}

ast_expr *ast_list(arena *memory, source_range where, ast_exprs items)
{
    ast_expr *e = expr_new(memory, EXPR_LIST, where);
    e->items = items;
    for (size_t i = 0; i < items.count; i++)
        contain(e, items.items[i]);
    return e;
}

ast_stmt *ast_stmt_new(arena *memory, ast_stmt_kind kind, source_range where)
{
    ast_stmt *s = ARENA_NEW(memory, ast_stmt);
    s->kind = kind;
    s->where = where;
    return s;
}

ast_block *ast_block_of(arena *memory, ast_stmt *only)
{
    ast_block *block = ARENA_NEW(memory, ast_block);
    ARENA_PUSH(memory, block->items, block->count, block->capacity, only);
    block->where = only->where;
    return block;
}

const char *ast_operator_text(ast_operator op)
{
    static const char *const texts[] = {
        [AST_OR] = "or", [AST_AND] = "and", [AST_NOT] = "not",  [AST_LT] = "<",
        [AST_GT] = ">",  [AST_LE] = "<=",   [AST_GE] = ">=",    [AST_EQ] = "==",
        [AST_NE] = "!=", [AST_ADD] = "+",   [AST_SUB] = "-",    [AST_MUL] = "*",
        [AST_DIV] = "/", [AST_FLOOR] = "//", [AST_MOD] = "%",   [AST_MATMUL] = "@",
        [AST_NEG] = "-",
    };
    return texts[op];
}
