/* The checker: evaluation, expansion, shapes, formats, settings of programs that are right. */
#include "tests/unit/language_fixture.h"

#include <unistd.h>

static const pan_item *item_of(const compiled *c, const char *name)
{
    const pan_item *item = pan_find_item(c->program, name);
    assert_non_null(item);
    return item;
}

static compiled compile_file(const char *name)
{
    arena *memory = arena_new();
    size_t length;
    char *text = read_whole(memory, name, &length);
    compiled c = compile_bytes(name, text, length);
    if (!c.program)
        fail_msg("%s", c.messages);
    arena_free(memory);
    return c;
}

/* The networks of the language's description have the parameter counts of their papers. */
static void test_programs(void **state)
{
    (void)state;
    static const struct {
        const char *file, *item;
        long long parameters;
    } cases[] = {
        {"lenet5.pan", "lenet5", 61706},          {"mobilenet.pan", "mobilenet", 4231976},
        {"resnet18.pan", "resnet18", 11689512},   {"mlp.pan", "mlp", 101770},
        {"vgg16.pan", "vgg16", 34006948},         {"chars.pan", "chars", 127584},
        {"kernel_sgd.pan", "step", 101632},       {"bptt.pan", "bptt", 6528},
        {"rows.pan", "rows", 37130},              {"rbm.pan", "cd1", 101264},
        {"oja.pan", "oja", 208},                  {"formats.pan", "small", 4538},
        {"tenants.pan", "resnet18", 11689512},    {"data.pan", NULL, 0},
        {"circle_a.pan", "f", 15},                {"circle_b.pan", "f", 15},
    };
    assert_int_equal(chdir(GOOD_FOLDER), 0);
    arena *memory = arena_new();
    size_t count;
    pan_files(memory, ".", &count);
    assert_true(count >= sizeof cases / sizeof *cases);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        compiled c = compile_file(cases[i].file);
        if (cases[i].item)
            assert_int_equal(pan_item_parameters(c.program, item_of(&c, cases[i].item)),
                             cases[i].parameters);
        compiled_free(&c);
    }
    arena_free(memory);
}

static bool has_param(const compiled *c, const char *path)
{
    for (size_t i = 0; i < c->program->param_count; i++)
        if (!strcmp(c->program->params[i].path, path))
            return true;
    return false;
}

