/*
 * The emulator: runs a program image on a machine; numbers, cycles and energy from one execution.
 *
 * An emulator holds the state that outlives a kernel (the digits of all crossbars, counters) and is
 * planned once, by emulator_new; later only traces grow. A kernel is one invocation of an entry of
 * the image. Control flow and blocking never depend on data, so the same entry takes the same
 * cycles every time: they are worked out once, and every kernel then computes its numbers on as many
 * threads as there are (trace.h). Neither can be seen in any result. The threads end with `memory`.
 */
#ifndef PANTHER_EMULATOR_EMULATOR_H
#define PANTHER_EMULATOR_EMULATOR_H

#include "isa/image.h"
#include "isa/machine.h"
#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct emulator emulator;

typedef struct emulator_options {
    uint64_t seed;      /* of random rounding and `rand` */
    int threads;        /* of the host; 0: one per processor where a kernel is worth it */
    bool timing_only;   /* no data: numbers are not computed, cycles and counts are */
    uint64_t trace_steps; /* a longer kernel is traced in pieces (trace.h); 0: 16 million */
    int together;         /* products in batches (batch.h): -1 never, 1 always, 0 if useful */
    bool measure_each;  /* work out the time of every kernel, and compare it with the first's */
    uint64_t max_cycles; /* a kernel that runs longer is stopped with an error; 0: 10^11 */
    bool wear;          /* count how often cells are rewritten (costs about as much as updates do) */
    bool watch;         /* note waits, timelines and memory (observe/profile.h) */
    struct timeline *timeline; /* a trace file to write to (observe/timeline.h), or NULL */
    /* for tests: no delays change what a program computes, if words are ready in one phase only */
    uint64_t delays;     /* seed of extra cycles of instructions, port grants, messages; 0: none */
    bool ignore_phases;  /* counted words are ready whatever the reader's phase */
    bool check_all;      /* emulator_check executes every example */
} emulator_options;

/*
 * NULL with errors in d if the image cannot run on this machine. Image and machine must outlive the
 * emulator; everything it allocates lives in `memory`.
 */
emulator *emulator_new(arena *memory, const machine *m, const image *im,
                       const emulator_options *options, diag *d, const char *path);

/*
 * Runs one kernel. inputs[p]: words of the entry's input port p, batch x elements (elements only if
 * the port is per kernel), already in the port's format (one-hot ports too). outputs[p] likewise are
 * filled. Both may be NULL when timing only. step: the number of this kernel in the run (part of the
 * key of random draws). EXIT_DONE, or EXIT_PROGRAM with the reason in d (deadlock: who waits on
 * what; overflow; bad memory access; words or packets left over at halt).
 */
exit_status emulator_run(emulator *e, uint32_t entry, uint64_t step, const int16_t *const *inputs,
                         int16_t *const *outputs, diag *d);

/*
 * Whether a kernel of the entry would come to its end, with nothing left over: EXIT_DONE, or
 * EXIT_PROGRAM with the reason in d. Only for emulators that are timing only. An example takes half
 * of emulator_run's time, since no cycles are worked out, and examples that must go as the one before
 * them are not executed (steady.h). It leaves no trace in any result.
 */
exit_status emulator_check(emulator *e, uint32_t entry, diag *d);

/* How many examples of the batch the last emulator_check of the entry executed. */
uint32_t emulator_examples_checked(const emulator *e, uint32_t entry);

/* Weights as integers W (value = W / 2^q), rows (inputs) x columns (outputs), row-major. */
void emulator_write_matrix(emulator *e, uint32_t matrix, const int64_t *w);
void emulator_read_matrix(const emulator *e, uint32_t matrix, int64_t *w);

/*
 * The digits of one block, slices x rows x columns (digit_array order): what a checkpoint must hold
 * for a resumed run to give the same bits.
 */
void emulator_write_digits(emulator *e, uint32_t matrix, uint32_t block, const int16_t *digits);
void emulator_read_digits(const emulator *e, uint32_t matrix, uint32_t block, int16_t *digits);

/* Carry resolution of all crossbars, by the host between kernels; time and energy are charged. */
void emulator_crs(emulator *e);

/*
 * Fidelity device: what digits do not hold, and a checkpoint needs. residues: as digits; events: the
 * block's, four numbers. emulator_has_cells says whether there is such a state at all (some knob of
 * the machine's group `device` is on); restore sets digits and levels without programming them.
 */
enum { CELL_EVENTS = 4 };
bool emulator_has_cells(const emulator *e);
void emulator_save_cells(const emulator *e, uint32_t matrix, uint32_t block, int16_t *residues,
                         uint64_t events[CELL_EVENTS]);
void emulator_restore_cells(emulator *e, uint32_t matrix, uint32_t block, const int16_t *digits,
                            const int16_t *residues, const uint64_t events[CELL_EVENTS]);

/* Cells of one slice, all crossbars: sums, and the cell with the most (crossbar/wear.h). */
typedef struct slice_wear {
    uint64_t cells, writes, most_writes;
    double switches, most_switches;
} slice_wear;

/*
 * Years that cells last, as section 7.8 of the PANTHER paper counts: 1,000 trainings per year of 100
 * epochs of 1M examples, half of the life lost to trainings that fail. endurance: full switches of a
 * cell; switches: of one cell per example. Infinite if nothing wears.
 */
double wear_lifetime_years(double endurance, double switches);

/* Counters since emulator_new; all cumulative. Energies in pJ. */
typedef struct emulator_totals {
    uint64_t cycles; /* simulated, kernels one after the other */
    uint64_t kernels, instructions, mcu_instructions, mvm, mtvm, opa, crs;
    uint64_t words_read, words_written; /* of shared memory, by cores */
    uint64_t operand_words; /* of those read: go to an MCU as they are */
    uint64_t adc_clips;
    uint64_t slice_saturation[SLICES_MAX];
    bool wear_counted;
    slice_wear wear[SLICES_MAX];
    double energy_pj;  /* dynamic */
    double leakage_pj;
    double by_component[ENERGY_COUNT];
    const double *by_layer; /* image.layer_count entries */
    /* MVM, MTVM, OPA, CRS, vector, memory, network, control */
    double by_operation[8];
    uint64_t last_kernel_cycles;
} emulator_totals;

enum {
    OPERATION_MVM, OPERATION_MTVM, OPERATION_OPA, OPERATION_CRS,
    OPERATION_VECTOR, OPERATION_MEMORY, OPERATION_NETWORK, OPERATION_CONTROL,
    OPERATION_KINDS
};
extern const char *const operation_names[OPERATION_KINDS];

const emulator_totals *emulator_statistics(emulator *e);

#endif
