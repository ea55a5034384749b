/*
 * Entries without a plan: hand-written assembly, a network that is not trained, timing. Inputs come
 * from files by port, or are 0; outputs are printed as values or go to files.
 */
#include "emulator/host/npy.h"
#include "emulator/host/progress.h"
#include "emulator/host/run.h"
#include "emulator/host/stats_profile.h"

#include <string.h>

/* A file of numbers; the group closes it. */
static data_set *read_input(host *h, data_group *group, const host_input *input)
{
    plan_source source = {.kind = SOURCE_CSV, .file_count = 1, .label = -1};
    data_set *set = ARENA_NEW(h->memory, data_set);
    set->memory = h->memory;
    group->sets[group->set_count++] = set;
    data_load *load = npy_named(input->file) ? data_load_npy : data_load_csv;
    return load(set, h->d, &source, &input->file) ? set : NULL;
}

static int find_input(const image_entry *entry, const char *name)
{
    for (uint32_t p = 0; p < entry->input_count; p++)
        if (strcmp(entry->inputs[p].name, name) == 0)
            return (int)p;
    return -1;
}

static bool check_input(host *h, const bound_entry *b, int port, data_set *set)
{
    const image_port *p = &b->entry->inputs[port];
    size_t rows = p->per_kernel ? 1 : b->entry->batch;
    if (p->elements == 1 && set->count == 1) { /* one axis of an array: here it counts records */
        set->count = set->elements;
        set->elements = 1;
    }
    if (set->elements == p->elements && set->count >= rows * (size_t)h->o->kernels)
        return true;
    diag_file_error(h->d, set->files[0].path,
                    "it has %zu records of %zu numbers, but '%s' takes %zu of %u", set->count,
                    set->elements, p->name, rows * (size_t)h->o->kernels, p->elements);
    return false;
}

/* Copies the rows of one kernel. */
static void feed(const bound_entry *b, int port, const data_set *set, size_t kernel)
{
    size_t words = engine_port_words(b->entry, &b->entry->inputs[port]);
    for (size_t i = 0; i < words; i++)
        b->inputs[port][i] = (double)set->reals[kernel * words + i];
}

static void print_outputs(const host *h, const bound_entry *b, const kept_results *kept)
{
    for (uint32_t p = 0; p < b->entry->output_count; p++) {
        const image_port *port = &b->entry->outputs[p];
        size_t rows = port->per_kernel ? 1 : b->entry->batch;
        for (size_t r = 0; r < rows && !results_has(h, kept, p); r++) {
            fprintf(h->o->out, "%s[%zu] =", port->name, r);
            for (size_t i = 0; i < port->elements; i++)
                fprintf(h->o->out, " %g", b->outputs[p][r * port->elements + i]);
            fputc('\n', h->o->out);
        }
    }
}

/* Fills sets, one per input port; those without a file stay NULL. */
static bool read_inputs(host *h, const bound_entry *b, data_group *groups, data_set **sets)
{
    for (size_t i = 0; i < h->o->input_count; i++) {
        const host_input *input = &h->o->inputs[i];
        int port = find_input(b->entry, input->port);
        if (port < 0) {
            diag_file_error(h->d, h->o->path, "entry '%s' has no input '%s'", b->entry->name,
                            input->port);
            return false;
        }
        sets[port] = read_input(h, &groups[i], input);
        if (!sets[port] || !check_input(h, b, port, sets[port]))
            return false;
    }
    return true;
}

static void show_progress(const host *h, uint32_t entry, int64_t done)
{
    progress_show(h->kernels, h->e->im->entries[entry].name, (uint64_t)done,
                  (uint64_t)h->o->kernels);
}

/* Kernels on the inputs that were read. */
static exit_status execute_kernels(host *h, bound_entry *b, data_set **sets, kept_results *kept)
{
    exit_status status = EXIT_DONE;
    for (int64_t k = 0; status == EXIT_DONE && k < h->o->kernels; k++) {
        for (uint32_t p = 0; p < b->entry->input_count; p++)
            if (sets[p])
                feed(b, (int)p, sets[p], (size_t)k);
        status = bind_run(h, b, h->at.step++);
        progress_wipe(h->kernels);
        if (status == EXIT_DONE && !h->o->quiet)
            print_outputs(h, b, kept);
        if (status == EXIT_DONE && !results_add(h, kept, b))
            status = EXIT_INPUT;
        show_progress(h, b->index, k);
    }
    progress_wipe(h->kernels);
    return status;
}

