/* Assembly text, a statement per line. An error skips the rest of its line. */
%require "3.8"
%code requires {
#include "isa/asm_internal.h"
}
%code {
#include <string.h>

#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
    do {                                                                                           \
        if (n) {                                                                                   \
            (current) = source_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n));                           \
        } else {                                                                                   \
            (current) = YYRHSLOC(rhs, 0);                                                          \
            (current).begin = (current).end;                                                       \
        }                                                                                          \
    } while (0)
}

%define api.pure full
%define api.prefix {panther_asm_}
%define api.location.type {source_range}
%define parse.error custom
%define parse.lac full
%define lr.default-reduction accepting
%locations
%lex-param {void *scanner}
%parse-param {void *scanner} {assembler *s}
%expect 0

%union {
    const char *text;
    int64_t number;
    double real;
    asm_term term;
    asm_sum sum;
    asm_operand operand;
    asm_operands operands;
    asm_statement statement;
}

%code {
int panther_asm_lex(PANTHER_ASM_STYPE *value, PANTHER_ASM_LTYPE *where, void *scanner);
static void panther_asm_error(source_range *where, void *scanner, assembler *s, const char *text);

static asm_sum add_term(assembler *s, asm_sum sum, asm_term term, bool negative)
{
    term.negative = negative;
    sum.where = source_join(sum.where, term.where);
    ARENA_PUSH(s->memory, sum.terms, sum.count, sum.capacity, term);
    return sum;
}

static asm_operands add_operand(assembler *s, asm_operands list, asm_operand operand)
{
    ARENA_PUSH(s->memory, list.at, list.count, list.capacity, operand);
    return list;
}
}

%token LINE_END "the end of the line"
%token END 0 "the end of the file"
%token <text> DIRECTIVE "a directive" KEY "a key" NAME "a name" TEXT "a text"
%token <number> NUMBER "a number"
%token <real> REAL "a real number"

%type <term> term
%type <sum> sum
%type <operand> operand item
%type <operands> items operands
%type <statement> statement

%%

program
  : lines line
  ;

lines
  : %empty
  | lines line LINE_END
  | lines error LINE_END { yyerrok; }
  ;

line
  : labels
  | labels statement { asm_statement_done(s, &$2); }
  ;

labels
  : %empty
  | labels NAME ':' { asm_define_label(s, $2, @2); }
  ;

statement
  : NAME operands
    { $$ = (asm_statement){$1, @1, @$, $2}; }
  | DIRECTIVE operands
    { $$ = (asm_statement){$1, @1, @$, $2}; }
  ;

operands
  : %empty { $$ = (asm_operands){0}; }
  | items
  ;

items
  : item           { $$ = add_operand(s, (asm_operands){0}, $1); }
  | items ',' item { $$ = add_operand(s, $1, $3); }
  | items KEY operand
    {
        $3.key = $2;
        $3.key_where = @2;
        $$ = add_operand(s, $1, $3);
    }
  ;

item
  : operand
  | KEY operand
    {
        $$ = $2;
        $$.key = $1;
        $$.key_where = @1;
    }
  ;

operand
  : sum         { $$ = (asm_operand){.kind = OPERAND_SUM, .where = @$, .value = $1}; }
  | sum '*' sum
    {
        $$ = (asm_operand){.kind = OPERAND_REPEAT, .where = @$, .value = $1, .times = $3};
    }
  | '[' sum ']' { $$ = (asm_operand){.kind = OPERAND_MEMORY, .where = @$, .value = $2}; }
  | TEXT        { $$ = (asm_operand){.kind = OPERAND_TEXT, .where = @$, .text = $1}; }
  | REAL        { $$ = (asm_operand){.kind = OPERAND_REAL, .where = @$, .real = $1}; }
  | '-' REAL    { $$ = (asm_operand){.kind = OPERAND_REAL, .where = @$, .real = -$2}; }
  ;

sum
  : term         { $$ = add_term(s, (asm_sum){.where = @1}, $1, false); }
  | '+' term     { $$ = add_term(s, (asm_sum){.where = @1}, $2, false); }
  | '-' term     { $$ = add_term(s, (asm_sum){.where = @1}, $2, true); }
  | sum '+' term { $$ = add_term(s, $1, $3, false); }
  | sum '-' term { $$ = add_term(s, $1, $3, true); }
  ;

term
  : NUMBER { $$ = (asm_term){.where = @1, .number = $1}; }
  | NAME   { $$ = (asm_term){.where = @1, .name = $1}; }
  ;

%%

static void panther_asm_error(source_range *where, void *scanner, assembler *s, const char *text)
{
    (void)scanner;
    diag_error(s->d, *where, "%s", text);
}

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner, assembler *s)
{
    enum { MOST = 4 };
    yysymbol_kind_t expected[MOST];
    (void)scanner;
    yysymbol_kind_t found = yypcontext_token(context);
    int n = yypcontext_expected_tokens(context, expected, MOST);
    const char *text = "";
    for (int i = 0; i < n; i++)
        text = arena_printf(s->memory, "%s%s%s", text,
                            i == 0 ? ", expected " : i + 1 == n ? " or " : ", ",
                            yysymbol_name(expected[i]));
    source_range where = *yypcontext_location(context);
    const source_file *file = source_get(diag_sources(s->d), s->file);
    bool ends = found == YYSYMBOL_LINE_END || found == YYSYMBOL_YYEOF;
    diag_error(s->d, where, "unexpected %s%.*s%s%s", ends ? yysymbol_name(found) : "'",
               ends ? 0 : (int)(where.end - where.begin), file->text + where.begin,
               ends ? "" : "'", text);
    return 0;
}
