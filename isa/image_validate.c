#include "isa/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct validation {
    const image *im;
    const machine *m;
    diag *d;
    const char *path;
    arena *scratch;
} validation;

static void code_error(const validation *v, const image_entry *e, const image_agent *g, uint32_t at,
                       const char *error)
{
    char text[160];
    const char *from = "";
    disasm_insn(&g->code.insns[at], text, sizeof text);
    const image_origin *o = g->code.origins ? &g->code.origins[at] : NULL;
    if (o && o->file >= 1 && o->file <= v->im->file_count)
        from = arena_printf(v->scratch, " from %s:%u:%u", v->im->files[o->file - 1], o->line,
                            o->column);
    diag_file_error(v->d, v->path, "entry '%s', node %u, tile %u, %s %u, instruction %u (%s)%s: %s",
                    e->name, g->node, g->tile, g->is_thread ? "thread" : "core", g->agent, at, text,
                    from, error);
}

static bool tile_exists(const validation *v, uint16_t node, uint16_t tile)
{
    return node < v->m->nodes && tile < v->m->tiles;
}

static const char *agent_name(const validation *v, const image_entry *e, const image_agent *g)
{
    return arena_printf(v->scratch, "entry '%s', node %u, tile %u, %s %u", e->name, g->node,
                        g->tile, g->is_thread ? "thread" : "core", g->agent);
}

/* The last instruction must not run on into nothing. */
static bool ends_well(const image_code *code)
{
    isa_op last = code->insns[code->count - 1].op;
    return last == ISA_halt || last == ISA_jmp;
}

static bool origin_known(const validation *v, const image_origin *o)
{
    return (o->layer == 0 || o->layer < v->im->layer_count) && o->file <= v->im->file_count;
}

static void check_code(const validation *v, const image_entry *e, const image_agent *g)
{
    const image_code *code = &g->code;
    uint32_t limit = (uint32_t)(g->is_thread ? v->m->thread_instructions : v->m->core_instructions);
    if (code->count == 0 || code->count > limit) {
        diag_file_error(v->d, v->path, "%s: a program has 1 to %u instructions, not %u",
                        agent_name(v, e, g), limit, code->count);
        return;
    }
    for (uint32_t i = 0; i < code->count; i++) {
        const char *error = image_check_insn(v->scratch, &code->insns[i], v->m, g->is_thread, i,
                                             code->count);
        if (!error && code->origins && !origin_known(v, &code->origins[i]))
            error = "its entry of the debug map names an unknown file or layer";
        if (error)
            code_error(v, e, g, i, error);
    }
    if (isa_check(&code->insns[code->count - 1]) == NULL && !ends_well(code))
        code_error(v, e, g, code->count - 1, "the program runs on beyond its last instruction");
    for (uint32_t i = 0; i < g->label_count; i++)
        if (g->labels[i].at > code->count)
            diag_file_error(v->d, v->path, "%s: the label '%s' lies outside the program",
                            agent_name(v, e, g), g->labels[i].name);
}

static void check_agent(const validation *v, const image_entry *e, const image_agent *g)
{
    int limit = g->is_thread ? v->m->control_threads : v->m->cores;
    if (!tile_exists(v, g->node, g->tile) || g->agent >= limit)
        diag_file_error(v->d, v->path,
                        "%s: the machine has %d nodes of %d tiles with %d cores and %d threads",
                        agent_name(v, e, g), v->m->nodes, v->m->tiles, v->m->cores,
                        v->m->control_threads);
    else
        check_code(v, e, g);
}

static uint64_t agent_key(const image_agent *g)
{
    return (uint64_t)g->node << 33 | (uint64_t)g->tile << 17 | (uint64_t)g->is_thread << 16 |
           g->agent;
}

