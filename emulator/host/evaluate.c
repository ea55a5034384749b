#include "emulator/host/progress.h"
#include "emulator/host/run.h"

typedef struct tally {
    metric_mean loss, accuracy;
} tally;

static void judge(const host *h, const bound_entry *b, const data_part *part, size_t slot,
                  size_t example, tally *t)
{
    const image_port *port = &b->entry->outputs[0];
    const double *output = b->outputs[0] + slot * port->elements;
    metric_add(&t->loss, bind_loss(h, b, part, slot, example));
    const data_set *set = part->set;
    size_t classes = port->elements / set->elements;
    for (size_t i = 0; set->text && classes > 0 && i < set->elements; i++) {
        size_t symbol = data_symbol(set, part->records[example], i + 1);
        metric_add(&t->accuracy, metric_argmax(output + i * classes, classes) == symbol);
    }
    if (part->set->labels) {
        size_t label = (size_t)part->set->labels[part->records[example]];
        metric_add(&t->accuracy, metric_argmax(output, port->elements) == label);
    }
}

static bool check(host *h, const bound_entry *b, const data_part *part)
{
    if (b->entry->output_count == 0 || b->entry->outputs[0].per_kernel || b->example < 0) {
        diag_file_error(h->d, h->o->path, "entry '%s' has no output for each example to judge by",
                        b->entry->name);
        return false;
    }
    uint32_t classes = b->entry->outputs[0].elements;
    return !part->set->labels || classes == 1 || data_check_labels(part, classes, h->d);
}

/* Runs the batch that starts at an example and judges its outputs. */
static exit_status evaluate_batch(host *h, bound_entry *b, const data_part *part, size_t first,
                                  tally *t)
{
    size_t batch = b->entry->batch, left = part->count - first;
    size_t filled = left < batch ? left : batch;
    for (size_t slot = 0; slot < filled; slot++)
        bind_fill(h, b, part, slot, first + slot);
    for (size_t slot = filled; slot < batch; slot++)
        bind_clear(b, slot); /* padding; its outputs are ignored */
    exit_status status = bind_run(h, b, first / batch);
    for (size_t slot = 0; status == EXIT_DONE && slot < filled; slot++)
        judge(h, b, part, slot, first + slot, t);
    return status;
}

exit_status evaluate(host *h, const char *name, const data_part *part, double *loss,
                     double *accuracy)
{
    bound_entry *b = bind_entry(h, name);
    if (!b || !check(h, b, part))
        return EXIT_INPUT;
    arena *scratch = arena_new();
    progress *line = progress_new(scratch, h->o->progress && !h->o->quiet, "examples");
    tally t = {0};
    exit_status status = EXIT_DONE;
    for (size_t first = 0; status == EXIT_DONE && first < part->count; first += b->entry->batch) {
        status = evaluate_batch(h, b, part, first, &t);
        progress_show(line, name, first, part->count);
    }
    progress_wipe(line);
    arena_free(scratch);
    *loss = metric_value(&t.loss);
    *accuracy = metric_value(&t.accuracy);
    return status;
}
