/* ONNX import: what becomes of each operator, and of the weights. */
#include "test_onnx_model.h"

#include <math.h>

static void gemm_folds_its_factors(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "0,3");
    add_ramp(m, "fc.weight", "2,3", 1, 0);
    add_ramp(m, "fc.bias", "2", 10, 0);
    Onnx__NodeProto *n = add_node(m, "Gemm", "g", "x,fc.weight,fc.bias", "y");
    set_int(m, n, "transB", 1);
    set_real(m, n, "alpha", 2);
    set_real(m, n, "beta", 0.5f);
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "network net(x: vec[3]) -> vec[2]");
    assert_text(&r, "dense(x, 2, name = \"fc\")");
    for (size_t i = 0; i < 6; i++)
        assert_float_equal(weight_of(&r, "fc.weight", i), 2 * (double)(i + 1), 1e-6);
    assert_float_equal(weight_of(&r, "fc.bias", 1), 10, 1e-6);
    imported_free(&r);
}

static void matmul_is_transposed_and_takes_the_bias(void **state)
{
    (void)state;
    model *m = model_new(9);
    add_input(m, "x", "1,2");
    add_ramp(m, "w", "2,3", 1, 0); /* [[1 2 3] [4 5 6]] */
    add_ramp(m, "b", "1,3", 1, 0);
    add_node(m, "MatMul", "fc/MatMul", "x,w", "h");
    add_node(m, "Add", "", "b,h", "i");
    add_node(m, "Relu", "", "i", "y");
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "return relu(dense(x, 3, name = \"fc.MatMul\"))");
    static const float expected[] = {1, 4, 2, 5, 3, 6};
    for (size_t i = 0; i < 6; i++)
        assert_float_equal(weight_of(&r, "fc.MatMul.weight", i), expected[i], 0);
    assert_float_equal(weight_of(&r, "fc.MatMul.bias", 2), 3, 0);
    imported_free(&r);
}

/* A value that two nodes read keeps its layer as it is. */
static void shared_values_are_named(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "1,4");
    add_ramp(m, "w", "4,4", 1, 0);
    add_ramp(m, "b", "4", 1, 0);
    add_node(m, "MatMul", "a", "x,w", "h");
    add_node(m, "Add", "", "h,b", "i");
    add_node(m, "Mul", "", "h,i", "y");
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "h = dense(x, 4, bias = false, name = \"a\")");
    assert_text(&r, "param b: vec[4]");
    assert_text(&r, "return h * (h + b)");
    imported_free(&r);
}

static void batch_norm_goes_into_the_layer(void **state)
{
    (void)state;
    model *m = model_new(15);
    add_input(m, "x", "0,2");
    add_ramp(m, "w", "1,2", 1, 0);
    static const char *const names[] = {"bn.weight", "bn.bias", "mean", "var"};
    for (int i = 0; i < 4; i++)
        add_ramp(m, names[i], "1", 1, i); /* 1, 2, 3, 4 */
    set_int(m, add_node(m, "Gemm", "fc", "x,w", "h"), "transB", 1);
    set_real(m, add_node(m, "BatchNormalization", "bn", "h,bn.weight,bn.bias,mean,var", "y"),
             "epsilon", 5);
    add_output(m, "y");
    imported r = import_good(m, NULL);
    double scale = 1 / sqrt(4 + (double)5);
    assert_float_equal(weight_of(&r, "fc.weight", 1), 2 * scale, 1e-6);
    assert_float_equal(weight_of(&r, "fc.bias", 0), 2 - 3 * scale, 1e-6);
    imported_free(&r);
}

static void batch_norm_alone_is_a_layer(void **state)
{
    (void)state;
    model *m = model_new(15);
    add_input(m, "x", "0,3,4,4");
    static const char *const names[] = {"bn.weight", "bn.bias", "mean", "var"};
    for (int i = 0; i < 4; i++)
        add_ramp(m, names[i], "3", 1, 0);
    add_node(m, "BatchNormalization", "", "x,bn.weight,bn.bias,mean,var", "y");
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "batch_norm(x, eps = 1e-05, name = \"bn\")");
    assert_float_equal(weight_of(&r, "bn.var", 2), 3, 0);
    imported_free(&r);
}

