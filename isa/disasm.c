#include "isa/asm_records.h"
#include "isa/disasm_text.h"
#include "isa/image.h"

#include <stdlib.h>
#include <string.h>

enum { OPERANDS_AT = 7, COMMENT_AT = 48, VALUES_PER_LINE = 16 };

/* Position in the listing; -1: no such directive was printed yet. */
typedef struct listing {
    FILE *out;
    arena *scratch;
    const image *im;
    const disasm_options *options;
    const image_entry *entry;
    const image_buffer **buffers; /* by node, tile, address; those whose names can be used */
    size_t buffer_count;
    int node, tile;
} listing;

typedef struct name_at {
    const char *name;
    uint32_t at;
} name_at;

static int by_address(const void *left, const void *right)
{
    const image_buffer *a = *(const image_buffer *const *)left;
    const image_buffer *b = *(const image_buffer *const *)right;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    if (a->tile != b->tile)
        return a->tile < b->tile ? -1 : 1;
    return a->address < b->address ? -1 : a->address > b->address;
}

static int by_buffer_name(const void *left, const void *right)
{
    const image_buffer *a = *(const image_buffer *const *)left;
    const image_buffer *b = *(const image_buffer *const *)right;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    if (a->tile != b->tile)
        return a->tile < b->tile ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* A name can stand in an address if it is plain and means one buffer of its tile only. */
static void collect_buffers(listing *l)
{
    size_t count = l->entry->buffer_count;
    const image_buffer **all = ARENA_ARRAY(l->scratch, const image_buffer *, count);
    for (size_t i = 0; i < count; i++)
        all[i] = &l->entry->buffers[i];
    qsort(all, count, sizeof *all, by_buffer_name);
    l->buffers = ARENA_ARRAY(l->scratch, const image_buffer *, count);
    l->buffer_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool twin = (i > 0 && by_buffer_name(&all[i - 1], &all[i]) == 0) ||
                    (i + 1 < count && by_buffer_name(&all[i], &all[i + 1]) == 0);
        if (!twin && asm_name_plain(all[i]->name))
            l->buffers[l->buffer_count++] = all[i];
    }
    qsort(l->buffers, l->buffer_count, sizeof *l->buffers, by_address);
}

/* "x+16" for the offset of a memory operand, or NULL. */
static const char *address_name(const listing *l, const image_agent *g, uint32_t offset)
{
    image_buffer key = {.node = g->node, .tile = g->tile, .address = offset};
    const image_buffer *wanted = &key;
    size_t low = 0, high = l->buffer_count; /* the last buffer that is not after the key */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_address(&l->buffers[middle], &wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    const image_buffer *b = low ? l->buffers[low - 1] : NULL;
    if (!b || b->node != g->node || b->tile != g->tile || offset - b->address >= b->words)
        return NULL;
    if (offset == b->address)
        return b->name;
    return arena_printf(l->scratch, "%s+%u", b->name, offset - b->address);
}

static int by_label_name(const void *left, const void *right)
{
    const name_at *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : a->at < b->at ? -1 : a->at > b->at;
}

static int compare_label_names(const void *left, const void *right)
{
    const name_at *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static int by_label_place(const void *left, const void *right)
{
    const name_at *a = left, *b = right;
    return a->at != b->at ? (a->at < b->at ? -1 : 1) : strcmp(a->name, b->name);
}

static size_t usable_labels(const image_agent *g, name_at *labels)
{
    size_t n = 0, kept = 0;
    for (uint32_t i = 0; i < g->label_count; i++)
        if (asm_name_plain(g->labels[i].name) && g->labels[i].at <= g->code.count)
            labels[n++] = (name_at){g->labels[i].name, g->labels[i].at};
    qsort(labels, n, sizeof *labels, by_label_name);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(labels[kept - 1].name, labels[i].name) != 0)
            labels[kept++] = labels[i];
    return kept;
}

/* Index of the instruction that a branch leads to, or -1. */
static int64_t target_of(const image_code *code, uint32_t at)
{
    const isa_insn *insn = &code->insns[at];
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        int64_t to = (int64_t)at + insn->field[i];
        if (kinds[i] == FIELD_TARGET)
            return to >= 0 && to < (int64_t)code->count ? to : -1;
    }
    return -1;
}

/*
 * The labels of a program by place: those of the image, and one L<n> for every other branch
 * target.
 */
