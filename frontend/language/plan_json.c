/*
 * The host plan: data and training of a program as JSON. emulator/host/README.md has the schema;
 * both sides change together.
 */
#include "frontend/language/entries.h"
#include "frontend/language/language.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static void add_text(cJSON *to, const char *key, const char *text)
{
    if (text)
        cJSON_AddStringToObject(to, key, text);
    else
        cJSON_AddNullToObject(to, key);
}

static cJSON *integers(const int64_t *items, size_t count)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber((double)items[i]));
    return list;
}

static cJSON *texts(const char *const *items, size_t count)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(items[i]));
    return list;
}

/* ---- data ---- */

static cJSON *source_json(const pan_source *s, const char *base)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "kind", s->kind);
    cJSON_AddItemToObject(o, "files", texts(s->files, s->file_count));
    cJSON_AddStringToObject(o, "base", base);
    if (!strcmp(s->kind, "csv")) {
        cJSON_AddNumberToObject(o, "label", (double)s->label);
        cJSON_AddItemToObject(o, "target", integers(s->targets, s->target_count));
        cJSON_AddNumberToObject(o, "skip", (double)s->skip);
    }
    if (s->size)
        cJSON_AddNumberToObject(o, "size", (double)s->size);
    if (s->window)
        cJSON_AddNumberToObject(o, "window", (double)s->window);
    return o;
}

static void add_part(cJSON *o, const char *key, const pan_part *part, const char *base)
{
    if (part->source)
        cJSON_AddItemToObject(o, key, source_json(part->source, base));
    else if (part->given)
        cJSON_AddNumberToObject(o, key, part->fraction);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_numbers(cJSON *o, const char *key, const pan_numbers *n)
{
    if (n->list)
        cJSON_AddItemToObject(o, key, cJSON_CreateDoubleArray(n->items, (int)n->count));
    else
        cJSON_AddNumberToObject(o, key, n->items[0]);
}

static cJSON *augment_json(const pan_data *d)
{
    cJSON *list = cJSON_CreateArray();
    if (d->flip) {
        cJSON *flip = cJSON_CreateObject();
        cJSON_AddStringToObject(flip, "kind", "flip");
        cJSON_AddItemToArray(list, flip);
    }
    if (d->crop >= 0) {
        cJSON *crop = cJSON_CreateObject();
        cJSON_AddStringToObject(crop, "kind", "crop");
        cJSON_AddNumberToObject(crop, "padding", (double)d->crop);
        cJSON_AddItemToArray(list, crop);
    }
    return list;
}

static cJSON *data_json(const pan_data *d)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "train", source_json(d->train, d->base));
    add_part(o, "test", &d->test, d->base);
    add_part(o, "valid", &d->valid, d->base);
    cJSON_AddNumberToObject(o, "seed", (double)d->seed);
    cJSON_AddNumberToObject(o, "limit", (double)d->limit);
    add_numbers(o, "scale", &d->scale);
    add_numbers(o, "mean", &d->mean);
    add_numbers(o, "std", &d->std);
    cJSON_AddBoolToObject(o, "standardize", d->standardize);
    cJSON_AddBoolToObject(o, "shuffle", d->shuffle);
    cJSON_AddItemToObject(o, "augment", augment_json(d));
    return o;
}

/* ---- training ---- */

static cJSON *schedule_json(const pan_schedule *s)
{
    if (s->kind == PAN_SCHEDULE_NUMBER)
        return cJSON_CreateNumber(s->first);
    cJSON *o = cJSON_CreateObject();
    if (s->kind == PAN_SCHEDULE_COSINE) {
        cJSON_AddStringToObject(o, "kind", "cosine");
        cJSON_AddNumberToObject(o, "first", s->first);
        cJSON_AddNumberToObject(o, "last", s->last);
        return o;
    }
    cJSON_AddStringToObject(o, "kind", "step_decay");
    cJSON_AddNumberToObject(o, "value", s->first);
    cJSON_AddItemToObject(o, "milestones", integers(s->milestones, s->milestone_count));
    cJSON_AddNumberToObject(o, "gamma", s->gamma);
    return o;
}

