/*
 * The planner's model: a network as layers of weights and edges between maps, a chip as numbers,
 * and a plan as the places that weights have on the crossbars. The methods (allocation, mapping,
 * schedules of training, tenants) share it; check.h verifies what they make without knowing how it
 * was made.
 *
 * Pairs of sizes are {rows, columns} of a map: index 0 is vertical.
 */
#ifndef PANTHER_PASSES_PLAN_MODEL_H
#define PANTHER_PASSES_PLAN_MODEL_H

#include "ir/graph.h"
#include "isa/machine.h"
#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- networks (network.c, network_view.c) ---- */

typedef enum plan_kind { PLAN_CONV, PLAN_DENSE } plan_kind;

extern const char *const plan_kind_names[2];

typedef struct plan_window {
    int32_t kernel[2], stride[2], pad[2];
} plan_window;

#define PLAN_NO_WINDOW ((plan_window){{1, 1}, {1, 1}, {0, 0}})

enum {
    PLAN_INPUT = -1, /* from: the network's input */
    PLAN_LAYERS_MAX = 4096,
    PLAN_SIDE_MAX = 1 << 24, /* of maps, channels, kernels */
};

/* What a layer reads: the output of `from` after pooling. Several edges of a layer are added up. */
typedef struct plan_edge {
    int32_t from;     /* an earlier layer or PLAN_INPUT */
    plan_window pool; /* all pooling between, joined; PLAN_NO_WINDOW if there is none */
} plan_edge;

/*
 * One matrix of weights and how it slides over its input. A dense layer behind a map is a
 * convolution whose kernel is as large as the map, so in = channels, out_map = 1 x 1; behind a
 * vector, in = lanes and the kernel is 1 x 1.
 */
typedef struct plan_layer {
    const char *name;
    source_range where;
    plan_kind kind;
    int32_t in, out; /* channels of all groups together */
    int32_t groups;
    bool bias; /* one more row of weights */
    plan_window conv;
    int32_t in_map[2], out_map[2]; /* out_map: before any pooling */
    plan_window pool;  /* that follows (of the first reader; of the result for the last) */
    plan_edge *inputs; /* inputs[0] comes from the latest layer; the others are residual */
    size_t input_count;
    /* derived (plan_layer_derive) */
    int64_t rows;      /* of one group's matrix: kernel x in / groups + bias */
    int64_t columns;   /* of one group's matrix: out / groups */
    int64_t positions; /* out_map: products with the matrix per image */
    int64_t weights;   /* all groups */
    int64_t macs;      /* per image */
} plan_layer;

typedef struct plan_network {
    const char *name;
    int32_t in, in_map[2]; /* the input's channels (or lanes) and map (or 1 x 1) */
    plan_layer *layers;    /* in an order in which every layer is behind those it reads */
    size_t count;
} plan_network;

/* Whether the pooling window changes anything. */
bool plan_window_is_none(const plan_window *w);
/* The map that a window makes of one: (size - kernel + 2 pad) / stride + 1, rounded down. */
void plan_window_map(const plan_window *w, const int32_t in[2], int32_t out[2]);
/*
 * rows .. macs from the rest. NULL, or a sentence if a size is impossible or a product too large.
 */
const char *plan_layer_derive(arena *memory, plan_layer *l);
/* Every layer derived, edges point backwards, maps fit together; NULL or a sentence. */
const char *plan_network_check(arena *memory, plan_network *n);

/*
 * The network that a graph "test:NAME" of a program computes. NULL with errors in d: no layers, one
 * matrix used twice, products of a kernel. plan_network_find takes the first such graph of a
 * module, or the one of `name` if that is not NULL.
 */
plan_network *plan_network_build(arena *memory, const ir_graph *g, diag *d);
plan_network *plan_network_find(arena *memory, const ir_module *m, const char *name, diag *d);

/* A copy without dense layers (edges through them are gone). */
plan_network *plan_network_convs(arena *memory, const plan_network *n);
/*
 * A copy of the longest chain of layers that ends in the last one: no residual edges, no shortcuts.
 */
plan_network *plan_network_chain(arena *memory, const plan_network *n);

/*
 * That chain's layers and, for each, the edge from the one before it (into room for n->count); how
 * many they are.
 */
size_t plan_network_spine(arena *memory, const plan_network *n, int32_t *layers,
                          const plan_edge **edges);

int64_t plan_network_weights(const plan_network *n);
int64_t plan_network_macs(const plan_network *n);

/* ---- chips (chip.c, chip.def) ---- */

