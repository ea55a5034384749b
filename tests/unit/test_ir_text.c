#include "isa/support/random.h"
#include "tests/unit/ir_fixture.h"

#include <dirent.h>
#include <math.h>

/*
 * The text form: print -> parse -> print gives the same bytes on every module, sound or not; what is
 * read says where it came from; no text, however damaged, does more than give errors.
 */

/* Prints, reads, prints; reads once more into a set of sources that knows nothing. */
static void expect_fixpoint(fixture *f, const ir_module *m)
{
    const char *text = text_of(f->memory, m);
    ir_module *again = ir_parse(f->memory, f->sources, f->d, "first.ir", text, strlen(text));
    if (!again)
        fail_msg("%s\n%s", messages_of(f->memory, f->d), text);
    assert_string_equal(text, text_of(f->memory, again));
    ir_module *alone = ir_parse(f->memory, NULL, f->d, "second.ir", text, strlen(text));
    assert_non_null(alone);
    assert_string_equal(text, text_of(f->memory, alone));
}

/* ---- random modules: everything a structure can hold, sound or not ---- */

static int below(random_state *r, int n)
{
    return (int)random_below(r, (uint64_t)n);
}

static const char *name(random_state *r)
{
    static const char *const names[] = {
        "w",   "h.weight",          "train:mlp",   "",  "a b", "\"q\"",     "back\\slash",
        "1st", "\xc3\xa9t\xc3\xa9", "line\nbreak", "_", "vec", "tab\t\x7f", "//"};
    return names[below(r, sizeof names / sizeof *names)];
}

static double number(random_state *r)
{
    static const double numbers[] = {0,       -0.0,     1,         -1,  0.1,    1e300,
                                     -3e-310, INFINITY, -INFINITY, NAN, 1.0 / 3};
    return below(r, 2) ? numbers[below(r, 11)] : ldexp((double)random_next(r), below(r, 200) - 100);
}

static int64_t integer(random_state *r)
{
    static const int64_t integers[] = {0, 1, -1, 7, INT64_MAX, INT64_MIN, 1 << 20};
    return integers[below(r, 7)];
}

static ir_place place(random_state *r)
{
    if (below(r, 2))
        return IR_UNPLACED;
    return (ir_place){(int16_t)(below(r, 4) - 1), (int16_t)(below(r, 200) - 1),
                      (int16_t)(below(r, 9) - 1), (int16_t)(below(r, 3) - 1)};
}

static source_range where(random_state *r, const fixture *f)
{
    uint32_t file = (uint32_t)below(r, (int)f->sources->count + 1);
    if (!file)
        return SOURCE_NOWHERE;
    int length = (int)source_get(f->sources, file)->length, begin = below(r, length + 1);
    return (source_range){file, (uint32_t)begin, (uint32_t)(begin + below(r, length - begin + 1))};
}

static void random_numerics(random_state *r, ir_numerics *n)
{
    *n = paper_numerics;
    n->slices.slices = 2 + below(r, 15);
    for (int s = 0; s < n->slices.slices; s++)
        n->slices.bits[s] = 2 + below(r, 11);
    n->slices.radix_bits = 1 + below(r, 8);
    n->slices.rows = 1 + below(r, 512);
    n->slices.columns = 1 + below(r, 512);
    n->mode = (opa_mode)below(r, OPA_MODES);
    n->rounding = (update_rounding){(rounding)below(r, 3), below(r, 15), below(r, 15)};
    n->q_weight = (uint8_t)below(r, 60);
}

