/*
 * Windows over maps in terms of taps: a pixel at a distance from a position is one word's address
 * away, so that a machine reads `tap` with a load, and `untap` is the same load from the other
 * side. What a window op does with the pixels under its kernel becomes a chain over its taps; a
 * chain adds in the order of the op, which is by rising positions: of those that reach one pixel,
 * the positions rise as the taps fall. Sums over a map run along with its pixels.
 */
#include "ir/window.h"
#include "passes/lower.h"

#include <string.h>

/* An op's window, its taps as numbers in (ky, kx) order, and where the results go. */
typedef struct taps {
    lowering *l;
    const ir_op *op;
    ir_window window;
    uint32_t count;
    ir_space map, positions; /* whose last two dimensions these are */
} taps;

static taps taps_of(lowering *l, const ir_op *op)
{
    taps t = {.l = l, .op = op, .window = ir_window_of(l->at.graph, op)};
    t.count = (uint32_t)ir_window_taps(&t.window);
    bool onto_map = ir_result_side(op->code) == IR_SIDE_MAP;
    t.map = onto_map ? op->space : op->args[0]->space;
    t.positions = onto_map ? op->args[0]->space : op->space;
    return t;
}

/* Each tap of a pool or an adjoint is a few instructions; false with an error if they are too many. */
static bool few_enough(const taps *t)
{
    enum { TAPS_MOST = 4096 };
    size_t all = ir_window_taps(&t->window);
    if (all <= TAPS_MOST)
        return true;
    diag_error(t->l->pass->diag, t->op->where,
               "not supported: a kernel of %u x %u here, because each of its %zu pixels takes "
               "instructions of its own; at most %d can",
               t->window.kernel[0], t->window.kernel[1], all, TAPS_MOST);
    return false;
}

static ir_op *window_op(const taps *t, ir_opcode code, ir_op *x, uint32_t lanes, uint32_t tap)
{
    static const ir_attr_key kept[] = {IR_ATTR_kernel, IR_ATTR_stride, IR_ATTR_pad};
    ir_graph *g = t->l->at.graph;
    ir_op *made = rewrite_op(&t->l->at, code, ir_vec(lanes, x->type.q), 1, &x);
    made->space = ir_over(g, ir_frame(x->space), code == IR_tap ? t->positions : t->map);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        rewrite_copy_attr(g, made, t->op, kept[i]);
    ir_set_pair(g, made, IR_ATTR_at, tap / t->window.kernel[1], tap % t->window.kernel[1]);
    return made;
}

/* The pixels of x under one tap; outside of the map 0, or the least there is. */
static ir_op *tap_of(const taps *t, ir_op *x, uint32_t tap, bool least)
{
    ir_op *made = window_op(t, IR_tap, x, x->type.lanes, tap);
    if (least && (t->window.pad[0] || t->window.pad[1]))
        ir_set_int(t->l->at.graph, made, IR_ATTR_fill, INT16_MIN);
    return made;
}

/* What x has at the positions goes back to the pixels under one tap. */
static ir_op *untap_of(const taps *t, ir_op *x, uint32_t lanes, uint32_t tap, uint32_t first)
{
    ir_op *made = window_op(t, IR_untap, x, lanes, tap);
    if (first)
        ir_set_int(t->l->at.graph, made, IR_ATTR_first, first);
    return made;
}

/* chain is NULL before its first link. */
static ir_op *link(const taps *t, ir_opcode code, ir_op *chain, ir_op *next)
{
    return chain ? lower_new(t->l, code, next->type, 2, (ir_op *[]){chain, next}) : next;
}

static bool is_pixel(const ir_window *w)
{
    return w->kernel[0] == 1 && w->kernel[1] == 1 && w->stride[0] == 1 && w->stride[1] == 1 &&
           !w->pad[0] && !w->pad[1];
}

static bool same_space(ir_space a, ir_space b)
{
    return ir_space_within(a, b) && ir_space_within(b, a);
}

/* A row of the kernel is one run of words. */
ir_op *lower_window(lowering *l, ir_op *op)
{
    taps t = taps_of(l, op);
    ir_op *x = op->args[0];
    uint32_t rows = t.window.kernel[0], columns = t.window.kernel[1];
    ir_op **runs = ARENA_ARRAY(l->pass->memory, ir_op *, rows);
    if (is_pixel(&t.window) && same_space(x->space, op->space))
        return x;
    for (uint32_t ky = 0; ky < rows; ky++)
        runs[ky] = window_op(&t, IR_tap, x, columns * x->type.lanes, ky * columns);
    return rows == 1 ? runs[0] : lower_new(l, IR_concat, op->type, rows, runs);
}

