/* What registers of a program are for: counters, ring pointers, or something else. */
#include "emulator/steady.h"

#include <string.h>

typedef enum scalar_kind {
    KIND_OTHER,
    KIND_SET,
    KIND_MOVE,
    KIND_ADD,
    KIND_RING,
    KIND_COMPARE,
    KIND_JUMP,
    KIND_MIX
} scalar_kind;

static const uint8_t kinds[ISA_OP_COUNT] = {
    [ISA_sset] = KIND_SET,     [ISA_smov] = KIND_MOVE,    [ISA_saddi] = KIND_ADD,
    [ISA_sring] = KIND_RING,   [ISA_beqi] = KIND_COMPARE, [ISA_bnei] = KIND_COMPARE,
    [ISA_blti] = KIND_COMPARE, [ISA_bgei] = KIND_COMPARE, [ISA_jmp] = KIND_JUMP,
    [ISA_sadd] = KIND_ADD,     [ISA_ssub] = KIND_MIX,     [ISA_smul] = KIND_MIX,
    [ISA_beq] = KIND_MIX,      [ISA_bne] = KIND_MIX,      [ISA_blt] = KIND_MIX,
    [ISA_bge] = KIND_MIX,
};

/* The first instruction that can be executed again. */
static uint32_t loop_head(const agent *a)
{
    uint32_t head = a->source->code.count;
    for (uint32_t n = 0; n < a->source->code.count; n++) {
        const operation *op = &a->code[n];
        bool jumps = kinds[op->op] == KIND_COMPARE || kinds[op->op] == KIND_JUMP;
        if (jumps && op->extra <= 0 && n - (uint32_t)-op->extra < head)
            head = n - (uint32_t)-op->extra;
    }
    return head;
}

static void join(program_use *use, uint8_t x, uint8_t y)
{
    uint8_t to = use->of[x].family, from = use->of[y].family;
    for (int r = 0; r < ISA_SCALARS; r++)
        if (use->of[r].family == from)
            use->of[r].family = to;
}

/* Families first: they do not depend on the order of instructions. False: an unknown form. */
static bool find_families(const agent *a, program_use *use)
{
    for (uint32_t n = 0; n < a->source->code.count; n++) {
        const operation *op = &a->code[n];
        scalar_kind kind = (scalar_kind)kinds[op->op];
        if (kind == KIND_MIX || (kind == KIND_ADD && op->scalar[0] != op->scalar[1]))
            return false;
        if (kind == KIND_MOVE)
            join(use, op->scalar[0], op->scalar[1]);
    }
    return true;
}

static bool find_rings(const agent *a, program_use *use)
{
    int32_t sizes[ISA_SCALARS] = {0};
    for (uint32_t n = 0; n < a->source->code.count; n++) {
        const operation *op = &a->code[n];
        if (kinds[op->op] != KIND_RING)
            continue;
        int32_t *size = &sizes[use->of[op->scalar[0]].family];
        if (op->extra <= 0 || (*size && *size != op->extra))
            return false;
        *size = op->extra;
    }
    for (int r = 0; r < ISA_SCALARS; r++)
        use->of[r].ring = sizes[use->of[r].family];
    return true;
}

static void note_uses(const agent *a, program_use *use)
{
    uint32_t head = loop_head(a);
    for (uint32_t n = 0; n < a->source->code.count; n++) {
        const operation *op = &a->code[n];
        register_use *r = &use->of[op->scalar[0]];
        scalar_kind kind = (scalar_kind)kinds[op->op];
        r->used |= kind != KIND_OTHER || op->access;
        r->compared |= kind == KIND_COMPARE;
        r->base |= op->access != 0;
        r->changed_late |= kind == KIND_SET && n >= head && (r->ring == 0 || op->imm < r->ring);
        if (kind == KIND_MOVE)
            use->of[op->scalar[1]].used = use->of[op->scalar[1]].exchanged = r->exchanged = true;
        if (op->op == ISA_sadd)
            use->of[op->scalar[2]].used = use->of[op->scalar[2]].addend = true;
    }
}

/* A family shares what one of it is used for. */
static void share_uses(program_use *use)
{
    for (int r = 0; r < ISA_SCALARS; r++) {
        register_use *first = &use->of[use->of[r].family];
        first->base |= use->of[r].base;
        first->compared |= use->of[r].compared;
        first->changed_late |= use->of[r].changed_late;
    }
    for (int r = 0; r < ISA_SCALARS; r++) {
        const register_use *first = &use->of[use->of[r].family];
        use->of[r].base = first->base;
        use->of[r].compared = first->compared;
        use->of[r].changed_late = first->changed_late;
    }
}

static uint32_t find_buffer(const tile_buffers *buffers, const operation *op)
{
    for (uint32_t k = 0; k < buffers->count; k++)
        if ((uint32_t)op->imm - buffers->at[k]->address < buffers->at[k]->words)
            return k;
    return STEADY_NO_BUFFER;
}

bool steady_read_program(arena *scratch, const agent *a, const tile_buffers *buffers,
                         program_use *use)
{
    uint32_t count = a->source->code.count;
    uint32_t *buffer = ARENA_ARRAY(scratch, uint32_t, count);
    memset(use, 0, sizeof *use);
    for (int r = 0; r < ISA_SCALARS; r++)
        use->of[r].family = (uint8_t)r;
    if (!find_families(a, use) || !find_rings(a, use))
        return false;
    note_uses(a, use);
    share_uses(use);
    for (uint32_t n = 0; n < count; n++)
        buffer[n] = a->code[n].access ? find_buffer(buffers, &a->code[n]) : STEADY_NO_BUFFER;
    use->buffer = buffer;
    return true;
}
