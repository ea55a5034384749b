/*
 * Inside the fixed-point interpreter: its state, and one function per op (named after its row).
 */
#ifndef PANTHER_IR_INTERP_FIXED_H
#define PANTHER_IR_INTERP_FIXED_H

#include "ir/fixed_block.h"
#include "ir/interp.h"

typedef struct fixed_matrix {
    const ir_matrix *w;
    uint32_t rows, columns; /* in blocks */
    fixed_block *blocks;    /* row-major */
} fixed_matrix;

struct ir_fixed {
    arena *memory;
    const ir_module *m;
    fidelity how;
    uint64_t seed;
    uint32_t side;
    fixed_matrix *matrices;
    size_t matrix_count;
    ir_matrix_index *index;
    ir_values values;
    /* scratch: one operand; partial results of a product; one block's product */
    int16_t *operand, *parts;
    size_t operand_capacity, part_capacity;
    double *reals;
    size_t real_capacity;
    int64_t sums[CROSSBAR_SIDE_MAX];
    /* the run */
    ir_plan plan;
    const ir_graph *g;
    uint64_t step;
    const int16_t *const *inputs;
    int16_t *const *outputs;
};

/* An op at one point of its space, or an op on maps at one frame. */
typedef struct fixed_site {
    ir_fixed *f;
    const ir_op *op;
    const fixed_matrix *w; /* that the op names, or NULL */
    ir_window window;      /* of an op on maps */
    size_t point;
    int16_t *y;
    const int16_t *const *x; /* vectors or maps of the arguments */
} fixed_site;

typedef void fixed_function(const fixed_site *s);
#define OP(name, low, high, class, result, attrs, meaning) fixed_function fixed_op_##name;
#include "ir/ops.def"
#undef OP

/* Arguments first..end joined end to end in f->operand, from word `at` on. */
void fixed_join(const fixed_site *s, uint32_t first, uint32_t end, size_t at);
/* The updates of all matrices at the end of a run. */
void fixed_update_all(ir_fixed *f);
/* parts[0], parts[step], ... parts[(count - 1) * step], added as the balanced tree of graph.h. */
int16_t fixed_tree_sum(const int16_t *parts, size_t step, size_t count);

#endif
