/*
 * Exact search by labels: can the chain end within T steps on Total crossbars? A label says that
 * layers 0 .. j can be laid out with these copies of layer j, this PreOp and this Op at this cost.
 * With the PreOp of Algorithm 1 bound to the layer before only ("adjacent"), what follows depends
 * on a label alone, so a label with at least as many copies and no larger PreOp, Op and cost
 * replaces another, and "no" is a proof: Algorithm 1's PreOp is never smaller. With the full PreOp
 * ("full") the same labels find allocations, but "no" proves nothing, unless no label is ever
 * replaced ("all"), which is affordable near the bound: there, few allocations are left.
 *
 * Labels of a layer are kept by rising cost. A prefix-minimum tree over (PreOp, Op) answers whether
 * a label is replaced.
 */
#include "passes/plan/labels.h"

#include <stdlib.h>
#include <string.h>

enum { TREE_SIDE = 2048 };

typedef struct label {
    int32_t replicas, pre, op, parent;
    int64_t cost;
} label;

typedef struct tree {
    int64_t *low;   /* minimum cost */
    int32_t *stamp; /* entries of another stamp are empty */
    int32_t now;
    int64_t pre0, pres, op0, ops;
} tree;

typedef struct search {
    const labels_task *t;
    const steps_chain *c;
    int64_t total, steps;
    labels_mode mode;
    labels_bounds *bounds; /* of each layer */
    label *all;            /* of all layers, one after the other */
    size_t count, capacity, limit;
    tree seen;
    int64_t *replicas, *pre; /* scratch for a label's history */
    bool gave_up;
} search;

/* ---- the tree ---- */

static void tree_clear(tree *t)
{
    t->now++;
}

/* Room for what PreOp and Op can be; false if that is too much. */
static bool tree_shape(arena *memory, tree *t, const labels_bounds *b, int64_t steps)
{
    int64_t range = steps - b->tails - b->op + 1; /* op is pre and the shortest run */
    if (range < 1)
        range = 1;
    if (range > TREE_SIDE)
        return false;
    t->pre0 = b->pre;
    t->op0 = b->op;
    t->pres = t->ops = range;
    t->low = ARENA_ARRAY(memory, int64_t, (size_t)((range + 1) * (range + 1)));
    t->stamp = ARENA_ARRAY(memory, int32_t, (size_t)((range + 1) * (range + 1)));
    t->now = 1;
    return true;
}

/* Whether a label with PreOp and Op no larger costs at most as much. */
static bool tree_has(const tree *t, int64_t pre, int64_t op, int64_t cost)
{
    for (int64_t i = pre - t->pre0 + 1; i > 0; i -= i & -i)
        for (int64_t k = op - t->op0 + 1; k > 0; k -= k & -k) {
            size_t at = (size_t)(i * (t->ops + 1) + k);
            if (t->stamp[at] == t->now && t->low[at] <= cost)
                return true;
        }
    return false;
}

static void tree_add(tree *t, int64_t pre, int64_t op, int64_t cost)
{
    for (int64_t i = pre - t->pre0 + 1; i <= t->pres; i += i & -i)
        for (int64_t k = op - t->op0 + 1; k <= t->ops; k += k & -k) {
            size_t at = (size_t)(i * (t->ops + 1) + k);
            if (t->stamp[at] != t->now || t->low[at] > cost) {
                t->stamp[at] = t->now;
                t->low[at] = cost;
            }
        }
}

/* ---- labels ---- */

static void add_label(search *s, label l)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 1024;
        label *grown = capacity > s->limit ? NULL : realloc(s->all, capacity * sizeof *grown);
        if (!grown) {
            s->gave_up = true;
            return;
        }
        s->all = grown;
        s->capacity = capacity;
    }
    s->all[s->count++] = l;
}

/* PreOp of layer j behind label `parent`, as Algorithm 1 has it. */
static int64_t full_preop(search *s, size_t j, int64_t replicas, int32_t parent)
{
    s->replicas[j] = replicas;
    for (size_t k = j; k-- > 0;) {
        s->replicas[k] = s->all[parent].replicas;
        s->pre[k] = s->all[parent].pre;
        parent = s->all[parent].parent;
    }
    return steps_preop(s->c, j, s->replicas, s->pre);
}

static bool replaced(const search *s, int64_t pre, int64_t op, int64_t cost)
{
    return s->mode != LABELS_ALL && tree_has(&s->seen, pre, op, cost);
}

