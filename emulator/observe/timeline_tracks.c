/* The tracks of the trace: which there are, their numbers and names. */
#include "emulator/observe/timeline_tracks.h"

#include <string.h>

enum { TID_CORES = 100, TID_THREADS = 1000000, TRACK_NAME = 64 };

uint32_t timeline_node_pid(const timeline *t, int node)
{
    return 1 + (uint32_t)node * (uint32_t)(t->e->machine->tiles + 1);
}

uint32_t timeline_tile_pid(const timeline *t, int node, int number)
{
    return timeline_node_pid(t, node) + 1 + (uint32_t)number;
}

uint32_t timeline_core_tid(int core)
{
    return TID_CORES + (uint32_t)core * (1 + ISA_MCUS_MAX * MCU_LANES);
}

/* Carry resolutions wait for everything else, so they share the first track. */
uint32_t timeline_mcu_tid(const timeline *t, uint32_t core_tid, int m, int work)
{
    int lane = t->e->machine->issue == ISSUE_OVERLAPPED && work < MCU_LANES ? work : 0;
    return core_tid + 1 + (uint32_t)(m * MCU_LANES + lane);
}

static text json_string(arena *memory, const char *from)
{
    char *to = ARENA_ARRAY(memory, char, 6 * strlen(from) + 3);
    size_t n = 0;
    to[n++] = '"';
    for (; *from; from++) {
        unsigned char c = (unsigned char)*from;
        if (c < 0x20) {
            n += (size_t)snprintf(to + n, 7, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\')
            to[n++] = '\\';
        to[n++] = (char)c;
    }
    to[n++] = '"';
    return (text){to, n};
}

/* Names longer than this are cut, since a slice has to fit its buffer. */
enum { LAYER_NAME = 200 };

static void name_layers(timeline *t, const image *im)
{
    t->layers = ARENA_ARRAY(t->memory, text, im->layer_count + 1);
    for (uint32_t k = 0; k < im->layer_count; k++) {
        const char *name = im->layers[k][0] ? im->layers[k] : "none";
        name = arena_strndup(t->memory, name, strnlen(name, LAYER_NAME));
        t->layers[k] = json_string(t->memory, name);
    }
    if (!im->layer_count)
        t->layers[0] = json_string(t->memory, "none");
}

static void name_instructions(timeline *t)
{
    t->instructions = ARENA_ARRAY(t->memory, text, ISA_OP_COUNT);
    for (int k = 0; k < ISA_OP_COUNT; k++) {
        char *at = arena_printf(t->memory, "\"name\":\"%s\",\"cat\":\"%s\"", isa_table[k].mnemonic,
                                operation_names[observe_kind((isa_op)k)]);
        t->instructions[k] = (text){at, strlen(at)};
    }
}

static bool find_layer(timeline *t, const image *im, diag *d)
{
    t->layer = -1;
    if (!t->filter.layer)
        return true;
    const char **names = ARENA_ARRAY(t->memory, const char *, im->layer_count + 1);
    for (uint32_t k = 0; k < im->layer_count; k++) {
        names[k] = im->layers[k];
        if (im->layers[k][0] && strcmp(im->layers[k], t->filter.layer) == 0)
            t->layer = (int32_t)k;
    }
    if (t->layer >= 0)
        return true;
    const char *near = diag_nearest(t->filter.layer, names, im->layer_count);
    diag_file_error(d, t->e->path, "--trace-filter: there is no layer '%s'%s%s%s", t->filter.layer,
                    near && *near ? "; did you mean '" : "", near && *near ? near : "",
                    near && *near ? "'?" : "");
    return false;
}

static bool shows(const timeline_filter *f, const image_agent *a)
{
    if (!in_range(f->node, a->node) || !in_range(f->tile, a->tile))
        return false;
    if (a->is_thread)
        return f->has_thread ? in_range(f->thread, a->agent) : !f->has_core;
    return f->has_core ? in_range(f->core, a->agent) : !f->has_thread;
}

static float *price_instructions(timeline *t, const agent *a, const double *price)
{
    energy_counts *counts = ARENA_NEW(t->memory, energy_counts);
    float *fj = ARENA_ARRAY(t->memory, float, a->source->code.count);
    for (uint32_t at = 0; at < a->source->code.count; at++) {
        double sum = 0;
        memset(counts, 0, sizeof *counts);
        observe_instruction(t->e, a, at, 1, counts);
        for (int kind = 0; kind < OPERATION_KINDS; kind++)
            for (int c = 0; c < ENERGY_COUNT; c++)
                sum += (double)(*counts)[kind][c] * price[c];
        fj[at] = (float)(sum * 1000);
    }
    return fj;
}

static void name_track(timeline *t, uint32_t pid, uint32_t tid, const char *kind, const char *name)
{
    timeline_out *o = &t->out;
    out_begin(o);
    out_text(o, "{\"ph\":\"M\",\"pid\":");
    out_number(o, pid);
    out_text(o, ",\"tid\":");
    out_number(o, tid);
    out_text(o, ",\"name\":\"");
    out_text(o, kind);
    out_text(o, "_name\",\"args\":{\"name\":\"");
    out_text(o, name);
    out_text(o, "\"}},\n{\"ph\":\"M\",\"pid\":");
    out_number(o, pid);
    out_text(o, ",\"tid\":");
    out_number(o, tid);
    out_text(o, ",\"name\":\"");
    out_text(o, kind);
    out_text(o, "_sort_index\",\"args\":{\"sort_index\":");
    out_number(o, strcmp(kind, "process") == 0 ? pid : tid);
    out_text(o, "}},\n");
}

static void name_tile(timeline *t, const tile *at)
{
    char name[TRACK_NAME];
    snprintf(name, sizeof name, "node %d tile %d", at->node, at->number);
    uint32_t pid = timeline_tile_pid(t, at->node, at->number);
    name_track(t, pid, 0, "process", name);
    name_track(t, pid, TID_PORT, "thread", "memory port");
}

static void name_agent(timeline *t, const agent *a, const timeline_track *track)
{
    char name[TRACK_NAME];
    bool thread = a->source->is_thread;
    snprintf(name, sizeof name, "%s %d", thread ? "control thread" : "core", a->source->agent);
    name_track(t, track->pid, track->tid, "thread", name);
    bool apart = t->e->machine->issue == ISSUE_OVERLAPPED;
    for (int k = 0; !thread && k < ISA_MCUS_MAX * MCU_LANES; k++) {
        int m = k / MCU_LANES, lane = k % MCU_LANES;
        if (!a->mcus[m] || (lane && !apart))
            continue;
        snprintf(name, sizeof name, "core %d MCU %d%s%s", a->source->agent, m, apart ? " " : "",
                 apart ? operation_names[lane] : "");
        name_track(t, track->pid, timeline_mcu_tid(t, track->tid, m, lane), "thread", name);
    }
}

/* Several entries use the same cores: a track is named once. named: by place and tid. */
static void bind_program(timeline *t, uint32_t entry, const double *price, bool **named)
{
    const emulator *e = t->e;
    program *p = &e->programs[entry];
    size_t agents = (size_t)e->machine->cores + (size_t)e->machine->control_threads + 1;
    t->tracks[entry] = ARENA_ARRAY(t->memory, timeline_track, p->agent_count);
    for (uint32_t k = 0; k < p->agent_count; k++) {
        agent *a = &p->agents[k];
        const image_agent *source = a->source;
        timeline_track *track = &t->tracks[entry][k];
        track->pid = timeline_tile_pid(t, source->node, source->tile);
        track->tid = source->is_thread ? (uint32_t)TID_THREADS + source->agent
                                       : timeline_core_tid(source->agent);
        track->shown = shows(&t->filter, source);
        a->track = track;
        if (!track->shown)
            continue;
        track->energy = price_instructions(t, a, price);
        bool **seen = &named[timeline_place(t, source->node, source->tile)];
        if (!*seen) {
            *seen = ARENA_ARRAY(t->memory, bool, agents);
            name_tile(t, a->tile);
        }
        size_t which = source->agent + (source->is_thread ? (size_t)e->machine->cores : 0);
        if (!(*seen)[which])
            name_agent(t, a, track);
        (*seen)[which] = true;
    }
}

static void price_rest(timeline *t, const double *price)
{
    const machine *m = t->e->machine;
    double writes = m->variant == 1 ? 1 : 2;
    t->rewrite_fj = m->slices.slices * 1000.0 *
                    (price[ENERGY_serial_read] + writes * price[ENERGY_serial_write]);
    t->core_fj = 1000 * (price[ENERGY_core_control] + m->leak_core_mw / m->clock_ghz);
    t->tile_fj = 1000 * (price[ENERGY_tile_control] +
                         (m->leak_tile_mw + m->leak_router_mw) / m->clock_ghz);
}

bool timeline_bind(timeline *t, const emulator *e, diag *d)
{
    const machine *m = e->machine;
    size_t places = (size_t)m->nodes * (size_t)m->tiles;
    double price[ENERGY_COUNT];
    char name[TRACK_NAME];
    t->e = e;
    if (!find_layer(t, e->image, d))
        return false;
    for (int c = 0; c < ENERGY_COUNT; c++)
        price[c] = machine_price(m, (energy_component)c);
    price_rest(t, price);
    name_layers(t, e->image);
    name_instructions(t);
    t->busy = ARENA_ARRAY(t->memory, bins, places);
    t->power = ARENA_ARRAY(t->memory, bins, places);
    t->loads = ARENA_ARRAY(t->memory, timeline_load, e->image->entry_count + 1);
    t->tracks = ARENA_ARRAY(t->memory, timeline_track *, e->image->entry_count + 1);
    for (int node = 0; node < m->nodes; node++) {
        if (!in_range(t->filter.node, (uint64_t)node))
            continue;
        snprintf(name, sizeof name, "node %d", node);
        name_track(t, timeline_node_pid(t, node), 0, "process", name);
        name_track(t, timeline_node_pid(t, node), TID_KERNELS, "thread", "kernels");
    }
    bool **named = ARENA_ARRAY(t->memory, bool *, places);
    for (uint32_t k = 0; k < e->image->entry_count; k++)
        bind_program(t, k, price, named);
    return true;
}