ir_op *lower_fold(lowering *l, ir_op *op)
{
    taps t = taps_of(l, op);
    ir_op *sum = NULL;
    uint32_t lanes = op->type.lanes;
    if (!few_enough(&t))
        return op;
    for (uint32_t k = t.count; k-- > 0;)
        sum = link(&t, IR_add, sum, untap_of(&t, op->args[0], lanes, k, k * lanes));
    return sum;
}

ir_op *lower_pool_max(lowering *l, ir_op *op)
{
    taps t = taps_of(l, op);
    ir_op *most = NULL;
    if (!few_enough(&t))
        return op;
    for (uint32_t k = 0; k < t.count; k++)
        most = link(&t, IR_max, most, tap_of(&t, op->args[0], k, true));
    return most;
}

static ir_op *is_equal(const taps *t, ir_op *x, ir_op *y)
{
    return lower_new(t->l, IR_eq, ir_vec(t->op->type.lanes, 0), 2, (ir_op *[]){x, y});
}

static ir_op *choice(const taps *t, ir_op *mask, ir_op *yes, ir_op *no)
{
    return lower_new(t->l, IR_select, yes->type, 3, (ir_op *[]){mask, yes, no});
}

/* What each tap takes of the error: the first tap that is the largest takes what is left of it. */
static void take_in_turn(const taps *t, ir_op *zero, ir_op **taken)
{
    ir_op *left = t->op->args[0];
    for (uint32_t k = 0; k < t->count; k++) {
        ir_op *is = is_equal(t, tap_of(t, t->op->args[1], k, true), t->op->args[2]);
        taken[k] = choice(t, is, left, zero);
        left = choice(t, is, zero, left);
    }
}

/* The same by the number of that tap, the one vector that waits for the error. */
static void take_by_number(const taps *t, ir_op *zero, ir_op **taken)
{
    rewrite *at = &t->l->at;
    uint32_t lanes = t->op->type.lanes;
    ir_op *number = rewrite_const(at, t->count - 1, lanes, 0);
    for (uint32_t k = t->count - 1; k-- > 0;) {
        ir_op *is = is_equal(t, tap_of(t, t->op->args[1], k, true), t->op->args[2]);
        number = choice(t, is, rewrite_const(at, k, lanes, 0), number);
    }
    for (uint32_t k = 0; k < t->count; k++)
        taken[k] = choice(t, is_equal(t, number, rewrite_const(at, k, lanes, 0)), t->op->args[0],
                          zero);
}

/* The numbers of taps are vectors of constants, in the registers of a core. */
static bool may_number(const taps *t)
{
    enum { WORDS_MOST = 512 };
    uint32_t side = rewrite_side(t->l->pass->module), lanes = t->op->type.lanes;
    return t->count > 1 && (uint64_t)t->count * (lanes < side ? lanes : side) <= WORDS_MOST;
}

ir_op *lower_unpool(lowering *l, ir_op *op)
{
    taps t = taps_of(l, op);
    ir_op *sum = NULL;
    if (!few_enough(&t))
        return op;
    ir_op **taken = ARENA_ARRAY(l->pass->memory, ir_op *, t.count);
    ir_op *zero = rewrite_const(&l->at, 0, op->type.lanes, op->type.q);
    (may_number(&t) ? take_by_number : take_in_turn)(&t, zero, taken);
    for (uint32_t k = t.count; k-- > 0;)
        sum = link(&t, IR_add, sum, untap_of(&t, taken[k], op->type.lanes, k, 0));
    return sum;
}

/* One position that sees the whole map. */
static bool sees_all(const ir_window *w)
{
    bool all = ir_window_places(w) == 1;
    for (int i = 0; i < 2; i++)
        all = all && w->kernel[i] >= (uint64_t)w->map[i] + w->pad[i];
    return all;
}

static ir_op *total_of(lowering *l, ir_op *x, uint8_t q)
{
    ir_op *sum, *last;
    x = lower_to_format(l, x, q);
    sum = rewrite_op(&l->at, IR_running, x->type, 1, &x);
    last = rewrite_op(&l->at, IR_final, x->type, 1, &sum);
    last->space = ir_frame(x->space);
    return last;
}

ir_op *lower_total(lowering *l, ir_op *op)
{
    return total_of(l, op->args[0], op->type.q);
}

