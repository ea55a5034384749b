/*
 * place: every block of a matrix gets an MCU, every vector operation a core.
 *
 * A matrix fills MCUs with block columns outside and block rows inside, so that partial products of
 * one output are neighbours. A matrix starts on a core of its own in a tile that has room for all of
 * it; where the machine is too small for that, cores, then MCUs are packed densely. Tiles are taken in
 * row-major order of the mesh, nodes one after the other.
 *
 * A vector operation runs where its first argument of the same size is made, one that only takes
 * inputs and constants where its result is used first, a sum of partial products on one of their
 * cores (place_sums.c). A `bcast` is repeated on every core that uses it: one word travels instead of
 * a vector; so are comparisons with constants. Inputs, outputs and constants have no core.
 */
#include "passes/place.h"
#include "passes/placing.h"
#include "passes/rewrite.h"

/* ---- operations ---- */

/*
 * Inputs, outputs and constants have no core; readers go where they are used, `final` is a view,
 * and the two ops of a state go to one core together.
 */
static bool wants_core(const ir_op *op)
{
    ir_class class = ir_ops[op->code].class;
    return !placing_on_core(op) && class != IR_CLASS_SINK && !ir_is_reader(op->code) &&
           op->code != IR_final && class != IR_CLASS_STATE && (class != IR_CLASS_SOURCE || op->code == IR_random);
}

/* False if the core already runs another loop. */
static bool place_on_block(place_state *s, ir_op *op)
{
    const ir_matrix *w = rewrite_matrix(s->graph, op);
    const ir_attr *block = ir_get(op, IR_ATTR_block);
    size_t columns = ir_block_columns(s->graph->module, w);
    op->place = w->blocks[(size_t)block->value * columns + (size_t)block->second];
    place_core *core = place_core_at(s, op->place);
    if (!place_suits(s, op, op->place)) {
        ir_grid grid = ir_grid_of(s->graph, op->space);
        diag_error(
            s->context->diag, op->where,
            "not supported: matrix '%s' over %u x %u positions on a core with a loop over %u x %u, "
            "because a core has one loop",
            w->name, grid.rows, grid.columns, core->grid.rows, core->grid.columns);
        return false;
    }
    if (!placing_once(op))
        core->grid = ir_grid_of(s->graph, op->space);
    return true;
}

static bool place_products(place_state *s)
{
    IR_EACH(op, s->graph)
        if (placing_is_matrix(op)) {
            if (!place_on_block(s, op))
                return false;
            place_charge(s, op);
        }
    return true;
}

static int64_t work_at(place_state *s, ir_place place)
{
    return place_core_at(s, place)->work;
}

/*
 * Of the cores that make an argument of the op's size (or any argument, if none has its size) the
 * one with the least to do, the later one of equals (its operands came later, too). So the sums of
 * partial products spread over the cores that hold the blocks.
 */
static void place_after_args(place_state *s, ir_op *op)
{
    const ir_op *home = NULL;
    bool sized = false;
    if (place_sum(s, op))
        return;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        bool same = arg->type.lanes == op->type.lanes;
        if (!placing_on_core(arg) || (sized && !same) || !place_suits(s, op, arg->place))
            continue;
        if (!home || (same && !sized) || work_at(s, arg->place) <= work_at(s, home->place))
            home = arg;
        sized = sized || same;
    }
    if (home)
        place_put(s, op, home->place);
}

static void place_downwards(place_state *s)
{
    IR_EACH(op, s->graph)
        if (wants_core(op))
            place_after_args(s, op);
        else if (op->code == IR_final && placing_on_core(op->args[0]))
            op->place = placing_core_of(op->args[0]->place);
}

