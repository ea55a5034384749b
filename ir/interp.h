/*
 * What the two interpreters share: storage of values (points x lanes words of 2 or 8 bytes), ports,
 * random draws, the order of updates, and the losses.
 *
 * An interpreter walks the list of ops once; at each op it walks the points of the op's space in
 * row-major order and calls the op's function with the arguments' vectors at that point. Ops on
 * maps (classes WINDOW and SPACE) are called once for each frame, with whole maps. The ops of a
 * recurrence (ir/recurrence.h) are called one after the other at each point. Updates of
 * matrices are made after the last op. `descend` is nothing to either: `differentiate` must have
 * replaced it, and a graph that still has it computes its losses without learning.
 */
#ifndef PANTHER_IR_INTERP_H
#define PANTHER_IR_INTERP_H

#include "ir/recurrence.h"
#include "ir/window.h"

typedef struct ir_slot {
    const ir_op *op; /* NULL: no such op in the last run */
    size_t offset;   /* in the pool, in words */
    size_t stride;   /* input, output: words of the whole port */
    size_t pixels;   /* the same: of its map, or 1 */
} ir_slot;

typedef struct ir_values {
    arena *memory;
    size_t word;    /* bytes */
    ir_slot *slots; /* by op id */
    size_t slot_capacity;
    char *pool; /* kept from run to run, grows as needed */
    size_t pool_capacity;
    const void **args; /* as many as any op has */
    uint32_t arg_capacity;
    size_t operand_words; /* most lanes that the arguments of one op have together */
    struct ir_matrix_update *updates;
    size_t update_capacity;
} ir_values;

/* Lays out a graph: all values of the last run are forgotten. */
void ir_values_prepare(ir_values *v, const ir_graph *g);
void *ir_values_at(const ir_values *v, const ir_op *op, size_t point);
/* How often an op is called in a run: points of its space, or frames if it works on maps. */
size_t ir_values_calls(const ir_graph *g, const ir_op *op);

/* How an interpreter works out an op: what it keeps of it during a run, and a call of it. */
typedef struct ir_visit {
    void *(*open)(arena *memory, void *run, const ir_op *op);
    void (*call)(void *site, size_t point);
} ir_visit;

/* All ops of a graph; those of a recurrence at one point before any of them at the next. */
void ir_values_run(arena *scratch, const ir_graph *g, const ir_plan *plan, const ir_visit *visit,
                   void *run);

/* Where the result of a call goes, and the vectors (maps) of its arguments. */
void *ir_values_result(const ir_values *v, const ir_graph *g, const ir_op *op, size_t call);
const void *const *ir_values_args(ir_values *v, const ir_graph *g, const ir_op *op, size_t call);
/* What an op over maps was at the point before; NULL at the first point of a map. */
const void *ir_values_before(const ir_values *v, const ir_graph *g, const ir_op *op, size_t point);
const void *ir_values_of(const ir_values *v,
                         const ir_op *op); /* NULL if the last run had no such op */
/* Where the lanes of an input or output are in its port at a point. */
typedef struct ir_port_words {
    size_t first, step;
} ir_port_words;
ir_port_words ir_values_port(const ir_values *v, const ir_op *op, size_t point);

/* Words that a value has at each point. */
static inline uint32_t ir_words(ir_type t)
{
    return t.kind == IR_VEC ? t.lanes : t.kind == IR_LABEL ? 1 : 0;
}

/* 64 random bits of a lane: those of lane % side in stream + lane / side (side = ir_side). */
uint64_t ir_draw(const ir_op *op, uint64_t seed, uint64_t step, size_t point, uint32_t lane,
                 uint32_t side);

/* The matrices of a module by their names. */
typedef struct ir_matrix_index ir_matrix_index;
ir_matrix_index *ir_matrix_index_new(arena *memory, const ir_module *m);
/* Number, in the module's list, of the matrix that an op names. */
size_t ir_matrix_index_of(const ir_matrix_index *index, const ir_op *op);

/*
 * Calls back for every update of every matrix, one matrix after the other: points in row-major
 * order of the space that its `opa` ops span together, then ops in the order of the list. An op that
 * lacks a dimension comes where that dimension is 0.
 */
typedef void ir_update(void *context, const ir_op *opa, size_t matrix, size_t point);
void ir_each_update(ir_values *v, const ir_graph *g, const ir_matrix_index *index,
                    ir_update *update, void *context);

int ir_side(const ir_module *m); /* min(rows, columns) of a crossbar */

double ir_cross_entropy(const double *x, const double *y, uint32_t n);
double ir_mse(const double *x, const double *y, uint32_t n);

#endif
