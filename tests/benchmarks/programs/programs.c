/*
 * Whole programs on the emulator: kernels of a compiled image, one after the other, on made-up data
 * like that of a training run (weights drawn as the image says, half of the pixels dark). Time is
 * host time, with cycles, energy counts and all arithmetic; what is reported is the median kernel.
 * Numbers of threads take turns, kernel by kernel, so that all of them see the same weather.
 */
#include "emulator/emulator.h"
#include "isa/support/fixed.h"
#include "isa/support/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "usage: programs [OPTION...] MACHINE IMAGE...\n"
    "Runs the first training entry of every image again and again and prints rates.\n"
    "  --threads N,N,...  numbers of host threads (1)\n"
    "  --seconds S        for so long each (2)\n"
    "  --examples N       or so many examples each\n"
    "  --crs N            carry resolution every N kernels\n"
    "  --fidelity NAME    ideal or adc, instead of the machine's\n"
    "  --timing-only      without data\n"
    "  --json FILE        the same figures\n";

enum { THREAD_COUNTS = 16, SEED = 7 };

typedef struct settings {
    int threads[THREAD_COUNTS], thread_count;
    double seconds;
    long examples, crs;
    bool timing_only;
    const char *fidelity, *json_name;
    FILE *json;
    bool any_json;
} settings;

typedef struct figures {
    double seconds, kernel_seconds, best; /* all kernels, the median one, the fastest */
    double cpu_seconds;                   /* of all threads, all kernels */
    long kernels;
    double *times;
    size_t count, capacity;
    emulator_totals first, last;
} figures;

typedef struct subject {
    arena *memory;
    const machine *machine;
    const image *image;
    const image_entry *entry;
    const char *path;
    emulator *emulator;
    const int16_t **inputs;
    int16_t **outputs;
    int threads;
    figures got;
} subject;

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double initial_weight(const image_tensor *t, random_state *r)
{
    if (t->init == INIT_CONSTANT)
        return t->init_value;
    double sum = 0; /* of twelve uniforms: nearly normal */
    int draws = t->init == INIT_NORMAL ? 12 : 1;
    for (int k = 0; k < draws; k++)
        sum += random_unit(r);
    return t->init == INIT_NORMAL ? t->init_value * (sum - 6) : t->init_value * (2 * sum - 1);
}

static void write_weights(const subject *s)
{
    random_state r = random_from(SEED, 1);
    for (uint32_t k = 0; k < s->image->matrix_count; k++) {
        const image_matrix *m = &s->image->matrices[k];
        int64_t *w = ARENA_ARRAY(s->memory, int64_t, (size_t)m->rows * m->columns);
        for (uint32_t n = 0; n < s->image->tensor_count; n++) {
            const image_tensor *t = &s->image->tensors[n];
            if (t->matrix != k)
                continue;
            for (size_t i = 0; i < t->rows; i++)
                for (size_t j = 0; j < t->columns; j++)
                    w[(t->row0 + i) * m->columns + t->column0 + j] =
                        llround(ldexp(initial_weight(t, &r), m->q));
        }
        emulator_write_matrix(s->emulator, k, w);
    }
}

static size_t port_words(const subject *s, const image_port *p)
{
    return (size_t)p->elements * (p->per_kernel ? 1 : s->entry->batch);
}

static void make_port(const subject *s, const image_port *p, random_state *r, int16_t *words)
{
    size_t count = port_words(s, p);
    for (size_t i = 0; i < count; i++)
        words[i] = random_below(r, 2) ? fixed_saturate(llround(ldexp(random_unit(r), p->q))) : 0;
    for (size_t i = 0; p->encoding == ENCODE_ONE_HOT && i < count; i += p->elements) {
        memset(words + i, 0, p->elements * sizeof *words);
        words[i + random_below(r, p->elements)] = fixed_saturate((int64_t)1 << p->q);
    }
    if (p->role == PORT_SCALAR)
        words[0] = fixed_saturate(llround(ldexp(-0.01, p->q)));
}

