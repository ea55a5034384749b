/*
 * The machine file as libcyaml sees it. Private to isa/machine*.c.
 */
#ifndef PANTHER_ISA_MACHINE_SCHEMA_H
#define PANTHER_ISA_MACHINE_SCHEMA_H

#include "isa/machine.h"

#include <cyaml/cyaml.h>

typedef struct time_entry {
    char *class, *source;
    double fixed, words_per_cycle;
} time_entry;

typedef struct energy_entry {
    char *component, *source;
    double pj;
} energy_entry;

/* What is loaded; the texts and lists belong to libcyaml and are copied out of it. */
typedef struct machine_file {
    machine m;
    char *name, *slices;
    char *device_preset, *device_knobs[DEVICE_KNOBS]; /* NULL: not given */
    time_entry *times;
    uint32_t time_count;
    energy_entry *energies;
    uint32_t energy_count;
} machine_file;

extern const cyaml_schema_value_t machine_file_schema;

typedef enum number_use { RUN, COMPILED } number_use;

/* One number of machine.def. */
typedef struct machine_number {
    const char *group, *key;
    size_t offset; /* in machine */
    bool real;     /* a double, else an int */
    double least, most;
    number_use use;
} machine_number;

extern const machine_number machine_numbers[];
extern const size_t machine_number_count;

double machine_number_value(const machine *m, const machine_number *n);

/* Where the values of a file stand. */
typedef struct machine_place machine_place;

/* NULL if the text is no YAML. file: its number in sources. */
machine_place *machine_place_open(arena *memory, const source_set *sources, uint32_t file);
void machine_place_close(machine_place *p); /* NULL is allowed */

/*
 * Range of the value at group.key, or group[index].key with index >= 0 (group or key may be NULL).
 * SOURCE_NOWHERE if it is not there. *text (if wanted) is the scalar as written, or NULL.
 */
source_range machine_place_find(const machine_place *p, const char *group, int index,
                                const char *key, const char **text);

/* The byte offset of a place that YAML libraries give as line and column in characters, from 0. */
uint32_t machine_place_offset(const source_file *file, size_t line, size_t column);

#endif
