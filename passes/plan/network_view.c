/* Parts of networks: convolutions only, or the longest chain. */
#include "passes/plan/model.h"

/* The layers with keep[i], in order; edges to others are left out. */
static plan_network *selected(arena *memory, const plan_network *n, const bool *keep)
{
    plan_network *made = ARENA_NEW(memory, plan_network);
    int32_t *number = ARENA_ARRAY(memory, int32_t, n->count + 1);
    *made = *n;
    made->layers = ARENA_ARRAY(memory, plan_layer, n->count + 1);
    made->count = 0;
    for (size_t i = 0; i < n->count; i++) {
        if (!keep[i])
            continue;
        plan_layer *l = &made->layers[made->count];
        *l = n->layers[i];
        l->inputs = ARENA_ARRAY(memory, plan_edge, l->input_count + 1);
        l->input_count = 0;
        for (size_t k = 0; k < n->layers[i].input_count; k++) {
            plan_edge e = n->layers[i].inputs[k];
            if (e.from >= 0 && !keep[e.from])
                continue;
            e.from = e.from < 0 ? e.from : number[e.from];
            l->inputs[l->input_count++] = e;
        }
        number[i] = (int32_t)made->count++;
    }
    return made;
}

plan_network *plan_network_convs(arena *memory, const plan_network *n)
{
    bool *keep = ARENA_ARRAY(memory, bool, n->count + 1);
    for (size_t i = 0; i < n->count; i++)
        keep[i] = n->layers[i].kind == PLAN_CONV;
    return selected(memory, n, keep);
}

/* The input of a layer that most layers lie behind; the latest of equals. */
static const plan_edge *deepest(const plan_layer *l, const int32_t *depth)
{
    const plan_edge *best = NULL;
    for (size_t k = 0; k < l->input_count; k++) {
        const plan_edge *e = &l->inputs[k];
        int32_t d = e->from < 0 ? 0 : depth[e->from], b = 0;
        if (best)
            b = best->from < 0 ? 0 : depth[best->from];
        if (!best || d > b || (d == b && e->from > best->from))
            best = e;
    }
    return best;
}

size_t plan_network_spine(arena *memory, const plan_network *n, int32_t *layers,
                          const plan_edge **edges)
{
    int32_t *depth = ARENA_ARRAY(memory, int32_t, n->count + 1);
    const plan_edge **best = ARENA_ARRAY(memory, const plan_edge *, n->count + 1);
    for (size_t i = 0; i < n->count; i++) {
        best[i] = deepest(&n->layers[i], depth);
        depth[i] = 1 + (best[i] && best[i]->from >= 0 ? depth[best[i]->from] : 0);
    }
    int32_t at = (int32_t)n->count - 1;
    size_t count = n->count ? (size_t)depth[at] : 0;
    for (size_t i = count; i-- > 0;) {
        layers[i] = at;
        edges[i] = best[at];
        at = best[at] ? best[at]->from : PLAN_INPUT;
    }
    return count;
}

plan_network *plan_network_chain(arena *memory, const plan_network *n)
{
    int32_t *layers = ARENA_ARRAY(memory, int32_t, n->count + 1);
    const plan_edge **edges = ARENA_ARRAY(memory, const plan_edge *, n->count + 1);
    plan_network *made = ARENA_NEW(memory, plan_network);
    *made = *n;
    made->count = plan_network_spine(memory, n, layers, edges);
    made->layers = ARENA_ARRAY(memory, plan_layer, made->count + 1);
    for (size_t i = 0; i < made->count; i++) {
        plan_layer *l = &made->layers[i];
        *l = n->layers[layers[i]];
        l->input_count = edges[i] != NULL;
        l->inputs = ARENA_ARRAY(memory, plan_edge, 1);
        if (edges[i]) {
            l->inputs[0] = *edges[i];
            l->inputs[0].from = edges[i]->from < 0 ? PLAN_INPUT : (int32_t)i - 1;
        }
    }
    return made;
}
