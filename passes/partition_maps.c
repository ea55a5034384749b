#include "ir/ring.h"
#include "ir/window.h"
#include "passes/partition.h"

#include <string.h>

/* A reader of `lanes` words of one op from word `first` of its pixels on. */
static ir_op *reader_of(partition *p, const ir_op *old, ir_op *from, uint64_t first, uint32_t lanes)
{
    ir_op *op = partition_like(p, old, lanes, 1, &from);
    ir_set_int(p->at.make.graph, op, IR_ATTR_first, (int64_t)first);
    return op;
}

/* In pieces that fit a block. */
static void append(partition *p, vector *v, ir_op *op)
{
    for (uint32_t at = 0; at < op->type.lanes; at += p->at.side) {
        uint32_t left = op->type.lanes - at;
        pieces_append(&p->at, v, (piece){op, at, left < p->at.side ? left : p->at.side});
    }
}

static ir_op *copied(partition *p, const ir_op *old, ir_op *from)
{
    ir_op *copy = rewrite_unary(&p->at.make, IR_convert, from->type.q, from);
    copy->space = old->args[0]->space;
    return copy;
}

/* Something that fills a ring: constants and what is read from a ring itself are copied for it. */
static ir_op *streamed(partition *p, const ir_op *old, ir_op *from)
{
    if (from->code != IR_const && from->code != IR_bcast && !ir_is_reader(from->code))
        return from;
    return copied(p, old, from);
}

/* The whole of a vector is one op: its pixels lie end to end in a ring. */
static ir_op *single(const vector *v)
{
    const piece *first = &v->pieces[0];
    return v->count == 1 && first->first == 0 && first->lanes == first->op->type.lanes ? first->op
                                                                                       : NULL;
}

/* Where in a vector a lane is: its piece, and how many lanes of that are left from there on. */
static piece piece_at(const vector *v, uint32_t lane)
{
    uint32_t at = 0;
    for (size_t i = 0; i < v->count; at += v->pieces[i++].lanes)
        if (lane < at + v->pieces[i].lanes) {
            piece found = v->pieces[i];
            return (piece){found.op, found.first + (lane - at), found.lanes - (lane - at)};
        }
    return (piece){NULL, 0, 0};
}

/*
 * Words first .. of pixels that follow each other, each of which is all of x: one reader for all if
 * x is one op, else one per pixel and piece. `pixel` makes the reader of the pixel that many on.
 */
typedef ir_op *pixel_reader(partition *p, const ir_op *old, piece part, uint64_t pixel);

static void cut_run(partition *p, ir_op *op, pixel_reader *reader)
{
    const vector *x = op->args[0]->scratch;
    vector *v = pieces_vector(&p->at, op);
    uint64_t first = (uint64_t)ir_get_int(op, IR_ATTR_first, 0), end = first + op->type.lanes;
    ir_op *whole = single(x);
    if (whole) {
        append(p, v, reader_of(p, op, streamed(p, op, whole), first, op->type.lanes));
        return;
    }
    while (first < end) {
        piece part = piece_at(x, (uint32_t)(first % x->lanes));
        part.lanes = end - first < part.lanes ? (uint32_t)(end - first) : part.lanes;
        append(p, v, reader(p, op, part, first / x->lanes));
        first += part.lanes;
    }
}

static ir_op *tap_pixel(partition *p, const ir_op *old, piece part, uint64_t pixel)
{
    const ir_attr *at = ir_get(old, IR_ATTR_at);
    ir_op *tap = reader_of(p, old, streamed(p, old, part.op), part.first, part.lanes);
    ir_set_pair(p->at.make.graph, tap, IR_ATTR_at, at->value, at->second + (int64_t)pixel);
    return tap;
}

void partition_tap(partition *p, ir_op *op)
{
    cut_run(p, op, tap_pixel);
}

static ir_op *flat_pixel(partition *p, const ir_op *old, piece part, uint64_t pixel)
{
    ir_op *from = streamed(p, old, part.op);
    return reader_of(p, old, from, pixel * from->type.lanes + part.first, part.lanes);
}

void partition_flatten(partition *p, ir_op *op)
{
    cut_run(p, op, flat_pixel);
}

void partition_untap(partition *p, ir_op *op)
{
    const vector *x = op->args[0]->scratch;
    vector *v = pieces_vector(&p->at, op);
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0), end = first + op->type.lanes;
    while (first < end) {
        piece part = piece_at(x, first);
        part.lanes = end - first < part.lanes ? end - first : part.lanes;
        append(p, v, reader_of(p, op, streamed(p, op, part.op), part.first, part.lanes));
        first += part.lanes;
    }
}

/* A view of a register: what is in none is copied into one. */
void partition_final(partition *p, ir_op *op)
{
    vector *v = pieces_vector(&p->at, op);
    for (uint32_t b = 0; b < rewrite_blocks(op->type.lanes, p->at.side); b++) {
        ir_op *x = pieces_block(&p->at, op->args[0]->scratch, b);
        x = x->code == IR_input ? copied(p, op, x) : streamed(p, op, x);
        ir_op *last = partition_like(p, op, x->type.lanes, 1, &x);
        pieces_append(&p->at, v, (piece){last, 0, last->type.lanes});
    }
}

