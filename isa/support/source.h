/*
 * Source files and ranges in them. Tokens, AST nodes, IR ops and instructions carry a range (two
 * byte offsets and a file number); line and column are worked out only when somebody reads them.
 */
#ifndef PANTHER_SUPPORT_SOURCE_H
#define PANTHER_SUPPORT_SOURCE_H

#include "isa/support/arena.h"

#include <stddef.h>
#include <stdint.h>

/* file is 1 + the index in the set; a range with file 0 is "nowhere". [begin, end) in bytes. */
typedef struct source_range {
    uint32_t file, begin, end;
} source_range;

#define SOURCE_NOWHERE ((source_range){0, 0, 0})

typedef struct source_file {
    const char *path; /* as the user wrote it */
    const char *text; /* length bytes and a terminating NUL */
    size_t length;
    uint32_t *line_starts; /* byte offset of each line */
    uint32_t lines;
} source_file;

typedef struct source_set {
    arena *memory;
    source_file *files;
    size_t count, capacity;
} source_set;

typedef struct source_position {
    const char *path;
    uint32_t line, column; /* both from 1; columns count bytes */
} source_position;

source_set *source_set_new(arena *memory);

/* Adds a file; the text is copied. Returns its number (from 1). */
uint32_t source_add(source_set *set, const char *path, const char *text, size_t length);

const source_file *source_get(const source_set *set, uint32_t file); /* NULL if there is none */

/* Where a range begins; path is NULL for SOURCE_NOWHERE. */
source_position source_locate(const source_set *set, source_range range);

/* The text of one line (from 1), without its newline. */
const char *source_line(const source_file *file, uint32_t line, size_t *length);

/* The smallest range that holds both (the first one if they are in different files). */
source_range source_join(source_range a, source_range b);

#endif
