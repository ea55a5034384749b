#include "emulator/host/data.h"

#include "emulator/host/data_read.h"
#include "isa/support/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Random streams of the host (isa/support/random.h): fixed, so that runs can be repeated. */
enum { STREAM_SPLIT = 0x5350, STREAM_ORDER = 0x4f52 };

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

const char *data_find(arena *memory, diag *d, const data_folders *folders, const char *base,
                      const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *tries[4] = {file};
    size_t count = 1;
    if (file[0] != '/') {
        count = 0;
        tries[count++] = base[0] ? arena_printf(memory, "%s/%s", base, file) : file;
        if (folders->program && strcmp(folders->program, base) != 0)
            tries[count++] = arena_printf(memory, "%s/%s", folders->program, file);
        if (folders->extra) {
            tries[count++] = arena_printf(memory, "%s/%s", folders->extra, file);
            if (slash)
                tries[count++] = arena_printf(memory, "%s/%s", folders->extra, slash + 1);
        }
    }
    for (size_t i = 0; i < count; i++)
        if (is_there(tries[i]))
            return tries[i];
    diag_file_error(d, tries[0], "there is no such file");
    for (size_t i = 1; i < count; i++)
        diag_note(d, SOURCE_NOWHERE, "nor is there '%s'", tries[i]);
    if (!folders->extra && file[0] != '/')
        diag_help(d, "--data FOLDER names another place to look for '%s'", file);
    return NULL;
}

static data_load *const loaders[SOURCE_KINDS] = {
    [SOURCE_CSV] = data_load_csv,       [SOURCE_IDX] = data_load_idx,
    [SOURCE_CIFAR10] = data_load_cifar, [SOURCE_CIFAR100] = data_load_cifar,
    [SOURCE_RAW] = data_load_raw,       [SOURCE_NPY] = data_load_npy_pair,
    [SOURCE_TEXT] = data_load_text,
};

static data_set *load_set(arena *memory, diag *d, const data_folders *folders, data_group *g,
                          const plan_source *source)
{
    const char **paths = ARENA_ARRAY(memory, const char *, source->file_count);
    for (size_t i = 0; i < source->file_count; i++) {
        paths[i] = data_find(memory, d, folders, source->base, source->files[i]);
        if (!paths[i])
            return NULL;
    }
    data_set *set = ARENA_NEW(memory, data_set);
    set->memory = memory;
    g->sets[g->set_count++] = set; /* closed with the group even if loading fails */
    return loaders[source->kind](set, d, source, paths) ? set : NULL;
}

void data_close(data_group *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->set_count; i++) {
        data_set *s = g->sets[i];
        free(s->bytes);
        free(s->reals);
        free(s->labels);
        free(s->targets);
        free(s->lines);
    }
    g->set_count = 0;
}

static int by_number(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void shuffle(size_t *at, size_t count, random_state *r)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)random_below(r, i), kept = at[i - 1];
        at[i - 1] = at[j];
        at[j] = kept;
    }
}

static data_part whole(arena *memory, const data_set *set)
{
    data_part part = {set, ARENA_ARRAY(memory, size_t, set->count + 1), set->count};
    for (size_t i = 0; i < set->count; i++)
        part.records[i] = i;
    return part;
}

/* Takes the fractions for test and valid out of the training part, of a text from its end. */
static void split(data_group *g)
{
    const plan_data *p = g->plan;
    if (!(p->test.fraction > 0) && !(p->valid.fraction > 0))
        return;
    size_t n = g->train.count, *order = g->train.records;
    random_state r = random_from(p->seed, STREAM_SPLIT);
    if (!g->train.set->text)
        shuffle(order, n, &r);
    size_t tests = (size_t)(p->test.fraction * (double)n + 0.5);
    size_t valids = (size_t)(p->valid.fraction * (double)n + 0.5);
    if (tests + valids > n)
        valids = n - tests;
    if (g->train.set->text) {
        g->train.count = n - tests - valids;
        g->valid = (data_part){g->train.set, order + g->train.count, valids};
        g->test = (data_part){g->train.set, order + g->train.count + valids, tests};
        return;
    }
    if (tests > 0)
        g->test = (data_part){g->train.set, order, tests};
    if (valids > 0)
        g->valid = (data_part){g->train.set, order + tests, valids};
    g->train.records = order + tests + valids;
    g->train.count = n - tests - valids;
    data_part *parts[] = {&g->train, &g->test, &g->valid};
    for (size_t i = 0; i < 3; i++)
        if (parts[i]->set == g->train.set)
            qsort(parts[i]->records, parts[i]->count, sizeof(size_t), by_number);
}

