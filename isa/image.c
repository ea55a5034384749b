#include "isa/image_archive.h"

#include <string.h>

#define TAG(a, b, c, d)                                                                            \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/*
 * A list: its length, then each element by `each`. While reading, the array is made here; `bytes`
 * is the fewest that an element can take in the file.
 */
#define LIST(a, array, count, bytes, each)                                                         \
    do {                                                                                           \
        uint32_t n_ = archive_count((a), (count), (bytes));                                        \
        if ((a)->reading) {                                                                        \
            (count) = n_;                                                                          \
            (array) = arena_calloc((a)->memory, n_, sizeof *(array));                              \
        }                                                                                          \
        for (uint32_t i_ = 0; i_ < n_ && !(a)->error; i_++)                                        \
            each((a), &(array)[i_]);                                                               \
    } while (0)

#define CHOICE(a, lvalue, type, limit)                                                             \
    do {                                                                                           \
        int choice_ = (int)(lvalue);                                                               \
        archive_choice((a), &choice_, (int)(limit));                                               \
        if ((a)->reading)                                                                          \
            (lvalue) = (type)choice_;                                                              \
    } while (0)

static void each_insn(archive *a, isa_insn *insn)
{
    uint32_t words[ISA_WORDS] = {0};
    if (!a->reading) {
        const char *error = isa_check(insn);
        if (error) {
            archive_fail(a, "an instruction cannot be encoded: %s", error);
            return;
        }
        isa_encode(insn, words);
    }
    for (int i = 0; i < ISA_WORDS; i++)
        archive_u32(a, &words[i]);
    if (a->reading && !a->error && !isa_decode(words, insn))
        archive_fail(a, "%08x %08x %08x is no instruction", words[0], words[1], words[2]);
}

bool image_same_origin(const image_origin *x, const image_origin *y)
{
    return x->layer == y->layer && x->op == y->op && x->file == y->file && x->line == y->line &&
           x->column == y->column;
}

static void each_origin(archive *a, image_origin *o)
{
    archive_u16(a, &o->layer);
    archive_u32(a, &o->op);
    archive_u32(a, &o->file);
    archive_u32(a, &o->line);
    archive_u32(a, &o->column);
}

/* The debug map in runs of equal origins. */
static void write_origins(archive *a, const image_code *code)
{
    for (uint32_t i = 0, run; i < code->count; i += run) {
        for (run = 1; i + run < code->count; run++)
            if (!image_same_origin(&code->origins[i], &code->origins[i + run]))
                break;
        archive_u32(a, &run);
        each_origin(a, &code->origins[i]);
    }
}

static void read_origins(archive *a, image_code *code)
{
    code->origins = ARENA_ARRAY(a->memory, image_origin, code->count);
    for (uint32_t i = 0, run = 0; i < code->count && !a->error; i += run) {
        image_origin o = {0};
        archive_u32(a, &run);
        each_origin(a, &o);
        if (run == 0 || run > code->count - i)
            archive_fail(a, "the debug map does not match the code");
        for (uint32_t k = 0; !a->error && k < run; k++)
            code->origins[i + k] = o;
    }
}

static void archive_code(archive *a, image_code *code)
{
    LIST(a, code->insns, code->count, ISA_BYTES, each_insn);
    bool mapped = code->origins != NULL;
    archive_flag(a, &mapped);
    if (!mapped || a->error)
        return;
    if (a->reading)
        read_origins(a, code);
    else
        write_origins(a, code);
}

static void each_label(archive *a, image_label *l)
{
    archive_text(a, &l->name);
    archive_u32(a, &l->at);
}

static void each_agent(archive *a, image_agent *g)
{
    archive_u16(a, &g->node);
    archive_u16(a, &g->tile);
    archive_flag(a, &g->is_thread);
    archive_u16(a, &g->agent);
    archive_text(a, &g->comment);
    archive_code(a, &g->code);
    LIST(a, g->labels, g->label_count, 8, each_label);
}

static void each_value(archive *a, int16_t *v)
{
    uint16_t bits = (uint16_t)*v;
    archive_u16(a, &bits);
    if (a->reading)
        *v = (int16_t)bits;
}

static void each_preset(archive *a, image_preset *p)
{
    archive_u16(a, &p->node);
    archive_u16(a, &p->tile);
    archive_u32(a, &p->address);
    archive_u8(a, &p->count);
    archive_u32(a, &p->repeat);
    archive_u32(a, &p->stride);
    bool listed = p->values != NULL;
    archive_flag(a, &listed);
    if (listed) {
        LIST(a, p->values, p->words, 2, each_value);
        return;
    }
    archive_u32(a, &p->words);
    each_value(a, &p->value);
}

static void each_buffer(archive *a, image_buffer *b)
{
    archive_text(a, &b->name);
    archive_u16(a, &b->node);
    archive_u16(a, &b->tile);
    archive_u32(a, &b->address);
    archive_u32(a, &b->words);
}

static void each_packet(archive *a, image_packet *p)
{
    archive_u16(a, &p->node);
    archive_u16(a, &p->tile);
    archive_u8(a, &p->channel);
    archive_u32(a, &p->first);
    archive_u32(a, &p->words);
}