/* One row of a chip's table of parts (power, energy and area as its paper prints them). */
typedef struct plan_component {
    const char *level, *name;   /* "pe", "adc" */
    double count;               /* in one of its level; 0: not stated */
    double energy_pj, area_mm2; /* per operation of one; area of all `count`; 0: not stated */
    double power_mw;
} plan_component;

/* Numbers that a chip's paper does not state are 0; methods that need one refuse with its key. */
typedef struct plan_chip {
    const char *name, *path, *source;
    int64_t tiles, pes, crossbars; /* tiles, PEs (IMAs, cores) per tile, crossbars per PE */
    int64_t memory_kib;            /* buffer of a tile */
    int64_t rows, columns;         /* cells of a crossbar */
    int64_t cells_per_weight;      /* columns side by side that one weight takes in a crossbar */
    int64_t slices; /* crossbars that together hold one matrix of weights, bit-sliced */
    int64_t weight_bits, cell_bits, input_bits;
    double cycle_ns;
    int64_t step_cycles;       /* of the computation of one step (T_C) */
    int64_t element_bytes;     /* of an activation that travels */
    double tile_gib, chip_gib; /* GiB per second inside a tile, between tiles */
    int64_t write_cycles;      /* to write the weights of a round of crossbars */
    double write_pj;           /* energy to write one crossbar */
    double tile_mw;            /* power of a busy tile */
    double chip_mw;            /* power of what is beside the tiles */
    plan_component *parts;
    size_t part_count;
} plan_chip;

/* NULL with errors in d. A machine file of the ISA is a chip, too (plan_chip_of). */
plan_chip *plan_chip_load(arena *memory, diag *d, const char *path);
plan_chip *plan_chip_parse(arena *memory, diag *d, const char *path, const char *text,
                           size_t length);
plan_chip *plan_chip_of(arena *memory, const machine *m);
const char *plan_chip_check(arena *memory, const plan_chip *c); /* NULL or a sentence */
void plan_chip_print(const plan_chip *c, FILE *out);            /* reads back as the same chip */

/*
 * Bytes that a layer's inputs take at least while it works: all but one of the rows under its kernel,
 * and the kernel's width of the last. Residual edges may wait for more.
 */
int64_t plan_layer_buffer(const plan_layer *l, int64_t element_bytes);
/* NULL, or that the network's buffers do not fit the chip's tiles, with the tiles that would do. */
const char *plan_memory_check(arena *memory, const plan_chip *c, const plan_network *n,
                              const char **help);

/* Crossbars of the chip in groups of `slices`: what holds a matrix of weights. */
int64_t plan_chip_total(const plan_chip *c);
/* Weights side by side in one crossbar. */
int64_t plan_chip_width(const plan_chip *c);
/* Crossbars (groups of slices) that rows x columns weights take: ceil x ceil. */
int64_t plan_chip_blocks(const plan_chip *c, int64_t rows, int64_t columns);
/*
 * One copy of a layer (Eq. 2 of the allocation paper). Groups are independent matrices; as many as
 * fit lie along the diagonal of one crossbar. `dense`: a grouped layer is one matrix of all
 * channels.
 */
int64_t plan_chip_set(const plan_chip *c, const plan_layer *l, bool dense);

/* The part with this name, or NULL. */
const plan_component *plan_chip_component(const plan_chip *c, const char *name);

/* ---- plans ---- */

/*
 * Small matrices: as many copies (or groups) as fit lie along the diagonal of one crossbar, so that
 * they share neither rows nor columns.
 *
 * `copies` of weights row0 .. row0 + rows, column0 .. column0 + columns of a layer's matrix of one
 * group (all groups if group is -1, then rows and columns are whole) on crossbars first .. first +
 * count, while the round lasts.
 */
typedef struct plan_place {
    int32_t network, layer, group, round;
    int64_t row0, rows, column0, columns;
    int64_t copies;
    int64_t first, count;
} plan_place;

typedef struct plan_layout {
    const char *method;
    const plan_chip *chip;
    const plan_network *const *networks;
    size_t network_count;
    bool dense; /* grouped layers are counted dense */
    plan_place *places;
    size_t place_count, place_capacity;
    int32_t rounds;
} plan_layout;

/*
 * The plan with replicas[i] copies of layer i of one network, layer behind layer from
 * crossbar 0 on. plan_check says if that is too much.
 */
plan_layout *plan_of_replicas(arena *memory, const plan_network *const *network,
                              const plan_chip *chip, bool dense, const int64_t *replicas,
                              const char *method);

/* One more than the highest crossbar that is used in any round. */
int64_t plan_extent(const plan_layout *p);

#endif
