#include "backend/backend.h"

#include "backend/program.h"
#include "emulator/emulator.h"

#include <string.h>

static bool build_entry(backend_state *s, const ir_graph *g, image_entry *entry)
{
    bool good = true;
    s->graph = g;
    entry->name = g->name;
    entry->batch = 1;
    backend_gather(s);
    entry->agents = ARENA_ARRAY(s->memory, image_agent, s->agent_count + 1);
    for (size_t i = 0; i < s->agent_count; i++) {
        agent_program *p = s->agents[i];
        good = backend_registers(s, p) && good;
        if (good)
            backend_emit(s, p, &entry->agents[i]);
    }
    for (ir_op *op = g->first; op; op = op->next)
        op->scratch = NULL;
    entry->agent_count = (uint32_t)s->agent_count;
    if (!good)
        return false;
    backend_ports(s, entry);
    for (const ir_op *op = g->first; op; op = op->next) {
        entry->updates = entry->updates || op->code == IR_opa;
        entry->batch = op->space.count ? ir_graph_batch(g) : entry->batch;
    }
    return true;
}

/* Spills come on top of the rings: the tile must hold both. */
static bool check_memory(backend_state *s)
{
    for (size_t i = 0; i < s->top_count; i++)
        if (s->tops[i].words > s->machine->memory_words) {
            diag_error(s->diag, SOURCE_NOWHERE,
                       "kernel '%s': tile %d of node %d needs %lld words of shared memory with its "
                       "spilled registers; "
                       "it has %d",
                       s->graph->name, s->tops[i].tile.tile, s->tops[i].tile.node,
                       (long long)s->tops[i].words, s->machine->memory_words);
            return false;
        }
    return true;
}

static bool check_program_sizes(backend_state *s, const image_entry *entry)
{
    bool good = true;
    for (uint32_t i = 0; i < entry->agent_count; i++) {
        const image_agent *a = &entry->agents[i];
        int limit = a->is_thread ? s->machine->thread_instructions : s->machine->core_instructions;
        if (a->code.count <= (uint32_t)limit)
            continue;
        diag_error(s->diag, SOURCE_NOWHERE,
                   "kernel '%s': %s %u of tile %u needs %u instructions; its memory holds %d",
                   entry->name, a->is_thread ? "thread" : "core", a->agent, a->tile, a->code.count,
                   limit);
        good = false;
    }
    return good;
}

static const image_agent *find_core(const image_agent *agents, uint32_t count, const image_block *b)
{
    for (uint32_t i = 0; i < count; i++)
        if (agents[i].node == b->node && agents[i].tile == b->tile && agents[i].agent == b->core)
            return &agents[i];
    return NULL;
}

/* Carry resolution of every MCU that holds a block: the host invokes it by its schedule. */
static void add_crs_entry(backend_state *s, image_entry *entry)
{
    size_t count = 0, capacity = 0;
    *entry = (image_entry){.name = "crs", .batch = 1};
    for (uint32_t m = 0; m < s->image->matrix_count; m++)
        for (uint32_t k = 0; k < s->image->matrices[m].block_count; k++) {
            const image_block *b = &s->image->matrices[m].blocks[k];
            const image_agent *found = find_core(entry->agents, (uint32_t)count, b);
            if (found) {
                found->code.insns[0].field[0] |= 1 << b->mcu;
                continue;
            }
            image_agent a = {.node = b->node, .tile = b->tile, .agent = b->core, .comment = ""};
            a.code.insns = ARENA_ARRAY(s->memory, isa_insn, 2);
            a.code.insns[0] = (isa_insn){ISA_crs, {1 << b->mcu}};
            a.code.insns[1] = (isa_insn){.op = ISA_halt};
            a.code.count = 2;
            ARENA_PUSH(s->memory, entry->agents, count, capacity, a);
        }
    entry->agent_count = (uint32_t)count;
}

/* One data-free run of each entry of the image proves that it halts for all inputs (emulator_check). */
static bool run_entries(const backend_state *s, const image *im)
{
    arena *scratch = arena_new();
    emulator_options options = {.timing_only = true};
    emulator *e = emulator_new(scratch, s->machine, im, &options, s->diag, "(compiled program)");
    bool good = e != NULL;
    for (uint32_t i = 0; good && i < im->entry_count; i++)
        good = emulator_check(e, i, s->diag) == EXIT_DONE;
    arena_free(scratch);
    return good;
}

