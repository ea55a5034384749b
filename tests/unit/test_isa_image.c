#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/unit/random_image.h"

enum { SEED = 20260102, HEADER = 20 };

static void put_u32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

/* Length and checksum of a payload that was changed, so that the reader looks at it. */
static void reseal(unsigned char *bytes, size_t length)
{
    put_u32(bytes + 12, (uint32_t)(length - HEADER));
    put_u32(bytes + 16, (uint32_t)crc32_z(0, bytes + HEADER, length - HEADER));
}

static image *decode(arena *memory, const unsigned char *bytes, size_t length, const char **error)
{
    diag *d = diag_new(memory, source_set_new(memory));
    image *im = image_decode(memory, d, "x.pimg", bytes, length);
    *error = messages(memory, d);
    assert_int_equal(im != NULL, diag_errors(d) == 0);
    return im;
}

static void same_debug_map(const image_code *a, const image_code *b)
{
    assert_int_equal(a->origins != NULL, b->origins != NULL);
    for (uint32_t i = 0; a->origins && i < a->count; i++)
        assert_true(image_same_origin(&a->origins[i], &b->origins[i]));
}

/* What a listing does not show. */
static void same_rest(const image *a, const image *b)
{
    assert_string_equal(a->fingerprint, b->fingerprint);
    assert_int_equal(a->file_count, b->file_count);
    for (uint32_t i = 0; i < a->file_count; i++)
        assert_string_equal(a->files[i], b->files[i]);
    for (uint32_t i = 0; i < a->entry_count; i++) {
        const image_entry *x = &a->entries[i], *y = &b->entries[i];
        assert_int_equal(x->agent_count, y->agent_count);
        for (uint32_t k = 0; k < x->agent_count; k++) {
            assert_string_equal(x->agents[k].comment, y->agents[k].comment);
            same_debug_map(&x->agents[k].code, &y->agents[k].code);
            assert_int_equal(x->agents[k].label_count, y->agents[k].label_count);
        }
    }
}

static void random_images_round_trip(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 25; n++) {
        arena *memory = arena_new();
        const machine *m = tiny_machine(memory);
        random_state r = random_from(SEED, n);
        image *im = random_image(memory, &r, m);
        unsigned char *bytes, *again;
        size_t length, length_again;
        const char *error;
        assert_null(image_encode(memory, im, &bytes, &length));
        assert_true(image_recognise(bytes, length));
        image *back = decode(memory, bytes, length, &error);
        assert_string_equal(error, "");
        assert_null(image_encode(memory, back, &again, &length_again));
        assert_int_equal(length, length_again);
        assert_memory_equal(bytes, again, length);
        assert_string_equal(disassembled(memory, im), disassembled(memory, back));
        same_rest(im, back);
        diag *d = diag_new(memory, source_set_new(memory));
        if (!image_validate(back, m, d, "x") || !image_fits_machine(back, m, d, "x"))
            fail_msg("%s", messages(memory, d));
        arena_free(memory);
    }
}

static void truncated_images_are_refused(void **state)
{
    (void)state;
    arena *memory = arena_new();
    random_state r = random_from(SEED, 100);
    image *im = random_image(memory, &r, tiny_machine(memory));
    unsigned char *bytes;
    size_t length;
    assert_null(image_encode(memory, im, &bytes, &length));
    size_t step = length > 1500 ? length / 1500 : 1;
    for (size_t cut = 0; cut < length; cut += cut < 200 ? 1 : step) {
        arena *scratch = arena_new();
        const char *error;
        unsigned char *part = malloc(cut + 1); /* its end is known to the address sanitizer */
        memcpy(part, bytes, cut);
        assert_null(decode(scratch, part, cut, &error));
        assert_string_not_equal(error, "");
        if (cut >= HEADER) {
            reseal(part, cut);
            assert_null(decode(scratch, part, cut, &error));
        }
        free(part);
        arena_free(scratch);
    }
    arena_free(memory);
}

