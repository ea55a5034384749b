/*
 * Vectors as lists of pieces of ops. Part of `partition`: what a slice or a concatenation moves are
 * pieces; lanes are copied only where an op needs them as one value.
 */
#ifndef PANTHER_PASSES_PIECES_H
#define PANTHER_PASSES_PIECES_H

#include "passes/rewrite.h"

/* Lanes first .. first + lanes of a value of the new graph. */
typedef struct piece {
    ir_op *op;
    uint32_t first, lanes;
} piece;

/* A value of the old graph (its `scratch`): pieces in order of lanes, each within `side`. */
typedef struct vector {
    piece *pieces;
    size_t count, capacity;
    uint32_t lanes;
    ir_op **blocks; /* lanes side * b .. as one value, made when first asked for */
    ir_op **strips; /* lanes strip * b .. the same */
} vector;

typedef struct op_list {
    ir_op **at;
    size_t count, capacity;
} op_list;

typedef struct pieces {
    rewrite make; /* where new ops go */
    arena *memory;
    uint32_t side;
    uint32_t strip; /* lanes that an operation on vectors takes at most; divides `side` */
} pieces;

vector *pieces_vector(pieces *p, ir_op *old); /* a new, empty one in old->scratch */
void pieces_append(pieces *p, vector *v, piece part);
void pieces_append_range(pieces *p, vector *v, const vector *from, uint32_t first, uint32_t lanes);

/* The piece as a value of its own; the same op each time it is asked for. */
ir_op *pieces_whole(pieces *p, piece part);

/* Lanes first .. as a list of whole values, joined end to end. */
void pieces_gather(pieces *p, const vector *v, uint32_t first, uint32_t lanes, op_list *list);

/* Lanes side * b .. as one value; the same op each time. */
ir_op *pieces_block(pieces *p, const vector *v, uint32_t b);

/* The same of lanes strip * b .. */
ir_op *pieces_strip(pieces *p, const vector *v, uint32_t b);

void pieces_join_lists(pieces *p, op_list *to, const op_list *from);

#endif
