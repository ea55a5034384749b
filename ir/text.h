/*
 * What the printer and the reader of the text form share, and the reader's own parts: tokens
 * (lex.c), braces with named fields (fields.c), ops (parse_graph.c), the rest (parse.c).
 */
#ifndef PANTHER_IR_TEXT_H
#define PANTHER_IR_TEXT_H

#include "ir/graph.h"

extern const char *const ir_rounding_names[3]; /* in the order of enum rounding */
extern const char *const ir_init_names[3];     /* in the order of enum ir_init */
extern const char *const ir_fold_names[5];     /* in the order of enum ir_fold */

/* A letter or _, then letters, digits, _ and dots; anything else is quoted. */
bool ir_bare_name(const char *text);

typedef enum ir_token_kind {
    IR_TOKEN_END,
    IR_TOKEN_NAME,
    IR_TOKEN_INT,
    IR_TOKEN_REAL,
    IR_TOKEN_STRING,
    IR_TOKEN_VALUE, /* %12 */
    IR_TOKEN_MARK,  /* one character: = , : < > ( ) [ ] { } @ */
    IR_TOKEN_BAD    /* reported already */
} ir_token_kind;

typedef struct ir_token {
    ir_token_kind kind;
    uint32_t begin, end;
    bool fresh;       /* first on its line */
    const char *text; /* NAME, STRING */
    int64_t number;   /* INT, VALUE; MARK: the character */
    double real;      /* REAL, INT */
} ir_token;

/* One reading. Functions that read return false after they have reported an error. */
typedef struct ir_reader {
    arena *memory;
    diag *d;
    ir_module *m;
    bool has_numerics;
    const char *text;
    uint32_t length, at, file;
    ir_token now;    /* the token to be read next */
    uint32_t *files; /* source files that the text lists */
    size_t file_count, file_capacity;
    /* of the graph being read; by number of the op, NULL: not made */
    ir_graph *g;
    ir_op **ops;
    size_t op_capacity;
} ir_reader;

/* ---- lex.c ---- */
void ir_next(ir_reader *r);
bool ir_error_here(ir_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool ir_error_at(ir_reader *r, ir_token t, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool ir_is_mark(const ir_reader *r, char c);
bool ir_is_word(const ir_reader *r, const char *word);
bool ir_accept(ir_reader *r, char c); /* reads the mark if it is next; never an error */
bool ir_expect(ir_reader *r, char c);
bool ir_read_int(ir_reader *r, int64_t low, int64_t high, int64_t *value);
bool ir_read_real(ir_reader *r, double *value);
bool ir_read_name(ir_reader *r, const char **name); /* bare or quoted */
bool ir_read_string(ir_reader *r, const char **text);
/* After an error in what began at byte `begin`: on to the next line, past at least one token. */
void ir_skip_line(ir_reader *r, uint32_t begin);

/* ---- fields.c ---- */
typedef enum ir_field_kind {
    IR_FIELD_U8,
    IR_FIELD_U32,
    IR_FIELD_U32_OR_0, /* 0 where it is not given */
    IR_FIELD_I16,
    IR_FIELD_INT,
    IR_FIELD_I64,
    IR_FIELD_BOOL,
    IR_FIELD_REAL,
    IR_FIELD_REAL_OR_0,
    IR_FIELD_CHOICE, /* an enum, by the names in `choices` */
    IR_FIELD_CHOICE_OR_0,
    IR_FIELD_NAME_OR_NONE, /* @name; NULL where it is not given */
    IR_FIELD_SLICES  /* [b_n ... b_0]: number and bits of the slices of a slicing */
} ir_field_kind;

typedef struct ir_field {
    const char *name;
    ir_field_kind kind;
    size_t offset;
    int64_t low, high;
    const char *const *choices; /* `high` + 1 names */
} ir_field;

/* {name = value, ...}: every field once (optional ones at most), in any order, into a struct. */
bool ir_read_fields(ir_reader *r, const ir_field *fields, size_t count, void *into);

/* ---- parse.c, parse_graph.c ---- */
bool ir_read_place(ir_reader *r, ir_place *place); /* at(node, tile, core, mcu), if there */
bool ir_read_where(ir_reader *r,
                   source_range *where); /* loc("file", line, column, length), if there */
bool ir_read_graph(ir_reader *r);        /* after the word `graph` */

#endif
