/* .npy files: element types, shapes, what is written, and what is refused. */
#include "host_fixture.h"

#include "emulator/host/npy.h"
#include "isa/support/random.h"

/* A file of version 1 with this header and these bytes. */
static const char *write_file(fixture *f, const char *header, const void *bytes, size_t count)
{
    size_t length = strlen(header);
    unsigned char *all = calloc(1, 10 + length + count + 1);
    memcpy(all, "\x93NUMPY\x01\x00", 8);
    all[8] = (unsigned char)length;
    all[9] = (unsigned char)(length >> 8);
    memcpy(all + 10, header, length);
    if (count)
        memcpy(all + 10 + length, bytes, count);
    fixture_write(f, "a.npy", all, 10 + length + count);
    free(all);
    return fixture_path(f, "a.npy");
}

static data_set *load(fixture *f, const char *path)
{
    data_set *set = ARENA_NEW(f->memory, data_set);
    set->memory = f->memory;
    return data_load_npy(set, f->d, NULL, &path) ? set : (free(set->reals), NULL);
}

static void types(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *descr;
        unsigned char bytes[16];
        float first, second;
    } cases[] = {
        {"<f2", {0x00, 0x3C, 0x00, 0xC5}, 1, -5},
        {"<f4", {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0}, 1, -2},
        {">f4", {0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0}, 1, -2},
        {"<f8", {0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0}, 1, -2},
        {"|i1", {5, 0xFB}, 5, -5},
        {"<i2", {5, 0, 0xFB, 0xFF}, 5, -5},
        {">i2", {0, 5, 0xFF, 0xFB}, 5, -5},
        {"<i4", {5, 0, 0, 0, 0xFB, 0xFF, 0xFF, 0xFF}, 5, -5},
        {"<i8", {5, 0, 0, 0, 0, 0, 0, 0, 0xFB, 255, 255, 255, 255, 255, 255, 255}, 5, -5},
        {"|u1", {5, 0xFB}, 5, 251},
        {"<u2", {5, 0, 0xFB, 0xFF}, 5, 65531},
        {"|b1", {0, 1}, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = (size_t)(cases[i].descr[2] - '0');
        const char *header =
            arena_printf(f->memory, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }\n",
                         cases[i].descr);
        data_set *set = load(f, write_file(f, header, cases[i].bytes, 2 * size));
        assert_non_null(set);
        assert_int_equal(set->count, 1);
        assert_int_equal(set->elements, 2);
        assert_true(set->reals[0] == cases[i].first && set->reals[1] == cases[i].second);
        free(set->reals);
    }
}

static void round_trip(void **state)
{
    fixture *f = *state;
    const double values[6] = {1, -2.5, 1e-3, 0, 32767, -0.125};
    const char *path = fixture_path(f, "b.npy");
    assert_null(npy_write(f->memory, path, 3, 2, values));
    data_set *set = load(f, path);
    assert_non_null(set);
    assert_int_equal(set->count, 3);
    assert_int_equal(set->elements, 2);
    for (int i = 0; i < 6; i++)
        assert_true(set->reals[i] == (float)values[i]);
    free(set->reals);
    assert_non_null(npy_write(f->memory, "/nowhere/at/all.npy", 3, 2, values));
    assert_true(npy_named("x.npy") && npy_named("x.npy.gz"));
    assert_false(npy_named("x.csv") || npy_named(".npy") || npy_named("npy"));
}

#define GOOD "'fortran_order': False, 'shape': "

