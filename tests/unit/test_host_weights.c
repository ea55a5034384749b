/* Weight files: what is written is read back, damaged ones are refused, first values are as drawn. */
#include "host_fixture.h"

#include "isa/support/random.h"

enum { SEED = 20261122 };

static void files_round_trip(void **state)
{
    fixture *f = *state;
    safetensors *out = safetensors_new(f->memory);
    float w[6] = {1, -2.5f, 0, 3e-30f, 5, 6};
    int16_t digits[4] = {-32768, 7, 0, 1};
    safetensors_add(out, "a \"quoted\" name", TENSOR_F32, (size_t[]){2, 3}, 2, w);
    safetensors_add(out, "digits", TENSOR_I16, (size_t[]){4}, 1, digits);
    safetensors_note(out, "k", "v");
    const char *path = fixture_path(f, "w");
    assert_null(safetensors_write(out, path));
    safetensors *in = safetensors_read(f->memory, f->d, path);
    assert_non_null(in);
    const named_tensor *t = safetensors_find(in, "a \"quoted\" name");
    assert_int_equal(t->rank, 2);
    assert_int_equal(t->shape[1], 3);
    for (size_t i = 0; i < 6; i++)
        assert_true(safetensors_value(t, i) == (double)w[i]);
    assert_true(safetensors_value(safetensors_find(in, "digits"), 0) == -32768);
    assert_string_equal(safetensors_text(in, "k"), "v");
    assert_null(safetensors_find(in, "b"));
}

static void write_header(fixture *f, const char *header, size_t data)
{
    size_t length = strlen(header);
    char *bytes = arena_alloc(f->memory, 8 + length + data);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (char)((uint64_t)length >> (8 * i));
    memcpy(bytes + 8, header, length);
    fixture_write(f, "w", bytes, 8 + length + data);
}

static void damaged_files_are_refused(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *header, *message;
        size_t data;
    } cases[] = {
        {"", "its header is not a JSON object", 0},
        {"[1]", "its header is not a JSON object", 0},
        {"{\"a\":3}", "tensor 'a': its dtype is missing", 0},
        {"{\"a\":{\"dtype\":\"F33\"}}", "its dtype is missing or unknown", 0},
        {"{\"a\":{\"dtype\":\"F32\"}}", "its shape is missing", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5]}}", "not a list of sizes", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1]}}", "not a list of sizes", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1]}}", "not a list of sizes", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296]}}", "not a list of sizes", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "its bytes lie outside the file", 4},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", "lie outside", 4},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", "lie outside", 4},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
         "does not match its number of bytes", 4},
        {"{\"__metadata__\":{\"a\":1}}", "something that is no text", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_header(f, cases[i].header, cases[i].data);
        assert_null(safetensors_read(f->memory, f->d, fixture_path(f, "w")));
        expect_message(f, cases[i].message);
    }
    fixture_write(f, "w", "1234567", 7);
    assert_null(safetensors_read(f->memory, f->d, fixture_path(f, "w")));
    expect_message(f, "not a safetensors file");
    fixture_write(f, "w", "\377\377\377\377\377\377\377\377{}", 10);
    assert_null(safetensors_read(f->memory, f->d, fixture_path(f, "w")));
    expect_message(f, "not a safetensors file");
}

/* Random bytes changed in a good file: it is read or refused, never more. */
static void noise_does_no_harm(void **state)
{
    fixture *f = *state;
    safetensors *out = safetensors_new(f->memory);
    float w[6] = {0};
    safetensors_add(out, "a", TENSOR_F32, (size_t[]){2, 3}, 2, w);
    safetensors_note(out, "panther.step", "12");
    assert_null(safetensors_write(out, fixture_path(f, "good")));
    char good[512];
    FILE *in = fopen(fixture_path(f, "good"), "rb");
    size_t length = fread(good, 1, sizeof good, in);
    fclose(in);
    print_message("seed %d\n", SEED);
    random_state r = random_from(SEED, 0);
    for (int i = 0; i < 2000; i++) {
        char bad[512];
        memcpy(bad, good, length);
        for (uint64_t k = random_below(&r, 3) + 1; k > 0; k--)
            bad[random_below(&r, length)] = (char)random_next(&r);
        fixture_write(f, "bad", bad, random_below(&r, 4) ? length : random_below(&r, length));
        safetensors *s = safetensors_read(f->memory, f->d, fixture_path(f, "bad"));
        for (size_t t = 0; s && t < s->count; t++)
            for (size_t e = 0; s->tensors[t].type != TENSOR_OTHER && e < s->tensors[t].count; e++)
                (void)safetensors_value(&s->tensors[t], e);
        (void)fixture_messages(f);
    }
}

