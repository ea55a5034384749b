#include "ir/window.h"

#include <string.h>

enum { SPATIAL_ARGS_MAX = 3 };

static const struct {
    ir_map_side result, args[SPATIAL_ARGS_MAX];
} sides[IR_OPCODES] = {
    [IR_window] = {IR_SIDE_POSITIONS, {IR_SIDE_MAP}},
    [IR_fold] = {IR_SIDE_MAP, {IR_SIDE_POSITIONS}},
    [IR_pool_max] = {IR_SIDE_POSITIONS, {IR_SIDE_MAP}},
    [IR_unpool] = {IR_SIDE_MAP, {IR_SIDE_POSITIONS, IR_SIDE_MAP, IR_SIDE_POSITIONS}},
    [IR_pool_sum] = {IR_SIDE_POSITIONS, {IR_SIDE_MAP}},
    [IR_spread] = {IR_SIDE_MAP, {IR_SIDE_POSITIONS}},
    [IR_flatten] = {IR_SIDE_NONE, {IR_SIDE_MAP}},
    [IR_unflatten] = {IR_SIDE_MAP, {IR_SIDE_NONE}},
    [IR_total] = {IR_SIDE_NONE, {IR_SIDE_MAP}},
    [IR_tap] = {IR_SIDE_POSITIONS, {IR_SIDE_MAP}},
    [IR_untap] = {IR_SIDE_MAP, {IR_SIDE_POSITIONS}},
    [IR_running] = {IR_SIDE_MAP, {IR_SIDE_MAP}},
    [IR_final] = {IR_SIDE_NONE, {IR_SIDE_MAP}},
    [IR_reverse] = {IR_SIDE_MAP, {IR_SIDE_MAP}},
};

ir_map_side ir_result_side(ir_opcode code)
{
    return sides[code].result;
}

ir_map_side ir_arg_side(ir_opcode code, uint32_t i)
{
    return i < SPATIAL_ARGS_MAX ? sides[code].args[i] : IR_SIDE_NONE;
}

ir_space ir_frame(ir_space s)
{
    s.count = s.count > 2 ? (uint8_t)(s.count - 2) : 0;
    return s;
}

ir_space ir_result_frame(const ir_op *op)
{
    return ir_result_side(op->code) == IR_SIDE_NONE ? op->space : ir_frame(op->space);
}

ir_space ir_arg_frame(const ir_op *op, uint32_t i)
{
    ir_space s = op->args[i]->space;
    return ir_arg_side(op->code, i) == IR_SIDE_NONE ? s : ir_frame(s);
}

size_t ir_port_pixels(const ir_graph *g, const ir_op *op)
{
    bool map = (op->code == IR_input || op->code == IR_output) && op->space.count >= 3;
    return map ? ir_space_points(g, op->space) / ir_space_points(g, ir_frame(op->space)) : 1;
}

bool ir_port_by_pixels(const ir_op *op)
{
    return op->space.count >= 3 && !strcmp(ir_get_name(op, IR_ATTR_layout, "lanes"), "pixels");
}

ir_space ir_over(const ir_graph *g, ir_space frame, ir_space s)
{
    ir_space last = {0};
    for (uint8_t i = ir_frame(s).count; i < s.count; i++)
        last.dim[last.count++] = s.dim[i];
    return ir_space_union(g, frame, last);
}

static void extents(const ir_graph *g, ir_space s, uint32_t out[2])
{
    for (uint8_t i = 0; i < 2; i++)
        out[i] = g->dims[s.dim[s.count - 2 + i]].extent;
}

static void pair_of(const ir_op *op, ir_attr_key key, uint32_t out[2])
{
    const ir_attr *a = ir_get(op, key);
    out[0] = a ? (uint32_t)a->value : 0;
    out[1] = a ? (uint32_t)a->second : 0;
}

static void note_side(const ir_graph *g, ir_window *w, ir_map_side side, ir_space s)
{
    if (side == IR_SIDE_MAP)
        extents(g, s, w->map);
    if (side == IR_SIDE_POSITIONS)
        extents(g, s, w->positions);
}

ir_window ir_window_of(const ir_graph *g, const ir_op *op)
{
    ir_window w = {0};
    pair_of(op, IR_ATTR_kernel, w.kernel);
    pair_of(op, IR_ATTR_stride, w.stride);
    pair_of(op, IR_ATTR_pad, w.pad);
    pair_of(op, IR_ATTR_at, w.at);
    note_side(g, &w, ir_result_side(op->code), op->space);
    note_side(g, &w, ir_arg_side(op->code, 0), op->args[0]->space);
    return w;
}

/* Where the kernel starts on the map along one axis; which of its rows or columns are inside. */
static int64_t clip(const ir_window *w, int axis, size_t at, ir_tap *t)
{
    int64_t start = (int64_t)at * w->stride[axis] - w->pad[axis];
    int64_t left = (int64_t)w->map[axis] - start, kernel = w->kernel[axis];
    t->from[axis] = start < 0 ? (uint32_t)(-start < kernel ? -start : kernel) : 0;
    t->to[axis] = left < 0 ? 0 : (uint32_t)(left < kernel ? left : kernel);
    t->more = t->more && t->from[axis] < t->to[axis];
    return start;
}

ir_tap ir_tap_first(const ir_window *w, size_t position)
{
    ir_tap t = {.more = true};
    t.row = clip(w, 0, position / w->positions[1], &t);
    t.column = clip(w, 1, position % w->positions[1], &t);
    t.ky = t.from[0];
    t.kx = t.from[1];
    if (t.more)
        ir_tap_place(w, &t);
    return t;
}

ir_piece ir_run_piece(const ir_window *w, size_t position, uint32_t word, uint32_t lanes)
{
    int64_t row = (int64_t)(position / w->positions[1] * w->stride[0]) - w->pad[0] + w->at[0];
    int64_t column = (int64_t)(position % w->positions[1] * w->stride[1]) - w->pad[1] + w->at[1];
    int64_t start = column * lanes + word, end = (int64_t)w->map[1] * lanes;
    if (start < 0)
        return (ir_piece){-1, (uint64_t)-start};
    if (start >= end || row < 0 || row >= w->map[0])
        return (ir_piece){-1, UINT64_MAX};
    return (ir_piece){row * end + start, (uint64_t)(end - start)};
}

/* Index of the position along one axis, or -1. */
static int64_t position_of(const ir_window *w, int axis, size_t at)
{
    int64_t start = (int64_t)at + w->pad[axis] - w->at[axis], stride = w->stride[axis];
    return start < 0 || start % stride || start / stride >= w->positions[axis] ? -1
                                                                               : start / stride;
}

int64_t ir_tap_position(const ir_window *w, size_t pixel)
{
    int64_t y = position_of(w, 0, pixel / w->map[1]), x = position_of(w, 1, pixel % w->map[1]);
    return y < 0 || x < 0 ? -1 : y * w->positions[1] + x;
}

ir_flat ir_flat_of(const ir_op *op, const ir_window *w, uint32_t lanes)
{
    bool pixels = !strcmp(ir_get_name(op, IR_ATTR_layout, "lanes"), "pixels");
    return (ir_flat){.pixel = pixels ? lanes : 1, .lane = pixels ? 1 : ir_window_pixels(w),
                     .first = (size_t)ir_get_int(op, IR_ATTR_first, 0)};
}
