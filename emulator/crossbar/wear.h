/*
 * Wear: how often and how far the cells of a crossbar were rewritten by outer products and carry
 * resolutions (not by first weights). A write is counted where the level of a cell changed; a full
 * switch is a change by the whole range of its levels, in whatever steps. Every outer product is
 * looked at on its own, cell by cell: a training run is four to five times slower.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_WEAR_H
#define PANTHER_EMULATOR_CROSSBAR_WEAR_H

#include "emulator/crossbar/crossbar.h"
#include "emulator/emulator.h"

struct crossbar_wear {
    uint32_t *writes; /* per cell, padded like the digits */
    uint64_t *travel; /* per cell: sum of |change|, in 1/65536 level */
    int32_t *last;    /* per cell: its level at the end of what was counted */
    bool stale;       /* last is not: digits were set, or updates were dropped */
};

/* Nothing is counted on a crossbar without this. */
void wear_attach(arena *memory, crossbar *x);

/* What changed since the last call, or since the digits were set, was not wear (begin), or was. */
void wear_begin(crossbar *x);
void wear_note(crossbar *x, crossbar_cells *cells);

/* Works off the log one outer product at a time. */
void wear_opas(crossbar *x, crossbar_cells *cells);

/* Adds a crossbar's cells to figures per slice. */
void wear_collect(const crossbar *x, slice_wear *figures);

#endif
