/* ONNX files that are damaged or hostile: each is refused, and nothing of it does harm. */
#include "test_onnx_model.h"

#include "isa/support/random.h"

/* A network with a bit of everything, as the start of damage. */
static model *everything(void)
{
    model *m = model_new(13);
    add_input(m, "x", "0,2,8,8");
    add_ramp(m, "c.weight", "4,2,3,3", 0.1, -1);
    add_ramp(m, "k", "4,1,1", 1, 0);
    add_ramp(m, "w", "64,6", 0.01, 0);
    add_ramp(m, "g.weight", "3,6", 0.01, 0);
    add_ramp(m, "g.bias", "3", 0.01, 0);
    add_list(m, "flat", "1,-1");
    Onnx__NodeProto *n = add_node(m, "Conv", "c", "x,c.weight", "a");
    set_ints(m, n, "pads", "1,1,1,1");
    set_ints(m, n, "strides", "1,1");
    add_node(m, "Add", "", "a,k", "b");
    add_node(m, "Relu", "", "b", "d");
    n = add_node(m, "MaxPool", "", "d", "e");
    set_ints(m, n, "kernel_shape", "2,2");
    set_ints(m, n, "strides", "2,2");
    set_ints(m, add_node(m, "Transpose", "", "e", "t"), "perm", "0,2,3,1");
    add_node(m, "Reshape", "", "t,flat", "f");
    add_node(m, "MatMul", "", "f,w", "h");
    add_node(m, "Concat", "", "h,h", "hh");
    add_node(m, "Mul", "", "h,h", "h2");
    set_int(m, add_node(m, "Gemm", "g", "h2,g.weight,g.bias", "y"), "transB", 1);
    add_output(m, "y");
    return m;
}

static model *recurrent(void)
{
    model *m = model_new(14);
    add_input(m, "x", "5,1,2");
    add_ramp(m, "W", "2,12,2", 1, 0);
    add_ramp(m, "R", "2,12,3", 10, 0);
    add_ramp(m, "B", "2,24", 100, 0);
    set_string(m, add_node(m, "LSTM", "cell", "x,W,R,B", "s,h"), "direction", "bidirectional");
    add_output(m, "s");
    add_output(m, "h");
    return m;
}

static model *folding(void)
{
    model *m = model_new(12);
    add_input(m, "x", "1,4");
    add_list(m, "two", "2,2");
    add_list(m, "axis", "0");
    add_node(m, "ConstantOfShape", "", "two", "z");
    set_ints(m, add_node(m, "Transpose", "", "z", "zt"), "perm", "1,0");
    set_int(m, add_node(m, "Concat", "", "z,zt", "zz"), "axis", 0);
    add_node(m, "Shape", "", "x", "s");
    add_node(m, "Gather", "", "s,axis", "n");
    set_ints(m, add_node(m, "Squeeze", "", "n", "sq"), "axes", "0");
    set_ints(m, add_node(m, "Unsqueeze", "", "sq", "un"), "axes", "0");
    add_node(m, "Flatten", "", "zz", "zf");
    add_node(m, "MatMul", "", "x,zf", "y");
    add_output(m, "y");
    return m;
}

/* ---- each damage and its message ---- */

static void missing_initialiser(model *m)
{
    m->graph.n_initializer--;
    m->graph.node[5]->input[1] = arena_strdup(m->memory, "nowhere");
}

static void circle(model *m)
{
    m->graph.node[0]->input[0] = m->graph.node[2]->output[0];
}

static void made_twice(model *m)
{
    m->graph.node[2]->output[0] = m->graph.node[0]->output[0];
}

static void twice_initialised(model *m)
{
    m->graph.initializer[1]->name = m->graph.initializer[0]->name;
}

static void huge_input(model *m)
{
    m->graph.input[0]->type->tensor_type->shape->dim[2]->dim_value = INT64_MAX;
}

static void negative_input(model *m)
{
    m->graph.input[0]->type->tensor_type->shape->dim[2]->dim_value = -3;
}

static void input_without_type(model *m)
{
    m->graph.input[0]->type = NULL;
}

static void integer_input(model *m)
{
    m->graph.input[0]->type->tensor_type->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
}

static void huge_weight(model *m)
{
    m->graph.initializer[0]->dims[0] = (int64_t)1 << 62;
}

static void negative_weight(model *m)
{
    m->graph.initializer[0]->dims[0] = -4;
}

static void short_weight(model *m)
{
    m->graph.initializer[0]->n_float_data--;
}

static void text_weight(model *m)
{
    m->graph.initializer[0]->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
}

