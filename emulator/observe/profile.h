/*
 * Where cycles and energy went. Busy cycles and energy follow from how often each instruction ran,
 * so they are there for every run; waits, timelines and live words are noted while a kernel's time
 * is worked out, if emulator_options.watch asks for it (watch.h).
 *
 * All figures are whole numbers (cycles, femtojoules), so that every way of adding them up gives
 * the same total to the last digit.
 */
#ifndef PANTHER_EMULATOR_OBSERVE_PROFILE_H
#define PANTHER_EMULATOR_OBSERVE_PROFILE_H

#include "emulator/emulator.h"

/* What can be busy; each is a track of the trace. */
typedef enum unit_kind {
    UNIT_CORE,   /* issuing and executing, without waits for its own MCUs */
    UNIT_THREAD, /* control threads of tiles */
    UNIT_MCU,    /* each operation of each MCU: those of variants 2 and 3 may overlap */
    UNIT_PORT,   /* the memory port of a tile */
    UNIT_KINDS
} unit_kind;
extern const char *const unit_names[UNIT_KINDS];

typedef enum wait_cause {
    WAIT_DATA,   /* words that nobody has written yet */
    WAIT_FREE,   /* words that somebody has yet to read */
    WAIT_PACKET, /* a packet of a channel */
    WAIT_CREDIT, /* a place at the receiver */
    WAIT_PORT,   /* the memory port */
    WAIT_MCU,    /* an operation of the core's own MCUs */
    WAIT_CAUSES
} wait_cause;
extern const char *const wait_names[WAIT_CAUSES];

/* Leakage is the last component and the last operation. */
enum {
    PROFILE_COMPONENTS = ENERGY_COUNT + 1,
    PROFILE_OPERATIONS = OPERATION_KINDS + 1,
    MCU_WORK = 4, /* MVM, MTVM, OPA, CRS: the first operation kinds */
    TIMELINE_BINS = 240,
};

typedef struct layer_profile {
    uint64_t energy[PROFILE_OPERATIONS][PROFILE_COMPONENTS]; /* fJ */
    uint64_t busy[OPERATION_KINDS][UNIT_KINDS];
    uint64_t waits[WAIT_CAUSES];  /* of cores and threads; only if watched */
    uint32_t mcus;                /* that hold its matrices */
    uint64_t busiest_mcu;         /* cycles of the MCU that worked longest */
    uint64_t adc_clips;
} layer_profile;

typedef struct tile_profile {
    uint16_t node, tile;
    uint32_t mcus;
    uint64_t busy[MCU_WORK];
    uint64_t words_used, words_live; /* watched: end of the highest word; most full at once */
} tile_profile;

/* How busy the MCUs are in the course of one kernel, in bins of equal width. */
typedef struct entry_profile {
    uint64_t kernels, cycles; /* cycles: of one kernel */
    bool watched;
    uint64_t bin_cycles;
    uint64_t busy[MCU_WORK][TIMELINE_BINS];
} entry_profile;

typedef struct emulator_profile {
    bool watched;
    layer_profile *layers; /* image.layer_count, at least 1 */
    uint32_t layer_count;
    tile_profile *tiles;
    uint32_t tile_count;
    entry_profile *entries; /* image.entry_count */
    uint64_t crs_cycles;    /* simulated cycles of the host's carry resolutions */
    uint64_t active_cycles; /* cores and threads, until they halted */
} emulator_profile;

/* Everything since emulator_new; valid until the next call. */
const emulator_profile *emulator_profile_of(emulator *e);

/* Sums over all crossbars that are cheap to read in the middle of a run. */
typedef struct emulator_sample {
    uint64_t slice_saturation[SLICES_MAX], adc_clips, crs;
} emulator_sample;
void emulator_sample_now(const emulator *e, emulator_sample *to);

#endif
