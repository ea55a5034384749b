/*
 * Malformed programs: each file of tests/cli/bad/language begins with one line "# expect: TEXT" per
 * error; these errors, and no others, must be reported.
 */
#include "tests/unit/language_fixture.h"

#include <unistd.h>

static size_t count_lines(const char *text, const char *prefix)
{
    size_t n = 0;
    for (const char *at = strstr(text, prefix); at; at = strstr(at + 1, prefix))
        n++;
    return n;
}

static void check_file(arena *memory, const char *name)
{
    static const char prefix[] = "# expect: ";
    size_t length, expected = 0;
    char *text = read_whole(memory, name, &length);
    compiled c = compile_bytes(name, text, length);
    assert_null(c.program);
    for (const char *at = text; !strncmp(at, prefix, strlen(prefix)); expected++) {
        const char *end = strchr(at, '\n');
        const char *line = arena_printf(memory, ": error: %.*s\n", (int)(end - at) - 10, at + 10);
        if (!strstr(c.messages, line))
            fail_msg("%s: expected%sgot\n%s", name, line, c.messages);
        at = end + 1;
    }
    if (!expected)
        fail_msg("%s says no error to expect", name);
    if (count_lines(c.messages, ": error: ") != expected)
        fail_msg("%s: expected %zu errors, got\n%s", name, expected, c.messages);
    compiled_free(&c);
}

static void test_corpus(void **state)
{
    (void)state;
    arena *memory = arena_new();
    size_t count;
    char **names = pan_files(memory, BAD_FOLDER, &count);
    assert_true(count >= 60);
    assert_int_equal(chdir(BAD_FOLDER), 0);
    for (size_t i = 0; i < count; i++)
        check_file(memory, names[i]);
    print_message("%zu malformed programs\n", count);
    arena_free(memory);
}

static void test_at_most_20_errors(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const char *text = "";
    for (int i = 0; i < 30; i++)
        text = arena_printf(memory, "%sconst A%d = nothing%d\n", text, i, i);
    compiled c = compile_text(text);
    assert_int_equal(diag_errors(c.d), 30);
    assert_int_equal(count_lines(c.messages, ": error: "), 20);
    assert_non_null(strstr(c.messages, "10 more errors are not shown"));
    compiled_free(&c);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_at_most_20_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
