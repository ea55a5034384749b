#include "emulator/tile.h"

#include "emulator/network.h"
#include "emulator/observe/watch.h"
#include "emulator/steady.h"
#include "emulator/trace.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More instructions in a row between two accesses are an endless loop. */
enum { ALONE_MAX = 1 << 25 };

uint64_t whole_cycles(double cycles)
{
    return cycles > 0 ? (uint64_t)ceil(cycles - 1e-9) : 0;
}

void tile_fail(tile *t, const agent *who, uint64_t time, const char *format, ...)
{
    if (t->failed.set)
        return;
    t->failed.set = true;
    t->failed.time = time;
    t->failed.who = who;
    t->failed.pc = who ? who->pc : 0;
    va_list args;
    va_start(args, format);
    vsnprintf(t->failed.text, sizeof t->failed.text, format, args);
    va_end(args);
}

/* Mostly none, and sometimes longer than a product takes. */
uint64_t delay_next(tile *t)
{
    if (random_below(&t->delays, 4))
        return 0;
    return random_below(&t->delays, (uint64_t)1 << random_below(&t->delays, 13));
}

static void reset_agent(agent *a)
{
    a->state = AGENT_RUNS;
    a->pc = 0;
    a->now = 0;
    memset(a->scalar, 0, sizeof a->scalar);
    memset(a->phase, 0, sizeof a->phase);
    memset(a->settled, 0, sizeof a->settled);
    a->astray = false;
    memset(a->busy_until, 0, sizeof a->busy_until);
    memset(a->crossbar_free, 0, sizeof a->crossbar_free);
    memset(a->updates, 0, sizeof a->updates);
    event_push(&a->tile->events, (event){0, EVENT_AGENT | a->index});
}

void tile_reset(tile *t)
{
    memory_reset(&t->memory);
    t->events.count = 0;
    t->port_free = t->halted_at = 0;
    t->wait_count = 0;
    t->running = t->agent_count;
    t->failed.set = false;
    t->delayed = t->emulator->options.delays != 0;
    t->delays = random_from(t->emulator->options.delays, (uint64_t)t->node << 32 | t->number);
    for (uint32_t k = 0; k < t->agent_count; k++)
        reset_agent(&t->agents[k]);
    for (uint32_t k = 0; k < t->preset_count; k++)
        memory_preset_states(&t->memory, t->presets[k]);
}

void agent_wake(agent *a, uint64_t time)
{
    a->state = AGENT_RUNS;
    event_push(&a->tile->events, (event){time, EVENT_AGENT | a->index});
}

static bool is_over(const tile *t, word_wait w)
{
    uint16_t state = t->memory.state[w.word];
    return w.bits ? state & w.bits : state == WORD_FREE;
}

void tile_memory_changed(tile *t, uint32_t at, uint32_t n, uint64_t time)
{
    for (uint32_t k = 0; k < t->wait_count;) {
        word_wait w = t->waits[k];
        if (w.word - at >= n || !is_over(t, w)) {
            k++;
        } else {
            t->waits[k] = t->waits[--t->wait_count];
            agent_wake(&t->agents[w.agent], time);
        }
    }
}

static bool wait_for_word(agent *a, agent_state state, uint32_t word, uint16_t bits)
{
    tile *t = a->tile;
    a->state = state;
    a->waits_for = word;
    t->waits[t->wait_count++] = (word_wait){word, a->index, bits};
    return false;
}

static bool find_address(agent *a, const operation *op)
{
    shared_memory *m = &a->tile->memory;
    int64_t address = (int64_t)a->scalar[op->scalar[0]] + op->imm;
    if (address < 0 || address + op->words > (int64_t)m->words) {
        tile_fail(a->tile, a, a->now, "words %lld to %lld lie outside the memory of %u words",
                  (long long)address, (long long)(address + op->words - 1), m->words);
        return false;
    }
    a->address = (uint32_t)address;
    if (a->address + op->words > m->room)
        memory_reserve(m, a->address + op->words);
    return true;
}

static bool wait_for_channel(agent *a, const operation *op)
{
    if (op->access & ACCESS_PACKET && op->with.channel->arrived == 0)
        a->state = AGENT_WAITS_PACKET;
    else if (op->access & ACCESS_CREDIT && op->with.channel->credits == 0)
        a->state = AGENT_WAITS_CREDIT;
    else
        return true;
    return false;
}

/*
 * Issues an access: false if the agent waits (or failed). Otherwise a->now is the time at which the
 * instruction ends and takes effect; the port is taken from its grant on, and the agent is busy as
 * long as the port or its own class says, whichever is longer.
 */
