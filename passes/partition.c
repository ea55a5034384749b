/*
 * partition: matrices become blocks of one crossbar, vectors pieces of at most `side` lanes (the
 * shorter side of a crossbar). Sums of partial products and what is worked out lane by lane are
 * cut further, into strips, if the tuning says so: strips of one vector are worked out on several
 * cores, and the first travels while the next is made.
 *
 * A value of the old graph is kept as a list of pieces of new ops. Slices and concatenations only
 * move pieces around; lanes are copied (`slice`, `concat`) where an op needs them together. The
 * blocks of a matrix product and of a reduction are combined as a balanced tree, in the order that
 * the fixed-point interpreter uses for whole vectors, so that it gives the same bits before and
 * after.
 */
#include "passes/partition.h"

typedef void cut_row(partition *p, ir_op *op);

static ir_graph *graph_of(const partition *p)
{
    return p->at.make.graph;
}

ir_op *partition_like(partition *p, const ir_op *old, uint32_t lanes, size_t count,
                      ir_op *const *args)
{
    ir_type type = old->type.kind == IR_VEC ? ir_vec(lanes, old->type.q) : ir_no_type;
    return rewrite_like(&p->at.make, old, type, count, args);
}

static void name_part(partition *p, ir_op *op, int64_t group, size_t part)
{
    ir_set_int(graph_of(p), op, IR_ATTR_group, group);
    ir_set_int(graph_of(p), op, IR_ATTR_part, (int64_t)part);
}

static void shift_attr(partition *p, ir_op *op, ir_attr_key key, int64_t by)
{
    if (by && (ir_get(op, key) || key == IR_ATTR_first))
        ir_set_int(graph_of(p), op, key, ir_get_int(op, key, 0) + by);
}

/* ---- sources and sinks ---- */

/* Inputs and draws: a block each, told apart by the first lane or the stream. */
static void cut_source(partition *p, ir_op *op)
{
    uint32_t side = p->at.side;
    vector *v = pieces_vector(&p->at, op);
    int64_t group = p->next_group++;
    for (uint32_t b = 0; b < rewrite_blocks(op->type.lanes, side); b++) {
        ir_op *block = partition_like(p, op, rewrite_lanes(op->type.lanes, side, b), 0, NULL);
        shift_attr(p, block, op->code == IR_input ? IR_ATTR_first : IR_ATTR_stream,
                   op->code == IR_input ? (int64_t)b * side : b);
        name_part(p, block, group, b);
        pieces_append(&p->at, v, (piece){block, 0, block->type.lanes});
    }
}

/* The same number in all lanes: one op for all full blocks, one for the rest. */
static void cut_uniform(partition *p, ir_op *op)
{
    vector *v = pieces_vector(&p->at, op);
    ir_op *arg = op->arg_count ? pieces_block(&p->at, op->args[0]->scratch, 0) : NULL;
    ir_op *block = NULL;
    uint32_t side = p->at.side;
    for (uint32_t b = 0; b < rewrite_blocks(op->type.lanes, side); b++) {
        uint32_t lanes = rewrite_lanes(op->type.lanes, side, b);
        if (!block || block->type.lanes != lanes)
            block = arg && lanes == 1 ? arg : partition_like(p, op, lanes, arg ? 1 : 0, &arg);
        pieces_append(&p->at, v, (piece){block, 0, lanes});
    }
}

static void cut_output(partition *p, ir_op *op)
{
    const vector *v = op->args[0]->scratch;
    int64_t group = p->next_group++;
    uint32_t first = 0;
    for (size_t i = 0; i < v->count; i++) {
        ir_op *x = pieces_whole(&p->at, v->pieces[i]);
        ir_op *out = partition_like(p, op, 0, 1, &x);
        shift_attr(p, out, IR_ATTR_first, first);
        name_part(p, out, group, i);
        first += v->pieces[i].lanes;
    }
}

/* ---- vectors ---- */

