#include "emulator/host/npy.h"

#include "isa/support/file.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 1 << 16, AXES_MAX = 32 };

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

typedef struct npy_header {
    char kind; /* f, i, u or b */
    size_t size;
    bool swapped;
    size_t axes, shape[AXES_MAX];
} npy_header;

bool npy_named(const char *path)
{
    size_t length = strlen(path);
    return (length > 4 && strcmp(path + length - 4, ".npy") == 0) ||
           (length > 7 && strcmp(path + length - 7, ".npy.gz") == 0);
}

static bool bad(data_reader *r, const char *text)
{
    if (!r->bad)
        diag_file_error(r->d, r->path, "%s", text);
    r->bad = true;
    return false;
}

/* ---- header ---- */

/* Behind "'key':" and blanks, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    size_t length = strlen(key);
    if (!at || at == header || at[-1] != at[length] || !strchr("'\"", at[length]))
        return NULL;
    at += length + 1;
    at += strspn(at, " ");
    return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static bool parse_type(data_reader *r, const char *at, npy_header *h)
{
    static const char *const known[] = {"f2", "f4", "f8", "i1", "i2", "i4", "i8",
                                        "u1", "u2", "u4", "u8", "b1"};
    if (!at || (*at != '\'' && *at != '"'))
        return bad(r, "not supported: its elements are no plain numbers");
    char order = at[1];
    bool ordered = order && strchr("<>=|", order);
    const char *type = at + 1 + ordered;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strncmp(type, known[i], 2) != 0 || type[2] != *at)
            continue;
        h->kind = type[0];
        h->size = (size_t)(type[1] - '0');
        h->swapped = order == '>' && h->size > 1;
        return true;
    }
    diag_file_error(r->d, r->path,
                    "not supported: elements of type '%.*s', only bool, integers and float16, "
                    "float32 and float64 are read",
                    (int)strcspn(type, "'\"]),"), type);
    r->bad = true;
    return false;
}

static bool parse_shape(data_reader *r, const char *at, npy_header *h)
{
    if (!at || *at != '(')
        return bad(r, "its header has no shape");
    for (at++; *at && *at != ')';) {
        char *end;
        unsigned long long size = strtoull(at, &end, 10);
        if (!isdigit((unsigned char)*at) || size > SIZE_MAX / 2 || h->axes == AXES_MAX)
            return bad(r, "the shape in its header is damaged");
        h->shape[h->axes++] = (size_t)size;
        at = end + strspn(end, "L, ");
    }
    return *at == ')' || bad(r, "the shape in its header is damaged");
}

static bool parse_header(data_reader *r, const char *text, npy_header *h)
{
    const char *order = value_of(text, "fortran_order");
    if (!order)
        return bad(r, "its header is damaged");
    if (strncmp(order, "False", 5) != 0)
        return bad(r, "not supported: elements in column order; numpy.ascontiguousarray makes "
                      "another");
    return parse_type(r, value_of(text, "descr"), h) && parse_shape(r, value_of(text, "shape"), h);
}

static bool read_header(data_reader *r, arena *memory, npy_header *h)
{
    unsigned char start[12];
    if (reader_read(r, start, 8) < 8 || memcmp(start, magic, sizeof magic) != 0)
        return bad(r, "it is not a .npy file");
    size_t length_bytes = start[6] == 1 ? 2 : 4, length = 0;
    if (start[6] < 1 || start[6] > 3)
        return bad(r, "not supported: a .npy file of this version");
    if (reader_read(r, start, length_bytes) < length_bytes)
        return bad(r, "it ends within its header");
    for (size_t i = length_bytes; i-- > 0;)
        length = length << 8 | start[i];
    if (length > HEADER_MAX)
        return bad(r, "its header is too long");
    char *text = arena_alloc(memory, length + 1);
    if (reader_read(r, text, length) < length)
        return bad(r, "it ends within its header");
    return parse_header(r, text, h);
}

/* ---- elements ---- */

static double half(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    double fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
    if (exponent == 31)
        return fraction > 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static double element(const npy_header *h, const uint8_t *at)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < h->size; i++)
        bits |= (uint64_t)at[h->swapped ? h->size - 1 - i : i] << 8 * i;
    unsigned unused = (unsigned)(64 - 8 * h->size);
    if (h->kind == 'i')
        return (double)((int64_t)(bits << unused) >> unused);
    if (h->kind != 'f')
        return (double)bits;
    float narrow;
    double wide;
    uint32_t low = (uint32_t)bits;
    if (h->size == 2)
        return half((uint16_t)bits);
    memcpy(&narrow, &low, sizeof narrow);
    memcpy(&wide, &bits, sizeof wide);
    return h->size == 4 ? (double)narrow : wide;
}

