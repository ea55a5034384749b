#include "ir/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/*
 * One statement per line; everything a module holds is in its text, so that reading it back and
 * printing it again gives the same bytes. Source ranges survive as loc(file, line, column, length)
 * with a `file` line that lists the lengths of the file's lines.
 */

const char *const ir_rounding_names[3] = {"nearest", "stochastic", "off"};
const char *const ir_init_names[3] = {"constant", "uniform", "normal"};
const char *const ir_fold_names[5] = {"none", "scale", "shift", "mean", "var"};

/* Files that ranges of the module lie in, in the order in which the text mentions them. */
typedef struct printer {
    FILE *out;
    const ir_module *m;
    uint32_t *files;
    size_t file_count, file_capacity;
} printer;

bool ir_bare_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '_' && *text != '.')
            return false;
    return true;
}

static void print_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < ' ' || c == 127)
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void print_name(FILE *out, const char *text)
{
    if (ir_bare_name(text))
        fputs(text, out);
    else
        print_quoted(out, text);
}

static void print_real(FILE *out, double v)
{
    if (isnan(v))
        fputs("nan", out);
    else if (isinf(v))
        fputs(v < 0 ? "-inf" : "inf", out);
    else
        fprintf(out, "%.17g", v);
}

/* ---- source ranges ---- */

/* The file of a range that can be printed, or NULL: nowhere, damaged, or in a text of the IR. */
static const source_file *file_of(const ir_module *m, source_range r)
{
    const source_file *f = m->sources && r.file ? source_get(m->sources, r.file) : NULL;
    bool sound = f && r.file != m->text_file && r.begin <= r.end && r.end <= f->length;
    return sound ? f : NULL;
}

/* Adds the file of a range to the list; a second file of the same path has no name of its own. */
static void note_file(printer *p, source_range r)
{
    const source_file *f = file_of(p->m, r);
    if (!f)
        return;
    for (size_t i = 0; i < p->file_count; i++)
        if (!strcmp(source_get(p->m->sources, p->files[i])->path, f->path))
            return;
    ARENA_PUSH(p->m->memory, p->files, p->file_count, p->file_capacity, r.file);
}

static void note_graph_files(printer *p, const ir_graph *g)
{
    for (const ir_op *op = g->first; op; op = op->next)
        note_file(p, op->where);
}

static void note_module_files(printer *p)
{
    for (size_t i = 0; i < p->m->matrix_count; i++)
        note_file(p, p->m->matrices[i]->where);
    for (size_t i = 0; i < p->m->graph_count; i++)
        note_graph_files(p, p->m->graphs[i]);
}

static void print_files(const printer *p)
{
    for (size_t i = 0; i < p->file_count; i++) {
        const source_file *f = source_get(p->m->sources, p->files[i]);
        fputs("file ", p->out);
        print_quoted(p->out, f->path);
        fputs(" [", p->out);
        for (uint32_t line = 1; line <= f->lines; line++) {
            uint32_t end = line < f->lines ? f->line_starts[line] - 1 : (uint32_t)f->length;
            fprintf(p->out, line > 1 ? " %u" : "%u", end - f->line_starts[line - 1]);
        }
        fputs("]\n", p->out);
    }
}

static void print_where(const printer *p, source_range r)
{
    const source_file *f = file_of(p->m, r);
    bool listed = false;
    for (size_t i = 0; f && i < p->file_count; i++)
        listed |= p->files[i] == r.file;
    if (!listed)
        return;
    source_position at = source_locate(p->m->sources, r);
    fputs(" loc(", p->out);
    print_quoted(p->out, at.path);
    fprintf(p->out, ", %u, %u, %u)", at.line, at.column, r.end - r.begin);
}

static void print_place(FILE *out, ir_place at)
{
    if (at.node != -1 || at.tile != -1 || at.core != -1 || at.mcu != -1)
        fprintf(out, " at(%d, %d, %d, %d)", at.node, at.tile, at.core, at.mcu);
}

