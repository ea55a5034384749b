#include "ir/ring.h"

#include "ir/window.h"

ir_grid ir_grid_of(const ir_graph *g, ir_space s)
{
    ir_grid grid = {1, 1};
    if (s.count > 2) {
        grid.rows = g->dims[s.dim[s.count - 2]].extent;
        grid.columns = g->dims[s.dim[s.count - 1]].extent;
    }
    return grid;
}

bool ir_is_reader(ir_opcode code)
{
    return code == IR_tap || code == IR_untap || code == IR_flatten ||
           code == IR_unflatten || code == IR_reverse;
}

/* The window of a kernel, at its positions. */
static ir_axis tap_axis(const ir_window *w, int axis)
{
    ir_axis a = {.points = w->positions[axis], .step = w->stride[axis], .every = 1};
    uint32_t padded = w->map[axis] + 2 * w->pad[axis];
    uint32_t walked = w->positions[axis] * w->stride[axis];
    a.low = w->pad[axis];
    a.map = w->map[axis];
    a.size = axis == 0 && walked > padded ? walked : padded;
    a.window = w->kernel[axis];
    return a;
}

/* Positions that a pixel belongs to beyond the last one. */
static uint32_t positions_before(const ir_window *w, int axis)
{
    return (w->kernel[axis] + w->stride[axis] - 1) / w->stride[axis] - 1;
}

/* The positions around a pixel, at the pixels of the map. A pad is smaller than its kernel. */
static ir_axis untap_axis(const ir_window *w, int axis)
{
    uint32_t stride = w->stride[axis], first = w->pad[axis] / stride;
    uint32_t last = (w->map[axis] - 1 + w->pad[axis]) / stride, before = positions_before(w, axis);
    ir_axis a = {.points = w->map[axis], .step = 1, .every = stride};
    a.start = w->pad[axis] % stride;
    a.low = before > first ? before - first : 0;
    a.map = w->positions[axis];
    a.size = a.low + (a.map > last + 1 ? a.map : last + 1);
    a.window = before + 1;
    return a;
}

/* All of a map at once, or pixel by pixel. */
static ir_axis plain_axis(uint32_t map, bool whole)
{
    ir_axis a = {.points = whole ? 1 : map, .step = whole ? map : 1, .every = 1};
    a.map = a.size = map;
    a.window = a.step;
    return a;
}

void ir_reader_axes(const ir_graph *g, const ir_op *reader, ir_axis axes[2])
{
    ir_window w = ir_window_of(g, reader);
    for (int i = 0; i < 2; i++)
        if (reader->code == IR_tap)
            axes[i] = tap_axis(&w, i);
        else if (reader->code == IR_untap)
            axes[i] = untap_axis(&w, i);
        else
            axes[i] = plain_axis(w.map[i], reader->code == IR_flatten);
    for (int i = 0; i < 2; i++)
        axes[i].back = reader->code == IR_reverse;
}

uint64_t ir_axis_reaches(const ir_axis *a, uint64_t distance)
{
    uint64_t moves = (distance + a->step - 1) / a->step, points = moves * a->every;
    return points > a->start ? points - a->start : 0;
}

uint32_t ir_axis_last_use(const ir_axis *a, uint32_t at)
{
    if (a->back)
        return a->points - 1 - at;
    uint64_t moves = at / a->step + 1; /* after this many moves it is left behind */
    uint64_t points = moves * a->every > a->start ? moves * a->every - a->start : 1;
    return points < a->points ? (uint32_t)points - 1 : a->points - 1;
}

int64_t ir_reader_needs(const ir_graph *g, const ir_op *reader, int axis, uint32_t point)
{
    ir_window w = ir_window_of(g, reader);
    int64_t last = 0, most = 0, reach = 0;
    switch (reader->code) {
    case IR_tap:
        /* a window that is smaller than its steps gives up what it has not read; the last one all */
        most = (int64_t)w.map[axis] - 1;
        reach = w.kernel[axis] > w.stride[axis] ? w.kernel[axis] : w.stride[axis];
        last = (int64_t)point * w.stride[axis] - w.pad[axis] + reach - 1;
        last = point + 1 == w.positions[axis] ? most : last;
        break;
    case IR_untap:
        last = ((int64_t)point + w.pad[axis]) / w.stride[axis];
        most = (int64_t)w.positions[axis] - 1;
        break;
    case IR_flatten:
        return (int64_t)w.map[axis] - 1;
    case IR_reverse:
        return (int64_t)w.map[axis] - 1 - point;
    default:
        return 0; /* unflatten: a vector is made at once */
    }
    return last < most ? last : most;
}

/* Where in the window of a tap or untap its tap is, along one axis. */
static uint64_t place_in_window(const ir_op *reader, int64_t at, int64_t kernel, int64_t stride)
{
    if (reader->code == IR_tap)
        return (uint64_t)at;
    return (uint64_t)((kernel + stride - 1) / stride - 1 - at / stride);
}

