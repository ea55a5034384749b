/* deploy { ... }: the machine, its settings, and where networks and layers are placed. */
#include "frontend/language/check.h"
#include "ir/graph.h"

#include <inttypes.h>
#include <string.h>

static void take_machine(checker *c, void *into, const ast_setting *s)
{
    pan_deploy *d = into;
    setting_string(c, s, &d->machine);
    d->base = check_folder(c, s->where);
}

static void take_variant(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 1, 3, &((pan_deploy *)into)->variant);
}

static void take_slices(checker *c, void *into, const ast_setting *s)
{
    const char *text = NULL;
    setting_string(c, s, &text);
    if (!text)
        return;
    if (!*text || strlen(text) > 32 || strspn(text, "123456789") != strlen(text))
        check_error(c, s->value->where, "'slices' lists the bits of each slice, most significant "
                    "first, as in \"44466555\", found \"%s\"", text);
    else
        ((pan_deploy *)into)->slices = text;
}

static void take_opa_mode(checker *c, void *into, const ast_setting *s)
{
    static const char *const modes[] = {"stream", "digit", "batch", "ideal"};
    setting_choice(c, s, modes, 4, &((pan_deploy *)into)->opa_mode);
}

static void take_fidelity(checker *c, void *into, const ast_setting *s)
{
    static const char *const names[] = {"ideal", "adc", "device"};
    setting_choice(c, s, names, 3, &((pan_deploy *)into)->fidelity);
}

static const setting_row deploy_rows[] = {
    {"machine", take_machine, false},   {"variant", take_variant, false},
    {"slices", take_slices, false},     {"opa_mode", take_opa_mode, false},
    {"fidelity", take_fidelity, false},
};

static void take_tiles(checker *c, void *into, const ast_setting *s)
{
    setting_integers(c, s, &((pan_place *)into)->tiles);
}

static void take_nodes(checker *c, void *into, const ast_setting *s)
{
    setting_integers(c, s, &((pan_place *)into)->nodes);
}

static void take_share(checker *c, void *into, const ast_setting *s)
{
    double share = 1;
    setting_number(c, s, &share);
    if (share > 0)
        ((pan_place *)into)->share = share;
    else
        check_error(c, s->value->where, "'share' is a positive number, found %g", share);
}

static const setting_row place_rows[] = {
    {"tiles", take_tiles, false}, {"nodes", take_nodes, false}, {"share", take_share, false},
};

static void take_copies(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 1, IR_COPIES_MAX, &((pan_layer_setting *)into)->copies);
}

static void take_layer_tiles(checker *c, void *into, const ast_setting *s)
{
    setting_integers(c, s, &((pan_layer_setting *)into)->tiles);
}

static void take_mapping(checker *c, void *into, const ast_setting *s)
{
    static const char *const names[] = {"im2col", "kernel_split"};
    setting_choice(c, s, names, 2, &((pan_layer_setting *)into)->mapping);
}

static void take_format(checker *c, pan_layer_setting *into, const ast_setting *s,
                        pan_format_kind kind)
{
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind == VALUE_FORMAT)
        into->formats[kind] = (int)v.integer;
    else
        setting_kind(c, s, &v, "a format such as q12");
}

static void take_activation(checker *c, void *into, const ast_setting *s)
{
    take_format(c, into, s, PAN_FORMAT_ACTIVATION);
}

static void take_weight(checker *c, void *into, const ast_setting *s)
{
    take_format(c, into, s, PAN_FORMAT_WEIGHT);
}

static void take_error(checker *c, void *into, const ast_setting *s)
{
    take_format(c, into, s, PAN_FORMAT_ERROR);
}

static const setting_row layer_rows[] = {
    {"copies", take_copies, false},         {"tiles", take_layer_tiles, false},
    {"mapping", take_mapping, false},       {"activation", take_activation, false},
    {"weight", take_weight, false},         {"error", take_error, false},
};

