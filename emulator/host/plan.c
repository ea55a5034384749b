#include "emulator/host/plan.h"

#include "emulator/host/plan_json.h"

#include <math.h>
#include <string.h>

static const int64_t COUNT_MAX = (int64_t)1 << 40; /* far below 2^53, where doubles lose ones */

const char *const source_kind_names[SOURCE_KINDS] = {"csv", "idx",  "cifar10", "cifar100",
                                                     "raw", "text", "npy"};
static const char *const action_names[ACTION_KINDS] = {"test", "validate", "save", "crs", "log"};
static const char *const unit_names[] = {"batches", "epochs", "examples"};
static const char *const loss_names[] = {"none", "cross_entropy", "mse", "output"};
static const char *const schedule_names[] = {"constant", "step_decay", "cosine"};
static const char *const train_kinds[] = {"network", "kernel"};
static const char *const metric_names[] = {"loss",           "rate",      "valid_loss",
                                           "valid_accuracy", "test_loss", "test_accuracy"};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const plan_source *parse_source(json_place at)
{
    arena *memory = at.reader->memory;
    plan_source *s = ARENA_NEW(memory, plan_source);
    s->kind = (source_kind)json_choice(at, "kind", source_kind_names, SOURCE_KINDS, SOURCE_RAW);
    s->files = json_texts(at, "files", &s->file_count);
    if (s->file_count == 0)
        json_complain(at, "files", "expected at least one file");
    s->base = json_text(at, "base", "");
    s->label = json_whole(at, "label", -1, 1 << 24, -1);
    s->skip = json_whole(at, "skip", 0, COUNT_MAX, 0);
    s->size = json_whole(at, "size", 1, 1 << 24, 1);
    s->window = json_whole(at, "window", 1, 1 << 24, 1);
    size_t count;
    double *columns = json_numbers(at, "target", &count);
    s->targets = ARENA_ARRAY(memory, int64_t, count ? count : 1);
    s->target_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!(columns[i] >= 0 && columns[i] <= 1 << 24) || columns[i] != floor(columns[i]))
            json_complain(at, "target", "element %zu is not a column number", i);
        else
            s->targets[i] = (int64_t)columns[i];
    }
    return s;
}

/* A source, a fraction, or nothing. */
static plan_part parse_part(json_place data, const char *key)
{
    plan_part part = {0};
    json_place m = json_member(data, key);
    if (!m.at)
        return part;
    part.given = true;
    if (cJSON_IsObject(m.at)) {
        part.source = parse_source(m);
        return part;
    }
    part.fraction = json_number(data, key, 0);
    if (!(part.fraction > 0 && part.fraction < 1)) {
        json_complain(data, key, "a fraction of the training part lies between 0 and 1");
        part.fraction = 0;
    }
    return part;
}

static plan_numbers parse_numbers(json_place data, const char *key, double otherwise)
{
    arena *memory = data.reader->memory;
    plan_numbers n = {0};
    json_place m = json_member(data, key);
    if (m.at && cJSON_IsArray(m.at))
        n.items = json_numbers(data, key, &n.count);
    if (n.count == 0) {
        n.items = ARENA_NEW(memory, double);
        n.items[0] = cJSON_IsArray(m.at) ? otherwise : json_number(data, key, otherwise);
        n.count = 1;
    }
    return n;
}

static void parse_augment(json_place at, plan_data *out)
{
    out->crop = -1;
    json_place list;
    size_t index = 0;
    json_length(at, "augment", &list);
    JSON_EACH(item, list)
    {
        static const char *const kinds[] = {"flip", "crop"};
        json_place step = json_element(list, index++, item);
        if (json_choice(step, "kind", kinds, COUNT_OF(kinds), 0) == 0)
            out->flip = true;
        else
            out->crop = json_whole(step, "padding", 0, 1024, 0);
    }
}

static void parse_data(json_place at, const char *name, plan_data *out)
{
    out->name = arena_strdup(at.reader->memory, name);
    json_place train = json_member(at, "train");
    if (!cJSON_IsObject(train.at))
        json_complain(at, "train", "expected a source");
    else
        out->train = parse_source(train);
    out->test = parse_part(at, "test");
    out->valid = parse_part(at, "valid");
    if (out->test.fraction + out->valid.fraction >= 1)
        json_complain(at, "test", "test and valid leave nothing to train with");
    out->seed = (uint64_t)json_whole(at, "seed", 0, INT64_C(1) << 53, 0);
    out->limit = json_whole(at, "limit", -1, COUNT_MAX, -1);
    out->scale = parse_numbers(at, "scale", 1);
    out->mean = parse_numbers(at, "mean", 0);
    out->std = parse_numbers(at, "std", 1);
    for (size_t i = 0; i < out->std.count; i++)
        if (out->std.items[i] == 0)
            json_complain(at, "std", "a standard deviation of 0 cannot be divided by");
    out->standardize = json_truth(at, "standardize", false);
    out->shuffle = json_truth(at, "shuffle", true);
    parse_augment(at, out);
}

