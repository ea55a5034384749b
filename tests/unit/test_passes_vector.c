/*
 * Random graphs of everything but losses through the passes: formats that do not match, one-lane
 * operands, values per example and per pixel of a map, slices and concatenations across blocks, reductions over many blocks, draws, several
 * uses of one matrix. The fixed-point interpreter gives the same bits before and after.
 */
#include "test_passes.h"

enum { POOL = 256, OPS = 40, CLASSES = 7 };

typedef struct builder {
    bench *b;
    ir_graph *g;
    ir_op *pool[POOL];
    size_t count;
    int64_t stream;
    int inputs, outputs;
    size_t matrices;
} builder;

static ir_op *pick(builder *x)
{
    return x->pool[below(x->b, (uint32_t)x->count)];
}

static void keep(builder *x, ir_op *op)
{
    if (x->count < POOL)
        x->pool[x->count++] = op;
}

static uint8_t some_q(builder *x)
{
    return (uint8_t)(4 + below(x->b, 12));
}

static ir_space some_space(builder *x)
{
    static const ir_space spaces[] = {{0, {0}}, {1, {0}}, {1, {0}}, {3, {0, 1, 2}}};
    return spaces[below(x->b, 4)];
}

static void add_input(builder *x)
{
    ir_op *op = input(x->g, x->inputs++, ir_vec(1 + below(x->b, 40), some_q(x)), "input", 0, false);
    op->space = some_space(x);
    keep(x, op);
}

/* Of the same lanes as `like`, or of one lane. */
static ir_op *fitting(builder *x, const ir_op *like)
{
    for (int tries = 0; tries < 8; tries++) {
        ir_op *op = pick(x);
        if (op->type.lanes == like->type.lanes || op->type.lanes == 1)
            return op;
    }
    double value = uniform(x->b, -3, 3);
    return constant(x->g, value, below(x->b, 2) ? 1 : like->type.lanes, some_q(x));
}

static uint32_t widest(ir_op *const *args, size_t count)
{
    uint32_t lanes = 1;
    for (size_t i = 0; i < count; i++)
        lanes = args[i]->type.lanes > lanes ? args[i]->type.lanes : lanes;
    return lanes;
}

static void add_each(builder *x)
{
    static const ir_opcode codes[] = {
        IR_add, IR_sub, IR_mul, IR_div,  IR_min,     IR_max,  IR_relud, IR_eq,   IR_ne,   IR_lt,
        IR_le,  IR_gt,  IR_ge,  IR_neg,  IR_abs,     IR_sign, IR_relu,  IR_exp,  IR_log,  IR_sqrt,
        IR_rsqrt, IR_tanh, IR_sigmoid, IR_convert, IR_select, IR_add, IR_mul,
    };
    ir_opcode code = codes[below(x->b, sizeof codes / sizeof *codes)];
    size_t count = (size_t)ir_ops[code].args_low;
    ir_op *args[3] = {pick(x)};
    for (size_t i = 1; i < count; i++)
        args[i] = fitting(x, args[0]->type.lanes > 1 ? args[0] : args[i - 1]);
    uint8_t q = ir_ops[code].result == IR_RESULT_MASK ? 0 : some_q(x);
    ir_type type = ir_vec(widest(args, count), q);
    keep(x, ir_op_new(x->g, NULL, code, type, args, count, SOURCE_NOWHERE));
}

static void add_reduction(builder *x)
{
    static const ir_opcode codes[] = {IR_sum, IR_maxr, IR_softmax};
    ir_opcode code = codes[below(x->b, 3)];
    ir_op *arg = pick(x);
    uint32_t lanes = code == IR_softmax ? arg->type.lanes : 1;
    keep(x, IR_OP(x->g, code, ir_vec(lanes, some_q(x)), SOURCE_NOWHERE, arg));
}

static void add_slice(builder *x)
{
    ir_op *arg = pick(x);
    uint32_t first = below(x->b, arg->type.lanes);
    uint32_t lanes = 1 + below(x->b, arg->type.lanes - first);
    ir_op *op = IR_OP(x->g, IR_slice, ir_vec(lanes, arg->type.q), SOURCE_NOWHERE, arg);
    ir_set_int(x->g, op, IR_ATTR_first, first);
    keep(x, op);
}

static ir_op *in_format(builder *x, ir_op *op, uint8_t q)
{
    return op->type.q == q
               ? op
               : IR_OP(x->g, IR_convert, ir_vec(op->type.lanes, q), SOURCE_NOWHERE, op);
}

/* 1 to 3 values of one format; how many. */
static size_t some_pieces(builder *x, ir_op **args, uint32_t *lanes)
{
    size_t count = 1 + below(x->b, 3);
    *lanes = 0;
    for (size_t i = 0; i < count; i++) {
        args[i] = i ? in_format(x, pick(x), args[0]->type.q) : pick(x);
        *lanes += args[i]->type.lanes;
    }
    return count;
}

