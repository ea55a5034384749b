/*
 * Fidelity `device`: cells with an analog level, disturbed as the machine file's group `device` says.
 * DEVICE.md has the formulas and their sources.
 *
 * A crossbar with a device keeps the level of every cell beside its digits; the digits are always the
 * levels, rounded. Its kernel is replaced by one that pulses levels and reads them through noise.
 * There is one implementation for all processors, and every random number is a function of (seed,
 * what it is for, block, number of the event in this block, cell or conversion), so results depend
 * neither on the kernel below, nor on threads, nor on when an MVM is evaluated, as long as the
 * operations of one block and direction keep their order.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_DEVICE_H
#define PANTHER_EMULATOR_CROSSBAR_DEVICE_H

#include "emulator/crossbar/crossbar.h"
#include "isa/device.h"

enum { DEVICE_LEVEL_BITS = 16 }; /* fraction bits of a level */

/* Events of a block so far; part of the keys of later draws, so a checkpoint must hold them. */
typedef struct device_events {
    uint64_t reads[2]; /* MVM, MTVM */
    uint64_t updates;  /* outer products */
    uint64_t writes;   /* serial writes */
} device_events;

/*
 * Gives the cells of a crossbar, which nothing has been written to yet, the settings' behaviour.
 * Nothing happens if no knob disturbs anything. seed: of the run; block: which crossbar of the
 * machine. OPA_IDEAL has no cells, so it must not be the mode.
 */
void device_attach(arena *memory, crossbar *x, const device_settings *settings, uint64_t seed,
                   uint64_t block);

/* The simulated time from now on, in seconds; it must not go back. For drift. */
void device_time(crossbar *x, double seconds);

/* Serial writes: the digits of one cell, or of all, were set and are to be programmed. */
void device_program_cell(crossbar *x, int i, int j);
void device_program(crossbar *x);

/* Carry resolution: serial read, canonical digits, serial write of the cells that change. */
void device_crs(crossbar *x);

/*
 * What digits do not hold: level - digit in 1/65536 (slices x rows x columns), and the events. The
 * write sets digits and levels as they are, without programming them.
 */
device_events device_save(const crossbar *x, int16_t *residues);
void device_restore(crossbar *x, const int16_t *digits, const int16_t *residues,
                    device_events events);

#endif
