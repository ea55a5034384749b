/* train ITEM on DATA { ... } */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <string.h>

/* What a train block is being read into. */
typedef struct training {
    pan_train *t;
    const ast_item *block;
    const pan_item *item;
    const pan_data *data;
    bool main;
} training;

/* ---- rates ---- */

static bool schedule_of(checker *c, const ast_setting *s, const value *v, pan_schedule *out)
{
    if (value_is_number(v)) {
        *out = (pan_schedule){.kind = PAN_SCHEDULE_NUMBER, .first = v->real};
        return true;
    }
    const call *k = v->kind == VALUE_HOST ? v->host : NULL;
    if (k && !strcmp(k->row->name, "cosine")) {
        *out = (pan_schedule){.kind = PAN_SCHEDULE_COSINE, .first = k->v[0].real,
                              .last = k->v[1].real};
        return true;
    }
    if (!k || strcmp(k->row->name, "step_decay") != 0) {
        if (v->kind != VALUE_BAD)
            check_error(c, s->value->where, "a rate is a number, step_decay(...) or cosine(...), "
                        "found %s", check_describe(c, v));
        return false;
    }
    const value_list *list = k->v[1].list;
    *out = (pan_schedule){.kind = PAN_SCHEDULE_STEP_DECAY, .first = k->v[0].real,
                          .gamma = k->v[2].real, .milestone_count = list->count,
                          .milestones = ARENA_ARRAY(c->memory, int64_t, list->count)};
    for (size_t i = 0; i < list->count; i++) {
        const value *m = &list->items[i];
        if (m->kind != VALUE_INT || m->integer < 0 ||
            (i && m->integer <= out->milestones[i - 1])) {
            check_error(c, k->at[1], "milestones are epochs in rising order");
            return false;
        }
        out->milestones[i] = m->integer;
    }
    return true;
}

/* ---- network: loss and update ---- */

/* The target a loss needs, from the output and what the data offers; false after an error. */
static bool target_type(const training *tr, const pan_type *output, pan_type *target)
{
    const pan_source *source = tr->data ? tr->data->train : NULL;
    *target = *output;
    if (source && source->target_count && strcmp(tr->t->loss, "cross_entropy") != 0)
        return true;
    if (output->kind == PAN_SEQ)
        target->element = PAN_LABEL;
    else
        target->kind = PAN_LABEL;
    return true;
}

static value apply_named_loss(checker *c, const ast_setting *s, const char *name, value output,
                              value target)
{
    const symbol *def = symbols_find(&c->functions, name);
    value args[] = {output, target};
    if (def)
        return check_expand(c, def->item, args, 2, s->value->where);
    call *k = ARENA_NEW(c->memory, call);
    *k = (call){.c = c, .row = builtin_find(name), .where = s->value->where,
                .v = {output, target}, .at = {s->value->where, s->value->where}};
    return apply_loss(k);
}

static void expand_loss(checker *c, training *tr, const ast_setting *s)
{
    pan_type output = tr->item->body.ops[tr->item->body.results[0]].type;
    target_type(tr, &output, &tr->t->target);
    scope locals = {0};
    body_state state = {.body = &tr->t->loss_body, .item = PAN_NONE};
    frame f = {.scope = &locals, .path = "loss.", .state = &state, .caller = c->frame};
    c->frame = &f;
    uint32_t in[2];
    for (uint32_t i = 0; i < 2; i++) {
        in[i] = check_emit(c, PAN_INPUT, i ? tr->t->target : output, s->value->where, NULL, 0);
        check_op(c, in[i])->index = i;
    }
    value loss = apply_named_loss(c, s, tr->t->loss, value_run(in[0]), value_run(in[1]));
    if (loss.kind != VALUE_BAD) {
        loss = check_run(c, loss, s->value->where);
        if (loss.kind != VALUE_RUN || check_type(c, &loss)->kind != PAN_SCALAR)
            check_error(c, s->value->where, "a loss returns a scalar, but '%s' returns %s",
                        tr->t->loss, check_describe(c, &loss));
        tr->t->loss_body.results = ARENA_NEW(c->memory, uint32_t);
        tr->t->loss_body.results[0] = loss.index;
        tr->t->loss_body.result_count = 1;
    }
    c->frame = f.caller;
}

