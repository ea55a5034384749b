#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "isa/support/arena.h"
#include "isa/support/diag.h"
#include "isa/support/file.h"
#include "isa/support/fixed.h"
#include "isa/support/random.h"
#include "isa/support/source.h"

enum { SEED = 20260105 };

/* Blocks are zero, aligned and do not overlap, large ones among small ones included. */
static void arena_blocks(void **state)
{
    (void)state;
    arena *memory = arena_new();
    random_state r = random_from(SEED, 1);
    enum { BLOCKS = 3000 };
    static unsigned char *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        sizes[i] = (size_t)random_below(&r, i % 500 == 0 ? 600000 : 200);
        blocks[i] = arena_alloc(memory, sizes[i]);
        assert_int_equal((uintptr_t)blocks[i] % (sizes[i] >= 64 ? 64 : 16), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], 0);
        if (sizes[i])
            memset(blocks[i], i & 0xFF, sizes[i]);
    }
    for (int i = 0; i < BLOCKS; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], i & 0xFF);
    assert_true(arena_used(memory) > 600000);
    arena_free(memory);
    arena_free(NULL);
}

static void arena_texts_and_arrays(void **state)
{
    (void)state;
    arena *memory = arena_new();
    assert_string_equal(arena_strdup(memory, "abc"), "abc");
    assert_string_equal(arena_strndup(memory, "abcdef", 2), "ab");
    assert_string_equal(arena_printf(memory, "%d-%s", 5, "x"), "5-x");
    int *numbers = NULL;
    size_t count = 0, capacity = 0;
    for (int i = 0; i < 1000; i++)
        ARENA_PUSH(memory, numbers, count, capacity, i);
    assert_int_equal(count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    arena_free(memory);
}

static void source_positions(void **state)
{
    (void)state;
    arena *memory = arena_new();
    source_set *set = source_set_new(memory);
    uint32_t file = source_add(set, "a.pan", "one\n\ntwo three\n", 15);
    uint32_t other = source_add(set, "b.pan", "", 0);
    assert_true(file == 1 && other == 2);
    assert_null(source_get(set, 0));
    assert_null(source_get(set, 3));
    static const uint32_t expected[][3] = {{0, 1, 1}, {3, 1, 4}, {4, 2, 1}, {5, 3, 1}, {9, 3, 5},
                                           {15, 4, 1}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        source_position at = source_locate(set, (source_range){file, expected[i][0], 15});
        assert_string_equal(at.path, "a.pan");
        assert_int_equal(at.line, expected[i][1]);
        assert_int_equal(at.column, expected[i][2]);
    }
    assert_null(source_locate(set, SOURCE_NOWHERE).path);
    size_t length;
    assert_memory_equal(source_line(source_get(set, file), 3, &length), "two three", 9);
    assert_int_equal(length, 9);
    source_line(source_get(set, file), 9, &length);
    assert_int_equal(length, 0);
    source_range joined = source_join((source_range){1, 5, 8}, (source_range){1, 2, 6});
    assert_true(joined.begin == 2 && joined.end == 8);
    joined = source_join((source_range){1, 5, 8}, (source_range){2, 0, 1});
    assert_true(joined.file == 1 && joined.begin == 5 && joined.end == 8);
    joined = source_join(SOURCE_NOWHERE, (source_range){2, 0, 1});
    assert_int_equal(joined.file, 2);
    arena_free(memory);
}

static const char *printed(arena *memory, diag *d, bool colour)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    diag_print(d, out, colour);
    fclose(out);
    const char *copy = arena_strndup(memory, text, length);
    free(text);
    return copy;
}

