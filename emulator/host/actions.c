/* `every N unit { ... }`: what is due at a moment, in the order written. */
#include "emulator/host/progress.h"
#include "emulator/host/run.h"

#include <stdlib.h>
#include <string.h>

static bool is_due(const host *h, const plan_every *e, bool epoch_ends)
{
    uint64_t period = (uint64_t)e->period, batch = h->training->entry->batch;
    switch (e->unit) {
    case UNIT_BATCHES:
        return h->at.batches % period == 0;
    case UNIT_EXAMPLES:
        return h->at.batches * batch / period > (h->at.batches - 1) * batch / period;
    case UNIT_EPOCHS:
        return epoch_ends && (h->at.epoch + 1) % period == 0;
    }
    return false;
}

static double metric(const host *h, const char *name)
{
    const run_metrics *m = &h->metrics;
    const struct {
        const char *name;
        double value;
    } known[] = {{"loss", metric_value(&m->log_loss)},    {"rate", m->rate},
                 {"valid_loss", m->valid_loss},           {"test_loss", m->test_loss},
                 {"valid_accuracy", m->valid_accuracy},   {"test_accuracy", m->test_accuracy},
                 {"output", metric_value(&m->outputs[0])}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].value;
    if (strncmp(name, "output_", 7) == 0) {
        unsigned long index = strtoul(name + 7, NULL, 10);
        if (index < OUTPUTS_MAX)
            return metric_value(&m->outputs[index]);
    }
    return NAN;
}

static exit_status judge(host *h, const plan_action *a)
{
    bool test = a->kind == ACTION_TEST;
    const char *entry = a->entry ? a->entry : h->train->evaluate;
    progress_wipe(h->progress);
    run_metrics *m = &h->metrics;
    return evaluate(h, entry, test ? &h->data->test : &h->data->valid,
                    test ? &m->test_loss : &m->valid_loss,
                    test ? &m->test_accuracy : &m->valid_accuracy);
}

static void log_metrics(host *h, const plan_action *a)
{
    progress_wipe(h->progress);
    run_metrics *m = &h->metrics;
    if (!h->o->quiet) {
        fprintf(h->o->out, "  epoch %llu, batch %llu:", (unsigned long long)h->at.epoch + 1,
                (unsigned long long)h->at.batch);
        for (size_t i = 0; i < a->metric_count; i++)
            fprintf(h->o->out, "%s %s %.6g", i ? "," : "", a->metrics[i], metric(h, a->metrics[i]));
        fputc('\n', h->o->out);
    }
    m->log_loss = (metric_mean){0};
    memset(m->outputs, 0, sizeof m->outputs);
}

typedef struct name_context {
    const host *h;
    arena *memory;
} name_context;

static const char *name_part(void *context, const char *name)
{
    const name_context *c = context;
    if (strcmp(name, "epoch") == 0)
        return arena_printf(c->memory, "%llu", (unsigned long long)c->h->at.epoch + 1);
    if (strcmp(name, "batch") == 0)
        return arena_printf(c->memory, "%llu", (unsigned long long)c->h->at.batch);
    return arena_printf(c->memory, "%.4g", metric(c->h, name));
}

static exit_status save(host *h, const plan_action *a)
{
    arena *scratch = arena_new();
    name_context context = {h, scratch};
    const char *path = plan_expand(scratch, a->file, name_part, &context);
    exit_status status = checkpoint_save(h, path);
    progress_wipe(h->progress);
    if (status == EXIT_DONE && !h->o->quiet)
        fprintf(h->o->out, "  saved %s\n", path);
    arena_free(scratch);
    return status;
}

static exit_status run_action(host *h, const plan_action *a)
{
    switch (a->kind) {
    case ACTION_TEST:
    case ACTION_VALIDATE:
        return judge(h, a);
    case ACTION_SAVE:
        return save(h, a);
    case ACTION_CRS:
        if (h->o->crs == CRS_FROM_PLAN)
            run_crs(h);
        return EXIT_DONE;
    case ACTION_LOG:
        log_metrics(h, a);
        return EXIT_DONE;
    case ACTION_KINDS:
        break;
    }
    return EXIT_INTERNAL;
}

exit_status actions_run(host *h, bool epoch_ends)
{
    for (; h->at.every < h->train->every_count; h->at.every++, h->at.action = 0) {
        const plan_every *every = &h->train->every[h->at.every];
        if (!is_due(h, every, epoch_ends))
            continue;
        while (h->at.action < every->action_count) {
            /* Counted before it runs: a checkpoint saved here continues behind itself. */
            exit_status status = run_action(h, &every->actions[h->at.action++]);
            if (status != EXIT_DONE)
                return status;
        }
    }
    return EXIT_DONE;
}
