#include "passes/plan/labels.h"

typedef struct bounder {
    const labels_task *t;
    const steps_chain *c;
    labels_bounds *b;
    int64_t *gap; /* PreOp of a layer is at least so much above that of the layer before */
    int64_t steps;
} bounder;

int64_t labels_cap(const labels_task *t, size_t j, int64_t replicas)
{
    if (!t->bandwidth)
        return INT64_MAX;
    if (plan_step_us(t->chain, t->bandwidth, j, replicas, j ? 1 : 0) > t->longest_us)
        return -1;
    int64_t low = 1, high = j ? t->chain->layers[j - 1].positions : 1;
    while (low < high) { /* the step grows with the copies before */
        int64_t middle = low + (high - low + 1) / 2;
        if (plan_step_us(t->chain, t->bandwidth, j, replicas, middle) > t->longest_us)
            high = middle - 1;
        else
            low = middle;
    }
    return low;
}

/* Copies that layer j needs at least if its PreOp is `pre`; 0: no number does. */
static int64_t fewest(const bounder *w, size_t j, int64_t pre)
{
    int64_t left = w->steps - pre - w->b[j].tails;
    return left < 1 ? 0 : steps_ceil(w->c->layers[j].positions, left);
}

/*
 * With bandwidth: a layer has no more copies than its step allows when the layer before has the
 * fewest it may have, and the layer before no more than the fewest of this one allow.
 */
static bool keep_steps_short(bounder *w, bool *changed)
{
    for (size_t j = 0; w->t->bandwidth && j < w->c->count; j++) {
        int64_t low = w->b[j].least, high = w->b[j].most, before = j ? w->b[j - 1].least : 0;
        if (plan_step_us(w->c, w->t->bandwidth, j, low, before) > w->t->longest_us)
            return false;
        while (low < high) {
            int64_t middle = low + (high - low + 1) / 2;
            if (plan_step_us(w->c, w->t->bandwidth, j, middle, before) > w->t->longest_us)
                high = middle - 1;
            else
                low = middle;
        }
        *changed = *changed || low != w->b[j].most;
        w->b[j].most = low;
        int64_t cap = labels_cap(w->t, j, w->b[j].least);
        if (j && cap < w->b[j - 1].most) {
            w->b[j - 1].most = cap;
            *changed = true;
        }
    }
    return true;
}

/* One round: copies from PreOp, PreOp from copies. False if it cannot be. */
static bool tighten(bounder *w, bool *changed)
{
    int64_t sum = 0;
    for (size_t j = 0; j < w->c->count; j++) {
        int64_t r = fewest(w, j, w->b[j].pre);
        if (r < 1 || r > w->c->layers[j].positions)
            return false;
        *changed = *changed || r != w->b[j].least;
        w->b[j].least = r;
        sum += r * w->c->layers[j].set;
        if (sum > w->t->total)
            return false;
    }
    for (size_t j = 0; j < w->c->count; j++) {
        int64_t most = w->b[j].least + (w->t->total - sum) / w->c->layers[j].set;
        if (most > w->c->layers[j].positions)
            most = w->c->layers[j].positions;
        if (w->b[j].most && most > w->b[j].most)
            most = w->b[j].most;
        *changed = *changed || most != w->b[j].most;
        w->b[j].most = most;
    }
    if (!keep_steps_short(w, changed))
        return false;
    for (size_t j = 0; j < w->c->count; j++)
        if (w->b[j].most < w->b[j].least)
            return false;
    for (size_t j = 1; j < w->c->count; j++) {
        /* The more copies, the more they need. */
        int64_t gap = steps_interval(w->c, j, w->b[j].least, w->b[j - 1].most);
        w->gap[j] = gap;
        *changed = *changed || w->b[j].pre != w->b[j - 1].pre + gap;
        w->b[j].pre = w->b[j - 1].pre + gap;
    }
    for (size_t j = w->c->count; j-- > 1;)
        w->b[j - 1].tails =
            w->b[j].tails + (w->c->burst ? 0 : steps_tail(w->c, j, w->b[j].most, 1));
    return true;
}

/* rest[p] of layer j: all later layers, if its PreOp is p above its bound. */
static void rest_of(bounder *w, arena *memory, size_t j)
{
    labels_bounds *b = &w->b[j];
    int64_t count = w->steps - b->pre + 2;
    b->rest = ARENA_ARRAY(memory, int64_t, (size_t)count);
    for (int64_t p = 0; p < count; p++)
        for (size_t k = j + 1; k < w->c->count; k++) {
            int64_t r = fewest(w, k, w->b[k].pre + p);
            if (r < 1 || r > w->b[k].most) {
                b->rest[p] = w->t->total + 1;
                break;
            }
            b->rest[p] += r * w->c->layers[k].set;
        }
}

labels_bounds *labels_bound(arena *memory, const labels_task *t, int64_t steps, bool rest)
{
    size_t count = t->chain->count;
    bounder w = {t, t->chain, ARENA_ARRAY(memory, labels_bounds, count + 1),
                 ARENA_ARRAY(memory, int64_t, count + 1), steps};
    bool changed = true;
    for (int rounds = 0; changed && rounds < 50; rounds++) {
        changed = false;
        if (!tighten(&w, &changed))
            return NULL;
    }
    for (size_t j = 0; j < count; j++) {
        w.b[j].op = w.b[j].pre + steps_ceil(t->chain->layers[j].positions, w.b[j].most);
        if (rest)
            rest_of(&w, memory, j);
    }
    return w.b;
}
