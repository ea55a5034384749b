#include "passes/users.h"

user_index users_of_graph(arena *memory, const ir_graph *g)
{
    user_index index = {.first = ARENA_ARRAY(memory, uint32_t, g->next_id + 2)};
    uint32_t total = 0;
    IR_EACH(op, g)
        for (uint32_t i = 0; i < op->arg_count; i++, total++)
            index.first[op->args[i]->id + 1]++;
    for (uint32_t id = 1; id <= g->next_id + 1; id++)
        index.first[id] += index.first[id - 1];
    index.user = ARENA_ARRAY(memory, ir_op *, total + 1);
    uint32_t *next = ARENA_ARRAY(memory, uint32_t, g->next_id + 2);
    IR_EACH(op, g)
        for (uint32_t i = 0; i < op->arg_count; i++) {
            uint32_t id = op->args[i]->id;
            index.user[index.first[id] + next[id]++] = op;
        }
    return index;
}
