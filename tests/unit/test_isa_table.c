#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa/support/file.h"
#include "tests/unit/random_image.h"

enum { SEED = 20260101 };

static void opcodes_are_distinct(void **state)
{
    bool seen[256] = {false};
    (void)state;
    for (int i = 0; i < ISA_OP_COUNT; i++) {
        assert_false(seen[isa_table[i].opcode]);
        seen[isa_table[i].opcode] = true;
    }
}

static void formats_fit_an_instruction(void **state)
{
    (void)state;
    for (int f = 0; f < FORMAT_COUNT; f++) {
        int bits = 8;
        for (int i = 0; isa_formats[f][i] != FIELD_END; i++) {
            assert_true(i < ISA_FIELDS_MAX);
            bits += isa_field_bits((isa_field_kind)isa_formats[f][i]);
        }
        assert_true(bits <= 32 * ISA_WORDS);
    }
}

/* Rows that share a mnemonic can be told apart by their operands. */
static void shared_mnemonics_differ_in_format(void **state)
{
    (void)state;
    for (int i = 0; i < ISA_OP_COUNT; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(isa_table[i].mnemonic, isa_table[k].mnemonic) == 0)
                assert_int_not_equal(isa_table[i].format, isa_table[k].format);
}

static void random_operands_survive_the_encoding(void **state)
{
    (void)state;
    random_state r = random_from(SEED, 1);
    for (int op = 0; op < ISA_OP_COUNT; op++) {
        for (int n = 0; n < 2000; n++) {
            isa_insn insn = random_insn(&r, (isa_op)op), back;
            uint32_t words[ISA_WORDS];
            isa_encode(&insn, words);
            assert_int_equal(words[0] & 0xFF, isa_table[op].opcode);
            assert_true(isa_decode(words, &back));
            assert_true(isa_equal(&insn, &back));
        }
    }
}

/* Fields lie where formats.def says: from bit 8 up, in order, least significant bit first. */
static void fields_lie_in_order(void **state)
{
    (void)state;
    uint32_t words[ISA_WORDS];
    isa_insn store = {.op = ISA_store, .field = {5, 0x123456, 0x0ABC, 128, 2}};
    isa_encode(&store, words);
    uint64_t low = words[0] | (uint64_t)words[1] << 32;
    assert_int_equal(low & 0xFF, 0x13);
    assert_int_equal(low >> 8 & 63, 5);
    assert_int_equal(low >> 14 & 0xFFFFFF, 0x123456);
    assert_int_equal(low >> 38 & 0xFFFF, 0x0ABC);
    uint64_t high = low >> 54 | (uint64_t)words[2] << 10;
    assert_int_equal(high & 0xFFFF, 128);
    assert_int_equal(high >> 16 & 0xFF, 2);
    assert_int_equal(high >> 24, 0);
}

static void random_words_decode_or_are_refused(void **state)
{
    (void)state;
    random_state r = random_from(SEED, 2);
    int decoded = 0, refused = 0;
    for (int n = 0; n < 300000; n++) {
        uint32_t words[ISA_WORDS], again[ISA_WORDS];
        isa_insn insn;
        for (int i = 0; i < ISA_WORDS; i++)
            words[i] = (uint32_t)random_next(&r) & (pick(&r, 2) ? (uint32_t)random_next(&r) : ~0u);
        if (n % 2) { /* near a real instruction */
            insn = random_insn(&r, (isa_op)pick(&r, ISA_OP_COUNT));
            isa_encode(&insn, words);
            words[pick(&r, ISA_WORDS)] ^= 1u << pick(&r, 32);
        }
        if (!isa_decode(words, &insn)) {
            refused++;
            continue;
        }
        decoded++;
        assert_null(isa_check(&insn));
        isa_encode(&insn, again);
        assert_memory_equal(words, again, sizeof words);
    }
    assert_true(decoded > 50000);
    assert_true(refused > 50000);
}

