/*
 * Rings of maps: on random kernels, strides and pads, what a reader finds at the window's corner plus
 * its offset is the pixel that the op means; no row is given up before its last use; nothing outside
 * the slot is read; and in a ring of rows those of the window that are outside of the map are known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ir/ring.h"
#include "ir/window.h"
#include "isa/support/random.h"

enum { CASES = 4000 };

typedef struct ring_case {
    arena *memory;
    ir_graph *graph;
    ir_op *reader;
    ir_window window;
    ir_axis axes[2];
    ir_buffer ring;
} ring_case;

static uint32_t pick(random_state *r, uint32_t low, uint32_t high)
{
    return low + (uint32_t)random_below(r, high - low + 1);
}

static void random_window(random_state *r, ir_window *w)
{
    for (int i = 0; i < 2; i++) {
        w->map[i] = pick(r, 1, 9);
        w->pad[i] = pick(r, 0, 3);
        uint32_t most = w->map[i] + 2 * w->pad[i];
        w->kernel[i] = pick(r, w->pad[i] + 1, most < 7 ? most : 7);
        w->stride[i] = pick(r, 1, 4);
        w->positions[i] =
            (uint32_t)ir_positions(w->map[i], w->kernel[i], w->stride[i], w->pad[i]);
    }
}

/* A tap or untap of that window in a graph of its own, for one place of the kernel. */
static void open_case(ring_case *c, random_state *r, ir_opcode code)
{
    ir_numerics n = {.slices = {.slices = 8, .radix_bits = 4, .rows = 128, .columns = 128}};
    c->memory = arena_new();
    random_window(r, &c->window);
    const ir_window *w = &c->window;
    c->graph = ir_graph_new(ir_module_new(c->memory, NULL, &n), "g");
    uint8_t dims[5] = {ir_graph_dim(c->graph, "n", 2), ir_graph_dim(c->graph, "y", w->map[0]),
                       ir_graph_dim(c->graph, "x", w->map[1]),
                       ir_graph_dim(c->graph, "p", w->positions[0]),
                       ir_graph_dim(c->graph, "q", w->positions[1])};
    ir_space map = {3, {dims[0], dims[1], dims[2]}}, positions = {3, {dims[0], dims[3], dims[4]}};
    bool tap = code == IR_tap;
    ir_op *x = ir_op_new(c->graph, NULL, IR_input, ir_vec(3, 9), NULL, 0, SOURCE_NOWHERE);
    x->space = tap ? map : positions;
    c->reader = ir_op_new(c->graph, NULL, code, ir_vec(2, 9), &x, 1, SOURCE_NOWHERE);
    c->reader->space = tap ? positions : map;
    ir_set_pair(c->graph, c->reader, IR_ATTR_kernel, w->kernel[0], w->kernel[1]);
    ir_set_pair(c->graph, c->reader, IR_ATTR_stride, w->stride[0], w->stride[1]);
    ir_set_pair(c->graph, c->reader, IR_ATTR_pad, w->pad[0], w->pad[1]);
    ir_set_pair(c->graph, c->reader, IR_ATTR_at, pick(r, 0, w->kernel[0] - 1),
                pick(r, 0, w->kernel[1] - 1));
    ir_set_int(c->graph, c->reader, IR_ATTR_first, 1);
    ir_reader_axes(c->graph, c->reader, c->axes);
    c->ring = ir_reader_ring(c->graph, c->reader);
}

/* Row (column) of the read map that the op takes at a point along an axis; false: it takes none. */
static bool meant(const ring_case *c, int axis, uint32_t point, int64_t *at)
{
    const ir_attr *place = ir_get(c->reader, IR_ATTR_at);
    int64_t k = axis == 0 ? place->value : place->second, pad = c->window.pad[axis];
    int64_t stride = c->window.stride[axis];
    if (c->reader->code == IR_tap) {
        *at = (int64_t)point * stride - pad + k;
        return true;
    }
    int64_t from = (int64_t)point + pad - k;
    *at = from / stride;
    if (from < 0)
        *at = -((-from + stride - 1) / stride);
    return ((from % stride) + stride) % stride == 0;
}

/* Row (column) of the slot at which the reader looks at a point along an axis. */
static uint32_t looked_at(const ring_case *c, int axis, uint32_t point)
{
    uint64_t words = ir_reader_offset(c->reader, c->ring.columns, c->ring.lanes) - 1; /* `first` */
    uint32_t row = (uint32_t)(words / c->ring.lanes / c->ring.columns);
    uint32_t column = (uint32_t)(words / c->ring.lanes % c->ring.columns);
    return ir_axis_moved(&c->axes[axis], point) + (axis == 0 ? row : column);
}

