#include "isa/asm_internal.h"

#include <string.h>

static bool is_register(const char *name)
{
    int64_t number;
    return asm_register(name, 's', &number) || asm_register(name, 'v', &number) ||
           (name[0] == 'm' && name[1] >= '0' && name[1] <= '9');
}

/* The only term of an operand if it is a name, or NULL. */
static const char *lone_name(const asm_operand *o)
{
    if (o->kind != OPERAND_SUM || o->value.count != 1 || o->value.terms[0].negative)
        return NULL;
    return o->value.terms[0].name;
}

static bool term_value(assembler *s, const asm_term *t, int64_t *value)
{
    bool ambiguous = false;
    if (!t->name) {
        *value = t->number;
        return true;
    }
    if (!asm_symbol_find(s, SCOPE_TILE, t->name, value, &ambiguous) &&
        !asm_symbol_find(s, SCOPE_GLOBAL, t->name, value, &ambiguous)) {
        if (asm_name_reserved(t->name)) {
            diag_error(s->d, t->where, "a number is expected here, not '%s'", t->name);
            return false;
        }
        diag_error(s->d, t->where, "unknown symbol '%s'", t->name);
        const char *near = asm_symbol_nearest(s, SCOPE_TILE, t->name);
        if (!near)
            near = asm_symbol_nearest(s, SCOPE_GLOBAL, t->name);
        if (near)
            diag_help(s->d, "did you mean '%s'?", near);
        return false;
    }
    if (ambiguous)
        diag_error(s->d, t->where, "'%s' names two buffers of this tile", t->name);
    return !ambiguous;
}

/* The terms from index `first` on. Terms are below 2^41 and lines shorter than 2^20 terms. */
static bool rest_value(assembler *s, const asm_sum *sum, size_t first, int64_t *value)
{
    *value = 0;
    for (size_t i = first; i < sum->count; i++) {
        int64_t v;
        if (!term_value(s, &sum->terms[i], &v))
            return false;
        *value += sum->terms[i].negative ? -v : v;
        if (*value > INT64_C(1) << 40 || *value < -(INT64_C(1) << 40)) {
            diag_error(s->d, sum->where, "the number is too large");
            return false;
        }
    }
    return true;
}

bool asm_value(assembler *s, const asm_sum *sum, int64_t *value)
{
    return rest_value(s, sum, 0, value);
}

/* Stores a value in a field; an error points to the operand. */
static bool store(assembler *s, isa_field_kind kind, int64_t value, source_range where,
                  int32_t *field)
{
    const char *error = isa_check_field(kind, value);
    if (error)
        diag_error(s->d, where, "%s", error);
    else
        *field = (int32_t)value;
    return !error;
}

static bool read_scalar(assembler *s, const char *name, source_range where, int32_t *field)
{
    int64_t number;
    if (!name || !asm_register(name, 's', &number)) {
        diag_error(s->d, where, "a scalar register (s0, s1, ...) is expected here");
        return false;
    }
    return store(s, FIELD_SCALAR, number, where, field);
}

static bool read_mcu_vector(assembler *s, const char *name, source_range where, int64_t *base)
{
    const char *dot = strchr(name, '.');
    int mcu = name[1] - '0';
    if (name[0] == 'm' && dot == name + 2 && mcu >= 0 && mcu < ISA_MCUS_MAX) {
        for (int i = 0; i < MCU_VECTORS; i++) {
            if (strcmp(dot + 1, isa_mcu_vector_names[i]) == 0) {
                *base = isa_vector_mcu(mcu, (mcu_vector)i, 0);
                return true;
            }
        }
    }
    diag_error(s->d, where, "unknown vector register '%s'", name);
    diag_help(s->d, "vectors are v0, v1, ... and m0.mvm.in, m0.mvm.out, m0.mtvm.in, m0.mtvm.out, "
                    "m0.opa.row, m0.opa.col (m0 to m5)");
    return false;
}

static bool read_vector(assembler *s, const asm_operand *o, int32_t *field)
{
    const asm_term *first = o->kind == OPERAND_SUM ? &o->value.terms[0] : NULL;
    int64_t base, offset;
    if (!first || !first->name || first->negative || !is_register(first->name) ||
        first->name[0] == 's') {
        diag_error(s->d, o->where, "a vector register (v0, m0.mvm.in, ...) is expected here");
        return false;
    }
    bool general = asm_register(first->name, 'v', &base);
    if (!general && !read_mcu_vector(s, first->name, first->where, &base))
        return false;
    if (!rest_value(s, &o->value, 1, &offset))
        return false;
    int64_t limit = general ? ISA_VECTOR_WORDS_MAX : ISA_SIDE_MAX;
    int64_t index = general ? base + offset : offset;
    if (index < 0 || index >= limit) {
        diag_error(s->d, o->where, "a vector register has words 0 to %lld", (long long)limit - 1);
        return false;
    }
    return store(s, FIELD_VECTOR, base + offset, o->where, field);
}