static void far_weight(model *m)
{
    m->graph.initializer[0]->has_data_location = true;
    m->graph.initializer[0]->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

static void other_weight(model *m)
{
    m->graph.initializer[0]->dims[0] = 2;
    m->graph.initializer[0]->dims[1] = 4;
}

static void nine_dimensions(model *m)
{
    m->graph.initializer[0]->n_dims = 9;
    for (int i = 0; i < 9; i++)
        m->graph.initializer[0]->dims[i] = 1;
}

static void no_graph(model *m)
{
    m->proto.graph = NULL;
}

static void no_results(model *m)
{
    m->graph.n_output = 0;
}

static void unmade_result(model *m)
{
    m->graph.output[0]->name = arena_strdup(m->memory, "nowhere");
}

static void no_operators(model *m)
{
    m->proto.n_opset_import = 0;
}

static void no_operator(model *m)
{
    m->graph.node[0]->op_type = NULL;
}

static void foreign_operator(model *m)
{
    m->graph.node[0]->domain = arena_strdup(m->memory, "com.example");
}

static void too_few_inputs(model *m)
{
    m->graph.node[0]->n_input = 1;
}

static void huge_stride(model *m)
{
    m->graph.node[0]->attribute[1]->ints[0] = INT64_MAX;
}

static void negative_padding(model *m)
{
    m->graph.node[0]->attribute[0]->ints[0] = INT64_MIN;
}

static void zero_stride(model *m)
{
    m->graph.node[3]->attribute[1]->ints[1] = 0;
}

static void wrong_attribute(model *m)
{
    m->graph.node[3]->attribute[0]->n_ints = 0;
}

static void bad_permutation(model *m)
{
    m->graph.node[4]->attribute[0]->ints[3] = 2;
}

static void impossible_shape(model *m)
{
    m->graph.initializer[5]->int64_data[0] = 7;
}

static void bad_shape(model *m)
{
    m->graph.initializer[5]->int64_data[0] = INT64_MIN;
}

static void every_damage_has_its_message(void **state)
{
    (void)state;
    static const struct {
        void (*damage)(model *m);
        const char *message;
    } cases[] = {
        {missing_initialiser, "reads 'nowhere', which no initialiser"},
        {circle, "reads 'd', which no initialiser, input or node before it makes"},
        {made_twice, "'a' is made twice"},
        {twice_initialised, "two initialisers 'c.weight'"},
        {huge_input, "input 'x' is too large"},
        {negative_input, "input 'x' has a size of -3"},
        {input_without_type, "no tensor of a known shape"},
        {integer_input, "no floating-point numbers"},
        {huge_weight, "'c.weight': its shape is not one"},
        {negative_weight, "'c.weight': its shape is not one"},
        {short_weight, "does not match its number of elements"},
        {text_weight, "of type STRING"},
        {far_weight, "stored in another file"},
        {other_weight, "do not fit 2 channels"},
        {nine_dimensions, "at most 8 dimensions"},
        {no_graph, "it holds no graph"},
        {no_results, "it has 0 results"},
        {unmade_result, "nothing makes its result 'nowhere'"},
        {no_operators, "of version 0, not 7 to 22"},
        {no_operator, "node 'c' has no operator"},
        {foreign_operator, "no such operator (of 'com.example')"},
        {too_few_inputs, "it has 1 inputs"},
        {huge_stride, "strides holds 9223372036854775807"},
        {negative_padding, "pads holds -9223372036854775808"},
        {zero_stride, "strides holds 0"},
        {wrong_attribute, "kernel_shape is of the wrong type or size"},
        {bad_permutation, "its perm is no permutation"},
        {impossible_shape, "does not hold 64 elements"},
        {bad_shape, "its shape is not one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model *m = everything();
        cases[i].damage(m);
        import_bad(m, cases[i].message);
    }
}

/* ---- bytes ---- */

/* Messages inside each other, far deeper than a model needs: graphs in attributes of nodes. */
static void deep_nesting(void **state)
{
    (void)state;
    enum { DEPTH = 30000, TAGS = 3 };
    static const uint8_t tags[TAGS] = {1 << 3 | 2, 5 << 3 | 2, 6 << 3 | 2}; /* node attribute g */
    size_t size = DEPTH * 6, at = size;
    uint8_t *bytes = malloc(size);
    size_t inner = 0;
    for (int i = 0; i < DEPTH; i++) {
        uint8_t length[5];
        size_t n = 0;
        for (size_t v = inner; n == 0 || v; v >>= 7)
            length[n++] = (uint8_t)((v & 127) | (v >> 7 ? 128 : 0));
        at -= n;
        memcpy(bytes + at, length, n);
        bytes[--at] = i == DEPTH - 1 ? 7 << 3 | 2 : tags[(DEPTH - 2 - i) % TAGS];
        inner = size - at;
    }
    imported r = import_bytes(bytes + at, size - at, NULL);
    assert_false(r.good);
    assert_non_null(strstr(r.messages, "damaged"));
    imported_free(&r);
    free(bytes);
}

/* Two bytes of input for each empty node: memory stays within its budget. */
static void many_empty_messages(void **state)
{
    (void)state;
    enum { NODES = 1000000 };
    uint8_t *bytes = calloc(NODES, 2), head[8] = {7 << 3 | 2};
    for (size_t i = 0; i < NODES; i++)
        bytes[2 * i] = 1 << 3 | 2;
    size_t n = 1;
    for (size_t v = 2 * (size_t)NODES; v; v >>= 7)
        head[n++] = (uint8_t)((v & 127) | (v >> 7 ? 128 : 0));
    uint8_t *whole = malloc(n + 2 * (size_t)NODES);
    memcpy(whole, head, n);
    memcpy(whole + n, bytes, 2 * (size_t)NODES);
    imported r = import_bytes(whole, n + 2 * (size_t)NODES, NULL);
    assert_false(r.good);
    imported_free(&r);
    free(bytes);
    free(whole);
}

/* Each doubles a constant: refused before memory runs out. */
static void growing_constants(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "1,4");
    add_ramp(m, "c0", "1024", 1, 0);
    for (int i = 0; i < 40; i++)
        set_int(m,
                add_node(m, "Concat", "", arena_printf(m->memory, "c%d,c%d", i, i),
                         arena_printf(m->memory, "c%d", i + 1)),
                "axis", 0);
    add_node(m, "Add", "", "x,c40", "y");
    add_output(m, "y");
    import_bad(m, "too large");
}

static void no_bytes(void **state)
{
    (void)state;
    imported r = import_bytes("", 0, NULL);
    assert_non_null(strstr(r.messages, "not an ONNX model"));
    imported_free(&r);
    r = import_bytes("network f(x: vec[2]) -> vec[2] { return x }", 43, NULL);
    assert_non_null(strstr(r.messages, "not an ONNX model"));
    imported_free(&r);
}

static void every_beginning_is_refused(void **state)
{
    (void)state;
    model *m = everything();
    size_t length;
    const uint8_t *bytes = model_pack(m, &length);
    for (size_t cut = 0; cut < length; cut += 1 + cut / 64) {
        uint8_t *part = malloc(cut + 1); /* so that reading beyond it is noticed */
        memcpy(part, bytes, cut);
        imported r = import_bytes(part, cut, NULL);
        assert_true(!r.good || r.program);
        imported_free(&r);
        free(part);
    }
    arena_free(m->memory);
}

/* Bytes overwritten, left out and repeated: refused, or a program that the checker accepts. */
static void random_damage(void **state)
{
    (void)state;
    const uint64_t seed = 6;
    print_message("seed %llu\n", (unsigned long long)seed);
    model *(*const starts[])(void) = {everything, recurrent, folding};
    random_state random = random_from(seed, 0);
    size_t accepted = 0, refused = 0;
    for (int i = 0; i < 3000; i++) {
        model *m = starts[i % 3]();
        size_t length;
        const uint8_t *bytes = model_pack(m, &length);
        uint8_t *copy = malloc(length + 64);
        memcpy(copy, bytes, length);
        for (uint64_t k = random_below(&random, 4) + 1; k > 0; k--) {
            size_t at = random_below(&random, length), count = random_below(&random, 8) + 1;
            count = count < length - at ? count : length - at;
            switch (random_below(&random, 4)) {
            case 0:
                copy[at] = (uint8_t)random_next(&random);
                break;
            case 1:
                copy[at] ^= (uint8_t)(1 << random_below(&random, 8));
                break;
            case 2:
                memmove(copy + at, copy + at + count, length - at - count);
                length -= count < length ? count : 0;
                break;
            default:
                memset(copy + at, random_below(&random, 2) ? 0xff : 0, count);
            }
        }
        imported r = import_bytes(copy, length, NULL);
        if (r.good && !r.program && !strstr(r.messages, "error"))
            fail_msg("neither accepted nor refused:\n%s", r.net.text);
        *(r.good ? &accepted : &refused) += 1;
        imported_free(&r);
        free(copy);
        arena_free(m->memory);
    }
    print_message("%zu accepted, %zu refused\n", accepted, refused);
    assert_true(accepted > 0 && refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damage_has_its_message),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(many_empty_messages),
        cmocka_unit_test(growing_constants),
        cmocka_unit_test(no_bytes),
        cmocka_unit_test(every_beginning_is_refused),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
