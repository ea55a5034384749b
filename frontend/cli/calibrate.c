#include "frontend/cli/calibrate.h"

#include "emulator/host/npy.h"
#include "emulator/host/progress.h"
#include "emulator/host/weights.h"
#include "frontend/cli/build.h"
#include "frontend/cli/formatter.h"
#include "isa/support/fixed.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const double WEIGHT_ROOM = 2; /* weights grow when training goes on */

/* One build of the program. */
typedef struct network {
    built b;
    const ir_graph *graph;
    size_t ops;
    size_t most; /* values of any op */
} network;

typedef struct calibrator {
    cli *c;
    const char *path;
    const safetensors *weights;
    const data_set *examples;
    /* absolute, by number of the op in the last build that was measured */
    double *largest, *sums; /* sums: on the way to a product */
    exit_status status;
} calibrator;

static size_t values_of(const ir_graph *g, const ir_op *op)
{
    return op->type.kind == IR_VEC ? ir_space_points(g, op->space) * op->type.lanes : 0;
}

static bool build(calibrator *k, const char *text, network *n)
{
    static const pass_options options = {.stop_after = "differentiate"};
    *n = (network){0};
    if (!build_text(k->c, k->path, text, strlen(text), &options, &n->b, &k->status))
        return false;
    n->graph = n->b.module->graphs[0];
    IR_EACH(op, n->graph)
    {
        size_t count = values_of(n->graph, op);
        n->ops++;
        n->most = count > n->most ? count : n->most;
    }
    return true;
}

/* ---- running ---- */

/* An interpreter with the weights; NULL with errors. */
static engine *start(calibrator *k, const network *n, interpreter kind)
{
    engine *e = engine_interpreter(k->c->memory, n->b.module, n->b.machine, kind, 0);
    const image_entry *entry = &e->im->entries[0];
    if (entry->input_count != 1 || entry->inputs[0].elements != k->examples->elements) {
        diag_file_error(k->c->d, k->examples->files[0].path,
                        "it has records of %zu numbers, but the network takes %u input%s of %u",
                        k->examples->elements, entry->input_count,
                        entry->input_count == 1 ? "" : "s", entry->inputs[0].elements);
        return NULL;
    }
    return weights_load(e, k->weights, false, k->c->d) ? e : NULL;
}

/* Runs an example; results[0] gets the network's first result. */
static bool run(calibrator *k, engine *e, size_t example, double *results)
{
    const image_entry *entry = &e->im->entries[0];
    size_t count = k->examples->elements;
    arena *scratch = arena_new();
    double *input = ARENA_ARRAY(scratch, double, count + 1);
    double **outputs = ARENA_ARRAY(scratch, double *, entry->output_count + 1);
    for (size_t i = 0; i < count; i++)
        input[i] = (double)k->examples->reals[example * count + i];
    for (uint32_t p = 0; p < entry->output_count; p++)
        outputs[p] =
            ARENA_ARRAY(scratch, double, engine_port_words(entry, &entry->outputs[p]) + 1);
    k->status = e->table->run(e, 0, example, (const double *const *)&input, outputs, k->c->d);
    if (entry->output_count)
        memcpy(results, outputs[0], entry->outputs[0].elements * sizeof *results);
    arena_free(scratch);
    return k->status == EXIT_DONE;
}

static progress *new_progress(cli *c)
{
    return progress_new(c->memory, isatty(STDERR_FILENO) && !c->given[OPTION_QUIET], "examples");
}

static bool measure_ranges(calibrator *k, const network *n)
{
    progress *line = new_progress(k->c);
    engine *e = start(k, n, INTERPRETER_FLOAT);
    double *values = ARENA_ARRAY(k->c->memory, double, n->most + 1);
    k->largest = ARENA_ARRAY(k->c->memory, double, n->ops + 1);
    k->sums = ARENA_ARRAY(k->c->memory, double, n->ops + 1);
    for (size_t i = 0; e && i < k->examples->count; i++) {
        size_t at = 0;
        if (!run(k, e, i, values))
            return false;
        IR_EACH(op, n->graph)
        {
            size_t count = values_of(n->graph, op);
            if (count && interpreter_values(e, op, count, values))
                for (size_t v = 0; v < count; v++)
                    k->largest[at] = fmax(k->largest[at], fabs(values[v]));
            if (formatter_is_product(op))
                k->sums[at] = fmax(k->sums[at], calibrate_partial_sums(e, n->graph, op));
            at++;
        }
        progress_show(line, "ranges", i, k->examples->count);
    }
    progress_wipe(line);
    return e != NULL;
}

