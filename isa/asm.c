#include "isa/asm_internal.h"

#include <string.h>

image_entry *asm_entry(assembler *s)
{
    if (s->im->entry_count == 0) {
        image_entry main_entry = {.name = "main", .batch = 1};
        ARENA_PUSH(s->memory, s->im->entries, s->im->entry_count, s->entries, main_entry);
    }
    return &s->im->entries[s->im->entry_count - 1];
}

image_agent *asm_agent(assembler *s)
{
    image_entry *e = asm_entry(s);
    return &e->agents[e->agent_count - 1];
}

void asm_define_label(assembler *s, const char *name, source_range where)
{
    if (!s->in_agent) {
        diag_error(s->d, where, "a label stands in the program of a core or thread");
        return;
    }
    image_agent *g = asm_agent(s);
    if (!asm_name_plain(name)) {
        diag_error(s->d, where, "'%s' cannot be the name of a label", name);
    } else if (!asm_symbol_add(s, SCOPE_AGENT, name, g->code.count)) {
        diag_error(s->d, where, "the label '%s' is defined already", name);
    } else {
        image_label label = {name, g->code.count};
        ARENA_PUSH(s->memory, g->labels, g->label_count, s->labels, label);
    }
}

static void push_insn(assembler *s, isa_insn insn, const asm_statement *st, bool good)
{
    image_code *code = &asm_agent(s)->code;
    source_position at = source_locate(diag_sources(s->d), st->where);
    image_origin origin = {.file = 1, .line = at.line, .column = at.column};
    source_range range = good ? st->where : SOURCE_NOWHERE;
    uint32_t n = code->count, k = code->count;
    ARENA_PUSH(s->memory, code->origins, n, s->origins, origin);
    ARENA_PUSH(s->memory, s->insn_ranges, k, s->ranges, range);
    ARENA_PUSH(s->memory, code->insns, code->count, s->insns, insn);
}

void asm_statement_done(assembler *s, const asm_statement *st)
{
    if (st->word[0] == '.') {
        asm_directive(s, st);
        return;
    }
    if (!s->in_agent) {
        diag_error(s->d, st->where, "an instruction stands in the program of a core or thread");
        if (asm_entry(s)->agent_count == 0)
            diag_help(s->d, "begin one with '.core N' or '.thread N'");
        return;
    }
    isa_insn insn = {.op = ISA_halt};
    bool good = asm_instruction(s, st, &insn);
    push_insn(s, insn, st, good);
}

static void resolve(assembler *s, image_code *code, const asm_fixup *f)
{
    int64_t at = 0;
    bool ambiguous;
    if (!asm_symbol_find(s, SCOPE_AGENT, f->name, &at, &ambiguous)) {
        diag_error(s->d, f->where, "unknown label '%s'", f->name);
        const char *near = asm_symbol_nearest(s, SCOPE_AGENT, f->name);
        if (near)
            diag_help(s->d, "did you mean '%s'?", near);
        s->insn_ranges[f->insn] = SOURCE_NOWHERE;
        return;
    }
    code->insns[f->insn].field[f->field] = (int32_t)(at - (int64_t)f->insn);
}

static void check_program(assembler *s, const image_agent *g)
{
    const image_code *code = &g->code;
    for (uint32_t i = 0; i < code->count; i++) {
        if (s->insn_ranges[i].file == 0)
            continue;
        const char *error = image_check_insn(s->memory, &code->insns[i], s->m, g->is_thread, i,
                                             code->count);
        if (error)
            diag_error(s->d, s->insn_ranges[i], "%s", error);
    }
    source_range end = code->count ? s->insn_ranges[code->count - 1] : s->agent_where;
    isa_op last = code->count ? code->insns[code->count - 1].op : ISA_OP_COUNT;
    if (code->count == 0)
        diag_error(s->d, end, "the program is empty");
    else if (end.file && last != ISA_halt && last != ISA_jmp)
        diag_error(s->d, end, "the program runs on beyond its last instruction");
}

void asm_finish_agent(assembler *s)
{
    if (!s->in_agent)
        return;
    image_agent *g = asm_agent(s);
    for (size_t i = 0; i < s->fixup_count; i++)
        resolve(s, &g->code, &s->fixups[i]);
    check_program(s, g);
    s->fixup_count = 0;
    s->in_agent = false;
}

static image *new_image(assembler *s, const char *path)
{
    image *im = ARENA_NEW(s->memory, image);
    im->fingerprint = machine_fingerprint(s->memory, s->m);
    im->machine_name = s->m->name;
    im->opa_mode = s->m->opa_mode;
    im->plan = "";
    const char *file = arena_strdup(s->memory, path), *no_layer = "";
    size_t files = 0;
    ARENA_PUSH(s->memory, im->files, im->file_count, files, file);
    ARENA_PUSH(s->memory, im->layers, im->layer_count, s->layers, no_layer);
    return im;
}

image *asm_parse(arena *memory, source_set *sources, diag *d, const char *path, const char *text,
                 size_t length, const machine *m)
{
    int before = diag_errors(d);
    assembler s = {.memory = memory, .d = d, .m = m};
    s.file = source_add(sources, path, text, length);
    s.im = new_image(&s, path);
    if (!asm_scan(&s, text, length))
        diag_file_error(d, path, "the text is too large to assemble");
    asm_finish_agent(&s);
    asm_symbols_free(&s);
    if (diag_errors(d) != before || !image_validate(s.im, m, d, path))
        return NULL;
    return s.im;
}