static void refused(void **state)
{
    fixture *f = *state;
    static const unsigned char bytes[64];
    static const struct {
        const char *header, *message;
        size_t count;
    } cases[] = {
        {"{'descr': '<c8', " GOOD "(2,)}", "not supported: elements of type 'c8'", 16},
        {"{'descr': [('a', '<f4')], " GOOD "(2,)}", "no plain numbers", 16},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", "column order", 8},
        {"{'descr': '<f4', 'fortran_order': False}", "no shape", 8},
        {"{'descr': '<f4', 'shape': (2,)}", "header is damaged", 8},
        {"{'descr': '<f4', " GOOD "(2", "shape in its header is damaged", 8},
        {"{'descr': '<f4', " GOOD "(-2,)}", "shape in its header is damaged", 8},
        {"{'descr': '<f4', " GOOD "(99999999999999999999,)}", "shape in its header", 8},
        {"{'descr': '<f4', " GOOD "(4294967296, 4294967296)}", "records are too large", 8},
        {"{'descr': '<f4', " GOOD "(4611686018427387904, 16777216)}", "more bytes than", 8},
        {"{'descr': '<f4', " GOOD "(3, 0)}", "it has no elements", 0},
        {"{'descr': '<f4', " GOOD "(4,)}", "ends after", 8},
        {"{'descr': '<f4', " GOOD "(1,)}", "goes on after", 8},
        {"", "header is damaged", 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(load(f, write_file(f, cases[i].header, bytes, cases[i].count)));
        expect_message(f, cases[i].message);
    }
    static const unsigned char not_finite[] = {0, 0, 0xC0, 0x7F};
    assert_null(load(f, write_file(f, "{'descr': '<f4', " GOOD "()}", not_finite, 4)));
    expect_message(f, "not a finite number");
    fixture_write(f, "a.npy", "PK\3\4 something else", 20);
    assert_null(load(f, fixture_path(f, "a.npy")));
    expect_message(f, "not a .npy file");
    fixture_write(f, "a.npy", "\x93NUMPY\x09\x00\x10\x00", 10);
    assert_null(load(f, fixture_path(f, "a.npy")));
    expect_message(f, "of this version");
    fixture_write(f, "a.npy", "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12);
    assert_null(load(f, fixture_path(f, "a.npy")));
    expect_message(f, "header is too long");
}

static data_set *load_pair(fixture *f, const char *inputs, const char *targets)
{
    data_set *set = ARENA_NEW(f->memory, data_set);
    plan_source source = {.kind = SOURCE_NPY, .file_count = 2};
    const char *paths[] = {inputs, targets};
    set->memory = f->memory;
    if (data_load_npy_pair(set, f->d, &source, paths))
        return set;
    free(set->reals);
    free(set->labels);
    free(set->targets);
    return NULL;
}

static void pairs(void **state)
{
    fixture *f = *state;
    const double values[6] = {1, -2.5, 4, 0, 8, -0.125};
    const unsigned char classes[] = {3, 0, 7}, negative[] = {1, 0xFF, 0};
    const char *inputs = fixture_path(f, "x.npy"), *two = fixture_path(f, "two.npy");
    assert_null(npy_write(f->memory, inputs, 3, 2, values));
    assert_null(npy_write(f->memory, two, 2, 3, values));
    data_set *set = load_pair(
        f, inputs, write_file(f, "{'descr': '|u1', " GOOD "(3,)}", classes, sizeof classes));
    assert_non_null(set);
    assert_true(set->count == 3 && set->elements == 2 && !set->targets && set->channels == 0);
    assert_true(set->labels[0] == 3 && set->labels[1] == 0 && set->labels[2] == 7);
    free(set->reals);
    free(set->labels);
    set = load_pair(f, inputs, inputs); /* real numbers: targets */
    assert_non_null(set);
    assert_true(!set->labels && set->target_elements == 2 && set->targets[4] == 8);
    free(set->reals);
    free(set->targets);
    assert_null(load_pair(f, inputs, two));
    expect_message(f, "it has 2 records");
    assert_null(load_pair(f, inputs, write_file(f, "{'descr': '|i1', " GOOD "(3,)}", negative, 3)));
    expect_message(f, "element 1 is not a class number");
    fixture_write(f, "none", "", 0);
    assert_null(load_pair(f, inputs, fixture_path(f, "none")));
    expect_message(f, "not a .npy file");
    const unsigned char pixels[24] = {0};
    set = load_pair(
        f, write_file(f, "{'descr': '|u1', " GOOD "(2, 1, 3, 4)}", pixels, sizeof pixels), two);
    assert_non_null(set);
    assert_true(set->channels == 1 && set->height == 3 && set->width == 4 && set->count == 2);
    free(set->reals);
    free(set->targets);
}

/* Files with a few bytes changed or cut off are read or refused, whatever they say. */
static void damaged(void **state)
{
    fixture *f = *state;
    static const double values[6] = {1, 2, 3, 4, 5, 6};
    const uint64_t seed = 20240611;
    const char *path = fixture_path(f, "c.npy");
    unsigned char whole[256];
    assert_null(npy_write(f->memory, path, 2, 3, values));
    FILE *in = fopen(path, "rb");
    size_t length = fread(whole, 1, sizeof whole, in);
    fclose(in);
    assert_int_equal(length, 128 + 48);
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state random = random_from(seed, 0);
    for (int i = 0; i < 300; i++) {
        unsigned char bytes[sizeof whole];
        size_t left = random_next(&random) % 4 ? length : random_next(&random) % length;
        memcpy(bytes, whole, length);
        for (uint64_t k = random_next(&random) % 4; k > 0; k--)
            bytes[random_next(&random) % 100] = (unsigned char)random_next(&random);
        fixture_write(f, "c.npy", bytes, left);
        data_set *set = load(f, path);
        if (set) {
            assert_true(set->count > 0 && set->elements > 0);
            free(set->reals);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(types, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(round_trip, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(pairs, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(damaged, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
