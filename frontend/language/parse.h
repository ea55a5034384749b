/*
 * Text to syntax tree: scanner (lexer.l), newline filter (newline.c), grammar (parser.y) and the
 * wording of syntax errors (syntax_error.c) share the state below.
 */
#ifndef PANTHER_FRONTEND_LANGUAGE_PARSE_H
#define PANTHER_FRONTEND_LANGUAGE_PARSE_H

#include "frontend/language/ast.h"
#include "isa/support/diag.h"

/* Deepest nesting of expressions that is accepted; everything later walks the tree recursively. */
enum { PARSE_DEPTH_LIMIT = 1000 };

/* One scanned token; kind is the parser's token number, 0 at the end of the file. */
typedef struct pan_token {
    int kind;
    source_range where;
    const char *text; /* name or string */
    int64_t integer;
    double real;
} pan_token;

typedef struct open_bracket {
    int kind; /* '(' '[' '{' */
    source_range where;
} open_bracket;

typedef struct pan_parser {
    arena *memory;
    diag *diag;
    const source_file *source;
    uint32_t file;
    void *scanner;   /* the flex scanner */
    uint32_t offset; /* where the scanner is */
    ast_items items; /* the result */

    /* newline filter */
    bool newline;       /* a newline was scanned before the current token */
    pan_token previous; /* the last token handed to the parser */
    pan_token held;     /* read, but not handed over yet */
    bool has_held;
    size_t missing_braces; /* '}' to hand over before the held token */
    open_bracket *open;
    size_t open_count, open_capacity;
    size_t recover_depth; /* while recovering: braces open at the error, plus 1; else 0 */
    const char *header;   /* the last of def, network, kernel, for, if, else */
    uint32_t last_error;  /* 1 + offset of the last syntax error */
    bool too_deep;        /* nesting was reported */
} pan_parser;

/* Parses file number `file` of the set. Items that did not parse are left out and reported. */
ast_items pan_parse(arena *memory, source_set *sources, diag *d, uint32_t file);

/* The pieces, in the order the text walks through them. */
int pan_scan(pan_parser *p, pan_token *token);         /* lexer.l: the next token, no newlines */
bool pan_scan_begin(pan_parser *p);                    /* false: no memory */
void pan_scan_end(pan_parser *p);
pan_token pan_filter(pan_parser *p);                   /* newline.c: what the parser sees */
void pan_filter_recover(pan_parser *p, int kind);      /* a syntax error at a token of this kind */

/*
 * Reports "found X, expected Y"; expected are token names of the grammar. at is the token that does
 * not fit.
 */
void pan_syntax_error(pan_parser *p, const pan_token *at, const char *const *expected,
                      size_t count);

/* An error of the scanner or parser, at most one for each place. */
void pan_parse_error(pan_parser *p, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
