/*
 * Arena: one bump allocator per compilation and one per emulation.
 *
 * Rule: whatever is allocated from an arena lives until the arena is freed; nothing in it is freed
 * singly. Memory comes back zeroed and aligned to 64 bytes for blocks of 64 bytes and more, to 16
 * otherwise. Allocation does not return on failure: it reports on stderr and exits with status 4.
 */
#ifndef PANTHER_SUPPORT_ARENA_H
#define PANTHER_SUPPORT_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct arena arena;

arena *arena_new(void);
void arena_free(arena *a); /* NULL is allowed */

void *arena_alloc(arena *a, size_t size);
void *arena_calloc(arena *a, size_t count, size_t size); /* checks count * size for overflow */

/* A block of new_size that starts with the first old_size bytes of old (which stays where it is). */
void *arena_grow(arena *a, const void *old, size_t old_size, size_t new_size);

char *arena_strdup(arena *a, const char *text);
char *arena_strndup(arena *a, const char *text, size_t length);
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(arena *a, const char *format, va_list args);

size_t arena_used(const arena *a); /* bytes handed out so far */

/* Calls function(argument) when the arena is freed, before its memory goes; the latest one first. */
void arena_defer(arena *a, void (*function)(void *argument), void *argument);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_calloc((a), (count), sizeof(type)))

/*
 * Append one element to a growing array (pointer, length, capacity are lvalues) that lives in the
 * arena. The array doubles, so the waste stays below its own size.
 */
#define ARENA_PUSH(a, array, length, capacity, value)                                              \
    do {                                                                                           \
        if ((length) == (capacity)) {                                                              \
            size_t arena_old_ = (size_t)(capacity);                                                \
            size_t arena_new_ = arena_old_ ? arena_old_ * 2 : 8;                                   \
            (array) = arena_grow((a), (array), arena_old_ * sizeof *(array),                       \
                                 arena_new_ * sizeof *(array));                                    \
            (capacity) = arena_new_;                                                               \
        }                                                                                          \
        (array)[(length)++] = (value);                                                             \
    } while (0)

#endif
