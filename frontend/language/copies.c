/*
 * Copies of layers, from `layer "pattern" { copies = n }` or the command line, to the matrices that
 * the pass `duplicate` copies; and the settings of `place` that this version has no form for.
 */
#include "frontend/language/build.h"
#include "frontend/language/language.h"

#include <stdlib.h>
#include <string.h>

/* ---- the command line: PATTERN=N,... ---- */

static bool set_matching(pan_program *p, const char *pattern, int64_t copies)
{
    bool found = false;
    for (size_t i = 0; i < p->layer_count; i++) {
        pan_layer *l = &p->layers[i];
        if (!p->items[l->item].compiled || !pan_matches(pattern, l->path))
            continue;
        l->copies = (pan_copies){copies, SOURCE_NOWHERE};
        found = true;
    }
    for (size_t i = 0; i < p->param_count; i++) {
        pan_param *w = &p->params[i];
        if (w->layer != PAN_NONE || !pan_matches(pattern, w->path))
            continue;
        w->copies = (pan_copies){copies, SOURCE_NOWHERE};
        found = true;
    }
    return found;
}

const char *pan_apply_copies(pan_program *p, const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ",");
        const char *entry = arena_strndup(p->memory, list, length), *equals = strrchr(entry, '=');
        char *end = NULL;
        long long copies = equals ? strtoll(equals + 1, &end, 10) : 0;
        if (!equals || end == equals + 1 || *end || copies < 1 || copies > IR_COPIES_MAX)
            return arena_printf(p->memory, "takes LAYER=N,... with N from 1 to %d, not '%s'",
                                IR_COPIES_MAX, entry);
        const char *pattern = arena_strndup(p->memory, entry, (size_t)(equals - entry));
        if (!set_matching(p, pattern, copies))
            return arena_printf(p->memory, "'%s' matches no layer or parameter of the program",
                                pattern);
        list += length;
        list += *list == ',';
    }
    return NULL;
}

/* ---- to matrices ---- */

/* The first parameter of a layer. */
static uint32_t param_of(const pan_program *p, uint32_t layer)
{
    for (uint32_t i = 0; i < p->param_count; i++)
        if (p->params[i].layer == layer)
            return i;
    return PAN_NONE;
}

static void refuse_layer(builder *b, const pan_layer *l)
{
    diag_error(b->d, l->where,
               "not supported: copies = %lld of '%s', because copies share the columns of the map "
               "that a conv2d makes, and this is none",
               (long long)l->copies.count, l->path);
    if (l->copies.where.file)
        diag_note(b->d, l->copies.where, "set here");
    b->failed = true;
}

/* Groups may share matrices: there are at most as many of these. */
static void set_copies(builder *b, uint32_t param, uint32_t groups, const pan_copies *copies)
{
    ir_matrix **all = copies->count > 1 ? b->matrices[param] : NULL;
    for (uint32_t g = 0; all && g < groups && all[g]; g++)
        all[g]->copies = (uint32_t)copies->count;
}

static void set_layer(builder *b, uint32_t layer)
{
    const pan_layer *l = &b->p->layers[layer];
    const pan_item *item = &b->p->items[l->item];
    const pan_op *op = &item->body.ops[l->op];
    if (l->copies.count < 2 || !item->compiled)
        return;
    if (op->code != PAN_CONV2D)
        refuse_layer(b, l);
    else
        set_copies(b, param_of(b->p, layer), (uint32_t)op->window.groups, &l->copies);
}

void build_copies(builder *b)
{
    for (uint32_t i = 0; i < b->p->layer_count; i++)
        set_layer(b, i);
    for (uint32_t i = 0; i < b->p->param_count; i++)
        if (b->p->params[i].layer == PAN_NONE)
            set_copies(b, i, 1, &b->p->params[i].copies);
}

/* ---- settings of place ---- */

static void refuse(builder *b, source_range where, const char *what, const char *why)
{
    diag_error(b->d, where, "not supported: %s, because %s", what, why);
    b->failed = true;
}

static const char chosen_here[] = "the compiler chooses the tiles of all matrices itself";

void build_check_places(builder *b)
{
    const pan_deploy *d = &b->p->deploy;
    for (size_t i = 0; i < d->place_count; i++) {
        const pan_place *place = &d->places[i];
        if (place->tiles.count || place->nodes.count)
            refuse(b, place->where, place->tiles.count ? "'tiles' of place" : "'nodes' of place",
                   chosen_here);
        if (place->share != 1)
            refuse(b, place->where, "'share' of place",
                   "all that is compiled together is placed as one");
        for (size_t k = 0; k < place->layer_count; k++) {
            const pan_layer_setting *l = &place->layers[k];
            if (l->tiles.count)
                refuse(b, l->where, "'tiles' of a layer", chosen_here);
            if (l->mapping && !strcmp(l->mapping, "kernel_split"))
                refuse(b, l->where, "mapping = \"kernel_split\"",
                       "kernels lie in crossbars as columns (\"im2col\") in this version");
        }
    }
}
