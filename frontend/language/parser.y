/*
 * Grammar of the language, in the layers of its description (frontend/README.md); no precedence
 * declarations and no conflicts. `error` alternatives in the lists of items, statements, settings
 * and actions let one run report several errors. Nodes live in the arena, so nothing is freed when
 * symbols are discarded.
 */
%code requires {
#include "frontend/language/parse.h"
}

%define api.prefix {pan_y}
%define api.pure full
%define api.location.type {source_range}
%define parse.error custom
%define parse.lac full
%define api.token.prefix {T_}
%expect 0
%locations
%param { pan_parser *p }
%initial-action { @$ = (source_range){p->file, 0, 0}; }

%union {
    ast_name name;
    ast_names names;
    ast_expr *expr;
    ast_exprs exprs;
    ast_arg arg;
    ast_args args;
    ast_type *type;
    ast_types types;
    ast_formal formal;
    ast_formals formals;
    ast_stmt *stmt;
    ast_block *block;
    ast_item item;
    ast_setting setting;
    ast_settings settings;
    ast_operator op;
    int64_t integer;
    double real;
    const char *text;
}

%code {
#include <stdlib.h>

static int pan_ylex(PAN_YSTYPE *value, source_range *where, pan_parser *p);
static void pan_yerror(const source_range *where, pan_parser *p, const char *text);

#define YYLLOC_DEFAULT(whole, parts, count)                                                        \
    do {                                                                                           \
        if (count)                                                                                 \
            (whole) = source_join(YYRHSLOC(parts, 1), YYRHSLOC(parts, count));                     \
        else                                                                                       \
            (whole) = (source_range){YYRHSLOC(parts, 0).file, YYRHSLOC(parts, 0).end,              \
                                     YYRHSLOC(parts, 0).end};                                      \
    } while (0)

#define YYINITDEPTH 200
#define YYMAXDEPTH 4000

#define PUSH(list, value) ARENA_PUSH(p->memory, (list).items, (list).count, (list).capacity, value)

/* Refuses expressions that later stages could not walk recursively. */
static ast_expr *shallow(pan_parser *p, ast_expr *e)
{
    if (e->depth <= PARSE_DEPTH_LIMIT)
        return e;
    if (!p->too_deep)
        pan_parse_error(p, e->where, "the expression is nested too deeply; at most %d levels fit",
                        PARSE_DEPTH_LIMIT);
    p->too_deep = true;
    return ast_leaf(p->memory, EXPR_ERROR, e->where, NULL);
}

static ast_expr *binary(pan_parser *p, ast_operator op, source_range mark, ast_expr *left,
                        ast_expr *right)
{
    return shallow(p, ast_binary(p->memory, op, mark, left, right));
}

static void add_item(pan_parser *p, ast_item item, source_range where)
{
    item.where = where;
    PUSH(p->items, item);
}

static ast_type *type_of(pan_parser *p, source_range where, ast_name name, ast_exprs dims,
                         int format)
{
    ast_type *t = ARENA_NEW(p->memory, ast_type);
    *t = (ast_type){name, dims, format, where};
    return t;
}
}

%token END 0 "the end of the file"
%token INCLUDE "include" CONST "const" PARAM "param" DEF "def" NETWORK "network" DEPLOY "deploy"
%token ON "on" FOR "for" IN "in" IF "if" ELSE "else" RETURN "return" SCAN "scan" STATE "state"
%token YIELD "yield" EVERY "every" AND "and" OR "or" NOT "not" TRUE "true" FALSE "false"
%token <text> KERNEL "kernel" DATA "data" TRAIN "train" NAME "a name" STRING "a string"
%token <integer> INT "an integer" FORMAT "a format"
%token <real> REAL "a number"
%token SEP "a new line or ';'"
%token ARROW "->" ADD_TO "+=" SUB_FROM "-=" LE "<=" GE ">=" EQ "==" NE "!=" FLOOR "//"

%type <name> name
%type <names> names
%type <expr> expr conj neg comparison sum product unary postfix primary
%type <exprs> exprs list actions actionlist
%type <arg> arg
%type <args> args arglist
%type <type> type
%type <types> result types
%type <formal> formal
%type <formals> formals formallist
%type <stmt> stmt branch
%type <block> block stmts otherwise
%type <item> item param
%type <setting> setting
%type <settings> settings settinglist
%type <op> compare
%type <expr> action init

%%

/*
 * Lists of items, statements, settings and actions all have this form; the empty start gives every
 * list a state in which the parser can take up after an error in its first element.
 */
file: start | items ;

start: %empty ;

items: start item { add_item(p, $2, @2); }
    | start error
    | start sep
    | items sep
    | items sep item { add_item(p, $3, @3); }
    | items error
    ;

