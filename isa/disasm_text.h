/*
 * One instruction as text. Private to isa/disasm*.c.
 */
#ifndef PANTHER_ISA_DISASM_TEXT_H
#define PANTHER_ISA_DISASM_TEXT_H

#include "isa/isa.h"

/*
 * address: what stands for the offset of a memory operand ("x+16"), target: for the branch target;
 * NULL prints numbers. column: the operands start there. Returns the length as snprintf.
 */
int insn_text(const isa_insn *insn, const char *address, const char *target, int column,
              char *buffer, size_t size);

#endif
