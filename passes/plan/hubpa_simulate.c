/*
 * Step-level schedules of forward and backward propagations. The units of a layer are done in
 * row-major order, so that the state of a propagation is one count per layer.
 */
#include "passes/plan/hubpa.h"

#include <limits.h>

const hubpa_policy hubpa_policies[HUBPA_POLICIES] = {
    [HUBPA_SDMP] = {"sdmp", HUBPA_SPLIT, true, false, 1, 1, 1, 
                    "own tiles for FP and BP, pair after pair"},
    [HUBPA_SDMP_PIPELINED] = {"sdmp_pipelined", HUBPA_SPLIT, false, false, 1, INT_MAX, INT_MAX,
                              "own tiles for FP and BP, successive FPs overlap"},
    [HUBPA_TDMP] = {"tdmp", HUBPA_WHOLE, false, true, 0, 1, 1, 
                    "all tiles for FP, then all for BP"},
    [HUBPA_SHARED] = {"hubpa", HUBPA_SHARED_PAIR, false, false, 1, 1, 2,
                      "tiles shared step by step, FP first, one FP in flight"},
    [HUBPA_LOOKAHEAD] = {"hubpa_lookahead", HUBPA_SHARED_PAIR, false, false, 1, 2, 3,
                         "as hubpa, with the next FP taking what the oldest leaves idle"},
};

typedef struct propagation {
    int32_t *done;  /* per layer: units finished */
    int32_t *ready; /* per layer: units whose inputs were there when the step began */
    bool complete;
} propagation;

typedef struct simulation {
    hubpa_schedule *s;
    int32_t **need[2];     /* [backward][layer][unit]: units of the layer that it reads */
    propagation *props[2]; /* [backward][pair] */
    int first[2];          /* the oldest one that is not complete */
    int started[2];
    int32_t *free;         /* per layer: replicas without work in this step */
} simulation;

static int32_t clip(int64_t x, int32_t count)
{
    return x < 0 ? 0 : x >= count ? count - 1 : (int32_t)x;
}

/* The last row (axis 0) or column of p, before pooling, that output `at` of l reads. */
static int32_t last_read(const hubpa_layer *p, const hubpa_layer *l, const int32_t pooled[2],
                         int axis, int64_t at)
{
    const plan_window *conv = &l->conv, *pool = &p->pool;
    at = clip(at * conv->stride[axis] + conv->kernel[axis] - 1 - conv->pad[axis], pooled[axis]);
    return clip(at * pool->stride[axis] + pool->kernel[axis] - 1 - pool->pad[axis], p->map[axis]);
}

/* The last row or column of l that reads `at` of p. */
static int32_t last_reader(const hubpa_layer *p, const hubpa_layer *l, const int32_t pooled[2],
                           int axis, int64_t at)
{
    at = clip((at + p->pool.pad[axis]) / p->pool.stride[axis], pooled[axis]);
    return clip((at + l->conv.pad[axis]) / l->conv.stride[axis], l->map[axis]);
}

/* Per unit of l (backward: of p), the units of the other layer that are done before it. */
static int32_t *needs(arena *memory, const hubpa_layer *p, const hubpa_layer *l, bool backward)
{
    const hubpa_layer *own = backward ? p : l, *other = backward ? l : p;
    int32_t *need = ARENA_ARRAY(memory, int32_t, (size_t)hubpa_units(own)), pooled[2];
    int32_t (*last)(const hubpa_layer *, const hubpa_layer *, const int32_t[2], int, int64_t) =
        backward ? last_reader : last_read;
    plan_window_map(&p->pool, p->map, pooled);
    for (int32_t y = 0; y < own->map[0]; y++) {
        int32_t row = last(p, l, pooled, 0, y);
        for (int32_t x = 0; x < own->map[1]; x++)
            need[y * own->map[1] + x] = row * other->map[1] + last(p, l, pooled, 1, x) + 1;
    }
    return need;
}

/* Units of each layer whose inputs are finished; the first layer of a direction has all of them. */
static void find_ready(const simulation *sim, int backward, propagation *p)
{
    const hubpa_schedule *s = sim->s;
    for (int i = 0; i < s->count; i++) {
        int from = backward ? i + 1 : i - 1;
        int32_t units = hubpa_units(&s->layers[i]);
        if (from < 0 || from == s->count) {
            p->ready[i] = units;
            continue;
        }
        const int32_t *need = sim->need[backward][i];
        while (p->ready[i] < units && need[p->ready[i]] <= p->done[from])
            p->ready[i]++;
    }
}

static bool complete(const simulation *sim, int backward, int pair)
{
    return pair < 0 || sim->props[backward][pair].complete;
}

