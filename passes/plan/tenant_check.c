/*
 * The checker of shared chips. It takes the parts in any order and knows nothing of how they came
 * about: rounds are buckets, operators are intervals of their arrays.
 */
#include "passes/plan/tenant.h"

#include <stdlib.h>

typedef struct bucket { /* one round */
    int64_t used, passes, latency;
    int last_op; /* 1 + the latest operator whose latency is counted */
} bucket;

typedef struct checking {
    arena *memory;
    const tenant_plan *p;
    int tenant;
} checking;

static const char *complain(const checking *c, int op, int32_t round, const char *what)
{
    return arena_printf(c->memory, "operator %d of '%s' in round %d %s", op + 1,
                        c->p->tenants[c->tenant]->name, round, what);
}

static int by_op(const void *a, const void *b)
{
    const tenant_part *x = *(const tenant_part *const *)a, *y = *(const tenant_part *const *)b;
    if (x->op != y->op)
        return x->op < y->op ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static int64_t arrays_of(const checking *c, const tenant_op *op)
{
    int64_t down = op->rows / c->p->chip->rows, across = op->columns / c->p->chip->columns;
    down += op->rows > down * c->p->chip->rows;
    across += op->columns > across * c->p->chip->columns;
    return down * across;
}

static const char *check_part(const checking *c, const tenant_part *x)
{
    const tenant *t = c->p->tenants[c->tenant];
    const tenant_region *r = &c->p->regions[c->tenant];
    if (x->op < 0 || x->op >= t->count || x->round < 0 || x->round >= r->rounds)
        return arena_printf(c->memory, "a part of '%s' names no operator or round", t->name);
    if (x->blocks < 1 || x->copies < 1 || x->blocks > r->arrays / x->copies)
        return complain(c, x->op, x->round, "does not fit its region");
    return NULL;
}

/* Sorted by operator and first array: every array of every operator once, operators in order. */
static const char *check_cover(const checking *c, tenant_part **at, size_t count)
{
    const tenant *t = c->p->tenants[c->tenant];
    size_t k = 0;
    int32_t before = 0;
    for (int op = 0; op < t->count; op++) {
        int64_t next = 0;
        int32_t last = before;
        for (; k < count && at[k]->op == op; k++) {
            if (at[k]->first != next)
                return complain(c, op, at[k]->round, "lacks weights or has them twice");
            if (at[k]->round < before)
                return complain(c, op, at[k]->round, "runs before what it reads is complete");
            next += at[k]->blocks;
            last = at[k]->round > last ? at[k]->round : last;
        }
        if (next != arrays_of(c, &t->ops[op]))
            return complain(c, op, last, "is not written completely");
        before = last;
    }
    return NULL;
}

/* The rounds' arrays and cycles; parts sorted by operator. */
static const char *check_rounds(const checking *c, tenant_part **at, size_t count)
{
    const tenant_plan *p = c->p;
    const tenant_region *r = &p->regions[c->tenant];
    bucket *rounds = ARENA_ARRAY(c->memory, bucket, (size_t)r->rounds);
    for (size_t i = 0; i < count; i++) {
        const tenant_op *op = &p->tenants[c->tenant]->ops[at[i]->op];
        bucket *b = &rounds[at[i]->round];
        int64_t passes = op->positions / at[i]->copies + (op->positions % at[i]->copies > 0);
        b->used += at[i]->blocks * at[i]->copies;
        b->passes = passes > b->passes ? passes : b->passes;
        if (b->last_op != at[i]->op + 1)
            b->latency += 6 + p->chip->input_bits + op->pooling;
        b->last_op = at[i]->op + 1;
    }
    int64_t cycles = 0;
    for (int32_t k = 0; k < r->rounds; k++) {
        if (rounds[k].used > r->arrays || !rounds[k].used)
            return arena_printf(c->memory, "round %d of '%s' uses %lld of %lld arrays", k,
                                p->tenants[c->tenant]->name, (long long)rounds[k].used,
                                (long long)r->arrays);
        cycles += p->chip->write_cycles + rounds[k].latency;
        cycles += p->chip->input_bits * rounds[k].passes;
    }
    return cycles == r->cycles
               ? NULL
               : arena_printf(c->memory, "'%s' takes %lld cycles, not %lld",
                              p->tenants[c->tenant]->name, (long long)cycles, (long long)r->cycles);
}

static const char *check_tenant(const checking *c)
{
    const tenant_rounds *r = &c->p->regions[c->tenant].program;
    tenant_part **at = ARENA_ARRAY(c->memory, tenant_part *, r->count + 1);
    for (size_t i = 0; i < r->count; i++) {
        at[i] = &r->parts[i];
        const char *error = check_part(c, at[i]);
        if (error)
            return error;
    }
    qsort(at, r->count, sizeof *at, by_op);
    const char *error = check_cover(c, at, r->count);
    return error ? error : check_rounds(c, at, r->count);
}

/* Two tenants have no array in common at any time. */
static const char *check_regions(const checking *c)
{
    const tenant_plan *p = c->p;
    int64_t end = 0;
    for (int i = 0; i < p->count; i++) {
        const tenant_region *a = &p->regions[i];
        if (a->first < 0 || a->arrays < 1 || a->first + a->arrays > p->chip->arrays)
            return arena_printf(c->memory, "the region of '%s' is not on the chip",
                                p->tenants[i]->name);
        for (int k = 0; k < i; k++) {
            const tenant_region *b = &p->regions[k];
            bool space = a->first < b->first + b->arrays && b->first < a->first + a->arrays;
            bool time = a->start < b->start + b->cycles && b->start < a->start + a->cycles;
            bool rounds = a->round < b->round + b->rounds && b->round < a->round + a->rounds;
            if (space && (time || rounds))
                return arena_printf(c->memory, "'%s' and '%s' are on the same arrays at once",
                                    p->tenants[i]->name, p->tenants[k]->name);
        }
        end = a->start + a->cycles > end ? a->start + a->cycles : end;
    }
    if (end == p->cycles)
        return NULL;
    return arena_printf(c->memory, "the last tenant ends in cycle %lld, not %lld", (long long)end,
                        (long long)p->cycles);
}

const char *tenant_check(arena *memory, const tenant_plan *p)
{
    checking c = {memory, p, 0};
    const char *error = check_regions(&c);
    for (; !error && c.tenant < p->count; c.tenant++)
        error = check_tenant(&c);
    return error;
}