static void test_paths(void **state)
{
    (void)state;
    compiled c = compile_good("const TAG = 7\n"
                              "def pair(x, n) {\n"
                              "    param b: vec[n]\n"
                              "    return dense(relu(dense(x, n)) + b, n, name = \"out\")\n"
                              "}\n"
                              "network f(x: vec[4]) -> vec[4] {\n"
                              "    for i in range(2) { x = pair(x, 4) }\n"
                              "    x = pair(x, 4, name = \"stage{TAG}.a\")\n"
                              "    return dense(x, 4, bias = false)\n"
                              "}\n"
                              "param W: matrix[4, 4]\n"
                              "network g(x: vec[4]) -> vec[4] { return W @ x }\n");
    static const char *const paths[] = {
        "pair_1.b",          "pair_1.dense_1.weight", "pair_2.out.bias",
        "stage7.a.b",        "stage7.a.dense_1.bias", "dense_1.weight",
        "stage7.a.out.weight", "W",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (!has_param(&c, paths[i]))
            fail_msg("no parameter '%s'", paths[i]);
    assert_int_equal(c.program->param_count, 3 * 5 + 1 + 1);
    assert_int_equal(item_of(&c, "g")->param_count, 1);
    compiled_free(&c);
}

/* Compile-time values, checked by the language's own assert. */
static void test_evaluation(void **state)
{
    (void)state;
    compiled c = compile_good(
        "const N = 7\n"
        "const LIST = [1, 2.5, \"a\"] + [true]\n"
        "def check(x) {\n"
        "    assert(N / 2 == 3.5);  assert(N // 2 == 3);  assert(-N // 2 == -4);  assert(-N % 4 == 1)\n"
        "    assert(8 / 4 == 2);  assert(2 + 3 * 4 - 1 == 13);  assert(2 * 3.0 == 6)\n"
        "    assert(len(LIST) == 4 and LIST[1] == 2.5 and LIST[1 : 3] == [2.5, \"a\"])\n"
        "    assert(\"a{N}b{{\" == \"a7b\" + \"{{\");  assert(1 != \"1\");  assert(not (1 == true))\n"
        "    assert(len(range(3, 7)) == 4 and range(3)[2] == 2 and range(5, 2) == [])\n"
        "    assert(min(3, 1.5) == 1.5 and max(1, 2, 3) == 3 and sqrt(16) == 4)\n"
        "    assert(floor(2.7) == 2 and ceil(2.1) == 3 and floor(-2.5) == -3)\n"
        "    assert(x.size == 4 and x[1 : 3].size == 2)\n"
        "    total = 0\n"
        "    for i, pair in [[1, [2, 3]], [4, [5, 6]]] { total = total + i * pair[1] }\n"
        "    assert(total == 27, \"for takes lists apart\")\n"
        "    if N > 5 and false or N == 7 { n = 1 } else { n = 2 }\n"
        "    assert(n == 1);  assert(1e-3 < 0.0011);  assert(true or 1)\n"
        "    return x\n"
        "}\n"
        "network f(x: vec[4]) -> vec[4] { return relu(check(x)) }\n");
    compiled_free(&c);
    expect_error("const A = [1, 2][2]", "the index 2 is outside 0 .. 1");
    expect_error("const A = 5 % 0", "division by zero");
    expect_error("const A = -9223372036854775807 - 2", "the result does not fit a 64-bit integer");
    expect_error("const A = 2.5 // 2", "'//' is for integers, found a number and an integer");
    expect_error("const A = \"a\" + 1", "'+' does not apply to a string and an integer");
    expect_error("const A = \"a\" < 1", "'<' compares numbers, found a string and an integer");
}

static pan_type result_type(const compiled *c, const char *item, size_t i)
{
    const pan_item *f = item_of(c, item);
    return f->body.ops[f->body.results[i]].type;
}

/* Shapes of all built-in functions. */
static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *formal, *expression, *type;
    } cases[] = {
        {"vec[6]", "dense(x, 3)", "vec[3]"},
        {"seq[5, vec[6]]", "dense(x, 3)", "seq[5, vec[3]]"},
        {"map[3, 9, 11]", "conv2d(x, 8, [3, 5], stride = [2, 1], padding = [1, 0])", "map[8, 5, 7]"},
        {"map[4, 9, 9]", "conv2d(x, 8, 3, groups = 4)", "map[8, 7, 7]"},
        {"map[3, 9, 11]", "batch_norm(x)", "map[3, 9, 11]"},
        {"seq[5, vec[6]]", "rnn(x, 4)", "seq[5, vec[4]]"},
        {"seq[5, vec[6]]", "lstm(x, 4)", "seq[5, vec[4]]"},
        {"seq[5, vec[6]]", "gru(x, 4)", "seq[5, vec[4]]"},
        {"map[3, 9, 9]", "max_pool(x, 2)", "map[3, 4, 4]"},
        {"map[3, 9, 9]", "avg_pool(x, 3, stride = 2, padding = 1)", "map[3, 5, 5]"},
        {"map[3, 9, 9]", "global_avg_pool(x)", "vec[3]"},
        {"map[3, 4, 5]", "flatten(x)", "vec[60]"},
        {"vec[60]", "reshape(x, 3, 4, 5)", "map[3, 4, 5]"},
        {"vec[60]", "reshape(x, 12, 5)", "seq[12, vec[5]]"},
        {"map[3, 4, 5]", "concat(x, x, x)", "map[9, 4, 5]"},
        {"seq[5, vec[6]]", "last(x)", "vec[6]"},
        {"seq[5, vec[6]]", "reverse(x)", "seq[5, vec[6]]"},
        {"label[7]", "one_hot(x)", "vec[7]"},
        {"seq[5, label[7]]", "one_hot(x)", "seq[5, vec[7]]"},
        {"vec[3]", "concat(zeros(2), ones(3))", "vec[5]"},
        {"map[3, 9, 9]", "patches(x, 3, padding = 1)", "map[27, 9, 9]"},
        {"map[27, 9, 9]", "fold(x, 3, 9, 9, 3, padding = 1)", "map[3, 9, 9]"},
        {"map[3, 2, 2]", "leaky_relu(x, 0.2)", "map[3, 2, 2]"},
        {"vec[6]", "min(x, 0) + max(0, x) - clamp(x, -1, 1)", "vec[6]"},
        {"vec[6]", "where(x > 0, x, 0)", "vec[6]"},
        {"vec[6]", "bernoulli(sigmoid(x))", "vec[6]"},
        {"map[3, 2, 2]", "softmax(x)", "map[3, 2, 2]"},
        {"vec[6]", "sum(x)", "scalar"},
        {"map[3, 2, 2]", "mean(x)", "map[1, 2, 2]"},
        {"seq[5, vec[6]]", "dot(x, x)", "seq[5, scalar]"},
        {"vec[6]", "x[2]", "scalar"},
        {"vec[6]", "x[2 : 4]", "vec[2]"},
        {"map[3, 2, 2]", "x[1]", "map[1, 2, 2]"},
        {"map[3, 2, 2]", "x * ones(3)", "map[3, 2, 2]"},
        {"vec[6]", "2 * sum(x) / x", "vec[6]"},
        {"vec[6]", "-x / 2 == abs(x)", "vec[6]"},
        {"vec[6]", "sqrt(exp(x)) + log(tanh(sign(x)))", "vec[6]"},
        {"vec[6]", "cross_entropy(x, x[0 : 6]) ", NULL},
    };
    arena *memory = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = arena_printf(memory, "network f(x: %s) -> %s {\n    y = %s\n    return y\n}\n",
                                  cases[i].formal, cases[i].type ? cases[i].type : "scalar",
                                  cases[i].expression);
        compiled c = compile_text(text);
        if (!cases[i].type != !c.program)
            fail_msg("%s%s", text, c.messages);
        if (c.program) {
            pan_type t = result_type(&c, "f", 0);
            assert_string_equal(pan_type_text(memory, &t), cases[i].type);
        }
        compiled_free(&c);
    }
    arena_free(memory);
}