/* After a separator the parser is in step again: the next error is a new one. */
sep: SEP { yyerrok; } ;

item: "include" STRING { $$ = (ast_item){.kind = ITEM_INCLUDE, .name = {$2, @2}}; }
    | "const" name '=' expr { $$ = (ast_item){.kind = ITEM_CONST, .name = $2, .value = $4}; }
    | param
    | "def" name '(' formals ')' block
        { $$ = (ast_item){.kind = ITEM_DEF, .name = $2, .formals = $4, .block = $6}; }
    | "network" name '(' formals ')' result block
        { $$ = (ast_item){.kind = ITEM_NETWORK, .name = $2, .formals = $4, .results = $6,
                          .block = $7}; }
    | "kernel" name '(' formals ')' result block
        { $$ = (ast_item){.kind = ITEM_KERNEL, .name = $2, .formals = $4, .results = $6,
                          .block = $7}; }
    | "data" name settings { $$ = (ast_item){.kind = ITEM_DATA, .name = $2, .settings = $3}; }
    | "train" name "on" name settings
        { $$ = (ast_item){.kind = ITEM_TRAIN, .name = $2, .target = $4, .settings = $5}; }
    | "deploy" settings
        { $$ = (ast_item){.kind = ITEM_DEPLOY, .name = {"deploy", @1}, .settings = $2}; }
    ;

param: "param" name ':' type init
        { $$ = (ast_item){.kind = ITEM_PARAM, .where = @$, .name = $2, .type = $4, .value = $5}; }
    ;

init: %empty { $$ = NULL; }
    | '=' expr { $$ = $2; }
    ;

formals: %empty { $$ = (ast_formals){0}; }
    | formallist
    | formallist ','
    ;

formallist: formal { $$ = (ast_formals){0}; PUSH($$, $1); }
    | formallist ',' formal { $$ = $1; PUSH($$, $3); }
    ;

formal: name init { $$ = (ast_formal){$1, NULL, $2}; }
    | name ':' type init { $$ = (ast_formal){$1, $3, $4}; }
    ;

result: %empty { $$ = (ast_types){0}; }
    | "->" types { $$ = $2; }
    ;

types: type { $$ = (ast_types){0}; PUSH($$, *$1); }
    | types ',' type { $$ = $1; PUSH($$, *$3); }
    ;

type: name { $$ = type_of(p, @$, $1, (ast_exprs){0}, -1); }
    | name FORMAT { $$ = type_of(p, @$, $1, (ast_exprs){0}, (int)$2); }
    | name '[' exprs ']' { $$ = type_of(p, @$, $1, $3, -1); }
    | name '[' exprs ']' FORMAT { $$ = type_of(p, @$, $1, $3, (int)$5); }
    | FORMAT { $$ = type_of(p, @$, (ast_name){NULL, @1}, (ast_exprs){0}, (int)$1); }
    ;

block: '{' start '}' { $$ = ARENA_NEW(p->memory, ast_block); $$->where = @$; }
    | '{' stmts '}' { $$ = $2; $$->where = @$; }
    ;

stmts: start stmt { $$ = ARENA_NEW(p->memory, ast_block); PUSH(*$$, $2); }
    | start error { $$ = ARENA_NEW(p->memory, ast_block); }
    | start sep { $$ = ARENA_NEW(p->memory, ast_block); }
    | stmts sep { $$ = $1; }
    | stmts sep stmt { $$ = $1; PUSH(*$$, $3); }
    | stmts error { $$ = $1; }
    ;

stmt: names '=' expr
        { $$ = ast_stmt_new(p->memory, STMT_ASSIGN, @$); $$->names = $1; $$->value = $3; }
    | name ':' type '=' expr
        { $$ = ast_stmt_new(p->memory, STMT_ASSIGN, @$); PUSH($$->names, $1); $$->type = $3;
          $$->value = $5; }
    | names '=' "scan" names "in" exprs block
        { $$ = ast_stmt_new(p->memory, STMT_SCAN, source_join(@1, @6)); $$->names = $1;
          $$->over = $4; $$->exprs = $6; $$->block = $7; }
    | name "+=" expr
        { $$ = ast_stmt_new(p->memory, STMT_UPDATE, @$); PUSH($$->names, $1); $$->value = $3; }
    | name "-=" expr
        { $$ = ast_stmt_new(p->memory, STMT_UPDATE, @$); PUSH($$->names, $1); $$->value = $3;
          $$->subtract = true; }
    | name '(' args ')'
        { $$ = ast_stmt_new(p->memory, STMT_CALL, @$);
          $$->value = shallow(p, ast_call(p->memory, @$, $1, $3)); }
    | param
        { $$ = ast_stmt_new(p->memory, STMT_PARAM, @$); PUSH($$->names, $1.name);
          $$->type = $1.type; $$->value = $1.value; }
    | "state" name '=' expr
        { $$ = ast_stmt_new(p->memory, STMT_STATE, @$); PUSH($$->names, $2); $$->value = $4; }
    | "state" name ':' type '=' expr
        { $$ = ast_stmt_new(p->memory, STMT_STATE, @$); PUSH($$->names, $2); $$->type = $4;
          $$->value = $6; }
    | "for" names "in" expr block
        { $$ = ast_stmt_new(p->memory, STMT_FOR, source_join(@1, @4)); $$->names = $2;
          $$->value = $4; $$->block = $5; }
    | branch
    | "return" exprs { $$ = ast_stmt_new(p->memory, STMT_RETURN, @$); $$->exprs = $2; }
    | "yield" exprs { $$ = ast_stmt_new(p->memory, STMT_YIELD, @$); $$->exprs = $2; }
    ;

