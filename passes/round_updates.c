/*
 * round_updates: in `stream` mode with update rounding the operands of every outer product become
 * multiples of a power of two, so that one update lands in one slice and nothing piles up in the
 * slices below (update rounding of arithmetic.md).
 *
 * A column operand that is a product made for this purpose (rate * error) is rounded as it is made,
 * from all its bits; any other operand gets a `round`, shared by all updates that use the value.
 * The pass also numbers the random streams of each graph: an op has one for every `side` lanes.
 */
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <math.h>

typedef struct rounding_state {
    ir_graph *graph;
    const update_rounding *rule;
    const bool *elsewhere; /* by id: used otherwise than as a column operand */
    ir_op **rows, **columns; /* by id: the rounded value, NULL: none yet */
} rounding_state;

static bool same_space(ir_space a, ir_space b)
{
    return ir_space_within(a, b) && ir_space_within(b, a);
}

static void set_rounding(ir_graph *g, ir_op *op, int grid, rounding mode)
{
    ir_set_int(g, op, IR_ATTR_grid, grid);
    ir_set_name(g, op, IR_ATTR_mode, mode == ROUND_STOCHASTIC ? "stochastic" : "nearest");
}

/* A constant that lies on the grid already. */
static bool on_grid(const ir_op *x, int grid)
{
    if (x->code != IR_const)
        return false;
    double units = round(ldexp(ir_get(x, IR_ATTR_value)->real, x->type.q - grid));
    return units == ldexp(ir_get(x, IR_ATTR_value)->real, x->type.q - grid);
}

static ir_op *rounded(rounding_state *s, ir_op *opa, ir_op *x, ir_op **known, int grid)
{
    if (grid == 0 || on_grid(x, grid))
        return x;
    ir_op *have = known[x->id];
    bool constant = x->code == IR_const; /* drawn anew for each point, not once per kernel */
    if (have && (!constant || same_space(have->space, opa->space)))
        return have;
    rewrite r = rewrite_before(s->graph, opa);
    ir_op *op = rewrite_unary(&r, IR_round, x->type.q, x);
    if (constant)
        op->space = opa->space;
    set_rounding(s->graph, op, grid, s->rule->mode);
    known[x->id] = op;
    return op;
}

static ir_op *rounded_column(rounding_state *s, ir_op *opa, ir_op *x)
{
    if (x->code != IR_mul || s->elsewhere[x->id])
        return rounded(s, opa, x, s->columns, s->rule->column);
    set_rounding(s->graph, x, s->rule->column, s->rule->mode);
    return x;
}

static void round_operands(pass_context *c, ir_graph *g)
{
    ir_graph_renumber(g);
    size_t limit = g->next_id; /* ids of values that were there before */
    bool *elsewhere = ARENA_ARRAY(c->memory, bool, limit);
    rounding_state s = {g, &c->module->numerics.rounding, elsewhere,
                        ARENA_ARRAY(c->memory, ir_op *, limit),
                        ARENA_ARRAY(c->memory, ir_op *, limit)};
    IR_EACH(op, g)
        for (uint32_t i = 0; i < op->arg_count; i++)
            if (op->code != IR_opa || i >= ir_get_int(op, IR_ATTR_ncol, 0))
                elsewhere[op->args[i]->id] = true;
    IR_EACH(opa, g) {
        if (opa->code != IR_opa)
            continue;
        uint32_t columns = (uint32_t)ir_get_int(opa, IR_ATTR_ncol, 0);
        for (uint32_t i = 0; i < columns; i++)
            opa->args[i] = rounded_column(&s, opa, opa->args[i]);
        for (uint32_t i = columns; i < opa->arg_count; i++)
            opa->args[i] = rounded(&s, opa, opa->args[i], s.rows, s.rule->row);
    }
}

static bool draws(const ir_op *op)
{
    const char *mode = ir_get_name(op, IR_ATTR_mode, "nearest");
    return op->code == IR_random ||
           ((op->code == IR_round || op->code == IR_mul) && mode[0] == 's');
}

/* Streams count up in the order of the ops; one that is given and fits is kept. */
static void number_streams(ir_graph *g)
{
    uint32_t side = rewrite_side(g->module);
    int64_t next = 1;
    IR_EACH(op, g) {
        if (!draws(op))
            continue;
        if (ir_get_int(op, IR_ATTR_stream, 0) < next)
            ir_set_int(g, op, IR_ATTR_stream, next);
        next = ir_get_int(op, IR_ATTR_stream, 0) + rewrite_blocks(op->type.lanes, side);
    }
}

bool pass_round_updates(pass_context *c)
{
    const ir_numerics *n = &c->module->numerics;
    for (size_t i = 0; i < c->module->graph_count; i++) {
        ir_graph *g = c->module->graphs[i];
        if (n->mode == OPA_STREAM && n->rounding.mode != ROUND_OFF)
            round_operands(c, g);
        number_streams(g);
        ir_graph_renumber(g);
    }
    return true;
}