static void random_matrix(random_state *r, fixture *f)
{
    ir_module *m = f->m;
    ir_matrix *w = ir_matrix_new(m, name(r), 1 + (uint32_t)below(r, 900),
                                 1 + (uint32_t)below(r, 900), (uint8_t)below(r, 60));
    w->frozen = below(r, 2);
    w->copies = below(r, 4) ? 0 : 1 + (uint32_t)below(r, IR_COPIES_MAX);
    w->copy_of = below(r, 4) ? NULL : name(r);
    w->where = where(r, f);
    for (int k = below(r, 3); k > 0; k--) {
        uint32_t kernel = (uint32_t)below(r, 3), part = (uint32_t)below(r, 3);
        ir_fold fold = (ir_fold)below(r, 5);
        ir_matrix_tensor(m, w,
                         &(ir_tensor){.name = name(r),
                                      .rank = 1 + (uint32_t)below(r, 4),
                                      .input0 = (uint32_t)below(r, 9),
                                      .output0 = (uint32_t)below(r, 9),
                                      .inputs = 1 + (uint32_t)below(r, 9),
                                      .outputs = 1,
                                      .kernel = {kernel, kernel ? 1 + (uint32_t)below(r, 4) : 0},
                                      .pixel = (uint32_t)below(r, 2) * 7,
                                      .part = part,
                                      .whole = part ? part + 1 : 0,
                                      .init = (ir_init)below(r, 3),
                                      .init_value = number(r),
                                      .fold = fold,
                                      .eps = fold == IR_FOLD_VAR ? number(r) : 0});
    }
    size_t blocks = (size_t)ir_block_rows(m, w) * ir_block_columns(m, w);
    if (below(r, 2) && blocks < 1000) {
        w->blocks = ARENA_ARRAY(f->memory, ir_place, blocks);
        for (size_t k = 0; k < blocks; k++)
            w->blocks[k] = place(r);
    }
}

static void random_attrs(random_state *r, ir_graph *g, ir_op *op)
{
    for (int k = below(r, 5); k > 0; k--) {
        ir_attr_key key = (ir_attr_key)below(r, IR_ATTRS);
        if (ir_attr_kinds[key] == IR_ATTR_INT)
            ir_set_int(g, op, key, integer(r));
        else if (ir_attr_kinds[key] == IR_ATTR_PAIR)
            ir_set_pair(g, op, key, integer(r), integer(r));
        else if (ir_attr_kinds[key] == IR_ATTR_REAL)
            ir_set_real(g, op, key, number(r));
        else
            ir_set_name(g, op, key, name(r));
    }
}

static ir_op *random_op(random_state *r, fixture *f, ir_graph *g, ir_op **made, int count)
{
    static const ir_type types[] = {
        {IR_NONE, 0, 0}, {IR_VEC, 1, 0}, {IR_VEC, 1 << 24, 31}, {IR_LABEL, 10, 0}};
    ir_op *args[4];
    int arg_count = count ? below(r, 5) : 0;
    for (int k = 0; k < arg_count; k++)
        args[k] = made[below(r, count)];
    ir_op *op = ir_op_new(g, NULL, (ir_opcode)below(r, IR_OPCODES), types[below(r, 4)], args,
                          (size_t)arg_count, where(r, f));
    op->space.count = 0;
    for (int k = below(r, 5); g->dim_count && k > 0; k--)
        op->space.dim[op->space.count++] = (uint8_t)below(r, (int)g->dim_count);
    op->place = place(r);
    random_attrs(r, g, op);
    return op;
}

/* A ring of vectors or of maps. */
static void add_buffer(random_state *r, ir_graph *g)
{
    ir_buffer b = {.name = name(r),
                   .node = (int16_t)(below(r, 5) - 1),
                   .tile = 3,
                   .words = 1 + (uint32_t)below(r, 9),
                   .depth = 1,
                   .consumers = (uint32_t)below(r, 3),
                   .address = below(r, 9) - 1,
                   .points = 1 + (uint32_t)below(r, 3)};
    uint32_t *map[] = {&b.lanes, &b.rows,   &b.columns, &b.top,
                       &b.left,  &b.height, &b.width,   &b.lowest};
    for (int i = 0, vectors = below(r, 2); !vectors && i < 8; i++)
        *map[i] = i == 7 ? (uint32_t)below(r, 2) : 1 + (uint32_t)below(r, 9);
    ir_graph_add_buffer(g, &b);
}

static void random_graph(random_state *r, fixture *f)
{
    ir_graph *g = ir_graph_new(f->m, name(r));
    ir_op *made[30];
    for (int k = below(r, 4); k > 0; k--) /* names of dimensions differ: a space is read by name */
        ir_graph_dim(g, arena_printf(f->memory, "%s%d", name(r), k), 1 + (uint32_t)below(r, 70));
    for (int k = below(r, 3); k > 0; k--)
        add_buffer(r, g);
    int count = below(r, 30);
    for (int k = 0; k < count; k++)
        made[k] = random_op(r, f, g, made, k);
    for (int k = 0; k < count; k++) /* numbers need not follow the list */
        made[k]->id = (uint32_t)(100 - k);
}

