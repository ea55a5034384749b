/*
 * Ring pointers: which scalar registers an agent moves through its rings with, which words it gives
 * up, and for which skews it counts rows and columns.
 */
#include "backend/backend.h"
#include "backend/program.h"

const ir_buffer *backend_ring(const backend_state *s, const ir_op *op)
{
    const char *name = ir_get_name(op, IR_ATTR_buffer, NULL);
    return name ? ir_graph_buffer(s->graph, name) : NULL;
}

static bool loops_over_positions(const agent_program *p)
{
    return ir_grid_points(p->grid) > 1;
}

bool backend_is_last(const backend_state *s, const agent_program *p, const ir_op *op)
{
    bool reads = op->code == IR_load || ir_is_reader(op->code);
    return op->space.count && !reads && loops_over_positions(p) &&
           ir_grid_points(ir_grid_of(s->graph, op->space)) == 1;
}

/* A map that is written pixel by pixel. */
static void writer_axes(const ir_buffer *ring, ir_axis axes[2])
{
    const uint32_t map[] = {ir_ring_by_rows(ring) ? ring->points : ring->height, ring->width};
    for (int i = 0; i < 2; i++)
        axes[i] = (ir_axis){.points = map[i], .step = 1, .every = 1, .map = map[i], .window = 1};
}

static bool fills_pieces(const ir_op *op)
{
    return !ir_is_reader(op->code) && ir_get(op, IR_ATTR_first) != NULL;
}

static ring_pointer pointer_for(const backend_state *s, const agent_program *p, const ir_op *op)
{
    const ir_buffer *ring = backend_ring(s, op);
    ring_pointer r = {
        .kind = POINTER_VECTORS, .words = ring->words, .skew = backend_skew(op), .phase = {-1, -1}};
    r.depth = ring->depth;
    r.slots = ir_ring_slots(s->graph, ring);
    if (ring->lanes && !fills_pieces(op)) {
        r.kind = ir_ring_by_rows(ring) ? POINTER_ROWS : POINTER_WALK;
        r.blank = ring->blank && ir_is_reader(op->code);
        r.lanes = ring->lanes;
        r.rows = ring->rows;
        r.columns = ring->columns;
        if (ir_is_reader(op->code))
            ir_reader_axes(s->graph, op, r.axes);
        else
            writer_axes(ring, r.axes);
        return r;
    }
    if (loops_over_positions(p) && ring->points == 1)
        r.kind = POINTER_EXAMPLES;
    if (r.depth == 1)
        r.words = 1; /* the pointer of a single slot stays at 0 */
    return r;
}

static bool same_axis(const ir_axis *a, const ir_axis *b)
{
    return a->points == b->points && a->step == b->step && a->every == b->every &&
           a->start == b->start && a->back == b->back;
}

/* Which rows of a window are inside of the map matters where the others are elsewhere. */
static bool same_lines(const ring_pointer *a, const ring_pointer *b)
{
    const ir_axis *x = &a->axes[0], *y = &b->axes[0];
    return a->kind != POINTER_ROWS || (a->blank == b->blank && x->low == y->low &&
                                       x->map == y->map && x->window == y->window);
}

static bool same_pointer(const ring_pointer *a, const ring_pointer *b)
{
    return a->kind == b->kind && a->words == b->words && a->depth == b->depth &&
           a->skew == b->skew && a->lanes == b->lanes && a->rows == b->rows &&
           a->columns == b->columns && same_axis(&a->axes[0], &b->axes[0]) &&
           same_axis(&a->axes[1], &b->axes[1]) && same_lines(a, b);
}

static int64_t find_pointer(const backend_state *s, const agent_program *p, const ir_op *op)
{
    ring_pointer wanted = pointer_for(s, p, op);
    for (size_t i = 0; i < p->pointer_count; i++)
        if (same_pointer(&p->pointers[i], &wanted))
            return (int64_t)i;
    return -1;
}

const ring_pointer *backend_pointer(const backend_state *s, const agent_program *p, const ir_op *op)
{
    return &p->pointers[find_pointer(s, p, op)];
}

static const ring_line *find_line(const ring_pointer *r, uint32_t row)
{
    for (size_t i = 0; i < r->line_count; i++)
        if (r->lines[i].row == row)
            return &r->lines[i];
    return NULL;
}

uint32_t backend_rows_swept(const ring_pointer *r)
{
    const ir_axis *a = &r->axes[0];
    return a->step < a->window ? a->step : a->window;
}

grid_rows backend_rows_inside(const ring_pointer *r, uint32_t row)
{
    const ir_axis *a = &r->axes[0];
    return (grid_rows){row < a->low ? ir_axis_reaches(a, a->low - row) : 0,
                       row < a->low + a->map ? ir_axis_reaches(a, a->low + a->map - row) : 0};
}

int backend_base(const backend_state *s, const agent_program *p, const ir_op *op)
{
    const ring_pointer *r = backend_pointer(s, p, op);
    const ring_line *line = find_line(r, ir_reader_row(op));
    return line ? line->reg : r->reg;
}

