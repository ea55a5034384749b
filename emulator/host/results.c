/* Values of output ports in files: what entries without a plan give, kernel after kernel. */
#include "emulator/host/npy.h"
#include "emulator/host/run.h"
#include "isa/support/file.h"

#include <stdlib.h>
#include <string.h>

/* What one file gets. */
typedef struct kept_result {
    uint32_t port;
    size_t used, capacity;
    double *values; /* of malloc */
} kept_result;

struct kept_results {
    kept_result *rows; /* one per host_options.results */
};

static int find_output(const image_entry *entry, const char *name)
{
    for (uint32_t p = 0; p < entry->output_count; p++)
        if (strcmp(entry->outputs[p].name, name) == 0)
            return (int)p;
    return -1;
}

kept_results *results_new(host *h, const bound_entry *b)
{
    kept_results *kept = ARENA_NEW(h->memory, kept_results);
    kept->rows = ARENA_ARRAY(h->memory, kept_result, h->o->result_count + 1);
    for (size_t i = 0; i < h->o->result_count; i++) {
        int port = find_output(b->entry, h->o->results[i].port);
        if (port < 0) {
            diag_file_error(h->d, h->o->path, "entry '%s' has no output '%s'", b->entry->name,
                            h->o->results[i].port);
            return NULL;
        }
        kept->rows[i].port = (uint32_t)port;
    }
    return kept;
}

bool results_has(const host *h, const kept_results *kept, uint32_t port)
{
    for (size_t i = 0; i < h->o->result_count; i++)
        if (kept->rows[i].port == port)
            return true;
    return false;
}

bool results_add(host *h, kept_results *kept, const bound_entry *b)
{
    for (size_t i = 0; i < h->o->result_count; i++) {
        kept_result *k = &kept->rows[i];
        size_t words = engine_port_words(b->entry, &b->entry->outputs[k->port]);
        void *values = k->values;
        if (!data_reserve(&values, &k->capacity, k->used, words, sizeof *k->values)) {
            diag_file_error(h->d, h->o->results[i].file, "there is not enough memory for it");
            return false;
        }
        k->values = values;
        memcpy(k->values + k->used, b->outputs[k->port], words * sizeof *k->values);
        k->used += words;
    }
    return true;
}

static const char *write_csv(arena *memory, const char *path, size_t rows, size_t elements,
                             const double *values)
{
    file_writer w;
    const char *error = file_write_begin(memory, &w, path);
    if (error)
        return error;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < elements; i++)
            fprintf(w.stream, "%.17g%c", values[r * elements + i], i + 1 < elements ? ',' : '\n');
    return file_write_commit(memory, &w);
}

bool results_write(host *h, kept_results *kept, const bound_entry *b)
{
    bool good = true;
    for (size_t i = 0; i < h->o->result_count; i++) {
        const kept_result *k = &kept->rows[i];
        const char *path = h->o->results[i].file;
        size_t elements = b->entry->outputs[k->port].elements;
        size_t rows = elements ? k->used / elements : 0;
        const char *error =
            (npy_named(path) ? npy_write : write_csv)(h->memory, path, rows, elements, k->values);
        if (error)
            diag_file_error(h->d, path, "%s", error);
        good = good && !error;
    }
    return good;
}

void results_free(const host *h, kept_results *kept)
{
    for (size_t i = 0; kept && i < h->o->result_count; i++)
        free(kept->rows[i].values);
}
