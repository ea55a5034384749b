/* Channels of a program: their two ends, host streams, rings and latencies. */
#include "emulator/build.h"

#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT_WORDS_MAX = 1 << 26 }; /* of one channel: 128 MiB */

static channel *new_channel(program_builder *b, channel **slot, int node, int number,
                            int channel_no)
{
    if (*slot)
        return *slot;
    program *p = b->program;
    channel *c = ARENA_NEW(b->emulator->memory, channel);
    c->index = (uint32_t)p->channel_count;
    c->node = (uint16_t)node;
    c->tile = (uint16_t)number;
    c->number = (uint8_t)channel_no;
    c->places = (uint32_t)b->emulator->machine->channel_places;
    ARENA_PUSH(b->emulator->memory, p->channels, p->channel_count, p->channel_capacity, c);
    *slot = c;
    return c;
}

/* One agent per end: with more, what arrives would depend on timing. */
static void set_end(program_builder *b, const channel *c, agent **end, agent *a, const char *what)
{
    arena *memory = b->emulator->memory;
    if (*end && *end != a)
        diag_file_error(b->d, b->emulator->path,
                        "entry '%s': channel %d of node %d tile %d has two %s, %s and %s",
                        b->program->entry->name, c->number, c->node, c->tile, what,
                        agent_name(memory, *end), agent_name(memory, a));
    *end = a;
}

static channel *send_channel(program_builder *b, agent *a, const isa_insn *insn)
{
    int node = insn->field[3], number = insn->field[4], channel_no = insn->field[5];
    tile *from = a->tile;
    channel *c;
    if (node == ISA_NODE_HOST) {
        c = new_channel(b, &from->to_host[channel_no], from->node, from->number, channel_no);
    } else {
        tile *to = build_tile(b, node, number);
        c = new_channel(b, &to->inbound[channel_no], node, number, channel_no);
        c->to = to;
    }
    c->from = from;
    uint32_t words = (uint32_t)insn->field[2];
    c->width = words > c->width ? words : c->width;
    set_end(b, c, &c->sender, a, "senders");
    return c;
}

channel *build_channel(program_builder *b, agent *a, const isa_insn *insn)
{
    if (insn->op == ISA_send)
        return send_channel(b, a, insn);
    int channel_no = insn->field[3];
    channel *c = new_channel(b, &a->tile->inbound[channel_no], a->tile->node, a->tile->number,
                             channel_no);
    c->to = a->tile;
    set_end(b, c, &c->receiver, a, "receivers");
    return c;
}

static channel *host_channel(program_builder *b, const image_packet *k, bool input)
{
    tile *t = build_tile(b, k->node, k->tile);
    channel *c = new_channel(b, input ? &t->inbound[k->channel] : &t->to_host[k->channel], k->node,
                             k->tile, k->channel);
    if (input)
        c->to = t;
    else
        c->from = t;
    c->once_last = !input;
    return c;
}

static void add_host_packet(arena *memory, channel *c, const image_port *port, uint32_t index,
                            const image_packet *packet)
{
    if (c->part_count == 0 || c->parts[c->part_count - 1].port != index)
        ARENA_PUSH(memory, c->parts, c->part_count, c->part_capacity,
                   ((host_part){.port = index,
                                .points = port->points,
                                .per_kernel = port->per_kernel}));
    host_part *part = &c->parts[c->part_count - 1];
    ARENA_PUSH(memory, part->packets, part->count, part->capacity, packet);
    c->packets_once += port->points;
    c->packets_each += port->per_kernel ? 0 : port->points;
}

static void add_host_packets(program_builder *b, const image_port *ports, uint32_t count,
                             bool input)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < ports[i].packet_count; k++) {
            const image_packet *packet = &ports[i].packets[k];
            add_host_packet(b->emulator->memory, host_channel(b, packet, input), &ports[i], i,
                            packet);
        }
}

static void build_host_streams(program_builder *b)
{
    const image_entry *entry = b->program->entry;
    add_host_packets(b, entry->inputs, entry->input_count, true);
    add_host_packets(b, entry->outputs, entry->output_count, false);
}

static int hops(const machine *m, const tile *a, const tile *b)
{
    int x = a->number % m->mesh_width - b->number % m->mesh_width;
    int y = a->number / m->mesh_width - b->number / m->mesh_width;
    return abs(x) + abs(y);
}

static void set_latency(const machine *m, channel *c)
{
    c->latency = m->network_fixed + hops(m, c->from, c->to) * m->network_per_hop;
    c->latency_per_beat = m->network_per_beat;
    if (c->from->node != c->to->node) {
        c->latency += m->node_link_fixed;
        c->latency_per_beat += m->node_link_per_beat;
    }
    if (c->latency < 1)
        c->latency = 1; /* the lookahead between tiles must not be zero */
    c->credit_latency = whole_cycles(c->latency);
}

static void build_ring(program_builder *b, channel *c)
{
    arena *memory = b->emulator->memory;
    uint64_t words = (uint64_t)c->places * c->width;
    if (words > IN_FLIGHT_WORDS_MAX) {
        diag_file_error(b->d, b->emulator->path,
                        "not supported: channel %d of node %d tile %d holds %u packets of %u "
                        "words, because that is more than %d words in flight",
                        c->number, c->node, c->tile, c->places, c->width, IN_FLIGHT_WORDS_MAX);
        return;
    }
    c->length = ARENA_ARRAY(memory, uint32_t, c->places);
    if (b->emulator->options.timing_only)
        return;
    c->ring = ARENA_ARRAY(memory, int16_t, words);
    c->touched = ARENA_ARRAY(memory, uint64_t, c->places);
}

/* A channel between tiles, or one whose other end is the host. */
static void finish_channel(program_builder *b, channel *c)
{
    program *p = b->program;
    bool host = c->part_count > 0;
    if (host && c->from && c->to)
        diag_file_error(b->d, b->emulator->path,
                        "entry '%s': channel %d of node %d tile %d has two senders, the host and "
                        "%s",
                        p->entry->name, c->number, c->node, c->tile,
                        agent_name(b->emulator->memory, c->sender));
    if (c->to)
        c->to->in_flight += c->places;
    if (c->from)
        c->from->in_flight += c->places;
    if (!c->from || !c->to)
        return;
    set_latency(b->emulator->machine, c);
    build_ring(b, c);
    if (c->from != c->to && c->credit_latency < p->lookahead)
        p->lookahead = c->credit_latency;
}

void finish_channels(program_builder *b)
{
    program *p = b->program;
    arena *memory = b->emulator->memory;
    size_t in_flight = 0;
    build_host_streams(b);
    p->lookahead = EVENT_NEVER;
    for (size_t k = 0; k < p->channel_count; k++)
        finish_channel(b, p->channels[k]);
    for (uint32_t k = 0; k < p->tile_count; k++) {
        tile *t = &p->tiles[k];
        t->events.capacity = t->in_flight + t->agent_count;
        t->events.at = ARENA_ARRAY(memory, event, t->events.capacity);
        t->waits = ARENA_ARRAY(memory, word_wait, t->agent_count);
        in_flight += t->in_flight;
    }
    p->outbox = ARENA_ARRAY(memory, message, in_flight);
    uint32_t groups = p->tile_count / TILES_TOGETHER + 1;
    p->next = ARENA_ARRAY(memory, uint64_t, groups * TILES_TOGETHER);
    memset(p->next, 0xFF, groups * TILES_TOGETHER * sizeof *p->next); /* EVENT_NEVER */
    p->next_together = ARENA_ARRAY(memory, uint64_t, groups);
}
