/* Writing formats into a program's text, where the ranges of its expressions say they belong. */
#include "frontend/cli/formatter.h"

#include "isa/support/fixed.h"

#include <math.h>
#include <string.h>

/* Formats leave room for values a tenth larger than those of the sample. */
static const double VALUE_ROOM = 1.1;
enum { FINEST_FORMAT = 14 }; /* the 1 that stands for the bias beside a layer's inputs fits */

int formatter_format(double largest)
{
    int q = FINEST_FORMAT;
    while (q > 0 && ldexp(largest * VALUE_ROOM, q) > FIXED_MAX)
        q--;
    return q;
}

bool formatter_is_product(const ir_op *op)
{
    return op->code == IR_mvm && op->space.count > 0 && ir_get(op, IR_ATTR_layer);
}

/* The text with `piece` put in front of a byte. */
static const char *insert(const formatter *f, const char *text, size_t at, const char *piece)
{
    return arena_printf(f->memory, "%.*s%s%s", (int)at, text, piece, text + at);
}

/* The end of a type: behind the bracket that closes the one it opens. */
static size_t end_of_type(const char *text, size_t at)
{
    at += strcspn(text + at, "[\n");
    for (int depth = 0; text[at] && text[at] != '\n'; at++) {
        depth += text[at] == '[' ? 1 : text[at] == ']' ? -1 : 0;
        if (depth == 0)
            return at + 1;
    }
    return at;
}

const char *formatter_input(const formatter *f, const char *text)
{
    size_t at = 0;
    IR_EACH(op, f->graph)
    {
        if (op->code == IR_input)
            return insert(f, text, end_of_type(text, op->where.end),
                          arena_printf(f->memory, " q%d", formatter_format(f->largest[at])));
        at++;
    }
    return text;
}

static size_t line_start(const char *text, size_t at)
{
    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at;
}

/* Where ": q8" belongs to format the value of a line "    name = ..."; 0: it has no name. */
static size_t end_of_name(const char *text, size_t start)
{
    size_t name = start + strspn(text + start, " ");
    size_t end = name + strcspn(text + name, " :\n");
    return strncmp(text + end, " = ", 3) == 0 ? end : 0;
}

static bool overflows(const formatter *f, const ir_op *op, size_t number)
{
    return op->type.kind == IR_VEC && op->code != IR_const &&
           ldexp(f->largest[number], op->type.q) > FIXED_MAX;
}

/* A name that the text does not hold yet. */
static const char *new_name(const formatter *f, const char *text)
{
    for (unsigned i = 1;; i++) {
        const char *name = arena_printf(f->memory, "fit_%u", i);
        if (!strstr(text, name))
            return name;
    }
}

/* The expression of a range gets a line of its own, and a name, in front of the line it is in. */
static const char *hoist(const formatter *f, const char *text, source_range where,
                         const char *format)
{
    size_t start = line_start(text, where.begin);
    const char *name = new_name(f, text);
    return arena_printf(f->memory, "%.*s    %s: %s = %.*s\n%.*s%s%s", (int)start, text, name,
                        format, (int)(where.end - where.begin), text + where.begin,
                        (int)(where.begin - start), text + start, name, text + where.end);
}

/* The text with a format at the value of an op; NULL if it has one already. */
static const char *format_value(const formatter *f, const char *text, source_range where,
                                double largest)
{
    const char *format = arena_printf(f->memory, "q%d", formatter_format(largest));
    size_t start = line_start(text, where.begin), name = end_of_name(text, start);
    bool whole = text[where.end] == '\n' && where.begin >= start + 3 &&
                 strncmp(text + where.begin - 3, " = ", 3) == 0;
    if (whole && name)
        return insert(f, text, name, arena_printf(f->memory, ": %s", format));
    return whole ? NULL : hoist(f, text, where, format);
}

/* The largest value of the ops that an expression is made of. */
static double largest_of(const formatter *f, source_range where)
{
    double largest = 0;
    size_t at = 0;
    IR_EACH(op, f->graph)
    {
        bool same = op->where.begin == where.begin && op->where.end == where.end;
        largest = same && op->code != IR_const ? fmax(largest, f->largest[at]) : largest;
        at++;
    }
    return largest;
}

const char *formatter_next(const formatter *f, const char *text)
{
    size_t at = 0;
    IR_EACH(op, f->graph)
    {
        size_t number = at++;
        bool sound = op->where.begin < op->where.end && op->where.end <= strlen(text);
        bool formatted = op->code == IR_input || formatter_is_product(op);
        const char *next = sound && !formatted && overflows(f, op, number)
                               ? format_value(f, text, op->where, largest_of(f, op->where))
                               : NULL;
        if (next)
            return next;
    }
    return NULL;
}

void formatter_warn(const formatter *f, diag *d)
{
    size_t at = 0;
    IR_EACH(op, f->graph)
    {
        size_t number = at++;
        if (overflows(f, op, number))
            diag_warning(d, op->where, "values up to %g do not fit its format q%u",
                         f->largest[number], op->type.q);
    }
}