static int format_of_code(const compiled *c, const char *item, pan_opcode code, int which)
{
    const pan_body *b = &item_of(c, item)->body;
    for (size_t i = 0; i < b->count; i++)
        if (b->ops[i].code == code && which-- == 0)
            return b->ops[i].q;
    fail_msg("no such op");
    return -1;
}

static void test_formats(void **state)
{
    (void)state;
    assert_int_equal(chdir(GOOD_FOLDER), 0);
    compiled c = compile_file("kernel_sgd.pan");
    assert_int_equal(format_of_code(&c, "step", PAN_INPUT, 0), 9);
    assert_int_equal(format_of_code(&c, "step", PAN_INPUT, 2), 23); /* 0.05 / 16 * 2^23 < 32767 */
    assert_int_equal(format_of_code(&c, "step", PAN_MATVEC, 0), 9);
    assert_int_equal(format_of_code(&c, "step", PAN_MATVEC, 2), 14); /* W2.T @ d2 */
    assert_int_equal(format_of_code(&c, "step", PAN_SOFTMAX, 0), 14);
    assert_int_equal(format_of_code(&c, "step", PAN_GT, 0), 0);
    assert_int_equal(format_of_code(&c, "step", PAN_MUL, 0), 14); /* the mask does not count */
    assert_int_equal(format_of_code(&c, "step", PAN_MUL, 1), 28 - 9); /* a column operand */
    compiled_free(&c);

    c = compile_file("formats.pan");
    assert_int_equal(format_of_code(&c, "small", PAN_INPUT, 0), 14);
    assert_int_equal(format_of_code(&c, "small", PAN_CONV2D, 0), 9);
    assert_int_equal(format_of_code(&c, "small", PAN_RELU, 0), 12); /* written on the left */
    assert_int_equal(format_of_code(&c, "small", PAN_RELU, 1), 11);
    assert_int_equal(format_of_code(&c, "small", PAN_DENSE, 1), 8); /* of the result */
    assert_int_equal(c.program->params[0].q, 28);                   /* layer "edge" */
    assert_int_equal(pan_format(&c.program->layers[0].formats, PAN_FORMAT_ERROR), 15);
    assert_int_equal(pan_format(&c.program->layers[0].formats, PAN_FORMAT_ACTIVATION), -1);
    compiled_free(&c);

    c = compile_good("param W: matrix[4, 8]\n"
                     "kernel k(x: vec[8], rate: scalar) {\n"
                     "    d = W @ x;  e = W.T @ d\n"
                     "    W -= rate * outer(d, e)\n"
                     "}\n"
                     "deploy { place k {\n"
                     "    layer \"W\" { activation = q8; weight = q24; error = q13 } } }\n");
    assert_int_equal(format_of_code(&c, "k", PAN_MATVEC, 0), 8);
    assert_int_equal(format_of_code(&c, "k", PAN_MATVEC, 1), 13);
    assert_int_equal(c.program->params[0].q, 24);
    compiled_free(&c);

    c = compile_good("network f(x: vec[4] q12, y: vec[4] q10) -> vec[4] {\n"
                     "    a = x + y;  b = x * 0.5;  z: q7 = x\n"
                     "    return a / b + 3 * (x > y) + z\n"
                     "}\n");
    assert_int_equal(format_of_code(&c, "f", PAN_ADD, 0), 10);
    assert_int_equal(format_of_code(&c, "f", PAN_MUL, 0), 12);
    assert_int_equal(format_of_code(&c, "f", PAN_CONST, 0), 15); /* 0.5 */
    assert_int_equal(format_of_code(&c, "f", PAN_CONST, 1), 13); /* 3 * 2^13 < 32767 */
    assert_int_equal(format_of_code(&c, "f", PAN_DIV, 0), 10);
    assert_int_equal(format_of_code(&c, "f", PAN_CAST, 0), 7);
    compiled_free(&c);
}

