/*
 * Unrolled seqs, which are few: a seq is one vector for each of its steps, and the body of a scan is
 * built once for each step, with the same matrices. So a graph, its program and the time to compile it grow with the
 * number of steps; a graph that would grow beyond STEPS_OPS is refused.
 */
#include "frontend/language/build.h"

#include <inttypes.h>

enum { STEPS_OPS = 100000 };

typedef struct build_loop {
    int64_t step;
    ir_op **next; /* of each op of the body that is a state: its value at the next step */
} build_loop;

/* Steps are counted besides ops: not each of them makes one. */
bool build_within(builder *b, int64_t steps, source_range where)
{
    if (steps <= STEPS_OPS)
        b->stepped += steps;
    if (steps <= STEPS_OPS && b->g->next_id <= STEPS_OPS && b->stepped <= 4 * STEPS_OPS)
        return true;
    const char *what = arena_printf(b->m->memory, "a graph of more than %d operations", STEPS_OPS);
    build_refuse(b, where, what, "every step of a seq has operations of its own");
    return false;
}

ir_op **build_steps(builder *b, int64_t count, source_range where)
{
    if (!build_within(b, count, where))
        return NULL;
    return ARENA_ARRAY(b->m->memory, ir_op *, (size_t)count);
}

bool build_is_zero(const ir_op *op)
{
    const ir_attr *value = op->code == IR_const ? ir_get(op, IR_ATTR_value) : NULL;
    return value && value->real == 0;
}

/* ---- the same op at every step ---- */

/* Steps of the seq that op makes, or else of those it takes. */
static int64_t steps_of(const builder *b, const pan_op *op)
{
    const pan_type *t = &op->type;
    for (uint32_t i = 0; t->kind != PAN_SEQ && i < op->arg_count; i++)
        t = &build_arg_op(b, op, i)->type;
    return t->steps;
}

void build_each_step(builder *b, const pan_op *op, build_function *build, build_value *to)
{
    int64_t count = steps_of(b, op);
    ir_op **steps = build_steps(b, count, op->where);
    bool makes = op->type.kind == PAN_SEQ;
    for (b->step = 0; steps && b->step < count; b->step++) {
        ir_op *made = build(b, op);
        if (b->failed || (makes && !made) || !build_within(b, 0, op->where))
            return;
        steps[b->step] = made;
    }
    to->steps = makes ? steps : NULL;
}

ir_op *build_mean_loss(builder *b, const pan_op *op, build_function *loss)
{
    int64_t count = steps_of(b, op);
    double part = 1 / (double)count;
    bool rolled = build_is_rolled(b, &build_arg_op(b, op, 0)->type);
    ir_op *sum = rolled ? build_rolled_mean(b, op, loss(b, op), count) : NULL;
    for (b->step = 0; !rolled && b->step < count; b->step++) {
        ir_op *one = loss(b, op);
        if (!one || !build_within(b, 1, op->where))
            return NULL;
        sum = sum ? build_op(b, IR_add, one->type, op->where, 2, (ir_op *[]){sum, one}) : one;
    }
    if (!sum)
        return NULL;
    ir_op *scale = build_const(b, part, 1, build_finest(part), op->where);
    return build_op(b, IR_mul, sum->type, op->where, 2, (ir_op *[]){sum, scale});
}

/* ---- shapes ---- */

static ir_op **steps_of_arg(const builder *b, const pan_op *op)
{
    return b->values[op->args[0]].steps;
}

void build_last(builder *b, const pan_op *op, build_value *to)
{
    if (build_is_rolled(b, &build_arg_op(b, op, 0)->type)) {
        to->op = build_rolled_last(b, op);
        return;
    }
    ir_op *last = steps_of_arg(b, op)[build_arg_op(b, op, 0)->type.steps - 1];
    to->op = build_to_format(b, last, op->q, op->where);
}

void build_reverse(builder *b, const pan_op *op, build_value *to)
{
    if (build_is_rolled(b, &op->type)) {
        to->op = build_rolled_reverse(b, op);
        return;
    }
    int64_t count = op->type.steps;
    ir_op **steps = build_steps(b, count, op->where);
    for (int64_t i = 0; steps && i < count; i++)
        steps[i] = build_to_format(b, steps_of_arg(b, op)[count - 1 - i], op->q, op->where);
    to->steps = steps;
}

/* A vector as steps of equal width. */
static ir_op **cut(builder *b, ir_op *x, const pan_type *seq, source_range where)
{
    ir_op **steps = build_steps(b, seq->steps, where);
    uint32_t lanes = (uint32_t)build_lanes(seq);
    for (int64_t i = 0; steps && i < seq->steps; i++) {
        steps[i] = build_op(b, IR_slice, ir_vec(lanes, x->type.q), where, 1, &x);
        ir_set_int(b->g, steps[i], IR_ATTR_first, i * lanes);
    }
    return steps;
}

