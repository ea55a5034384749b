#include "emulator/host/weights.h"

#include "emulator/host/cells.h"
#include "emulator/host/fold.h"

#include <math.h>
#include <string.h>

static size_t matrix_size(const image_matrix *m)
{
    return (size_t)m->rows * m->columns;
}

/* Where the weight of element i of an output stands: lanes of kernels and maps come last there. */
static size_t input_of(const image_tensor *t, size_t i)
{
    bool pixels = t->rank == 4 || (t->rank == 2 && t->dims[2]);
    size_t taps = pixels ? (size_t)t->dims[2] * t->dims[3] : 1;
    size_t pixel = t->pixel ? t->pixel : t->rows / taps;
    return t->row0 + i % taps * pixel + i / taps;
}

/* Copies between a tensor's own order and its place in the matrix. */
static void tensor_to_matrix(const image_tensor *t, const image_matrix *m, const double *values,
                             double *w)
{
    for (size_t j = 0; j < t->columns; j++)
        for (size_t i = 0; i < t->rows; i++)
            w[input_of(t, i) * m->columns + t->column0 + j] = values[j * t->rows + i];
}

/* To a matrix and all its copies. */
static void write_copies(engine *e, uint32_t matrix, const double *w)
{
    for (uint32_t k = matrix; k < e->im->matrix_count; k++)
        if (image_original(e->im->matrices, k) == matrix)
            e->table->write_matrix(e, k, w);
}

/* Calls fill for each tensor of each matrix, and hands the matrices to the engine. */
typedef bool fill_function(void *context, const image_tensor *t, double *values);

static bool fill_matrices(engine *e, fill_function *fill, void *context)
{
    const image *im = e->im;
    bool good = true;
    arena *memory = arena_new();
    for (uint32_t k = 0; k < im->matrix_count; k++) {
        const image_matrix *m = &im->matrices[k];
        if (m->copy_of)
            continue;
        double *w = ARENA_ARRAY(memory, double, matrix_size(m));
        weight_fold *fold = NULL;
        for (uint32_t i = 0; i < im->tensor_count; i++) {
            const image_tensor *t = &im->tensors[i];
            if (t->matrix != k)
                continue;
            double *values = ARENA_ARRAY(memory, double, (size_t)t->rows * t->columns);
            good = fill(context, t, values) && good;
            if (t->fold)
                fold = fold_take(memory, fold, t, m, values);
            else
                tensor_to_matrix(t, m, values, w);
        }
        if (good && fold)
            fold_apply(fold, m, w);
        if (good)
            write_copies(e, k, w);
    }
    arena_free(memory);
    return good;
}

static bool fill_first(void *context, const image_tensor *t, double *values)
{
    weights_init_tensor(t, *(const uint64_t *)context, values);
    return true;
}

void weights_init(engine *e, uint64_t seed)
{
    fill_matrices(e, fill_first, &seed);
}

typedef struct load_context {
    const safetensors *file;
    diag *d;
} load_context;

static const char *shape_text(arena *memory, const size_t *shape, size_t rank)
{
    const char *text = "";
    for (size_t i = 0; i < rank; i++)
        text = arena_printf(memory, "%s%s%zu", text, i ? ", " : "", shape[i]);
    return arena_printf(memory, "[%s]", text);
}

static size_t tensor_shape(const image_tensor *t, size_t *shape)
{
    size_t rank = t->rank;
    for (size_t i = 0; i < rank; i++)
        shape[i] = t->dims[i];
    return rank;
}

static bool copy_values(const load_context *c, const named_tensor *from, size_t first, size_t count,
                        double *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = safetensors_value(from, first + i);
        if (!isfinite(values[i])) {
            diag_file_error(c->d, c->file->path, "tensor '%s': element %zu is not a finite number",
                            from->name, first + i);
            return false;
        }
    }
    return true;
}

static bool positive_variance(const load_context *c, const image_tensor *t, const double *values)
{
    for (size_t i = 0; t->fold == FOLD_VAR && i < t->columns; i++)
        if (values[i] + t->eps < FOLD_LEAST_VARIANCE) {
            diag_file_error(c->d, c->file->path,
                            "tensor '%s': the variance of element %zu is not positive", t->name,
                            t->first + i);
            return false;
        }
    return true;
}

