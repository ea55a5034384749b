/*
 * Inside the verifier: the state of one run, shared by structure (verify.c), types (shapes.c) and
 * attributes (verify_attrs.c).
 */
#ifndef PANTHER_IR_VERIFY_H
#define PANTHER_IR_VERIFY_H

#include "ir/graph.h"

/* Limits that keep every product of sizes within 64 bits, whatever text a module came from. */
enum { IR_LANES_MAX = 1 << 24, IR_ID_MAX = 1 << 22, IR_GRID_MAX = 14 };
#define IR_WORDS_MAX (UINT64_C(1) << 40)

struct ir_named; /* a table from names to things, names.c */

typedef struct ir_check {
    const ir_module *m;
    const ir_graph *g; /* NULL while the matrices are checked */
    diag *d;
    const char *pass; /* or NULL */
    int errors;
    struct ir_named *matrices, *buffers;
} ir_check;

void ir_fail(ir_check *c, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with "OP %ID: " before the text. */
void ir_fail_op(ir_check *c, const ir_op *op, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The op's attributes: allowed, at most once, complete, in range. */
bool ir_check_attrs(ir_check *c, const ir_op *op);
/* Of classes WINDOW and SPACE: spaces and lanes of arguments and result fit (verify_space.c). */
void ir_check_space(ir_check *c, const ir_op *op);
/* Its type by the row's rule and by what is particular to the op; arguments are sound. */
void ir_check_types(ir_check *c, const ir_op *op);
/* Prev and next in pairs, recurrences point by point; only if the graph has no errors so far. */
void ir_check_states(ir_check *c);
/* Matrix and block named by a matrix op; false with an error if there is none. */
bool ir_check_matrix(ir_check *c, const ir_op *op, const ir_matrix **w, ir_block *part);

/* ---- names.c ---- */
bool ir_named_add(arena *memory, struct ir_named **table, const char *name, const void *thing);
void ir_named_set(arena *memory, struct ir_named **table, const char *name, const void *thing);
const void *ir_named_find(struct ir_named *table, const char *name); /* or NULL */
void ir_named_free(struct ir_named **table);

#endif
