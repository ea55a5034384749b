/*
 * What the emulator holds: crossbars (they outlive kernels) and, per entry of the image, a program:
 * tiles with their memory, agents (cores and control threads) and the channels between them.
 *
 * Tiles share nothing but channels, and of a channel each side writes its own fields only; what
 * passes between tiles is timestamped messages.
 *
 * Time and numbers are worked out one after the other: see trace.h.
 */
#ifndef PANTHER_EMULATOR_STATE_H
#define PANTHER_EMULATOR_STATE_H

#include "emulator/crossbar/crossbar.h"
#include "emulator/emulator.h"
#include "emulator/events.h"
#include "emulator/memory.h"
#include "isa/support/random.h"

enum {
    TRACE_WAITED = 64, /* agents of which is known how far they were waited for */
    MCU_SLOTS = ISA_MCUS_MAX * MCU_OPERATIONS, /* one per operation of every MCU */
    FAILURE_TEXT = 240,
    TILES_TOGETHER = 16, /* whose next event is known (rounds.c) */
    CHANNELS_MAX = 256, /* per tile: 8 bits of `send` and `receive` */
};

typedef struct agent agent;
typedef struct tile tile;
typedef struct program program;
typedef struct channel channel;
typedef struct operation operation;
typedef struct pool pool;
typedef struct agent_progress agent_progress;
typedef struct batch_plan batch_plan;
typedef struct watch watch;
typedef struct timeline_track timeline_track;
typedef struct emulator_profile emulator_profile;

typedef void insn_handler(agent *a, const operation *op);

/* How an instruction meets shared memory and channels, and what it waits for first. */
enum {
    ACCESS_READY = 1,  /* its words ready, with the phase of its base register */
    ACCESS_FREE = 2,   /* its words free */
    ACCESS_PACKET = 4, /* a packet of its channel */
    ACCESS_CREDIT = 8, /* a place at the receiver of its channel */
    ACCESS_MEMORY = 16, /* nothing (store ... keep) */
};

/* A function of the vector unit in one pair of formats, filled as arguments come up. */
typedef struct activation_table {
    isa_op op;
    int q_in, q_out;
    int16_t *value; /* 65,536 results; ACTIVATION_UNKNOWN where not yet worked out */
} activation_table;
enum { ACTIVATION_UNKNOWN = -32768 }; /* no result is: they saturate at -32767 */

/*
 * An instruction, decoded once, in one line of the cache. Vector operands are offsets into the
 * core's registers.
 */
struct operation {
    _Alignas(64) insn_handler *handler;
    union {
        union {
            activation_table *table;
            channel *channel;
        } with;
        int32_t extra; /* branch target (relative), second size, or cells of an mcu */
    };
    uint32_t vector[4];
    int32_t imm;           /* immediate, address offset, masks, or first size */
    uint32_t cycles;       /* of its time class */
    uint32_t port_cycles;  /* at the memory port */
    uint32_t touches;      /* bit m * 3 + o: uses registers of operation o of MCU m */
    uint32_t words;
    uint16_t stream;       /* of random draws */
    uint16_t stream_slot;  /* counts how often that stream ran */
    uint8_t op, count;
    uint8_t scalar[3];     /* in the order of the format; an address's base register is one */
    int8_t shift, grid;
    uint8_t access : 5;    /* ACCESS_*, 0: nothing outside its agent */
    bool stochastic : 1;
    bool timed : 1; /* the handler is for control, waits and time; if not, for numbers */
    bool data : 1;  /* has an effect on numbers, and numbers are computed (insn_effect) */
};
_Static_assert(sizeof(operation) == 64, "operations of a program lie line by line");

typedef struct mcu {
    crossbar *crossbar; /* NULL if no matrix sits here, or timing only */
    const image_block *block;
    uint16_t layer;
    uint64_t commits; /* kernels that ended with updates here */
    uint64_t update_cycles; /* that applying them took at halt */
    uint64_t busy[OPERATION_KINDS]; /* scratch of the profile: cycles by operation */
    bool convolution; /* its matrix is one of a conv2d */
    uint64_t error_writes; /* crossbars written with errors (UNIT_MVM), for its column of blocks */
} mcu;

