/* --trace and --trace-filter of run. */
#include "frontend/cli/run_trace.h"

#include <stdio.h>

bool run_trace_open(cli *c, bool emulated, timeline **t, exit_status *status)
{
    const char *path = c->values[OPTION_TRACE], *error = NULL;
    timeline_filter filter;
    *t = NULL;
    *status = EXIT_USAGE;
    if (!path && c->given[OPTION_TRACE_FILTER]) {
        cli_usage(c, "--trace-filter says what --trace FILE holds, which is not given");
        return false;
    }
    if (path && !emulated) {
        cli_usage(c, "--trace: an interpreter counts no cycles");
        return false;
    }
    if (path)
        error = timeline_filter_parse(c->memory, c->values[OPTION_TRACE_FILTER], &filter);
    if (error) {
        cli_usage(c, "--trace-filter: %s", error);
        return false;
    }
    *status = EXIT_INPUT;
    if (path && !(*t = timeline_open(c->memory, path, &filter, &error)))
        diag_file_error(c->d, path, "%s", error);
    return !error;
}

exit_status run_trace_close(cli *c, timeline *t, exit_status status)
{
    timeline_summary s;
    const char *path = c->values[OPTION_TRACE];
    if (!t)
        return status;
    const char *error = timeline_close(t, status == EXIT_DONE || status == EXIT_PROGRAM, &s);
    if (error) {
        diag_file_error(c->d, path, "%s", error);
        return status == EXIT_DONE ? EXIT_INPUT : status;
    }
    if (status != EXIT_DONE || c->given[OPTION_QUIET])
        return status;
    printf("trace      %s: %llu slices, %.1f MiB of JSON\n", path, (unsigned long long)s.slices,
           (double)s.bytes / (1 << 20));
    if (s.dropped_slices)
        printf("           its cap left out %llu slices from cycle %llu on, among them those of "
               "%llu whole kernels;\n           limit=MIB in --trace-filter raises it\n",
               (unsigned long long)s.dropped_slices, (unsigned long long)s.dropped_from,
               (unsigned long long)s.dropped_kernels);
    return status;
}