static bool may_start(const simulation *sim, int backward, int pair)
{
    const hubpa_policy *p = sim->s->policy;
    if (pair >= sim->s->pairs || (backward && !complete(sim, 0, pair - p->lag)))
        return false;
    if (p->barrier && !(complete(sim, 0, pair - 1) && complete(sim, 1, pair - 1)))
        return false;
    if (p->serial && !complete(sim, 1, pair - 1))
        return false;
    return backward || ((p->ahead > pair || complete(sim, 0, pair - p->ahead)) &&
                        (p->behind > pair || complete(sim, 1, pair - p->behind)));
}

static void start(simulation *sim)
{
    for (int backward = 0; backward < 2; backward++)
        while (may_start(sim, backward, sim->started[backward]))
            sim->started[backward]++;
    for (int backward = 0; backward < 2; backward++)
        for (int k = sim->first[backward]; k < sim->started[backward]; k++)
            find_ready(sim, backward, &sim->props[backward][k]);
}

/* One propagation takes what is free and ready in every layer. */
static void advance(simulation *sim, int backward, int pair)
{
    hubpa_schedule *s = sim->s;
    propagation *p = &sim->props[backward][pair];
    for (int i = 0; i < s->count; i++) {
        int32_t *steps = s->step[backward][pair * s->count + i];
        for (; sim->free[i] > 0 && p->done[i] < p->ready[i]; sim->free[i]--)
            steps[p->done[i]++] = s->steps;
    }
}

static void refill(simulation *sim)
{
    const hubpa_schedule *s = sim->s;
    bool split = s->policy->sharing == HUBPA_SPLIT;
    for (int i = 0; i < s->count; i++)
        sim->free[i] = split ? s->replicas[i] / 2 : s->replicas[i];
}

/* FPs first, those of older pairs before younger ones; BPs get what is left, or their own half. */
static void step(simulation *sim)
{
    refill(sim);
    for (int backward = 0; backward < 2; backward++) {
        for (int k = sim->first[backward]; k < sim->started[backward]; k++)
            advance(sim, backward, k);
        if (sim->s->policy->sharing == HUBPA_SPLIT)
            refill(sim);
    }
}

static void finish(simulation *sim)
{
    const hubpa_schedule *s = sim->s;
    for (int backward = 0; backward < 2; backward++) {
        int last = backward ? 0 : s->count - 1;
        for (int k = sim->first[backward]; k < sim->started[backward]; k++) {
            propagation *p = &sim->props[backward][k];
            p->complete = p->done[last] == hubpa_units(&s->layers[last]);
            for (int i = 0; p->complete && i < s->count; i++)
                p->complete = p->done[i] == hubpa_units(&s->layers[i]);
        }
        while (sim->first[backward] < s->pairs && complete(sim, backward, sim->first[backward]))
            sim->first[backward]++;
    }
}

static void prepare(arena *memory, simulation *sim)
{
    hubpa_schedule *s = sim->s;
    size_t count = (size_t)s->count, pairs = (size_t)s->pairs;
    sim->free = ARENA_ARRAY(memory, int32_t, count);
    for (int b = 0; b < 2; b++) {
        sim->need[b] = ARENA_ARRAY(memory, int32_t *, count);
        sim->props[b] = ARENA_ARRAY(memory, propagation, pairs);
        s->step[b] = ARENA_ARRAY(memory, int32_t *, pairs * count);
        for (size_t k = 0; k < pairs; k++) {
            sim->props[b][k].done = ARENA_ARRAY(memory, int32_t, count);
            sim->props[b][k].ready = ARENA_ARRAY(memory, int32_t, count);
            for (size_t i = 0; i < count; i++)
                s->step[b][k * count + i] =
                    ARENA_ARRAY(memory, int32_t, (size_t)hubpa_units(&s->layers[i]));
        }
    }
    for (int i = 1; i < s->count; i++) {
        sim->need[0][i] = needs(memory, &s->layers[i - 1], &s->layers[i], false);
        sim->need[1][i - 1] = needs(memory, &s->layers[i - 1], &s->layers[i], true);
    }
}

hubpa_schedule *hubpa_simulate(arena *memory, const hubpa_policy *policy, const hubpa_layer *layers,
                               const int32_t *replicas, int count, int pairs)
{
    hubpa_schedule *s = ARENA_NEW(memory, hubpa_schedule);
    *s = (hubpa_schedule){.policy = policy, .layers = layers, .replicas = replicas,
                          .count = count, .pairs = pairs};
    simulation sim = {.s = s};
    prepare(memory, &sim);
    while (sim.first[0] < pairs || sim.first[1] < pairs) {
        s->steps++;
        start(&sim);
        step(&sim);
        finish(&sim);
    }
    return s;
}
