#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <math.h>

#include "isa/machine.h"
#include "isa/support/file.h"
#include "isa/support/random.h"

enum { SEED = 20260104 };

#define MACHINES PANTHER_SOURCE_DIR "/examples/machines"

static const char *messages(arena *memory, diag *d)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    diag_print(d, out, false);
    fclose(out);
    const char *copy = arena_strndup(memory, text, length);
    free(text);
    return copy;
}

static const char *printed(arena *memory, const machine *m)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    machine_print(m, out);
    fclose(out);
    const char *copy = arena_strndup(memory, text, length);
    free(text);
    return copy;
}

static machine *shipped(arena *memory, const char *name)
{
    diag *d = diag_new(memory, source_set_new(memory));
    machine *m = machine_load(memory, d, arena_printf(memory, "%s/%s.yaml", MACHINES, name));
    if (!m)
        fail_msg("%s", messages(memory, d));
    return m;
}

static machine *parsed(arena *memory, const char *text)
{
    diag *d = diag_new(memory, source_set_new(memory));
    machine *m = machine_parse(memory, d, "m.yaml", text, strlen(text));
    if (!m)
        fail_msg("%s\n%s", messages(memory, d), text);
    return m;
}

/* Every file of the folder loads under its own name, and its printed form reads back the same. */
static void shipped_files_load_and_print(void **state)
{
    (void)state;
    int count = 0;
    DIR *folder = opendir(MACHINES);
    assert_non_null(folder);
    for (struct dirent *file; (file = readdir(folder));) {
        char name[100] = "";
        const char *dot = strrchr(file->d_name, '.');
        if (!dot || strcmp(dot, ".yaml") != 0)
            continue;
        arena *memory = arena_new();
        memcpy(name, file->d_name, (size_t)(dot - file->d_name));
        machine *m = shipped(memory, name);
        assert_string_equal(m->name, name);
        const char *once = printed(memory, m);
        machine *back = parsed(memory, once);
        assert_string_equal(printed(memory, back), once);
        for (int i = 0; i < TIME_CLASS_COUNT; i++)
            assert_true(strlen(back->time[i].source) > 1);
        for (int i = 0; i < ENERGY_COUNT; i++)
            assert_true(back->energy[i].pj == m->energy[i].pj &&
                        strlen(back->energy[i].source) > 1);
        assert_string_equal(machine_fingerprint(memory, m), machine_fingerprint(memory, back));
        count++;
        arena_free(memory);
    }
    closedir(folder);
    assert_true(count >= 5);
}

/* One MVM of all slices. */
static double mvm_nj(const machine *m)
{
    return (machine_price(m, ENERGY_mvm) + machine_price(m, ENERGY_adc)) * m->slices.slices * 1e-3;
}

static void the_papers_node(void **state)
{
    (void)state;
    arena *memory = arena_new();
    machine *m = shipped(memory, "panther");
    assert_true(m->nodes == 1 && m->tiles == 138 && m->cores == 8 && m->mcus == 2);
    assert_true(m->slices.rows == 128 && m->slices.columns == 128 && m->slices.radix_bits == 4);
    assert_string_equal(slicing_text(memory, &m->slices), "44466555");
    assert_int_equal(m->slices.bits[0], 5); /* least significant */
    assert_int_equal(m->slices.bits[7], 4);
    assert_int_equal(m->slices.adc_extra_bits, 6);
    assert_true(m->variant == 2 && m->issue == ISSUE_BLOCKING && m->opa_mode == OPA_STREAM);
    assert_true(m->rounding.mode == ROUND_STOCHASTIC && m->rounding.row == 9 &&
                m->rounding.column == 7);
    assert_true(m->q_activation == 9 && m->q_weight == 26 && m->q_error == 14);
    assert_true(m->t_mvm == 1800 && m->t_opa == 320 && m->t_opa_log == 32);
    /* an MVM of all slices and an OPA of 16 bits, in nJ */
    assert_true(fabs(mvm_nj(m) - 39.55) < 1e-4);
    double opa = m->energy[ENERGY_opa].pj * 8 * 16;
    assert_true(opa > 11366 && opa < 11367);
    machine *o = shipped(memory, "panther_overlapped");
    assert_int_equal(o->issue, ISSUE_OVERLAPPED);
    o->issue = ISSUE_BLOCKING;
    o->name = m->name;
    assert_string_equal(printed(memory, m), printed(memory, o));
    arena_free(memory);
}