static void take_loss(checker *c, void *into, const ast_setting *s)
{
    training *tr = into;
    const char *name = s->value->kind == EXPR_NAME ? s->value->text : NULL;
    bool known = name && (symbols_find(&c->functions, name) || !strcmp(name, "cross_entropy") ||
                          !strcmp(name, "mse"));
    if (!known) {
        check_error(c, s->value->where, "%s is not a loss", check_text(c, s->value->where));
        check_help(c, "losses are cross_entropy, mse and any def of (output, target)");
        return;
    }
    tr->t->loss = name;
    if (tr->item->body.result_count == 1)
        expand_loss(c, tr, s);
    else if (tr->item->body.result_count > 1)
        check_error(c, s->value->where, "a trained network has one result, '%s' returns %zu",
                    tr->item->name, tr->item->body.result_count);
}

static void add_scalar(checker *c, pan_train *t, const char *name, pan_schedule schedule,
                       double scale)
{
    size_t n = t->scalar_count;
    t->scalars = arena_grow(c->memory, t->scalars, n * sizeof *t->scalars,
                            (n + 1) * sizeof *t->scalars);
    t->scalars[t->scalar_count++] = (pan_scalar){.name = name, .schedule = schedule,
                                                 .scale = scale};
}

static void take_update(checker *c, void *into, const ast_setting *s)
{
    training *tr = into;
    const ast_expr *e = s->value;
    if ((e->kind == EXPR_CALL || e->kind == EXPR_NAME) && strcmp(e->text, "sgd") != 0) {
        check_error(c, e->where, "update = %s%s: an in-crossbar update can only apply sgd; other "
                    "rules would have to read and write the weights serially",
                    e->text, e->kind == EXPR_CALL ? "(...)" : "");
        check_help(c, "write update = sgd(rate = 0.05)");
        return;
    }
    value v;
    pan_schedule schedule;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind != VALUE_HOST || strcmp(v.host->row->name, "sgd") != 0)
        setting_kind(c, s, &v, "sgd(rate)");
    else if (schedule_of(c, s, &v.host->v[0], &schedule))
        add_scalar(c, tr->t, "rate", schedule, 1);
}

/* ---- both ---- */

static void take_batch(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 1, 1 << 20, &((training *)into)->t->batch);
}

static void take_epochs(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 1, INT32_MAX, &((training *)into)->t->epochs);
}

static void take_seed(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 0, INT64_MAX, &((training *)into)->t->seed);
}

static void take_weights(checker *c, void *into, const ast_setting *s)
{
    pan_train *t = ((training *)into)->t;
    setting_string(c, s, &t->weights);
    t->base = check_folder(c, s->where);
}

static const char *param_list(checker *c, const pan_item *item)
{
    const char **names = ARENA_ARRAY(c->memory, const char *, item->param_count);
    for (size_t i = 0; i < item->param_count; i++)
        names[i] = c->program->params[item->params[i]].path;
    return check_join(c, names, item->param_count);
}

/* Whether a pattern is a parameter's path or that of the layer or instance around it. */
static bool matches_param(const pan_program *p, const char *pattern, const pan_param *w)
{
    return pan_matches(pattern, w->path) ||
           (w->layer != PAN_NONE && pan_matches(pattern, p->layers[w->layer].path));
}

static void check_pattern(checker *c, const pan_item *item, const char *pattern,
                          source_range where)
{
    for (size_t i = 0; i < item->param_count; i++)
        if (matches_param(c->program, pattern, &c->program->params[item->params[i]]))
            return;
    check_error(c, where, "\"%s\" matches nothing; parameters of %s are %s", pattern, item->name,
                param_list(c, item));
}

static void take_freeze(checker *c, void *into, const ast_setting *s)
{
    training *tr = into;
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind != VALUE_LIST) {
        setting_kind(c, s, &v, "a list of patterns");
        return;
    }
    tr->t->freeze = ARENA_ARRAY(c->memory, const char *, v.list->count);
    for (size_t i = 0; i < v.list->count; i++) {
        const value *e = &v.list->items[i];
        if (e->kind != VALUE_STRING) {
            check_error(c, s->value->where, "'freeze' is a list of strings, element %zu is %s", i,
                        check_describe(c, e));
            return;
        }
        check_pattern(c, tr->item, e->text, s->value->where);
        tr->t->freeze[tr->t->freeze_count++] = e->text;
    }
}

static const char *const metrics[] = {
    "loss", "rate", "valid_loss", "valid_accuracy", "test_loss", "test_accuracy", "output",
};

enum { METRICS = sizeof metrics / sizeof *metrics };

