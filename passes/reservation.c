#include "passes/reservation.h"

#include <string.h>

int64_t modulo(int64_t value, int64_t interval)
{
    int64_t rest = value % interval;
    return rest < 0 ? rest + interval : rest;
}

/* Entries that start at or before a cycle. */
static size_t entries_until(const reservation *r, int64_t start)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->busy[middle].start <= start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* An entry that overlaps [start, start + length), or NULL. Only its neighbours can. */
static const struct busy *conflict(const reservation *r, int64_t start, int64_t length)
{
    if (!r->count)
        return NULL;
    int64_t from = modulo(start, r->interval);
    size_t next = entries_until(r, from);
    const struct busy *before = &r->busy[next ? next - 1 : r->count - 1];
    const struct busy *after = &r->busy[next < r->count ? next : 0];
    if (modulo(from - before->start, r->interval) < before->length)
        return before;
    return modulo(after->start - from, r->interval) < length ? after : NULL;
}

bool reservation_free(const reservation *r, int64_t start, int64_t length)
{
    return length == 0 || (length <= r->interval && !conflict(r, start, length));
}

void reservation_take(reservation *r, arena *memory, int64_t start, int64_t length)
{
    struct busy b = {modulo(start, r->interval), length};
    size_t taken = r->count, at = entries_until(r, b.start);
    if (length <= 0)
        return;
    ARENA_PUSH(memory, r->taken, taken, r->taken_capacity, b.start);
    ARENA_PUSH(memory, r->busy, r->count, r->capacity, b);
    memmove(&r->busy[at + 1], &r->busy[at], (r->count - 1 - at) * sizeof b);
    r->busy[at] = b;
}

bool reservation_after(const reservation *r, int64_t earliest, int64_t length, int64_t *start)
{
    if (length > r->interval)
        return false;
    for (int64_t s = earliest; s < earliest + r->interval;) {
        const struct busy *b = length ? conflict(r, s, length) : NULL;
        if (!b) {
            *start = s;
            return true;
        }
        /* To the end of what is in the way: from inside it, or from before it. */
        s += modulo(b->start + b->length - s - 1, r->interval) + 1;
    }
    return false;
}

bool reservation_before(const reservation *r, int64_t earliest, int64_t latest, int64_t length,
                        int64_t *start)
{
    if (length > r->interval)
        return false;
    for (int64_t s = latest; s >= earliest && s > latest - r->interval;) {
        const struct busy *b = length ? conflict(r, s, length) : NULL;
        if (!b) {
            *start = s;
            return true;
        }
        /* Back until the end touches the start of what is in the way. */
        s -= modulo(s + length - b->start - 1, r->interval) + 1;
    }
    return false;
}

void reservation_rewind(reservation *r, size_t count)
{
    for (; r->count > count; r->count--) {
        size_t behind = entries_until(r, r->taken[r->count - 1]);
        memmove(&r->busy[behind - 1], &r->busy[behind], (r->count - behind) * sizeof *r->busy);
    }
}
