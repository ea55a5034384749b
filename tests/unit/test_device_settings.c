/* The group `device` of a machine file: reading, printing, presets, and what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/machine.h"
#include "isa/support/file.h"

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

/* The machine tiny with this text after it; NULL with *text the messages. */
static machine *with_group(arena *memory, const char *group, const char **text)
{
    size_t length;
    const char *error;
    diag *d = diag_new(memory, source_set_new(memory));
    const char *tiny = file_read(memory, PANTHER_SOURCE_DIR "/examples/machines/tiny.yaml", 1 << 20,
                                 &length, &error);
    assert_non_null(tiny);
    const char *all = arena_printf(memory, "%s\n%s", tiny, group);
    machine *m = machine_parse(memory, d, "m.yaml", all, strlen(all));
    *text = messages(memory, d);
    return m;
}

static void absent_means_off(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const char *text;
    const char *groups[] = {"", "device:\n  read_noise: off\n", "device: {preset: ideal}\n"};
    for (size_t i = 0; i < 3; i++) {
        machine *m = with_group(memory, groups[i], &text);
        if (!m)
            fail_msg("%s", text);
        for (int k = 0; k < DEVICE_KNOBS; k++)
            assert_false(m->device.knob[k].on);
        assert_false(device_disturbs(&m->device));
    }
    arena_free(memory);
}

static void knobs_are_read(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const char *text;
    machine *m = with_group(memory,
                            "device:\n  read_noise: 0.01\n  open_loop_writes: on\n"
                            "  preset: pcm_joshi_2020 # wherever it stands, it comes first\n"
                            "  drift_exponent: off\n  drift_spread: off\n  chip: 12\n", &text);
    if (!m)
        fail_msg("%s", text);
    assert_string_equal(m->device.preset, "pcm_joshi_2020");
    assert_true(device_value(&m->device, DEVICE_read_noise, 7) == 0.01);
    assert_true(device_value(&m->device, DEVICE_on_off_ratio, 7) == 100);
    assert_true(device_value(&m->device, DEVICE_chip, 7) == 12);
    assert_true(device_on(&m->device, DEVICE_open_loop_writes));
    assert_false(device_on(&m->device, DEVICE_drift_exponent));
    assert_true(device_value(&m->device, DEVICE_wire_ohm, 7) == 7);
    assert_true(device_disturbs(&m->device));
    arena_free(memory);
}

/* Printed with all its knobs, a machine reads back the same, for every preset. */
static void groups_print_and_read_back(void **state)
{
    (void)state;
    arena *memory = arena_new();
    for (size_t i = 0; i < device_preset_count; i++) {
        const char *text, *first = NULL;
        machine *m = with_group(memory, "", &text);
        assert_null(device_set(memory, &m->device, "preset", device_presets[i].name));
        assert_null(machine_check(memory, m));
        assert_true(strlen(device_presets[i].source) > 10);
        assert_null(device_set(memory, &m->device, "stuck_low", "0.123456789012345"));
        for (int round = 0; round < 2; round++) {
            char *printed = NULL;
            size_t length = 0;
            FILE *out = open_memstream(&printed, &length);
            machine_print(m, out);
            fclose(out);
            diag *d = diag_new(memory, source_set_new(memory));
            m = machine_parse(memory, d, "p.yaml", printed, length);
            if (!m)
                fail_msg("%s", messages(memory, d));
            if (first)
                assert_string_equal(first, printed);
            first = arena_strdup(memory, printed);
            free(printed);
        }
        assert_true(device_value(&m->device, DEVICE_stuck_low, 0) == 0.123456789012345);
        assert_string_equal(m->device.preset, device_presets[i].name);
    }
    arena_free(memory);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *group, *message, *place;
    } bad[] = {
        {"device:\n  read_noise: 0\n", "'read_noise' is off or a number from 1e-09 to 1", "2:15"},
        {"device:\n  read_noise: loud\n", "(of level range), not 'loud'", "2:15"},
        {"device:\n  read_noise: 1.5\n", "not '1.5'", "2:15"},
        {"device:\n  read_noise: 0.1x\n", "not '0.1x'", "2:15"},
        {"device:\n  read_noise: .nan\n", "not '.nan'", "2:15"},
        {"device:\n  read_noise: nan\n", "not 'nan'", "2:15"},
        {"device:\n  read_nose: 0.1\n", "did you mean 'read_noise'?", "2:3"},
        {"device:\n  chip: 1.5\n", "'chip' is off or a whole number", "2:9"},
        {"device:\n  open_loop_writes: 1\n", "'open_loop_writes' is on or off, not '1'", "2:21"},
        {"device:\n  preset: pcm\n", "there is no preset 'pcm'; there are ideal, pcm_joshi_2020",
         "2:11"},
        {"device:\n  preset: [ideal]\n", "'preset' is text", ""},
        {"device: 4\n", "'device' is a mapping", ""},
        {"device:\n  wire_ohm: 1\n", "'device.wire_ohm' needs 'device.on_ohm'", ""},
        {"device:\n  drift_spread: 0.1\n", "needs 'device.drift_exponent'", ""},
        {"device:\n  stuck_low: 0.6\n  stuck_high: 0.5\n", "are 1.1 of the cells together", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        arena *memory = arena_new();
        const char *text, *base;
        assert_non_null(with_group(memory, "", &base));
        assert_null(with_group(memory, bad[i].group, &text));
        if (!strstr(text, bad[i].message))
            fail_msg("expected '%s' in:\n%s", bad[i].message, text);
        if (*bad[i].place) {
            int line, column, wanted, at;
            sscanf(bad[i].place, "%d:%d", &wanted, &at);
            if (sscanf(strstr(text, "m.yaml:"), "m.yaml:%d:%d", &line, &column) != 2 ||
                column != at)
                fail_msg("expected column %d in:\n%s", at, text);
        }
        arena_free(memory);
    }
}

static void lists_of_the_command_line(void **state)
{
    (void)state;
    arena *memory = arena_new();
    device_settings s = {0};
    assert_null(device_set_list(memory, &s, "read_noise=0.5,preset=rram_wan_2022,update_noise=0.1"));
    assert_true(s.knob[DEVICE_read_noise].value == 0.5 && s.knob[DEVICE_update_noise].on &&
                s.knob[DEVICE_program_noise].on);
    assert_null(device_set_list(memory, &s, "read_noise=off"));
    assert_false(s.knob[DEVICE_read_noise].on);
    assert_null(device_set_list(memory, &s, ""));
    const char *bad[] = {"read_noise", "=1", "read_noise=", "x=1", "preset=x", "read_noise=1,,chip=2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(device_set_list(memory, &s, bad[i]));
    arena_free(memory);
}

/* OPA_IDEAL has digits of any size, so no cells. */
static void ideal_updates_have_no_cells(void **state)
{
    (void)state;
    arena *memory = arena_new();
    const char *text;
    machine *m = with_group(memory, "device: {read_noise: 0.01}", &text);
    m->opa_mode = OPA_IDEAL;
    assert_null(machine_check(memory, m));
    m->fidelity = FIDELITY_DEVICE;
    assert_non_null(strstr(machine_check(memory, m), "not supported: opa_mode ideal"));
    m->opa_mode = OPA_BATCH;
    assert_null(machine_check(memory, m));
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_means_off),          cmocka_unit_test(knobs_are_read),
        cmocka_unit_test(groups_print_and_read_back), cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(lists_of_the_command_line), cmocka_unit_test(ideal_updates_have_no_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
