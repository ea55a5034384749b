#define _GNU_SOURCE
#include "emulator/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define CLOSED 0x80000000u

enum {
    LOOKS_AWAKE = 2000, /* before an idle thread goes to sleep: some ten microseconds */
    LOOKS_AT_ONCE = 64, /* before a waiting one lets others run */
};

struct pool {
    int threads;
    pthread_t *thread;
    pool_task *task;
    void *argument;
    atomic_uint started; /* tasks so far */
    atomic_uint inside;  /* threads at work, and whether no more may come */
    atomic_bool stop;
    int asleep;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

typedef struct worker {
    pool *pool;
    int number;
} worker;

int pool_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int pool_threads(const pool *p)
{
    return p ? p->threads : 1;
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

void pool_wait(int *looks)
{
    relax();
    if (++*looks > LOOKS_AT_ONCE)
        sched_yield();
}

static void wait_for_task(pool *p, unsigned seen)
{
    for (int k = 0; k < LOOKS_AWAKE; k++) {
        if (atomic_load_explicit(&p->started, memory_order_acquire) != seen)
            return;
        relax();
    }
    pthread_mutex_lock(&p->mutex);
    p->asleep++;
    while (atomic_load_explicit(&p->started, memory_order_acquire) == seen)
        pthread_cond_wait(&p->wake, &p->mutex);
    p->asleep--;
    pthread_mutex_unlock(&p->mutex);
}

/* Who comes late, when the work is done, is not waited for. */
static bool enter(pool *p)
{
    unsigned inside = atomic_load_explicit(&p->inside, memory_order_relaxed);
    while (!(inside & CLOSED))
        if (atomic_compare_exchange_weak_explicit(&p->inside, &inside, inside + 1,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

static void *work(void *argument)
{
    worker *w = argument;
    pool *p = w->pool;
    for (unsigned seen = 0;;) {
        wait_for_task(p, seen);
        if (atomic_load_explicit(&p->stop, memory_order_relaxed))
            return NULL;
        seen = atomic_load_explicit(&p->started, memory_order_acquire);
        if (!enter(p))
            continue;
        p->task(p->argument, w->number);
        atomic_fetch_sub_explicit(&p->inside, 1, memory_order_release);
    }
}

static void start(pool *p)
{
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add_explicit(&p->started, 1, memory_order_release);
    if (p->asleep)
        pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
}

static void end(void *argument)
{
    pool *p = argument;
    atomic_store_explicit(&p->stop, true, memory_order_relaxed);
    start(p);
    for (int k = 1; k < p->threads; k++)
        pthread_join(p->thread[k], NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
}

pool *pool_new(arena *memory, int threads)
{
    pool *p = ARENA_NEW(memory, pool);
    p->thread = ARENA_ARRAY(memory, pthread_t, (size_t)threads);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    atomic_init(&p->inside, CLOSED);
    for (p->threads = 1; p->threads < threads; p->threads++) {
        worker *w = ARENA_NEW(memory, worker);
        *w = (worker){p, p->threads};
        if (pthread_create(&p->thread[p->threads], NULL, work, w) != 0)
            break;
    }
    arena_defer(memory, end, p);
    return p;
}

void pool_run(pool *p, pool_task *task, void *argument)
{
    int looks = 0;
    if (!p) {
        task(argument, 0);
        return;
    }
    p->task = task;
    p->argument = argument;
    atomic_store_explicit(&p->inside, 0, memory_order_release);
    if (p->threads > 1)
        start(p);
    task(argument, 0);
    atomic_fetch_or_explicit(&p->inside, CLOSED, memory_order_relaxed);
    while (atomic_load_explicit(&p->inside, memory_order_acquire) != CLOSED)
        pool_wait(&looks);
}
