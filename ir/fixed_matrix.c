#include "ir/interp_fixed.h"

#include "isa/support/vector.h"

#include <string.h>

/* Matrix ops: products of blocks rounded to 16 bits, added as a balanced tree; updates at the end. */

void fixed_join(const fixed_site *s, uint32_t first, uint32_t end, size_t at)
{
    for (uint32_t i = first; i < end; i++) {
        uint32_t words = ir_words(s->op->args[i]->type);
        memcpy(s->f->operand + at, s->x[i], words * sizeof(int16_t));
        at += words;
    }
}

int16_t fixed_tree_sum(const int16_t *parts, size_t step, size_t count)
{
    size_t left = 1;
    if (count == 1)
        return parts[0];
    while (left * 2 < count)
        left *= 2;
    return vector_add(fixed_tree_sum(parts, step, left),
                      fixed_tree_sum(parts + left * step, step, count - left));
}

typedef void block_product(fixed_block *b, arena *memory, fidelity how, const int16_t *x,
                           int64_t *y);

/* One block's product, rounded to the format of the result. */
static void rounded_product(const fixed_site *s, const fixed_matrix *w, fixed_block *b,
                            block_product *multiply, const int16_t *x, int16_t *y, uint32_t lanes)
{
    int shift = w->w->q + s->op->args[0]->type.q - s->op->type.q;
    multiply(b, s->f->memory, s->f->how, x, s->f->sums);
    for (uint32_t i = 0; i < lanes; i++)
        y[i] = sliced_output(s->f->sums[i], shift);
}

static int16_t *parts_of(ir_fixed *f, size_t words)
{
    if (words > f->part_capacity) {
        f->parts = ARENA_ARRAY(f->memory, int16_t, words);
        f->part_capacity = words;
    }
    return f->parts;
}

/* All lanes of one block column (MVM): partial sums of its blocks over the block rows. */
static void mvm_column(const fixed_site *s, const fixed_matrix *w, uint32_t column)
{
    fixed_block *blocks = &w->blocks[column];
    uint32_t lanes = blocks[0].part.outputs;
    int16_t *parts = parts_of(s->f, (size_t)w->rows * lanes);
    for (uint32_t r = 0; r < w->rows; r++) {
        fixed_block *b = &blocks[(size_t)r * w->columns];
        rounded_product(s, w, b, fixed_block_mvm, s->f->operand + b->part.input0,
                        parts + (size_t)r * lanes, lanes);
    }
    for (uint32_t j = 0; j < lanes; j++)
        s->y[blocks[0].part.output0 + j] = fixed_tree_sum(parts + j, lanes, w->rows);
}

/* All lanes of one block row (MTVM). */
static void mtvm_row(const fixed_site *s, const fixed_matrix *w, uint32_t row)
{
    fixed_block *blocks = &w->blocks[(size_t)row * w->columns];
    uint32_t lanes = blocks[0].part.inputs;
    int16_t *parts = parts_of(s->f, (size_t)w->columns * lanes);
    for (uint32_t c = 0; c < w->columns; c++)
        rounded_product(s, w, &blocks[c], fixed_block_mtvm, s->f->operand + blocks[c].part.output0,
                        parts + (size_t)c * lanes, lanes);
    for (uint32_t i = 0; i < lanes; i++)
        s->y[blocks[0].part.input0 + i] = fixed_tree_sum(parts + i, lanes, w->columns);
}

static fixed_block *block_named(const fixed_site *s, const fixed_matrix *w)
{
    const ir_attr *block = ir_get(s->op, IR_ATTR_block);
    return block ? &w->blocks[(size_t)block->value * w->columns + (size_t)block->second] : NULL;
}

void fixed_op_mvm(const fixed_site *s)
{
    const fixed_matrix *w = s->w;
    fixed_block *b = block_named(s, w);
    fixed_join(s, 0, s->op->arg_count, 0);
    if (b)
        rounded_product(s, w, b, fixed_block_mvm, s->f->operand, s->y, b->part.outputs);
    for (uint32_t c = 0; !b && c < w->columns; c++)
        mvm_column(s, w, c);
}

void fixed_op_mtvm(const fixed_site *s)
{
    const fixed_matrix *w = s->w;
    fixed_block *b = block_named(s, w);
    fixed_join(s, 0, s->op->arg_count, 0);
    if (b)
        rounded_product(s, w, b, fixed_block_mtvm, s->f->operand, s->y, b->part.inputs);
    for (uint32_t r = 0; !b && r < w->rows; r++)
        mtvm_row(s, w, r);
}

/* Takes effect at the end of the run (fixed_update_all). */
void fixed_op_opa(const fixed_site *s)
{
    (void)s;
}

static void update(void *context, const ir_op *op, size_t matrix, size_t point)
{
    ir_fixed *f = context;
    opa_mode mode = f->m->numerics.mode;
    const fixed_matrix *w = &f->matrices[matrix];
    fixed_site s = {.f = f, .op = op, .w = w, .point = point};
    fixed_block *b = block_named(&s, w);
    s.x = (const int16_t *const *)ir_values_args(&f->values, f->g, op, point);
    fixed_join(&s, 0, op->arg_count, 0);
    const int16_t *col = f->operand, *row = col + (b ? b->part.outputs : w->w->outputs);
    if (b)
        fixed_block_opa(b, f->memory, mode, row, col);
    for (size_t k = 0; !b && k < (size_t)w->rows * w->columns; k++)
        fixed_block_opa(&w->blocks[k], f->memory, mode, row + w->blocks[k].part.input0,
                        col + w->blocks[k].part.output0);
}

void fixed_update_all(ir_fixed *f)
{
    ir_each_update(&f->values, f->g, f->index, update, f);
    for (size_t i = 0; i < f->matrix_count; i++) {
        fixed_matrix *w = &f->matrices[i];
        for (size_t k = 0; k < (size_t)w->rows * w->columns; k++)
            fixed_block_finish(&w->blocks[k], f->m->numerics.mode);
    }
}
