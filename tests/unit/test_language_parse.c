/* Scanner, newline rule, grammar and error recovery. */
#include "tests/unit/language_fixture.h"

#include "frontend/language/parse.h"

typedef struct parsed {
    arena *memory;
    source_set *sources;
    diag *d;
    ast_items items;
} parsed;

static parsed parse(const char *text)
{
    parsed p = {.memory = arena_new()};
    p.sources = source_set_new(p.memory);
    p.d = diag_new(p.memory, p.sources);
    uint32_t file = source_add(p.sources, "test.pan", text, strlen(text));
    p.items = pan_parse(p.memory, p.sources, p.d, file);
    return p;
}

static void expect_items(const char *text, size_t items)
{
    parsed p = parse(text);
    if (diag_errors(p.d))
        diag_print(p.d, stdout, false);
    assert_int_equal(diag_errors(p.d), 0);
    assert_int_equal(p.items.count, items);
    arena_free(p.memory);
}

/* Statements of the only item's body. */
static void expect_statements(const char *body, size_t statements)
{
    arena *memory = arena_new();
    parsed p = parse(arena_printf(memory, "def f(x) {%s}", body));
    if (diag_errors(p.d))
        diag_print(p.d, stdout, false);
    assert_int_equal(diag_errors(p.d), 0);
    assert_int_equal(p.items.items[0].block->count, statements);
    arena_free(p.memory);
    arena_free(memory);
}

static void test_newlines(void **state)
{
    (void)state;
    expect_items("", 0);
    expect_items("\n\n# only a comment", 0);
    expect_items("const A = 1\nconst B = 2", 2);
    expect_items("const A = 1;;; const B = 2;", 2);
    expect_items("const A = 1 +\n  2\nconst B = A\n  + 1\n", 2);
    expect_items("const A = [1,\n\n 2,\n]\nconst B = A\n[0]", 2);
    expect_items("def f(\n a,\n b,\n)\n{\n return a\n}\n", 1);
    expect_items("data d\n{\n train = 1\n}\n\n\ndeploy\n{\n}", 2);
    expect_statements(" return x ", 1);
    expect_statements("\n\n a = x\n\n b = a; c = b\n ;\n return c\n", 4);
    expect_statements("if x { a = 1 }\nelse\n{ a = 2 }\nreturn a", 2);
    expect_statements("if x { a = 1 } else if y { a = 2 } else { a = 3 }\nreturn a", 2);
    expect_statements("a = relu(x\n   ,\n   y)\n", 1);
    expect_statements("a = x\n  @ y\n  * z\nb = -a\n", 2);
    expect_statements("kernel = 3; data = kernel\ntrain = data\n", 3);
    expect_statements("f(kernel = 3)\n W += x\n W -= x", 3);
}

static const ast_expr *expression(parsed *p, const char *text)
{
    *p = parse(text);
    assert_int_equal(diag_errors(p->d), 0);
    return p->items.items[0].value;
}

static void test_precedence(void **state)
{
    (void)state;
    parsed p;
    const ast_expr *e = expression(&p, "const A = a * W @ x + -b.T[1] < c and not d or e");
    assert_int_equal(e->op, AST_OR);
    assert_int_equal(e->left->op, AST_AND);
    assert_int_equal(e->left->right->op, AST_NOT);
    const ast_expr *less = e->left->left;
    assert_int_equal(less->op, AST_LT);
    assert_int_equal(less->left->op, AST_ADD);
    assert_int_equal(less->left->left->op, AST_MATMUL); /* (a * W) @ x, as in Python */
    assert_int_equal(less->left->left->left->op, AST_MUL);
    assert_int_equal(less->left->right->op, AST_NEG);
    assert_int_equal(less->left->right->left->kind, EXPR_INDEX);
    arena_free(p.memory);
    e = expression(&p, "const A = 1 - 2 - 3");
    assert_int_equal(e->left->kind, EXPR_BINARY);
    arena_free(p.memory);
}

static void test_ranges(void **state)
{
    (void)state;
    parsed p;
    const char *text = "const A = f(1, (b + c))";
    const ast_expr *e = expression(&p, text);
    assert_int_equal(e->where.begin, 10);
    assert_int_equal(e->where.end, strlen(text));
    assert_int_equal(e->mark.end, 11);
    const ast_expr *sum = e->args.items[1].value;
    assert_int_equal(sum->where.begin, 15);
    assert_int_equal(sum->where.end, 22);
    assert_int_equal(sum->mark.begin, 18);
    arena_free(p.memory);
}

