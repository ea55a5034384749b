/* Inside of the device model, shared by its files. */
#ifndef PANTHER_EMULATOR_CROSSBAR_DEVICE_CELLS_H
#define PANTHER_EMULATOR_CROSSBAR_DEVICE_CELLS_H

#include "emulator/crossbar/device.h"
#include "isa/support/random.h"

/* What a draw is for: part of its key. */
typedef enum device_purpose {
    FOR_MVM,
    FOR_MTVM,
    FOR_UPDATE,
    FOR_PROGRAM,
    FOR_SERIAL_READ,
    FOR_STUCK,
    FOR_DRIFT,
} device_purpose;

struct crossbar_device {
    const device_settings *settings;
    const crossbar_kernel *under; /* for crossbars whose levels are digits */
    uint64_t seed, block;
    device_events events;
    /* Reads are noisy or levels no integers; otherwise the kernel below reads the digits. */
    bool analog;
    bool drifts, drifts_by_clock; /* and by the simulated clock, not by a stated time */
    double now;
    int8_t *stuck;  /* per cell: 0 free, -1 low, 1 high; NULL: all free */
    double *exponent; /* of drift, per cell; NULL: all the same */
    double *factor;   /* of drift by a stated time, per cell, likewise */
    double reference; /* the same of the reference cells */
    /* What a read sees, in 1 / 2^fraction digits, by direction; and the squares of conductances. */
    int fraction;
    int32_t *seen[2], *square[2];
    uint64_t seen_version[2]; /* of x */
    double seen_at[2];        /* simulated time */
    /* scratch */
    int16_t *amount;            /* of one outer product */
    double *conductance, *attenuation; /* of one slice */
};

uint64_t device_key(const crossbar_device *d, device_purpose purpose, uint64_t event);

/* A standard normal number from 64 random bits: the same on every machine. */
double device_normal(uint64_t bits);

/* Level 0 in digits, and the number of steps to the top level. */
static inline double device_low(const crossbar *x, int s)
{
    return slice_low(x->format, s);
}
static inline double device_range(const crossbar *x, int s)
{
    return slice_high(x->format, s) - slice_low(x->format, s);
}

/* Conductance of level 0, in level steps. */
double device_offset(const crossbar *x, int s);

/*
 * The digit that a cell shows to an ideal reader (cell: index in a copy's levels), with drift: its
 * conductance over that of the reference cell, in level steps.
 */
double device_digit(const crossbar *x, const crossbar_cells *cells, int s, size_t cell);

/* device_read.c, device_write.c: the functions of the kernel. */
void device_product(crossbar *x, bool transposed, const int16_t *in, int count, int64_t *out);
void device_opa(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
                int count);
void device_add(crossbar *x);

#endif
