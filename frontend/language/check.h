/*
 * The checker: evaluates what is compile time (constants, loops, calls of def, lists, strings) and
 * writes what is run time as typed ops. The files, in the order a program walks through them:
 *
 *   top.c        items, includes, constants, networks and kernels
 *   body.c       statements        scan.c  scan, state, yield        update.c  W += ...
 *   expr.c       expressions       operators.c  + - * / and comparisons
 *   call.c       calls: binding of arguments, expansion of def
 *   builtins.c   the table of built-in functions; layers.c, shapes.c: their shape functions
 *   formats.c    binary points of every op, once all bodies and settings are known
 *   settings.c   tables of keys; data.c, deploy.c, train.c with every.c and fit.c: the three kinds
 */
#ifndef PANTHER_FRONTEND_LANGUAGE_CHECK_H
#define PANTHER_FRONTEND_LANGUAGE_CHECK_H

#include "frontend/language/ast.h"
#include "frontend/language/program.h"
#include "isa/support/diag.h"

/* Limits that keep every program, however broken, from running away at compile time. */
enum {
    CHECK_STEPS = 4000000,       /* evaluated nodes, list elements and ops */
    CHECK_LIST_LENGTH = 1 << 20, /* elements of one list, bytes of one string */
    CHECK_CALL_DEPTH = 100,      /* calls of def inside each other */
    CHECK_DIMENSION = 1 << 30,   /* one dimension of a shape */
};
#define CHECK_ELEMENTS ((int64_t)1 << 40) /* of one value or parameter */
#define CHECK_COUNT ((int64_t)1 << 40)    /* examples, periods: what the host counts */
#define CHECK_SEED ((int64_t)1 << 53)     /* exact in JSON */

/* ---- values ---- */

typedef enum value_kind {
    VALUE_BAD, /* an error was reported; raises no further ones */
    VALUE_INT,
    VALUE_REAL,
    VALUE_BOOL,
    VALUE_STRING,
    VALUE_FORMAT,
    VALUE_LIST,
    VALUE_HOST,   /* idx(...), sgd(...): meaningful in settings */
    VALUE_RUN,    /* known at run time only: an op of the current body */
    VALUE_MATRIX, /* a matrix parameter */
    VALUE_OUTER,  /* a sum of outer products, in an update */
    VALUE_TUPLE,  /* several results of a def */
} value_kind;

typedef struct value value;

typedef struct value_list {
    value *items;
    size_t count, capacity;
} value_list;

struct value {
    value_kind kind;
    bool transposed;  /* MATRIX */
    uint32_t index;   /* op, parameter */
    int64_t integer;  /* INT, BOOL, FORMAT; REAL: numerator */
    int64_t over;     /* REAL that came from dividing two integers: denominator, else 0 */
    double real;      /* REAL and INT */
    const char *text; /* STRING */
    value_list *list; /* LIST, TUPLE; OUTER: its terms */
    const struct outer_term *term; /* in the list of an OUTER */
    struct call *host;
};

/* One term of an update: +-factor... * outer(col, row). */
typedef struct outer_term {
    uint32_t col, row;
    bool negative;
    double number; /* product of the compile-time factors */
    uint32_t *factors, *divisors;
    size_t factor_count, divisor_count;
    source_range where;
} outer_term;

/* ---- scopes and frames ---- */

typedef struct binding {
    const char *name;
    value bound;
    source_range where;
} binding;

typedef struct scope {
    struct scope *parent;
    binding *items;
    size_t count, capacity;
} scope;

typedef struct counter {
    const char *name;
    int64_t count;
} counter;

/* What all expansions in one network, kernel or loss share. */
typedef struct body_state {
    pan_body *body;
    uint32_t item;  /* index of the network or kernel */
    bool kernel;
    int scans;      /* scan bodies around this point */
    struct touched {
        uint32_t param, read; /* read: PAN_NONE or the op of a vec parameter's read */
        source_range updated; /* file 0: not updated yet */
    } *touched;
    size_t touched_count, touched_capacity;
} body_state;

typedef struct frame {
    struct frame *caller;
    const char *function; /* of a def, else NULL */
    source_range call;
    const char *path; /* of the instance: "" or with a trailing dot */
    counter *counters;
    size_t counter_count, counter_capacity;
    scope *scope;
    const ast_block *block; /* the whole body, to tell unknown names from unset ones */
    body_state *state;      /* NULL where nothing is run time */
    bool save_names;        /* "{epoch}" may stand in strings */
    bool update;            /* outer() may stand */
    int loops, depth;
    bool returned, stopped;
    value_list results;
    struct scan_state *scan;
} frame;

/* ---- symbols ---- */

typedef enum symbol_state { SYMBOL_NEW, SYMBOL_BUSY, SYMBOL_DONE } symbol_state;