static exit_status execute_with_data(host *h, bound_entry *b)
{
    data_set **sets = ARENA_ARRAY(h->memory, data_set *, b->entry->input_count + 1);
    data_group *groups = ARENA_ARRAY(h->memory, data_group, h->o->input_count + 1);
    kept_results *kept = results_new(h, b);
    exit_status status = kept && read_inputs(h, b, groups, sets) ? EXIT_DONE : EXIT_INPUT;
    if (status == EXIT_DONE)
        status = execute_kernels(h, b, sets, kept);
    if (status == EXIT_DONE && !results_write(h, kept, b))
        status = EXIT_INPUT;
    results_free(h, kept);
    for (size_t i = 0; i < h->o->input_count; i++)
        data_close(&groups[i]);
    return status;
}

static exit_status execute_timing(host *h, uint32_t index)
{
    exit_status status = EXIT_DONE;
    for (int64_t k = 0; status == EXIT_DONE && k < h->o->kernels; k++) {
        status = h->e->table->run(h->e, index, h->at.step++, NULL, NULL, h->d);
        show_progress(h, index, k);
    }
    progress_wipe(h->kernels);
    return status;
}

static void print_entry(const host *h, const image_entry *entry, const emulator_totals *before)
{
    if (!h->e->table->statistics || h->o->quiet)
        return;
    const emulator_totals *t = h->e->table->statistics(h->e);
    double kernels = (double)(t->kernels - before->kernels);
    if (!(kernels > 0))
        return;
    double bound = stats_bound_cycles(entry, h->e->machine);
    fprintf(h->o->out, "%-20s batch %u, %llu cycles and %.4g uJ per kernel", entry->name,
            entry->batch, (unsigned long long)t->last_kernel_cycles,
            (t->energy_pj + t->leakage_pj - before->energy_pj - before->leakage_pj) * 1e-6 /
                kernels);
    if (bound > 0)
        fprintf(h->o->out, ", %.3f of the ideal pipeline", (double)t->last_kernel_cycles / bound);
    fputc('\n', h->o->out);
}

static bool wanted(const host *h, const image_entry *entry)
{
    if (h->o->entry)
        return strcmp(h->o->entry, entry->name) == 0;
    return strcmp(entry->name, "crs") != 0; /* carry resolution is no program of its own */
}

/* Whether an entry that trains has the batch that is asked for, if one is. */
static bool has_batch(const host *h, const image_entry *entry)
{
    if (h->o->batch == 0 || strncmp(entry->name, "train:", 6) != 0 ||
        h->o->batch == (int64_t)entry->batch)
        return true;
    diag_file_error(h->d, h->o->path, "the image was compiled for batches of %u, not %lld",
                    entry->batch, (long long)h->o->batch);
    return false;
}

exit_status execute_entries(host *h)
{
    const image *im = h->e->im;
    if (h->o->entry && bind_find(im, h->o->entry) < 0) {
        diag_file_error(h->d, h->o->path, "the image has no entry '%s'", h->o->entry);
        return EXIT_INPUT;
    }
    h->entries = ARENA_ARRAY(h->memory, bound_entry, im->entry_count + 1);
    bool any = false;
    for (uint32_t i = 0; i < im->entry_count; i++) {
        if (!wanted(h, &im->entries[i]))
            continue;
        any = true;
        if (!has_batch(h, &im->entries[i]))
            return EXIT_INPUT;
        h->kernels = progress_new(h->memory, h->o->progress && !h->o->quiet, "kernels");
        emulator_totals before = {0};
        if (h->e->table->statistics)
            before = *h->e->table->statistics(h->e);
        bound_entry *b = h->o->timing_only ? NULL : bind_entry(h, im->entries[i].name);
        if (!b && !h->o->timing_only)
            return EXIT_INPUT;
        exit_status status = b ? execute_with_data(h, b) : execute_timing(h, i);
        if (status != EXIT_DONE)
            return status;
        if (h->first_kernel_cycles == 0 && h->e->table->statistics)
            h->first_kernel_cycles = h->e->table->statistics(h->e)->last_kernel_cycles;
        print_entry(h, &im->entries[i], &before);
    }
    if (!any)
        diag_file_error(h->d, h->o->path, "it has no network, kernel or entry to run");
    return any ? EXIT_DONE : EXIT_INPUT;
}
