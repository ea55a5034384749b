#include "ir/verify.h"
#include "ir/window.h"

#include <inttypes.h>

/* Spaces and lanes of the ops on maps; arguments and attributes are sound. */

static bool same_dims(ir_space a, ir_space b)
{
    return ir_space_within(a, b) && ir_space_within(b, a);
}

static bool ends_alike(ir_space a, ir_space b)
{
    return a.dim[a.count - 2] == b.dim[b.count - 2] && a.dim[a.count - 1] == b.dim[b.count - 1];
}

/* False after an error that has been reported where the value is made. */
static bool known(const ir_check *c, ir_space s)
{
    bool sound = s.count <= IR_DIMS_MAX;
    for (uint8_t i = 0; sound && i < s.count; i++)
        sound = s.dim[i] < c->g->dim_count;
    return sound;
}

/*
 * One frame of the result takes one frame of each argument. The first one has the frames of the
 * result; the values that `unpool` compares may be the same for all of them.
 */
static bool frames_sound(ir_check *c, const ir_op *op)
{
    ir_space frame = ir_result_frame(op);
    if (ir_result_side(op->code) != IR_SIDE_NONE && op->space.count < 2) {
        ir_fail_op(c, op, "must run over rows and columns");
        return false;
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        if (!known(c, op->args[i]->space))
            return false;
        if (ir_arg_side(op->code, i) != IR_SIDE_NONE && op->args[i]->space.count < 2) {
            ir_fail_op(c, op, "argument %u must run over rows and columns", i + 1);
            return false;
        }
        ir_space other = ir_arg_frame(op, i);
        if (i == 0 ? same_dims(frame, other) : ir_space_within(other, frame))
            continue;
        ir_fail_op(c, op, "argument %u and the result run over different dimensions beside rows "
                   "and columns", i + 1);
        return false;
    }
    return true;
}

/* Every map has the same rows and columns, and so have all positions. */
static bool sides_sound(ir_check *c, const ir_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        ir_map_side side = ir_arg_side(op->code, i);
        ir_space s = op->args[i]->space;
        bool alike = side == IR_SIDE_NONE ||
                     ((side != ir_result_side(op->code) || ends_alike(s, op->space)) &&
                      (side != ir_arg_side(op->code, 0) || ends_alike(s, op->args[0]->space)));
        if (alike)
            continue;
        ir_fail_op(c, op, "argument %u has other rows and columns than it should", i + 1);
        return false;
    }
    return true;
}

static bool window_sound(ir_check *c, const ir_op *op)
{
    static const char *const lines[] = {"rows", "columns"};
    ir_window w = ir_window_of(c->g, op);
    for (int i = 0; i < 2; i++) {
        uint64_t fit = ir_positions(w.map[i], w.kernel[i], w.stride[i], w.pad[i]);
        if (fit == w.positions[i])
            continue;
        ir_fail_op(c, op, "a kernel of %u with stride %u and pad %u has %" PRIu64
                   " positions on %u %s, not %u", w.kernel[i], w.stride[i], w.pad[i], fit,
                   w.map[i], lines[i], w.positions[i]);
        return false;
    }
    if (op->code != IR_pool_max && op->code != IR_unpool)
        return true;
    if (w.pad[0] < w.kernel[0] && w.pad[1] < w.kernel[1])
        return true;
    ir_fail_op(c, op, "a pad as large as the kernel leaves a position without a pixel");
    return false;
}

/* Lanes of the larger side for each lane of the smaller one; which has how many; their formats. */
static void check_ratio(ir_check *c, const ir_op *op, uint64_t ratio, ir_type small, ir_type large)
{
    if (small.lanes * ratio != large.lanes)
        ir_fail_op(c, op, "%u lanes of %" PRIu64 " pixels are not %u lanes", small.lanes, ratio,
                   large.lanes);
    if (small.q != large.q)
        ir_fail_op(c, op, "argument and result have formats q%u and q%u", op->args[0]->type.q,
                   op->type.q);
}

static void check_window_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    check_ratio(c, op, ir_window_taps(w), op->args[0]->type, op->type);
}

static void check_fold_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    check_ratio(c, op, ir_window_taps(w), op->type, op->args[0]->type);
}