static void parse_schedule(json_place scalar, plan_schedule *out)
{
    json_place at = json_member(scalar, "schedule");
    *out = (plan_schedule){.kind = SCHEDULE_CONSTANT, .gamma = 0.1};
    if (!at.at || cJSON_IsNumber(at.at)) {
        out->first = json_number(scalar, "schedule", 0);
        return;
    }
    out->kind = (schedule_kind)json_choice(at, "kind", schedule_names, COUNT_OF(schedule_names),
                                           SCHEDULE_CONSTANT);
    out->first = json_number(at, out->kind == SCHEDULE_COSINE ? "first" : "value", 0);
    out->last = json_number(at, "last", 0);
    out->gamma = json_number(at, "gamma", 0.1);
    double *milestones = json_numbers(at, "milestones", &out->milestone_count);
    out->milestones = ARENA_ARRAY(at.reader->memory, int64_t, out->milestone_count + 1);
    for (size_t i = 0; i < out->milestone_count; i++)
        out->milestones[i] = milestones[i] >= 0 && milestones[i] < (double)COUNT_MAX
                                 ? (int64_t)milestones[i]
                                 : COUNT_MAX;
}

static void check_metrics(json_place at, const plan_action *a)
{
    for (size_t i = 0; i < a->metric_count; i++) {
        bool known = strncmp(a->metrics[i], "output", 6) == 0;
        for (size_t k = 0; k < COUNT_OF(metric_names); k++)
            known = known || strcmp(a->metrics[i], metric_names[k]) == 0;
        if (!known)
            json_complain(at, "metrics", "'%s' is not a metric", a->metrics[i]);
    }
}

static void parse_every(json_place at, plan_every *out)
{
    out->period = json_whole(at, "period", 1, COUNT_MAX, 1);
    out->unit = (period_unit)json_choice(at, "unit", unit_names, COUNT_OF(unit_names), 0);
    json_place list;
    out->action_count = json_length(at, "actions", &list);
    out->actions = ARENA_ARRAY(at.reader->memory, plan_action, out->action_count + 1);
    size_t index = 0;
    JSON_EACH(item, list)
    {
        json_place step = json_element(list, index, item);
        plan_action *a = &out->actions[index++];
        a->kind = (action_kind)json_choice(step, "name", action_names, ACTION_KINDS, ACTION_LOG);
        a->entry = json_text(step, "entry", NULL);
        a->file = json_text(step, "file", NULL);
        a->metrics = json_texts(step, "metrics", &a->metric_count);
        check_metrics(step, a);
        if (a->kind == ACTION_SAVE && (!a->file || !a->file[0]))
            json_complain(step, "file", "save needs a file name");
    }
}

static void parse_stop(json_place at, plan_train *out)
{
    json_place stop = json_member(at, "stop");
    if (!stop.at)
        return;
    static const char *const metrics[] = {"valid_accuracy", "valid_loss", "test_accuracy",
                                          "test_loss", "loss"};
    out->stop_patience = json_whole(stop, "patience", 1, COUNT_MAX, 1);
    int metric = json_choice(stop, "metric", metrics, COUNT_OF(metrics), -1);
    if (metric < 0)
        json_complain(stop, "metric", "patience needs a metric");
    else
        out->stop_metric = metrics[metric];
}

static const plan_data *find_data(const plan *p, const char *name)
{
    for (size_t i = 0; i < p->data_count; i++)
        if (strcmp(p->data[i].name, name) == 0)
            return &p->data[i];
    return NULL;
}

static void parse_scalars(json_place at, plan_train *out)
{
    json_place list;
    out->scalar_count = json_length(at, "scalars", &list);
    out->scalars = ARENA_ARRAY(at.reader->memory, plan_scalar, out->scalar_count + 1);
    size_t index = 0;
    JSON_EACH(item, list)
    {
        json_place one = json_element(list, index, item);
        plan_scalar *s = &out->scalars[index++];
        s->name = json_text(one, "name", "");
        s->scale = json_number(one, "scale", 1);
        parse_schedule(one, &s->schedule);
    }
}

