/* Rules without search, exhaustive search, and what all methods share. */
#include "passes/plan/allocate.h"

#include <string.h>

int64_t allocate_least(const steps_chain *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += c->layers[i].set;
    return sum;
}

void allocate_measure(const allocate_task *t, allocation *a)
{
    int64_t *pre = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1);
    a->steps = steps_model(t->chain, a->replicas, pre, NULL);
    a->crossbars = steps_cost(t->chain, a->replicas);
    a->us =
        t->bandwidth ? (double)a->steps * plan_steps_us(t->chain, t->bandwidth, a->replicas) : 0;
    a->found = true;
}

static allocation none(const allocate_task *t)
{
    return (allocation){.replicas = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1)};
}

allocation allocate_proportional(const allocate_task *t)
{
    const steps_chain *c = t->chain;
    allocation a = none(t);
    double sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += (double)c->layers[i].set * (double)c->layers[i].positions;
    for (size_t i = 0; i < c->count; i++) {
        double share = (double)t->total * (double)c->layers[i].positions / sum;
        a.replicas[i] = (int64_t)(share + 1e-9);
        if (a.replicas[i] < 1)
            return a;
        if (a.replicas[i] > c->layers[i].positions)
            a.replicas[i] = c->layers[i].positions;
    }
    allocate_measure(t, &a);
    return a;
}

/* The largest multiple of weights[] (of the last layer: 1) that fits. */
static allocation scaled(const allocate_task *t, const int64_t *weights)
{
    const steps_chain *c = t->chain;
    allocation a = none(t);
    for (int64_t low = 1, high = t->total; low <= high;) {
        int64_t factor = low + (high - low) / 2, *r = ARENA_ARRAY(t->memory, int64_t, c->count + 1);
        bool fits = true;
        int64_t cost = 0;
        for (size_t i = 0; i < c->count && fits; i++) {
            if (__builtin_mul_overflow(weights[i], factor, &r[i]) || r[i] > c->layers[i].positions)
                r[i] = c->layers[i].positions;
            fits = !__builtin_mul_overflow(r[i], c->layers[i].set, &r[c->count]) &&
                   !__builtin_add_overflow(cost, r[c->count], &cost) && cost <= t->total;
        }
        if (fits) {
            memcpy(a.replicas, r, c->count * sizeof *r);
            a.found = true;
            low = factor + 1;
        } else {
            high = factor - 1;
        }
    }
    if (a.found)
        allocate_measure(t, &a);
    return a;
}

allocation allocate_stride(const allocate_task *t)
{
    const steps_chain *c = t->chain;
    int64_t *weights = ARENA_ARRAY(t->memory, int64_t, c->count + 1);
    for (size_t i = c->count; i-- > 0;) {
        int64_t up = 1;
        weights[i] = 1;
        if (i + 1 < c->count &&
            !__builtin_mul_overflow(c->layers[i + 1].stride[0], c->layers[i + 1].stride[1], &up) &&
            __builtin_mul_overflow(up, weights[i + 1], &weights[i]))
            weights[i] = c->layers[i].positions;
    }
    return scaled(t, weights);
}

allocation allocate_equal(const allocate_task *t)
{
    int64_t *weights = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1);
    for (size_t i = 0; i < t->chain->count; i++)
        weights[i] = 1;
    return scaled(t, weights);
}

/* ---- exhaustive ---- */

static bool better(const allocate_task *t, const allocation *a, const allocation *b)
{
    if (!b->found)
        return true;
    return t->bandwidth ? a->us < b->us : a->steps < b->steps;
}

allocation allocate_brute(const allocate_task *t, int64_t most)
{
    const steps_chain *c = t->chain;
    allocation best = none(t), a = none(t);
    int64_t used = 0;
    size_t count = c->count, i = 0;
    int64_t *pre = ARENA_ARRAY(t->memory, int64_t, count + 1);
    int64_t later = allocate_least(c);
    for (size_t k = 0; k < count; k++)
        a.replicas[k] = 1;
    if (later > t->total)
        return best;
    used = later;
    for (;;) {
        a.steps = steps_model(c, a.replicas, pre, NULL);
        a.us = t->bandwidth ? (double)a.steps * plan_steps_us(c, t->bandwidth, a.replicas) : 0;
        if (better(t, &a, &best)) {
            best.steps = a.steps;
            best.us = a.us;
            best.found = true;
            memcpy(best.replicas, a.replicas, count * sizeof *a.replicas);
        }
        if (--most < 0)
            return none(t);
        for (i = 0; i < count; i++) { /* count up, the first layer fastest */
            if (a.replicas[i] < c->layers[i].positions && used + c->layers[i].set <= t->total) {
                a.replicas[i]++;
                used += c->layers[i].set;
                break;
            }
            used -= (a.replicas[i] - 1) * c->layers[i].set;
            a.replicas[i] = 1;
        }
        if (i == count)
            break;
    }
    allocate_measure(t, &best);
    return best;
}
