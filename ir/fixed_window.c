#include "ir/interp_fixed.h"

#include "isa/support/vector.h"

#include <string.h>

/* Ops on maps: one call works on the map, and the positions of a kernel on it, of one frame. */

static int16_t converted(const fixed_site *s, int16_t v)
{
    return vector_shr(v, s->op->args[0]->type.q - s->op->type.q);
}

static void clear(const fixed_site *s, size_t pixels)
{
    memset(s->y, 0, pixels * s->op->type.lanes * sizeof(int16_t));
}

/* y += x, lane by lane */
static void add_pixel(const fixed_site *s, int16_t *y, const int16_t *x, uint32_t lanes)
{
    for (uint32_t i = 0; i < lanes; i++)
        y[i] = vector_add(y[i], converted(s, x[i]));
}

void fixed_op_window(const fixed_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->args[0]->type.lanes;
    clear(s, ir_window_places(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            memcpy(s->y + p * s->op->type.lanes + t.index * lanes, s->x[0] + t.pixel * lanes,
                   lanes * sizeof(int16_t));
}

void fixed_op_fold(const fixed_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes, all = s->op->args[0]->type.lanes;
    clear(s, ir_window_pixels(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            add_pixel(s, s->y + t.pixel * lanes, s->x[0] + p * all + t.index * lanes, lanes);
}

void fixed_op_pool_max(const fixed_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes;
    for (size_t p = 0; p < ir_window_places(w); p++) {
        int16_t *y = s->y + p * lanes;
        bool first = true;
        IR_EACH_TAP(t, w, p) {
            const int16_t *x = s->x[0] + t.pixel * lanes;
            for (uint32_t i = 0; i < lanes; i++)
                y[i] = first ? x[i] : vector_max(y[i], x[i]);
            first = false;
        }
    }
}

/* Adds the error of one lane at one position to the pixel that was the largest there. */
static void unpool_lane(const fixed_site *s, size_t position, uint32_t i)
{
    uint32_t lanes = s->op->type.lanes;
    size_t at = position * lanes + i;
    IR_EACH_TAP(t, &s->window, position) {
        size_t pixel = t.pixel * lanes + i;
        if (s->x[1][pixel] != s->x[2][at])
            continue;
        s->y[pixel] = vector_add(s->y[pixel], s->x[0][at]);
        return;
    }
}

void fixed_op_unpool(const fixed_site *s)
{
    clear(s, ir_window_pixels(&s->window));
    for (size_t p = 0; p < ir_window_places(&s->window); p++)
        for (uint32_t i = 0; i < s->op->type.lanes; i++)
            unpool_lane(s, p, i);
}

void fixed_op_pool_sum(const fixed_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes;
    clear(s, ir_window_places(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            add_pixel(s, s->y + p * lanes, s->x[0] + t.pixel * lanes, lanes);
}

void fixed_op_spread(const fixed_site *s)
{
    const ir_window *w = &s->window;
    uint32_t lanes = s->op->type.lanes;
    clear(s, ir_window_pixels(w));
    for (size_t p = 0; p < ir_window_places(w); p++)
        IR_EACH_TAP(t, w, p)
            add_pixel(s, s->y + t.pixel * lanes, s->x[0] + p * lanes, lanes);
}

void fixed_op_flatten(const fixed_site *s)
{
    size_t pixels = ir_window_pixels(&s->window);
    uint32_t lanes = s->op->args[0]->type.lanes;
    for (size_t p = 0; p < pixels; p++)
        for (uint32_t i = 0; i < lanes; i++)
            s->y[i * pixels + p] = s->x[0][p * lanes + i];
}

void fixed_op_unflatten(const fixed_site *s)
{
    size_t pixels = ir_window_pixels(&s->window);
    uint32_t lanes = s->op->type.lanes;
    for (size_t p = 0; p < pixels; p++)
        for (uint32_t i = 0; i < lanes; i++)
            s->y[p * lanes + i] = s->x[0][i * pixels + p];
}

void fixed_op_total(const fixed_site *s)
{
    uint32_t lanes = s->op->type.lanes;
    clear(s, 1);
    for (size_t p = 0; p < ir_window_pixels(&s->window); p++)
        add_pixel(s, s->y, s->x[0] + p * lanes, lanes);
}
