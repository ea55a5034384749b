/* Between the planner's model and tenants: operators, chips, places, energy. */
#include "passes/plan/tenant.h"

enum { BLOCKS_MAX = 1 << 20 }; /* arrays of one copy: bounds the parts of the finest split */

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

tenant_chip *tenant_chip_of(arena *memory, const plan_chip *c, const char **error)
{
    if (!c->input_bits) {
        *error = arena_printf(memory, "chip '%s' does not state 'input_bits'", c->name);
        return NULL;
    }
    tenant_chip *chip = ARENA_NEW(memory, tenant_chip);
    *chip = (tenant_chip){plan_chip_total(c), c->rows, plan_chip_width(c), c->input_bits,
                          c->write_cycles ? c->write_cycles : 1 + c->input_bits};
    return chip;
}

static int64_t multiply(int64_t a, int64_t b, int64_t most)
{
    return a > most / b ? most : a * b;
}

/* Eq. 2: the strides of the poolings at or behind the layer. */
static int64_t classic_copies(const plan_network *n, size_t layer, int power)
{
    int64_t copies = 1;
    for (size_t i = layer; i < n->count; i++)
        for (int k = 0; k < power; k++)
            copies = multiply(copies, n->layers[i].pool.stride[k], INT64_C(1) << 32);
    return copies;
}

static int64_t clip(int64_t x, int64_t count)
{
    return x < 0 ? 0 : x >= count ? count - 1 : x;
}

/* The last row (axis 0) or column of `map` that output `at` of l reads through e's pooling. */
static int64_t last_read(const plan_layer *l, const plan_edge *e, const int32_t map[2], int axis,
                         int64_t at)
{
    const plan_window *conv = &l->conv, *pool = &e->pool;
    at = at * conv->stride[axis] + conv->kernel[axis] - 1 - conv->pad[axis];
    at = clip(at, l->in_map[axis]);
    return clip(at * pool->stride[axis] + pool->kernel[axis] - 1 - pool->pad[axis], map[axis]);
}

/* need and rest of layer i, if it reads layer i - 1. */
static void add_windows(const plan_network *n, size_t i, tenant_op *op)
{
    const plan_layer *l = &n->layers[i];
    for (size_t k = 0; k < l->input_count; k++) {
        const plan_edge *e = &l->inputs[k];
        if (e->from < 0 || e->from != (int32_t)i - 1)
            continue;
        const int32_t *map = n->layers[e->from].out_map;
        int64_t first[2];
        for (int axis = 0; axis < 2; axis++) {
            first[axis] = l->out_map[axis] - 1;
            while (first[axis] > 0 && last_read(l, e, map, axis, first[axis] - 1) == map[axis] - 1)
                first[axis]--;
        }
        op->need = last_read(l, e, map, 0, 0) * map[1] + last_read(l, e, map, 1, 0) + 1;
        op->rest = op->positions - first[0] * l->out_map[1] - first[1];
    }
}

tenant *tenant_of(arena *memory, const plan_network *n, const tenant_chip *chip, int power,
                  const char **error)
{
    if (n->count > TENANT_OPS_MAX) {
        *error = arena_printf(memory, "network '%s' has more than %d layers", n->name,
                              TENANT_OPS_MAX);
        return NULL;
    }
    tenant *t = ARENA_NEW(memory, tenant);
    *t = (tenant){n->name, ARENA_ARRAY(memory, tenant_op, n->count), (int)n->count};
    for (size_t i = 0; i < n->count; i++) {
        const plan_layer *l = &n->layers[i];
        tenant_op *op = &t->ops[i];
        int64_t taps = l->pool.kernel[0] * (int64_t)l->pool.kernel[1];
        if (l->groups > 1) {
            *error = arena_printf(memory, "not supported: layer '%s' of '%s' has groups of "
                                          "channels", l->name, n->name);
            return NULL;
        }
        *op = (tenant_op){.rows = l->rows, .columns = l->columns,
                          .positions = l->positions, .pooling = taps > 1 ? taps : 0,
                          .classic = classic_copies(n, i, power)};
        op->down = ceil_div(op->rows, chip->rows);
        op->across = ceil_div(op->columns, chip->columns);
        if (op->down > BLOCKS_MAX / op->across || op->positions > INT64_C(1) << 32) {
            *error = arena_printf(memory, "not supported: layer '%s' of '%s' takes more than 2^20 "
                                          "arrays or 2^32 positions", l->name, n->name);
            return NULL;
        }
        add_windows(n, i, op);
    }
    return t;
}

