/*
 * Watching the event loop: what agents wait for, when MCUs work, how full memories are; and the
 * trace file, if there is one. Exists only if emulator_options.watch or .timeline asks for it;
 * callers test emulator.watch first, so that a run which nobody watches pays for a test and nothing
 * else. Everything is allocated by watch_new. A watcher only looks: no cycle and no bit depends on
 * it.
 */
#ifndef PANTHER_EMULATOR_OBSERVE_WATCH_H
#define PANTHER_EMULATOR_OBSERVE_WATCH_H

#include "emulator/observe/bins.h"
#include "emulator/observe/observe.h"
#include "emulator/observe/timeline.h"

/* Of the program's kernel that was measured last; all take the same time. */
typedef struct program_watch {
    uint64_t (*waits)[WAIT_CAUSES]; /* by layer */
    bins busy[MCU_WORK];
} program_watch;

/* Shared memory of one place of the machine. */
typedef struct memory_watch {
    uint64_t used, live;
} memory_watch;

typedef struct watch {
    emulator *emulator;
    timeline *timeline;      /* NULL: no trace file */
    program_watch *programs; /* per entry */
    memory_watch *memories;  /* by node and tile */
} watch;

/* Once the programs are built. NULL, with errors in d, if the trace does not fit the image. */
watch *watch_new(emulator *e, diag *d);

/* Whether this kernel's time has to be worked out again because the trace wants its details. */
bool watch_wants_kernel(const watch *w, const program *p);

void watch_kernel_starts(watch *w, program *p); /* memories are as at the start */
void watch_kernel_ends(watch *w, program *p, bool measured);
void watch_host_crs(watch *w); /* at the cycle where it begins */

/* The instruction at pc ran from `start` on, and the agent goes on at a->now. */
void watch_instruction(watch *w, agent *a, const operation *op, uint64_t start);

/* The same of an access that got the port after `asked`. */
void watch_access(watch *w, agent *a, const operation *op, uint64_t asked, uint64_t start);

/* The agent is held up from now on (its state says why), until it is woken. */
void watch_blocked(watch *w, agent *a);
void watch_woken(watch *w, agent *a);

/* It waited for MCUs since `from`. */
void watch_mcu_wait(watch *w, agent *a, uint64_t from);

/* Words are about to be taken or filled. */
void watch_take(watch *w, tile *t, uint32_t at, uint32_t n);
void watch_fill(watch *w, tile *t, uint32_t at, uint32_t n);

#endif
