/* The sums within a matrix product that a format must hold beside its result. */
#include "frontend/cli/calibrate.h"

#include "frontend/cli/build.h"

#include <math.h>
#include <string.h>

typedef struct product {
    const ir_graph *graph;
    const ir_op *op;
    size_t inputs, outputs, side; /* side: inputs of one block */
    double **args; /* values of each argument */
    double *x;     /* joined arguments of one point */
    double *sums;  /* blocks x outputs */
} product;

/* sum(lo, hi) = sum(lo, mid) + sum(mid, hi), mid - lo the largest power of two below hi - lo. */
static double tree(const double *sums, size_t stride, size_t low, size_t high, double *largest)
{
    size_t step = 1;
    while (step * 2 < high - low)
        step *= 2;
    double sum = high - low == 1 ? sums[low * stride]
                                 : tree(sums, stride, low, low + step, largest) +
                                       tree(sums, stride, low + step, high, largest);
    *largest = fmax(*largest, fabs(sum));
    return sum;
}

static void join(const product *p, size_t point)
{
    size_t at = 0;
    for (uint32_t a = 0; a < p->op->arg_count; a++) {
        const ir_op *arg = p->op->args[a];
        size_t from = ir_space_project(p->graph, p->op->space, point, arg->space);
        for (uint32_t lane = 0; lane < arg->type.lanes && at < p->inputs; lane++)
            p->x[at++] = p->args[a][from * arg->type.lanes + lane];
    }
}

static void sum_blocks(const product *p, const double *w)
{
    size_t blocks = (p->inputs + p->side - 1) / p->side;
    for (size_t i = 0; i < blocks * p->outputs; i++)
        p->sums[i] = 0;
    for (size_t i = 0; i < p->inputs; i++) {
        double *to = p->sums + i / p->side * p->outputs;
        for (size_t o = 0; o < p->outputs; o++)
            to[o] += p->x[i] * w[i * p->outputs + o];
    }
}

static bool take_args(arena *scratch, const engine *e, product *p)
{
    p->args = ARENA_ARRAY(scratch, double *, p->op->arg_count + 1);
    for (uint32_t a = 0; a < p->op->arg_count; a++) {
        const ir_op *arg = p->op->args[a];
        size_t count = ir_space_points(p->graph, arg->space) * arg->type.lanes;
        p->args[a] = ARENA_ARRAY(scratch, double, count + 1);
        if (!interpreter_values(e, arg, count, p->args[a]))
            return false;
    }
    return true;
}

double calibrate_partial_sums(engine *e, const ir_graph *g, const ir_op *op)
{
    const image *im = e->im;
    const char *name = ir_get_name(op, IR_ATTR_matrix, "");
    uint32_t index = 0;
    while (index < im->matrix_count && strcmp(im->matrices[index].name, name) != 0)
        index++;
    product p = {.graph = g, .op = op, .side = (size_t)e->machine->slices.rows};
    if (index == im->matrix_count || im->matrices[index].rows <= p.side)
        return 0;
    arena *scratch = arena_new();
    double largest = 0;
    p.inputs = im->matrices[index].rows;
    p.outputs = im->matrices[index].columns;
    p.x = ARENA_ARRAY(scratch, double, p.inputs);
    p.sums = ARENA_ARRAY(scratch, double, (p.inputs / p.side + 1) * p.outputs);
    double *w = ARENA_ARRAY(scratch, double, p.inputs * p.outputs);
    e->table->read_matrix(e, index, w);
    size_t blocks = (p.inputs + p.side - 1) / p.side;
    bool good = take_args(scratch, e, &p);
    for (size_t point = 0; good && point < ir_space_points(g, op->space); point++) {
        join(&p, point);
        sum_blocks(&p, w);
        for (size_t o = 0; o < p.outputs; o++)
            tree(p.sums + o, p.outputs, 0, blocks, &largest);
    }
    arena_free(scratch);
    return largest;
}
