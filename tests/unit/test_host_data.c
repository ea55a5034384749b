/* Data sources: what is read, how it is split and scaled, and what is refused. */
#include "host_fixture.h"

#include "isa/support/random.h"

static const data_folders here = {NULL, NULL};

static plan_source *make_source(fixture *f, source_kind kind, const char *one, const char *two)
{
    plan_source *s = ARENA_NEW(f->memory, plan_source);
    const char **files = ARENA_ARRAY(f->memory, const char *, 2);
    files[0] = one;
    files[1] = two;
    *s = (plan_source){.kind = kind,
                       .files = files,
                       .file_count = two ? 2 : 1,
                       .base = f->folder,
                       .label = -1,
                       .size = 1};
    return s;
}

static plan_data make_data(fixture *f, const plan_source *train)
{
    static double numbers[] = {1, 0, 1};
    (void)f;
    return (plan_data){.name = "d",
                       .train = train,
                       .limit = -1,
                       .crop = -1,
                       .scale = {&numbers[0], 1},
                       .mean = {&numbers[1], 1},
                       .std = {&numbers[2], 1}};
}

static data_group *open_source(fixture *f, const plan_source *s)
{
    plan_data *p = ARENA_NEW(f->memory, plan_data);
    *p = make_data(f, s);
    return data_open(f->memory, f->d, &here, p);
}

static const uint8_t idx_images[] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2,  0,  0,
                                     0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255};
static const uint8_t idx_labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9};

static void idx_is_read(void **state)
{
    fixture *f = *state;
    fixture_write(f, "i", idx_images, sizeof idx_images);
    fixture_write_gz(f, "l.gz", idx_labels, sizeof idx_labels);
    data_group *g = open_source(f, make_source(f, SOURCE_IDX, "i", "l.gz"));
    assert_non_null(g);
    assert_int_equal(g->train.count, 3);
    assert_int_equal(g->elements, 4);
    assert_int_equal(g->train.set->height, 2);
    double x[4];
    data_example(g, &g->train, 2, x);
    assert_true(x[0] == 9 && x[3] == 255);
    assert_int_equal(g->train.set->labels[0], 7);
    assert_true(data_check_labels(&g->train, 10, f->d));
    assert_false(data_check_labels(&g->train, 9, f->d));
    expect_message(f, "record 2 has label 9, but classes are 0 to 8");
    data_close(g);
}

