#include "passes/plan/check.h"

#include <stdlib.h>

typedef struct checker {
    arena *memory;
    const plan_layout *p;
} checker;

/* a / b rounded up, both positive. */
static int64_t up(int64_t a, int64_t b)
{
    return a / b + (a % b > 0);
}

static const plan_layer *layer_of(const checker *c, const plan_place *at)
{
    return &c->p->networks[at->network]->layers[at->layer];
}

static const char *complain(const checker *c, const plan_place *at, const char *what)
{
    const plan_network *n = c->p->networks[at->network];
    return arena_printf(c->memory, "layer '%s' of network '%s' in round %d %s",
                        n->layers[at->layer].name, n->name, at->round, what);
}

/* ---- one place ---- */

static bool names_something(const checker *c, const plan_place *at)
{
    const plan_layout *p = c->p;
    if (at->network < 0 || (size_t)at->network >= p->network_count || at->round < 0 ||
        at->round >= p->rounds || at->layer < 0 ||
        (size_t)at->layer >= p->networks[at->network]->count)
        return false;
    return at->group >= -1 && at->group < layer_of(c, at)->groups;
}

/* Crossbars of one copy of all groups of a layer. */
static int64_t whole_layer(const checker *c, const plan_layer *l)
{
    int64_t taps = (int64_t)l->conv.kernel[0] * l->conv.kernel[1], bias = l->bias ? 1 : 0;
    int64_t width = c->p->chip->columns / c->p->chip->cells_per_weight, height = c->p->chip->rows;
    if (c->p->dense)
        return up(taps * l->in + bias, height) * up(l->out, width);
    int64_t rows = taps * (l->in / l->groups) + bias, columns = l->out / l->groups, together = 1;
    while (l->groups > 1 && (together + 1) * rows <= height && (together + 1) * columns <= width)
        together++;
    return up(l->groups, together) * up(rows, height) * up(columns, width);
}

/* Copies of the part in one crossbar, at least 1. */
static int64_t along_diagonal(const plan_chip *chip, const plan_place *at)
{
    int64_t down = chip->rows / at->rows;
    int64_t across = chip->columns / chip->cells_per_weight / at->columns;
    int64_t both = down < across ? down : across;
    return both > 1 ? both : 1;
}

static const char *check_place(const checker *c, const plan_place *at)
{
    const plan_chip *chip = c->p->chip;
    int64_t all = chip->tiles * chip->pes * chip->crossbars / chip->slices;
    const plan_layer *l = layer_of(c, at);
    int64_t rows = (int64_t)l->conv.kernel[0] * l->conv.kernel[1] * (l->in / l->groups) + l->bias;
    int64_t columns = l->out / l->groups, one;
    if (at->copies < 1 || at->count < 1)
        return complain(c, at, "has no copy or no crossbars");
    if (at->first < 0 || at->first > all - at->count)
        return complain(c, at, "lies beyond the chip");
    if (at->rows < 1 || at->columns < 1 || at->row0 < 0 || at->column0 < 0 ||
        at->row0 > rows - at->rows || at->column0 > columns - at->columns)
        return complain(c, at, "has a part that its matrix does not have");
    if (at->group < 0 && (at->rows != rows || at->columns != columns))
        return complain(c, at, "splits all groups at once");
    if (at->group < 0)
        one = whole_layer(c, l);
    else
        one = up(at->rows, chip->rows) * up(at->columns, chip->columns / chip->cells_per_weight);
    int64_t together = at->group < 0 && l->groups > 1 ? 1 : along_diagonal(chip, at);
    if (at->copies > at->count / one * together)
        return complain(c, at,
                        arena_printf(c->memory, "has %lld crossbars for %lld copies of %lld each",
                                     (long long)at->count, (long long)at->copies, (long long)one));
    return NULL;
}

/* ---- places against each other ---- */

