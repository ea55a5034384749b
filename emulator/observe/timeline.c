/* Slices, waits and counters of the trace file, and what its cap leaves out. */
#include "emulator/observe/timeline.h"

#include "emulator/observe/timeline_tracks.h"

#include <string.h>

#define TEXT(literal) ((text){literal, sizeof literal - 1})

/* Colours are names of the viewer's palette; viewers without it colour by name. */
static const text wait_texts[WAIT_CAUSES] = {
    [WAIT_DATA] = TEXT("\"name\":\"wait for data\",\"cat\":\"wait\",\"cname\":\"yellow\""),
    [WAIT_FREE] = TEXT("\"name\":\"wait for free words\",\"cat\":\"wait\",\"cname\":\"olive\""),
    [WAIT_PACKET] = TEXT("\"name\":\"wait for a packet\",\"cat\":\"wait\",\"cname\":\"bad\""),
    [WAIT_CREDIT] = TEXT("\"name\":\"wait for a credit\",\"cat\":\"wait\",\"cname\":\"terrible\""),
    [WAIT_PORT] =
        TEXT("\"name\":\"wait for the port\",\"cat\":\"wait\",\"cname\":\"rail_animation\""),
    [WAIT_MCU] = TEXT("\"name\":\"wait for the MCU\",\"cat\":\"wait\",\"cname\":\"rail_idle\""),
};

static const text work_texts[MCU_WORK] = {
    [OPERATION_MVM] = TEXT("\"name\":\"MVM\",\"cat\":\"mvm\""),
    [OPERATION_MTVM] = TEXT("\"name\":\"MTVM\",\"cat\":\"mtvm\""),
    [OPERATION_OPA] = TEXT("\"name\":\"OPA\",\"cat\":\"opa\""),
    [OPERATION_CRS] = TEXT("\"name\":\"CRS\",\"cat\":\"crs\""),
};
static const text update_text = TEXT("\"name\":\"apply updates\",\"cat\":\"opa\"");

