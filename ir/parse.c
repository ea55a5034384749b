#include "ir/text.h"
#include "ir/verify.h"

#include "isa/support/fixed.h"

#include <stddef.h>
#include <string.h>

/* Of all the lines of one listed file together. */
enum { FILE_LENGTH_MAX = 16 << 20, TEXT_LENGTH_MAX = 1 << 30 };

/* ---- places and source ranges ---- */

bool ir_read_place(ir_reader *r, ir_place *place)
{
    int64_t v[4];
    if (!ir_is_word(r, "at"))
        return true;
    ir_next(r);
    for (int i = 0; i < 4; i++)
        if (!ir_expect(r, i ? ',' : '(') || !ir_read_int(r, -1, INT16_MAX, &v[i]))
            return false;
    *place = (ir_place){(int16_t)v[0], (int16_t)v[1], (int16_t)v[2], (int16_t)v[3]};
    return ir_expect(r, ')');
}

static uint32_t listed_file(const ir_reader *r, const char *path)
{
    for (size_t i = 0; i < r->file_count; i++)
        if (!strcmp(source_get(r->m->sources, r->files[i])->path, path))
            return r->files[i];
    return 0;
}

bool ir_read_where(ir_reader *r, source_range *where)
{
    ir_token start = r->now;
    const char *path;
    int64_t line, column, length;
    if (!ir_is_word(r, "loc"))
        return true;
    ir_next(r);
    if (!ir_expect(r, '(') || !ir_read_string(r, &path) || !ir_expect(r, ',') ||
        !ir_read_int(r, 1, UINT32_MAX, &line) || !ir_expect(r, ',') ||
        !ir_read_int(r, 1, UINT32_MAX, &column) || !ir_expect(r, ',') ||
        !ir_read_int(r, 0, UINT32_MAX, &length) || !ir_expect(r, ')'))
        return false;
    uint32_t file = listed_file(r, path);
    if (!file)
        return ir_error_at(r, start, "the file '%s' is not listed above", path);
    const source_file *f = source_get(r->m->sources, file);
    int64_t begin = line <= f->lines ? f->line_starts[line - 1] + column - 1 : INT64_MAX - length;
    if (begin + length > (int64_t)f->length)
        return ir_error_at(r, start, "'%s' has no such place", path);
    *where = (source_range){file, (uint32_t)begin, (uint32_t)(begin + length)};
    return true;
}

/* ---- file "path" [length of line 1, of line 2, ...] ---- */

static bool same_lines(const source_file *f, const source_file *g)
{
    return f->lines == g->lines && f->length == g->length &&
           !memcmp(f->line_starts, g->line_starts, f->lines * sizeof *f->line_starts);
}

/* Reads the lengths of lines as a text of blanks; *length is its size. */
static bool read_lines(ir_reader *r, char **text, size_t *length)
{
    size_t total = 0, capacity = 0;
    char *out = NULL;
    if (!ir_expect(r, '['))
        return false;
    for (bool first = true; first || !ir_is_mark(r, ']'); first = false) {
        int64_t n;
        if (!ir_read_int(r, 0, FILE_LENGTH_MAX - (int64_t)total - 1, &n))
            return false;
        if (!first)
            ARENA_PUSH(r->memory, out, total, capacity, '\n');
        for (int64_t i = 0; i < n; i++)
            ARENA_PUSH(r->memory, out, total, capacity, ' ');
    }
    ir_next(r);
    *text = out ? out : arena_strdup(r->memory, "");
    *length = total;
    return true;
}

/* The file as the set knows it, if its lines agree; else a blank one with these lines is added. */
static bool read_file(ir_reader *r)
{
    ir_token start = r->now;
    const char *path;
    char *text;
    size_t length;
    if (!ir_read_string(r, &path) || !read_lines(r, &text, &length))
        return false;
    if (listed_file(r, path))
        return ir_error_at(r, start, "the file '%s' is listed twice", path);
    source_set *known = r->m->sources;
    source_set *blank = source_set_new(r->memory);
    const source_file *shape = source_get(blank, source_add(blank, path, text, length));
    uint32_t file = 0;
    for (uint32_t i = 1; i <= known->count && !file; i++)
        if (i != r->file && !strcmp(source_get(known, i)->path, path) &&
            same_lines(source_get(known, i), shape))
            file = i;
    if (!file)
        file = source_add(known, path, text, length);
    ARENA_PUSH(r->memory, r->files, r->file_count, r->file_capacity, file);
    return true;
}

/* ---- numerics ---- */