/* ---- numerics and matrices ---- */

static void print_numerics(FILE *out, const ir_numerics *n)
{
    const slicing *f = &n->slices;
    fputs("numerics {slices = [", out);
    for (int s = f->slices - 1; s >= 0; s--)
        fprintf(out, s ? "%d " : "%d", f->bits[s]);
    fprintf(out, "], radix_bits = %d, adc_extra_bits = %d, rows = %d, columns = %d, ",
            f->radix_bits, f->adc_extra_bits, f->rows, f->columns);
    fprintf(out, "mode = %s, rounding = %s, round_row = %d, round_column = %d, ",
            opa_mode_names[n->mode], ir_rounding_names[n->rounding.mode], n->rounding.row,
            n->rounding.column);
    fprintf(out, "q_activation = %u, q_weight = %u, q_error = %u}\n", n->q_activation, n->q_weight,
            n->q_error);
}

static void print_tensor(FILE *out, const ir_tensor *t)
{
    fputs("  tensor ", out);
    print_quoted(out, t->name);
    fprintf(out, " {rank = %u, input0 = %u, output0 = %u, inputs = %u, outputs = %u, ", t->rank,
            t->input0, t->output0, t->inputs, t->outputs);
    if (t->kernel[0] || t->kernel[1])
        fprintf(out, "kernel_rows = %u, kernel_columns = %u, ", t->kernel[0], t->kernel[1]);
    if (t->pixel)
        fprintf(out, "pixel = %u, ", t->pixel);
    if (t->part || t->whole)
        fprintf(out, "part = %u, whole = %u, ", t->part, t->whole);
    fprintf(out, "init = %s, value = ", ir_init_names[t->init]);
    print_real(out, t->init_value);
    if (t->fold)
        fprintf(out, ", fold = %s", ir_fold_names[t->fold]);
    if (t->fold == IR_FOLD_VAR) {
        fputs(", eps = ", out);
        print_real(out, t->eps);
    }
    fputs("}\n", out);
}

static void print_matrix(const printer *p, const ir_matrix *w)
{
    uint32_t columns = ir_block_columns(p->m, w);
    size_t blocks = w->blocks ? (size_t)ir_block_rows(p->m, w) * columns : 0;
    fputs("\nmatrix @", p->out);
    print_name(p->out, w->name);
    fprintf(p->out, " {outputs = %u, inputs = %u, q = %u, frozen = %d", w->outputs, w->inputs,
            w->q, w->frozen);
    if (w->copies)
        fprintf(p->out, ", copies = %u", w->copies);
    if (w->copy_of) {
        fputs(", copy_of = @", p->out);
        print_name(p->out, w->copy_of);
    }
    fputc('}', p->out);
    print_where(p, w->where);
    fputs(" {\n", p->out);
    for (size_t i = 0; i < w->tensor_count; i++)
        print_tensor(p->out, &w->tensors[i]);
    for (size_t k = 0; k < blocks; k++) {
        ir_place at = w->blocks[k];
        fprintf(p->out, "  block %zu, %zu at(%d, %d, %d, %d)\n", k / columns, k % columns, at.node,
                at.tile, at.core, at.mcu);
    }
    fputs("}\n", p->out);
}

/* ---- graphs ---- */

static void print_attr(FILE *out, const ir_attr *a)
{
    fprintf(out, "%s = ", ir_attr_names[a->key]);
    switch (ir_attr_kinds[a->key]) {
    case IR_ATTR_INT:
        fprintf(out, "%lld", (long long)a->value);
        break;
    case IR_ATTR_PAIR:
        fprintf(out, "(%lld, %lld)", (long long)a->value, (long long)a->second);
        break;
    case IR_ATTR_REAL:
        print_real(out, a->real);
        break;
    case IR_ATTR_NAME:
        if (a->key == IR_ATTR_matrix || a->key == IR_ATTR_buffer)
            fputc('@', out);
        print_name(out, a->text ? a->text : "");
        break;
    case IR_ATTR_TEXT:
        print_quoted(out, a->text ? a->text : "");
        break;
    }
}

