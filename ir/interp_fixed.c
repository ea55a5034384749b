#include "ir/interp_fixed.h"

static fixed_function *const functions[IR_OPCODES] = {
#define OP(name, low, high, class, result, attrs, meaning) fixed_op_##name,
#include "ir/ops.def"
#undef OP
};

static void init_matrix(ir_fixed *f, fixed_matrix *state, const ir_matrix *w)
{
    state->w = w;
    state->rows = ir_block_rows(f->m, w);
    state->columns = ir_block_columns(f->m, w);
    state->blocks = ARENA_ARRAY(f->memory, fixed_block, (size_t)state->rows * state->columns);
    for (uint32_t r = 0; r < state->rows; r++)
        for (uint32_t c = 0; c < state->columns; c++)
            fixed_block_init(&state->blocks[(size_t)r * state->columns + c], f->memory,
                             &f->m->numerics.slices, ir_matrix_block(f->m, w, r, c));
}

ir_fixed *ir_fixed_new(arena *memory, const ir_module *m, fidelity how, uint64_t seed)
{
    ir_fixed *f = ARENA_NEW(memory, ir_fixed);
    f->memory = memory;
    f->m = m;
    f->how = how;
    f->seed = seed;
    f->side = (uint32_t)ir_side(m);
    f->values = (ir_values){.memory = memory, .word = sizeof(int16_t)};
    f->matrix_count = m->matrix_count;
    f->index = ir_matrix_index_new(memory, m);
    f->matrices = ARENA_ARRAY(memory, fixed_matrix, m->matrix_count);
    for (size_t i = 0; i < m->matrix_count; i++)
        init_matrix(f, &f->matrices[i], m->matrices[i]);
    return f;
}

static fixed_matrix *state_of(const ir_fixed *f, const ir_matrix *w)
{
    for (size_t i = 0; i < f->matrix_count; i++)
        if (f->matrices[i].w == w)
            return &f->matrices[i];
    return NULL;
}

typedef void cell_function(fixed_block *b, int i, int j, int64_t *weight, opa_mode mode);

static void each_cell(const ir_fixed *f, const ir_matrix *w, int64_t *weights, cell_function *cell)
{
    const fixed_matrix *state = state_of(f, w);
    for (size_t k = 0; k < (size_t)state->rows * state->columns; k++) {
        fixed_block *b = &state->blocks[k];
        for (uint32_t i = 0; i < b->part.inputs; i++)
            for (uint32_t j = 0; j < b->part.outputs; j++)
                cell(b, (int)i, (int)j,
                     &weights[(size_t)(b->part.input0 + i) * w->outputs + b->part.output0 + j],
                     f->m->numerics.mode);
        fixed_block_touch(b);
    }
}

static void write_cell(fixed_block *b, int i, int j, int64_t *weight, opa_mode mode)
{
    sliced_write(&b->digits, i, j, *weight, mode);
}

static void read_cell(fixed_block *b, int i, int j, int64_t *weight, opa_mode mode)
{
    (void)mode;
    *weight = sliced_read(&b->digits, i, j);
}

void ir_fixed_write(ir_fixed *f, const ir_matrix *w, const int64_t *weights)
{
    each_cell(f, w, (int64_t *)weights, write_cell);
}

void ir_fixed_read(const ir_fixed *f, const ir_matrix *w, int64_t *weights)
{
    each_cell(f, w, weights, read_cell);
}

const int16_t *ir_fixed_digits(const ir_fixed *f, const ir_matrix *w, uint32_t block_row,
                               uint32_t block_column)
{
    const fixed_matrix *state = state_of(f, w);
    if (!state || block_row >= state->rows || block_column >= state->columns)
        return NULL;
    return state->blocks[(size_t)block_row * state->columns + block_column].digits.at;
}

void ir_fixed_crs(ir_fixed *f)
{
    for (size_t i = 0; i < f->matrix_count; i++)
        for (size_t k = 0; k < (size_t)f->matrices[i].rows * f->matrices[i].columns; k++) {
            sliced_crs(&f->matrices[i].blocks[k].digits, f->m->numerics.mode);
            fixed_block_touch(&f->matrices[i].blocks[k]);
        }
}

/* An op before its first point. */
static void *site_of(arena *memory, void *run, const ir_op *op)
{
    ir_fixed *f = run;
    fixed_site *s = ARENA_NEW(memory, fixed_site);
    *s = (fixed_site){.f = f, .op = op};
    if (ir_ops[op->code].class == IR_CLASS_MATRIX)
        s->w = &f->matrices[ir_matrix_index_of(f->index, op)];
    if (ir_is_spatial(op->code))
        s->window = ir_window_of(f->g, op);
    return s;
}

static void call(void *site, size_t point)
{
    fixed_site *s = site;
    ir_fixed *f = s->f;
    s->point = point;
    s->y = ir_values_result(&f->values, f->g, s->op, s->point);
    s->x = (const int16_t *const *)ir_values_args(&f->values, f->g, s->op, s->point);
    functions[s->op->code](s);
}

static void run_all(ir_fixed *f)
{
    static const ir_visit visit = {site_of, call};
    arena *scratch = arena_new();
    f->plan = ir_plan_of(scratch, f->g);
    ir_values_run(scratch, f->g, &f->plan, &visit, f);
    arena_free(scratch);
}

static void grow_scratch(ir_fixed *f)
{
    size_t words = f->values.operand_words;
    if (words <= f->operand_capacity)
        return;
    f->operand = ARENA_ARRAY(f->memory, int16_t, words);
    f->reals = ARENA_ARRAY(f->memory, double, words);
    f->operand_capacity = words;
}

void ir_fixed_run(ir_fixed *f, const ir_graph *g, uint64_t step, const int16_t *const *inputs,
                  int16_t *const *outputs)
{
    f->g = g;
    f->step = step;
    f->inputs = inputs;
    f->outputs = outputs;
    ir_values_prepare(&f->values, g);
    grow_scratch(f);
    run_all(f);
    fixed_update_all(f);
}

const int16_t *ir_fixed_value(const ir_fixed *f, const ir_op *op)
{
    return ir_values_of(&f->values, op);
}
