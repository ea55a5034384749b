/* A planner's network on a chip as a chain for HUBPA. */
#include "passes/plan/hubpa.h"

static const char *refuse(arena *memory, const plan_network *n, size_t i)
{
    const plan_layer *l = &n->layers[i];
    if (l->input_count != 1 || l->inputs[0].from != (int32_t)i - 1)
        return arena_printf(memory, "not supported: layer '%s' of '%s' does not read just the "
                                    "layer before it, and FP and BP run over a chain",
                            l->name, n->name);
    if (l->kind != PLAN_CONV)
        return arena_printf(memory, "not supported: layer '%s' of '%s' is dense, and HUBPA "
                                    "schedules convolutions", l->name, n->name);
    if (l->positions > HUBPA_UNITS_MAX)
        return arena_printf(memory, "not supported: layer '%s' of '%s' has more than 2^24 output "
                                    "positions", l->name, n->name);
    return NULL;
}

/* Crossbars of a tile, in groups of slices. */
static int64_t tile_of(const plan_chip *chip)
{
    return chip->pes * chip->crossbars / chip->slices;
}

hubpa_layer *hubpa_layers_of(arena *memory, const plan_network *n, const plan_chip *chip,
                             const char **error)
{
    hubpa_layer *layers = ARENA_ARRAY(memory, hubpa_layer, n->count);
    int64_t unit = tile_of(chip);
    if (!n->count || unit < 1) {
        *error = arena_printf(memory, "network '%s' has no convolutions, or a tile of '%s' holds "
                                      "no matrix", n->name, chip->name);
        return NULL;
    }
    for (size_t i = 0; i < n->count; i++) {
        const plan_layer *l = &n->layers[i];
        int64_t footprint = (plan_chip_set(chip, l, false) + unit - 1) / unit;
        *error = refuse(memory, n, i);
        if (!*error && footprint > HUBPA_UNITS_MAX)
            *error = arena_printf(memory, "not supported: layer '%s' of '%s' takes more than 2^24 "
                                          "tiles", l->name, n->name);
        if (*error)
            return NULL;
        layers[i] = (hubpa_layer){{l->out_map[0], l->out_map[1]}, l->conv, PLAN_NO_WINDOW,
                                  (int32_t)footprint};
        if (i)
            layers[i - 1].pool = l->inputs[0].pool;
    }
    return layers;
}

plan_layout *hubpa_places(arena *memory, const plan_network *const *n, const plan_chip *chip,
                          const hubpa_layer *layers, const int32_t *replicas, const char *method)
{
    plan_layout *out = ARENA_NEW(memory, plan_layout);
    *out = (plan_layout){.method = method, .chip = chip, .networks = n, .network_count = 1,
                         .rounds = 1};
    int64_t first = 0;
    for (size_t i = 0; i < (*n)->count; i++) {
        const plan_layer *l = &(*n)->layers[i];
        int64_t count = (int64_t)layers[i].footprint * replicas[i] * tile_of(chip);
        plan_place at = {.layer = (int32_t)i, .group = l->groups > 1 ? -1 : 0, .rows = l->rows,
                         .columns = l->columns, .copies = replicas[i], .first = first,
                         .count = count};
        ARENA_PUSH(memory, out->places, out->place_count, out->place_capacity, at);
        first += count;
    }
    return out;
}
