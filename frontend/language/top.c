/* Items of a program: includes, declarations, constants, networks and kernels, in this order. */
#include "frontend/language/top.h"

#include "frontend/language/formats.h"
#include "frontend/language/language.h"
#include "frontend/language/parse.h"
#include "isa/support/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_LIMIT = 1000, FILE_SIZE_LIMIT = 64 << 20 };

/* ---- files ---- */

/* First byte that is not UTF-8, or the length; some overlong forms and surrogates pass. */
static size_t valid_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        unsigned char b = (unsigned char)text[i];
        size_t more = b < 0x80 ? 0 : b < 0xC2 ? 4 : b < 0xE0 ? 1 : b < 0xF0 ? 2 : b < 0xF5 ? 3 : 4;
        if (more == 4 || i + more >= length + (more == 0))
            return i;
        for (size_t k = 1; k <= more; k++)
            if (((unsigned char)text[i + k] & 0xC0) != 0x80)
                return i;
        i += more + 1;
    }
    return length;
}

static const char *resolved(checker *c, const char *path)
{
    char *real = realpath(path, NULL);
    const char *copy = arena_strdup(c->memory, real ? real : path);
    free(real);
    return copy;
}

static bool is_loaded(const checker *c, const char *real)
{
    for (size_t i = 0; i < c->file_count; i++)
        if (!strcmp(c->files[i].path, real))
            return true;
    return false;
}

static void load(checker *c, const char *path, const char *text, size_t length)
{
    uint32_t number = source_add(c->sources, path, text, length);
    loaded_file file = {.path = resolved(c, path), .file = number};
    size_t bad = valid_utf8(text, length);
    if (bad < length)
        check_error(c, (source_range){number, (uint32_t)bad, (uint32_t)bad + 1},
                    "the file is not UTF-8 text");
    else
        file.items = pan_parse(c->memory, c->sources, c->diag, number);
    ARENA_PUSH(c->memory, c->files, c->file_count, c->file_capacity, file);
}

static void include(checker *c, const ast_item *item)
{
    const char *folder = check_folder(c, item->where), *name = item->name.text;
    const char *path = name[0] == '/' || !strcmp(folder, ".")
                           ? name
                           : arena_printf(c->memory, "%s/%s", folder, name);
    if (is_loaded(c, resolved(c, path)))
        return;
    if (c->file_count >= FILES_LIMIT) {
        check_error(c, item->name.where, "at most %d files can be included", FILES_LIMIT);
        return;
    }
    size_t length;
    const char *error;
    char *text = file_read(c->memory, path, FILE_SIZE_LIMIT, &length, &error);
    if (text)
        load(c, path, text, length);
    else
        check_error(c, item->name.where, "%s", error);
}

/* Files are appended while this runs, so included ones are walked too. */
static void include_all(checker *c)
{
    for (size_t f = 0; f < c->file_count; f++) {
        ast_items items = c->files[f].items;
        for (size_t i = 0; i < items.count; i++)
            if (items.items[i].kind == ITEM_INCLUDE)
                include(c, &items.items[i]);
    }
}

/* ---- declarations ---- */

static const char *const kind_names[] = {
    [ITEM_CONST] = "constant", [ITEM_PARAM] = "parameter", [ITEM_DEF] = "def",
    [ITEM_NETWORK] = "network", [ITEM_KERNEL] = "kernel", [ITEM_DATA] = "data item",
};

static symbols *space_of(checker *c, ast_item_kind kind)
{
    switch (kind) {
    case ITEM_CONST:
    case ITEM_PARAM: return &c->values;
    case ITEM_DEF: return &c->functions;
    case ITEM_NETWORK:
    case ITEM_KERNEL:
    case ITEM_DATA: return &c->items;
    default: return NULL;
    }
}

static void declare(checker *c, const ast_item *item, bool main)
{
    symbols *space = space_of(c, item->kind);
    if (!space)
        return;
    const char *name = item->name.text;
    if (item->kind == ITEM_DEF && builtin_find(name)) {
        check_error(c, item->name.where, "'%s' is already a built-in function", name);
        return;
    }
    const symbol *old = symbols_find(space, name);
    if (old) {
        check_error(c, item->name.where, "'%s' is already a %s", name,
                    kind_names[old->item->kind]);
        check_note(c, old->item->name.where, "declared here");
        return;
    }
    symbol *s = symbols_add(c->memory, space, name);
    s->item = item;
    s->main = main;
}

static void declare_all(checker *c)
{
    for (size_t f = 0; f < c->file_count; f++)
        for (size_t i = 0; i < c->files[f].items.count; i++)
            declare(c, &c->files[f].items.items[i], f == 0);
}

static void check_formals(checker *c, const ast_item *item)
{
    for (size_t i = 0; i < item->formals.count; i++) {
        const ast_name *name = &item->formals.items[i].name;
        if (item->kind == ITEM_DEF && !strcmp(name->text, "name"))
            check_error(c, name->where, "a formal cannot be called 'name'; every call accepts it");
        for (size_t k = 0; k < i; k++)
            if (!strcmp(item->formals.items[k].name.text, name->text))
                check_error(c, name->where, "'%s' is already a formal", name->text);
    }
}