/* One byte changed or a length cut in a good pair of files, and what is said about it. */
static void idx_is_checked(void **state)
{
    fixture *f = *state;
    static const struct {
        int file;
        size_t at;
        uint8_t value;
        size_t length; /* 0: whole */
        const char *message;
    } cases[] = {
        {0, 0, 1, 0, "not an idx file"},
        {0, 3, 0, 0, "not an idx file"},
        {0, 2, 0x0D, 0, "idx elements of type 0d"},
        {0, 7, 4, 0, "ends after 12 of the 16 bytes"},
        {0, 4, 255, 0, "ends after 12"},
        {0, 7, 2, 0, "goes on after the last record"},
        {0, 11, 0, 0, "0 or more than"},
        {0, 8, 255, 0, "0 or more than"},
        {0, 0, 0, 10, "header ends too early"},
        {0, 0, 0, 2, "not an idx file"},
        {1, 7, 2, 0, "it has 2 labels, but"},
        {1, 3, 2, 0, "header ends too early"},
        {1, 0, 0, 10, "ends after 2 of the 3 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t images[sizeof idx_images], labels[sizeof idx_labels];
        memcpy(images, idx_images, sizeof images);
        memcpy(labels, idx_labels, sizeof labels);
        size_t lengths[2] = {sizeof images, sizeof labels};
        (cases[i].file ? labels : images)[cases[i].at] = cases[i].value;
        if (cases[i].length)
            lengths[cases[i].file] = cases[i].length;
        fixture_write(f, "i", images, lengths[0]);
        fixture_write(f, "l", labels, lengths[1]);
        assert_null(open_source(f, make_source(f, SOURCE_IDX, "i", "l")));
        expect_message(f, cases[i].message);
    }
}

static void idx_labels_are_no_images(void **state)
{
    fixture *f = *state;
    fixture_write(f, "i", idx_images, sizeof idx_images);
    assert_null(open_source(f, make_source(f, SOURCE_IDX, "i", "i")));
    expect_message(f, "labels have 1 dimension, this file has 3");
    assert_null(open_source(f, make_source(f, SOURCE_IDX, "i", NULL)));
    expect_message(f, "an idx source has two files");
}

static void csv_is_read(void **state)
{
    fixture *f = *state;
    static const char text[] = "a,b,c\n1, 2.5 ,0\r\n\n-3e1,4,2";
    fixture_write_gz(f, "x.csv", text, sizeof text - 1);
    plan_source *s = make_source(f, SOURCE_CSV, "x.csv", NULL);
    s->skip = 1;
    s->label = 2;
    data_group *g = open_source(f, s);
    if (!g)
        fail_msg("%s", fixture_messages(f));
    double x[2];
    data_example(g, &g->train, 1, x);
    assert_true(x[0] == -30 && x[1] == 4);
    assert_int_equal(g->train.set->labels[1], 2);
    const char *path;
    assert_string_equal(data_where(f->memory, g->train.set, 1, &path), "line 4");
    data_close(g);
    s->label = -1;
    s->targets = (int64_t[]){1, 2};
    s->target_count = 2;
    g = open_source(f, s);
    assert_int_equal(g->elements, 1);
    assert_true(g->train.set->targets[2] == 4.0f && g->train.set->targets[3] == 2.0f);
    data_close(g);
}

static void csv_is_checked(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *text, *message;
        int64_t label;
    } cases[] = {
        {"1,2\n3,x\n", "x.csv:2: error: column 1: 'x' is not a number", 1},
        {"1,2\n3\n", "x.csv:2: error: the line has 1 columns, but the first record has 2", 1},
        {"1,2\n3,4,5\n", "x.csv:2: error: the line has 3 columns", 1},
        {"1,2\n3,\n", "column 1: '' is not a number", 1},
        {"1,nan\n", "'nan' is not a number", -1},
        {"1,1e400\n", "'1e400' is not a number", -1},
        {"1,2\n", "there is no column 2: columns are 0 to 1", 2},
        {"1,2.5\n", "the label 2.5 is not a class number", 1},
        {"1,-1\n", "the label -1 is not a class number", 1},
        {"", "it has no records", 1},
        {"\n \n", "it has no records", 1},
        {"4\n", "no column is left as input", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write(f, "x.csv", cases[i].text, strlen(cases[i].text));
        plan_source *s = make_source(f, SOURCE_CSV, "x.csv", NULL);
        s->label = cases[i].label;
        assert_null(open_source(f, s));
        expect_message(f, cases[i].message);
    }
    fixture_write(f, "x.csv", "1,\0002\n", 5);
    assert_null(open_source(f, make_source(f, SOURCE_CSV, "x.csv", NULL)));
    expect_message(f, "it is not a text file");
}

static void cifar_is_read_and_checked(void **state)
{
    fixture *f = *state;
    enum { RECORD = 3074 };
    static uint8_t bytes[2 * RECORD];
    bytes[1] = 99;
    bytes[RECORD + 1] = 5;
    bytes[RECORD + 2] = 77;
    fixture_write_gz(f, "c.bin.gz", bytes, sizeof bytes);
    plan_source *s = make_source(f, SOURCE_CIFAR100, "c.bin.gz", "c.bin.gz");
    data_group *g = open_source(f, s);
    assert_int_equal(g->train.count, 4);
    assert_int_equal(g->train.set->labels[0], 99);
    double x[3072];
    data_example(g, &g->train, 3, x);
    assert_true(x[0] == 77);
    const char *path;
    assert_string_equal(data_where(f->memory, g->train.set, 3, &path), "record 1");
    data_close(g);
    bytes[1] = 100;
    fixture_write(f, "bad", bytes, sizeof bytes);
    assert_null(open_source(f, make_source(f, SOURCE_CIFAR100, "bad", NULL)));
    expect_message(f, "record 0 has label 100, but classes are 0 to 99");
    fixture_write(f, "bad", bytes, RECORD + 7);
    bytes[1] = 0;
    fixture_write(f, "bad", bytes, RECORD + 7);
    assert_null(open_source(f, make_source(f, SOURCE_CIFAR100, "bad", NULL)));
    expect_message(f, "record 1 is incomplete (7 of 3074 bytes)");
    fixture_write(f, "bad", bytes, 0);
    assert_null(open_source(f, make_source(f, SOURCE_CIFAR10, "bad", NULL)));
    expect_message(f, "it is empty");
}

static void raw_is_read_and_checked(void **state)
{
    fixture *f = *state;
    fixture_write(f, "x", "abcdef", 6);
    fixture_write(f, "l", "\1\2", 2);
    plan_source *s = make_source(f, SOURCE_RAW, "x", "l");
    s->size = 3;
    data_group *g = open_source(f, s);
    assert_int_equal(g->train.count, 2);
    assert_int_equal(g->train.set->labels[1], 2);
    data_close(g);
    s->size = 4;
    assert_null(open_source(f, s));
    expect_message(f, "6 bytes are not a whole number of examples of 4");
    s->size = 2;
    assert_null(open_source(f, s));
    expect_message(f, "2 labels, but");
}

static void damaged_gzip_is_refused(void **state)
{
    fixture *f = *state;
    static uint8_t bytes[1 << 16], packed[1 << 17];
    random_state r = random_from(20261122, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)random_next(&r);
    fixture_write_gz(f, "x.gz", bytes, sizeof bytes);
    FILE *in = fopen(fixture_path(f, "x.gz"), "rb");
    size_t length = fread(packed, 1, sizeof packed, in);
    fclose(in);
    fixture_write(f, "cut.gz", packed, length / 2);
    assert_null(open_source(f, make_source(f, SOURCE_RAW, "cut.gz", NULL)));
    expect_message(f, "ends too early");
    packed[length - 6] ^= 1; /* the checksum */
    fixture_write(f, "bad.gz", packed, length);
    assert_null(open_source(f, make_source(f, SOURCE_RAW, "bad.gz", NULL)));
    expect_message(f, "is damaged");
}

static void files_are_looked_for(void **state)
{
    fixture *f = *state;
    fixture_write(f, "x", "ab", 2);
    data_folders extra = {NULL, f->folder};
    assert_non_null(data_find(f->memory, f->d, &extra, "/nowhere", "x"));
    assert_non_null(data_find(f->memory, f->d, &extra, "/nowhere", "sub/x"));
    assert_null(data_find(f->memory, f->d, &here, "/nowhere", "x"));
    expect_message(f, "--data");
    assert_null(open_source(f, make_source(f, SOURCE_RAW, ".", NULL)));
    expect_message(f, "not a regular file");
}

static plan_data numbered(fixture *f, size_t count)
{
    char *bytes = arena_alloc(f->memory, count);
    for (size_t i = 0; i < count; i++)
        bytes[i] = (char)i;
    fixture_write(f, "n", bytes, count);
    return make_data(f, make_source(f, SOURCE_RAW, "n", NULL));
}

/* Test, valid and train are disjoint, complete, in file order, and follow the seed. */
static void split_by_fraction(void **state)
{
    fixture *f = *state;
    plan_data p = numbered(f, 100);
    p.test = (plan_part){true, 0.2, NULL};
    p.valid = (plan_part){true, 0.1, NULL};
    data_group *g = data_open(f->memory, f->d, &here, &p);
    assert_int_equal(g->test.count, 20);
    assert_int_equal(g->valid.count, 10);
    assert_int_equal(g->train.count, 70);
    int seen[100] = {0};
    const data_part *parts[] = {&g->train, &g->test, &g->valid};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < parts[k]->count; i++) {
            seen[parts[k]->records[i]]++;
            assert_true(i == 0 || parts[k]->records[i - 1] < parts[k]->records[i]);
        }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    p.seed = 1;
    data_group *other = data_open(f->memory, f->d, &here, &p);
    assert_memory_not_equal(g->test.records, other->test.records, 20 * sizeof(size_t));
    data_close(g);
    data_close(other);
    p.limit = 10;
    g = data_open(f->memory, f->d, &here, &p);
    assert_int_equal(g->train.count + g->test.count + g->valid.count, 10);
    data_close(g);
}

