#include "emulator/network.h"

#include "emulator/tile.h"

#include <string.h>

static uint64_t packets_of(const channel *c, uint32_t examples)
{
    return c->packets_once + (uint64_t)(examples - 1) * c->packets_each;
}

uint64_t channel_host_packets(const channel *c, const program *p)
{
    return packets_of(c, p->entry->batch);
}

void channel_reset(channel *c)
{
    c->credits = c->places;
    c->sent = c->received = c->last_arrival = 0;
    c->arrived = 0;
    if (c->from || !c->to)
        return;
    const emulator *e = c->to->emulator;
    uint64_t packets = packets_of(c, c->to->program->given);
    for (uint64_t k = 0; k < packets && k < c->places; k++)
        event_push(&c->to->events, (event){e->cost.host, event_packet(c->index)});
}

void channels_give(program *p, uint32_t examples)
{
    p->given = examples;
    for (size_t i = 0; i < p->channel_count; i++) {
        channel *c = p->channels[i];
        if (c->from)
            continue;
        uint64_t packets = packets_of(c, examples);
        for (uint64_t k = c->arrived; k < c->places && c->received + k < packets; k++)
            event_push(&c->to->events, (event){0, event_packet(c->index)});
    }
}

/* A packet of a host channel: words of one point of a port, for one example. */
typedef struct host_packet {
    uint32_t port, words, apart; /* its words lie so many elements apart */
    size_t at;                    /* first of its elements in the port's array */
} host_packet;

/* The number `k` of a turn. */
static host_packet packet_of_turn(const channel *c, const program *p, uint64_t k, bool once,
                                  uint64_t example)
{
    const host_part *part = c->parts;
    for (;; part++) {
        uint64_t packets = part->per_kernel && !once ? 0 : (uint64_t)part->count * part->points;
        if (k < packets)
            break;
        k -= packets;
    }
    const image_port *port = (c->to ? p->entry->inputs : p->entry->outputs) + part->port;
    const image_packet *packet = part->packets[k % part->count];
    uint32_t lanes = port->elements / port->points, apart = port->by_points ? 1 : part->points;
    size_t point = k / part->count;
    size_t at = port->by_points ? point * lanes + packet->first
                                : (size_t)packet->first * part->points + point;
    if (!part->per_kernel)
        at += (size_t)example * port->elements;
    return (host_packet){part->port, packet->words, apart, at};
}

/* The k-th packet of a host channel. */
static host_packet host_packet_at(const channel *c, const program *p, uint64_t k)
{
    uint64_t others = p->entry->batch - 1;
    uint64_t before = c->once_last ? others * c->packets_each : 0;
    if (k >= before && k < before + c->packets_once)
        return packet_of_turn(c, p, k - before, true, c->once_last ? others : 0);
    uint64_t rest = k < before ? k : k - c->packets_once;
    return packet_of_turn(c, p, rest % c->packets_each, false,
                          rest / c->packets_each + (c->once_last ? 0 : 1));
}

uint32_t channel_host_port(const channel *c, const program *p, uint64_t k)
{
    return host_packet_at(c, p, k).port;
}

/* A message that cannot be held back: within the tile an event, otherwise for the next exchange. */
static void post(tile *from, tile *to, uint64_t time, uint32_t order)
{
    program *p = to->program;
    if (from == to)
        event_push(&to->events, (event){time, order});
    else
        p->outbox[p->outbox_count++] = (message){time, order, to};
}

static uint32_t beats(const emulator *e, uint32_t words)
{
    uint32_t wide = (uint32_t)e->machine->memory_beat_words;
    return words / wide + (words % wide != 0);
}

static bool send_to_host(agent *a, channel *c, uint32_t words)
{
    tile *t = a->tile;
    const program *p = t->program;
    if (c->sent >= channel_host_packets(c, p)) {
        tile_fail(t, a, a->now, "the host expects no more than %llu packets on its channel %d",
                  (unsigned long long)c->sent, c->number);
        return false;
    }
    host_packet packet = host_packet_at(c, p, c->sent);
    if (packet.words != words) {
        tile_fail(t, a, a->now, "the host expects %u words of '%s' on its channel %d, not %u",
                  packet.words, p->entry->outputs[packet.port].name, c->number, words);
        return false;
    }
    uint64_t back = a->now + 2 * t->emulator->cost.host + tile_delay(t);
    event_push(&t->events, (event){back, event_credit(c->index)});
    c->sent++;
    return true;
}