/* Every value from the least to the greatest of its bits is either stored whole or refused. */
static void limits_of_fields(void **state)
{
    (void)state;
    for (int k = FIELD_END + 1; k < FIELD_KINDS; k++) {
        isa_field_kind kind = (isa_field_kind)k;
        int64_t span = (int64_t)1 << isa_field_bits(kind);
        int64_t least = isa_field_signed(kind) ? -(span / 2) : 0;
        assert_non_null(isa_check_field(kind, least - 1));
        assert_non_null(isa_check_field(kind, least + span));
        bool zero_refused = kind == FIELD_WIDTH || kind == FIELD_MASKS || kind == FIELD_MCUSET;
        assert_int_equal(isa_check_field(kind, 0) != NULL, zero_refused);
        assert_int_equal(isa_check_field(kind, least + span - 1) != NULL, kind == FIELD_VECTOR);
    }
    assert_non_null(isa_check_field(FIELD_VECTOR, isa_vector_mcu(6, MCU_MVM_IN, 0)));
    assert_null(isa_check_field(FIELD_VECTOR, isa_vector_mcu(5, MCU_OPA_COL, 511)));
    assert_non_null(isa_check_field(FIELD_VECTOR, isa_vector_mcu(0, MCU_VECTORS, 0)));
}

static void relations_between_fields(void **state)
{
    (void)state;
    isa_insn ring = {.op = ISA_sring, .field = {1, 4, 0}};
    assert_non_null(isa_check(&ring));
    isa_insn nearest = {.op = ISA_shr, .field = {0, 0, 4, 1, 0, 0, 7}};
    assert_non_null(isa_check(&nearest));
    nearest.field[5] = 1;
    assert_null(isa_check(&nearest));
    isa_insn halt = {.op = ISA_halt, .field = {1}};
    assert_non_null(isa_check(&halt));
}

/* A machine on which every operand exists. */
static machine *largest_machine(arena *memory)
{
    machine *m = tiny_machine(memory);
    m->nodes = 254;
    m->tiles = 65536;
    m->cores = m->control_threads = 1;
    m->mcus = ISA_MCUS_MAX;
    m->channels = 256;
    m->memory_words = 1 << 24;
    m->vector_words = ISA_VECTOR_WORDS_MAX;
    m->slices.rows = m->slices.columns = ISA_SIDE_MAX;
    m->core_instructions = m->thread_instructions = 1 << 20;
    return m;
}

