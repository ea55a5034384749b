/* The emulator as an engine: values to the words of each port's format and back. */
#include "emulator/host/engine.h"

#include "isa/support/fixed.h"

#include <math.h>

typedef struct entry_words {
    int16_t **inputs, **outputs;
} entry_words;

typedef struct emulator_engine {
    engine base;
    emulator *emulator;
    entry_words *words; /* per entry */
    int64_t *weights;   /* of the largest matrix */
} emulator_engine;

size_t engine_port_words(const image_entry *entry, const image_port *port)
{
    return (size_t)port->elements * (port->per_kernel ? 1 : entry->batch);
}

static exit_status run(engine *base, uint32_t index, uint64_t step, const double *const *inputs,
                       double *const *outputs, diag *d)
{
    emulator_engine *e = (emulator_engine *)base;
    const image_entry *entry = &base->im->entries[index];
    const entry_words *w = &e->words[index];
    for (uint32_t p = 0; inputs && p < entry->input_count; p++) {
        size_t count = engine_port_words(entry, &entry->inputs[p]);
        for (size_t i = 0; i < count; i++)
            w->inputs[p][i] = fixed_from_double(inputs[p][i], entry->inputs[p].q);
    }
    exit_status status =
        emulator_run(e->emulator, index, step, inputs ? (const int16_t *const *)w->inputs : NULL,
                     outputs ? w->outputs : NULL, d);
    for (uint32_t p = 0; outputs && status == EXIT_DONE && p < entry->output_count; p++) {
        size_t count = engine_port_words(entry, &entry->outputs[p]);
        for (size_t i = 0; i < count; i++)
            outputs[p][i] = fixed_to_double(w->outputs[p][i], entry->outputs[p].q);
    }
    return status;
}

/* The emulator clamps to what canonical digits hold; this keeps the conversion itself defined. */
static int64_t weight_of(double v, int q)
{
    double scaled = round(ldexp(v, q));
    if (!(scaled > -0x1p55))
        return scaled < 0 ? -((int64_t)1 << 55) : 0;
    return scaled < 0x1p55 ? (int64_t)scaled : (int64_t)1 << 55;
}

static void write_matrix(engine *base, uint32_t matrix, const double *w)
{
    emulator_engine *e = (emulator_engine *)base;
    const image_matrix *m = &base->im->matrices[matrix];
    size_t count = (size_t)m->rows * m->columns;
    for (size_t i = 0; i < count; i++)
        e->weights[i] = weight_of(w[i], m->q);
    emulator_write_matrix(e->emulator, matrix, e->weights);
}

static void read_matrix(engine *base, uint32_t matrix, double *w)
{
    emulator_engine *e = (emulator_engine *)base;
    const image_matrix *m = &base->im->matrices[matrix];
    size_t count = (size_t)m->rows * m->columns;
    emulator_read_matrix(e->emulator, matrix, e->weights);
    for (size_t i = 0; i < count; i++)
        w[i] = fixed_to_double(e->weights[i], m->q);
}

static void write_digits(engine *base, uint32_t matrix, uint32_t block, const int16_t *digits)
{
    emulator_write_digits(((emulator_engine *)base)->emulator, matrix, block, digits);
}

static void read_digits(engine *base, uint32_t matrix, uint32_t block, int16_t *digits)
{
    emulator_read_digits(((emulator_engine *)base)->emulator, matrix, block, digits);
}

static void crs(engine *base)
{
    emulator_crs(((emulator_engine *)base)->emulator);
}

static const emulator_totals *statistics(engine *base)
{
    return emulator_statistics(((emulator_engine *)base)->emulator);
}

static const emulator_profile *profile(engine *base)
{
    return emulator_profile_of(((emulator_engine *)base)->emulator);
}

static void sample(const engine *base, emulator_sample *to)
{
    emulator_sample_now(((const emulator_engine *)base)->emulator, to);
}

static bool has_cells(const engine *base)
{
    return emulator_has_cells(((const emulator_engine *)base)->emulator);
}

static void save_cells(engine *base, uint32_t matrix, uint32_t block, int16_t *residues,
                       uint64_t events[CELL_EVENTS])
{
    emulator_save_cells(((emulator_engine *)base)->emulator, matrix, block, residues, events);
}

static void restore_cells(engine *base, uint32_t matrix, uint32_t block, const int16_t *digits,
                          const int16_t *residues, const uint64_t events[CELL_EVENTS])
{
    emulator_restore_cells(((emulator_engine *)base)->emulator, matrix, block, digits, residues,
                           events);
}

static const engine_table table = {.name = "emulator",
                                   .run = run,
                                   .write_matrix = write_matrix,
                                   .read_matrix = read_matrix,
                                   .write_digits = write_digits,
                                   .read_digits = read_digits,
                                   .crs = crs,
                                   .statistics = statistics,
                                   .profile = profile,
                                   .sample = sample,
                                   .has_cells = has_cells,
                                   .save_cells = save_cells,
                                   .restore_cells = restore_cells};

static int16_t **port_words(arena *memory, const image_entry *entry, const image_port *ports,
                            uint32_t count)
{
    int16_t **words = ARENA_ARRAY(memory, int16_t *, count + 1);
    for (uint32_t p = 0; p < count; p++)
        words[p] = ARENA_ARRAY(memory, int16_t, engine_port_words(entry, &ports[p]) + 1);
    return words;
}

engine *engine_emulator(arena *memory, const machine *m, const image *im,
                        const emulator_options *options, diag *d, const char *path)
{
    emulator_engine *e = ARENA_NEW(memory, emulator_engine);
    e->base = (engine){&table, im, m};
    e->emulator = emulator_new(memory, m, im, options, d, path);
    if (!e->emulator)
        return NULL;
    e->words = ARENA_ARRAY(memory, entry_words, im->entry_count + 1);
    for (uint32_t i = 0; i < im->entry_count; i++) {
        const image_entry *entry = &im->entries[i];
        e->words[i].inputs = port_words(memory, entry, entry->inputs, entry->input_count);
        e->words[i].outputs = port_words(memory, entry, entry->outputs, entry->output_count);
    }
    size_t largest = 0;
    for (uint32_t i = 0; i < im->matrix_count; i++) {
        size_t size = (size_t)im->matrices[i].rows * im->matrices[i].columns;
        largest = size > largest ? size : largest;
    }
    e->weights = ARENA_ARRAY(memory, int64_t, largest + 1);
    return &e->base;
}
