#include "frontend/cli/cli.h"
#include "frontend/report/report.h"

typedef struct report_job {
    arena *memory;
    const report_run **runs;
    size_t count;
} report_job;

static void print_page(void *context, FILE *out)
{
    const report_job *j = context;
    if (j->count == 1)
        report_page(j->memory, j->runs[0], out);
    else
        report_compare_page(j->memory, j->runs, j->count, out);
}

/* A page with -o; the table in any case, unless -q says that the page is enough. */
exit_status report_command_run(cli *c)
{
    report_job j = {c->memory, ARENA_ARRAY(c->memory, const report_run *, c->operand_count), 0};
    for (int i = 0; i < c->operand_count; i++) {
        size_t length;
        char *text = cli_read(c, c->operands[i], &length);
        const report_run *run =
            text ? report_read(c->memory, c->d, c->operands[i], text, length) : NULL;
        if (run)
            j.runs[j.count++] = run;
    }
    if (diag_errors(c->d) > 0)
        return EXIT_INPUT;
    const char *page = c->values[OPTION_OUTPUT];
    if (page && !cli_save(c, page, print_page, &j))
        return EXIT_INPUT;
    if (c->given[OPTION_QUIET])
        return EXIT_DONE;
    if (j.count == 1)
        report_text(c->memory, j.runs[0], stdout);
    else
        report_compare_text(c->memory, j.runs, j.count, stdout);
    return EXIT_DONE;
}
