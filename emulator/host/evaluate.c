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

exit_status evaluate(host *h, const char *name, const data_part *part, double *loss,
                     double *accuracy)
{
    bound_entry *b = bind_entry(h, name);
    if (!b || !check(h, b, part))
        return EXIT_INPUT;
    tally t = {0};
    size_t batch = b->entry->batch;
    for (size_t first = 0; first < part->count; first += batch) {
        size_t left = part->count - first, filled = left < batch ? left : batch;
        for (size_t slot = 0; slot < filled; slot++)
            bind_fill(h, b, part, slot, first + slot);
        for (size_t slot = filled; slot < batch; slot++)
            bind_clear(b, slot); /* padding; its outputs are ignored */
        exit_status status = bind_run(h, b, first / batch);
        if (status != EXIT_DONE)
            return status;
        for (size_t slot = 0; slot < filled; slot++)
            judge(h, b, part, slot, first + slot, &t);
    }
    *loss = metric_value(&t.loss);
    *accuracy = metric_value(&t.accuracy);
    return EXIT_DONE;
}
