/* data NAME { ... }: sources, parts and preparation of examples. */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <string.h>

static bool integer_list(checker *c, const value *list, source_range where, const char *what,
                         int64_t **out, size_t *count)
{
    *count = list->list->count;
    *out = ARENA_ARRAY(c->memory, int64_t, *count);
    for (size_t i = 0; i < *count; i++) {
        const value *v = &list->list->items[i];
        if (v->kind != VALUE_INT || v->integer < 0 || v->integer > 1 << 24) {
            check_error(c, where, "%s is a list of column numbers, element %zu is %s", what, i,
                        v->kind == VALUE_INT ? "outside 0 .. 2^24" : check_describe(c, v));
            return false;
        }
        (*out)[i] = v->integer;
    }
    return true;
}

static bool csv_columns(checker *c, const call *k, pan_source *s)
{
    if (k->given[1] == k->given[2]) {
        check_error(c, k->where, "csv needs %s of 'label' and 'target'",
                    k->given[1] ? "only one" : "one");
        check_help(c, "label = column of the class, target = [columns] of numbers");
        return false;
    }
    if (k->given[1])
        s->label = k->v[1].integer;
    s->skip = k->v[3].integer;
    return !k->given[2] || integer_list(c, &k->v[2], k->at[2], "csv: 'target'", &s->targets,
                                        &s->target_count);
}

static const char *const source_names[] = {"idx",      "npy", "raw", "cifar10",
                                           "cifar100", "csv", "text"};
enum { SOURCE_NAMES = sizeof source_names / sizeof *source_names };

static bool is_source(const value *v)
{
    for (size_t i = 0; v->kind == VALUE_HOST && i < SOURCE_NAMES; i++)
        if (!strcmp(v->host->row->name, source_names[i]))
            return true;
    return false;
}

/* The source a call describes; NULL after an error. */
static pan_source *source_of(checker *c, const value *v)
{
    const call *k = v->host;
    const char *kind = k->row->name;
    pan_source *s = ARENA_NEW(c->memory, pan_source);
    *s = (pan_source){.kind = kind, .label = -1};
    bool two = !strcmp(kind, "idx") || !strcmp(kind, "npy") || !strcmp(kind, "raw");
    bool many = k->row->flags & CALL_REST;
    s->file_count = two ? 2 : many ? k->rest.count : 1;
    s->files = ARENA_ARRAY(c->memory, const char *, s->file_count);
    for (size_t i = 0; i < s->file_count; i++)
        s->files[i] = many ? k->rest.items[i].text : k->v[i].text;
    if (!strcmp(kind, "raw"))
        s->size = k->v[2].integer;
    if (!strcmp(kind, "text"))
        s->window = k->v[1].integer;
    if (!strcmp(kind, "csv") && !csv_columns(c, k, s))
        return NULL;
    if (s->label > 1 << 24 || s->size > 1 << 24) {
        check_error(c, k->where, "%s: columns and bytes of a record go to 2^24", kind);
        return NULL;
    }
    return s;
}

static void take_train(checker *c, void *into, const ast_setting *s)
{
    pan_data *d = into;
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (is_source(&v)) {
        d->train = source_of(c, &v);
        return;
    }
    setting_kind(c, s, &v, "a source of data");
    check_help(c, "sources are idx, npy, raw, cifar10, cifar100, csv and text");
}

static void take_part(checker *c, pan_part *part, const ast_setting *s)
{
    value v;
    if (!setting_value(c, s, &v))
        return;
    part->given = true;
    if (is_source(&v)) {
        part->source = source_of(c, &v);
    } else if (!value_is_number(&v)) {
        setting_kind(c, s, &v, "a source of data or a fraction of train");
    } else if (v.real <= 0 || v.real >= 1) {
        check_error(c, s->value->where, "'%s' is a fraction between 0 and 1, found %g",
                    s->name.text, v.real);
    } else {
        part->fraction = v.real;
    }
}

static void take_test(checker *c, void *into, const ast_setting *s)
{
    take_part(c, &((pan_data *)into)->test, s);
}

static void take_valid(checker *c, void *into, const ast_setting *s)
{
    take_part(c, &((pan_data *)into)->valid, s);
}

static void take_seed(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 0, CHECK_SEED, &((pan_data *)into)->seed);
}

