/*
 * Algorithm 2 of the allocation paper. State (i, G): layers 0 .. i on G crossbars; kept is the
 * allocation that ends first (with bandwidth: Op x the longest step so far). That is not exact, as
 * a worse start may leave a smaller PreOp. For the paper's own results every state uses exactly G
 * crossbars, copies are tried in ascending order, and the first of equals stays.
 */
#include "passes/plan/allocate.h"

#include <math.h>
#include <time.h>

typedef struct dp_state {
    double value;   /* INFINITY: not reachable */
    double step_us; /* longest step of the layers so far */
    int64_t op, pre, replicas;
} dp_state;

typedef struct dp {
    const allocate_task *t;
    const steps_chain *c;
    dp_state **at;         /* [layer][crossbars] */
    int64_t *need;         /* of the layer at hand, by copies */
    plan_step_terms terms; /* of the layer at hand */
} dp;

/* PreOp of layer i with these copies, behind state (i - 1, used). */
static int64_t full_preop(const dp *d, size_t i, int64_t replicas, int64_t used)
{
    int64_t best = 0, need = d->need[replicas];
    for (size_t k = i; k-- > 0;) {
        const dp_state *s = &d->at[k][used];
        int64_t q = steps_ceil(need, s->replicas), first = q - 1 + s->pre;
        best = first > best ? first : best;
        used -= s->replicas * d->c->layers[k].set;
        if (k > 0)
            need = steps_need(d->c, k, q * s->replicas);
    }
    return best;
}

/* Layer i with these copies behind state (i - 1, used); kept in *best if it is better. */
static void consider(const dp *d, size_t i, int64_t replicas, int64_t used, dp_state *best)
{
    const dp_state *before = &d->at[i - 1][used];
    if (before->value >= best->value)
        return;
    int64_t normal = steps_ceil(d->c->layers[i].positions, replicas);
    int64_t end = before->op + steps_tail(d->c, i, replicas, before->replicas);
    int64_t least = normal + before->pre + steps_ceil(d->need[replicas], before->replicas) - 1;
    const plan_bandwidth *b = d->t->bandwidth;
    double step = before->step_us, scale = b ? step : 1;
    if ((double)(least > end ? least : end) * scale >= best->value)
        return;
    if (b) {
        double own = plan_step_of(&d->terms, replicas, before->replicas);
        scale = step = own > step ? own : step;
    }
    int64_t pre = full_preop(d, i, replicas, used);
    int64_t op = normal + pre > end ? normal + pre : end;
    if ((double)op * scale < best->value)
        *best = (dp_state){(double)op * scale, step, op, pre, replicas};
}

static void fill_first(dp *d)
{
    const steps_layer *l = &d->c->layers[0];
    for (int64_t g = 0; g <= d->t->total; g++) {
        dp_state *s = &d->at[0][g];
        int64_t replicas = g / l->set;
        *s = (dp_state){.value = INFINITY};
        if (g % l->set || replicas < 1 || replicas > l->positions)
            continue;
        double us = d->t->bandwidth ? plan_step_us(d->c, d->t->bandwidth, 0, replicas, 0) : 0;
        int64_t op = steps_ceil(l->positions, replicas);
        *s = (dp_state){(double)op * (d->t->bandwidth ? us : 1), us, op, 0, replicas};
    }
}

/* least: crossbars that the layers before, later: that those behind need at least. */
static void fill_layer(dp *d, size_t i, int64_t least, int64_t later)
{
    const steps_layer *l = &d->c->layers[i];
    int64_t most = (d->t->total - least) / l->set;
    if (most > l->positions)
        most = l->positions;
    for (int64_t r = 1; r <= most; r++)
        d->need[r] = steps_need(d->c, i, r);
    if (d->t->bandwidth)
        d->terms = plan_step_terms_of(d->c, d->t->bandwidth, i);
    for (int64_t g = 0; g <= d->t->total; g++) {
        dp_state best = {.value = INFINITY};
        int64_t high = (g - least) / l->set;
        for (int64_t r = 1; g + later <= d->t->total && r <= high && r <= most; r++)
            consider(d, i, r, g - r * l->set, &best);
        d->at[i][g] = best;
    }
}

const char *allocate_dp_check(const allocate_task *t)
{
    const double states_most = 2e7, work_most = 4e9;
    double total = (double)t->total, work = 0;
    for (size_t i = 1; i < t->chain->count; i++) {
        double copies = total / (double)t->chain->layers[i].set / 2;
        double most = (double)t->chain->layers[i].positions;
        work += total * (copies < most ? copies : most);
    }
    if (total * (double)t->chain->count <= states_most && work <= work_most)
        return NULL;
    return arena_printf(t->memory,
                        "not supported: the dynamic program for %zu layers on %lld crossbars, "
                        "because it would keep %.0f states and compare %.0f times",
                        t->chain->count, (long long)t->total, total * (double)t->chain->count,
                        work);
}

/* The state of the last layer that answers: all crossbars as far as possible, or the best. */
static int64_t answer(const dp *d, bool exact_fill)
{
    const dp_state *last = d->at[d->c->count - 1];
    int64_t best = -1;
    for (int64_t g = 0; g <= d->t->total; g++)
        if (!isinf(last[g].value) && (exact_fill || best < 0 || last[g].value < last[best].value))
            best = g;
    return best;
}

static allocation allocation_at(const dp *d, int64_t used)
{
    const steps_chain *c = d->c;
    allocation a = {.replicas = ARENA_ARRAY(d->t->memory, int64_t, c->count + 1)};
    for (size_t i = c->count; used >= 0 && i-- > 0;) {
        a.replicas[i] = d->at[i][used].replicas;
        used -= a.replicas[i] * c->layers[i].set;
        a.found = true;
    }
    if (a.found)
        allocate_measure(d->t, &a);
    return a;
}

void allocate_dp_both(const allocate_task *t, allocation *exact_fill, allocation *free_fill)
{
    clock_t started = clock();
    const steps_chain *c = t->chain;
    arena *scratch = arena_new();
    dp d = {.t = t, .c = c, .at = ARENA_ARRAY(scratch, dp_state *, c->count + 1)};
    int64_t least = allocate_least(c), before = 0;
    *exact_fill = *free_fill = allocation_at(&d, -1);
    if (least <= t->total) {
        for (size_t i = 0; i < c->count; i++)
            d.at[i] = ARENA_ARRAY(scratch, dp_state, (size_t)t->total + 1);
        d.need = ARENA_ARRAY(scratch, int64_t, (size_t)t->total + 2);
        fill_first(&d);
        for (size_t i = 1; i < c->count; i++) {
            before += c->layers[i - 1].set;
            fill_layer(&d, i, before, least - before - c->layers[i].set);
        }
        *exact_fill = allocation_at(&d, answer(&d, true));
        *free_fill = allocation_at(&d, answer(&d, false));
    }
    arena_free(scratch);
    exact_fill->seconds = free_fill->seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
}

allocation allocate_dp(const allocate_task *t, bool exact_fill)
{
    allocation both[2];
    allocate_dp_both(t, &both[0], &both[1]);
    return both[exact_fill ? 0 : 1];
}
