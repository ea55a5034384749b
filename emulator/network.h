/*
 * Channels: one sender, one receiver, packets in order, a fixed number of places. A packet needs a
 * credit; the credit travels back when the receiver has stored the packet. The host is the other
 * end of some channels: it always has the next input ready and takes outputs at once, one host
 * latency away in either direction.
 */
#ifndef PANTHER_EMULATOR_NETWORK_H
#define PANTHER_EMULATOR_NETWORK_H

#include "emulator/state.h"

/* Credits, rings and host streams as at the start of a kernel. */
void channel_reset(channel *c);

/* How many packets the host sends or expects on a host channel in one kernel. */
uint64_t channel_host_packets(const channel *c, const program *p);

/* The host gives more examples, so many in all; nothing is under way. */
void channels_give(program *p, uint32_t examples);

/* The output port that the k-th packet of a channel to the host belongs to. */
uint32_t channel_host_port(const channel *c, const program *p, uint64_t k);

/* At the end of `send`, a credit having been taken. False: the failure is noted. */
bool channel_send(agent *a, channel *c, uint32_t words);

/* At the end of `receive`, a packet having arrived: returns the credit. */
bool channel_receive(agent *a, channel *c, uint32_t words);

/* The next packet's numbers, from memory or to it. */
void channel_send_data(channel *c, const int16_t *from, uint32_t words);
void channel_receive_data(channel *c, int16_t *to, uint32_t words);

/* A message is due in its tile: wakes the agent that waits for it. */
void channel_deliver(tile *t, uint32_t order, uint64_t time);

#endif
