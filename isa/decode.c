#include "isa/isa.h"

#include <string.h>

static uint32_t get(const uint32_t words[ISA_WORDS], unsigned at, unsigned bits)
{
    uint64_t pair = words[at / 32];
    if (at / 32 + 1 < ISA_WORDS)
        pair |= (uint64_t)words[at / 32 + 1] << 32;
    return (uint32_t)(pair >> (at % 32) & (((uint64_t)1 << bits) - 1));
}

static bool rest_is_zero(const uint32_t words[ISA_WORDS], unsigned at)
{
    for (; at < 32 * ISA_WORDS; at++)
        if (words[at / 32] >> (at % 32) & 1)
            return false;
    return true;
}

static bool find_opcode(uint8_t opcode, isa_op *op)
{
    for (int i = 0; i < ISA_OP_COUNT; i++) {
        if (isa_table[i].opcode == opcode) {
            *op = (isa_op)i;
            return true;
        }
    }
    return false;
}

bool isa_decode(const uint32_t words[ISA_WORDS], isa_insn *insn)
{
    memset(insn, 0, sizeof *insn);
    if (!find_opcode((uint8_t)(words[0] & 0xFF), &insn->op))
        return false;
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    unsigned at = 8;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        isa_field_kind kind = (isa_field_kind)kinds[i];
        unsigned bits = (unsigned)isa_field_bits(kind);
        uint32_t value = get(words, at, bits);
        if (isa_field_signed(kind) && bits < 32 && value >> (bits - 1) & 1)
            value |= ~(uint32_t)0 << bits;
        insn->field[i] = (int32_t)value;
        at += bits;
    }
    return rest_is_zero(words, at) && isa_check(insn) == NULL;
}
