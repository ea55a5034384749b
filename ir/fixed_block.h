/*
 * One crossbar block of the fixed-point interpreter: the digits, and products and updates that give
 * the same bits as isa/support/sliced.h, faster:
 *   products  slices whose converters cannot clip, whatever the operand, are collapsed to one exact
 *             integer product; the others are streamed bit by bit, a row of cells at a time
 *   updates   OPA_STREAM with the shifted chunks of the column operand worked out once
 */
#ifndef PANTHER_IR_FIXED_BLOCK_H
#define PANTHER_IR_FIXED_BLOCK_H

#include "ir/graph.h"

/* What products in one direction need; worked out anew after the digits have changed. */
typedef struct fixed_view {
    bool current;
    uint32_t inputs, outputs;
    uint32_t collapsed;    /* bit s: slice s is part of `weights` */
    int64_t *weights;      /* inputs x outputs: sum over the collapsed slices */
    const int16_t *digits; /* slices x inputs x outputs */
    int16_t *transposed;   /* MTVM: storage of digits; MVM: NULL */
} fixed_view;

typedef struct fixed_block {
    ir_block part;
    digit_array digits;
    fixed_view mvm, mtvm;
    int64_t *sums;    /* OPA_BATCH: inputs x outputs, NULL before the first update */
    bool pending;     /* sums are not added yet */
    uint16_t *chunks; /* OPA_STREAM: bits x slices x outputs; then slices x outputs of one row */
} fixed_block;

void fixed_block_init(fixed_block *b, arena *memory, const slicing *format, ir_block part);
void fixed_block_touch(fixed_block *b); /* the digits have changed */
void fixed_block_mvm(fixed_block *b, arena *memory, fidelity how, const int16_t *x, int64_t *y);
void fixed_block_mtvm(fixed_block *b, arena *memory, fidelity how, const int16_t *x, int64_t *y);
void fixed_block_opa(fixed_block *b, arena *memory, opa_mode mode, const int16_t *row,
                     const int16_t *col);
void fixed_block_finish(fixed_block *b, opa_mode mode); /* end of a kernel */

#endif