static void random_module(random_state *r, fixture *f)
{
    ir_numerics n;
    random_numerics(r, &n);
    fixture_open(f, &n);
    source_add(f->sources, "mlp.pan", "network mlp\n\n  h = x\n", 21);
    source_add(f->sources, "data \"1\".pan", "", 0);
    source_add(f->sources, "data.pan", "data digits {\n}", 15);
    for (int k = below(r, 4); k > 0; k--)
        random_matrix(r, f);
    for (int k = below(r, 3); k > 0; k--)
        random_graph(r, f);
}

static void test_random_modules(void **state)
{
    random_state r = random_from(test_seed(), 1);
    (void)state;
    for (int n = 0; n < 400; n++) {
        fixture f;
        random_module(&r, &f);
        expect_fixpoint(&f, f.m);
        fixture_close(&f);
    }
}

/* ---- source ranges ---- */

static void test_ranges_survive(void **state)
{
    static const char source[] = "network mlp(x: vec[4]) {\n    return relu(x)\n}\n";
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    uint32_t file = source_add(f.sources, "mlp.pan", source, sizeof source - 1);
    ir_graph *g = ir_graph_new(f.m, "g");
    ir_op_new(g, NULL, IR_random, ir_vec(4, 15), NULL, 0, (source_range){file, 36, 43});
    const char *text = text_of(f.memory, f.m);
    assert_non_null(strstr(text, "loc(\"mlp.pan\", 2, 12, 7)"));

    ir_module *known = ir_parse(f.memory, f.sources, f.d, "a.ir", text, strlen(text));
    assert_int_equal(known->graphs[0]->first->where.file, file); /* the real text is found again */
    assert_int_equal(known->graphs[0]->first->where.begin, 36);

    source_set *fresh = source_set_new(f.memory);
    source_add(fresh, "mlp.pan", "something else", 14);
    ir_module *alone =
        ir_parse(f.memory, fresh, diag_new(f.memory, fresh), "a.ir", text, strlen(text));
    source_position at = source_locate(alone->sources, alone->graphs[0]->first->where);
    assert_string_equal(at.path, "mlp.pan");
    assert_int_equal(at.line, 2);
    assert_int_equal(at.column, 12);
    fixture_close(&f);
}

/* Ops of a hand-written text lie in that text, so that the verifier can point at them. */
static void test_ranges_of_plain_text(void **state)
{
    static const char text[] =
        "numerics {slices = [4 4], radix_bits = 4, adc_extra_bits = 6, rows = 16, columns = 24, "
        "mode = "
        "stream, rounding = off, round_row = 0, round_column = 0, q_activation = 9, q_weight = 20, "
        "q_error = 14}\n"
        "graph @g () {\n"
        "  %1 = random : vec<4 q9> []\n}\n";
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    ir_module *m = ir_parse(f.memory, f.sources, f.d, "hand.ir", text, sizeof text - 1);
    assert_false(ir_verify(m, f.d, NULL));
    const char *said = messages_of(f.memory, f.d);
    if (!strstr(said, "hand.ir:3:3: error: random %1: makes format q15"))
        fail_msg("%s", said);
    assert_null(strstr(text_of(f.memory, m), "loc("));
    expect_fixpoint(&f, m);
    fixture_close(&f);
}

/* ---- damaged texts ---- */

static void read_anything(const char *text, size_t length)
{
    fixture f;
    fixture_open(&f, &paper_numerics);
    ir_module *m = ir_parse(f.memory, f.sources, f.d, "x.ir", text, length);
    assert_true((m == NULL) == (diag_errors(f.d) > 0));
    if (m) {
        ir_verify(m, f.d, NULL);
        expect_fixpoint(&f, m);
    }
    messages_of(f.memory, f.d);
    fixture_close(&f);
}

static const char *sample(random_state *r, arena *memory)
{
    fixture f;
    random_module(r, &f);
    const char *text = text_of(memory, f.m);
    fixture_close(&f);
    return text;
}

static void test_truncated(void **state)
{
    random_state r = random_from(test_seed(), 2);
    arena *memory = arena_new();
    (void)state;
    for (int n = 0; n < 12; n++) {
        const char *text = sample(&r, memory);
        size_t length = strlen(text), step = 1 + length / 150;
        for (size_t at = 0; at < length; at += step) {
            char *cut = malloc(at ? at : 1); /* exactly so long: reading past the end is caught */
            memcpy(cut, text, at);
            read_anything(cut, at);
            free(cut);
        }
    }
    arena_free(memory);
}

