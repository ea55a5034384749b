#include "isa/device.h"

#include "isa/support/diag.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum knob_kind { REAL, WHOLE, FLAG } knob_kind;

typedef struct knob_row {
    const char *name;
    knob_kind kind;
    double least, most;
    const char *unit, *meaning;
} knob_row;

static const knob_row rows[DEVICE_KNOBS] = {
#define DEVICE(name, kind, least, most, unit, meaning) {#name, kind, least, most, unit, meaning},
#include "isa/device.def"
#undef DEVICE
};

const char *const device_knob_names[DEVICE_KNOBS] = {
#define DEVICE(name, kind, least, most, unit, meaning) #name,
#include "isa/device.def"
#undef DEVICE
};

/*
 * Numbers of papers hold for their top conductance or depend on the level; here is one number per
 * knob, the average over uniformly distributed levels, and the source says where it comes from.
 */
#define ON(v) {true, v}
const device_preset device_presets[] = {
    {"ideal", "every knob off: the cells that ISAAC (2016), PUMA (2019) and PANTHER evaluate", {{0}}},
    {"pcm_joshi_2020",
     "Joshi et al., Nature Communications 11, 2473 (2020): 25 uS, 0.25 to 25 uS, drift from 27.36 s, "
     "as stated with CrossSim's model of it; programming noise 0.855 of 25 uS on average, read noise "
     "0.0088 sqrt(ln(t / 2 t_read)) and exponents .049 +- .008 of the statistical model that aihwkit "
     "documents for the same devices",
     {[DEVICE_on_off_ratio] = ON(100),
      [DEVICE_program_noise] = ON(0.034),
      [DEVICE_read_noise_relative] = ON(0.037),
      [DEVICE_drift_exponent] = ON(0.049),
      [DEVICE_drift_spread] = ON(0.008),
      [DEVICE_drift_start] = ON(27.36),
      [DEVICE_drift_time] = ON(27.36)}},
    {"rram_wan_2022",
     "Wan et al., Nature (2022): programming noise 1 s after the write, 2.04 of 39.26 uS on average "
     "(CrossSim's cubic fit to Extended Data Fig. 3)",
     {[DEVICE_program_noise] = ON(0.052)}},
    {"reram_illustrative",
     "illustrative: round numbers, of no particular device",
     {[DEVICE_on_off_ratio] = ON(20),
      [DEVICE_read_noise] = ON(0.005),
      [DEVICE_program_noise] = ON(0.01),
      [DEVICE_update_noise] = ON(0.01),
      [DEVICE_write_nonlinearity] = ON(1),
      [DEVICE_stuck_low] = ON(0.001),
      [DEVICE_stuck_high] = ON(0.001),
      [DEVICE_wire_ohm] = ON(1),
      [DEVICE_on_ohm] = ON(100000)}},
};
#undef ON
const size_t device_preset_count = sizeof device_presets / sizeof device_presets[0];

static const char *list_presets(arena *memory)
{
    const char *text = "";
    for (size_t i = 0; i < device_preset_count; i++)
        text = arena_printf(memory, "%s%s%s", text, i ? ", " : "", device_presets[i].name);
    return text;
}

static const char *set_preset(arena *memory, device_settings *s, const char *name)
{
    for (size_t i = 0; i < device_preset_count; i++)
        if (strcmp(device_presets[i].name, name) == 0) {
            s->preset = device_presets[i].name;
            memcpy(s->knob, device_presets[i].knob, sizeof s->knob);
            return NULL;
        }
    return arena_printf(memory, "there is no preset '%s'; there are %s", name,
                        list_presets(memory));
}

static const char *unknown_knob(arena *memory, const char *key)
{
    const char *near = diag_nearest(key, device_knob_names, DEVICE_KNOBS);
    const char *text = "";
    for (int k = 0; k < DEVICE_KNOBS && !near; k++)
        text = arena_printf(memory, "%s, %s", text, device_knob_names[k]);
    if (near)
        return arena_printf(memory, "there is no device knob '%s'; did you mean '%s'?", key, near);
    return arena_printf(memory, "there is no device knob '%s'; there are preset%s", key, text);
}

