/*
 * Checkpoints: weights by name, the digits of every crossbar, and as metadata where the run stands.
 * A run resumed from one gives the same bits as one that was never interrupted. Numbers are written
 * in hexadecimal floating point, exactly.
 */
#include "emulator/host/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The whole numbers of a position, by the names they have in the file. */
typedef struct counter_row {
    const char *name;
    size_t offset;
} counter_row;

#define COUNTER(field)                                                                             \
    {                                                                                              \
        "panther." #field, offsetof(run_position, field)                                           \
    }
static const counter_row counters[] = {COUNTER(block),   COUNTER(epoch),  COUNTER(batch),
                                       COUNTER(batches), COUNTER(step),   COUNTER(opas),
                                       COUNTER(every),   COUNTER(action), COUNTER(waited)};
#define REAL(field)                                                                                \
    {                                                                                              \
        "panther." #field, offsetof(run_metrics, field)                                            \
    }
static const counter_row reals[] = {REAL(loss.sum),      REAL(log_loss.sum), REAL(test_loss),
                                    REAL(test_accuracy), REAL(valid_loss),   REAL(valid_accuracy)};
static const counter_row sums[] = {REAL(loss.count), REAL(log_loss.count)};

enum {
    COUNTERS = sizeof counters / sizeof *counters,
    REALS = sizeof reals / sizeof *reals,
    SUMS = sizeof sums / sizeof *sums
};

static void note_counter(safetensors *f, const char *name, uint64_t value)
{
    safetensors_note(f, name, arena_printf(f->memory, "%llu", (unsigned long long)value));
}

static void note_real(safetensors *f, const char *name, double value)
{
    safetensors_note(f, name, arena_printf(f->memory, "%a", value));
}

static void store_position(const host *h, safetensors *f)
{
    safetensors_note(f, "format", "panther");
    note_counter(f, "panther.seed", host_seed(h->plan, h->o));
    note_counter(f, "panther.in_moment", h->at.in_moment);
    safetensors_note(f, "panther.item", h->train->item);
    for (size_t i = 0; i < COUNTERS; i++)
        note_counter(f, counters[i].name,
                     *(const uint64_t *)((const char *)&h->at + counters[i].offset));
    note_real(f, "panther.best", h->at.best);
    for (size_t i = 0; i < REALS; i++)
        note_real(f, reals[i].name, *(const double *)((const char *)&h->metrics + reals[i].offset));
    for (size_t i = 0; i < SUMS; i++)
        note_counter(f, sums[i].name,
                     *(const uint64_t *)((const char *)&h->metrics + sums[i].offset));
}

exit_status checkpoint_save(host *h, const char *path)
{
    arena *scratch = arena_new();
    safetensors *f = safetensors_new(scratch);
    weights_store(h->e, f);
    if (h->train)
        store_position(h, f);
    const char *error = safetensors_write(f, path);
    if (error)
        diag_file_error(h->d, path, "%s", error);
    arena_free(scratch);
    return error ? EXIT_INPUT : EXIT_DONE;
}

/* ---- resume ---- */

static bool read_counter(host *h, const safetensors *f, const char *name, uint64_t *out)
{
    const char *text = safetensors_text(f, name);
    char *end;
    errno = 0;
    unsigned long long v = text && text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    if (!text || text[0] < '0' || text[0] > '9' || *end || errno) {
        diag_file_error(h->d, f->path, "it cannot be resumed: '%s' is missing or not a number",
                        name);
        return false;
    }
    *out = v;
    return true;
}

static bool read_real(host *h, const safetensors *f, const char *name, double *out)
{
    const char *text = safetensors_text(f, name);
    char *end;
    double v = text && text[0] ? strtod(text, &end) : 0;
    if (!text || !text[0] || *end) {
        diag_file_error(h->d, f->path, "it cannot be resumed: '%s' is missing or not a number",
                        name);
        return false;
    }
    *out = v;
    return true;
}

static bool read_position(host *h, const safetensors *f)
{
    uint64_t moment = 0, seed = 0;
    if (!read_counter(h, f, "panther.seed", &seed) ||
        !read_counter(h, f, "panther.in_moment", &moment) ||
        !read_real(h, f, "panther.best", &h->at.best))
        return false;
    for (size_t i = 0; i < COUNTERS; i++)
        if (!read_counter(h, f, counters[i].name,
                          (uint64_t *)((char *)&h->at + counters[i].offset)))
            return false;
    for (size_t i = 0; i < REALS; i++)
        if (!read_real(h, f, reals[i].name, (double *)((char *)&h->metrics + reals[i].offset)))
            return false;
    for (size_t i = 0; i < SUMS; i++)
        if (!read_counter(h, f, sums[i].name, (uint64_t *)((char *)&h->metrics + sums[i].offset)))
            return false;
    h->at.in_moment = moment != 0;
    if (seed != host_seed(h->plan, h->o)) {
        diag_file_error(h->d, f->path, "it was saved by a run with seed %llu, this one has %llu",
                        (unsigned long long)seed, (unsigned long long)host_seed(h->plan, h->o));
        return false;
    }
    return true;
}

bool checkpoint_resume(host *h, const safetensors *f)
{
    if (!safetensors_text(f, "panther.step")) {
        diag_file_error(h->d, f->path, "it cannot be resumed: it holds weights only");
        return false;
    }
    if (!read_position(h, f))
        return false;
    const char *item = safetensors_text(f, "panther.item");
    if (h->at.block >= h->plan->train_count ||
        strcmp(item ? item : "", h->plan->train[h->at.block].item) != 0) {
        diag_file_error(h->d, f->path,
                        "it cannot be resumed: it was saved while '%s' was trained, "
                        "which this program does not do there",
                        item ? item : "");
        return false;
    }
    return true;
}
