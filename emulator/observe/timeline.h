/*
 * The trace file of a run, for viewers of the Chrome trace format (ui.perfetto.dev): JSON,
 * compressed where its name ends in .gz. A tile is a process; its memory port, cores, their MCUs
 * and its control threads are the threads of it; a node is a process too, with its kernels. What
 * executes is a slice, and so is a wait, coloured by its cause. One cycle is one microsecond of the
 * trace: viewers compute with floating point and cut fractions off, so that slices of fractions
 * would overlap. README.md of this folder has the members.
 *
 * The file is written while the run goes on, through a buffer of fixed size.
 */
#ifndef PANTHER_EMULATOR_OBSERVE_TIMELINE_H
#define PANTHER_EMULATOR_OBSERVE_TIMELINE_H

#include "emulator/observe/profile.h"

#define TIMELINE_LIMIT_MIB 256 /* of JSON, before compression */

/* Both ends belong to it. */
typedef struct timeline_range {
    uint64_t low, high;
} timeline_range;

typedef struct timeline_filter {
    timeline_range node, tile, core, thread, cycles;
    bool has_core, has_thread; /* one of them alone leaves the other kind out */
    const char *layer;         /* NULL: all */
    uint64_t limit;            /* bytes of JSON */
} timeline_filter;

/* "tile=0:3,core=1,cycles=0:20000,layer=dense_1,limit=64"; NULL: no filter. NULL or a sentence. */
const char *timeline_filter_parse(arena *memory, const char *text, timeline_filter *f);

typedef struct timeline timeline;

/* NULL with a sentence in *error. */
timeline *timeline_open(arena *memory, const char *path, const timeline_filter *f,
                        const char **error);

/* What the cap left out: slices of kernels that began in time, and kernels as a whole. */
typedef struct timeline_summary {
    uint64_t slices, bytes, dropped_slices, dropped_kernels, dropped_from;
} timeline_summary;

/* Ends the file; keep false: nothing stays behind. NULL or a sentence. */
const char *timeline_close(timeline *t, bool keep, timeline_summary *s);

#endif
