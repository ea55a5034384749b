#include "isa/image_archive.h"
#include "isa/support/file.h"

#include <string.h>
#include <zlib.h>

static void put_u32(unsigned char *at, uint64_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

const char *image_encode(arena *memory, const image *im, unsigned char **bytes, size_t *length)
{
    archive a = {.memory = memory};
    image copy = *im; /* the walk stores only what it reads when it writes */
    unsigned char header[IMAGE_HEADER_BYTES];
    archive_bytes(&a, memset(header, 0, sizeof header), sizeof header);
    archive_image(&a, &copy);
    if (!a.error && a.at - sizeof header > UINT32_MAX)
        archive_fail(&a, "the image is longer than 4 GiB");
    if (a.error)
        return a.error;
    size_t payload = a.at - sizeof header;
    memcpy(a.bytes, image_magic, IMAGE_MAGIC_BYTES);
    put_u32(a.bytes + 8, IMAGE_VERSION);
    put_u32(a.bytes + 12, payload);
    put_u32(a.bytes + 16, crc32_z(0, a.bytes + sizeof header, payload));
    *bytes = a.bytes;
    *length = a.at;
    return NULL;
}

const char *image_write(arena *memory, const image *im, const char *path)
{
    unsigned char *bytes = NULL;
    size_t length = 0;
    const char *error = image_encode(memory, im, &bytes, &length);
    if (error)
        return error;
    file_writer w;
    error = file_write_begin(memory, &w, path);
    if (error)
        return error;
    fwrite(bytes, 1, length, w.stream); /* a failure shows in ferror at commit */
    return file_write_commit(memory, &w);
}
