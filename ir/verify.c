#include "ir/verify.h"

#include "ir/ring.h"
#include "ir/window.h"
#include "isa/support/fixed.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

static void fail(ir_check *c, source_range where, const char *about, const char *format,
                 va_list args)
{
    const char *text = arena_vprintf(c->m->memory, format, args);
    diag_error(c->d, where, "%s%s%s%s%s", c->pass ? "after " : "", c->pass ? c->pass : "",
               c->pass ? ": " : "", about, text);
    c->errors++;
}

void ir_fail(ir_check *c, source_range where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(c, where, "", format, args);
    va_end(args);
}

void ir_fail_op(ir_check *c, const ir_op *op, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *about = arena_printf(c->m->memory, "%s %%%u: ", ir_ops[op->code].name, op->id);
    fail(c, op->where, about, format, args);
    va_end(args);
}

/* ---- numerics and matrices ---- */

static void in_range(ir_check *c, const char *what, int64_t value, int64_t low, int64_t high)
{
    if (value < low || value > high)
        ir_fail(c, SOURCE_NOWHERE, "numerics: '%s' must be from %lld to %lld, found %lld", what,
                (long long)low, (long long)high, (long long)value);
}

static void check_numerics(ir_check *c)
{
    const ir_numerics *n = &c->m->numerics;
    const slicing *f = &n->slices;
    in_range(c, "slices", f->slices, 2, SLICES_MAX);
    in_range(c, "radix_bits", f->radix_bits, 1, 8);
    in_range(c, "radix_bits * slices", (int64_t)f->radix_bits * f->slices, 2, 56);
    for (int s = 0; s < f->slices && s < SLICES_MAX; s++)
        in_range(c, "bits of a slice", f->bits[s], 2, SLICE_BITS_MAX);
    in_range(c, "adc_extra_bits", f->adc_extra_bits, 0, 32);
    in_range(c, "rows", f->rows, 1, CROSSBAR_SIDE_MAX);
    in_range(c, "columns", f->columns, 1, CROSSBAR_SIDE_MAX);
    in_range(c, "mode", n->mode, 0, OPA_MODES - 1);
    in_range(c, "rounding", n->rounding.mode, 0, ROUND_OFF);
    in_range(c, "round_row", n->rounding.row, 0, IR_GRID_MAX);
    in_range(c, "round_column", n->rounding.column, 0, IR_GRID_MAX);
    in_range(c, "q_activation", n->q_activation, 0, FIXED_MAX_Q);
    in_range(c, "q_weight", n->q_weight, 0, 2 * FIXED_MAX_Q);
    in_range(c, "q_error", n->q_error, 0, FIXED_MAX_Q);
}

static bool overlap(const ir_tensor *a, const ir_tensor *b)
{
    bool inputs = a->input0 < ir_tensor_end(b) && b->input0 < ir_tensor_end(a);
    bool outputs = a->output0 < b->output0 + b->outputs && b->output0 < a->output0 + a->outputs;
    return a->fold == b->fold && inputs && outputs;
}

static uint32_t whole_of(const ir_tensor *t)
{
    return t->whole ? t->whole : t->outputs;
}

static bool rank_sound(const ir_tensor *t)
{
    uint64_t taps = (uint64_t)t->kernel[0] * t->kernel[1];
    bool fits = taps && taps <= t->inputs && t->inputs % taps == 0;
    bool none = !t->kernel[0] && !t->kernel[1];
    if (t->pixel && (t->rank != 4 || !fits || t->pixel < t->inputs / taps))
        return false;
    if (t->rank == 2 || t->rank == 4)
        return fits || (t->rank == 2 && none);
    return none && t->rank == 1 && t->inputs == 1;
}

static bool fold_sound(const ir_tensor *t)
{
    bool vector = !t->fold || t->rank == 1, var = t->fold == IR_FOLD_VAR;
    return (unsigned)t->fold <= IR_FOLD_VAR && vector && (var ? t->eps >= 0 : t->eps == 0) &&
           isfinite(t->eps);
}

