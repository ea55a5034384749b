/*
 * From one point to the next. A vector's pointer goes to the next slot. Over a map, after each point
 * the window goes on along the row; at the end of a row back and down, giving up the rows that it
 * leaves behind; at the end of the map to the next slot, giving up the rest:
 *
 *             saddi  pointer, step           ; next column
 *             saddi  column, 1
 *             blt    column, columns, done
 *             sset   column, 0
 *             saddi  pointer, -row           ; back to the first column
 *             drop   [pointer + ring], rows
 *             saddi  pointer, step           ; next row
 *             saddi  row, 1
 *             blt    row, rows, done
 *             sset   row, 0
 *             drop   [pointer + ring], rest
 *             sring  pointer, rest, ring     ; next slot
 *     done:
 *
 * A window that moves every few points only (untap with a stride) counts them in a register.
 */
#include "backend/emitter.h"

enum { DROP_MOST = 65535 }; /* words of one instruction */

static int32_t row_words(const ring_pointer *r)
{
    return (int32_t)(r->columns * r->lanes);
}

static void next_slot(emitter *e, const ring_pointer *r, uint32_t words)
{
    EMIT(e, ISA_sring, r->reg, (int32_t)words, (int32_t)(r->words * r->slots));
}

/* Gives up `words` from the pointer on in every ring that this agent takes with it. */
static void give_up(emitter *e, const ring_pointer *r, uint32_t words)
{
    const agent_program *p = e->program;
    for (size_t i = 0; i < p->drop_count; i++) {
        if (&p->pointers[p->drops[i].pointer] != r)
            continue;
        for (uint32_t at = 0; at < words; at += DROP_MOST) {
            uint32_t left = words - at;
            EMIT(e, ISA_drop, r->reg, (int32_t)(p->drops[i].ring->address + at),
                 (int32_t)(left < DROP_MOST ? left : DROP_MOST));
        }
    }
}

/* Counts a point along an axis; jumps to `stay` while the window does not move. */
static void count_point(emitter *e, const ring_pointer *r, int axis, code_patch *stay)
{
    int phase = r->phase[axis];
    if (phase < 0)
        return;
    EMIT(e, ISA_saddi, phase, phase, 1);
    code_jump(&e->code, (isa_insn){ISA_blti, {phase, (int32_t)r->axes[axis].every}}, stay);
    EMIT(e, ISA_sset, phase, 0);
}

static void next_column(emitter *e, const ring_pointer *r)
{
    code_patch stay = {0};
    if (r->axes[1].points == 1)
        return;
    count_point(e, r, 1, &stay);
    EMIT(e, ISA_saddi, r->reg, r->reg, (int32_t)(r->axes[1].step * r->lanes));
    code_here(&e->code, &stay, NULL);
}

static void next_row(emitter *e, const ring_pointer *r)
{
    code_patch stay = {0};
    uint32_t across = ir_axis_moved(&r->axes[1], r->axes[1].points);
    if (r->axes[1].points > 1 && across)
        EMIT(e, ISA_saddi, r->reg, r->reg, -(int32_t)(across * r->lanes));
    if (r->axes[1].points > 1 && r->phase[1] >= 0)
        EMIT(e, ISA_sset, r->phase[1], (int32_t)r->axes[1].start);
    if (r->axes[0].points == 1)
        return;
    count_point(e, r, 0, &stay);
    give_up(e, r, r->axes[0].step * (uint32_t)row_words(r));
    EMIT(e, ISA_saddi, r->reg, r->reg, (int32_t)r->axes[0].step * row_words(r));
    code_here(&e->code, &stay, NULL);
}

static void next_map(emitter *e, const ring_pointer *r)
{
    uint32_t down = r->axes[0].points > 1 ? ir_axis_moved(&r->axes[0], r->axes[0].points) : 0;
    uint32_t rest = (r->rows - down) * (uint32_t)row_words(r);
    if (r->axes[0].points > 1 && r->phase[0] >= 0)
        EMIT(e, ISA_sset, r->phase[0], (int32_t)r->axes[0].start);
    give_up(e, r, rest);
    next_slot(e, r, rest);
}

static void next_example(emitter *e, const ring_pointer *r)
{
    if (r->kind == POINTER_WALK) {
        next_map(e, r);
        return;
    }
    for (size_t i = 0; i < e->program->drop_count; i++)
        if (&e->program->pointers[e->program->drops[i].pointer] == r)
            EMIT(e, ISA_drop, r->reg, (int32_t)e->program->drops[i].ring->address,
                 (int32_t)e->program->drops[i].ring->words);
    next_slot(e, r, r->words);
}

typedef void pointer_step(emitter *e, const ring_pointer *r);

static void for_pointers(emitter *e, int64_t skew, pointer_step *step, bool walks_only)
{
    for (size_t i = 0; i < e->program->pointer_count; i++) {
        const ring_pointer *r = &e->program->pointers[i];
        if (r->skew == skew && r->kind != POINTER_VECTORS &&
            (!walks_only || r->kind == POINTER_WALK))
            step(e, r);
    }
}

/* The end of a row (column) of the grid: counts it, and goes on to `patch` before the last. */
static void count_position(emitter *e, int reg, uint32_t extent, code_patch *patch)
{
    EMIT(e, ISA_saddi, reg, reg, 1);
    code_jump(&e->code, (isa_insn){ISA_blti, {reg, (int32_t)extent}}, patch);
    EMIT(e, ISA_sset, reg, 0);
}

static bool has_pointers(const agent_program *p, int64_t skew)
{
    for (size_t i = 0; i < p->pointer_count; i++)
        if (p->pointers[i].skew == skew)
            return true;
    return backend_position(p, skew) != NULL;
}

void emit_advance(emitter *e, int64_t skew)
{
    const agent_program *p = e->program;
    const grid_position *at = backend_position(p, skew);
    code_patch done = {0};
    if (!has_pointers(p, skew))
        return;
    emit_guard(e, skew);
    for (size_t i = 0; i < p->pointer_count; i++)
        if (p->pointers[i].skew == skew && p->pointers[i].kind == POINTER_VECTORS)
            next_slot(e, &p->pointers[i], p->pointers[i].words);
    for_pointers(e, skew, next_column, true);
    if (at)
        count_position(e, at->column, p->grid.columns, &done);
    for_pointers(e, skew, next_row, true);
    if (at)
        count_position(e, at->row, p->grid.rows, &done);
    for_pointers(e, skew, next_example, false);
    code_here(&e->code, &done, NULL);
}

void emit_first_point(emitter *e)
{
    const agent_program *p = e->program;
    for (size_t i = 0; i < p->pointer_count; i++) {
        const ring_pointer *r = &p->pointers[i];
        EMIT(e, ISA_sset, r->reg, 0);
        for (int axis = 0; axis < 2; axis++)
            if (r->phase[axis] >= 0)
                EMIT(e, ISA_sset, r->phase[axis], (int32_t)r->axes[axis].start);
    }
    for (size_t i = 0; i < p->position_count; i++) {
        EMIT(e, ISA_sset, p->positions[i].row, 0);
        EMIT(e, ISA_sset, p->positions[i].column, 0);
    }
}
