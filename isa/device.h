/*
 * What sets the cells of fidelity `device` apart from ideal ones: the optional group `device` of a
 * machine file. Every knob is off or has a value; with all of them off `device` is `adc`.
 */
#ifndef PANTHER_ISA_DEVICE_H
#define PANTHER_ISA_DEVICE_H

#include "isa/support/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum device_knob_id {
#define DEVICE(name, kind, least, most, unit, meaning) DEVICE_##name,
#include "isa/device.def"
#undef DEVICE
    DEVICE_KNOBS
} device_knob_id;

typedef struct device_knob {
    bool on;
    double value; /* flags: 1 */
} device_knob;

typedef struct device_settings {
    const char *preset; /* what the knobs started from, or NULL */
    device_knob knob[DEVICE_KNOBS];
} device_settings;

/* A named start: the other keys of the group are applied on top of it. */
typedef struct device_preset {
    const char *name, *source;
    device_knob knob[DEVICE_KNOBS];
} device_preset;

extern const char *const device_knob_names[DEVICE_KNOBS];
extern const device_preset device_presets[];
extern const size_t device_preset_count;

/*
 * Sets one key ("preset" or a knob) from its text: off, on or a number. A preset replaces all knobs.
 * NULL, or a sentence about what is wrong.
 */
const char *device_set(arena *memory, device_settings *s, const char *key, const char *text);

/* The same for "key=value,key=value"; a preset among them is applied first. */
const char *device_set_list(arena *memory, device_settings *s, const char *text);

/* What knobs need of each other; NULL or a sentence. */
const char *device_check(arena *memory, const device_settings *s);

/* Whether any cell or any read differs from the ideal one. */
bool device_disturbs(const device_settings *s);

/* The group as YAML, every knob on a line of its own. */
void device_print(const device_settings *s, FILE *out);

static inline bool device_on(const device_settings *s, device_knob_id id)
{
    return s->knob[id].on;
}

/* The value of a knob, or `otherwise` if it is off. */
static inline double device_value(const device_settings *s, device_knob_id id, double otherwise)
{
    return s->knob[id].on ? s->knob[id].value : otherwise;
}

#endif
