/* Charts over an axis: lines, and areas on top of each other. */
#include "frontend/report/chart.h"

#include <math.h>
#include <string.h>

/* The plot: percent across, pixels down; within it a box of 1000 x 1000 that is stretched. */
enum { PLOT_LEFT = 12, PLOT_WIDTH = 86, PLOT_TOP = 8, PLOT_HEIGHT = 190, BOX = 1000, TICKS = 5 };

typedef struct axis {
    double low, high, step;
} axis;

/* Ends and steps that are 1, 2 or 5 times a power of ten. */
static axis nice_axis(double low, double high)
{
    if (!(high > low))
        high = low + (low != 0 ? fabs(low) : 1);
    double raw = (high - low) / TICKS, power = pow(10, floor(log10(raw)));
    double step = power * (raw <= power ? 1 : raw <= 2 * power ? 2 : raw <= 5 * power ? 5 : 10);
    return (axis){floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step};
}

static double across(axis a, double v)
{
    return (v - a.low) / (a.high - a.low);
}

static void open_plot(page *p, const char *title, axis x, axis y, figure how, const char *x_name)
{
    fprintf(p->out, "<figure><svg role=\"img\" height=\"%d\" aria-label=\"",
            PLOT_TOP + PLOT_HEIGHT + 40);
    put_escaped(p, title);
    fputs("\">\n", p->out);
    for (int k = 0; k <= 2 * TICKS && y.low + k * y.step <= y.high + y.step / 2; k++) {
        double v = y.low + k * y.step, at = PLOT_TOP + PLOT_HEIGHT * (1 - across(y, v));
        fprintf(p->out,
                "<line class=\"grid\" x1=\"%d%%\" x2=\"%d%%\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text class=\"soft\" x=\"%d%%\" dx=\"-6\" y=\"%.1f\" text-anchor=\"end\">%s"
                "</text>\n",
                PLOT_LEFT, PLOT_LEFT + PLOT_WIDTH, at, at, PLOT_LEFT, at + 4,
                figure_short(p->memory, how, fabs(v) < y.step / 1e6 ? 0 : v));
    }
    for (int k = 0; k <= 2 * TICKS && x.low + k * x.step <= x.high + x.step / 1e6; k++) {
        double v = x.low + k * x.step;
        fprintf(p->out,
                "<text class=\"soft\" x=\"%.3f%%\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                PLOT_LEFT + PLOT_WIDTH * across(x, v), PLOT_TOP + PLOT_HEIGHT + 16,
                figure_short(p->memory, FIGURE_COUNT, fabs(v) < x.step / 1e6 ? 0 : v));
    }
    fprintf(p->out, "<text class=\"soft\" x=\"%d%%\" y=\"%d\" text-anchor=\"end\">",
            PLOT_LEFT + PLOT_WIDTH, PLOT_TOP + PLOT_HEIGHT + 34);
    put_escaped(p, x_name);
    fprintf(p->out,
            "</text>\n<svg x=\"%d%%\" y=\"%d\" width=\"%d%%\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n",
            PLOT_LEFT, PLOT_TOP, PLOT_WIDTH, PLOT_HEIGHT, BOX, BOX);
}

static void close_plot(page *p)
{
    fputs("</svg>\n</svg></figure>\n", p->out);
}

/* So many points that a file of any length makes a page of bounded size. */
static size_t stride_of(size_t count)
{
    return count / CHART_POINTS + 1;
}

static void ranges(const series *list, size_t count, axis *x, axis *y)
{
    *x = *y = (axis){INFINITY, -INFINITY, 0};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < list[i].count; k++) {
            double u = list[i].x[k], v = list[i].y[k];
            if (u != u || v != v)
                continue;
            *x = (axis){fmin(x->low, u), fmax(x->high, u), 0};
            *y = (axis){fmin(y->low, v), fmax(y->high, v), 0};
        }
}

static void put_line(page *p, const series *s, axis x, axis y)
{
    bool pen = false;
    fprintf(p->out, "<path class=\"line%s c%d\" d=\"", s->dashed ? " dash" : "",
            s->colour % CHART_COLOURS);
    for (size_t k = 0; k < s->count; k += stride_of(s->count)) {
        if (s->x[k] != s->x[k] || s->y[k] != s->y[k]) {
            pen = false;
            continue;
        }
        fprintf(p->out, "%c%.1f %.1f", pen ? 'L' : 'M', BOX * across(x, s->x[k]),
                BOX * (1 - across(y, s->y[k])));
        if (!pen)
            fputs("h.1", p->out); /* a single point shows too */
        pen = true;
    }
    fputs("\"/>\n", p->out);
}

