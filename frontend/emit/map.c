#include "frontend/emit/emit.h"

#include <stdlib.h>
#include <string.h>

/* One crossbar in use. */
typedef struct slot {
    const image_matrix *matrix;
    const image_block *block;
} slot;

typedef struct map {
    FILE *out;
    arena *scratch;
    const image *im;
    const machine *m;
    slot *slots; /* by node, tile, core, MCU */
    size_t count;
} map;

static int compare(unsigned x, unsigned y)
{
    return (x > y) - (x < y);
}

static int by_place(const void *a, const void *b)
{
    const image_block *x = ((const slot *)a)->block, *y = ((const slot *)b)->block;
    int order = compare(x->node, y->node);
    order = order ? order : compare(x->tile, y->tile);
    order = order ? order : compare(x->core, y->core);
    return order ? order : compare(x->mcu, y->mcu);
}

static bool same_tile(const image_block *x, const image_block *y)
{
    return x->node == y->node && x->tile == y->tile;
}

static void collect_slots(map *p)
{
    for (uint32_t i = 0; i < p->im->matrix_count; i++)
        p->count += p->im->matrices[i].block_count;
    p->slots = ARENA_ARRAY(p->scratch, slot, p->count + 1);
    size_t at = 0;
    for (uint32_t i = 0; i < p->im->matrix_count; i++)
        for (uint32_t k = 0; k < p->im->matrices[i].block_count; k++)
            p->slots[at++] = (slot){&p->im->matrices[i], &p->im->matrices[i].blocks[k]};
    qsort(p->slots, p->count, sizeof *p->slots, by_place);
}

static void print_machine(const map *p)
{
    const machine *m = p->m;
    long long per_node = (long long)m->tiles * m->cores;
    size_t nodes = 0, tiles = 0, cores = 0;
    for (size_t i = 0; i < p->count; i++) {
        const image_block *b = p->slots[i].block, *last = i ? p->slots[i - 1].block : NULL;
        bool node = !last || last->node != b->node, tile = node || last->tile != b->tile;
        nodes += node;
        tiles += tile;
        cores += tile || last->core != b->core;
    }
    fprintf(p->out, "machine %s, crossbars of %d x %d\n", m->name, m->slices.rows,
            m->slices.columns);
    fprintf(p->out,
            "in use  %zu of %d node%s, %zu of %lld tiles, %zu of %lld cores, %zu of %lld MCUs\n",
            nodes, m->nodes, m->nodes == 1 ? "" : "s", tiles, (long long)m->nodes * m->tiles,
            cores, m->nodes * per_node, p->count, m->nodes * per_node * m->mcus);
}

static const char *layer_name(const map *p, const image_matrix *w)
{
    return w->layer > 0 && w->layer < p->im->layer_count ? p->im->layers[w->layer] : "-";
}

/* "tile 0 core 1", or "tiles 0 to 3": from the first to the last place of a matrix. */
static const char *extent(const map *p, const image_matrix *w)
{
    const image_block *low = NULL, *high = NULL;
    for (size_t i = 0; i < p->count; i++) {
        if (p->slots[i].matrix != w)
            continue;
        low = low ? low : p->slots[i].block;
        high = p->slots[i].block;
    }
    if (!low)
        return "nowhere";
    const char *node = p->m->nodes > 1 ? arena_printf(p->scratch, "node %u ", low->node) : "";
    if (low->node != high->node)
        return arena_printf(p->scratch, "node %u tile %u to node %u tile %u", low->node, low->tile,
                            high->node, high->tile);
    if (low->tile != high->tile)
        return arena_printf(p->scratch, "%stiles %u to %u", node, low->tile, high->tile);
    if (low->core != high->core)
        return arena_printf(p->scratch, "%stile %u cores %u to %u", node, low->tile, low->core,
                            high->core);
    return arena_printf(p->scratch, "%stile %u core %u", node, low->tile, low->core);
}

static void print_layers(const map *p)
{
    const slicing *s = &p->m->slices;
    fprintf(p->out, "\n%-20s %-20s %15s %5s %6s  %s\n", "layer", "matrix", "inputs x outputs",
            "MCUs", "filled", "where");
    for (uint32_t i = 0; i < p->im->matrix_count; i++) {
        const image_matrix *w = &p->im->matrices[i];
        double cells = (double)s->rows * s->columns * w->block_count, used = 0;
        for (uint32_t k = 0; k < w->block_count; k++)
            used += (double)w->blocks[k].rows * w->blocks[k].columns;
        fprintf(p->out, "%-20s %-20s %7u x %-7u %5u %5.1f%%  %s\n", layer_name(p, w), w->name,
                w->rows, w->columns, w->block_count, cells > 0 ? 100 * used / cells : 0,
                extent(p, w));
    }
}

/* Words of shared memory that an entry needs at most; the others leave them free. */
static uint32_t memory_of(const map *p, const image_block *b)
{
    uint32_t top = 0;
    for (uint32_t i = 0; i < p->im->entry_count; i++)
        for (uint32_t k = 0; k < p->im->entries[i].buffer_count; k++) {
            const image_buffer *o = &p->im->entries[i].buffers[k];
            uint32_t end = o->address + o->words;
            top = o->node == b->node && o->tile == b->tile && end > top ? end : top;
        }
    return top;
}

/* Instructions of all entries on one core (or on all control threads of the tile). */
static uint32_t instructions_of(const map *p, const image_block *b, bool threads)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->im->entry_count; i++)
        for (uint32_t k = 0; k < p->im->entries[i].agent_count; k++) {
            const image_agent *a = &p->im->entries[i].agents[k];
            if (a->node == b->node && a->tile == b->tile && a->is_thread == threads &&
                (threads || a->agent == b->core))
                count += a->code.count;
        }
    return count;
}

static void print_tile(const map *p, const image_block *b)
{
    fputc('\n', p->out);
    if (p->m->nodes > 1)
        fprintf(p->out, "node %u ", b->node);
    fprintf(p->out, "tile %u: %u of %d words of shared memory, ", b->tile,
            memory_of(p, b), p->m->memory_words);
    fprintf(p->out, "%u instructions of control threads\n", instructions_of(p, b, true));
}

static void print_slot(const map *p, const slot *s)
{
    const image_block *b = s->block;
    fprintf(p->out, "    m%u  %-20s inputs %u-%u, outputs %u-%u\n", b->mcu, s->matrix->name,
            b->row0, b->row0 + b->rows - 1, b->column0, b->column0 + b->columns - 1);
}

void emit_map(const image *im, const machine *m, FILE *out)
{
    map p = {.out = out, .scratch = arena_new(), .im = im, .m = m};
    collect_slots(&p);
    print_machine(&p);
    print_layers(&p);
    for (size_t i = 0; i < p.count; i++) {
        const image_block *b = p.slots[i].block, *last = i ? p.slots[i - 1].block : NULL;
        bool tile = !last || !same_tile(last, b);
        if (tile)
            print_tile(&p, b);
        if (tile || last->core != b->core)
            fprintf(out, "  core %u: %u instructions\n", b->core, instructions_of(&p, b, false));
        print_slot(&p, &p.slots[i]);
    }
    arena_free(p.scratch);
}