static int by_value(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static bool has_duplicates(uint64_t *keys, uint32_t count)
{
    if (count < 2)
        return false;
    qsort(keys, count, sizeof *keys, by_value);
    for (uint32_t i = 1; i < count; i++)
        if (keys[i] == keys[i - 1])
            return true;
    return false;
}

static void check_region(const validation *v, const image_entry *e, const char *what, uint16_t node,
                         uint16_t tile, uint32_t address, uint64_t words)
{
    if (tile_exists(v, node, tile) && address + words <= (uint64_t)v->m->memory_words)
        return;
    diag_file_error(v->d, v->path,
                    "entry '%s': %s at node %u, tile %u, words %u to %llu lies outside the "
                    "machine's memory (%d words)",
                    e->name, what, node, tile, address,
                    (unsigned long long)(address + (words ? words - 1 : 0)), v->m->memory_words);
}

static void check_preset(const validation *v, const image_entry *e, const image_preset *p)
{
    if (p->repeat < 1 || (p->repeat > 1 && (p->words < 1 || p->stride < p->words)))
        diag_file_error(v->d, v->path,
                        "entry '%s': a preset at word %u of %u runs of %u words, %u words apart, "
                        "cannot be",
                        e->name, p->address, p->repeat, p->words, p->stride);
    else
        check_region(v, e, "a preset", p->node, p->tile, p->address,
                     (uint64_t)(p->repeat - 1) * p->stride + p->words);
}

static void check_port(const validation *v, const image_entry *e, const image_port *p, bool input)
{
    if (p->points < 1 || p->elements % p->points) {
        diag_file_error(v->d, v->path, "entry '%s': port '%s' has %u elements at %u points",
                        e->name, p->name, p->elements, p->points);
        return;
    }
    uint32_t lanes = p->elements / p->points;
    if (p->q > 31 || (p->role == PORT_OUTPUT) == input)
        diag_file_error(v->d, v->path, "entry '%s': port '%s' has an impossible role or format",
                        e->name, p->name);
    for (uint32_t i = 0; i < p->packet_count; i++) {
        const image_packet *k = &p->packets[i];
        bool inside = k->words >= 1 && k->words <= 65535 &&
                      (uint64_t)k->first + k->words <= lanes;
        if (!inside || !tile_exists(v, k->node, k->tile) ||
            (input && k->channel >= v->m->channels))
            diag_file_error(v->d, v->path,
                            "entry '%s': packet %u of port '%s' (node %u, tile %u, channel %u, "
                            "elements %u to %llu of %u) cannot be",
                            e->name, i, p->name, k->node, k->tile, k->channel, k->first,
                            (unsigned long long)k->first + k->words, lanes);
    }
}

static void check_entry(const validation *v, const image_entry *e)
{
    if (e->batch == 0)
        diag_file_error(v->d, v->path, "entry '%s': its batch is empty", e->name);
    uint64_t *keys = ARENA_ARRAY(v->scratch, uint64_t, e->agent_count);
    for (uint32_t i = 0; i < e->agent_count; i++) {
        check_agent(v, e, &e->agents[i]);
        keys[i] = agent_key(&e->agents[i]);
    }
    if (has_duplicates(keys, e->agent_count))
        diag_file_error(v->d, v->path, "entry '%s': a core or thread has two programs", e->name);
    for (uint32_t i = 0; i < e->preset_count; i++)
        check_preset(v, e, &e->presets[i]);
    for (uint32_t i = 0; i < e->buffer_count; i++) {
        const image_buffer *b = &e->buffers[i];
        check_region(v, e, b->name, b->node, b->tile, b->address, b->words);
    }
    for (uint32_t i = 0; i < e->input_count; i++)
        check_port(v, e, &e->inputs[i], true);
    for (uint32_t i = 0; i < e->output_count; i++)
        check_port(v, e, &e->outputs[i], false);
}

static bool shift_possible(int shift)
{
    return shift >= -64 && shift <= 63;
}

static void check_block(const validation *v, const image_matrix *m, const image_block *b)
{
    const machine *on = v->m;
    bool place = tile_exists(v, b->node, b->tile) && b->core < on->cores && b->mcu < on->mcus;
    bool shape = b->rows >= 1 && b->columns >= 1 && b->rows <= on->slices.rows &&
                 b->columns <= on->slices.columns && (uint64_t)b->row0 + b->rows <= m->rows &&
                 (uint64_t)b->column0 + b->columns <= m->columns;
    if (!place)
        diag_file_error(v->d, v->path,
                        "matrix '%s': node %u, tile %u, core %u, MCU %u does not exist", m->name,
                        b->node, b->tile, b->core, b->mcu);
    else if (!shape)
        diag_file_error(v->d, v->path,
                        "matrix '%s': a block of %u x %u at row %u, column %u does not fit the "
                        "matrix (%u x %u) or the crossbar (%d x %d)",
                        m->name, b->rows, b->columns, b->row0, b->column0, m->rows, m->columns,
                        on->slices.rows, on->slices.columns);
    else if (!shift_possible(b->mvm_shift) || !shift_possible(b->mtvm_shift))
        diag_file_error(v->d, v->path, "matrix '%s': a shift lies between -64 and 63", m->name);
}

static uint64_t block_key(const image_block *b)
{
    return (uint64_t)b->node << 48 | (uint64_t)b->tile << 32 | (uint64_t)b->core << 16 | b->mcu;
}

static bool same_block(const image_block *a, const image_block *b)
{
    return a->row0 == b->row0 && a->column0 == b->column0 && a->rows == b->rows &&
           a->columns == b->columns;
}

/* A copy is cut like its original, which comes before it. */
static void check_copy(const validation *v, uint32_t index)
{
    const image_matrix *m = &v->im->matrices[index];
    const image_matrix *o = m->copy_of <= index ? &v->im->matrices[m->copy_of - 1] : NULL;
    bool good = o && !o->copy_of && o->rows == m->rows && o->columns == m->columns &&
                o->q == m->q && o->block_count == m->block_count;
    for (uint32_t k = 0; good && k < m->block_count; k++)
        good = same_block(&m->blocks[k], &o->blocks[k]);
    if (!good)
        diag_file_error(v->d, v->path, "matrix '%s' is no copy of a matrix before it", m->name);
}

static void check_matrices(const validation *v)
{
    uint64_t *keys = NULL;
    size_t count = 0, capacity = 0;
    for (uint32_t i = 0; i < v->im->matrix_count; i++) {
        const image_matrix *m = &v->im->matrices[i];
        if (m->q > 31 || m->rows == 0 || m->columns == 0 ||
            (m->layer && m->layer >= v->im->layer_count))
            diag_file_error(v->d, v->path, "matrix '%s' has an impossible shape, format or layer",
                            m->name);
        if (m->copy_of)
            check_copy(v, i);
        for (uint32_t k = 0; k < m->block_count; k++) {
            check_block(v, m, &m->blocks[k]);
            ARENA_PUSH(v->scratch, keys, count, capacity, block_key(&m->blocks[k]));
        }
    }
    if (has_duplicates(keys, (uint32_t)count))
        diag_file_error(v->d, v->path, "two blocks sit in the same MCU");
}

/* One more than the last matrix input of a tensor. */
static uint64_t rows_end(const image_tensor *t)
{
    uint64_t taps = (uint64_t)t->dims[2] * t->dims[3];
    if (!t->pixel || !taps)
        return (uint64_t)t->row0 + t->rows;
    return taps > UINT32_MAX ? UINT64_MAX : t->row0 + (taps - 1) * t->pixel + t->rows / taps;
}

/* All of a tensor, or outputs first .. first + columns of it. */
static bool shape_fits(const image_tensor *t)
{
    uint64_t inputs = 1;
    for (uint32_t k = 1; k < t->rank && k < 4; k++)
        inputs = inputs > UINT32_MAX ? inputs : inputs * t->dims[k];
    uint64_t outputs = (uint64_t)t->first + t->columns;
    bool whole = t->first == 0 && inputs <= UINT32_MAX &&
                 inputs * t->dims[0] == (uint64_t)t->rows * t->columns;
    uint64_t taps = (uint64_t)t->dims[2] * t->dims[3];
    bool none = !t->dims[2] && !t->dims[3], fits = taps && taps <= t->rows && t->rows % taps == 0;
    bool kernel = (t->rank == 2 && none) || (t->rank != 2 && t->rank != 4) || fits;
    bool vector = (unsigned)t->fold <= FOLD_VAR && t->rank == 1 && t->rows == 1 &&
                  isfinite(t->eps) && t->eps >= 0;
    bool spread = t->rank == 4 && fits && t->pixel >= t->rows / taps;
    bool part = inputs == t->rows && outputs <= t->dims[0];
    return (!t->fold || vector) && (!t->pixel || spread) && kernel && (whole || part);
}

static int by_tensor_name(const void *left, const void *right)
{
    const image_tensor *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

/* Parts of one tensor agree on its shape. */
static void check_parts(const validation *v)
{
    uint32_t count = v->im->tensor_count;
    const image_tensor **all = ARENA_ARRAY(v->scratch, const image_tensor *, count + 1);
    for (uint32_t i = 0; i < count; i++)
        all[i] = &v->im->tensors[i];
    qsort(all, count, sizeof *all, by_tensor_name);
    for (uint32_t i = 1; i < count; i++)
        if (strcmp(all[i - 1]->name, all[i]->name) == 0 &&
            (all[i - 1]->rank != all[i]->rank ||
             memcmp(all[i - 1]->dims, all[i]->dims, sizeof all[i]->dims) != 0))
            diag_file_error(v->d, v->path, "parts of the tensor '%s' disagree on its dimensions",
                            all[i]->name);
}

static void check_tensors(const validation *v)
{
    check_parts(v);
    for (uint32_t i = 0; i < v->im->tensor_count; i++) {
        const image_tensor *t = &v->im->tensors[i];
        const image_matrix *m =
            t->matrix < v->im->matrix_count ? &v->im->matrices[t->matrix] : NULL;
        if (!m || m->copy_of || t->rank < 1 || t->rank > 4 || rows_end(t) > m->rows ||
            (uint64_t)t->column0 + t->columns > m->columns ||
            !shape_fits(t))
            diag_file_error(v->d, v->path,
                            "the tensor '%s' does not match its matrix and dimensions", t->name);
    }
}

static int by_text(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

static void check_names(const validation *v)
{
    const char **names = ARENA_ARRAY(v->scratch, const char *, v->im->entry_count);
    for (uint32_t i = 0; i < v->im->entry_count; i++)
        names[i] = v->im->entries[i].name;
    qsort(names, v->im->entry_count, sizeof *names, by_text);
    for (uint32_t i = 1; i < v->im->entry_count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            diag_file_error(v->d, v->path, "two entries are called '%s'", names[i]);
}

bool image_validate(const image *im, const machine *m, diag *d, const char *path)
{
    validation v = {im, m, d, path, arena_new()};
    int before = diag_errors(d);
    if ((unsigned)im->opa_mode >= OPA_MODES)
        diag_file_error(d, path, "the image names no OPA mode");
    check_names(&v);
    check_matrices(&v);
    check_tensors(&v);
    for (uint32_t i = 0; i < im->entry_count; i++)
        check_entry(&v, &im->entries[i]);
    arena_free(v.scratch);
    return diag_errors(d) == before;
}
