/*
 * Inside the schedule pass: a modulo schedule of one graph.
 *
 * Every op gets a start time for point 0 of its core's grid. The interval is that of examples; a core
 * whose grid has P points handles one every `turn`, the interval divided by P, so that all cores
 * keep step from example to example. A core runs one loop; the time modulo the turn, counted from the
 * core's first op, is an op's place in the loop body, the number of whole turns its skew (iteration t
 * handles point t - skew).
 *
 * Turns are whole cycles on the core, while the interval may not be divisible by P: a core has its own
 * clock, in whole cycles, which runs slower than the common one by less than a cycle per turn
 * (schedule_common, schedule_local).
 *
 * What is made at the positions of one grid and read at those of another waits for the last point that
 * it may need (schedule_lag); time is linear in the number of points on both sides, so one number
 * says how much later the reader must start.
 *
 * The ops of a recurrence (ir/recurrence.h) belong to one turn: what `next` keeps for the following
 * point has to be there when `prev` looks for it a turn after its own point, so that a turn is at
 * least as long as the way from prev to next. Prev starts when all that comes into the recurrence
 * from elsewhere is there, or that way would contain waiting for it.
 *
 * Why the result cannot deadlock: each op's time is later than that of everything it waits for (its
 * operands; with rings of the depth that `memory` gives them also the takes that free its slot), and
 * in-order cores run their bodies in order of time. So time is a potential that every wait descends.
 */
#ifndef PANTHER_PASSES_SCHEDULE_H
#define PANTHER_PASSES_SCHEDULE_H

#include "ir/recurrence.h"
#include "ir/ring.h"
#include "isa/machine.h"
#include "passes/passes.h"
#include "passes/placing.h"
#include "passes/reservation.h"
#include "passes/users.h"

typedef struct op_time {
    int64_t start,
        cycles; /* of the op itself; on a core by its own clock, on a thread by the common one */
    int64_t available; /* loads: when the ring holds the words, by the core's clock */
    bool done, visiting, gathered;
    bool late;    /* made of loads for one bundle: placed with it (schedule_place.c) */
    int64_t line; /* skew * ops in the body + position: order of events of a core */
} op_time;

/* Matrix ops that one mcu instruction starts. */
typedef struct slot_info {
    ir_op **ops;
    size_t count, capacity;
    int64_t copies_in, collects, cycles; /* before the instruction, after it, the operations */
    bool placed;
    int64_t phase; /* start of the instruction, once placed */
} slot_info;

/*
 * One operation of one MCU where the core goes on meanwhile: busy from the copies of its operand
 * until its result is collected, which the next one would overwrite.
 */
typedef struct unit_info {
    reservation table;
    ir_place core;
    int64_t work; /* cycles it needs per point */
} unit_info;

typedef struct core_info {
    ir_place place;
    ir_grid grid;
    reservation table; /* its interval is the core's turn */
    int64_t base;      /* first start on this core */
    int64_t work;      /* cycles the core's own stream needs per point */
    int64_t events;
} core_info;

/* A recurrence with bundles in slots that others lead: how much later it starts to meet them. */
typedef struct alignment {
    int64_t delay;
    int64_t waits[64]; /* of its bundles for their slots, in the try at hand */
    size_t count;
} alignment;

typedef struct schedule_state {
    ir_graph *graph;
    arena *memory;
    const machine *machine;
    int64_t port_margin; /* of pass_tuning */
    int64_t interval;
    bool stuck; /* schedule_hold */
    op_time *times; /* by op id */
    core_info *cores;
    size_t core_count, core_capacity;
    uint32_t *core_index; /* by place: index in cores plus 1 */
    slot_info *slots;     /* by slot attribute */
    size_t slot_count;
    struct unit_info *units; /* what overlapped matrix ops work on */
    size_t unit_count, unit_capacity;
    uint32_t *unit_index;    /* by core and MCU: first of its units plus 1 */
    uint32_t *unit_trail;    /* units in the order in which they were taken */
    size_t unit_trail_count, unit_trail_capacity;
    user_index users;
    ir_recurrences recurrences;
    int64_t turns_short; /* the interval at which a recurrence that did not fit would have */
    alignment *alignments; /* by recurrence */
    bool realign;          /* one of them has a new delay: the interval may do */
    int realigned, misfits; /* tries at this interval; intervals at which they did not help */
    struct bundle_info {
        ir_op **ops;
        size_t count, capacity;
        int64_t rounds;
    } * bundles;   /* by bundle attribute */
    ir_op **trail; /* loads and late ops in the order in which they were placed */
    size_t trail_count, trail_capacity;
    ir_op **waiting; /* what is placed with the op at hand */
    size_t waiting_count, waiting_capacity;
} schedule_state;