uint32_t backend_offset(const backend_state *s, const ir_op *op)
{
    const ir_buffer *ring = backend_ring(s, op);
    uint64_t offset = (uint64_t)ring->address;
    if (ir_is_reader(op->code))
        offset += ir_reader_offset(op, ir_ring_by_rows(ring) ? 0 : ring->columns, ring->lanes) +
                  (op->code == IR_reverse ? ring->words - ring->lanes : 0);
    else if (fills_pieces(op))
        offset += (uint64_t)ir_get_int(op, IR_ATTR_first, 0);
    else if (ring->lanes)
        offset += ((uint64_t)ring->top * ring->columns + ring->left) * ring->lanes;
    return (uint32_t)offset;
}

const grid_position *backend_position(const agent_program *p, int64_t skew)
{
    for (size_t i = 0; i < p->position_count; i++)
        if (p->positions[i].skew == skew)
            return &p->positions[i];
    return NULL;
}

static void count_position(backend_state *s, agent_program *p, int64_t skew)
{
    if (!loops_over_positions(p) || backend_position(p, skew))
        return;
    grid_position fresh = {skew, p->scalars, p->scalars + 1};
    p->scalars += 2;
    ARENA_PUSH(s->memory, p->positions, p->position_count, p->position_capacity, fresh);
}

static void add_line(backend_state *s, agent_program *p, ring_pointer *r, uint32_t row)
{
    bool one_row = r->axes[0].window == 1 && !r->blank;
    if (r->kind != POINTER_ROWS || one_row || find_line(r, row))
        return;
    grid_rows inside = backend_rows_inside(r, row);
    ring_line fresh = {row, p->scalars++, -1};
    if (inside.first > 0 || inside.end < r->axes[0].points)
        fresh.step = p->scalars++;
    ARENA_PUSH(s->memory, r->lines, r->line_count, r->line_capacity, fresh);
}

static size_t add_pointer(backend_state *s, agent_program *p, const ir_op *op)
{
    int64_t known = find_pointer(s, p, op);
    if (known < 0) {
        ring_pointer fresh = pointer_for(s, p, op);
        fresh.reg = p->scalars++;
        for (int i = 0; i < 2; i++)
            if (fresh.kind >= POINTER_WALK && fresh.axes[i].every > 1)
                fresh.phase[i] = p->scalars++;
        known = (int64_t)p->pointer_count;
        ARENA_PUSH(s->memory, p->pointers, p->pointer_count, p->pointer_capacity, fresh);
    }
    add_line(s, p, &p->pointers[known], ir_reader_row(op));
    return (size_t)known;
}

/* The last of the agent's readers of a ring gives its words up, the load of an example's value too. */
static void note_drop(backend_state *s, agent_program *p, size_t pointer, const ir_op *op)
{
    const ir_buffer *ring = backend_ring(s, op);
    bool by_rows = ir_is_reader(op->code);
    bool by_examples = op->code == IR_load && p->pointers[pointer].kind == POINTER_EXAMPLES;
    if ((!by_rows && !by_examples) || !ir_get_int(op, IR_ATTR_take, 1))
        return;
    for (size_t i = 0; i < p->drop_count; i++)
        if (p->drops[i].ring == ring)
            return;
    for (uint32_t row = 0; row < backend_rows_swept(&p->pointers[pointer]); row++)
        add_line(s, p, &p->pointers[pointer], row);
    ARENA_PUSH(s->memory, p->drops, p->drop_count, p->drop_capacity, ((ring_drop){pointer, ring}));
}

static void note_op(backend_state *s, agent_program *p, const ir_op *op)
{
    if (backend_ring(s, op)) {
        size_t pointer = add_pointer(s, p, op);
        if (p->pointers[pointer].kind != POINTER_VECTORS)
            count_position(s, p, backend_skew(op));
        note_drop(s, p, pointer, op);
    }
    if (op->code == IR_running || op->code == IR_prev || backend_is_last(s, p, op))
        count_position(s, p, backend_skew(op));
}

static bool find_pointers(backend_state *s, agent_program *p)
{
    p->scalars = SCALAR_FIRST_POINTER;
    for (size_t i = 0; i < p->event_count; i++)
        for (size_t k = 0; k < p->events[i].count; k++)
            note_op(s, p, p->events[i].ops[k]);
    return p->scalars <= s->machine->scalar_registers;
}

bool backend_lacks_scalars(arena *memory, const ir_graph *g, const machine *m, backend_agent *where)
{
    backend_state s = {.memory = memory, .module = g->module, .machine = m, .graph = g};
    bool lacks = false;
    backend_gather(&s);
    for (size_t i = 0; i < s.agent_count && !lacks; i++) {
        lacks = !find_pointers(&s, s.agents[i]);
        *where = (backend_agent){s.agents[i]->place, s.agents[i]->thread};
    }
    for (ir_op *op = g->first; op; op = op->next)
        op->scratch = NULL;
    return lacks;
}

bool backend_pointers(backend_state *s, agent_program *p)
{
    if (find_pointers(s, p))
        return true;
    bool core = p->thread < 0;
    diag_error(s->diag, SOURCE_NOWHERE,
               "kernel '%s': %s %d of tile %d needs %d scalar registers; machine '%s' has %d",
               s->graph->name, core ? "core" : "thread", core ? p->place.core : (int)p->thread,
               p->place.tile, p->scalars, s->machine->name, s->machine->scalar_registers);
    return false;
}