static void add_concat(builder *x)
{
    ir_op *args[3];
    uint32_t lanes;
    size_t count = some_pieces(x, args, &lanes);
    if (lanes <= 100)
        keep(x, ir_op_new(x->g, NULL, IR_concat, ir_vec(lanes, args[0]->type.q), args, count,
                          SOURCE_NOWHERE));
}

static void add_shape(builder *x)
{
    ir_op *arg = pick(x);
    ir_type type = ir_vec(1 + below(x->b, 40), arg->type.q);
    if (arg->type.lanes == 1)
        keep(x, IR_OP(x->g, IR_bcast, type, SOURCE_NOWHERE, arg));
    else
        add_slice(x);
}

static void add_random(builder *x)
{
    ir_op *op = ir_op_new(x->g, NULL, IR_random, ir_vec(1 + below(x->b, 40), 15), NULL, 0,
                          SOURCE_NOWHERE);
    op->space = some_space(x);
    ir_set_int(x->g, op, IR_ATTR_stream, x->stream);
    x->stream += op->type.lanes; /* more than it takes: gaps are allowed */
    keep(x, op);
}

static void add_product(builder *x)
{
    ir_op *args[3];
    uint32_t lanes, made = 1 + below(x->b, 40);
    size_t count = some_pieces(x, args, &lanes);
    bool forward = below(x->b, 2);
    char *name = arena_printf(x->b->memory, "m%zu", x->matrices++);
    ir_matrix_new(x->b->m, name, forward ? made : lanes, forward ? lanes : made,
                  (uint8_t)(22 + below(x->b, 6)));
    ir_op *op = ir_op_new(x->g, NULL, forward ? IR_mvm : IR_mtvm, ir_vec(made, some_q(x)), args,
                          count, SOURCE_NOWHERE);
    ir_set_name(x->g, op, IR_ATTR_matrix, name);
    keep(x, op);
}

/* An update of the matrix of a product, from what it took and what it made. */
static void add_update(builder *x, ir_op *product)
{
    const ir_matrix *w = ir_module_matrix(x->b->m, ir_get_name(product, IR_ATTR_matrix, ""));
    ir_op *args[8], *made = in_format(x, product, (uint8_t)(w->q - product->args[0]->type.q));
    bool forward = product->code == IR_mvm;
    size_t count = 0;
    if (forward)
        args[count++] = made;
    for (uint32_t i = 0; i < product->arg_count; i++)
        args[count++] = product->args[i];
    size_t columns = forward ? 1 : count;
    if (!forward)
        args[count++] = made;
    ir_op *op = ir_op_new(x->g, NULL, IR_opa, ir_no_type, args, count, SOURCE_NOWHERE);
    ir_set_name(x->g, op, IR_ATTR_matrix, w->name);
    ir_set_int(x->g, op, IR_ATTR_ncol, (int64_t)columns);
}

static void add_output(builder *x)
{
    ir_op *op = IR_OP(x->g, IR_output, ir_no_type, SOURCE_NOWHERE, pick(x));
    ir_set_int(x->g, op, IR_ATTR_port, x->outputs++);
}

typedef void add_op(builder *x);

static ir_graph *random_graph(bench *b)
{
    static add_op *const adders[] = {add_each,   add_each,      add_each,   add_each,  add_each,
                                     add_each,   add_reduction, add_slice,  add_slice, add_concat,
                                     add_concat, add_shape,     add_random, add_product};
    builder x = {.b = b, .g = ir_graph_new(b->m, "kernel"), .stream = 1};
    ir_graph_dim(x.g, "n", 1 + below(b, 3));
    ir_graph_dim(x.g, "y", 1 + below(b, 3));
    ir_graph_dim(x.g, "x", 1 + below(b, 2));
    for (int i = 0; i < 4; i++)
        add_input(&x);
    ir_op *label = input(x.g, x.inputs++, (ir_type){IR_LABEL, CLASSES, 0}, "target", 0, true);
    for (int i = 0; i < 2; i++)
        keep(&x, IR_OP(x.g, IR_onehot, ir_vec(CLASSES, some_q(&x)), SOURCE_NOWHERE, label));
    uint32_t count = 5 + below(b, OPS);
    for (uint32_t i = 0; i < count; i++)
        adders[below(b, sizeof adders / sizeof *adders)](&x);
    for (int i = 0; i < 8; i++)
        add_output(&x);
    for (size_t i = 0, end = x.count; i < end; i++)
        if (ir_ops[x.pool[i]->code].class == IR_CLASS_MATRIX && below(b, 3))
            add_update(&x, x.pool[i]);
    return x.g;
}

static void vectors_keep_their_bits(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        bench b;
        bench_open(&b, seed);
        random_numerics(&b, 2, 20);
        ir_graph *g = random_graph(&b);
        if (!ir_verify(b.m, b.d, NULL))
            fail_with(&b, "the graph is wrong to begin with");
        through_passes(&b, g, CLASSES);
        limits_hold(&b, g);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_keep_their_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
