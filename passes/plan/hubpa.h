/*
 * HUBPA: forward and backward propagations (FP, BP) of a chain of convolutions that share their
 * crossbars (Ji et al., ASP-DAC 2019). Allocation of tiles to layers (Eqs. 1-3), the schedules
 * that the paper compares, and a checker that shares nothing with them but these structures.
 *
 * Work is counted in units: one output position of a layer, in row-major order. A replica of a
 * layer does one unit per step, forward or backward. What a step finishes is available from the
 * next step on. Weight gradients and updates are not part of the paper's model.
 */
#ifndef PANTHER_PASSES_PLAN_HUBPA_H
#define PANTHER_PASSES_PLAN_HUBPA_H

#include "passes/plan/model.h"

enum { HUBPA_UNITS_MAX = 1 << 24, HUBPA_RATIO_TILES_MAX = 512 };

typedef struct hubpa_layer {
    int32_t map[2];    /* output positions, before the pooling */
    plan_window conv;  /* over the pooled map of the layer before */
    plan_window pool;  /* behind this layer */
    int32_t footprint; /* tiles that one replica takes */
} hubpa_layer;

static inline int32_t hubpa_units(const hubpa_layer *l)
{
    return l->map[0] * l->map[1];
}

/*
 * A chain of convolutions as layers, footprints in whole tiles of the chip. NULL with the reason in
 * *error: residual edges, dense layers (drop them with plan_network_convs), more than 2^24 units.
 */
hubpa_layer *hubpa_layers_of(arena *memory, const plan_network *n, const plan_chip *chip,
                             const char **error);
/* The replicas as places on whole tiles, layer behind layer, for check.h. */
plan_layout *hubpa_places(arena *memory, const plan_network *const *n, const plan_chip *chip,
                          const hubpa_layer *layers, const int32_t *replicas, const char *method);

/* ---- allocation ---- */

/*
 * Eqs. 1 and 2: tiles S_i >= 1 that sum to `tiles`, S_i / S_{i+1} <= P_i, least
 * f = sum over i < N of (S_i / S_{i+1} - P_i)^2. (The paper's sum runs to N; there is no S_{N+1}.)
 * Eq. 3 (split: SDMP): all S_i even as well. Every allocation is considered; `optima` says how many
 * reach the least f and `gap` how far the next value of f lies above it (infinite: there is none),
 * so optima = 1 with a gap above 1e-9 proves that the answer is the only one.
 */
typedef struct hubpa_ratio {
    int32_t *tiles; /* per layer */
    double f, gap;
    int64_t optima, feasible; /* allocations that meet Eq. 1 (or 3) */
} hubpa_ratio;

/* False: no allocation meets the constraints, or tiles > HUBPA_RATIO_TILES_MAX. */
bool hubpa_allocate_ratio(arena *memory, const int32_t *pooling, int count, int32_t tiles,
                          bool split, hubpa_ratio *result);

typedef enum hubpa_sharing {
    HUBPA_WHOLE,       /* a propagation has all replicas to itself (TDMP) */
    HUBPA_SPLIT,       /* half of them, so counts are even (SDMP) */
    HUBPA_SHARED_PAIR, /* an FP and a BP share them (HUBPA) */
} hubpa_sharing;

/*
 * With footprints: replicas r_i of layer i take r_i * footprint_i, at most `tiles` together, and
 * the busiest layer's steps T are least: of a propagation, max ceil(units_i / r_i) (or r_i / 2),
 * of a pair, max ceil(2 units_i / r_i). The replicas are the fewest with that T; what is left goes
 * to the layers with the most units per replica. Exact: what suffices for T suffices for T + 1.
 * Returns T, or 0: fewer tiles than hubpa_tiles_least.
 */
int32_t hubpa_allocate_balanced(const hubpa_layer *layers, int count, int32_t tiles,
                                hubpa_sharing sharing, int32_t *replicas);
int64_t hubpa_tiles_least(const hubpa_layer *layers, int count, hubpa_sharing sharing);

/*
 * The largest units per replica of a pair, max 2 units_i / r_i: no schedule has fewer steps a pair
 * in the long run. It is the least of all allocations if the replicas are those of
 * hubpa_allocate_balanced: every replica beyond the fewest went to the layer with the most, as any
 * better allocation must do, until it did not fit.
 */
double hubpa_period_bound(const hubpa_layer *layers, const int32_t *replicas, int count);

/* ---- schedules ---- */

typedef struct hubpa_policy {
    const char *name;
    hubpa_sharing sharing; /* split: half of a layer's replicas serve FP only, half BP only */
    bool barrier;          /* FP and BP of a pair start when the pair before is complete */
    bool serial;           /* nothing overlaps: FP(k), BP(k), FP(k+1), ... */
    int lag;    /* BP(k) needs FP(k - lag); 1: a pair is one FP and the BP before it */
    int ahead;  /* FPs in flight at most: FP(k) needs FP(k - ahead) */
    int behind; /* BPs that may be outstanding: FP(k) needs BP(k - behind) */
    const char *help;
} hubpa_policy;

typedef enum hubpa_schedule_id {
    HUBPA_SDMP,
    HUBPA_SDMP_PIPELINED,
    HUBPA_TDMP,
    HUBPA_SHARED,
    HUBPA_LOOKAHEAD,
    HUBPA_POLICIES
} hubpa_schedule_id;

extern const hubpa_policy hubpa_policies[HUBPA_POLICIES];

/* The step (from 1) of every unit of every propagation. */
typedef struct hubpa_schedule {
    const hubpa_policy *policy;
    const hubpa_layer *layers;
    const int32_t *replicas;
    int count, pairs;
    int32_t steps;     /* of everything */
    int32_t **step[2]; /* [backward][pair * count + layer][unit] */
} hubpa_schedule;

hubpa_schedule *hubpa_simulate(arena *memory, const hubpa_policy *policy, const hubpa_layer *layers,
                               const int32_t *replicas, int count, int pairs);

/* ---- checking ---- */

/*
 * Whether a schedule is sound: every unit once, no unit before what its window covers, no layer
 * over its replicas in any step, the policy's order. NULL, or what is wrong (in the arena).
 */
const char *hubpa_check(arena *memory, const hubpa_schedule *s);

/* Figures, from the steps of the units alone. */
typedef struct hubpa_figures {
    double period;      /* steps per pair, between the ends of pairs `from` and `to` */
    double utilisation; /* busy tiles per step over `tiles`, at that period */
    double whole;       /* the same over the whole schedule */
} hubpa_figures;

hubpa_figures hubpa_measure(const hubpa_schedule *s, int32_t tiles, int from, int to);

/* No schedule of `pairs` pairs takes fewer steps: the busiest layer's work on all its replicas. */
int64_t hubpa_bound(const hubpa_layer *layers, const int32_t *replicas, int count, int pairs);

#endif
