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
 * A walk back has negative steps, from an address that is at the end of the map.
 * A window that moves every few points only (untap with a stride) counts them in a register.
 *
 * Where slots are rows (ring.h), the pointer stays at the first row of the window, which goes on
 * with `sring`, across the ends of maps as well; rows outside of the map are passed over. Its
 * registers for rows of the window go along the row, where what the window has been over for the last
 * time is given up pixel by pixel, and are set anew when a row of the grid begins:
 *
 *             sset   line, blank             ; outside of the map: blank words, and no step
 *             sset   step, 0
 *             blt    row, first, next
 *             bge    row, end, next
 *             sset   step, words
 *             smov   line, pointer
 *             sring  line, words, ring
 *     next:
 */
#include "backend/emitter.h"

enum { DROP_MOST = 65535 }; /* words of one instruction */

/* A walk from the last pixel to the first goes down in memory. */
static int32_t along(const ring_pointer *r, int axis, uint32_t words)
{
    return r->axes[axis].back ? -(int32_t)words : (int32_t)words;
}

static int32_t row_words(const ring_pointer *r)
{
    return (int32_t)(r->columns * r->lanes);
}

static void next_slot(emitter *e, const ring_pointer *r, uint32_t words)
{
    EMIT(e, ISA_sring, r->reg, (int32_t)words, (int32_t)(r->words * r->slots));
}

/* Gives up `words` from a register on in every ring that this agent takes with the pointer. */
static void give_up(emitter *e, const ring_pointer *r, int reg, uint32_t from, uint32_t words)
{
    const agent_program *p = e->program;
    for (size_t i = 0; i < p->drop_count; i++) {
        if (&p->pointers[p->drops[i].pointer] != r)
            continue;
        for (uint32_t at = 0; at < words; at += DROP_MOST) {
            uint32_t left = words - at;
            EMIT(e, ISA_drop, reg, (int32_t)(p->drops[i].ring->address + from + at),
                 (int32_t)(left < DROP_MOST ? left : DROP_MOST));
        }
    }
}

static bool gives_up(const emitter *e, const ring_pointer *r)
{
    const agent_program *p = e->program;
    for (size_t i = 0; i < p->drop_count; i++)
        if (&p->pointers[p->drops[i].pointer] == r)
            return true;
    return false;
}

/*
 * Moves a register by rows of a ring of rows, also backwards, which is forwards by so many rings
 * that the phase comes out right: an even number of them.
 */
static void move_rows(emitter *e, const ring_pointer *r, int reg, int64_t rows)
{
    int64_t twice = 2 * (int64_t)r->slots;
    if (rows < 0)
        rows += (-rows + twice - 1) / twice * twice;
    if (rows)
        EMIT(e, ISA_sring, reg, (int32_t)(rows * row_words(r)),
             (int32_t)(r->slots * (uint32_t)row_words(r)));
}

/* Jumps to `outside` at the points where that row of the window is not one of the map's. */
static void if_inside(emitter *e, const ring_pointer *r, uint32_t row, code_patch *outside)
{
    int counted = backend_position(e->program, r->skew)->row;
    grid_rows inside = backend_rows_inside(r, row);
    if (inside.first > 0)
        code_jump(&e->code, (isa_insn){ISA_blti, {counted, (int32_t)inside.first}}, outside);
    if (inside.end < r->axes[0].points)
        code_jump(&e->code, (isa_insn){ISA_bgei, {counted, (int32_t)inside.end}}, outside);
}

/* Registers of the window's rows at the first column. */
static void set_lines(emitter *e, const ring_pointer *r)
{
    for (size_t i = 0; i < r->line_count; i++) {
        const ring_line *line = &r->lines[i];
        code_patch outside = {0};
        if (line->step >= 0) {
            EMIT(e, ISA_sset, line->reg, (int32_t)r->slots * row_words(r));
            EMIT(e, ISA_sset, line->step, 0);
            if_inside(e, r, line->row, &outside);
            EMIT(e, ISA_sset, line->step, (int32_t)(r->axes[1].step * r->lanes));
        }
        EMIT(e, ISA_smov, line->reg, r->reg);
        move_rows(e, r, line->reg, line->row);
        code_here(&e->code, &outside, NULL);
    }
}