/* ---- convolutions ---- */

typedef struct conv_case {
    int64_t in, kernel, stride, dilation, begin, end;
} conv_case;

/* One row or column of the sum, with any padding. */
static double tap_sum(const float *x, const float *w, const conv_case *c, int64_t at)
{
    double sum = 0;
    for (int64_t k = 0; k < c->kernel; k++) {
        int64_t i = at * c->stride - c->begin + k * c->dilation;
        sum += i >= 0 && i < c->in ? (double)(x[i] * w[k]) : 0;
    }
    return sum;
}

/* A row convolved as the file says, and as the program and its weights say. */
static void convolution_keeps_its_meaning(const conv_case *c)
{
    model *m = model_new(13);
    float x[64];
    for (int i = 0; i < 64; i++)
        x[i] = (float)(i * i % 7) - 2;
    add_input(m, "x", arena_printf(m->memory, "1,1,%lld", (long long)c->in));
    Onnx__TensorProto *w =
        add_ramp(m, "c.weight", arena_printf(m->memory, "1,1,%lld", (long long)c->kernel), 1, -2);
    float kernel[16];
    memcpy(kernel, w->float_data, (size_t)c->kernel * sizeof *kernel);
    Onnx__NodeProto *n = add_node(m, "Conv", "c", "x,c.weight", "y");
    set_ints(m, n, "strides", arena_printf(m->memory, "%lld", (long long)c->stride));
    set_ints(m, n, "dilations", arena_printf(m->memory, "%lld", (long long)c->dilation));
    set_ints(m, n, "pads", arena_printf(m->memory, "%lld,%lld", (long long)c->begin,
                                        (long long)c->end));
    add_output(m, "y");
    imported r = import_good(m, NULL);
    const pan_body *body = &r.program->items[0].body;
    const pan_op *op = &body->ops[body->results[0]];
    assert_int_equal(op->code, PAN_CONV2D);
    int64_t out = (c->in + c->begin + c->end - (c->kernel - 1) * c->dilation - 1) / c->stride + 1;
    assert_int_equal(op->type.dim[2], out);
    conv_case after = {c->in, op->window.kernel[1], op->window.stride[1], 1, op->window.padding[1],
                       op->window.padding[1]};
    const float *grown = safetensors_find(r.net.weights, "c.weight")->bytes;
    for (int64_t i = 0; i < out; i++)
        assert_float_equal(tap_sum(x, grown, &after, i), tap_sum(x, kernel, c, i), 1e-5);
    imported_free(&r);
}

static void convolutions_keep_their_meaning(void **state)
{
    (void)state;
    static const conv_case cases[] = {
        {8, 3, 1, 1, 0, 0}, {8, 3, 1, 1, 1, 1}, {8, 3, 2, 1, 0, 1}, {8, 3, 1, 1, 2, 0},
        {9, 3, 1, 2, 0, 0}, {9, 3, 2, 3, 2, 3}, {28, 5, 2, 1, 1, 2}, {8, 2, 2, 1, 0, 1},
        {12, 4, 3, 2, 5, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        convolution_keeps_its_meaning(&cases[i]);
}

static void groups_and_automatic_padding(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "0,4,9,9");
    add_ramp(m, "c.weight", "8,2,3,3", 1, 0);
    add_ramp(m, "c.bias", "8", 1, 0);
    Onnx__NodeProto *n = add_node(m, "Conv", "", "x,c.weight,c.bias", "h");
    set_int(m, n, "group", 2);
    set_string(m, n, "auto_pad", "SAME_UPPER");
    set_ints(m, n, "strides", "2,2");
    add_node(m, "GlobalAveragePool", "", "h", "p");
    add_node(m, "Flatten", "", "p", "y");
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "conv2d(x, 8, kernel = 3, stride = 2, padding = 1, groups = 2, name = \"c\")");
    assert_text(&r, "-> vec[8]");
    imported_free(&r);
}

/* ---- shapes ---- */