static cJSON *scalars_json(const pan_train *t)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < t->scalar_count; i++) {
        const pan_scalar *s = &t->scalars[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", s->name);
        cJSON_AddItemToObject(o, "schedule", schedule_json(&s->schedule));
        cJSON_AddNumberToObject(o, "scale", s->scale);
        cJSON_AddNumberToObject(o, "q", s->q);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static cJSON *action_json(const pan_program *p, const pan_action *a)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", a->name);
    if (a->network) {
        const pan_item *network = pan_find_item(p, a->network);
        add_text(o, "entry", pan_test_entry(p, (uint32_t)(network - p->items)));
    }
    if (a->file)
        add_text(o, "file", a->file);
    if (a->metric_count)
        cJSON_AddItemToObject(o, "metrics", texts(a->metrics, a->metric_count));
    return o;
}

static cJSON *every_json(const pan_program *p, const pan_train *t)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < t->every_count; i++) {
        const pan_every *e = &t->every[i];
        cJSON *o = cJSON_CreateObject(), *actions = cJSON_CreateArray();
        cJSON_AddNumberToObject(o, "period", (double)e->period);
        cJSON_AddStringToObject(o, "unit", e->unit);
        for (size_t a = 0; a < e->action_count; a++)
            cJSON_AddItemToArray(actions, action_json(p, &e->actions[a]));
        cJSON_AddItemToObject(o, "actions", actions);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

/* A kernel's first result is its loss if it is a scalar. */
static const char *loss_text(const pan_program *p, const pan_train *t)
{
    static const char *const names[] = {"none", "cross_entropy", "mse", "output"};
    const pan_item *item = &p->items[t->item];
    if (item->kind == PAN_NETWORK)
        return names[pan_loss_kind(t)];
    const pan_body *b = &item->body;
    bool scalar = b->result_count && b->ops[b->results[0]].type.kind == PAN_SCALAR;
    return scalar ? "output" : "none";
}

static cJSON *train_json(const pan_program *p, const pan_train *t)
{
    const pan_item *item = &p->items[t->item];
    bool network = item->kind == PAN_NETWORK;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "item", item->name);
    cJSON_AddStringToObject(o, "kind", network ? "network" : "kernel");
    cJSON_AddStringToObject(o, "data", p->data[t->data].name);
    cJSON_AddStringToObject(o, "entry", pan_train_entry(p, t));
    add_text(o, "evaluate", network ? pan_test_entry(p, t->item) : NULL);
    cJSON_AddStringToObject(o, "loss", loss_text(p, t));
    cJSON_AddNumberToObject(o, "batch", (double)t->batch);
    cJSON_AddNumberToObject(o, "epochs", (double)t->epochs);
    cJSON_AddNumberToObject(o, "seed", (double)t->seed);
    add_text(o, "weights", t->weights);
    add_text(o, "base", t->weights ? t->base : NULL);
    cJSON_AddItemToObject(o, "freeze", texts(t->freeze, t->freeze_count));
    if (t->stop_metric) {
        cJSON *stop = cJSON_AddObjectToObject(o, "stop");
        cJSON_AddStringToObject(stop, "metric", t->stop_metric);
        cJSON_AddNumberToObject(stop, "patience", (double)t->stop_patience);
    } else {
        cJSON_AddNullToObject(o, "stop");
    }
    cJSON_AddItemToObject(o, "scalars", scalars_json(t));
    cJSON_AddItemToObject(o, "every", every_json(p, t));
    return o;
}

static void add_deploy(cJSON *root, const pan_deploy *d)
{
    cJSON *o = cJSON_AddObjectToObject(root, "deploy");
    add_text(o, "machine", d->machine);
    if (d->machine)
        add_text(o, "base", d->base);
    if (d->variant)
        cJSON_AddNumberToObject(o, "variant", (double)d->variant);
    add_text(o, "slices", d->slices);
    add_text(o, "opa_mode", d->opa_mode);
    add_text(o, "fidelity", d->fidelity);
}

/* Data of included files that no train block uses is left out. */
static bool is_used(const pan_program *p, size_t data)
{
    for (size_t i = 0; i < p->train_count; i++)
        if (p->trains[i].data == data)
            return true;
    return false;
}

char *pan_plan_json(const pan_program *p, arena *memory)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *data = cJSON_AddObjectToObject(root, "data");
    for (size_t i = 0; i < p->data_count; i++)
        if (is_used(p, i))
            cJSON_AddItemToObject(data, p->data[i].name, data_json(&p->data[i]));
    cJSON *train = cJSON_AddArrayToObject(root, "train");
    for (size_t i = 0; i < p->train_count; i++)
        cJSON_AddItemToArray(train, train_json(p, &p->trains[i]));
    add_deploy(root, &p->deploy);
    char *text = cJSON_PrintUnformatted(root);
    char *copy = arena_strdup(memory, text ? text : "");
    cJSON_free(text);
    cJSON_Delete(root);
    return copy;
}
