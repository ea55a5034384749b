#include "passes/split.h"

#include "ir/window.h"
#include "passes/pieces.h"

#include <string.h>

typedef struct parts {
    struct parts *next;
    uint32_t r;
    ir_op **at;
} parts;

typedef struct split_value {
    uint32_t native; /* the split in which the value is made */
    parts *known;
} split_value;

static split_value *value_of(split *s, const ir_op *op)
{
    return &s->values[op->id];
}

static uint32_t native_of(split *s, const ir_op *op)
{
    return split_is_map(op) ? value_of(s, op)->native : 1;
}

/* ---- spaces ---- */

static uint32_t ceil_div(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Maps of one size share a pair of dimensions. */
static const split_pair *find_pair(const split *s, uint32_t rows, uint32_t columns)
{
    const ir_graph *g = s->graph;
    for (size_t i = 0; i < s->pair_count; i++)
        if (g->dims[s->pairs[i].y].extent == rows && g->dims[s->pairs[i].x].extent == columns)
            return &s->pairs[i];
    return NULL;
}

static bool has_dim(const ir_graph *g, const char *name)
{
    for (size_t i = 0; i < g->dim_count; i++)
        if (!strcmp(g->dims[i].name, name))
            return true;
    return false;
}

static const split_pair *add_pair(split *s, split_pair pair)
{
    ARENA_PUSH(s->memory, s->pairs, s->pair_count, s->pair_capacity, pair);
    return &s->pairs[s->pair_count - 1];
}

static const split_pair *make_pair(split *s, uint32_t rows, uint32_t columns)
{
    ir_graph *g = s->graph;
    const char *y, *x;
    size_t number = g->dim_count / 2;
    do {
        number++;
        y = arena_printf(g->module->memory, "y%zu", number);
        x = arena_printf(g->module->memory, "x%zu", number);
    } while (has_dim(g, y) || has_dim(g, x));
    split_pair pair = {.y = ir_graph_dim(g, y, rows)};
    pair.x = ir_graph_dim(g, x, columns);
    return add_pair(s, pair);
}

/* The pairs that maps of the graph have already. */
static void note_pairs(split *s)
{
    IR_EACH(op, s->graph) {
        if (!split_is_map(op))
            continue;
        const uint8_t *last = &op->space.dim[op->space.count - 2];
        const ir_dim *dims = s->graph->dims;
        if (!find_pair(s, dims[last[0]].extent, dims[last[1]].extent))
            add_pair(s, (split_pair){last[0], last[1]});
    }
}

/* A state goes from point to point of a row: where there is one, columns are not taken apart. */
static bool has_states(const ir_graph *g)
{
    IR_EACH(op, g)
        if (ir_ops[op->code].class == IR_CLASS_STATE && split_is_map(op) &&
            split_columns(g, op) > 1)
            return true;
    return false;
}

void split_open(split *s, arena *memory, ir_graph *g)
{
    ir_graph_renumber(g);
    *s = (split){.graph = g, .memory = memory};
    s->values = ARENA_ARRAY(memory, split_value, g->next_id);
    for (uint32_t i = 0; i < g->next_id; i++)
        s->values[i].native = 1;
    note_pairs(s);
    s->in_order = has_states(g);
}

ir_space split_space(split *s, ir_space map, uint32_t r)
{
    uint8_t *last = &map.dim[map.count - 2];
    const ir_dim *dims = s->graph->dims;
    uint32_t rows = dims[last[0]].extent, columns = ceil_div(dims[last[1]].extent, r);
    if (columns == dims[last[1]].extent)
        return map;
    const split_pair *pair = find_pair(s, rows, columns);
    pair = pair ? pair : make_pair(s, rows, columns);
    last[0] = pair->y;
    last[1] = pair->x;
    return map;
}

/* ---- windows over parts ---- */

/* A window along a row: what `tap` and `untap` say of columns. */
typedef struct columns {
    uint32_t kernel, stride, pad;
} columns;

/*
 * A window that moves by `step` over `map` columns and has `positions` positions, in which pixels at
 * the distances low .. high from the first position's origin can be named; low <= 0.
 */
static columns fit(uint32_t map, uint32_t step, uint32_t positions, int64_t low, int64_t high)
{
    int64_t pad = -low, kernel = high - low + 1, room = map + 2 * pad - kernel;
    int64_t least = (int64_t)(positions - 1) * step, most = least + step - 1;
    if (room < least) {
        pad += least - room;
        kernel += least - room;
    } else if (room > most) {
        kernel += room - most;
    }
    return (columns){(uint32_t)kernel, step, (uint32_t)pad};
}

/* The rows of a window; of an op that has none one row, as it is. */
typedef struct rows {
    int64_t kernel, stride, pad, at;
} rows;

static const rows same_row = {1, 1, 0, 0};

static rows rows_of(const ir_op *op)
{
    return (rows){ir_get(op, IR_ATTR_kernel)->value, ir_get(op, IR_ATTR_stride)->value,
                  ir_get(op, IR_ATTR_pad)->value, ir_get(op, IR_ATTR_at)->value};
}

static ir_op *window_op(split *s, ir_opcode code, ir_op *x, uint32_t first, uint32_t lanes,
                        ir_space space, const rows *y, const columns *c, int64_t at)
{
    ir_graph *g = s->graph;
    ir_op *op = rewrite_op(&s->at, code, ir_vec(lanes, x->type.q), 1, &x);
    op->space = space;
    if (first)
        ir_set_int(g, op, IR_ATTR_first, first);
    ir_set_pair(g, op, IR_ATTR_kernel, y->kernel, c->kernel);
    ir_set_pair(g, op, IR_ATTR_stride, y->stride, c->stride);
    ir_set_pair(g, op, IR_ATTR_pad, y->pad, c->pad);
    ir_set_pair(g, op, IR_ATTR_at, y->at, at);
    return op;
}

/* The whole map: every pixel has a value in one part, and 0 in the others. */
static ir_op *joined(split *s, ir_op *const *from, uint32_t r, ir_space map)
{
    uint32_t all = s->graph->dims[map.dim[map.count - 1]].extent;
    columns c = fit(all, r, ceil_div(all, r), 0, r - 1);
    ir_op **pixels = ARENA_ARRAY(s->memory, ir_op *, r);
    for (uint32_t i = 0; i < r; i++)
        pixels[i] = window_op(s, IR_untap, from[i], 0, from[i]->type.lanes, map, &same_row, &c,
                              i + (int64_t)c.pad);
    ir_op *whole = rewrite_tree(&s->at, IR_add, pixels, r);
    return whole;
}

/* Parts of a finer split, q of the map out of r; q is a multiple of r. */
static ir_op **taken_apart(split *s, ir_op *const *from, uint32_t r, ir_space map, uint32_t q)
{
    uint32_t all = s->graph->dims[map.dim[map.count - 1]].extent;
    columns c = fit(ceil_div(all, r), q / r, ceil_div(all, q), 0, q / r - 1);
    ir_op **to = ARENA_ARRAY(s->memory, ir_op *, q);
    ir_space space = split_space(s, map, q);
    for (uint32_t i = 0; i < q; i++)
        to[i] = window_op(s, IR_tap, from[i % r], 0, from[i % r]->type.lanes, space, &same_row, &c,
                          i / r + (int64_t)c.pad);
    return to;
}

/* ---- ops in parts ---- */

/* Words first .. of the pixels from `from` on, counted from the origin of part 0's first position. */
static ir_op *run_of_parts(split *s, const ir_op *op, ir_op *const *from, uint32_t r, int64_t pixel,
                           ir_space space, const columns *c)
{
    rows y = rows_of(op);
    op_list list = {0};
    uint32_t lanes = op->args[0]->type.lanes;
    uint32_t word = (uint32_t)ir_get_int(op, IR_ATTR_first, 0), end = word + op->type.lanes;
    while (word < end) {
        int64_t at = pixel + word / lanes, column = floor_div(at, r);
        uint32_t first = word % lanes, left = end - word, most = r == 1 ? left : lanes - first;
        uint32_t count = left < most ? left : most;
        if (r == 1) { /* pixels lie side by side */
            column -= word / lanes;
            first = word;
        }
        ir_op *tap = window_op(s, IR_tap, from[at - floor_div(at, r) * r], first, count, space, &y,
                               c, column + c->pad);
        rewrite_copy_attr(s->graph, tap, op, IR_ATTR_fill);
        ARENA_PUSH(s->memory, list.at, list.count, list.capacity, tap);
        word += count;
    }
    if (list.count == 1)
        return list.at[0];
    ir_op *run = rewrite_op(&s->at, IR_concat, op->type, list.count, list.at);
    run->space = space;
    return run;
}

/* A pixel that position q x + c sees at the distance k of its corner lies in one part for all x. */
static ir_op **tap_in_parts(split *s, ir_op *op, uint32_t q)
{
    ir_window w = ir_window_of(s->graph, op);
    uint32_t r = native_of(s, op->args[0]), step = q * w.stride[1];
    r = step % r ? 1 : r;
    ir_op **from = split_get(s, op->args[0], r), **to = ARENA_ARRAY(s->memory, ir_op *, q);
    int64_t last = (int64_t)step - w.stride[1] + w.kernel[1] - 1 - w.pad[1];
    columns c = fit(w.map[1] / r, step / r, ceil_div(w.positions[1], q),
                    floor_div(-(int64_t)w.pad[1], r), floor_div(last, r));
    ir_space space = split_space(s, op->space, q);
    if (q == 1 && from[0] == op->args[0]) {
        to[0] = op;
        return to;
    }
    for (uint32_t i = 0; i < q; i++) {
        int64_t pixel = (int64_t)i * w.stride[1] + w.at[1] - w.pad[1];
        to[i] = run_of_parts(s, op, from, r, pixel, space, &c);
    }
    return to;
}

/* All of the map; the positions are in parts. */
static ir_op *untap_whole(split *s, ir_op *op)
{
    ir_window w = ir_window_of(s->graph, op);
    uint32_t r = native_of(s, op->args[0]), step = r * w.stride[1];
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0);
    ir_op **from = split_get(s, op->args[0], r), **to = ARENA_ARRAY(s->memory, ir_op *, r);
    rows y = rows_of(op);
    if (r == 1 && from[0] == op->args[0])
        return op;
    columns c = fit(w.map[1], step, w.positions[1] / r, -(int64_t)w.pad[1],
                    (int64_t)step - w.stride[1] + w.kernel[1] - 1 - w.pad[1]);
    for (uint32_t i = 0; i < r; i++) {
        int64_t pixel = (int64_t)i * w.stride[1] + w.at[1] - w.pad[1];
        to[i] = window_op(s, IR_untap, from[i], first, op->type.lanes, op->space, &y, &c,
                          pixel + c.pad);
    }
    return rewrite_tree(&s->at, IR_add, to, r);
}