static void print_attrs(FILE *out, const ir_op *op)
{
    for (uint32_t i = 0; i < op->attr_count; i++) {
        fputs(i ? ", " : " {", out);
        print_attr(out, &op->attrs[i]);
    }
    if (op->attr_count)
        fputc('}', out);
}

static void print_type(FILE *out, ir_type t)
{
    if (t.kind == IR_VEC)
        fprintf(out, " : vec<%u q%u>", t.lanes, t.q);
    else if (t.kind == IR_LABEL)
        fprintf(out, " : label<%u>", t.lanes);
}

static void print_space(FILE *out, const ir_graph *g, ir_space s)
{
    fputs(" [", out);
    for (uint8_t i = 0; i < s.count; i++) {
        fputs(i ? ", " : "", out);
        print_name(out, s.dim[i] < g->dim_count ? g->dims[s.dim[i]].name : "?");
    }
    fputc(']', out);
}

static void print_op(const printer *p, const ir_graph *g, const ir_op *op)
{
    fprintf(p->out, "  %%%u = %s", op->id, ir_ops[op->code].name);
    for (uint32_t i = 0; i < op->arg_count; i++)
        fprintf(p->out, i ? ", %%%u" : " %%%u", op->args[i]->id);
    print_attrs(p->out, op);
    print_type(p->out, op->type);
    print_space(p->out, g, op->space);
    print_place(p->out, op->place);
    print_where(p, op->where);
    fputc('\n', p->out);
}

static void print_buffer(FILE *out, const ir_buffer *b)
{
    fputs("  buffer @", out);
    print_name(out, b->name);
    fprintf(out, " {node = %d, tile = %d, words = %u, depth = %u, consumers = %u, address = %lld",
            b->node, b->tile, b->words, b->depth, b->consumers, (long long)b->address);
    if (b->points != 1)
        fprintf(out, ", points = %u", b->points);
    if (b->lanes)
        fprintf(out,
                ", lanes = %u, rows = %u, columns = %u, top = %u, left = %u, height = %u, "
                "width = %u, lowest = %u",
                b->lanes, b->rows, b->columns, b->top, b->left, b->height, b->width, b->lowest);
    if (b->blank)
        fprintf(out, ", blank = %u", b->blank);
    fputs("}\n", out);
}

static void print_graph(const printer *p, const ir_graph *g)
{
    fputs("graph @", p->out);
    print_name(p->out, g->name);
    fputs(" (", p->out);
    for (size_t i = 0; i < g->dim_count; i++) {
        fputs(i ? ", " : "", p->out);
        print_name(p->out, g->dims[i].name);
        fprintf(p->out, ": %u", g->dims[i].extent);
    }
    fputs(")", p->out);
    if (g->interval)
        fprintf(p->out, " interval %" PRId64, g->interval);
    fputs(" {\n", p->out);
    for (size_t i = 0; i < g->buffer_count; i++)
        print_buffer(p->out, &g->buffers[i]);
    for (const ir_op *op = g->first; op; op = op->next)
        print_op(p, g, op);
    fputs("}\n", p->out);
}

void ir_print(const ir_module *m, FILE *out)
{
    printer p = {.out = out, .m = m};
    note_module_files(&p);
    print_numerics(out, &m->numerics);
    print_files(&p);
    for (size_t i = 0; i < m->matrix_count; i++)
        print_matrix(&p, m->matrices[i]);
    for (size_t i = 0; i < m->graph_count; i++) {
        fputc('\n', out);
        print_graph(&p, m->graphs[i]);
    }
}

void ir_print_graph(const ir_graph *g, FILE *out)
{
    printer p = {.out = out, .m = g->module};
    note_graph_files(&p, g);
    print_graph(&p, g);
}