/* What is still without a core goes to its first user on one that runs the same loop. */
static void place_upwards(place_state *s)
{
    ir_op **user = ARENA_ARRAY(s->memory, ir_op *, s->graph->next_id);
    for (ir_op *op = s->graph->last; op; op = op->previous) {
        if (wants_core(op) && user[op->id] && place_suits(s, op, user[op->id]->place))
            place_put(s, op, user[op->id]->place);
        for (uint32_t i = 0; placing_on_core(op) && i < op->arg_count; i++)
            user[op->args[i]->id] = op;
    }
}

static const ir_op *placed_user(place_state *s, const ir_op *value)
{
    for (const ir_op *op = value->next; op; op = op->next)
        for (uint32_t i = 0; i < op->arg_count; i++)
            if (op->args[i] == value && placing_on_core(op) && place_suits(s, value, op->place))
                return op;
    return NULL;
}

/*
 * A state lives where its value is made: one op that leaves it in a register of the core and one that
 * finds it there. Where that is on no core (a constant), it lives where it is used.
 */
static void place_states(place_state *s, bool users)
{
    IR_EACH(prev, s->graph) {
        ir_op *next = prev->code == IR_prev ? s->recurrences.partner[prev->id] : NULL;
        if (!next || placing_on_core(prev))
            continue;
        const ir_op *home = next->args[0];
        if (!placing_on_core(home) || !place_suits(s, next, home->place))
            home = users ? placed_user(s, prev) : NULL;
        if (!home)
            continue;
        place_put(s, prev, home->place);
        place_put(s, next, home->place);
    }
}

/* Where an op's operands come from, behind readers; the first core if from nowhere. */
static ir_place origin_of(const ir_op *op)
{
    while (op->arg_count && !placing_on_core(op))
        op = op->args[0];
    return placing_on_core(op) ? op->place : (ir_place){0, 0, 0, -1};
}

/* The rest, each with what follows it. */
static bool place_rest(place_state *s)
{
    IR_EACH(op, s->graph) {
        if (!wants_core(op))
            continue;
        place_after_args(s, op);
        if (!placing_on_core(op) && !place_anywhere(s, op, origin_of(op)))
            return false;
    }
    place_downwards(s);
    place_states(s, true);
    IR_EACH(op, s->graph) {
        ir_op *next = op->code == IR_prev ? s->recurrences.partner[op->id] : NULL;
        if (!next || placing_on_core(op))
            continue;
        if (!place_anywhere(s, op, origin_of(op)))
            return false;
        place_put(s, next, op->place);
    }
    return true;
}

/* ---- operations that are repeated where they are used ---- */

typedef struct copy {
    struct copy *next;
    ir_op *op;
} copy;

/* The op again on the core of `user`, in its loop. Copies hang on its scratch. */
static ir_op *copy_for(place_state *s, ir_op *op, const ir_op *user)
{
    for (const copy *c = op->scratch; c; c = c->next)
        if (placing_same_core(c->op->place, user->place))
            return c->op;
    rewrite at = rewrite_after(s->graph, op);
    copy *c = ARENA_NEW(s->memory, copy);
    c->next = op->scratch;
    c->op = rewrite_like(&at, op, op->type, op->arg_count, op->args);
    if (!place_suits(s, op, user->place))
        c->op->space = user->space;
    c->op->place = placing_core_of(user->place);
    op->scratch = c;
    return c->op;
}

/* A value of each example is not made anew at every position if that draws random numbers. */
static bool may_repeat(place_state *s, const ir_op *op, const ir_op *user)
{
    return place_suits(s, op, user->place) || !ir_get(op, IR_ATTR_stream);
}

static void repeat(place_state *s, bool (*wanted)(const ir_op *op, const ir_op *user))
{
    IR_EACH(user, s->graph)
        for (uint32_t i = 0; i < user->arg_count; i++)
            if (placing_on_core(user) && placing_on_core(user->args[i]) &&
                wanted(user->args[i], user) &&
                !placing_same_core(user->place, user->args[i]->place) &&
                may_repeat(s, user->args[i], user))
                user->args[i] = copy_for(s, user->args[i], user);
    IR_EACH(op, s->graph)
        op->scratch = NULL;
}

