/* train ITEM on DATA { ... } */
#include "frontend/language/train.h"

#include <inttypes.h>
#include <string.h>

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
                              source_range result, value target)
{
    const symbol *def = symbols_find(&c->functions, name);
    value args[] = {output, target};
    if (def)
        return check_expand(c, def->item, args, 2, s->value->where);
    call *k = ARENA_NEW(c->memory, call);
    *k = (call){.c = c, .row = builtin_find(name), .where = s->value->where,
                .v = {output, target}, .at = {result, s->value->where}};
    return apply_loss(k);
}

static void expand_loss(checker *c, training *tr, const ast_setting *s)
{
    const pan_op *result = &tr->item->body.ops[tr->item->body.results[0]];
    pan_type output = result->type;
    source_range where = result->where;
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
    value loss =
        apply_named_loss(c, s, tr->t->loss, value_run(in[0]), where, value_run(in[1]));
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
    setting_integer(c, s, 1, 1 << 30, &((training *)into)->t->epochs);
}

static void take_seed(checker *c, void *into, const ast_setting *s)
{
    setting_integer(c, s, 0, CHECK_SEED, &((training *)into)->t->seed);
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
    static const char *const watched[] = {"valid_accuracy", "valid_loss", "test_accuracy",
                                          "test_loss", "loss"};
    bool known = false;
    for (size_t i = 0; i < 5; i++)
        known = known || !strcmp(watched[i], v.host->v[0].text);
    if (!known) {
        check_error(c, v.host->at[0], "patience watches one of %s, found \"%s\"",
                    check_join(c, watched, 5), v.host->v[0].text);
        return;
    }
    tr->t->stop_metric = v.host->v[0].text;
    tr->t->stop_patience = v.host->v[1].integer;
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
        check_error(c, f->where,
                    "a scalar of a trained kernel cannot be called like the setting '%s'",
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
static const setting_row network_rows[] = {{"loss", take_loss, true},
                                           {"update", take_update, true}};
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
            train_every(c, tr, s);
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
                   .data = data ? &c->program->data[data->index] : NULL};
    take_settings(c, &tr);
    train_fit(c, &tr);
    if (tr.item->kind == PAN_NETWORK)
        train_gradients(c, tr.item);
    if (main && data)
        ARENA_PUSH(c->memory, c->program->trains, c->program->train_count,
                   c->program->train_capacity, t);
}
