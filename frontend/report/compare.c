#include "frontend/report/compare.h"

#include <math.h>
#include <string.h>

static const struct breakdown {
    const char *id, *title, *section, *table;
    figure how;
} breakdowns[] = {
    {"cmp-energy-by-layer", "Energy by layer", "energy_fj", "by_layer", FIGURE_ENERGY},
    {"cmp-energy-by-component", "Energy by component", "energy_fj", "by_component", FIGURE_ENERGY},
    {"cmp-energy-by-operation", "Energy by operation", "energy_fj", "by_operation", FIGURE_ENERGY},
    {"cmp-busy-by-layer", "Busy cycles by layer", "busy_cycles", "by_layer", FIGURE_COUNT},
    {"cmp-busy-by-component", "Busy cycles by component", "busy_cycles", "by_component",
     FIGURE_COUNT},
    {"cmp-busy-by-operation", "Busy cycles by operation", "busy_cycles", "by_operation",
     FIGURE_COUNT},
    {"cmp-waits-by-cause", "Waiting cycles by cause", "wait_cycles", "by_cause", FIGURE_COUNT},
};
enum { BREAKDOWNS = sizeof breakdowns / sizeof *breakdowns };

static const struct total {
    const char *title, *section, *name;
    figure how;
    bool last; /* of a list */
} totals[] = {
    {"simulated cycles", NULL, "cycles", FIGURE_COUNT, false},
    {"cycles of the first kernel", NULL, "cycles_per_kernel", FIGURE_COUNT, false},
    {"ideal pipeline of that kernel", NULL, "bound_cycles_per_kernel", FIGURE_COUNT, false},
    {"seconds simulated", NULL, "seconds", FIGURE_PLAIN, false},
    {"energy", "energy_fj", "total", FIGURE_ENERGY, false},
    {"leakage", "energy_fj", "leakage", FIGURE_ENERGY, false},
    {"busy cycles", "busy_cycles", "total", FIGURE_COUNT, false},
    {"kernels", NULL, "kernels", FIGURE_COUNT, false},
    {"instructions", NULL, "instructions", FIGURE_COUNT, false},
    {"MVM", NULL, "mvm", FIGURE_COUNT, false},
    {"MTVM", NULL, "mtvm", FIGURE_COUNT, false},
    {"OPA", NULL, "opa", FIGURE_COUNT, false},
    {"CRS", NULL, "crs", FIGURE_COUNT, false},
    {"words read by cores", NULL, "words_read", FIGURE_COUNT, false},
    {"as operands of crossbars", NULL, "operand_words", FIGURE_COUNT, false},
    {"words written by cores", NULL, "words_written", FIGURE_COUNT, false},
    {"ADC clips", NULL, "adc_clips", FIGURE_COUNT, false},
    {"training loss, last", NULL, "train_loss", FIGURE_PLAIN, true},
    {"test loss, last", NULL, "test_loss", FIGURE_PLAIN, true},
    {"test accuracy, last", NULL, "test_accuracy", FIGURE_SHARE, true},
    {"seconds on the host", NULL, "host_seconds", FIGURE_PLAIN, false},
};

static compare_row *add_row(arena *memory, compare_table *t, const char *name, size_t runs)
{
    compare_row row = {name, ARENA_ARRAY(memory, double, runs)};
    for (size_t i = 0; i < runs; i++)
        row.value[i] = NAN;
    ARENA_PUSH(memory, t->rows, t->count, t->capacity, row);
    return &t->rows[t->count - 1];
}

static compare_row *row_of(arena *memory, compare_table *t, const char *name, size_t runs)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].name, name) == 0)
            return &t->rows[i];
    return add_row(memory, t, name, runs);
}

static compare_table totals_of(arena *memory, const report_run *const *runs, size_t count)
{
    compare_table t = {.id = "cmp-totals", .title = "Totals"};
    for (size_t k = 0; k < sizeof totals / sizeof *totals; k++) {
        compare_row *row = add_row(memory, &t, totals[k].title, count);
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            const cJSON *at = totals[k].section ? run_member(runs[i]->root, totals[k].section)
                                                : runs[i]->root;
            const cJSON *item = run_member(at, totals[k].name);
            row->value[i] = totals[k].last ? run_last(item) : run_value(item);
            any |= row->value[i] == row->value[i];
        }
        t.count -= !any;
    }
    return t;
}

