/*
 * Maps. A map[c, h, w] is a stream vec<c> whose space ends in two spatial dimensions, row (extent
 * h) and column (extent w); what stands before them is its frame, such as [n].
 *
 * Ops of class WINDOW relate a map to the positions of a kernel that slides over it, which are a
 * map again, of h' = (h + 2 pad - kernel) / stride + 1 rows (rounded down) and columns likewise.
 * Position (y', x') sees the pixels (y' stride - pad + ky, x' stride - pad + kx), its taps; those
 * outside the map do not exist. Ops of class SPACE drop or make the spatial dimensions. Both are
 * exempt from the rule that arguments run over a subset of the op's space: they take frame by frame.
 */
#ifndef PANTHER_IR_WINDOW_H
#define PANTHER_IR_WINDOW_H

#include "ir/graph.h"

/* What the last two dimensions of an argument or result are. */
typedef enum ir_map_side { IR_SIDE_NONE, IR_SIDE_MAP, IR_SIDE_POSITIONS } ir_map_side;

static inline bool ir_is_spatial(ir_opcode code)
{
    return ir_ops[code].class == IR_CLASS_WINDOW || ir_ops[code].class == IR_CLASS_SPACE;
}

/* Of a spatial op. */
ir_map_side ir_result_side(ir_opcode code);
ir_map_side ir_arg_side(ir_opcode code, uint32_t i);

/* A space without its last two dimensions; of a spatial op's result, or of its argument i. */
ir_space ir_frame(ir_space s);
ir_space ir_result_frame(const ir_op *op);
ir_space ir_arg_frame(const ir_op *op, uint32_t i);

/*
 * Pixels of an input or output over a map, which is one over three dimensions or more: its port has
 * the word of lane i at pixel p at (first + i) * pixels + p of every frame. 1: it is no map.
 */
size_t ir_port_pixels(const ir_graph *g, const ir_op *op);

/* With layout pixels that word is at p * lanes + first + i instead, of all lanes of the port. */
bool ir_port_by_pixels(const ir_op *op);

/* frame and then the last two dimensions of s. */
ir_space ir_over(const ir_graph *g, ir_space frame, ir_space s);

/* Vertical first, then horizontal. */
typedef struct ir_window {
    uint32_t kernel[2], stride[2], pad[2], at[2];
    uint32_t map[2], positions[2]; /* rows, columns */
} ir_window;

/* Of an op of class WINDOW; of class SPACE: only `map` is set. */
ir_window ir_window_of(const ir_graph *g, const ir_op *op);

/* Positions of a kernel along one axis; 0: it does not fit. */
static inline uint64_t ir_positions(uint64_t extent, uint64_t kernel, uint64_t stride, uint64_t pad)
{
    uint64_t padded = extent + 2 * pad;
    return kernel > padded ? 0 : (padded - kernel) / stride + 1;
}

static inline size_t ir_window_taps(const ir_window *w)
{
    return (size_t)w->kernel[0] * w->kernel[1];
}
static inline size_t ir_window_pixels(const ir_window *w)
{
    return (size_t)w->map[0] * w->map[1];
}
static inline size_t ir_window_places(const ir_window *w)
{
    return (size_t)w->positions[0] * w->positions[1];
}

/* A tap inside the map. */
typedef struct ir_tap {
    size_t index; /* in (ky, kx) order, outside ones counted */
    size_t pixel; /* row-major */
    bool more;
    uint32_t ky, kx, from[2], to[2]; /* kernel rows and columns that are inside */
    int64_t row, column;             /* of the map, at ky = kx = 0 */
} ir_tap;

ir_tap ir_tap_first(const ir_window *w, size_t position);

static inline void ir_tap_place(const ir_window *w, ir_tap *t)
{
    t->index = (size_t)t->ky * w->kernel[1] + t->kx;
    t->pixel = (size_t)(t->row + t->ky) * w->map[1] + (size_t)(t->column + t->kx);
}

static inline void ir_tap_next(const ir_window *w, ir_tap *t)
{
    if (++t->kx == t->to[1]) {
        t->kx = t->from[1];
        t->more = ++t->ky < t->to[0];
    }
    ir_tap_place(w, t);
}

/* Words that lie side by side in a map, or all outside of it. */
typedef struct ir_piece {
    int64_t from; /* of the map; -1: outside */
    uint64_t words;
} ir_piece;

/* From word `word` of the run that starts at tap `at` on, in a map of so many lanes. */
ir_piece ir_run_piece(const ir_window *w, size_t position, uint32_t word, uint32_t lanes);
/* The position whose tap `at` is this pixel; -1: there is none. */
int64_t ir_tap_position(const ir_window *w, size_t pixel);

/* Where words of a map stand in the vector that `flatten` makes of it. */
typedef struct ir_flat {
    size_t pixel, lane; /* from one pixel, or one lane of it, to the next */
    size_t first;       /* of the op */
} ir_flat;

/* `lanes`: of the whole pixel. */
ir_flat ir_flat_of(const ir_op *op, const ir_window *w, uint32_t lanes);

/* The taps of a position that are inside the map, in (ky, kx) order. */
#define IR_EACH_TAP(t, window, position)                                                           \
    for (ir_tap t = ir_tap_first(window, position); t.more; ir_tap_next(window, &t))

#endif