/* ---- constants and top-level parameters ---- */

static value evaluate(checker *c, symbol *s)
{
    const ast_item *item = s->item;
    if (item->kind == ITEM_CONST)
        return check_single(c, item->value);
    uint32_t w = check_param_statement(c, item->name, item->type, item->value, true);
    return w == PAN_NONE ? (value){0} : (value){.kind = VALUE_MATRIX, .index = w};
}

value top_value(checker *c, symbol *s, source_range where)
{
    if (s->state == SYMBOL_DONE)
        return s->bound;
    if (s->state == SYMBOL_BUSY)
        return check_error(c, where, "'%s' depends on itself", s->name);
    s->state = SYMBOL_BUSY;
    int depth = 0;
    for (const frame *f = c->frame; f; f = f->caller)
        depth++;
    scope none = {0};
    frame f = {.caller = c->frame, .scope = &none, .path = ""};
    c->frame = &f;
    if (depth > 2 * CHECK_CALL_DEPTH)
        check_error(c, where, "constants depend on each other too deeply");
    value v = depth > 2 * CHECK_CALL_DEPTH ? (value){0} : evaluate(c, s);
    c->frame = f.caller;
    s->bound = v;
    s->state = SYMBOL_DONE;
    return v;
}

/* ---- networks and kernels ---- */

static void add_formal(checker *c, pan_item *item, const ast_formal *f)
{
    pan_type type = {0};
    value v = {0};
    if (!f->type || !f->type->name.text) {
        check_error(c, f->name.where,
                    "'%s' needs a type: formals of networks and kernels are typed",
                    f->name.text);
    } else if (f->value) {
        check_error(c, f->value->where, "formals of networks and kernels have no defaults");
    } else if (check_pan_type(c, f->type, &type)) {
        if (type.kind == PAN_MATRIX) {
            check_error(c, f->type->where, "a matrix is a param, not a formal");
        } else {
            uint32_t op = check_emit(c, PAN_INPUT, type, f->name.where, NULL, 0);
            check_op(c, op)->index = (uint32_t)item->formal_count;
            v = value_run(op);
        }
    }
    check_bind(c, &f->name, v);
    int q = f->type ? f->type->format : -1;
    item->formals[item->formal_count++] = (pan_formal){f->name.text, type, q, v.index,
                                                       f->name.where};
}

static const char *result_types(checker *c, const frame *f)
{
    const char *text = "";
    for (size_t i = 0; i < f->results.count; i++) {
        value v = f->results.items[i];
        const char *one = v.kind == VALUE_RUN ? check_type_text(c, check_type(c, &v))
                                              : check_describe(c, &v);
        text = arena_printf(c->memory, "%s%s%s", text, i ? ", " : "", one);
    }
    return text;
}

static const char *declared_types(checker *c, const pan_type *types, size_t count)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(c->memory, "%s%s%s", text, i ? ", " : "",
                            check_type_text(c, &types[i]));
    return text;
}

/* Results against the declared types; a declared format goes to the outermost operation. */
static void check_results(checker *c, const ast_item *item, frame *f)
{
    size_t n = item->results.count;
    pan_type *types = ARENA_ARRAY(c->memory, pan_type, n);
    bool same = n == f->results.count;
    for (size_t i = 0; i < n; i++) {
        const ast_type *t = &item->results.items[i];
        if (!t->name.text) {
            check_error(c, t->where, "a result needs a type");
            return;
        }
        if (!check_pan_type(c, t, &types[i]))
            return;
        if (i >= f->results.count)
            continue;
        value v = f->results.items[i] = check_run(c, f->results.items[i], item->name.where);
        same = same && v.kind == VALUE_RUN && pan_type_equal(&types[i], check_type(c, &v));
    }
    if (!same) {
        const ast_stmt *last = item->block->items[item->block->count - 1];
        check_error(c, last->kind == STMT_RETURN ? last->where : item->name.where,
                    "%s '%s' returns %s, but line %d declares %s", kind_names[item->kind],
                    item->name.text, result_types(c, f),
                    check_line(c, item->results.items[0].where), declared_types(c, types, n));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (item->results.items[i].format < 0)
            continue;
        ast_expr whole = {.where = item->name.where};
        f->results.items[i] = check_as_type(c, f->results.items[i], &item->results.items[i],
                                            &whole, 0);
    }
}

static void take_results(checker *c, const ast_item *item, frame *f, pan_body *body)
{
    if (f->stopped || c->exhausted)
        return;
    if (!f->returned) {
        if (item->kind == ITEM_NETWORK || item->results.count)
            check_error(c, item->name.where, "'%s %s' ends without return", kind_names[item->kind],
                        item->name.text);
        return;
    }
    if (item->results.count)
        check_results(c, item, f);
    body->results = ARENA_ARRAY(c->memory, uint32_t, f->results.count);
    for (size_t i = 0; i < f->results.count; i++) {
        value v = check_run(c, f->results.items[i], item->name.where);
        if (v.kind != VALUE_RUN) {
            if (v.kind != VALUE_BAD)
                check_error(c, item->name.where, "%s '%s' returns %s; results are run-time values",
                            kind_names[item->kind], item->name.text, check_describe(c, &v));
            continue;
        }
        body->results[body->result_count++] = v.index;
    }
}

