/*
 * Files in YAML that libcyaml reads by a schema: errors with their place, numbers, texts. Machine
 * files and the planner's chip files share it.
 */
#ifndef PANTHER_ISA_YAML_FILE_H
#define PANTHER_ISA_YAML_FILE_H

#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What libcyaml logs of its first error: the sentence, then a backtrace from the inside out. */
typedef struct yaml_report {
    char message[300];
    char field[64];   /* innermost mapping field of the backtrace */
    int line, column; /* from 1; 0 if none */
} yaml_report;

typedef struct yaml_file {
    arena *memory;
    diag *d;
    uint32_t file; /* its number among the sources */
    const cyaml_schema_value_t *schema;
    const char *kind; /* "machine" */
} yaml_file;

/* Logs into r. */
cyaml_config_t yaml_configuration(yaml_report *r);

/* One error at its place, with what the schema would take there. */
void yaml_report_error(const yaml_file *f, const yaml_report *r, cyaml_err_t code);

/* "a, b, c" */
const char *yaml_joined(arena *memory, const char *const *names, size_t count);

/*
 * Whether a scalar is a number and nothing else (NULL: it is not there, which is fine). libcyaml
 * takes the longest numeric prefix ("1.5.3"), infinities and NaN.
 */
bool yaml_is_number(const char *text, bool real);

/* The shortest decimal that reads back as the same double; a text in quotes. */
void yaml_print_real(FILE *out, double v);
void yaml_print_text(FILE *out, const char *text);

#endif
