/* Looking names up, and parameters as values. */
#include "frontend/language/check.h"
#include "frontend/language/top.h"

#include <string.h>

static struct touched *touched(checker *c, uint32_t param)
{
    body_state *s = c->frame->state;
    for (size_t i = 0; i < s->touched_count; i++)
        if (s->touched[i].param == param)
            return &s->touched[i];
    struct touched fresh = {.param = param, .read = PAN_NONE};
    ARENA_PUSH(c->memory, s->touched, s->touched_count, s->touched_capacity, fresh);
    if (s->item != PAN_NONE) {
        pan_item *item = &c->program->items[s->item];
        ARENA_PUSH(c->memory, item->params, item->param_count, item->param_capacity, param);
    }
    return &s->touched[s->touched_count - 1];
}

void check_touch(checker *c, uint32_t param)
{
    touched(c, param);
}

/* Reads see the weights of the kernel's beginning; one after an update would suggest otherwise. */
static bool not_updated(checker *c, uint32_t param, source_range where)
{
    const struct touched *t = touched(c, param);
    if (!t->updated.file)
        return true;
    const char *path = c->program->params[param].path;
    check_error(c, where,
                "'%s' is read after its update on line %d; it changes only when the kernel ends",
                path, check_line(c, t->updated));
    check_note(c, t->updated, "updated here");
    return false;
}

value check_param_read(checker *c, uint32_t param, source_range where)
{
    if (!not_updated(c, param, where))
        return (value){0};
    const pan_param *w = &c->program->params[param];
    struct touched *t = touched(c, param);
    if (w->rank != 1)
        return (value){.kind = VALUE_MATRIX, .index = param};
    if (t->read != PAN_NONE && !c->frame->state->scans)
        return value_run(t->read);
    pan_type type = {.kind = PAN_VEC, .dim = {w->shape[0]}};
    uint32_t op = check_emit(c, PAN_PARAM, type, where, NULL, 0);
    check_op(c, op)->params[0] = param;
    check_op(c, op)->param_count = 1;
    if (!c->frame->state->scans)
        touched(c, param)->read = op;
    return value_run(op);
}

/* A vec parameter is a value wherever its name stands; a matrix stays a reference. */
static value of_binding(checker *c, value v, source_range where)
{
    if (v.kind != VALUE_MATRIX || c->program->params[v.index].rank != 1)
        return v;
    if (!c->frame->state)
        return check_error(c, where, "%s is a parameter and known only at run time",
                           check_text(c, where));
    return check_param_read(c, v.index, where);
}

static const char *nearest_value(checker *c, const char *name)
{
    size_t count = 0, capacity = 0;
    const char **known = NULL;
    for (const scope *s = c->frame->scope; s; s = s->parent)
        for (size_t i = 0; i < s->count; i++)
            ARENA_PUSH(c->memory, known, count, capacity, s->items[i].name);
    for (size_t i = 0; i < c->values.count; i++)
        ARENA_PUSH(c->memory, known, count, capacity, c->values.items[i].name);
    return diag_nearest(name, known, count);
}

static value unknown(checker *c, const char *name, source_range where)
{
    static const char *const literals[][2] = {{"True", "true"}, {"False", "false"}};
    for (size_t i = 0; i < 2; i++)
        if (!strcmp(name, literals[i][0]))
            return check_error(c, where, "'%s' is written %s", name, literals[i][1]);
    if (c->frame->block && check_assigned(c->frame->block, name))
        return check_error(c, where, "'%s' is used before it has a value", name);
    check_error(c, where, "'%s' is not defined", name);
    const char *near = nearest_value(c, name);
    if (near)
        check_help(c, "did you mean '%s'?", near);
    else if (symbols_find(&c->functions, name) || builtin_find(name))
        check_help(c, "it is a function; a call is written %s(...)", name);
    else if (symbols_find(&c->items, name))
        check_help(c, "a network, kernel or data item is no value; share code through def");
    return (value){0};
}

value check_name(checker *c, const char *name, source_range where)
{
    const binding *b = scope_find(c->frame->scope, name);
    if (b)
        return of_binding(c, b->bound, where);
    symbol *s = symbols_find(&c->values, name);
    if (!s)
        return unknown(c, name, where);
    return of_binding(c, top_value(c, s, where), where);
}

/* ---- new parameters ---- */

uint32_t check_param_new(checker *c, pan_param param, const char *name)
{
    param.path = arena_printf(c->memory, "%s%s", c->frame ? c->frame->path : "", name);
    param.item = c->frame && c->frame->state ? c->frame->state->item : PAN_NONE;
    if (!check_size(c, param.shape, param.rank, param.where))
        return PAN_NONE;
    /* Paths are told apart within one item; shared ones stand by themselves. */
    const char *key = param.shared ? param.path
                                   : arena_printf(c->memory, "%u:%s", param.item, param.path);
    const symbol *old = symbols_find(&c->paths, key);
    if (old) {
        check_error(c, param.where, "the path '%s' is used twice", param.path);
        check_note(c, c->program->params[old->index].where, "first used here");
        check_help(c, "give one of the calls another name =");
        return PAN_NONE;
    }
    uint32_t index = (uint32_t)c->program->param_count;
    symbols_add(c->memory, &c->paths, key)->index = index;
    ARENA_PUSH(c->memory, c->program->params, c->program->param_count, c->program->param_capacity,
               param);
    if (!param.shared)
        check_touch(c, index);
    return index;
}
