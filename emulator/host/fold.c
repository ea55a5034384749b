#include "emulator/host/fold.h"

#include "emulator/host/weights.h"

#include <math.h>
#include <string.h>

struct weight_fold {
    double *by_kind[FOLD_VAR + 1]; /* one per output of the matrix; VAR with eps */
    size_t *bias;                  /* input that gets the shift */
};

static weight_fold *fold_new(arena *memory, const image_matrix *m)
{
    weight_fold *f = ARENA_NEW(memory, weight_fold);
    for (int k = FOLD_SCALE; k <= FOLD_VAR; k++)
        f->by_kind[k] = ARENA_ARRAY(memory, double, m->columns + 1);
    f->bias = ARENA_ARRAY(memory, size_t, m->columns + 1);
    for (uint32_t j = 0; j < m->columns; j++)
        f->by_kind[FOLD_SCALE][j] = f->by_kind[FOLD_VAR][j] = 1;
    return f;
}

weight_fold *fold_take(arena *memory, weight_fold *fold, const image_tensor *t,
                       const image_matrix *m, const double *values)
{
    weight_fold *f = fold ? fold : fold_new(memory, m);
    for (uint32_t j = 0; j < t->columns; j++) {
        f->by_kind[t->fold][t->column0 + j] = values[j] + t->eps;
        f->bias[t->column0 + j] = t->row0;
    }
    return f;
}

void fold_apply(const weight_fold *f, const image_matrix *m, double *w)
{
    for (uint32_t j = 0; j < m->columns; j++) {
        double scale = f->by_kind[FOLD_SCALE][j] /
                       sqrt(fmax(f->by_kind[FOLD_VAR][j], FOLD_LEAST_VARIANCE));
        for (size_t i = 0; i < m->rows; i++)
            w[i * m->columns + j] *= scale;
        w[f->bias[j] * m->columns + j] +=
            f->by_kind[FOLD_SHIFT][j] - f->by_kind[FOLD_MEAN][j] * scale;
    }
}

/* Whether the layer's own bias stands where the folded vector t adds to. */
static bool has_bias(const image *im, const image_tensor *t)
{
    for (uint32_t i = 0; i < im->tensor_count; i++) {
        const image_tensor *o = &im->tensors[i];
        if (!o->fold && o->matrix == t->matrix && o->row0 <= t->row0 &&
            t->row0 < o->row0 + o->rows && o->column0 < t->column0 + t->columns &&
            t->column0 < o->column0 + o->columns)
            return true;
    }
    return false;
}

bool fold_holds(const image *im, const image_tensor *t)
{
    return !t->fold || (t->fold == FOLD_SHIFT && !has_bias(im, t));
}

double fold_identity(const image_tensor *t)
{
    return t->fold == FOLD_SCALE ? 1 : t->fold == FOLD_VAR ? 1 - t->eps : 0;
}

bool weights_folded(const image *im, const char *name)
{
    for (uint32_t i = 0; i < im->tensor_count; i++)
        if (strcmp(im->tensors[i].name, name) == 0 && !fold_holds(im, &im->tensors[i]))
            return true;
    return false;
}
