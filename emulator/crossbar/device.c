#include "emulator/crossbar/device_cells.h"

#include <math.h>

static bool always(void)
{
    return true;
}

static void accumulate(crossbar *x, const int16_t *row, const int16_t *col)
{
    x->device->under->accumulate(x, row, col);
}

static const crossbar_kernel device_kernel = {
    .name = "device",
    .meaning = "disturbed cells, the same on every processor",
    .available = always,
    .product = device_product,
    .opa = device_opa,
    .accumulate = accumulate,
    .add = device_add,
};

static size_t cell_count(const crossbar *x)
{
    return (size_t)x->format->slices * (size_t)x->rows * (size_t)x->column_stride;
}

/* A cell's lane in a draw, and its place in a chip: no matter how the digits are padded. */
static uint32_t lane_of(const crossbar *x, int s, int i, int j)
{
    return (uint32_t)((s * x->rows + i) * x->columns + j);
}

#define FOR_CELLS(x, s, i, j, cell)                                                                \
    for (int s = 0; s < (x)->format->slices; s++)                                                  \
        for (int i = 0; i < (x)->rows; i++)                                                        \
            for (size_t j = 0, cell = ((size_t)s * (size_t)(x)->rows + (size_t)i) *                \
                                      (size_t)(x)->column_stride;                                  \
                 j < (size_t)(x)->columns; j++, cell++)

static void fabricate_stuck(arena *memory, crossbar *x)
{
    crossbar_device *d = x->device;
    double low = device_value(d->settings, DEVICE_stuck_low, 0);
    double high = device_value(d->settings, DEVICE_stuck_high, 0);
    if (!(low + high > 0))
        return;
    uint64_t key = device_key(d, FOR_STUCK, 0);
    d->stuck = ARENA_ARRAY(memory, int8_t, cell_count(x));
    FOR_CELLS(x, s, i, j, cell)
    {
        double u = (double)(random_lane(key, lane_of(x, s, i, (int)j)) >> 11) * 0x1p-53;
        d->stuck[cell] = (int8_t)(u < low ? -1 : u < low + high ? 1 : 0);
        int digit = d->stuck[cell] < 0   ? slice_low(x->format, s)
                    : d->stuck[cell] > 0 ? slice_high(x->format, s)
                                         : 0;
        x->now.level[cell] = digit * (1 << DEVICE_LEVEL_BITS);
        x->now.wide[cell] = (int16_t)digit;
    }
    crossbar_wide_changed(x, &x->now);
}

/* What is left of a conductance some time after the write. */
static double drift_factor(const crossbar_device *d, double time, double exponent)
{
    double start = device_value(d->settings, DEVICE_drift_start, 1);
    return time > start ? pow(time / start, -exponent) : 1;
}

static void fabricate_drift(arena *memory, crossbar *x)
{
    crossbar_device *d = x->device;
    double mean = device_value(d->settings, DEVICE_drift_exponent, 0);
    double spread = device_value(d->settings, DEVICE_drift_spread, 0);
    double time = device_value(d->settings, DEVICE_drift_time, 0);
    d->reference = drift_factor(d, time, mean);
    if (!(spread > 0))
        return;
    uint64_t key = device_key(d, FOR_DRIFT, 0);
    double *per_cell = ARENA_ARRAY(memory, double, cell_count(x));
    *(d->drifts_by_clock ? &d->exponent : &d->factor) = per_cell;
    FOR_CELLS(x, s, i, j, cell)
    {
        double nu = mean + spread * device_normal(random_lane(key, lane_of(x, s, i, (int)j)));
        nu = nu > 0 ? nu : 0;
        per_cell[cell] = d->drifts_by_clock ? nu : drift_factor(d, time, nu);
    }
}

/* As many fraction bits as sums over a whole line leave room for in 32 bits. */
static int fraction_bits(const crossbar *x)
{
    int most = 0, side = x->rows > x->columns ? x->rows : x->columns, bits = 29;
    for (int s = 0; s < x->format->slices; s++)
        most = x->format->bits[s] > most ? x->format->bits[s] : most;
    for (int n = 1; n < side; n *= 2)
        bits--;
    bits -= most;
    return bits > DEVICE_LEVEL_BITS ? DEVICE_LEVEL_BITS : bits;
}

static bool reads_are_analog(const device_settings *s)
{
    static const device_knob_id which[] = {
        DEVICE_read_noise,    DEVICE_read_noise_relative, DEVICE_program_noise,
        DEVICE_update_noise,  DEVICE_write_nonlinearity,  DEVICE_program_noise_relative,
        DEVICE_drift_exponent, DEVICE_wire_ohm};
    bool any = false;
    for (size_t i = 0; i < sizeof which / sizeof *which; i++)
        any |= device_on(s, which[i]);
    return any;
}

