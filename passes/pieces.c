#include "passes/pieces.h"

#include "ir/ring.h"

/* What a new op has been cut into so far (in its `scratch`). */
typedef struct cut {
    struct cut *next;
    uint32_t first;
    ir_op *op;
} cut;

vector *pieces_vector(pieces *p, ir_op *old)
{
    vector *v = ARENA_NEW(p->memory, vector);
    v->blocks = ARENA_ARRAY(p->memory, ir_op *, rewrite_blocks(old->type.lanes, p->side));
    v->strips = ARENA_ARRAY(p->memory, ir_op *, rewrite_blocks(old->type.lanes, p->strip));
    old->scratch = v;
    return v;
}

void pieces_append(pieces *p, vector *v, piece part)
{
    piece *last = v->count ? &v->pieces[v->count - 1] : NULL;
    v->lanes += part.lanes;
    if (last && last->op == part.op && last->first + last->lanes == part.first &&
        last->lanes + part.lanes <= p->side)
        last->lanes += part.lanes;
    else
        ARENA_PUSH(p->memory, v->pieces, v->count, v->capacity, part);
}

/* The part of pieces[i], which starts at lane `at`, inside lanes first .. end; none: 0 lanes. */
static piece within(const vector *v, size_t i, uint32_t at, uint32_t first, uint32_t end)
{
    piece part = v->pieces[i];
    uint32_t low = first > at ? first : at;
    uint32_t high = at + part.lanes < end ? at + part.lanes : end;
    if (low >= high)
        return (piece){part.op, 0, 0};
    return (piece){part.op, part.first + (low - at), high - low};
}

void pieces_append_range(pieces *p, vector *v, const vector *from, uint32_t first, uint32_t lanes)
{
    uint32_t at = 0;
    for (size_t i = 0; i < from->count && at < first + lanes; i++) {
        piece part = within(from, i, at, first, first + lanes);
        if (part.lanes)
            pieces_append(p, v, part);
        at += from->pieces[i].lanes;
    }
}

/* The same reader for fewer words. */
static ir_op *narrower_reader(pieces *p, const ir_op *op, piece part)
{
    ir_type type = ir_vec(part.lanes, op->type.q);
    ir_op *made = rewrite_like(&p->make, op, type, op->arg_count, op->args);
    ir_set_int(p->make.graph, made, IR_ATTR_first, ir_get_int(op, IR_ATTR_first, 0) + part.first);
    return made;
}

/* What is the same in all lanes, or read from memory, is made narrower instead of being cut. */
static ir_op *narrower(pieces *p, const ir_op *op, piece part)
{
    if (op->code == IR_const)
        return rewrite_const(&p->make, ir_get(op, IR_ATTR_value)->real, part.lanes, op->type.q);
    if (op->code == IR_bcast)
        return rewrite_bcast(&p->make, op->args[0], part.lanes);
    return ir_is_reader(op->code) ? narrower_reader(p, op, part)
                                  : rewrite_slice(&p->make, part.op, part.first, part.lanes);
}

ir_op *pieces_whole(pieces *p, piece part)
{
    if (part.first == 0 && part.lanes == part.op->type.lanes)
        return part.op;
    bool uniform = part.op->code == IR_const || part.op->code == IR_bcast;
    uint32_t first = uniform ? 0 : part.first;
    for (const cut *c = part.op->scratch; c; c = c->next)
        if (c->first == first && c->op->type.lanes == part.lanes)
            return c->op;
    cut *c = ARENA_NEW(p->memory, cut);
    c->next = part.op->scratch;
    c->first = first;
    c->op = narrower(p, part.op, part);
    part.op->scratch = c;
    return c->op;
}

void pieces_gather(pieces *p, const vector *v, uint32_t first, uint32_t lanes, op_list *list)
{
    uint32_t at = 0;
    for (size_t i = 0; i < v->count && at < first + lanes; i++) {
        piece part = within(v, i, at, first, first + lanes);
        at += v->pieces[i].lanes;
        if (!part.lanes)
            continue;
        ir_op *whole = pieces_whole(p, part);
        ARENA_PUSH(p->memory, list->at, list->count, list->capacity, whole);
    }
}

/* Lanes first .. as one value. */
static ir_op *joined(pieces *p, const vector *v, uint32_t first, uint32_t lanes)
{
    op_list parts = {0};
    pieces_gather(p, v, first, lanes, &parts);
    ir_op *one = parts.at[0];
    if (parts.count > 1)
        one = rewrite_op(&p->make, IR_concat, ir_vec(lanes, one->type.q), parts.count, parts.at);
    return one;
}

ir_op *pieces_block(pieces *p, const vector *v, uint32_t b)
{
    if (!v->blocks[b])
        v->blocks[b] = joined(p, v, b * p->side, rewrite_lanes(v->lanes, p->side, b));
    return v->blocks[b];
}

ir_op *pieces_strip(pieces *p, const vector *v, uint32_t b)
{
    if (!v->strips[b])
        v->strips[b] = joined(p, v, b * p->strip, rewrite_lanes(v->lanes, p->strip, b));
    return v->strips[b];
}

void pieces_join_lists(pieces *p, op_list *to, const op_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        ARENA_PUSH(p->memory, to->at, to->count, to->capacity, from->at[i]);
}