typedef struct store {
    engine base;
    double w[2][12];
} store;

static void store_write(engine *e, uint32_t matrix, const double *w)
{
    memcpy(((store *)e)->w[matrix], w, sizeof(double[12]));
}

static void store_read(engine *e, uint32_t matrix, double *w)
{
    memcpy(w, ((store *)e)->w[matrix], sizeof(double[12]));
}

static const engine_table store_table = {.write_matrix = store_write, .read_matrix = store_read};

/* Two matrices of 4 inputs and 3 outputs; in the first, three inputs of weight and one of bias. */
static store make_store(image *im, image_matrix *matrices, image_tensor *tensors)
{
    for (int i = 0; i < 2; i++)
        matrices[i] = (image_matrix){.name = i ? "n" : "m", .rows = 4, .columns = 3, .q = 20};
    tensors[0] = (image_tensor){.name = "m.weight",
                                .rank = 2,
                                .dims = {3, 3},
                                .rows = 3,
                                .columns = 3,
                                .init = INIT_UNIFORM,
                                .init_value = 0.5};
    tensors[1] = (image_tensor){.name = "m.bias",
                                .rank = 1,
                                .dims = {3},
                                .row0 = 3,
                                .rows = 1,
                                .columns = 3,
                                .init = INIT_CONSTANT,
                                .init_value = 0.25};
    tensors[2] = (image_tensor){.name = "n",
                                .matrix = 1,
                                .rank = 2,
                                .dims = {3, 4},
                                .rows = 4,
                                .columns = 3,
                                .init = INIT_NORMAL,
                                .init_value = 2};
    *im = (image){.matrices = matrices, .matrix_count = 2, .tensors = tensors, .tensor_count = 3};
    return (store){.base = {&store_table, im, NULL}};
}

static void tensors_have_their_place(void **state)
{
    fixture *f = *state;
    image im;
    image_matrix matrices[2];
    image_tensor tensors[3];
    store s = make_store(&im, matrices, tensors);
    weights_init(&s.base, 1);
    double values[9];
    weights_init_tensor(&tensors[0], 1, values);
    for (size_t j = 0; j < 3; j++) {
        for (size_t i = 0; i < 3; i++)
            assert_true(s.w[0][i * 3 + j] == values[j * 3 + i]);
        assert_true(s.w[0][3 * 3 + j] == 0.25);
    }
    safetensors *out = safetensors_new(f->memory);
    weights_store(&s.base, out);
    assert_int_equal(out->count, 3);
    const named_tensor *t = safetensors_find(out, "m.weight");
    assert_true(safetensors_value(t, 5) == (double)(float)values[5]);
    store copy = make_store(&im, matrices, tensors);
    assert_true(weights_load(&copy.base, out, false, f->d));
    for (size_t i = 0; i < 12; i++)
        assert_true(copy.w[1][i] == (double)(float)s.w[1][i]);
    tensors[0].dims[0] = 9;
    tensors[0].dims[1] = 1;
    assert_false(weights_load(&copy.base, out, false, f->d));
    expect_message(f, "tensor 'm.weight' is [3, 3], but the model's is [9, 1]");
    tensors[0].name = "gone";
    assert_false(weights_load(&copy.base, out, false, f->d));
    expect_message(f, "it has no tensor 'gone'");
}

/*
 * A convolution of 4 outputs in two groups, over 3 lanes and a kernel of 1 x 2: two matrices of 6
 * inputs (tap, lane), one tensor [4, 3, 1, 2].
 */
