/* --stats: the figures of a run as JSON. README.md of this folder explains every field. */
#include "emulator/host/run.h"
#include "emulator/host/stats_profile.h"
#include "isa/support/file.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#ifndef PANTHER_VERSION
#define PANTHER_VERSION "0.1.0"
#endif

/* NaN (not measured) becomes null, which is what JSON has for it. */
static void add_number(cJSON *to, const char *name, double v)
{
    cJSON_AddItemToObject(to, name, v == v ? cJSON_CreateNumber(v) : cJSON_CreateNull());
}

static void add_machine(cJSON *root, const machine *m, arena *memory)
{
    cJSON *at = cJSON_AddObjectToObject(root, "machine");
    cJSON_AddStringToObject(at, "name", m->name);
    cJSON_AddStringToObject(at, "file", m->path ? m->path : "");
    cJSON_AddStringToObject(at, "fingerprint", machine_fingerprint(memory, m));
    cJSON_AddNumberToObject(at, "variant", m->variant);
    cJSON_AddStringToObject(at, "slices", slicing_text(memory, &m->slices));
    cJSON_AddStringToObject(at, "opa_mode", opa_mode_names[m->opa_mode]);
    cJSON_AddStringToObject(at, "fidelity", fidelity_names[m->fidelity]);
    cJSON_AddStringToObject(at, "operand_log", m->operand_log_unlimited ? "unlimited" : "memory");
    cJSON_AddNumberToObject(at, "clock_ghz", m->clock_ghz);
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return;
    machine_print(m, out);
    if (fclose(out) == 0)
        cJSON_AddStringToObject(at, "text", text);
    free(text);
}

static void add_code(cJSON *root, const image *im)
{
    double cores = 0, threads = 0, largest = 0;
    for (uint32_t i = 0; i < im->entry_count; i++)
        for (uint32_t a = 0; a < im->entries[i].agent_count; a++) {
            const image_agent *agent = &im->entries[i].agents[a];
            double count = agent->code.count;
            *(agent->is_thread ? &threads : &cores) += count;
            if (!agent->is_thread && count > largest)
                largest = count;
        }
    cJSON *at = cJSON_AddObjectToObject(root, "static_instructions");
    cJSON_AddNumberToObject(at, "cores", cores);
    cJSON_AddNumberToObject(at, "tiles", threads);
    cJSON_AddNumberToObject(at, "max_core", largest);
}

/* The ideal pipeline of the entry that ran first. */
static double bound_cycles(const host *h)
{
    const machine *m = h->e->machine;
    const image_entry *entry = h->training ? h->training->entry : NULL;
    for (uint32_t i = 0; !entry && i < h->e->im->entry_count; i++)
        if (!h->o->entry || strcmp(h->o->entry, h->e->im->entries[i].name) == 0)
            entry = &h->e->im->entries[i];
    return entry ? stats_bound_cycles(entry, m) : NAN;
}

static void add_energy(cJSON *root, const host *h, const emulator_totals *t)
{
    cJSON *at = cJSON_AddObjectToObject(root, "energy_by_component");
    for (size_t i = 0; i < ENERGY_COUNT; i++)
        cJSON_AddNumberToObject(at, energy_component_names[i], t->by_component[i]);
    at = cJSON_AddObjectToObject(root, "energy_by_layer");
    for (uint32_t i = 0; t->by_layer && i < h->e->im->layer_count; i++)
        cJSON_AddNumberToObject(at, h->e->im->layers[i][0] ? h->e->im->layers[i] : "none",
                                t->by_layer[i]);
    at = cJSON_AddObjectToObject(root, "energy_by_operation");
    for (size_t i = 0; i < OPERATION_KINDS; i++)
        cJSON_AddNumberToObject(at, operation_names[i], t->by_operation[i]);
}

static void add_wear(cJSON *root, const host *h, const emulator_totals *t)
{
    const machine *m = h->e->machine;
    double endurance = device_value(&m->device, DEVICE_endurance, WEAR_ENDURANCE);
    cJSON *at = cJSON_AddObjectToObject(root, "wear");
    cJSON_AddNumberToObject(at, "endurance", endurance);
    cJSON_AddNumberToObject(at, "examples", (double)h->examples);
    cJSON *slices = cJSON_AddArrayToObject(at, "slices");
    for (int s = 0; s < m->slices.slices; s++) {
        wear_summary w = wear_summarise(&t->wear[s], endurance, (double)h->examples);
        cJSON *slice = cJSON_CreateObject();
        cJSON_AddItemToArray(slices, slice);
        cJSON_AddNumberToObject(slice, "writes_mean", w.mean_writes);
        cJSON_AddNumberToObject(slice, "writes_max", w.most_writes);
        cJSON_AddNumberToObject(slice, "switches_mean", w.mean_switches);
        cJSON_AddNumberToObject(slice, "switches_max", w.most_switches);
        add_number(slice, "years_mean", isfinite(w.mean_years) ? w.mean_years : NAN);
        add_number(slice, "years_worst", isfinite(w.worst_years) ? w.worst_years : NAN);
    }
}

