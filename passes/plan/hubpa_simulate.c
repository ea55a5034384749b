/*
 * Step-level schedules of forward and backward propagations. The units of a layer are done in
 * row-major order, so that the state of a propagation is one count per layer.
 */
#include "passes/plan/hubpa.h"

#include <limits.h>

const hubpa_policy hubpa_policies[HUBPA_POLICIES] = {
    [HUBPA_SDMP] = {"sdmp", true, true, false, 1, 1, 1, "own tiles for FP and BP, pair after pair"},
    [HUBPA_SDMP_PIPELINED] = {"sdmp-pipelined", true, false, false, 1, INT_MAX, INT_MAX,
                              "own tiles for FP and BP, successive FPs overlap"},
    [HUBPA_TDMP] = {"tdmp", false, false, true, 0, 1, 1, "all tiles for FP, then all for BP"},
    [HUBPA_SHARED] = {"hubpa", false, false, false, 1, 1, 2,
                      "tiles shared step by step, FP first, one FP in flight"},
    [HUBPA_LOOKAHEAD] = {"hubpa-lookahead", false, false, false, 1, 2, 3,
                         "as hubpa, with the next FP taking what the oldest leaves idle"},
};

typedef struct propagation {
    int32_t *done;  /* per layer: units finished */
    int32_t *ready; /* per layer: units whose inputs were there when the step began */
    bool complete;
} propagation;

typedef struct simulation {
    hubpa_schedule *s;
    int32_t **need[2];     /* [backward][layer][unit]: units of the layer before it, done at least */
    propagation *props[2]; /* [backward][pair] */
    int first[2];          /* the oldest one that is not complete */
    int started[2];
    int32_t *free;         /* per layer: replicas without work in this step */
} simulation;

int32_t hubpa_pooled_rows(const hubpa_layer *l)
{
    return (l->rows + 2 * l->pool_pad - l->pool_rows) / l->pool_stride_rows + 1;
}

int32_t hubpa_pooled_cols(const hubpa_layer *l)
{
    return (l->cols + 2 * l->pool_pad - l->pool_cols) / l->pool_stride_cols + 1;
}

static int32_t clip(int64_t x, int32_t count)
{
    return x < 0 ? 0 : x >= count ? count - 1 : (int32_t)x;
}

/* The last row (or column) before pooling that output y of `l` reads of the layer before, `p`. */
static int32_t last_read(int32_t y, int32_t kernel, const hubpa_layer *l, int32_t pooled,
                         int32_t pool, int32_t pool_stride, const hubpa_layer *p, int32_t size)
{
    int32_t at = clip((int64_t)y * l->stride + kernel - 1 - l->pad, pooled);
    return clip((int64_t)at * pool_stride + pool - 1 - p->pool_pad, size);
}

static int32_t *forward_needs(arena *memory, const hubpa_layer *p, const hubpa_layer *l)
{
    int32_t *need = ARENA_ARRAY(memory, int32_t, (size_t)hubpa_units(l));
    for (int32_t y = 0; y < l->rows; y++) {
        int32_t row = last_read(y, l->kernel_rows, l, hubpa_pooled_rows(p), p->pool_rows,
                                p->pool_stride_rows, p, p->rows);
        for (int32_t x = 0; x < l->cols; x++)
            need[y * l->cols + x] = row * p->cols + 1 +
                                    last_read(x, l->kernel_cols, l, hubpa_pooled_cols(p),
                                              p->pool_cols, p->pool_stride_cols, p, p->cols);
    }
    return need;
}

/* The last row (or column) of the layer behind, of `size`, whose window covers row y of this one. */
static int32_t last_cover(int32_t y, int32_t pool_stride, const hubpa_layer *p, int32_t pooled,
                          const hubpa_layer *l, int32_t size)
{
    int32_t at = clip(((int64_t)y + p->pool_pad) / pool_stride, pooled);
    return clip(((int64_t)at + l->pad) / l->stride, size);
}

static int32_t *backward_needs(arena *memory, const hubpa_layer *p, const hubpa_layer *l)
{
    int32_t *need = ARENA_ARRAY(memory, int32_t, (size_t)hubpa_units(p));
    for (int32_t y = 0; y < p->rows; y++) {
        int32_t row = last_cover(y, p->pool_stride_rows, p, hubpa_pooled_rows(p), l, l->rows);
        for (int32_t x = 0; x < p->cols; x++)
            need[y * p->cols + x] = row * l->cols + 1 + last_cover(x, p->pool_stride_cols, p,
                                                                   hubpa_pooled_cols(p), l, l->cols);
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
    for (int i = 0; i < s->count; i++)
        sim->free[i] = s->policy->split ? s->replicas[i] / 2 : s->replicas[i];
}

/* FPs first, those of older pairs before younger ones; BPs get what is left, or their own half. */
static void step(simulation *sim)
{
    refill(sim);
    for (int backward = 0; backward < 2; backward++) {
        for (int k = sim->first[backward]; k < sim->started[backward]; k++)
            advance(sim, backward, k);
        if (sim->s->policy->split)
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
        sim->need[0][i] = forward_needs(memory, &s->layers[i - 1], &s->layers[i]);
        sim->need[1][i - 1] = backward_needs(memory, &s->layers[i - 1], &s->layers[i]);
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
