/*
 * Finite differences of gradients: a graph under construction, and the check that one kernel with
 * rate 1 adds the gradient of its loss to the weights (in double precision, float interpreter).
 */
#ifndef PANTHER_TESTS_UNIT_GRADIENT_FIXTURE_H
#define PANTHER_TESTS_UNIT_GRADIENT_FIXTURE_H

#include "test_passes.h"

#include <math.h>

enum { LANES = 5, INPUTS = 4, BATCH = 2 };

/* A graph under construction: x, two trained layers a and b of it, numbers r of the host. */
typedef struct model {
    bench *b;
    ir_graph *g;
    ir_op *x, *a, *c, *r, *y;
    uint8_t n;
} model;

static inline ir_op *op1(model *m, ir_opcode code, ir_op *x)
{
    return IR_OP(m->g, code, ir_vec(x->type.lanes, code == IR_sign ? 0 : 9), SOURCE_NOWHERE, x);
}

static inline ir_op *op2(model *m, ir_opcode code, ir_op *x, ir_op *y)
{
    uint32_t lanes = x->type.lanes > y->type.lanes ? x->type.lanes : y->type.lanes;
    uint8_t q = ir_ops[code].result == IR_RESULT_MASK ? 0 : 9;
    return IR_OP(m->g, code, ir_vec(lanes, q), SOURCE_NOWHERE, x, y);
}

static inline ir_op *number(model *m, double v)
{
    return constant(m->g, v, 1, 9);
}

static inline ir_op *matrix_op(model *m, ir_opcode code, const char *name, uint32_t lanes, ir_op *x,
                        ir_op *more)
{
    ir_op *op = IR_OP(m->g, code, ir_vec(lanes, 9), SOURCE_NOWHERE, x);
    if (more)
        ir_op_add_arg(m->g, op, more);
    ir_set_name(m->g, op, IR_ATTR_matrix, name);
    return op;
}

static inline void model_open(model *m, bench *b)
{
    *m = (model){.b = b, .g = ir_graph_new(b->m, "step")};
    m->n = ir_graph_dim(m->g, "n", BATCH);
    ir_matrix_new(b->m, "wa", LANES, INPUTS + 1, 26);
    ir_matrix_new(b->m, "wc", LANES, INPUTS + 1, 26);
    m->x = input(m->g, 0, ir_vec(INPUTS, 9), "input", m->n, true);
    m->r = input(m->g, 1, ir_vec(LANES, 9), "target", m->n, true);
    m->a = matrix_op(m, IR_mvm, "wa", LANES, m->x, number(m, 1));
    m->c = matrix_op(m, IR_mvm, "wc", LANES, m->x, number(m, 1));
}

static inline ir_op *slice_of(model *m, ir_op *x, uint32_t first, uint32_t lanes)
{
    ir_op *op = IR_OP(m->g, IR_slice, ir_vec(lanes, x->type.q), SOURCE_NOWHERE, x);
    ir_set_int(m->g, op, IR_ATTR_first, first);
    return op;
}

static inline ir_op *reference(model *m, ir_op *y)
{
    return y->type.lanes <= LANES ? slice_of(m, m->r, 0, y->type.lanes)
                                  : op2(m, IR_add, slice_of(m, m->r, 0, 1), y);
}

static inline ir_op *loss_weighted(model *m, ir_op *y)
{
    ir_op *product = op2(m, IR_mul, y, reference(m, y));
    return IR_OP(m->g, IR_sum, ir_vec(1, 9), SOURCE_NOWHERE, product);
}

/* ---- finite differences ---- */

/* The forward graph in a module of its own, with the loss as output 0. */
static inline ir_graph *forward_copy(bench *b, const ir_graph *g)
{
    ir_module *m = ir_module_new(b->memory, NULL, &b->m->numerics);
    for (size_t i = 0; i < b->m->matrix_count; i++) {
        const ir_matrix *w = b->m->matrices[i];
        ir_matrix_new(m, w->name, w->outputs, w->inputs, w->q);
    }
    ir_graph *copy = ir_graph_copy(m, g, "loss");
    ir_op *out = IR_OP(copy, IR_output, ir_no_type, SOURCE_NOWHERE, copy->last);
    ir_set_int(copy, out, IR_ATTR_port, 0);
    return copy;
}

