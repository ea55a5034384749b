/* A machine with an image on it: values in and out, kernels, weights, counters. */
#include "frontend/library/library.h"

#include "emulator/host/weights.h"

#include <math.h>
#include <string.h>

static double **new_values(arena *memory, const image_entry *entry, const image_port *ports,
                           uint32_t count)
{
    double **values = ARENA_ARRAY(memory, double *, count + 1);
    for (uint32_t i = 0; i < count; i++)
        values[i] = ARENA_ARRAY(memory, double, engine_port_words(entry, &ports[i]) + 1);
    return values;
}

static void make_entries(panther_emulator *e)
{
    const image *im = e->image->im;
    e->entries = ARENA_ARRAY(e->memory, entry_values, im->entry_count + 1);
    for (uint32_t i = 0; i < im->entry_count; i++) {
        const image_entry *entry = &im->entries[i];
        e->entries[i].inputs = new_values(e->memory, entry, entry->inputs, entry->input_count);
        e->entries[i].outputs = new_values(e->memory, entry, entry->outputs, entry->output_count);
    }
}

panther_emulator *panther_start(panther *p, panther_image *img,
                                const panther_start_options *options)
{
    static const panther_start_options nothing = {0};
    const panther_start_options *o = options ? options : &nothing;
    if (img->owner != p || o->threads < 0 || o->threads > 256) {
        library_usage(p, img->owner != p ? "the image belongs to another panther"
                                           : "threads are 0 to 256");
        return NULL;
    }
    arena *memory = arena_new();
    panther_emulator *e = ARENA_NEW(memory, panther_emulator);
    *e = (panther_emulator){.owner = p, .image = img, .memory = memory};
    e->timing_only = o->timing_only != 0;
    e->d = diag_new(memory, img->sources);
    emulator_options settings = {
        .seed = o->seed, .threads = o->threads, .timing_only = e->timing_only};
    e->engine = engine_emulator(memory, img->machine, img->im, &settings, e->d, "image");
    library_take(p, e->d);
    if (!e->engine) {
        arena_free(memory);
        return NULL;
    }
    e->next = img->emulators;
    img->emulators = e;
    make_entries(e);
    if (!e->timing_only)
        weights_init(e->engine, o->seed);
    return e;
}

void panther_stop(panther_emulator *e)
{
    if (!e)
        return;
    for (panther_emulator **at = &e->image->emulators; *at; at = &(*at)->next)
        if (*at == e) {
            *at = e->next;
            break;
        }
    arena_free(e->memory);
}

/* Index of the entry, -1 with the messages set if there is none. */
static int find_entry(const panther_emulator *e, const char *name)
{
    const image *im = e->image->im;
    for (uint32_t i = 0; i < im->entry_count; i++)
        if (strcmp(im->entries[i].name, name) == 0)
            return (int)i;
    library_usage(e->owner, "the image has no entry '%s'", name);
    return -1;
}

/* Index of a port that takes count values; -1 with the messages set. */
static int find_port(const panther_emulator *e, const image_entry *entry, const image_port *ports,
                     uint32_t port_count, const char *name, size_t count)
{
    for (uint32_t i = 0; i < port_count; i++) {
        if (strcmp(ports[i].name, name) != 0)
            continue;
        size_t words = engine_port_words(entry, &ports[i]);
        if (words == count)
            return (int)i;
        library_usage(e->owner, "port '%s' of '%s' has %zu values, not %zu", name, entry->name,
                      words, count);
        return -1;
    }
    library_usage(e->owner, "entry '%s' has no such port '%s'", entry->name, name);
    return -1;
}

panther_status panther_write(panther_emulator *e, const char *entry, const char *port,
                             const double *values, size_t count)
{
    int index = find_entry(e, entry);
    if (index < 0)
        return PANTHER_USAGE;
    const image_entry *row = &e->image->im->entries[index];
    int at = find_port(e, row, row->inputs, row->input_count, port, count);
    if (at < 0)
        return PANTHER_USAGE;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return library_usage(e->owner, "value %zu of port '%s' is not a finite number", i,
                                 port);
    memcpy(e->entries[index].inputs[at], values, count * sizeof *values);
    return PANTHER_DONE;
}

panther_status panther_run(panther_emulator *e, const char *entry)
{
    int index = find_entry(e, entry);
    if (index < 0)
        return PANTHER_USAGE;
    entry_values *v = &e->entries[index];
    const double *const *inputs = e->timing_only ? NULL : (const double *const *)v->inputs;
    exit_status status = e->engine->table->run(e->engine, (uint32_t)index, e->step++, inputs,
                                               e->timing_only ? NULL : v->outputs, e->d);
    v->ran = status == EXIT_DONE && !e->timing_only;
    library_take(e->owner, e->d);
    return (panther_status)status;
}

