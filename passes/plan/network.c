/* Sizes of layers: what follows from their windows, and whether a network fits together. */
#include "passes/plan/model.h"

#include <inttypes.h>
#include <string.h>

/* So that 64 bits hold what is derived from a network: bits read, steps, cells. */
static const int64_t products_most = INT64_C(1) << 56;

const char *const plan_kind_names[2] = {"conv", "dense"};

bool plan_window_is_none(const plan_window *w)
{
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] != 1 || w->stride[i] != 1 || w->pad[i] != 0)
            return false;
    return true;
}

void plan_window_map(const plan_window *w, const int32_t in[2], int32_t out[2])
{
    for (int i = 0; i < 2; i++) {
        int64_t room = (int64_t)in[i] - w->kernel[i] + 2 * (int64_t)w->pad[i];
        out[i] = room < 0 ? 0 : (int32_t)(room / w->stride[i] + 1);
    }
}

static bool within(int64_t v, int64_t least, int64_t most)
{
    return v >= least && v <= most;
}

static bool good_window(const plan_window *w)
{
    for (int i = 0; i < 2; i++)
        if (!within(w->kernel[i], 1, PLAN_SIDE_MAX) || !within(w->stride[i], 1, PLAN_SIDE_MAX) ||
            !within(w->pad[i], 0, w->kernel[i] - 1))
            return false;
    return true;
}

/* a x b; false if it is too large. */
static bool multiply(int64_t a, int64_t b, int64_t *product)
{
    return !__builtin_mul_overflow(a, b, product) && *product < products_most;
}

static const char *check_shape(arena *memory, const plan_layer *l)
{
    if (!good_window(&l->conv) || !good_window(&l->pool))
        return arena_printf(memory,
                            "layer '%s': kernels and strides lie between 1 and 2^24, and padding "
                            "is less than the kernel",
                            l->name);
    if (!within(l->in, 1, PLAN_SIDE_MAX) || !within(l->out, 1, PLAN_SIDE_MAX) ||
        !within(l->groups, 1, l->in) || l->in % l->groups || l->out % l->groups)
        return arena_printf(memory, "layer '%s': %d groups do not divide its %d and %d channels",
                            l->name, l->groups, l->in, l->out);
    int32_t made[2];
    plan_window_map(&l->conv, l->in_map, made);
    for (int i = 0; i < 2; i++)
        if (made[i] < 1 || made[i] > PLAN_SIDE_MAX || made[i] != l->out_map[i])
            return arena_printf(memory,
                                "layer '%s': its window makes %d x %d of a map, not %d x %d",
                                l->name, made[0], made[1], l->out_map[0], l->out_map[1]);
    return NULL;
}

const char *plan_layer_derive(arena *memory, plan_layer *l)
{
    const char *error = check_shape(memory, l);
    int64_t taps;
    if (error)
        return error;
    bool fits = multiply(l->conv.kernel[0], l->conv.kernel[1], &taps) &&
                multiply(taps, l->in / l->groups, &l->rows) &&
                multiply(l->out_map[0], l->out_map[1], &l->positions);
    l->rows += l->bias;
    l->columns = l->out / l->groups;
    fits = fits && multiply(l->rows, l->out, &l->weights) &&
           multiply(l->weights, l->positions, &l->macs);
    return fits ? NULL : arena_printf(memory, "layer '%s': its products pass 2^56", l->name);
}

static const char *check_edge(arena *memory, const plan_network *n, size_t i, const plan_edge *e)
{
    const plan_layer *l = &n->layers[i];
    int32_t pooled[2];
    if (e->from < PLAN_INPUT || e->from >= (int32_t)i)
        return arena_printf(memory, "layer '%s' reads what comes behind it", l->name);
    if (!good_window(&e->pool))
        return arena_printf(memory, "layer '%s': impossible pooling before it", l->name);
    plan_window_map(&e->pool, e->from < 0 ? n->in_map : n->layers[e->from].out_map, pooled);
    if (pooled[0] != l->in_map[0] || pooled[1] != l->in_map[1])
        return arena_printf(memory, "layer '%s' reads a map of %d x %d, but gets %d x %d", l->name,
                            l->in_map[0], l->in_map[1], pooled[0], pooled[1]);
    return NULL;
}

const char *plan_network_check(arena *memory, plan_network *n)
{
    int64_t macs = 0;
    if (n->count < 1 || n->count > PLAN_LAYERS_MAX)
        return arena_printf(memory, "network '%s' has %zu layers, not 1 to %d", n->name, n->count,
                            PLAN_LAYERS_MAX);
    for (size_t i = 0; i < n->count; i++) {
        const char *error = plan_layer_derive(memory, &n->layers[i]);
        for (size_t k = 0; !error && k < n->layers[i].input_count; k++)
            error = check_edge(memory, n, i, &n->layers[i].inputs[k]);
        if (error)
            return error;
        if (__builtin_add_overflow(macs, n->layers[i].macs, &macs) || macs >= products_most)
            return arena_printf(memory, "network '%s': its products pass 2^56", n->name);
    }
    return NULL;
}

int64_t plan_network_weights(const plan_network *n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n->count; i++)
        sum += n->layers[i].weights;
    return sum;
}

int64_t plan_network_macs(const plan_network *n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n->count; i++)
        sum += n->layers[i].macs;
    return sum;
}
