/*
 * The checker and the figures of a schedule: from its steps alone. Windows are walked element by
 * element here, where the simulator has closed forms of their last one.
 */
#include "passes/plan/hubpa.h"

typedef struct checking {
    arena *memory;
    const hubpa_schedule *s;
    const char *error;
} checking;

static const char *const propagation_names[2] = {"FP", "BP"};

static const int32_t *steps_of(const hubpa_schedule *s, int backward, int pair, int layer)
{
    return s->step[backward][pair * s->count + layer];
}

/* ---- every unit once, no layer over its replicas ---- */

static void count_units(checking *c, int backward, int layer, int32_t *busy)
{
    const hubpa_schedule *s = c->s;
    for (int k = 0; k < s->pairs && !c->error; k++) {
        const int32_t *steps = steps_of(s, backward, k, layer);
        for (int32_t u = 0; u < hubpa_units(&s->layers[layer]) && !c->error; u++) {
            if (steps[u] < 1 || steps[u] > s->steps)
                c->error = arena_printf(c->memory, "%s %d leaves unit %d of layer %d out",
                                        propagation_names[backward], k, u, layer + 1);
            else
                busy[steps[u]]++;
        }
    }
}

static void check_capacity(checking *c)
{
    const hubpa_schedule *s = c->s;
    bool split = s->policy->sharing == HUBPA_SPLIT;
    for (int i = 0; i < s->count && !c->error; i++) {
        int32_t *busy[2], limit = split ? s->replicas[i] / 2 : s->replicas[i];
        for (int b = 0; b < 2; b++) {
            busy[b] = ARENA_ARRAY(c->memory, int32_t, (size_t)s->steps + 1);
            count_units(c, b, i, busy[b]);
        }
        for (int32_t t = 1; t <= s->steps && !c->error; t++) {
            int32_t fp = busy[0][t], bp = busy[1][t];
            if (split ? fp > limit || bp > limit : fp + bp > limit)
                c->error = arena_printf(c->memory,
                                        "step %d: layer %d does %d FP, %d BP units on %d replicas",
                                        t, i + 1, fp, bp, s->replicas[i]);
        }
    }
}

/* ---- data ---- */

typedef struct edge {
    const hubpa_layer *p, *l; /* l reads p */
    int32_t pooled[2];
    const int32_t *p_steps, *l_steps;
    bool backward;
} edge;

static bool inside(int64_t y, int64_t x, const int32_t map[2])
{
    return y >= 0 && y < map[0] && x >= 0 && x < map[1];
}

/* Unit u of l reads position (y, x) of the pooled map. */
static bool pool_holds(const edge *e, int64_t y, int64_t x, int32_t u)
{
    const plan_window *w = &e->p->pool;
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            int64_t row = y * w->stride[0] - w->pad[0] + i;
            int64_t column = x * w->stride[1] - w->pad[1] + j;
            if (!inside(row, column, e->p->map))
                continue;
            int32_t from = e->p_steps[row * e->p->map[1] + column], to = e->l_steps[u];
            if (e->backward ? to >= from : from >= to)
                return false;
        }
    return true;
}

static bool window_holds(const edge *e, int32_t u)
{
    const plan_window *w = &e->l->conv;
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            int64_t y = (int64_t)(u / e->l->map[1]) * w->stride[0] - w->pad[0] + i;
            int64_t x = (int64_t)(u % e->l->map[1]) * w->stride[1] - w->pad[1] + j;
            if (inside(y, x, e->pooled) && !pool_holds(e, y, x, u))
                return false;
        }
    return true;
}

static void check_data(checking *c, int backward, int pair, int layer)
{
    const hubpa_schedule *s = c->s;
    edge e = {.p = &s->layers[layer - 1], .l = &s->layers[layer], .backward = backward};
    e.p_steps = steps_of(s, backward, pair, layer - 1);
    e.l_steps = steps_of(s, backward, pair, layer);
    plan_window_map(&e.p->pool, e.p->map, e.pooled);
    for (int32_t u = 0; u < hubpa_units(e.l); u++)
        if (!window_holds(&e, u)) {
            c->error = arena_printf(c->memory,
                                    "%s %d: unit %d of layer %d in step %d is out of order with "
                                    "its window in layer %d",
                                    propagation_names[backward], pair, u, layer + 1, e.l_steps[u],
                                    layer);
            return;
        }
}