/* The way exporters write x.view(x.size(0), -1). */
static void computed_shapes(void **state)
{
    (void)state;
    model *m = model_new(11);
    add_input(m, "x", "0,2,3,3");
    add_list(m, "zero", "0");
    add_list(m, "rest", "-1");
    add_ramp(m, "w", "5,18", 1, 0);
    add_node(m, "Shape", "", "x", "s");
    add_node(m, "Gather", "", "s,zero", "b");
    set_int(m, add_node(m, "Concat", "", "b,rest", "t"), "axis", 0);
    add_node(m, "Reshape", "", "x,t", "f");
    set_int(m, add_node(m, "Gemm", "fc", "f,w", "y"), "transB", 1);
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "dense(flatten(x), 5, bias = false");
    imported_free(&r);
}

/* Channels last before a matrix product: its columns are permuted instead. */
static void transposition_goes_into_the_product(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "0,2,1,3");
    add_list(m, "flat", "1,6");
    add_ramp(m, "w", "6,1", 1, 0);
    set_ints(m, add_node(m, "Transpose", "", "x", "t"), "perm", "0,2,3,1");
    add_node(m, "Reshape", "", "t,flat", "f");
    add_node(m, "MatMul", "fc", "f,w", "y");
    add_output(m, "y");
    imported r = import_good(m, NULL);
    static const float expected[] = {1, 3, 5, 2, 4, 6}; /* element (c, w) came at 2 w + c */
    for (size_t i = 0; i < 6; i++)
        assert_float_equal(weight_of(&r, "fc.weight", i), expected[i], 0);
    imported_free(&r);
}

static void two_transpositions_cancel(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "0,2,4,3");
    set_ints(m, add_node(m, "Transpose", "", "x", "t"), "perm", "0,2,3,1");
    add_node(m, "Relu", "", "t", "u");
    set_ints(m, add_node(m, "Transpose", "", "u", "v"), "perm", "0,3,1,2");
    Onnx__NodeProto *pool = add_node(m, "MaxPool", "", "v", "y");
    set_ints(m, pool, "kernel_shape", "2,2");
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "max_pool(relu(x), kernel = 2, stride = 1)");
    assert_text(&r, "-> map[2, 3, 2]");
    imported_free(&r);
}

static void constants_beside_values(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "0,2,2,2");
    add_ramp(m, "two", "1", 2, 0);
    add_ramp(m, "channel", "2,1,1", 1, 0);
    add_ramp(m, "whole", "2,2,2", 1, 0);
    add_node(m, "Div", "", "x,two", "a");
    add_node(m, "Sub", "", "channel,a", "b");
    add_node(m, "Mul", "", "b,whole", "c");
    add_node(m, "Softmax", "", "c", "y");
    add_output(m, "y");
    m->opset.version = 11; /* over everything from axis 1 on */
    imported r = import_good(m, NULL);
    assert_text(&r, "param channel: vec[2]");
    assert_text(&r, "param whole: vec[8]");
    assert_text(&r, "softmax(flatten(channel - (x / 2)) * whole)");
    assert_float_equal(weight_of(&r, "whole", 7), 8, 0);
    imported_free(&r);
}

static void names_become_valid(void **state)
{
    (void)state;
    model *m = model_new(13);
    m->graph.name = arena_strdup(m->memory, "torch-jit-export");
    add_input(m, "0", "1,2");
    add_node(m, "Tanh", "", "0", "q7");
    add_node(m, "Mul", "", "q7,q7", "if");
    add_node(m, "Mul", "", "if,if", "/a/b:0");
    add_node(m, "Mul", "", "/a/b:0,/a/b:0", "a_b_0");
    add_output(m, "a_b_0");
    imported r = import_good(m, NULL);
    assert_text(&r, "network torch_jit_export(x0: vec[2])");
    assert_text(&r, "q7_ = tanh(x0)");
    assert_text(&r, "if_ = q7_ * q7_");
    assert_text(&r, "a_b_0 = if_ * if_");
    imported_free(&r);
}

/* ---- recurrent layers ---- */

