#include "tests/unit/ir_fixture.h"

/* The tables in ir/README.md are those of the .def files, and its example can be read. */

static const char *const classes[] = {"source", "sink",   "matrix", "each", "reduce",
                                      "shape",  "window", "space",  "state", "loss", "route"};
static const char *const results[] = {"none", "free", "same", "sameq", "mask", "one"};
static const char *const kinds[] = {"integer", "pair", "real", "name", "text"};

static const char *const attr_meanings[IR_ATTRS] = {
#define ATTR(name, kind, meaning) meaning,
#include "ir/attrs.def"
#undef ATTR
};

static char *readme(arena *memory)
{
    static char text[1 << 17];
    FILE *in = fopen(PANTHER_SOURCE_DIR "/ir/README.md", "rb");
    assert_non_null(in);
    size_t length = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    return arena_strndup(memory, text, length);
}

/* What stands between two lines. */
static const char *between(arena *memory, const char *text, const char *begin, const char *end)
{
    const char *from = strstr(text, begin);
    assert_non_null(from);
    from += strlen(begin);
    const char *to = strstr(from, end);
    assert_non_null(to);
    return arena_strndup(memory, from, (size_t)(to - from));
}

static void write_ops(const void *from, FILE *out)
{
    (void)from;
    fputs("| operation | class | arguments | result | attributes | meaning "
          "|\n|---|---|---|---|---|---|\n",
          out);
    for (int i = 0; i < IR_OPCODES; i++) {
        const ir_op_row *row = &ir_ops[i];
        bool first = true;
        fprintf(out, "| `%s` | %s | %d%s", row->name, classes[row->class], row->args_low,
                row->args_high < 0 ? " or more" : "");
        fprintf(out, " | %s | ", results[row->result]);
        for (int k = 0; k < IR_ATTRS; k++)
            if (row->attrs >> k & 1) {
                fprintf(out, "%s%s", first ? "" : ", ", ir_attr_names[k]);
                first = false;
            }
        fprintf(out, " | ");
        for (const char *c = row->meaning; *c; c++)
            fprintf(out, *c == '|' ? "\\|" : "%c", *c);
        fprintf(out, " |\n");
    }
}

static void write_attrs(const void *from, FILE *out)
{
    (void)from;
    fputs("| attribute | kind | meaning |\n|---|---|---|\n", out);
    for (int k = 0; k < IR_ATTRS; k++)
        fprintf(out, "| `%s` | %s | %s |\n", ir_attr_names[k], kinds[ir_attr_kinds[k]],
                attr_meanings[k]);
}

static void check_table(const char *begin, void (*write)(const void *, FILE *))
{
    arena *memory = arena_new();
    const char *expected = captured(memory, write, NULL);
    const char *found = between(memory, readme(memory), begin, "<!-- end -->");
    if (strcmp(expected, found) != 0) {
        printf("ir/README.md should have after %s%s", begin, expected);
        fail_msg("the table after %s differs from the .def file; the right one is printed above",
                 begin);
    }
    arena_free(memory);
}

static void test_tables(void **state)
{
    (void)state;
    check_table("<!-- ops.def -->\n", write_ops);
    check_table("<!-- attrs.def -->\n", write_attrs);
}

static void test_example(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    const char *text = between(f.memory, readme(f.memory), "```ir\n", "```");
    ir_module *m = read_sound(&f, text);
    assert_string_equal(text, text_of(f.memory, m));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests_name("ir readme", tests, NULL, NULL);
}