/* Behind a right checksum a changed byte is refused or makes another image. */
static void damaged_images_never_crash(void **state)
{
    (void)state;
    enum { IMAGES = 20, EACH = 60 };
    int accepted = 0, refused = 0;
    for (int n = 0; n < IMAGES; n++) {
        arena *memory = arena_new();
        const machine *m = tiny_machine(memory);
        random_state r = random_from(SEED, 300 + (uint64_t)n);
        unsigned char *bytes;
        size_t length;
        const char *error;
        assert_null(image_encode(memory, random_image(memory, &r, m), &bytes, &length));
        for (int k = 0; k < EACH; k++) {
            arena *scratch = arena_new();
            unsigned char *copy = arena_grow(scratch, bytes, length, length);
            for (uint32_t c = 1 + pick(&r, 3); c > 0; c--)
                copy[HEADER + pick(&r, (uint32_t)(length - HEADER))] ^=
                    (unsigned char)(1 + pick(&r, 255));
            reseal(copy, length);
            image *im = decode(scratch, copy, length, &error);
            refused += !im;
            if (im) {
                accepted++;
                diag *d = diag_new(scratch, source_set_new(scratch));
                image_validate(im, m, d, "x.pimg");
                image_fits_machine(im, m, d, "x.pimg");
                messages(scratch, d);
                disassembled(scratch, im);
            }
            arena_free(scratch);
        }
        arena_free(memory);
    }
    assert_true(accepted > 100);
    assert_true(refused > 100);
}

static void each_flipped_bit_is_noticed(void **state)
{
    (void)state;
    arena *memory = arena_new();
    random_state r = random_from(SEED, 400);
    unsigned char *bytes;
    size_t length;
    const char *error;
    image *im = random_image(memory, &r, tiny_machine(memory));
    assert_null(image_encode(memory, im, &bytes, &length));
    for (int n = 0; n < 300; n++) {
        arena *scratch = arena_new();
        size_t at = n < HEADER ? (size_t)n : pick(&r, (uint32_t)length);
        unsigned char bit = (unsigned char)(1u << pick(&r, 8));
        bytes[at] ^= bit;
        assert_null(decode(scratch, bytes, length, &error));
        bytes[at] ^= bit;
        arena_free(scratch);
    }
    arena_free(memory);
}

static void other_versions_and_files(void **state)
{
    (void)state;
    arena *memory = arena_new();
    random_state r = random_from(SEED, 500);
    unsigned char *bytes;
    size_t length;
    const char *error;
    image *im = random_image(memory, &r, tiny_machine(memory));
    assert_null(image_encode(memory, im, &bytes, &length));
    put_u32(bytes + 8, 99);
    assert_null(decode(memory, bytes, length, &error));
    assert_non_null(strstr(error, "version 99"));
    assert_null(decode(memory, (const unsigned char *)"network n {}", 12, &error));
    assert_non_null(strstr(error, "not a program image"));
    assert_false(image_recognise("PANTHER", 7));
    arena_free(memory);
}

static size_t files_in(const char *folder)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void files_are_written_whole_or_not_at_all(void **state)
{
    (void)state;
    arena *memory = arena_new();
    char folder[] = "/tmp/panther-image-XXXXXX";
    assert_non_null(mkdtemp(folder));
    random_state r = random_from(SEED, 600);
    image *im = random_image(memory, &r, tiny_machine(memory));
    const char *path = arena_printf(memory, "%s/a.pimg", folder);
    assert_null(image_write(memory, im, path));
    assert_int_equal(files_in(folder), 3);
    diag *d = diag_new(memory, source_set_new(memory));
    image *back = image_read(memory, d, path);
    assert_non_null(back);
    assert_string_equal(disassembled(memory, im), disassembled(memory, back));

    image_agent bad = {.code = {.insns = &(isa_insn){.op = ISA_drop}, .count = 1}, .comment = ""};
    im->entries[0].agents = &bad;
    im->entries[0].agent_count = 1;
    assert_non_null(strstr(image_write(memory, im, path), "width"));
    assert_non_null(image_read(memory, d, path)); /* the good file is still there */
    assert_int_equal(files_in(folder), 3);
    assert_non_null(image_write(memory, back, "/nonexistent/folder/a.pimg"));
    assert_null(image_read(memory, d, "/nonexistent/a.pimg"));
    unlink(path);
    rmdir(folder);
    arena_free(memory);
}

