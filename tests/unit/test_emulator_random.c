/*
 * Random valid images: whatever they say, a kernel ends, with a message if it failed; without data
 * it ends alike, and after the same cycles, and on several threads, in pieces and with products
 * evaluated together with the same words.
 */
#include "emulator/emulator.h"
#include "isa/support/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/random_image.h"

enum { SEED = 20261122, IMAGES = 400, WORDS_MAX = 1 << 22 };

enum { SEND_CHANNELS = 40, HOST_CHANNELS = 48 }; /* of 64: one sender each */

static bool holds_matrix(const image *im, const image_agent *a, int mcu)
{
    for (uint32_t k = 0; k < im->matrix_count; k++)
        for (uint32_t i = 0; i < im->matrices[k].block_count; i++) {
            const image_block *b = &im->matrices[k].blocks[i];
            if (b->node == a->node && b->tile == a->tile && b->core == a->agent && b->mcu == mcu)
                return true;
        }
    return false;
}

/* Only MCUs that hold a matrix; one sender and one receiver per channel. */
static void tame_ends(random_state *r, const image *im, const image_agent *a, uint32_t number,
                      isa_insn *insn)
{
    bool matrix = insn->op == ISA_mcu || insn->op == ISA_crs;
    int bits = insn->op == ISA_mcu ? MCU_OPERATIONS : 1;
    for (int m = 0; matrix && m < ISA_MCUS_MAX; m++)
        if (!holds_matrix(im, a, m))
            insn->field[0] &= ~(((1 << bits) - 1) << (m * bits));
    if (insn->op == ISA_send && insn->field[3] == ISA_NODE_HOST)
        insn->field[5] = a->agent;
    else if (insn->op == ISA_send)
        insn->field[5] = (int32_t)(number % SEND_CHANNELS);
    if (insn->op == ISA_receive)
        insn->field[3] = a->agent + 16 * (int32_t)pick(r, 4);
    if ((insn->op == ISA_send && number >= SEND_CHANNELS) || (matrix && insn->field[0] == 0))
        *insn = (isa_insn){ISA_sring, {1, 4, 16}};
}

/* Addresses that exist, and widths and steps that meet: such programs run for longer. */
static void tame(random_state *r, const machine *m, const image *im, image_agent *a,
                 uint32_t number)
{
    for (uint32_t k = 0; k < a->code.count; k++) {
        isa_insn *insn = &a->code.insns[k];
        const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
        for (int i = 0; kinds[i] != FIELD_END; i++) {
            if (kinds[i] == FIELD_OFFSET)
                insn->field[i] %= pick(r, 4) ? 64 : m->memory_words;
            if (kinds[i] == FIELD_WIDTH && pick(r, 8))
                insn->field[i] = 4 < insn->field[i] ? 4 : insn->field[i];
            if (kinds[i] == FIELD_BASE)
                insn->field[i] %= 2;
        }
        if (isa_table[insn->op].format == FORMAT_SI || isa_table[insn->op].format == FORMAT_SSI)
            insn->field[isa_table[insn->op].format == FORMAT_SI ? 1 : 2] = (int32_t)pick(r, 64);
        tame_ends(r, im, a, number, insn);
    }
}

/* Nothing waits for anybody: such a program halts, or loops for ever. */
static void silence(image_entry *e)
{
    e->input_count = e->output_count = 0;
    for (uint32_t i = 0; i < e->preset_count; i++)
        e->presets[i].count = 0;
    for (uint32_t i = 0; i < e->agent_count; i++)
        for (uint32_t k = 0; k < e->agents[i].code.count; k++) {
            isa_insn *insn = &e->agents[i].code.insns[k];
            isa_format format = isa_table[insn->op].format;
            if (format == FORMAT_STORE)
                insn->field[4] = 0;
            else if (format == FORMAT_LOAD || format == FORMAT_DROP || format == FORMAT_SEND ||
                     format == FORMAT_RECEIVE)
                *insn = (isa_insn){ISA_sring, {1, 4, 16}};
        }
}

static void tame_entry(random_state *r, const machine *m, const image *im, image_entry *e)
{
    for (uint32_t i = 0; i < e->agent_count; i++)
        tame(r, m, im, &e->agents[i], i);
    if (pick(r, 3) == 0) {
        silence(e);
        e->agent_count = e->agent_count < 4 ? e->agent_count : 4;
    }
    for (uint32_t i = 0; i < e->input_count; i++)
        for (uint32_t k = 0; k < e->inputs[i].packet_count; k++)
            e->inputs[i].packets[k].channel = (uint8_t)(HOST_CHANNELS + pick(r, 16));
}

static size_t port_words(const image_port *p, uint32_t batch)
{
    return (size_t)p->elements * (p->per_kernel ? 1 : batch);
}

/* What a kernel leaves behind. */
typedef struct outcome {
    exit_status status;
    uint64_t cycles, instructions;
    uint64_t adc_clips;
    int16_t **out;
    int16_t digits[4096]; /* of the first block, or some of them */
} outcome;

