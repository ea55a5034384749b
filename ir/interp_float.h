/*
 * Inside the float interpreter: its state, and one function per op (named after its row).
 */
#ifndef PANTHER_IR_INTERP_FLOAT_H
#define PANTHER_IR_INTERP_FLOAT_H

#include "ir/interp.h"

typedef struct float_matrix {
    const ir_matrix *w;
    double *weights; /* inputs x outputs */
} float_matrix;

struct ir_float {
    arena *memory;
    const ir_module *m;
    uint64_t seed;
    uint32_t side;
    float_matrix *matrices;
    size_t matrix_count;
    ir_matrix_index *index;
    ir_values values;
    double *operand; /* scratch: the arguments of one op joined */
    size_t operand_capacity;
    /* the run */
    ir_plan plan;
    const ir_graph *g;
    uint64_t step;
    const double *const *inputs;
    double *const *outputs;
};

/* An op at one point of its space, or an op on maps at one frame. */
typedef struct float_site {
    ir_float *f;
    const ir_op *op;
    const float_matrix *w; /* that the op names, or NULL */
    ir_window window;      /* of an op on maps */
    size_t point;
    double *y;
    const double *const *x; /* vectors or maps of the arguments */
} float_site;

/* The arguments end to end, until the next call. */
double *float_join(const float_site *s);

typedef void float_function(const float_site *s);
#define OP(name, low, high, class, result, attrs, meaning) float_function float_op_##name;
#include "ir/ops.def"
#undef OP

#endif
