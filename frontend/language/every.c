/* every N unit { actions } */
#include "frontend/language/train.h"

#include <inttypes.h>
#include <string.h>

static const char *const metrics[] = {
    "loss", "rate", "valid_loss", "valid_accuracy", "test_loss", "test_accuracy", "output",
};

enum { METRICS = sizeof metrics / sizeof *metrics };

bool train_metric(checker *c, const char *name, source_range where)
{
    for (size_t i = 0; i < METRICS; i++)
        if (!strcmp(metrics[i], name))
            return true;
    if (!strncmp(name, "output_", 7))
        return true;
    check_error(c, where, "'%s' is not a metric", name);
    check_help(c, "metrics are %s", check_join(c, metrics, METRICS));
    return false;
}

static const char *unit_of(checker *c, const training *tr, const ast_setting *s)
{
    static const char *const units[] = {"batches", "batch",    "epochs",
                                        "epoch",   "examples", "example"};
    for (size_t i = 0; i < 6; i++)
        if (!strcmp(units[i], s->name.text))
            return units[i - i % 2];
    check_error(c, s->name.where,
                "'%s' is not a unit; units are batches, epochs, examples (16 batches of %" PRId64
                " are %" PRId64 " OPA steps)",
                s->name.text, tr->t->batch, 16 * tr->t->batch);
    return NULL;
}

static const char *plain_name(const ast_expr *action, size_t i)
{
    const ast_arg *a = &action->args.items[i];
    return !a->name.text && a->value->kind == EXPR_NAME ? a->value->text : NULL;
}

/* test() and validate() need that part of the data (NULL: the data is wrong, as reported). */
static bool has_part(checker *c, const training *tr, const ast_expr *e, const pan_part *part,
                     const char *name)
{
    if (!part || !tr->data->train || part->given)
        return true;
    check_error(c, e->where, "%s has no '%s' part for %s", tr->data->name, name, e->text);
    check_note(c, tr->data->where, "declared here");
    return false;
}

static bool action_test(checker *c, training *tr, const ast_expr *e, pan_action *out)
{
    bool kernel = tr->item->kind == PAN_KERNEL;
    if (e->args.count == 0 && !kernel)
        return has_part(c, tr, e, tr->data ? &tr->data->test : NULL, "test");
    if (e->args.count != 1 || !plain_name(e, 0)) {
        check_error(c, e->where, kernel ? "test needs the network to evaluate: test(network)"
                                        : "test takes at most the name of a network");
        return false;
    }
    const char *name = plain_name(e, 0);
    source_range where = e->args.items[0].value->where;
    const symbol *s = symbols_find(&c->items, name);
    if (!s || s->item->kind != ITEM_NETWORK) {
        check_error(c, where, "'%s' is not a network", name);
        return false;
    }
    out->network = name;
    return has_part(c, tr, e, tr->data ? &tr->data->test : NULL, "test");
}

static bool action_save(checker *c, training *tr, const ast_expr *e, pan_action *out)
{
    (void)tr;
    value v = {0};
    bool one = e->args.count == 1 && !e->args.items[0].name.text;
    if (one) {
        c->frame->save_names = true;
        v = check_single(c, e->args.items[0].value);
        c->frame->save_names = false;
    }
    if (v.kind != VALUE_STRING) {
        if (!one || v.kind != VALUE_BAD)
            check_error(c, e->where,
                        "save takes the name of a file: save(\"name-{epoch}.safetensors\")");
        return false;
    }
    out->file = v.text;
    return true;
}

static bool action_log(checker *c, training *tr, const ast_expr *e, pan_action *out)
{
    (void)tr;
    if (!e->args.count) {
        check_error(c, e->where, "log takes metrics");
        check_help(c, "metrics are %s", check_join(c, metrics, METRICS));
        return false;
    }
    out->metrics = ARENA_ARRAY(c->memory, const char *, e->args.count);
    for (size_t i = 0; i < e->args.count; i++) {
        const ast_arg *a = &e->args.items[i];
        value v = check_single(c, a->value);
        if (a->name.text || v.kind != VALUE_STRING) {
            if (v.kind != VALUE_BAD)
                check_error(c, a->value->where, "a metric is a string, found %s",
                            check_describe(c, &v));
            return false;
        }
        if (!train_metric(c, v.text, a->value->where))
            return false;
        out->metrics[out->metric_count++] = v.text;
    }
    return true;
}

static bool action_plain(checker *c, training *tr, const ast_expr *e, pan_action *out)
{
    (void)out;
    if (e->args.count) {
        check_error(c, e->where, "%s takes no arguments", e->text);
        return false;
    }
    bool validates = !strcmp(e->text, "validate");
    return !validates || has_part(c, tr, e, tr->data ? &tr->data->valid : NULL, "valid");
}

static const struct {
    const char *name;
    bool (*take)(checker *c, training *tr, const ast_expr *e, pan_action *out);
} actions[] = {
    {"test", action_test}, {"validate", action_plain}, {"save", action_save},
    {"crs", action_plain}, {"log", action_log},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

static void take_action(checker *c, training *tr, const ast_expr *e, pan_every *every)
{
    const char *names[ACTIONS];
    for (size_t i = 0; i < ACTIONS; i++) {
        names[i] = actions[i].name;
        if (strcmp(names[i], e->text) != 0)
            continue;
        pan_action a = {.name = names[i]};
        if (actions[i].take(c, tr, e, &a))
            ARENA_PUSH(c->memory, every->actions, every->action_count, every->action_capacity, a);
        return;
    }
    check_error(c, e->mark, "'%s' is not an action", e->text);
    check_help(c, "actions are %s", check_join(c, names, ACTIONS));
}

void train_every(checker *c, training *tr, const ast_setting *s)
{
    pan_every every = {.period = 1, .unit = unit_of(c, tr, s)};
    if (s->value) {
        value v = check_single(c, s->value);
        if (!check_integer(c, &v, s->value->where, "the period of 'every'", &every.period))
            return;
        if (every.period < 1 || every.period > CHECK_COUNT) {
            check_error(c, s->value->where, "the period of 'every' is from 1 to 2^40");
            return;
        }
    }
    for (size_t i = 0; i < s->actions.count; i++)
        if (s->actions.items[i]->kind == EXPR_CALL)
            take_action(c, tr, s->actions.items[i], &every);
    if (every.unit)
        ARENA_PUSH(c->memory, tr->t->every, tr->t->every_count, tr->t->every_capacity, every);
}
