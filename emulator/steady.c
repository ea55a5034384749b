#include "emulator/steady.h"

#include "emulator/network.h"
#include "emulator/rounds.h"

#include <string.h>

/* By how much the words of a buffer have moved: the first `span` of them, around. */
typedef struct turn {
    bool known;
    uint32_t by, span;
    bool flips; /* the phases, before those that come round */
} turn;

typedef struct agent_moment {
    agent_state state;
    uint32_t pc;
    int32_t scalar[ISA_SCALARS], settled[ISA_SCALARS];
    bool phase[ISA_SCALARS];
} agent_moment;

typedef struct channel_moment {
    uint32_t credits, arrived;
    uint64_t sent, received;
    uint32_t *length; /* of the packets that arrived */
} channel_moment;

typedef struct moment {
    agent_moment *agents;
    channel_moment *channels;
} moment;

typedef struct tile_view {
    tile_buffers buffers;
    turn *turns, *before; /* of the buffers: from the last moment to this one, and one example ago */
    uint32_t *slot;       /* by buffer: the words that an access must stay within; 0: all */
    uint32_t top;         /* no word from here on belongs to a buffer, or was used so far */
    uint16_t *words;      /* states at the last moment, below `room` */
    uint32_t room;
} tile_view;

struct steady {
    arena *scratch;
    program *program;
    program_use *uses; /* by agent */
    tile_view *tiles;
    moment last, now;
    bool followed; /* the last two moments were alike but for the words of memory, which are kept */
    bool strayed, all; /* none is to be left out */
    uint32_t left, skipped; /* examples that may be, and were, left out */
};

static tile_view *view_of(const steady *s, const tile *t)
{
    return &s->tiles[t - t->program->tiles];
}

/* ---- what is there before anything runs ---- */

static void list_buffers(arena *scratch, const program *p, uint32_t k, tile_view *v)
{
    const tile *t = &p->tiles[k];
    for (uint32_t i = 0; i < p->entry->buffer_count; i++) {
        const image_buffer *b = &p->entry->buffers[i];
        if (b->node != t->node || b->tile != t->number)
            continue;
        ARENA_PUSH(scratch, v->buffers.at, v->buffers.count, v->buffers.capacity, b);
        v->top = b->address + b->words > v->top ? b->address + b->words : v->top;
    }
    v->turns = ARENA_ARRAY(scratch, turn, v->buffers.count + 1);
    v->before = ARENA_ARRAY(scratch, turn, v->buffers.count + 1);
    v->slot = ARENA_ARRAY(scratch, uint32_t, v->buffers.count + 1);
}

static moment new_moment(arena *scratch, const program *p)
{
    moment m = {ARENA_ARRAY(scratch, agent_moment, p->agent_count + 1),
                ARENA_ARRAY(scratch, channel_moment, p->channel_count + 1)};
    for (size_t k = 0; k < p->channel_count; k++)
        m.channels[k].length = ARENA_ARRAY(scratch, uint32_t, p->channels[k]->places);
    return m;
}

steady *steady_new(arena *scratch, program *p, bool all)
{
    steady *s = ARENA_NEW(scratch, steady);
    s->scratch = scratch;
    s->all = all;
    s->program = p;
    s->tiles = ARENA_ARRAY(scratch, tile_view, p->tile_count + 1);
    s->uses = ARENA_ARRAY(scratch, program_use, p->agent_count + 1);
    for (uint32_t k = 0; k < p->tile_count; k++)
        list_buffers(scratch, p, k, &s->tiles[k]);
    for (uint32_t k = 0; k < p->agent_count; k++)
        if (!steady_read_program(scratch, &p->agents[k],
                                 &view_of(s, p->agents[k].tile)->buffers, &s->uses[k]))
            return NULL;
    s->last = new_moment(scratch, p);
    s->now = new_moment(scratch, p);
    return s;
}

/* ---- moments ---- */

static void see_channel(const channel *c, channel_moment *m)
{
    m->credits = c->credits;
    m->arrived = c->arrived;
    m->sent = c->sent;
    m->received = c->received;
    for (uint32_t i = 0; c->length && i < c->arrived; i++)
        m->length[i] = c->length[(c->received + i) % c->places];
}

static void see(const program *p, moment *m)
{
    for (uint32_t k = 0; k < p->agent_count; k++) {
        const agent *a = &p->agents[k];
        agent_moment *to = &m->agents[k];
        to->state = a->state;
        to->pc = a->pc;
        memcpy(to->scalar, a->scalar, sizeof a->scalar);
        memcpy(to->settled, a->settled, sizeof a->settled);
        memcpy(to->phase, a->phase, sizeof a->phase);
    }
    for (size_t k = 0; k < p->channel_count; k++)
        see_channel(p->channels[k], &m->channels[k]);
}