static void other_machines_are_refused_by_parameter(void **state)
{
    (void)state;
    arena *memory = arena_new();
    machine *m = tiny_machine(memory);
    random_state r = random_from(SEED, 700);
    image *im = random_image(memory, &r, m);
    diag *d = diag_new(memory, source_set_new(memory));
    m->variant = 3;
    m->t_mvm = 5;
    m->fidelity = FIDELITY_IDEAL;
    assert_true(image_fits_machine(im, m, d, "a.pimg"));
    m->cores = 7;
    assert_false(image_fits_machine(im, m, d, "a.pimg"));
    assert_string_equal(messages(memory, d), "a.pimg: error: the image was compiled for a machine "
                                             "with cores=2; 'tiny' has cores=7\n");
    im->fingerprint = "";
    assert_false(image_fits_machine(im, m, d, "a.pimg"));
    arena_free(memory);
}

/* One thing wrong at a time in a valid image; the message says what. */
typedef struct fault {
    const char *expected;
    void (*cause)(image *im);
} fault;

static void bad_target(image *im)
{
    im->entries[0].agents[0].code.insns[0] = (isa_insn){.op = ISA_jmp, .field = {50}};
}
static void bad_register(image *im)
{
    im->entries[0].agents[0].code.insns[0] = (isa_insn){.op = ISA_neg, .field = {0, 1020, 16}};
}
static void bad_mcu(image *im)
{
    im->entries[0].agents[0].code.insns[0] =
        (isa_insn){.op = ISA_neg, .field = {isa_vector_mcu(2, MCU_MVM_IN, 0), 0, 16}};
}
static void bad_side(image *im)
{
    im->entries[0].agents[0].code.insns[0] =
        (isa_insn){.op = ISA_neg, .field = {isa_vector_mcu(0, MCU_MVM_IN, 1), 0, 16}};
}
static void bad_place(image *im)
{
    im->entries[0].agents[0].code.insns[0] = (isa_insn){.op = ISA_receive, .field = {0, 0, 1}};
}
static void bad_masks(image *im)
{
    im->entries[0].agents[0].code.insns[0] = (isa_insn){.op = ISA_mcu, .field = {1 << 6}};
}
static void runs_on(image *im)
{
    im->entries[0].agents[0].code.count = 1;
    im->entries[0].agents[0].label_count = 0;
}
static void no_code(image *im)
{
    im->entries[0].agents[0].code.count = 0;
    im->entries[0].agents[0].label_count = 0;
}
static void bad_core(image *im)
{
    im->entries[0].agents[0].agent = 2;
}
static void twice(image *im)
{
    im->entries[0].agents[1].agent = 0;
}
static void bad_preset(image *im)
{
    im->entries[0].presets[0].address = 4095;
}
static void bad_runs(image *im)
{
    im->entries[0].presets[0].repeat = UINT32_MAX;
    im->entries[0].presets[0].stride = UINT32_MAX;
}
static void close_runs(image *im)
{
    im->entries[0].presets[0].repeat = 2;
    im->entries[0].presets[0].stride = 1;
}
static void no_runs(image *im)
{
    im->entries[0].presets[0].repeat = 0;
}
static void bad_points(image *im)
{
    im->entries[0].inputs[0].points = 3;
}
static void no_points(image *im)
{
    im->entries[0].inputs[0].points = 0;
}
static void bad_lanes(image *im)
{
    im->entries[0].inputs[0].points = 2;
}
static void bad_packet(image *im)
{
    im->entries[0].inputs[0].packets[0].first = 1;
}
static void bad_block(image *im)
{
    im->matrices[0].blocks[0].row0 = 1;
}
static void bad_block_place(image *im)
{
    im->matrices[0].blocks[0].core = 2;
}
static void same_mcu(image *im)
{
    im->matrices[0].blocks[1] = im->matrices[0].blocks[0];
}
static void bad_first(image *im)
{
    im->tensors[0].first = 1;
}
static void bad_kernel(image *im)
{
    im->tensors[0].rank = 4;
}
static void bad_fold(image *im)
{
    im->tensors[0].fold = FOLD_MEAN;
}
static void bad_parts(image *im)
{
    static image_tensor two[2];
    two[0] = two[1] = im->tensors[0];
    two[0].rank = 4;
    two[0].dims[1] = 8;
    two[0].dims[2] = 1;
    two[0].dims[3] = 2;
    im->tensors = two;
    im->tensor_count = 2;
}
static void bad_tensor(image *im)
{
    im->tensors[0].matrix = 1;
}
static void bad_copy(image *im)
{
    im->matrices[0].copy_of = 1;
}
static void bad_dims(image *im)
{
    im->tensors[0].dims[1] = UINT32_MAX;
}
static void same_entry(image *im)
{
    im->entries[1].name = im->entries[0].name;
}
static void bad_label(image *im)
{
    im->entries[0].agents[0].labels[0].at = 4;
}
static void bad_origin(image *im)
{
    im->entries[0].agents[0].code.origins[0].file = 2;
}

