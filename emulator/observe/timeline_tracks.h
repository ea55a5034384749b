/* Inside of the trace file: its state, tracks and slices; watch.c feeds it. */
#ifndef PANTHER_EMULATOR_OBSERVE_TIMELINE_TRACKS_H
#define PANTHER_EMULATOR_OBSERVE_TIMELINE_TRACKS_H

#include "emulator/observe/bins.h"
#include "emulator/observe/observe.h"
#include "emulator/observe/timeline.h"
#include "emulator/observe/timeline_out.h"

enum { SLICE_WAIT = UNIT_KINDS, SLICE_KINDS };

typedef struct text {
    const char *at;
    size_t length;
} text;

/*
 * An agent as the trace sees it. The MCUs of a core follow it with MCU_LANES tracks each; where
 * operations of an MCU may overlap, each has a track of its own: slices of one track must not.
 */
enum { MCU_LANES = MCU_OPERATIONS };
typedef struct timeline_track {
    uint32_t pid, tid;
    bool shown;
    float *energy; /* fJ of one run of each instruction; NULL: not shown */
} timeline_track;

/* What one kernel adds to the trace if nothing but the static filter keeps it out. */
typedef struct timeline_load {
    uint64_t slices, cycles[SLICE_KINDS];
} timeline_load;

struct timeline {
    arena *memory;
    timeline_filter filter;
    timeline_out out;
    const emulator *e;
    text *layers;           /* as JSON strings */
    text *instructions;     /* by isa_op: name and category */
    int32_t layer;          /* -1: all */
    timeline_track **tracks; /* [entry][agent] */
    timeline_load now, *loads; /* of the kernel that runs; of each entry */
    timeline_load written, dropped;
    uint64_t dropped_kernels, dropped_from;
    bool full;
    bins *busy, *power;     /* by place: MCU cycles, fJ */
    double rewrite_fj, core_fj, tile_fj; /* a serial rewrite; a cycle of a core, of a tile */
};

typedef struct timeline_slice {
    uint32_t pid, tid;
    int kind;              /* unit_kind or SLICE_WAIT */
    uint16_t layer;
    uint64_t start, cycles; /* start: of the run */
    text name;             /* name and category */
    uint32_t at, line;     /* instruction and source line; line 0: neither is shown */
} timeline_slice;

static inline size_t timeline_place(const timeline *t, int node, int number)
{
    return (size_t)node * (size_t)t->e->machine->tiles + (size_t)number;
}

static inline bool in_range(timeline_range r, uint64_t v)
{
    return v >= r.low && v <= r.high;
}

/* Tracks of the image's agents and their names; false with errors in d. */
bool timeline_bind(timeline *t, const emulator *e, diag *d);

uint32_t timeline_node_pid(const timeline *t, int node);
uint32_t timeline_tile_pid(const timeline *t, int node, int number);
uint32_t timeline_core_tid(int core);
uint32_t timeline_mcu_tid(const timeline *t, uint32_t core_tid, int m, int work);
enum { TID_PORT = 1, TID_KERNELS = 1 };

void timeline_put(timeline *t, const timeline_slice *s);
void timeline_counter(timeline *t, uint32_t pid, const char *name, const char *series,
                      uint64_t time, uint64_t thousandths);

/* True if there is no more room. */
bool timeline_full(timeline *t);

/* What the watcher tells. */
bool timeline_wants(const timeline *t, const program *p);
void timeline_starts(timeline *t);
void timeline_instruction(timeline *t, const agent *a, const operation *op, uint64_t start,
                          uint64_t end);
void timeline_wait(timeline *t, const agent *a, wait_cause cause, uint64_t from, uint64_t to);
void timeline_mcu(timeline *t, const agent *a, int m, int work, uint64_t from, uint64_t to);
void timeline_updates(timeline *t, const agent *a, int m, uint64_t from, uint64_t to);
void timeline_crs(timeline *t, const mcu *unit, uint64_t cycles);
void timeline_ends(timeline *t, program *p, bool measured);

#endif
