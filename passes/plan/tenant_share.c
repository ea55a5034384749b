/* Tenants on one chip: one after another, in regions that move, or in the best regions. */
#include "passes/plan/tenant.h"

#include <string.h>

const char *const tenant_sharing_names[2] = {"temporal", "spatial"};

static int64_t work(const tenant *t)
{
    int64_t sum = 0;
    for (int i = 0; i < t->count; i++)
        sum += t->ops[i].down * t->ops[i].across * t->ops[i].positions;
    return sum;
}

double tenant_bound(const tenant_chip *chip, const tenant *const *tenants, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (double)work(tenants[i]);
    return (double)chip->input_bits * sum / (double)chip->arrays;
}

static tenant_plan *plan_new(arena *memory, const tenant_chip *chip, const tenant *const *tenants,
                             int count, tenant_method_id method, tenant_sharing sharing)
{
    tenant_plan *p = ARENA_NEW(memory, tenant_plan);
    *p = (tenant_plan){.chip = chip, .tenants = tenants, .count = count, .method = method,
                       .sharing = sharing,
                       .regions = ARENA_ARRAY(memory, tenant_region, (size_t)count)};
    for (int i = 0; i < count; i++)
        p->regions[i].program.memory = memory;
    return p;
}

static void run(const tenant_plan *p, int i, int64_t arrays)
{
    tenant_region *r = &p->regions[i];
    r->arrays = arrays;
    r->cycles = tenant_methods[p->method].run(p->chip, p->tenants[i], arrays, &r->program,
                                              &r->choice);
    r->rounds = r->program.rounds;
}

tenant_plan *tenant_share_temporal(arena *memory, const tenant_chip *chip,
                                   const tenant *const *tenants, int count, tenant_method_id method)
{
    tenant_plan *p = plan_new(memory, chip, tenants, count, method, TENANT_TEMPORAL);
    int32_t round = 0;
    for (int i = 0; i < count; i++) {
        run(p, i, chip->arrays);
        p->regions[i].start = p->cycles;
        p->regions[i].round = round;
        round += p->regions[i].rounds;
        p->cycles += p->regions[i].cycles;
        p->expected += p->regions[i].choice.expected;
    }
    return p;
}

/* ---- regions ---- */

static int64_t expected(const tenant_plan *p, int i)
{
    return p->regions[i].choice.expected;
}

static int slowest(const tenant_plan *p)
{
    int most = 0;
    for (int i = 1; i < p->count; i++)
        most = expected(p, i) > expected(p, most) ? i : most;
    return most;
}

static void lay_out(tenant_plan *p)
{
    int64_t first = 0;
    for (int i = 0; i < p->count; i++) {
        tenant_region *r = &p->regions[i];
        r->first = first;
        first += r->arrays;
        p->cycles = r->cycles > p->cycles ? r->cycles : p->cycles;
    }
    p->expected = expected(p, slowest(p));
}

static void divide_equally(const tenant_plan *p)
{
    int64_t arrays = p->chip->arrays;
    for (int i = 0; i < p->count; i++)
        run(p, i, arrays / p->count + (i < arrays % p->count));
}

/* One array each, the rest in proportion to the work; what rounding leaves goes to the last. */
static void divide_by_work(const tenant_plan *p)
{
    double all = tenant_bound(p->chip, p->tenants, p->count);
    int64_t rest = p->chip->arrays, spare = rest - p->count;
    for (int i = 0; i < p->count; i++) {
        double share = tenant_bound(p->chip, &p->tenants[i], 1) / all;
        int64_t arrays = i + 1 < p->count ? 1 + (int64_t)((double)spare * share) : rest;
        run(p, i, arrays);
        rest -= arrays;
    }
}

/* Moves `step` arrays to the slowest tenant from the fastest that lets the largest time fall. */
static bool move(const tenant_plan *p, int64_t step)
{
    int to = slowest(p);
    int64_t before = expected(p, to);
    run(p, to, p->regions[to].arrays + step);
    bool gained = expected(p, to) < before;
    bool tried[TENANT_MAX] = {false};
    for (int n = 1; gained && n < p->count; n++) {
        int from = -1;
        for (int i = 0; i < p->count; i++)
            if (i != to && !tried[i] && (from < 0 || expected(p, i) < expected(p, from)))
                from = i;
        tried[from] = true;
        if (p->regions[from].arrays <= step)
            continue;
        run(p, from, p->regions[from].arrays - step);
        if (expected(p, from) < before)
            return true;
        run(p, from, p->regions[from].arrays + step);
    }
    run(p, to, p->regions[to].arrays - step);
    return false;
}

static tenant_plan *settle(tenant_plan *p, int64_t last)
{
    for (int64_t step = p->chip->arrays / 8; step >= last && step > 0; step /= 2)
        while (move(p, step))
            continue;
    lay_out(p);
    return p;
}

tenant_plan *tenant_share_moving(arena *memory, const tenant_chip *chip,
                                 const tenant *const *tenants, int count, tenant_method_id method,
                                 int64_t step)
{
    if (chip->arrays < count)
        return NULL;
    tenant_plan *a = plan_new(memory, chip, tenants, count, method, TENANT_SPATIAL);
    tenant_plan *b = plan_new(memory, chip, tenants, count, method, TENANT_SPATIAL);
    divide_equally(a);
    divide_by_work(b);
    return tenant_better(settle(a, step), settle(b, step));
}

/*
 * What is known of the fewest arrays with which each tenant meets a time: at least `least` for
 * every time below those that all meet together, at most `most` for every time above the others.
 */
typedef struct known {
    int64_t least[TENANT_MAX], most[TENANT_MAX];
} known;

/* More than the chip has if no number of arrays is enough. */
static int64_t arrays_for(const tenant_plan *p, int i, int64_t cycles, const known *k)
{
    int64_t low = k->least[i], high = k->most[i];
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        run(p, i, middle);
        if (expected(p, i) <= cycles)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Whether all meet the time together; learns from either answer. */
static bool meet(const tenant_plan *p, int64_t cycles, known *k)
{
    int64_t rest = p->chip->arrays, arrays[TENANT_MAX];
    int tried = 0;
    for (; tried < p->count && rest >= 0; tried++) {
        arrays[tried] = arrays_for(p, tried, cycles, k);
        rest -= arrays[tried];
    }
    for (int i = 0; i < tried; i++)
        (rest >= 0 ? k->least : k->most)[i] = arrays[i];
    return rest >= 0;
}

tenant_plan *tenant_share_exact(arena *memory, const tenant_chip *chip,
                                const tenant *const *tenants, int count, tenant_method_id method)
{
    if (chip->arrays < count)
        return NULL;
    tenant_plan *p = plan_new(memory, chip, tenants, count, method, TENANT_SPATIAL);
    known k;
    for (int i = 0; i < count; i++) {
        k.least[i] = 1;
        k.most[i] = chip->arrays + 1;
    }
    divide_equally(p);
    int64_t low = (int64_t)tenant_bound(chip, tenants, count), high = expected(p, slowest(p));
    for (meet(p, high, &k); low < high;) {
        int64_t middle = low + (high - low) / 2;
        if (meet(p, middle, &k))
            high = middle;
        else
            low = middle + 1;
    }
    for (int i = 0; i < count; i++)
        run(p, i, k.least[i]); /* of the least time that all meet */
    lay_out(p);
    return p;
}

tenant_plan *tenant_better(tenant_plan *a, tenant_plan *b)
{
    return !a || (b && b->expected < a->expected) ? b : a;
}
