/*
 * Who waits on whom. An agent that waits for a packet or a place waits on the other end of the
 * channel. One that waits for a word to become ready (free) waits on the agents of its tile whose
 * programs write (take) the same buffer; a buffer is what the image names, or else everything
 * addressed with the same offset.
 */
#include "emulator/report.h"

#include "emulator/build.h"

enum { CYCLE_MAX = 64, NOTES_MAX = 40 };

static bool waits(const agent *a)
{
    return a->state != AGENT_HALTED;
}

/* Whether an instruction of `other` may write (take) the word that `a` waits for. */
static bool concerns(const agent *a, const image_buffer *b, const operation *op, bool write)
{
    bool writes = op->op == ISA_store || op->op == ISA_receive;
    bool takes = op->op == ISA_load || op->op == ISA_drop || op->op == ISA_send;
    if (write ? !writes : !takes)
        return false;
    return b ? (uint32_t)op->imm - b->address < b->words : op->imm == a->code[a->pc].imm;
}

static bool waits_on(const agent *a, const agent *other)
{
    const operation *op = &a->code[a->pc];
    if (a->state == AGENT_WAITS_PACKET)
        return op->with.channel->sender == other;
    if (a->state == AGENT_WAITS_CREDIT)
        return op->with.channel->receiver == other;
    if (a->tile != other->tile || a == other)
        return false;
    const image_buffer *b = report_find_buffer(a->tile, a->waits_for);
    for (uint32_t k = 0; k < other->source->code.count; k++)
        if (concerns(a, b, &other->code[k], a->state == AGENT_WAITS_READY))
            return true;
    return false;
}

static void note_waiting(arena *scratch, const emulator *e, const agent *a, diag *d)
{
    const channel *c = a->code[a->pc].with.channel;
    const char *place = report_place(scratch, e, a, a->pc), *what;
    if (a->state == AGENT_WAITS_PACKET)
        what = arena_printf(scratch, "a packet on channel %d from %s", c->number,
                            c->sender       ? agent_name(scratch, c->sender)
                            : c->part_count ? "the host, which has sent all"
                                            : "nobody");
    else if (a->state == AGENT_WAITS_CREDIT)
        what = arena_printf(scratch, "a place in channel %d of %s", c->number,
                            c->receiver ? agent_name(scratch, c->receiver)
                                        : "a tile without receiver");
    else
        what = arena_printf(scratch, "word %u%s to become %s", a->waits_for,
                            report_buffer(scratch, a->tile, a->waits_for),
                            a->state == AGENT_WAITS_FREE ? "free" : "valid with its phase");
    diag_note(d, SOURCE_NOWHERE, "%s waits for %s", place, what);
}

typedef struct search {
    const agent **all;
    size_t count;
    uint8_t *seen; /* 0 new, 1 on the path, 2 done */
    size_t path[CYCLE_MAX];
} search;

/* Follows the waits from an agent; the length of a cycle found, its last `length` path entries. */
static size_t find_cycle(search *s, size_t from, size_t depth, size_t *start)
{
    s->seen[from] = 1;
    s->path[depth] = from;
    for (size_t k = 0; k < s->count && depth + 1 < CYCLE_MAX; k++) {
        if (s->seen[k] == 2 || !waits_on(s->all[from], s->all[k]))
            continue;
        if (s->seen[k] == 1) {
            for (*start = 0; s->path[*start] != k;)
                ++*start;
            return depth + 1 - *start;
        }
        size_t length = find_cycle(s, k, depth + 1, start);
        if (length)
            return length;
    }
    s->seen[from] = 2;
    return 0;
}

static void note_cycle(arena *scratch, search *s, diag *d)
{
    size_t start = 0, length = 0;
    for (size_t k = 0; k < s->count && !length; k++)
        if (s->seen[k] == 0)
            length = find_cycle(s, k, 0, &start);
    if (!length)
        return;
    const char *text = agent_name(scratch, s->all[s->path[start]]);
    for (size_t k = 1; k <= length; k++)
        text = arena_printf(scratch, "%s -> %s", text,
                            agent_name(scratch, s->all[s->path[start + k % length]]));
    diag_help(d, "they wait in a circle: %s", text);
}

void report_deadlock(const emulator *e, const program *p, diag *d)
{
    arena *scratch = arena_new();
    search s = {0};
    uint64_t last = 0;
    size_t agents = p->entry->agent_count;
    s.all = ARENA_ARRAY(scratch, const agent *, agents);
    s.seen = ARENA_ARRAY(scratch, uint8_t, agents);
    for (uint32_t k = 0; k < p->tile_count; k++)
        for (uint32_t i = 0; i < p->tiles[k].agent_count; i++) {
            const agent *a = &p->tiles[k].agents[i];
            last = a->now > last ? a->now : last;
            if (waits(a))
                s.all[s.count++] = a;
        }
    diag_file_error(d, e->path, "entry '%s' hangs at cycle %llu: %zu of %zu cores and threads wait",
                    p->entry->name, (unsigned long long)last, s.count, agents);
    for (size_t k = 0; k < s.count && k < NOTES_MAX; k++)
        note_waiting(scratch, e, s.all[k], d);
    if (s.count > NOTES_MAX)
        diag_note(d, SOURCE_NOWHERE, "and %zu more", s.count - NOTES_MAX);
    note_cycle(scratch, &s, d);
    arena_free(scratch);
}
