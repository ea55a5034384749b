/* Planning of an emulator: programs, tiles, channels and decoded instructions from an image. */
#ifndef PANTHER_EMULATOR_BUILD_H
#define PANTHER_EMULATOR_BUILD_H

#include "emulator/state.h"

/* While a program is planned. */
typedef struct program_builder {
    emulator *emulator;
    program *program;
    diag *d;
    int32_t *tile_at; /* index + 1 in the program, by node and tile */
} program_builder;

/* All programs of the image; errors (channels with two ends of a kind, ...) go to d. */
void build_programs(emulator *e, diag *d);

/* Decodes the instructions of an agent whose other fields are set. */
void decode_agent(program_builder *b, agent *a);

/* The channel that a send or receive names, made if it is new; NULL after an error. */
channel *build_channel(program_builder *b, agent *a, const isa_insn *insn);

/* After all agents are decoded: host streams, rings, latencies, heaps. */
void finish_channels(program_builder *b);

tile *build_tile(program_builder *b, int node, int number);

/* "node 0 tile 3 core 5" */
const char *agent_name(arena *memory, const agent *a);

#endif
