#include "isa/support/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 256 * 1024, WIDE = 64, NARROW = 16 };

typedef struct chunk {
    struct chunk *next;
    size_t size, used;
    unsigned char *bytes;
} chunk;

typedef struct deferred {
    struct deferred *next;
    void (*function)(void *argument);
    void *argument;
} deferred;

struct arena {
    chunk *chunks; /* newest first */
    deferred *deferred;
    size_t handed_out;
};

static void out_of_memory(size_t size)
{
    fprintf(stderr, "panther: out of memory (%zu bytes wanted)\n", size);
    exit(4);
}

static chunk *chunk_new(size_t size)
{
    chunk *c = malloc(sizeof *c);
    unsigned char *bytes = c ? calloc(1, size + WIDE) : NULL;
    if (!bytes)
        out_of_memory(size);
    c->next = NULL;
    c->size = size + WIDE;
    c->used = 0;
    c->bytes = bytes;
    return c;
}

arena *arena_new(void)
{
    arena *a = calloc(1, sizeof *a);
    if (!a)
        out_of_memory(sizeof *a);
    return a;
}

void arena_free(arena *a)
{
    if (!a)
        return;
    for (const deferred *d = a->deferred; d; d = d->next)
        d->function(d->argument);
    for (chunk *c = a->chunks; c;) {
        chunk *next = c->next;
        free(c->bytes);
        free(c);
        c = next;
    }
    free(a);
}

static size_t aligned_start(const chunk *c, size_t alignment)
{
    uintptr_t at = (uintptr_t)c->bytes + c->used;
    return c->used + (size_t)(-at & (alignment - 1));
}

void *arena_alloc(arena *a, size_t size)
{
    size_t alignment = size >= WIDE ? WIDE : NARROW;
    if (size > PTRDIFF_MAX / 2)
        out_of_memory(size);
    if (size == 0)
        size = 1;
    chunk *c = a->chunks;
    if (!c || aligned_start(c, alignment) + size > c->size) {
        chunk *fresh = chunk_new(size > CHUNK_SIZE ? size : CHUNK_SIZE);
        /* A large block gets a chunk of its own behind the current one, which stays in use. */
        if (c && size > CHUNK_SIZE) {
            fresh->next = c->next;
            c->next = fresh;
        } else {
            fresh->next = c;
            a->chunks = fresh;
        }
        c = fresh;
    }
    size_t start = aligned_start(c, alignment);
    c->used = start + size;
    a->handed_out += size;
    return c->bytes + start;
}

void *arena_calloc(arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        out_of_memory(SIZE_MAX);
    return arena_alloc(a, count * size);
}

void *arena_grow(arena *a, const void *old, size_t old_size, size_t new_size)
{
    void *fresh = arena_alloc(a, new_size);
    if (old_size)
        memcpy(fresh, old, old_size < new_size ? old_size : new_size);
    return fresh;
}

char *arena_strndup(arena *a, const char *text, size_t length)
{
    char *copy = arena_alloc(a, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *arena_strdup(arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_vprintf(arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return arena_strdup(a, "");
    char *text = arena_alloc(a, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(a, format, args);
    va_end(args);
    return text;
}

void arena_defer(arena *a, void (*function)(void *argument), void *argument)
{
    deferred *d = ARENA_NEW(a, deferred);
    *d = (deferred){a->deferred, function, argument};
    a->deferred = d;
}

size_t arena_used(const arena *a)
{
    return a->handed_out;
}
