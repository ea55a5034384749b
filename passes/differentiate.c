/*
 * differentiate: each `descend %loss, %rate` becomes the backward graph of that loss and, for every
 * use of a trained matrix under it, one outer product
 *
 *     y = W x:    W += outer(rate * error of y, x)
 *     y = W^T x:  W += outer(rate * x, error of y)
 *
 * Errors have the format that the attribute `error` of a value says, else that of the numerics.
 * They stay per point of the iteration space (per example): they are summed nowhere but in the
 * matrix. Updates stand at the end of the graph in the order of the uses, so that every read sees
 * the old weights. The first layer gets no transposed product: nothing before it needs an error.
 */
#include "ir/window.h"
#include "passes/gradients.h"
#include "passes/passes.h"

static bool trains(const ir_graph *g, const ir_op *op)
{
    return (op->code == IR_mvm || op->code == IR_mtvm) && gradient_trains(g, op);
}

/* Whether a state needs its error follows from the points before. */
static bool state_needs(const gradients *t, const bool *needs, const ir_op *op)
{
    return op->code == IR_prev && needs[t->recurrences.partner[op->id]->id];
}

/* Forward facts: which values depend on a trained matrix, which are drawn at random. */
static bool mark_once(const gradients *t, const ir_graph *g, bool *needs, bool *drawn)
{
    bool changed = false;
    IR_EACH(op, g) {
        bool need = trains(g, op) || state_needs(t, needs, op);
        bool chance = op->code == IR_random, only = op->arg_count > 0;
        for (uint32_t i = 0; i < op->arg_count; i++) {
            const ir_op *arg = op->args[i];
            need |= needs[arg->id];
            chance |= drawn[arg->id];
            only &= drawn[arg->id] || arg->code == IR_const;
        }
        drawn[op->id] = chance && (only || op->code == IR_random);
        need = need && (!gradient_is_mask(op) || chance);
        changed = changed || need != needs[op->id];
        needs[op->id] = need;
    }
    return changed;
}

static void mark(const gradients *t, const ir_graph *g, bool *needs, bool *drawn)
{
    while (mark_once(t, g, needs, drawn) && t->recurrences.states)
        continue;
}

/* Which dimensions are rows and columns of maps: all maps come from these ops and inputs. */
static bool *spatial_dims(const ir_graph *g)
{
    bool *spatial = ARENA_ARRAY(g->module->memory, bool, g->dim_count + 1);
    IR_EACH(op, g) {
        bool map = (op->code == IR_input || op->code == IR_prev) && op->space.count > 2;
        uint8_t from = map ? ir_frame(op->space).count : ir_result_frame(op).count;
        for (uint8_t i = from; (map || ir_is_spatial(op->code)) && i < op->space.count; i++)
            spatial[op->space.dim[i]] = true;
    }
    return spatial;
}

/* The forward ops up to `descend`, last first, each passing its error on to its arguments. */
static void backward(gradients *t, ir_op *descend)
{
    ir_op *before;
    t->error[descend->args[0]->id] = gradient_seed(t);
    for (ir_op *op = descend->previous; op; op = before) {
        before = op->previous;
        if (t->recurrences.states && t->recurrences.of[op->id]) {
            before = gradient_recurrence(t, op);
            continue;
        }
        if (!t->error[op->id] || !t->needs[op->id])
            continue;
        rewrite_inherit(&t->at, op);
        t->q_error = gradient_towards(t, op);
        gradient_rows[op->code](t, op, t->error[op->id]);
    }
}

/* The column operand has the format in which column times row lands on the weights' grid. */
static bool column_format(gradients *t, const ir_op *use, const ir_matrix *w, int q_row, uint8_t *q)
{
    int wanted = w->q - q_row;
    *q = (uint8_t)wanted;
    if (wanted >= 0 && wanted <= 31)
        return true;
    diag_error(t->diag, use->where,
               "the column operand would need q%d (weights q%d - rows q%d); formats go from q0 to "
               "q31",
               wanted, w->q, q_row);
    return false;
}

/* What the use of a matrix took, with the time of the error. */
static ir_op **operands_of(gradients *t, const gradient_update *u)
{
    ir_op **args = ARENA_ARRAY(t->at.graph->module->memory, ir_op *, u->use->arg_count);
    for (uint32_t i = 0; i < u->use->arg_count; i++)
        args[i] = u->turned ? gradient_turned(t, u->use->args[i]) : u->use->args[i];
    return args;
}