/* [s2], [s2 + sum]: two fields. */
static bool read_memory(assembler *s, const asm_operand *o, int32_t *fields)
{
    int64_t offset;
    if (o->kind != OPERAND_MEMORY || o->value.terms[0].negative) {
        diag_error(s->d, o->where, "an address [scalar + offset] is expected here");
        return false;
    }
    const asm_term *first = &o->value.terms[0];
    return read_scalar(s, first->name, first->where, &fields[0]) &&
           rest_value(s, &o->value, 1, &offset) &&
           store(s, FIELD_OFFSET, offset, o->where, &fields[1]);
}

/* A word that stands for a number in a field of this kind, or NULL. */
static const char *special_word(isa_field_kind kind, int64_t *value)
{
    *value = kind == FIELD_NODE ? ISA_NODE_HOST : 0;
    return kind == FIELD_NODE ? "host" : kind == FIELD_COUNT ? "keep" : NULL;
}

static bool read_number(assembler *s, const asm_operand *o, isa_field_kind kind, int32_t *field)
{
    int64_t value;
    const char *word = special_word(kind, &value), *name = lone_name(o);
    if (word && name && strcmp(word, name) == 0)
        return store(s, kind, value, o->where, field);
    if (o->kind != OPERAND_SUM) {
        diag_error(s->d, o->where, "a number (%s) is expected here", isa_kind_names[kind]);
        return false;
    }
    if (!asm_value(s, &o->value, &value))
        return false;
    if (word && name == NULL && kind == FIELD_COUNT && value == 0) {
        diag_error(s->d, o->where, "a consumer count lies between 1 and 255, or is 'keep'");
        return false;
    }
    return store(s, kind, value, o->where, field);
}

/* A label, or a number relative to the instruction. */
static bool read_target(assembler *s, const asm_operand *o, int field, int32_t *value)
{
    const char *name = lone_name(o);
    if (!name || asm_name_reserved(name))
        return read_number(s, o, FIELD_TARGET, value);
    asm_fixup fixup = {asm_agent(s)->code.count, field, name, o->where};
    ARENA_PUSH(s->memory, s->fixups, s->fixup_count, s->fixup_capacity, fixup);
    return true;
}

static bool read_masks(assembler *s, const asm_operands *list, int32_t *field)
{
    const char *text = source_get(diag_sources(s->d), s->file)->text;
    int32_t masks = 0;
    for (size_t i = 0; i < list->count; i++) {
        source_range where = list->at[i].where;
        const char *bits = text + where.begin;
        if (where.end - where.begin != 3 || strspn(bits, "01") < 3) {
            diag_error(s->d, where, "a mask is three bits: MVM, MTVM, OPA (such as 110)");
            return false;
        }
        for (int b = 0; b < MCU_OPERATIONS; b++)
            if (i < ISA_MCUS_MAX && bits[b] == '1')
                masks |= 1 << (MCU_OPERATIONS * (int)i + b);
    }
    source_range where = source_join(list->at[0].where, list->at[list->count - 1].where);
    return store(s, FIELD_MASKS, masks, where, field);
}

static bool read_mcus(assembler *s, const asm_operands *list, int32_t *field)
{
    int32_t set = 0;
    for (size_t i = 0; i < list->count; i++) {
        int64_t number;
        const char *name = lone_name(&list->at[i]);
        if (!name || !asm_register(name, 'm', &number) || number >= ISA_MCUS_MAX) {
            diag_error(s->d, list->at[i].where, "an MCU (m0 to m5) is expected here");
            return false;
        }
        set |= 1 << number;
    }
    return store(s, FIELD_MCUSET, set, list->at[0].where, field);
}

static bool read_rounding(assembler *s, const asm_operand *o, int32_t *field)
{
    const char *name = lone_name(o);
    if (name && strcmp(name, "nearest") == 0)
        *field = 0;
    else if (name && strcmp(name, "stochastic") == 0)
        *field = 1;
    else
        diag_error(s->d, o->where, "rounding is 'nearest' or 'stochastic'");
    return name && (strcmp(name, "nearest") == 0 || strcmp(name, "stochastic") == 0);
}

