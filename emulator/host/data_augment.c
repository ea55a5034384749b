/* Augmentation of training images: mirrored with probability 1/2, shifted within a border of zeros. */
#include "emulator/host/data.h"
#include "isa/support/random.h"

#include <string.h>

enum { STREAM_AUGMENT = 0x4155 };

static void mirror(double *plane, size_t height, size_t width)
{
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width / 2; x++) {
            double *row = plane + y * width, kept = row[x];
            row[x] = row[width - 1 - x];
            row[width - 1 - x] = kept;
        }
}

/* The value a border pixel of 0 has after scaling, so that the shift happens before it. */
static double border(const data_group *g, size_t element)
{
    double v = -g->mean[element] / g->std[element];
    return g->feature_mean ? (v - g->feature_mean[element]) / g->feature_std[element] : v;
}

/* out(y, x) = in(y + dy, x + dx); moves in the direction in which nothing unread is overwritten. */
static void shift(const data_group *g, double *image, size_t first, long height, long width,
                  long dy, long dx)
{
    double *plane = image + first;
    for (long step = 0; step < height * width; step++) {
        long at = dy > 0 || (dy == 0 && dx > 0) ? step : height * width - 1 - step;
        long y = at / width + dy, x = at % width + dx;
        bool inside = y >= 0 && y < height && x >= 0 && x < width;
        plane[at] = inside ? plane[y * width + x] : border(g, first + (size_t)at);
    }
}

void data_augment(const data_group *g, double *example, uint64_t seed, uint64_t epoch,
                  size_t record)
{
    const data_set *set = g->train.set;
    size_t plane = (size_t)set->height * set->width;
    random_state r = random_from(random_mix(random_mix(seed) ^ epoch) ^ record, STREAM_AUGMENT);
    bool flip = g->plan->flip && random_below(&r, 2) == 1;
    long dy = 0, dx = 0;
    if (g->plan->crop > 0) {
        uint64_t places = (uint64_t)(2 * g->plan->crop + 1);
        dy = (long)random_below(&r, places) - (long)g->plan->crop;
        dx = (long)random_below(&r, places) - (long)g->plan->crop;
    }
    for (size_t c = 0; c < set->channels; c++) {
        if (flip)
            mirror(example + c * plane, set->height, set->width);
        if (dy || dx)
            shift(g, example, c * plane, set->height, set->width, dy, dx);
    }
}
