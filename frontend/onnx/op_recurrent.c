/* RNN, LSTM and GRU: PyTorch's equations are the language's; ONNX orders the gates differently. */
#include "frontend/onnx/import.h"

#include <string.h>

enum { X, W, R, B, LENGTHS, STATE, CELL, PEEPHOLES };

typedef struct recurrence {
    const char *type, *function, *activations[3];
    size_t gates;
    size_t from[4]; /* of each gate of the language: which of ONNX's it is */
} recurrence;

static const recurrence recurrences[] = {
    {"RNN", "rnn", {"Tanh"}, 1, {0}},
    {"LSTM", "lstm", {"Sigmoid", "Tanh", "Tanh"}, 4, {0, 2, 3, 1}}, /* i o f c -> i f g o */
    {"GRU", "gru", {"Sigmoid", "Tanh"}, 3, {1, 0, 2}},              /* z r h -> r z n */
};

typedef struct shape_of_cell {
    const recurrence *kind;
    size_t steps, inputs, hidden, directions;
    bool reverse, batch_first;
} cell;

static bool zero_or_missing(const value *v)
{
    for (size_t i = 0; v && v->kind == VALUE_CONSTANT && i < v->constant->count; i++)
        if (tensor_at(v->constant, i) != 0)
            return false;
    return !v || v->kind == VALUE_CONSTANT;
}

static bool usual_activations(const op_node *n, const cell *c)
{
    const Onnx__AttributeProto *a = op_attribute(n, "activations");
    size_t count = 0;
    while (count < 3 && c->kind->activations[count])
        count++;
    if (a && a->n_strings != count * c->directions)
        return false;
    for (size_t i = 0; a && i < a->n_strings; i++) {
        const char *usual = c->kind->activations[i % count];
        if (a->strings[i].len != strlen(usual) ||
            memcmp(a->strings[i].data, usual, strlen(usual)) != 0)
            return false;
    }
    return true;
}

static bool check_variant(op_node *n, const cell *c)
{
    bool good = true, gru = c->kind->gates == 3;
    const value *lengths = op_input(n, LENGTHS);
    if (!usual_activations(n, c))
        return op_refuse(n, "its activations are not the usual ones");
    if (op_attribute(n, "clip"))
        return op_refuse(n, "it clips its gates");
    if (op_int(n, "input_forget", 0, &good))
        return op_refuse(n, "its input and forget gates are coupled");
    if (gru && !op_int(n, "linear_before_reset", 0, &good))
        return good && op_refuse(n, "it resets the state before the product "
                                    "(linear_before_reset = 0), unlike PyTorch's");
    if (!zero_or_missing(op_input(n, STATE)) || !zero_or_missing(op_input(n, CELL)))
        return op_refuse(n, "its initial state is not 0");
    if (!zero_or_missing(op_input(n, PEEPHOLES)))
        return op_refuse(n, "it has peepholes");
    bool known = lengths && lengths->kind == VALUE_CONSTANT;
    for (size_t i = 0; known && i < lengths->constant->count; i++)
        if (tensor_at(lengths->constant, i) != (double)c->steps)
            return op_refuse(n, "its sequences are of different lengths");
    return lengths && !known
               ? op_refuse(n, "the lengths of its sequences are not constant")
               : good;
}

/* Where the batch is must be where the layout says; for one example a dimension of 1 is as good. */
static bool read_sequence(op_node *n, const value *x, cell *c)
{
    int wanted = c->batch_first ? 0 : 1;
    if (x->rank != 3 || !value_plain(n, x))
        return x->rank == 3 ? false : op_refuse(n, "its input is not a sequence");
    if (x->batch != wanted && (value_batch(x) != 1 || x->dims[wanted] != 1))
        return op_refuse(n, "its batch is not dimension %d of %s", wanted,
                         tensor_shape_text(n->m->memory, x->dims, x->rank));
    c->steps = (size_t)x->dims[!wanted];
    c->inputs = (size_t)x->dims[2];
    return true;
}

static bool check_weights(op_node *n, cell *c)
{
    const tensor *w = op_constant(n, W, "weight W"), *r = w ? op_constant(n, R, "weight R") : NULL;
    const tensor *b = r && op_input(n, B) ? op_constant(n, B, "bias B") : NULL;
    if (!r || (op_input(n, B) && !b))
        return false;
    c->hidden = r->rank == 3 ? (size_t)r->dims[2] : 0;
    int64_t rows = (int64_t)(c->kind->gates * c->hidden), d = (int64_t)c->directions;
    bool fits = c->hidden > 0 && w->rank == 3 && w->dims[0] == d && w->dims[1] == rows &&
                w->dims[2] == (int64_t)c->inputs && r->dims[0] == d && r->dims[1] == rows &&
                (!b || (b->rank == 2 && b->dims[0] == d && b->dims[1] == 2 * rows));
    return fits || op_refuse(n, "its weights do not fit %zu inputs", c->inputs);
}