static bool begin_access(agent *a, const operation *op)
{
    tile *t = a->tile;
    if (!find_address(a, op))
        return false;
    if (t->program->steady)
        steady_note_access(a, op);
    uint32_t end = a->address + op->words, bad;
    if (op->access & ACCESS_READY) {
        bool phase = a->phase[op->scalar[0]];
        bad = memory_not_ready(&t->memory, a->address, op->words, phase);
        if (bad < end)
            return wait_for_word(a, AGENT_WAITS_READY, bad, (uint16_t)(WORD_READY << phase));
    }
    if (!wait_for_channel(a, op))
        return false;
    if (op->access & ACCESS_FREE) {
        bad = memory_not_free(&t->memory, a->address, op->words);
        if (bad < end && word_is_sticky(t->memory.state[bad])) {
            tile_fail(t, a, a->now, "word %u is sticky and can take no counted value", bad);
            return false;
        }
        if (bad < end)
            return wait_for_word(a, AGENT_WAITS_FREE, bad, 0);
    }
    if (op->access & ACCESS_CREDIT)
        op->with.channel->credits--;
    a->checked = t->memory.changes;
    uint64_t asked = a->now, start = asked;
    if (op->port_cycles) {
        start = start > t->port_free ? start : t->port_free;
        start += tile_delay(t);
        t->port_free = start + op->port_cycles;
    }
    a->now = start + observe_busy(op) + tile_delay(t);
    if (t->emulator->watch)
        watch_access(t->emulator->watch, a, op, asked, start);
    return true;
}

/* Waits for the matrix operations whose registers (or names) the instruction uses. */
static uint64_t when_free(const agent *a, uint32_t slots)
{
    uint64_t time = a->now;
    for (; slots; slots &= slots - 1) {
        uint64_t end = a->busy_until[__builtin_ctz(slots)];
        time = end > time ? end : time;
    }
    return time;
}

static void execute(agent *a, const operation *op)
{
    a->executed[a->pc]++;
    if (op->timed)
        op->handler(a, op);
    if (op->data && !a->tile->failed.set)
        trace_note(a, op);
    a->pc++;
}

static bool next_in_turn(const agent *a, uint64_t end)
{
    const event_heap *h = &a->tile->events;
    if (a->tile->program->untimed)
        return true;
    event mine = {a->now, EVENT_AGENT | a->index};
    return a->now < end && (h->count == 0 || event_before(mine, h->at[0]));
}

/* False where the agent cannot come to an end, or not in time. */
static bool within_limits(agent *a, uint32_t alone)
{
    uint64_t limit = a->tile->emulator->limit;
    if (a->now > limit)
        tile_fail(a->tile, a, limit, "the kernel runs longer than %llu cycles",
                  (unsigned long long)limit);
    else if (alone > ALONE_MAX)
        tile_fail(a->tile, a, a->now, "runs on for %u instructions without touching memory", alone);
    else
        return true;
    return false;
}

static void wait_for_mcus(agent *a, uint32_t slots)
{
    uint64_t asked = a->now;
    a->now = when_free(a, slots);
    if (a->tile->emulator->watch && a->now > asked)
        watch_mcu_wait(a->tile->emulator->watch, a, asked);
}

/* Runs what concerns only the agent. True: it has come to an access; otherwise to its end. */
static bool run_alone(agent *a)
{
    tile *t = a->tile;
    watch *looks = t->emulator->watch;
    for (uint32_t alone = 0; !t->failed.set; alone++) {
        const operation *op = &a->code[a->pc];
        if (op->touches)
            wait_for_mcus(a, op->touches);
        if (!within_limits(a, alone))
            return false;
        if (op->access)
            return true;
        uint64_t start = a->now;
        a->now += op->cycles + tile_delay(t);
        execute(a, op);
        if (looks)
            watch_instruction(looks, a, op, start);
        if (a->state == AGENT_HALTED)
            return false;
    }
    return false;
}

/* True: the agent goes on at a->now, when others have had their turn. */
static bool run_agent(agent *a, uint64_t end)
{
    watch *looks = a->tile->emulator->watch;
    if (looks)
        watch_woken(looks, a);
    if (a->state == AGENT_ACCESSES)
        execute(a, &a->code[a->pc]);
    a->state = AGENT_RUNS;
    while (run_alone(a)) {
        const operation *op = &a->code[a->pc];
        if (!next_in_turn(a, end))
            return true;
        if (!begin_access(a, op)) {
            if (looks)
                watch_blocked(looks, a);
            return false;
        }
        if (!next_in_turn(a, end)) {
            a->state = AGENT_ACCESSES;
            return true;
        }
        execute(a, op);
    }
    return false;
}

static bool take_event(event_heap *h, uint64_t end, event *e)
{
    if (event_next(h) >= end)
        return false;
    *e = event_pop(h);
    return true;
}

void tile_advance(tile *t, uint64_t end)
{
    event_heap *h = &t->events;
    event e;
    for (bool more = take_event(h, end, &e); more && !t->failed.set;) {
        bool later = false;
        if (e.order & EVENT_AGENT) {
            agent *a = &t->agents[e.order & ~EVENT_AGENT];
            a->now = e.time;
            later = run_agent(a, end);
            e.time = a->now;
        } else {
            channel_deliver(t, e.order, e.time);
        }
        if (later && event_next(h) < end) {
            e = event_exchange(h, e);
            continue;
        }
        if (later)
            event_push(h, e);
        more = take_event(h, end, &e);
    }
}
