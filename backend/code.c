#include "backend/program.h"

static image_origin origin_of(backend_state *s, const ir_op *op)
{
    image_origin o = {0};
    if (!op)
        return o;
    o.layer = backend_layer(s, ir_get_name(op, IR_ATTR_layer, ""));
    o.op = op->id;
    source_position at = source_locate(s->module->sources, op->where);
    if (at.path) {
        o.file = op->where.file;
        o.line = at.line;
        o.column = at.column;
    }
    return o;
}

void code_emit(code_builder *b, const isa_insn *insn, const ir_op *origin)
{
    arena *memory = b->state->memory;
    image_origin from = origin_of(b->state, origin);
    ARENA_PUSH(memory, b->code.insns, b->count, b->capacity, *insn);
    ARENA_PUSH(memory, b->code.origins, b->origin_count, b->origin_capacity, from);
}

/* The target is the last field of every branch. */
static int target_field(const isa_insn *insn)
{
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    int field = 0;
    while (kinds[field] != FIELD_TARGET)
        field++;
    return field;
}

void code_jump(code_builder *b, isa_insn insn, code_patch *patch)
{
    patch->at[patch->count++] = b->count;
    code_emit(b, &insn, NULL);
}

static void add_label(code_builder *b, const char *name)
{
    image_label label = {name, (uint32_t)b->count};
    ARENA_PUSH(b->state->memory, b->labels, b->label_count, b->label_capacity, label);
}

void code_here(code_builder *b, code_patch *patch, const char *label)
{
    for (size_t i = 0; patch && i < patch->count; i++) {
        isa_insn *insn = &b->code.insns[patch->at[i]];
        insn->field[target_field(insn)] = (int32_t)(b->count - patch->at[i]);
    }
    if (patch)
        patch->count = 0;
    if (label)
        add_label(b, label);
}

void code_back(code_builder *b, isa_insn insn, size_t target)
{
    insn.field[target_field(&insn)] = (int32_t)((int64_t)target - (int64_t)b->count);
    code_emit(b, &insn, NULL);
}

void code_finish(code_builder *b, image_agent *out)
{
    out->code = b->code;
    out->code.count = (uint32_t)b->count;
    out->labels = b->labels;
    out->label_count = (uint32_t)b->label_count;
}
