/* Whether cores, threads and channels are as one example ago: registers and packets. */
#include "emulator/steady_state.h"

static void leave_at_most(steady *s, uint64_t examples)
{
    s->left = examples < s->left ? (uint32_t)examples : s->left;
}

static bool same_register(const agent_moment *x, const agent_moment *y, int r)
{
    return x->scalar[r] == y->scalar[r] && x->settled[r] == y->settled[r] &&
           x->phase[r] == y->phase[r];
}

/* No immediate that a counter is compared with may lie where it was, or where it is to come. */
static bool counter_goes_on(steady *s, const agent *a, int r, int64_t from, int64_t to)
{
    for (uint32_t n = 0; n < a->source->code.count; n++) {
        const operation *op = &a->code[n];
        bool compares =
            op->op == ISA_beqi || op->op == ISA_bnei || op->op == ISA_blti || op->op == ISA_bgei;
        if (!compares || op->scalar[0] != r || op->imm < from)
            continue;
        if (op->imm <= to)
            return false;
        leave_at_most(s, (uint64_t)(op->imm - 1 - to) / (uint64_t)(to - from));
    }
    return true;
}

static bool counter_is_alike(steady *s, uint32_t k, int r)
{
    const agent_moment *x = &s->last.agents[k], *y = &s->now.agents[k];
    const register_use *use = &s->uses[k].of[r];
    if (same_register(x, y, r))
        return true;
    return !use->changed_late && !use->addend && !use->exchanged && use->ring == 0 &&
           x->phase[r] == y->phase[r] && y->scalar[r] > x->scalar[r] &&
           counter_goes_on(s, &s->program->agents[k], r, x->scalar[r], y->scalar[r]);
}

/* A pointer to what stays in place (zeros behind a ring, say), or round its ring: then *by says. */
static bool pointer_is_alike(const steady *s, uint32_t k, int r, int64_t *by)
{
    const agent_moment *x = &s->last.agents[k], *y = &s->now.agents[k];
    int64_t size = s->uses[k].of[r].ring, from = x->settled[r], to = y->settled[r];
    *by = -1;
    if (size == 0 || from >= size || to >= size)
        return same_register(x, y, r);
    if (from < 0 || to < 0 || x->scalar[r] - from != y->scalar[r] - to)
        return false;
    *by = (to + y->phase[r] * size - from - x->phase[r] * size + 2 * size) % (2 * size);
    return true;
}

/* How far the rings of each family of pointers have turned. False: not alike. */
static bool find_families(steady *s, uint32_t k, int64_t turned[ISA_SCALARS])
{
    const program_use *use = &s->uses[k];
    for (int r = 0; r < ISA_SCALARS; r++)
        turned[r] = -1;
    for (int r = 0; r < ISA_SCALARS; r++) {
        const register_use *u = &use->of[r];
        int64_t by, *family = &turned[u->family];
        if (!u->used)
            continue;
        if (u->base && u->addend)
            return false;
        if (!u->base && !counter_is_alike(s, k, r))
            return false;
        if (!u->base)
            continue;
        if (!pointer_is_alike(s, k, r, &by))
            return false;
        if (by >= 0 && *family >= 0 && *family != by)
            return false;
        *family = by >= 0 ? by : *family;
    }
    return true;
}

/* What the pointers say of the buffers that they are used for. */
static bool turn_buffers(const steady *s, uint32_t k, const int64_t turned[ISA_SCALARS])
{
    const agent *a = &s->program->agents[k];
    const program_use *use = &s->uses[k];
    tile_view *v = steady_view(s, a->tile);
    for (uint32_t n = 0; n < a->source->code.count; n++) {
        if (!a->code[n].access)
            continue;
        const register_use *u = &use->of[a->code[n].scalar[0]];
        int64_t by = turned[u->family] > 0 ? turned[u->family] : 0;
        uint32_t b = use->buffer[n];
        if (by && (u->compared || u->changed_late || b == STEADY_NO_BUFFER))
            return false;
        if (b != STEADY_NO_BUFFER && !steady_note_turn(&v->turns[b], v->buffers.at[b], by, u->ring))
            return false;
    }
    return true;
}

bool steady_agents_are_alike(steady *s)
{
    int64_t turned[ISA_SCALARS];
    for (uint32_t k = 0; k < s->program->agent_count; k++) {
        const agent_moment *x = &s->last.agents[k], *y = &s->now.agents[k];
        if (x->state != y->state || x->pc != y->pc)
            return false;
        if (!find_families(s, k, turned) || !turn_buffers(s, k, turned))
            return false;
    }
    return true;
}

static bool host_is_alike(steady *s, const channel *c, const channel_moment *x,
                          const channel_moment *y)
{
    uint64_t from = c->to ? x->received : x->sent, to = c->to ? y->received : y->sent;
    uint64_t others = s->program->entry->batch - 1;
    if (to - from != c->packets_each)
        return false;
    if (!c->once_last)
        return from >= c->packets_once;
    if (c->packets_each)
        leave_at_most(s, (others * c->packets_each - to) / c->packets_each);
    return to <= others * c->packets_each;
}

bool steady_channels_are_alike(steady *s)
{
    const program *p = s->program;
    for (size_t k = 0; k < p->channel_count; k++) {
        const channel *c = p->channels[k];
        const channel_moment *x = &s->last.channels[k], *y = &s->now.channels[k];
        if (x->credits != y->credits || x->arrived != y->arrived)
            return false;
        if ((!c->from || !c->to) && !host_is_alike(s, c, x, y))
            return false;
        for (uint32_t i = 0; c->length && i < x->arrived; i++)
            if (x->length[i] != y->length[i])
                return false;
    }
    return true;
}
