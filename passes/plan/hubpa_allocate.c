/*
 * Allocation of tiles: the paper's ratio rule (Eqs. 1-3) over every allocation, and the balanced
 * one that knows how many tiles a replica takes.
 */
#include "passes/plan/hubpa.h"

#include <math.h>
#include <string.h>

/* ---- Eqs. 1-3 ---- */

/*
 * All ways to complete layers 1 .. i, given the tiles of layer i and the sum of 1 .. i: the least
 * cost, how many ways reach it, the next cost, and the tiles of layer i - 1 in the first best way.
 */
typedef struct partial {
    double best, next;
    int64_t ways, feasible;
    int32_t before;
} partial;

static const double tie = 1e-9;

/* Adds the ways of `p`, `cost` more each, in which the layer before has `before` tiles. */
static void merge(partial *into, const partial *p, double cost, int32_t before)
{
    if (!p->ways)
        return;
    double best = p->best + cost, next = p->next + cost;
    if (!into->ways || best < into->best - tie) {
        next = into->ways ? fmin(next, into->best) : next;
        *into = (partial){best, next, p->ways, into->feasible, before};
    } else if (best <= into->best + tie) {
        into->ways += p->ways;
        into->next = fmin(into->next, next);
    } else {
        into->next = fmin(into->next, best);
    }
    into->feasible += p->feasible;
}

static size_t cell(int32_t tiles, int32_t own, int32_t sum)
{
    return (size_t)own * ((size_t)tiles + 1) + (size_t)sum;
}

/* Layer i from layer i - 1: the ratio of both is at most `pooling`. */
static void extend(const partial *from, partial *to, int32_t pooling, int32_t tiles, int32_t unit)
{
    for (int32_t own = unit; own <= tiles; own += unit)
        for (int32_t before = unit; before <= tiles && before <= (int64_t)pooling * own;
             before += unit) {
            double off = (double)before / own - pooling;
            for (int32_t sum = before; sum + own <= tiles; sum += unit)
                merge(&to[cell(tiles, own, sum + own)], &from[cell(tiles, before, sum)], off * off,
                      before);
        }
}

bool hubpa_allocate_ratio(arena *memory, const int32_t *pooling, int count, int32_t tiles,
                          bool split, hubpa_ratio *result)
{
    int32_t unit = split ? 2 : 1;
    if (count < 1 || count > tiles / unit || tiles > HUBPA_RATIO_TILES_MAX)
        return false;
    size_t cells = cell(tiles, tiles, tiles) + 1;
    partial **table = ARENA_ARRAY(memory, partial *, (size_t)count);
    for (int i = 0; i < count; i++)
        table[i] = ARENA_ARRAY(memory, partial, cells);
    for (int32_t own = unit; own <= tiles; own += unit)
        table[0][cell(tiles, own, own)] = (partial){0, INFINITY, 1, 1, 0};
    for (int i = 1; i < count; i++)
        extend(table[i - 1], table[i], pooling[i - 1], tiles, unit);

    partial end = {0};
    for (int32_t own = unit; own <= tiles; own += unit)
        merge(&end, &table[count - 1][cell(tiles, own, tiles)], 0, own);
    if (!end.ways)
        return false;
    *result = (hubpa_ratio){ARENA_ARRAY(memory, int32_t, (size_t)count), end.best,
                            end.next - end.best, end.ways, end.feasible};
    int32_t own = end.before, sum = tiles;
    for (int i = count - 1; i >= 0; i--) {
        result->tiles[i] = own;
        int32_t before = table[i][cell(tiles, own, sum)].before;
        sum -= own;
        own = before;
    }
    return true;
}

/* ---- with footprints ---- */

/* Replicas come in pairs if FP and BP have their own. */
static int32_t replica_unit(hubpa_sharing sharing)
{
    return sharing == HUBPA_SPLIT ? 2 : 1;
}

int64_t hubpa_tiles_least(const hubpa_layer *layers, int count, hubpa_sharing sharing)
{
    int64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += (int64_t)layers[i].footprint * replica_unit(sharing);
    return sum;
}

/* Fewest replicas that do the units of the busiest time in `steps`. */
static int64_t replicas_for(const hubpa_layer *l, int32_t steps, hubpa_sharing sharing)
{
    int64_t units = (sharing == HUBPA_SHARED_PAIR ? 2 : 1) * (int64_t)hubpa_units(l);
    return replica_unit(sharing) * ((units + steps - 1) / steps);
}

static int64_t tiles_for(const hubpa_layer *layers, int count, int32_t steps, hubpa_sharing sharing)
{
    int64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += replicas_for(&layers[i], steps, sharing) * layers[i].footprint;
    return sum;
}

static void give_rest(const hubpa_layer *layers, int count, int64_t rest, int32_t unit,
                      int32_t *replicas)
{
    for (;;) {
        int chosen = -1;
        double most = 1;
        for (int i = 0; i < count; i++) {
            double load = (double)unit * hubpa_units(&layers[i]) / replicas[i];
            if ((int64_t)layers[i].footprint * unit <= rest && load > most) {
                chosen = i;
                most = load;
            }
        }
        if (chosen < 0)
            return;
        replicas[chosen] += unit;
        rest -= (int64_t)layers[chosen].footprint * unit;
    }
}

int32_t hubpa_allocate_balanced(const hubpa_layer *layers, int count, int32_t tiles,
                                hubpa_sharing sharing, int32_t *replicas)
{
    if (hubpa_tiles_least(layers, count, sharing) > tiles)
        return 0;
    int32_t low = 1, high = 1;
    for (int i = 0; i < count; i++)
        high = hubpa_units(&layers[i]) > high ? hubpa_units(&layers[i]) : high;
    high *= sharing == HUBPA_SHARED_PAIR ? 2 : 1;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (tiles_for(layers, count, middle, sharing) <= tiles)
            high = middle;
        else
            low = middle + 1;
    }
    for (int i = 0; i < count; i++)
        replicas[i] = (int32_t)replicas_for(&layers[i], low, sharing);
    give_rest(layers, count, tiles - tiles_for(layers, count, low, sharing), replica_unit(sharing),
              replicas);
    return low;
}