static void scaling(void **state)
{
    fixture *f = *state;
    fixture_write(f, "x", "\0\2\4\6\10\12\14\16", 8);
    plan_source *s = make_source(f, SOURCE_RAW, "x", NULL);
    s->size = 4;
    plan_data p = make_data(f, s);
    p.scale = (plan_numbers){(double[]){0.5}, 1};
    p.mean = (plan_numbers){(double[]){1, 2}, 2};
    p.std = (plan_numbers){(double[]){1, 2, 4, 8}, 4};
    data_group *g = data_open(f->memory, f->d, &here, &p);
    double x[4];
    data_example(g, &g->train, 1, x); /* 8 10 12 14 */
    assert_true(x[0] == 3 && x[1] == 2 && x[2] == 1 && x[3] == 0.625);
    data_close(g);
    p.standardize = true;
    g = data_open(f->memory, f->d, &here, &p);
    for (size_t e = 0; e < 2; e++) {
        data_example(g, &g->train, e, x);
        for (size_t i = 0; i < 4; i++)
            assert_float_equal(x[i], e ? 1 : -1, 1e-12);
    }
    data_close(g);
    p.mean = (plan_numbers){(double[]){1, 2, 3}, 3};
    assert_null(data_open(f->memory, f->d, &here, &p));
    expect_message(f, "'mean' of data 'd' has 3 numbers, which do not divide the 4 elements");
}

