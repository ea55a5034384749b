#include "emulator/report.h"

#include "emulator/build.h"
#include "emulator/network.h"

const char *report_place(arena *scratch, const emulator *e, const agent *a, uint32_t pc)
{
    const image_code *code = &a->source->code;
    const image_origin *o = code->origins ? &code->origins[pc] : NULL;
    char text[160];
    disasm_insn(&code->insns[pc], text, sizeof text);
    const char *where = arena_printf(scratch, "%s at %u: %s", agent_name(scratch, a), pc, text);
    if (!o || o->file < 1 || o->file > e->image->file_count)
        return where;
    return arena_printf(scratch, "%s (%s:%u:%u)", where, e->image->files[o->file - 1], o->line,
                        o->column);
}

const image_buffer *report_find_buffer(const tile *t, uint32_t word)
{
    const image_entry *entry = t->program->entry;
    for (uint32_t k = 0; k < entry->buffer_count; k++) {
        const image_buffer *b = &entry->buffers[k];
        if (b->node == t->node && b->tile == t->number && word - b->address < b->words)
            return b;
    }
    return NULL;
}

const char *report_buffer(arena *scratch, const tile *t, uint32_t word)
{
    const image_buffer *b = report_find_buffer(t, word);
    return b ? arena_printf(scratch, " (%s+%u)", b->name, word - b->address) : "";
}

bool report_failure(const emulator *e, const program *p, diag *d)
{
    const failure *first = NULL;
    for (uint32_t k = 0; k < p->tile_count; k++) {
        const failure *f = &p->tiles[k].failed;
        if (f->set && (!first || f->time < first->time))
            first = f;
    }
    if (!first)
        return false;
    arena *scratch = arena_new();
    diag_file_error(d, e->path, "entry '%s', cycle %llu: %s", p->entry->name,
                    (unsigned long long)first->time, first->text);
    if (first->who)
        diag_note(d, SOURCE_NOWHERE, "%s", report_place(scratch, e, first->who, first->pc));
    arena_free(scratch);
    return true;
}

/* Whether an instruction may have written a word, from its offset. */
static bool may_write(const tile *t, const operation *op, uint32_t word)
{
    const image_buffer *b = report_find_buffer(t, word);
    uint32_t offset = (uint32_t)op->imm;
    if ((op->op != ISA_store && op->op != ISA_receive) || op->count == 0)
        return false;
    return b ? offset - b->address < b->words : word - offset < op->words;
}

static void note_writers(arena *scratch, const emulator *e, const tile *t, uint32_t word, diag *d)
{
    for (uint32_t k = 0; k < t->agent_count; k++) {
        const agent *a = &t->agents[k];
        for (uint32_t i = 0; i < a->source->code.count; i++)
            if (a->executed[i] && may_write(t, &a->code[i], word))
                diag_note(d, SOURCE_NOWHERE, "written by %s", report_place(scratch, e, a, i));
    }
}

static bool report_words(arena *scratch, const emulator *e, const tile *t, diag *d)
{
    uint32_t found = 0, first = 0;
    const shared_memory *m = &t->memory;
    for (uint32_t at = 0, end; memory_next_used(m, &at, &end); at = end)
        for (uint32_t w = at; w < end; w++)
            if (word_count(m->state[w]) && found++ == 0)
                first = w;
    if (found > 0) {
        diag_file_error(d, e->path,
                        "entry '%s': node %d tile %d halted, but word %u%s still has %d consumers",
                        t->program->entry->name, t->node, t->number, first,
                        report_buffer(scratch, t, first), word_count(m->state[first]));
        note_writers(scratch, e, t, first, d);
    }
    if (found > 1)
        diag_note(d, SOURCE_NOWHERE, "%u words of this tile are left over", found);
    return found > 0;
}

static bool report_packets(arena *scratch, const emulator *e, const channel *c, diag *d)
{
    const program *p = c->to ? c->to->program : c->from->program;
    unsigned long long expected = channel_host_packets(c, p);
    if (!c->to && c->sent < expected)
        diag_file_error(d, e->path,
                        "entry '%s': all halted after %llu of %llu packets from node %d tile %d to "
                        "the host's channel %d",
                        p->entry->name, (unsigned long long)c->sent, expected, c->node, c->tile,
                        c->number);
    else if (c->to && !c->from && c->received < expected)
        diag_file_error(d, e->path,
                        "entry '%s': all halted after %llu of %llu packets from the host were "
                        "received on channel %d of node %d tile %d",
                        p->entry->name, (unsigned long long)c->received, expected, c->number,
                        c->node, c->tile);
    else if (c->to && c->from && c->received < c->sent)
        diag_file_error(d, e->path,
                        "entry '%s': all halted, but %llu packets of %s are left in channel %d of "
                        "node %d tile %d",
                        p->entry->name, (unsigned long long)(c->sent - c->received),
                        agent_name(scratch, c->sender), c->number, c->node, c->tile);
    else
        return false;
    return true;
}

bool report_leftovers(const emulator *e, const program *p, diag *d)
{
    arena *scratch = arena_new();
    bool any = false;
    for (uint32_t k = 0; k < p->tile_count; k++)
        any |= report_words(scratch, e, &p->tiles[k], d);
    for (size_t k = 0; k < p->channel_count; k++)
        any |= report_packets(scratch, e, p->channels[k], d);
    arena_free(scratch);
    return any;
}