/* Rows of a matrix (columns long) in the language's order of gates. */
static bool add_matrix(op_node *n, const char *path, const char *name, const cell *c,
                       const tensor *t, size_t direction, size_t columns)
{
    size_t h = c->hidden, rows = c->kind->gates * h, shape[2] = {rows, columns};
    float *out = op_floats(n, rows * columns);
    for (size_t g = 0; out && g < c->kind->gates; g++)
        for (size_t i = 0; i < h * columns; i++)
            out[g * h * columns + i] = (float)tensor_at(
                t, direction * rows * columns + c->kind->from[g] * h * columns + i);
    if (out)
        layer_tensor(n->m, path, name, shape, 2, out);
    return out;
}

/* ONNX has a bias for W and one for R; only a GRU's candidate keeps them apart. */
static bool add_biases(op_node *n, const char *path, const cell *c, size_t direction)
{
    size_t h = c->hidden, rows = c->kind->gates * h;
    const tensor *b = op_input(n, B) ? op_input(n, B)->constant : NULL;
    float *sum = op_floats(n, rows), *own = op_floats(n, h);
    if (!sum || !own)
        return false;
    for (size_t i = 0; b && i < rows; i++) {
        size_t gate = i / h, from = direction * 2 * rows + c->kind->from[gate] * h + i % h;
        bool candidate = c->kind->gates == 3 && gate == 2;
        sum[i] = (float)(tensor_at(b, from) + (candidate ? 0 : tensor_at(b, from + rows)));
        if (candidate)
            own[i % h] = (float)tensor_at(b, from + rows);
    }
    layer_tensor(n->m, path, "bias", &rows, 1, sum);
    if (c->kind->gates == 3)
        layer_tensor(n->m, path, "bias_n", &h, 1, own);
    return true;
}

/* "lstm(x, 64, name = ...)"; NULL after op_refuse. */
static const char *one_direction(op_node *n, const cell *c, const char *path, const char *argument,
                                 size_t direction)
{
    if (!add_matrix(n, path, "weight_ih", c, op_input(n, W)->constant, direction, c->inputs) ||
        !add_matrix(n, path, "weight_hh", c, op_input(n, R)->constant, direction, c->hidden) ||
        !add_biases(n, path, c, direction))
        return NULL;
    n->m->other_layers++;
    return arena_printf(n->m->memory, "%s(%s, %zu, name = \"%s\")", c->kind->function, argument,
                        c->hidden, path);
}

/* Dims of Y (steps > 0) or Y_h. */
static void set_dims(const cell *c, const value *x, size_t steps, value *out)
{
    int64_t d = (int64_t)c->directions, b = value_batch(x), h = (int64_t)c->hidden;
    int64_t dims[4];
    size_t rank = 0;
    if (c->batch_first)
        dims[rank++] = b;
    if (steps)
        dims[rank++] = (int64_t)steps;
    dims[rank++] = d;
    if (!c->batch_first)
        dims[rank++] = b;
    dims[rank++] = h;
    memcpy(out->dims, dims, rank * sizeof *dims);
    out->rank = rank;
    out->batch = c->batch_first ? 0 : (int)rank - 2;
}

static bool write_layer(op_node *n, const cell *c)
{
    importer *m = n->m;
    value *x = op_input(n, X);
    const char *text[2] = {NULL}, *steps, *end;
    const char *argument = value_as(m, x, type_seq((int64_t)c->steps, (int64_t)c->inputs));
    const char *path = layer_path(n, op_input(n, W)->constant);
    bool named = c->directions == 2 || (op_wants(n, 0) && op_wants(n, 1));
    if (c->directions == 2 && strchr(argument, '('))
        argument = value_line(m, "steps", argument);
    for (size_t d = 0; d < c->directions; d++) {
        bool back = c->reverse || d == 1;
        const char *full = c->directions == 1 ? path
                                              : arena_printf(m->memory, "%s.%s", path,
                                                             d ? "backward" : "forward");
        const char *in = back ? arena_printf(m->memory, "reverse(%s)", argument) : argument;
        text[d] = one_direction(n, c, full, in, d);
        if (!text[d])
            return false;
        text[d] = named ? value_line(m, full, text[d]) : text[d];
    }
    if (c->directions == 2) {
        steps = arena_printf(m->memory, "concat(%s, reverse(%s))", text[0], text[1]);
        end = arena_printf(m->memory, "concat(last(%s), last(%s))", text[0], text[1]);
    } else {
        steps = c->reverse ? arena_printf(m->memory, "reverse(%s)", text[0]) : text[0];
        end = arena_printf(m->memory, "last(%s)", text[0]);
    }
    int64_t width = (int64_t)(c->directions * c->hidden);
    if (op_wants(n, 0))
        set_dims(c, x, c->steps,
                 value_call_at(n, 0, NULL, type_seq((int64_t)c->steps, width), steps));
    if (op_wants(n, 1))
        set_dims(c, x, 0, value_call_at(n, 1, NULL, type_vec(width), end));
    return true;
}

bool import_recurrent(op_node *n)
{
    bool good = true;
    cell c = {.kind = recurrences};
    while (strcmp(c.kind->type, n->row->type) != 0)
        c.kind++;
    const char *direction = op_string(n, "direction", "forward", &good);
    c.reverse = !strcmp(direction, "reverse");
    c.directions = strcmp(direction, "bidirectional") ? 1 : 2;
    c.batch_first = op_int(n, "layout", 0, &good) != 0;
    return good && read_sequence(n, op_input(n, X), &c) && check_weights(n, &c) &&
           check_variant(n, &c) && write_layer(n, &c);
}