/* Points that a core's loop handles for each example. */
static inline int64_t schedule_points(const core_info *core)
{
    return (int64_t)ir_grid_points(core->grid);
}

core_info *schedule_core(schedule_state *s, ir_place place); /* found or added */
uint32_t schedule_unit(schedule_state *s, const ir_op *op);  /* its index, found or added */
op_time *schedule_time(schedule_state *s, const ir_op *op);

/* Whether the op takes part in the loop of a core (not once, not on a thread or the host). */
static inline bool schedule_in_loop(const ir_op *op)
{
    return placing_on_core(op) && !placing_once(op);
}

/* An operand read from memory: it waits there and is placed with its first user. */
static inline bool schedule_is_load(const ir_op *op)
{
    return op->code == IR_load || ir_is_reader(op->code);
}

/* A name for a register that something else has made. */
static inline bool schedule_is_view(const ir_op *op)
{
    return op->code == IR_slice || op->code == IR_final;
}

/* schedule_clock.c: the clocks of cores, and how far readers follow writers */
int64_t schedule_common(const schedule_state *s, const core_info *core, int64_t local);
int64_t schedule_local(const schedule_state *s, const core_info *core, int64_t common);
/* End of an op for point 0 of its own space, by the common clock. */
int64_t schedule_end(schedule_state *s, const ir_op *op);
/* Cycles that a load or reader has to start after the end of what fills its ring, at least. */
int64_t schedule_lag(const schedule_state *s, const ir_op *reader, const ir_op *filler);

/* Cycles of a packet from one tile to another, sender's and receiver's own work not included. */
int64_t schedule_network_cycles(const machine *m, ir_place from, ir_place to, uint32_t words);

/* schedule_tables.c: slots, costs, cores; the smallest interval that resources allow */
void schedule_tables(schedule_state *s);
int64_t schedule_least_interval(schedule_state *s);

/* schedule_place.c: times for all ops at s->interval; false if they do not fit */
bool schedule_place(schedule_state *s);
bool schedule_place_op(schedule_state *s, ir_op *op); /* with all that it takes */
int64_t schedule_ready(schedule_state *s, const ir_op *arg); /* when it can be used, by its clock */

/* schedule_state.c: recurrences */
/* When a prev can start: once all that its recurrence takes from elsewhere is there. */
bool schedule_prev_ready(schedule_state *s, const ir_op *prev, int64_t *ready);
/* A next keeps its value once prev has looked at the last one. */
bool schedule_next_ready(schedule_state *s, const ir_op *next, int64_t *ready);
/* What shares a bundle with a recurrence, and what lies between, is placed as a part of it. */
void schedule_adopt(schedule_state *s);
/* A try to place all ops begins; it was in vain, and the interval changes. */
void schedule_begin_alignments(schedule_state *s);
void schedule_forget_alignments(schedule_state *s);
/* An op of a bundle has to wait so long for the slot that another leads. */
void schedule_note_wait(schedule_state *s, const ir_op *op, int64_t wait);
/* Gives bundles of recurrences slots of their own, where they share others'. */
void schedule_unshare(schedule_state *s);
/* Whether a next that has its place ends before its prev starts at the next point. */
bool schedule_next_fits(schedule_state *s, const ir_op *next);

/*
 * schedule_hold.c: values that live too long for a register go through a ring; how many did. Stuck:
 * there are loads that only a longer interval brings close enough to their uses.
 */
size_t schedule_hold(schedule_state *s);

#endif
