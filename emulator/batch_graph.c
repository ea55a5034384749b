/*
 * A trace, executed with names of values in place of numbers: every word of a register, of memory
 * and of a channel is known by the node that made it.
 */
#include "emulator/batch.h"

#include "emulator/network.h"
#include "emulator/trace.h"

#include <string.h>

typedef struct naming {
    batch_graph *g;
    program *p;
    arena *memory;
    batch_source **registers; /* by agent */
    batch_source **words;     /* by tile: its memory */
    batch_source **ring;      /* by channel: its places */
    uint32_t *sent, *received;
    uint32_t **stream_runs; /* by agent */
    uint32_t *last_update;  /* by agent and MCU */
    uint32_t *last_output;  /* by port */
    bool possible;
} naming;

static uint32_t add_node(naming *n, batch_node node)
{
    batch_graph *g = n->g;
    ARENA_PUSH(g->memory, g->nodes, g->count, g->capacity, node);
    return (uint32_t)(g->count - 1);
}

/* All zeros are the first ones of node 0, which is as long as the longest that is read at once. */
static void write_value(batch_source *to, uint32_t node, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        to[i] = (batch_source){node, node ? i : 0};
}

/* How many words from the first on lie side by side in one value. */
static uint32_t run_length(const batch_source *s, uint32_t words)
{
    uint32_t i = 1;
    while (i < words && s[i].node == s[0].node &&
           (s[0].node == 0 || s[i].offset == s[0].offset + i))
        i++;
    return i;
}

/* Words that an instruction reads; if they lie apart, they are joined, and known as joined then. */
static batch_source read_value(naming *n, uint32_t index, batch_source *s, uint32_t words)
{
    batch_graph *g = n->g;
    uint32_t length = run_length(s, words), i = 0;
    if (length == words) {
        if (s->node == 0 && words > g->nodes[0].words)
            g->nodes[0].words = words;
        return s[0];
    }
    batch_node join = {.kind = BATCH_JOIN, .agent = index, .words = words,
                       .extra = (uint32_t)g->piece_count};
    for (; i < words; i += length, join.pieces++) {
        length = run_length(s + i, words - i);
        ARENA_PUSH(g->memory, g->pieces, g->piece_count, g->piece_capacity,
                   ((batch_piece){s[i], length}));
        if (s[i].node == 0 && length > g->nodes[0].words)
            g->nodes[0].words = length;
    }
    write_value(s, add_node(n, join), words);
    return s[0];
}

static int vector_operands(const operation *op)
{
    int vectors = 0;
    const uint8_t *kinds = isa_formats[isa_table[op->op].format];
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++)
        vectors += kinds[i] == FIELD_VECTOR;
    return vectors;
}

static void note_compute(naming *n, uint32_t index, const operation *op)
{
    batch_source *r = n->registers[index];
    bool one = op->op == ISA_sum || op->op == ISA_maxr;
    uint32_t words = op->op == ISA_bcast ? 1 : op->words;
    batch_node node = {.kind = BATCH_COMPUTE, .agent = index, .op = op,
                       .operands = (uint8_t)(vector_operands(op) - 1),
                       .words = one ? 1 : op->words};
    for (int k = 0; k < node.operands; k++) {
        uint32_t from = op->vector[k + 1];
        if (words > 1 && !one && op->vector[0] > from && op->vector[0] < from + words)
            n->possible = false; /* lane by lane: a result is read again */
        node.operand[k] = read_value(n, index, r + from, words);
    }
    if (op->stochastic || op->op == ISA_rand)
        node.extra = n->stream_runs[index][op->stream_slot]++;
    write_value(r + op->vector[0], add_node(n, node), node.words);
}

static batch_source *mcu_words(const naming *n, uint32_t index, int m, mcu_vector which)
{
    const machine *on = n->p->agents[index].tile->emulator->machine;
    int side = on->slices.rows > on->slices.columns ? on->slices.rows : on->slices.columns;
    return n->registers[index] + on->vector_words + (m * MCU_VECTORS + (int)which) * side;
}

