/* Checked program -> graph IR: what build.c (graphs, matrices) and build_ops.c (ops) share. */
#ifndef PANTHER_FRONTEND_LANGUAGE_BUILD_H
#define PANTHER_FRONTEND_LANGUAGE_BUILD_H

#include "frontend/language/program.h"
#include "ir/graph.h"
#include "isa/support/diag.h"

typedef struct builder {
    const pan_program *p;
    ir_module *m;
    diag *d;
    ir_matrix **matrices; /* of each parameter (a layer's bias has its weight's), or NULL */
    ir_graph *g;
    ir_space each;        /* the space of one example: [n] */
    const pan_body *body; /* what is being walked */
    ir_op **values;       /* of each op of body */
    ir_op *const *inputs; /* of each PAN_INPUT */
    const pan_train *train; /* the block the graph belongs to, or NULL */
    const pan_item *item;
    int64_t streams;      /* random streams given out */
    bool failed;
} builder;

/* Walks body; false (with errors) if it holds something that is not supported yet. */
bool build_body(builder *b, const pan_body *body, ir_op *const *inputs, ir_op **values);

/* The matrix of a parameter, made on first use. */
ir_matrix *build_matrix(builder *b, uint32_t param);

/* An error "not supported yet: WHAT, because WHY"; always NULL. */
ir_op *build_refuse(builder *b, source_range where, const char *what, const char *why);

/* Whether the graph's train block keeps this parameter as it is. */
bool build_frozen(const pan_program *p, const pan_train *train, uint32_t param);

ir_op *build_const(builder *b, double value, uint32_t lanes, int q, source_range where);

/* A label as the vector that losses want. */
ir_op *build_onehot(builder *b, ir_op *label, int q, source_range where);

/* Lanes of a type as one flat vector. */
int64_t build_lanes(const pan_type *t);

#endif
