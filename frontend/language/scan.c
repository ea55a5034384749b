/*
 * scan: the loop over time. Its body is checked once; initial values of states are computed before
 * the loop, the body's ops stand between PAN_SCAN_BEGIN and PAN_SCAN_END.
 */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <string.h>

typedef struct scan_state {
    const ast_stmt *stmt;
    uint32_t *states; /* PAN_STATE ops, in the order of the leading state statements */
    size_t state_count;
    value_list yields;
    source_range yield_at;
    bool yielded, bad;
    int loops;
} scan_state;

void check_state(checker *c, const ast_stmt *s)
{
    if (c->frame->scan)
        check_error(c, s->where, "'state' stands first in the body of a scan");
    else
        check_error(c, s->where, "'state' belongs in the body of a scan");
    c->frame->stopped = true;
}

void check_yield(checker *c, const ast_stmt *s)
{
    scan_state *scan = c->frame->scan;
    if (!scan || c->frame->loops != scan->loops) {
        check_error(c, s->where, scan ? "'yield' cannot stand in a 'for'; it is the last statement"
                                      : "'yield' belongs in the body of a scan");
        c->frame->stopped = true;
        return;
    }
    scan->yielded = true;
    scan->yield_at = s->where;
    for (size_t i = 0; i < s->exprs.count; i++) {
        const ast_expr *e = s->exprs.items[i];
        value v = check_run(c, check_single(c, e), e->where);
        bool fits = v.kind == VALUE_RUN && (check_type(c, &v)->kind == PAN_VEC ||
                                            check_type(c, &v)->kind == PAN_SCALAR);
        if (!fits && v.kind != VALUE_BAD)
            check_error(c, e->where, "'yield' takes a vec or scalar, but %s is %s",
                        check_text(c, e->where), check_describe(c, &v));
        scan->bad = scan->bad || !fits;
        ARENA_PUSH(c->memory, scan->yields.items, scan->yields.count, scan->yields.capacity, v);
    }
    /* What follows in the block would be an error; check_block reports it. */
    c->frame->returned = true;
}

/* The seqs a scan walks, checked to be of equal length; NULL after an error. */
static uint32_t *walked(checker *c, const ast_stmt *s)
{
    size_t n = s->exprs.count;
    uint32_t *ops = ARENA_ARRAY(c->memory, uint32_t, n);
    if (s->over.count != n) {
        check_error(c, s->where, "scan has %zu names for %zu seq%s", s->over.count, n,
                    n == 1 ? "" : "s");
        return NULL;
    }
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        const ast_expr *e = s->exprs.items[i];
        value v = check_single(c, e);
        bool seq = v.kind == VALUE_RUN && check_type(c, &v)->kind == PAN_SEQ;
        if (!seq && v.kind != VALUE_BAD) {
            check_error(c, e->where, "'scan' walks seqs, but %s is %s", check_text(c, e->where),
                        check_describe(c, &v));
            if (v.kind == VALUE_LIST)
                check_help(c, "'for' walks a list at compile time");
        }
        good = good && seq;
        ops[i] = v.index;
    }
    for (size_t i = 1; good && i < n; i++) {
        int64_t a = check_op(c, ops[0])->type.steps, b = check_op(c, ops[i])->type.steps;
        if (a == b)
            continue;
        const char *x = check_source(c, s->exprs.items[0]->where);
        const char *y = check_source(c, s->exprs.items[i]->where);
        check_error(c, s->exprs.items[i]->where, "%s has %" PRId64 " steps and %s %" PRId64,
                    x ? x : "the first seq", a, y ? y : "this one", b);
        good = false;
    }
    return good ? ops : NULL;
}

static size_t leading_states(const ast_block *block)
{
    size_t n = 0;
    while (n < block->count && block->items[n]->kind == STMT_STATE)
        n++;
    return n;
}

/* Initial values, computed before the loop; false after an error. */
static bool initial_values(checker *c, const ast_block *block, value *values)
{
    bool good = true;
    for (size_t i = 0; i < leading_states(block); i++) {
        const ast_stmt *s = block->items[i];
        size_t before = c->frame->state->body->count;
        value v = check_single(c, s->value);
        if (s->type)
            v = check_as_type(c, v, s->type, s->value, before);
        v = check_run(c, v, s->value->where);
        bool fits = v.kind == VALUE_RUN && (check_type(c, &v)->kind == PAN_VEC ||
                                            check_type(c, &v)->kind == PAN_SCALAR);
        if (!fits && v.kind != VALUE_BAD)
            check_error(c, s->value->where, "a state is a vec or scalar, but %s is %s",
                        check_text(c, s->value->where), check_describe(c, &v));
        good = good && fits;
        values[i] = v;
    }
    return good;
}