static const char valid[] = ".layer a\n.matrix w rows=16 columns=16 layer=1\n"
                            ".block rows=16 columns=8\n.block mcu=1 rows=16 columns=8 column=8\n"
                            ".tensor w rank=2 dim0=16 dim1=16 rows=16 columns=16\n"
                            ".entry a\n.input x elements=8\n.packet words=8\n.preset 0, 1, 1, 2\n"
                            ".core 0\nx: sset s1, 0\ncopy v0, v16, 16\nhalt\n.core 1\nhalt\n"
                            ".entry b\n.core 0\nhalt\n";

static void faults_are_named(void **state)
{
    static const fault faults[] = {
        {"leads outside the program (to 50 of 3)", bad_target},
        {"reaches beyond the 1024 vector registers", bad_register},
        {"m2 does not exist: the machine has 2 MCUs per core", bad_mcu},
        {"m0.mvm.in+1 with 16 words reaches beyond its 16 words", bad_side},
        {"'receive' belongs to a control thread", bad_place},
        {"more MCUs are named than the 2 of a core", bad_masks},
        {"runs on beyond its last instruction", runs_on},
        {"a program has 1 to 2048 instructions, not 0", no_code},
        {"core 2: the machine has 2 nodes of 4 tiles with 2 cores", bad_core},
        {"a core or thread has two programs", twice},
        {"a preset at node 0, tile 0, words 4095 to 4096 lies outside", bad_preset},
        {"a preset at node 0, tile 0, words 0 to 18446744060824649731 lies outside", bad_runs},
        {"a preset at word 0 of 2 runs of 2 words, 1 words apart", close_runs},
        {"a preset at word 0 of 0 runs", no_runs},
        {"port 'x' has 8 elements at 3 points", bad_points},
        {"port 'x' has 8 elements at 0 points", no_points},
        {"packet 0 of port 'x' (node 0, tile 0, channel 0, elements 0 to 8 of 4)", bad_lanes},
        {"packet 0 of port 'x'", bad_packet},
        {"a block of 16 x 8 at row 1, column 0 does not fit the matrix (16 x 16)", bad_block},
        {"matrix 'w': node 0, tile 0, core 2, MCU 0 does not exist", bad_block_place},
        {"two blocks sit in the same MCU", same_mcu},
        {"the tensor 'w' does not match its matrix", bad_first},
        {"the tensor 'w' does not match its matrix", bad_kernel},
        {"the tensor 'w' does not match its matrix", bad_fold},
        {"parts of the tensor 'w' disagree on its dimensions", bad_parts},
        {"the tensor 'w' does not match its matrix", bad_tensor},
        {"the tensor 'w' does not match its matrix", bad_dims},
        {"matrix 'w' is no copy of a matrix before it", bad_copy},
        {"two entries are called 'a'", same_entry},
        {"the label 'x' lies outside the program", bad_label},
        {"debug map names an unknown file or layer", bad_origin},
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        arena *memory = arena_new();
        const machine *m = tiny_machine(memory);
        source_set *sources = source_set_new(memory);
        diag *d = diag_new(memory, sources);
        image *im = asm_parse(memory, sources, d, "v.s", valid, strlen(valid), m);
        if (!im)
            fail_msg("%s", messages(memory, d));
        faults[i].cause(im);
        assert_false(image_validate(im, m, d, "v.pimg"));
        const char *text = messages(memory, d);
        if (!strstr(text, faults[i].expected))
            fail_msg("expected '%s' in\n%s", faults[i].expected, text);
        arena_free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_images_round_trip),
        cmocka_unit_test(truncated_images_are_refused),
        cmocka_unit_test(damaged_images_never_crash),
        cmocka_unit_test(each_flipped_bit_is_noticed),
        cmocka_unit_test(other_versions_and_files),
        cmocka_unit_test(files_are_written_whole_or_not_at_all),
        cmocka_unit_test(other_machines_are_refused_by_parameter),
        cmocka_unit_test(faults_are_named),
    };
    print_message("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