panther_status panther_read(const panther_emulator *e, const char *entry, const char *port,
                            double *values, size_t count)
{
    int index = find_entry(e, entry);
    if (index < 0)
        return PANTHER_USAGE;
    const image_entry *row = &e->image->im->entries[index];
    int at = find_port(e, row, row->outputs, row->output_count, port, count);
    if (at < 0)
        return PANTHER_USAGE;
    if (!e->entries[index].ran)
        return library_usage(e->owner, "entry '%s' has not run with data yet", entry);
    memcpy(values, e->entries[index].outputs[at], count * sizeof *values);
    return PANTHER_DONE;
}

void panther_resolve_carries(panther_emulator *e)
{
    e->engine->table->crs(e->engine);
}

static panther_status no_numbers(const panther_emulator *e)
{
    return library_usage(e->owner, "an emulator for timing only has no weights");
}

panther_status panther_load_weights(panther_emulator *e, const char *path)
{
    if (e->timing_only)
        return no_numbers(e);
    arena *scratch = arena_new();
    safetensors *file = safetensors_read(scratch, e->d, path);
    bool good = file && weights_load(e->engine, file, false, e->d);
    library_take(e->owner, e->d);
    arena_free(scratch);
    return good ? PANTHER_DONE : PANTHER_INPUT;
}

panther_status panther_save_weights(panther_emulator *e, const char *path)
{
    if (e->timing_only)
        return no_numbers(e);
    arena *scratch = arena_new();
    safetensors *file = safetensors_new(scratch);
    weights_store(e->engine, file);
    const char *error = safetensors_write(file, path);
    if (error)
        diag_file_error(e->d, path, "%s", error);
    library_take(e->owner, e->d);
    arena_free(scratch);
    return error ? PANTHER_INPUT : PANTHER_DONE;
}

/* PANTHER_DONE if the tensor is there and has so many elements. */
static panther_status check_tensor(const panther_emulator *e, const char *name, size_t count)
{
    if (e->timing_only)
        return no_numbers(e);
    for (size_t i = 0; i < e->image->tensor_count; i++) {
        const panther_tensor *t = &e->image->tensors[i];
        if (strcmp(t->name, name) != 0)
            continue;
        if (t->elements == count)
            return PANTHER_DONE;
        return library_usage(e->owner, "tensor '%s' has %zu elements, not %zu", name, t->elements,
                             count);
    }
    return library_usage(e->owner, "the image has no tensor '%s'", name);
}

panther_status panther_read_weights(panther_emulator *e, const char *tensor, double *values,
                                    size_t count)
{
    panther_status status = check_tensor(e, tensor, count);
    if (status == PANTHER_DONE)
        weights_read_tensor(e->engine, tensor, values);
    return status;
}

panther_status panther_write_weights(panther_emulator *e, const char *tensor, const double *values,
                                     size_t count)
{
    panther_status status = check_tensor(e, tensor, count);
    for (size_t i = 0; status == PANTHER_DONE && i < count; i++)
        if (!isfinite(values[i]))
            status = library_usage(e->owner, "element %zu of tensor '%s' is not a finite number", i,
                                   tensor);
    if (status == PANTHER_DONE && weights_folded(e->engine->im, tensor))
        status = library_usage(e->owner,
                               "tensor '%s' is folded into the layer before it; "
                               "panther_load_weights takes it from a file",
                               tensor);
    if (status == PANTHER_DONE)
        weights_write_tensor(e->engine, tensor, values);
    return status;
}

void panther_get_statistics(panther_emulator *e, panther_statistics *out)
{
    const emulator_totals *t = e->engine->table->statistics(e->engine);
    *out = (panther_statistics){
        .cycles = t->cycles,
        .kernels = t->kernels,
        .instructions = t->instructions,
        .mvm = t->mvm,
        .mtvm = t->mtvm,
        .opa = t->opa,
        .crs = t->crs,
        .adc_clips = t->adc_clips,
        .last_kernel_cycles = t->last_kernel_cycles,
        .seconds = (double)t->cycles / (e->image->machine->clock_ghz * 1e9),
        .energy_pj = t->energy_pj + t->leakage_pj,
        .leakage_pj = t->leakage_pj,
    };
}

double panther_layer_energy_pj(panther_emulator *e, size_t layer)
{
    if (layer >= e->image->im->layer_count)
        return 0;
    return e->engine->table->statistics(e->engine)->by_layer[layer];
}
