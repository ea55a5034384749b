#include "passes/plan/mapping.h"

const char *const mapping_kind_names[3] = {"im2col", "split", "packed"};

static int64_t up(int64_t a, int64_t b)
{
    return (a - 1) / b + 1;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- one layer ---- */

static int64_t taps_of(const plan_layer *l)
{
    return (int64_t)l->conv.kernel[0] * l->conv.kernel[1];
}

/* Copies of rows x columns along the diagonal of one crossbar; 1 if it does not fit into one. */
static int64_t diagonal(const plan_chip *c, int64_t rows, int64_t columns)
{
    return most(1, least(c->rows / rows, plan_chip_width(c) / columns));
}

static bool can_split(const plan_layer *l)
{
    return l->kind == PLAN_CONV && l->groups == 1;
}

static void set_unit(const plan_chip *c, const plan_layer *l, mapping_unit *u, int64_t parts,
                     int64_t part_rows)
{
    int64_t per_pe = c->crossbars;
    u->crossbars =
        l->groups > 1 ? plan_chip_set(c, l, false) : plan_chip_blocks(c, part_rows, l->columns);
    int64_t along = u->crossbars == 1 && l->groups == 1 ? diagonal(c, part_rows, l->columns) : 1;
    u->pes = parts * up(u->crossbars, per_pe);
    u->copies = along * most(1, per_pe / u->crossbars);
    u->efficiency =
        (double)u->copies * (double)l->weights /
        ((double)u->pes * (double)per_pe * (double)c->rows * (double)plan_chip_width(c));
}

/* The bias, if there is one, is one more row of each part, so that all parts are alike. */
mapping_unit mapping_unit_of(const plan_chip *c, const plan_layer *l, mapping_kind kind)
{
    mapping_unit u = {.kind = kind};
    if (kind == MAPPING_SPLIT && can_split(l))
        set_unit(c, l, &u, taps_of(l), l->in + l->bias);
    else
        set_unit(c, l, &u, 1, l->rows);
    return u;
}

int64_t mapping_pes(const plan_chip *c, const plan_layer *l, mapping_kind kind, int64_t copies,
                    int64_t *made)
{
    mapping_unit u = mapping_unit_of(c, l, kind);
    if (kind != MAPPING_PACKED) {
        *made = u.copies * up(copies, u.copies);
        return u.pes * up(copies, u.copies);
    }
    int64_t along = u.crossbars == 1 && l->groups == 1 ? diagonal(c, l->rows, l->columns) : 1;
    int64_t pes = up(up(copies, along) * u.crossbars, c->crossbars);
    *made = pes * c->crossbars / u.crossbars * along;
    return pes;
}

/* ---- plans ---- */

/* The kinds that a policy allows a layer, best first among equals. */
static int choices(const plan_chip *c, const plan_layer *l, mapping_policy policy,
                   mapping_kind kinds[3])
{
    bool split = can_split(l);
    if (policy == MAPPING_HYBRID)
        split = split && 2 * (int64_t)l->in >= c->rows;
    kinds[0] = policy != MAPPING_ALL_IM2COL && split ? MAPPING_SPLIT : MAPPING_IM2COL;
    if (policy != MAPPING_MIXED)
        return 1;
    kinds[1] = MAPPING_IM2COL;
    kinds[2] = MAPPING_PACKED;
    return 3;
}

static mapping_layer lay(const plan_chip *c, const plan_layer *l, mapping_policy policy,
                         int64_t stage)
{
    mapping_kind kinds[3];
    mapping_layer best = {.pes = 0};
    int count = choices(c, l, policy, kinds);
    for (int i = 0; i < count; i++) {
        int64_t copies, pes = mapping_pes(c, l, kinds[i], up(l->positions, stage), &copies);
        if (best.pes && pes >= best.pes)
            continue;
        copies = least(copies, l->positions);
        best =
            (mapping_layer){mapping_unit_of(c, l, kinds[i]), pes, copies, up(l->positions, copies)};
    }
    return best;
}

mapping_plan *mapping_for_stage(arena *memory, const plan_chip *c, const plan_network *n,
                                mapping_policy policy, int64_t stage)
{
    mapping_plan *p = ARENA_NEW(memory, mapping_plan);
    *p = (mapping_plan){
        .policy = policy, .network = n, .chip = c, .total = c->tiles * c->pes / c->slices};
    p->layers = ARENA_ARRAY(memory, mapping_layer, n->count + 1);
    for (size_t i = 0; i < n->count; i++) {
        const plan_layer *l = &n->layers[i];
        p->layers[i] = lay(c, l, policy, stage);
        const mapping_layer *m = &p->layers[i];
        p->pes += m->pes;
        p->stage = most(p->stage, m->cycles);
        p->single_pes += m->unit.pes;
        p->serial_cycles += l->positions;
        p->serial_repeated += up(l->positions, m->unit.copies);
    }
    return p;
}

mapping_plan *mapping_shortest(arena *memory, const plan_chip *c, const plan_network *n,
                               mapping_policy policy)
{
    int64_t low = 1, high = 1;
    for (size_t i = 0; i < n->count; i++)
        high = most(high, n->layers[i].positions);
    mapping_plan *p = mapping_for_stage(memory, c, n, policy, high);
    if (p->pes > p->total)
        return NULL;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        p = mapping_for_stage(memory, c, n, policy, middle);
        if (p->pes > p->total)
            low = middle + 1;
        else
            high = middle;
    }
    return mapping_for_stage(memory, c, n, policy, high);
}

