/*
 * Diagnostics: errors and warnings with a place, an underlined span, at most one help and any notes.
 * They are collected (20 errors at most, the rest are counted), sorted by place and printed together
 *
 *     vgg16.pan:9:20: error: dense expects a vec, but 'x' is a map[512, 1, 1]
 *         x = relu(dense(x, 4096))
 *                        ^
 *     help: flatten(x) makes a vec[512] of it
 *
 * Texts are one sentence without capital or full stop, program text in single quotes.
 */
#ifndef PANTHER_SUPPORT_DIAG_H
#define PANTHER_SUPPORT_DIAG_H

#include "isa/support/source.h"

#include <stdbool.h>
#include <stdio.h>

enum { DIAG_ERROR_LIMIT = 20 };

/* Exit status of the program. */
typedef enum exit_status {
    EXIT_DONE = 0,
    EXIT_INPUT = 1,    /* the input has errors */
    EXIT_USAGE = 2,    /* wrong usage */
    EXIT_PROGRAM = 3,  /* the emulated program failed: deadlock, overflow, bad memory access */
    EXIT_INTERNAL = 4, /* a fault of ours */
} exit_status;

typedef struct diag diag;

diag *diag_new(arena *memory, source_set *sources);
source_set *diag_sources(const diag *d);

void diag_error(diag *d, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(diag *d, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An error that is ours: the command ends with EXIT_INTERNAL. */
void diag_fault(diag *d, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* These belong to the error or warning reported last. */
void diag_help(diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diag_note(diag *d, source_range where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An error about a file that has no text to show (an image, a data file): "path: error: text". */
void diag_file_error(diag *d, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

int diag_errors(const diag *d);
int diag_warnings(const diag *d);
bool diag_faulty(const diag *d); /* whether diag_fault was called */

/* Prints everything collected and forgets it (the counts stay). Colour: bold red and the like. */
void diag_print(diag *d, FILE *out, bool colour);

/* The known name nearest to a misspelt one, or NULL if none is near enough to be worth offering. */
const char *diag_nearest(const char *name, const char *const *known, size_t count);

#endif
