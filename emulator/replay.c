#include "emulator/replay.h"

#include "emulator/batch.h"
#include "emulator/handlers.h"
#include "emulator/pool.h"
#include "emulator/trace.h"

#include <stdatomic.h>
#include <string.h>

/* Where an agent stands; aligned, so that threads with different agents do not meet in one line. */
struct agent_progress {
    _Alignas(64) atomic_uint done; /* steps that others may rely on */
    atomic_bool taken;             /* by a thread */
    uint32_t next;
};

typedef struct replay {
    program *program;
    const batch_plan *plan; /* or NULL: as the trace says */
    bool last; /* the updates follow */
    int threads;
    atomic_uint running; /* agents with steps left */
} replay;

/* Cells that products and updates go through before a second thread is worth it. */
static const uint64_t CELLS_TO_SHARE = 1 << 20;

void replay_plan(program *p, arena *memory)
{
    p->progress = ARENA_ARRAY(memory, agent_progress, p->agent_count);
}

static void start_agent(agent *a)
{
    const machine *m = a->tile->emulator->machine;
    size_t side = (size_t)(m->slices.rows > m->slices.columns ? m->slices.rows : m->slices.columns);
    size_t words = (size_t)m->vector_words + (size_t)m->mcus * MCU_VECTORS * side;
    if (a->registers)
        memset(a->registers, 0, words * sizeof *a->registers);
    if (a->streams)
        memset(a->stream_runs, 0, a->streams * sizeof *a->stream_runs);
}

static void start_memory(tile *t)
{
    memory_clear_values(&t->memory);
    for (uint32_t k = 0; k < t->preset_count; k++)
        memory_preset_values(&t->memory, t->presets[k]);
}

void replay_start(program *p)
{
    for (uint32_t k = 0; k < p->tile_count; k++)
        start_memory(&p->tiles[k]);
    for (uint32_t k = 0; k < p->agent_count; k++)
        start_agent(&p->agents[k]);
    for (size_t k = 0; k < p->channel_count; k++)
        p->channels[k]->data_sent = p->channels[k]->data_received = 0;
}

/* Does what one step says; whether others may wait for it. */
static bool perform(const replay *r, agent *a, uint32_t index, trace_step s)
{
    if (r->plan) {
        batch_run(r->plan, a, &r->plan->agents[index].tasks[s.what]);
        return true;
    }
    const operation *op = &a->code[s.what];
    a->data_address = s.value;
    insn_effect(op)(a, op);
    return op->access;
}

static uint32_t step_count(const replay *r, uint32_t index)
{
    return (uint32_t)(r->plan ? r->plan->agents[index].step_count
                              : r->program->agents[index].step_count);
}

/* Goes on as far as it gets; false if that is nowhere. */
static bool advance(const replay *r, uint32_t index)
{
    agent *a = &r->program->agents[index];
    agent_progress *all = r->program->progress, *mine = &all[index];
    const trace_step *steps = r->plan ? r->plan->agents[index].steps : a->steps;
    uint32_t at = mine->next, end = step_count(r, index);
    for (; at < end; at++) {
        trace_step s = steps[at];
        if (s.what & TRACE_WAIT) {
            const agent_progress *other = &all[s.what & ~TRACE_WAIT];
            if (atomic_load_explicit(&other->done, memory_order_acquire) < s.value)
                break;
            continue;
        }
        if (perform(r, a, index, s))
            atomic_store_explicit(&mine->done, at + 1, memory_order_release);
    }
    bool moved = at != mine->next;
    mine->next = at;
    return moved;
}

static void commit(agent *a)
{
    for (int k = 0; k < ISA_MCUS_MAX; k++)
        if (a->updates[k])
            crossbar_commit(a->mcus[k]->crossbar);
}

/* Takes an agent up if nobody has; false if it did not get on. */
static bool attend(replay *r, uint32_t index)
{
    agent *a = &r->program->agents[index];
    agent_progress *mine = &r->program->progress[index];
    if (atomic_load_explicit(&mine->taken, memory_order_relaxed) ||
        atomic_exchange_explicit(&mine->taken, true, memory_order_acquire))
        return false;
    bool moved = advance(r, index);
    if (mine->next == step_count(r, index)) {
        if (r->last)
            commit(a);
        atomic_fetch_sub_explicit(&r->running, 1, memory_order_release);
        return true; /* and nobody takes it up again */
    }
    atomic_store_explicit(&mine->taken, false, memory_order_release);
    return moved;
}

/*
 * A thread looks after agents of its own first, since their crossbars are in its cache, and after
 * one of the others' when none of its own gets on.
 */
static void work(void *argument, int thread)
{
    replay *r = argument;
    uint64_t count = r->program->agent_count;
    uint32_t first = (uint32_t)(count * (uint64_t)thread / (uint64_t)r->threads);
    uint32_t end = (uint32_t)(count * (uint64_t)(thread + 1) / (uint64_t)r->threads);
    int looks = 0;
    while (atomic_load_explicit(&r->running, memory_order_acquire) > 0) {
        bool moved = false;
        for (uint32_t k = first; k < end; k++)
            moved |= attend(r, k);
        for (uint32_t k = 0; k < count && !moved; k++)
            moved = attend(r, (uint32_t)((end + k) % count));
        if (moved)
            looks = 0;
        else
            pool_wait(&looks);
    }
}

pool *replay_pool(emulator *e, uint64_t cells)
{
    int threads = e->options.threads;
    if (threads == 0) {
        threads = pool_processors();
        threads = (size_t)threads < e->crossbar_count ? threads : (int)e->crossbar_count;
        if (cells < CELLS_TO_SHARE)
            return NULL;
    }
    if (threads > 1 && !e->pool)
        e->pool = pool_new(e->memory, threads);
    return e->pool;
}

static void execute(program *p, bool last, const batch_plan *plan)
{
    if (p->agent_count == 0)
        return;
    emulator *e = p->agents->tile->emulator;
    pool *threads = replay_pool(e, p->cells);
    replay r = {.program = p, .plan = plan, .last = last, .threads = pool_threads(threads)};
    atomic_init(&r.running, p->agent_count);
    for (uint32_t k = 0; k < p->agent_count; k++) {
        agent_progress *mine = &p->progress[k];
        atomic_store_explicit(&mine->done, 0, memory_order_relaxed);
        atomic_store_explicit(&mine->taken, false, memory_order_relaxed);
        mine->next = 0;
    }
    pool_run(threads, work, &r);
}

void replay_piece(program *p)
{
    execute(p, false, NULL);
}

void replay_finish(program *p)
{
    execute(p, true, NULL);
}

/* Tasks take and leave values where the plan says, and not in registers. */
static void swap_registers(program *p)
{
    for (uint32_t k = 0; k < p->agent_count; k++) {
        int16_t *own = p->agents[k].registers;
        p->agents[k].registers = p->batch->agents[k].registers;
        p->batch->agents[k].registers = own;
    }
}

void replay_again(program *p)
{
    if (!p->batch_tried)
        p->batch = batch_plan_new(p);
    p->batch_tried = true;
    if (!p->batch) {
        replay_start(p);
        replay_finish(p);
        return;
    }
    swap_registers(p);
    execute(p, true, p->batch);
    swap_registers(p);
}