/* Random instructions of every row that may stand there -> text -> the same instructions. */
static void text_round_trip(bool is_thread)
{
    enum { EACH = 150, MOST = EACH * ISA_OP_COUNT + 1 };
    arena *memory = arena_new();
    const machine *m = largest_machine(memory);
    random_state r = random_from(SEED, 3 + is_thread);
    isa_insn *insns = ARENA_ARRAY(memory, isa_insn, MOST);
    uint32_t count = 0, allowed = 1;
    for (int op = 0; op < ISA_OP_COUNT; op++)
        allowed += (isa_table[op].place & (is_thread ? PLACE_TILE : PLACE_CORE)) ? EACH : 0;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    fprintf(out, is_thread ? ".thread 0\n" : ".core 0\n");
    for (int op = 0; op < ISA_OP_COUNT; op++) {
        for (int n = 0; n < EACH && (isa_table[op].place & (is_thread ? PLACE_TILE : PLACE_CORE));
             n++) {
            char line[200];
            isa_insn insn = random_insn_on(memory, &r, (isa_op)op, m, is_thread, count, allowed);
            assert_true(disasm_insn(&insn, line, sizeof line) < (int)sizeof line);
            fprintf(out, "%s\n", line);
            insns[count++] = insn;
        }
    }
    insns[count++] = (isa_insn){.op = ISA_halt};
    fprintf(out, "halt\n");
    fclose(out);
    source_set *sources = source_set_new(memory);
    diag *d = diag_new(memory, sources);
    image *im = asm_parse(memory, sources, d, "text.s", text, length, m);
    if (!im)
        fail_msg("%s", messages(memory, d));
    const image_code *code = &im->entries[0].agents[0].code;
    assert_int_equal(code->count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_true(isa_equal(&code->insns[i], &insns[i]));
    free(text);
    arena_free(memory);
}

static void text_round_trip_of_cores(void **state)
{
    (void)state;
    text_round_trip(false);
}

static void text_round_trip_of_threads(void **state)
{
    (void)state;
    text_round_trip(true);
}

static void text_is_cut_like_snprintf(void **state)
{
    (void)state;
    char whole[100], part[8];
    isa_insn insn = {.op = ISA_load, .field = {isa_vector_mcu(1, MCU_MTVM_IN, 3), 2, 77, 9}};
    int n = disasm_insn(&insn, whole, sizeof whole);
    assert_string_equal(whole, "load m1.mtvm.in+3, [s2 + 77], 9");
    assert_int_equal(n, strlen(whole));
    assert_int_equal(disasm_insn(&insn, part, sizeof part), n);
    assert_memory_equal(part, "load m1", 8);
    assert_int_equal(disasm_insn(&insn, NULL, 0), n);
}

static const char *reference_table(arena *memory)
{
    static const char *const places[] = {"", "core", "thread", "both"};
    const char *text = "| opcode | instruction | where | time class | meaning |\n"
                       "|---|---|---|---|---|\n";
    for (int i = 0; i < ISA_OP_COUNT; i++) {
        char syntax[200], meaning[300];
        size_t n = 0;
        isa_syntax((isa_op)i, syntax, sizeof syntax);
        for (const char *c = isa_table[i].meaning; *c && n + 2 < sizeof meaning; c++) {
            if (*c == '|') /* ends a cell otherwise */
                meaning[n++] = '\\';
            meaning[n++] = *c;
        }
        meaning[n] = '\0';
        text = arena_printf(memory, "%s| 0x%02X | `%s` | %s | %s | %s |\n", text,
                            isa_table[i].opcode, syntax, places[isa_table[i].place],
                            time_class_names[isa_table[i].cost], meaning);
    }
    return text;
}

/* PANTHER_UPDATE=1 writes the table instead of comparing it. */
static void the_reference_is_current(void **state)
{
    (void)state;
    static const char path[] = PANTHER_SOURCE_DIR "/isa/README.md";
    static const char begin[] = "<!-- instructions: generated from isa.def -->\n";
    static const char end[] = "<!-- end of instructions -->";
    arena *memory = arena_new();
    size_t length = 0;
    const char *error = NULL;
    const char *text = file_read(memory, path, 1 << 20, &length, &error);
    assert_non_null(text);
    const char *from = strstr(text, begin), *to = strstr(text, end);
    assert_true(from && to && from < to);
    from += strlen(begin);
    const char *wanted = reference_table(memory);
    if (getenv("PANTHER_UPDATE")) {
        file_writer w;
        assert_null(file_write_begin(memory, &w, path));
        fprintf(w.stream, "%.*s%s%s", (int)(from - text), text, wanted, to);
        assert_null(file_write_commit(memory, &w));
    } else if (strlen(wanted) != (size_t)(to - from) || memcmp(wanted, from, strlen(wanted)) != 0) {
        fail_msg("isa/README.md is out of date: run this test with PANTHER_UPDATE=1");
    }
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opcodes_are_distinct),
        cmocka_unit_test(formats_fit_an_instruction),
        cmocka_unit_test(shared_mnemonics_differ_in_format),
        cmocka_unit_test(random_operands_survive_the_encoding),
        cmocka_unit_test(fields_lie_in_order),
        cmocka_unit_test(random_words_decode_or_are_refused),
        cmocka_unit_test(limits_of_fields),
        cmocka_unit_test(relations_between_fields),
        cmocka_unit_test(text_round_trip_of_cores),
        cmocka_unit_test(text_round_trip_of_threads),
        cmocka_unit_test(text_is_cut_like_snprintf),
        cmocka_unit_test(the_reference_is_current),
    };
    print_message("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