static void test_mutated(void **state)
{
    random_state r = random_from(test_seed(), 3);
    (void)state;
    for (int n = 0; n < 1500; n++) {
        arena *memory = arena_new();
        char *text = (char *)sample(&r, memory);
        size_t length = strlen(text);
        for (int k = 1 + below(&r, 4); k > 0; k--) {
            size_t at = random_below(&r, length), from = random_below(&r, length);
            size_t size = random_below(&r, 20);
            if (below(&r, 2))
                text[at] = (char)random_next(&r);
            else if (at + size < length && from + size < length)
                memmove(text + at, text + from, size);
        }
        read_anything(text, length);
        arena_free(memory);
    }
}

/* ---- tests/cli/bad/ir: `// expect: message` on the first line ---- */

static void check_bad_file(const char *path)
{
    static char text[1 << 16];
    fixture f;
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t length = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[length] = '\0';
    fixture_open(&f, &paper_numerics);
    const char *mark = "// expect: ";
    if (strncmp(text, mark, strlen(mark)) != 0)
        fail_msg("%s does not say what it expects", path);
    const char *message =
        arena_strndup(f.memory, text + strlen(mark), strcspn(text, "\n") - strlen(mark));
    ir_module *m = ir_parse(f.memory, f.sources, f.d, path, text, length);
    bool good = m && ir_verify(m, f.d, NULL);
    const char *said = messages_of(f.memory, f.d);
    if (good || !strstr(said, message))
        fail_msg("%s: expected '%s', found:\n%s", path, message, said);
    fixture_close(&f);
}

static void test_bad_files(void **state)
{
    const char *folder = PANTHER_SOURCE_DIR "/tests/cli/bad/ir";
    int count = 0;
    DIR *d = opendir(folder);
    (void)state;
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        char path[1024];
        if (!strstr(e->d_name, ".ir"))
            continue;
        snprintf(path, sizeof path, "%s/%.200s", folder, e->d_name);
        check_bad_file(path);
        count++;
    }
    closedir(d);
    assert_true(count >= 8);
}

/* Independent errors are all reported, and one error makes no others. */
static void test_several_errors(void **state)
{
    static const char text[] =
        "numerics {slices = [4 4], radix_bits = 4, adc_extra_bits = 6, rows = 16, columns = 24, "
        "mode = "
        "stream, rounding = off, round_row = 0, round_column = 0, q_activation = 9, q_weight = 20, "
        "q_error = 14}\n"
        "matrix @w {outputs = 0, inputs = 4, q = 20, frozen = 0} {\n"
        "  tensor \"x\" {rank = 2}\n"
        "}\n"
        "graph @g (n: 16) {\n"
        "  %1 = inptu {port = 0} : vec<4 q9> [n]\n"
        "  %2 = neg %1 {layr = a} : vec<4 q9> [n]\n"
        "  %3 = add %1, %2 : vec<4 q99> [n]\n"
        "  %4 = neg %3 : vec<4 q9> [m]\n"
        "  %5 = neg %9 : vec<4 q9> [n]\n"
        "  %5 = neg %4 : vec<4 q9> [n]\n"
        "}\n"
        "grahp @h () {\n"
        "}\n"
        "graph @k () {\n"
        "  %1 = neg %1 : vec<4 q9 []\n"
        "}\n";
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    assert_null(ir_parse(f.memory, f.sources, f.d, "x.ir", text, sizeof text - 1));
    assert_int_equal(diag_errors(f.d), 9);
    const char *said = messages_of(f.memory, f.d);
    if (!strstr(said, "x.ir:6:8: error: there is no operation 'inptu'"))
        fail_msg("%s", said);
    assert_non_null(strstr(said, "help: did you mean 'input'?"));
    assert_non_null(strstr(said, "help: did you mean 'layer'?"));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_modules),
        cmocka_unit_test(test_ranges_survive),
        cmocka_unit_test(test_ranges_of_plain_text),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_several_errors),
    };
    return cmocka_run_group_tests_name("ir text", tests, NULL, NULL);
}