static void elaborate(checker *c, symbol *s)
{
    const ast_item *item = s->item;
    uint32_t index = s->index;
    pan_item *out = &c->program->items[index];
    out->formals = ARENA_ARRAY(c->memory, pan_formal, item->formals.count);
    scope locals = {0};
    body_state state = {.body = &out->body, .item = index, .kernel = item->kind == ITEM_KERNEL};
    frame f = {.scope = &locals, .path = "", .block = item->block, .state = &state};
    c->frame = &f;
    for (size_t i = 0; i < item->formals.count; i++)
        add_formal(c, out, &item->formals.items[i]);
    check_block(c, item->block);
    take_results(c, item, &f, &out->body);
    c->frame = NULL;
}

static void elaborate_all(checker *c)
{
    for (size_t i = 0; i < c->items.count; i++) {
        symbol *s = &c->items.items[i];
        if (s->item->kind == ITEM_DATA) {
            pan_data none = {0};
            s->index = (uint32_t)c->program->data_count;
            ARENA_PUSH(c->memory, c->program->data, c->program->data_count,
                       c->program->data_capacity, none);
        } else {
            pan_item item = {.kind = s->item->kind == ITEM_NETWORK ? PAN_NETWORK : PAN_KERNEL,
                             .name = s->name, .where = s->item->name.where};
            s->index = (uint32_t)c->program->item_count;
            ARENA_PUSH(c->memory, c->program->items, c->program->item_count,
                       c->program->item_capacity, item);
        }
    }
    for (size_t i = 0; i < c->items.count; i++)
        if (c->items.items[i].item->kind != ITEM_DATA)
            elaborate(c, &c->items.items[i]);
}

/* ---- settings ---- */

static void top_settings(checker *c)
{
    scope none = {0};
    frame f = {.scope = &none, .path = ""};
    c->frame = &f;
    for (size_t i = 0; i < c->items.count; i++)
        if (c->items.items[i].item->kind == ITEM_DATA)
            check_data(c, c->items.items[i].item, &c->program->data[c->items.items[i].index]);
    const ast_item *deploy = NULL;
    for (size_t n = 0; n < c->file_count; n++) {
        for (size_t i = 0; i < c->files[n].items.count; i++) {
            const ast_item *item = &c->files[n].items.items[i];
            pan_deploy other = {0};
            if (item->kind == ITEM_TRAIN) {
                check_train(c, item, n == 0);
            } else if (item->kind == ITEM_DEPLOY && n == 0 && deploy) {
                check_error(c, item->name.where, "a program has one deploy");
                check_note(c, deploy->name.where, "the first is here");
            } else if (item->kind == ITEM_DEPLOY) {
                check_deploy(c, item, n == 0 ? &c->program->deploy : &other, n == 0);
                deploy = n == 0 ? item : deploy;
            }
        }
    }
    c->frame = NULL;
}

static void mark_compiled(pan_program *p)
{
    bool any = false;
    for (size_t t = 0; t < p->train_count; t++) {
        const pan_train *train = &p->trains[t];
        any = p->items[train->item].compiled = true;
        for (size_t e = 0; e < train->every_count; e++)
            for (size_t a = 0; a < train->every[e].action_count; a++)
                for (size_t i = 0; i < p->item_count; i++)
                    if (train->every[e].actions[a].network &&
                        !strcmp(train->every[e].actions[a].network, p->items[i].name))
                        p->items[i].compiled = true;
    }
    for (size_t i = 0; i < p->deploy.place_count; i++)
        any = p->items[p->deploy.places[i].item].compiled = true;
    for (size_t i = 0; !any && i < p->item_count; i++)
        p->items[i].compiled = true;
}

static void check_everything(checker *c)
{
    declare_all(c);
    for (size_t f = 0; f < c->file_count; f++)
        for (size_t i = 0; i < c->files[f].items.count; i++)
            check_formals(c, &c->files[f].items.items[i]);
    for (size_t i = 0; i < c->values.count; i++)
        top_value(c, &c->values.items[i], c->values.items[i].item->name.where);
    elaborate_all(c);
    top_settings(c);
}

pan_program *pan_check(arena *memory, source_set *sources, diag *d, const char *path,
                       const char *text, size_t length)
{
    pan_program *program = ARENA_NEW(memory, pan_program);
    program->memory = memory;
    program->sources = sources;
    program->path = path;
    checker c = {.memory = memory, .sources = sources, .diag = d, .program = program};
    int before = diag_errors(d);
    load(&c, path, text, length);
    include_all(&c);
    if (diag_errors(d) == before)
        check_everything(&c);
    if (diag_errors(d) != before)
        return NULL;
    mark_compiled(program);
    bool good = pan_set_formats(program, d, PAN_Q_ACTIVATION, PAN_Q_WEIGHT, PAN_Q_ERROR);
    return good ? program : NULL;
}
