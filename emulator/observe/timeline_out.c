#include "emulator/observe/timeline_out.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, FASTEST = 1, MEMORY_LEVEL = 9 };

static void end_deflate(void *stream)
{
    deflateEnd(stream);
}

static const char *start_deflate(arena *memory, timeline_out *o)
{
    z_stream *z = ARENA_NEW(memory, z_stream);
    if (deflateInit2(z, FASTEST, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return "the compressor cannot be started";
    o->deflate = z;
    arena_defer(memory, end_deflate, z);
    return NULL;
}

const char *out_open(arena *memory, timeline_out *o, const char *path)
{
    size_t length = strlen(path);
    *o = (timeline_out){0};
    o->text = ARENA_ARRAY(memory, char, OUT_BUFFER + OUT_ROOM);
    o->packed = ARENA_ARRAY(memory, unsigned char, OUT_BUFFER);
    const char *error = NULL;
    if (length > 3 && strcmp(path + length - 3, ".gz") == 0)
        error = start_deflate(memory, o);
    if (!error)
        error = file_write_begin(memory, &o->file, path);
    if (!error)
        setvbuf(o->file.stream, NULL, _IONBF, 0); /* text is buffered here */
    o->open = !error;
    return error;
}

static void write_all(timeline_out *o, const void *bytes, size_t length)
{
    if (!o->failed && length && fwrite(bytes, 1, length, o->file.stream) != length)
        o->failed = true;
}

static void pack(timeline_out *o, int how)
{
    z_stream *z = o->deflate;
    int status;
    z->next_in = (unsigned char *)o->text;
    z->avail_in = (uInt)o->used;
    do {
        z->next_out = o->packed;
        z->avail_out = OUT_BUFFER;
        status = deflate(z, how);
        write_all(o, o->packed, OUT_BUFFER - z->avail_out);
    } while (z->avail_out == 0 && status == Z_OK);
}

void out_flush(timeline_out *o)
{
    if (o->deflate)
        pack(o, Z_NO_FLUSH);
    else
        write_all(o, o->text, o->used);
    o->bytes += o->used;
    o->used = 0;
}

const char *out_close(arena *memory, timeline_out *o, bool keep)
{
    if (!o->open)
        return NULL;
    o->open = false;
    out_flush(o);
    if (o->deflate)
        pack(o, Z_FINISH);
    if (keep && !o->failed)
        return file_write_commit(memory, &o->file);
    const char *path = o->file.path;
    file_write_abandon(&o->file);
    return keep ? arena_printf(memory, "cannot write '%s'", path) : NULL;
}

void out_number(timeline_out *o, uint64_t v)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + v % 10);
    while (v /= 10);
    while (count)
        o->text[o->used++] = digits[--count];
}

void out_thousandths(timeline_out *o, uint64_t v)
{
    out_number(o, v / 1000);
    char rest[4] = {'.', (char)('0' + v / 100 % 10), (char)('0' + v / 10 % 10),
                    (char)('0' + v % 10)};
    out_bytes(o, rest, sizeof rest);
}
