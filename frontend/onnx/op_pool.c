/* Pooling. */
#include "frontend/onnx/import.h"

#include <string.h>

/* The language counts the padding: no average over fewer elements at the edges. */
static bool average_fits(op_node *n, const window *w)
{
    bool good = true;
    int64_t counted = op_int(n, "count_include_pad", 0, &good);
    for (int i = 0; good && i < 2; i++) {
        int64_t last = (w->out[i] - 1) * w->stride[i] + w->kernel[i] - w->begin[i];
        if (w->begin[i] && !counted)
            return op_refuse(n, "an average that leaves out the padding (count_include_pad = 0)");
        if (last > w->in[i] + (counted ? w->end[i] : 0))
            return op_refuse(n, "an average over windows that reach beyond the input");
    }
    return good;
}

bool import_pool(op_node *n)
{
    importer *m = n->m;
    value *x = op_input(n, 0);
    bool average = n->row->type[0] == 'A';
    window w;
    pan_shape map;
    if (!window_read(n, x, NULL, &w) || !window_map(n, x, &map) ||
        (average && !average_fits(n, &w)))
        return false;
    for (int i = 0; i < 2; i++) {
        if (w.dilation[i] != 1)
            return op_refuse(n, "a pool with dilations");
        if (2 * w.begin[i] > w.kernel[i])
            return op_refuse(n, "a padding of more than half of the kernel");
        /* The windows must be those of equal padding; what is behind the last one is not read. */
        int64_t room = w.in[i] + 2 * w.begin[i] - w.kernel[i];
        if (room < 0 || room / w.stride[i] + 1 != w.out[i])
            return op_refuse(n, "padding of %lld before and %lld behind; a pool's must be equal",
                             (long long)w.begin[i], (long long)w.end[i]);
    }
    const char *text =
        arena_printf(m->memory, "%s_pool(%s%s)", average ? "avg" : "max", value_as(m, x, map),
                     window_text(m->memory, w.kernel, w.stride, w.begin, true));
    value *out = value_call(n, x, type_map(map.dim[0], w.out[0], w.out[1]), text);
    window_dims(x, &w, map.dim[0], out);
    return true;
}

bool import_global_pool(op_node *n)
{
    importer *m = n->m;
    value *x = op_input(n, 0);
    pan_shape map;
    if (!window_map(n, x, &map))
        return false;
    value *out = value_call(n, x, type_vec(map.dim[0]),
                            arena_printf(m->memory, "global_avg_pool(%s)", value_as(m, x, map)));
    for (size_t i = 2; i < out->rank; i++)
        out->dims[i] = 1;
    return true;
}
