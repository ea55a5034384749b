#include "passes/common.h"

#include "isa/support/fixed.h"
#include "isa/support/random.h"

#include <string.h>

/* ---- folding ---- */

double common_fold(arena *memory, const ir_numerics *numerics, const ir_op *op)
{
    ir_module *m = ir_module_new(memory, NULL, numerics);
    ir_graph *g = ir_graph_new(m, "fold");
    ir_op *alone = ir_op_new(g, NULL, op->code, ir_vec(1, op->type.q), NULL, 0, SOURCE_NOWHERE);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        ir_op *c = ir_op_new(g, NULL, IR_const, ir_vec(1, arg->type.q), NULL, 0, SOURCE_NOWHERE);
        ir_set_real(g, c, IR_ATTR_value, ir_get(arg, IR_ATTR_value)->real);
        ir_op_add_arg(g, alone, c);
    }
    ir_op_move(g, alone, g->last);
    ir_graph_renumber(g);
    ir_fixed *f = ir_fixed_new(memory, m, FIDELITY_IDEAL, 0);
    ir_fixed_run(f, g, 0, NULL, NULL);
    return fixed_to_double(ir_fixed_value(f, alone)[0], op->type.q);
}

/* ---- merging ---- */

typedef struct merge_table {
    ir_op **buckets; /* heads of chains */
    ir_op **next;    /* by op id */
    size_t mask;
} merge_table;

/* Draws and inputs of label type differ by where they stand; sinks and updates have an effect. */
static bool mergeable(const ir_op *op)
{
    return op->type.kind == IR_VEC && op->code != IR_random && !ir_get(op, IR_ATTR_stream) &&
           ir_ops[op->code].class != IR_CLASS_ROUTE;
}

/* What is only for reports may differ. */
static bool counts(const ir_attr *a)
{
    return a->key != IR_ATTR_layer;
}

static uint64_t hash_attr(const ir_attr *a)
{
    uint64_t real;
    memcpy(&real, &a->real, sizeof real);
    uint64_t h = random_mix((uint64_t)a->key ^ random_mix((uint64_t)a->value));
    h ^= random_mix((uint64_t)a->second + random_mix(real));
    for (const char *c = a->text; c && *c; c++)
        h = random_mix(h ^ (unsigned char)*c);
    return h;
}

static uint64_t hash_op(const ir_op *op)
{
    uint64_t h = random_mix((uint64_t)op->code << 40 | (uint64_t)op->type.q << 32 | op->type.lanes);
    for (uint32_t i = 0; i < op->arg_count; i++)
        h = random_mix(h ^ op->args[i]->id);
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (counts(&op->attrs[i]))
            h ^= hash_attr(&op->attrs[i]);
    return h;
}

static bool same_attr(const ir_op *a, const ir_op *b, ir_attr_key key)
{
    const ir_attr *x = ir_get(a, key), *y = ir_get(b, key);
    if (!x || !y)
        return x == y;
    bool text = x->text && y->text ? !strcmp(x->text, y->text) : x->text == y->text;
    return text && x->value == y->value && x->second == y->second &&
           !memcmp(&x->real, &y->real, sizeof x->real);
}

static bool same_attrs(const ir_op *a, const ir_op *b)
{
    for (uint32_t i = 0; i < a->attr_count; i++)
        if (counts(&a->attrs[i]) && !same_attr(a, b, a->attrs[i].key))
            return false;
    for (uint32_t i = 0; i < b->attr_count; i++)
        if (counts(&b->attrs[i]) && !ir_get(a, b->attrs[i].key))
            return false;
    return true;
}

static bool same_space(ir_space a, ir_space b)
{
    return a.count == b.count && !memcmp(a.dim, b.dim, a.count);
}

static bool same_op(const ir_op *a, const ir_op *b)
{
    if (a->code != b->code || a->type.lanes != b->type.lanes || a->type.q != b->type.q ||
        a->arg_count != b->arg_count || !same_space(a->space, b->space))
        return false;
    for (uint32_t i = 0; i < a->arg_count; i++)
        if (a->args[i] != b->args[i])
            return false;
    return same_attrs(a, b);
}

/* An earlier op that does the same, or op itself, which is entered. */
static ir_op *find_or_add(merge_table *t, ir_op *op)
{
    ir_op **head = &t->buckets[hash_op(op) & t->mask];
    for (ir_op *old = *head; old; old = t->next[old->id])
        if (same_op(old, op))
            return old;
    t->next[op->id] = *head;
    *head = op;
    return op;
}

void common_merge(arena *memory, ir_graph *g)
{
    ir_graph_renumber(g);
    size_t size = 16;
    while (size < g->next_id)
        size *= 2;
    merge_table t = {ARENA_ARRAY(memory, ir_op *, size), ARENA_ARRAY(memory, ir_op *, g->next_id),
                     size - 1};
    ir_op **is = ARENA_ARRAY(memory, ir_op *, g->next_id);
    IR_EACH(op, g) {
        for (uint32_t i = 0; i < op->arg_count; i++)
            op->args[i] = is[op->args[i]->id];
        is[op->id] = mergeable(op) ? find_or_add(&t, op) : op;
    }
}
