/* Inside the memory pass. */
#ifndef PANTHER_PASSES_MEMORY_H
#define PANTHER_PASSES_MEMORY_H

#include "passes/passes.h"
#include "passes/users.h"

typedef struct tile_use {
    ir_place tile;
    int64_t rings, log; /* words */
} tile_use;

typedef struct memory_state {
    ir_graph *graph;
    pass_context *context;
    user_index users;
    tile_use *tiles;
    size_t count, capacity;
} memory_state;

/* memory_depth.c: slots of every ring; rings of maps become rings of rows where that is smaller */
void memory_find_depths(memory_state *s);

/* memory_spill.c: what an over-full tile need not have at hand waits in others */
void memory_spill(memory_state *s);

#endif
