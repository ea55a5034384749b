/*
 * Several networks (tenants) on one chip of crossbar arrays that are written again between rounds
 * (Li et al., "A Collaborative PIM Computing Optimization Framework for Multi-Tenant DNN").
 *
 * A round writes weights, then its operators run as one pipeline:
 *
 *     T = w + N_b * max ceil(positions / copies) + sum over its operators (6 + N_b + N_p)
 *
 * w: cycles to write (1 + N_b is Eq. 1's first bracket), N_b: input bits, N_p: elements of the
 * pooling behind an operator. A copy makes one output position in N_b cycles. The paper leaves out
 * how regions move and how alpha is defined (its sections III.B and III.C are cut); what is here
 * fills that in.
 */
#ifndef PANTHER_PASSES_PLAN_TENANT_H
#define PANTHER_PASSES_PLAN_TENANT_H

#include "passes/plan/model.h"

enum { TENANT_MAX = 64, TENANT_OPS_MAX = 512 };

typedef struct tenant_op {
    int64_t rows, columns; /* weights */
    int64_t down, across;  /* arrays of one copy: down x across */
    int64_t positions;
    int64_t classic;       /* copies by Eq. 2 */
    int64_t pooling;       /* N_p: elements of the pooling window behind it, 0: none */
    int64_t need;          /* positions of the operator before that its first position waits for */
    int64_t rest;          /* its positions that wait for the last one of the operator before */
} tenant_op;

typedef struct tenant {
    const char *name;
    tenant_op *ops;
    int count;
} tenant;

typedef struct tenant_chip {
    int64_t arrays;        /* of the whole chip */
    int64_t rows, columns; /* weights that one array holds */
    int64_t input_bits, write_cycles;
} tenant_chip;

/*
 * What a plan network asks of a chip. Eq. 2's s_i is the stride of a pooling: once (power 1), as
 * the paper's numbers imply, or in both directions (power 2). NULL with the reason in *error.
 */
tenant *tenant_of(arena *memory, const plan_network *n, const tenant_chip *chip, int power,
                  const char **error);
/* w = 1 + N_b unless the file says write_cycles. NULL with the missing key in *error. */
tenant_chip *tenant_chip_of(arena *memory, const plan_chip *c, const char **error);

/* ---- one tenant on some arrays (tenant_rounds.c, tenant_dynamic.c) ---- */

/* Arrays first .. first + blocks of op's down x across, row by row, `copies` times. */
typedef struct tenant_part {
    int32_t op, round;
    int64_t first, blocks, copies;
} tenant_part;

typedef struct tenant_rounds {
    arena *memory;
    tenant_part *parts; /* in the order of ops and rounds */
    size_t count, capacity;
    int32_t rounds;
} tenant_rounds;

typedef enum tenant_method_id {
    TENANT_CLASSIC, /* Eq. 2, next round when an operator does not fit */
    TENANT_GRID,    /* the paper's splitter and duplicator, grid search over alpha and beta */
    TENANT_DYNAMIC, /* least sum over groups of consecutive operators (ours) */
    TENANT_WINDOWS, /* the same, but a group's operators wait for their windows */
    TENANT_METHODS
} tenant_method_id;

typedef struct tenant_choice {
    double alpha;     /* of the grid search: copies over those of Eq. 2 */
    int64_t beta;     /* arrays that one part may take; INT64_MAX: no limit */
    int64_t expected; /* cycles that the method expects: more than the formula's with windows */
} tenant_choice;

typedef int64_t tenant_function(const tenant_chip *chip, const tenant *t, int64_t arrays,
                                tenant_rounds *out, tenant_choice *choice);

extern const struct tenant_method {
    const char *name;
    tenant_function *run; /* cycles; fills *out; choice may be NULL */
    const char *help;
} tenant_methods[TENANT_METHODS];

tenant_function tenant_run_dynamic, tenant_run_windows; /* tenant_dynamic.c */

/* Cycles of the rounds, by the formula above. */
int64_t tenant_cycles(const tenant_chip *chip, const tenant *t, const tenant_rounds *r);
/* rounds.parts with this one behind; the next one if it starts a round. */
void tenant_add(tenant_rounds *r, int op, int32_t round, int64_t first, int64_t blocks,
                int64_t copies);
/* A part of op that needs more arrays than there are: whole rounds, one copy. The next round. */
int32_t tenant_add_alone(tenant_rounds *r, int op, int32_t round, int64_t first, int64_t blocks,
                         int64_t arrays);

/* ---- several tenants (tenant_share.c) ---- */

typedef enum tenant_sharing { TENANT_TEMPORAL, TENANT_SPATIAL } tenant_sharing;
extern const char *const tenant_sharing_names[2];

typedef struct tenant_region {
    int64_t first, arrays;  /* of the chip */
    int32_t round, rounds;  /* temporal: its rounds come after those of the tenants before it */
    int64_t start, cycles;
    tenant_choice choice;
    tenant_rounds program;
} tenant_region;

typedef struct tenant_plan {
    const tenant_chip *chip;
    const tenant *const *tenants;
    int count;
    tenant_method_id method;
    tenant_sharing sharing;
    int64_t cycles, expected; /* by the formula, by the method */
    tenant_region *regions;
} tenant_plan;

/* Tenant after tenant on the whole chip. */
tenant_plan *tenant_share_temporal(arena *memory, const tenant_chip *chip,
                                   const tenant *const *tenants, int count,
                                   tenant_method_id method);
/*
 * Regions that move: from equal ones and from ones in proportion to the work, arrays go from the
 * fastest tenant that can give to the slowest one while the largest time falls, in steps that halve
 * from 1/8 of the chip to `step`.
 */
tenant_plan *tenant_share_moving(arena *memory, const tenant_chip *chip,
                                 const tenant *const *tenants, int count, tenant_method_id method,
                                 int64_t step);
/*
 * Regions with the least largest time, exactly, for a method whose time never grows with its
 * arrays (TENANT_DYNAMIC). NULL: there are fewer arrays than tenants.
 */
tenant_plan *tenant_share_exact(arena *memory, const tenant_chip *chip,
                                const tenant *const *tenants, int count, tenant_method_id method);

/*
 * The cycles of a plan with windows (tenant_simulate.c): an operator waits for the pixels it reads
 * where those are made in its round. Never less than the plan's cycles.
 */
int64_t tenant_simulate(const tenant_plan *p, const plan_network *const *networks);

/* The plan that is expected to take fewer cycles; a NULL loses. */
tenant_plan *tenant_better(tenant_plan *a, tenant_plan *b);

/* No schedule without two operators on one array is faster: N_b * sum (arrays x positions) / A. */
double tenant_bound(const tenant_chip *chip, const tenant *const *tenants, int count);

/* As places on the chip, for check.h. networks in the order of the tenants. */
plan_layout *tenant_places(arena *memory, const tenant_plan *p, const plan_chip *chip,
                    const plan_network *const *networks);

/* ---- checking (tenant_check.c) ---- */

/*
 * Works out from the tenants and the parts alone whether regions and parts are disjoint, every
 * weight is written once, operators are in order, and the cycles are right. NULL or what is wrong.
 */
const char *tenant_check(arena *memory, const tenant_plan *p);

/* ---- energy ---- */

/*
 * The paper's: power of what is busy times its time; idle parts take none. `unit` arrays are busy
 * together (1: single arrays, else an IMA's), each output position takes `position_cycles`.
 */
typedef struct tenant_energy_model {
    int64_t unit, position_cycles;
    double array_mw, cycle_ns;
} tenant_energy_model;

double tenant_energy_mj(const tenant_energy_model *m, const tenant *t);

#endif