static void enter(checker *c, scan_state *scan, const uint32_t *seqs, const value *values)
{
    const ast_stmt *s = scan->stmt;
    pan_type steps = {.kind = PAN_SEQ, .element = PAN_SCALAR,
                      .steps = check_op(c, seqs[0])->type.steps};
    check_emit(c, PAN_SCAN_BEGIN, steps, s->where, seqs, s->exprs.count);
    for (size_t i = 0; i < s->over.count; i++) {
        const pan_type *t = &check_op(c, seqs[i])->type;
        pan_type element = {.kind = t->element, .dim = {t->dim[0]}};
        uint32_t op = check_emit(c, PAN_SCAN_ITEM, element, s->over.items[i].where, &seqs[i], 1);
        check_bind(c, &s->over.items[i], value_run(op));
    }
    scan->state_count = leading_states(s->block);
    scan->states = ARENA_ARRAY(c->memory, uint32_t, scan->state_count);
    for (size_t i = 0; i < scan->state_count; i++) {
        const ast_stmt *state = s->block->items[i];
        uint32_t init = values[i].index;
        scan->states[i] = check_emit(c, PAN_STATE, check_op(c, init)->type, state->where, &init, 1);
        check_op(c, scan->states[i])->q_written = check_op(c, init)->q_written;
        check_bind(c, &state->names.items[0], value_run(scan->states[i]));
    }
}

/* What each state's name means at the end of the body is its value at the next step. */
static void next_states(checker *c, scan_state *scan)
{
    for (size_t i = 0; i < scan->state_count; i++) {
        const ast_stmt *s = scan->stmt->block->items[i];
        const ast_name *name = &s->names.items[0];
        const binding *b = scope_find(c->frame->scope, name->text);
        value v = b ? check_run(c, b->bound, s->where) : (value){0};
        const pan_type *first = &check_op(c, scan->states[i])->type;
        if (v.kind != VALUE_RUN || !pan_type_equal(first, check_type(c, &v))) {
            if (v.kind != VALUE_BAD)
                check_error(c, s->where, "state '%s' is a %s at first, but %s after one step",
                            name->text, check_type_text(c, first), check_describe(c, &v));
            scan->bad = true;
            continue;
        }
        uint32_t args[] = {scan->states[i], v.index};
        check_emit(c, PAN_STATE_NEXT, *check_type(c, &v), s->where, args, 2);
    }
}

static void leave(checker *c, const scan_state *scan, int64_t steps, value *results)
{
    size_t n = scan->yields.count;
    uint32_t *args = ARENA_ARRAY(c->memory, uint32_t, n);
    for (size_t i = 0; i < n; i++)
        args[i] = scan->yields.items[i].index;
    uint32_t end = check_emit(c, PAN_SCAN_END, (pan_type){.kind = PAN_SCALAR}, scan->yield_at, args,
                              n);
    for (size_t i = 0; i < n; i++) {
        const pan_type *t = &check_op(c, args[i])->type;
        pan_type seq = {.kind = PAN_SEQ, .element = t->kind, .steps = steps, .dim = {t->dim[0]}};
        uint32_t op = check_emit(c, PAN_SCAN_RESULT, seq, scan->yield_at, &end, 1);
        check_op(c, op)->index = (uint32_t)i;
        results[i] = value_run(op);
    }
}

/* The body in its own scope; true if all is well. */
static bool run_body(checker *c, scan_state *scan, const uint32_t *seqs, const value *values)
{
    frame *f = c->frame;
    scope inner = {.parent = f->scope};
    scan_state *outer = f->scan;
    f->scope = &inner;
    f->scan = scan;
    f->state->scans++;
    enter(c, scan, seqs, values);
    size_t skip = leading_states(scan->stmt->block);
    ast_block rest = *scan->stmt->block;
    rest.items += skip;
    rest.count -= skip;
    check_block(c, &rest);
    bool good = !f->stopped && !c->exhausted;
    if (good && !scan->yielded) {
        check_error(c, scan->stmt->where, "the scan ends without yield");
        good = false;
    }
    f->returned = false;
    if (good)
        next_states(c, scan);
    f->state->scans--;
    f->scan = outer;
    f->scope = inner.parent;
    return good && !scan->bad;
}

static void bind_results(checker *c, const ast_stmt *s, const value *results, size_t count)
{
    if (results && count != s->names.count) {
        check_error(c, s->where, "%zu name%s cannot take the %zu value%s of yield", s->names.count,
                    s->names.count == 1 ? "" : "s", count, count == 1 ? "" : "s");
        results = NULL;
    }
    for (size_t i = 0; i < s->names.count; i++)
        check_bind(c, &s->names.items[i], results ? results[i] : (value){0});
}

void check_scan(checker *c, const ast_stmt *s)
{
    size_t states = leading_states(s->block);
    value *values = ARENA_ARRAY(c->memory, value, states);
    uint32_t *seqs = walked(c, s);
    bool good = initial_values(c, s->block, values) && seqs;
    scan_state scan = {.stmt = s, .loops = c->frame->loops};
    if (!good || !run_body(c, &scan, seqs, values)) {
        bind_results(c, s, NULL, 0);
        return;
    }
    value *results = ARENA_ARRAY(c->memory, value, scan.yields.count);
    leave(c, &scan, check_op(c, seqs[0])->type.steps, results);
    bind_results(c, s, results, scan.yields.count);
}