static bool known_metric(checker *c, const training *tr, const char *name, source_range where)
{
    for (size_t i = 0; i < METRICS; i++)
        if (!strcmp(metrics[i], name))
            return true;
    if (!strncmp(name, "output_", 7))
        return true;
    for (size_t i = 0; i < tr->item->formal_count; i++)
        if (tr->item->formals[i].type.kind == PAN_SCALAR &&
            !strcmp(tr->item->formals[i].name, name))
            return true;
    check_error(c, where, "'%s' is not a metric", name);
    check_help(c, "metrics are %s", check_join(c, metrics, METRICS));
    return false;
}

static void take_stop(checker *c, void *into, const ast_setting *s)
{
    training *tr = into;
    value v;
    if (!setting_value(c, s, &v))
        return;
    if (v.kind != VALUE_HOST || strcmp(v.host->row->name, "patience") != 0) {
        setting_kind(c, s, &v, "patience(metric, n)");
        return;
    }
    if (!known_metric(c, tr, v.host->v[0].text, v.host->at[0]))
        return;
    tr->t->stop_metric = v.host->v[0].text;
    tr->t->stop_patience = v.host->v[1].integer;
}

/* ---- every N unit { actions } ---- */

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

static bool action_test(checker *c, training *tr, const ast_expr *e, pan_action *out)
{
    bool kernel = tr->item->kind == PAN_KERNEL;
    if (e->args.count == 0 && !kernel)
        return true;
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
    return true;
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
            check_error(c, e->where, "save takes the name of a file: save(\"name-{epoch}.safetensors\")");
        return false;
    }
    out->file = v.text;
    return true;
}

static bool action_log(checker *c, training *tr, const ast_expr *e, pan_action *out)
{
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
        if (!known_metric(c, tr, v.text, a->value->where))
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
    if (!strcmp(e->text, "validate") && tr->data && tr->data->train && !tr->data->valid.given) {
        check_error(c, e->where, "%s has no 'valid' part to validate with", tr->data->name);
        check_note(c, tr->data->where, "declared here");
        return false;
    }
    return true;
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

static void take_every(checker *c, training *tr, const ast_setting *s)
{
    pan_every every = {.period = 1, .unit = unit_of(c, tr, s)};
    if (s->value) {
        value v = check_single(c, s->value);
        if (!check_integer(c, &v, s->value->where, "the period of 'every'", &every.period))
            return;
        if (every.period < 1) {
            check_error(c, s->value->where, "the period of 'every' is a positive integer");
            return;
        }
    }
    for (size_t i = 0; i < s->actions.count; i++)
        if (s->actions.items[i]->kind == EXPR_CALL)
            take_action(c, tr, s->actions.items[i], &every);
    if (every.unit)
        ARENA_PUSH(c->memory, tr->t->every, tr->t->every_count, tr->t->every_capacity, every);
}

/* ---- scalar formals of kernels ---- */

static void take_scalar(checker *c, void *into, const ast_setting *s)
{
    value v;
    pan_schedule schedule;
    if (setting_value(c, s, &v) && schedule_of(c, s, &v, &schedule))
        add_scalar(c, ((training *)into)->t, s->name.text, schedule, 1);
}

/* A scalar formal is a key of its train block, so it cannot be called like another one. */
static bool check_scalar_name(checker *c, const training *tr, const pan_formal *f,
                              const setting_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, f->name) != 0)
            continue;
        check_error(c, f->where, "a scalar of a trained kernel cannot be called like the setting '%s'",
                    f->name);
        check_note(c, tr->block->name.where, "trained here");
        return false;
    }
    return true;
}

static void take_foreign(checker *c, void *into, const ast_setting *s)
{
    const training *tr = into;
    check_error(c, s->name.where, "kernel '%s' makes its own updates; remove '%s'", tr->item->name,
                s->name.text);
}

static const setting_row common_rows[] = {
    {"batch", take_batch, true},      {"epochs", take_epochs, true}, {"seed", take_seed, false},
    {"weights", take_weights, false}, {"freeze", take_freeze, false}, {"stop", take_stop, false},
};
static const setting_row network_rows[] = {{"loss", take_loss, true}, {"update", take_update, true}};
static const setting_row kernel_rows[] = {{"loss", take_foreign, false},
                                          {"update", take_foreign, false}};

enum { COMMON_ROWS = sizeof common_rows / sizeof *common_rows };

