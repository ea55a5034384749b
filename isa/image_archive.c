#include "isa/image_archive.h"

#include <math.h>
#include <string.h>

const unsigned char image_magic[IMAGE_MAGIC_BYTES] = {'P', 'A', 'N', 'T', 'H', 'E', 'R', 0x1A};

enum { BYTES_AT_FIRST = 4096 };

void archive_fail(archive *a, const char *format, ...)
{
    if (a->error)
        return;
    va_list args;
    va_start(args, format);
    a->error = arena_vprintf(a->memory, format, args);
    va_end(args);
}

static void make_room(archive *a, size_t count)
{
    if (a->end - a->at >= count)
        return;
    size_t capacity = a->end ? a->end : BYTES_AT_FIRST;
    while (capacity - a->at < count)
        capacity *= 2;
    a->bytes = arena_grow(a->memory, a->bytes, a->at, capacity);
    a->end = capacity;
}

bool archive_bytes(archive *a, void *bytes, size_t count)
{
    if (a->error) {
        if (a->reading)
            memset(bytes, 0, count);
        return false;
    }
    if (!a->reading) {
        make_room(a, count);
        memcpy(a->bytes + a->at, bytes, count);
    } else if (a->end - a->at < count) {
        archive_fail(a, "it ends inside a table");
        memset(bytes, 0, count);
        return false;
    } else {
        memcpy(bytes, a->bytes + a->at, count);
    }
    a->at += count;
    return true;
}

static uint64_t integer(archive *a, uint64_t v, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(v >> 8 * i);
    archive_bytes(a, bytes, size);
    uint64_t result = 0;
    for (size_t i = 0; i < size; i++)
        result |= (uint64_t)bytes[i] << 8 * i;
    return result;
}

void archive_u8(archive *a, uint8_t *v)
{
    uint64_t got = integer(a, a->reading ? 0 : *v, 1);
    if (a->reading)
        *v = (uint8_t)got;
}

void archive_u16(archive *a, uint16_t *v)
{
    uint64_t got = integer(a, a->reading ? 0 : *v, 2);
    if (a->reading)
        *v = (uint16_t)got;
}

void archive_u32(archive *a, uint32_t *v)
{
    uint64_t got = integer(a, a->reading ? 0 : *v, 4);
    if (a->reading)
        *v = (uint32_t)got;
}

void archive_real(archive *a, double *v)
{
    uint64_t bits = 0;
    double value = a->reading ? 0 : *v;
    memcpy(&bits, &value, sizeof bits);
    bits = integer(a, bits, 8);
    memcpy(&value, &bits, sizeof bits);
    if (!isfinite(value))
        archive_fail(a, "it holds a number that is not finite");
    else if (a->reading)
        *v = value;
}

void archive_choice(archive *a, int *v, int limit)
{
    int value = (int)integer(a, a->reading ? 0 : (uint64_t)(unsigned)*v, 1);
    if (value >= limit)
        archive_fail(a, "it holds %d where 0 to %d are possible", value, limit - 1);
    else if (a->reading)
        *v = value;
}

void archive_flag(archive *a, bool *v)
{
    int value = a->reading ? 0 : *v;
    archive_choice(a, &value, 2);
    if (a->reading)
        *v = value != 0;
}

uint32_t archive_count(archive *a, uint32_t count, size_t bytes_each)
{
    archive_u32(a, &count);
    if (a->error)
        return 0;
    if (a->reading && count > (a->end - a->at) / bytes_each) {
        archive_fail(a, "a list claims %u elements, more than the file holds", count);
        return 0;
    }
    return count;
}

void archive_text(archive *a, const char **v)
{
    static const char empty[] = "";
    const char *text = a->reading || !*v ? empty : *v;
    size_t length = strlen(text);
    if (length > UINT32_MAX)
        archive_fail(a, "a text is longer than 4 GiB");
    uint32_t count = archive_count(a, (uint32_t)length, 1);
    if (!a->reading) {
        archive_bytes(a, (char *)(uintptr_t)text, count);
        return;
    }
    char *copy = arena_alloc(a->memory, (size_t)count + 1);
    archive_bytes(a, copy, count);
    if (memchr(copy, '\0', count))
        archive_fail(a, "a text holds a zero byte");
    *v = a->error ? empty : copy;
}
