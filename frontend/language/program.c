#include "frontend/language/program.h"

#include <string.h>

const char *const pan_format_names[PAN_FORMATS] = {"activation", "weight", "error"};

int pan_format(const pan_format_set *set, pan_format_kind kind)
{
    return set->given[kind] ? set->q[kind] : -1;
}

int pan_op_format(const pan_program *p, const pan_op *op, pan_format_kind kind)
{
    if (op->layer != PAN_NONE)
        return pan_format(&p->layers[op->layer].formats, kind);
    bool product = op->code == PAN_MATVEC || op->code == PAN_PARAM;
    return product ? pan_format(&p->params[op->params[0]].formats, kind) : -1;
}

/* Dimensions are bounded by the checker so that these products fit. */
int64_t pan_type_width(const pan_type *t)
{
    pan_kind kind = t->kind == PAN_SEQ ? t->element : t->kind;
    if (kind == PAN_SCALAR)
        return 1;
    return kind == PAN_MATRIX ? t->dim[0] * t->dim[1] : t->dim[0];
}

int64_t pan_type_positions(const pan_type *t)
{
    return t->kind == PAN_SEQ ? t->steps : t->kind == PAN_MAP ? t->dim[1] * t->dim[2] : 1;
}

int64_t pan_type_elements(const pan_type *t)
{
    bool label = t->kind == PAN_LABEL || (t->kind == PAN_SEQ && t->element == PAN_LABEL);
    return pan_type_positions(t) * (label ? 1 : pan_type_width(t));
}

bool pan_type_equal(const pan_type *a, const pan_type *b)
{
    if (a->kind != b->kind)
        return false;
    pan_kind kind = a->kind;
    if (kind == PAN_SEQ) {
        if (a->element != b->element || a->steps != b->steps)
            return false;
        kind = a->element;
    }
    int dims = kind == PAN_SCALAR ? 0 : kind == PAN_MAP ? 3 : kind == PAN_MATRIX ? 2 : 1;
    for (int i = 0; i < dims; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static const char *plain_text(arena *memory, pan_kind kind, const int64_t *dim)
{
    switch (kind) {
    case PAN_VEC:
        return arena_printf(memory, "vec[%lld]", (long long)dim[0]);
    case PAN_LABEL:
        return arena_printf(memory, "label[%lld]", (long long)dim[0]);
    case PAN_MAP:
        return arena_printf(memory, "map[%lld, %lld, %lld]", (long long)dim[0], (long long)dim[1],
                            (long long)dim[2]);
    case PAN_MATRIX:
        return arena_printf(memory, "matrix[%lld, %lld]", (long long)dim[0], (long long)dim[1]);
    default:
        return "scalar";
    }
}

const char *pan_type_text(arena *memory, const pan_type *t)
{
    if (t->kind != PAN_SEQ)
        return plain_text(memory, t->kind, t->dim);
    return arena_printf(memory, "seq[%lld, %s]", (long long)t->steps,
                        plain_text(memory, t->element, t->dim));
}

int64_t pan_item_parameters(const pan_program *p, const pan_item *item)
{
    int64_t total = 0;
    for (size_t i = 0; i < item->param_count; i++) {
        const pan_param *w = &p->params[item->params[i]];
        int64_t size = w->statistic ? 0 : 1;
        for (uint32_t d = 0; d < w->rank; d++)
            size *= w->shape[d];
        total += size;
    }
    return total;
}

const pan_item *pan_find_item(const pan_program *p, const char *name)
{
    for (size_t i = 0; i < p->item_count; i++)
        if (!strcmp(p->items[i].name, name))
            return &p->items[i];
    return NULL;
}

/* Greedy with one point to come back to: linear in practice, quadratic at worst. */
bool pan_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