static void check_axis(const ring_case *c, int axis)
{
    const ir_axis *a = &c->axes[axis];
    for (uint32_t p = 0; p < a->points; p++) {
        int64_t at = 0;
        bool reads = meant(c, axis, p, &at);
        bool meets = (a->start + p) % a->every == ir_reader_residue(c->reader, axis) % a->every;
        assert_int_equal(meets, reads);
        if (!reads)
            continue;
        uint32_t seen = looked_at(c, axis, p);
        assert_true(seen < a->size);
        bool inside = at >= 0 && at < a->map;
        assert_int_equal(inside, seen >= a->low && seen < a->low + a->map);
        if (!inside)
            continue;
        assert_int_equal(seen - a->low, at);
        assert_true(ir_reader_needs(c->graph, c->reader, axis, p) >= at);
        assert_true(ir_axis_last_use(a, seen) >= p);
        assert_true(ir_axis_moved(a, p) <= seen); /* given up are those before the corner */
    }
    assert_true(ir_axis_moved(a, a->points) <= a->size || axis == 1);
}

/* What is given up after a point along an axis was there: the reader waited for it. */
static void check_given_up(const ring_case *c, int axis)
{
    const ir_axis *a = &c->axes[axis];
    for (uint32_t p = 0; p < a->points; p++) {
        int64_t left = (int64_t)ir_axis_moved(a, p + 1) - 1 - a->low;
        if (left >= a->map || p + 1 == a->points)
            left = a->map - 1;
        assert_true(ir_reader_needs(c->graph, c->reader, axis, p) >= left);
    }
}

/* In a ring of rows: which rows of the window are the map's is told by the point alone. */
static void check_rows(const ring_case *c)
{
    const ir_axis *a = &c->axes[0];
    for (uint32_t p = 0; p < a->points; p++)
        for (uint32_t row = 0; row < a->window + a->step; row++) {
            uint64_t at = (uint64_t)ir_axis_moved(a, p) + row;
            uint64_t first = row < a->low ? ir_axis_reaches(a, a->low - row) : 0;
            uint64_t end = row < a->low + a->map ? ir_axis_reaches(a, a->low + a->map - row) : 0;
            assert_int_equal(p >= first && p < end, at >= a->low && at < a->low + a->map);
        }
    assert_true(ir_reader_row(c->reader) < a->window);
    assert_int_equal(ir_reader_offset(c->reader, c->ring.columns, c->ring.lanes),
                     ir_reader_row(c->reader) * c->ring.columns * c->ring.lanes +
                         ir_reader_offset(c->reader, 0, c->ring.lanes));
    if (c->ring.height == 1)
        return;
    ir_buffer rows = ir_ring_of_rows(c->graph, c->reader, &c->ring);
    assert_true(ir_ring_map_sound(&rows) && ir_ring_by_rows(&rows));
    assert_false(ir_ring_by_rows(&c->ring));
    assert_int_equal(rows.points, c->ring.height);
    assert_int_equal(rows.words, rows.columns * c->ring.lanes);
    assert_true(ir_axis_moved(&c->axes[1], c->axes[1].points) <= rows.columns);
    rows.depth = 5;
    uint32_t slots = rows.points * 2 < 5 ? rows.points * 2 : 5; /* a batch of 2 fills no more */
    assert_int_equal(ir_ring_slots(c->graph, &rows), slots);
    assert_int_equal(ir_ring_words(c->graph, &rows), slots * rows.words + rows.blank);
    bool leaves = a->low || ir_axis_moved(a, a->points - 1) + a->window > a->map;
    assert_int_equal(rows.blank, leaves ? c->axes[1].window * c->ring.lanes : 0);
}

static void readers_find_their_pixels(void **state)
{
    (void)state;
    uint64_t seed = 20261122;
    random_state r = random_from(seed, 5);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < CASES; i++) {
        ring_case c;
        open_case(&c, &r, i % 2 ? IR_tap : IR_untap);
        assert_true(ir_ring_map_sound(&c.ring));
        check_axis(&c, 0);
        check_axis(&c, 1);
        check_given_up(&c, 0);
        check_given_up(&c, 1);
        check_rows(&c);
        assert_true(ir_same_walk(c.graph, c.reader, c.reader));
        arena_free(c.memory);
    }
}

static void a_map_outside_its_slot_is_found(void **state)
{
    (void)state;
    ir_buffer b = {.words = 3 * 4 * 2, .lanes = 2, .rows = 3, .columns = 4, .height = 3, .width = 4};
    assert_true(ir_ring_map_sound(&b));
    b.top = 1;
    assert_false(ir_ring_map_sound(&b));
    b.height = 2;
    assert_true(ir_ring_map_sound(&b));
    b.words++;
    assert_false(ir_ring_map_sound(&b));
    b.lanes = 0;
    assert_false(ir_ring_map_sound(&b));
    b = (ir_buffer){.words = 8, .points = 5, .lanes = 2, .rows = 1, .columns = 4};
    b.height = 1;
    b.width = 4;
    assert_true(ir_ring_map_sound(&b));
    b.blank = 6;
    assert_true(ir_ring_map_sound(&b));
    b.points = 1;
    assert_false(ir_ring_map_sound(&b)); /* a map has its pads in its slot */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_find_their_pixels),
        cmocka_unit_test(a_map_outside_its_slot_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