static void allocate_reads(arena *memory, crossbar *x)
{
    crossbar_device *d = x->device;
    size_t slices = (size_t)x->format->slices;
    size_t size[] = {slices * (size_t)x->rows * (size_t)x->column_stride,
                     slices * (size_t)x->columns * (size_t)x->row_stride};
    for (int way = 0; way < 2; way++) {
        d->seen[way] = ARENA_ARRAY(memory, int32_t, size[way]);
        if (device_on(d->settings, DEVICE_read_noise_relative))
            d->square[way] = ARENA_ARRAY(memory, int32_t, size[way]);
    }
    if (device_on(d->settings, DEVICE_wire_ohm)) {
        size_t cells = (size_t)x->rows * (size_t)x->columns;
        d->conductance = ARENA_ARRAY(memory, double, cells);
        d->attenuation = ARENA_ARRAY(memory, double, cells);
    }
}

void device_attach(arena *memory, crossbar *x, const device_settings *settings, uint64_t seed,
                   uint64_t block)
{
    if (!device_disturbs(settings))
        return;
    crossbar_device *d = ARENA_NEW(memory, crossbar_device);
    *d = (crossbar_device){.settings = settings, .under = x->kernel, .seed = seed, .block = block};
    d->analog = reads_are_analog(settings);
    d->drifts = device_on(settings, DEVICE_drift_exponent);
    d->drifts_by_clock = d->drifts && !device_on(settings, DEVICE_drift_time);
    d->fraction = fraction_bits(x);
    x->device = d;
    x->kernel = &device_kernel;
    d->amount = ARENA_ARRAY(memory, int16_t, cell_count(x));
    crossbar_cells *copies[] = {&x->now, &x->next};
    for (int c = 0; c < 2; c++) {
        copies[c]->level = ARENA_ARRAY(memory, int32_t, cell_count(x));
        if (d->drifts_by_clock)
            copies[c]->written = ARENA_ARRAY(memory, double, cell_count(x));
    }
    fabricate_stuck(memory, x);
    fabricate_drift(memory, x);
    if (d->analog)
        allocate_reads(memory, x);
}

void device_time(crossbar *x, double seconds)
{
    if (x->device)
        x->device->now = seconds;
}

double device_offset(const crossbar *x, int s)
{
    const device_settings *on = x->device->settings;
    if (!device_on(on, DEVICE_on_off_ratio))
        return 0;
    return device_range(x, s) / (device_value(on, DEVICE_on_off_ratio, 0) - 1);
}

double device_digit(const crossbar *x, const crossbar_cells *cells, int s, size_t cell)
{
    const crossbar_device *d = x->device;
    double digit = (double)cells->level[cell] * (1.0 / (1 << DEVICE_LEVEL_BITS));
    if (!d->drifts)
        return digit;
    double reference = d->reference, own = d->factor ? d->factor[cell] : reference;
    if (d->drifts_by_clock) {
        double time = d->now - cells->written[cell];
        double mean = device_value(d->settings, DEVICE_drift_exponent, 0);
        own = reference = drift_factor(d, time, mean);
        if (d->exponent)
            own = drift_factor(d, time, d->exponent[cell]);
    }
    double zero = device_offset(x, s) - device_low(x, s); /* conductance of the reference cell */
    return own * (zero + digit) - reference * zero;
}

device_events device_save(const crossbar *x, int16_t *residues)
{
    size_t at = 0;
    FOR_CELLS(x, s, i, j, cell)
    {
        int32_t digit = x->now.wide[cell];
        residues[at++] = (int16_t)(x->now.level[cell] - digit * (1 << DEVICE_LEVEL_BITS));
    }
    return x->device->events;
}

void device_restore(crossbar *x, const int16_t *digits, const int16_t *residues,
                    device_events events)
{
    size_t at = 0;
    FOR_CELLS(x, s, i, j, cell)
    {
        int32_t level = digits[at] * (1 << DEVICE_LEVEL_BITS) + residues[at];
        int32_t low = slice_low(x->format, s) * (1 << DEVICE_LEVEL_BITS);
        int32_t high = slice_high(x->format, s) * (1 << DEVICE_LEVEL_BITS);
        at++;
        if (x->device->stuck && x->device->stuck[cell])
            continue;
        x->now.level[cell] = level < low ? low : level > high ? high : level;
        x->now.wide[cell] =
            (int16_t)((x->now.level[cell] + (1 << (DEVICE_LEVEL_BITS - 1))) >> DEVICE_LEVEL_BITS);
    }
    crossbar_wide_changed(x, &x->now);
    x->device->events = events;
}
