/*
 * The backend: a placed, scheduled module -> program image. Selects instructions, allocates
 * registers, lays out loops and guards, links buffers to addresses, and proves by a data-free run
 * that every entry halts before an image is handed out.
 */
#ifndef PANTHER_BACKEND_BACKEND_H
#define PANTHER_BACKEND_BACKEND_H

#include "ir/graph.h"
#include "isa/image.h"
#include "isa/machine.h"
#include "isa/support/diag.h"

/*
 * NULL with errors in d. plan: JSON text of the host plan. Entries of the image have the names of
 * the graphs, in their order; an entry "crs" (carry resolution of all MCUs) is added at the end.
 */
image *backend_build(arena *memory, const ir_module *module, const machine *m, const char *plan,
                     diag *d);

/* A core, or a control thread of a tile. */
typedef struct backend_agent {
    ir_place place;
    int64_t thread; /* -1: a core */
} backend_agent;

/*
 * Whether the ring pointers of some agent of a scheduled graph need more scalar registers than the
 * machine has: the first one that lacks some.
 */
bool backend_lacks_scalars(arena *memory, const ir_graph *g, const machine *m,
                           backend_agent *where);

typedef struct backend_figures {
    uint32_t mcus, cores, tiles, nodes;          /* in use */
    uint64_t core_instructions, tile_instructions; /* static, all entries */
    uint32_t max_core_instructions;
    uint32_t max_memory_words; /* of any tile, operand log included */
} backend_figures;

backend_figures backend_measure(const image *im);

#endif