uint32_t ir_reader_row(const ir_op *reader)
{
    const ir_attr *at = ir_get(reader, IR_ATTR_at);
    if (!at)
        return 0;
    return (uint32_t)place_in_window(reader, at->value, ir_get(reader, IR_ATTR_kernel)->value,
                                     ir_get(reader, IR_ATTR_stride)->value);
}

uint64_t ir_reader_offset(const ir_op *reader, uint32_t columns, uint32_t lanes)
{
    const ir_attr *at = ir_get(reader, IR_ATTR_at);
    uint64_t first = (uint64_t)ir_get_int(reader, IR_ATTR_first, 0);
    if (!at)
        return first;
    uint64_t row = ir_reader_row(reader);
    uint64_t column =
        place_in_window(reader, at->second, ir_get(reader, IR_ATTR_kernel)->second,
                        ir_get(reader, IR_ATTR_stride)->second);
    return (row * columns + column) * lanes + first;
}

uint32_t ir_reader_residue(const ir_op *reader, int axis)
{
    const ir_attr *at = ir_get(reader, IR_ATTR_at), *stride = ir_get(reader, IR_ATTR_stride);
    if (reader->code != IR_untap)
        return 0;
    return (uint32_t)(axis == 0 ? at->value % stride->value : at->second % stride->second);
}

uint32_t ir_reader_lanes(const ir_graph *g, const ir_op *reader)
{
    if (reader->code != IR_unflatten)
        return reader->args[0]->type.lanes;
    uint64_t lanes = 0;
    for (uint32_t i = 0; i < reader->arg_count; i++)
        lanes += reader->args[i]->type.lanes;
    return (uint32_t)(lanes / ir_grid_points(ir_grid_of(g, reader->space)));
}

ir_buffer ir_reader_ring(const ir_graph *g, const ir_op *reader)
{
    ir_axis axes[2];
    ir_reader_axes(g, reader, axes);
    ir_buffer b = {
        .lanes = ir_reader_lanes(g, reader),
        .points = 1,
        .rows = axes[0].size,
        .columns = axes[1].size,
        .top = axes[0].low,
        .left = axes[1].low,
        .height = axes[0].map,
        .width = axes[1].map,
        .lowest = ir_get_int(reader, IR_ATTR_fill, 0) != 0,
    };
    uint64_t words = (uint64_t)b.rows * b.columns * b.lanes;
    b.words = words < UINT32_MAX ? (uint32_t)words : UINT32_MAX; /* no memory holds that */
    return b;
}

static bool same_axis(const ir_axis *a, const ir_axis *b)
{
    return a->points == b->points && a->step == b->step && a->every == b->every &&
           a->start == b->start && a->low == b->low && a->size == b->size && a->map == b->map &&
           a->back == b->back;
}

bool ir_same_walk(const ir_graph *g, const ir_op *a, const ir_op *b)
{
    ir_axis of_a[2], of_b[2];
    ir_reader_axes(g, a, of_a);
    ir_reader_axes(g, b, of_b);
    return (a->code == IR_unflatten) == (b->code == IR_unflatten) &&
           same_axis(&of_a[0], &of_b[0]) && same_axis(&of_a[1], &of_b[1]) &&
           ir_reader_lanes(g, a) == ir_reader_lanes(g, b) &&
           ir_get_int(a, IR_ATTR_fill, 0) == ir_get_int(b, IR_ATTR_fill, 0);
}

ir_buffer ir_ring_of_rows(const ir_graph *g, const ir_op *reader, const ir_buffer *maps)
{
    ir_axis axes[2];
    ir_buffer b = *maps;
    ir_reader_axes(g, reader, axes);
    bool leaves = axes[0].low > 0 ||
                  ir_axis_moved(&axes[0], axes[0].points - 1) + axes[0].window > axes[0].map;
    b.points = maps->height;
    b.rows = b.height = 1;
    b.top = 0;
    /* each move along a row gives up as many pixels, the last one too */
    uint32_t walked = ir_axis_moved(&axes[1], axes[1].points);
    b.columns = walked > b.columns ? walked : b.columns;
    b.words = b.columns * b.lanes;
    b.blank = leaves ? axes[1].window * b.lanes : 0;
    return b;
}

bool ir_ring_map_sound(const ir_buffer *b)
{
    if ((b->blank && !ir_ring_by_rows(b)) || (ir_ring_by_rows(b) && b->rows != 1))
        return false;
    if (!b->lanes)
        return !b->rows && !b->columns && !b->height && !b->width;
    return (uint64_t)b->top + b->height <= b->rows && (uint64_t)b->left + b->width <= b->columns &&
           (uint64_t)b->rows * b->columns * b->lanes == b->words;
}
