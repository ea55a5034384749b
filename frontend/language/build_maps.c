/*
 * Maps as streams: a map[c, h, w] is vec<c> over [n, y, x], with one pair of dimensions for each
 * size of map in a graph. A convolution is one product over the windows of a map, however large.
 */
#include "frontend/language/build.h"

#include "ir/window.h"

#include <math.h>

/* A graph has at most 255 dimensions; the other limits are those of the verifier. */
enum { SIZES_MAX = 100, LANES_MAX = 1 << 24, STEP_MAX = 1 << 16 };

typedef struct build_size {
    int64_t rows, columns;
    uint8_t y, x;
} build_size;

static bool known_size(builder *b, int64_t rows, int64_t columns, build_size *found)
{
    for (size_t i = 0; i < b->size_count; i++)
        if (b->sizes[i].rows == rows && b->sizes[i].columns == columns) {
            *found = b->sizes[i];
            return true;
        }
    return false;
}

bool build_grid(builder *b, ir_space frame, int64_t rows, int64_t columns, source_range where,
                ir_space *space)
{
    build_size size = {rows, columns, 0, 0};
    if (!known_size(b, size.rows, size.columns, &size)) {
        if (b->size_count == SIZES_MAX) {
            build_refuse(b, where, "maps of more than 100 sizes in one network",
                         "the graph IR cannot hold their dimensions");
            return false;
        }
        size_t number = b->size_count + 1;
        const char *y = arena_printf(b->m->memory, "y%zu", number);
        const char *x = arena_printf(b->m->memory, "x%zu", number);
        size.y = ir_graph_dim(b->g, y, (uint32_t)size.rows);
        size.x = ir_graph_dim(b->g, x, (uint32_t)size.columns);
        ARENA_PUSH(b->m->memory, b->sizes, b->size_count, b->size_capacity, size);
    }
    *space = ir_space_union(b->g, frame, (ir_space){2, {size.y, size.x}});
    return true;
}

/* The space of a map of this type over a frame; false after an error. */
static bool map_space(builder *b, ir_space frame, const pan_type *map, source_range where,
                      ir_space *space)
{
    return build_grid(b, frame, map->dim[1], map->dim[2], where, space);
}

/* An op on the map x whose result is a map of type `to`, or a vector if that is NULL. */
static ir_op *on_map(builder *b, ir_opcode code, ir_type type, ir_op *x, const pan_type *to,
                     source_range where)
{
    ir_space space = ir_frame(x->space);
    if (to && !map_space(b, space, to, where, &space))
        return NULL;
    ir_op *op = build_op(b, code, type, where, 1, &x);
    op->space = space;
    return op;
}

static bool step_fits(builder *b, const pan_op *op)
{
    const pan_window *w = &op->window;
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] > STEP_MAX || w->stride[i] > STEP_MAX || w->padding[i] > STEP_MAX) {
            build_refuse(b, op->where, "a kernel, stride or padding of more than 2^16",
                         "the graph IR cannot hold it");
            return false;
        }
    return true;
}

/* The same with the kernel that op slides over the map. */
static ir_op *windowed(builder *b, const pan_op *op, ir_opcode code, ir_type type, ir_op *x)
{
    const pan_window *w = &op->window;
    if (!step_fits(b, op))
        return NULL;
    ir_op *made = on_map(b, code, type, x, &op->type, op->where);
    if (!made)
        return NULL;
    ir_set_pair(b->g, made, IR_ATTR_kernel, w->kernel[0], w->kernel[1]);
    ir_set_pair(b->g, made, IR_ATTR_stride, w->stride[0], w->stride[1]);
    ir_set_pair(b->g, made, IR_ATTR_pad, w->padding[0], w->padding[1]);
    if (op->layer != PAN_NONE)
        ir_set_name(b->g, made, IR_ATTR_layer, b->p->layers[op->layer].path);
    return made;
}

/* ---- maps as vectors ---- */

static int64_t pixels_of(const builder *b, const ir_op *map)
{
    int64_t pixels = 1;
    for (uint8_t i = ir_frame(map->space).count; i < map->space.count; i++)
        pixels *= b->g->dims[map->space.dim[i]].extent;
    return pixels;
}

ir_op *build_flatten(builder *b, ir_op *map, source_range where)
{
    int64_t pixels = pixels_of(b, map);
    if (pixels > LANES_MAX / map->type.lanes)
        return build_refuse(b, where, "a vector of more than 2^24 elements",
                            "the graph IR cannot hold it");
    ir_type type = ir_vec((uint32_t)pixels * map->type.lanes, map->type.q);
    return on_map(b, IR_flatten, type, map, NULL, where);
}

ir_op *build_unflatten(builder *b, ir_op *x, const pan_type *map, source_range where)
{
    ir_space space;
    if (!map_space(b, x->space, map, where, &space))
        return NULL;
    ir_type type = ir_vec((uint32_t)map->dim[0], x->type.q);
    ir_op *op = build_op(b, IR_unflatten, type, where, 1, &x);
    op->space = space;
    return op;
}

