/*
 * Control threads of tiles: each vector (the blocks of one `group`) has a thread per direction and
 * peer, so that no stream waits behind an unrelated one. Where a tile has too few, streams share
 * threads: the schedule orders a thread like a core, so that costs time but cannot deadlock. A thread
 * has one loop like a core, so only streams over the same grid share one.
 */
#ifndef PANTHER_PASSES_THREADS_H
#define PANTHER_PASSES_THREADS_H

#include "ir/ring.h"
#include "isa/support/diag.h"

typedef struct thread_key {
    ir_place tile, peer;
    bool sends, once;
    int64_t group;
    ir_grid grid;
    int64_t number; /* of the thread on its tile; -1: not yet */
} thread_key;

typedef struct threads {
    ir_graph *graph;
    arena *memory;
    thread_key *keys;
    size_t count, capacity;
} threads;

/* Which of all streams carries a value to or from `peer`: its key, found or added. */
int64_t threads_take(threads *t, ir_place tile, ir_place peer, bool sends, const ir_op *value);

/*
 * In the ops, keys become numbers of threads, below `limit` on each tile. False with an error if a
 * tile has too few.
 */
bool threads_share(threads *t, int limit, diag *d);

#endif
