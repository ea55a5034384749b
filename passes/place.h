/* Inside the place pass. */
#ifndef PANTHER_PASSES_PLACE_H
#define PANTHER_PASSES_PLACE_H

#include "ir/recurrence.h"
#include "ir/ring.h"
#include "passes/passes.h"
#include "passes/users.h"

/* Chooses an MCU for every block of every matrix; false with an error if the machine is too small. */
bool place_matrices(pass_context *c);

/* Cores that the matrices take if each starts on one of its own. */
int64_t place_cores_needed(const ir_module *m, const machine *mc);

/* Of one matrix, with the tuning's MCUs of each core. */
int64_t place_matrix_cores(const pass_context *c, size_t matrix);

/*
 * Cores of each tile that a matrix takes at a level of spreading. 0: all that the tuning gives, with
 * others; from level 1 on its tiles are its own, and each level halves the cores.
 */
int place_own_cores(const pass_context *c, uint8_t level);

/* A core of the machine in one graph. */
typedef struct place_core {
    ir_place place;
    ir_grid grid; /* of the loop it runs; 0 x 0: none yet */
    int64_t work; /* cycles of vector operations and transfers per point */
} place_core;

typedef struct place_state {
    pass_context *context;
    ir_graph *graph;
    const machine *machine;
    arena *memory;
    place_core *cores;
    size_t count;
    ir_op **roots;            /* by op id: the whole sum that an add is part of, if strips are summed */
    const place_core **homes; /* by id of the whole: where it is made; NULL: not decided */
    ir_recurrences recurrences;
} place_state;

/*
 * place_cores.c: cores and their loops. A core has one loop, so all its operations run over the same
 * grid; what runs once, before the loop, goes anywhere.
 */
void place_open(place_state *s, pass_context *c, ir_graph *g);
place_core *place_core_at(place_state *s, ir_place place);
bool place_suits(place_state *s, const ir_op *op, ir_place core);

/* Counts what a product or an update takes to load on the core of its block. */
void place_charge(place_state *s, const ir_op *op);

/*
 * The op goes to the core, which from then on runs its grid. What it takes from other cores is
 * stored there and loaded here, which counts as work of both.
 */
void place_put(place_state *s, ir_op *op, ir_place core);

/*
 * A core for an op that has no operand or user on one of its grid: near `hint` if it can be, on a
 * core that runs the grid while there is time left in an interval of one product, else on a free
 * one. False with an error if there is none.
 */
bool place_anywhere(place_state *s, ir_op *op, ir_place hint);

/* place_sums.c: an add of terms from several cores goes where the whole sum goes; else false. */
void place_sums_open(place_state *s);
bool place_sum(place_state *s, ir_op *op);

#endif