/*
 * The map in r s parts, r those of the positions, s the stride: pixel r s x + c meets its tap k at
 * position (r s x + c + pad - k) / s, if that is whole, and so at the same place of every x or never.
 */
static ir_op **untap_in_parts(split *s, ir_op *op, uint32_t q)
{
    ir_window w = ir_window_of(s->graph, op);
    int64_t stride = w.stride[1], r = q / stride;
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0);
    ir_op **from = split_get(s, op->args[0], (uint32_t)r), **to = ARENA_ARRAY(s->memory, ir_op *, q);
    int64_t map = w.map[1] / q, places = w.positions[1] / r;
    int64_t high = floor_div(floor_div((int64_t)q - 1 + w.pad[1], stride), r);
    int64_t low = floor_div(floor_div((int64_t)w.pad[1] - w.kernel[1] + 1, stride), r);
    int64_t pad = high > 0 ? high : 0, more = places - map;
    more = low < 0 ? more - low : more;
    pad = pad > more ? pad : more;
    columns c = {(uint32_t)(map + 2 * pad + 1 - places), 1, (uint32_t)pad};
    rows y = rows_of(op);
    ir_space space = split_space(s, op->space, q);
    for (uint32_t i = 0; i < q; i++) {
        int64_t t = (int64_t)i + w.pad[1] - w.at[1], position = floor_div(t, stride);
        if (position * stride != t) {
            to[i] = rewrite_const(&s->at, 0, op->type.lanes, op->type.q);
            continue;
        }
        int64_t away = floor_div(position, r);
        to[i] = window_op(s, IR_untap, from[position - away * r], first, op->type.lanes, space, &y,
                          &c, pad - away);
    }
    return to;
}

