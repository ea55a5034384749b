/*
 * How near Algorithm 1 comes to the simulator, over random allocations (allocation paper, Table 4).
 */
#include "passes/plan/allocate.h"

#include <math.h>

/*
 * The generator: layers in random order take copies one after the other, uniformly from 1 to what
 * is left when all layers that have not had theirs keep one copy (and at most their output pixels).
 */
bool allocate_random(const allocate_task *t, random_state *r, int64_t *replicas)
{
    const steps_chain *c = t->chain;
    size_t *order = ARENA_ARRAY(t->memory, size_t, c->count + 1);
    int64_t left = t->total - allocate_least(c);
    if (left < 0)
        return false;
    for (size_t i = 0; i < c->count; i++) {
        size_t k = (size_t)random_below(r, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    for (size_t i = 0; i < c->count; i++) {
        const steps_layer *l = &c->layers[order[i]];
        int64_t most = left / l->set + 1;
        most = most > l->positions ? l->positions : most;
        replicas[order[i]] = 1 + (int64_t)random_below(r, (uint64_t)most);
        left -= (replicas[order[i]] - 1) * l->set;
    }
    return true;
}

static void count_error(model_accuracy *a, int64_t model, int64_t truth)
{
    double error = fabs((double)(model - truth)) / (double)truth;
    a->average += 1 - error;
    a->worst = error > a->worst ? error : a->worst;
    a->below1 += error < 0.01;
    a->below5 += error >= 0.01 && error <= 0.05;
    a->above5 += error > 0.05;
}

bool allocate_accuracy(const allocate_task *t, int64_t samples, uint64_t seed,
                       model_accuracy *printed, model_accuracy *fixed)
{
    random_state r = random_from(seed, 0);
    steps_chain better = *t->chain;
    plan_network *chain = plan_network_chain(t->memory, t->chain->network);
    better.clip = better.burst = true;
    *printed = *fixed = (model_accuracy){.samples = samples};
    for (int64_t i = 0; i < samples; i++) {
        allocate_task scratch = *t;
        scratch.memory = arena_new();
        int64_t *replicas = ARENA_ARRAY(scratch.memory, int64_t, 2 * (t->chain->count + 1));
        int64_t *pre = replicas + t->chain->count + 1;
        bool fits = allocate_random(&scratch, &r, replicas);
        if (fits) {
            int64_t truth = plan_simulate(scratch.memory, chain, replicas, NULL, NULL);
            count_error(printed, steps_model(t->chain, replicas, pre, NULL), truth);
            count_error(fixed, steps_model(&better, replicas, pre, NULL), truth);
        }
        arena_free(scratch.memory);
        if (!fits)
            return false;
    }
    model_accuracy *both[] = {printed, fixed};
    for (int i = 0; i < 2; i++) {
        both[i]->average /= (double)samples;
        both[i]->below1 /= (double)samples;
        both[i]->below5 /= (double)samples;
        both[i]->above5 /= (double)samples;
    }
    return true;
}