/* Circles would be stretched in the box: they stand outside of it. */
static void put_dots(page *p, const series *s, axis x, axis y)
{
    for (size_t k = 0; k < s->count; k += stride_of(s->count)) {
        if (s->x[k] != s->x[k] || s->y[k] != s->y[k])
            continue;
        fprintf(p->out, "<circle class=\"fill c%d\" cx=\"%.3f%%\" cy=\"%.1f\" r=\"3.5\"><title>",
                s->colour % CHART_COLOURS, PLOT_LEFT + PLOT_WIDTH * across(x, s->x[k]),
                PLOT_TOP + PLOT_HEIGHT * (1 - across(y, s->y[k])));
        put_escaped(p, s->name);
        fprintf(p->out, ": %s</title></circle>\n", figure_text(p->memory, FIGURE_PLAIN, s->y[k]));
    }
}

void chart_lines(page *p, const line_chart *c, const series *list, size_t count)
{
    axis x, y;
    ranges(list, count, &x, &y);
    if (!(x.high >= x.low))
        return;
    if (c->from_zero || (y.low > 0 && y.low < y.high / 3))
        y.low = fmin(0, y.low);
    y = nice_axis(y.low, y.high);
    double last = x.high;
    x = nice_axis(x.low < x.high / 3 ? fmin(x.low, 0) : x.low, x.high);
    x.high = last > x.low ? last : x.high;
    fputs("<h3>", p->out);
    put_escaped(p, c->title);
    fputs("</h3>\n", p->out);
    chart_key(p, list, count);
    open_plot(p, c->title, x, y, c->how, c->x_name);
    for (size_t k = 0; k < c->mark_count; k += stride_of(c->mark_count))
        if (c->marks[k] >= x.low && c->marks[k] <= x.high)
            fprintf(p->out, "<path class=\"mark\" d=\"M%.1f 0V%d\"/>\n",
                    BOX * across(x, c->marks[k]), BOX);
    for (size_t i = 0; i < count; i++)
        put_line(p, &list[i], x, y);
    fputs("</svg>\n", p->out);
    for (size_t i = 0; i < count; i++)
        if (list[i].dots)
            put_dots(p, &list[i], x, y);
    fputs("</svg></figure>\n", p->out);
}

static size_t longest(const series *list, size_t count)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = list[i].count > most ? list[i].count : most;
    return most;
}

static void put_area(page *p, int colour, const double *below, const double *above, size_t steps,
                     axis y)
{
    fprintf(p->out, "<path class=\"fill c%d\" d=\"M0 %d", colour % CHART_COLOURS, BOX);
    for (size_t k = 0; k < steps; k++)
        fprintf(p->out, "V%.1fH%.1f", BOX * (1 - across(y, above[k])),
                BOX * (double)(k + 1) / (double)steps);
    for (size_t k = steps; k-- > 0;)
        fprintf(p->out, "V%.1fH%.1f", BOX * (1 - across(y, below[k])),
                BOX * (double)k / (double)steps);
    fputs("Z\"/>\n", p->out);
}

void chart_stack(page *p, const stack_chart *c, const series *list, size_t count)
{
    size_t steps = longest(list, count);
    if (steps == 0 || steps > CHART_POINTS || !(c->x_end > 0))
        return;
    double *below = ARENA_ARRAY(p->memory, double, steps);
    double *above = ARENA_ARRAY(p->memory, double, steps), most = 0;
    for (size_t k = 0; k < steps; k++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += k < list[i].count && list[i].y[k] > 0 ? list[i].y[k] : 0;
        most = sum > most ? sum : most;
    }
    axis y = nice_axis(0, most), x = nice_axis(0, c->x_end);
    x.high = c->x_end;
    fputs("<h3>", p->out);
    put_escaped(p, c->title);
    fputs("</h3>\n", p->out);
    chart_key(p, list, count);
    open_plot(p, c->title, x, y, c->how, c->x_name);
    for (size_t i = 0; i < count; i++) {
        memcpy(below, above, steps * sizeof *above);
        for (size_t k = 0; k < list[i].count; k++)
            above[k] += list[i].y[k] > 0 ? list[i].y[k] : 0;
        put_area(p, list[i].colour, below, above, steps, y);
    }
    close_plot(p);
}
