/*
 * Syntax tree of one .pan file. Nodes live in the arena of the compilation; every node has the
 * source range of its text; lists are arrays. The tree says what was written, nothing more: names
 * are not looked up and shapes are not known here.
 */
#ifndef PANTHER_FRONTEND_LANGUAGE_AST_H
#define PANTHER_FRONTEND_LANGUAGE_AST_H

#include "isa/support/arena.h"
#include "isa/support/source.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ast_name {
    const char *text;
    source_range where;
} ast_name;

typedef struct ast_names {
    ast_name *items;
    size_t count, capacity;
} ast_names;

typedef enum ast_operator {
    AST_OR,
    AST_AND,
    AST_NOT,
    AST_LT,
    AST_GT,
    AST_LE,
    AST_GE,
    AST_EQ,
    AST_NE,
    AST_ADD,
    AST_SUB,
    AST_MUL,
    AST_DIV,
    AST_FLOOR,
    AST_MOD,
    AST_MATMUL,
    AST_NEG,
} ast_operator;

typedef enum ast_expr_kind {
    EXPR_ERROR, /* stands for text that did not parse; already reported */
    EXPR_INT,
    EXPR_REAL,
    EXPR_BOOL,   /* integer is 0 or 1 */
    EXPR_STRING, /* text, escapes replaced, braces not */
    EXPR_FORMAT, /* integer is the number of fraction bits */
    EXPR_NAME,
    EXPR_CALL,   /* text is the function; args */
    EXPR_LIST,   /* items */
    EXPR_UNARY,  /* op left */
    EXPR_BINARY, /* left op right */
    EXPR_MEMBER, /* left . text */
    EXPR_INDEX,  /* left [ right ] */
    EXPR_SLICE,  /* left [ right : third ] */
} ast_expr_kind;

typedef struct ast_expr ast_expr;

typedef struct ast_exprs {
    ast_expr **items;
    size_t count, capacity;
} ast_exprs;

typedef struct ast_arg {
    ast_name name; /* text is NULL for an argument by position */
    ast_expr *value;
} ast_arg;

typedef struct ast_args {
    ast_arg *items;
    size_t count, capacity;
} ast_args;

struct ast_expr {
    ast_expr_kind kind;
    ast_operator op;
    uint32_t depth;     /* nodes on the longest way to a leaf */
    source_range where; /* the whole expression */
    source_range mark;  /* the operator, member or function name */
    const char *text;
    int64_t integer;
    double real;
    ast_expr *left, *right, *third;
    ast_exprs items;
    ast_args args;
};

typedef struct ast_type {
    ast_name name; /* text is NULL if only a format was written */
    ast_exprs dims;
    int format; /* -1 if none was written */
    source_range where;
} ast_type;

typedef struct ast_types {
    ast_type *items;
    size_t count, capacity;
} ast_types;

typedef struct ast_formal {
    ast_name name;
    ast_type *type;  /* NULL if there is none */
    ast_expr *value; /* the default, NULL if there is none */
} ast_formal;

typedef struct ast_formals {
    ast_formal *items;
    size_t count, capacity;
} ast_formals;

typedef enum ast_stmt_kind {
    STMT_ASSIGN, /* names [: type] = value */
    STMT_SCAN,   /* names = scan over in exprs block */
    STMT_UPDATE, /* names[0] += value, or -= */
    STMT_CALL,   /* value is the call */
    STMT_PARAM,  /* param names[0] : type [= value] */
    STMT_STATE,  /* state names[0] [: type] = value */
    STMT_FOR,    /* for names in value block */
    STMT_IF,     /* if value block [else otherwise] */
    STMT_RETURN, /* exprs */
    STMT_YIELD,  /* exprs */
} ast_stmt_kind;

typedef struct ast_stmt ast_stmt;

typedef struct ast_block {
    ast_stmt **items;
    size_t count, capacity;
    source_range where;
} ast_block;

struct ast_stmt {
    ast_stmt_kind kind;
    bool subtract; /* STMT_UPDATE with -= */
    source_range where;
    ast_names names, over;
    ast_type *type;
    ast_expr *value;
    ast_exprs exprs;
    ast_block *block, *otherwise;
};

typedef enum ast_setting_kind {
    SETTING_VALUE, /* name = value */
    SETTING_GROUP, /* name [subject] { settings } */
    SETTING_EVERY, /* every [value] name { actions } */
} ast_setting_kind;

typedef struct ast_setting ast_setting;

typedef struct ast_settings {
    ast_setting *items;
    size_t count, capacity;
    source_range where;
} ast_settings;

struct ast_setting {
    ast_setting_kind kind;
    source_range where;
    ast_name name;
    ast_name subject; /* of a group; text is NULL if there is none */
    ast_expr *value;
    ast_settings settings;
    ast_exprs actions; /* calls */
};

typedef enum ast_item_kind {
    ITEM_INCLUDE, /* name is the path */
    ITEM_CONST,
    ITEM_PARAM,
    ITEM_DEF,
    ITEM_NETWORK,
    ITEM_KERNEL,
    ITEM_DATA,
    ITEM_TRAIN, /* name on target */
    ITEM_DEPLOY,
} ast_item_kind;

typedef struct ast_item {
    ast_item_kind kind;
    source_range where;
    ast_name name, target;
    ast_type *type;
    ast_expr *value;
    ast_formals formals;
    ast_types results;
    ast_block *block;
    ast_settings settings;
} ast_item;

typedef struct ast_items {
    ast_item *items;
    size_t count, capacity;
} ast_items;

/* Nodes; ranges of compound nodes cover their parts. */
ast_expr *ast_leaf(arena *memory, ast_expr_kind kind, source_range where, const char *text);
ast_expr *ast_number(arena *memory, ast_expr_kind kind, source_range where, int64_t integer,
                     double real);
ast_expr *ast_unary(arena *memory, ast_operator op, source_range mark, ast_expr *operand);
ast_expr *ast_binary(arena *memory, ast_operator op, source_range mark, ast_expr *left,
                     ast_expr *right);
ast_expr *ast_member(arena *memory, ast_expr *left, ast_name member);
ast_expr *ast_index(arena *memory, source_range where, ast_expr *left, ast_expr *at, ast_expr *to);
ast_expr *ast_call(arena *memory, source_range where, ast_name function, ast_args args);
ast_expr *ast_list(arena *memory, source_range where, ast_exprs items);
ast_stmt *ast_stmt_new(arena *memory, ast_stmt_kind kind, source_range where);
ast_block *ast_block_of(arena *memory, ast_stmt *only);

/* How an operator is written. */
const char *ast_operator_text(ast_operator op);

#endif