static bool is_zero(const ir_op *op)
{
    return op->code == IR_const && ir_get(op, IR_ATTR_value)->real == 0;
}

/* Parts of an adjoint that meet no tap of a kernel are 0. */
static ir_op *without_zero(const ir_op *op, ir_op *const *args)
{
    for (int i = 0; op->code == IR_add && i < 2; i++)
        if (is_zero(args[i]) && args[1 - i]->type.q == op->type.q &&
            args[1 - i]->type.lanes == op->type.lanes)
            return args[1 - i];
    return NULL;
}

/* The same at every position. */
static ir_op **each_part(split *s, ir_op *op, uint32_t q)
{
    ir_op ***args = ARENA_ARRAY(s->memory, ir_op **, op->arg_count + 1);
    ir_op **one = ARENA_ARRAY(s->memory, ir_op *, op->arg_count + 1);
    ir_op **to = ARENA_ARRAY(s->memory, ir_op *, q);
    ir_space space = split_space(s, op->space, q);
    bool same = q == 1;
    for (uint32_t a = 0; a < op->arg_count; a++) {
        args[a] = split_get(s, op->args[a], q);
        same = same && args[a][0] == op->args[a];
    }
    if (same) {
        to[0] = op;
        return to;
    }
    for (uint32_t i = 0; i < q; i++) {
        for (uint32_t a = 0; a < op->arg_count; a++)
            one[a] = args[a][i];
        to[i] = without_zero(op, one);
        if (to[i])
            continue;
        to[i] = rewrite_like(&s->at, op, op->type, op->arg_count, one);
        to[i]->space = space;
    }
    return to;
}