static void note_product(naming *n, uint32_t index, int m, bool transposed)
{
    const image_block *b = n->p->agents[index].mcus[m]->block;
    batch_source *in = mcu_words(n, index, m, transposed ? MCU_MTVM_IN : MCU_MVM_IN);
    batch_source *out = mcu_words(n, index, m, transposed ? MCU_MTVM_OUT : MCU_MVM_OUT);
    batch_node node = {.kind = BATCH_PRODUCT, .agent = index, .operands = 1, .mcu = (uint8_t)m,
                       .transposed = transposed, .words = transposed ? b->rows : b->columns};
    node.operand[0] = read_value(n, index, in, transposed ? b->columns : b->rows);
    write_value(out, add_node(n, node), node.words);
    n->g->products++;
}

static void note_update(naming *n, uint32_t index, int m)
{
    const image_block *b = n->p->agents[index].mcus[m]->block;
    uint32_t *last = &n->last_update[index * ISA_MCUS_MAX + (uint32_t)m];
    batch_node node = {.kind = BATCH_UPDATE, .agent = index, .operands = 2, .mcu = (uint8_t)m,
                       .before = *last};
    node.operand[0] = read_value(n, index, mcu_words(n, index, m, MCU_OPA_ROW), b->rows);
    node.operand[1] = read_value(n, index, mcu_words(n, index, m, MCU_OPA_COL), b->columns);
    *last = add_node(n, node);
}

static void note_mcu(naming *n, uint32_t index, const operation *op)
{
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        int mask = op->imm >> (m * MCU_OPERATIONS);
        if (mask >> MCU_MVM & 1)
            note_product(n, index, m, false);
        if (mask >> MCU_MTVM & 1)
            note_product(n, index, m, true);
        if (mask >> MCU_OPA & 1)
            note_update(n, index, m);
    }
}

static void note_send(naming *n, uint32_t index, const operation *op, batch_source *words)
{
    const channel *c = op->with.channel;
    uint32_t k = n->sent[c->index]++;
    if (c->to) {
        memcpy(n->ring[c->index] + k % c->places * c->width, words, op->words * sizeof *words);
        return;
    }
    uint32_t *last = &n->last_output[channel_host_port(c, n->p, k)];
    batch_node node = {.kind = BATCH_OUTPUT, .agent = index, .op = op, .operands = 1, .extra = k,
                       .before = *last};
    node.operand[0] = read_value(n, index, words, op->words);
    *last = add_node(n, node);
}

static void note_receive(naming *n, uint32_t index, const operation *op, batch_source *words)
{
    const channel *c = op->with.channel;
    uint32_t k = n->received[c->index]++;
    if (c->from) {
        memcpy(words, n->ring[c->index] + k % c->places * c->width, op->words * sizeof *words);
        return;
    }
    batch_node node = {.kind = BATCH_INPUT, .agent = index, .op = op, .words = op->words,
                       .extra = k};
    write_value(words, add_node(n, node), op->words);
}

static void note_step(naming *n, uint32_t index, trace_step s)
{
    agent *a = &n->p->agents[index];
    const operation *op = &a->code[s.what];
    batch_source *r = n->registers[index];
    batch_source *words = n->words[a->tile - n->p->tiles] + s.value;
    size_t bytes = op->words * sizeof *r;
    switch (op->op) {
    case ISA_copy: memmove(r + op->vector[0], r + op->vector[1], bytes); break;
    case ISA_load:
    case ISA_peek: memcpy(r + op->vector[0], words, bytes); break;
    case ISA_store: memcpy(words, r + op->vector[0], bytes); break;
    case ISA_send: note_send(n, index, op, words); break;
    case ISA_receive: note_receive(n, index, op, words); break;
    case ISA_mcu: note_mcu(n, index, op); break;
    case ISA_crs: n->possible = false; break; /* products before it and after it differ */
    default: note_compute(n, index, op); break;
    }
}

