#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa/support/file.h"
#include "tests/unit/random_image.h"

enum { SEED = 20260103 };

static image *assemble(arena *memory, const machine *m, const char *text, size_t length,
                       const char **error)
{
    source_set *sources = source_set_new(memory);
    diag *d = diag_new(memory, sources);
    image *im = asm_parse(memory, sources, d, "t.s", text, length, m);
    *error = messages(memory, d);
    return im;
}

static image *good(arena *memory, const machine *m, const char *text)
{
    const char *error;
    image *im = assemble(memory, m, text, strlen(text), &error);
    if (!im)
        fail_msg("%s", error);
    return im;
}

static machine *shipped(arena *memory, const char *name)
{
    diag *d = diag_new(memory, source_set_new(memory));
    return machine_load(memory, d,
                        arena_printf(memory, "%s/examples/machines/%s.yaml", PANTHER_SOURCE_DIR,
                                     name));
}

static void expect_insn(const isa_insn *insn, isa_insn wanted)
{
    assert_true(isa_equal(insn, &wanted));
}

/* The sample of the instruction set's description, with its two buffers. */
static void the_sample(void **state)
{
    static const char text[] =
        "        .machine panther\n"
        "        .tile 3\n"
        "        .buffer x, 0, 512\n"
        "        .buffer h, 0x200, 512\n"
        "        .core 5                              ; layer h, block rows 0..127\n"
        "                sset   s1, 0\n"
        "        next:   load   m0.mvm.in, [s2 + x], 128\n"
        "                mcu    100, 000\n"
        "                store  [s3 + h], m0.mvm.out, 128, 2\n"
        "                sring  s2, 128, 512\n"
        "                saddi  s1, s1, 1\n"
        "                blt    s1, 16, next\n"
        "                halt\n";
    (void)state;
    arena *memory = arena_new();
    image *im = good(memory, shipped(memory, "panther"), text);
    assert_int_equal(im->entry_count, 1);
    assert_string_equal(im->entries[0].name, "main");
    assert_int_equal(im->entries[0].batch, 1);
    const image_agent *g = &im->entries[0].agents[0];
    assert_int_equal(g->node, 0);
    assert_int_equal(g->tile, 3);
    assert_int_equal(g->agent, 5);
    assert_false(g->is_thread);
    const isa_insn *i = g->code.insns;
    assert_int_equal(g->code.count, 8);
    expect_insn(&i[0], (isa_insn){ISA_sset, {1, 0}});
    expect_insn(&i[1], (isa_insn){ISA_load, {isa_vector_mcu(0, MCU_MVM_IN, 0), 2, 0, 128}});
    expect_insn(&i[2], (isa_insn){ISA_mcu, {1}});
    expect_insn(&i[3], (isa_insn){ISA_store, {3, 512, isa_vector_mcu(0, MCU_MVM_OUT, 0), 128, 2}});
    expect_insn(&i[4], (isa_insn){ISA_sring, {2, 128, 512}});
    expect_insn(&i[5], (isa_insn){ISA_saddi, {1, 1, 1}});
    expect_insn(&i[6], (isa_insn){ISA_blti, {1, 16, -5}});
    expect_insn(&i[7], (isa_insn){ISA_halt, {0}});
    assert_int_equal(g->label_count, 1);
    assert_string_equal(g->labels[0].name, "next");
    assert_int_equal(g->code.origins[1].line, 7);
    assert_string_equal(im->files[g->code.origins[1].file - 1], "t.s");
    const char *listing = disassembled(memory, im);
    assert_non_null(strstr(listing, "next:\n        load   m0.mvm.in, [s2 + x], 128 "));
    assert_non_null(strstr(listing, "store  [s3 + h], m0.mvm.out, 128, 2 "));
    assert_non_null(strstr(listing, "blt    s1, 16, next "));
    assert_non_null(strstr(listing, "; t.s:7:17\n"));
    arena_free(memory);
}

