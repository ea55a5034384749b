/*
 * The instruction set of the PANTHER machine (PUMA's, extended by PANTHER's `mcu`; our edition).
 *
 * One table (isa.def, formats.def) describes every instruction; encoder, decoder, assembler,
 * disassembler and emulator derive from it. An instruction is 96 bits: three little-endian 32-bit
 * words.
 */
#ifndef PANTHER_ISA_ISA_H
#define PANTHER_ISA_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ISA_FIELDS_MAX = 8,
    ISA_WORDS = 3,            /* 32-bit words of an encoded instruction */
    ISA_BYTES = 12,
    ISA_MCUS_MAX = 6,         /* MCUs of a core that `mcu` can name */
    ISA_SCALARS = 64,
    ISA_SIDE_MAX = 512,       /* longest crossbar side an operand can address */
    ISA_VECTOR_WORDS_MAX = 32768,
    ISA_NODE_HOST = 255,      /* the node number of the host in `send` */
};

typedef enum isa_field_kind {
    FIELD_END,     /* no more fields */
    FIELD_VECTOR,  /* 16 bits: vector register or MCU register vector (isa_vector_*) */
    FIELD_SCALAR,  /* 6 bits: scalar register */
    FIELD_BASE,    /* 6 bits: scalar register of an address, written [s + offset] with the next */
    FIELD_OFFSET,  /* 24 bits, unsigned: words */
    FIELD_WIDTH,   /* 16 bits, unsigned: words, at least 1 */
    FIELD_COUNT,   /* 8 bits, unsigned: consumers; 0 is written `keep` (sticky) */
    FIELD_IMM16,   /* 16 bits, signed */
    FIELD_IMM32,   /* 32 bits, signed */
    FIELD_SIZE,    /* 24 bits, unsigned: words */
    FIELD_SHIFT,   /* 7 bits, signed */
    FIELD_ROUND,   /* 1 bit: nearest, stochastic */
    FIELD_GRID,    /* 4 bits: the rounded result is multiplied by 2^grid, as by shl */
    FIELD_STREAM,  /* 12 bits, unsigned: random stream; 0 where rounding is to nearest */
    FIELD_Q,       /* 5 bits: fraction bits of a format */
    FIELD_MASKS,   /* 18 bits: six masks of three bits, MCU 0 lowest; bit 0 MVM, 1 MTVM, 2 OPA */
    FIELD_MCUSET,  /* 6 bits: one per MCU */
    FIELD_TARGET,  /* 24 bits, signed: instructions, relative to this one */
    FIELD_NODE,    /* 8 bits; ISA_NODE_HOST is written `host` */
    FIELD_TILE,    /* 16 bits */
    FIELD_CHANNEL, /* 8 bits */
    FIELD_KINDS
} isa_field_kind;

typedef enum isa_format {
#define FORMAT(name, ...) FORMAT_##name,
#include "isa/formats.def"
#undef FORMAT
    FORMAT_COUNT
} isa_format;

typedef enum isa_place { PLACE_CORE = 1, PLACE_TILE = 2, PLACE_BOTH = 3 } isa_place;

typedef enum isa_op { /* the values are dense; the encoded opcode is isa_table[op].opcode */
#define INSN(name, mnemonic, opcode, format, place, class, meaning) ISA_##name,
#include "isa/isa.def"
#undef INSN
    ISA_OP_COUNT
} isa_op;

typedef enum time_class {
#define TIME_CLASS(name, meaning) TIME_##name,
#include "isa/costs.def"
#undef TIME_CLASS
    TIME_CLASS_COUNT
} time_class;

typedef struct isa_row {
    const char *name, *mnemonic;
    uint8_t opcode;
    isa_format format;
    isa_place place;
    time_class cost;
    const char *meaning;
} isa_row;

extern const isa_row isa_table[ISA_OP_COUNT];
extern const uint8_t isa_formats[FORMAT_COUNT][ISA_FIELDS_MAX + 1]; /* kinds, ended by FIELD_END */

/* A decoded instruction: field[i] belongs to the i-th kind of its format. */
typedef struct isa_insn {
    isa_op op;
    int32_t field[ISA_FIELDS_MAX];
} isa_insn;

typedef enum mcu_operation { MCU_MVM = 0, MCU_MTVM = 1, MCU_OPA = 2, MCU_OPERATIONS = 3 } mcu_operation;

/* Register vectors of an MCU. Rows of the crossbar are inputs of MVM, columns its outputs. */
typedef enum mcu_vector {
    MCU_MVM_IN,   /* rows */
    MCU_MVM_OUT,  /* columns */
    MCU_MTVM_IN,  /* columns */
    MCU_MTVM_OUT, /* rows */
    MCU_OPA_ROW,  /* rows */
    MCU_OPA_COL,  /* columns */
    MCU_VECTORS
} mcu_vector;

/*
 * Vector operands. Below 0x8000: a word index of the general file (v0, v1, ...). From 0x8000: bits
 * 12..14 MCU, 9..11 register vector, 0..8 offset in it (m0.mvm.in, m1.opa.col+16).
 */
static inline int32_t isa_vector_general(int32_t index)
{
    return index;
}
static inline int32_t isa_vector_mcu(int mcu, mcu_vector vector, int offset)
{
    return 0x8000 | mcu << 12 | (int)vector << 9 | offset;
}
static inline bool isa_vector_is_mcu(int32_t v)
{
    return (v & 0x8000) != 0;
}
static inline int isa_vector_mcu_of(int32_t v)
{
    return v >> 12 & 7;
}
static inline mcu_vector isa_vector_which(int32_t v)
{
    return (mcu_vector)(v >> 9 & 7);
}
static inline int isa_vector_offset(int32_t v)
{
    return v & 0x1FF;
}

extern const char *const isa_format_names[FORMAT_COUNT];
extern const char *const isa_mcu_vector_names[MCU_VECTORS]; /* "mvm.in", ... */

extern const char *const isa_kind_names[FIELD_KINDS];       /* "vector", "width", ... */

/* "load vector, [scalar + offset], width"; optional operands in brackets. As snprintf. */
int isa_syntax(isa_op op, char *buffer, size_t size);

int isa_field_bits(isa_field_kind kind);
bool isa_field_signed(isa_field_kind kind);
int isa_field_count(isa_op op);

/* NULL if a field of this kind can hold the value, else what is wrong with it. */
const char *isa_check_field(isa_field_kind kind, int64_t value);

bool isa_equal(const isa_insn *a, const isa_insn *b);

/* Checks ranges of all fields; NULL if the instruction can be encoded, else what is wrong. */
const char *isa_check(const isa_insn *insn);

/* Encodes a valid instruction (isa_check passes). */
void isa_encode(const isa_insn *insn, uint32_t words[ISA_WORDS]);

/* False for an unknown opcode, a field out of its range or a nonzero unused bit. */
bool isa_decode(const uint32_t words[ISA_WORDS], isa_insn *insn);

#endif