static void refuse_rest(checker *c, const ast_settings *settings, const char *group,
                        const char *what)
{
    for (size_t i = 0; i < settings->count; i++) {
        const ast_setting *s = &settings->items[i];
        if (s->kind == SETTING_EVERY)
            check_error(c, s->where, "'every' belongs in train, not in %s", what);
        else if (s->kind == SETTING_GROUP && (!group || strcmp(s->name.text, group) != 0))
            check_error(c, s->where, "'%s { ... }' does not belong in %s", s->name.text, what);
    }
}

static void take_layer(checker *c, pan_place *place, const ast_setting *s)
{
    pan_layer_setting layer = {.pattern = s->subject.text, .formats = {-1, -1, -1},
                               .where = s->subject.where};
    if (!s->subject.text) {
        check_error(c, s->where, "layer needs a pattern: layer \"conv2d_*\" { ... }");
        return;
    }
    layer.pattern = check_insert(c, s->subject.text, s->subject.where);
    check_settings(c, "layer", &s->settings, layer_rows, sizeof layer_rows / sizeof *layer_rows,
                   &layer);
    refuse_rest(c, &s->settings, NULL, "layer");
    ARENA_PUSH(c->memory, place->layers, place->layer_count, place->layer_capacity, layer);
}

static void take_place(checker *c, pan_deploy *d, const ast_setting *s)
{
    const symbol *item = s->subject.text ? symbols_find(&c->items, s->subject.text) : NULL;
    if (!item || item->item->kind == ITEM_DATA) {
        check_error(c, s->subject.text ? s->subject.where : s->where,
                    "place needs a network or kernel%s%s%s", s->subject.text ? ", found '" : "",
                    s->subject.text ? s->subject.text : "", s->subject.text ? "'" : "");
        return;
    }
    pan_place place = {.item = item->index, .share = 1, .where = s->subject.where};
    check_settings(c, "place", &s->settings, place_rows, sizeof place_rows / sizeof *place_rows,
                   &place);
    refuse_rest(c, &s->settings, "layer", "place");
    for (size_t i = 0; i < s->settings.count; i++) {
        const ast_setting *l = &s->settings.items[i];
        if (l->kind == SETTING_GROUP && !strcmp(l->name.text, "layer"))
            take_layer(c, &place, l);
    }
    ARENA_PUSH(c->memory, d->places, d->place_count, d->place_capacity, place);
}

/* ---- what layer settings apply to ---- */

static const char *layer_list(checker *c, const pan_place *place)
{
    size_t count = 0, capacity = 0;
    const char **names = NULL;
    const pan_program *p = c->program;
    for (size_t i = 0; i < p->layer_count; i++)
        if (p->layers[i].item == place->item)
            ARENA_PUSH(c->memory, names, count, capacity, p->layers[i].path);
    const pan_item *item = &p->items[place->item];
    for (size_t i = 0; i < item->param_count; i++)
        if (p->params[item->params[i]].layer == PAN_NONE)
            ARENA_PUSH(c->memory, names, count, capacity, p->params[item->params[i]].path);
    return check_join(c, names, count);
}

/* What one `layer` setting is applied to. */
typedef struct target {
    const char *path;
    uint32_t item; /* whose `place` it stands in */
    pan_format_set *formats;
} target;

static void conflict(checker *c, const pan_layer_setting *set, const target *t,
                     pan_format_kind kind, int other, source_range where)
{
    int wanted = set->formats[kind];
    if (wanted < 0 || other < 0 || wanted == other)
        return;
    check_error(c, set->where, "'%s' has %s format q%d here", t->path, pan_format_names[kind],
                wanted);
    check_note(c, where, "and q%d here", other);
}