static bool read_field(assembler *s, const asm_operand *o, isa_field_kind kind, int index,
                       int32_t *fields)
{
    switch (kind) {
    case FIELD_VECTOR:
        return read_vector(s, o, &fields[index]);
    case FIELD_SCALAR:
        return read_scalar(s, lone_name(o), o->where, &fields[index]);
    case FIELD_BASE:
        return read_memory(s, o, &fields[index]);
    case FIELD_ROUND:
        return read_rounding(s, o, &fields[index]);
    case FIELD_TARGET:
        return read_target(s, o, index, &fields[index]);
    default:
        return read_number(s, o, kind, &fields[index]);
    }
}

/* How many operands a row takes; rounding and its stream may be left out. */
static void operand_counts(const uint8_t *kinds, size_t *least, size_t *most)
{
    *least = *most = 0;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        bool optional = kinds[i] == FIELD_ROUND || (i > 0 && kinds[i - 1] == FIELD_ROUND);
        bool several = kinds[i] == FIELD_MASKS || kinds[i] == FIELD_MCUSET;
        *most += several ? ISA_MCUS_MAX : 1;
        *least += !optional;
        if (kinds[i] == FIELD_BASE)
            i++; /* its offset belongs to the same operand */
    }
}

/* Told apart are only scalar registers and everything else; messages come later. */
static bool row_accepts(const uint8_t *kinds, const asm_operands *list)
{
    size_t k = 0;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END && k < list->count; i++, k++) {
        const char *name = lone_name(&list->at[k]);
        int64_t number;
        bool scalar = name && asm_register(name, 's', &number);
        if (scalar != (kinds[i] == FIELD_SCALAR))
            return false;
        if (kinds[i] == FIELD_BASE)
            i++;
    }
    return true;
}

/* The row for a mnemonic: the first whose operands fit, else the last of that name. */
static const isa_row *find_row(const asm_statement *statement, isa_op *op)
{
    const isa_row *found = NULL;
    for (int i = 0; i < ISA_OP_COUNT; i++) {
        if (strcmp(isa_table[i].mnemonic, statement->word) != 0)
            continue;
        found = &isa_table[i];
        *op = (isa_op)i;
        if (row_accepts(isa_formats[found->format], &statement->operands))
            break;
    }
    return found;
}

static void unknown_mnemonic(assembler *s, const asm_statement *statement)
{
    const char *names[ISA_OP_COUNT];
    for (int i = 0; i < ISA_OP_COUNT; i++)
        names[i] = isa_table[i].mnemonic;
    diag_error(s->d, statement->word_where, "unknown instruction '%s'", statement->word);
    const char *near = diag_nearest(statement->word, names, ISA_OP_COUNT);
    if (near)
        diag_help(s->d, "did you mean '%s'?", near);
}

static void wrong_count(assembler *s, const asm_statement *statement, isa_op op)
{
    char syntax[200];
    isa_syntax(op, syntax, sizeof syntax);
    diag_error(s->d, statement->where, "'%s' takes other operands than these", statement->word);
    diag_help(s->d, "%s", syntax);
}

static bool read_operands(assembler *s, const asm_operands *list, const uint8_t *kinds,
                          int32_t *fields)
{
    bool good = true;
    if (kinds[0] == FIELD_MASKS)
        return read_masks(s, list, fields);
    if (kinds[0] == FIELD_MCUSET)
        return read_mcus(s, list, fields);
    size_t k = 0;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END && k < list->count; i++, k++) {
        good = read_field(s, &list->at[k], (isa_field_kind)kinds[i], i, fields) && good;
        if (kinds[i] == FIELD_BASE)
            i++;
    }
    return good;
}

/* `stochastic` wants a stream, `nearest` has none. */
static bool rounding_complete(const asm_operands *list, const uint8_t *kinds,
                              const int32_t *fields, size_t most)
{
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++)
        if (kinds[i] == FIELD_ROUND)
            return fields[i] ? list->count == most : list->count < most;
    return true;
}

bool asm_instruction(assembler *s, const asm_statement *statement, isa_insn *insn)
{
    const asm_operands *list = &statement->operands;
    const isa_row *row = find_row(statement, &insn->op);
    size_t least, most;
    if (!row) {
        unknown_mnemonic(s, statement);
        return false;
    }
    const uint8_t *kinds = isa_formats[row->format];
    operand_counts(kinds, &least, &most);
    for (size_t i = 0; i < list->count; i++) {
        if (list->at[i].key) {
            diag_error(s->d, list->at[i].key_where, "an instruction has no '%s='",
                       list->at[i].key);
            return false;
        }
    }
    if (list->count < least || list->count > most) {
        wrong_count(s, statement, insn->op);
        return false;
    }
    if (!read_operands(s, list, kinds, insn->field))
        return false;
    if (!rounding_complete(list, kinds, insn->field, most)) {
        diag_error(s->d, statement->where,
                   "'stochastic' is followed by a random stream, 'nearest' is not");
        return false;
    }
    return true;
}
