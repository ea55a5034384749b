#include "emulator/observe/watch.h"

#include "emulator/observe/timeline_tracks.h"
#include "emulator/update.h"

#include <string.h>

watch *watch_new(emulator *e, diag *d)
{
    const machine *m = e->machine;
    uint32_t layers = e->image->layer_count ? e->image->layer_count : 1;
    watch *w = ARENA_NEW(e->memory, watch);
    w->emulator = e;
    w->programs = ARENA_ARRAY(e->memory, program_watch, e->image->entry_count + 1);
    for (uint32_t k = 0; k < e->image->entry_count; k++)
        w->programs[k].waits = arena_calloc(e->memory, layers, sizeof *w->programs->waits);
    w->memories = ARENA_ARRAY(e->memory, memory_watch, (size_t)m->nodes * (size_t)m->tiles);
    w->timeline = e->options.timeline;
    if (w->timeline && !timeline_bind(w->timeline, e, d))
        return NULL;
    return w;
}

static program_watch *watch_of(watch *w, const program *p)
{
    return &w->programs[p - w->emulator->programs];
}

static memory_watch *memory_of(watch *w, const tile *t)
{
    return &w->memories[(size_t)t->node * (size_t)w->emulator->machine->tiles + t->number];
}

bool watch_wants_kernel(const watch *w, const program *p)
{
    return w->timeline && timeline_wants(w->timeline, p);
}

static void note_live(watch *w, tile *t)
{
    memory_watch *m = memory_of(w, t);
    m->live = t->live > m->live ? t->live : m->live;
}

void watch_kernel_starts(watch *w, program *p)
{
    program_watch *mine = watch_of(w, p);
    uint32_t layers = w->emulator->image->layer_count;
    memset(mine->waits, 0, (layers ? layers : 1) * sizeof *mine->waits);
    for (int o = 0; o < MCU_WORK; o++)
        bins_clear(&mine->busy[o]);
    for (uint32_t k = 0; k < p->tile_count; k++) {
        tile *t = &p->tiles[k];
        t->live = 0;
        for (uint32_t at = 0, end; memory_next_used(&t->memory, &at, &end); at = end)
            for (uint32_t i = at; i < end; i++)
                t->live += t->memory.state[i] != WORD_FREE;
        note_live(w, t);
    }
    for (uint32_t k = 0; k < p->agent_count; k++)
        p->agents[k].held = false;
    if (w->timeline)
        timeline_starts(w->timeline);
}

/* [from, to): cycles of the kernel in which an MCU works. */
static void note_work(watch *w, const agent *a, int m, int work, uint64_t from, uint64_t to)
{
    bins_add_cycles(&watch_of(w, a->tile->program)->busy[work], from, to);
    if (w->timeline)
        timeline_mcu(w->timeline, a, m, work, from, to);
}

static void note_wait(watch *w, const agent *a, wait_cause cause, uint64_t from, uint64_t to)
{
    if (to <= from)
        return;
    uint16_t layer = observe_layer(w->emulator, a, a->pc);
    watch_of(w, a->tile->program)->waits[layer][cause] += to - from;
    if (w->timeline)
        timeline_wait(w->timeline, a, cause, from, to);
}

/*
 * The operations of an mcu end when their slots say; those of a crs when the core goes on. Longer
 * ones come first: they enclose the others that begin with them.
 */
static void note_operations(watch *w, const agent *a, const operation *op, uint64_t issued)
{
    const cycle_costs *cost = &w->emulator->cost;
    const uint64_t each[MCU_OPERATIONS] = {cost->mvm, cost->mtvm, cost->opa};
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        if (op->op == ISA_crs && op->imm >> m & 1)
            note_work(w, a, m, OPERATION_CRS, issued, a->now);
        int left = op->op == ISA_mcu ? op->imm >> (m * MCU_OPERATIONS) & 7 : 0;
        while (left) {
            int longest = -1;
            for (int o = 0; o < MCU_OPERATIONS; o++)
                if (left >> o & 1 && (longest < 0 || each[o] > each[longest]))
                    longest = o;
            uint64_t end = a->busy_until[m * MCU_OPERATIONS + longest];
            note_work(w, a, m, longest, end - each[longest], end);
            left &= ~(1 << longest);
        }
    }
}