/* The next part of a tensor that began in another matrix. */
static bool continues(const ir_tensor *before, const ir_tensor *t)
{
    return t->whole && t->part == before->part + before->outputs && t->whole == before->whole &&
           t->rank == before->rank && t->inputs == before->inputs &&
           t->kernel[0] == before->kernel[0] && t->kernel[1] == before->kernel[1];
}

static void check_parts(ir_check *c, const ir_matrix *w, const ir_tensor *t, struct ir_named **all)
{
    const ir_tensor *before = ir_named_find(*all, t->name);
    if ((uint64_t)t->part + t->outputs > whole_of(t))
        ir_fail(c, w->where, "tensor '%s' has %u outputs and no %u to %u", t->name, whole_of(t),
                t->part, t->part + t->outputs - 1);
    else if (before && !before->whole)
        ir_fail(c, w->where, "two tensors are called '%s'", t->name);
    else if (before ? !continues(before, t) : t->part != 0)
        ir_fail(c, w->where, "a part of tensor '%s' does not follow the one before", t->name);
    ir_named_set(c->m->memory, all, t->name, t);
}

/* After all matrices: the last part of each tensor is its end. */
static void check_ends(ir_check *c, struct ir_named *all)
{
    for (size_t i = 0; i < c->m->matrix_count; i++)
        for (size_t k = 0; k < c->m->matrices[i]->tensor_count; k++) {
            const ir_tensor *t = &c->m->matrices[i]->tensors[k];
            if (ir_named_find(all, t->name) == t && t->part + t->outputs != whole_of(t))
                ir_fail(c, c->m->matrices[i]->where, "tensor '%s' ends after %u of %u outputs",
                        t->name, t->part + t->outputs, whole_of(t));
        }
}

static void check_tensor(ir_check *c, const ir_matrix *w, const ir_tensor *t, struct ir_named **all)
{
    check_parts(c, w, t, all);
    if (!rank_sound(t))
        ir_fail(c, w->where, "tensor '%s' of %u x %u cannot have rank %u", t->name, t->outputs,
                t->inputs, t->rank);
    if (!fold_sound(t))
        ir_fail(c, w->where, "tensor '%s' cannot be folded into the matrix '%s'", t->name, w->name);
    if ((unsigned)t->init > IR_INIT_NORMAL)
        ir_fail(c, w->where, "tensor '%s' has no known initial value", t->name);
    if (!t->inputs || !t->outputs || ir_tensor_end(t) > w->inputs ||
        (uint64_t)t->output0 + t->outputs > w->outputs) {
        ir_fail(c, w->where, "tensor '%s' is not inside the matrix '%s'", t->name, w->name);
        return;
    }
    for (const ir_tensor *u = w->tensors; u < t; u++)
        if (overlap(t, u))
            ir_fail(c, w->where, "tensors '%s' and '%s' overlap", u->name, t->name);
}

/* A copy stands behind its original, has its shape and format, and no tensors of its own. */
static void check_copy(ir_check *c, const ir_matrix *w)
{
    const ir_matrix *o = ir_named_find(c->matrices, w->copy_of);
    if (!o || o == w || o->copy_of)
        ir_fail(c, w->where, "'%s' is a copy of '%s', which no matrix before it is called", w->name,
                w->copy_of);
    else if (o->outputs != w->outputs || o->inputs != w->inputs || o->q != w->q ||
             o->frozen != w->frozen || w->tensor_count || w->copies)
        ir_fail(c, w->where, "'%s' is no copy of '%s': it differs, or has tensors of its own",
                w->name, w->copy_of);
}

static void check_matrix(ir_check *c, const ir_matrix *w, struct ir_named **tensors)
{
    if (!ir_named_add(c->m->memory, &c->matrices, w->name, w))
        ir_fail(c, w->where, "two matrices are called '%s'", w->name);
    if (w->inputs < 1 || w->outputs < 1 || w->inputs > IR_LANES_MAX || w->outputs > IR_LANES_MAX)
        ir_fail(c, w->where, "matrix '%s' of %u x %u: sides go from 1 to %d", w->name, w->outputs,
                w->inputs, IR_LANES_MAX);
    if (w->q > 2 * FIXED_MAX_Q)
        ir_fail(c, w->where, "matrix '%s' has format q%u; weights go from q0 to q%d", w->name, w->q,
                2 * FIXED_MAX_Q);
    for (size_t i = 0; i < w->tensor_count; i++)
        check_tensor(c, w, &w->tensors[i], tensors);
    if (w->copies > IR_COPIES_MAX)
        ir_fail(c, w->where, "matrix '%s' has %u copies; at most %d are possible", w->name,
                w->copies, IR_COPIES_MAX);
    if (w->copy_of)
        check_copy(c, w);
}