static void operands_of_every_kind(void **state)
{
    static const char text[] = ".equ n, 0x10\n.equ minus, -n+1\n.tile 1\n.buffer b, 32, 8\n"
                               ".core 1\na: b:\n"
                               "mcu 010, 111\n"
                               "crs m1\n"
                               "peek v0+3, [s1], n\n"
                               "store [s1 + b+2-1], v4, 1, keep\n"
                               "mul v0, v1, m1.opa.col+2, 4, -64, 0, stochastic, 9\n"
                               "shr v0, v1, 4, 63, 0\n"
                               "shr v0, v1, 4, 63, 0, nearest\n"
                               "set v0, minus, 2\n"
                               "sset s3, -2147483648\n"
                               "sset s3, 0x7fffffff\n"
                               "beq s1, s2, +1\n"
                               "beq s1, 2, b\n"
                               "exp v0, v0, 1, 31, 0\n"
                               "jmp a\n"
                               ".thread 15\n"
                               "send [s63 + b], 8, host, 65535, 255\n"
                               "receive [s0 + 16777215], 4096, 63, 255\n"
                               "halt\n";
    (void)state;
    arena *memory = arena_new();
    image *im = good(memory, tiny_machine(memory), text);
    const isa_insn *i = im->entries[0].agents[0].code.insns;
    expect_insn(&i[0], (isa_insn){ISA_mcu, {2 | 7 << 3}});
    expect_insn(&i[1], (isa_insn){ISA_crs, {2}});
    expect_insn(&i[2], (isa_insn){ISA_peek, {3, 1, 0, 16}});
    expect_insn(&i[3], (isa_insn){ISA_store, {1, 33, 4, 1, 0}});
    expect_insn(&i[4],
                (isa_insn){ISA_mul, {0, 1, isa_vector_mcu(1, MCU_OPA_COL, 2), 4, -64, 0, 1, 9}});
    expect_insn(&i[5], (isa_insn){ISA_shr, {0, 1, 4, 63}});
    expect_insn(&i[6], i[5]);
    expect_insn(&i[7], (isa_insn){ISA_set, {0, -15, 2}});
    expect_insn(&i[8], (isa_insn){ISA_sset, {3, INT32_MIN}});
    expect_insn(&i[9], (isa_insn){ISA_sset, {3, INT32_MAX}});
    expect_insn(&i[10], (isa_insn){ISA_beq, {1, 2, 1}});
    expect_insn(&i[11], (isa_insn){ISA_beqi, {1, 2, -11}});
    expect_insn(&i[12], (isa_insn){ISA_exp, {0, 0, 1, 31, 0}});
    expect_insn(&i[13], (isa_insn){ISA_jmp, {-13}});
    const image_agent *t = &im->entries[0].agents[1];
    assert_true(t->is_thread && t->agent == 15 && t->tile == 1);
    expect_insn(&t->code.insns[0], (isa_insn){ISA_send, {63, 32, 8, 255, 65535, 255}});
    expect_insn(&t->code.insns[1], (isa_insn){ISA_receive, {0, 16777215, 4096, 63, 255}});
    arena_free(memory);
}

static void tables_and_presets(void **state)
{
    static const char text[] =
        ".opa mode=digit rounds=1\n.layer \"a \\\"b\\\"\"\n"
        ".matrix w layer=1 rows=20 columns=10 q=26 frozen=1\n"
        ".block node=1 tile=2 core=1 mcu=1 row=4 column=2 rows=16 columns=8 mvm_shift=-3 "
        "mtvm_shift=63\n"
        ".tensor w matrix=0 rank=2 dim0=12 dim1=20 first=2 rows=20 columns=10 init=normal "
        "value=-1.5e-3\n"
        ".tensor v matrix=0 rank=1 dim0=10 row=19 rows=1 columns=10 fold=var eps=0.5 value=1\n"
        ".plan \"{\\n}\"\n"
        ".entry \"train:a\" batch=4 updates=1 steps=9 steps_serial=10\n"
        ".input x role=target encoding=one_hot per_kernel=1 elements=20 points=2 q=9\n"
        ".packet node=1 tile=3 channel=7 first=2 words=8\n"
        ".output y elements=4 q=3\n.packet channel=9 words=4\n"
        ".node 1\n.tile 2\n.preset 100, keep, 1, -2*3, ; goes on\n   4\n.preset 7, 255\n"
        ".preset 8, 1, -7*3 repeat=4 stride=5\n.preset 9, 2, 1, 2 stride=2 repeat=2\n"
        ".core 0\nhalt\n";
    (void)state;
    arena *memory = arena_new();
    image *im = good(memory, tiny_machine(memory), text);
    assert_int_equal(im->opa_mode, OPA_DIGIT);
    assert_true(im->rounds_updates);
    assert_string_equal(im->layers[1], "a \"b\"");
    assert_string_equal(im->plan, "{\n}");
    const image_block *b = &im->matrices[0].blocks[0];
    assert_true(im->matrices[0].frozen && im->matrices[0].q == 26 && im->matrices[0].layer == 1);
    assert_true(b->node == 1 && b->tile == 2 && b->core == 1 && b->mcu == 1);
    assert_true(b->row0 == 4 && b->column0 == 2 && b->rows == 16 && b->columns == 8);
    assert_true(b->mvm_shift == -3 && b->mtvm_shift == 63);
    assert_int_equal(im->tensors[0].first, 2);
    assert_int_equal(im->tensors[0].init, INIT_NORMAL);
    assert_true(im->tensors[0].init_value == -1.5e-3);
    assert_int_equal(im->tensors[1].fold, FOLD_VAR);
    assert_true(im->tensors[1].eps == 0.5);
    const image_entry *e = &im->entries[0];
    assert_true(e->batch == 4 && e->updates && e->bound_steps == 9 && e->bound_steps_serial == 10);
    const image_port *x = &e->inputs[0];
    assert_true(x->role == PORT_TARGET && x->encoding == ENCODE_ONE_HOT && x->per_kernel);
    assert_true(x->packets[0].node == 1 && x->packets[0].channel == 7 && x->packets[0].words == 8);
    assert_int_equal(e->outputs[0].role, PORT_OUTPUT);
    static const int16_t values[] = {1, -2, -2, -2, 4};
    assert_int_equal(e->presets[0].words, 5);
    assert_memory_equal(e->presets[0].values, values, sizeof values);
    assert_int_equal(e->presets[0].count, 0);
    assert_true(e->presets[1].count == 255 && e->presets[1].words == 0);
    assert_true(e->presets[0].repeat == 1 && e->presets[1].repeat == 1);
    const image_preset *runs = &e->presets[2];
    assert_true(runs->repeat == 4 && runs->stride == 5 && runs->words == 3);
    assert_true(!runs->values && runs->value == -7);
    assert_true(e->presets[3].values[1] == 2 && e->presets[3].stride == 2);
    assert_true(x->points == 2 && e->outputs[0].points == 1);
    assert_true(e->presets[0].node == 1 && e->presets[0].tile == 2);
    arena_free(memory);
}