static void cut_each(partition *p, ir_op *op)
{
    vector *v = pieces_vector(&p->at, op);
    int64_t group = p->next_group++;
    bool draws = ir_get(op, IR_ATTR_stream) != NULL; /* a stream for each block */
    uint32_t side = draws ? p->at.side : p->at.strip;
    for (uint32_t b = 0; b < rewrite_blocks(op->type.lanes, side); b++) {
        ir_op *args[3];
        for (uint32_t i = 0; i < op->arg_count; i++) {
            const vector *arg = op->args[i]->scratch;
            args[i] = draws ? pieces_block(&p->at, arg, b) : pieces_strip(&p->at, arg, b);
        }
        uint32_t lanes = rewrite_lanes(op->type.lanes, side, b);
        ir_op *block = partition_like(p, op, lanes, op->arg_count, args);
        if (draws)
            shift_attr(p, block, IR_ATTR_stream, b);
        name_part(p, block, group, b);
        pieces_append(&p->at, v, (piece){block, 0, lanes});
    }
}

static void cut_reduction(partition *p, ir_op *op)
{
    const vector *x = op->args[0]->scratch;
    uint32_t blocks = rewrite_blocks(x->lanes, p->at.side);
    ir_op **parts = ARENA_ARRAY(p->at.memory, ir_op *, blocks);
    for (uint32_t b = 0; b < blocks; b++) {
        ir_op *arg = pieces_block(&p->at, x, b);
        parts[b] = partition_like(p, op, 1, 1, &arg);
    }
    ir_op *all = rewrite_tree(&p->at.make, op->code == IR_sum ? IR_add : IR_max, parts, blocks);
    pieces_append(&p->at, pieces_vector(&p->at, op), (piece){all, 0, 1});
}

static void cut_slice(partition *p, ir_op *op)
{
    uint32_t first = (uint32_t)ir_get_int(op, IR_ATTR_first, 0);
    vector *v = pieces_vector(&p->at, op);
    pieces_append_range(&p->at, v, op->args[0]->scratch, first, op->type.lanes);
}

/* Arguments first .. end joined end to end. */
static void join(partition *p, vector *v, const ir_op *op, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const vector *arg = op->args[i]->scratch;
        pieces_append_range(&p->at, v, arg, 0, arg->lanes);
    }
}

static void cut_concat(partition *p, ir_op *op)
{
    join(p, pieces_vector(&p->at, op), op, 0, op->arg_count);
}

/* ---- states ---- */

/* Each block is a state of its own. */
static void cut_prev(partition *p, ir_op *op)
{
    cut_each(p, op);
    const vector *v = op->scratch;
    for (size_t i = 0; i < v->count; i++)
        ir_set_int(graph_of(p), v->pieces[i].op, IR_ATTR_state, p->next_state++);
}

static void cut_next(partition *p, ir_op *op)
{
    cut_each(p, op);
    const vector *v = op->scratch, *prev = p->recurrences.partner[op->id]->scratch;
    for (size_t i = 0; i < v->count; i++)
        rewrite_copy_attr(graph_of(p), v->pieces[i].op, prev->pieces[i].op, IR_ATTR_state);
}

/* ---- matrices ---- */

/* A matrix and the sides on which a product takes its operand (inner) and makes its result. */
typedef struct sides {
    const ir_matrix *w;
    bool forward; /* mvm: operand over block rows; mtvm: over block columns */
    uint32_t inner, outer;
} sides;

static sides sides_of(partition *p, const ir_op *op)
{
    const ir_module *m = graph_of(p)->module;
    const ir_matrix *w = rewrite_matrix(graph_of(p), op);
    uint32_t rows = ir_block_rows(m, w), columns = ir_block_columns(m, w);
    bool forward = op->code != IR_mtvm;
    return (sides){w, forward, forward ? rows : columns, forward ? columns : rows};
}

/* Lanes of an operand on the side of the inputs (rows) or outputs that block k holds. */
static piece lanes_of_block(partition *p, const ir_matrix *w, bool inputs, uint32_t k)
{
    const ir_module *m = graph_of(p)->module;
    ir_block b = inputs ? ir_matrix_block(m, w, k, 0) : ir_matrix_block(m, w, 0, k);
    return inputs ? (piece){NULL, b.input0, b.inputs} : (piece){NULL, b.output0, b.outputs};
}