#define AT(member) offsetof(ir_numerics, member)
static const ir_field numerics_fields[] = {
    {"slices", IR_FIELD_SLICES, AT(slices), 0, 0, NULL},
    {"radix_bits", IR_FIELD_INT, AT(slices.radix_bits), 1, 8, NULL},
    {"adc_extra_bits", IR_FIELD_INT, AT(slices.adc_extra_bits), 0, 32, NULL},
    {"rows", IR_FIELD_INT, AT(slices.rows), 1, CROSSBAR_SIDE_MAX, NULL},
    {"columns", IR_FIELD_INT, AT(slices.columns), 1, CROSSBAR_SIDE_MAX, NULL},
    {"mode", IR_FIELD_CHOICE, AT(mode), 0, OPA_MODES - 1, opa_mode_names},
    {"rounding", IR_FIELD_CHOICE, AT(rounding.mode), 0, ROUND_OFF, ir_rounding_names},
    {"round_row", IR_FIELD_INT, AT(rounding.row), 0, IR_GRID_MAX, NULL},
    {"round_column", IR_FIELD_INT, AT(rounding.column), 0, IR_GRID_MAX, NULL},
    {"q_activation", IR_FIELD_U8, AT(q_activation), 0, FIXED_MAX_Q, NULL},
    {"q_weight", IR_FIELD_U8, AT(q_weight), 0, 2 * FIXED_MAX_Q, NULL},
    {"q_error", IR_FIELD_U8, AT(q_error), 0, FIXED_MAX_Q, NULL},
};
#undef AT

static bool read_numerics(ir_reader *r)
{
    if (r->has_numerics)
        return ir_error_here(r, "a module has one 'numerics'");
    r->has_numerics = true;
    return ir_read_fields(r, numerics_fields, sizeof numerics_fields / sizeof *numerics_fields,
                          &r->m->numerics);
}

/* ---- matrices ---- */

#define AT(member) offsetof(ir_tensor, member)
static const ir_field tensor_fields[] = {
    {"rank", IR_FIELD_U32, AT(rank), 1, 4, NULL},
    {"input0", IR_FIELD_U32, AT(input0), 0, IR_LANES_MAX, NULL},
    {"output0", IR_FIELD_U32, AT(output0), 0, IR_LANES_MAX, NULL},
    {"inputs", IR_FIELD_U32, AT(inputs), 1, IR_LANES_MAX, NULL},
    {"outputs", IR_FIELD_U32, AT(outputs), 1, IR_LANES_MAX, NULL},
    {"kernel_rows", IR_FIELD_U32_OR_0, AT(kernel[0]), 1, IR_LANES_MAX, NULL},
    {"kernel_columns", IR_FIELD_U32_OR_0, AT(kernel[1]), 1, IR_LANES_MAX, NULL},
    {"pixel", IR_FIELD_U32_OR_0, AT(pixel), 1, IR_LANES_MAX, NULL},
    {"part", IR_FIELD_U32_OR_0, AT(part), 0, IR_LANES_MAX, NULL},
    {"whole", IR_FIELD_U32_OR_0, AT(whole), 1, IR_LANES_MAX, NULL},
    {"init", IR_FIELD_CHOICE, AT(init), 0, IR_INIT_NORMAL, ir_init_names},
    {"value", IR_FIELD_REAL, AT(init_value), 0, 0, NULL},
    {"fold", IR_FIELD_CHOICE_OR_0, AT(fold), 0, IR_FOLD_VAR, ir_fold_names},
    {"eps", IR_FIELD_REAL_OR_0, AT(eps), 0, 0, NULL},
};
#undef AT
#define AT(member) offsetof(ir_matrix, member)
static const ir_field matrix_fields[] = {
    {"outputs", IR_FIELD_U32, AT(outputs), 1, IR_LANES_MAX, NULL},
    {"inputs", IR_FIELD_U32, AT(inputs), 1, IR_LANES_MAX, NULL},
    {"q", IR_FIELD_U8, AT(q), 0, 2 * FIXED_MAX_Q, NULL},
    {"frozen", IR_FIELD_BOOL, AT(frozen), 0, 1, NULL},
    {"copies", IR_FIELD_U32_OR_0, AT(copies), 1, IR_COPIES_MAX, NULL},
    {"copy_of", IR_FIELD_NAME_OR_NONE, AT(copy_of), 0, 0, NULL},
};
#undef AT

static bool read_tensor(ir_reader *r, ir_matrix *w)
{
    ir_tensor t = {0};
    ir_next(r);
    if (!ir_read_string(r, &t.name) ||
        !ir_read_fields(r, tensor_fields, sizeof tensor_fields / sizeof *tensor_fields, &t))
        return false;
    ir_matrix_tensor(r->m, w, &t);
    return true;
}