static void take_limit(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 1, CHECK_COUNT, &((pan_data *)into)->limit);
}

static void take_numbers(checker *c, pan_numbers *out, const ast_setting *s, bool positive)
{
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind != VALUE_LIST && !value_is_number(&v)) {
        setting_kind(c, s, &v, "a number, or a list of one per channel or feature");
        return;
    }
    out->list = v.kind == VALUE_LIST;
    out->count = out->list ? v.list->count : 1;
    out->items = ARENA_ARRAY(c->memory, double, out->count);
    for (size_t i = 0; i < out->count; i++) {
        const value *e = out->list ? &v.list->items[i] : &v;
        if (!value_is_number(e) || (positive && e->real <= 0)) {
            check_error(c, s->value->where, "'%s' takes %s, found %s", s->name.text,
                        positive ? "positive numbers" : "numbers",
                        value_is_number(e) ? "zero or less" : check_describe(c, e));
            return;
        }
        out->items[i] = e->real;
    }
    if (out->list && !out->count)
        check_error(c, s->value->where, "'%s' is an empty list", s->name.text);
}

static void take_scale(checker *c, void *into, const ast_setting *s)
{
    take_numbers(c, &((pan_data *)into)->scale, s, false);
}

static void take_mean(checker *c, void *into, const ast_setting *s)
{
    take_numbers(c, &((pan_data *)into)->mean, s, false);
}

static void take_std(checker *c, void *into, const ast_setting *s)
{
    take_numbers(c, &((pan_data *)into)->std, s, true);
}

static void take_standardize(checker *c, void *into, const ast_setting *s)
{
    setting_bool(c, s, &((pan_data *)into)->standardize);
}

static void take_shuffle(checker *c, void *into, const ast_setting *s)
{
    setting_bool(c, s, &((pan_data *)into)->shuffle);
}

static void take_augment(checker *c, void *into, const ast_setting *s)
{
    pan_data *d = into;
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind != VALUE_LIST) {
        setting_kind(c, s, &v, "a list of flip() and crop(padding)");
        return;
    }
    for (size_t i = 0; i < v.list->count; i++) {
        const value *e = &v.list->items[i];
        if (e->kind == VALUE_HOST && !strcmp(e->host->row->name, "flip"))
            d->flip = true;
        else if (e->kind == VALUE_HOST && !strcmp(e->host->row->name, "crop"))
            d->crop = e->host->v[0].integer;
        else
            check_error(c, s->value->where, "'augment' is a list of flip() and crop(padding), "
                        "element %zu is %s", i, check_describe(c, e));
    }
    if (d->crop > 1024)
        check_error(c, s->value->where, "crop: the padding goes to 1024, found %" PRId64, d->crop);
}

static const setting_row data_rows[] = {
    {"train", take_train, true},       {"test", take_test, false},
    {"valid", take_valid, false},      {"seed", take_seed, false},
    {"limit", take_limit, false},      {"scale", take_scale, false},
    {"mean", take_mean, false},        {"std", take_std, false},
    {"standardize", take_standardize, false}, {"augment", take_augment, false},
    {"shuffle", take_shuffle, false},
};

static void one_number(checker *c, pan_numbers *n, double v)
{
    n->items = ARENA_NEW(c->memory, double);
    n->items[0] = v;
    n->count = 1;
}

void check_data(checker *c, const ast_item *item, pan_data *out)
{
    *out = (pan_data){.name = item->name.text, .where = item->name.where, .limit = -1,
                      .crop = -1, .shuffle = true,
                      .base = check_folder(c, item->name.where)};
    one_number(c, &out->scale, 1);
    one_number(c, &out->mean, 0);
    one_number(c, &out->std, 1);
    for (size_t i = 0; i < item->settings.count; i++)
        if (item->settings.items[i].kind != SETTING_VALUE)
            check_error(c, item->settings.items[i].where, "data has only settings name = value");
    check_settings(c, arena_printf(c->memory, "data '%s'", out->name), &item->settings, data_rows,
                   sizeof data_rows / sizeof *data_rows, out);
    if (out->test.fraction + out->valid.fraction >= 1)
        check_error(c, item->name.where, "test and valid take everything from train");
}
