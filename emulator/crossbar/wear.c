#include "emulator/crossbar/wear.h"

enum { LEVEL_ONE = 65536 };

static size_t cell_count(const crossbar *x)
{
    return (size_t)x->format->slices * (size_t)x->rows * (size_t)x->column_stride;
}

void wear_attach(arena *memory, crossbar *x)
{
    x->wear = ARENA_NEW(memory, crossbar_wear);
    x->wear->writes = ARENA_ARRAY(memory, uint32_t, cell_count(x));
    x->wear->travel = ARENA_ARRAY(memory, uint64_t, cell_count(x));
    x->wear->last = ARENA_ARRAY(memory, int32_t, cell_count(x));
    x->wear->stale = true;
}

static int32_t level_of(const crossbar_cells *cells, size_t cell)
{
    return cells->level ? cells->level[cell] : cells->wide[cell] * LEVEL_ONE;
}

void wear_begin(crossbar *x)
{
    crossbar_wear *w = x->wear;
    if (!w || !w->stale)
        return;
    size_t count = cell_count(x);
    crossbar_need_wide(x, &x->now);
    for (size_t cell = 0; cell < count; cell++)
        w->last[cell] = level_of(&x->now, cell);
    w->stale = false;
}

void wear_note(crossbar *x, crossbar_cells *cells)
{
    crossbar_wear *w = x->wear;
    if (!w)
        return;
    size_t count = cell_count(x);
    crossbar_need_wide(x, cells);
    for (size_t cell = 0; cell < count; cell++) {
        int32_t level = level_of(cells, cell), change = level - w->last[cell];
        if (!change)
            continue;
        w->writes[cell]++;
        w->travel[cell] += (uint64_t)(change < 0 ? -change : change);
        w->last[cell] = level;
    }
}

void wear_opas(crossbar *x, crossbar_cells *cells)
{
    for (int n = 0; n < x->logged; n++) {
        x->kernel->opa(x, cells, x->log_rows + (size_t)n * (size_t)x->row_stride,
                       x->log_cols + (size_t)n * (size_t)x->column_stride, 1);
        wear_note(x, cells);
    }
}

double wear_lifetime_years(double endurance, double switches)
{
    const double examples_per_year = 1000.0 * 100 * 1e6, kept = 0.5;
    return endurance / (switches * examples_per_year) * kept;
}

void wear_collect(const crossbar *x, slice_wear *figures)
{
    if (!x->wear)
        return;
    for (int s = 0; s < x->format->slices; s++) {
        double range = slice_high(x->format, s) - slice_low(x->format, s);
        slice_wear *f = &figures[s];
        f->cells += (uint64_t)x->rows * (uint64_t)x->columns;
        for (int i = 0; i < x->rows; i++)
            for (int j = 0; j < x->columns; j++) {
                size_t line = (size_t)s * (size_t)x->rows + (size_t)i;
                size_t cell = line * (size_t)x->column_stride + (size_t)j;
                double switches = (double)x->wear->travel[cell] / LEVEL_ONE / range;
                f->writes += x->wear->writes[cell];
                f->switches += switches;
                if (x->wear->writes[cell] > f->most_writes)
                    f->most_writes = x->wear->writes[cell];
                f->most_switches = switches > f->most_switches ? switches : f->most_switches;
            }
    }
}
