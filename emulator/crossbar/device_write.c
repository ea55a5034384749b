/* Writing disturbed cells: pulses of outer products, serial writes, carry resolution. */
#include "emulator/crossbar/device_cells.h"
#include "emulator/crossbar/scalar.h"

#include <math.h>
#include <string.h>

/* No slice is wider, so larger amounts only saturate. */
enum { AMOUNT_BITS = 14, AMOUNT_MAX = (1 << (AMOUNT_BITS - 1)) - 1 };

/* One write of one cell: which copy, which draw. */
typedef struct cell_write {
    crossbar *x;
    crossbar_cells *cells;
    int s;
    size_t cell;
    uint64_t key;
    uint32_t lane;
} cell_write;

static uint32_t lane_of(const crossbar *x, int s, int i, int j)
{
    return (uint32_t)((s * x->rows + i) * x->columns + j);
}

/* Sets a level in digits, clipped to the cell; whether it had to be. */
static bool set_level(const cell_write *w, double digit)
{
    double low = device_low(w->x, w->s), high = low + device_range(w->x, w->s);
    double held = digit < low ? low : digit > high ? high : digit;
    int32_t level = (int32_t)lrint(held * (1 << DEVICE_LEVEL_BITS));
    w->cells->level[w->cell] = level;
    w->cells->wide[w->cell] =
        (int16_t)((level + (1 << (DEVICE_LEVEL_BITS - 1))) >> DEVICE_LEVEL_BITS);
    if (w->cells->written)
        w->cells->written[w->cell] = w->x->device->now;
    return held != digit;
}

static bool is_stuck(const cell_write *w)
{
    return w->x->device->stuck && w->x->device->stuck[w->cell];
}

/* Where the conductance, from 0 to 1, is after a pulse of that size: g' = top - g, upwards. */
static double bent(double g, double size, double curvature)
{
    double top = 1 / (1 - exp(-curvature));
    return top - (top - g) * exp(-curvature * size);
}

/* A pulse that would change an ideal cell by `amount` levels; whether the cell's limits clipped it. */
static bool pulse(const cell_write *w, double amount)
{
    const device_settings *on = w->x->device->settings;
    double range = device_range(w->x, w->s), low = device_low(w->x, w->s);
    double size = fabs(amount) / range;
    /* a drifted cell starts from where it is */
    double digit = w->cells->written ? device_digit(w->x, w->cells, w->s, w->cell)
                                     : w->cells->level[w->cell] * (1.0 / (1 << DEVICE_LEVEL_BITS));
    if (device_on(on, DEVICE_write_nonlinearity)) {
        double curvature = device_value(on, DEVICE_write_nonlinearity, 0), g = (digit - low) / range;
        g = amount > 0 ? bent(g, size, curvature) : 1 - bent(1 - g, size, curvature);
        digit = low + g * range;
    } else {
        digit += amount;
    }
    if (device_on(on, DEVICE_update_noise))
        digit += device_value(on, DEVICE_update_noise, 0) * range * sqrt(size) *
                 device_normal(random_lane(w->key, w->lane));
    return set_level(w, digit);
}

/* A serial write of a target digit. */
static void program(const cell_write *w, int target)
{
    const device_settings *on = w->x->device->settings;
    if (is_stuck(w))
        return;
    if (device_on(on, DEVICE_open_loop_writes)) {
        double from = device_digit(w->x, w->cells, w->s, w->cell);
        pulse(w, target - from);
        return;
    }
    double range = device_range(w->x, w->s), offset = device_offset(w->x, w->s);
    double same = device_value(on, DEVICE_program_noise, 0) * range;
    double relative = device_value(on, DEVICE_program_noise_relative, 0) *
                      (target - device_low(w->x, w->s) + offset);
    double sigma = sqrt(same * same + relative * relative);
    double noise = sigma > 0 ? sigma * device_normal(random_lane(w->key, w->lane)) : 0;
    set_level(w, target + noise);
}

static cell_write write_of(crossbar *x, crossbar_cells *cells, device_purpose purpose,
                           uint64_t event)
{
    return (cell_write){.x = x, .cells = cells, .key = device_key(x->device, purpose, event)};
}

static void aim(cell_write *w, int s, int i, int j)
{
    const crossbar *x = w->x;
    w->s = s;
    w->cell = ((size_t)s * (size_t)x->rows + (size_t)i) * (size_t)x->column_stride + (size_t)j;
    w->lane = lane_of(x, s, i, j);
}

static void program_digits(cell_write *w, int i, int j)
{
    for (int s = 0; s < w->x->format->slices; s++) {
        aim(w, s, i, j);
        int target = w->cells->wide[w->cell];
        if (is_stuck(w)) /* the digit that was asked for is not there */
            w->cells->wide[w->cell] =
                (int16_t)(w->cells->level[w->cell] / (1 << DEVICE_LEVEL_BITS));
        program(w, target);
    }
}

void device_program_cell(crossbar *x, int i, int j)
{
    cell_write w = write_of(x, &x->now, FOR_PROGRAM, x->device->events.writes++);
    program_digits(&w, i, j);
    crossbar_wide_changed(x, &x->now);
}