static double mvm_of(machine *m, const char *slices)
{
    assert_null(slicing_parse(&m->slices, slices));
    return mvm_nj(m);
}

/* PANTHER section 7 (Fig. 10): energies of slicings from the resolutions of their converters. */
static void energies_of_slicings(void **state)
{
    static const struct {
        const char *slices;
        double nj;
    } rows[] = {
        {"33333333", 21.68}, {"33334444", 25.03}, {"44444444", 28.38}, {"44444455", 31.09},
        {"44445555", 33.80}, {"44444466", 35.48}, {"55555555", 39.22}, {"44466555", 39.55},
        {"44446666", 42.59}, {"55556666", 48.01}, {"45666665", 48.85}, {"66666666", 56.80},
        {"33336666", 39.24}, {"2222222222222222", 35.10},
    };
    (void)state;
    arena *memory = arena_new();
    machine *m = shipped(memory, "panther_paper");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fabs(mvm_of(m, rows[i].slices) - rows[i].nj) > 0.01)
            fail_msg("%s: %.4f nJ, not %.2f", rows[i].slices, mvm_nj(m), rows[i].nj);
    assert_true(mvm_of(m, "55555555") < mvm_of(m, "44466555"));
    m = shipped(memory, "panther");
    assert_true(fabs(mvm_of(m, "2222222222222222") - 35.07) < 0.01);
    m = shipped(memory, "puma_era"); /* one price for all slicings */
    assert_true(fabs(mvm_of(m, "44466555") - 39.55) < 1e-9);
    assert_true(fabs(mvm_of(m, "66666666") - 39.55) < 1e-9);
    arena_free(memory);
}

/* The digits of a number to base 4 as slices of 3 to 6 bits. */
static double mvm_of_number(machine *m, uint32_t number, int *total)
{
    *total = 0;
    for (int i = 0; i < 8; i++) {
        m->slices.bits[i] = 3 + (int)(number >> (2 * i) & 3);
        *total += m->slices.bits[i];
    }
    return mvm_nj(m);
}

/* Over all slicings of 3 to 6 bits: the order does not matter, more bits cost more, and at equal bits
 * those whose slices differ least cost least. */
static void slicings_of_all_bits(void **state)
{
    (void)state;
    arena *memory = arena_new();
    machine *m = shipped(memory, "panther_paper");
    double *nj = ARENA_ARRAY(memory, double, 1 << 16), cheapest[49];
    for (int i = 0; i < 49; i++)
        cheapest[i] = INFINITY;
    for (uint32_t n = 0; n < 1 << 16; n++) {
        int total;
        nj[n] = mvm_of_number(m, n, &total);
        cheapest[total] = fmin(cheapest[total], nj[n]);
    }
    for (uint32_t n = 0; n < 1 << 16; n++) {
        uint32_t turned = (n << 2 | n >> 14) & 0xffff;
        uint32_t swapped = (n & ~15u) | (n & 3) << 2 | (n >> 2 & 3);
        int total, least = 9, most = 0;
        mvm_of_number(m, n, &total);
        assert_true(fabs(nj[n] - nj[turned]) < 1e-9 && fabs(nj[n] - nj[swapped]) < 1e-9);
        for (int i = 0; i < 8; i++) {
            least = m->slices.bits[i] < least ? m->slices.bits[i] : least;
            most = m->slices.bits[i] > most ? m->slices.bits[i] : most;
            if ((n >> (2 * i) & 3) < 3)
                assert_true(nj[n + (1u << (2 * i))] > nj[n]);
        }
        if (most - least <= 1)
            assert_true(fabs(nj[n] - cheapest[total]) < 1e-9);
        else
            assert_true(nj[n] > cheapest[total] + 1e-9);
    }
    arena_free(memory);
}

/* The width of a load in cycles comes out whole: 3 per 16 words. */
static void loads_take_three_cycles_per_beat(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const machine_time *t = &shipped(memory, "panther")->time[TIME_load];
    for (int words = 16; words < 65536; words += 16) {
        double cycles = words / t->words_per_cycle;
        int whole = (int)cycles + (cycles > (int)cycles);
        assert_true(whole == words / 16 * 3 || words > 32768);
    }
    arena_free(memory);
}

static void slicings(void **state)
{
    static const char *const good[] = {"44466555", "22", "2222222222222222", "ac9b", "cc"};
    static const char *const bad[] = {"", "4", "22222222222222222", "41", "40", "4d", "4-4", "4 4"};
    (void)state;
    arena *memory = arena_new();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        slicing s = {0};
        assert_null(slicing_parse(&s, good[i]));
        assert_string_equal(slicing_text(memory, &s), good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        slicing s = {0};
        assert_non_null(slicing_parse(&s, bad[i]));
    }
    arena_free(memory);
}