static void keep_words(const steady *s)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const shared_memory *m = &s->program->tiles[k].memory;
        tile_view *v = &s->tiles[k];
        v->top = m->high > v->top ? m->high : v->top;
        if (v->top > v->room) {
            v->words = ARENA_ARRAY(s->scratch, uint16_t, v->top);
            v->room = v->top;
        }
        uint32_t there = v->top < m->room ? v->top : m->room;
        memcpy(v->words, m->state, there * sizeof *m->state);
        memset(v->words + there, 0, (v->top - there) * sizeof *m->state);
    }
}

/* ---- registers: one example apart ---- */

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
        bool compares = op->op == ISA_beqi || op->op == ISA_bnei || op->op == ISA_blti ||
                        op->op == ISA_bgei;
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
    return !use->changed_late && !use->addend && use->ring == 0 && x->phase[r] == y->phase[r] &&
           y->scalar[r] > x->scalar[r] &&
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

static bool note_turn(turn *t, const image_buffer *b, int64_t by, int64_t size)
{
    turn fresh = {.known = true, .span = b->words};
    if (by > 0 && size > b->words)
        return false;
    if (by > 0 && size > 1) /* of a ring of one slot the pointer stays, whatever a slot's size is */
        fresh.span = (uint32_t)size;
    if (by > 0) {
        fresh.by = (uint32_t)(by % size);
        fresh.flips = by >= size;
    }
    if (t->known && (t->by != fresh.by || t->flips != fresh.flips ||
                     ((t->by || t->flips) && t->span != fresh.span)))
        return false;
    *t = fresh;
    return true;
}

/* What the pointers say of the buffers that they are used for. */
static bool turn_buffers(const steady *s, uint32_t k, const int64_t turned[ISA_SCALARS])
{
    const agent *a = &s->program->agents[k];
    const program_use *use = &s->uses[k];
    tile_view *v = view_of(s, a->tile);
    for (uint32_t n = 0; n < a->source->code.count; n++) {
        if (!a->code[n].access)
            continue;
        const register_use *u = &use->of[a->code[n].scalar[0]];
        int64_t by = turned[u->family] > 0 ? turned[u->family] : 0;
        uint32_t b = use->buffer[n];
        if (by && (u->compared || u->changed_late || b == STEADY_NO_BUFFER))
            return false;
        if (b != STEADY_NO_BUFFER && !note_turn(&v->turns[b], v->buffers.at[b], by, u->ring))
            return false;
    }
    return true;
}

static bool agents_are_alike(steady *s)
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

/* ---- channels ---- */

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

static bool channels_are_alike(steady *s)
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

/* ---- memory ---- */

static uint16_t with_phase(uint16_t state, bool flip)
{
    bool counted = word_count(state) != 0 && !word_is_sticky(state);
    return flip && counted ? state ^ WORD_STICKY : state;
}

/* Whether the words of a ring are those that it had, turned. */
static bool turned_ring(const shared_memory *m, const uint16_t *had, const image_buffer *b,
                        const turn *t)
{
    for (uint32_t i = 0; i < t->span; i++) {
        uint32_t to = i + t->by;
        bool round = to >= t->span;
        uint16_t expected = with_phase(had[b->address + i], t->flips ^ round);
        uint32_t at = b->address + (round ? to - t->span : to);
        if ((at < m->room ? m->state[at] : WORD_FREE) != expected)
            return false;
    }
    return true;
}

static bool same_words(const shared_memory *m, const uint16_t *had, uint32_t from, uint32_t to)
{
    uint32_t there = to < m->room ? to : m->room;
    if (there > from && memcmp(m->state + from, had + from, (there - from) * sizeof *had) != 0)
        return false;
    for (uint32_t at = from > there ? from : there; at < to; at++)
        if (had[at] != WORD_FREE)
            return false;
    return true;
}

/* Buffers in the order of their addresses; one that is turned overlaps no other. */
static bool same_tile(const shared_memory *m, const tile_view *v)
{
    uint32_t at = 0;
    for (;;) {
        size_t next = v->buffers.count;
        for (size_t k = 0; k < v->buffers.count; k++) {
            const image_buffer *b = v->buffers.at[k];
            bool turns = v->turns[k].by || v->turns[k].flips;
            if (turns && b->address >= at &&
                (next == v->buffers.count || b->address < v->buffers.at[next]->address))
                next = k;
        }
        if (next == v->buffers.count)
            return same_words(m, v->words, at, v->top);
        const image_buffer *b = v->buffers.at[next];
        if (!same_words(m, v->words, at, b->address) ||
            !turned_ring(m, v->words, b, &v->turns[next]))
            return false;
        at = b->address + v->turns[next].span;
    }
}