static name_at *all_labels(const listing *l, const image_agent *g, size_t *count)
{
    const image_code *code = &g->code;
    name_at *labels = ARENA_ARRAY(l->scratch, name_at, (size_t)g->label_count + code->count);
    bool *named = ARENA_ARRAY(l->scratch, bool, (size_t)code->count + 1);
    size_t given = usable_labels(g, labels), n = given;
    for (size_t i = 0; i < given; i++)
        named[labels[i].at] = true;
    for (uint32_t i = 0; i < code->count; i++) {
        int64_t to = target_of(code, i);
        if (to < 0 || named[to])
            continue;
        named[to] = true;
        name_at fresh = {arena_printf(l->scratch, "L%lld", (long long)to), (uint32_t)to};
        while (bsearch(&fresh, labels, given, sizeof *labels, compare_label_names))
            fresh.name = arena_printf(l->scratch, "%s_", fresh.name);
        labels[n++] = fresh;
    }
    qsort(labels, n, sizeof *labels, by_label_place);
    *count = n;
    return labels;
}

static const char *label_at(const name_at *labels, size_t count, int64_t at)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((int64_t)labels[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && (int64_t)labels[low].at == at ? labels[low].name : NULL;
}

/* A listing's comments must not end the line they stand on. */
static void print_comment_text(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
}

static bool has_layer(const listing *l, const image_origin *o)
{
    return o->layer > 0 && o->layer < l->im->layer_count;
}

static bool has_file(const listing *l, const image_origin *o)
{
    return o->file >= 1 && o->file <= l->im->file_count;
}

static void print_origin(const listing *l, const image_origin *o, int column)
{
    bool layer = has_layer(l, o);
    fprintf(l->out, "%*s;", column < COMMENT_AT ? COMMENT_AT - column : 1, "");
    if (layer) {
        fputs(" layer ", l->out);
        print_comment_text(l->out, l->im->layers[o->layer]);
    }
    if (has_file(l, o)) {
        fputs(layer ? ", " : " ", l->out);
        print_comment_text(l->out, l->im->files[o->file - 1]);
        fprintf(l->out, ":%u:%u", o->line, o->column);
    }
}

/* The text of a line of the program, on a line of its own. */
static void print_source(const listing *l, const image_origin *o)
{
    const disasm_options *w = l->options;
    const char *path = has_file(l, o) ? l->im->files[o->file - 1] : NULL;
    const char *text = path && w->source_line ? w->source_line(w->sources, path, o->line) : NULL;
    if (!text)
        return;
    fprintf(l->out, "        ; %u: ", o->line);
    print_comment_text(l->out, text);
    fputc('\n', l->out);
}

/* Whether a reader who saw the comment about `shown` last needs one about o. */
static bool says_more(const listing *l, const image_origin *o, const image_origin *shown)
{
    if (!has_layer(l, o) && !has_file(l, o))
        return false;
    return !shown || o->layer != shown->layer || o->file != shown->file || o->line != shown->line ||
           o->column != shown->column;
}

static bool layer_selected(const listing *l, const image_code *code, uint32_t i)
{
    if (!l->options->layer)
        return true;
    uint16_t layer = code->origins ? code->origins[i].layer : 0;
    return layer < l->im->layer_count && strcmp(l->im->layers[layer], l->options->layer) == 0;
}

/* Of a listing of one layer also the control flow around it. */
static bool insn_selected(const listing *l, const image_code *code, uint32_t i)
{
    return layer_selected(l, code, i) || isa_table[code->insns[i].op].cost == TIME_branch;
}

static bool agent_selected(const listing *l, const image_code *code)
{
    bool any = !l->options->layer;
    for (uint32_t i = 0; !any && i < code->count; i++)
        any = layer_selected(l, code, i);
    return any;
}

static const char *address_of(const listing *l, const image_agent *g, const isa_insn *insn)
{
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++)
        if (kinds[i] == FIELD_OFFSET)
            return address_name(l, g, (uint32_t)insn->field[i]);
    return NULL;
}

