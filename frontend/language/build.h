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
    ir_matrix ***matrices; /* of each parameter (a layer's bias has its weight's): one per group */
    ir_graph *g;
    struct build_size *sizes; /* of maps in this graph */
    size_t size_count, size_capacity;
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

/*
 * The matrix of a parameter, made on first use; NULL after an error. A convolution in groups has one
 * for each group.
 */
ir_matrix *build_matrix(builder *b, uint32_t param);
ir_matrix **build_matrices(builder *b, uint32_t param);

/* ---- ops, for rows of the table (build_ops.c) ---- */

typedef ir_op *build_function(builder *b, const pan_op *op);

ir_op *build_arg(const builder *b, const pan_op *op, uint32_t i);
const pan_op *build_arg_op(const builder *b, const pan_op *op, uint32_t i);

/* A new op that belongs to the layer of its first argument that has one. */
ir_op *build_op(builder *b, ir_opcode code, ir_type type, source_range where, size_t count,
                ir_op *const *args);
ir_op *build_to_format(builder *b, ir_op *x, int q, source_range where);
/* The product of a layer's matrix with x, and with its bias if it has one. */
ir_op *build_layer(builder *b, const pan_op *op, ir_matrix *w, ir_op *x, ir_type type);
/* The largest format that holds a number. */
int build_finest(double v);

build_function build_batch_norm; /* build_norm.c */

/* ---- maps (build_maps.c) ---- */

build_function build_conv2d, build_max_pool, build_avg_pool, build_global_avg_pool, build_patches,
    build_fold, build_reshape;

/* A map as one vector in (channel, row, column) order, and the reverse. NULL after an error. */
ir_op *build_flatten(builder *b, ir_op *map, source_range where);
ir_op *build_unflatten(builder *b, ir_op *x, const pan_type *map, source_range where);

/* An error "not supported yet: WHAT, because WHY"; always NULL. */
ir_op *build_refuse(builder *b, source_range where, const char *what, const char *why);

/* Whether the graph's train block keeps this parameter as it is. */
bool build_frozen(const pan_program *p, const pan_train *train, uint32_t param);

ir_op *build_const(builder *b, double value, uint32_t lanes, int q, source_range where);

/* A label as the vector that losses want. */
ir_op *build_onehot(builder *b, ir_op *label, int q, source_range where);

/* Elements of a type, and lanes of its vectors: a map has one at each position, all else one. */
int64_t build_elements(const pan_type *t);
int64_t build_lanes(const pan_type *t);

#endif