static void each_port(archive *a, image_port *p)
{
    archive_text(a, &p->name);
    CHOICE(a, p->role, port_role, PORT_OUTPUT + 1);
    CHOICE(a, p->encoding, port_encoding, ENCODE_ONE_HOT + 1);
    archive_flag(a, &p->per_kernel);
    archive_u32(a, &p->elements);
    archive_u32(a, &p->points);
    archive_flag(a, &p->by_points);
    archive_u8(a, &p->q);
    LIST(a, p->packets, p->packet_count, 13, each_packet);
}

static void each_entry(archive *a, image_entry *e)
{
    archive_text(a, &e->name);
    archive_u32(a, &e->batch);
    archive_flag(a, &e->updates);
    archive_u32(a, &e->bound_steps);
    archive_u32(a, &e->bound_steps_serial);
    LIST(a, e->agents, e->agent_count, 20, each_agent);
    LIST(a, e->presets, e->preset_count, 22, each_preset);
    LIST(a, e->buffers, e->buffer_count, 16, each_buffer);
    LIST(a, e->inputs, e->input_count, 21, each_port);
    LIST(a, e->outputs, e->output_count, 21, each_port);
}

static void each_signed(archive *a, int8_t *v)
{
    uint8_t bits = (uint8_t)*v;
    archive_u8(a, &bits);
    if (a->reading)
        *v = (int8_t)bits;
}

static void each_block(archive *a, image_block *b)
{
    archive_u16(a, &b->node);
    archive_u16(a, &b->tile);
    archive_u16(a, &b->core);
    archive_u16(a, &b->mcu);
    archive_u32(a, &b->row0);
    archive_u32(a, &b->column0);
    archive_u16(a, &b->rows);
    archive_u16(a, &b->columns);
    each_signed(a, &b->mvm_shift);
    each_signed(a, &b->mtvm_shift);
}

static void each_matrix(archive *a, image_matrix *m)
{
    archive_text(a, &m->name);
    archive_u16(a, &m->layer);
    archive_u32(a, &m->rows);
    archive_u32(a, &m->columns);
    archive_u8(a, &m->q);
    archive_flag(a, &m->frozen);
    archive_u32(a, &m->copy_of);
    LIST(a, m->blocks, m->block_count, 22, each_block);
}

static void each_tensor(archive *a, image_tensor *t)
{
    archive_text(a, &t->name);
    archive_u32(a, &t->matrix);
    archive_u32(a, &t->rank);
    for (int i = 0; i < 4; i++)
        archive_u32(a, &t->dims[i]);
    archive_u32(a, &t->first);
    archive_u32(a, &t->row0);
    archive_u32(a, &t->column0);
    archive_u32(a, &t->rows);
    archive_u32(a, &t->columns);
    archive_u32(a, &t->pixel);
    CHOICE(a, t->init, init_kind, INIT_NORMAL + 1);
    archive_real(a, &t->init_value);
    CHOICE(a, t->fold, fold_kind, FOLD_VAR + 1);
    archive_real(a, &t->eps);
}

static void section_head(archive *a, image *im)
{
    archive_text(a, &im->fingerprint);
    archive_text(a, &im->machine_name);
    CHOICE(a, im->opa_mode, opa_mode, OPA_MODES);
    archive_flag(a, &im->rounds_updates);
    LIST(a, im->layers, im->layer_count, 4, archive_text);
    LIST(a, im->files, im->file_count, 4, archive_text);
}

static void section_matrices(archive *a, image *im)
{
    LIST(a, im->matrices, im->matrix_count, 24, each_matrix);
    LIST(a, im->tensors, im->tensor_count, 70, each_tensor);
}

static void section_entries(archive *a, image *im)
{
    LIST(a, im->entries, im->entry_count, 37, each_entry);
}

static void section_plan(archive *a, image *im)
{
    archive_text(a, &im->plan);
}

typedef struct section {
    uint32_t tag;
    void (*walk)(archive *a, image *im);
} section;

static const section sections[] = {
    {TAG('H', 'E', 'A', 'D'), section_head},
    {TAG('M', 'A', 'T', 'R'), section_matrices},
    {TAG('E', 'N', 'T', 'R'), section_entries},
    {TAG('P', 'L', 'A', 'N'), section_plan},
};

static void write_section(archive *a, image *im, const section *s)
{
    uint32_t tag = s->tag, length = 0;
    archive_u32(a, &tag);
    size_t length_at = a->at;
    archive_u32(a, &length);
    s->walk(a, im);
    size_t written = a->at - length_at - 4;
    if (written > UINT32_MAX)
        archive_fail(a, "a section of the image is longer than 4 GiB");
    for (size_t i = 0; !a->error && i < 4; i++)
        a->bytes[length_at + i] = (unsigned char)(written >> 8 * i);
}

static void read_section(archive *a, image *im, const section *s)
{
    uint32_t tag = 0, length = 0;
    archive_u32(a, &tag);
    archive_u32(a, &length);
    if (!a->error && (tag != s->tag || length > a->end - a->at))
        archive_fail(a, "a section is missing or has the wrong length");
    if (a->error)
        return;
    size_t end = a->end;
    a->end = a->at + length;
    s->walk(a, im);
    if (!a->error && a->at != a->end)
        archive_fail(a, "a section is longer than its tables");
    a->end = end;
}

void archive_image(archive *a, image *im)
{
    for (size_t i = 0; i < sizeof sections / sizeof sections[0] && !a->error; i++) {
        if (a->reading)
            read_section(a, im, &sections[i]);
        else
            write_section(a, im, &sections[i]);
    }
    if (a->reading && !a->error && a->at != a->end)
        archive_fail(a, "there is more in the file than its tables");
}
