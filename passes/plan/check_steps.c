/*
 * The definition of a step, literally: in every step every layer, in order, looks at each pixel
 * under each window of the outputs it wants to make, and makes them if all are there.
 */
#include "passes/plan/check.h"

typedef struct progress {
    const plan_network *n;
    const int64_t *replicas;
    int64_t *made; /* output pixels of each layer */
} progress;

/* Whether the pixel of the edge's map, behind its pooling, can be worked out. */
static bool pooled_ready(const progress *p, const plan_edge *e, int64_t row, int64_t column)
{
    const int32_t *map = p->n->layers[e->from].out_map;
    for (int64_t y = 0; y < e->pool.kernel[0]; y++)
        for (int64_t x = 0; x < e->pool.kernel[1]; x++) {
            int64_t r = row * e->pool.stride[0] + y - e->pool.pad[0];
            int64_t c = column * e->pool.stride[1] + x - e->pool.pad[1];
            if (r >= 0 && r < map[0] && c >= 0 && c < map[1] && r * map[1] + c >= p->made[e->from])
                return false;
        }
    return true;
}

static bool output_ready(const progress *p, const plan_layer *l, int64_t output)
{
    int64_t row = output / l->out_map[1], column = output % l->out_map[1];
    for (size_t k = 0; k < l->input_count; k++)
        for (int64_t y = 0; l->inputs[k].from >= 0 && y < l->conv.kernel[0]; y++)
            for (int64_t x = 0; x < l->conv.kernel[1]; x++) {
                int64_t r = row * l->conv.stride[0] + y - l->conv.pad[0];
                int64_t c = column * l->conv.stride[1] + x - l->conv.pad[1];
                if (r >= 0 && r < l->in_map[0] && c >= 0 && c < l->in_map[1] &&
                    !pooled_ready(p, &l->inputs[k], r, c))
                    return false;
            }
    return true;
}

static bool try_operation(const progress *p, size_t i)
{
    const plan_layer *l = &p->n->layers[i];
    int64_t left = l->positions - p->made[i];
    int64_t wanted = p->replicas[i] < left ? p->replicas[i] : left;
    for (int64_t o = 0; o < wanted; o++)
        if (!output_ready(p, l, p->made[i] + o))
            return false;
    p->made[i] += wanted;
    return true;
}

const char *plan_check_steps(arena *memory, const plan_network *n, const int64_t *replicas,
                             int64_t steps)
{
    progress p = {n, replicas, ARENA_ARRAY(memory, int64_t, n->count + 1)};
    size_t left = n->count;
    int64_t step = 0;
    for (size_t i = 0; i < n->count; i++)
        if (replicas[i] < 1 || replicas[i] > n->layers[i].positions)
            return arena_printf(memory, "layer '%s' has %lld copies for %lld outputs",
                                n->layers[i].name, (long long)replicas[i],
                                (long long)n->layers[i].positions);
    while (left > 0) {
        bool moved = false;
        step++;
        for (size_t i = 0; i < n->count; i++) {
            bool open = p.made[i] < n->layers[i].positions;
            bool done = open && try_operation(&p, i);
            moved = moved || done;
            left -= done && p.made[i] == n->layers[i].positions;
        }
        if (!moved)
            return arena_printf(memory, "network '%s' waits for ever in step %lld", n->name,
                                (long long)step);
    }
    if (step != steps)
        return arena_printf(memory, "network '%s' ends in step %lld, not %lld", n->name,
                            (long long)step, (long long)steps);
    return NULL;
}