static bool apart(const tile_view *v)
{
    for (size_t k = 0; k < v->buffers.count; k++)
        for (size_t i = 0; i < k; i++) {
            const image_buffer *a = v->buffers.at[i], *b = v->buffers.at[k];
            if (a->address < b->address + b->words && b->address < a->address + a->words)
                return false;
        }
    return true;
}

static bool memory_is_alike(const steady *s)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const shared_memory *m = &s->program->tiles[k].memory;
        if (m->high > s->tiles[k].top || !apart(&s->tiles[k]) || !same_tile(m, &s->tiles[k]))
            return false;
    }
    return true;
}

/* ---- from one moment to the next ---- */

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool same_turns(const steady *s)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const tile_view *v = &s->tiles[k];
        for (size_t i = 0; i < v->buffers.count; i++)
            if (v->turns[i].by != v->before[i].by || v->turns[i].flips != v->before[i].flips ||
                v->turns[i].span != v->before[i].span)
                return false;
    }
    return true;
}

static void expect_turns(const steady *s, bool any)
{
    for (uint32_t k = 0; k < s->program->tile_count; k++) {
        const tile_view *v = &s->tiles[k];
        for (size_t i = 0; i < v->buffers.count; i++) {
            const turn *t = &v->turns[i];
            v->before[i] = *t;
            v->slot[i] = any && (t->by || t->flips) ? common_divisor(t->span, t->by) : 0;
        }
    }
}

/* Somebody left his slot, or went round a ring from what stays in place. */
static bool has_strayed(const steady *s)
{
    bool strayed = s->strayed;
    for (uint32_t k = 0; k < s->program->agent_count; k++)
        strayed |= s->program->agents[k].astray;
    return strayed;
}

/* How many examples may be left out from here; 0: this moment is not like the last one yet. */
static uint32_t steady_repeats(steady *s)
{
    moment last = s->last;
    s->last = s->now;
    s->now = last;
    see(s->program, &s->now);
    s->left = s->program->entry->batch - s->program->given - 1;
    for (uint32_t k = 0; k < s->program->tile_count; k++)
        memset(s->tiles[k].turns, 0, (s->tiles[k].buffers.count + 1) * sizeof(turn));
    bool alike = s->program->given > 1 && agents_are_alike(s) && channels_are_alike(s);
    if (alike && s->followed && !has_strayed(s) && same_turns(s) && memory_is_alike(s) && s->left)
        return s->left;
    expect_turns(s, alike);
    if (alike)
        keep_words(s);
    s->strayed = false;
    s->followed = alike;
    return 0;
}

static void skip(steady *s, uint32_t examples)
{
    program *p = s->program;
    for (uint32_t k = 0; k < p->agent_count; k++)
        for (int r = 0; r < ISA_SCALARS; r++) {
            int32_t each = s->now.agents[k].scalar[r] - s->last.agents[k].scalar[r];
            if (s->uses[k].of[r].used && !s->uses[k].of[r].base)
                p->agents[k].scalar[r] += each * (int32_t)examples;
        }
    for (size_t k = 0; k < p->channel_count; k++) {
        channel *c = p->channels[k];
        if (!c->from)
            c->received += examples * c->packets_each;
        if (!c->to)
            c->sent += examples * c->packets_each;
    }
    p->given += examples;
    s->skipped = examples;
}

bool steady_run(steady *s)
{
    program *p = s->program;
    uint32_t batch = p->entry->batch;
    while (rounds_run(p)) {
        if (p->given == batch)
            return true;
        bool looks = !s->all && !s->skipped && p->given <= batch / 2;
        uint32_t examples = looks ? steady_repeats(s) : 0;
        if (examples)
            skip(s, examples);
        channels_give(p, p->given + 1);
    }
    return false;
}

uint32_t steady_skipped(const steady *s)
{
    return s->skipped;
}

bool steady_in_doubt(const steady *s)
{
    return s->skipped > 0 && has_strayed(s);
}

void steady_note_access(agent *a, const operation *op)
{
    program *p = a->tile->program;
    steady *s = p->steady;
    const tile_view *v = view_of(s, a->tile);
    uint32_t k = s->uses[a - p->agents].buffer[a->pc];
    if (k == STEADY_NO_BUFFER || v->slot[k] == 0)
        return;
    int64_t at = (int64_t)a->address - v->buffers.at[k]->address;
    int64_t from = a->settled[op->scalar[0]], slot = v->slot[k], end = v->before[k].span;
    if (from < end) {
        from -= from % slot;
        end = from + slot;
    } else {
        from = end;
        end = v->buffers.at[k]->words;
    }
    s->strayed |= at < from || at + op->words > end;
}
