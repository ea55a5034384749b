/*
 * Host threads that work on one task at a time. They belong to an arena and end with it. Between
 * two tasks they wait busily for some microseconds, then asleep.
 */
#ifndef PANTHER_EMULATOR_POOL_H
#define PANTHER_EMULATOR_POOL_H

#include "isa/support/arena.h"

typedef struct pool pool;

/* thread: 0 is the caller of pool_run, the others count from 1. */
typedef void pool_task(void *argument, int thread);

/* Processors that this process may use. */
int pool_processors(void);

/* `threads` includes the caller; there are fewer if the system gives no more. */
pool *pool_new(arena *memory, int threads);

/* A pool that is NULL is the caller's thread alone. */
int pool_threads(const pool *p);

/* Runs the task on all threads at once; returns when all have ended. */
void pool_run(pool *p, pool_task *task, void *argument);

/* Between two looks at something that another thread is about to change; counts them in *looks. */
void pool_wait(int *looks);

#endif
