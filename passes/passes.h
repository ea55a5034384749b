/*
 * The passes: graph IR in, graph IR out, one table (passes.def), one loop (pipeline.c).
 *
 *   layout         maps at ports and in vectors, pixel by pixel
 *   differentiate  loss -> backward graph and outer-product updates
 *   lower          layers and library functions -> vector operations of the machine
 *   unify          products with one matrix -> the same formats, its shift is fixed
 *   duplicate      copies of a matrix, each of which makes some columns of a map
 *   round_updates  operands of updates to a grid (stream mode with update rounding)
 *   tune           candidates compiled and run without data -> strips, packing, slack
 *   partition      matrices -> blocks of one crossbar, vectors -> lanes of one block
 *   place          blocks -> MCUs, vector operations -> cores
 *   fuse           matrix operations of a core -> slots, one `mcu` instruction each
 *   route          values that change core or outlive an interval -> store, load, send, receive
 *   schedule       modulo schedule: the interval; time, order and skew of each operation
 *   memory         depth and addresses of rings in shared memory
 */
#ifndef PANTHER_PASSES_PASSES_H
#define PANTHER_PASSES_PASSES_H

#include "ir/graph.h"
#include "isa/machine.h"
#include "isa/support/diag.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What holds after a pass; a pass states what it needs, makes and breaks. */
typedef enum pass_fact {
    FACT_DIFFERENTIATED = 1 << 0, /* no loss ops */
    FACT_LOWERED = 1 << 1, /* only operations that have an instruction; explicit formats, bcast */
    FACT_ROUNDED = 1 << 2, /* operands of updates are on the machine's grid */
    FACT_PARTITIONED = 1 << 3, /* every vector fits a block, every matrix op names one */
    FACT_PLACED = 1 << 4,
    FACT_FUSED = 1 << 5,
    FACT_ROUTED = 1 << 6,
    FACT_SCHEDULED = 1 << 7,
    FACT_ALLOCATED = 1 << 8,
    FACT_TUNED = 1 << 10,    /* the context says how to place and schedule */
    FACT_LAID_OUT = 1 << 11, /* maps at ports; vectors of maps have their words by pixels */
    FACT_DUPLICATED = 1 << 12, /* every copy of a matrix is a matrix of its own */
    FACT_UNIFIED = 1 << 9,   /* products with one matrix in one direction have the same formats */
} pass_fact;

/* What `tune` looks for. */
typedef enum pass_goal {
    GOAL_BALANCE, /* least product of time and energy */
    GOAL_TIME,
    GOAL_ENERGY,
    GOALS
} pass_goal;

extern const char *const pass_goal_names[GOALS];

/* What `tune` chooses for partition, place and schedule. */
typedef struct pass_tuning {
    bool dense;      /* MCUs are filled in order instead of keeping each matrix within a tile */
    int port_margin; /* cycles added to every way through shared memory for waits at its port */
    int tile_cores; /* cores of a tile that matrices may take; 0: all (fewer share a memory port) */
    int core_mcus;   /* MCUs of a core that they may take; 0: all (fewer share its lanes) */
    bool spill; /* rings of over-full tiles wait in others */
    const uint8_t *spread; /* by matrix: 0, or level of spreading (place.h); NULL: 0 for all */
    int strip_lanes; /* of vectors that are added or worked out lane by lane; 0: those of a block */
} pass_tuning;

typedef struct pass_options {
    const char *print_after; /* pass name or "all"; NULL: none */
    const char *stop_after;  /* pass name or NULL */
    bool verify_each, time_passes;
    pass_goal goal;
    const pass_tuning *tuning; /* instead of what `tune` would choose; NULL: it chooses */
    FILE *out; /* for print_after */
} pass_options;

extern const pass_tuning pass_default_tuning;

typedef struct pass_context {
    ir_module *module;
    const machine *machine;
    arena *memory;
    diag *diag;
    uint32_t facts;
    const pass_options *options;
    pass_tuning tuning;
} pass_context;

/* Works on all graphs of the module. False (with errors in diag) stops the pipeline. */
typedef bool pass_function(pass_context *c);

typedef struct pass_row {
    const char *name;
    pass_function *run;
    uint32_t needs, makes, breaks;
    const char *meaning;
} pass_row;

extern const pass_row pass_table[];
extern const size_t pass_count;

typedef struct pass_time {
    const char *name;
    double seconds;
} pass_time;

/*
 * Runs the table from the start. times (pass_count entries) may be NULL. stopped_early is set when
 * stop_after ended it (may be NULL). The pipeline refuses a pass whose needs do not hold (a fault of
 * ours: EXIT_INTERNAL territory, reported in diag as such).
 */
bool passes_run(ir_module *module, const machine *m, arena *memory, diag *d,
                const pass_options *options, pass_time *times, bool *stopped_early);

#define PASS(name, needs, makes, breaks, meaning) pass_function pass_##name;
#include "passes/passes.def"
#undef PASS

#endif