static bool fill_from_file(void *context, const image_tensor *t, double *values)
{
    const load_context *c = context;
    const named_tensor *found = safetensors_find(c->file, t->name);
    if (!found) {
        diag_file_error(c->d, c->file->path, "it has no tensor '%s'", t->name);
        return false;
    }
    size_t shape[4], rank = tensor_shape(t, shape);
    if (found->rank != rank || memcmp(found->shape, shape, rank * sizeof *shape) != 0) {
        diag_file_error(c->d, c->file->path, "tensor '%s' is %s, but the model's is %s", t->name,
                        shape_text(c->file->memory, found->shape, found->rank),
                        shape_text(c->file->memory, shape, rank));
        return false;
    }
    if (found->type != TENSOR_F32 && found->type != TENSOR_F64) {
        diag_file_error(c->d, c->file->path, "tensor '%s' must have F32 or F64 elements", t->name);
        return false;
    }
    size_t before = (size_t)t->first * t->rows, count = (size_t)t->rows * t->columns;
    return copy_values(c, found, before, count, values) && positive_variance(c, t, values);
}

/* Copies have the digits of their originals; where cells are disturbed each its own. */
static uint32_t owner_of_digits(const engine *e, uint32_t matrix)
{
    return cells_kept(e) ? matrix : image_original(e->im->matrices, matrix);
}

static const char *digits_name(arena *memory, const engine *e, uint32_t matrix, uint32_t block)
{
    const image_matrix *m = &e->im->matrices[owner_of_digits(e, matrix)];
    return arena_printf(memory, "panther.digits.%s.%u", m->name, block);
}

/* A copy at an address fit for int16_t; NULL if a digit is outside its slice. */
static const int16_t *checked_digits(arena *memory, const engine *e, const named_tensor *t)
{
    int16_t *digits = ARENA_ARRAY(memory, int16_t, t->count + 1);
    memcpy(digits, t->bytes, t->count * sizeof *digits);
    const slicing *f = &e->machine->slices;
    size_t plane = t->shape[1] * t->shape[2];
    for (size_t i = 0; e->machine->opa_mode != OPA_IDEAL && i < t->count; i++) {
        int s = (int)(i / plane);
        if (digits[i] < slice_low(f, s) || digits[i] > slice_high(f, s))
            return NULL;
    }
    return digits;
}

static bool load_block(arena *memory, engine *e, uint32_t k, uint32_t b, const safetensors *file,
                       diag *d)
{
    const image_matrix *m = &e->im->matrices[k];
    const image_block *block = &m->blocks[b];
    const char *name = digits_name(memory, e, k, b);
    const named_tensor *t = safetensors_find(file, name);
    bool fits = t && t->type == TENSOR_I16 && t->rank == 3 &&
                t->shape[0] == (size_t)e->machine->slices.slices && t->shape[1] == block->rows &&
                t->shape[2] == block->columns;
    const int16_t *digits = fits ? checked_digits(memory, e, t) : NULL;
    if (!digits) {
        diag_file_error(
            d, file->path,
            "'%s' is missing or does not fit; it was saved for another model or machine", name);
        return false;
    }
    if (cells_kept(e))
        return cells_load(e, k, b, file, digits, d);
    e->table->write_digits(e, k, b, digits);
    return true;
}

static bool load_digits(engine *e, const safetensors *file, diag *d)
{
    arena *memory = arena_new();
    bool good = cells_resumable(e, file, d);
    for (uint32_t k = 0; good && k < e->im->matrix_count; k++)
        for (uint32_t b = 0; good && b < e->im->matrices[k].block_count; b++)
            good = load_block(memory, e, k, b, file, d);
    arena_free(memory);
    return good;
}

bool weights_load(engine *e, const safetensors *file, bool with_digits, diag *d)
{
    load_context context = {file, d};
    if (!fill_matrices(e, fill_from_file, &context))
        return false;
    return !with_digits || !e->table->write_digits || load_digits(e, file, d);
}