/* ---- places ---- */

typedef struct placing {
    arena *memory;
    plan_layout *out;
    const tenant_op *op;
    const tenant_chip *chip;
    plan_place at; /* network, layer, round, copies; first: the next array */
} placing;

/* Arrays [row, row + rows) x [column, column + columns) of the operator. */
static void place(placing *p, int64_t row, int64_t rows, int64_t column, int64_t columns)
{
    plan_place *x = &p->at;
    int64_t row_end = (row + rows) * p->chip->rows;
    int64_t column_end = (column + columns) * p->chip->columns;
    x->row0 = row * p->chip->rows;
    x->column0 = column * p->chip->columns;
    x->rows = (row_end < p->op->rows ? row_end : p->op->rows) - x->row0;
    x->columns = (column_end < p->op->columns ? column_end : p->op->columns) - x->column0;
    x->count = rows * columns * x->copies;
    ARENA_PUSH(p->memory, p->out->places, p->out->place_count, p->out->place_capacity, *x);
    x->first += x->count;
}

/* A run of arrays in row order: the end of a row, whole rows, the beginning of a row. */
static void place_part(placing *p, const tenant_part *part)
{
    int64_t across = p->op->across, at = part->first, left = part->blocks;
    int64_t head = at % across ? across - at % across : 0;
    head = head < left ? head : left;
    if (head)
        place(p, at / across, 1, at % across, head);
    at += head;
    left -= head;
    if (left / across)
        place(p, at / across, left / across, 0, across);
    if (left % across)
        place(p, at / across + left / across, 1, 0, left % across);
}

static void place_region(placing *p, const tenant_plan *from, int i)
{
    const tenant_region *r = &from->regions[i];
    for (size_t k = 0; k < r->program.count; k++) {
        const tenant_part *part = &r->program.parts[k];
        p->op = &from->tenants[i]->ops[part->op];
        p->at.network = i;
        p->at.layer = part->op;
        p->at.group = 0;
        p->at.round = r->round + part->round;
        p->at.copies = part->copies;
        if (!k || part->round != part[-1].round)
            p->at.first = r->first;
        place_part(p, part);
    }
    if (r->round + r->rounds > p->out->rounds)
        p->out->rounds = r->round + r->rounds;
}

plan_layout *tenant_places(arena *memory, const tenant_plan *p, const plan_chip *chip,
                    const plan_network *const *networks)
{
    plan_layout *out = ARENA_NEW(memory, plan_layout);
    *out = (plan_layout){.method = tenant_methods[p->method].name,
                         .chip = chip,
                         .networks = networks,
                         .network_count = (size_t)p->count};
    placing at = {.memory = memory, .out = out, .chip = p->chip};
    for (int i = 0; i < p->count; i++)
        place_region(&at, p, i);
    return out;
}

/* ---- energy ---- */

double tenant_energy_mj(const tenant_energy_model *m, const tenant *t)
{
    double pj = 0;
    for (int i = 0; i < t->count; i++) {
        const tenant_op *op = &t->ops[i];
        int64_t busy = ceil_div(op->down * op->across, m->unit) * m->unit;
        double ns = (double)op->positions * (double)m->position_cycles * m->cycle_ns;
        pj += (double)busy * m->array_mw * ns;
    }
    return pj * 1e-9;
}