ir_op *lower_pool_sum(lowering *l, ir_op *op)
{
    taps t = taps_of(l, op);
    ir_op *x = op->args[0], *sum = NULL;
    if (sees_all(&t.window)) {
        sum = total_of(l, x, op->type.q);
        sum = rewrite_op(&l->at, IR_unflatten, sum->type, 1, &sum);
        sum->space = op->space;
        ir_set_name(l->at.graph, sum, IR_ATTR_layout, "pixels");
        return sum;
    }
    if (!few_enough(&t))
        return op;
    x = lower_to_format(l, x, op->type.q);
    for (uint32_t k = 0; k < t.count; k++)
        sum = link(&t, IR_add, sum, tap_of(&t, x, k, false));
    return sum;
}

/* One value for the whole map, at each of its pixels. */
static ir_op *everywhere(lowering *l, ir_op *x, ir_space map)
{
    ir_op *value = rewrite_op(&l->at, IR_final, x->type, 1, &x);
    value->space = ir_frame(x->space);
    ir_op *same = rewrite_op(&l->at, IR_convert, x->type, 1, &value);
    same->space = map;
    return same;
}

ir_op *lower_spread(lowering *l, ir_op *op)
{
    taps t = taps_of(l, op);
    ir_op *x = lower_to_format(l, op->args[0], op->type.q), *sum = NULL;
    if (sees_all(&t.window))
        return everywhere(l, x, op->space);
    if (!few_enough(&t))
        return op;
    for (uint32_t k = t.count; k-- > 0;)
        sum = link(&t, IR_add, sum, untap_of(&t, x, op->type.lanes, k, 0));
    return sum;
}

/* ---- maps as vectors ---- */

static const char *layout_of(const ir_op *op)
{
    return ir_get_name(op, IR_ATTR_layout, "lanes");
}

/* All of a map in one vector. */
static bool is_whole(const ir_op *op)
{
    return op->arg_count == 1 && !ir_get(op, IR_ATTR_first);
}

/* A map as a vector as a map, and the reverse. */
static bool is_back(const ir_op *op)
{
    const ir_op *x = op->args[0];
    return x->code == (op->code == IR_flatten ? IR_unflatten : IR_flatten) && is_whole(x) &&
           !strcmp(layout_of(op), layout_of(x)) && same_space(x->args[0]->space, op->space);
}

/* Whether the vector has one lane of all pixels after the other; where it is all the same, not. */
static bool by_lanes(lowering *l, ir_op *op, uint32_t lanes, uint32_t pixels)
{
    if (lanes == 1 || pixels == 1)
        ir_set_name(l->at.graph, op, IR_ATTR_layout, "pixels");
    return !strcmp(layout_of(op), "lanes");
}

static ir_op *lane_op(lowering *l, ir_opcode code, ir_op *x, uint32_t lanes, ir_space space)
{
    ir_op *made = rewrite_op(&l->at, code, ir_vec(lanes, x->type.q), 1, &x);
    made->space = space;
    ir_set_name(l->at.graph, made, IR_ATTR_layout, "pixels");
    return made;
}

static ir_op *joined(lowering *l, const ir_op *op, uint32_t count, ir_op *const *parts)
{
    ir_op *all = rewrite_op(&l->at, IR_concat, op->type, count, parts);
    all->space = op->space;
    return all;
}

/* One lane after the other, as maps of one lane each: these have the order of pixels. */
static ir_op *lane_by_lane(lowering *l, ir_op *op, uint32_t lanes, uint32_t pixels)
{
    bool flat = op->code == IR_flatten;
    uint32_t taken = flat ? 1 : pixels, made = flat ? pixels : 1;
    if (!is_whole(op))
        return op;
    if (is_back(op))
        return op->args[0]->args[0];
    if (!by_lanes(l, op, lanes, pixels))
        return op;
    ir_op **parts = ARENA_ARRAY(l->pass->memory, ir_op *, lanes);
    for (uint32_t i = 0; i < lanes; i++) {
        ir_op *lane = rewrite_slice(&l->at, op->args[0], i * taken, taken);
        parts[i] = lane_op(l, op->code, lane, made, op->space);
    }
    return joined(l, op, lanes, parts);
}

/* A vector in (lane, row, column) order. */
ir_op *lower_flatten(lowering *l, ir_op *op)
{
    uint32_t lanes = op->args[0]->type.lanes;
    return lane_by_lane(l, op, lanes, op->type.lanes / lanes);
}

ir_op *lower_unflatten(lowering *l, ir_op *op)
{
    uint32_t lanes = op->type.lanes;
    return lane_by_lane(l, op, lanes, op->args[0]->type.lanes / lanes);
}
