/* Inside the tune pass. */
#ifndef PANTHER_PASSES_TUNE_H
#define PANTHER_PASSES_TUNE_H

#include "passes/passes.h"

/* A copy of the module, compiled up to its memory with a candidate. */
typedef struct tune_trial {
    pass_context context;
    machine roomy; /* the log of a batch that the program does not have is no obstacle */
    bool cut;      /* to blocks */
    bool scheduled;
} tune_trial;

void tune_trial_open(tune_trial *t, const pass_context *c, const pass_tuning *candidate,
                     uint32_t batch);
bool tune_trial_fits(tune_trial *t);
void tune_trial_close(tune_trial *t);

/*
 * tune_spread.c: maps take memory, and tiles have little. Where they do not fit, matrices that ask for
 * most of an over-full tile get tiles of their own.
 */
void tune_spread(pass_context *c);

#endif