static void parse_train(json_place at, const plan *p, plan_train *out)
{
    out->item = json_text(at, "item", "");
    out->is_kernel = json_choice(at, "kind", train_kinds, 2, 0) == 1;
    const char *data = json_text(at, "data", "");
    out->data = find_data(p, data);
    if (!out->data)
        json_complain(at, "data", "there is no data '%s'", data);
    out->entry = json_text(at, "entry", "");
    out->evaluate = json_text(at, "evaluate", NULL);
    out->loss = (loss_kind)json_choice(at, "loss", loss_names, COUNT_OF(loss_names), LOSS_NONE);
    out->batch = json_whole(at, "batch", 1, 1 << 20, 1);
    out->epochs = json_whole(at, "epochs", 1, 1 << 30, 1);
    out->seed = (uint64_t)json_whole(at, "seed", 0, INT64_C(1) << 53, 0);
    out->weights = json_text(at, "weights", NULL);
    out->base = json_text(at, "base", "");
    parse_stop(at, out);
    parse_scalars(at, out);
    json_place list;
    out->every_count = json_length(at, "every", &list);
    out->every = ARENA_ARRAY(at.reader->memory, plan_every, out->every_count + 1);
    size_t index = 0;
    JSON_EACH(item, list)
    {
        parse_every(json_element(list, index, item), &out->every[index]);
        index++;
    }
}

static void parse_deploy(json_place at, plan_deploy *out)
{
    out->machine = json_text(at, "machine", NULL);
    out->base = json_text(at, "base", "");
    out->slices = json_text(at, "slices", NULL);
    out->opa_mode = json_text(at, "opa_mode", NULL);
    out->fidelity = json_text(at, "fidelity", NULL);
    out->variant = json_whole(at, "variant", 0, 3, 0);
}

static void parse_all(json_place root, plan *p)
{
    arena *memory = root.reader->memory;
    json_place data = json_member(root, "data"), list;
    if (data.at && !cJSON_IsObject(data.at)) {
        json_complain(root, "data", "expected an object");
        data.at = NULL;
    }
    p->data_count = data.at ? (size_t)cJSON_GetArraySize(data.at) : 0;
    p->data = ARENA_ARRAY(memory, plan_data, p->data_count + 1);
    size_t index = 0;
    JSON_EACH(item, data)
    {
        parse_data(json_member(data, item->string), item->string, &p->data[index]);
        index++;
    }
    p->train_count = json_length(root, "train", &list);
    p->train = ARENA_ARRAY(memory, plan_train, p->train_count + 1);
    index = 0;
    JSON_EACH(item, list)
    {
        parse_train(json_element(list, index, item), p, &p->train[index]);
        index++;
    }
    parse_deploy(json_member(root, "deploy"), &p->deploy);
}

plan *plan_parse(arena *memory, diag *d, const char *path, const char *text)
{
    plan *p = ARENA_NEW(memory, plan);
    if (!text[0])
        return p;
    cJSON *json = cJSON_Parse(text);
    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        diag_file_error(d, path, "host plan: it is not a JSON object");
        return NULL;
    }
    json_reader reader = {memory, d, path, "host plan", true};
    parse_all((json_place){&reader, json, ""}, p);
    cJSON_Delete(json);
    return reader.good ? p : NULL;
}

double schedule_value(const plan_schedule *s, int64_t epoch, int64_t epochs)
{
    if (s->kind == SCHEDULE_COSINE) {
        double done = epochs > 1 ? (double)epoch / (double)(epochs - 1) : 0;
        return s->last + (s->first - s->last) * 0.5 * (1 + cos(acos(-1) * done));
    }
    double value = s->first;
    if (s->kind == SCHEDULE_STEP_DECAY)
        for (size_t i = 0; i < s->milestone_count; i++)
            if (epoch >= s->milestones[i])
                value *= s->gamma;
    return value;
}

const char *plan_expand(arena *memory, const char *text,
                        const char *(*lookup)(void *context, const char *name), void *context)
{
    const char *out = "";
    while (*text) {
        const char *close = *text == '{' ? strchr(text, '}') : NULL;
        const char *value =
            close ? lookup(context, arena_strndup(memory, text + 1, (size_t)(close - text) - 1))
                  : NULL;
        if (value) {
            out = arena_printf(memory, "%s%s", out, value);
            text = close + 1;
        } else {
            size_t plain = 1 + strcspn(text + 1, "{");
            out = arena_printf(memory, "%s%.*s", out, (int)plain, text);
            text += plain;
        }
    }
    return out;
}