static void check_unpool_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    (void)w;
    ir_type x = op->args[1]->type, y = op->args[2]->type;
    if (x.lanes != op->type.lanes || y.lanes != op->type.lanes ||
        op->args[0]->type.lanes != op->type.lanes)
        ir_fail_op(c, op, "arguments and result must have as many lanes");
    else if (x.q != y.q)
        ir_fail_op(c, op, "compares formats q%u and q%u", x.q, y.q);
}

static void check_formats(ir_check *c, const ir_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (op->args[i]->type.q != op->type.q)
            ir_fail_op(c, op, "argument %u has format q%u, the result q%u", i + 1,
                       op->args[i]->type.q, op->type.q);
}

/* Lanes first .. of so many; without `first` all of them. */
static void check_part(ir_check *c, const ir_op *op, uint64_t all)
{
    uint64_t first = (uint64_t)ir_get_int(op, IR_ATTR_first, 0), end = first + op->type.lanes;
    if (end > all)
        ir_fail_op(c, op, "lanes %" PRIu64 " to %" PRIu64 " of %" PRIu64, first, end - 1, all);
    check_formats(c, op);
}

static void check_flatten_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    if (ir_get(op, IR_ATTR_first))
        check_part(c, op, (uint64_t)op->args[0]->type.lanes * ir_window_pixels(w));
    else
        check_ratio(c, op, ir_window_pixels(w), op->args[0]->type, op->type);
}

static void check_unflatten_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    uint64_t lanes = 0, pixels = ir_window_pixels(w);
    for (uint32_t i = 0; i < op->arg_count; i++)
        lanes += op->args[i]->type.lanes;
    if (op->arg_count == 1 && !ir_get(op, IR_ATTR_first))
        check_ratio(c, op, pixels, op->type, op->args[0]->type);
    else if (lanes % pixels || (!ir_get(op, IR_ATTR_first) && op->type.lanes * pixels != lanes))
        ir_fail_op(c, op, "%" PRIu64 " pixels do not have %" PRIu64 " lanes together", pixels,
                   lanes);
    else
        check_part(c, op, lanes / pixels);
}

static void check_tap_at(ir_check *c, const ir_op *op, const ir_window *w)
{
    if (w->at[0] >= w->kernel[0] || w->at[1] >= w->kernel[1])
        ir_fail_op(c, op, "a kernel of %u x %u has no tap (%u, %u)", w->kernel[0], w->kernel[1],
                   w->at[0], w->at[1]);
}

/* The run ends within the kernel. */
static void check_tap_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    int64_t fill = ir_get_int(op, IR_ATTR_fill, 0);
    check_tap_at(c, op, w);
    if (w->at[1] < w->kernel[1])
        check_part(c, op, (uint64_t)(w->kernel[1] - w->at[1]) * op->args[0]->type.lanes);
    if (fill != 0 && fill != INT16_MIN)
        ir_fail_op(c, op, "'fill' must be 0 or %d, found %" PRId64, INT16_MIN, fill);
}

static void check_untap_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    check_tap_at(c, op, w);
    check_part(c, op, op->args[0]->type.lanes);
}

static void check_reverse_lanes(ir_check *c, const ir_op *op, const ir_window *w)
{
    (void)w;
    check_part(c, op, op->args[0]->type.lanes);
}

typedef void lanes_rule(ir_check *c, const ir_op *op, const ir_window *w);

/* The others keep their lanes, which the row's rule holds them to. */
static lanes_rule *const lanes_rules[IR_OPCODES] = {
    [IR_window] = check_window_lanes,       [IR_fold] = check_fold_lanes,
    [IR_unpool] = check_unpool_lanes,       [IR_flatten] = check_flatten_lanes,
    [IR_unflatten] = check_unflatten_lanes, [IR_tap] = check_tap_lanes,
    [IR_untap] = check_untap_lanes,         [IR_reverse] = check_reverse_lanes,
};

void ir_check_space(ir_check *c, const ir_op *op)
{
    if (!frames_sound(c, op) || !sides_sound(c, op) ||
        (ir_ops[op->code].class == IR_CLASS_WINDOW && !window_sound(c, op)))
        return;
    ir_window w = ir_window_of(c->g, op);
    if (lanes_rules[op->code])
        lanes_rules[op->code](c, op, &w);
}
