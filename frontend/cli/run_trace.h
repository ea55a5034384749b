/* The trace file of a run: opened before the emulator is planned, closed when the run is over. */
#ifndef PANTHER_FRONTEND_CLI_RUN_TRACE_H
#define PANTHER_FRONTEND_CLI_RUN_TRACE_H

#include "emulator/observe/timeline.h"
#include "frontend/cli/cli.h"

/* *t is NULL if no trace was asked for. False with an error; status says of which kind. */
bool run_trace_open(cli *c, bool emulated, timeline **t, exit_status *status);

/*
 * A run that failed in the emulated program leaves its trace, so that one can see why; after other
 * errors nothing is left. Returns the status of the run, or that of a trace that was not written.
 */
exit_status run_trace_close(cli *c, timeline *t, exit_status status);

#endif