/* A matrix has one format of each kind, whoever shares it; in one item the later setting wins. */
static void set_formats(checker *c, const pan_layer_setting *set, const target *t)
{
    for (pan_format_kind kind = 0; kind < PAN_FORMATS; kind++) {
        pan_format_set *f = t->formats;
        if (set->formats[kind] < 0)
            continue;
        if (f->given[kind] && f->item[kind] != t->item)
            conflict(c, set, t, kind, f->q[kind], f->where[kind]);
        f->given[kind] = true;
        f->q[kind] = set->formats[kind];
        f->item[kind] = t->item;
        f->where[kind] = set->where;
    }
}

static void apply_to_layer(checker *c, pan_layer *l, const pan_layer_setting *set)
{
    const pan_op *op = &c->program->items[l->item].body.ops[l->op];
    target t = {l->path, l->item, &l->formats};
    conflict(c, set, &t, PAN_FORMAT_ACTIVATION, op->q_written, op->where);
    set_formats(c, set, &t);
    if (set->copies)
        l->copies = (pan_copies){set->copies, set->where};
}

/* What the code wrote of the products with a parameter. */
static void written_conflicts(checker *c, const pan_layer_setting *set, const target *t,
                              uint32_t param)
{
    const pan_body *body = &c->program->items[t->item].body;
    for (size_t i = 0; i < body->count; i++) {
        const pan_op *op = &body->ops[i];
        bool product = op->code == PAN_MATVEC || op->code == PAN_PARAM;
        if (product && op->params[0] == param)
            conflict(c, set, t, op->transposed ? PAN_FORMAT_ERROR : PAN_FORMAT_ACTIVATION,
                     op->q_written, op->where);
    }
}

static void apply_to_param(checker *c, uint32_t param, uint32_t item, const pan_layer_setting *set)
{
    pan_param *w = &c->program->params[param];
    target t = {w->path, item, &w->formats};
    if (w->layer != PAN_NONE) {
        apply_to_layer(c, &c->program->layers[w->layer], set);
        return;
    }
    conflict(c, set, &t, PAN_FORMAT_WEIGHT, w->q_written, w->where);
    written_conflicts(c, set, &t, param);
    set_formats(c, set, &t);
    if (set->copies)
        w->copies = (pan_copies){set->copies, set->where};
}

static void apply_layer(checker *c, const pan_place *place, const pan_layer_setting *set,
                        bool apply)
{
    bool found = false;
    pan_program *p = c->program;
    for (size_t i = 0; i < p->layer_count; i++) {
        if (p->layers[i].item != place->item || !pan_matches(set->pattern, p->layers[i].path))
            continue;
        found = true;
        if (apply)
            apply_to_layer(c, &p->layers[i], set);
    }
    const pan_item *item = &p->items[place->item];
    for (size_t i = 0; i < item->param_count; i++) {
        const pan_param *w = &p->params[item->params[i]];
        bool known = w->layer != PAN_NONE && pan_matches(set->pattern, p->layers[w->layer].path);
        if (known || !pan_matches(set->pattern, w->path))
            continue;
        found = true;
        if (apply)
            apply_to_param(c, item->params[i], place->item, set);
    }
    if (!found)
        check_error(c, set->where, "layer \"%s\" matches nothing; layers of %s are %s",
                    set->pattern, item->name, layer_list(c, place));
}

void check_deploy(checker *c, const ast_item *item, pan_deploy *out, bool main)
{
    check_settings(c, "deploy", &item->settings, deploy_rows,
                   sizeof deploy_rows / sizeof *deploy_rows, out);
    refuse_rest(c, &item->settings, "place", "deploy");
    for (size_t i = 0; i < item->settings.count; i++) {
        const ast_setting *s = &item->settings.items[i];
        if (s->kind == SETTING_GROUP && !strcmp(s->name.text, "place"))
            take_place(c, out, s);
    }
    for (size_t i = 0; i < out->place_count; i++)
        for (size_t l = 0; l < out->places[i].layer_count; l++)
            apply_layer(c, &out->places[i], &out->places[i].layers[l], main);
}