/* Elements keep their order, in which those of a map are (channel, row, column). */
ir_op *build_reshape(builder *b, const pan_op *op)
{
    const pan_type *from = &build_arg_op(b, op, 0)->type, *to = &op->type;
    ir_op *x = build_arg(b, op, 0);
    if (!pan_type_equal(from, to)) {
        x = from->kind == PAN_MAP ? build_flatten(b, x, op->where) : x;
        x = x && to->kind == PAN_MAP ? build_unflatten(b, x, to, op->where) : x;
    }
    return x ? build_to_format(b, x, op->q, op->where) : NULL;
}

/* ---- windows ---- */

static bool is_pixel(const pan_window *w)
{
    bool one = true;
    for (int i = 0; i < 2; i++)
        one = one && w->kernel[i] == 1 && w->stride[i] == 1 && w->padding[i] == 0;
    return one;
}

/* The pixels under op's kernel at each position of its result. */
static ir_op *window_of(builder *b, const pan_op *op, ir_op *x)
{
    const pan_window *w = &op->window;
    if (is_pixel(w))
        return x;
    if (w->kernel[0] > LANES_MAX / w->kernel[1] / x->type.lanes)
        return build_refuse(b, op->where, "a window of more than 2^24 elements",
                            "the graph IR cannot hold it");
    uint32_t lanes = (uint32_t)(w->kernel[0] * w->kernel[1]) * x->type.lanes;
    return windowed(b, op, IR_window, ir_vec(lanes, x->type.q), x);
}

static ir_op *channels(builder *b, const pan_op *op, ir_op *x, uint32_t first, uint32_t lanes)
{
    ir_op *part = build_op(b, IR_slice, ir_vec(lanes, x->type.q), op->where, 1, &x);
    ir_set_int(b->g, part, IR_ATTR_first, first);
    ir_set_name(b->g, part, IR_ATTR_layer, b->p->layers[op->layer].path);
    return part;
}

/* Groups that share a matrix take their channels in and out together. */
ir_op *build_conv2d(builder *b, const pan_op *op)
{
    uint32_t groups = (uint32_t)op->window.groups, parts = 0;
    uint32_t together = build_groups_together(b, op->params[0]);
    ir_op *x = build_arg(b, op, 0), **made = ARENA_ARRAY(b->m->memory, ir_op *, groups);
    uint32_t in = x->type.lanes / groups, out = (uint32_t)op->type.dim[0] / groups;
    ir_matrix **w = build_matrices(b, op->params[0]);
    if (!w)
        return NULL;
    for (uint32_t g = 0; g < groups; g += together, parts++) {
        uint32_t count = groups - g < together ? groups - g : together;
        ir_op *part = count == groups ? x : channels(b, op, x, g * in, count * in);
        ir_op *window = window_of(b, op, part);
        if (!window)
            return NULL;
        ir_type type = ir_vec(count * out, build_result_q(b, op));
        made[parts] = build_layer(b, op, w[parts], window, type);
    }
    ir_type whole = ir_vec((uint32_t)op->type.dim[0], build_result_q(b, op));
    return parts == 1 ? made[0] : build_op(b, IR_concat, whole, op->where, parts, made);
}

ir_op *build_patches(builder *b, const pan_op *op)
{
    ir_op *window = window_of(b, op, build_arg(b, op, 0));
    return window ? build_to_format(b, window, op->q, op->where) : NULL;
}

ir_op *build_fold(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    ir_type type = ir_vec((uint32_t)op->type.dim[0], x->type.q);
    ir_op *map = windowed(b, op, IR_fold, type, x);
    return map ? build_to_format(b, map, op->q, op->where) : NULL;
}

/* ---- pools ---- */

ir_op *build_max_pool(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    ir_op *most = windowed(b, op, IR_pool_max, x->type, x);
    return most ? build_to_format(b, most, op->q, op->where) : NULL;
}

/* A format with as many fewer fraction bits as a sum of `count` numbers can need whole ones. */
static uint8_t sum_format(const ir_op *x, int64_t count)
{
    int bits = (int)ceil(log2((double)count));
    return (uint8_t)(x->type.q > bits ? x->type.q - bits : 0);
}

static ir_op *average(builder *b, const pan_op *op, ir_op *sum, int64_t count)
{
    double part = 1 / (double)count;
    ir_type type = ir_vec((uint32_t)build_lanes(&op->type), (uint8_t)op->q);
    if (!sum)
        return NULL;
    ir_op *scale = build_const(b, part, 1, build_finest(part), op->where);
    return build_op(b, IR_mul, type, op->where, 2, (ir_op *[]){sum, scale});
}

/* The padding counts. */
ir_op *build_avg_pool(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    int64_t taps = op->window.kernel[0] * op->window.kernel[1];
    ir_type type = ir_vec(x->type.lanes, sum_format(x, taps));
    return average(b, op, windowed(b, op, IR_pool_sum, type, x), taps);
}

ir_op *build_global_avg_pool(builder *b, const pan_op *op)
{
    ir_op *x = build_arg(b, op, 0);
    int64_t pixels = pixels_of(b, x);
    ir_type type = ir_vec(x->type.lanes, sum_format(x, pixels));
    return average(b, op, on_map(b, IR_total, type, x, NULL, op->where), pixels);
}
