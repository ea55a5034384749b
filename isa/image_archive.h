/*
 * One description of the image's layout serves reading and writing: archive_image walks an image
 * and hands every value to an archive, which stores or fetches it; an image that is written is not
 * written to. Private to isa/image*.c.
 *
 * Little-endian. A file is a header (magic, version, payload length, CRC32 of the payload) and a
 * payload of sections, each with a tag and a length of its own.
 */
#ifndef PANTHER_ISA_IMAGE_ARCHIVE_H
#define PANTHER_ISA_IMAGE_ARCHIVE_H

#include "isa/image.h"

enum { IMAGE_MAGIC_BYTES = 8, IMAGE_HEADER_BYTES = 20 };
extern const unsigned char image_magic[IMAGE_MAGIC_BYTES];

typedef struct archive {
    arena *memory;
    bool reading;
    unsigned char *bytes; /* reading: the payload; writing: what was written so far */
    size_t at, end;       /* reading: position and end of the section; writing: length, capacity */
    const char *error;    /* the first thing wrong, a sentence; nothing more happens after it */
} archive;

void archive_fail(archive *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Raw bytes in or out; false (and error set) if a damaged file ends too early. */
bool archive_bytes(archive *a, void *bytes, size_t count);

void archive_u8(archive *a, uint8_t *v);
void archive_u16(archive *a, uint16_t *v);
void archive_u32(archive *a, uint32_t *v);
void archive_real(archive *a, double *v); /* finite */
void archive_flag(archive *a, bool *v);
void archive_text(archive *a, const char **v);

/* An enumeration of `limit` values, as int. */
void archive_choice(archive *a, int *v, int limit);

/*
 * The length of a list of at least `bytes_each` bytes per element; refused (0) where the rest of
 * the section cannot hold it, so that a damaged length never allocates more than the file's size.
 */
uint32_t archive_count(archive *a, uint32_t count, size_t bytes_each);

void archive_image(archive *a, image *im);

#endif
