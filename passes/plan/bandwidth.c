/*
 * Time of a step (allocation paper, Eq. 9 to 12). The text leaves open how copies lie in tiles;
 * read with the units below it gives all 26 values of T_step that the paper's Table 6 prints: a
 * copy that fits a tile: floor(C / set) copies in one tile, each tile's bus brings K^2 Ci inputs
 * for each column group of each copy; a larger copy: spread over p = ceil(set / C) tiles, the
 * fullest of which holds ceil(set / p); between tiles: every tile of a layer gets all outputs of
 * the layer before. Bandwidths are in 2^30 bytes per second.
 */
#include "passes/plan/allocate.h"

static int64_t tile_crossbars(const plan_chip *c)
{
    return c->pes * c->crossbars / c->slices;
}

const char *plan_bandwidth_check(arena *memory, const plan_chip *c)
{
    const char *key = c->cycle_ns <= 0        ? "cycle_ns"
                      : c->step_cycles <= 0   ? "step_cycles"
                      : c->element_bytes <= 0 ? "element_bytes"
                      : c->tile_gib <= 0      ? "tile_gib"
                      : c->chip_gib <= 0      ? "chip_gib"
                                              : NULL;
    if (key)
        return arena_printf(memory, "machine '%s' does not state '%s', which bandwidths need",
                            c->name, key);
    if (tile_crossbars(c) < 1)
        return arena_printf(memory, "machine '%s': a tile holds less than one group of slices",
                            c->name);
    return NULL;
}

double plan_compute_us(const plan_chip *c)
{
    return (double)c->step_cycles * c->cycle_ns / 1e3;
}

plan_step_terms plan_step_terms_of(const steps_chain *c, const plan_bandwidth *b, size_t j)
{
    const plan_chip *chip = b->chip;
    const plan_layer *l = &c->network->layers[c->layers[j].layer];
    int64_t tile = tile_crossbars(chip), set = c->layers[j].set;
    double column_groups = (double)steps_ceil(l->out, plan_chip_width(chip));
    double inputs = (double)l->conv.kernel[0] * l->conv.kernel[1] * l->in * column_groups;
    const double us = 1e6 * (double)chip->element_bytes / (1073741824.0 * b->scale);
    plan_step_terms t = {.compute = plan_compute_us(chip), .together = 1};
    if (set <= tile) {
        t.together = tile / set;
        inputs *= (double)t.together;
    } else {
        inputs *= (double)steps_ceil(set, steps_ceil(set, tile)) / (double)set;
    }
    t.inside = inputs * us / chip->tile_gib;
    if (j > 0)
        t.between = (double)c->network->layers[c->layers[j - 1].layer].out * us / chip->chip_gib;
    return t;
}

double plan_step_us(const steps_chain *c, const plan_bandwidth *b, size_t j, int64_t replicas,
                    int64_t before)
{
    plan_step_terms t = plan_step_terms_of(c, b, j);
    return plan_step_of(&t, replicas, before);
}

double plan_steps_us(const steps_chain *c, const plan_bandwidth *b, const int64_t *replicas)
{
    double longest = 0;
    for (size_t j = 0; j < c->count; j++) {
        double us = plan_step_us(c, b, j, replicas[j], j ? replicas[j - 1] : 0);
        longest = us > longest ? us : longest;
    }
    return longest;
}