branch: "if" expr block otherwise
        { $$ = ast_stmt_new(p->memory, STMT_IF, source_join(@1, @2)); $$->value = $2;
          $$->block = $3; $$->otherwise = $4; }
    ;

otherwise: %empty { $$ = NULL; }
    | "else" block { $$ = $2; }
    | "else" branch { $$ = ast_block_of(p->memory, $2); }
    ;

names: name { $$ = (ast_names){0}; PUSH($$, $1); }
    | names ',' name { $$ = $1; PUSH($$, $3); }
    ;

exprs: expr { $$ = (ast_exprs){0}; PUSH($$, $1); }
    | exprs ',' expr { $$ = $1; PUSH($$, $3); }
    ;

settings: '{' start '}' { $$ = (ast_settings){.where = @$}; }
    | '{' settinglist '}' { $$ = $2; $$.where = @$; }
    ;

settinglist: start setting { $$ = (ast_settings){0}; PUSH($$, $2); }
    | start error { $$ = (ast_settings){0}; }
    | start sep { $$ = (ast_settings){0}; }
    | settinglist sep { $$ = $1; }
    | settinglist sep setting { $$ = $1; PUSH($$, $3); }
    | settinglist error { $$ = $1; }
    ;

setting: name '=' expr
        { $$ = (ast_setting){.kind = SETTING_VALUE, .where = @$, .name = $1, .value = $3}; }
    | name settings
        { $$ = (ast_setting){.kind = SETTING_GROUP, .where = @1, .name = $1, .settings = $2}; }
    | name name settings
        { $$ = (ast_setting){.kind = SETTING_GROUP, .where = source_join(@1, @2), .name = $1,
                             .subject = $2, .settings = $3}; }
    | name STRING settings
        { $$ = (ast_setting){.kind = SETTING_GROUP, .where = source_join(@1, @2), .name = $1,
                             .subject = {$2, @2}, .settings = $3}; }
    | "every" name actions
        { $$ = (ast_setting){.kind = SETTING_EVERY, .where = source_join(@1, @2), .name = $2,
                             .actions = $3}; }
    | "every" expr name actions
        { $$ = (ast_setting){.kind = SETTING_EVERY, .where = source_join(@1, @3), .name = $3,
                             .value = $2, .actions = $4}; }
    ;

actions: '{' start '}' { $$ = (ast_exprs){0}; }
    | '{' actionlist '}' { $$ = $2; }
    ;

actionlist: start action { $$ = (ast_exprs){0}; PUSH($$, $2); }
    | start error { $$ = (ast_exprs){0}; }
    | start sep { $$ = (ast_exprs){0}; }
    | actionlist sep { $$ = $1; }
    | actionlist sep action { $$ = $1; PUSH($$, $3); }
    | actionlist error { $$ = $1; }
    ;

action: name '(' args ')' { $$ = shallow(p, ast_call(p->memory, @$, $1, $3)); }
    ;

expr: conj
    | expr "or" conj { $$ = binary(p, AST_OR, @2, $1, $3); }
    ;

conj: neg
    | conj "and" neg { $$ = binary(p, AST_AND, @2, $1, $3); }
    ;

neg: comparison
    | "not" neg { $$ = shallow(p, ast_unary(p->memory, AST_NOT, @1, $2)); }
    ;

comparison: sum
    | sum compare sum { $$ = binary(p, $2, @2, $1, $3); }
    ;

compare: '<' { $$ = AST_LT; } | '>' { $$ = AST_GT; } | "<=" { $$ = AST_LE; } | ">=" { $$ = AST_GE; }
    | "==" { $$ = AST_EQ; } | "!=" { $$ = AST_NE; }
    ;

sum: product
    | sum '+' product { $$ = binary(p, AST_ADD, @2, $1, $3); }
    | sum '-' product { $$ = binary(p, AST_SUB, @2, $1, $3); }
    ;

