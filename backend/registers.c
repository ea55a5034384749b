/*
 * Registers. A value made in the loop lives from its event to its last use, at most one turn of the
 * loop (the schedule sees to that), so lifetimes are arcs on a circle of events; what is made before
 * the loop lives all around. First fit by address; a value that finds no room is spilled to sticky
 * words of shared memory and comes through scratch registers, so any program fits any machine with
 * room for four operands.
 */
#include "backend/program.h"

#include <stdlib.h>

enum { SCRATCH_REGISTERS = 4 };

static const ir_op *root_of(const ir_op *value, int32_t *offset)
{
    while (value->code == IR_slice || value->code == IR_final) {
        *offset += (int32_t)ir_get_int(value, IR_ATTR_first, 0);
        value = value->args[0];
    }
    return value;
}

value_home *backend_home(const agent_program *p, const ir_op *value, int32_t *offset)
{
    int32_t skipped = 0;
    const ir_op *root = root_of(value, &skipped);
    if (offset)
        *offset = skipped;
    for (size_t i = 0; i < p->home_count; i++)
        if (p->homes[i].op == root)
            return &p->homes[i];
    return NULL;
}

static int64_t line_of(const agent_program *p, const ir_op *op)
{
    return backend_skew(op) * (int64_t)p->event_count + ir_get_int(op, IR_ATTR_order, 0);
}

static bool makes_register(const ir_op *op)
{
    return op->type.kind != IR_NONE && !backend_is_matrix(op) && op->code != IR_store &&
           op->code != IR_send && op->code != IR_receive;
}

/* A sum over all points of an example, or a state, stays where it is from one to the next. */
static bool is_carried(const ir_op *op)
{
    return op->code == IR_running || op->code == IR_next;
}

static value_home *add_home(backend_state *s, agent_program *p, const ir_op *op, bool everywhere)
{
    value_home h = {
        .op = op, .words = op->type.lanes, .everywhere = everywhere, .reg = -1, .spill = -1};
    if (!everywhere)
        h.from = h.to = line_of(p, op);
    ARENA_PUSH(s->memory, p->homes, p->home_count, p->home_capacity, h);
    return &p->homes[p->home_count - 1];
}

/* Constants that a vector instruction reads get a register; matrix operands are set in place. */
static void note_uses(backend_state *s, agent_program *p, const ir_op *user, bool in_loop)
{
    for (uint32_t i = 0; i < user->arg_count; i++) {
        int32_t skipped = 0;
        const ir_op *root = root_of(user->args[i], &skipped);
        value_home *h = backend_home(p, root, NULL);
        if (!h && root->code == IR_const && !backend_is_matrix(user))
            h = add_home(s, p, root, true);
        if (h && !h->everywhere && in_loop) {
            int64_t line = line_of(p, user);
            h->to = line > h->to ? line : h->to;
        }
    }
}

static void find_homes(backend_state *s, agent_program *p)
{
    for (size_t i = 0; i < p->once_count; i++)
        if (makes_register(p->once[i]))
            add_home(s, p, p->once[i], true);
    for (size_t i = 0; i < p->event_count; i++)
        for (size_t k = 0; k < p->events[i].count; k++)
            if (makes_register(p->events[i].ops[k]))
                add_home(s, p, p->events[i].ops[k], is_carried(p->events[i].ops[k]));
    for (size_t i = 0; i < p->once_count; i++)
        note_uses(s, p, p->once[i], false);
    for (size_t i = 0; i < p->event_count; i++)
        for (size_t k = 0; k < p->events[i].count; k++)
            note_uses(s, p, p->events[i].ops[k], true);
}

/* Whether two lifetimes share an event on the circle. */
static bool meet(const agent_program *p, const value_home *a, const value_home *b)
{
    int64_t turn = (int64_t)p->event_count;
    if (a->everywhere || b->everywhere)
        return true;
    int64_t ahead = ((b->from - a->from) % turn + turn) % turn;
    int64_t behind = ((a->from - b->from) % turn + turn) % turn;
    return ahead <= a->to - a->from || behind <= b->to - b->from;
}

/* The lowest address at which a value fits below `limit`, or -1. */
static int32_t first_fit(const agent_program *p, const value_home *h, uint32_t limit)
{
    int32_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < p->home_count; i++) {
            const value_home *o = &p->homes[i];
            bool overlaps =
                o->reg >= 0 && o->reg < at + (int32_t)h->words && at < o->reg + (int32_t)o->words;
            if (overlaps && o != h && meet(p, h, o)) {
                at = o->reg + (int32_t)o->words;
                moved = true;
            }
        }
    }
    return (uint32_t)at + h->words <= limit ? at : -1;
}

static size_t assign(agent_program *p, uint32_t limit)
{
    size_t left_over = 0;
    for (size_t i = 0; i < p->home_count; i++)
        p->homes[i].reg = -1;
    for (size_t i = 0; i < p->home_count; i++) {
        p->homes[i].reg = first_fit(p, &p->homes[i], limit);
        left_over += p->homes[i].reg < 0;
    }
    return left_over;
}

static uint32_t widest(const agent_program *p)
{
    uint32_t most = 1;
    for (size_t i = 0; i < p->home_count; i++)
        most = p->homes[i].words > most ? p->homes[i].words : most;
    return most;
}

static bool spill(backend_state *s, agent_program *p)
{
    uint32_t file = (uint32_t)s->machine->vector_words, wide = widest(p);
    if (file < SCRATCH_REGISTERS * wide) {
        diag_error(s->diag, SOURCE_NOWHERE,
                   "kernel '%s': machine '%s' has %u words of vector registers in a core; vectors "
                   "of %u words need "
                   "at least %u",
                   s->graph->name, s->machine->name, file, wide, SCRATCH_REGISTERS * wide);
        return false;
    }
    p->scratch = (int32_t)(file - SCRATCH_REGISTERS * wide);
    p->scratch_words = wide;
    assign(p, (uint32_t)p->scratch);
    for (size_t i = 0; i < p->home_count; i++)
        if (p->homes[i].reg < 0)
            p->homes[i].spill = backend_take_memory(s, p->place, p->homes[i].words);
    return true;
}

bool backend_registers(backend_state *s, agent_program *p)
{
    find_homes(s, p);
    p->scratch = -1;
    if (assign(p, (uint32_t)s->machine->vector_words) > 0 && !spill(s, p))
        return false;
    return backend_pointers(s, p);
}