static void test_literals(void **state)
{
    (void)state;
    parsed p;
    const ast_expr *e = expression(&p, "const A = [12, 1.5e2, 2e-3, \"a\\\"\\\\\\n\\t{{\", q31, true]");
    assert_int_equal(e->items.count, 6);
    assert_int_equal(e->items.items[0]->integer, 12);
    assert_true(e->items.items[1]->real == 150);
    assert_true(e->items.items[2]->real == 0.002);
    assert_string_equal(e->items.items[3]->text, "a\"\\\n\t{{");
    assert_int_equal(e->items.items[4]->integer, 31);
    assert_int_equal(e->items.items[5]->kind, EXPR_BOOL);
    arena_free(p.memory);
}

/* Errors in several statements, settings, actions and items are all found, and nothing else. */
static void test_recovery(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int errors;
        size_t items;
    } cases[] = {
        {"const = 1\nconst B = 2\n", 1, 1},
        {"network f(x: ) {\n a = 1\n if x { b = 2 }\n return a\n}\nconst B = 2\n", 1, 1},
        {"def f(x) {\n a = = 1\n b = * 2\n return a\n}\nconst B = 2\n", 2, 2},
        {"def f(x) {\n if x == { a = 1; b = 2 }\n c = 1 2\n return c\n}\n", 2, 1},
        {"data d { train 3; test = ; valid = 1 }\nconst B = 2\n", 2, 2},
        {"train f on d { every 3 { } every epoch { save(; test() } }\nconst A = 1\n", 1, 2},
        {"train f on d {\n every 2 batches { crs) \n test(1) 2\n log() } }\nconst A = 1\n", 2, 2},
        {"def f(x) {\n y = (x\n return y\n}\ndef g(x) {\n y = [x\n return y\n}\n", 2, 2},
        {"def f(x) {\n return x\ndef g(x) { return x }\ndef h(x) { return x }\n", 1, 3},
        {"const A = $ + $\nconst B = 'x'\nconst C = !true\n", 4, 2},
        {"}\nconst B = 2\n", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parsed p = parse(cases[i].text);
        if (diag_errors(p.d) != cases[i].errors || p.items.count != cases[i].items) {
            print_message("%s\n%d errors, %zu items\n", cases[i].text, diag_errors(p.d),
                          p.items.count);
            diag_print(p.d, stdout, false);
            fail();
        }
        arena_free(p.memory);
    }
}

static void test_errors(void **state)
{
    (void)state;
    expect_error("const A = \"a\\q\"", "'\\q' is no escape; there are \\\" \\\\ \\n \\t");
    expect_error("const A = 99999999999999999999", "the integer is too large; at most 2^63 - 1 fits");
    expect_error("const A = 1e999", "the number is too large for a double");
    expect_error("const A = 3x", "'3x' is neither a number nor a name");
    expect_error("const A = 1 < 2 < 3", "found '<', expected a new line or ';', an operator");
    expect_error("const A =", "found the end of the file, expected an expression");
    expect_error("network f(x: vec[2]) -> vec[2] { return W' @ x }",
                 "strings use double quotes; a transpose is written W.T");
    expect_error("for i in [1] { }",
                 "found 'for', expected an item (network, kernel, def, param, const, data, train, "
                 "deploy or include)");
}

static void test_not_utf8(void **state)
{
    (void)state;
    expect_error("# \xc3\xa4 is fine in a comment\nconst A = \"\xe2\x82\xac\"\n# \xff is not\n",
                 "the file is not UTF-8 text");
    compiled c = compile_good("# \xc3\xa4\nconst A = \"\xe2\x82\xac\"\n");
    compiled_free(&c);
    c = compile_bytes("zero.pan", "const A = 1\0\n", 13);
    assert_null(c.program);
    assert_non_null(strstr(c.messages, "a byte of value 0 does not belong to the language"));
    compiled_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newlines), cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_ranges),   cmocka_unit_test(test_literals),
        cmocka_unit_test(test_recovery), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
