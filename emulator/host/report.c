/* What a person reads: the machine, one line per epoch, and at the end cycles, time and energy. */
#include "emulator/host/run.h"

#include <math.h>
#include <stdlib.h>

enum { COMPONENTS_SHOWN = 6 };

double run_seconds(const host *h)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - h->started.tv_sec) +
           (double)(now.tv_nsec - h->started.tv_nsec) * 1e-9;
}

static void print_updates(const host *h)
{
    const machine *m = h->e->machine;
    fprintf(h->o->out, "updates    opa mode %s", opa_mode_names[m->opa_mode]);
    if (h->e->im->rounds_updates)
        fprintf(h->o->out, ", operands rounded to 2^%d (row) and 2^%d (column), %s",
                m->rounding.row, m->rounding.column, rounding_names[m->rounding.mode]);
    else if (m->opa_mode == OPA_STREAM)
        fprintf(h->o->out, ", operands not rounded");
    fputc('\n', h->o->out);
}

void report_start(const host *h)
{
    const machine *m = h->e->machine;
    if (h->o->quiet)
        return;
    arena *scratch = arena_new();
    fprintf(h->o->out, "machine    %s, variant %d, slices %s, fidelity %s\n", m->name, m->variant,
            slicing_text(scratch, &m->slices), fidelity_names[m->fidelity]);
    print_updates(h);
    if (!h->e->table->statistics)
        fprintf(h->o->out, "engine     %s interpreter (no cycles, no energy)\n", h->e->table->name);
    arena_free(scratch);
}

void report_block(const host *h)
{
    if (h->o->quiet)
        return;
    fprintf(h->o->out, "training   %s on %s: %zu examples", h->train->item, h->data->plan->name,
            h->data->train.count);
    if (h->data->test.count)
        fprintf(h->o->out, ", %zu to test", h->data->test.count);
    if (h->data->valid.count)
        fprintf(h->o->out, ", %zu to validate", h->data->valid.count);
    fprintf(h->o->out, "; batch %u, %lld epochs, seed %llu\n", h->training->entry->batch,
            (long long)h->epochs, (unsigned long long)h->seed);
}

static void print_metric(const host *h, const char *name, double value)
{
    if (value == value)
        fprintf(h->o->out, "  %s %.4f", name, value);
}

void report_epoch(const host *h)
{
    const epoch_record *r = &h->history[h->history_count - 1];
    if (h->o->quiet)
        return;
    fprintf(h->o->out, "epoch %3llu ", (unsigned long long)h->at.epoch + 1);
    print_metric(h, "loss", r->loss);
    print_metric(h, "valid loss", r->valid_loss);
    print_metric(h, "valid accuracy", r->valid_accuracy);
    print_metric(h, "test loss", r->test_loss);
    print_metric(h, "test accuracy", r->test_accuracy);
    fputc('\n', h->o->out);
    fflush(h->o->out);
}

/* 12345678 -> "12,345,678" */
static const char *grouped(arena *memory, uint64_t v)
{
    const char *digits = arena_printf(memory, "%llu", (unsigned long long)v);
    const char *out = "";
    for (size_t i = 0; digits[i]; i++) {
        size_t left = __builtin_strlen(digits + i);
        out = arena_printf(memory, "%s%s%c", out, i > 0 && left % 3 == 0 ? "," : "", digits[i]);
    }
    return out;
}

/* A value with the prefix that keeps it between 1 and 1000. */
static const char *scaled(arena *memory, double value, const char *unit)
{
    static const struct {
        double factor;
        const char *prefix;
    } prefixes[] = {{1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"}};
    size_t last = sizeof prefixes / sizeof *prefixes - 1, i = 0;
    while (i < last && fabs(value) < prefixes[i].factor)
        i++;
    return arena_printf(memory, "%.4g %s%s", value / prefixes[i].factor, prefixes[i].prefix, unit);
}

typedef struct share {
    const char *name;
    double pj;
} share;

static int larger_first(const void *a, const void *b)
{
    double x = ((const share *)a)->pj, y = ((const share *)b)->pj;
    return (x < y) - (x > y);
}

static void print_shares(const host *h, const emulator_totals *t)
{
    share shares[ENERGY_COUNT + 1];
    for (size_t i = 0; i < ENERGY_COUNT; i++)
        shares[i] = (share){energy_component_names[i], t->by_component[i]};
    shares[ENERGY_COUNT] = (share){"leakage", t->leakage_pj};
    qsort(shares, ENERGY_COUNT + 1, sizeof *shares, larger_first);
    double total = t->energy_pj + t->leakage_pj;
    if (!(total > 0))
        return;
    fputs("          ", h->o->out);
    for (size_t i = 0; i < COMPONENTS_SHOWN && shares[i].pj > 0; i++)
        fprintf(h->o->out, "%s %s %.1f %%", i ? "," : "", shares[i].name,
                100 * shares[i].pj / total);
    fputc('\n', h->o->out);
}

static void print_statistics(const host *h, arena *scratch, const emulator_totals *t)
{
    const machine *m = h->e->machine;
    double seconds = (double)t->cycles / (m->clock_ghz * 1e9);
    fprintf(h->o->out, "simulated  %s cycles = %s at %g GHz, %s kernels; first kernel %s cycles\n",
            grouped(scratch, t->cycles), scaled(scratch, seconds, "s"), m->clock_ghz,
            grouped(scratch, t->kernels), grouped(scratch, h->first_kernel_cycles));
    fprintf(h->o->out, "matrix     %s MVM, %s MTVM, %s OPA, %s CRS\n", grouped(scratch, t->mvm),
            grouped(scratch, t->mtvm), grouped(scratch, t->opa), grouped(scratch, t->crs));
    fprintf(h->o->out, "energy     %s\n",
            scaled(scratch, (t->energy_pj + t->leakage_pj) * 1e-12, "J"));
    print_shares(h, t);
    if (t->wear_counted)
        report_wear(h, t);
}

void report_end(const host *h)
{
    if (h->o->quiet)
        return;
    arena *scratch = arena_new();
    if (h->e->table->statistics)
        print_statistics(h, scratch, h->e->table->statistics(h->e));
    double seconds = run_seconds(h);
    fprintf(h->o->out, "host       %.1f s", seconds);
    if (h->examples)
        fprintf(h->o->out, ", %.0f training examples per second", (double)h->examples / seconds);
    fputc('\n', h->o->out);
    arena_free(scratch);
}
