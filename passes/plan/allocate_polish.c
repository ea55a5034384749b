/* Search by single moves in the simulator's steps, which no model replaces. */
#include "passes/plan/allocate.h"

#include <string.h>

typedef struct polisher {
    const allocate_task *t;
    const steps_chain *c;
    int64_t *all;  /* replicas of every layer of the network */
    int64_t moves; /* simulations left */
} polisher;

static double value_of(polisher *p, const int64_t *replicas)
{
    arena *scratch = arena_new();
    steps_spread(p->c, replicas, p->all);
    int64_t steps = plan_simulate(scratch, p->c->network, p->all, NULL, NULL);
    arena_free(scratch);
    p->moves--;
    const plan_bandwidth *b = p->t->bandwidth;
    return (double)steps * (b ? plan_steps_us(p->c, b, replicas) : 1);
}

/* One more copy of `to`, paid for by `from` as far as nothing is left; false if that cannot be. */
static bool move(const polisher *p, int64_t *replicas, size_t from, size_t to)
{
    const steps_layer *l = p->c->layers;
    int64_t left = p->t->total - steps_cost(p->c, replicas);
    if (replicas[to] >= l[to].positions)
        return false;
    if (left < l[to].set) {
        int64_t less = steps_ceil(l[to].set - left, l[from].set);
        if (from == to || replicas[from] <= less)
            return false;
        replicas[from] -= less;
    }
    replicas[to]++;
    return true;
}

/* The first move that helps; false if none does or all simulations are used up. */
static bool improve(polisher *p, int64_t *replicas, int64_t *tried, double *value)
{
    size_t count = p->c->count;
    for (size_t to = 0; to < count; to++)
        for (size_t from = 0; from < count && p->moves > 0; from++) {
            memcpy(tried, replicas, count * sizeof *tried);
            if (!move(p, tried, from, to))
                continue;
            double made = value_of(p, tried);
            if (made < *value) {
                memcpy(replicas, tried, count * sizeof *tried);
                *value = made;
                return true;
            }
        }
    return false;
}

allocation allocate_polish(const allocate_task *t, const allocation *start, int64_t moves)
{
    polisher p = {t, t->chain, ARENA_ARRAY(t->memory, int64_t, t->chain->network->count + 1),
                  moves};
    allocation a = *start;
    if (!start->found)
        return a;
    a.replicas = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1);
    int64_t *tried = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1);
    memcpy(a.replicas, start->replicas, t->chain->count * sizeof *tried);
    double value = value_of(&p, a.replicas);
    while (p.moves > 0 && improve(&p, a.replicas, tried, &value))
        ;
    allocate_measure(t, &a);
    return a;
}
