#include "passes/threads.h"

#include "passes/placing.h"

static bool same_key(const thread_key *a, const thread_key *b)
{
    return placing_same_tile(a->tile, b->tile) && placing_same_tile(a->peer, b->peer) &&
           a->sends == b->sends && a->group == b->group && a->once == b->once &&
           ir_same_grid(a->grid, b->grid);
}

int64_t threads_take(threads *t, ir_place tile, ir_place peer, bool sends, const ir_op *value)
{
    thread_key key = {tile,
                      peer,
                      sends,
                      placing_once(value),
                      ir_get_int(value, IR_ATTR_group, -(int64_t)value->id - 1),
                      ir_grid_of(t->graph, value->space),
                      -1};
    for (size_t i = 0; i < t->count; i++)
        if (same_key(&t->keys[i], &key))
            return (int64_t)i;
    ARENA_PUSH(t->memory, t->keys, t->count, t->capacity, key);
    return (int64_t)t->count - 1;
}

/* The streams of one tile, and the different grids among them. */
typedef struct tile_threads {
    thread_key **keys;
    size_t count, capacity;
    ir_grid *grids;
    size_t grid_count, grid_capacity;
} tile_threads;

static size_t grid_index(threads *t, tile_threads *tile, ir_grid grid)
{
    for (size_t i = 0; i < tile->grid_count; i++)
        if (ir_same_grid(tile->grids[i], grid))
            return i;
    ARENA_PUSH(t->memory, tile->grids, tile->grid_count, tile->grid_capacity, grid);
    return tile->grid_count - 1;
}

static tile_threads threads_of_tile(threads *t, ir_place place)
{
    tile_threads tile = {0};
    for (size_t i = 0; i < t->count; i++)
        if (placing_same_tile(t->keys[i].tile, place)) {
            ARENA_PUSH(t->memory, tile.keys, tile.count, tile.capacity, &t->keys[i]);
            grid_index(t, &tile, t->keys[i].grid);
        }
    return tile;
}

/* A thread for each stream if there are enough, else each grid has its share. */
static bool number_threads(threads *t, tile_threads *tile, size_t limit)
{
    if (tile->grid_count > limit)
        return false;
    size_t each = limit / tile->grid_count;
    size_t *taken = ARENA_ARRAY(t->memory, size_t, tile->grid_count);
    for (size_t i = 0; i < tile->count; i++) {
        size_t grid = grid_index(t, tile, tile->keys[i]->grid);
        bool enough = tile->count <= limit;
        tile->keys[i]->number = (int64_t)(enough ? i : grid * each + taken[grid]++ % each);
    }
    return true;
}

bool threads_share(threads *t, int limit, diag *d)
{
    for (size_t i = 0; i < t->count; i++) {
        ir_place at = t->keys[i].tile;
        if (t->keys[i].number >= 0)
            continue;
        tile_threads tile = threads_of_tile(t, at);
        if (number_threads(t, &tile, (size_t)limit))
            continue;
        diag_error(
            d, SOURCE_NOWHERE,
            "kernel '%s': tile %d of node %d carries maps of %zu sizes, but has %d control threads",
            t->graph->name, at.tile, at.node, tile.grid_count, limit);
        return false;
    }
    IR_EACH(op, t->graph) {
        int64_t key = ir_get_int(op, IR_ATTR_thread, -1);
        if (key >= 0)
            ir_set_int(t->graph, op, IR_ATTR_thread, t->keys[key].number);
    }
    return true;
}
