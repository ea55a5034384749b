#include "ir/interp_float.h"

#include <math.h>
#include <string.h>

/* Ops on maps: one call works on the map, and the positions of a kernel on it, of one frame. */

static void clear(const float_site *s, size_t pixels)
{
    size_t words = pixels * s->op->type.lanes;
    for (size_t i = 0; i < words; i++)
        s->y[i] = 0;
}

/* y += x, lane by lane */
static void add_pixel(double *y, const double *x, uint32_t lanes)
{
    for (uint32_t i = 0; i < lanes; i++)
        y[i] += x[i];
}

void float_op_window(const float_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->args[0]->type.lanes;
    clear(s, ir_window_places(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            memcpy(s->y + p * s->op->type.lanes + t.index * lanes, s->x[0] + t.pixel * lanes,
                   lanes * sizeof(double));
}

void float_op_fold(const float_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes, all = s->op->args[0]->type.lanes;
    clear(s, ir_window_pixels(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            add_pixel(s->y + t.pixel * lanes, s->x[0] + p * all + t.index * lanes, lanes);
}

void float_op_pool_max(const float_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes;
    for (size_t p = 0; p < ir_window_places(w); p++) {
        double *y = s->y + p * lanes;
        bool first = true;
        IR_EACH_TAP(t, w, p) {
            const double *x = s->x[0] + t.pixel * lanes;
            for (uint32_t i = 0; i < lanes; i++)
                y[i] = first || x[i] > y[i] ? x[i] : y[i];
            first = false;
        }
    }
}

/* Adds the error of one lane at one position to the pixel that was the largest there. */
static void unpool_lane(const float_site *s, size_t position, uint32_t i)
{
    uint32_t lanes = s->op->type.lanes;
    size_t at = position * lanes + i;
    IR_EACH_TAP(t, &s->window, position) {
        size_t pixel = t.pixel * lanes + i;
        if (s->x[1][pixel] != s->x[2][at])
            continue;
        s->y[pixel] += s->x[0][at];
        return;
    }
}

void float_op_unpool(const float_site *s)
{
    clear(s, ir_window_pixels(&s->window));
    for (size_t p = 0; p < ir_window_places(&s->window); p++)
        for (uint32_t i = 0; i < s->op->type.lanes; i++)
            unpool_lane(s, p, i);
}

void float_op_pool_sum(const float_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes;
    clear(s, ir_window_places(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            add_pixel(s->y + p * lanes, s->x[0] + t.pixel * lanes, lanes);
}

void float_op_spread(const float_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes;
    clear(s, ir_window_pixels(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            add_pixel(s->y + t.pixel * lanes, s->x[0] + p * lanes, lanes);
}

void float_op_tap(const float_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes, of = s->op->args[0]->type.lanes;
    uint32_t first = (uint32_t)ir_get_int(s->op, IR_ATTR_first, 0);
    double fill = ir_get_int(s->op, IR_ATTR_fill, 0) ? -INFINITY : 0;
    double *y = s->y;
    for (size_t p = 0; p < ir_window_places(w); p++)
        for (uint32_t i = 0, words; i < lanes; i += words, y += words) {
            ir_piece from = ir_run_piece(w, p, first + i, of);
            words = from.words < lanes - i ? (uint32_t)from.words : lanes - i;
            for (uint32_t k = 0; k < words; k++)
                y[k] = from.from < 0 ? fill : s->x[0][(size_t)from.from + k];
        }
}

void float_op_untap(const float_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes, of = s->op->args[0]->type.lanes;
    size_t first = (size_t)ir_get_int(s->op, IR_ATTR_first, 0);
    clear(s, ir_window_pixels(w));
    for (size_t p = 0; p < ir_window_pixels(w); p++) {
        int64_t at = ir_tap_position(w, p);
        if (at >= 0)
            memcpy(s->y + p * lanes, s->x[0] + (size_t)at * of + first, lanes * sizeof(double));
    }
}

void float_op_flatten(const float_site *s)
{
    uint32_t lanes = s->op->args[0]->type.lanes;
    ir_flat flat = ir_flat_of(s->op, &s->window, lanes);
    size_t inner = flat.lane == 1 ? lanes : ir_window_pixels(&s->window);
    for (size_t k = 0; k < s->op->type.lanes; k++) {
        size_t in = (flat.first + k) % inner, out = (flat.first + k) / inner;
        s->y[k] = s->x[0][flat.lane == 1 ? out * lanes + in : in * lanes + out];
    }
}

void float_op_unflatten(const float_site *s)
{
    size_t pixels = ir_window_pixels(&s->window), all = 0;
    uint32_t lanes = s->op->type.lanes;
    const double *x = float_join(s);
    for (uint32_t i = 0; i < s->op->arg_count; i++)
        all += s->op->args[i]->type.lanes;
    ir_flat flat = ir_flat_of(s->op, &s->window, (uint32_t)(all / pixels));
    for (size_t p = 0; p < pixels; p++)
        for (uint32_t i = 0; i < lanes; i++)
            s->y[p * lanes + i] = x[p * flat.pixel + (flat.first + i) * flat.lane];
}

void float_op_total(const float_site *s)
{
    uint32_t lanes = s->op->type.lanes;
    clear(s, 1);
    for (size_t p = 0; p < ir_window_pixels(&s->window); p++)
        add_pixel(s->y, s->x[0] + p * lanes, lanes);
}

void float_op_running(const float_site *s)
{
    uint32_t lanes = s->op->type.lanes;
    clear(s, ir_window_pixels(&s->window));
    for (size_t p = 0; p < ir_window_pixels(&s->window); p++) {
        double *at = s->y + p * lanes;
        if (p > 0)
            memcpy(at, at - lanes, lanes * sizeof(double));
        add_pixel(at, s->x[0] + p * lanes, lanes);
    }
}

void float_op_final(const float_site *s)
{
    uint32_t lanes = s->op->type.lanes;
    size_t last = ir_window_pixels(&s->window) - 1;
    memcpy(s->y, s->x[0] + last * lanes, lanes * sizeof(double));
}

void float_op_reverse(const float_site *s)
{
    uint32_t lanes = s->op->type.lanes, of = s->op->args[0]->type.lanes;
    size_t first = (size_t)ir_get_int(s->op, IR_ATTR_first, 0);
    size_t pixels = ir_window_pixels(&s->window);
    for (size_t p = 0; p < pixels; p++)
        memcpy(s->y + p * lanes, s->x[0] + (pixels - 1 - p) * of + first, lanes * sizeof(double));
}