/* shown: the origin of the last comment since the last label, or NULL; kept up to date. */
static void print_insn(const listing *l, const image_agent *g, uint32_t i, const char *target,
                       const image_origin **shown)
{
    char text[512];
    const isa_insn *insn = &g->code.insns[i];
    const image_origin *origin = g->code.origins ? &g->code.origins[i] : NULL;
    const char *address = address_of(l, g, insn);
    int n = insn_text(insn, address, target, OPERANDS_AT, text, sizeof text);
    if (n >= (int)sizeof text) /* a very long buffer name */
        n = insn_text(insn, NULL, target, OPERANDS_AT, text, sizeof text);
    bool news = origin && says_more(l, origin, *shown);
    if (news && (!*shown || (*shown)->file != origin->file || (*shown)->line != origin->line))
        print_source(l, origin);
    fprintf(l->out, "        %s", text);
    if (news) {
        print_origin(l, origin, 8 + n);
        *shown = origin;
    }
    fputc('\n', l->out);
}

static void print_left_out(const listing *l, uint32_t *count)
{
    if (*count)
        fprintf(l->out, "        ; %u instruction%s of another layer or none\n", *count,
                *count == 1 ? "" : "s");
    *count = 0;
}

static void print_code(const listing *l, const image_agent *g)
{
    size_t count = 0, next = 0;
    uint32_t left_out = 0;
    const name_at *labels = all_labels(l, g, &count);
    const image_origin *shown = NULL;
    for (uint32_t i = 0; i <= g->code.count; i++) {
        for (; next < count && labels[next].at == i; next++) {
            print_left_out(l, &left_out);
            fprintf(l->out, "%s:\n", labels[next].name);
            shown = NULL;
        }
        if (i == g->code.count)
            break;
        if (!insn_selected(l, &g->code, i)) {
            left_out++;
            continue;
        }
        print_left_out(l, &left_out);
        int64_t to = target_of(&g->code, i);
        print_insn(l, g, i, to < 0 ? NULL : label_at(labels, count, to), &shown);
    }
    print_left_out(l, &left_out);
}

/* What the MCUs of a core hold. */
static void print_crossbars(const listing *l, const image_agent *g)
{
    for (uint32_t i = 0; i < l->im->matrix_count; i++) {
        const image_matrix *m = &l->im->matrices[i];
        for (uint32_t k = 0; k < m->block_count; k++) {
            const image_block *b = &m->blocks[k];
            if (b->node != g->node || b->tile != g->tile || b->core != g->agent)
                continue;
            fprintf(l->out, "; m%u: ", b->mcu);
            print_comment_text(l->out, m->name);
            fprintf(l->out, ", inputs %u-%u, outputs %u-%u\n", b->row0, b->row0 + b->rows - 1u,
                    b->column0, b->column0 + b->columns - 1u);
        }
    }
}

static void go_to(listing *l, int node, int tile)
{
    if (l->node != node)
        fprintf(l->out, ".node %d\n", node);
    if (l->node != node || l->tile != tile)
        fprintf(l->out, ".tile %d\n", tile);
    l->node = node;
    l->tile = tile;
}

static bool selected(const listing *l, int node, int tile)
{
    const disasm_options *o = l->options;
    return (o->node < 0 || o->node == node) && (o->tile < 0 || o->tile == tile);
}

static void print_buffer(listing *l, const image_buffer *b)
{
    go_to(l, b->node, b->tile);
    fputs(".buffer ", l->out);
    if (asm_name_plain(b->name))
        fputs(b->name, l->out);
    else
        asm_print_quoted(b->name, l->out);
    fprintf(l->out, ", %u, %u\n", b->address, b->words);
}

/* How many words from the i-th on have its value. */
static uint32_t equal_values(const image_preset *p, uint32_t i)
{
    uint32_t run = 1;
    if (!p->values)
        return p->words - i;
    while (i + run < p->words && p->values[i + run] == p->values[i])
        run++;
    return run;
}

static void print_values(const listing *l, const image_preset *p)
{
    int on_line = 0;
    for (uint32_t i = 0, run; i < p->words; i += run) {
        run = equal_values(p, i);
        fputs(on_line++ % VALUES_PER_LINE == VALUES_PER_LINE - 1 ? ",\n        " : ", ", l->out);
        fprintf(l->out, "%d", p->values ? p->values[i] : p->value);
        if (run > 1)
            fprintf(l->out, "*%u", run);
    }
}