/* All pieces of the vector fill one ring, in which its pixels lie end to end. */
void partition_unflatten(partition *p, ir_op *op)
{
    vector joined = {0}, *v = pieces_vector(&p->at, op);
    op_list parts = {0};
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const vector *x = op->args[i]->scratch;
        pieces_append_range(&p->at, &joined, x, 0, x->lanes);
    }
    pieces_gather(&p->at, &joined, 0, joined.lanes, &parts);
    for (size_t i = 0; i < parts.count; i++)
        parts.at[i] = streamed(p, op, parts.at[i]);
    for (uint32_t at = 0; at < op->type.lanes; at += p->at.side) {
        uint32_t left = op->type.lanes - at, lanes = left < p->at.side ? left : p->at.side;
        ir_op *part = partition_like(p, op, lanes, parts.count, parts.at);
        ir_set_int(p->at.make.graph, part, IR_ATTR_first, first + at);
        pieces_append(&p->at, v, (piece){part, 0, lanes});
    }
}

/* ---- one grid for each matrix ---- */

static bool is_product(const ir_op *op)
{
    return op->code == IR_mvm || op->code == IR_mtvm;
}

/* The largest space in which the op's matrix is used; its own if they do not fit each other. */
static ir_space space_of_matrix(const ir_graph *g, const ir_op *op)
{
    ir_space most = op->space;
    const char *name = ir_get_name(op, IR_ATTR_matrix, "");
    IR_EACH(other, g)
        if (ir_ops[other->code].class == IR_CLASS_MATRIX && ir_space_within(most, other->space) &&
            !strcmp(ir_get_name(other, IR_ATTR_matrix, ""), name))
            most = other->space;
    return most;
}

/* Draws of random numbers and sums over points are per point of the op's own space. */
static bool counts_points(const ir_op *op)
{
    return ir_get(op, IR_ATTR_stream) || op->code == IR_opa || op->code == IR_output ||
           op->code == IR_prev;
}

/* The value at the last position, which all others equal. */
static ir_op *value_of_example(ir_graph *g, ir_op *x)
{
    ir_op *last = ir_op_new(g, x, IR_final, x->type, &x, 1, x->where);
    last->space = ir_frame(x->space);
    return last;
}

/* An op takes over the positions of its arguments, up to one that has positions or sums anyway. */
static void widen_users(ir_graph *g, ir_op *from)
{
    for (ir_op *op = from->next; op; op = op->next)
        for (uint32_t i = 0; i < op->arg_count; i++) {
            ir_space takes = op->code == IR_prev ? ir_frame(op->space) : op->space;
            bool wider = op->args[i]->space.count > takes.count && takes.count;
            if (!wider || ir_is_spatial(op->code))
                continue;
            if (counts_points(op))
                op->args[i] = value_of_example(g, op->args[i]);
            else
                op->space = ir_space_union(g, op->space, op->args[i]->space);
        }
}

/*
 * The error of a map may be the same at all of its positions, and so is what MTVM makes of it. A core
 * has one loop: such a product is made at every position, as the others with its matrix are.
 */
void partition_widen(ir_graph *g)
{
    IR_EACH(op, g) {
        if (!is_product(op) || !op->space.count)
            continue;
        ir_space space = space_of_matrix(g, op);
        if (space.count == op->space.count)
            continue;
        op->space = space;
        widen_users(g, op);
    }
}

/* ---- what there is no form for ---- */

static bool in_pixel_order(const ir_op *op)
{
    return strcmp(ir_get_name(op, IR_ATTR_layout, "lanes"), "pixels") == 0;
}

static const char *reason_against(const ir_graph *g, const ir_op *op)
{
    ir_class class = ir_ops[op->code].class;
    bool spatial = class == IR_CLASS_WINDOW || class == IR_CLASS_SPACE;
    if (op->space.count == 2)
        return "values per row and column but not per example, because a core has one loop over "
               "all "
               "of them";
    if (op->space.count > 3)
        return "values over more than two dimensions beside the batch, because a core has one loop "
               "over rows and columns";
    if (!spatial)
        return NULL;
    if ((op->code == IR_flatten || op->code == IR_unflatten) && !in_pixel_order(op))
        return "a map as a vector in the order channel, row, column on the machine, because pixels "
               "lie there in the order row, column, channel; it can feed matrices that take "
               "nothing else";
    ir_window w = ir_window_of(g, op);
    if (op->code == IR_untap && (w.pad[0] >= w.kernel[0] || w.pad[1] >= w.kernel[1]))
        return "a padding as large as the kernel in a backward pass";
    return NULL;
}

bool partition_check_maps(pass_context *c)
{
    bool good = true;
    for (size_t i = 0; i < c->module->graph_count; i++) {
        const ir_graph *g = c->module->graphs[i];
        IR_EACH(op, g) {
            const char *reason = good ? reason_against(g, op) : NULL;
            if (!reason)
                continue;
            diag_error(c->diag, op->where, "not supported: %s", reason);
            good = false;
        }
    }
    return good;
}