/* ---- values ---- */

/* Ops that only move what others have made, or make it of nothing. */
static bool is_moved(const ir_op *op)
{
    return op->code == IR_tap || op->code == IR_untap || op->code == IR_const ||
           ir_ops[op->code].class == IR_CLASS_SHAPE;
}

static ir_op **note(split *s, const ir_op *op, uint32_t r, ir_op **at)
{
    split_value *v = value_of(s, op);
    parts *p = ARENA_NEW(s->memory, parts);
    *p = (parts){v->known, r, at};
    v->known = p;
    return at;
}

static ir_op **known_parts(split *s, const ir_op *op, uint32_t r)
{
    for (const parts *p = value_of(s, op)->known; p; p = p->next)
        if (p->r == r)
            return p->at;
    return NULL;
}

static ir_op **same_in_all(split *s, ir_op *op, uint32_t r)
{
    ir_op **at = ARENA_ARRAY(s->memory, ir_op *, r);
    for (uint32_t i = 0; i < r; i++)
        at[i] = op;
    return at;
}

static ir_op **moved_parts(split *s, ir_op *op, uint32_t r)
{
    uint32_t native = native_of(s, op);
    if (op->code == IR_tap)
        return tap_in_parts(s, op, r);
    if (op->code != IR_untap)
        return each_part(s, op, r);
    if (r == 1)
        return same_in_all(s, untap_whole(s, op), 1);
    return r == native ? untap_in_parts(s, op, r)
                       : taken_apart(s, split_get(s, op, 1), 1, op->space, r);
}