static void make_data(subject *s)
{
    random_state r = random_from(SEED, 2);
    const image_entry *e = s->entry;
    s->inputs = ARENA_ARRAY(s->memory, const int16_t *, e->input_count + 1);
    s->outputs = ARENA_ARRAY(s->memory, int16_t *, e->output_count + 1);
    for (uint32_t p = 0; p < e->input_count; p++) {
        int16_t *words = ARENA_ARRAY(s->memory, int16_t, port_words(s, &e->inputs[p]));
        make_port(s, &e->inputs[p], &r, words);
        s->inputs[p] = words;
    }
    for (uint32_t p = 0; p < e->output_count; p++)
        s->outputs[p] = ARENA_ARRAY(s->memory, int16_t, port_words(s, &e->outputs[p]));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool enough(const settings *o, const subject *s)
{
    const figures *f = &s->got;
    return o->examples ? f->kernels * (long)s->entry->batch >= o->examples
                       : f->seconds >= o->seconds && f->kernels >= 3;
}

static bool run_kernel(const settings *o, subject *s, uint64_t step, diag *d)
{
    figures *f = &s->got;
    uint32_t entry = (uint32_t)(s->entry - s->image->entries);
    double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    if (emulator_run(s->emulator, entry, step, s->inputs, s->outputs, d) != EXIT_DONE)
        return false;
    if (o->crs && step % (uint64_t)o->crs == (uint64_t)o->crs - 1)
        emulator_crs(s->emulator);
    if (step == 0 && !o->examples) { /* pages and predictors */
        f->first = *emulator_statistics(s->emulator);
        return true;
    }
    double seconds = now(CLOCK_MONOTONIC) - start;
    ARENA_PUSH(s->memory, f->times, f->count, f->capacity, seconds);
    f->cpu_seconds += now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    f->seconds += seconds;
    f->kernels++;
    return true;
}

/* All in turn, until the slowest has enough. */
static bool run_kernels(const settings *o, subject *subjects, int count, diag *d)
{
    bool all = false;
    for (uint64_t step = 0; !all; step++) {
        all = true;
        for (int k = 0; k < count; k++) {
            if (!run_kernel(o, &subjects[k], step, d))
                return false;
            all &= enough(o, &subjects[k]);
        }
    }
    for (int k = 0; k < count; k++) {
        figures *f = &subjects[k].got;
        f->last = *emulator_statistics(subjects[k].emulator);
        qsort(f->times, f->count, sizeof *f->times, ascending);
        f->kernel_seconds = f->times[f->count / 2];
        f->best = f->times[0];
    }
    return true;
}

static void report(settings *o, const subject *s)
{
    const figures *f = &s->got;
    const emulator_totals *a = &f->first, *b = &f->last;
    const char *slash = strrchr(s->path, '/');
    const char *name = slash ? slash + 1 : s->path;
    double products = (double)(b->mvm + b->mtvm - a->mvm - a->mtvm) / f->seconds;
    double updates = (double)(b->opa - a->opa) / f->seconds;
    double instructions = (double)(b->instructions - a->instructions) / f->seconds;
    double cycles = (double)(b->cycles - a->cycles) / f->seconds;
    double examples = (double)f->kernels * s->entry->batch / f->seconds;
    printf("%-20s %3d %9.3f %9.3f %9.3f %11.0f %11.3g %11.3g %11.3g %11.3g %9.2f\n", name,
           s->threads, f->kernel_seconds * 1e3, f->best * 1e3,
           f->cpu_seconds * 1e3 / (double)f->kernels, examples, products, updates, instructions,
           cycles, f->seconds);
    if (!o->json)
        return;
    fprintf(o->json,
            "%s\n {\"image\": \"%s\", \"entry\": \"%s\", \"batch\": %u, \"threads\": %d, "
            "\"kernel_ms\": %.6g, \"best_ms\": %.6g, \"cpu_ms\": %.6g, "
            "\"seconds\": %.6g, \"kernels\": %ld, \"examples_per_s\": %.6g, "
            "\"products_per_s\": %.6g, \"updates_per_s\": %.6g, \"instructions_per_s\": %.6g, "
            "\"cycles_per_s\": %.6g, \"cycles_per_kernel\": %llu}",
            o->any_json ? "," : "", name, s->entry->name, s->entry->batch, s->threads,
            f->kernel_seconds * 1e3, f->best * 1e3, f->cpu_seconds * 1e3 / (double)f->kernels,
            f->seconds, f->kernels, examples, products, updates,
            instructions, cycles, (unsigned long long)b->last_kernel_cycles);
    o->any_json = true;
}

/* The first one that trains, or else the first. */
static const image_entry *choose_entry(const image *im)
{
    for (uint32_t k = 0; k < im->entry_count; k++)
        if (im->entries[k].updates)
            return &im->entries[k];
    return &im->entries[0];
}

static bool start(const settings *o, const machine *m, const image *im, const char *path,
                  int threads, arena *memory, diag *d, subject *s)
{
    emulator_options options = {
        .seed = SEED, .threads = threads, .timing_only = o->timing_only};
    *s = (subject){.memory = memory, .machine = m, .image = im, .path = path, .threads = threads};
    s->entry = choose_entry(im);
    s->emulator = emulator_new(memory, m, im, &options, d, path);
    if (!s->emulator)
        return false;
    write_weights(s);
    make_data(s);
    return true;
}

static bool measure(settings *o, const machine *m, const image *im, const char *path,
                    arena *memory, diag *d)
{
    subject subjects[THREAD_COUNTS];
    for (int k = 0; k < o->thread_count; k++)
        if (!start(o, m, im, path, o->threads[k], memory, d, &subjects[k]))
            return false;
    if (!run_kernels(o, subjects, o->thread_count, d))
        return false;
    for (int k = 0; k < o->thread_count; k++)
        report(o, &subjects[k]);
    fflush(stdout);
    return true;
}

static bool measure_image(settings *o, const char *machine_path, const char *path)
{
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    machine *m = machine_load(memory, d, machine_path);
    image *im = m ? image_read(memory, d, path) : NULL;
    if (im && o->fidelity)
        m->fidelity = strcmp(o->fidelity, "ideal") ? FIDELITY_ADC : FIDELITY_IDEAL;
    if (im)
        m->opa_mode = im->opa_mode;
    bool good = im && im->entry_count && image_fits_machine(im, m, d, path);
    good = good && measure(o, m, im, path, memory, d);
    diag_print(d, stderr, false);
    arena_free(memory);
    return good;
}

static void parse_threads(settings *o, const char *text)
{
    o->thread_count = 0;
    for (char *end; *text && o->thread_count < THREAD_COUNTS; text = *end ? end + 1 : end) {
        o->threads[o->thread_count++] = (int)strtol(text, &end, 10);
        if (end == text)
            break;
    }
}

static int parse(settings *o, int argc, char **argv)
{
    *o = (settings){.threads = {1}, .thread_count = 1, .seconds = 2};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--timing-only")) {
            o->timing_only = true;
            continue;
        }
        if (!strcmp(argv[i], "--threads"))
            parse_threads(o, value);
        else if (!strcmp(argv[i], "--seconds"))
            o->seconds = atof(value);
        else if (!strcmp(argv[i], "--examples"))
            o->examples = atol(value);
        else if (!strcmp(argv[i], "--crs"))
            o->crs = atol(value);
        else if (!strcmp(argv[i], "--fidelity"))
            o->fidelity = value;
        else if (!strcmp(argv[i], "--json"))
            o->json_name = value;
        else
            return argc;
        i++;
    }
    return i;
}

int main(int argc, char **argv)
{
    settings o;
    int at = parse(&o, argc, argv);
    if (at + 2 > argc)
        return fputs(usage, stderr), 2;
    o.json = o.json_name ? fopen(o.json_name, "w") : NULL;
    if (o.json_name && !o.json)
        return perror(o.json_name), 1;
    printf("%-20s %3s %9s %9s %9s %11s %11s %11s %11s %11s %9s\n", "", "thr", "ms/kernel",
           "best", "cpu", "examples/s", "products/s", "updates/s", "insns/s", "cycles/s",
           "seconds");
    if (o.json)
        fprintf(o.json, "{\"programs\": [");
    bool good = true;
    for (int k = at + 1; good && k < argc; k++)
        good = measure_image(&o, argv[at], argv[k]);
    if (o.json)
        fprintf(o.json, "\n]}\n");
    if (o.json && fclose(o.json) != 0)
        return perror(o.json_name), 1;
    return good ? 0 : 1;
}