typedef struct placed {
    ir_place at;
    const ir_matrix *w;
} placed;

static int by_place(const void *left, const void *right)
{
    return memcmp(&((const placed *)left)->at, &((const placed *)right)->at, sizeof(ir_place));
}

/* A crossbar holds one block. */
static void check_placement(ir_check *c)
{
    size_t total = 0, count = 0;
    for (size_t i = 0; i < c->m->matrix_count; i++)
        if (c->m->matrices[i]->blocks)
            total += (size_t)ir_block_rows(c->m, c->m->matrices[i]) *
                     ir_block_columns(c->m, c->m->matrices[i]);
    placed *all = ARENA_ARRAY(c->m->memory, placed, total);
    for (size_t i = 0; i < c->m->matrix_count; i++) {
        const ir_matrix *w = c->m->matrices[i];
        size_t blocks = (size_t)ir_block_rows(c->m, w) * ir_block_columns(c->m, w);
        for (size_t k = 0; w->blocks && k < blocks; k++) {
            ir_place at = w->blocks[k];
            if (at.node < 0 || at.tile < 0 || at.core < 0 || at.mcu < 0)
                ir_fail(c, w->where, "block %zu of '%s' is placed at (%d, %d, %d, %d)", k, w->name,
                        at.node, at.tile, at.core, at.mcu);
            else
                all[count++] = (placed){at, w};
        }
    }
    qsort(all, count, sizeof *all, by_place);
    for (size_t i = 1; i < count; i++)
        if (!by_place(&all[i - 1], &all[i]))
            ir_fail(c, all[i].w->where, "blocks of '%s' and '%s' share the mcu (%d, %d, %d, %d)",
                    all[i - 1].w->name, all[i].w->name, all[i].at.node, all[i].at.tile,
                    all[i].at.core, all[i].at.mcu);
}

/* ---- structure of a graph ---- */

static void check_dims(ir_check *c)
{
    const ir_graph *g = c->g;
    struct ir_named *names = NULL;
    if (g->dim_count > UINT8_MAX)
        ir_fail(c, SOURCE_NOWHERE, "graph '%s' has %zu dimensions; %d are possible", g->name,
                g->dim_count, UINT8_MAX);
    for (size_t i = 0; i < g->dim_count; i++) {
        if (!ir_named_add(c->m->memory, &names, g->dims[i].name, &g->dims[i]))
            ir_fail(c, SOURCE_NOWHERE, "graph '%s' has two dimensions '%s'", g->name,
                    g->dims[i].name);
        if (!g->dims[i].extent)
            ir_fail(c, SOURCE_NOWHERE, "dimension '%s' of graph '%s' is empty", g->dims[i].name,
                    g->name);
    }
    ir_named_free(&names);
}

static void check_buffers(ir_check *c)
{
    for (size_t i = 0; i < c->g->buffer_count; i++) {
        const ir_buffer *b = &c->g->buffers[i];
        if (!ir_named_add(c->m->memory, &c->buffers, b->name, b))
            ir_fail(c, SOURCE_NOWHERE, "graph '%s' has two buffers '%s'", c->g->name, b->name);
        if (!b->words || !b->depth || (uint64_t)b->words * b->depth > INT32_MAX)
            ir_fail(c, SOURCE_NOWHERE, "buffer '%s' has %u slots of %u words", b->name, b->depth,
                    b->words);
        if (!ir_ring_map_sound(b))
            ir_fail(c, SOURCE_NOWHERE, "the map in a slot of buffer '%s' does not fit it", b->name);
        if (b->address < -1)
            ir_fail(c, SOURCE_NOWHERE, "buffer '%s' is at address %lld", b->name,
                    (long long)b->address);
    }
}

