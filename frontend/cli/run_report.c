#include "frontend/cli/run_report.h"

#include "frontend/report/report.h"

#include <string.h>

typedef struct page_of_run {
    arena *memory;
    const report_run *run;
} page_of_run;

static void print_page(void *context, FILE *out)
{
    const page_of_run *p = context;
    report_page(p->memory, p->run, out);
}

bool run_report_write(void *context, const char *json)
{
    cli *c = context;
    const char *path = c->values[OPTION_REPORT];
    arena *scratch = arena_new();
    const report_run *run = report_read(scratch, c->d, path, json, strlen(json));
    page_of_run page = {scratch, run};
    bool good = run && cli_save(c, path, print_page, &page);
    arena_free(scratch);
    if (good && !c->given[OPTION_QUIET])
        printf("report     %s\n", path);
    return good;
}