/* The operand of each block on one side of a matrix, as lists of whole ops. */
static op_list *block_operands(partition *p, const ir_matrix *w, bool inputs, uint32_t blocks,
                               const vector *joined)
{
    op_list *lists = ARENA_ARRAY(p->at.memory, op_list, blocks);
    for (uint32_t k = 0; k < blocks; k++) {
        piece lanes = lanes_of_block(p, w, inputs, k);
        pieces_gather(&p->at, joined, lanes.first, lanes.lanes, &lists[k]);
    }
    return lists;
}

static ir_op *block_product(partition *p, const ir_op *op, const sides *s, uint32_t inner,
                            uint32_t outer, const op_list *operand)
{
    uint32_t lanes = lanes_of_block(p, s->w, !s->forward, outer).lanes;
    ir_op *block = partition_like(p, op, lanes, operand->count, operand->at);
    uint32_t row = s->forward ? inner : outer, column = s->forward ? outer : inner;
    ir_set_pair(graph_of(p), block, IR_ATTR_block, row, column);
    return block;
}

/*
 * The partial products of one block of the result, added lane by lane. A result of more than `side`
 * lanes (crossbars need not be square) is added and kept in pieces of that size.
 */
static void add_products(partition *p, vector *v, ir_op **products, uint32_t count, int64_t group)
{
    uint32_t lanes = products[0]->type.lanes;
    ir_op **parts = ARENA_ARRAY(p->at.memory, ir_op *, count);
    uint32_t side = count > 1 ? p->at.strip : p->at.side;
    for (uint32_t first = 0; first < lanes; first += side) {
        uint32_t n = lanes - first < side ? lanes - first : side;
        piece result = {products[0], first, n};
        if (count > 1) {
            for (uint32_t i = 0; i < count; i++)
                parts[i] = pieces_whole(&p->at, (piece){products[i], first, n});
            result = (piece){rewrite_tree(&p->at.make, IR_add, parts, count), 0, n};
        }
        if (result.first == 0)
            name_part(p, result.op, group, v->count);
        pieces_append(&p->at, v, result);
    }
}

static void cut_product(partition *p, ir_op *op)
{
    sides s = sides_of(p, op);
    vector joined = {0}, *v = pieces_vector(&p->at, op);
    int64_t group = p->next_group++;
    join(p, &joined, op, 0, op->arg_count);
    op_list *operands = block_operands(p, s.w, s.forward, s.inner, &joined);
    ir_op **products = ARENA_ARRAY(p->at.memory, ir_op *, s.inner);
    for (uint32_t outer = 0; outer < s.outer; outer++) {
        for (uint32_t inner = 0; inner < s.inner; inner++)
            products[inner] = block_product(p, op, &s, inner, outer, &operands[inner]);
        add_products(p, v, products, s.inner, group);
    }
}

static void block_update(partition *p, const ir_op *op, uint32_t row, uint32_t column,
                         const op_list *row_operand, const op_list *column_operand)
{
    op_list args = {0};
    pieces_join_lists(&p->at, &args, column_operand);
    pieces_join_lists(&p->at, &args, row_operand);
    ir_op *block = partition_like(p, op, 0, args.count, args.at);
    ir_set_pair(graph_of(p), block, IR_ATTR_block, row, column);
    ir_set_int(graph_of(p), block, IR_ATTR_ncol, (int64_t)column_operand->count);
}

static void cut_update(partition *p, ir_op *op)
{
    sides s = sides_of(p, op);
    uint32_t ncol = (uint32_t)ir_get_int(op, IR_ATTR_ncol, 1);
    vector column = {0}, row = {0};
    join(p, &column, op, 0, ncol);
    join(p, &row, op, ncol, op->arg_count);
    op_list *columns = block_operands(p, s.w, false, s.outer, &column);
    op_list *rows = block_operands(p, s.w, true, s.inner, &row);
    for (uint32_t c = 0; c < s.outer; c++)
        for (uint32_t r = 0; r < s.inner; r++)
            block_update(p, op, r, c, &rows[r], &columns[c]);
}

