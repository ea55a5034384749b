/*
 * Small questions about placed graphs that the passes after `place` share.
 */
#ifndef PANTHER_PASSES_PLACING_H
#define PANTHER_PASSES_PLACING_H

#include "ir/graph.h"
#include "isa/machine.h"

#include <stdbool.h>

static inline bool placing_is_matrix(const ir_op *op)
{
    return op->code == IR_mvm || op->code == IR_mtvm || op->code == IR_opa;
}

static inline bool placing_on_core(const ir_op *op)
{
    return op->place.core >= 0;
}

static inline bool placing_same_tile(ir_place a, ir_place b)
{
    return a.node == b.node && a.tile == b.tile;
}

static inline bool placing_same_core(ir_place a, ir_place b)
{
    return placing_same_tile(a, b) && a.core == b.core;
}

/* The tile of a place, without core and MCU; the core of a place, without MCU. */
static inline ir_place placing_tile_of(ir_place p)
{
    return (ir_place){p.node, p.tile, -1, -1};
}
static inline ir_place placing_core_of(ir_place p)
{
    return (ir_place){p.node, p.tile, p.core, -1};
}

/* Number of a core among all of the machine. */
static inline size_t placing_core_index(const machine *m, ir_place p)
{
    return ((size_t)p.node * (size_t)m->tiles + (size_t)p.tile) * (size_t)m->cores + (size_t)p.core;
}

/* A comparison with a constant: less to work out once more than its operand is to keep or to move. */
static inline bool placing_is_choice(const ir_op *op)
{
    return ir_ops[op->code].result == IR_RESULT_MASK && op->args[1]->code == IR_const &&
           op->args[0]->code != IR_const;
}

/* Runs once per kernel instead of once per point. */
static inline bool placing_once(const ir_op *op)
{
    return op->space.count == 0;
}

#endif
