/*
 * The machine: one YAML file, read by compiler and emulator alike. Everything is a number there;
 * nothing about the machine is compiled in. Loaded with libcyaml (line and column in errors), then
 * checked as a whole: a missing or unknown time class or energy component is an error.
 */
#ifndef PANTHER_ISA_MACHINE_H
#define PANTHER_ISA_MACHINE_H

#include "isa/device.h"
#include "isa/isa.h"
#include "isa/support/arena.h"
#include "isa/support/diag.h"
#include "isa/support/sliced.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum energy_component {
#define ENERGY(name, unit, meaning) ENERGY_##name,
#include "isa/costs.def"
#undef ENERGY
    ENERGY_COUNT
} energy_component;

typedef enum mcu_issue { ISSUE_BLOCKING, ISSUE_OVERLAPPED } mcu_issue;

/*
 * What carries out the matrix operations of an MCU. Crossbars do, unless the machine is one of
 * those that PANTHER is compared with (section 6.3): updates are exact then.
 */
typedef enum matrix_unit {
    UNIT_CROSSBAR,
    UNIT_DIGITAL, /* multiply-accumulate units; products: the weights are in SRAM beside them */
    UNIT_MVM,     /* updates of convolutions: MVMs with each example's error, written serially */
} matrix_unit;

/* A read and a write of one crossbar: one after the other, or row by row at the same time. */
typedef enum rewrite_order { REWRITE_SEQUENTIAL, REWRITE_PIPELINED } rewrite_order;

typedef struct matrix_units {
    matrix_unit products; /* MVM and MTVM: crossbar or digital */
    matrix_unit updates;  /* OPA: any; digital and mvm rewrite crossbars at halt */
    rewrite_order rewrite;
} matrix_units;

extern const char *const mcu_issue_names[2];
extern const char *const matrix_unit_names[3];
extern const char *const rewrite_order_names[2];
extern const char *const rounding_names[3];
extern const char *const time_class_names[TIME_CLASS_COUNT];
extern const char *const energy_component_names[ENERGY_COUNT];

typedef struct machine_time {
    double fixed;           /* cycles */
    double words_per_cycle; /* 0: the width does not matter */
    const char *source;     /* provenance, as in the file */
} machine_time;

typedef struct machine_energy {
    double pj;          /* per count */
    const char *source; /* provenance, as in the file */
} machine_energy;

typedef struct machine {
    const char *name, *path;
    /* hierarchy */
    int nodes;
    int mesh_width;          /* tiles per row of the mesh */
    int tiles;               /* per node */
    int cores;               /* per tile */
    int mcus;                /* per core, at most ISA_MCUS_MAX */
    int control_threads;     /* per tile */
    int channels;            /* per tile, at most 256 */
    int channel_places;      /* packets a channel holds before `send` waits */
    int memory_words;        /* shared memory of a tile, 16-bit words */
    int vector_words;        /* general vector registers of a core */
    int scalar_registers;    /* at most ISA_SCALARS */
    int core_instructions;   /* entries of a core's instruction memory */
    int thread_instructions; /* entries of a control thread's */
    bool operand_log_unlimited; /* variants 1 and 2: the log of OPA operands takes no memory */
    /* crossbars */
    slicing slices;
    int variant; /* 1, 2, 3 */
    mcu_issue issue;
    fidelity fidelity;
    opa_mode opa_mode;
    update_rounding rounding;
    int crs_period; /* in OPAs (examples); 0 = never */
    int input_bits; /* cycles streamed per MVM, for time and energy (16) */
    matrix_units units;
    /* default formats (arithmetic.md) */
    int q_activation, q_weight, q_error;
    /* time, in cycles unless said otherwise */
    double clock_ghz;
    machine_time time[TIME_CLASS_COUNT];
    double t_mvm, t_mtvm;          /* one operation */
    double t_opa;                  /* one outer product on the crossbar */
    double t_opa_log;              /* variants 1, 2: capture of the operands while the kernel runs */
    double t_serial_read, t_serial_write; /* one crossbar, all slices in parallel */
    int memory_beat_words;         /* words per beat of the shared memory port */
    double memory_beat_cycles;     /* the port is taken this long per beat */
    double network_fixed, network_per_hop, network_per_beat; /* tile to tile of one node */
    double node_link_fixed, node_link_per_beat;              /* between nodes, added to the above */
    double host_latency;           /* host to a tile and back */
    /* energy */
    machine_energy energy[ENERGY_COUNT];
    int opa_copies;                       /* crossbar copies charged per OPA */
    double adc_growth;                    /* energy of a converter with one bit more */
    double leak_core_mw, leak_tile_mw, leak_router_mw; /* while active */
    /* cells, for FIDELITY_DEVICE */
    device_settings device;
} machine;

/*
 * Reads and checks a machine file. NULL (with errors in d) if it cannot be used. The built-in search
 * for a bare name ("panther") belongs to the command line, not here.
 */
machine *machine_load(arena *memory, diag *d, const char *path);

/* The same from text; path is used in messages only. */
machine *machine_parse(arena *memory, diag *d, const char *path, const char *text, size_t length);

/* "44466555" -> bits; NULL if all is well, else a sentence. Sets slices and bits only. */
const char *slicing_parse(slicing *s, const char *text);
const char *slicing_text(arena *memory, const slicing *s);

/*
 * pJ of one count of a component. That of `adc` follows from the slices: a slice of b bits is read
 * by a converter of b + adc_extra_bits bits, and each bit above 8 multiplies its energy by adc_growth
 * (mean over the slices, because an MVM counts once per slice).
 */
double machine_price(const machine *m, energy_component c);

/* False for the components of digital units on a machine without them. */
bool machine_needs(const machine *m, energy_component c);

/* Checks values that command-line options may have changed; NULL or a sentence. */
const char *machine_check(arena *memory, const machine *m);

/* Writes the machine back as YAML that machine_load reads. */
void machine_print(const machine *m, FILE *out);

/*
 * Fingerprint: the parameters that compiled code depends on, one "name=value" per line, in a fixed
 * order. Variant, fidelity, times and energies are not part of it: an image runs on all of them.
 */
const char *machine_fingerprint(arena *memory, const machine *m);

#endif