static compare_table breakdown_of(arena *memory, const struct breakdown *b,
                                  const report_run *const *runs, size_t count)
{
    compare_table t = {.id = b->id, .title = b->title, .how = b->how};
    double *sums = ARENA_ARRAY(memory, double, count);
    for (size_t i = 0; i < count; i++) {
        const cJSON *section = run_member(runs[i]->root, b->section);
        named_list l = run_table(memory, run_member(section, b->table));
        sums[i] = section ? l.total : NAN;
        for (size_t k = 0; k < l.count; k++)
            row_of(memory, &t, l.at[k].name, count)->value[i] = l.at[k].value;
    }
    if (t.count)
        memcpy(add_row(memory, &t, "total", count)->value, sums, count * sizeof *sums);
    return t;
}

/* Of totals every row has its own way of being shown. */
figure compare_how(const compare_table *t, const compare_row *row)
{
    for (size_t k = 0; k < sizeof totals / sizeof *totals; k++)
        if (strcmp(t->id, "cmp-totals") == 0 && strcmp(totals[k].title, row->name) == 0)
            return totals[k].how;
    return t->how;
}

compare_table *compare_tables(arena *memory, const report_run *const *runs, size_t count,
                              size_t *tables)
{
    compare_table *list = ARENA_ARRAY(memory, compare_table, BREAKDOWNS + 1);
    *tables = 0;
    list[(*tables)++] = totals_of(memory, runs, count);
    for (size_t k = 0; k < BREAKDOWNS; k++) {
        compare_table t = breakdown_of(memory, &breakdowns[k], runs, count);
        if (t.count)
            list[(*tables)++] = t;
    }
    return list;
}

double compare_ratio(const compare_row *row, size_t run)
{
    double first = row->value[0], v = row->value[run];
    if (first == v && v == v)
        return 1;
    return first > 0 ? v / first : NAN;
}

static const char *setting(arena *memory, const report_run *r, const char *name)
{
    const cJSON *machine = run_member(r->root, "machine");
    const cJSON *at = run_member(machine, name) ? machine : r->root;
    const cJSON *item = run_member(at, name);
    return cJSON_IsNumber(item) ? figure_exact(memory, run_value(item)) : run_string(at, name);
}

compare_setting *compare_settings(arena *memory, const report_run *const *runs, size_t count,
                                  size_t *settings)
{
    static const char *const names[] = {"command", "panther",  "engine",   "seed",
                                        "name",    "variant",  "slices",   "opa_mode",
                                        "fidelity", "operand_log", "clock_ghz"};
    static const char *const titles[] = {"command", "version", "engine",   "seed",
                                         "machine", "variant", "slices",   "opa mode",
                                         "fidelity", "operand log", "clock (GHz)"};
    *settings = sizeof names / sizeof *names;
    compare_setting *list = ARENA_ARRAY(memory, compare_setting, *settings);
    for (size_t k = 0; k < *settings; k++) {
        list[k] = (compare_setting){titles[k], ARENA_ARRAY(memory, const char *, count), false};
        for (size_t i = 0; i < count; i++) {
            list[k].value[i] = setting(memory, runs[i], names[k]);
            list[k].differs |= strcmp(list[k].value[i], list[k].value[0]) != 0;
        }
    }
    return list;
}

const char **compare_labels(arena *memory, const report_run *const *runs, size_t count)
{
    const char **labels = ARENA_ARRAY(memory, const char *, count);
    for (size_t i = 0; i < count; i++) {
        labels[i] = runs[i]->label;
        for (size_t k = 0; k < count; k++)
            if (k != i && strcmp(runs[k]->label, runs[i]->label) == 0)
                labels[i] = runs[i]->path;
    }
    return labels;
}
