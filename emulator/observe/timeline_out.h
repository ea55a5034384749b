/*
 * Text into a file, compressed or not, through buffers that are allocated once. A file that cannot
 * be written is noticed when it is closed.
 */
#ifndef PANTHER_EMULATOR_OBSERVE_TIMELINE_OUT_H
#define PANTHER_EMULATOR_OBSERVE_TIMELINE_OUT_H

#include "isa/support/file.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { OUT_BUFFER = 1 << 16, OUT_ROOM = 1 << 12 }; /* room: the longest piece of text */

typedef struct timeline_out {
    file_writer file;
    void *deflate; /* z_stream; NULL: the text as it is */
    char *text;    /* OUT_BUFFER + OUT_ROOM bytes */
    unsigned char *packed;
    size_t used;
    uint64_t bytes; /* of text, those in the buffer left out */
    bool failed, open;
} timeline_out;

/* A name that ends in .gz is compressed. NULL or a sentence. */
const char *out_open(arena *memory, timeline_out *o, const char *path);
const char *out_close(arena *memory, timeline_out *o, bool keep);

void out_flush(timeline_out *o);

/* Room for OUT_ROOM bytes; the caller appends through the functions below. */
static inline void out_begin(timeline_out *o)
{
    if (o->used >= OUT_BUFFER)
        out_flush(o);
}

static inline void out_bytes(timeline_out *o, const char *text, size_t length)
{
    memcpy(o->text + o->used, text, length);
    o->used += length;
}

static inline void out_text(timeline_out *o, const char *text)
{
    out_bytes(o, text, strlen(text));
}

void out_number(timeline_out *o, uint64_t v);
void out_thousandths(timeline_out *o, uint64_t v); /* 12345 as 12.345 */

static inline uint64_t out_total(const timeline_out *o)
{
    return o->bytes + o->used;
}

#endif