static void add_statistics(cJSON *root, const host *h, const emulator_totals *t)
{
    const machine *m = h->e->machine;
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"cycles", t->cycles},
                  {"kernels", t->kernels},
                  {"instructions", t->instructions},
                  {"mcu_instructions", t->mcu_instructions},
                  {"mvm", t->mvm},
                  {"mtvm", t->mtvm},
                  {"opa", t->opa},
                  {"crs", t->crs},
                  {"words_read", t->words_read},
                  {"operand_words", t->operand_words},
                  {"words_written", t->words_written},
                  {"adc_clips", t->adc_clips},
                  {"cycles_per_kernel", h->first_kernel_cycles}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        cJSON_AddNumberToObject(root, counts[i].name, (double)counts[i].value);
    add_number(root, "bound_cycles_per_kernel", bound_cycles(h));
    cJSON_AddNumberToObject(root, "seconds", (double)t->cycles / (m->clock_ghz * 1e9));
    cJSON_AddNumberToObject(root, "energy_pj", t->energy_pj + t->leakage_pj);
    cJSON_AddNumberToObject(root, "leakage_pj", t->leakage_pj);
    add_energy(root, h, t);
    cJSON *slices = cJSON_AddArrayToObject(root, "slice_saturation");
    for (int s = 0; s < m->slices.slices; s++)
        cJSON_AddItemToArray(slices, cJSON_CreateNumber((double)t->slice_saturation[s]));
    if (t->wear_counted)
        add_wear(root, h, t);
    stats_add_profile(root, h->e->table->profile(h->e), h->e->im, m);
}

static void add_history(cJSON *root, const host *h)
{
    static const struct {
        const char *name;
        size_t offset;
    } columns[] = {{"train_loss", offsetof(epoch_record, loss)},
                   {"test_loss", offsetof(epoch_record, test_loss)},
                   {"test_accuracy", offsetof(epoch_record, test_accuracy)},
                   {"valid_loss", offsetof(epoch_record, valid_loss)},
                   {"valid_accuracy", offsetof(epoch_record, valid_accuracy)}};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        cJSON *list = cJSON_AddArrayToObject(root, columns[c].name);
        for (size_t i = 0; i < h->history_count; i++) {
            double v = *(const double *)((const char *)&h->history[i] + columns[c].offset);
            cJSON_AddItemToArray(list, v == v ? cJSON_CreateNumber(v) : cJSON_CreateNull());
        }
    }
}

static void add_host(cJSON *root, const host *h)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    cJSON_AddNumberToObject(root, "host_seconds", run_seconds(h));
    cJSON_AddNumberToObject(root, "host_cpu_seconds",
                            (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                                (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6);
    cJSON_AddNumberToObject(root, "host_peak_rss_bytes", (double)use.ru_maxrss * 1024);
}

static char *stats_text(const host *h, arena *memory)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "panther", PANTHER_VERSION);
    cJSON_AddStringToObject(root, "program", h->o->path ? h->o->path : "");
    cJSON_AddStringToObject(root, "command", h->o->command ? h->o->command : "");
    cJSON_AddStringToObject(root, "engine", h->e->table->name);
    cJSON_AddNumberToObject(root, "seed", (double)host_seed(h->plan, h->o));
    add_machine(root, h->e->machine, memory);
    add_code(root, h->e->im);
    if (h->e->table->statistics)
        add_statistics(root, h, h->e->table->statistics(h->e));
    add_history(root, h);
    samples_write(h, root);
    add_host(root, h);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

static bool write_file(const host *h, arena *scratch, const char *text)
{
    file_writer w;
    const char *error = file_write_begin(scratch, &w, h->o->stats);
    if (!error) {
        fprintf(w.stream, "%s\n", text);
        error = file_write_commit(scratch, &w);
    }
    if (error)
        diag_file_error(h->d, h->o->stats, "%s", error);
    return !error;
}

bool stats_write(const host *h)
{
    arena *scratch = arena_new();
    char *text = stats_text(h, scratch);
    bool good = !h->o->stats || write_file(h, scratch, text);
    if (h->o->on_statistics)
        good = h->o->on_statistics(h->o->statistics_context, text) && good;
    cJSON_free(text);
    arena_free(scratch);
    return good;
}
