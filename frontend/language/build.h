/* Checked program -> graph IR: what build.c (graphs, matrices) and build_ops.c (ops) share. */
#ifndef PANTHER_FRONTEND_LANGUAGE_BUILD_H
#define PANTHER_FRONTEND_LANGUAGE_BUILD_H

#include "frontend/language/program.h"
#include "ir/graph.h"
#include "isa/support/diag.h"

/* What an op of a body is in the graph: of an unrolled seq, one op for each step. */
typedef struct build_value {
    ir_op *op; /* NULL: a seq, or not made */
    ir_op **steps;
} build_value;

typedef struct builder {
    const pan_program *p;
    ir_module *m;
    diag *d;
    ir_matrix ***matrices; /* of each parameter (a layer's bias has its weight's): one per group */
    const pan_op **norms;  /* by parameter: the batch_norm that is folded into its matrix, or NULL */
    ir_graph *g;
    struct build_size *sizes; /* of maps in this graph */
    size_t size_count, size_capacity;
    ir_space each;        /* the space of one example: [n] */
    const pan_body *body; /* what is being walked */
    build_value *values;  /* of each op of body */
    const build_value *inputs; /* of each PAN_INPUT */
    int64_t step;         /* of the seqs that the op being made walks */
    struct build_loop *loop; /* the scan around it, or NULL (build_steps.c) */
    bool rolls;           /* seqs of this graph may be maps (build_rolled.c) */
    bool unroll;          /* they may not: it is built for the second time */
    int64_t scan_steps;   /* of the rolled scan around it, 0: none */
    int64_t states;       /* in this graph */
    int64_t stepped;      /* steps in this graph */
    const pan_train *train; /* the block the graph belongs to, or NULL */
    const pan_item *item;
    int64_t streams;      /* random streams given out */
    bool failed;
} builder;

/* Walks body; false (with errors) if it holds something that is not supported yet. */
bool build_body(builder *b, const pan_body *body, const build_value *inputs, build_value *values);
/* The same for ops first .. end of the body that is being walked. */
void build_ops(builder *b, size_t first, size_t end);

/*
 * The matrix of a parameter, made on first use; NULL after an error. A convolution in groups has
 * one for each group if it is trained: an update would fill what is 0 between the blocks of several.
 * Else it has one for as many groups as a crossbar holds, each a block.
 */
ir_matrix *build_matrix(builder *b, uint32_t param);
ir_matrix **build_matrices(builder *b, uint32_t param);
uint32_t build_groups_together(const builder *b, uint32_t param); /* at most, in one matrix */
/* Adds rows `row` .. row + w->outputs of a parameter from column input0 of a matrix on. */
ir_tensor *build_tensor(builder *b, ir_matrix *w, uint32_t param, uint32_t input0, int64_t row);
/* The name of a layer's matrix in the image. */
const char *build_matrix_name(builder *b, uint32_t param, const char *path);
/* Whether parameters of a recurrence are frozen; an error if not all are treated alike. */
bool build_frozen_everywhere(builder *b, const uint32_t *params, uint32_t count);
/*
 * Notes which arguments of a product meet weights that the graph's train block freezes: argument i
 * those of params[i], the rest those of the last.
 */
void build_still(builder *b, ir_op *product, const uint32_t *params, uint32_t count);
/* Whether a network that is trained reads a parameter: 1 it is trained, 2 it is frozen, 3 both. */
int build_network_use(const pan_program *p, uint32_t param);

/* copies.c: says of the matrices how many copies they shall have; settings without a form. */
void build_copies(builder *b);
void build_check_places(builder *b);

/* ---- ops, for rows of the table (build_ops.c) ---- */

typedef ir_op *build_function(builder *b, const pan_op *op);

/* Operand i; of a seq its value at step b->step. */
ir_op *build_arg(const builder *b, const pan_op *op, uint32_t i);
const pan_op *build_arg_op(const builder *b, const pan_op *op, uint32_t i);

/* A new op that belongs to the layer of its first argument that has one. */
ir_op *build_op(builder *b, ir_opcode code, ir_type type, source_range where, size_t count,
                ir_op *const *args);
/* What `deploy` says of the errors of what op makes (with its params): the attribute `error`. */
void build_error_format(builder *b, const pan_op *op, ir_op *made);
ir_op *build_to_format(builder *b, ir_op *x, int q, source_range where);
ir_op *build_product(builder *b, const pan_op *op, ir_opcode code, ir_matrix *w, ir_type type,
                     size_t count, ir_op *const *args, const char *layer);
/* The product of a layer's matrix with x, and with its bias if it has one. */
ir_op *build_layer(builder *b, const pan_op *op, ir_matrix *w, ir_op *x, ir_type type);
/* The largest format that holds a number. */
int build_finest(double v);