typedef enum agent_state {
    AGENT_RUNS,    /* has an event in the heap */
    AGENT_ACCESSES, /* the same; its instruction ends then */
    AGENT_WAITS_READY,
    AGENT_WAITS_FREE,
    AGENT_WAITS_PACKET,
    AGENT_WAITS_CREDIT,
    AGENT_HALTED,
} agent_state;

/* An instruction that a kernel runs on numbers, or (TRACE_WAIT) what its agent waits for. */
typedef struct trace_step {
    uint32_t what;  /* index of the instruction, or TRACE_WAIT and the index of the other agent */
    uint32_t value; /* address, or how many steps the other agent must have done */
} trace_step;

struct agent {
    tile *tile;
    const operation *code;
    uint64_t *executed; /* per instruction, since emulator_new */
    uint64_t *once;     /* the same, in one kernel */
    const image_agent *source;
    uint32_t index;     /* in the tile: cores first */
    agent_state state;
    uint32_t pc;
    uint64_t now;
    uint32_t address;   /* of the access in progress */
    uint64_t checked;   /* memory.changes when its words were found as they must be */
    uint32_t waits_for; /* address, while waiting for memory */
    int32_t scalar[ISA_SCALARS];
    bool phase[ISA_SCALARS];
    int32_t settled[ISA_SCALARS]; /* what other instructions than sadd, saddi left (steady.h) */
    bool astray;                  /* went round a ring from beyond it */
    trace_step *steps;
    size_t step_count, step_capacity;
    uint64_t waited[TRACE_WAITED]; /* by agent: the latest of its steps that was waited for */
    int16_t *registers; /* cores: general words, then six vectors of each MCU */
    uint32_t data_address; /* of the access whose numbers are being moved */
    uint64_t *stream_runs;
    uint32_t streams;
    mcu *mcus[ISA_MCUS_MAX];
    uint64_t busy_until[MCU_SLOTS];
    uint64_t crossbar_free[ISA_MCUS_MAX]; /* variant 1: MVM and MTVM share it */
    uint64_t updates[ISA_MCUS_MAX];       /* OPAs of this kernel */
    uint64_t active_cycles;               /* all kernels */
    /* only while somebody watches: what it waits for, and its track in the trace file */
    uint64_t held_from;
    uint8_t held_by;
    bool held;
    timeline_track *track;
};

/* What a port sends over a host channel in an example's turn: its packets there, point by point. */
typedef struct host_part {
    uint32_t port, points;
    bool per_kernel; /* in one turn only */
    const image_packet **packets;
    size_t count, capacity;
} host_part;

struct channel {
    uint32_t index; /* in the program */
    tile *from, *to; /* NULL: the host */
    agent *sender, *receiver;
    uint16_t node, tile; /* of the receiver, or of the sender to the host */
    uint8_t number;
    uint32_t places, width; /* longest packet */
    int16_t *ring;      /* places x width words */
    uint32_t *length;   /* of the packet in each place */
    uint64_t *touched;  /* as in memory, for each place; NULL: a channel of the host */
    uint64_t data_sent, data_received; /* packets whose numbers were moved */
    double latency, latency_per_beat;
    uint64_t credit_latency;
    /* the sender's side */
    uint32_t credits;
    uint64_t sent, last_arrival;
    /* the receiver's side */
    uint32_t arrived;
    uint64_t received;
    /* host channels: an example's turn, and its packets with and without those per kernel */
    host_part *parts;
    size_t part_count, part_capacity;
    uint64_t packets_once, packets_each;
    bool once_last; /* outputs: the turn with the per-kernel ports is the last one */
};

typedef struct message {
    uint64_t time;
    uint32_t order; /* event_packet or event_credit */
    tile *to;
} message;

/* An agent goes on when a word has one of these bits (WORD_READY), or none where they are 0. */
typedef struct word_wait {
    uint32_t word, agent;
    uint16_t bits;
} word_wait;