/* ---- the walk ---- */

static cut_row *const cut_rows[IR_OPCODES] = {
    [IR_input] = cut_source, [IR_random] = cut_source,  [IR_const] = cut_uniform,
    [IR_bcast] = cut_uniform, [IR_output] = cut_output, [IR_sum] = cut_reduction,
    [IR_maxr] = cut_reduction, [IR_slice] = cut_slice,  [IR_concat] = cut_concat,
    [IR_mvm] = cut_product,  [IR_mtvm] = cut_product,   [IR_opa] = cut_update,
    [IR_tap] = partition_tap, [IR_untap] = partition_untap, [IR_flatten] = partition_flatten,
    [IR_unflatten] = partition_unflatten, [IR_running] = cut_each, [IR_final] = partition_final,
    [IR_reverse] = partition_untap, [IR_prev] = cut_prev, [IR_next] = cut_next,
};

static void cut_op(pass_context *c, partition *p, ir_op *op)
{
    p->at.make = rewrite_after(p->at.make.graph, op);
    if (cut_rows[op->code])
        cut_rows[op->code](p, op);
    else if (ir_ops[op->code].class == IR_CLASS_EACH)
        cut_each(p, op);
    else
        diag_fault(c->diag, op->where, "partition met '%s', which lower removes",
                   ir_ops[op->code].name);
}

static bool in_graph(const ir_graph *g, const ir_op *op)
{
    return op->previous || op->next || g->first == op;
}

/* A port that is read at all keeps its width, though nobody may use its last lanes. */
static void keep_port_width(partition *p, ir_op *old)
{
    ir_graph *g = graph_of(p);
    const vector *v = old->scratch;
    ir_op *last = v->pieces[v->count - 1].op, *used = NULL;
    for (size_t i = 0; i < v->count; i++)
        if (in_graph(g, v->pieces[i].op))
            used = v->pieces[i].op;
    if (!used || used == last)
        return;
    p->at.make = rewrite_after(g, used);
    ir_op *again = partition_like(p, last, last->type.lanes, 0, NULL);
    again->space = last->space;
}

/* Of a strip: what the tuning wants, if blocks are whole strips. */
static uint32_t strip_lanes(const pass_context *c, uint32_t side)
{
    uint32_t wanted = (uint32_t)c->tuning.strip_lanes;
    return wanted && side % wanted == 0 ? wanted : side;
}

static void partition_graph(pass_context *c, ir_graph *g)
{
    size_t count = 0, next = 0;
    partition p = {.at = {.memory = c->memory, .side = rewrite_side(g->module)}, .next_group = 1};
    p.at.strip = strip_lanes(c, p.at.side);
    p.at.make.graph = g;
    partition_widen(g);
    ir_graph_renumber(g);
    p.recurrences = ir_recurrences_of(c->memory, g);
    p.next_state = ir_new_state(g);
    IR_EACH(op, g)
        count++;
    ir_op **old = ARENA_ARRAY(c->memory, ir_op *, count);
    IR_EACH(op, g)
        old[next++] = op;
    for (size_t i = 0; i < count; i++)
        cut_op(c, &p, old[i]);
    for (size_t i = 0; i < count; i++)
        ir_op_remove(g, old[i]);
    ir_graph_sweep(g);
    for (size_t i = 0; i < count; i++)
        if (old[i]->code == IR_input)
            keep_port_width(&p, old[i]);
    IR_EACH(op, g)
        op->scratch = NULL;
    ir_graph_renumber(g);
}

bool pass_partition(pass_context *c)
{
    int errors = diag_errors(c->diag);
    if (!partition_check_maps(c))
        return false;
    for (size_t i = 0; i < c->module->graph_count; i++)
        partition_graph(c, c->module->graphs[i]);
    return diag_errors(c->diag) == errors;
}
