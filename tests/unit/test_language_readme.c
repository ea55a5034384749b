/* Every snippet of frontend/README.md: a good program, or (```pan error) one with the error named. */
#include "tests/unit/language_fixture.h"

static void check_snippet(const char *text, bool wrong)
{
    if (!wrong) {
        compiled c = compile_good(text);
        compiled_free(&c);
        return;
    }
    arena *memory = arena_new();
    static const char prefix[] = "# expect: ";
    assert_int_equal(strncmp(text, prefix, strlen(prefix)), 0);
    const char *end = strchr(text, '\n');
    expect_error(text, arena_strndup(memory, text + 10, (size_t)(end - text) - 10));
    arena_free(memory);
}

static void test_snippets(void **state)
{
    (void)state;
    static const char fence[] = "\n```pan";
    arena *memory = arena_new();
    size_t length, good = 0, bad = 0;
    const char *at = read_whole(memory, PANTHER_SOURCE_DIR "/frontend/README.md", &length);
    while ((at = strstr(at, fence))) {
        at += strlen(fence);
        bool wrong = !strncmp(at, " error\n", 7);
        assert_true(wrong || *at == '\n');
        const char *begin = strchr(at, '\n') + 1, *end = strstr(begin, "\n```\n");
        assert_non_null(end);
        check_snippet(arena_strndup(memory, begin, (size_t)(end - begin) + 1), wrong);
        *(wrong ? &bad : &good) += 1;
        at = end;
    }
    assert_true(good >= 4 && bad >= 2);
    print_message("%zu snippets\n", good + bad);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_snippets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
