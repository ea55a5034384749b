#include "emulator/host/weights.h"

#include "isa/support/random.h"

#include <math.h>

/* FNV-1a: the key of a tensor is its name, so that first values do not depend on placement. */
static uint64_t name_key(const char *name)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 0x100000001B3u;
    return h;
}

/* Standard normal from two draws (Box and Muller 1958). */
static double normal(random_state *r)
{
    double radius = sqrt(-2 * log(1 - random_unit(r)));
    return radius * cos(2 * acos(-1) * random_unit(r));
}

void weights_init_tensor(const image_tensor *t, uint64_t seed, double *values)
{
    size_t before = (size_t)t->first * t->rows, count = (size_t)t->rows * t->columns;
    random_state r = random_from(seed, name_key(t->name));
    for (size_t i = 0; i < before + count; i++) {
        double v = t->init_value;
        if (t->init == INIT_UNIFORM)
            v *= 2 * random_unit(&r) - 1;
        else if (t->init == INIT_NORMAL)
            v *= normal(&r);
        if (i >= before)
            values[i - before] = v;
    }
}