/* ---- batch_norm (build_norm.c) ---- */

build_function build_batch_norm;
/* Finds those that are folded into the matrix of what they normalise: b->norms. */
void build_find_norms(builder *b);
/* Adds the parameters of a folded one to a matrix whose input `bias` is the constant 1. */
void build_norm_tensors(builder *b, ir_matrix *w, const pan_op *norm, uint32_t bias, int64_t row);
/* The batch_norm that the product `op` does as well, or NULL; the format of its result. */
const pan_op *build_norm_of(const builder *b, const pan_op *op);
uint8_t build_result_q(const builder *b, const pan_op *op);

/* ---- seqs (build_steps.c, build_recurrent.c) ---- */

typedef void build_seq_function(builder *b, const pan_op *op, build_value *to);

build_seq_function build_last, build_reverse, build_reshape_seq, build_recurrent;
build_function build_scan_item, build_state, build_state_next;

/* The scan that opens at op `begin`; the op behind it and its results. */
size_t build_scan(builder *b, size_t begin);
/* An op for each step of the seqs that it makes or takes; NULL for one that makes none. */
void build_each_step(builder *b, const pan_op *op, build_function *build, build_value *to);
ir_op **build_steps(builder *b, int64_t count, source_range where); /* NULL after an error */
/* Whether the graph may grow further, else an error. */
bool build_within(builder *b, int64_t steps, source_range where);
/* The mean of one loss for each step. */
ir_op *build_mean_loss(builder *b, const pan_op *op, build_function *loss);
bool build_is_zero(const ir_op *op);

/* ---- rolled seqs (build_rolled.c) ---- */

/* Whether the body's seqs can be maps: its scans look at no other seqs than those they walk. */
bool build_can_roll(const pan_body *body);
/*
 * Whether every matrix of the graph is used in one loop only, as a core has one: of a trained matrix
 * the same, of others at least one that all their products can be in.
 */
bool build_has_loops_apart(const ir_graph *g);
/* Whether values of this type are maps of one row for each step. */
bool build_is_rolled(const builder *b, const pan_type *t);
/* Makes an input one over steps; false after an error. */
bool build_rolled_port(builder *b, ir_op *port, const pan_type *t, source_range where);
void build_rolled_output(builder *b, const pan_op *op, ir_op *value, const char *label,
                         int64_t port);
build_function build_rolled_last, build_rolled_reverse;
/* A seq as one vector, a vector as a seq, a loss per step as their sum; NULL after an error. */
ir_op *build_rolled_join(builder *b, ir_op *x, const pan_type *seq, source_range where);
ir_op *build_rolled_cut(builder *b, ir_op *x, const pan_type *seq, source_range where);
ir_op *build_rolled_mean(builder *b, const pan_op *op, ir_op *loss, int64_t steps);
/* A state that is `first` at step 0 (NULL after an error), and what it is at the next step. */
ir_op *build_prev(builder *b, ir_op *first, int64_t steps, source_range where);
void build_next(builder *b, const ir_op *prev, ir_op *value);
/* The ops of a scan's body and its results. */
void build_rolled_scan(builder *b, size_t begin, size_t end, int64_t steps);

/* ---- maps (build_maps.c) ---- */

/* frame and then rows and columns of a grid; false after an error. */
bool build_grid(builder *b, ir_space frame, int64_t rows, int64_t columns, source_range where,
                ir_space *space);

build_function build_conv2d, build_max_pool, build_avg_pool, build_global_avg_pool, build_patches,
    build_fold, build_reshape;

/* A map as one vector in (channel, row, column) order, and the reverse. NULL after an error. */
ir_op *build_flatten(builder *b, ir_op *map, source_range where);
ir_op *build_unflatten(builder *b, ir_op *x, const pan_type *map, source_range where);

ir_op *build_output(builder *b, ir_op *value, const char *label, int64_t port);

/* An error "not supported yet: WHAT, because WHY"; always NULL. */
ir_op *build_refuse(builder *b, source_range where, const char *what, const char *why);

/* Whether the graph's train block keeps this parameter as it is. */
bool build_frozen(const pan_program *p, const pan_train *train, uint32_t param);

ir_op *build_const(builder *b, double value, uint32_t lanes, int q, source_range where);

/* A label as the vector that losses want. */
ir_op *build_onehot(builder *b, ir_op *label, int q, source_range where);

/* Elements of a type; lanes of its vectors: a map has one per position, a seq one per step. */
int64_t build_elements(const pan_type *t);
int64_t build_lanes(const pan_type *t);

#endif
