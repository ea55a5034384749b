#include "emulator/build.h"

#include "emulator/replay.h"

#include <stdlib.h>

const char *agent_name(arena *memory, const agent *a)
{
    return arena_printf(memory, "node %d tile %d %s %d", a->tile->node, a->tile->number,
                        a->source->is_thread ? "thread" : "core", a->source->agent);
}

static size_t place_of(const emulator *e, int node, int number)
{
    return (size_t)node * (size_t)e->machine->tiles + (size_t)number;
}

tile *build_tile(program_builder *b, int node, int number)
{
    int32_t *index = &b->tile_at[place_of(b->emulator, node, number)];
    program *p = b->program;
    if (*index)
        return &p->tiles[*index - 1];
    tile *t = &p->tiles[p->tile_count++];
    *index = (int32_t)p->tile_count;
    t->emulator = b->emulator;
    t->program = p;
    t->node = (uint16_t)node;
    t->number = (uint16_t)number;
    t->memory = (shared_memory){
        .arena = b->emulator->memory,
        .has_values = !b->emulator->options.timing_only,
        .no_phases = b->emulator->options.ignore_phases,
        .words = (uint32_t)b->emulator->machine->memory_words,
    };
    return t;
}

/* Cores before threads, each by number: the order in which simultaneous requests are served. */
static int by_place(const void *left, const void *right)
{
    const image_agent *a = *(const image_agent *const *)left;
    const image_agent *b = *(const image_agent *const *)right;
    int order = a->node != b->node     ? a->node - b->node
                : a->tile != b->tile   ? a->tile - b->tile
                : a->is_thread != b->is_thread ? a->is_thread - b->is_thread
                                               : a->agent - b->agent;
    return order;
}

static void add_agent(program_builder *b, agent *a, const image_agent *source)
{
    emulator *e = b->emulator;
    const machine *m = e->machine;
    tile *t = build_tile(b, source->node, source->tile);
    if (!t->agents)
        t->agents = a; /* agents of a tile follow each other */
    a->tile = t;
    a->source = source;
    a->index = t->agent_count++;
    if (source->is_thread)
        return;
    size_t side = (size_t)(m->slices.rows > m->slices.columns ? m->slices.rows : m->slices.columns);
    a->registers = ARENA_ARRAY(e->memory, int16_t,
                               (size_t)m->vector_words + (size_t)m->mcus * MCU_VECTORS * side);
    size_t core = place_of(e, source->node, source->tile) * (size_t)m->cores + source->agent;
    for (int k = 0; k < m->mcus; k++)
        a->mcus[k] = e->mcu_at[core * (size_t)m->mcus + (size_t)k];
}

/* Tiles that hold no program, but presets or packets that are sent there. */
static uint32_t count_places(const image_entry *entry)
{
    uint64_t most = (uint64_t)entry->agent_count + entry->preset_count;
    for (uint32_t k = 0; k < entry->input_count; k++)
        most += entry->inputs[k].packet_count;
    for (uint32_t k = 0; k < entry->output_count; k++)
        most += entry->outputs[k].packet_count;
    for (uint32_t k = 0; k < entry->agent_count; k++)
        for (uint32_t i = 0; i < entry->agents[k].code.count; i++)
            most += entry->agents[k].code.insns[i].op == ISA_send;
    return most > 65536 ? 65536 : (uint32_t)most;
}

/*
 * Room for what the image names. What a program uses without a name gets its room when it is used.
 */
static void reserve_memory(program_builder *b, const image_entry *entry)
{
    program *p = b->program;
    uint32_t *end = ARENA_ARRAY(b->emulator->memory, uint32_t, p->tile_count);
    for (uint32_t k = 0; k < p->tile_count; k++)
        for (uint32_t i = 0; i < p->tiles[k].preset_count; i++) {
            const image_preset *r = p->tiles[k].presets[i];
            uint32_t mine = r->address + (r->repeat - 1) * r->stride + r->words;
            end[k] = mine > end[k] ? mine : end[k];
        }
    for (uint32_t i = 0; i < entry->buffer_count; i++) {
        const image_buffer *f = &entry->buffers[i];
        int32_t k = b->tile_at[place_of(b->emulator, f->node, f->tile)] - 1;
        if (k >= 0 && f->address + f->words > end[k])
            end[k] = f->address + f->words;
    }
    for (uint32_t k = 0; k < p->tile_count; k++)
        memory_reserve(&p->tiles[k].memory, end[k]);
}

/* In the order of the image, tile by tile. */
static void share_presets(program_builder *b, const image_entry *entry)
{
    for (uint32_t k = 0; k < entry->preset_count; k++)
        build_tile(b, entry->presets[k].node, entry->presets[k].tile)->preset_count++;
    for (uint32_t k = 0; k < b->program->tile_count; k++) {
        tile *t = &b->program->tiles[k];
        t->presets = ARENA_ARRAY(b->emulator->memory, const image_preset *, t->preset_count);
        t->preset_count = 0;
    }
    for (uint32_t k = 0; k < entry->preset_count; k++) {
        const image_preset *p = &entry->presets[k];
        tile *t = build_tile(b, p->node, p->tile);
        t->presets[t->preset_count++] = p;
    }
}

static void build_program(emulator *e, program *p, const image_entry *entry, diag *d)
{
    size_t places = (size_t)e->machine->nodes * (size_t)e->machine->tiles;
    program_builder b = {e, p, d, ARENA_ARRAY(e->memory, int32_t, places)};
    uint32_t agents = entry->agent_count;
    const image_agent **sorted = ARENA_ARRAY(e->memory, const image_agent *, agents);
    agent *list = ARENA_ARRAY(e->memory, agent, agents);
    p->entry = entry;
    p->agents = list;
    p->agent_count = agents;
    p->tiles = ARENA_ARRAY(e->memory, tile, count_places(entry));
    for (uint32_t k = 0; k < agents; k++)
        sorted[k] = &entry->agents[k];
    if (agents)
        qsort(sorted, agents, sizeof *sorted, by_place);
    for (uint32_t k = 0; k < agents; k++)
        add_agent(&b, &list[k], sorted[k]);
    share_presets(&b, entry);
    for (uint32_t k = 0; k < agents; k++)
        decode_agent(&b, &list[k]);
    finish_channels(&b);
    reserve_memory(&b, entry);
    p->output_touched = ARENA_ARRAY(e->memory, uint64_t, entry->output_count);
    replay_plan(p, e->memory);
}

void build_programs(emulator *e, diag *d)
{
    e->programs = ARENA_ARRAY(e->memory, program, e->image->entry_count);
    for (uint32_t k = 0; k < e->image->entry_count; k++)
        build_program(e, &e->programs[k], &e->image->entries[k], d);
}
