/* Random networks and chips for the planner's property tests. */
#ifndef PANTHER_TESTS_PLAN_RANDOM_H
#define PANTHER_TESTS_PLAN_RANDOM_H

#include "plan_fixture.h"

static int32_t draw(random_state *r, int32_t low, int32_t high)
{
    return low + (int32_t)random_below(r, (uint64_t)(high - low + 1));
}

/* A window over a map that leaves at least one pixel. */
static plan_window draw_window(random_state *r, const int32_t map[2], int32_t kernel,
                               int32_t stride)
{
    plan_window w = PLAN_NO_WINDOW;
    for (int i = 0; i < 2; i++) {
        w.kernel[i] = draw(r, 1, kernel < map[i] ? kernel : map[i]);
        w.stride[i] = draw(r, 1, stride);
        w.pad[i] = draw(r, 0, w.kernel[i] - 1);
    }
    return w;
}

static void draw_layer(arena *memory, random_state *r, plan_network *n, bool residual)
{
    int32_t i = (int32_t)n->count, before[2] = {n->in_map[0], n->in_map[1]};
    int32_t channels = n->in;
    plan_layer l = {.groups = 1, .pool = PLAN_NO_WINDOW, .kind = PLAN_CONV};
    plan_edge e = {i - 1, PLAN_NO_WINDOW};
    if (i > 0) {
        memcpy(before, n->layers[i - 1].out_map, sizeof before);
        channels = n->layers[i - 1].out;
    }
    if (i > 0 && draw(r, 0, 2) == 0)
        e.pool = draw_window(r, before, 3, 2);
    plan_window_map(&e.pool, before, l.in_map);
    l.name = arena_printf(memory, "layer_%d", i);
    l.conv = draw_window(r, l.in_map, 4, 2);
    plan_window_map(&l.conv, l.in_map, l.out_map);
    l.in = channels;
    l.out = 4 * draw(r, 1, 20);
    if (channels % 4 == 0 && draw(r, 0, 4) == 0)
        l.groups = 4;
    l.bias = draw(r, 0, 1);
    l.inputs = ARENA_ARRAY(memory, plan_edge, 2);
    l.inputs[0] = e;
    l.input_count = 1;
    for (int32_t k = 0; residual && k + 1 < i && l.input_count == 1; k++) {
        int32_t map[2];
        plan_window_map(&e.pool, n->layers[k].out_map, map);
        if (map[0] == l.in_map[0] && map[1] == l.in_map[1] && draw(r, 0, 1))
            l.inputs[l.input_count++] = (plan_edge){k, e.pool};
    }
    n->layers[n->count++] = l;
}

static plan_network *draw_network(arena *memory, random_state *r, int32_t layers, int32_t side,
                                  bool residual)
{
    plan_network *n = ARENA_NEW(memory, plan_network);
    *n = (plan_network){
        .name = "random", .in = draw(r, 1, 8), .in_map = {draw(r, 1, side), draw(r, 1, side)}};
    n->layers = ARENA_ARRAY(memory, plan_layer, (size_t)layers);
    for (int32_t i = 0; i < layers; i++)
        draw_layer(memory, r, n, residual);
    const char *error = plan_network_check(memory, n);
    if (error)
        fail_msg("%s", error);
    return n;
}

static plan_chip *draw_chip(arena *memory, random_state *r)
{
    plan_chip *c = ARENA_NEW(memory, plan_chip);
    *c = (plan_chip){.name = "random",
                     .path = "random",
                     .source = "random",
                     .tiles = draw(r, 1, 30),
                     .pes = draw(r, 1, 4),
                     .crossbars = draw(r, 1, 16),
                     .rows = 16 << draw(r, 0, 4),
                     .columns = 16 << draw(r, 0, 4),
                     .cells_per_weight = 1 << draw(r, 0, 2),
                     .slices = 1,
                     .cycle_ns = 100,
                     .step_cycles = draw(r, 1, 30),
                     .element_bytes = 2,
                     .tile_gib = 1 + 100 * random_unit(r),
                     .chip_gib = 1 + 10 * random_unit(r)};
    return c;
}

#endif