static int by_crossbar(const void *a, const void *b)
{
    const plan_place *x = *(const plan_place *const *)a, *y = *(const plan_place *const *)b;
    if (x->round != y->round)
        return x->round < y->round ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static int by_layer(const void *a, const void *b)
{
    const plan_place *x = *(const plan_place *const *)a, *y = *(const plan_place *const *)b;
    if (x->network != y->network)
        return x->network < y->network ? -1 : 1;
    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

static const char *check_crossbars(const checker *c, const plan_place **at, size_t count)
{
    qsort(at, count, sizeof *at, by_crossbar);
    for (size_t i = 1; i < count; i++)
        if (at[i]->round == at[i - 1]->round && at[i]->first < at[i - 1]->first + at[i - 1]->count)
            return complain(c, at[i],
                            arena_printf(c->memory, "shares crossbar %lld with layer '%s'",
                                         (long long)at[i]->first, layer_of(c, at[i - 1])->name));
    return NULL;
}

static bool same_part(const plan_place *a, const plan_place *b)
{
    return a->row0 == b->row0 && a->rows == b->rows && a->column0 == b->column0 &&
           a->columns == b->columns;
}

static bool apart(const plan_place *a, const plan_place *b)
{
    return a->row0 + a->rows <= b->row0 || b->row0 + b->rows <= a->row0 ||
           a->column0 + a->columns <= b->column0 || b->column0 + b->columns <= a->column0;
}

/*
 * Whether the parts, which may overlap between rounds, hold every weight: cell by cell of their
 * cuts.
 */
static bool covers(const plan_place **at, size_t count, int64_t rows, int64_t columns)
{
    for (size_t i = 0; i <= count; i++) {
        int64_t row = i < count ? at[i]->row0 + at[i]->rows : 0;
        for (size_t k = 0; row < rows && k <= count; k++) {
            int64_t column = k < count ? at[k]->column0 + at[k]->columns : 0;
            bool held = column >= columns;
            for (size_t j = 0; !held && j < count; j++)
                held = row >= at[j]->row0 && row < at[j]->row0 + at[j]->rows &&
                       column >= at[j]->column0 && column < at[j]->column0 + at[j]->columns;
            if (!held)
                return false;
        }
    }
    return true;
}

/* All places of one group of a layer. */
static const char *check_group(const checker *c, const plan_place **at, size_t count)
{
    const plan_layer *l = layer_of(c, at[0]);
    size_t parts = 0;
    int64_t area = 0;
    bool disjoint = true;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++) {
            bool same = same_part(at[i], at[k]);
            if (!same && !apart(at[i], at[k]) && at[i]->round == at[k]->round)
                return complain(c, at[i], "holds some weights in two parts");
            disjoint = disjoint && (same || apart(at[i], at[k]));
            seen = seen || same;
        }
        if (!seen) {
            parts++;
            area += at[i]->rows * at[i]->columns;
        }
    }
    int64_t rows = (int64_t)l->conv.kernel[0] * l->conv.kernel[1] * (l->in / l->groups) + l->bias;
    int64_t columns = l->out / l->groups;
    bool whole = disjoint ? area == rows * columns : covers(at, count, rows, columns);
    return whole ? NULL
                 : complain(c, at[0], arena_printf(c->memory, "lacks weights: %zu parts", parts));
}

/* Whether groups 0 .. groups - 1 are all there, or all of them together. */
static const char *check_layer(const checker *c, const plan_place **at, size_t count)
{
    int32_t next = 0, groups = layer_of(c, at[0])->groups;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && at[end]->group == at[i]->group; end++)
            ;
        const char *error = check_group(c, at + i, end - i);
        if (error)
            return error;
        if (at[i]->group < 0)
            next = groups;
        else if (at[i]->group == next)
            next++;
    }
    return next == groups ? NULL : complain(c, at[0], "lacks a group");
}

static const char *check_layers(const checker *c, const plan_place **at, size_t count)
{
    size_t i = 0;
    qsort(at, count, sizeof *at, by_layer);
    for (size_t n = 0; n < c->p->network_count; n++)
        for (size_t l = 0; l < c->p->networks[n]->count; l++) {
            size_t end = i;
            while (end < count && (size_t)at[end]->network == n && (size_t)at[end]->layer == l)
                end++;
            if (end == i)
                return arena_printf(c->memory, "layer '%s' of network '%s' is not placed",
                                    c->p->networks[n]->layers[l].name, c->p->networks[n]->name);
            const char *error = check_layer(c, at + i, end - i);
            if (error)
                return error;
            i = end;
        }
    return NULL;
}

const char *plan_check(arena *memory, const plan_layout *p)
{
    checker c = {memory, p};
    const plan_place **at = ARENA_ARRAY(memory, const plan_place *, p->place_count + 1);
    for (size_t i = 0; i < p->place_count; i++) {
        at[i] = &p->places[i];
        if (!names_something(&c, at[i]))
            return arena_printf(memory, "place %zu names no layer, group or round", i);
        const char *error = check_place(&c, at[i]);
        if (error)
            return error;
    }
    const char *error = check_crossbars(&c, at, p->place_count);
    return error ? error : check_layers(&c, at, p->place_count);
}