static image *build_image(const backend_state *from, const char *plan)
{
    backend_state s = *from;
    image *im = ARENA_NEW(s.memory, image);
    const ir_module *module = s.module;
    s.image = im;
    im->fingerprint = machine_fingerprint(s.memory, s.machine);
    im->machine_name = s.machine->name;
    im->opa_mode = module->numerics.mode;
    im->rounds_updates =
        module->numerics.mode == OPA_STREAM && module->numerics.rounding.mode != ROUND_OFF;
    im->plan = plan ? plan : "";
    bool good = backend_tables(&s);
    im->entries = ARENA_ARRAY(s.memory, image_entry, module->graph_count + 1);
    for (size_t i = 0; i < module->graph_count; i++) {
        image_entry *entry = &im->entries[i];
        good = build_entry(&s, module->graphs[i], entry) && check_memory(&s) &&
               check_program_sizes(&s, entry) && good;
    }
    im->entry_count = (uint32_t)module->graph_count;
    if (!good)
        return NULL;
    add_crs_entry(&s, &im->entries[im->entry_count++]);
    return im;
}

image *backend_build(arena *memory, const ir_module *module, const machine *m, const char *plan,
                     diag *d)
{
    backend_state s = {.memory = memory, .module = module, .machine = m, .diag = d};
    image *im = build_image(&s, plan);
    if (!im || run_entries(&s, im))
        return im;
    diag_fault(d, SOURCE_NOWHERE, "the compiled program does not end; no image is made of it");
    return NULL;
}

static uint32_t memory_top(const image_entry *e, const image_buffer *b)
{
    uint32_t top = 0;
    for (uint32_t i = 0; i < e->buffer_count; i++) {
        const image_buffer *o = &e->buffers[i];
        uint32_t end = o->address + o->words;
        top = o->node == b->node && o->tile == b->tile && end > top ? end : top;
    }
    return top;
}

static void measure_entry(const image_entry *e, backend_figures *f)
{
    for (uint32_t i = 0; i < e->agent_count; i++) {
        uint32_t count = e->agents[i].code.count;
        *(e->agents[i].is_thread ? &f->tile_instructions : &f->core_instructions) += count;
        if (!e->agents[i].is_thread && count > f->max_core_instructions)
            f->max_core_instructions = count;
    }
    for (uint32_t i = 0; i < e->buffer_count; i++) {
        uint32_t top = memory_top(e, &e->buffers[i]);
        f->max_memory_words = top > f->max_memory_words ? top : f->max_memory_words;
    }
}

/* Distinct places among all blocks, compared up to the given level (0 node .. 3 MCU). */
static uint32_t distinct_places(const image *im, int level)
{
    uint32_t distinct = 0, total = 0;
    for (uint32_t m = 0; m < im->matrix_count; m++)
        total += im->matrices[m].block_count;
    arena *scratch = arena_new();
    uint64_t *seen = ARENA_ARRAY(scratch, uint64_t, total + 1);
    for (uint32_t m = 0; m < im->matrix_count; m++)
        for (uint32_t k = 0; k < im->matrices[m].block_count; k++) {
            const image_block *b = &im->matrices[m].blocks[k];
            uint64_t key = (uint64_t)b->node << 48 | (level > 0 ? (uint64_t)b->tile << 32 : 0) |
                           (level > 1 ? (uint64_t)b->core << 16 : 0) | (level > 2 ? b->mcu : 0u);
            uint32_t i = 0;
            while (i < distinct && seen[i] != key)
                i++;
            if (i == distinct)
                seen[distinct++] = key;
        }
    arena_free(scratch);
    return distinct;
}

backend_figures backend_measure(const image *im)
{
    backend_figures f = {
        .nodes = distinct_places(im, 0),
        .tiles = distinct_places(im, 1),
        .cores = distinct_places(im, 2),
        .mcus = distinct_places(im, 3),
    };
    for (uint32_t i = 0; i < im->entry_count; i++)
        measure_entry(&im->entries[i], &f);
    return f;
}
