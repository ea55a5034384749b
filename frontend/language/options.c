/* Command-line values over those of the program. */
#include "frontend/language/language.h"

#include <string.h>

static void set_crs(pan_program *p, pan_train *t, int64_t batches)
{
    for (size_t e = 0; e < t->every_count; e++) {
        pan_every *every = &t->every[e];
        size_t kept = 0;
        for (size_t a = 0; a < every->action_count; a++)
            if (strcmp(every->actions[a].name, "crs") != 0)
                every->actions[kept++] = every->actions[a];
        every->action_count = kept;
    }
    pan_every every = {.period = batches, .unit = "batches"};
    pan_action crs = {.name = "crs"};
    ARENA_PUSH(p->memory, every.actions, every.action_count, every.action_capacity, crs);
    ARENA_PUSH(p->memory, t->every, t->every_count, t->every_capacity, every);
}

static void apply_to_train(pan_program *p, pan_train *t, const pan_options *o)
{
    if (o->batch > 0) {
        if (p->items[t->item].kind == PAN_NETWORK && t->scalar_count)
            t->scalars[0].scale = -1.0 / (double)o->batch;
        t->batch = o->batch;
    }
    if (o->epochs > 0)
        t->epochs = o->epochs;
    if (o->has_seed)
        t->seed = o->seed;
    if (o->weights) {
        t->weights = o->weights;
        t->base = ".";
    }
    if (o->crs_batches > 0)
        set_crs(p, t, o->crs_batches);
}

void pan_apply(pan_program *p, const pan_options *o)
{
    for (size_t i = 0; i < p->train_count; i++)
        apply_to_train(p, &p->trains[i], o);
    if (o->machine) {
        p->deploy.machine = o->machine;
        p->deploy.base = ".";
    }
    if (o->slices)
        p->deploy.slices = o->slices;
    if (o->opa_mode)
        p->deploy.opa_mode = o->opa_mode;
    if (o->fidelity)
        p->deploy.fidelity = o->fidelity;
    if (o->variant)
        p->deploy.variant = o->variant;
}
