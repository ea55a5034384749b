/*
 * Instruction selection: which instructions an IR op becomes, and what they cost. One row per op
 * (select.c); the schedule pass asks for costs, the emitter for instructions.
 */
#ifndef PANTHER_BACKEND_SELECT_H
#define PANTHER_BACKEND_SELECT_H

#include "ir/graph.h"
#include "isa/isa.h"
#include "isa/machine.h"

enum { SELECT_MOST = 2 }; /* instructions of one op */

/* Different skews that one mcu instruction may combine: the fuse pass joins no more bundles. */
enum { BACKEND_SKEWS_MOST = 4 };

/* Operands in vector registers: the result, the arguments. */
typedef struct select_operands {
    int32_t result;
    int32_t args[3];
} select_operands;

/*
 * The instructions of a vector op (EACH, REDUCE, bcast, random, collect; one argument of concat at a
 * time is a copy). Returns how many were written, 0 if the op is not a vector operation.
 */
int select_vector(const ir_op *op, const select_operands *at, isa_insn out[SELECT_MOST]);

/* Cycles of an instruction of `words` words, without waits (machine.time). */
int64_t select_insn_cycles(const machine *m, isa_op op, uint32_t words);

/* Cycles of a vector op, store, load, send or receive in its stream (memory port included). */
int64_t select_op_cycles(const machine *m, const ir_op *op);

/*
 * Cycles of a matrix operation in a crossbar of its own. The same for all variants, so that one image
 * runs on all of them.
 */
int64_t select_matrix_cycles(const machine *m, const ir_op *op);

#endif