/* Calls visit for every part of a tensor with its matrix, and writes the matrix back if asked to. */
typedef void visit_part(const image *im, const image_tensor *t, double *w, double *values);

static void visit_tensor(engine *e, const char *name, bool write, visit_part *visit, double *values)
{
    arena *scratch = arena_new();
    for (uint32_t i = 0; i < e->im->tensor_count; i++) {
        const image_tensor *t = &e->im->tensors[i];
        if (strcmp(t->name, name) != 0)
            continue;
        const image_matrix *m = &e->im->matrices[t->matrix];
        double *w = ARENA_ARRAY(scratch, double, matrix_size(m) + 1);
        e->table->read_matrix(e, t->matrix, w);
        visit(e->im, t, w, values + (size_t)t->first * t->rows);
        if (write)
            write_copies(e, t->matrix, w);
    }
    arena_free(scratch);
}

static void take_part(const image *im, const image_tensor *t, double *w, double *values)
{
    const double *column = w + t->column0;
    size_t columns = im->matrices[t->matrix].columns;
    bool held = fold_holds(im, t);
    for (size_t j = 0; j < t->columns; j++)
        for (size_t i = 0; i < t->rows; i++)
            values[j * t->rows + i] = held ? column[input_of(t, i) * columns + j]
                                           : fold_identity(t);
}

static void put_part(const image *im, const image_tensor *t, double *w, double *values)
{
    if (fold_holds(im, t))
        tensor_to_matrix(t, &im->matrices[t->matrix], values, w);
}

void weights_read_tensor(engine *e, const char *name, double *values)
{
    visit_tensor(e, name, false, take_part, values);
}

void weights_write_tensor(engine *e, const char *name, const double *values)
{
    visit_tensor(e, name, true, put_part, (double *)(uintptr_t)values);
}

/* The tensor that t is part of; made with the first part that is stored. */
static float *whole_tensor(arena *memory, const image_tensor *t, safetensors *file)
{
    const named_tensor *known = safetensors_find(file, t->name);
    if (known)
        return (float *)(uintptr_t)known->bytes;
    size_t shape[4], rank = tensor_shape(t, shape), count = 1;
    for (size_t i = 0; i < rank; i++)
        count *= shape[i];
    float *values = ARENA_ARRAY(memory, float, count + 1);
    safetensors_add(file, t->name, TENSOR_F32, shape, rank, values);
    return values;
}

static void store_tensor(arena *memory, const image *im, const image_tensor *t, double *w,
                         safetensors *file)
{
    size_t count = (size_t)t->rows * t->columns;
    float *values = whole_tensor(memory, t, file) + (size_t)t->first * t->rows;
    double *taken = ARENA_ARRAY(memory, double, count + 1);
    take_part(im, t, w, taken);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)taken[i];
}

static void store_digits(arena *memory, engine *e, uint32_t k, safetensors *file)
{
    const image_matrix *m = &e->im->matrices[k];
    for (uint32_t b = 0; b < m->block_count; b++) {
        size_t shape[] = {(size_t)e->machine->slices.slices, m->blocks[b].rows,
                          m->blocks[b].columns};
        int16_t *digits = ARENA_ARRAY(memory, int16_t, shape[0] * shape[1] * shape[2] + 1);
        e->table->read_digits(e, k, b, digits);
        safetensors_add(file, digits_name(memory, e, k, b), TENSOR_I16, shape, 3, digits);
        if (cells_kept(e))
            cells_store(e, k, b, file);
    }
}

void weights_store(engine *e, safetensors *file)
{
    const image *im = e->im;
    for (uint32_t k = 0; k < im->matrix_count; k++) {
        const image_matrix *m = &im->matrices[k];
        if (m->copy_of)
            continue;
        double *w = ARENA_ARRAY(file->memory, double, matrix_size(m));
        e->table->read_matrix(e, k, w);
        for (uint32_t i = 0; i < im->tensor_count; i++)
            if (im->tensors[i].matrix == k)
                store_tensor(file->memory, im, &im->tensors[i], w, file);
    }
    for (uint32_t k = 0; e->table->read_digits && k < im->matrix_count; k++)
        if (owner_of_digits(e, k) == k)
            store_digits(file->memory, e, k, file);
}