void watch_instruction(watch *w, agent *a, const operation *op, uint64_t start)
{
    uint64_t issued = start + op->cycles;
    if (w->timeline)
        timeline_instruction(w->timeline, a, op, start, issued);
    if (op->op != ISA_mcu && op->op != ISA_crs)
        return;
    note_operations(w, a, op, issued);
    uint32_t next = a->pc;
    a->pc = (uint32_t)(op - a->code);
    note_wait(w, a, WAIT_MCU, issued, a->now);
    a->pc = next;
}

void watch_access(watch *w, agent *a, const operation *op, uint64_t asked, uint64_t start)
{
    note_wait(w, a, WAIT_PORT, asked, start);
    if (w->timeline)
        timeline_instruction(w->timeline, a, op, start, a->now);
}

void watch_blocked(watch *w, agent *a)
{
    static const uint8_t causes[] = {[AGENT_WAITS_READY] = WAIT_DATA,
                                     [AGENT_WAITS_FREE] = WAIT_FREE,
                                     [AGENT_WAITS_PACKET] = WAIT_PACKET,
                                     [AGENT_WAITS_CREDIT] = WAIT_CREDIT};
    (void)w;
    if (a->state < AGENT_WAITS_READY || a->state > AGENT_WAITS_CREDIT)
        return; /* it failed */
    a->held = true;
    a->held_from = a->now;
    a->held_by = causes[a->state];
}

void watch_woken(watch *w, agent *a)
{
    if (a->held)
        note_wait(w, a, (wait_cause)a->held_by, a->held_from, a->now);
    a->held = false;
}

void watch_mcu_wait(watch *w, agent *a, uint64_t from)
{
    note_wait(w, a, WAIT_MCU, from, a->now);
}

void watch_take(watch *w, tile *t, uint32_t at, uint32_t n)
{
    const uint16_t *state = t->memory.state + at;
    (void)w;
    for (uint32_t i = 0; i < n; i++)
        t->live -= word_count(state[i]) == 1;
}

void watch_fill(watch *w, tile *t, uint32_t at, uint32_t n)
{
    const uint16_t *state = t->memory.state + at;
    for (uint32_t i = 0; i < n; i++)
        t->live += state[i] == WORD_FREE;
    note_live(w, t);
}

/* Updates take effect when the whole node has halted. */
static void note_updates(watch *w, program *p, int node)
{
    uint64_t halt = 0;
    for (uint32_t k = 0; k < p->tile_count; k++)
        if (p->tiles[k].node == node && p->tiles[k].halted_at > halt)
            halt = p->tiles[k].halted_at;
    for (uint32_t k = 0; k < p->agent_count; k++) {
        const agent *a = &p->agents[k];
        for (int m = 0; a->tile->node == node && m < ISA_MCUS_MAX; m++) {
            if (!a->updates[m])
                continue;
            uint64_t end = halt + update_mcu_cycles(a, m);
            bins_add_cycles(&watch_of(w, p)->busy[OPERATION_OPA], halt, end);
            if (w->timeline)
                timeline_updates(w->timeline, a, m, halt, end);
        }
    }
}

void watch_kernel_ends(watch *w, program *p, bool measured)
{
    for (int node = 0; measured && node < w->emulator->machine->nodes; node++)
        note_updates(w, p, node);
    for (uint32_t k = 0; measured && k < p->tile_count; k++) {
        const shared_memory *m = &p->tiles[k].memory;
        memory_watch *mine = memory_of(w, &p->tiles[k]);
        mine->used = m->high > mine->used ? m->high : mine->used;
    }
    if (w->timeline)
        timeline_ends(w->timeline, p, measured);
}

void watch_host_crs(watch *w)
{
    const emulator *e = w->emulator;
    for (uint32_t k = 0; w->timeline && k < e->image->matrix_count; k++)
        for (uint32_t i = 0; i < e->image->matrices[k].block_count; i++)
            timeline_crs(w->timeline, &e->mcus[k][i], e->cost.rewrite);
}