/* Blocks are listed all or not at all, row by row. */
static bool read_block(ir_reader *r, ir_matrix *w, size_t *count, size_t *capacity)
{
    ir_token start = r->now;
    int64_t row, column, columns = ir_block_columns(r->m, w);
    ir_place at = IR_UNPLACED;
    ir_next(r);
    if (!ir_read_int(r, 0, IR_LANES_MAX, &row) || !ir_expect(r, ',') ||
        !ir_read_int(r, 0, IR_LANES_MAX, &column) || !ir_read_place(r, &at))
        return false;
    if (row >= ir_block_rows(r->m, w) || column >= columns)
        return ir_error_at(r, start, "'%s' has no block %lld, %lld", w->name, (long long)row,
                           (long long)column);
    if (row * columns + column != (int64_t)*count)
        return ir_error_at(r, start, "expected block %lld, %lld", (long long)*count / columns,
                           (long long)*count % columns);
    ARENA_PUSH(r->memory, w->blocks, *count, *capacity, at);
    return true;
}

static bool read_parts(ir_reader *r, ir_matrix *w)
{
    size_t blocks = 0, capacity = 0;
    uint64_t all = (uint64_t)ir_block_rows(r->m, w) * ir_block_columns(r->m, w);
    bool sound = true;
    while (!ir_is_mark(r, '}') && r->now.kind != IR_TOKEN_END) {
        uint32_t begin = r->now.begin;
        bool read = ir_is_word(r, "tensor") ? read_tensor(r, w)
                    : ir_is_word(r, "block")
                        ? read_block(r, w, &blocks, &capacity)
                        : ir_error_here(r, "expected 'tensor', 'block' or '}'");
        if (!read)
            ir_skip_line(r, begin);
        sound &= read;
    }
    if (sound && blocks && blocks != all)
        return ir_error_here(r, "'%s' has %llu blocks, but %zu are listed", w->name,
                             (unsigned long long)all, blocks);
    return ir_expect(r, '}');
}

static bool read_matrix(ir_reader *r)
{
    const char *name;
    if (!r->has_numerics)
        return ir_error_here(r, "'numerics' must stand before the first matrix");
    if (!ir_expect(r, '@'))
        return false;
    source_range where = {r->file, r->now.begin, r->now.end};
    if (!ir_read_name(r, &name))
        return false;
    ir_matrix *w = ir_matrix_new(r->m, name, 1, 1, 0);
    w->where = where;
    return ir_read_fields(r, matrix_fields, sizeof matrix_fields / sizeof *matrix_fields, w) &&
           ir_read_where(r, &w->where) && ir_expect(r, '{') && read_parts(r, w);
}

/* ---- the module ---- */

static const struct {
    const char *word;
    bool (*read)(ir_reader *r);
} items[] = {
    {"numerics", read_numerics},
    {"file", read_file},
    {"matrix", read_matrix},
    {"graph", ir_read_graph},
};
enum { ITEMS = sizeof items / sizeof *items };

static size_t item_here(const ir_reader *r)
{
    size_t i = 0;
    while (i < ITEMS && !ir_is_word(r, items[i].word))
        i++;
    return i;
}

static void read_item(ir_reader *r)
{
    size_t i = item_here(r);
    uint32_t begin = r->now.begin;
    bool read = false;
    if (i < ITEMS) {
        ir_next(r);
        read = items[i].read(r);
    } else
        ir_error_here(r, "expected 'numerics', 'file', 'matrix' or 'graph'");
    if (read)
        return;
    do {
        ir_skip_line(r, begin);
        begin = r->now.begin;
    } while (r->now.kind != IR_TOKEN_END && item_here(r) == ITEMS);
}

ir_module *ir_parse(arena *memory, source_set *sources, diag *d, const char *path, const char *text,
                    size_t length)
{
    ir_numerics none = {
        .slices = {.slices = 2, .radix_bits = 1, .bits = {2, 2}, .rows = 1, .columns = 1}};
    int errors = diag_errors(d);
    if (length > TEXT_LENGTH_MAX) {
        diag_file_error(d, path, "the text is too long");
        return NULL;
    }
    if (!sources)
        sources = source_set_new(memory);
    ir_reader r = {.memory = memory, .d = d, .text = text, .length = (uint32_t)length};
    r.m = ir_module_new(memory, sources, &none);
    r.m->text_file = r.file = source_add(sources, path, text, length);
    ir_next(&r);
    while (r.now.kind != IR_TOKEN_END)
        read_item(&r);
    if (!r.has_numerics)
        ir_error_here(&r, "the module has no 'numerics'");
    return diag_errors(d) == errors ? r.m : NULL;
}