/*
 * Operands of updates that are rounded: the value they are made of is on the core anyway (its MVM or
 * MTVM takes it), and the draws of a stream are the same on every core, so making them again costs
 * no transfer.
 */
static bool is_update_operand(const ir_op *op, const ir_op *user)
{
    return user->code == IR_opa && (op->code == IR_round || op->code == IR_mul);
}

/* The strips of such an operand come to the core anyway, for its product. */
static bool is_joined_operand(const ir_op *op, const ir_op *user)
{
    return op->code == IR_concat &&
           (user->code == IR_opa || user->code == IR_round || user->code == IR_mul);
}

/* One word travels instead of a vector. */
static bool is_broadcast(const ir_op *op, const ir_op *user)
{
    (void)user;
    return op->code == IR_bcast;
}

static bool is_choice(const ir_op *op, const ir_op *user)
{
    (void)user;
    return placing_is_choice(op);
}

/* What is read out of a ring is read by every core that uses it. */
static bool is_read(const ir_op *op, const ir_op *user)
{
    (void)user;
    return ir_is_reader(op->code);
}

static void place_readers(place_state *s)
{
    IR_EACH(user, s->graph)
        for (uint32_t i = 0; i < user->arg_count; i++)
            if (placing_on_core(user) && ir_is_reader(user->args[i]->code) &&
                !placing_on_core(user->args[i]))
                user->args[i]->place = placing_core_of(user->place);
    repeat(s, is_read);
}

/* The sweep would also take inputs that only give a port its width. */
static void drop_unused(place_state *s)
{
    ir_graph_renumber(s->graph);
    bool *used = ARENA_ARRAY(s->memory, bool, s->graph->next_id);
    for (ir_op *op = s->graph->last, *previous; op; op = previous) {
        previous = op->previous;
        bool repeated = op->code == IR_bcast || op->code == IR_round || op->code == IR_mul ||
                        op->code == IR_concat || placing_is_choice(op);
        if (repeated && !used[op->id]) {
            ir_op_remove(s->graph, op);
            continue;
        }
        for (uint32_t i = 0; i < op->arg_count; i++)
            used[op->args[i]->id] = true;
    }
}

/* What the host gets passes through a core, whatever it is made of. */
static void anchor_outputs(ir_graph *g)
{
    IR_EACH(op, g) {
        ir_op *value = op->code == IR_output ? op->args[0] : NULL;
        bool no_core = value && (value->code == IR_input || value->code == IR_const ||
                                 ir_is_reader(value->code));
        if (!no_core)
            continue;
        ir_op *passed = ir_op_new(g, value, IR_convert, value->type, &value, 1, value->where);
        passed->space = op->space;
        op->args[0] = passed;
    }
}

static bool place_graph(pass_context *c, ir_graph *g)
{
    place_state s;
    anchor_outputs(g);
    ir_graph_renumber(g);
    place_open(&s, c, g);
    place_sums_open(&s);
    s.recurrences = ir_recurrences_of(c->memory, g);
    if (!place_products(&s))
        return false;
    place_downwards(&s);
    place_states(&s, false);
    place_upwards(&s);
    place_downwards(&s);
    place_states(&s, false);
    place_downwards(&s);
    if (!place_rest(&s))
        return false;
    repeat(&s, is_update_operand);
    if (c->tuning.strip_lanes) {
        drop_unused(&s);
        repeat(&s, is_joined_operand);
    }
    repeat(&s, is_broadcast);
    repeat(&s, is_choice);
    drop_unused(&s);
    place_readers(&s);
    ir_graph_renumber(g);
    return true;
}

bool pass_place(pass_context *c)
{
    if (!place_matrices(c))
        return false;
    for (size_t i = 0; i < c->module->graph_count; i++)
        if (!place_graph(c, c->module->graphs[i]))
            return false;
    return true;
}