/* ---- formats ---- */

static calibration_row *row_of(cli *c, calibration *out, const char *name)
{
    for (size_t i = 0; i < out->row_count; i++)
        if (strcmp(out->rows[i].name, name) == 0)
            return &out->rows[i];
    calibration_row row = {.name = name};
    ARENA_PUSH(c->memory, out->rows, out->row_count, out->row_capacity, row);
    return &out->rows[out->row_count - 1];
}

static void collect_layers(calibrator *k, const network *n, calibration *out)
{
    size_t at = 0;
    IR_EACH(op, n->graph)
    {
        size_t number = at++;
        if (!formatter_is_product(op))
            continue;
        calibration_row *row = row_of(k->c, out, ir_get_name(op, IR_ATTR_layer, ""));
        row->largest = fmax(row->largest, k->largest[number]);
        row->largest_sum = fmax(row->largest_sum, k->sums[number]);
    }
}

/* The weight format of a layer if the default is too fine for its weights, else -1. */
static int weight_format(const calibrator *k, const network *n, const char *layer)
{
    double largest = 0;
    int q = n->b.machine->q_weight;
    for (size_t i = 0; i < k->weights->count; i++) {
        const named_tensor *t = &k->weights->tensors[i];
        size_t length = strlen(layer);
        if (strncmp(t->name, layer, length) != 0 || t->name[length] != '.')
            continue;
        for (size_t v = 0; v < t->count; v++)
            largest = fmax(largest, fabs(safetensors_value(t, v)));
    }
    while (q > 0 && ldexp(largest * WEIGHT_ROOM, q) > 0x1p31)
        q--;
    return q < n->b.machine->q_weight ? q : -1;
}

static const char *deploy_text(const calibrator *k, const network *n, const calibration *out)
{
    arena *memory = k->c->memory;
    const char *name = n->graph->name + strlen("test:");
    const char *text = arena_printf(memory, "\ndeploy {\n    place %s {\n", name);
    for (size_t i = 0; i < out->row_count; i++) {
        const calibration_row *r = &out->rows[i];
        int weight = weight_format(k, n, r->name);
        text = arena_printf(memory, "%s        layer \"%s\" { activation = q%d", text, r->name,
                            formatter_format(fmax(r->largest, r->largest_sum)));
        if (weight >= 0)
            text = arena_printf(memory, "%s; weight = q%d", text, weight);
        text = arena_printf(memory, "%s }\n", text);
    }
    return arena_printf(memory, "%s    }\n}\n", text);
}

/* ---- errors ---- */

static void add_errors(calibration_row *row, const ir_op *op, const double *real,
                       const double *fixed, size_t count)
{
    double end = ldexp(FIXED_MAX, -op->type.q);
    row->q = op->type.q;
    for (size_t i = 0; i < count; i++) {
        row->sum_squares += real[i] * real[i];
        row->sum_errors += (fixed[i] - real[i]) * (fixed[i] - real[i]);
        row->saturated += fabs(fixed[i]) >= end;
    }
    row->values += count;
}

static size_t largest_of(const double *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        best = values[i] > values[best] ? i : best;
    return best;
}

/* The rows' values of one example in both arithmetics. */
static void compare(calibrator *k, const network *n, const engine *real, const engine *fixed,
                    double *values, calibration *out)
{
    double *x = values, *y = values + n->most;
    IR_EACH(op, n->graph)
    {
        size_t count = values_of(n->graph, op);
        bool result = op->code == IR_output && ir_get_int(op, IR_ATTR_port, 0) == 0;
        const ir_op *value = result ? op->args[0] : op;
        if (result)
            count = values_of(n->graph, value);
        if ((!result && !formatter_is_product(op)) || !interpreter_values(real, value, count, x) ||
            !interpreter_values(fixed, value, count, y))
            continue;
        const char *name = result ? "result" : ir_get_name(op, IR_ATTR_layer, "");
        calibration_row *row = row_of(k->c, out, name);
        add_errors(row, value, x, y, count);
        for (size_t i = 0; result && i < count; i++)
            row->largest = fmax(row->largest, fabs(x[i]));
        out->same_class += result && largest_of(x, count) == largest_of(y, count);
    }
}