static bool space_sound(ir_check *c, const ir_op *op)
{
    if (op->space.count > IR_DIMS_MAX) {
        ir_fail_op(c, op, "runs over %u dimensions; %d are possible", op->space.count, IR_DIMS_MAX);
        return false;
    }
    for (uint8_t i = 0; i < op->space.count; i++)
        if (op->space.dim[i] >= c->g->dim_count ||
            (i > 0 && op->space.dim[i] <= op->space.dim[i - 1])) {
            ir_fail_op(c, op, "its space must list dimensions of the graph in their order");
            return false;
        }
    size_t points = ir_space_points(c->g, op->space);
    uint64_t lanes = op->type.lanes ? op->type.lanes : 1;
    if (points > IR_WORDS_MAX / lanes) {
        ir_fail_op(c, op, "has too many points");
        return false;
    }
    return true;
}

static bool args_sound(ir_check *c, const ir_op *op, const ir_op *const *made)
{
    const ir_op_row *row = &ir_ops[op->code];
    if (op->arg_count < (uint32_t)row->args_low ||
        (row->args_high >= 0 && op->arg_count > (uint32_t)row->args_high)) {
        ir_fail_op(c, op, "takes %s%d argument%s, found %u",
                   row->args_low == row->args_high ? "" : "at least ", row->args_low,
                   row->args_low == 1 ? "" : "s", op->arg_count);
        return false;
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        if (!arg || arg->id >= c->g->next_id || made[arg->id] != arg) {
            ir_fail_op(c, op, "argument %u is not made before it is used", i + 1);
            return false;
        }
        if (arg->type.kind == IR_NONE) {
            ir_fail_op(c, op, "argument %u, %s %%%u, has no value", i + 1, ir_ops[arg->code].name,
                       arg->id);
            return false;
        }
        if (!ir_is_spatial(op->code) && !ir_space_within(arg->space, op->space)) {
            ir_fail_op(c, op, "argument %u runs over a dimension that the op does not have", i + 1);
            return false;
        }
    }
    return true;
}

/* True if the op may be looked at further. */
static bool op_sound(ir_check *c, const ir_op *op, const ir_op **made)
{
    if (op->id == 0 || op->id >= c->g->next_id || made[op->id]) {
        ir_fail_op(c, op, "its number is used twice or is not below %u", c->g->next_id);
        return false;
    }
    bool sound = space_sound(c, op) && args_sound(c, op, made);
    made[op->id] = op;
    return ir_check_attrs(c, op) && sound;
}

/* ---- ports ---- */

typedef struct port {
    uint64_t key; /* output or input, number */
    const ir_op *op;
    UT_hash_handle hh;
} port;

/* Parts of one port run over the same space, and are all vectors or one label. */
static void check_port(ir_check *c, const ir_op *op, port **ports)
{
    uint64_t key = (uint64_t)ir_get_int(op, IR_ATTR_port, 0) << 1 | (op->code == IR_output);
    ir_type type = op->code == IR_output ? op->args[0]->type : op->type;
    port *seen;
    HASH_FIND(hh, *ports, &key, sizeof key, seen);
    if (!seen) {
        seen = ARENA_NEW(c->m->memory, port);
        seen->key = key;
        seen->op = op;
        HASH_ADD(hh, *ports, key, sizeof key, seen);
        return;
    }
    ir_type first = op->code == IR_output ? seen->op->args[0]->type : seen->op->type;
    if (!ir_space_within(op->space, seen->op->space) ||
        !ir_space_within(seen->op->space, op->space) || first.kind != type.kind ||
        first.q != type.q || ir_port_by_pixels(op) != ir_port_by_pixels(seen->op))
        ir_fail_op(c, op, "port %llu is used with another space, format or layout by %%%u",
                   (unsigned long long)(key >> 1), seen->op->id);
}

/* ---- reads before updates ---- */

typedef struct update {
    struct {
        const ir_matrix *w;
        int64_t row, column;
    } key;
    const ir_op *opa; /* the first one */
    ir_space space;   /* of all updates of the matrix (the entry ANY) */
    UT_hash_handle hh;
} update;

enum { WHOLE = -1, ANY = -2 };

