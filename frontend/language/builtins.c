/*
 * The built-in functions: one row each with what it accepts and the function that finds the shape
 * of its result and writes its op.
 */
#include "frontend/language/check.h"

#include <string.h>

#define ANY_VECS (TAKES_VEC | TAKES_MAP | TAKES_VECS)
#define ELEMENTS (ANY_VECS | TAKES_SCALAR | TAKES_SCALARS)
#define ALL_SEQS (TAKES_VECS | TAKES_SCALARS | TAKES_LABELS)

#define X {"x", ARG_RUN, ARG_REQUIRED, 0}
#define MUST(name, kind) {name, kind, ARG_REQUIRED, 0}
#define MAY(name, kind, number) {name, kind, ARG_IS, number}
#define LACK(name, kind) {name, kind, ARG_MAY_LACK, 0}
#define WINDOW MUST("kernel", ARG_PAIR), MAY("stride", ARG_PAIR, 1), MAY("padding", ARG_PAD, 0)
#define POOL                                                                                       \
    MUST("kernel", ARG_PAIR), {"stride", ARG_PAIR, ARG_AS_BEFORE, 0}, MAY("padding", ARG_PAD, 0)

#define ROW(name, code, apply, takes, expects, flags, ...)                                         \
    {name, PAN_##code, apply, takes, expects, flags, {__VA_ARGS__}}
#define EACH(name, code) ROW(name, code, apply_each, ELEMENTS, "a vec", CALL_RUN, X)
#define HOST(name, flags, ...) ROW(name, OPCODES, apply_host, 0, "", flags, __VA_ARGS__)

static const builtin rows[] = {
    /* layers */
    ROW("dense", DENSE, apply_dense, TAKES_VEC | TAKES_VECS, "a vec", CALL_RUN | CALL_LAYER, X,
        MUST("n", ARG_COUNT), MAY("bias", ARG_BOOL, 1)),
    ROW("conv2d", CONV2D, apply_conv2d, TAKES_MAP, "a map", CALL_RUN | CALL_LAYER, X,
        MUST("n", ARG_COUNT), WINDOW, MAY("groups", ARG_COUNT, 1), MAY("bias", ARG_BOOL, 1)),
    ROW("batch_norm", BATCH_NORM, apply_batch_norm, ANY_VECS, "a vec or map",
        CALL_RUN | CALL_LAYER, X, MAY("eps", ARG_NUMBER, 1e-5)),
    ROW("rnn", RNN, apply_recurrent, TAKES_VECS, "a seq of vecs", CALL_RUN | CALL_LAYER, X,
        MUST("n", ARG_COUNT)),
    ROW("lstm", LSTM, apply_recurrent, TAKES_VECS, "a seq of vecs", CALL_RUN | CALL_LAYER, X,
        MUST("n", ARG_COUNT)),
    ROW("gru", GRU, apply_recurrent, TAKES_VECS, "a seq of vecs", CALL_RUN | CALL_LAYER, X,
        MUST("n", ARG_COUNT)),
    /* pooling */
    ROW("max_pool", MAX_POOL, apply_pool, TAKES_MAP, "a map", CALL_RUN, X, POOL),
    ROW("avg_pool", AVG_POOL, apply_pool, TAKES_MAP, "a map", CALL_RUN, X, POOL),
    ROW("global_avg_pool", GLOBAL_AVG_POOL, apply_global_avg_pool, TAKES_MAP, "a map", CALL_RUN, X),
    /* shape */
    ROW("flatten", FLATTEN, apply_flatten, TAKES_MAP, "a map", CALL_RUN, X),
    ROW("reshape", RESHAPE, apply_reshape, ANY_VECS | TAKES_SCALARS, "a vec, map or seq",
        CALL_RUN | CALL_REST, X, MUST("dims", ARG_COUNT)),
    ROW("concat", CONCAT, apply_concat, ANY_VECS, "a vec, map or seq of vecs",
        CALL_RUN | CALL_REST, MUST("a", ARG_RUN)),
    ROW("last", LAST, apply_last, ALL_SEQS, "a seq", CALL_RUN, MUST("s", ARG_RUN)),
    ROW("reverse", REVERSE, apply_reverse, ALL_SEQS, "a seq", CALL_RUN, MUST("s", ARG_RUN)),
    ROW("one_hot", ONE_HOT, apply_one_hot, TAKES_LABEL | TAKES_LABELS, "a label", CALL_RUN,
        MUST("l", ARG_RUN)),
    ROW("zeros", CONST, apply_fill, 0, "", CALL_RUN, MUST("n", ARG_COUNT)),
    ROW("ones", CONST, apply_fill, 0, "", CALL_RUN, MUST("n", ARG_COUNT)),
    ROW("patches", PATCHES, apply_patches, TAKES_MAP, "a map", CALL_RUN, X, WINDOW),
    ROW("fold", FOLD, apply_fold, TAKES_MAP, "a map", CALL_RUN, MUST("p", ARG_RUN),
        MUST("c", ARG_COUNT), MUST("h", ARG_COUNT), MUST("w", ARG_COUNT), WINDOW),
    /* each */
    EACH("relu", RELU), EACH("sigmoid", SIGMOID), EACH("tanh", TANH), EACH("exp", EXP),
    EACH("log", LOG), EACH("abs", ABS), EACH("sign", SIGN),
    ROW("leaky_relu", LEAKY_RELU, apply_leaky_relu, ELEMENTS, "a vec", CALL_RUN, X,
        MAY("slope", ARG_NUMBER, 0.01)),
    ROW("sqrt", SQRT, apply_sqrt, ELEMENTS, "a vec or a number", 0, MUST("x", ARG_ELEM)),
    ROW("min", MIN, apply_min_max, ELEMENTS, "a vec or a number", CALL_REST,
        MUST("a", ARG_ELEM)),
    ROW("max", MAX, apply_min_max, ELEMENTS, "a vec or a number", CALL_REST,
        MUST("a", ARG_ELEM)),
    ROW("clamp", CLAMP, apply_clamp, ELEMENTS, "a vec", CALL_RUN, X, MUST("low", ARG_ELEM),
        MUST("high", ARG_ELEM)),
    ROW("where", WHERE, apply_where, ELEMENTS, "a vec", CALL_RUN, MUST("mask", ARG_RUN),
        MUST("a", ARG_ELEM), MUST("b", ARG_ELEM)),
    ROW("bernoulli", BERNOULLI, apply_each, ELEMENTS, "a vec", CALL_RUN, MUST("p", ARG_RUN)),
    /* vectors */
    ROW("softmax", SOFTMAX, apply_softmax, ANY_VECS, "a vec", CALL_RUN, X),
    ROW("sum", SUM, apply_reduce, ANY_VECS, "a vec", CALL_RUN, X),
    ROW("mean", MEAN, apply_reduce, ANY_VECS, "a vec", CALL_RUN, X),
    ROW("dot", DOT, apply_dot, ANY_VECS, "a vec", CALL_RUN, MUST("a", ARG_RUN),
        MUST("b", ARG_RUN)),
    ROW("outer", UPDATE, apply_outer, ANY_VECS, "a vec", CALL_RUN, MUST("col", ARG_RUN),
        MUST("row", ARG_RUN)),
    /* losses */
    ROW("cross_entropy", CROSS_ENTROPY, apply_loss, ANY_VECS | TAKES_LABEL | TAKES_LABELS,
        "a vec", CALL_RUN, MUST("output", ARG_RUN), MUST("target", ARG_RUN)),
    ROW("mse", MSE, apply_loss, ELEMENTS | TAKES_LABEL | TAKES_LABELS, "a vec", CALL_RUN,
        MUST("output", ARG_RUN), MUST("target", ARG_RUN)),
    /* constants */
    ROW("range", OPCODES, apply_range, 0, "", CALL_REST, MUST("n", ARG_ANY)),
    ROW("len", OPCODES, apply_len, 0, "", 0, MUST("list", ARG_LIST)),
    ROW("floor", OPCODES, apply_floor_ceil, 0, "", 0, MUST("x", ARG_NUMBER)),
    ROW("ceil", OPCODES, apply_floor_ceil, 0, "", 0, MUST("x", ARG_NUMBER)),
    /* sources */
    HOST("idx", 0, MUST("images", ARG_STRING), MUST("labels", ARG_STRING)),
    HOST("npy", 0, MUST("inputs", ARG_STRING), MUST("targets", ARG_STRING)),
    HOST("raw", 0, MUST("inputs", ARG_STRING), MUST("labels", ARG_STRING),
         MUST("size", ARG_COUNT)),
    HOST("cifar10", CALL_REST, MUST("file", ARG_STRING)),
    HOST("cifar100", CALL_REST, MUST("file", ARG_STRING)),
    HOST("csv", 0, MUST("file", ARG_STRING), LACK("label", ARG_INT), LACK("target", ARG_LIST),
         MAY("skip", ARG_INT, 0)),
    HOST("text", 0, MUST("file", ARG_STRING), MUST("window", ARG_COUNT)),
    /* host */
    HOST("sgd", 0, MUST("rate", ARG_ANY)),
    HOST("step_decay", 0, MUST("rate", ARG_NUMBER), MUST("milestones", ARG_LIST),
         MAY("gamma", ARG_NUMBER, 0.1)),
    HOST("cosine", 0, MUST("first", ARG_NUMBER), MUST("last", ARG_NUMBER)),
    HOST("patience", 0, MUST("metric", ARG_STRING), MUST("n", ARG_COUNT)),
    ROW("flip", OPCODES, apply_host, 0, "", 0, {NULL, ARG_ANY, ARG_REQUIRED, 0}),
    HOST("crop", 0, MUST("padding", ARG_COUNT)),
};

enum { ROWS = sizeof rows / sizeof *rows };

const builtin *builtin_at(size_t i)
{
    return i < ROWS ? &rows[i] : NULL;
}

const builtin *builtin_find(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    return NULL;
}

size_t builtin_arg_count(const builtin *row)
{
    size_t n = 0;
    while (n < CALL_ARGS && row->args[n].name)
        n++;
    return n;
}

const char *builtin_arguments(arena *memory, const builtin *row)
{
    const char *text = "";
    for (size_t i = 0; i < builtin_arg_count(row); i++)
        text = arena_printf(memory, "%s%s%s", text, i ? ", " : "", row->args[i].name);
    return row->flags & CALL_REST ? arena_printf(memory, "%s, ...", text) : text;
}
