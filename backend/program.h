/*
 * Inside the backend: the ops of one core or control thread in the order of its stream, where their values live, and
 * the code that comes out.
 */
#ifndef PANTHER_BACKEND_PROGRAM_H
#define PANTHER_BACKEND_PROGRAM_H

#include "backend/select.h"
#include "ir/ring.h"
#include "isa/image.h"
#include "isa/machine.h"
#include "isa/support/arena.h"
#include "isa/support/diag.h"

/* Scalar registers with a fixed use; ring pointers come after them. */
enum { SCALAR_ITERATION = 0, SCALAR_ZERO = 1, SCALAR_FIRST_POINTER = 2 };

/* Where a value lives on its core. */
typedef struct value_home {
    const ir_op *op;
    uint32_t words;
    bool everywhere;  /* lives through the whole loop (made before it) */
    int64_t from, to; /* lines: first written, last read (schedule: skew * events + order) */
    int32_t reg;      /* first word in the general file, -1: spilled */
    int64_t spill;    /* address in shared memory if spilled */
} value_home;

/*
 * A ring pointer: all rings of equal shape that move alike at the same iterations share one.
 *
 *   VECTORS   to the next slot at every point
 *   EXAMPLES  to the next slot after the last point of an example
 *   WALK      over the map in a slot (ir/ring.h), then to the next slot
 *   ROWS      over rows that are slots; where a window has several, each that something is taken
 *             from has a register, which is set when a row of the grid begins
 */
typedef enum pointer_kind {
    POINTER_VECTORS,
    POINTER_EXAMPLES,
    POINTER_WALK,
    POINTER_ROWS
} pointer_kind;

/* A row of a window: where it is now in the ring, or the ring's blank words. */
typedef struct ring_line {
    uint32_t row;
    int reg;
    int step; /* register: words to the next column, 0 outside of the map; -1: it never is there */
} ring_line;

typedef struct ring_pointer {
    pointer_kind kind;
    uint32_t words, depth, slots;
    int64_t skew;
    uint32_t lanes, rows, columns; /* WALK, ROWS: of a slot */
    ir_axis axes[2];
    int reg;
    int phase[2]; /* of walks: registers that count points modulo `every` along an axis, -1: none */
    bool blank;   /* ROWS: there are rows of windows outside of the map */
    ring_line *lines; /* ROWS: none if `reg` itself goes along the rows */
    size_t line_count, line_capacity;
} ring_pointer;

/* A ring whose words this agent gives up by pixels (ROWS), rows (WALK) or examples (EXAMPLES). */
typedef struct ring_drop {
    size_t pointer;
    const ir_buffer *ring;
} ring_drop;

/* Where the ops of one skew are in the grid: row and column of their point. */
typedef struct grid_position {
    int64_t skew;
    int row, column; /* scalar registers */
} grid_position;

/* An event of the loop body: one op, or all ops of one mcu instruction. */
typedef struct loop_event {
    ir_op **ops;
    size_t count, capacity;
} loop_event;

typedef struct agent_program {
    ir_place place;
    int64_t thread; /* number of the control thread, -1: a core */
    ir_op **once;   /* before the loop, in order */
    size_t once_count, once_capacity;
    loop_event *events;
    size_t event_count, event_capacity;
    int64_t last_skew;
    ir_grid grid;    /* of the loop */
    uint32_t points; /* iterations that each op takes part in */
    value_home *homes;
    size_t home_count, home_capacity;
    int32_t scratch; /* first word of the scratch registers for spilled operands, -1: none needed */
    uint32_t scratch_words; /* of each of the four */
    ring_pointer *pointers;
    size_t pointer_count, pointer_capacity;
    ring_drop *drops;
    size_t drop_count, drop_capacity;
    grid_position *positions;
    size_t position_count, position_capacity;
    int scalars; /* registers taken */
} agent_program;

/* What the backend works on for one graph. */
typedef struct backend_state {
    arena *memory;
    const ir_module *module;
    const ir_graph *graph;
    const machine *machine;
    image *image;
    diag *diag;
    agent_program **agents; /* cores, then threads */
    size_t agent_count, agent_capacity;
    struct tile_top {
        ir_place tile;
        int64_t words; /* of shared memory used so far */
    } * tops;
    size_t top_count, top_capacity;
} backend_state;

/* agents.c: sorts the placed ops of the graph into programs of cores and threads */
void backend_gather(backend_state *s);

/* registers.c: general registers (with spills) and ring pointers; false if the machine is too small */
bool backend_registers(backend_state *s, agent_program *p);
value_home *backend_home(const agent_program *p, const ir_op *value, int32_t *offset);

/* pointers.c: how an agent moves through rings */
bool backend_pointers(backend_state *s, agent_program *p); /* false if scalar registers run out */
const ring_pointer *backend_pointer(const backend_state *s, const agent_program *p,
                                    const ir_op *op);
int backend_base(const backend_state *s, const agent_program *p, const ir_op *op); /* its register */

/* ROWS: rows of the grid, the end not included, in which a row of the window is one of the map's. */
typedef struct grid_rows {
    uint64_t first, end;
} grid_rows;
grid_rows backend_rows_inside(const ring_pointer *r, uint32_t row);
/* Rows of the window, from the first one on, that are given up pixel by pixel. */
uint32_t backend_rows_swept(const ring_pointer *r);

uint32_t backend_offset(const backend_state *s,
                        const ir_op *op); /* words from there, with the address */
const grid_position *backend_position(const agent_program *p, int64_t skew); /* NULL: not counted */
const ir_buffer *backend_ring(const backend_state *s, const ir_op *op);      /* NULL: names none */

/* Runs after the last point of an example only: a value of the example on a loop over positions. */
bool backend_is_last(const backend_state *s, const agent_program *p, const ir_op *op);

/* Words of shared memory taken at the top of a tile; returns their address. */
int64_t backend_take_memory(backend_state *s, ir_place tile, int64_t words);

/* emit.c: code */
void backend_emit(backend_state *s, agent_program *p, image_agent *out);
typedef struct emitter emitter; /* emitter.h */

/* code.c: growing code with origins and labels to patch */
typedef struct code_builder {
    backend_state *state;
    image_code code;
    size_t count, capacity, origin_count, origin_capacity;
    image_label *labels;
    size_t label_count, label_capacity;
} code_builder;

typedef struct code_patch {
    size_t at[16]; /* instructions whose target is the place to come */
    size_t count;
} code_patch;

void code_emit(code_builder *b, const isa_insn *insn, const ir_op *origin);
void code_jump(code_builder *b, isa_insn insn, code_patch *patch); /* target open */
void code_here(code_builder *b, code_patch *patch, const char *label);
void code_back(code_builder *b, isa_insn insn, size_t target);
void code_finish(code_builder *b, image_agent *out);

/* tables.c: everything of the image that is not code */
bool backend_tables(backend_state *s);                      /* matrices, tensors, layers, files */
void backend_ports(backend_state *s, image_entry *entry);   /* inputs, outputs, buffers, bounds */
uint16_t backend_layer(backend_state *s, const char *name); /* index; added if new */

static inline bool backend_is_matrix(const ir_op *op)
{
    return op->code == IR_mvm || op->code == IR_mtvm || op->code == IR_opa;
}
static inline int64_t backend_skew(const ir_op *op)
{
    return ir_get_int(op, IR_ATTR_skew, 0);
}

#endif