/* The keys of this block: its own kind's, the common ones, and a kernel's scalars. */
static setting_row *rows_of(checker *c, const training *tr, size_t *count)
{
    bool kernel = tr->item->kind == PAN_KERNEL;
    setting_row *rows = ARENA_ARRAY(c->memory, setting_row,
                                    2 + COMMON_ROWS + tr->item->formal_count);
    memcpy(rows, kernel ? kernel_rows : network_rows, 2 * sizeof *rows);
    memcpy(rows + 2, common_rows, sizeof common_rows);
    *count = 2 + COMMON_ROWS;
    for (size_t i = 0; kernel && i < tr->item->formal_count; i++) {
        const pan_formal *f = &tr->item->formals[i];
        if (f->type.kind != PAN_SCALAR)
            continue;
        if (check_scalar_name(c, tr, f, rows, 2 + COMMON_ROWS))
            rows[(*count)++] = (setting_row){f->name, take_scalar, true};
    }
    if (!kernel)
        return rows;
    /* Keys that only networks have are known, so that their error can say why. */
    setting_row foreign[2] = {rows[0], rows[1]};
    memmove(rows, rows + 2, (*count - 2) * sizeof *rows);
    rows[*count - 2] = foreign[0];
    rows[*count - 1] = foreign[1];
    return rows;
}

/* ---- data against formals ---- */

typedef struct known_size {
    const char *kind;
    int64_t elements, classes; /* 0: not known before the files are read */
} known_size;

static known_size size_of(const pan_source *s)
{
    static const known_size known[] = {{"cifar10", 3072, 10}, {"cifar100", 3072, 100}};
    for (size_t i = 0; i < 2; i++)
        if (!strcmp(known[i].kind, s->kind))
            return known[i];
    return (known_size){s->kind, !strcmp(s->kind, "text") ? s->window : s->size, 0};
}

static void check_input(checker *c, const training *tr, const pan_formal *f)
{
    const pan_source *s = tr->data->train;
    known_size size = size_of(s);
    source_range where = tr->block->target.where;
    int64_t takes = pan_type_elements(&f->type);
    bool text = !strcmp(s->kind, "text");
    if (text && (f->type.kind != PAN_SEQ || f->type.element != PAN_LABEL)) {
        check_error(c, where, "%s gives a seq[%" PRId64 ", label], '%s' takes %s", tr->data->name,
                    size.elements, f->name, check_type_text(c, &f->type));
    } else if (size.elements && takes != size.elements) {
        bool plain = f->type.kind == PAN_VEC;
        const char *sum = plain ? "" : arena_printf(c->memory, " = %" PRId64, takes);
        check_error(c, where, "%s gives %" PRId64 " elements, '%s' takes %s%s", tr->data->name,
                    size.elements, f->name, check_type_text(c, &f->type), sum);
    } else {
        return;
    }
    check_note(c, f->where, "'%s' is declared here", f->name);
}

static void check_target(checker *c, const training *tr, const pan_type *target, const char *what)
{
    const pan_source *s = tr->data->train;
    source_range where = tr->block->target.where;
    bool label = target->kind == PAN_LABEL ||
                 (target->kind == PAN_SEQ && target->element == PAN_LABEL);
    if (s->target_count && label)
        check_error(c, where, "%s gives %zu numbers as target, %s needs a %s", tr->data->name,
                    s->target_count, what, check_type_text(c, target));
    else if (s->target_count && pan_type_elements(target) != (int64_t)s->target_count)
        check_error(c, where, "%s gives %zu numbers as target, %s needs a %s", tr->data->name,
                    s->target_count, what, check_type_text(c, target));
    else if (!s->target_count && label && size_of(s).classes > pan_type_width(target))
        check_error(c, where, "%s has %" PRId64 " classes, %s has a %s", tr->data->name,
                    size_of(s).classes, what, check_type_text(c, target));
}

static void check_fit(checker *c, training *tr)
{
    if (!tr->data || !tr->data->train)
        return;
    const pan_formal *given[2] = {NULL, NULL};
    size_t count = 0;
    for (size_t i = 0; i < tr->item->formal_count; i++) {
        const pan_formal *f = &tr->item->formals[i];
        if (tr->item->kind == PAN_KERNEL && f->type.kind == PAN_SCALAR)
            continue;
        if (count == (tr->item->kind == PAN_KERNEL ? 2 : 1)) {
            check_error(c, f->where, "training feeds %s; '%s' would get nothing",
                        tr->item->kind == PAN_KERNEL ? "an input, a target and scalars"
                                                     : "one input", f->name);
            return;
        }
        given[count++] = f;
    }
    if (given[0])
        check_input(c, tr, given[0]);
    else
        check_error(c, tr->block->name.where, "'%s' has no input to train with", tr->item->name);
    if (given[1])
        check_target(c, tr, &given[1]->type, given[1]->name);
    else if (tr->t->loss && tr->t->loss_body.result_count)
        check_target(c, tr, &tr->t->target, tr->t->loss);
}