static void check_shape_in_files(fixture *f, uint32_t rank)
{
    image_matrix matrices[2];
    image_tensor tensors[2];
    for (uint32_t i = 0; i < 2; i++) {
        matrices[i] = (image_matrix){.name = i ? "b" : "a", .rows = 6, .columns = 2, .q = 20};
        tensors[i] = (image_tensor){.name = "c.weight",
                                    .matrix = i,
                                    .rank = rank,
                                    .dims = {4, rank == 4 ? 3 : 6, 1, 2},
                                    .first = 2 * i,
                                    .rows = 6,
                                    .columns = 2,
                                    .init = INIT_NORMAL,
                                    .init_value = 1};
    }
    image im = {.matrices = matrices, .matrix_count = 2, .tensors = tensors, .tensor_count = 2};
    store s = {.base = {&store_table, &im, NULL}}, again = s;
    weights_init(&s.base, 5);
    safetensors *out = safetensors_new(f->memory);
    weights_store(&s.base, out);
    assert_int_equal(out->count, 1);
    const named_tensor *t = safetensors_find(out, "c.weight");
    assert_int_equal(t->rank, rank);
    image_tensor whole = {.name = "c.weight", .rows = 6, .columns = 4, .init = INIT_NORMAL,
                          .init_value = 1};
    double first[24];
    weights_init_tensor(&whole, 5, first);
    for (size_t n = 0; n < 4; n++)
        for (size_t lane = 0; lane < 3; lane++)
            for (size_t kx = 0; kx < 2; kx++) {
                size_t at = (n * 3 + lane) * 2 + kx;
                double w = s.w[n / 2][(kx * 3 + lane) * 2 + n % 2];
                assert_true(safetensors_value(t, at) == (double)(float)w);
                assert_true(w == first[at]);
            }
    assert_true(weights_load(&again.base, out, false, f->d));
    for (int i = 0; i < 24; i++)
        assert_true(again.w[i / 12][i % 12] == (double)(float)s.w[i / 12][i % 12]);
}

/* So has a layer whose inputs are a map of 1 x 2 with 3 lanes, one tensor [4, 6]. */
static void kernels_keep_their_shape_in_files(void **state)
{
    check_shape_in_files(*state, 4);
    check_shape_in_files(*state, 2);
}

/* First values: by seed and name only, in range, with the moments of their distribution. */
static void first_values(void **state)
{
    (void)state;
    enum { N = 20000 };
    static double a[N], b[N];
    image_tensor t = {
        .name = "x", .rows = 100, .columns = 200, .init = INIT_UNIFORM, .init_value = 0.5};
    weights_init_tensor(&t, 3, a);
    weights_init_tensor(&t, 3, b);
    assert_memory_equal(a, b, sizeof a);
    weights_init_tensor(&t, 4, b);
    assert_memory_not_equal(a, b, sizeof a);
    t.name = "y";
    weights_init_tensor(&t, 3, b);
    assert_memory_not_equal(a, b, sizeof a);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < N; i++) {
        assert_true(fabs(a[i]) <= 0.5);
        sum += a[i];
        squares += a[i] * a[i];
    }
    assert_float_equal(sum / N, 0, 0.01);
    assert_float_equal(squares / N, 0.25 / 3, 0.003);
    t.init = INIT_NORMAL;
    t.init_value = 2;
    weights_init_tensor(&t, 3, a);
    sum = squares = 0;
    for (size_t i = 0; i < N; i++) {
        sum += a[i];
        squares += a[i] * a[i];
    }
    assert_float_equal(sum / N, 0, 0.06);
    assert_float_equal(squares / N, 4, 0.15);
}

int main(void)
{
#define TEST_CASE(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST_CASE(files_round_trip),   TEST_CASE(damaged_files_are_refused),
        TEST_CASE(noise_does_no_harm), TEST_CASE(tensors_have_their_place),
        TEST_CASE(kernels_keep_their_shape_in_files), TEST_CASE(first_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