static void checks_of_changed_values(void **state)
{
    (void)state;
    arena *memory = arena_new();
    machine *m = shipped(memory, "panther");
    assert_null(machine_check(memory, m));
    m->variant = 4;
    assert_string_equal(machine_check(memory, m), "'crossbar.variant' lies between 1 and 3, not 4");
    m->variant = 1;
    m->slices.radix_bits = 8;
    assert_non_null(strstr(machine_check(memory, m), "span 64 bits"));
    m->slices.radix_bits = 4;
    m->slices.slices = 14;
    for (int s = 8; s < 14; s++)
        m->slices.bits[s] = 4;
    assert_non_null(strstr(machine_check(memory, m), "more than 63 bits"));
    m->slices.slices = 8;
    m->t_mvm = -1;
    assert_non_null(strstr(machine_check(memory, m), "'timing.t_mvm'"));
    m->t_mvm = 1;
    m->q_weight = 8;
    assert_non_null(strstr(machine_check(memory, m), "'formats.weight' (8)"));
    m->q_weight = 26;
    m->time[TIME_load].words_per_cycle = 1e-9;
    assert_non_null(strstr(machine_check(memory, m), "time class 'load'"));
    arena_free(memory);
}

static void fingerprints(void **state)
{
    (void)state;
    arena *memory = arena_new();
    machine *m = shipped(memory, "tiny");
    const char *before = machine_fingerprint(memory, m);
    assert_non_null(strstr(before, "memory_words=4096\n"));
    m->variant = 1;
    m->fidelity = FIDELITY_IDEAL;
    m->energy[0].pj = 1;
    m->t_opa = 1;
    assert_string_equal(before, machine_fingerprint(memory, m));
    m->operand_log_unlimited = false;
    assert_string_not_equal(before, machine_fingerprint(memory, m));
    m->operand_log_unlimited = true;
    m->slices.rows++;
    assert_string_not_equal(before, machine_fingerprint(memory, m));
    arena_free(memory);
}

/* Damaged text is refused with a message or gives a machine that passes its checks. */
static void damaged_files_never_crash(void **state)
{
    (void)state;
    arena *memory = arena_new();
    size_t length = 0;
    const char *error = NULL;
    const char *text = file_read(memory, MACHINES "/tiny.yaml", 1 << 20, &length, &error);
    random_state r = random_from(SEED, 1);
    int refused = 0;
    for (int n = 0; n < 600; n++) {
        static const char odd[] = "[]{}:,-\"'&*!|>%@`#\n\t 0x.eE~\0\xff";
        arena *scratch = arena_new();
        char *copy = arena_strndup(scratch, text, length);
        size_t cut = n % 4 == 0 ? random_below(&r, length) : length;
        for (uint64_t k = 1 + random_below(&r, 3); k > 0; k--)
            copy[random_below(&r, length)] = odd[random_below(&r, sizeof odd)];
        diag *d = diag_new(scratch, source_set_new(scratch));
        const machine *m = machine_parse(scratch, d, "m.yaml", copy, cut);
        assert_int_equal(m == NULL, diag_errors(d) > 0);
        if (m)
            assert_null(machine_check(scratch, m));
        refused += !m;
        messages(scratch, d);
        arena_free(scratch);
    }
    assert_true(refused > 100);
    arena_free(memory);
}

static void unreadable_files(void **state)
{
    (void)state;
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    assert_null(machine_load(memory, d, "/nonexistent/m.yaml"));
    assert_null(machine_load(memory, d, MACHINES));
    const char *text = messages(memory, d);
    assert_non_null(strstr(text, "No such file"));
    assert_non_null(strstr(text, "not a regular file"));
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_files_load_and_print),
        cmocka_unit_test(the_papers_node),
        cmocka_unit_test(energies_of_slicings),
        cmocka_unit_test(slicings_of_all_bits),
        cmocka_unit_test(loads_take_three_cycles_per_beat),
        cmocka_unit_test(slicings),
        cmocka_unit_test(checks_of_changed_values),
        cmocka_unit_test(fingerprints),
        cmocka_unit_test(damaged_files_never_crash),
        cmocka_unit_test(unreadable_files),
    };
    print_message("seed %d\n", SEED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