/* Pixels that the window has been over for the last time, from where their row's register is. */
static void sweep_line(emitter *e, const ring_pointer *r, const ring_line *line, uint32_t pixels)
{
    code_patch outside = {0};
    if (line->row >= backend_rows_swept(r) || !gives_up(e, r) || !pixels)
        return;
    if (line->step >= 0)
        code_jump(&e->code, (isa_insn){ISA_beqi, {line->step, 0}}, &outside);
    give_up(e, r, line->reg, 0, pixels * r->lanes);
    code_here(&e->code, &outside, NULL);
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

/* Before the window goes on along a row, if it will leave its first rows behind. */
static void sweep(emitter *e, const ring_pointer *r)
{
    code_patch later = {0};
    if (r->kind != POINTER_ROWS || !gives_up(e, r))
        return;
    if (r->phase[0] >= 0)
        code_jump(&e->code, (isa_insn){ISA_bnei, {r->phase[0], (int32_t)r->axes[0].every - 1}},
                  &later);
    for (size_t i = 0; i < r->line_count; i++)
        sweep_line(e, r, &r->lines[i], r->axes[1].step);
    if (!r->line_count)
        give_up(e, r, r->reg, 0, r->axes[1].step * r->lanes);
    code_here(&e->code, &later, NULL);
}

/* Columns that the window has moved by at the end of a row. */
static uint32_t columns_moved(const ring_pointer *r)
{
    return r->axes[1].points > 1 ? ir_axis_moved(&r->axes[1], r->axes[1].points) : 0;
}

static void next_column(emitter *e, const ring_pointer *r)
{
    code_patch stay = {0};
    if (r->axes[1].points == 1)
        return;
    count_point(e, r, 1, &stay);
    sweep(e, r);
    for (size_t i = 0; i < r->line_count; i++) {
        const ring_line *line = &r->lines[i];
        if (line->step >= 0)
            EMIT(e, ISA_sadd, line->reg, line->reg, line->step);
        else
            EMIT(e, ISA_saddi, line->reg, line->reg, (int32_t)(r->axes[1].step * r->lanes));
    }
    if (!r->line_count)
        EMIT(e, ISA_saddi, r->reg, r->reg, along(r, 1, r->axes[1].step * r->lanes));
    code_here(&e->code, &stay, NULL);
}

/* Over the rows that the window leaves: gives up what has not been yet of those of the map. */
static void leave_rows(emitter *e, const ring_pointer *r)
{
    uint32_t across = columns_moved(r), step = r->axes[0].step, swept = backend_rows_swept(r);
    for (size_t i = 0; i < r->line_count; i++)
        sweep_line(e, r, &r->lines[i], r->columns - across);
    if (!r->line_count)
        give_up(e, r, r->reg, across * r->lanes, (r->columns - across) * r->lanes);
    if (!gives_up(e, r))
        swept = step;
    move_rows(e, r, r->reg, swept);
    for (uint32_t row = swept; row < step; row++) {
        code_patch outside = {0};
        if_inside(e, r, row, &outside);
        give_up(e, r, r->reg, 0, (uint32_t)row_words(r));
        code_here(&e->code, &outside, NULL);
        move_rows(e, r, r->reg, 1);
    }
}

static void next_row(emitter *e, const ring_pointer *r)
{
    code_patch stay = {0};
    uint32_t across = columns_moved(r);
    if (across && !r->line_count)
        EMIT(e, ISA_saddi, r->reg, r->reg, -along(r, 1, across * r->lanes));
    if (r->axes[1].points > 1 && r->phase[1] >= 0)
        EMIT(e, ISA_sset, r->phase[1], (int32_t)r->axes[1].start);
    if (r->axes[0].points == 1)
        return;
    count_point(e, r, 0, &stay);
    if (r->kind == POINTER_ROWS) {
        leave_rows(e, r);
    } else {
        uint32_t words = r->axes[0].step * (uint32_t)row_words(r);
        give_up(e, r, r->reg, r->axes[0].back ? r->words - words : 0, words);
        EMIT(e, ISA_saddi, r->reg, r->reg, along(r, 0, words));
    }
    code_here(&e->code, &stay, NULL);
}

/* From behind the last row of the grid to the next map, which begins where this one ends. */
static void next_map_of_rows(emitter *e, const ring_pointer *r)
{
    const ir_axis *a = &r->axes[0];
    int64_t at = (int64_t)ir_axis_moved(a, a->points) - a->low;
    if (r->phase[0] >= 0)
        EMIT(e, ISA_sset, r->phase[0], (int32_t)a->start);
    if (gives_up(e, r) && at < 0) {
        move_rows(e, r, r->reg, -at);
        at = 0;
    }
    for (; gives_up(e, r) && at < a->map; at++) {
        give_up(e, r, r->reg, 0, (uint32_t)row_words(r));
        move_rows(e, r, r->reg, 1);
    }
    move_rows(e, r, r->reg, (int64_t)a->map - a->low - at);
}

static void next_map(emitter *e, const ring_pointer *r)
{
    uint32_t down = r->axes[0].points > 1 ? ir_axis_moved(&r->axes[0], r->axes[0].points) : 0;
    uint32_t rest = (r->rows - down) * (uint32_t)row_words(r);
    if (r->axes[0].points > 1 && r->phase[0] >= 0)
        EMIT(e, ISA_sset, r->phase[0], (int32_t)r->axes[0].start);
    give_up(e, r, r->reg, 0, rest);
    if (r->axes[0].back && down) {
        EMIT(e, ISA_saddi, r->reg, r->reg, (int32_t)down * row_words(r));
        rest = r->words;
    }
    next_slot(e, r, rest);
}

static void next_example(emitter *e, const ring_pointer *r)
{
    if (r->kind == POINTER_WALK || r->kind == POINTER_ROWS) {
        (r->kind == POINTER_WALK ? next_map : next_map_of_rows)(e, r);
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
            (!walks_only || r->kind == POINTER_WALK || r->kind == POINTER_ROWS))
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
    code_patch done = {0}, next = {0};
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
        count_position(e, at->row, p->grid.rows, &next);
    for_pointers(e, skew, next_example, false);
    code_here(&e->code, &next, NULL);
    for_pointers(e, skew, set_lines, true);
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
    for (size_t i = 0; i < p->pointer_count; i++) {
        const ring_pointer *r = &p->pointers[i];
        if (r->kind == POINTER_ROWS)
            move_rows(e, r, r->reg, -(int64_t)r->axes[0].low);
        set_lines(e, r);
    }
}