timeline *timeline_open(arena *memory, const char *path, const timeline_filter *f,
                        const char **error)
{
    timeline *t = ARENA_NEW(memory, timeline);
    t->memory = memory;
    t->filter = *f;
    *error = out_open(memory, &t->out, path);
    if (*error)
        return NULL;
    out_text(&t->out, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    return t;
}

bool timeline_full(timeline *t)
{
    t->full = t->full || out_total(&t->out) + OUT_ROOM > t->filter.limit;
    return t->full;
}

static void add_load(timeline_load *to, uint64_t times, const timeline_load *more)
{
    to->slices += times * more->slices;
    for (int k = 0; k < SLICE_KINDS; k++)
        to->cycles[k] += times * more->cycles[k];
}

static void put_text(timeline_out *o, text t)
{
    out_bytes(o, t.at, t.length);
}

static void put_number(timeline_out *o, text name, uint64_t v)
{
    put_text(o, name);
    out_number(o, v);
}

static void write_slice(timeline *t, const timeline_slice *s)
{
    timeline_out *o = &t->out;
    out_begin(o);
    put_number(o, TEXT("{\"ph\":\"X\",\"pid\":"), s->pid);
    put_number(o, TEXT(",\"tid\":"), s->tid);
    put_text(o, TEXT(",\"ts\":"));
    out_number(o, s->start);
    put_text(o, TEXT(",\"dur\":"));
    out_number(o, s->cycles);
    put_text(o, TEXT(","));
    put_text(o, s->name);
    put_text(o, TEXT(",\"args\":{\"layer\":"));
    put_text(o, t->layers[s->layer]);
    if (s->line) {
        put_number(o, TEXT(",\"at\":"), s->at);
        put_number(o, TEXT(",\"line\":"), s->line);
    }
    put_text(o, TEXT("}},\n"));
}

void timeline_put(timeline *t, const timeline_slice *s)
{
    if (s->cycles == 0 || (t->layer >= 0 && t->layer != s->layer))
        return;
    timeline_load one = {.slices = 1};
    one.cycles[s->kind] = s->cycles;
    add_load(&t->now, 1, &one);
    if (s->start > t->filter.cycles.high || s->start + s->cycles <= t->filter.cycles.low)
        return;
    if (timeline_full(t)) {
        if (!t->dropped.slices && !t->dropped_kernels)
            t->dropped_from = s->start;
        add_load(&t->dropped, 1, &one);
        return;
    }
    add_load(&t->written, 1, &one);
    write_slice(t, s);
}

void timeline_counter(timeline *t, uint32_t pid, const char *name, const char *series,
                      uint64_t time, uint64_t thousandths)
{
    timeline_out *o = &t->out;
    if (!in_range(t->filter.cycles, time) || timeline_full(t))
        return;
    out_begin(o);
    put_number(o, TEXT("{\"ph\":\"C\",\"pid\":"), pid);
    out_text(o, ",\"name\":\"");
    out_text(o, name);
    out_text(o, "\",\"ts\":");
    out_number(o, time);
    out_text(o, ",\"args\":{\"");
    out_text(o, series);
    out_text(o, "\":");
    out_thousandths(o, thousandths);
    out_text(o, "}},\n");
}

/* Whole kernels are dropped once the cap is reached; those that begin or end a range are not. */
bool timeline_wants(const timeline *t, const program *p)
{
    uint64_t start = t->e->cycles, last = start + p->cycles;
    timeline_range r = t->filter.cycles;
    if (last <= r.low || start > r.high)
        return false;
    return !t->full || start < r.low || last - 1 > r.high;
}

void timeline_starts(timeline *t)
{
    const machine *m = t->e->machine;
    size_t places = (size_t)m->nodes * (size_t)m->tiles;
    t->now = (timeline_load){0};
    for (size_t k = 0; k < places; k++) {
        bins_clear(&t->busy[k]);
        bins_clear(&t->power[k]);
    }
}

static timeline_slice slice_of(const timeline *t, const agent *a, uint64_t from, uint64_t to)
{
    return (timeline_slice){.pid = a->track->pid,
                            .tid = a->track->tid,
                            .start = t->e->cycles + from,
                            .cycles = to - from};
}

static void add_place(timeline_slice *s, const timeline *t, const agent *a, uint32_t at)
{
    const image_origin *o = a->source->code.origins;
    s->layer = observe_layer(t->e, a, at);
    s->at = at;
    s->line = o ? o[at].line : 0;
}

void timeline_instruction(timeline *t, const agent *a, const operation *op, uint64_t start,
                          uint64_t end)
{
    if (!a->track->shown)
        return;
    uint32_t at = (uint32_t)(op - a->code);
    timeline_slice s = slice_of(t, a, start, end);
    s.kind = a->source->is_thread ? UNIT_THREAD : UNIT_CORE;
    s.name = t->instructions[op->op];
    add_place(&s, t, a, at);
    timeline_put(t, &s);
    size_t place = timeline_place(t, a->tile->node, a->tile->number);
    bins_spread(&t->power[place], start, end, (uint64_t)a->track->energy[at]);
    if (!op->port_cycles)
        return;
    s.tid = TID_PORT;
    s.kind = UNIT_PORT;
    s.cycles = op->port_cycles;
    timeline_put(t, &s);
}

void timeline_wait(timeline *t, const agent *a, wait_cause cause, uint64_t from, uint64_t to)
{
    if (!a->track->shown)
        return;
    timeline_slice s = slice_of(t, a, from, to);
    s.kind = SLICE_WAIT;
    s.name = wait_texts[cause];
    add_place(&s, t, a, a->pc);
    timeline_put(t, &s);
}

static void put_work(timeline *t, const agent *a, int m, int work, text name, uint64_t from,
                     uint64_t to)
{
    if (!a->track->shown || from >= to)
        return;
    timeline_slice s = slice_of(t, a, from, to);
    s.kind = UNIT_MCU;
    s.tid = timeline_mcu_tid(t, s.tid, m, work);
    s.layer = a->mcus[m]->layer;
    s.name = name;
    timeline_put(t, &s);
    bins_add_cycles(&t->busy[timeline_place(t, a->tile->node, a->tile->number)], from, to);
}

void timeline_mcu(timeline *t, const agent *a, int m, int work, uint64_t from, uint64_t to)
{
    put_work(t, a, m, work, work_texts[work], from, to);
}

void timeline_updates(timeline *t, const agent *a, int m, uint64_t from, uint64_t to)
{
    put_work(t, a, m, OPERATION_OPA, update_text, from, to);
    if (a->track->shown && t->e->machine->variant == 3)
        bins_spread(&t->power[timeline_place(t, a->tile->node, a->tile->number)], from, to,
                    (uint64_t)t->rewrite_fj);
}

void timeline_crs(timeline *t, const mcu *unit, uint64_t cycles)
{
    const image_block *b = unit->block;
    const timeline_filter *f = &t->filter;
    if (!in_range(f->node, b->node) || !in_range(f->tile, b->tile) ||
        (f->has_core ? !in_range(f->core, b->core) : f->has_thread))
        return;
    uint32_t core = timeline_core_tid(b->core);
    timeline_slice s = {.pid = timeline_tile_pid(t, b->node, b->tile),
                        .tid = timeline_mcu_tid(t, core, b->mcu, OPERATION_CRS),
                        .kind = UNIT_MCU,
                        .layer = unit->layer,
                        .start = t->e->cycles,
                        .cycles = cycles,
                        .name = work_texts[OPERATION_CRS]};
    timeline_put(t, &s);
}

static void put_counters(timeline *t, uint32_t pid, const bins *b, uint64_t cycles,
                         const char *name, const char *series, double scale)
{
    uint64_t last = 0;
    for (uint64_t k = 0; k < BINS && k * b->width < cycles; k++) {
        uint64_t value = (uint64_t)((double)b->at[k] * scale / (double)b->width + 0.5);
        if (value != last || k == 0)
            timeline_counter(t, pid, name, series, t->e->cycles + k * b->width, value);
        last = value;
    }
    if (last)
        timeline_counter(t, pid, name, series, t->e->cycles + cycles, 0);
}

/* Control and leakage go on until everything of the core or tile has halted. */
static void put_tiles(timeline *t, const program *p)
{
    for (uint32_t k = 0; k < p->tile_count; k++) {
        const tile *at = &p->tiles[k];
        size_t place = timeline_place(t, at->node, at->number);
        bool shown = false;
        for (uint32_t i = 0; i < at->agent_count; i++) {
            const agent *a = &at->agents[i];
            shown |= a->track->shown;
            if (a->track->shown && !a->source->is_thread)
                bins_spread(&t->power[place], 0, a->now, (uint64_t)(t->core_fj * (double)a->now));
        }
        if (!shown)
            continue;
        bins_spread(&t->power[place], 0, at->halted_at,
                    (uint64_t)(t->tile_fj * (double)at->halted_at));
        uint32_t pid = timeline_tile_pid(t, at->node, at->number);
        put_counters(t, pid, &t->busy[place], p->cycles, "MCUs at work", "busy", 1000);
        /* fJ per ns is uW. */
        put_counters(t, pid, &t->power[place], p->cycles, "power (mW)", "mW",
                     t->e->machine->clock_ghz);
    }
}

static void put_kernel(timeline *t, const program *p, bool detailed)
{
    timeline_out *o = &t->out;
    uint64_t start = t->e->cycles;
    for (int node = 0; node < t->e->machine->nodes; node++) {
        if (!in_range(t->filter.node, (uint64_t)node) || start > t->filter.cycles.high ||
            start + p->cycles <= t->filter.cycles.low || timeline_full(t))
            continue;
        out_begin(o);
        put_number(o, TEXT("{\"ph\":\"X\",\"pid\":"), timeline_node_pid(t, node));
        put_number(o, TEXT(",\"tid\":"), TID_KERNELS);
        out_text(o, ",\"ts\":");
        out_number(o, start);
        out_text(o, ",\"dur\":");
        out_number(o, p->cycles);
        out_text(o, ",\"name\":\"");
        for (const char *c = p->entry->name; *c; c++)
            if ((unsigned char)*c >= 0x20 && *c != '"' && *c != '\\' && c - p->entry->name < 200)
                out_bytes(o, c, 1);
        put_number(o, TEXT("\",\"cat\":\"kernel\",\"args\":{\"kernel\":"), t->e->kernels);
        put_number(o, TEXT(",\"batch\":"), p->entry->batch);
        out_text(o, detailed ? "}},\n" : ",\"details\":\"dropped\"}},\n");
    }
}

void timeline_ends(timeline *t, program *p, bool measured)
{
    size_t entry = (size_t)(p - t->e->programs);
    uint64_t start = t->e->cycles;
    timeline_range r = t->filter.cycles;
    bool inside = start >= r.low && start + p->cycles - 1 <= r.high;
    if (measured) {
        t->loads[entry] = t->now;
        put_tiles(t, p);
    } else if (inside) {
        if (!t->dropped.slices && !t->dropped_kernels)
            t->dropped_from = start;
        add_load(&t->dropped, 1, &t->loads[entry]);
        t->dropped_kernels++;
    }
    put_kernel(t, p, measured);
}

static void put_load(timeline_out *o, const char *name, const timeline_load *load)
{
    out_text(o, "\"");
    out_text(o, name);
    out_text(o, "\":{\"slices\":");
    out_number(o, load->slices);
    out_text(o, ",\"cycles\":{");
    for (int k = 0; k < SLICE_KINDS; k++) {
        out_text(o, k ? ",\"" : "\"");
        out_text(o, k == SLICE_WAIT ? "waits" : unit_names[k]);
        out_text(o, "\":");
        out_number(o, load->cycles[k]);
    }
    out_text(o, "}}");
}

/* What was left out is said in the file: as an event where it begins, and in otherData. */
static void write_end(timeline *t)
{
    timeline_out *o = &t->out;
    out_begin(o);
    out_text(o, "{\"ph\":\"i\",\"s\":\"g\",\"pid\":1,\"tid\":1,\"ts\":");
    out_number(o, t->dropped.slices ? t->dropped_from : t->e ? t->e->cycles : 0);
    out_text(o, ",\"name\":\"");
    if (t->dropped.slices) {
        out_text(o, "size cap reached, slices dropped: ");
        out_number(o, t->dropped.slices);
    } else {
        out_text(o, "end of the run");
    }
    out_text(o, "\"}\n],\n\"otherData\":{\"generator\":\"panther\",\"cycles_per_us\":1,"
                "\"cycles\":");
    out_number(o, t->e ? t->e->cycles : 0);
    out_text(o, ",\"clock_ghz\":");
    out_thousandths(o, t->e ? (uint64_t)(t->e->machine->clock_ghz * 1000 + 0.5) : 0);
    out_text(o, ",\"limit_bytes\":");
    out_number(o, t->filter.limit);
    out_text(o, ",");
    put_load(o, "written", &t->written);
    out_text(o, ",");
    put_load(o, "dropped", &t->dropped);
    out_text(o, ",\"dropped_kernels\":");
    out_number(o, t->dropped_kernels);
    out_text(o, "}}\n");
}

const char *timeline_close(timeline *t, bool keep, timeline_summary *s)
{
    if (keep)
        write_end(t);
    *s = (timeline_summary){.slices = t->written.slices,
                            .bytes = out_total(&t->out),
                            .dropped_slices = t->dropped.slices,
                            .dropped_kernels = t->dropped_kernels,
                            .dropped_from = t->dropped_from};
    return out_close(t->memory, &t->out, keep);
}