static ir_op **converted(split *s, ir_op *op, uint32_t r)
{
    uint32_t native = native_of(s, op);
    if (r == 1)
        return same_in_all(s, native == 1 ? op : joined(s, split_get(s, op, native), native, op->space),
                           1);
    uint32_t from = r % native ? 1 : native;
    return taken_apart(s, split_get(s, op, from), from, op->space, r);
}

ir_op **split_get(split *s, ir_op *op, uint32_t r)
{
    if (!split_is_map(op))
        return same_in_all(s, op, r);
    ir_op **known = known_parts(s, op, r);
    if (known)
        return known;
    source_range where = s->at.where;
    const char *layer = s->at.layer;
    rewrite_inherit(&s->at, op);
    ir_op **made = is_moved(op) ? moved_parts(s, op, r) : converted(s, op, r);
    s->at.where = where;
    s->at.layer = layer;
    return note(s, op, r, made);
}

ir_op **split_get_clean(split *s, ir_op *op, ir_space map, uint32_t r)
{
    uint32_t all = s->graph->dims[map.dim[map.count - 1]].extent;
    if (all % r == 0)
        return split_get(s, op, r);
    ir_op *whole = split_get(s, op, 1)[0];
    if (!split_is_map(op)) {
        whole = rewrite_unary(&s->at, IR_convert, op->type.q, op);
        whole->space = map;
    }
    return taken_apart(s, &whole, 1, map, r);
}

void split_put(split *s, ir_op *op, uint32_t r, ir_op **made)
{
    if (split_columns(s->graph, op) % r) {
        note(s, op, 1, same_in_all(s, joined(s, made, r, op->space), 1));
        return;
    }
    value_of(s, op)->native = r;
    note(s, op, r, made);
}

/* ---- the walk ---- */

/* The finest split among what an op takes at every position. */
static uint32_t split_of_args(split *s, const ir_op *op)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        uint32_t native = native_of(s, op->args[i]);
        most = native > most ? native : most;
    }
    return most;
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
    return b ? gcd(b, a % b) : a;
}

/* Positions r x + c see pixels of one part each; the pixels of an adjoint one part of the positions. */
static uint32_t native_split(split *s, const ir_op *op)
{
    uint32_t r = split_of_args(s, op);
    const ir_attr *stride = ir_get(op, IR_ATTR_stride);
    if (r == 1 || !split_is_map(op) || s->in_order)
        return 1;
    if (op->code == IR_tap)
        r /= gcd(r, (uint32_t)stride->second);
    if (op->code == IR_untap)
        r *= (uint32_t)stride->second;
    return split_columns(s->graph, op) % r ? 1 : r;
}

/* Whether an op does the same at every position, whatever the position is. */
static bool is_pointwise(const ir_op *op)
{
    ir_class class = ir_ops[op->code].class;
    return (class == IR_CLASS_EACH || class == IR_CLASS_REDUCE) && !ir_get(op, IR_ATTR_stream) &&
           !ir_get(op, IR_ATTR_mode);
}

void split_visit(split *s, ir_op *op)
{
    uint32_t native = is_moved(op) || is_pointwise(op) ? native_split(s, op) : 1;
    value_of(s, op)->native = native;
    if (is_moved(op))
        return;
    if (native > 1) {
        note(s, op, native, each_part(s, op, native));
        return;
    }
    for (uint32_t i = 0; i < op->arg_count; i++)
        op->args[i] = split_get(s, op->args[i], 1)[0];
}
