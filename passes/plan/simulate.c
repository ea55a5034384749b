#include "passes/plan/steps.h"

/*
 * The last pixel of a layer's input that its output (row, column) reads, then of what was pooled.
 */
static int64_t last_read(const plan_window *w, int32_t size, int i, int64_t at)
{
    int64_t last = at * w->stride[i] + w->kernel[i] - 1 - w->pad[i];
    return last < 0 ? 0 : last >= size ? size - 1 : last;
}

/* Index of the last pixel of e's layer (size `map`) that output (row, column) of l depends on. */
static int64_t needed(const plan_layer *l, const plan_edge *e, const int32_t map[2], int64_t row,
                      int64_t column)
{
    int64_t at[2] = {row, column};
    for (int i = 0; i < 2; i++) {
        at[i] = last_read(&l->conv, l->in_map[i], i, at[i]);
        at[i] = last_read(&e->pool, map[i], i, at[i]);
    }
    return at[0] * map[1] + at[1];
}

/* The same for outputs first .. last: the last one, or the end of the row before it. */
static int64_t needed_by(const plan_layer *l, const plan_edge *e, const int32_t map[2],
                         int64_t first, int64_t last)
{
    int64_t width = l->out_map[1], row = last / width;
    int64_t need = needed(l, e, map, row, last % width);
    if (first / width < row) {
        int64_t before = needed(l, e, map, row - 1, width - 1);
        need = before > need ? before : need;
    }
    return need;
}

static int64_t run_layer(const plan_network *n, size_t i, const int64_t *replicas,
                         int64_t *const *times, int64_t *stalled)
{
    const plan_layer *l = &n->layers[i];
    int64_t operations = steps_ceil(l->positions, replicas[i]), step = 0;
    *stalled = 0;
    for (int64_t o = 0; o < operations; o++) {
        int64_t first = o * replicas[i], last = first + replicas[i] - 1, next = step + 1;
        if (last >= l->positions)
            last = l->positions - 1;
        for (size_t k = 0; k < l->input_count; k++) {
            const plan_edge *e = &l->inputs[k];
            if (e->from < 0)
                continue;
            int64_t need = needed_by(l, e, n->layers[e->from].out_map, first, last);
            int64_t ready = times[e->from][need / replicas[e->from]];
            next = ready > next ? ready : next;
        }
        *stalled += o ? next - step - 1 : 0;
        step = next;
        times[i][o] = step;
    }
    return step;
}

int64_t plan_simulate(arena *memory, const plan_network *n, const int64_t *replicas, int64_t *ends,
                      int64_t *stalls)
{
    int64_t **times = ARENA_ARRAY(memory, int64_t *, n->count + 1), end = 0;
    for (size_t i = 0; i < n->count; i++) {
        int64_t stalled, operations = steps_ceil(n->layers[i].positions, replicas[i]);
        times[i] = ARENA_ARRAY(memory, int64_t, (size_t)operations + 1);
        int64_t last = run_layer(n, i, replicas, times, &stalled);
        end = last > end ? last : end;
        if (ends)
            ends[i] = last;
        if (stalls)
            stalls[i] = stalled;
    }
    return end;
}
