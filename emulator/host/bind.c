/* Ports of an entry: what the host puts into each of them, and what it reads from the outputs. */
#include "emulator/host/run.h"

#include <string.h>

int bind_find(const image *im, const char *name)
{
    for (uint32_t i = 0; i < im->entry_count; i++)
        if (strcmp(im->entries[i].name, name) == 0)
            return (int)i;
    return -1;
}

int bind_scalar(const bound_entry *b, const char *name)
{
    for (uint32_t p = 0; p < b->entry->input_count; p++)
        if (b->entry->inputs[p].role == PORT_SCALAR && strcmp(b->entry->inputs[p].name, name) == 0)
            return (int)p;
    return -1;
}

static double **buffers(arena *memory, const image_entry *entry, const image_port *ports,
                        uint32_t count)
{
    double **at = ARENA_ARRAY(memory, double *, count + 1);
    for (uint32_t p = 0; p < count; p++)
        at[p] = ARENA_ARRAY(memory, double, engine_port_words(entry, &ports[p]) + 1);
    return at;
}

/* The ports that data goes to; of a run without data each port gets what --input has for it. */
static bool find_ports(host *h, bound_entry *b)
{
    b->example = b->target = -1;
    if (!h->data)
        return true;
    for (uint32_t p = 0; p < b->entry->input_count; p++) {
        const image_port *port = &b->entry->inputs[p];
        int32_t *slot = port->role == PORT_INPUT ? &b->example : &b->target;
        bool read = port->elements > 0; /* a formal that the program does not use has none */
        if (!read || (port->role != PORT_INPUT && port->role != PORT_TARGET))
            continue;
        if (*slot >= 0 || port->per_kernel) {
            diag_file_error(h->d, h->o->path, "entry '%s': port '%s' cannot be fed from data",
                            b->entry->name, port->name);
            return false;
        }
        *slot = (int32_t)p;
    }
    return true;
}

/* Text goes to ports that take one of enough classes at each step of a window. */
static bool check_symbols(host *h, const image_port *port)
{
    const data_set *set = h->data->train.set;
    size_t classes = port->elements / set->elements;
    if (port->encoding == ENCODE_ONE_HOT && port->points == set->elements &&
        port->elements % set->elements == 0 && classes >= set->symbols)
        return true;
    diag_file_error(h->d, set->files[0].path,
                    "data '%s' gives %zu steps of %u classes, but '%s' takes %u of %u",
                    h->data->plan->name, set->elements, set->symbols, port->name, port->points,
                    port->elements / port->points);
    return false;
}

static bool check_example(host *h, const bound_entry *b)
{
    if (b->example < 0)
        return true;
    const image_port *port = &b->entry->inputs[b->example];
    if (h->data->train.set->text && port->encoding == ENCODE_ONE_HOT)
        return check_symbols(h, port);
    if (port->encoding == ENCODE_VALUE && port->elements == h->data->elements)
        return true;
    if (port->encoding != ENCODE_VALUE)
        diag_file_error(
            h->d, h->o->path,
            "not supported: '%s' takes classes as input, because only text data has them",
            port->name);
    else
        diag_file_error(h->d, h->data->train.set->files[0].path,
                        "data '%s' gives %zu elements, but '%s' takes %u", h->data->plan->name,
                        h->data->elements, port->name, port->elements);
    return false;
}

static bool check_target(host *h, const bound_entry *b)
{
    if (b->target < 0)
        return true;
    const image_port *port = &b->entry->inputs[b->target];
    const data_set *set = h->data->train.set;
    if (set->text)
        return check_symbols(h, port);
    if (port->encoding == ENCODE_ONE_HOT || (port->elements == 1 && set->labels)) {
        if (set->labels)
            return port->elements == 1 || data_check_labels(&h->data->train, port->elements, h->d);
        diag_file_error(h->d, set->files[0].path, "data '%s' has no labels, but '%s' takes a class",
                        h->data->plan->name, port->name);
        return false;
    }
    if (set->target_elements == port->elements)
        return true;
    diag_file_error(h->d, set->files[0].path,
                    "data '%s' gives targets of %zu elements, but '%s' "
                    "takes %u",
                    h->data->plan->name, set->target_elements, port->name, port->elements);
    return false;
}