product: unary
    | product '*' unary { $$ = binary(p, AST_MUL, @2, $1, $3); }
    | product '/' unary { $$ = binary(p, AST_DIV, @2, $1, $3); }
    | product "//" unary { $$ = binary(p, AST_FLOOR, @2, $1, $3); }
    | product '%' unary { $$ = binary(p, AST_MOD, @2, $1, $3); }
    | product '@' unary { $$ = binary(p, AST_MATMUL, @2, $1, $3); }
    ;

unary: postfix
    | '-' unary { $$ = shallow(p, ast_unary(p->memory, AST_NEG, @1, $2)); }
    ;

postfix: primary
    | postfix '.' name { $$ = shallow(p, ast_member(p->memory, $1, $3)); }
    | postfix '[' expr ']' { $$ = shallow(p, ast_index(p->memory, @$, $1, $3, NULL)); }
    | postfix '[' expr ':' expr ']' { $$ = shallow(p, ast_index(p->memory, @$, $1, $3, $5)); }
    ;

primary: name { $$ = ast_leaf(p->memory, EXPR_NAME, @$, $1.text); }
    | name '(' args ')' { $$ = shallow(p, ast_call(p->memory, @$, $1, $3)); }
    | INT { $$ = ast_number(p->memory, EXPR_INT, @$, $1, (double)$1); }
    | REAL { $$ = ast_number(p->memory, EXPR_REAL, @$, 0, $1); }
    | STRING { $$ = ast_leaf(p->memory, EXPR_STRING, @$, $1); }
    | FORMAT { $$ = ast_number(p->memory, EXPR_FORMAT, @$, $1, 0); }
    | "true" { $$ = ast_number(p->memory, EXPR_BOOL, @$, 1, 0); }
    | "false" { $$ = ast_number(p->memory, EXPR_BOOL, @$, 0, 0); }
    | '(' expr ')' { $$ = $2; $$->where = @$; }
    | '[' list ']' { $$ = shallow(p, ast_list(p->memory, @$, $2)); }
    ;

list: %empty { $$ = (ast_exprs){0}; }
    | exprs
    | exprs ',' { $$ = $1; }
    ;

args: %empty { $$ = (ast_args){0}; }
    | arglist
    | arglist ','
    ;

arglist: arg { $$ = (ast_args){0}; PUSH($$, $1); }
    | arglist ',' arg { $$ = $1; PUSH($$, $3); }
    ;

arg: expr { $$ = (ast_arg){{NULL, @1}, $1}; }
    | name '=' expr { $$ = (ast_arg){$1, $3}; }
    ;

name: NAME { $$ = (ast_name){$1, @1}; }
    | KERNEL { $$ = (ast_name){$1, @1}; }
    | DATA { $$ = (ast_name){$1, @1}; }
    | TRAIN { $$ = (ast_name){$1, @1}; }
    ;

%%

static int pan_ylex(PAN_YSTYPE *value, source_range *where, pan_parser *p)
{
    pan_token t = pan_filter(p);
    *where = t.where;
    if (t.kind == T_INT || t.kind == T_FORMAT)
        value->integer = t.integer;
    else if (t.kind == T_REAL)
        value->real = t.real;
    else
        value->text = t.text;
    return t.kind;
}

/* Called by the generated parser for anything but a syntax error: only "memory exhausted". */
static void pan_yerror(const source_range *where, pan_parser *p, const char *text)
{
    (void)text;
    pan_parse_error(p, *where, "the program is nested too deeply here");
}

static int yyreport_syntax_error(const yypcontext_t *context, pan_parser *p)
{
    enum { MOST = 80 };
    yysymbol_kind_t kinds[MOST];
    const char *names[MOST];
    int count = yypcontext_expected_tokens(context, kinds, MOST);
    for (int i = 0; i < count; i++)
        names[i] = yysymbol_name(kinds[i]);
    pan_token at = p->previous;
    pan_syntax_error(p, &at, names, count > 0 ? (size_t)count : 0);
    pan_filter_recover(p, at.kind);
    return 0;
}

ast_items pan_parse(arena *memory, source_set *sources, diag *d, uint32_t file)
{
    pan_parser p = {.memory = memory, .diag = d, .source = source_get(sources, file), .file = file};
    if (p.source->length > 64 << 20) {
        diag_error(d, (source_range){file, 0, 0}, "the file is too large; at most 64 MiB fit");
        return (ast_items){0};
    }
    if (!pan_scan_begin(&p)) {
        diag_error(d, (source_range){file, 0, 0}, "out of memory");
        return (ast_items){0};
    }
    pan_yparse(&p);
    pan_scan_end(&p);
    return p.items;
}
