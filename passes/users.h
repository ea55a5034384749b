/*
 * Who uses each value of a graph: an index built in one walk, good until the graph changes. Ops must
 * be numbered (ir_graph_renumber).
 */
#ifndef PANTHER_PASSES_USERS_H
#define PANTHER_PASSES_USERS_H

#include "ir/graph.h"

typedef struct user_index {
    ir_op **user;    /* in list order, once per argument */
    uint32_t *first; /* users of op `id` are user[first[id]] .. user[first[id + 1] - 1] */
} user_index;

user_index users_of_graph(arena *memory, const ir_graph *g);

#define EACH_USER(name, index, op)                                                                 \
    for (ir_op **name##_at = (index)->user + (index)->first[(op)->id],                             \
               **name##_end = (index)->user + (index)->first[(op)->id + 1], *name = NULL;          \
         name##_at < name##_end && (name = *name##_at, 1); name##_at++)

#endif