/* Without the debug map, comments and labels, which the text does not keep. */
static void strip(image *im)
{
    static const char *no_file = "";
    im->files = &no_file;
    im->file_count = 0;
    for (uint32_t i = 0; i < im->entry_count; i++) {
        for (uint32_t k = 0; k < im->entries[i].agent_count; k++) {
            image_agent *g = &im->entries[i].agents[k];
            g->code.origins = NULL;
            g->comment = "";
            g->label_count = 0;
        }
    }
}

static void listings_read_back(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 40; n++) {
        arena *memory = arena_new();
        const machine *m = tiny_machine(memory);
        random_state r = random_from(SEED, n);
        image *im = random_image(memory, &r, m);
        image *back = good(memory, m, disassembled(memory, im));
        unsigned char *a, *b;
        size_t length_a, length_b;
        strip(im);
        strip(back);
        assert_null(image_encode(memory, im, &a, &length_a));
        assert_null(image_encode(memory, back, &b, &length_b));
        assert_int_equal(length_a, length_b);
        assert_memory_equal(a, b, length_a);
        arena_free(memory);
    }
}

/* Listing -> image -> listing changes nothing but the places in comments. */
static void listings_are_a_fixpoint(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 10; n++) {
        arena *memory = arena_new();
        const machine *m = tiny_machine(memory);
        random_state r = random_from(SEED, 1000 + n);
        image *one = good(memory, m, disassembled(memory, random_image(memory, &r, m)));
        image *two = good(memory, m, disassembled(memory, one));
        for (uint32_t i = 0; i < one->entry_count; i++)
            for (uint32_t k = 0; k < one->entries[i].agent_count; k++)
                one->entries[i].agents[k].code.origins = two->entries[i].agents[k].code.origins =
                    NULL;
        assert_string_equal(disassembled(memory, one), disassembled(memory, two));
        arena_free(memory);
    }
}