static void order_is_a_permutation(void **state)
{
    fixture *f = *state;
    plan_data p = numbered(f, 50);
    data_group *g = data_open(f->memory, f->d, &here, &p);
    size_t one[50], two[50], seen[50] = {0};
    data_order(&g->train, true, 3, 0, one);
    data_order(&g->train, true, 3, 0, two);
    assert_memory_equal(one, two, sizeof one);
    data_order(&g->train, true, 3, 1, two);
    assert_memory_not_equal(one, two, sizeof one);
    data_order(&g->train, true, 4, 0, two);
    assert_memory_not_equal(one, two, sizeof one);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(seen[one[i]]++, 0);
    data_order(&g->train, false, 3, 0, one);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(one[i], i);
    data_close(g);
}

/* Every augmented image is the original mirrored or not, shifted by at most the padding. */
static void augmentation(void **state)
{
    fixture *f = *state;
    fixture_write(f, "i", idx_images, sizeof idx_images);
    fixture_write(f, "l", idx_labels, sizeof idx_labels);
    plan_data p = make_data(f, make_source(f, SOURCE_IDX, "i", "l"));
    p.flip = true;
    p.crop = 1;
    data_group *g = data_open(f->memory, f->d, &here, &p);
    int found = 0;
    for (uint64_t epoch = 0; epoch < 200; epoch++) {
        double x[4], y[4];
        data_example(g, &g->train, 0, x);
        memcpy(y, x, sizeof y);
        data_augment(g, y, 1, epoch, 0);
        bool good = false;
        for (int code = 0; code < 18 && !good; code++) {
            int dy = code / 2 / 3 - 1, dx = code / 2 % 3 - 1, flip = code % 2;
            good = true;
            for (int at = 0; at < 4; at++) {
                int v = at / 2 + dy, u = at % 2 + dx;
                bool inside = v >= 0 && v < 2 && u >= 0 && u < 2;
                double want = inside ? x[v * 2 + (flip ? 1 - u : u)] : 0;
                good = good && y[at] == want;
            }
            if (good)
                found |= 1 << code;
        }
        assert_true(good);
    }
    assert_true(__builtin_popcount((unsigned)found) >= 14);
    data_close(g);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(idx_is_read),
        TEST(idx_is_checked),
        TEST(idx_labels_are_no_images),
        TEST(csv_is_read),
        TEST(csv_is_checked),
        TEST(cifar_is_read_and_checked),
        TEST(raw_is_read_and_checked),
        TEST(damaged_gzip_is_refused),
        TEST(files_are_looked_for),
        TEST(split_by_fraction),
        TEST(scaling),
        TEST(order_is_a_permutation),
        TEST(augmentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
