#include "passes/schedule.h"

/* ceil(value * by / over); over > 0 */
static int64_t scaled(int64_t value, int64_t by, int64_t over)
{
    __extension__ typedef __int128 wide;
    wide product = (wide)value * by;
    wide whole = product / over;
    return (int64_t)(whole + (product % over > 0));
}

int64_t schedule_common(const schedule_state *s, const core_info *core, int64_t local)
{
    return scaled(local, s->interval, schedule_points(core) * core->table.interval);
}

int64_t schedule_local(const schedule_state *s, const core_info *core, int64_t common)
{
    return scaled(common, schedule_points(core) * core->table.interval, s->interval);
}

int64_t schedule_end(schedule_state *s, const ir_op *op)
{
    const op_time *t = schedule_time(s, op);
    if (!schedule_in_loop(op))
        return t->start + t->cycles;
    const core_info *core = schedule_core(s, op->place);
    int64_t end = schedule_common(s, core, t->start + t->cycles), points = schedule_points(core);
    /* Once per example on a core with a loop over positions: at the last of them. */
    if (!ir_same_grid(core->grid, ir_grid_of(s->graph, op->space)))
        end += scaled(points - 1, s->interval, points);
    return end;
}

/*
 * Along one axis, a step of which is `written` points of the writer's grid and `read` of the
 * reader's: the most that the time at which something is written can be ahead of when it is read.
 */
static int64_t lag_along(const schedule_state *s, const ir_op *reader, int axis, int64_t written,
                         int64_t all_written, int64_t read, int64_t all_read)
{
    ir_axis axes[2];
    int64_t most = INT64_MIN;
    ir_reader_axes(s->graph, reader, axes);
    for (uint32_t p = 0; p < axes[axis].points; p++) {
        int64_t last = ir_reader_needs(s->graph, reader, axis, p);
        if (last < 0)
            continue;
        int64_t lag = scaled(last * written, s->interval, all_written) -
                      scaled((int64_t)p * read, s->interval, all_read) + 1;
        most = lag > most ? lag : most;
    }
    return most == INT64_MIN ? 0 : most;
}

int64_t schedule_lag(const schedule_state *s, const ir_op *reader, const ir_op *filler)
{
    ir_grid from = ir_grid_of(s->graph, filler->space), to = ir_grid_of(s->graph, reader->space);
    int64_t written = (int64_t)ir_grid_points(from), read = (int64_t)ir_grid_points(to);
    if (!ir_is_reader(reader->code))
        return 0;
    return lag_along(s, reader, 0, from.columns, written, to.columns, read) +
           lag_along(s, reader, 1, 1, written, 1, read);
}