/* The first thing that went wrong in a tile; it stops there. */
typedef struct failure {
    bool set;
    uint64_t time;
    const agent *who; /* NULL: nobody's instruction */
    uint32_t pc;
    char text[FAILURE_TEXT];
} failure;

struct tile {
    emulator *emulator;
    program *program;
    uint16_t node, number;
    agent *agents;
    uint32_t agent_count, running;
    shared_memory memory;
    const image_preset **presets; /* of this tile */
    uint32_t preset_count;
    uint64_t port_free, halted_at;
    bool delayed;         /* emulator_options.delays */
    random_state delays;
    event_heap events;
    word_wait *waits; /* of agents for words of memory */
    uint32_t wait_count;
    uint32_t in_flight; /* most messages that can be under way to it */
    channel *inbound[CHANNELS_MAX], *to_host[CHANNELS_MAX];
    uint64_t active_cycles; /* all kernels */
    uint32_t live;          /* words that hold something, while somebody watches */
    failure failed;
};

struct program {
    const image_entry *entry;
    agent *agents; /* of all tiles, in their order */
    uint32_t agent_count;
    tile *tiles;
    uint32_t tile_count;
    channel **channels;
    size_t channel_count, channel_capacity;
    uint64_t lookahead;
    bool untimed;    /* agents run for as long as they get on (check.c) */
    struct steady *steady; /* what is seen of them meanwhile, or NULL */
    uint32_t given;        /* examples that the host gives */
    uint32_t checked;      /* examples that the last emulator_check executed */
    uint64_t *next;  /* when each tile has its next event, up to a whole group of tiles */
    uint64_t *next_together; /* of each group */
    message *outbox; /* what tiles send each other in this round */
    uint32_t outbox_count;
    /* what the first kernel found out: time and counts are the same every time */
    bool measured, in_pieces;
    uint64_t kernels; /* that ended well */
    uint64_t cycles, repeats; /* kernels since then whose instructions were not counted */
    /* the trace */
    uint64_t steps, cells;
    uint64_t *output_touched; /* as in memory, for each output port */
    agent_progress *progress;
    bool batch_tried;
    batch_plan *batch; /* batch.h; NULL: the trace is executed as it is */
    const int16_t *const *inputs; /* of the kernel that runs */
    int16_t *const *outputs;
};

/* Times of the machine in whole cycles. */
typedef struct cycle_costs {
    uint64_t mvm, mtvm, opa, opa_at_halt, host;
    uint64_t rewrite; /* serial read and write of a crossbar */
} cycle_costs;

/* Counts of events: [layer][operation kind][component]; the joules come at the end. */
typedef uint64_t energy_counts[OPERATION_KINDS][ENERGY_COUNT];

struct emulator {
    arena *memory;
    const machine *machine;
    const image *image;
    const char *path; /* in messages */
    emulator_options options;
    const crossbar_kernel *kernel;
    cycle_costs cost;
    mcu **mcus;   /* [matrix][block] */
    crossbar **crossbars; /* of all MCUs */
    size_t crossbar_count, crossbar_capacity;
    mcu **mcu_at; /* by node, tile, core, MCU: NULL where no matrix sits */
    activation_table **tables;
    size_t table_count, table_capacity;
    program *programs; /* one per entry */
    pool *pool; /* NULL until it is needed */
    uint64_t step, limit; /* number of the kernel that runs; the last cycle of any */
    /* totals that are not counted per instruction */
    uint64_t cycles, kernels, last_kernel_cycles, host_crs;
    energy_counts *energy; /* per layer */
    double *by_layer;
    emulator_totals totals;
    emulator_profile *profile; /* NULL until somebody asks */
    watch *watch;              /* NULL: nobody watches */
};

/* Notes the first failure of a tile: time and instruction are the agent's, or the tile's (NULL). */
void tile_fail(tile *t, const agent *who, uint64_t time, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Extra cycles of what happens next in a tile: 0, unless emulator_options.delays asks for some. */
uint64_t delay_next(tile *t);
static inline uint64_t tile_delay(tile *t)
{
    return t->delayed ? delay_next(t) : 0;
}

/* Whole cycles, rounded up. */
uint64_t whole_cycles(double cycles);

#endif
