/*
 * Damaged programs: good and bad ones with bytes changed, cut out, doubled or exchanged. Whatever
 * comes in, the checker must end; a program it accepts must build to graphs that verify or be refused
 * with an error, and the host must accept its plan.
 */
#include "tests/unit/language_fixture.h"

#include "emulator/host/plan.h"
#include "isa/support/random.h"

enum { ROUNDS = 4000, SEED = 7, LONGEST = 1 << 16 };

static const char *const snippets[] = {
    "{", "}", "(", ")", "[", "]", ",", ";", "\n", ":", "=", "+=", "@", ".T", "q9", "q31", "0", "-1",
    "1e300", "\"", "\"{x}\"", "scan x in xs {", "yield x", "state h = zeros(4)", "return x", "W",
    "outer(x, x)", "range(9)", "zeros(3)", "def g(x) {", "if true {", "else", "for i in [1, 2] {",
    "x = ", "name = \"a\"", "matrix[2, 2]", "vec[8]", "seq[4, vec[8]]", "9223372036854775807", "//",
    "param b: vec[4]", "\xff", "'", "map[1, 8, 8]", "not", "and", "*", "9999999999999999999",
};

typedef struct corpus {
    char **texts;
    size_t *lengths;
    size_t count, capacity, length_count, length_capacity;
} corpus;

static void add_folder(arena *memory, corpus *all, const char *folder)
{
    size_t count;
    char **names = pan_files(memory, folder, &count);
    for (size_t i = 0; i < count; i++) {
        size_t length;
        char *text = read_whole(memory, arena_printf(memory, "%s/%s", folder, names[i]), &length);
        ARENA_PUSH(memory, all->texts, all->count, all->capacity, text);
        ARENA_PUSH(memory, all->lengths, all->length_count, all->length_capacity, length);
    }
}

/* Replaces [from, to) of the text by other bytes. */
static void splice(char *text, size_t *length, size_t from, size_t to, const char *with, size_t n)
{
    if (*length - (to - from) + n > LONGEST)
        return;
    memmove(text + from + n, text + to, *length - to);
    memcpy(text + from, with, n);
    *length = *length - (to - from) + n;
}

static void damage(random_state *r, const corpus *all, char *text, size_t *length)
{
    char piece[64];
    size_t at = random_below(r, *length + 1), n = random_below(r, 24);
    size_t end = at + n > *length ? *length : at + n;
    size_t other = random_below(r, all->count);
    switch (random_below(r, 5)) {
    case 0: /* a piece of the language in its place */
        n = random_below(r, sizeof snippets / sizeof *snippets);
        splice(text, length, at, end, snippets[n], strlen(snippets[n]));
        break;
    case 1:
        splice(text, length, at, end, "", 0);
        break;
    case 2: /* a random byte */
        piece[0] = (char)random_below(r, 256);
        splice(text, length, at, at, piece, 1);
        break;
    case 3: /* a piece of another program */
        if (all->lengths[other] > n) {
            memcpy(piece, all->texts[other] + random_below(r, all->lengths[other] - n), n);
            splice(text, length, at, at, piece, n);
        }
        break;
    default: /* twice */
        memcpy(piece, text + at, end - at);
        splice(text, length, at, at, piece, end - at);
        break;
    }
}

static void run_one(const char *text, size_t length)
{
    compiled c = compile_bytes(GOOD_FOLDER "/fuzz.pan", text, length);
    if (!c.program && !diag_errors(c.d))
        fail_msg("refused without an error:\n%.*s", (int)length, text);
    if (c.program) {
        ir_numerics numerics = paper_numerics();
        ir_module *m = pan_build(c.program, &numerics, c.d);
        if (!m && !diag_errors(c.d))
            fail_msg("not built, but without an error:\n%.*s", (int)length, text);
        if (m && !ir_verify(m, c.d, NULL)) {
            fetch_messages(&c);
            fail_msg("the graphs do not verify:\n%.*s\n%s", (int)length, text, c.messages);
        }
        const char *json = pan_plan_json(c.program, c.memory);
        if (!plan_parse(c.memory, c.d, "plan", json)) {
            fetch_messages(&c);
            fail_msg("the host refuses the plan:\n%.*s\n%s\n%s", (int)length, text, json,
                     c.messages);
        }
    }
    compiled_free(&c);
}

static void test_damaged(void **state)
{
    (void)state;
    arena *memory = arena_new();
    corpus all = {0};
    add_folder(memory, &all, GOOD_FOLDER);
    add_folder(memory, &all, BAD_FOLDER);
    const char *given = getenv("PANTHER_TEST_SEED"), *more = getenv("PANTHER_TEST_ROUNDS");
    uint64_t seed = given ? strtoull(given, NULL, 10) : SEED;
    unsigned long rounds = more ? strtoul(more, NULL, 10) : ROUNDS;
    print_message("seed %llu, %lu rounds\n", (unsigned long long)seed, rounds);
    random_state r = random_from(seed, 0);
    char *text = arena_alloc(memory, LONGEST + 1);
    for (unsigned long i = 0; i < rounds; i++) {
        size_t from = random_below(&r, all.count), length = all.lengths[from];
        memcpy(text, all.texts[from], length);
        for (uint64_t k = 1 + random_below(&r, 4); k; k--)
            damage(&r, &all, text, &length);
        text[length] = '\0';
        run_one(text, length);
    }
    arena_free(memory);
}

static void test_deep_nesting(void **state)
{
    (void)state;
    static const char *const openers[] = {"(", "[", "{", "-", "not ", "f(", "if true {", "1 + ",
                                          "x = ", "def f(", "scan x in "};
    arena *memory = arena_new();
    for (size_t o = 0; o < sizeof openers / sizeof *openers; o++) {
        size_t one = strlen(openers[o]), length = 10;
        char *text = arena_alloc(memory, 10 + 20000 * one + 1);
        memcpy(text, "const A = ", 10);
        for (int i = 0; i < 20000; i++, length += one)
            memcpy(text + length, openers[o], one);
        run_one(text, length);
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_deep_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