static bool load_parts(data_group *g, arena *memory, diag *d, const data_folders *folders)
{
    const plan_data *p = g->plan;
    data_set *train = load_set(memory, d, folders, g, p->train);
    if (!train)
        return false;
    g->elements = train->elements;
    g->train = whole(memory, train);
    if (p->limit >= 0 && (size_t)p->limit < g->train.count)
        g->train.count = (size_t)p->limit;
    split(g);
    const plan_part *others[] = {&p->test, &p->valid};
    data_part *parts[] = {&g->test, &g->valid};
    for (size_t i = 0; i < 2; i++) {
        if (!others[i]->source)
            continue;
        data_set *set = load_set(memory, d, folders, g, others[i]->source);
        if (!set)
            return false;
        if (set->elements != g->elements) {
            diag_file_error(d, set->files[0].path,
                            "its examples have %zu elements, but those of %s have %zu",
                            set->elements, train->files[0].path, g->elements);
            return false;
        }
        if (set->text != train->text) {
            diag_file_error(d, set->files[0].path, "it is %stext, but %s is%s",
                            set->text ? "" : "no ", train->files[0].path,
                            train->text ? "" : " not");
            return false;
        }
        if (set->text && !data_take_symbols(set, d, train))
            return false;
        *parts[i] = whole(memory, set);
    }
    return true;
}

/* One number, one per channel (planes) or one per element -> one per element. */
static double *spread(data_group *g, arena *memory, diag *d, const char *name,
                      const plan_numbers *n)
{
    if (g->elements % n->count != 0) {
        diag_file_error(d, g->train.set->files[0].path,
                        "'%s' of data '%s' has %zu numbers, which do not divide the %zu elements "
                        "of an example",
                        name, g->plan->name, n->count, g->elements);
        return NULL;
    }
    size_t run = g->elements / n->count;
    double *out = ARENA_ARRAY(memory, double, g->elements);
    for (size_t i = 0; i < g->elements; i++)
        out[i] = n->items[i / run];
    return out;
}

static double element(const data_set *set, size_t record, size_t i)
{
    size_t at = record * set->elements + i;
    return set->bytes ? set->bytes[at] : (double)set->reals[at];
}

static double scaled(const data_group *g, const data_set *set, size_t record, size_t i)
{
    return (element(set, record, i) * g->scale[i] - g->mean[i]) / g->std[i];
}

/* Mean and deviation of each feature over the training part; a constant feature keeps its scale. */
static void standardize(data_group *g, arena *memory)
{
    double *mean = ARENA_ARRAY(memory, double, g->elements);
    double *deviation = ARENA_ARRAY(memory, double, g->elements);
    double n = (double)g->train.count;
    for (size_t e = 0; e < g->train.count; e++)
        for (size_t i = 0; i < g->elements; i++)
            mean[i] += scaled(g, g->train.set, g->train.records[e], i) / n;
    for (size_t e = 0; e < g->train.count; e++)
        for (size_t i = 0; i < g->elements; i++) {
            double off = scaled(g, g->train.set, g->train.records[e], i) - mean[i];
            deviation[i] += off * off / n;
        }
    for (size_t i = 0; i < g->elements; i++)
        deviation[i] = deviation[i] > 1e-24 ? sqrt(deviation[i]) : 1;
    g->feature_mean = mean;
    g->feature_std = deviation;
}

data_group *data_open(arena *memory, diag *d, const data_folders *folders, const plan_data *p)
{
    data_group *g = ARENA_NEW(memory, data_group);
    g->plan = p;
    bool good = load_parts(g, memory, d, folders);
    if (good) {
        g->scale = spread(g, memory, d, "scale", &p->scale);
        g->mean = spread(g, memory, d, "mean", &p->mean);
        g->std = spread(g, memory, d, "std", &p->std);
        good = g->scale && g->mean && g->std;
    }
    if (good && (p->flip || p->crop >= 0) && g->train.set->channels == 0) {
        diag_file_error(d, g->train.set->files[0].path,
                        "flip and crop need images, and these examples have no height and width");
        good = false;
    }
    if (good && p->standardize)
        standardize(g, memory);
    if (good)
        return g;
    data_close(g);
    return NULL;
}

const char *data_where(arena *memory, const data_set *set, size_t record, const char **path)
{
    const data_file *f = &set->files[0];
    for (size_t i = 1; i < set->file_count; i++)
        if (set->files[i].first <= record)
            f = &set->files[i];
    *path = f->path;
    if (set->lines)
        return arena_printf(memory, "line %u", set->lines[record]);
    return arena_printf(memory, "record %zu", record - f->first);
}

bool data_check_labels(const data_part *part, uint32_t classes, diag *d)
{
    const data_set *set = part->set;
    for (size_t i = 0; set && set->labels && i < part->count; i++) {
        size_t record = part->records[i];
        if ((uint32_t)set->labels[record] < classes)
            continue;
        const char *path, *where = data_where(set->memory, set, record, &path);
        diag_file_error(d, path, "%s has label %d, but classes are 0 to %u", where,
                        set->labels[record], classes - 1);
        return false;
    }
    return true;
}

void data_order(const data_part *part, bool shuffled, uint64_t seed, uint64_t epoch, size_t *order)
{
    for (size_t i = 0; i < part->count; i++)
        order[i] = i;
    if (!shuffled)
        return;
    random_state r = random_from(random_mix(seed) ^ epoch, STREAM_ORDER);
    shuffle(order, part->count, &r);
}

void data_example(const data_group *g, const data_part *part, size_t i, double *out)
{
    size_t record = part->records[i];
    for (size_t k = 0; k < g->elements; k++)
        out[k] = scaled(g, part->set, record, k);
    if (g->feature_mean)
        for (size_t k = 0; k < g->elements; k++)
            out[k] = (out[k] - g->feature_mean[k]) / g->feature_std[k];
}
