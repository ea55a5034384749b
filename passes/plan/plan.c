#include "passes/plan/model.h"

int64_t plan_extent(const plan_layout *p)
{
    int64_t end = 0;
    for (size_t i = 0; i < p->place_count; i++)
        if (p->places[i].first + p->places[i].count > end)
            end = p->places[i].first + p->places[i].count;
    return end;
}

plan_layout *plan_of_replicas(arena *memory, const plan_network *const *network,
                              const plan_chip *chip, bool dense, const int64_t *replicas,
                              const char *method)
{
    plan_layout *p = ARENA_NEW(memory, plan_layout);
    const plan_network *n = *network;
    int64_t next = 0;
    *p = (plan_layout){.method = method,
                       .chip = chip,
                       .networks = network,
                       .network_count = 1,
                       .dense = dense,
                       .rounds = 1};
    for (size_t i = 0; i < n->count; i++) {
        int64_t count = replicas[i] * plan_chip_set(chip, &n->layers[i], dense);
        plan_place at = {.layer = (int32_t)i,
                         .group = -1,
                         .rows = n->layers[i].rows,
                         .columns = n->layers[i].columns,
                         .copies = replicas[i],
                         .first = next,
                         .count = count};
        ARENA_PUSH(memory, p->places, p->place_count, p->place_capacity, at);
        next += count;
    }
    return p;
}
