/*
 * Products together. A kernel that is run again and again is known beforehand: which instructions
 * move or compute which values, in which order. From its trace (trace.h) this works out which value
 * each instruction reads, and lays out the work anew: values get places of their own, moves between
 * registers, memory and channels fall away, and products with the same matrix that do not depend on
 * each other (the examples of a batch, the pixels of a map) are evaluated up to 16 at a time. Time
 * and counts are those of the trace; numbers are the same bit for bit.
 *
 *   graph   batch_graph.c: values and what they are made from
 *   plan    batch.c: an order with large batches, places, and what agents wait for
 *   tasks   batch_tasks.c: executes them
 */
#ifndef PANTHER_EMULATOR_BATCH_H
#define PANTHER_EMULATOR_BATCH_H

#include "emulator/state.h"

enum {
    BATCH_STEPS = 1 << 20, /* of a trace; longer ones are executed as they are */
    BATCH_WORDS = 1 << 24, /* of registers and memories; so are kernels with more */
    BATCH_OPERANDS = 3,
};

/* A word of a value. */
typedef struct batch_source {
    uint32_t node, offset;
} batch_source;

typedef enum batch_kind {
    BATCH_CONSTANT, /* a preset; node 0: zeros */
    BATCH_COMPUTE,  /* the vector instruction `op` */
    BATCH_PRODUCT,
    BATCH_UPDATE,   /* an outer product, logged */
    BATCH_JOIN,     /* pieces of other values, one after the other */
    BATCH_INPUT,    /* a packet of the host */
    BATCH_OUTPUT,
} batch_kind;

typedef struct batch_node {
    batch_kind kind;
    uint8_t operands, mcu;
    bool transposed;
    uint32_t agent;
    const operation *op;
    uint32_t words; /* of its value; 0: none */
    uint32_t extra; /* stream: how often it ran; packets: their number; joins: first piece */
    uint32_t pieces;
    uint32_t before; /* a node that has to come first; 0: none */
    batch_source operand[BATCH_OPERANDS];
    const image_preset *preset;
} batch_node;

typedef struct batch_piece {
    batch_source from;
    uint32_t words;
} batch_piece;

typedef struct batch_graph {
    arena *memory;
    batch_node *nodes;
    size_t count, capacity;
    batch_piece *pieces;
    size_t piece_count, piece_capacity;
    uint32_t products;
} batch_graph;

/* From the trace of a whole kernel. False: something in it depends on the order of products. */
bool batch_graph_build(batch_graph *g, program *p);

typedef struct batch_task {
    const operation *op;
    uint32_t at[BATCH_OPERANDS + 1]; /* places: result, operands */
    uint32_t extra;                  /* as in the node; products and joins: index of what follows */
    uint16_t kind;
    uint16_t mcu;
} batch_task;

typedef struct batch_products {
    bool transposed;
    int count;
    uint32_t in[CROSSBAR_BATCH], out[CROSSBAR_BATCH];
} batch_products;

typedef struct batch_move {
    uint32_t from, words;
} batch_move;

typedef struct batch_agent {
    trace_step *steps; /* `what` is the index of a task, or a wait */
    size_t step_count, step_capacity;
    batch_task *tasks;
    size_t task_count, task_capacity;
    int16_t *registers; /* the agent's own, while tasks are executed */
} batch_agent;

typedef struct batch_plan {
    batch_agent *agents;
    batch_products *products;
    size_t product_count, product_capacity;
    batch_move *moves; /* of joins, each ended by one of no words */
    size_t move_count, move_capacity;
    int16_t *values;
} batch_plan;

/* NULL: not possible, or not worth it. Lives in the emulator's memory. */
batch_plan *batch_plan_new(program *p);

/* Executes a task; a->registers are the plan's values. */
void batch_run(const batch_plan *plan, agent *a, const batch_task *t);

/* Products of one MCU of the agent, from and to a->registers (insn_matrix.c). */
void matrix_products(agent *a, int m, const batch_products *b);

#endif
