/*
 * What a kernel does to numbers, written down while its time is worked out.
 *
 * Time never depends on numbers (README.md), so the two are separated: the event loop moves words
 * without their values, and notes for every agent which instructions with an effect on numbers it
 * ran, in order, and what they had to wait for. replay.h then executes these notes, on as many
 * threads as there are, as often as the kernel is run.
 *
 * A step that touches memory or a channel waits for the step that touched one of its words (its
 * place in the channel) last, if that was another agent's: the order that the event loop found, and
 * nothing more. Readers of the same word wait for each other too, which keeps one name per word.
 */
#ifndef PANTHER_EMULATOR_TRACE_H
#define PANTHER_EMULATOR_TRACE_H

#include "emulator/state.h"

enum {
    TRACE_STEPS = 1 << 24, /* a longer kernel is traced and executed piece by piece, every time */
    TRACE_PIECE = 1 << 18, /* steps of such a piece */
};
#define TRACE_WAIT 0x80000000u

/* Forgets the steps of a program: after each piece, and before its memory is reset for a kernel. */
void trace_clear(program *p);

/* Notes the instruction that has just taken effect. */
void trace_note(agent *a, const operation *op);

#endif