enum { KERNELS = 3 }; /* the first is traced, the others may evaluate products together */

static void read_digits(const machine *m, const image *im, const emulator *e, outcome *o)
{
    if (im->matrix_count == 0 || im->matrices[0].block_count == 0)
        return;
    const image_block *b = &im->matrices[0].blocks[0];
    if ((size_t)m->slices.slices * b->rows * b->columns <= sizeof o->digits / sizeof *o->digits)
        emulator_read_digits(e, 0, 0, o->digits);
}

static outcome run(arena *memory, const machine *m, const image *im, emulator_options options,
                   uint32_t entry)
{
    diag *d = diag_new(memory, source_set_new(memory));
    options.seed = 1;
    options.max_cycles = 20000;
    emulator *e = emulator_new(memory, m, im, &options, d, "random");
    const image_entry *row = &im->entries[entry];
    const int16_t **in = ARENA_ARRAY(memory, const int16_t *, row->input_count);
    random_state r = random_from(SEED, 2);
    outcome o = {.status = EXIT_INPUT, .out = ARENA_ARRAY(memory, int16_t *, row->output_count)};
    if (!e) {
        assert_int_not_equal(diag_errors(d), 0);
        return o;
    }
    for (uint32_t p = 0; p < row->input_count; p++) {
        int16_t *words = ARENA_ARRAY(memory, int16_t, port_words(&row->inputs[p], row->batch));
        for (size_t k = 0; k < port_words(&row->inputs[p], row->batch); k++)
            words[k] = (int16_t)random_below(&r, 65536);
        in[p] = words;
    }
    for (uint32_t p = 0; p < row->output_count; p++)
        o.out[p] = ARENA_ARRAY(memory, int16_t, port_words(&row->outputs[p], row->batch));
    o.status = emulator_run(e, entry, 0, in, o.out, d);
    for (uint64_t k = 1; k < KERNELS && o.status == EXIT_DONE; k++)
        assert_int_equal(emulator_run(e, entry, k, in, o.out, d), EXIT_DONE);
    assert_int_equal(o.status == EXIT_DONE, diag_errors(d) == 0);
    o.cycles = emulator_statistics(e)->last_kernel_cycles;
    o.instructions = emulator_statistics(e)->instructions;
    o.adc_clips = emulator_statistics(e)->adc_clips;
    if (!options.timing_only)
        read_digits(m, im, e, &o);
    return o;
}

static void assert_same(const outcome *a, const outcome *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->cycles, b->cycles);
    assert_int_equal(a->instructions, b->instructions);
}

/* On one thread, on several, in pieces, and without data. */
static exit_status run_ways(arena *memory, random_state *r, const machine *m, const image *im,
                            uint32_t entry)
{
    static const int threads[] = {2, 3, 8};
    emulator_options several = {
        .threads = threads[pick(r, 3)], .trace_steps = pick(r, 2) * 7, .together = 1};
    outcome one = run(memory, m, im, (emulator_options){.threads = 1, .together = -1}, entry);
    outcome timing = run(memory, m, im, (emulator_options){.timing_only = true}, entry);
    outcome other = run(memory, m, im, several, entry);
    assert_same(&one, &timing);
    assert_same(&one, &other);
    assert_memory_equal(one.digits, other.digits, sizeof one.digits);
    assert_int_equal(one.adc_clips, other.adc_clips);
    const image_entry *e = &im->entries[entry];
    for (uint32_t p = 0; p < e->output_count && one.status == EXIT_DONE; p++)
        assert_memory_equal(one.out[p], other.out[p],
                            port_words(&e->outputs[p], e->batch) * sizeof(int16_t));
    return one.status;
}

static bool small_ports(const image_entry *e)
{
    size_t words = 0;
    for (uint32_t p = 0; p < e->input_count; p++)
        words += port_words(&e->inputs[p], e->batch);
    for (uint32_t p = 0; p < e->output_count; p++)
        words += port_words(&e->outputs[p], e->batch);
    return words < WORDS_MAX;
}

static void random_images_end(void **state)
{
    (void)state;
    random_state r = random_from(SEED, 1);
    int ended[EXIT_INTERNAL] = {0};
    print_message("seed %d\n", SEED);
    for (int n = 0; n < IMAGES; n++) {
        arena *memory = arena_new();
        const machine *m = tiny_machine(memory);
        image *im = random_image(memory, &r, m);
        for (uint32_t k = 0; k < im->entry_count; k++)
            tame_entry(&r, m, im, &im->entries[k]);
        for (uint32_t k = 0; k < im->entry_count && small_ports(&im->entries[k]); k++)
            ended[run_ways(memory, &r, m, im, k)]++;
        arena_free(memory);
    }
    print_message("%d done, %d refused, %d failed\n", ended[EXIT_DONE], ended[EXIT_INPUT],
                  ended[EXIT_PROGRAM]);
    assert_true(ended[EXIT_PROGRAM] > IMAGES / 2 && ended[EXIT_DONE] > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_images_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
