/* --report of run: the page is made from the statistics when the run is over. */
#ifndef PANTHER_FRONTEND_CLI_RUN_REPORT_H
#define PANTHER_FRONTEND_CLI_RUN_REPORT_H

#include "frontend/cli/cli.h"

/* For host_options.on_statistics; the context is the cli. */
bool run_report_write(void *context, const char *json);

#endif
