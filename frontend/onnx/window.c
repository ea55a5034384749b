/* Windows of convolutions and pools: attributes, padding, and the maps they slide over. */
#include "frontend/onnx/import.h"

#include <string.h>

enum { WINDOW_LIMIT = 1 << 20 }; /* of each number */

bool window_map(op_node *n, const value *x, pan_shape *map)
{
    if (!value_plain(n, x))
        return false;
    if ((x->rank != 3 && x->rank != 4) || x->batch != 0)
        return op_refuse(n, "its input has the shape %s; only images and rows have windows",
                         tensor_shape_text(n->m->memory, x->dims, x->rank));
    *map = type_map(x->dims[1], x->rank == 4 ? x->dims[2] : 1, x->dims[x->rank - 1]);
    return true;
}

static bool read_list(op_node *n, const char *name, size_t axes, size_t count, int64_t low,
                      int64_t *out)
{
    int64_t list[4];
    bool good = true;
    size_t got = op_ints(n, name, list, 4, &good);
    if (!good || got == 0)
        return good;
    if (got != count)
        return op_refuse(n, "its attribute %s has %zu numbers", name, got);
    for (size_t i = 0; i < count; i++) {
        if (list[i] < low || list[i] > WINDOW_LIMIT)
            return op_refuse(n, "its attribute %s holds %lld", name, (long long)list[i]);
        out[2 - axes + i] = list[i];
    }
    return true;
}

/* Padding that makes out = ceil(in / stride). */
static void pad_same(window *w, bool more_behind)
{
    for (size_t i = 2 - w->axes; i < 2; i++) {
        int64_t extent = (w->kernel[i] - 1) * w->dilation[i] + 1;
        int64_t out = (w->in[i] + w->stride[i] - 1) / w->stride[i];
        int64_t total = (out - 1) * w->stride[i] + extent - w->in[i];
        total = total > 0 ? total : 0;
        w->begin[i] = more_behind ? total / 2 : total - total / 2;
        w->end[i] = total - w->begin[i];
    }
}

static bool read_padding(op_node *n, window *w)
{
    bool good = true;
    const char *automatic = op_string(n, "auto_pad", "NOTSET", &good);
    int64_t pads[4] = {0};
    if (!good)
        return false;
    if (!strcmp(automatic, "SAME_UPPER") || !strcmp(automatic, "SAME_LOWER")) {
        pad_same(w, automatic[5] == 'U');
        return true;
    }
    if (strcmp(automatic, "NOTSET") && strcmp(automatic, "VALID"))
        return op_refuse(n, "auto_pad = '%.40s' is unknown", automatic);
    if (*automatic == 'V')
        return true;
    size_t got = op_ints(n, "pads", pads, 4, &good);
    if (!good || (got && got != 2 * w->axes))
        return good && op_refuse(n, "its attribute pads has %zu numbers", got);
    for (size_t i = 0; i < got; i++) {
        if (pads[i] < 0 || pads[i] > WINDOW_LIMIT)
            return op_refuse(n, "its attribute pads holds %lld", (long long)pads[i]);
        *(i < w->axes ? &w->begin[2 - w->axes + i] : &w->end[2 - w->axes + i - w->axes]) = pads[i];
    }
    return true;
}

bool window_read(op_node *n, const value *x, const int64_t *kernel, window *w)
{
    pan_shape map;
    if (!window_map(n, x, &map))
        return false;
    *w = (window){x->rank - 2, {map.dim[1], map.dim[2]}, {1, 1}, {1, 1}, {1, 1}, {0}, {0}, {0}};
    size_t axes = w->axes;
    if (!read_list(n, "kernel_shape", axes, axes, 1, w->kernel) ||
        !read_list(n, "strides", axes, axes, 1, w->stride) ||
        !read_list(n, "dilations", axes, axes, 1, w->dilation))
        return false;
    for (size_t i = 0; kernel && i < 2; i++)
        if (kernel[i] < 1 || kernel[i] > WINDOW_LIMIT ||
            (op_attribute(n, "kernel_shape") && w->kernel[i] != kernel[i]))
            return op_refuse(n, "its kernel_shape is not that of its weights");
    if (kernel)
        memcpy(w->kernel, kernel, sizeof w->kernel);
    else if (!op_attribute(n, "kernel_shape"))
        return op_refuse(n, "its kernel_shape is missing");
    bool good = true;
    int64_t up = op_int(n, "ceil_mode", 0, &good) ? 1 : 0;
    if (!good || !read_padding(n, w))
        return false;
    for (size_t i = 0; i < 2; i++) {
        int64_t extent = (w->kernel[i] - 1) * w->dilation[i] + 1;
        int64_t room = w->in[i] + w->begin[i] + w->end[i] - extent;
        if (room < 0)
            return op_refuse(n, "a kernel of %lld does not fit %lld elements, padding included",
                             (long long)extent, (long long)(room + extent));
        w->out[i] = (room + up * (w->stride[i] - 1)) / w->stride[i] + 1;
        if (up && (w->out[i] - 1) * w->stride[i] >= w->in[i] + w->begin[i])
            w->out[i]--; /* a window that would begin behind the input */
    }
    return true;
}

static const char *pair_text(arena *memory, const char *name, const int64_t pair[2])
{
    if (pair[0] == pair[1])
        return arena_printf(memory, ", %s = %lld", name, (long long)pair[0]);
    return arena_printf(memory, ", %s = [%lld, %lld]", name, (long long)pair[0],
                        (long long)pair[1]);
}

const char *window_text(arena *memory, const int64_t kernel[2], const int64_t stride[2],
                        const int64_t padding[2], bool pool)
{
    static const int64_t ones[2] = {1, 1};
    const int64_t *usual = pool ? kernel : ones;
    bool strided = stride[0] != usual[0] || stride[1] != usual[1];
    return arena_printf(memory, "%s%s%s", pair_text(memory, "kernel", kernel),
                        strided ? pair_text(memory, "stride", stride) : "",
                        padding[0] || padding[1] ? pair_text(memory, "padding", padding) : "");
}

void window_dims(const value *x, const window *w, int64_t channels, value *out)
{
    out->rank = x->rank;
    out->batch = x->batch;
    out->dims[0] = x->dims[0];
    out->dims[1] = channels;
    for (size_t i = 0; i < w->axes; i++)
        out->dims[2 + i] = w->out[2 - w->axes + i];
}