void device_program(crossbar *x)
{
    cell_write w = write_of(x, &x->now, FOR_PROGRAM, x->device->events.writes++);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++)
            program_digits(&w, i, j);
    crossbar_wide_changed(x, &x->now);
}

/* The digit that a serial read makes of a cell. */
static int serial_read(const cell_write *w, uint64_t key)
{
    const crossbar *x = w->x;
    const device_settings *on = x->device->settings;
    double digit = device_digit(x, w->cells, w->s, w->cell), low = device_low(x, w->s);
    double same = device_value(on, DEVICE_read_noise, 0) * device_range(x, w->s);
    double relative = device_value(on, DEVICE_read_noise_relative, 0) *
                      (digit - low + device_offset(x, w->s));
    double sigma = sqrt(same * same + relative * relative);
    if (sigma > 0)
        digit += sigma * device_normal(random_lane(key, w->lane));
    double high = low + device_range(x, w->s), code = floor(digit + 0.5);
    return (int)(code < low ? low : code > high ? high : code);
}

static void resolve_cell(cell_write *w, uint64_t read_key, int i, int j)
{
    crossbar *x = w->x;
    int16_t digits[SLICES_MAX], read[SLICES_MAX];
    digit_array one = {x->format, 1, 1, digits};
    for (int s = 0; s < x->format->slices; s++) {
        aim(w, s, i, j);
        digits[s] = read[s] = (int16_t)serial_read(w, read_key);
    }
    sliced_write(&one, 0, 0, sliced_read(&one, 0, 0), x->mode);
    for (int s = 0; s < x->format->slices; s++) {
        aim(w, s, i, j);
        if (digits[s] != read[s])
            program(w, digits[s]);
    }
}

void device_crs(crossbar *x)
{
    uint64_t event = x->device->events.writes++;
    uint64_t read_key = device_key(x->device, FOR_SERIAL_READ, event);
    cell_write w = write_of(x, &x->now, FOR_PROGRAM, event);
    crossbar_need_wide(x, &x->now);
    for (int i = 0; i < x->rows; i++)
        for (int j = 0; j < x->columns; j++)
            resolve_cell(&w, read_key, i, j);
    crossbar_wide_changed(x, &x->now);
}

/* d->amount holds what ideal cells would change by. */
static void apply_amounts(crossbar *x, crossbar_cells *cells)
{
    cell_write w = write_of(x, cells, FOR_UPDATE, x->device->events.updates++);
    for (int s = 0; s < x->format->slices; s++)
        for (int i = 0; i < x->rows; i++) {
            aim(&w, s, i, 0);
            const int16_t *amount = x->device->amount + w.cell;
            for (int j = 0; j < x->columns; j++) {
                if (!amount[j])
                    continue;
                aim(&w, s, i, j);
                if (!is_stuck(&w))
                    x->saturated[s] += pulse(&w, amount[j]);
            }
        }
}

/* The scalar kernel's outer product onto slices too wide to clip gives the amounts. */
void device_opa(crossbar *x, crossbar_cells *cells, const int16_t *rows, const int16_t *cols,
                int count)
{
    slicing unclipped = *x->format;
    size_t size = (size_t)x->format->slices * (size_t)x->rows * (size_t)x->column_stride;
    for (int s = 0; s < unclipped.slices; s++)
        unclipped.bits[s] = AMOUNT_BITS;
    crossbar_need_wide(x, cells);
    for (int n = 0; n < count; n++) {
        const int16_t *row = rows + (size_t)n * (size_t)x->row_stride;
        const int16_t *col = cols + (size_t)n * (size_t)x->column_stride;
        memset(x->device->amount, 0, size * sizeof *x->device->amount);
        (x->mode == OPA_STREAM ? scalar_opa_stream : scalar_opa_digit)(
            &unclipped, x->device->amount, x->rows, x->column_stride, row, col, NULL);
        apply_amounts(x, cells);
    }
    crossbar_wide_changed(x, cells);
}

void device_add(crossbar *x)
{
    const slicing *f = x->format;
    size_t plane = (size_t)x->rows * (size_t)x->column_stride;
    for (size_t k = 0; k < plane; k++) {
        int64_t sum = x->sums[k] + x->partial[k], size = sum < 0 ? -sum : sum;
        for (int s = 0; s < f->slices; s++) {
            int64_t digit = size >> (s * f->radix_bits);
            if (s < f->slices - 1) /* the top slice takes all bits from its place up */
                digit &= ((int64_t)1 << f->radix_bits) - 1;
            digit = digit > AMOUNT_MAX ? AMOUNT_MAX : digit;
            x->device->amount[(size_t)s * plane + k] = (int16_t)(sum < 0 ? -digit : digit);
        }
    }
    crossbar_need_wide(x, &x->now);
    apply_amounts(x, &x->now);
    memset(x->sums, 0, plane * sizeof *x->sums);
    memset(x->partial, 0, plane * sizeof *x->partial);
    x->partial_bound = 0;
    crossbar_wide_changed(x, &x->now);
}
