/*
 * Weights on processing elements (PEs) and the traffic of inputs (Peng, Liu and Yu, 2020). A PE has
 * the crossbars ("sub-arrays") of the chip's pe and belongs to one layer; its slices lie in as many
 * physical PEs, which count as one here.
 *
 *   im2col   the kernel unrolled to one matrix of K^2 D rows
 *   split    one matrix of D rows for each of the K^2 places of the kernel, in PEs of their own, so
 * that inputs move on from PE to PE as the kernel slides packed   im2col, whose copies fill PEs
 * crossbar by crossbar
 *
 * Inside a PE the matrix is repeated as often as it fits: in free crossbars, and along the diagonal
 * of one crossbar if it is small.
 */
#ifndef PANTHER_PASSES_PLAN_MAPPING_H
#define PANTHER_PASSES_PLAN_MAPPING_H

#include "passes/plan/model.h"

typedef enum mapping_kind { MAPPING_IM2COL, MAPPING_SPLIT, MAPPING_PACKED } mapping_kind;

extern const char *const mapping_kind_names[3];

/* What one layer takes. */
typedef struct mapping_unit {
    mapping_kind kind;
    int64_t crossbars; /* of one copy (split: of one place of the kernel) */
    int64_t pes;       /* the fewest PEs that hold a copy */
    int64_t copies;    /* in these PEs, for nothing ("# duplication") */
    double efficiency; /* cells that hold weights, with these copies */
} mapping_unit;

mapping_unit mapping_unit_of(const plan_chip *c, const plan_layer *l, mapping_kind kind);

/*
 * PEs, or 0 if it is not possible, for at least `copies` copies of the layer; *made: how many it
 * has.
 */
int64_t mapping_pes(const plan_chip *c, const plan_layer *l, mapping_kind kind, int64_t copies,
                    int64_t *made);

typedef enum mapping_policy {
    MAPPING_ALL_IM2COL,
    MAPPING_ALL_SPLIT, /* but dense and grouped layers, which have nothing to split */
    MAPPING_HYBRID, /* im2col where the depth is below half a crossbar, else split (the paper's) */
    MAPPING_MIXED,  /* for each layer the kind that needs the fewest PEs; split among equals (ours)
                     */
    MAPPING_POLICIES
} mapping_policy;

typedef struct mapping_layer {
    mapping_unit unit;
    int64_t pes, copies; /* in the plan */
    int64_t cycles;      /* products after each other for one image */
} mapping_layer;

/* One image per stage: every layer takes at most `stage` cycles. */
typedef struct mapping_plan {
    mapping_policy policy;
    const plan_network *network;
    const plan_chip *chip;
    mapping_layer *layers;
    int64_t stage;           /* the longest of all layers */
    int64_t pes, total;      /* PEs used and there are */
    int64_t single_pes;      /* with one unit for each layer, as for work layer by layer */
    int64_t serial_cycles;   /* layer by layer, one copy each */
    int64_t serial_repeated; /* layer by layer, with the copies inside the units */
} mapping_plan;

/* With cycles of each layer at most `stage`; the PEs may be more than the chip has. */
mapping_plan *mapping_for_stage(arena *memory, const plan_chip *c, const plan_network *n,
                                mapping_policy policy, int64_t stage);
/* The shortest stage that fits the chip; NULL if even one unit for each layer does not. */
mapping_plan *mapping_shortest(arena *memory, const plan_chip *c, const plan_network *n,
                               mapping_policy policy);
/* No mapping has a shorter stage on this chip: every copy needs its weights' cells. */
int64_t mapping_stage_bound(const plan_chip *c, const plan_network *n);

/* The places of the plan, for the checker. *network must live as long as the layout. */
plan_layout *mapping_layout(arena *memory, const mapping_plan *p,
                            const plan_network *const *network);

/* ---- traffic: bits that a layer's PEs read from the buffers for one image ---- */

typedef struct mapping_traffic {
    int64_t naive;  /* every window anew */
    int64_t raster; /* what the window before had is passed on; rows start anew */
    int64_t snake;  /* every other row is walked backwards, so only the first window is new */
    int64_t steady; /* raster without the starts of rows, as the paper counts */
} mapping_traffic;

mapping_traffic mapping_traffic_of(const plan_layer *l, int64_t input_bits);

/* ---- energy and area, from the chip's parts (mapping_energy.c) ---- */

typedef struct mapping_costs {
    double pe_op_nj;        /* one product of one PE, from the parts of its crossbars */
    double peak_tops_w;     /* of that: operations of a full PE */
    double physical_tops_w; /* the same if each slice costs as much as a PE */
    double pe_area, periphery_area, area; /* mm2, of all PEs of the chip */
    double used_area;                     /* of the PEs that are used, without periphery */
    int64_t pe_ops;                       /* products of PEs for one image */
    double image_uj;                      /* PEs only */
    double traffic_uj,
        accumulate_uj; /* reads through L3, L2 and L1 and results; sums, activations */
    double fps_pipelined, fps_serial; /* from the chip's cycle_ns */
    double tops_w;                    /* all of the above */
} mapping_costs;

/* NULL, or which part the chip does not state. snake: inputs are walked that way. */
const char *mapping_cost(arena *memory, const mapping_plan *p, bool snake, mapping_costs *costs);

#endif