/* Whether the weights that argument i of a product meets stay as they are: their row is 0. */
static bool is_still(const ir_op *use, uint32_t i)
{
    return use->code == IR_mvm && (ir_get_int(use, IR_ATTR_still, 0) >> i & 1);
}

static ir_op *zeros_like(gradients *t, const ir_op *x)
{
    return rewrite_const(&t->at, 0, x->type.lanes, x->type.q);
}

static void emit_update(gradients *t, const gradient_update *u, ir_op *rate)
{
    const ir_op *use = u->use;
    arena *memory = t->at.graph->module->memory;
    bool transposed = use->code == IR_mtvm;
    ir_op *error = u->error, **taken = operands_of(t, u);
    ir_op *const *column = transposed ? taken : &error;
    ir_op *const *row = transposed ? &error : taken;
    uint32_t columns = transposed ? use->arg_count : 1, rows = transposed ? 1 : use->arg_count;
    uint8_t q;
    rewrite_inherit(&t->at, use);
    if (!column_format(t, use, rewrite_matrix(t->at.graph, use), row[0]->type.q, &q))
        return;
    ir_op **args = ARENA_ARRAY(memory, ir_op *, columns + rows);
    for (uint32_t i = 0; i < columns; i++)
        args[i] = rewrite_binary(&t->at, IR_mul, q, column[i], rate);
    for (uint32_t i = 0; i < rows; i++)
        args[columns + i] = is_still(use, i) ? zeros_like(t, row[i]) : row[i];
    rewrite end = t->at;
    end.after = t->at.graph->last;
    ir_op *opa = rewrite_op(&end, IR_opa, ir_no_type, columns + rows, args);
    rewrite_copy_attr(t->at.graph, opa, use, IR_ATTR_matrix);
    ir_set_int(t->at.graph, opa, IR_ATTR_ncol, columns);
}

static void descend_loss(pass_context *c, ir_graph *g, ir_op *descend)
{
    arena *memory = g->module->memory;
    gradients t = {0};
    gradient_group(&t, g);
    bool *needs = ARENA_ARRAY(memory, bool, g->next_id);
    bool *drawn = ARENA_ARRAY(memory, bool, g->next_id);
    t.at = rewrite_after(g, descend);
    t.diag = c->diag;
    t.q_usual = g->module->numerics.q_error;
    t.q_error = g->module->numerics.q_error;
    t.needs = needs;
    t.drawn = drawn;
    t.spatial = spatial_dims(g);
    t.error = ARENA_ARRAY(memory, ir_op *, g->next_id);
    mark(&t, g, needs, drawn);
    if (needs[descend->args[0]->id])
        backward(&t, descend);
    for (size_t i = t.update_count; i-- > 0;)
        emit_update(&t, &t.updates[i], descend->args[1]);
    ir_op_remove(g, descend);
}

/* Updates are made in the order of one iteration space that holds all of them. */
static void check_updates(pass_context *c, const ir_graph *g)
{
    const ir_module *m = c->module;
    ir_space *all = ARENA_ARRAY(c->memory, ir_space, m->matrix_count + 1);
    IR_EACH(op, g) {
        size_t k = 0;
        const ir_matrix *w = op->code == IR_opa ? rewrite_matrix(g, op) : NULL;
        while (w && m->matrices[k] != w)
            k++;
        all[k] = w ? ir_space_union(g, all[k], op->space) : all[k];
        if (w && !ir_space_within(op->space, all[k]))
            diag_error(c->diag, op->where,
                       "not supported: updates of '%s' over maps of different sizes, because they "
                       "have no common order of positions",
                       w->name);
    }
}

static void differentiate_graph(pass_context *c, ir_graph *g)
{
    IR_EACH(op, g)
        if (op->code == IR_descend)
            descend_loss(c, g, op);
    IR_EACH(op, g) {
        ir_unset(op, IR_ATTR_error);
        ir_unset(op, IR_ATTR_still);
    }
    ir_graph_sweep(g);
    check_updates(c, g);
    IR_EACH(op, g)
        if (ir_ops[op->code].class == IR_CLASS_LOSS)
            diag_error(c->diag, op->where,
                       "not supported: the value of a loss inside a kernel, because the host works "
                       "it out from the outputs");
    ir_graph_renumber(g);
}

bool pass_differentiate(pass_context *c)
{
    int errors = diag_errors(c->diag);
    for (size_t i = 0; i < c->module->graph_count; i++)
        differentiate_graph(c, c->module->graphs[i]);
    return diag_errors(c->diag) == errors;
}
