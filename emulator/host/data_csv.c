/*
 * Comma-separated numbers, one record per line: all columns are inputs but the one that is the label
 * or those that are the target. Blank lines are skipped; every record has as many columns as the
 * first. Errors name file and line.
 */
#include "emulator/host/data_read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 24 };

typedef struct csv {
    data_reader reader;
    const plan_source *source;
    data_set *set;
    char *block; /* read ahead */
    size_t block_used, block_at;
    char *line;
    size_t line_capacity, line_length;
    uint32_t line_number;
    float *values; /* of one record */
    size_t columns, value_capacity;
    size_t real_capacity, label_capacity, target_capacity, line_list_capacity;
} csv;

enum { BLOCK_BYTES = 1 << 16 };

static void complain(csv *c, const char *text)
{
    const char *at = arena_printf(c->set->memory, "%s:%u", c->reader.path, c->line_number);
    diag_file_error(c->reader.d, at, "%s", text);
    c->reader.bad = true;
}

/* Next line without its end; false at the end of the file or on an error. */
static bool next_line(csv *c)
{
    bool any = false;
    c->line_length = 0;
    c->line_number++;
    for (;;) {
        if (c->block_at == c->block_used) {
            c->block_used = reader_read(&c->reader, c->block, BLOCK_BYTES);
            c->block_at = 0;
            if (c->block_used == 0)
                break;
        }
        any = true;
        char *from = c->block + c->block_at;
        size_t left = c->block_used - c->block_at;
        char *end = memchr(from, '\n', left);
        size_t take = end ? (size_t)(end - from) : left;
        void *line = c->line;
        if (c->line_length + take > LINE_MAX_BYTES ||
            !data_reserve(&line, &c->line_capacity, c->line_length, take + 1, 1)) {
            complain(c, "the line is too long");
            return false;
        }
        c->line = line;
        memcpy(c->line + c->line_length, from, take);
        c->line_length += take;
        c->block_at += take + (end ? 1 : 0);
        if (end)
            break;
    }
    if (any && !c->reader.bad)
        c->line[c->line_length] = '\0';
    return any && !c->reader.bad;
}

static bool is_blank(const csv *c)
{
    return strspn(c->line, " \t\r") == c->line_length;
}

/* One number of the line; *at moves behind the comma. */
static bool parse_field(csv *c, char **at, size_t column, float *value)
{
    char *start = *at + strspn(*at, " \t"), *end;
    size_t width = strcspn(start, ",\r");
    double v = strtod(start, &end);
    size_t rest = end > start ? strspn(end, " \t\r") : 0;
    bool bounded = width > 0 && end > start && (size_t)(end - start) <= width;
    if (!bounded || (end[rest] != ',' && end[rest] != '\0') || !isfinite(v) ||
        !isfinite((float)v)) {
        complain(c, arena_printf(c->set->memory, "column %zu: '%.*s' is not a number", column,
                                 (int)(width < 40 ? width : 40), start));
        return false;
    }
    *value = (float)v;
    *at = end + rest;
    return true;
}

/* Fills c->values; returns the number of columns, 0 after an error. */
static size_t parse_line(csv *c)
{
    if (memchr(c->line, '\0', c->line_length)) {
        complain(c, "it is not a text file");
        return 0;
    }
    size_t count = 0;
    for (char *at = c->line;; at++) {
        void *values = c->values;
        if (!data_reserve(&values, &c->value_capacity, count, 1, sizeof(float))) {
            complain(c, "there is not enough memory for the line");
            return 0;
        }
        c->values = values;
        if (!parse_field(c, &at, count, &c->values[count]))
            return 0;
        count++;
        if (*at != ',')
            return count;
    }
}

static bool is_target(const plan_source *s, size_t column)
{
    for (size_t i = 0; i < s->target_count; i++)
        if ((size_t)s->targets[i] == column)
            return true;
    return false;
}

/* The first record fixes the number of columns. */
static bool begin(csv *c, size_t columns)
{
    const plan_source *s = c->source;
    c->columns = columns;
    size_t inputs = 0;
    for (size_t i = 0; i < columns; i++)
        inputs += !is_target(s, i) && (int64_t)i != s->label;
    int64_t last = s->label;
    for (size_t i = 0; i < s->target_count; i++)
        last = s->targets[i] > last ? s->targets[i] : last;
    if (last >= (int64_t)columns) {
        complain(c, arena_printf(c->set->memory, "there is no column %lld: columns are 0 to %zu",
                                 (long long)last, columns - 1));
        return false;
    }
    if (inputs == 0) {
        complain(c, "no column is left as input");
        return false;
    }
    c->set->elements = inputs;
    c->set->target_elements = s->target_count;
    return true;
}

static bool reserve_record(csv *c)
{
    data_set *set = c->set;
    void *reals = set->reals, *labels = set->labels, *targets = set->targets, *lines = set->lines;
    bool good = data_reserve(&reals, &c->real_capacity, set->count * set->elements, set->elements,
                             sizeof(float)) &
                data_reserve(&labels, &c->label_capacity, set->count, c->source->label >= 0,
                             sizeof(int32_t)) &
                data_reserve(&targets, &c->target_capacity, set->count * set->target_elements,
                             set->target_elements, sizeof(float)) &
                data_reserve(&lines, &c->line_list_capacity, set->count, 1, sizeof(uint32_t));
    set->reals = reals;
    set->labels = labels;
    set->targets = targets;
    set->lines = lines;
    if (!good)
        complain(c, "there is not enough memory for the record");
    return good;
}

static bool add_record(csv *c)
{
    data_set *set = c->set;
    if (!reserve_record(c))
        return false;
    float *to = set->reals + set->count * set->elements;
    for (size_t i = 0; i < c->columns; i++)
        if (!is_target(c->source, i) && (int64_t)i != c->source->label)
            *to++ = c->values[i];
    for (size_t i = 0; i < set->target_elements; i++)
        set->targets[set->count * set->target_elements + i] = c->values[c->source->targets[i]];
    if (c->source->label >= 0) {
        float label = c->values[c->source->label];
        if (!(label >= 0 && label <= 1 << 24) || label != floorf(label)) {
            complain(c, arena_printf(set->memory, "column %lld: the label %g is not a class number",
                                     (long long)c->source->label, (double)label));
            return false;
        }
        set->labels[set->count] = (int32_t)label;
    }
    set->lines[set->count++] = c->line_number;
    return true;
}

static bool load_records(csv *c)
{
    while (next_line(c)) {
        if (c->line_number <= (uint64_t)c->source->skip || is_blank(c))
            continue;
        size_t columns = parse_line(c);
        if (columns == 0 || (c->columns == 0 && !begin(c, columns)))
            return false;
        if (columns != c->columns) {
            complain(c, arena_printf(c->set->memory,
                                     "the line has %zu columns, but the first record has %zu",
                                     columns, c->columns));
            return false;
        }
        if (!add_record(c))
            return false;
    }
    if (c->set->count == 0 && !c->reader.bad) {
        diag_file_error(c->reader.d, c->reader.path, "it has no records");
        return false;
    }
    return !c->reader.bad;
}

bool data_load_csv(data_set *set, diag *d, const plan_source *source, const char *const *paths)
{
    csv c = {.source = source, .set = set};
    data_begin_file(set, paths[0]);
    c.block = arena_alloc(set->memory, BLOCK_BYTES);
    bool good = reader_open(&c.reader, d, paths[0]) && load_records(&c);
    reader_close(&c.reader);
    free(c.line);
    free(c.values);
    return good;
}
