/*
 * A modulo reservation table: which cycles of the repeating interval a core is busy.
 */
#ifndef PANTHER_PASSES_RESERVATION_H
#define PANTHER_PASSES_RESERVATION_H

#include "isa/support/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct reservation {
    int64_t interval;
    struct busy {
        int64_t start, length; /* start in [0, interval) */
    } *busy;        /* by start; they do not overlap */
    int64_t *taken; /* starts, in the order in which they were taken */
    size_t count, capacity, taken_capacity;
} reservation;

/* [start, start + length) modulo the interval is free. Lengths of 0 are always free. */
bool reservation_free(const reservation *r, int64_t start, int64_t length);

/* What is taken must be free. */
void reservation_take(reservation *r, arena *memory, int64_t start, int64_t length);

/* The first free start at or after `earliest`; false if there is none within one interval. */
bool reservation_after(const reservation *r, int64_t earliest, int64_t length, int64_t *start);

/* The last free start at or before `latest` and at or after `earliest`. */
bool reservation_before(const reservation *r, int64_t earliest, int64_t latest, int64_t length,
                        int64_t *start);

/* Forget everything taken since the table held `count` entries. */
void reservation_rewind(reservation *r, size_t count);

int64_t modulo(int64_t value, int64_t interval); /* in [0, interval) */

#endif