/* scan: a region between begin and end, states with their next values. */
static void test_scan(void **state)
{
    (void)state;
    assert_int_equal(chdir(GOOD_FOLDER), 0);
    compiled c = compile_file("bptt.pan");
    const pan_body *b = &item_of(&c, "bptt")->body;
    int begins = 0, ends = 0, states = 0, nexts = 0, updates = 0, depth = 0;
    for (size_t i = 0; i < b->count; i++) {
        const pan_op *op = &b->ops[i];
        begins += op->code == PAN_SCAN_BEGIN;
        ends += op->code == PAN_SCAN_END;
        depth += (op->code == PAN_SCAN_BEGIN) - (op->code == PAN_SCAN_END);
        assert_true(depth == 0 || depth == 1);
        states += op->code == PAN_STATE;
        nexts += op->code == PAN_STATE_NEXT;
        updates += op->code == PAN_UPDATE;
        for (uint32_t a = 0; a < op->arg_count; a++)
            assert_true(op->args[a] < i);
    }
    assert_int_equal(begins, 2);
    assert_int_equal(ends, 2);
    assert_int_equal(states, 2);
    assert_int_equal(nexts, 2);
    assert_int_equal(updates, 3);
    compiled_free(&c);
}

static void test_settings(void **state)
{
    (void)state;
    assert_int_equal(chdir(GOOD_FOLDER), 0);
    compiled c = compile_file("vgg16.pan");
    assert_int_equal(c.program->train_count, 1);
    const pan_train *t = &c.program->trains[0];
    assert_int_equal(t->batch, 64);
    assert_int_equal(t->epochs, 160);
    assert_int_equal(t->seed, 1);
    assert_string_equal(t->loss, "cross_entropy");
    assert_int_equal(t->freeze_count, 2);
    assert_string_equal(t->stop_metric, "valid_accuracy");
    assert_int_equal(t->every_count, 4);
    assert_string_equal(t->every[3].actions[1].file, "vgg16-{epoch}.safetensors");
    assert_int_equal(t->scalar_count, 1);
    assert_int_equal(t->scalars[0].schedule.kind, PAN_SCHEDULE_STEP_DECAY);
    assert_true(t->scalars[0].scale == -1.0 / 64);
    const pan_place *place = &c.program->deploy.places[0];
    assert_int_equal(place->layer_count, 3);
    assert_int_equal(place->layers[2].tiles.count, 12);
    assert_int_equal(c.program->deploy.variant, 2);
    pan_options o = {.batch = 8, .epochs = 2, .has_seed = true, .seed = 9, .variant = 3};
    pan_apply(c.program, &o);
    assert_int_equal(t->batch, 8);
    assert_true(t->scalars[0].scale == -1.0 / 8);
    assert_int_equal(c.program->deploy.variant, 3);
    compiled_free(&c);

    /* train and deploy of included files are not taken over, and what is not named not compiled */
    c = compile_file("tenants.pan");
    assert_int_equal(c.program->train_count, 0);
    assert_int_equal(c.program->deploy.place_count, 3);
    compiled_free(&c);
    c = compile_file("kernel_sgd.pan");
    assert_true(item_of(&c, "step")->compiled && item_of(&c, "classify")->compiled);
    compiled_free(&c);
    c = compile_file("oja.pan");
    assert_true(item_of(&c, "oja")->compiled && !item_of(&c, "hebb")->compiled);
    compiled_free(&c);
}

/* A mistake in a def is reported once, with the place of the call. */
static void test_notes(void **state)
{
    (void)state;
    compiled c = compile_text("def g(x) { return relu(x, 3) }\n"
                              "network f(x: vec[4]) -> vec[4] {\n"
                              "    for i in range(5) { x = g(x) }\n"
                              "    return x\n"
                              "}\n");
    assert_int_equal(diag_errors(c.d), 1);
    assert_non_null(strstr(c.messages, "test.pan:3:29: note: in 'def g' as called here"));
    compiled_free(&c);
    c = compile_text("network f(x: vec[4]) -> vec[4] { return batch_norm(x) }\n"
                     "data d { train = csv(\"d\", label = 4) }\n"
                     "train f on d { loss = mse; update = sgd(1); batch = 1; epochs = 1 }\n");
    assert_non_null(c.program);
    assert_non_null(strstr(c.messages, "warning: the statistics of batch_norm stay frozen"));
    compiled_free(&c);
}

static void test_patterns(void **state)
{
    (void)state;
    assert_true(pan_matches("conv2d_*", "conv2d_12"));
    assert_true(pan_matches("*.weight", "a.b.weight"));
    assert_true(pan_matches("a*b*c", "axxbyybzc"));
    assert_true(pan_matches("*", ""));
    assert_false(pan_matches("conv2d_1", "conv2d_12"));
    assert_false(pan_matches("a*b", "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programs), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_evaluation), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_formats),  cmocka_unit_test(test_scan),
        cmocka_unit_test(test_settings), cmocka_unit_test(test_notes),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