static void diagnostics_are_sorted_and_underlined(void **state)
{
    (void)state;
    arena *memory = arena_new();
    source_set *set = source_set_new(memory);
    const char *text = "x = 1\n\ty\xc3\xa4 = zz\n";
    uint32_t file = source_add(set, "a.pan", text, strlen(text));
    diag *d = diag_new(memory, set);
    diag_error(d, (source_range){file, 13, 15}, "unknown '%s'", "zz");
    diag_help(d, "did you mean '%s'?", "z");
    diag_note(d, (source_range){file, 0, 1}, "x is here");
    diag_warning(d, (source_range){file, 0, 1}, "odd");
    diag_file_error(d, "w.bin", "short");
    assert_int_equal(diag_errors(d), 2);
    assert_int_equal(diag_warnings(d), 1);
    assert_string_equal(printed(memory, d, false), "w.bin: error: short\n"
                                                   "a.pan:1:1: warning: odd\n"
                                                   "    x = 1\n"
                                                   "    ^\n"
                                                   "a.pan:2:8: error: unknown 'zz'\n"
                                                   "    \ty\xc3\xa4 = zz\n"
                                                   "    \t     ^~\n"
                                                   "help: did you mean 'z'?\n"
                                                   "a.pan:1:1: note: x is here\n"
                                                   "    x = 1\n"
                                                   "    ^\n");
    assert_string_equal(printed(memory, d, false), "");
    assert_int_equal(diag_errors(d), 2);
    diag_error(d, SOURCE_NOWHERE, "lost");
    assert_string_equal(printed(memory, d, true), "panther: \033[1;31merror:\033[0m lost\n");
    arena_free(memory);
}

static void diagnostics_have_a_limit(void **state)
{
    (void)state;
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    for (int i = 0; i < 25; i++) {
        diag_error(d, SOURCE_NOWHERE, "e%d", i);
        diag_help(d, "h%d", i);
    }
    const char *text = printed(memory, d, false);
    assert_int_equal(diag_errors(d), 25);
    assert_non_null(strstr(text, "e19\nhelp: h19\n"));
    assert_null(strstr(text, "e20"));
    assert_null(strstr(text, "h20"));
    assert_non_null(strstr(text, "5 more errors are not shown"));
    arena_free(memory);
}

static void nearest_names(void **state)
{
    static const char *const known[] = {"dense", "conv", "relu", "sigmoid"};
    (void)state;
    assert_string_equal(diag_nearest("dens", known, 4), "dense");
    assert_string_equal(diag_nearest("sigmiod", known, 4), "sigmoid");
    assert_string_equal(diag_nearest("relu6", known, 4), "relu");
    assert_null(diag_nearest("pooling", known, 4));
    assert_null(diag_nearest("q", known, 4));
    assert_null(diag_nearest("x", known, 0));
}

static void fixed_point_rounds_half_away_from_zero(void **state)
{
    (void)state;
    static const int64_t cases[][3] = {{5, 1, 3}, {-5, 1, -3}, {4, 1, 2}, {6, 2, 2}, {-6, 2, -2},
                                       {5, 2, 1}, {7, 0, 7}, {3, -2, 12}, {-3, -2, -12}, {0, 62, 0},
                                       {INT64_MAX, 63, 0}, {1, -70, INT64_MAX}, {0, -70, 0},
                                       {-1, -63, -INT64_MAX}, {INT64_MIN, 1, INT64_MIN / 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(fixed_round_shift(cases[i][0], (int)cases[i][1]) == cases[i][2]);
    assert_int_equal(fixed_saturate(40000), 32767);
    assert_int_equal(fixed_saturate(-40000), -32767);
    assert_int_equal(fixed_saturate(-32768), -32767);
    assert_int_equal(fixed_from_double(0.5, 0), 1);
    assert_int_equal(fixed_from_double(-0.5, 0), -1);
    assert_int_equal(fixed_from_double(1.25, 9), 640);
    assert_int_equal(fixed_from_double(1e300, 9), 32767);
    assert_int_equal(fixed_from_double(-INFINITY, 9), -32767);
    assert_int_equal(fixed_from_double(NAN, 9), 0);
    assert_true(fixed_to_double(640, 9) == 1.25);
}

/* Unbiased: over all low bits the sum is exact. */
static void stochastic_rounding_is_unbiased(void **state)
{
    (void)state;
    for (int64_t v = -300; v <= 300; v += 7) {
        int64_t sum = 0;
        for (uint64_t draw = 0; draw < 64; draw++)
            sum += fixed_stochastic_shift(v, 6, draw);
        assert_int_equal(sum, v);
    }
    assert_int_equal(fixed_stochastic_shift(3, -2, 63), 12);
    assert_int_equal(fixed_stochastic_shift(1, 63, UINT64_MAX), 0);
}

static void random_numbers(void **state)
{
    (void)state;
    /* splitmix64 from seed 0, first output: the published value */
    assert_true(random_mix(0) == 0xE220A8397B1DCDAFu);
    random_state a = random_from(1, 2), b = random_from(1, 2), c = random_from(2, 1);
    for (int i = 0; i < 100; i++)
        assert_true(random_next(&a) == random_next(&b));
    assert_true(random_next(&a) != random_next(&c));
    int counts[10] = {0};
    for (int i = 0; i < 100000; i++)
        counts[random_below(&a, 10)]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], 9600, 10400);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double v = random_unit(&a);
        assert_true(v >= 0 && v < 1);
        sum += v;
    }
    assert_true(sum > 49500 && sum < 50500);
    random_key key = {1, 2, 3, 4}, step = {1, 2, 4, 4}, count = {1, 2, 3, 5};
    assert_true(random_base(key) != random_base(step));
    assert_true(random_base(key) != random_base(count));
    assert_true(random_lane(random_base(key), 0) != random_lane(random_base(key), 1));
}