/* ---- the policy ---- */

typedef struct span {
    int32_t first, last;
} span;

static span span_of(const hubpa_schedule *s, int backward, int pair)
{
    span r = {INT32_MAX, 0};
    for (int i = 0; i < s->count; i++) {
        const int32_t *steps = steps_of(s, backward, pair, i);
        for (int32_t u = 0; u < hubpa_units(&s->layers[i]); u++) {
            r.first = steps[u] < r.first ? steps[u] : r.first;
            r.last = steps[u] > r.last ? steps[u] : r.last;
        }
    }
    return r;
}

static void check_after(checking *c, int backward, int pair, int backward_before, int before)
{
    if (before < 0 || c->error ||
        span_of(c->s, backward, pair).first > span_of(c->s, backward_before, before).last)
        return;
    c->error = arena_printf(c->memory, "%s %d starts before %s %d has ended",
                            propagation_names[backward], pair, propagation_names[backward_before],
                            before);
}

static void check_policy(checking *c)
{
    const hubpa_policy *p = c->s->policy;
    for (int k = 0; k < c->s->pairs; k++) {
        check_after(c, 1, k, 0, k - p->lag);
        if (p->ahead <= k)
            check_after(c, 0, k, 0, k - p->ahead);
        if (p->behind <= k)
            check_after(c, 0, k, 1, k - p->behind);
        for (int b = 0; p->barrier && b < 4; b++)
            check_after(c, b & 1, k, b >> 1, k - 1);
        if (p->serial)
            check_after(c, 0, k, 1, k - 1);
    }
}

const char *hubpa_check(arena *memory, const hubpa_schedule *s)
{
    checking c = {memory, s, NULL};
    check_capacity(&c);
    for (int b = 0; b < 2; b++)
        for (int k = 0; k < s->pairs; k++)
            for (int i = 1; i < s->count && !c.error; i++)
                check_data(&c, b, k, i);
    if (!c.error)
        check_policy(&c);
    return c.error;
}

/* ---- figures ---- */

static double work(const hubpa_schedule *s)
{
    double sum = 0;
    for (int i = 0; i < s->count; i++)
        sum += 2.0 * hubpa_units(&s->layers[i]) * s->layers[i].footprint;
    return sum;
}

hubpa_figures hubpa_measure(const hubpa_schedule *s, int32_t tiles, int from, int to)
{
    int32_t end[2];
    for (int i = 0; i < 2; i++) {
        int pair = i ? to : from;
        span fp = span_of(s, 0, pair), bp = span_of(s, 1, pair);
        end[i] = fp.last > bp.last ? fp.last : bp.last;
    }
    double period = to > from ? (double)(end[1] - end[0]) / (to - from)
                              : (double)s->steps / s->pairs;
    return (hubpa_figures){period, work(s) / (period * tiles),
                           work(s) * s->pairs / ((double)s->steps * tiles)};
}

int64_t hubpa_bound(const hubpa_layer *layers, const int32_t *replicas, int count, int pairs)
{
    int64_t most = 0;
    for (int i = 0; i < count; i++) {
        int64_t units = 2 * (int64_t)hubpa_units(&layers[i]) * pairs;
        int64_t steps = (units + replicas[i] - 1) / replicas[i];
        most = steps > most ? steps : most;
    }
    return most;
}

double hubpa_period_bound(const hubpa_layer *layers, const int32_t *replicas, int count)
{
    double most = 0;
    for (int i = 0; i < count; i++) {
        double load = 2.0 * hubpa_units(&layers[i]) / replicas[i];
        most = load > most ? load : most;
    }
    return most;
}