static void lstm_gates_in_pytorch_order(void **state)
{
    (void)state;
    model *m = model_new(14);
    add_input(m, "x", "5,0,2");
    add_ramp(m, "W", "1,4,2", 1, 0); /* hidden size 1: gate g is row g */
    add_ramp(m, "R", "1,4,1", 10, 0);
    add_ramp(m, "B", "1,8", 100, 0);
    add_node(m, "LSTM", "cell", "x,W,R,B", ",h");
    add_node(m, "Squeeze", "", "h,axes", "y");
    add_list(m, "axes", "0");
    add_output(m, "y");
    imported r = import_good(m, NULL);
    assert_text(&r, "return last(lstm(x, 1, name = \"cell\"))");
    assert_text(&r, "x: seq[5, vec[2]]");
    static const size_t from[] = {0, 2, 3, 1}; /* i f g o of i o f c */
    for (size_t g = 0; g < 4; g++) {
        assert_float_equal(weight_of(&r, "cell.weight_ih", 2 * g), (double)(2 * from[g] + 1), 0);
        assert_float_equal(weight_of(&r, "cell.weight_hh", g), 10 * (double)(from[g] + 1), 0);
        assert_float_equal(weight_of(&r, "cell.bias", g), 100 * (double)(2 * from[g] + 6), 0);
    }
    imported_free(&r);
}

static void gru_keeps_the_inner_bias(void **state)
{
    (void)state;
    model *m = model_new(14);
    add_input(m, "x", "5,0,2");
    add_ramp(m, "W", "1,3,2", 1, 0);
    add_ramp(m, "R", "1,3,1", 10, 0);
    add_ramp(m, "B", "1,6", 100, 0);
    Onnx__NodeProto *n = add_node(m, "GRU", "cell", "x,W,R,B", "s,h");
    set_int(m, n, "linear_before_reset", 1);
    set_string(m, n, "direction", "reverse");
    add_output(m, "h");
    imported r = import_good(m, NULL);
    assert_text(&r, "return last(gru(reverse(x), 1, name = \"cell\"))");
    assert_float_equal(weight_of(&r, "cell.weight_hh", 0), 20, 0); /* r z n of z r h */
    assert_float_equal(weight_of(&r, "cell.weight_hh", 1), 10, 0);
    assert_float_equal(weight_of(&r, "cell.bias", 0), 200 + 500, 0);
    assert_float_equal(weight_of(&r, "cell.bias", 2), 300, 0);
    assert_float_equal(weight_of(&r, "cell.bias_n", 0), 600, 0);
    imported_free(&r);
}

static void both_directions(void **state)
{
    (void)state;
    model *m = model_new(14);
    add_input(m, "x", "0,5,2");
    add_ramp(m, "W", "2,3,2", 1, 0);
    add_ramp(m, "R", "2,3,3", 1, 0);
    add_list(m, "axis", "1");
    add_list(m, "end", "-1");
    add_ramp(m, "w", "6,4", 1, 0);
    set_ints(m, add_node(m, "Transpose", "", "x", "t"), "perm", "1,0,2");
    set_string(m, add_node(m, "RNN", "cell", "t,W,R", "s,h"), "direction", "bidirectional");
    add_list(m, "flat", "5,1,6");
    set_ints(m, add_node(m, "Transpose", "", "s", "u"), "perm", "0,2,1,3");
    add_node(m, "Reshape", "", "u,flat", "v");
    set_int(m, add_node(m, "Gather", "", "v,end", "l"), "axis", 0);
    add_node(m, "MatMul", "fc", "v,w", "y");
    add_output(m, "y");
    add_output(m, "h");
    add_output(m, "l");
    imported r = import_good(m, NULL);
    assert_text(&r, "rnn(x, 3, name = \"cell.forward\")");
    assert_text(&r, "rnn(reverse(x), 3, name = \"cell.backward\")");
    assert_text(&r, "-> seq[5, vec[4]], vec[6], vec[6]");
    assert_text(&r, "last(");
    assert_float_equal(weight_of(&r, "cell.backward.weight_ih", 0), 7, 0);
    imported_free(&r);
}