/* records: the axes up to this one count records. */
static bool set_sizes(data_reader *r, data_set *set, const npy_header *h, size_t records)
{
    set->count = h->axes >= records ? h->shape[0] : 1;
    set->elements = 1;
    for (size_t i = h->axes >= records ? 1 : 0; i < h->axes; i++)
        if (__builtin_mul_overflow(set->elements, h->shape[i], &set->elements) ||
            set->elements > DATA_ELEMENTS_MAX)
            return bad(r, "its records are too large");
    return (set->count > 0 && set->elements > 0) || bad(r, "it has no elements");
}

static bool read_elements(data_reader *r, data_set *set, const npy_header *h)
{
    uint8_t *bytes = reader_take(r, set->count, set->elements * h->size);
    if (!bytes || !reader_expect_end(r)) {
        free(bytes);
        return false;
    }
    size_t total = set->count * set->elements; /* reader_take has seen that it fits */
    set->reals = calloc(total, sizeof *set->reals);
    bool good = set->reals || bad(r, "there is not enough memory for its elements");
    for (size_t i = 0; good && i < total; i++) {
        set->reals[i] = (float)element(h, bytes + i * h->size);
        if (!isfinite(set->reals[i])) {
            diag_file_error(r->d, r->path, "element %zu is not a finite number", i);
            good = false;
        }
    }
    free(bytes);
    return good;
}

/* An array whose first axis counts records if it has at least so many axes. */
static bool load(data_set *set, diag *d, const char *path, size_t records, npy_header *h)
{
    data_reader r;
    *h = (npy_header){0};
    data_begin_file(set, path);
    bool good = reader_open(&r, d, path) && read_header(&r, set->memory, h) &&
                set_sizes(&r, set, h, records) && read_elements(&r, set, h);
    reader_close(&r);
    return good;
}

bool data_load_npy(data_set *set, diag *d, const plan_source *source, const char *const *paths)
{
    npy_header h;
    (void)source;
    return load(set, d, paths[0], 2, &h);
}

/* ---- examples with their targets ---- */

static void note_image(data_set *set, const npy_header *h)
{
    size_t channels = h->axes == 4 ? h->shape[1] : 1;
    if (h->axes < 3 || h->axes > 4)
        return;
    set->channels = (uint32_t)channels; /* all below DATA_ELEMENTS_MAX */
    set->height = (uint32_t)h->shape[h->axes - 2];
    set->width = (uint32_t)h->shape[h->axes - 1];
}

static bool take_classes(data_set *set, diag *d, const data_set *targets)
{
    set->labels = calloc(targets->count, sizeof *set->labels);
    for (size_t i = 0; set->labels && i < targets->count; i++) {
        double v = (double)targets->reals[i];
        if (!(v >= 0 && v <= 1 << 24)) {
            diag_file_error(d, targets->files[0].path, "element %zu is not a class number", i);
            return false;
        }
        set->labels[i] = (int32_t)v;
    }
    if (!set->labels)
        diag_file_error(d, targets->files[0].path, "there is not enough memory for its elements");
    return set->labels != NULL;
}

static bool take_targets(data_set *set, diag *d, data_set *targets, char kind)
{
    if (targets->count != set->count) {
        diag_file_error(d, targets->files[0].path, "it has %zu records, but %s has %zu",
                        targets->count, set->files[0].path, set->count);
        return false;
    }
    if (targets->elements == 1 && kind != 'f')
        return take_classes(set, d, targets);
    set->targets = targets->reals;
    set->target_elements = targets->elements;
    targets->reals = NULL;
    return true;
}

bool data_load_npy_pair(data_set *set, diag *d, const plan_source *source,
                        const char *const *paths)
{
    npy_header h;
    data_set targets = {.memory = set->memory};
    if (!load(set, d, paths[0], 1, &h))
        return false;
    note_image(set, &h);
    bool good = source->file_count < 2 || (load(&targets, d, paths[1], 1, &h) &&
                                           take_targets(set, d, &targets, h.kind));
    free(targets.reals);
    return good;
}

/* ---- writing ---- */

static void write_values(FILE *out, size_t count, const double *values)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (int k = 0; k < 8; k++)
            fputc((int)(bits >> 8 * k & 255), out);
    }
}

const char *npy_write(arena *memory, const char *path, size_t rows, size_t elements,
                      const double *values)
{
    const char *header = arena_printf(
        memory, "{'descr': '<f8', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, elements);
    size_t used = sizeof magic + 4 + strlen(header) + 1, padding = (64 - used % 64) % 64;
    size_t length = strlen(header) + padding + 1;
    file_writer w;
    const char *error = file_write_begin(memory, &w, path);
    if (error)
        return error;
    fwrite(magic, 1, sizeof magic, w.stream);
    fputc(1, w.stream);
    fputc(0, w.stream);
    fputc((int)(length & 255), w.stream);
    fputc((int)(length >> 8), w.stream);
    fprintf(w.stream, "%s%*s\n", header, (int)padding, "");
    write_values(w.stream, rows * elements, values);
    return file_write_commit(memory, &w);
}