static bool measure_errors(calibrator *k, const network *n, calibration *out)
{
    progress *line = new_progress(k->c);
    engine *real = start(k, n, INTERPRETER_FLOAT);
    engine *fixed = real ? start(k, n, INTERPRETER_FIXED) : NULL;
    double *values = ARENA_ARRAY(k->c->memory, double, 2 * n->most + 1);
    out->fidelity = fidelity_names[n->b.machine->fidelity];
    for (size_t i = 0; fixed && i < k->examples->count; i++) {
        if (!run(k, real, i, values) || !run(k, fixed, i, values))
            return false;
        compare(k, n, real, fixed, values, out);
        out->examples++;
        progress_show(line, "errors", i, k->examples->count);
    }
    progress_wipe(line);
    return fixed != NULL;
}

/* ---- all of it ---- */

static const char *calibrate_text(calibrator *k, const char *text, calibration *out)
{
    network n;
    k->status = EXIT_INPUT;
    if (!build(k, text, &n) || !measure_ranges(k, &n))
        return NULL;
    collect_layers(k, &n, out);
    text = formatter_input(&(formatter){k->c->memory, n.graph, k->largest}, text);
    if (out->row_count)
        text = arena_printf(k->c->memory, "%s%s", text, deploy_text(k, &n, out));
    formatter f = {0};
    for (const char *next = text; next; next = formatter_next(&f, text)) {
        text = next;
        if (!build(k, text, &n) || !measure_ranges(k, &n)) /* formats pass on to other values */
            return NULL;
        f = (formatter){k->c->memory, n.graph, k->largest};
    }
    formatter_warn(&f, k->c->d);
    return measure_errors(k, &n, out) ? text : NULL;
}

const char *calibrate(cli *c, const char *path, const char *text, const safetensors *weights,
                      const char *file, calibration *out, exit_status *status)
{
    plan_source source = {.kind = SOURCE_CSV, .file_count = 1, .label = -1};
    data_group group = {.set_count = 1};
    data_set *set = group.sets[0] = ARENA_NEW(c->memory, data_set);
    set->memory = c->memory;
    calibrator k = {.c = c, .path = path, .weights = weights, .examples = set};
    *out = (calibration){0};
    *status = EXIT_INPUT;
    if ((npy_named(file) ? data_load_npy : data_load_csv)(set, c->d, &source, &file)) {
        text = calibrate_text(&k, text, out);
        *status = text ? EXIT_DONE : k.status == EXIT_DONE ? EXIT_INPUT : k.status;
    } else {
        text = NULL;
    }
    data_close(&group);
    return text;
}

void calibration_print(const calibration *k, const char *file, FILE *out)
{
    fprintf(out,
            "calibrated on %zu example%s of %s; fixed point (fidelity %s) against real numbers\n",
            k->examples, k->examples == 1 ? "" : "s", file, k->fidelity);
    fprintf(out, "%-24s %6s %10s %10s %10s %10s %10s %9s\n", "layer", "format", "partial",
            "largest", "rms", "rms error", "SNR", "saturated");
    for (size_t i = 0; i < k->row_count; i++) {
        const calibration_row *r = &k->rows[i];
        double values = r->values ? (double)r->values : 1;
        const char *snr = "exact";
        char text[32];
        if (r->sum_errors > 0) {
            snprintf(text, sizeof text, "%.1f dB", 10 * log10(r->sum_squares / r->sum_errors));
            snr = text;
        }
        fprintf(out, "%-24s q%-5d %10.4g %10.4g %10.4g %10.3g %10s %9llu\n", r->name, r->q,
                fmax(r->largest, r->largest_sum), r->largest, sqrt(r->sum_squares / values),
                sqrt(r->sum_errors / values), snr, (unsigned long long)r->saturated);
    }
    fprintf(out, "the same class for %zu of %zu examples\n", k->same_class, k->examples);
}
