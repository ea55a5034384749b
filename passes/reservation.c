#include "passes/reservation.h"

int64_t modulo(int64_t value, int64_t interval)
{
    int64_t rest = value % interval;
    return rest < 0 ? rest + interval : rest;
}

/* The entry that overlaps [start, start + length), or NULL. Long programs spend their time here. */
static const struct busy *conflict(const reservation *r, int64_t start, int64_t length)
{
    int64_t from = modulo(start, r->interval);
    for (size_t i = 0; i < r->count; i++) {
        const struct busy *b = &r->busy[i];
        int64_t behind = from - b->start, ahead = -behind; /* both in (-interval, interval) */
        behind += behind < 0 ? r->interval : 0;
        ahead += ahead < 0 ? r->interval : 0;
        if (behind < b->length || ahead < length)
            return b;
    }
    return NULL;
}

bool reservation_free(const reservation *r, int64_t start, int64_t length)
{
    return length == 0 || (length <= r->interval && !conflict(r, start, length));
}

void reservation_take(reservation *r, arena *memory, int64_t start, int64_t length)
{
    struct busy b = {modulo(start, r->interval), length};
    if (length > 0)
        ARENA_PUSH(memory, r->busy, r->count, r->capacity, b);
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
    r->count = count;
}
