#include "isa/support/diag.h"

#include <stdlib.h>
#include <string.h>

typedef enum severity { SEVERITY_ERROR, SEVERITY_WARNING } severity;

typedef struct note {
    source_range where;
    const char *text;
} note;

typedef struct message {
    severity level;
    source_range where;
    const char *path; /* for messages about files without text */
    const char *text, *help;
    note *notes;
    size_t note_count, note_capacity;
    size_t order;
} message;

struct diag {
    arena *memory;
    source_set *sources;
    message *messages;
    size_t count, capacity;
    int errors, warnings;
    bool fault;  /* one of the errors is ours */
    bool attach; /* whether help and notes have a message to belong to */
};

diag *diag_new(arena *memory, source_set *sources)
{
    diag *d = ARENA_NEW(memory, diag);
    d->memory = memory;
    d->sources = sources;
    return d;
}

source_set *diag_sources(const diag *d)
{
    return d->sources;
}

static void report(diag *d, severity level, source_range where, const char *path, const char *text)
{
    int *counter = level == SEVERITY_ERROR ? &d->errors : &d->warnings;
    d->attach = ++*counter <= DIAG_ERROR_LIMIT;
    if (!d->attach)
        return;
    message m = {.level = level, .where = where, .path = path, .text = text, .order = d->count};
    ARENA_PUSH(d->memory, d->messages, d->count, d->capacity, m);
}

#define FORMAT_INTO(text, d, format)                                                               \
    va_list args;                                                                                  \
    va_start(args, format);                                                                        \
    const char *text = arena_vprintf((d)->memory, format, args);                                   \
    va_end(args)

void diag_error(diag *d, source_range where, const char *format, ...)
{
    FORMAT_INTO(text, d, format);
    report(d, SEVERITY_ERROR, where, NULL, text);
}

void diag_fault(diag *d, source_range where, const char *format, ...)
{
    FORMAT_INTO(text, d, format);
    report(d, SEVERITY_ERROR, where, NULL, arena_printf(d->memory, "internal fault: %s", text));
    d->fault = true;
}

void diag_warning(diag *d, source_range where, const char *format, ...)
{
    FORMAT_INTO(text, d, format);
    report(d, SEVERITY_WARNING, where, NULL, text);
}

void diag_file_error(diag *d, const char *path, const char *format, ...)
{
    FORMAT_INTO(text, d, format);
    report(d, SEVERITY_ERROR, SOURCE_NOWHERE, arena_strdup(d->memory, path), text);
}

void diag_help(diag *d, const char *format, ...)
{
    FORMAT_INTO(text, d, format);
    if (d->attach)
        d->messages[d->count - 1].help = text;
}

void diag_note(diag *d, source_range where, const char *format, ...)
{
    FORMAT_INTO(text, d, format);
    if (!d->attach)
        return;
    message *m = &d->messages[d->count - 1];
    note n = {where, text};
    ARENA_PUSH(d->memory, m->notes, m->note_count, m->note_capacity, n);
}

bool diag_faulty(const diag *d)
{
    return d->fault;
}

int diag_errors(const diag *d)
{
    return d->errors;
}

int diag_warnings(const diag *d)
{
    return d->warnings;
}

static int by_place(const void *left, const void *right)
{
    const message *a = left, *b = right;
    if (a->where.file != b->where.file)
        return a->where.file < b->where.file ? -1 : 1;
    if (a->where.begin != b->where.begin)
        return a->where.begin < b->where.begin ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Columns are counted in characters and tabs are kept, so that the caret stands under its text. */
static void print_span(const diag *d, FILE *out, source_range where)
{
    const source_file *file = source_get(d->sources, where.file);
    source_position at = source_locate(d->sources, where);
    size_t length;
    const char *line = source_line(file, at.line, &length);
    if (length > 400)
        return;
    fprintf(out, "    %.*s\n    ", (int)length, line);
    size_t begin = at.column - 1, width = where.end > where.begin ? where.end - where.begin : 1;
    for (size_t i = 0; i < begin && i < length; i++)
        if (!continues_character(line[i]))
            fputc(line[i] == '\t' ? '\t' : ' ', out);
    fputc('^', out);
    for (size_t i = begin + 1; i < begin + width && i < length; i++)
        if (!continues_character(line[i]))
            fputc('~', out);
    fputc('\n', out);
}

static void print_place(const diag *d, FILE *out, source_range where, const char *path)
{
    source_position at = source_locate(d->sources, where);
    if (at.path)
        fprintf(out, "%s:%u:%u: ", at.path, at.line, at.column);
    else
        fprintf(out, "%s: ", path ? path : "panther");
}

static void print_message(const diag *d, FILE *out, const message *m, bool colour)
{
    static const char *const names[] = {"error", "warning"};
    static const char *const codes[] = {"\033[1;31m", "\033[1;35m"};
    print_place(d, out, m->where, m->path);
    fprintf(out, "%s%s:%s %s\n", colour ? codes[m->level] : "", names[m->level],
            colour ? "\033[0m" : "", m->text);
    if (source_get(d->sources, m->where.file))
        print_span(d, out, m->where);
    if (m->help)
        fprintf(out, "help: %s\n", m->help);
    for (size_t i = 0; i < m->note_count; i++) {
        source_position at = source_locate(d->sources, m->notes[i].where);
        if (at.path)
            fprintf(out, "%s:%u:%u: ", at.path, at.line, at.column);
        fprintf(out, "note: %s\n", m->notes[i].text);
        if (at.path)
            print_span(d, out, m->notes[i].where);
    }
}

void diag_print(diag *d, FILE *out, bool colour)
{
    if (d->count)
        qsort(d->messages, d->count, sizeof *d->messages, by_place);
    for (size_t i = 0; i < d->count; i++)
        print_message(d, out, &d->messages[i], colour);
    if (d->errors > DIAG_ERROR_LIMIT)
        fprintf(out, "%d more errors are not shown\n", d->errors - DIAG_ERROR_LIMIT);
    d->count = 0;
    d->attach = false;
}

/* Levenshtein distance, names longer than the buffer count as far away. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t row[LONGEST + 1], n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replace < best ? replace : best;
        }
    }
    return row[m];
}

const char *diag_nearest(const char *name, const char *const *known, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(name) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(name, known[i]);
        if (d < best_distance && d < strlen(name)) {
            best = known[i];
            best_distance = d;
        }
    }
    return best;
}