/* A declaration at top level. */
typedef struct symbol {
    const char *name;
    const ast_item *item;
    bool main; /* declared in the main file */
    symbol_state state;
    value bound;    /* const, param */
    uint32_t index; /* network, kernel: in items; data: in data */
} symbol;

typedef struct symbols {
    symbol *items;
    size_t count, capacity;
    uint32_t *slots; /* hash table of 1 + index */
    size_t slot_count;
} symbols;

typedef struct loaded_file {
    const char *path; /* resolved, to tell files apart */
    uint32_t file;
    ast_items items;
} loaded_file;

typedef struct checker {
    arena *memory;
    source_set *sources;
    diag *diag;
    pan_program *program;
    frame *frame;
    symbols functions, values, items;
    symbols paths; /* of parameters, to find one used twice */
    loaded_file *files;
    size_t file_count, file_capacity;
    uint64_t steps;
    bool exhausted;
    source_range *reported;
    size_t reported_count, reported_capacity;
    bool silent; /* the last error was a repetition: its help and notes are dropped too */
} checker;

/* ---- check.c: errors, scopes, ops ---- */

value check_error(checker *c, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* always VALUE_BAD */
void check_help(checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_note(checker *c, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool check_step(checker *c, source_range where, size_t cost); /* false: too much work */

const char *check_text(checker *c, source_range where);   /* 'x' as written, or "the value" */
const char *check_source(checker *c, source_range where); /* the same without quotes */
const char *check_type_text(checker *c, const pan_type *t);
const char *check_describe(checker *c, const value *v);   /* "a vec[10]", "a string" */
int check_line(checker *c, source_range where);
const char *check_join(checker *c, const char *const *names, size_t count);

symbol *symbols_find(const symbols *s, const char *name);
symbol *symbols_add(arena *memory, symbols *s, const char *name); /* must be new */

binding *scope_find(scope *s, const char *name);
void scope_bind(checker *c, const char *name, value v, source_range where);
void scope_unbind(scope *s, const char *name);

uint32_t check_emit(checker *c, pan_opcode code, pan_type type, source_range where,
                    const uint32_t *args, size_t count);
bool check_size(checker *c, const int64_t *dims, size_t count, source_range where);
pan_op *check_op(checker *c, uint32_t index);
value value_run(uint32_t op);
value value_int(int64_t v);
value value_real(double v);
value value_bool(bool v);
value value_string(const char *text);
value value_list_of(arena *memory, value_kind kind, const value_list *list);
value check_run(checker *c, value v, source_range where); /* numbers become ops */
bool value_is_number(const value *v);
const pan_type *check_type(checker *c, const value *v); /* of a VALUE_RUN */

/* ---- names.c ---- */
value check_name(checker *c, const char *name, source_range where);
value check_param_read(checker *c, uint32_t param, source_range where);
uint32_t check_param_new(checker *c, pan_param param, const char *name); /* PAN_NONE on errors */
value check_param_value(checker *c, uint32_t param);
void check_touch(checker *c, uint32_t param);

/* ---- expr.c ---- */
value check_expr(checker *c, const ast_expr *e);
value check_single(checker *c, const ast_expr *e); /* refuses tuples */
bool check_integer(checker *c, const value *v, source_range where, const char *what, int64_t *out);
bool check_truth(checker *c, const ast_expr *e, bool *out);
const char *check_insert(checker *c, const char *text, source_range where); /* {name} in strings */
bool check_pan_type(checker *c, const ast_type *t, pan_type *out); /* a type as written */

/* ---- operators.c ---- */
value check_binary(checker *c, const ast_expr *e);
value check_unary(checker *c, const ast_expr *e);
value check_element(checker *c, pan_opcode code, value a, value b, source_range where,
                    const char *what);
bool check_shapes(checker *c, const pan_type *a, const pan_type *b, pan_type *out);
bool value_equal(const value *a, const value *b);

/* ---- call.c ---- */
value check_call(checker *c, const ast_expr *e);
value check_expand(checker *c, const ast_item *def, const value *args, size_t count,
                   source_range where);
const char *check_instance(checker *c, const char *function, const char *name);

/* ---- body.c, scan.c, update.c ---- */
void check_block(checker *c, const ast_block *block);
bool check_assigned(const ast_block *block, const char *name);
value check_as_type(checker *c, value v, const ast_type *type, const ast_expr *e, size_t before);
void check_bind(checker *c, const ast_name *name, value v);
void check_scan(checker *c, const ast_stmt *s);
void check_state(checker *c, const ast_stmt *s);
void check_yield(checker *c, const ast_stmt *s);
void check_update(checker *c, const ast_stmt *s);
value check_outer(checker *c, value col, value row, source_range where);
value check_outer_operator(checker *c, const ast_expr *e, value a, value b);
value check_outer_negate(checker *c, value a);
uint32_t check_param_statement(checker *c, ast_name name, const ast_type *type,
                               const ast_expr *init, bool shared);

/* ---- settings.c, data.c, train.c, deploy.c ---- */
typedef struct setting_row {
    const char *name;
    void (*take)(checker *c, void *into, const ast_setting *s);
    bool required;
} setting_row;

void check_settings(checker *c, const char *what, const ast_settings *settings,
                    const setting_row *rows, size_t row_count, void *into);
bool setting_value(checker *c, const ast_setting *s, value *out);
void setting_kind(checker *c, const ast_setting *s, const value *v, const char *wanted);
void setting_integer(checker *c, const ast_setting *s, int64_t low, int64_t high, int64_t *out);
void setting_number(checker *c, const ast_setting *s, double *out);
void setting_bool(checker *c, const ast_setting *s, bool *out);
void setting_string(checker *c, const ast_setting *s, const char **out);
void setting_choice(checker *c, const ast_setting *s, const char *const *choices, size_t count,
                    const char **out);
void setting_integers(checker *c, const ast_setting *s, pan_ints *out);
const char *check_folder(checker *c, source_range where);

void check_data(checker *c, const ast_item *item, pan_data *out);
void check_train(checker *c, const ast_item *item, bool main);
/* main: of the main file; others are checked, but their layer settings have no effect */
void check_deploy(checker *c, const ast_item *item, pan_deploy *out, bool main);

/* ---- builtins.c ---- */
enum { CALL_ARGS = 9 };

typedef enum arg_kind {
    ARG_ANY,    /* as it comes */
    ARG_RUN,    /* a run-time value of a type the row accepts */
    ARG_ELEM,   /* the same, or a number */
    ARG_COUNT,  /* a positive integer */
    ARG_INT,    /* an integer from 0 */
    ARG_PAIR,   /* positive: an integer or [vertical, horizontal]; bound as a list of two */
    ARG_PAD,    /* the same from 0 */
    ARG_BOOL,
    ARG_NUMBER,
    ARG_STRING,
    ARG_LIST,
} arg_kind;

typedef enum arg_default { ARG_REQUIRED, ARG_IS, ARG_AS_BEFORE, ARG_MAY_LACK } arg_default;

typedef struct arg_spec {
    const char *name;
    arg_kind kind;
    arg_default otherwise; /* AS_BEFORE: the same as the argument before it */
    double number;         /* IS: the default */
} arg_spec;

/* Types that the run-time arguments of a built-in accept. */
enum {
    TAKES_SCALAR = 1,
    TAKES_VEC = 2,
    TAKES_MAP = 4,
    TAKES_VECS = 8,     /* seq of vec */
    TAKES_SCALARS = 16, /* seq of scalar */
    TAKES_LABEL = 32,
    TAKES_LABELS = 64, /* seq of label */
};

typedef struct call call;

typedef struct builtin {
    const char *name;
    pan_opcode code;
    value (*apply)(call *k);
    unsigned takes;
    const char *expects; /* the same in words */
    unsigned flags;
    arg_spec args[CALL_ARGS];
} builtin;

enum {
    CALL_LAYER = 1, /* has parameters and accepts name = */
    CALL_REST = 2,  /* the last argument may be repeated */
    CALL_RUN = 4,   /* stands in networks and kernels only */
};

struct call {
    checker *c;
    const builtin *row;
    source_range where, function;
    value v[CALL_ARGS];
    source_range at[CALL_ARGS];
    bool given[CALL_ARGS];
    value_list rest; /* repetitions of the last argument, the first included */
    source_range *rest_at;
    const char *name; /* name =, or NULL */
};

const builtin *builtin_find(const char *name);
const builtin *builtin_at(size_t i); /* NULL behind the last */
const char *builtin_arguments(arena *memory, const builtin *row);
size_t builtin_arg_count(const builtin *row);
value call_expects(call *k, size_t arg);

/* shape functions */
value apply_dense(call *k);
value apply_conv2d(call *k);
value apply_batch_norm(call *k);
value apply_recurrent(call *k);
value apply_pool(call *k);
value apply_global_avg_pool(call *k);
value apply_patches(call *k);
value apply_fold(call *k);
value apply_flatten(call *k);
value apply_reshape(call *k);
value apply_concat(call *k);
value apply_last(call *k);
value apply_reverse(call *k);
value apply_one_hot(call *k);
value apply_fill(call *k);
value apply_each(call *k);
value apply_leaky_relu(call *k);
value apply_min_max(call *k);
value apply_clamp(call *k);
value apply_where(call *k);
value apply_softmax(call *k);
value apply_reduce(call *k);
value apply_dot(call *k);
value apply_outer(call *k);
value apply_sqrt(call *k);
value apply_floor_ceil(call *k);
value apply_range(call *k);
value apply_len(call *k);
value apply_host(call *k);
value apply_loss(call *k);

#endif