/* ---- gradients ---- */

/* Ops without a gradient that stand between a parameter and the loss. */
static void check_gradients(checker *c, const pan_item *item)
{
    const pan_body *b = &item->body;
    bool *learns = ARENA_ARRAY(c->memory, bool, b->count), normalised = false;
    for (size_t i = 0; i < b->count; i++) {
        const pan_op *op = &b->ops[i];
        learns[i] = op->param_count > 0;
        for (uint32_t a = 0; a < op->arg_count; a++)
            learns[i] = learns[i] || learns[op->args[a]];
        if (op->code == PAN_BERNOULLI && learns[i])
            check_error(c, op->where, "the gradient of bernoulli is not defined");
        if (op->code == PAN_BATCH_NORM && !normalised) {
            diag_warning(c->diag, op->where,
                         "the statistics of batch_norm stay frozen in training");
            normalised = true;
        }
    }
}

/* ---- the block ---- */

static const symbol *trained(checker *c, const ast_item *block)
{
    const ast_name *name = &block->name;
    const symbol *s = symbols_find(&c->items, name->text);
    if (s && (s->item->kind == ITEM_NETWORK || s->item->kind == ITEM_KERNEL))
        return s;
    check_error(c, name->where, "'%s' is not a network or kernel", name->text);
    size_t count = 0, capacity = 0;
    const char **known = NULL;
    for (size_t i = 0; i < c->items.count; i++)
        if (c->items.items[i].item->kind != ITEM_DATA)
            ARENA_PUSH(c->memory, known, count, capacity, c->items.items[i].name);
    const char *near = diag_nearest(name->text, known, count);
    if (near)
        check_help(c, "did you mean '%s'?", near);
    return NULL;
}

static const symbol *data_of(checker *c, const ast_item *block)
{
    const ast_name *name = &block->target;
    const symbol *s = symbols_find(&c->items, name->text);
    if (s && s->item->kind == ITEM_DATA)
        return s;
    check_error(c, name->where, "'%s' is not a data item", name->text);
    size_t count = 0, capacity = 0;
    const char **known = NULL;
    for (size_t i = 0; i < c->items.count; i++)
        if (c->items.items[i].item->kind == ITEM_DATA)
            ARENA_PUSH(c->memory, known, count, capacity, c->items.items[i].name);
    const char *near = diag_nearest(name->text, known, count);
    if (near)
        check_help(c, "did you mean '%s'?", near);
    return NULL;
}

static void take_settings(checker *c, training *tr)
{
    size_t count;
    const setting_row *rows = rows_of(c, tr, &count);
    check_settings(c, arena_printf(c->memory, "train '%s'", tr->item->name), &tr->block->settings,
                   rows, count, tr);
    for (size_t i = 0; i < tr->block->settings.count; i++) {
        const ast_setting *s = &tr->block->settings.items[i];
        if (s->kind == SETTING_EVERY)
            take_every(c, tr, s);
        else if (s->kind == SETTING_GROUP)
            check_error(c, s->where, "train has settings name = value and every { ... }");
    }
    if (tr->item->kind == PAN_NETWORK && tr->t->scalar_count)
        tr->t->scalars[0].scale = -1.0 / (double)tr->t->batch;
}

void check_train(checker *c, const ast_item *block, bool main)
{
    const symbol *item = trained(c, block), *data = data_of(c, block);
    if (!item)
        return;
    pan_train t = {.item = item->index, .data = data ? data->index : 0,
                   .where = block->name.where, .batch = 1, .epochs = 1};
    training tr = {.t = &t, .block = block, .item = &c->program->items[item->index],
                   .data = data ? &c->program->data[data->index] : NULL, .main = main};
    take_settings(c, &tr);
    check_fit(c, &tr);
    if (tr.item->kind == PAN_NETWORK)
        check_gradients(c, tr.item);
    if (main && data)
        ARENA_PUSH(c->memory, c->program->trains, c->program->train_count,
                   c->program->train_capacity, t);
}
