#include "ir/text.h"

#include <string.h>

/* Stores an integer in the width of the field. */
static void store(ir_field_kind kind, void *at, int64_t v)
{
    switch (kind) {
    case IR_FIELD_U8:
        *(uint8_t *)at = (uint8_t)v;
        break;
    case IR_FIELD_U32:
    case IR_FIELD_U32_OR_0:
        *(uint32_t *)at = (uint32_t)v;
        break;
    case IR_FIELD_I16:
        *(int16_t *)at = (int16_t)v;
        break;
    case IR_FIELD_I64:
        *(int64_t *)at = v;
        break;
    case IR_FIELD_BOOL:
        *(bool *)at = v != 0;
        break;
    default:
        *(int *)at = (int)v;
        break;
    }
}

static bool read_choice(ir_reader *r, const ir_field *f, void *at)
{
    for (int64_t i = 0; i <= f->high; i++)
        if (ir_is_word(r, f->choices[i])) {
            memcpy(at, &(int){(int)i}, sizeof(int));
            ir_next(r);
            return true;
        }
    ir_error_here(r, "'%s' has no such value", f->name);
    diag_help(r->d, "the first of its values is '%s'", f->choices[0]);
    return false;
}

/* Most significant slice first, as slicings are written. */
static bool read_slices(ir_reader *r, slicing *f)
{
    int64_t bits[SLICES_MAX];
    int count = 0;
    if (!ir_expect(r, '['))
        return false;
    while (!ir_is_mark(r, ']')) {
        if (count == SLICES_MAX)
            return ir_error_here(r, "at most %d slices are possible", SLICES_MAX);
        if (!ir_read_int(r, 2, SLICE_BITS_MAX, &bits[count++]))
            return false;
    }
    if (count < 2)
        return ir_error_here(r, "at least 2 slices are needed");
    ir_next(r);
    f->slices = count;
    for (int s = 0; s < count; s++)
        f->bits[s] = (int)bits[count - 1 - s];
    return true;
}

static bool read_value(ir_reader *r, const ir_field *f, char *into)
{
    int64_t v;
    if (f->kind == IR_FIELD_REAL || f->kind == IR_FIELD_REAL_OR_0)
        return ir_read_real(r, (double *)(void *)(into + f->offset));
    if (f->kind == IR_FIELD_CHOICE || f->kind == IR_FIELD_CHOICE_OR_0)
        return read_choice(r, f, into + f->offset);
    if (f->kind == IR_FIELD_SLICES)
        return read_slices(r, (slicing *)(void *)(into + f->offset));
    if (f->kind == IR_FIELD_NAME_OR_NONE)
        return ir_expect(r, '@') &&
               ir_read_name(r, (const char **)(void *)(into + f->offset));
    if (!ir_read_int(r, f->low, f->high, &v))
        return false;
    store(f->kind, into + f->offset, v);
    return true;
}

static bool read_field(ir_reader *r, const ir_field *fields, size_t count, char *into,
                       uint64_t *seen)
{
    ir_token start = r->now;
    const char *name;
    if (!ir_read_name(r, &name))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        if (*seen >> i & 1)
            return ir_error_at(r, start, "'%s' is given twice", name);
        *seen |= UINT64_C(1) << i;
        return ir_expect(r, '=') && read_value(r, &fields[i], into);
    }
    return ir_error_at(r, start, "there is no field '%s' here", name);
}

static bool may_lack(const ir_field *f)
{
    return f->kind == IR_FIELD_U32_OR_0 || f->kind == IR_FIELD_REAL_OR_0 ||
           f->kind == IR_FIELD_CHOICE_OR_0 || f->kind == IR_FIELD_NAME_OR_NONE;
}

bool ir_read_fields(ir_reader *r, const ir_field *fields, size_t count, void *into)
{
    ir_token start = r->now;
    uint64_t seen = 0;
    if (!ir_expect(r, '{'))
        return false;
    do
        if (!read_field(r, fields, count, into, &seen))
            return false;
    while (ir_accept(r, ','));
    if (!ir_expect(r, '}'))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!(seen >> i & 1) && !may_lack(&fields[i]))
            return ir_error_at(r, start, "the field '%s' is missing", fields[i].name);
    return true;
}
