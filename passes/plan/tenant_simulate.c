/*
 * Rounds of a tenant step by step. The formula lets all operators of a round work from its first
 * step on; here an operator waits for what its windows read, if that is made in the same round.
 */
#include "passes/plan/steps.h"
#include "passes/plan/tenant.h"

/* The operators of one round as a network of their own; what they read from before is there. */
static plan_network *network_of(arena *memory, const plan_network *n, const tenant_part *parts,
                                size_t count, int64_t *replicas)
{
    plan_network *made = ARENA_NEW(memory, plan_network);
    int32_t *number = ARENA_ARRAY(memory, int32_t, n->count);
    *made = *n;
    made->layers = ARENA_ARRAY(memory, plan_layer, count);
    made->count = 0;
    for (size_t i = 0; i < count; i++) {
        const tenant_part *p = &parts[i];
        if (number[p->op]) { /* another part of the last operator: the slower one counts */
            int64_t *slowest = &replicas[number[p->op] - 1];
            *slowest = p->copies < *slowest ? p->copies : *slowest;
            continue;
        }
        plan_layer *l = &made->layers[made->count];
        *l = n->layers[p->op];
        replicas[made->count] = p->copies < l->positions ? p->copies : l->positions;
        number[p->op] = (int32_t)++made->count;
        plan_edge *edges = ARENA_ARRAY(memory, plan_edge, l->input_count + 1);
        for (size_t k = 0; k < l->input_count; k++) {
            edges[k] = l->inputs[k];
            edges[k].from = edges[k].from < 0 ? PLAN_INPUT : number[edges[k].from] - 1;
        }
        l->inputs = edges; /* from -1, the input, if it is not of this round */
    }
    return made;
}

static int64_t simulate_rounds(const tenant_chip *chip, const tenant *t, const plan_network *n,
                               const tenant_rounds *r)
{
    int64_t cycles = 0;
    for (size_t from = 0, to; from < r->count; from = to) {
        arena *memory = arena_new();
        for (to = from; to < r->count && r->parts[to].round == r->parts[from].round; to++)
            ;
        int64_t *replicas = ARENA_ARRAY(memory, int64_t, to - from);
        const plan_network *round = network_of(memory, n, &r->parts[from], to - from, replicas);
        cycles += chip->write_cycles +
                  chip->input_bits * plan_simulate(memory, round, replicas, NULL, NULL);
        for (size_t i = from; i < to; i++)
            if (i == from || r->parts[i].op != r->parts[i - 1].op)
                cycles += 6 + chip->input_bits + t->ops[r->parts[i].op].pooling;
        arena_free(memory);
    }
    return cycles;
}

int64_t tenant_simulate(const tenant_plan *p, const plan_network *const *networks)
{
    int64_t sum = 0, most = 0;
    for (int i = 0; i < p->count; i++) {
        int64_t one = simulate_rounds(p->chip, p->tenants[i], networks[i], &p->regions[i].program);
        sum += one;
        most = one > most ? one : most;
    }
    return p->sharing == TENANT_TEMPORAL ? sum : most;
}
