#include "isa/support/source.h"

#include <string.h>

source_set *source_set_new(arena *memory)
{
    source_set *set = ARENA_NEW(memory, source_set);
    set->memory = memory;
    return set;
}

static void index_lines(arena *memory, source_file *file)
{
    size_t capacity = 0, count = 0;
    ARENA_PUSH(memory, file->line_starts, count, capacity, 0);
    for (size_t i = 0; i < file->length; i++)
        if (file->text[i] == '\n')
            ARENA_PUSH(memory, file->line_starts, count, capacity, (uint32_t)(i + 1));
    file->lines = (uint32_t)count;
}

uint32_t source_add(source_set *set, const char *path, const char *text, size_t length)
{
    source_file file = {
        .path = arena_strdup(set->memory, path),
        .text = arena_strndup(set->memory, text, length),
        .length = length,
    };
    index_lines(set->memory, &file);
    ARENA_PUSH(set->memory, set->files, set->count, set->capacity, file);
    return (uint32_t)set->count;
}

const source_file *source_get(const source_set *set, uint32_t file)
{
    return file >= 1 && file <= set->count ? &set->files[file - 1] : NULL;
}

/* The last line that starts at or before the offset, by bisection. */
static uint32_t line_of(const source_file *file, uint32_t offset)
{
    uint32_t low = 0, high = file->lines;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (file->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

source_position source_locate(const source_set *set, source_range range)
{
    const source_file *file = set ? source_get(set, range.file) : NULL;
    if (!file)
        return (source_position){NULL, 0, 0};
    uint32_t line = line_of(file, range.begin);
    return (source_position){file->path, line + 1, range.begin - file->line_starts[line] + 1};
}

const char *source_line(const source_file *file, uint32_t line, size_t *length)
{
    if (line < 1 || line > file->lines) {
        *length = 0;
        return "";
    }
    const char *start = file->text + file->line_starts[line - 1];
    const char *end = memchr(start, '\n', (size_t)(file->text + file->length - start));
    if (!end)
        end = file->text + file->length;
    *length = (size_t)(end - start);
    return start;
}

source_range source_join(source_range a, source_range b)
{
    if (a.file == 0)
        return b;
    if (b.file != a.file)
        return a;
    if (b.begin < a.begin)
        a.begin = b.begin;
    if (b.end > a.end)
        a.end = b.end;
    return a;
}
