#include "isa/image_archive.h"
#include "isa/support/file.h"

#include <string.h>
#include <zlib.h>

enum { IMAGE_LIMIT = 1 << 30 };

static uint32_t get_u32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool image_recognise(const void *bytes, size_t length)
{
    return length >= IMAGE_MAGIC_BYTES && memcmp(bytes, image_magic, IMAGE_MAGIC_BYTES) == 0;
}

/* NULL if the header is good. */
static const char *check_header(arena *memory, const unsigned char *bytes, size_t length)
{
    if (!image_recognise(bytes, length))
        return "not a program image";
    if (length < IMAGE_HEADER_BYTES)
        return "the image is damaged: it ends inside its header";
    uint32_t version = get_u32(bytes + 8);
    if (version != IMAGE_VERSION)
        return arena_printf(memory, "the image has version %u; this program reads version %d",
                            version, IMAGE_VERSION);
    size_t payload = length - IMAGE_HEADER_BYTES;
    if (get_u32(bytes + 12) != payload)
        return arena_printf(memory, "the image is damaged: it has %zu bytes instead of %zu", length,
                            (size_t)get_u32(bytes + 12) + IMAGE_HEADER_BYTES);
    if (get_u32(bytes + 16) != crc32_z(0, bytes + IMAGE_HEADER_BYTES, payload))
        return "the image is damaged: its checksum does not match";
    return NULL;
}

image *image_decode(arena *memory, diag *d, const char *path, const void *bytes, size_t length)
{
    const unsigned char *from = bytes;
    const char *error = check_header(memory, from, length);
    if (error) {
        diag_file_error(d, path, "%s", error);
        return NULL;
    }
    size_t payload = length - IMAGE_HEADER_BYTES;
    archive a = {.memory = memory, .reading = true, .end = payload};
    a.bytes = arena_alloc(memory, payload);
    memcpy(a.bytes, from + IMAGE_HEADER_BYTES, payload);
    image *im = ARENA_NEW(memory, image);
    archive_image(&a, im);
    if (!a.error)
        return im;
    diag_file_error(d, path, "the image is damaged: %s", a.error);
    return NULL;
}

image *image_read(arena *memory, diag *d, const char *path)
{
    size_t length = 0;
    const char *error = NULL;
    const char *bytes = file_read(memory, path, IMAGE_LIMIT, &length, &error);
    if (bytes)
        return image_decode(memory, d, path, bytes, length);
    diag_file_error(d, path, "%s", error);
    return NULL;
}