static void open_dimensions(void **state)
{
    (void)state;
    for (int given = 0; given < 2; given++) {
        model *m = model_new(14);
        add_input(m, "x", "0,0,2");
        add_ramp(m, "W", "1,3,2", 1, 0);
        add_ramp(m, "R", "1,3,3", 1, 0);
        add_node(m, "RNN", "cell", "x,W,R", "s,h");
        add_output(m, "h");
        if (!given) {
            import_bad(m, "--dims D0=N");
            continue;
        }
        imported r = import_good(m, "Z=3,D0=7");
        assert_text(&r, "x: seq[7, vec[2]]");
        imported_free(&r);
    }
}

/* ---- what cannot be expressed ---- */

static void every_refused_node_is_named(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "1,2,4,4");
    add_ramp(m, "k", "2,2,3,3", 1, 0);
    add_node(m, "Resize", "up", "x", "a");
    add_node(m, "Relu", "fine", "a", "b");
    add_node(m, "Conv", "dynamic", "x,x", "c");
    add_node(m, "Elu", "", "b", "d");
    set_int(m, add_node(m, "Softmax", "odd", "x", "e"), "axis", 2);
    add_node(m, "Add", "uneven", "x,k", "f");
    add_output(m, "d");
    size_t length;
    uint8_t *bytes = model_pack(m, &length);
    imported r = import_bytes(bytes, length, NULL);
    assert_false(r.good);
    static const char *const parts[] = {"5 of its 6 nodes", "Resize 'up'", "Conv 'dynamic'",
                                        "Elu 'd'", "Softmax 'odd'", "Add 'uneven'"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(r.messages, parts[i]))
            fail_msg("no '%s' in %s", parts[i], r.messages);
    assert_null(strstr(r.messages, "fine"));
    imported_free(&r);
    arena_free(m->memory);
}

static void unequal_pool_padding(void **state)
{
    (void)state;
    model *m = model_new(13);
    add_input(m, "x", "1,1,8,8");
    Onnx__NodeProto *n = add_node(m, "MaxPool", "p", "x", "y");
    set_ints(m, n, "kernel_shape", "2,2");
    set_ints(m, n, "pads", "0,0,1,1");
    add_output(m, "y");
    import_bad(m, "MaxPool 'p': padding of 0 before and 1 behind");
}

static void padding_of_no_width(void **state)
{
    (void)state;
    for (int width = 0; width < 2; width++) {
        model *m = model_new(13);
        add_input(m, "x", "1,3");
        add_list(m, "pads", width ? "0,0,0,1" : "0,0,0,0");
        add_node(m, "Pad", "p", "x,pads", "h");
        set_real(m, add_node(m, "LeakyRelu", "", "h", "y"), "alpha", 0.1f);
        add_output(m, "y");
        if (width) {
            import_bad(m, "Pad 'p': padding belongs to a convolution or pool");
            continue;
        }
        imported r = import_good(m, NULL);
        assert_text(&r, "return leaky_relu(x, slope = 0.1)");
        imported_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemm_folds_its_factors),
        cmocka_unit_test(matmul_is_transposed_and_takes_the_bias),
        cmocka_unit_test(shared_values_are_named),
        cmocka_unit_test(batch_norm_goes_into_the_layer),
        cmocka_unit_test(batch_norm_alone_is_a_layer),
        cmocka_unit_test(convolutions_keep_their_meaning),
        cmocka_unit_test(groups_and_automatic_padding),
        cmocka_unit_test(computed_shapes),
        cmocka_unit_test(transposition_goes_into_the_product),
        cmocka_unit_test(two_transpositions_cancel),
        cmocka_unit_test(constants_beside_values),
        cmocka_unit_test(names_become_valid),
        cmocka_unit_test(lstm_gates_in_pytorch_order),
        cmocka_unit_test(gru_keeps_the_inner_bias),
        cmocka_unit_test(both_directions),
        cmocka_unit_test(open_dimensions),
        cmocka_unit_test(every_refused_node_is_named),
        cmocka_unit_test(unequal_pool_padding),
        cmocka_unit_test(padding_of_no_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