static const char *set_knob(arena *memory, const knob_row *row, device_knob *knob,
                            const char *text)
{
    char *end;
    if (strcmp(text, "off") == 0) {
        *knob = (device_knob){0};
        return NULL;
    }
    if (row->kind == FLAG && strcmp(text, "on") == 0) {
        *knob = (device_knob){true, 1};
        return NULL;
    }
    if (row->kind == FLAG)
        return arena_printf(memory, "'%s' is on or off, not '%s'", row->name, text);
    double v = strtod(text, &end);
    if (end != text && !*end && v >= row->least && v <= row->most &&
        (row->kind == REAL || v == floor(v))) {
        *knob = (device_knob){true, v};
        return NULL;
    }
    return arena_printf(memory, "'%s' is off or a %snumber from %g to %g (%s), not '%s'", row->name,
                        row->kind == WHOLE ? "whole " : "", row->least, row->most, row->unit, text);
}

const char *device_set(arena *memory, device_settings *s, const char *key, const char *text)
{
    if (strcmp(key, "preset") == 0)
        return set_preset(memory, s, text);
    for (int k = 0; k < DEVICE_KNOBS; k++)
        if (strcmp(rows[k].name, key) == 0)
            return set_knob(memory, &rows[k], &s->knob[k], text);
    return unknown_knob(memory, key);
}

const char *device_set_list(arena *memory, device_settings *s, const char *text)
{
    for (int round = 0; round < 2; round++)
        for (const char *at = text; *at;) {
            size_t length = strcspn(at, ",");
            char *pair = arena_strndup(memory, at, length);
            at += at[length] ? length + 1 : length;
            char *sign = strchr(pair, '=');
            if (!sign)
                return arena_printf(memory, "'%s' is no KEY=VALUE", pair);
            *sign = '\0';
            bool preset = strcmp(pair, "preset") == 0;
            const char *error = preset == (round == 0) ? device_set(memory, s, pair, sign + 1) : NULL;
            if (error)
                return error;
        }
    return NULL;
}

const char *device_check(arena *memory, const device_settings *s)
{
    if (device_on(s, DEVICE_wire_ohm) && !device_on(s, DEVICE_on_ohm))
        return arena_strdup(memory, "'device.wire_ohm' needs 'device.on_ohm': the resistance of a "
                                    "cell at the top level");
    if (device_on(s, DEVICE_drift_spread) && !device_on(s, DEVICE_drift_exponent))
        return arena_strdup(memory, "'device.drift_spread' needs 'device.drift_exponent'");
    double stuck = device_value(s, DEVICE_stuck_low, 0) + device_value(s, DEVICE_stuck_high, 0);
    if (stuck > 1)
        return arena_printf(memory, "'device.stuck_low' and 'device.stuck_high' are %g of the cells "
                                    "together; at most 1 is possible", stuck);
    return NULL;
}

bool device_disturbs(const device_settings *s)
{
    static const device_knob_id silent[] = {DEVICE_chip,        DEVICE_on_off_ratio,
                                            DEVICE_drift_start, DEVICE_drift_time,
                                            DEVICE_on_ohm,      DEVICE_endurance};
    for (int k = 0; k < DEVICE_KNOBS; k++) {
        bool counts = s->knob[k].on;
        for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
            counts = counts && silent[i] != (device_knob_id)k;
        /* open-loop writes matter only if a pulse can miss */
        if (counts && k != DEVICE_open_loop_writes)
            return true;
    }
    return false;
}

void device_print(const device_settings *s, FILE *out)
{
    fputs("device:\n", out);
    if (s->preset)
        fprintf(out, "  preset: %s\n", s->preset);
    for (int k = 0; k < DEVICE_KNOBS; k++) {
        char text[40] = "off";
        for (int digits = 6; s->knob[k].on && digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, s->knob[k].value);
            if (strtod(text, NULL) == s->knob[k].value)
                break;
        }
        fprintf(out, "  %s: %s # %s\n", rows[k].name,
                s->knob[k].on && rows[k].kind == FLAG ? "on" : text, rows[k].unit);
    }
}