static void print_preset(listing *l, const image_preset *p)
{
    go_to(l, p->node, p->tile);
    fprintf(l->out, ".preset %u, ", p->address);
    if (p->count)
        fprintf(l->out, "%u", p->count);
    else
        fputs("keep", l->out);
    print_values(l, p);
    if (p->repeat != 1)
        record_print(record_preset, p, l->out);
    fputc('\n', l->out);
}

static void print_agent(listing *l, const image_agent *g)
{
    go_to(l, g->node, g->tile);
    fprintf(l->out, ".%s %u", g->is_thread ? "thread" : "core", g->agent);
    if (g->comment && g->comment[0]) {
        fputs(" ; ", l->out);
        print_comment_text(l->out, g->comment);
    }
    fputc('\n', l->out);
    if (!g->is_thread)
        print_crossbars(l, g);
    print_code(l, g);
}

static void print_ports(const listing *l, const char *directive, const image_port *ports,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        fprintf(l->out, ".%s ", directive);
        asm_print_quoted(ports[i].name, l->out);
        record_print(record_port, &ports[i], l->out);
        fputc('\n', l->out);
        for (uint32_t k = 0; k < ports[i].packet_count; k++) {
            fputs(".packet", l->out);
            record_print(record_packet, &ports[i].packets[k], l->out);
            fputc('\n', l->out);
        }
    }
}

static void print_entry(listing *l, const image_entry *e, bool tables)
{
    l->entry = e;
    l->node = l->tile = -1;
    fputs("\n.entry ", l->out);
    asm_print_quoted(e->name, l->out);
    record_print(record_entry, e, l->out);
    fputc('\n', l->out);
    if (tables) {
        print_ports(l, "input", e->inputs, e->input_count);
        print_ports(l, "output", e->outputs, e->output_count);
    }
    collect_buffers(l);
    for (uint32_t i = 0; i < e->buffer_count; i++)
        if (selected(l, e->buffers[i].node, e->buffers[i].tile))
            print_buffer(l, &e->buffers[i]);
    for (uint32_t i = 0; i < e->preset_count; i++)
        if (selected(l, e->presets[i].node, e->presets[i].tile))
            print_preset(l, &e->presets[i]);
    for (uint32_t i = 0; i < e->agent_count; i++) {
        const image_agent *g = &e->agents[i];
        bool core = l->options->core < 0 || (!g->is_thread && g->agent == l->options->core);
        if (selected(l, g->node, g->tile) && core && agent_selected(l, &g->code))
            print_agent(l, g);
    }
}

static void print_matrix(const image_matrix *m, FILE *out)
{
    fputs(".matrix ", out);
    asm_print_quoted(m->name, out);
    record_print(record_matrix, m, out);
    fputc('\n', out);
    for (uint32_t i = 0; i < m->block_count; i++) {
        fputs(".block", out);
        record_print(record_block, &m->blocks[i], out);
        fputc('\n', out);
    }
}

static void print_tables(const image *im, FILE *out)
{
    fputs(".opa", out);
    record_print(record_opa, im, out);
    fputc('\n', out);
    for (uint32_t i = 1; i < im->layer_count; i++) {
        fputs(".layer ", out);
        asm_print_quoted(im->layers[i], out);
        fputc('\n', out);
    }
    for (uint32_t i = 0; i < im->matrix_count; i++)
        print_matrix(&im->matrices[i], out);
    for (uint32_t i = 0; i < im->tensor_count; i++) {
        fputs(".tensor ", out);
        asm_print_quoted(im->tensors[i].name, out);
        record_print(record_tensor, &im->tensors[i], out);
        fputc('\n', out);
    }
    if (im->plan && im->plan[0]) {
        fputs(".plan ", out);
        asm_print_quoted(im->plan, out);
        fputc('\n', out);
    }
}

void disasm_print(const image *im, const disasm_options *options, FILE *out)
{
    listing l = {.out = out, .scratch = arena_new(), .im = im, .options = options};
    bool whole = options->node < 0 && options->tile < 0 && options->core < 0 && !options->entry &&
                 !options->layer;
    fputs(".machine ", out);
    asm_print_quoted(im->machine_name ? im->machine_name : "", out);
    fputc('\n', out);
    if (whole)
        print_tables(im, out);
    for (uint32_t i = 0; i < im->entry_count; i++)
        if (!options->entry || strcmp(options->entry, im->entries[i].name) == 0)
            print_entry(&l, &im->entries[i], whole);
    arena_free(l.scratch);
}