/* Elements keep their order, in which those of a map are (channel, row, column). */
void build_reshape_seq(builder *b, const pan_op *op, build_value *to)
{
    const pan_type *from = &build_arg_op(b, op, 0)->type;
    build_value x = b->values[op->args[0]];
    if (pan_type_equal(from, &op->type)) {
        *to = x;
        return;
    }
    if (build_elements(from) > 1 << 24) {
        build_refuse(b, op->where, "a vector of more than 2^24 elements",
                     "the graph IR cannot hold it");
        return;
    }
    ir_type whole = ir_vec((uint32_t)build_elements(from), (uint8_t)op->q);
    if (x.steps) {
        ir_op **parts = build_steps(b, from->steps, op->where);
        for (int64_t i = 0; parts && i < from->steps; i++)
            parts[i] = build_to_format(b, x.steps[i], op->q, op->where);
        x.op = parts ? build_op(b, IR_concat, whole, op->where, (size_t)from->steps, parts) : NULL;
    } else if (from->kind == PAN_MAP) {
        x.op = build_flatten(b, x.op, op->where);
    } else if (from->kind == PAN_SEQ) {
        x.op = build_rolled_join(b, x.op, from, op->where);
    }
    x.op = x.op ? build_to_format(b, x.op, op->q, op->where) : NULL;
    if (x.op && build_is_rolled(b, &op->type))
        to->op = build_rolled_cut(b, x.op, &op->type, op->where);
    else if (x.op && op->type.kind == PAN_SEQ)
        to->steps = cut(b, x.op, &op->type, op->where);
    else if (x.op && op->type.kind == PAN_MAP)
        to->op = build_unflatten(b, x.op, &op->type, op->where);
    else
        to->op = x.op;
}

/* ---- scan ---- */

ir_op *build_scan_item(builder *b, const pan_op *op)
{
    const build_value *seq = &b->values[op->args[0]];
    ir_op *item = b->scan_steps ? seq->op : seq->steps[b->loop->step];
    return item->type.kind == IR_VEC ? build_to_format(b, item, op->q, op->where) : item;
}

ir_op *build_state(builder *b, const pan_op *op)
{
    bool first = b->scan_steps || !b->loop->step;
    ir_op *value = !first ? b->loop->next[op - b->body->ops] : build_arg(b, op, 0);
    if (build_is_zero(value))
        value = build_const(b, 0, (uint32_t)build_lanes(&op->type), op->q, op->where);
    value = build_to_format(b, value, op->q, op->where);
    return b->scan_steps ? build_prev(b, value, b->scan_steps, op->where) : value;
}

ir_op *build_state_next(builder *b, const pan_op *op)
{
    ir_op *value = build_arg(b, op, 1);
    if (b->scan_steps)
        build_next(b, b->values[op->args[0]].op, value);
    else
        b->loop->next[op->args[0]] = value;
    return value;
}

static size_t end_of(const pan_body *body, size_t begin)
{
    size_t at = begin, depth = 0;
    do {
        depth += body->ops[at].code == PAN_SCAN_BEGIN;
        depth -= body->ops[at].code == PAN_SCAN_END;
        at++;
    } while (depth);
    return at - 1;
}

/* One step; what it yields goes to step `loop->step` of the results. */
static bool one_step(builder *b, size_t begin, size_t end, ir_op ***yields)
{
    const pan_op *yield = &b->body->ops[end];
    build_ops(b, begin + 1, end);
    for (uint32_t i = 0; !b->failed && i < yield->arg_count; i++)
        yields[i][b->loop->step] = build_arg(b, yield, i);
    return !b->failed && build_within(b, 1, b->body->ops[begin].where);
}

size_t build_scan(builder *b, size_t begin)
{
    const pan_op *ops = b->body->ops;
    size_t end = end_of(b->body, begin), behind = end + 1, results = ops[end].arg_count;
    int64_t count = steps_of(b, &ops[begin]);
    if (build_is_rolled(b, &ops[begin].type)) {
        build_rolled_scan(b, begin, end, count);
        return behind + results;
    }
    build_loop loop = {.next = ARENA_ARRAY(b->m->memory, ir_op *, b->body->count)};
    build_loop *around = b->loop;
    ir_op ***yields = ARENA_ARRAY(b->m->memory, ir_op **, results + 1);
    bool good = true;
    for (size_t i = 0; good && i < results; i++)
        good = (yields[i] = build_steps(b, count, ops[begin].where)) != NULL;
    b->loop = &loop;
    for (; good && loop.step < count; loop.step++)
        good = one_step(b, begin, end, yields);
    b->loop = around;
    for (; behind < b->body->count && ops[behind].code == PAN_SCAN_RESULT; behind++)
        b->values[behind] = (build_value){.steps = good ? yields[ops[behind].index] : NULL};
    return behind;
}
