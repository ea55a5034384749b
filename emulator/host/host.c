#include "emulator/host/host.h"

#include "emulator/host/progress.h"
#include "emulator/host/run.h"

#include <string.h>

uint64_t host_seed(const plan *p, const host_options *options)
{
    if (options->seed_given || p->train_count == 0)
        return options->seed;
    return p->train[0].seed;
}

/* Parts that test() and validate() of a block need; they fail before the first epoch, not after. */
static bool check_actions(host *h)
{
    for (size_t i = 0; i < h->train->every_count; i++)
        for (size_t k = 0; k < h->train->every[i].action_count; k++) {
            const plan_action *a = &h->train->every[i].actions[k];
            h->plan_has_crs = h->plan_has_crs || a->kind == ACTION_CRS;
            if (a->kind != ACTION_TEST && a->kind != ACTION_VALIDATE)
                continue;
            bool test = a->kind == ACTION_TEST;
            if (!a->entry && !h->train->evaluate) {
                diag_file_error(h->d, h->o->path, "%s() of '%s' names no network to run",
                                test ? "test" : "validate", h->train->item);
                return false;
            }
            if ((test ? &h->data->test : &h->data->valid)->count == 0) {
                diag_file_error(h->d, h->o->path, "data '%s' has no %s part", h->data->plan->name,
                                test ? "test" : "valid");
                return false;
            }
            if (!bind_entry(h, a->entry ? a->entry : h->train->evaluate))
                return false;
        }
    return true;
}

static bool check_batch(host *h)
{
    uint32_t batch = h->training->entry->batch;
    int64_t wanted = h->o->batch ? h->o->batch : h->train->batch;
    if (wanted != (int64_t)batch) {
        diag_file_error(h->d, h->o->path, "the image was compiled for batches of %u, not %lld",
                        batch, (long long)wanted);
        return false;
    }
    h->batches_per_epoch = h->data->train.count / batch;
    if (h->batches_per_epoch > 0)
        return true;
    diag_file_error(h->d, h->o->path,
                    "data '%s' has %zu training examples, less than one batch "
                    "of %u",
                    h->data->plan->name, h->data->train.count, batch);
    return false;
}

/* Everything of a train block that can fail without running it. */
static bool prepare_block(host *h)
{
    h->epochs = h->o->epochs ? h->o->epochs : h->train->epochs;
    h->plan_has_crs = false;
    h->entries = ARENA_ARRAY(h->memory, bound_entry, h->e->im->entry_count + 1);
    h->data = data_open(h->memory, h->d, &h->o->folders, h->train->data);
    if (!h->data)
        return false;
    h->training = bind_entry(h, h->train->entry);
    if (!h->training || !check_batch(h) || !check_actions(h))
        return false;
    if (h->at.batch > h->batches_per_epoch) {
        diag_file_error(h->d, h->o->weights, "it cannot be resumed: the data is not the same");
        return false;
    }
    h->order = ARENA_ARRAY(h->memory, size_t, h->data->train.count + 1);
    return true;
}

static bool load_weights(host *h, const char *path, bool resume)
{
    arena *scratch = arena_new();
    safetensors *file = safetensors_read(scratch, h->d, path);
    bool good =
        file && (!resume || checkpoint_resume(h, file)) && weights_load(h->e, file, resume, h->d);
    arena_free(scratch);
    return good;
}

static bool start_weights(host *h)
{
    weights_init(h->e, host_seed(h->plan, h->o));
    return !h->o->weights || load_weights(h, h->o->weights, h->o->resume);
}

/* The file a block's settings name, unless the run starts elsewhere. */
static bool block_weights(host *h)
{
    bool fresh = h->at.epoch == 0 && h->at.batch == 0;
    if (!fresh || !h->train->weights || h->o->weights)
        return true;
    const char *path =
        data_find(h->memory, h->d, &h->o->folders, h->train->base, h->train->weights);
    return path && load_weights(h, path, false);
}

static exit_status train_all(host *h)
{
    for (; h->at.block < h->plan->train_count; h->at.block++) {
        h->train = &h->plan->train[h->at.block];
        h->seed = h->o->seed_given ? h->o->seed : h->train->seed;
        exit_status status = EXIT_INPUT;
        if (prepare_block(h) && block_weights(h)) {
            report_block(h);
            samples_plan(h, (uint64_t)h->epochs * h->batches_per_epoch);
            status = train_block(h);
        }
        data_close(h->data);
        h->data = NULL;
        if (status != EXIT_DONE)
            return status;
        if (h->at.block + 1 == h->plan->train_count)
            break; /* the last block stays current: a checkpoint of the end can be continued */
        h->epochs_before += h->at.epoch;
        uint64_t step = h->at.step, opas = h->at.opas, block = h->at.block;
        h->at = (run_position){.block = block, .step = step, .opas = opas, .best = INFINITY};
    }
    return EXIT_DONE;
}

exit_status host_run(arena *memory, diag *d, engine *e, const plan *p, const host_options *options)
{
    host h = {.memory = memory, .d = d, .e = e, .plan = p, .o = options};
    h.at.best = INFINITY;
    h.metrics = (run_metrics){.rate = NAN};
    clock_gettime(CLOCK_MONOTONIC, &h.started);
    h.progress = progress_new(memory, options->progress && !options->quiet, "examples");
    bool entries_only = p->train_count == 0 || options->entry || options->timing_only;
    if (!entries_only && options->input_count + options->result_count > 0) {
        diag_file_error(d, options->path,
                        "its inputs come from its data; --input and --result go with --entry");
        return EXIT_INPUT;
    }
    if (!options->timing_only && !start_weights(&h))
        return EXIT_INPUT;
    report_start(&h);
    exit_status status = entries_only ? execute_entries(&h) : train_all(&h);
    progress_wipe(h.progress);
    if (status == EXIT_DONE)
        report_end(&h);
    if (status == EXIT_DONE && options->save)
        status = checkpoint_save(&h, options->save);
    if (status == EXIT_DONE && host_wants_statistics(options) && !stats_write(&h))
        status = EXIT_INPUT;
    return status;
}