/* Labels of layer j with these copies behind those of the layer before, first .. end. */
static void extend(search *s, size_t j, int64_t replicas, size_t first, size_t end)
{
    const labels_bounds *b = &s->bounds[j];
    int64_t cost = s->c->layers[j].set * replicas, need = steps_need(s->c, j, replicas);
    int64_t normal = steps_ceil(s->c->layers[j].positions, replicas);
    int64_t printed = s->c->burst ? 0 : steps_tail(s->c, j, replicas, 1);
    int64_t latest = s->steps - b->tails, most = labels_cap(s->t, j, replicas);
    for (size_t i = first; i < end && !s->gave_up; i++) {
        const label *p = &s->all[i];
        s->gave_up = --*s->t->budget < 0;
        int64_t all = p->cost + cost;
        if (all + b->rest[0] > s->total)
            break;
        int64_t pre = p->pre + steps_ceil(need, p->replicas) - 1;
        if (pre + normal > latest || p->replicas > most || all + b->rest[pre - b->pre] > s->total)
            continue;
        int64_t tail = s->c->burst ? steps_tail(s->c, j, replicas, p->replicas) : printed;
        int64_t op = pre + normal > p->op + tail ? pre + normal : p->op + tail;
        if (op > latest || replaced(s, pre, op, all))
            continue;
        if (s->mode != LABELS_ADJACENT) {
            pre = full_preop(s, j, replicas, (int32_t)i);
            op = pre + normal > op ? pre + normal : op;
            if (op > latest || all + b->rest[pre - b->pre] > s->total || replaced(s, pre, op, all))
                continue;
        }
        if (s->mode != LABELS_ALL)
            tree_add(&s->seen, pre, op, all);
        add_label(s, (label){(int32_t)replicas, (int32_t)pre, (int32_t)op, (int32_t)i, all});
    }
}

static int by_cost(const void *a, const void *b)
{
    const label *x = a, *y = b;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

static void first_layer(search *s)
{
    const labels_bounds *b = &s->bounds[0];
    const steps_layer *l = &s->c->layers[0];
    for (int64_t r = b->most; r >= b->least && !s->gave_up; r--) {
        int64_t op = steps_ceil(l->positions, r), cost = l->set * r;
        if (op + b->tails > s->steps || cost + b->rest[0] > s->total || labels_cap(s->t, 0, r) < 0)
            continue;
        add_label(s, (label){(int32_t)r, 0, (int32_t)op, -1, cost});
    }
}

/* The cheapest label of the last layer, or -1. */
static int32_t run(search *s, arena *scratch)
{
    size_t first = 0, end = 0;
    first_layer(s);
    for (size_t j = 1; j < s->c->count && !s->gave_up; j++) {
        first = end;
        end = s->count;
        if (first == end)
            return -1;
        qsort(s->all + first, end - first, sizeof *s->all, by_cost);
        s->gave_up =
            s->mode != LABELS_ALL && !tree_shape(scratch, &s->seen, &s->bounds[j], s->steps);
        for (int64_t r = s->bounds[j].most; r >= s->bounds[j].least && !s->gave_up; r--) {
            extend(s, j, r, first, end);
            if (s->t->bandwidth) /* fewer copies may be wanted: they bring the next layer less */
                tree_clear(&s->seen);
        }
    }
    int32_t best = -1;
    for (size_t i = s->c->count > 1 ? end : 0; i < s->count; i++)
        if (best < 0 || s->all[i].cost < s->all[best].cost)
            best = (int32_t)i;
    return best;
}

labels_answer labels_decide(const labels_task *t, int64_t steps, labels_mode mode,
                            int64_t *replicas)
{
    arena *scratch = arena_new();
    search s = {
        .t = t, .c = t->chain, .total = t->total, .steps = steps, .mode = mode, .limit = t->limit};
    labels_answer answer = LABELS_NO;
    *t->budget -= steps * (int64_t)(s.c->count * s.c->count) / 8; /* for the bounds */
    s.bounds = labels_bound(scratch, t, steps, *t->budget >= 0);
    if (s.bounds && *t->budget < 0) {
        answer = LABELS_UNKNOWN;
    } else if (s.bounds) {
        s.replicas = ARENA_ARRAY(scratch, int64_t, s.c->count + 1);
        s.pre = ARENA_ARRAY(scratch, int64_t, s.c->count + 1);
        int32_t at = run(&s, scratch);
        answer = s.gave_up ? LABELS_UNKNOWN : at >= 0 ? LABELS_YES : LABELS_NO;
        for (size_t j = s.c->count; answer == LABELS_YES && j-- > 0;) {
            replicas[j] = s.all[at].replicas;
            at = s.all[at].parent;
        }
    }
    free(s.all);
    arena_free(scratch);
    return answer;
}
