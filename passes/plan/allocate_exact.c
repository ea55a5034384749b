/* Allocations with a proof: the least number of steps (or time) that labels cannot refute. */
#include "passes/plan/labels.h"

#include <math.h>
#include <time.h>

enum { LABELS_LIMIT = 12000000, FULL_TRIES = 12, STEPS_MOST = 1 << 28 };

/* Work, in pairs of labels and copies: a few seconds. The same on every host, unlike a time. */
static const int64_t steps_budget = 600000000, time_budget = 200000000, all_budget = 20000000;

static double seconds_since(clock_t started)
{
    return (double)(clock() - started) / CLOCKS_PER_SEC;
}

/*
 * The least number of steps in least .. most that is not refuted, where `most` is known to be
 * possible (or not to matter). *replicas: of that number, if labels found one.
 */
static int64_t least_steps(const labels_task *t, int64_t least, int64_t most, int64_t *replicas,
                           bool *found)
{
    arena *scratch = arena_new();
    int64_t *r = ARENA_ARRAY(scratch, int64_t, t->chain->count + 1), low = least, high = most;
    *found = false;
    while (low < high) { /* the cheap bounds first */
        int64_t middle = low + (high - low) / 2;
        if (labels_bound(scratch, t, middle, false))
            high = middle;
        else
            low = middle + 1;
    }
    for (high = most; low < high;) {
        int64_t middle = low + (high - low) / 2;
        labels_answer answer = labels_decide(t, middle, LABELS_ADJACENT, r);
        if (answer == LABELS_NO) {
            low = middle + 1;
            continue;
        }
        high = middle;
        *found = answer == LABELS_YES;
        for (size_t i = 0; *found && i < t->chain->count; i++)
            replicas[i] = r[i];
    }
    arena_free(scratch);
    return low;
}

static bool better(const allocate_task *t, const allocation *a, const allocation *b)
{
    return !b->found || (t->bandwidth ? a->us < b->us : a->steps < b->steps);
}

/* Measures the replicas and keeps them if they are better. */
static void offer(const allocate_task *t, const int64_t *replicas, allocation *best)
{
    allocation a = {.replicas = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1)};
    for (size_t i = 0; i < t->chain->count; i++)
        a.replicas[i] = replicas[i];
    allocate_measure(t, &a);
    if (better(t, &a, best))
        *best = a;
}

/* ---- steps ---- */

/* Where labels leave a gap, all allocations within their bounds are gone through, if they are few.
 */
static void close_gap(const allocate_task *t, certificate *c)
{
    int64_t budget = all_budget;
    labels_task w = {t->chain, t->total, NULL, 0, LABELS_LIMIT, &budget};
    int64_t *replicas = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1);
    labels_answer answer = LABELS_NO;
    while (answer == LABELS_NO && c->bound < c->best.steps) {
        answer = labels_decide(&w, c->bound, LABELS_ALL, replicas);
        c->bound += answer == LABELS_NO;
    }
    if (answer == LABELS_YES)
        offer(t, replicas, &c->best);
}

static certificate fewest_steps(const allocate_task *t, const allocation *given)
{
    int64_t budget = steps_budget;
    labels_task w = {t->chain, t->total, NULL, 0, LABELS_LIMIT, &budget};
    int64_t *r = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1);
    certificate c = {.best = *given};
    bool found;
    c.bound = least_steps(&w, 1, given->steps, r, &found);
    if (found)
        offer(t, r, &c.best);
    for (int64_t steps = c.bound; steps < c.best.steps && steps < c.bound + FULL_TRIES; steps++)
        if (labels_decide(&w, steps, LABELS_FULL, r) == LABELS_YES) {
            offer(t, r, &c.best);
            break;
        }
    close_gap(t, &c);
    return c;
}

/* ---- time ---- */

/*
 * Allocations whose longest step lies in (from, to]: with steps of at most `to` the labels need
 * some number of steps; times `from` that is a bound for all of them. At least *bound_us is looked
 * for.
 */
static void bound_range(const allocate_task *t, double from, double to, int64_t *budget,
                        certificate *c)
{
    labels_task w = {t->chain, t->total, t->bandwidth, to, LABELS_LIMIT, budget};
    int64_t *r = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1);
    int64_t goal = (int64_t)ceil(c->bound_us / from);
    if (goal <= 1 || labels_decide(&w, goal - 1, LABELS_ADJACENT, r) == LABELS_NO)
        return;
    bool found;
    int64_t steps = least_steps(&w, 1, goal - 1, r, &found);
    if (found)
        offer(t, r, &c->best);
    if ((double)steps * from < c->bound_us)
        c->bound_us = (double)steps * from;
}

static certificate least_time(const allocate_task *t, const allocation *given)
{
    const double grain = 0.001; /* of time, to which the bound is worked out */
    certificate c = {.best = *given, .bound_us = given->us * (1 - grain)};
    allocate_task plain = *t;
    plain.bandwidth = NULL;
    allocation any = *given;
    c.bound = fewest_steps(&plain, &any).bound;
    int64_t budget = time_budget;
    double longest = given->us / (double)c.bound;
    for (double from = plan_compute_us(t->bandwidth->chip); from <= longest; from *= 1 + grain)
        bound_range(t, from, from * (1 + grain), &budget, &c);
    return c;
}

certificate allocate_exact(const allocate_task *t, const allocation *given)
{
    clock_t started = clock();
    certificate c = {.best = *given, .bound = 1};
    if (t->bandwidth)
        c.bound_us = plan_compute_us(t->bandwidth->chip);
    if (given->steps < STEPS_MOST)
        c = t->bandwidth ? least_time(t, given) : fewest_steps(t, given);
    c.best.seconds = seconds_since(started);
    return c;
}
