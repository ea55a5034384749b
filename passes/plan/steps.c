#include "passes/plan/steps.h"

#include <string.h>

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- chains ---- */

static void set_layer(steps_layer *s, const plan_network *n, int32_t at, const plan_edge *e)
{
    const plan_layer *l = &n->layers[at];
    s->layer = at;
    s->positions = l->positions;
    for (int i = 0; i < 2; i++) {
        s->kernel[i] = l->conv.kernel[i];
        s->stride[i] = l->conv.stride[i];
        s->pad[i] = l->conv.pad[i];
        s->pool_kernel[i] = e ? e->pool.kernel[i] : 1;
        s->pool_stride[i] = e ? e->pool.stride[i] : 1;
        s->pool_pad[i] = e ? e->pool.pad[i] : 0;
        s->before[i] = e && e->from >= 0 ? n->layers[e->from].out_map[i] : l->in_map[i];
        s->in[i] = l->in_map[i];
        s->out[i] = l->out_map[i];
    }
}

/* The layer of the chain (number + 1) that some reader of layer i reads as well; 0 if none. */
static int32_t partner(const steps_chain *c, const int32_t *number, size_t i)
{
    const plan_network *n = c->network;
    for (size_t r = i + 1; r < n->count; r++) {
        bool reads = false;
        int32_t found = 0;
        for (size_t k = 0; k < n->layers[r].input_count; k++) {
            int32_t from = n->layers[r].inputs[k].from;
            reads = reads || from == (int32_t)i;
            if (from >= 0 && number[from] > found)
                found = number[from];
        }
        if (reads && found)
            return found;
    }
    return 0;
}

steps_chain *steps_chain_of(arena *memory, const plan_network *n, const plan_chip *chip, bool dense)
{
    steps_chain *c = ARENA_NEW(memory, steps_chain);
    int32_t *spine = ARENA_ARRAY(memory, int32_t, n->count + 1);
    int32_t *number = ARENA_ARRAY(memory, int32_t, n->count + 1);
    const plan_edge **edges = ARENA_ARRAY(memory, const plan_edge *, n->count + 1);
    *c = (steps_chain){.network = n, .count = plan_network_spine(memory, n, spine, edges)};
    c->layers = ARENA_ARRAY(memory, steps_layer, c->count + 1);
    c->leader = ARENA_ARRAY(memory, int32_t, n->count + 1);
    for (size_t i = 0; i < c->count; i++) {
        set_layer(&c->layers[i], n, spine[i], edges[i]);
        c->layers[i].set = plan_chip_set(chip, &n->layers[spine[i]], dense);
        number[spine[i]] = (int32_t)i + 1;
    }
    for (size_t i = 0; i < n->count; i++) {
        int32_t lead = number[i] ? number[i] : partner(c, number, i);
        c->leader[i] = lead ? lead - 1 : (int32_t)c->count - 1;
        if (!number[i])
            c->layers[c->leader[i]].set += plan_chip_set(chip, &n->layers[i], dense);
    }
    return c;
}

void steps_spread(const steps_chain *c, const int64_t *chain, int64_t *replicas)
{
    for (size_t i = 0; i < c->network->count; i++)
        replicas[i] = least(chain[c->leader[i]], c->network->layers[i].positions);
}

int64_t steps_cost(const steps_chain *c, const int64_t *replicas)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += c->layers[i].set * replicas[i];
    return sum;
}

/* ---- Algorithm 1 ---- */

/*
 * Rows are not clipped in the paper's reading, and grow with every stride on the way back; from
 * here on they say the same: too late.
 */
static int64_t capped(int64_t rows)
{
    return least(rows, INT64_C(1) << 31);
}

/* Lines 6 to 11 for one output (row and column from 1). */
static int64_t outputs_under(const steps_chain *c, const steps_layer *l, int64_t row,
                             int64_t column)
{
    int64_t prow = capped((capped(row) - 1) * l->stride[0] + l->kernel[0] - l->pad[0]);
    int64_t pcol = least((column - 1) * l->stride[1] + l->kernel[1] - l->pad[1], l->in[1]);
    if (c->clip)
        prow = least(prow, l->in[0]);
    int64_t crow =
        capped(l->pool_kernel[0] + l->pool_stride[0] * (most(prow, 1) - 1) - l->pool_pad[0]);
    int64_t ccol = least(
        l->pool_kernel[1] + l->pool_stride[1] * (most(pcol, 1) - 1) - l->pool_pad[1], l->before[1]);
    if (c->clip)
        crow = least(crow, l->before[0]);
    return (most(crow, 1) - 1) * l->before[1] + most(ccol, 1);
}

int64_t steps_need(const steps_chain *c, size_t j, int64_t product)
{
    const steps_layer *l = &c->layers[j];
    if (c->clip)
        product = least(product, l->positions);
    int64_t row = steps_ceil(product, l->out[1]);
    int64_t need = outputs_under(c, l, row, product - (row - 1) * l->out[1]);
    /* Where rows are clipped, the end of the row before may need more. */
    if (c->clip && row > 1)
        need = most(need, outputs_under(c, l, row - 1, l->out[1]));
    return need;
}

int64_t steps_preop(const steps_chain *c, size_t j, const int64_t *replicas, const int64_t *pre)
{
    int64_t product = replicas[j], best = 0;
    for (size_t k = j; k-- > 0;) {
        int64_t q = steps_ceil(steps_need(c, k + 1, product), replicas[k]);
        best = most(best, q - 1 + pre[k]);
        product = q * replicas[k];
        if (c->clip)
            product = least(product, c->layers[k].positions);
    }
    return best;
}

/* Line 19: rows of padding, which come after the last input. */
static int64_t printed_tail(const steps_layer *l, int64_t replicas)
{
    return steps_ceil(l->out[1] * (l->pad[0] / l->stride[0]), replicas);
}

/*
 * The last rows of a layer may become possible all at once, when the last row of a pool is there:
 * what is left to do when the layer before ends, from the ends of the last three rows.
 */
static int64_t burst_tail(const steps_chain *c, size_t j, int64_t replicas, int64_t before)
{
    const steps_layer *l = &c->layers[j];
    int64_t operations = steps_ceil(l->positions, replicas);
    int64_t produced = steps_ceil(c->layers[j - 1].positions, before), tail = 0;
    for (int64_t row = most(l->out[0] - 3, 0); row < l->out[0]; row++)
        for (int end = 0; end < 2; end++) {
            int64_t pixel = row * l->out[1] + (end ? l->out[1] - 1 : 0);
            int64_t n = pixel / replicas + 1;
            int64_t last = least(n * replicas, l->positions);
            int64_t o = steps_ceil(steps_need(c, j, last), before);
            tail = most(tail, least(o, produced) - produced + operations - n);
        }
    return tail;
}

int64_t steps_tail(const steps_chain *c, size_t j, int64_t replicas, int64_t before)
{
    return c->burst ? burst_tail(c, j, replicas, before) : printed_tail(&c->layers[j], replicas);
}

int64_t steps_model(const steps_chain *c, const int64_t *replicas, int64_t *pre, int64_t *op)
{
    int64_t end = 0;
    for (size_t j = 0; j < c->count; j++) {
        int64_t normal = steps_ceil(c->layers[j].positions, replicas[j]);
        pre[j] = j ? steps_preop(c, j, replicas, pre) : 0;
        if (j)
            end += steps_tail(c, j, replicas[j], replicas[j - 1]);
        end = most(normal + pre[j], end);
        if (op)
            op[j] = end;
    }
    return end;
}