bool channel_send(agent *a, channel *c, uint32_t words)
{
    if (!c->to)
        return send_to_host(a, c, words);
    tile *t = a->tile;
    uint32_t place = (uint32_t)(c->sent++ % c->places);
    double way = c->latency + beats(t->emulator, words) * c->latency_per_beat;
    uint64_t arrival = a->now + tile_delay(t) + whole_cycles(way);
    c->last_arrival = arrival > c->last_arrival ? arrival : c->last_arrival; /* kept in order */
    c->length[place] = words;
    post(t, c->to, c->last_arrival, event_packet(c->index));
    return true;
}

static bool check_length(agent *a, const channel *c, uint32_t length, uint32_t words)
{
    if (length != words)
        tile_fail(a->tile, a, a->now, "a packet of %u words is received as %u words (channel %d)",
                  length, words, c->number);
    return length == words;
}

static bool receive_from_host(agent *a, channel *c, uint32_t words)
{
    tile *t = a->tile;
    const program *p = t->program;
    if (!check_length(a, c, host_packet_at(c, p, c->received).words, words))
        return false;
    c->received++;
    c->arrived--;
    if (c->received - 1 + c->places < packets_of(c, p->given))
        event_push(&t->events,
                   (event){a->now + 2 * t->emulator->cost.host + tile_delay(t),
                           event_packet(c->index)});
    return true;
}

bool channel_receive(agent *a, channel *c, uint32_t words)
{
    if (!c->from)
        return receive_from_host(a, c, words);
    tile *t = a->tile;
    uint32_t place = (uint32_t)(c->received % c->places);
    if (!check_length(a, c, c->length[place], words))
        return false;
    c->received++;
    c->arrived--;
    post(t, c->from, a->now + c->credit_latency + tile_delay(t), event_credit(c->index));
    return true;
}

static void send_data_to_host(const channel *c, uint64_t k, const int16_t *from, uint32_t words)
{
    const program *p = c->from->program;
    host_packet packet = host_packet_at(c, p, k);
    int16_t *to = p->outputs ? p->outputs[packet.port] : NULL;
    for (size_t i = 0; to && i < words; i++)
        to[packet.at + i * packet.apart] = from[i];
}

static void receive_data_from_host(const channel *c, uint64_t k, int16_t *to, uint32_t words)
{
    const program *p = c->to->program;
    host_packet packet = host_packet_at(c, p, k);
    const int16_t *from = p->inputs ? p->inputs[packet.port] : NULL;
    for (size_t i = 0; from && i < words; i++)
        to[i] = from[packet.at + i * packet.apart];
}

void channel_send_data(channel *c, const int16_t *from, uint32_t words)
{
    uint64_t k = c->data_sent++;
    if (c->to)
        memcpy(c->ring + k % c->places * c->width, from, words * sizeof *from);
    else
        send_data_to_host(c, k, from, words);
}

void channel_receive_data(channel *c, int16_t *to, uint32_t words)
{
    uint64_t k = c->data_received++;
    if (c->from)
        memcpy(to, c->ring + k % c->places * c->width, words * sizeof *to);
    else
        receive_data_from_host(c, k, to, words);
}

void channel_deliver(tile *t, uint32_t order, uint64_t time)
{
    channel *c = t->program->channels[order / 2];
    bool packet = order == event_packet(c->index);
    agent *a = packet ? c->receiver : c->sender;
    if (packet)
        c->arrived++;
    else
        c->credits++;
    if (a && a->state == (packet ? AGENT_WAITS_PACKET : AGENT_WAITS_CREDIT) &&
        a->code[a->pc].with.channel == c)
        agent_wake(a, time);
}
