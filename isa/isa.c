#include "isa/isa.h"

#include <string.h>

enum { CORE = PLACE_CORE, TILE = PLACE_TILE, BOTH = PLACE_BOTH };

const isa_row isa_table[ISA_OP_COUNT] = {
#define INSN(name, mnemonic, opcode, format, place, class, meaning)                                \
    [ISA_##name] = {#name,                                                                         \
                    mnemonic,                                                                      \
                    opcode,                                                                        \
                    FORMAT_##format,                                                               \
                    (isa_place)place,                                                              \
                    TIME_##class,                                                                  \
                    meaning},
#include "isa/isa.def"
#undef INSN
};

const uint8_t isa_formats[FORMAT_COUNT][ISA_FIELDS_MAX + 1] = {
#define FORMAT(name, ...) [FORMAT_##name] = {__VA_ARGS__},
#include "isa/formats.def"
#undef FORMAT
};

const char *const isa_format_names[FORMAT_COUNT] = {
#define FORMAT(name, ...) [FORMAT_##name] = #name,
#include "isa/formats.def"
#undef FORMAT
};

const char *const isa_mcu_vector_names[MCU_VECTORS] = {
    [MCU_MVM_IN] = "mvm.in",     [MCU_MVM_OUT] = "mvm.out", [MCU_MTVM_IN] = "mtvm.in",
    [MCU_MTVM_OUT] = "mtvm.out", [MCU_OPA_ROW] = "opa.row", [MCU_OPA_COL] = "opa.col",
};

const char *const isa_kind_names[FIELD_KINDS] = {
    [FIELD_VECTOR] = "vector", [FIELD_SCALAR] = "scalar",   [FIELD_BASE] = "[scalar + offset]",
    [FIELD_WIDTH] = "width",   [FIELD_OFFSET] = "offset",   [FIELD_COUNT] = "count",
    [FIELD_IMM16] = "number",  [FIELD_IMM32] = "number",    [FIELD_SIZE] = "words",
    [FIELD_SHIFT] = "shift",   [FIELD_GRID] = "grid",       [FIELD_STREAM] = "stream",   [FIELD_ROUND] = "rounding",
    [FIELD_Q] = "q",           [FIELD_MASKS] = "masks",     [FIELD_MCUSET] = "MCUs",
    [FIELD_TARGET] = "label",  [FIELD_NODE] = "node",       [FIELD_TILE] = "tile",
    [FIELD_CHANNEL] = "channel",
};

typedef struct field_shape {
    uint8_t bits;
    bool is_signed;
    const char *error; /* what isa_check says of a value outside the range */
} field_shape;

static const field_shape shapes[FIELD_KINDS] = {
    [FIELD_VECTOR] = {16, false, "no such vector register"},
    [FIELD_SCALAR] = {6, false, "no such scalar register (s0 to s63)"},
    [FIELD_BASE] = {6, false, "no such scalar register (s0 to s63)"},
    [FIELD_OFFSET] = {24, false, "an address offset lies between 0 and 16777215"},
    [FIELD_WIDTH] = {16, false, "a width lies between 1 and 65535 words"},
    [FIELD_COUNT] = {8, false, "a consumer count lies between 1 and 255, or is 'keep'"},
    [FIELD_IMM16] = {16, true, "the number does not fit 16 bits (-32768 to 32767)"},
    [FIELD_IMM32] = {32, true, "the number does not fit 32 bits"},
    [FIELD_SIZE] = {24, false, "a ring step or size lies between 0 and 16777215 words"},
    [FIELD_SHIFT] = {7, true, "a shift lies between -64 and 63"},
    [FIELD_ROUND] = {1, false, "rounding is 'nearest' or 'stochastic'"},
    [FIELD_GRID] = {4, false, "a grid lies between 0 and 15 bits"},
    [FIELD_STREAM] = {12, false, "a random stream lies between 0 and 4095"},
    [FIELD_Q] = {5, false, "a number of fraction bits lies between 0 and 31"},
    [FIELD_MASKS] = {18, false, "at most six masks of three bits"},
    [FIELD_MCUSET] = {6, false, "MCUs are m0 to m5"},
    [FIELD_TARGET] = {24, true, "the target is too far away"},
    [FIELD_NODE] = {8, false, "a node lies between 0 and 254, or is 'host'"},
    [FIELD_TILE] = {16, false, "a tile lies between 0 and 65535"},
    [FIELD_CHANNEL] = {8, false, "a channel lies between 0 and 255"},
};

int isa_field_bits(isa_field_kind kind)
{
    return shapes[kind].bits;
}

bool isa_field_signed(isa_field_kind kind)
{
    return shapes[kind].is_signed;
}

int isa_field_count(isa_op op)
{
    const uint8_t *kinds = isa_formats[isa_table[op].format];
    int n = 0;
    while (n < ISA_FIELDS_MAX && kinds[n] != FIELD_END)
        n++;
    return n;
}

static bool vector_exists(int32_t v)
{
    if (!isa_vector_is_mcu(v))
        return true;
    return isa_vector_mcu_of(v) < ISA_MCUS_MAX && isa_vector_which(v) < MCU_VECTORS;
}

const char *isa_check_field(isa_field_kind kind, int64_t value)
{
    const field_shape *s = &shapes[kind];
    int64_t span = (int64_t)1 << s->bits;
    int64_t least = s->is_signed ? -(span / 2) : 0;
    if (value < least || value >= least + span)
        return s->error;
    if (kind == FIELD_WIDTH && value == 0)
        return s->error;
    if (kind == FIELD_VECTOR && !vector_exists((int32_t)value))
        return s->error;
    if (kind == FIELD_MASKS && value == 0)
        return "the instruction names no operation";
    if (kind == FIELD_MCUSET && value == 0)
        return "the instruction names no MCU";
    return NULL;
}

/* What holds between fields of one instruction. */
static const char *check_relations(const isa_insn *insn, const uint8_t *kinds)
{
    for (int i = 1; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        if (kinds[i] == FIELD_STREAM && kinds[i - 1] == FIELD_ROUND && !insn->field[i - 1] &&
            insn->field[i])
            return "rounding to nearest has no random stream";
        if (kinds[i] == FIELD_SIZE && kinds[i - 1] == FIELD_SIZE && insn->field[i] == 0)
            return "a ring has at least one word";
    }
    return NULL;
}

const char *isa_check(const isa_insn *insn)
{
    if ((unsigned)insn->op >= ISA_OP_COUNT)
        return "no such instruction";
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    int i = 0;
    for (; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        const char *error = isa_check_field((isa_field_kind)kinds[i], insn->field[i]);
        if (error)
            return error;
    }
    for (; i < ISA_FIELDS_MAX; i++)
        if (insn->field[i])
            return "a field that the instruction does not have is set";
    return check_relations(insn, kinds);
}

bool isa_equal(const isa_insn *a, const isa_insn *b)
{
    return a->op == b->op && memcmp(a->field, b->field, sizeof a->field) == 0;
}