static update *find_update(update *updates, const ir_matrix *w, int64_t row, int64_t column)
{
    update probe, *found;
    memset(&probe, 0, sizeof probe);
    probe.key.w = w;
    probe.key.row = row;
    probe.key.column = column;
    HASH_FIND(hh, updates, &probe.key, sizeof probe.key, found);
    return found;
}

static update *add_update(ir_check *c, update **updates, const ir_matrix *w, int64_t row,
                          int64_t column, const ir_op *opa)
{
    update *u = find_update(*updates, w, row, column);
    if (u)
        return u;
    u = ARENA_NEW(c->m->memory, update);
    u->key.w = w;
    u->key.row = row;
    u->key.column = column;
    u->opa = opa;
    HASH_ADD(hh, *updates, key, sizeof u->key, u);
    return u;
}

/* The order of updates is that of the space which all of a matrix span together. */
static void note_update(ir_check *c, const ir_op *op, update **updates, const ir_matrix *w,
                        int64_t row, int64_t column)
{
    add_update(c, updates, w, row, column, op);
    update *any = add_update(c, updates, w, ANY, ANY, op);
    any->space = ir_space_union(c->g, any->space, op->space);
    if (!ir_space_within(op->space, any->space))
        ir_fail_op(c, op, "the updates of '%s' run over more than %d dimensions", w->name,
                   IR_DIMS_MAX);
}

static void check_order(ir_check *c, const ir_op *op, update **updates)
{
    const ir_matrix *w = ir_named_find(c->matrices, ir_get_name(op, IR_ATTR_matrix, ""));
    const ir_attr *block = ir_get(op, IR_ATTR_block);
    int64_t row = block ? block->value : WHOLE, column = block ? block->second : WHOLE;
    if (!w)
        return;
    if (op->code == IR_opa) {
        note_update(c, op, updates, w, row, column);
        return;
    }
    update *u = find_update(*updates, w, block ? WHOLE : ANY, block ? WHOLE : ANY);
    u = u ? u : find_update(*updates, w, row, column);
    if (u)
        ir_fail_op(c, op, "reads '%s' after its update by %%%u", w->name, u->opa->id);
}

static void check_graph(ir_check *c)
{
    int errors = c->errors;
    const ir_op **made = ARENA_ARRAY(c->m->memory, const ir_op *, c->g->next_id);
    const ir_op *previous = NULL;
    update *updates = NULL;
    port *ports = NULL;
    check_dims(c);
    check_buffers(c);
    for (const ir_op *op = c->g->first; op; previous = op, op = op->next) {
        if (op->previous != previous || (unsigned)op->code >= IR_OPCODES) {
            ir_fail(c, op->where, "graph '%s': the list of ops is broken", c->g->name);
            break;
        }
        if (!op_sound(c, op, made))
            continue;
        ir_check_types(c, op);
        if (ir_ops[op->code].class == IR_CLASS_MATRIX)
            check_order(c, op, &updates);
        if (op->code == IR_input || op->code == IR_output)
            check_port(c, op, &ports);
    }
    HASH_CLEAR(hh, updates);
    HASH_CLEAR(hh, ports);
    ir_named_free(&c->buffers);
    if (c->errors == errors)
        ir_check_states(c);
}

bool ir_verify(const ir_module *m, diag *d, const char *pass)
{
    ir_check c = {.m = m, .d = d, .pass = pass};
    struct ir_named *tensors = NULL, *graphs = NULL;
    check_numerics(&c);
    for (size_t i = 0; i < m->matrix_count; i++)
        check_matrix(&c, m->matrices[i], &tensors);
    if (!c.errors)
        check_ends(&c, tensors);
    bool sound = !c.errors; /* graphs are checked only against matrices that hold together */
    if (sound)
        check_placement(&c);
    for (size_t i = 0; i < m->graph_count && sound; i++) {
        c.g = m->graphs[i];
        if (!ir_named_add(m->memory, &graphs, c.g->name, c.g))
            ir_fail(&c, SOURCE_NOWHERE, "two graphs are called '%s'", c.g->name);
        check_graph(&c);
    }
    ir_named_free(&tensors);
    ir_named_free(&graphs);
    ir_named_free(&c.matrices);
    return c.errors == 0;
}