static void listings_can_be_narrowed(void **state)
{
    static const char text[] = ".layer p\n.layer q\n.entry a\n.node 1\n.tile 2\n.core 0\n"
                               "x: sset s1, 1\njmp x\n.core 1\nsset s1, 2\nhalt\n"
                               ".thread 0\nsset s1, 3\nhalt\n.entry b\n.core 0\nsset s1, 4\nhalt\n";
    static const disasm_options options[] = {
        {.node = 1, .tile = 2, .core = 1},
        {.node = -1, .tile = -1, .core = -1, .entry = "b"},
        {.node = -1, .tile = -1, .core = -1, .layer = "q"}};
    static const char *const kept[] = {"sset   s1, 2", "sset   s1, 4", "sset   s1, 1"};
    (void)state;
    arena *memory = arena_new();
    image *im = good(memory, tiny_machine(memory), text);
    im->entries[0].agents[0].code.origins[0].layer = 2;
    for (int i = 0; i < 3; i++) {
        char *out = NULL;
        size_t length;
        FILE *stream = open_memstream(&out, &length);
        disasm_print(im, &options[i], stream);
        fclose(stream);
        for (int k = 1; k <= 4; k++) {
            const char *line = arena_printf(memory, "sset   s1, %d", k);
            assert_int_equal(strstr(out, line) != NULL, strcmp(line, kept[i]) == 0);
        }
        free(out);
    }
    arena_free(memory);
}

static void several_errors_with_places(void **state)
{
    static const char text[] = ".core 0\n  lod v0, [s2], 16\n  neg v0 v1, 16\nx:\n  jmp y\n"
                               "  sset s64, 1\n  halt\n";
    (void)state;
    arena *memory = arena_new();
    const char *error;
    assert_null(assemble(memory, tiny_machine(memory), text, strlen(text), &error));
    assert_string_equal(error, "t.s:2:3: error: unknown instruction 'lod'\n"
                               "      lod v0, [s2], 16\n"
                               "      ^~~\n"
                               "help: did you mean 'load'?\n"
                               "t.s:3:10: error: unexpected 'v1'\n"
                               "      neg v0 v1, 16\n"
                               "             ^~\n"
                               "t.s:5:7: error: unknown label 'y'\n"
                               "      jmp y\n"
                               "          ^\n"
                               "t.s:6:8: error: no such scalar register (s0 to s63)\n"
                               "      sset s64, 1\n"
                               "           ^~~\n");
    arena_free(memory);
}

/* Text made of the language's own pieces in any order: refused or assembled, never worse. */
static void random_text_never_crashes(void **state)
{
    static const char *const pieces[] = {
        "load", "mcu", "beq", ".core", ".thread", ".entry", ".preset", ".buffer", ".equ", ".block",
        ".matrix", ".input", ".packet", "s1", "s99", "v0", "m0.mvm.in", "m9", "[", "]", "+", "-",
        "*", ",", ":", "x", "keep", "host", "0", "1", "100", "16", "99999999999999999999", "1.5",
        "\"a", "\"b\"", "rows=", "q=", "\n", "\n", "\n", ";", "@", "\xff", "stochastic", ".tile"};
    (void)state;
    arena *memory = arena_new();
    const machine *m = tiny_machine(memory);
    random_state r = random_from(SEED, 5);
    for (int n = 0; n < 1500; n++) {
        arena *scratch = arena_new();
        char text[600] = ".core 0\n";
        while (strlen(text) < 500)
            strcat(strcat(text, pick(&r, 3) ? " " : ""),
                   pieces[pick(&r, sizeof pieces / sizeof pieces[0])]);
        const char *error;
        size_t length = strlen(text);
        if (pick(&r, 4) == 0)
            text[pick(&r, (uint32_t)length)] = '\0';
        image *im = assemble(scratch, m, text, length, &error);
        assert_int_equal(im == NULL, error[0] != '\0');
        arena_free(scratch);
    }
    arena_free(memory);
}

/* The sample program of isa/README.md: the indented lines from its .machine on. */
static void the_readme_assembles(void **state)
{
    (void)state;
    arena *memory = arena_new();
    size_t length = 0;
    const char *error = NULL;
    const char *text =
        file_read(memory, PANTHER_SOURCE_DIR "/isa/README.md", 1 << 20, &length, &error);
    const char *from = strstr(text, "    .machine tiny"), *to = from;
    assert_non_null(from);
    while (strncmp(to, "    ", 4) == 0)
        to = strchr(to, '\n') + 1;
    const char *sample = arena_strndup(memory, from, (size_t)(to - from));
    image *im = good(memory, tiny_machine(memory), sample);
    assert_int_equal(im->entries[0].batch, 4);
    assert_int_equal(im->entries[0].agent_count, 2);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample),
        cmocka_unit_test(operands_of_every_kind),
        cmocka_unit_test(tables_and_presets),
        cmocka_unit_test(listings_read_back),
        cmocka_unit_test(listings_are_a_fixpoint),
        cmocka_unit_test(listings_can_be_narrowed),
        cmocka_unit_test(several_errors_with_places),
        cmocka_unit_test(random_text_never_crashes),
        cmocka_unit_test(the_readme_assembles),
    };
    print_message("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
