#include "ir/interp_float.h"

#include <string.h>

static float_function *const functions[IR_OPCODES] = {
#define OP(name, low, high, class, result, attrs, meaning) float_op_##name,
#include "ir/ops.def"
#undef OP
};

ir_float *ir_float_new(arena *memory, const ir_module *m, uint64_t seed)
{
    ir_float *f = ARENA_NEW(memory, ir_float);
    f->memory = memory;
    f->m = m;
    f->seed = seed;
    f->side = (uint32_t)ir_side(m);
    f->values = (ir_values){.memory = memory, .word = sizeof(double)};
    f->matrix_count = m->matrix_count;
    f->index = ir_matrix_index_new(memory, m);
    f->matrices = ARENA_ARRAY(memory, float_matrix, m->matrix_count);
    for (size_t i = 0; i < m->matrix_count; i++) {
        const ir_matrix *w = m->matrices[i];
        f->matrices[i] =
            (float_matrix){w, ARENA_ARRAY(memory, double, (size_t)w->inputs * w->outputs)};
    }
    return f;
}

double *ir_float_weights(ir_float *f, const ir_matrix *w)
{
    for (size_t i = 0; i < f->matrix_count; i++)
        if (f->matrices[i].w == w)
            return f->matrices[i].weights;
    return NULL;
}

/* ---- matrix ops ---- */

static ir_block part_of(const float_site *s)
{
    const ir_matrix *w = s->w->w;
    const ir_attr *block = ir_get(s->op, IR_ATTR_block);
    if (!block)
        return (ir_block){0, 0, w->inputs, w->outputs};
    return ir_matrix_block(s->f->m, w, (uint32_t)block->value, (uint32_t)block->second);
}

double *float_join(const float_site *s)
{
    double *at = s->f->operand;
    for (uint32_t i = 0; i < s->op->arg_count; i++) {
        uint32_t words = ir_words(s->op->args[i]->type);
        memcpy(at, s->x[i], words * sizeof(double));
        at += words;
    }
    return s->f->operand;
}

/* Weights of row i of the part. */
static double *row_of(const float_matrix *w, ir_block part, uint32_t i)
{
    return w->weights + (size_t)(part.input0 + i) * w->w->outputs + part.output0;
}

void float_op_mvm(const float_site *s)
{
    ir_block part = part_of(s);
    const double *x = float_join(s);
    memset(s->y, 0, part.outputs * sizeof(double));
    for (uint32_t i = 0; i < part.inputs; i++) {
        const double *row = row_of(s->w, part, i);
        for (uint32_t j = 0; j < part.outputs; j++)
            s->y[j] += x[i] * row[j];
    }
}

void float_op_mtvm(const float_site *s)
{
    ir_block part = part_of(s);
    const double *x = float_join(s);
    for (uint32_t i = 0; i < part.inputs; i++) {
        const double *row = row_of(s->w, part, i);
        double sum = 0;
        for (uint32_t j = 0; j < part.outputs; j++)
            sum += x[j] * row[j];
        s->y[i] = sum;
    }
}

/* Takes effect at the end of the run (update). */
void float_op_opa(const float_site *s)
{
    (void)s;
}

static void update(void *context, const ir_op *op, size_t matrix, size_t point)
{
    ir_float *f = context;
    float_site s = {.f = f, .op = op, .w = &f->matrices[matrix], .point = point};
    ir_block part = part_of(&s);
    s.x = (const double *const *)ir_values_args(&f->values, f->g, op, point);
    const double *col = float_join(&s), *row = col + part.outputs;
    for (uint32_t i = 0; i < part.inputs; i++) {
        double *weights = row_of(s.w, part, i);
        for (uint32_t j = 0; j < part.outputs; j++)
            weights[j] += row[i] * col[j];
    }
}

/* ---- the run ---- */

/* An op before its first point. */
static void *site_of(arena *memory, void *run, const ir_op *op)
{
    ir_float *f = run;
    float_site *s = ARENA_NEW(memory, float_site);
    *s = (float_site){.f = f, .op = op};
    if (ir_ops[op->code].class == IR_CLASS_MATRIX)
        s->w = &f->matrices[ir_matrix_index_of(f->index, op)];
    if (ir_is_spatial(op->code))
        s->window = ir_window_of(f->g, op);
    return s;
}

static void call(void *site, size_t point)
{
    float_site *s = site;
    ir_float *f = s->f;
    s->point = point;
    s->y = ir_values_result(&f->values, f->g, s->op, s->point);
    s->x = (const double *const *)ir_values_args(&f->values, f->g, s->op, s->point);
    functions[s->op->code](s);
}

static void run_all(ir_float *f)
{
    static const ir_visit visit = {site_of, call};
    arena *scratch = arena_new();
    f->plan = ir_plan_of(scratch, f->g);
    ir_values_run(scratch, f->g, &f->plan, &visit, f);
    arena_free(scratch);
}

void ir_float_run(ir_float *f, const ir_graph *g, uint64_t step, const double *const *inputs,
                  double *const *outputs)
{
    f->g = g;
    f->step = step;
    f->inputs = inputs;
    f->outputs = outputs;
    ir_values_prepare(&f->values, g);
    if (f->values.operand_words > f->operand_capacity) {
        f->operand_capacity = f->values.operand_words;
        f->operand = ARENA_ARRAY(f->memory, double, f->operand_capacity);
    }
    run_all(f);
    ir_each_update(&f->values, g, f->index, update, f);
}

const double *ir_float_value(const ir_float *f, const ir_op *op)
{
    return ir_values_of(&f->values, op);
}
