#include "isa/isa.h"

/* Puts the low `bits` bits of value at bit position `at`; a field may cross one word boundary. */
static void put(uint32_t words[ISA_WORDS], unsigned at, unsigned bits, uint32_t value)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint64_t shifted = ((uint64_t)value & mask) << (at % 32);
    words[at / 32] |= (uint32_t)shifted;
    if (shifted >> 32)
        words[at / 32 + 1] |= (uint32_t)(shifted >> 32);
}

void isa_encode(const isa_insn *insn, uint32_t words[ISA_WORDS])
{
    const isa_row *row = &isa_table[insn->op];
    const uint8_t *kinds = isa_formats[row->format];
    words[0] = row->opcode;
    words[1] = words[2] = 0;
    unsigned at = 8;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        unsigned bits = (unsigned)isa_field_bits((isa_field_kind)kinds[i]);
        put(words, at, bits, (uint32_t)insn->field[i]);
        at += bits;
    }
}