int64_t mapping_stage_bound(const plan_chip *c, const plan_network *n)
{
    double cells = (double)(c->tiles * c->pes / c->slices) * (double)c->crossbars *
                   (double)c->rows * (double)plan_chip_width(c);
    int64_t low = 1, high = 1;
    for (size_t i = 0; i < n->count; i++)
        high = most(high, n->layers[i].positions);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        double need = 0;
        for (size_t i = 0; i < n->count; i++)
            need += (double)up(n->layers[i].positions, middle) * (double)n->layers[i].weights;
        if (need > cells)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- places ---- */

static void add_place(arena *memory, plan_layout *out, plan_place at, int64_t *next)
{
    at.first = *next;
    *next += at.count;
    ARENA_PUSH(memory, out->places, out->place_count, out->place_capacity, at);
}

/* The rows of tap t are t D .. (t + 1) D; the bias goes with the last. */
static void add_split(arena *memory, plan_layout *out, const plan_layer *l, plan_place at,
                      int64_t *next)
{
    int64_t taps = taps_of(l);
    at.group = 0;
    at.count /= taps;
    for (int64_t t = 0; t < taps; t++) {
        at.row0 = t * l->in;
        at.rows = l->in + (t + 1 == taps ? l->bias : 0);
        add_place(memory, out, at, next);
    }
}

plan_layout *mapping_layout(arena *memory, const mapping_plan *p,
                            const plan_network *const *network)
{
    static const char *const names[MAPPING_POLICIES] = {"im2col", "split", "hybrid", "mixed"};
    plan_layout *out = ARENA_NEW(memory, plan_layout);
    int64_t next = 0;
    *out = (plan_layout){.method = names[p->policy],
                         .chip = p->chip,
                         .networks = network,
                         .network_count = 1,
                         .rounds = 1};
    for (size_t i = 0; i < p->network->count; i++) {
        const plan_layer *l = &p->network->layers[i];
        const mapping_layer *m = &p->layers[i];
        plan_place at = {.layer = (int32_t)i,
                         .group = -1,
                         .rows = l->rows,
                         .columns = l->columns,
                         .copies = m->copies,
                         .count = m->pes * p->chip->crossbars};
        if (m->unit.kind == MAPPING_SPLIT && can_split(l))
            add_split(memory, out, l, at, &next);
        else
            add_place(memory, out, at, &next);
    }
    return out;
}

/* ---- traffic ---- */

mapping_traffic mapping_traffic_of(const plan_layer *l, int64_t input_bits)
{
    const plan_window *w = &l->conv;
    int64_t window = taps_of(l), rows = l->out_map[0], columns = l->out_map[1];
    int64_t across = (int64_t)w->kernel[0] * least(w->stride[1], w->kernel[1]);
    int64_t down = (int64_t)w->kernel[1] * least(w->stride[0], w->kernel[0]);
    int64_t bits = l->in * input_bits;
    return (mapping_traffic){
        .naive = rows * columns * window * bits,
        .raster = rows * (window + (columns - 1) * across) * bits,
        .snake = (window + rows * (columns - 1) * across + (rows - 1) * down) * bits,
        .steady = rows * columns * across * bits,
    };
}