/* As replay.c on one thread: agents go on as far as they get. False: nothing is left. */
static bool note_agent(naming *n, uint32_t index, uint32_t *done)
{
    const agent *a = &n->p->agents[index];
    uint32_t at = done[index];
    for (; at < a->step_count && n->possible; at++) {
        trace_step s = a->steps[at];
        if (!(s.what & TRACE_WAIT))
            note_step(n, index, s);
        else if (done[s.what & ~TRACE_WAIT] < s.value)
            break;
    }
    done[index] = at;
    return at < a->step_count;
}

static void name_presets(naming *n)
{
    for (uint32_t k = 0; k < n->p->tile_count; k++) {
        const tile *t = &n->p->tiles[k];
        for (uint32_t i = 0; i < t->preset_count; i++) {
            const image_preset *s = t->presets[i];
            bool zero = !s->values && s->value == 0;
            batch_node node = {.kind = BATCH_CONSTANT, .words = s->words, .preset = s};
            uint32_t name = zero ? 0 : add_node(n, node);
            for (uint32_t r = 0; r < s->repeat; r++)
                write_value(n->words[k] + s->address + r * s->stride, name, s->words);
        }
    }
}

static size_t register_words(const machine *m)
{
    size_t side = (size_t)(m->slices.rows > m->slices.columns ? m->slices.rows : m->slices.columns);
    return (size_t)m->vector_words + (size_t)m->mcus * MCU_VECTORS * side;
}

/* Whether the words of all registers and memories are few enough to be named. */
static bool can_be_named(const program *p)
{
    uint64_t words = p->agent_count * (uint64_t)register_words(p->tiles->emulator->machine);
    for (uint32_t k = 0; k < p->tile_count; k++)
        words += p->tiles[k].memory.room;
    return words <= BATCH_WORDS;
}

static void start(naming *n)
{
    const program *p = n->p;
    size_t registers = register_words(p->tiles->emulator->machine);
    n->registers = ARENA_ARRAY(n->memory, batch_source *, p->agent_count);
    n->stream_runs = ARENA_ARRAY(n->memory, uint32_t *, p->agent_count);
    n->words = ARENA_ARRAY(n->memory, batch_source *, p->tile_count);
    n->ring = ARENA_ARRAY(n->memory, batch_source *, p->channel_count);
    n->sent = ARENA_ARRAY(n->memory, uint32_t, p->channel_count);
    n->received = ARENA_ARRAY(n->memory, uint32_t, p->channel_count);
    n->last_update = ARENA_ARRAY(n->memory, uint32_t, (size_t)p->agent_count * ISA_MCUS_MAX);
    n->last_output = ARENA_ARRAY(n->memory, uint32_t, p->entry->output_count);
    for (uint32_t k = 0; k < p->agent_count; k++) {
        if (p->agents[k].registers)
            n->registers[k] = ARENA_ARRAY(n->memory, batch_source, registers);
        n->stream_runs[k] = ARENA_ARRAY(n->memory, uint32_t, p->agents[k].streams);
    }
    for (uint32_t k = 0; k < p->tile_count; k++)
        n->words[k] = ARENA_ARRAY(n->memory, batch_source, p->tiles[k].memory.room);
    for (size_t k = 0; k < p->channel_count; k++) {
        const channel *c = p->channels[k];
        if (c->from && c->to)
            n->ring[k] = ARENA_ARRAY(n->memory, batch_source, (size_t)c->places * c->width);
    }
    add_node(n, (batch_node){.kind = BATCH_CONSTANT});
    name_presets(n);
}

bool batch_graph_build(batch_graph *g, program *p)
{
    naming n = {.g = g, .p = p, .memory = g->memory, .possible = true};
    if (!can_be_named(p))
        return false;
    start(&n);
    uint32_t *done = ARENA_ARRAY(n.memory, uint32_t, p->agent_count);
    for (bool left = true; left && n.possible;) {
        left = false;
        for (uint32_t k = 0; k < p->agent_count; k++)
            left |= note_agent(&n, k, done);
    }
    return n.possible;
}
