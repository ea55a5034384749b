/*
 * Whole files in and out. Output goes to a temporary file beside the target and is renamed when it
 * is complete, so that a failure never leaves a damaged or half-written file behind. A device or pipe
 * is written to directly.
 */
#ifndef PANTHER_SUPPORT_FILE_H
#define PANTHER_SUPPORT_FILE_H

#include "isa/support/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Reads a file whole (a NUL follows the last byte). On failure returns NULL and sets *error to a
 * sentence in the arena ("cannot read 'x': No such file or directory"). limit: largest size in
 * bytes that is accepted. Directories and special files are refused.
 */
char *file_read(arena *memory, const char *path, size_t limit, size_t *length, const char **error);

typedef struct file_writer {
    FILE *stream; /* write here */
    char *path, *temporary;
} file_writer;

/* Both return NULL when all is well, else a sentence in the arena. */
const char *file_write_begin(arena *memory, file_writer *w, const char *path);
const char *file_write_commit(arena *memory, file_writer *w); /* flush, sync, rename */
void file_write_abandon(file_writer *w);                       /* removes the temporary file */

#endif