bound_entry *bind_entry(host *h, const char *name)
{
    int index = bind_find(h->e->im, name);
    if (index < 0) {
        diag_file_error(h->d, h->o->path, "the image has no entry '%s'", name);
        return NULL;
    }
    bound_entry *b = &h->entries[index];
    if (b->entry)
        return b;
    bound_entry made = {.entry = &h->e->im->entries[index], .index = (uint32_t)index};
    made.inputs = buffers(h->memory, made.entry, made.entry->inputs, made.entry->input_count);
    made.outputs = buffers(h->memory, made.entry, made.entry->outputs, made.entry->output_count);
    if (!find_ports(h, &made) || (h->data && !(check_example(h, &made) && check_target(h, &made))))
        return NULL;
    *b = made;
    return b;
}

/* The classes of a window, or of the same `on` steps on, each as a vector. */
static void fill_symbols(const bound_entry *b, int32_t index, const data_set *set, size_t record,
                         size_t slot, size_t on)
{
    const image_port *port = &b->entry->inputs[index];
    size_t classes = port->elements / set->elements;
    double *to = b->inputs[index] + slot * port->elements;
    memset(to, 0, port->elements * sizeof *to);
    for (size_t i = 0; i < set->elements; i++)
        to[i * classes + data_symbol(set, record, i + on)] = 1;
}

static void fill_target(const bound_entry *b, const data_set *set, size_t record, size_t slot)
{
    const image_port *port = &b->entry->inputs[b->target];
    double *to = b->inputs[b->target] + slot * port->elements;
    if (port->encoding == ENCODE_ONE_HOT) {
        memset(to, 0, port->elements * sizeof *to);
        if (set->labels && (uint32_t)set->labels[record] < port->elements)
            to[set->labels[record]] = 1;
    } else if (set->target_elements == port->elements) {
        for (size_t i = 0; i < port->elements; i++)
            to[i] = (double)set->targets[record * set->target_elements + i];
    } else {
        to[0] = set->labels ? set->labels[record] : 0;
    }
}

void bind_fill(host *h, bound_entry *b, const data_part *part, size_t slot, size_t example)
{
    if (part->set->text) {
        size_t record = part->records[example];
        if (b->example >= 0)
            fill_symbols(b, b->example, part->set, record, slot, 0);
        if (b->target >= 0)
            fill_symbols(b, b->target, part->set, record, slot, 1);
        return;
    }
    if (b->example >= 0)
        data_example(h->data, part, example, b->inputs[b->example] + slot * h->data->elements);
    if (b->target >= 0)
        fill_target(b, part->set, part->records[example], slot);
}

void bind_clear(bound_entry *b, size_t slot)
{
    for (uint32_t p = 0; p < b->entry->input_count; p++) {
        const image_port *port = &b->entry->inputs[p];
        if (!port->per_kernel)
            memset(b->inputs[p] + slot * port->elements, 0, port->elements * sizeof(double));
    }
}

exit_status bind_run(host *h, bound_entry *b, uint64_t step)
{
    return h->e->table->run(h->e, b->index, step, (const double *const *)b->inputs, b->outputs,
                            h->d);
}

/* The mean over the steps of a window. */
static double text_loss(const host *h, const image_port *port, const double *output,
                        const data_set *set, size_t record)
{
    size_t classes = port->elements / set->elements;
    double sum = 0;
    if (port->elements % set->elements || classes < set->symbols)
        return NAN;
    for (size_t i = 0; i < set->elements; i++) {
        size_t label = data_symbol(set, record, i + 1);
        sum += h->train->loss == LOSS_MSE
                   ? metric_mse(output + i * classes, NULL, classes, label)
                   : metric_cross_entropy(output + i * classes, classes, label);
    }
    return sum / (double)set->elements;
}

double bind_loss(const host *h, const bound_entry *b, const data_part *part, size_t slot,
                 size_t example)
{
    if (b->entry->output_count == 0)
        return NAN;
    const image_port *port = &b->entry->outputs[0];
    const double *output = b->outputs[0] + (port->per_kernel ? 0 : slot * port->elements);
    const data_set *set = part->set;
    bool judged = h->train->loss == LOSS_CROSS_ENTROPY || h->train->loss == LOSS_MSE;
    if (set->text)
        return judged ? text_loss(h, port, output, set, part->records[example]) : NAN;
    size_t record = part->records[example], label = set->labels ? (size_t)set->labels[record] : 0;
    bool has_label = set->labels && label < port->elements;
    bool has_target = set->target_elements == port->elements;
    if (h->train->loss == LOSS_CROSS_ENTROPY && has_label)
        return metric_cross_entropy(output, port->elements, label);
    if (h->train->loss != LOSS_MSE || !(has_label || has_target))
        return NAN;
    const float *target = has_target ? set->targets + record * set->target_elements : NULL;
    return metric_mse(output, target, port->elements, label);
}