static inline double total_loss(ir_float *f, const ir_graph *g, const double *const *inputs)
{
    double losses[BATCH] = {0}, *outputs[1] = {losses};
    double sum = 0;
    ir_float_run(f, g, 0, inputs, outputs);
    size_t points = ir_space_points(g, g->last->space);
    for (size_t i = 0; i < points; i++)
        sum += losses[i];
    return sum;
}

static inline void check_weights(bench *b, ir_float *forward, const ir_graph *loss,
                          const double *const *inputs, const ir_matrix *w, const double *gradient,
                          const char *name)
{
    const double h = 1e-5;
    double *at = ir_float_weights(forward, ir_module_matrix(loss->module, w->name));
    for (size_t i = 0; i < (size_t)w->inputs * w->outputs; i++) {
        double kept = at[i];
        at[i] = kept + h;
        double up = total_loss(forward, loss, inputs);
        at[i] = kept - h;
        double down = total_loss(forward, loss, inputs);
        at[i] = kept;
        double measured = w->frozen ? 0 : (up - down) / (2 * h);
        if (!(fabs(measured - gradient[i]) <= 2e-6 * (1 + fabs(measured)))) {
            fprintf(stderr, "%s: matrix %s weight %zu: finite difference %.9g, gradient %.9g\n",
                    name, w->name, i, measured, gradient[i]);
            fail_with(b, name);
        }
    }
}

/* Trains one kernel with rate 1 from random weights and compares what was added to them. */
static inline void check_gradient(model *m, ir_op *loss, const char *name)
{
    bench *b = m->b;
    double x[BATCH * INPUTS], r[BATCH * LANES], rate[1] = {1};
    const double *inputs[3] = {x, r, rate};
    ir_graph *forward = forward_copy(b, m->g);
    IR_OP(m->g, IR_descend, ir_no_type, SOURCE_NOWHERE, loss,
          input(m->g, 2, ir_vec(1, 15), "scalar", m->n, false));
    if (!ir_verify(b->m, b->d, NULL))
        fail_with(b, name);
    bench_pass(b, "differentiate", pass_differentiate);
    for (size_t i = 0; i < BATCH * INPUTS; i++)
        x[i] = uniform(b, -1, 1);
    for (size_t i = 0; i < BATCH * LANES; i++)
        r[i] = uniform(b, -1, 1);
    ir_float *trained = ir_float_new(b->memory, b->m, 0);
    ir_float *probe = ir_float_new(b->memory, forward->module, 0);
    double **before = ARENA_ARRAY(b->memory, double *, b->m->matrix_count);
    for (size_t k = 0; k < b->m->matrix_count; k++) {
        const ir_matrix *w = b->m->matrices[k];
        size_t n = (size_t)w->inputs * w->outputs;
        double *weights = ir_float_weights(trained, w);
        before[k] = ARENA_ARRAY(b->memory, double, n);
        for (size_t i = 0; i < n; i++)
            before[k][i] = weights[i] = uniform(b, -1, 1);
        memcpy(ir_float_weights(probe, ir_module_matrix(forward->module, w->name)), weights,
               n * sizeof *weights);
    }
    ir_float_run(trained, m->g, 0, inputs, NULL);
    for (size_t k = 0; k < b->m->matrix_count; k++) {
        const ir_matrix *w = b->m->matrices[k];
        double *gradient = ir_float_weights(trained, w);
        for (size_t i = 0; i < (size_t)w->inputs * w->outputs; i++)
            gradient[i] -= before[k][i];
        check_weights(b, probe, forward, inputs, w, gradient, name);
    }
}

#endif