static void files(void **state)
{
    (void)state;
    arena *memory = arena_new();
    char folder[] = "/tmp/panther-file-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(memory, "%s/a", folder);
    file_writer w;
    assert_null(file_write_begin(memory, &w, path));
    fputs("hello", w.stream);
    assert_int_not_equal(access(path, F_OK), 0); /* nothing there before the commit */
    assert_null(file_write_commit(memory, &w));
    size_t length = 0;
    const char *error = NULL;
    assert_string_equal(file_read(memory, path, 100, &length, &error), "hello");
    assert_int_equal(length, 5);
    assert_null(file_read(memory, path, 4, &length, &error));
    assert_non_null(strstr(error, "has 5 bytes; at most 4 are accepted"));
    assert_null(file_write_begin(memory, &w, path));
    fputs("other", w.stream);
    file_write_abandon(&w);
    assert_string_equal(file_read(memory, path, 100, &length, &error), "hello");
    assert_int_not_equal(access(w.temporary, F_OK), 0);
    assert_null(file_read(memory, folder, 100, &length, &error));
    assert_non_null(strstr(error, "not a regular file"));
    assert_non_null(file_write_begin(memory, &w, "/nonexistent/a"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
    assert_null(file_read(memory, path, 100, &length, &error));
    assert_non_null(strstr(error, "not a regular file"));
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    arena_free(memory);
}

/* A full disk is reported, the temporary file goes away. */
static void a_failed_write_is_reported(void **state)
{
    (void)state;
    arena *memory = arena_new();
    file_writer w = {.stream = fopen("/dev/full", "wb"),
                     .path = arena_strdup(memory, "/tmp/panther-full"),
                     .temporary = arena_strdup(memory, "/tmp/panther-full.part")};
    assert_non_null(w.stream);
    fputs("x", w.stream);
    const char *error = file_write_commit(memory, &w);
    assert_non_null(error);
    assert_non_null(strstr(error, "cannot write '/tmp/panther-full'"));
    assert_int_not_equal(access("/tmp/panther-full", F_OK), 0);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_blocks),
        cmocka_unit_test(arena_texts_and_arrays),
        cmocka_unit_test(source_positions),
        cmocka_unit_test(diagnostics_are_sorted_and_underlined),
        cmocka_unit_test(diagnostics_have_a_limit),
        cmocka_unit_test(nearest_names),
        cmocka_unit_test(fixed_point_rounds_half_away_from_zero),
        cmocka_unit_test(stochastic_rounding_is_unbiased),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(files),
        cmocka_unit_test(a_failed_write_is_reported),
    };
    print_message("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
