/* The page of one run: what it was, and its figures section by section. */
#include "frontend/report/sections.h"

#include <math.h>
#include <string.h>

static void put_card(page *p, const char *name, const char *value)
{
    if (!*value)
        return;
    fputs("<div class=\"card\"><b>", p->out);
    put_escaped(p, value);
    fputs("</b><span>", p->out);
    put_escaped(p, name);
    fputs("</span></div>\n", p->out);
}

static const char *seconds_text(arena *memory, double v)
{
    return v >= 1 ? arena_printf(memory, "%.4g s", v)
           : v >= 1e-3 ? arena_printf(memory, "%.4g ms", v * 1e3)
                       : arena_printf(memory, "%.4g us", v * 1e6);
}

/* The mean over all MCUs that hold a matrix, of all simulated cycles. */
static double occupancy(const report_run *r)
{
    const cJSON *tile;
    double busy = 0, mcus = 0;
    cJSON_ArrayForEach(tile, run_member(r->root, "tiles"))
    {
        busy += section_tile_busy(tile);
        mcus += run_number(tile, "mcus");
    }
    return busy / (mcus * run_number(r->root, "cycles"));
}

static void put_cards(page *p, const report_run *r)
{
    arena *m = p->memory;
    const cJSON *root = r->root;
    fputs("<div class=\"cards\">\n", p->out);
    if (run_has(root, "cycles")) {
        put_card(p, "simulated cycles", figure_short(m, FIGURE_COUNT, run_number(root, "cycles")));
        put_card(p, "simulated time", seconds_text(m, run_number(root, "seconds")));
        put_card(p, "energy",
                 figure_text(m, FIGURE_ENERGY,
                             run_number(run_member(root, "energy_fj"), "total")));
        put_card(p, "kernels", figure_text(m, FIGURE_COUNT, run_number(root, "kernels")));
        put_card(p, "cycles of the first kernel",
                 figure_text(m, FIGURE_COUNT, run_number(root, "cycles_per_kernel")));
        put_card(p, "MCUs at work, mean", figure_text(m, FIGURE_SHARE, occupancy(r)));
    }
    put_card(p, "training loss, last", figure_text(m, FIGURE_PLAIN,
                                                   run_last(run_member(root, "train_loss"))));
    put_card(p, "test accuracy, last", figure_text(m, FIGURE_SHARE,
                                                   run_last(run_member(root, "test_accuracy"))));
    put_card(p, "time on this host", seconds_text(m, run_number(root, "host_seconds")));
    fputs("</div>\n", p->out);
}

static void put_identity(page *p, const report_run *r)
{
    const cJSON *machine = run_member(r->root, "machine");
    const char *columns[] = {"", "value"};
    const struct {
        const char *name, *value;
    } rows[] = {{"version", run_string(r->root, "panther")},
                {"engine", run_string(r->root, "engine")},
                {"seed", figure_exact(p->memory, run_number(r->root, "seed"))},
                {"machine", run_string(machine, "name")},
                {"machine file", run_string(machine, "file")},
                {"variant", figure_exact(p->memory, run_number(machine, "variant"))},
                {"slices", run_string(machine, "slices")},
                {"opa mode", run_string(machine, "opa_mode")},
                {"fidelity", run_string(machine, "fidelity")},
                {"operand log", run_string(machine, "operand_log")},
                {"clock (GHz)", figure_exact(p->memory, run_number(machine, "clock_ghz"))}};
    fputs("<pre><code>", p->out);
    put_escaped(p, run_string(r->root, "command"));
    fputs("</code></pre>\n", p->out);
    fprintf(p->out, "<p class=\"note\">panther %s, machine ", run_string(r->root, "panther"));
    put_escaped(p, run_string(machine, "name"));
    fprintf(p->out, ", variant %.0f, slices ", run_number(machine, "variant"));
    put_escaped(p, run_string(machine, "slices"));
    fputs(", opa mode ", p->out);
    put_escaped(p, run_string(machine, "opa_mode"));
    fputs(", fidelity ", p->out);
    put_escaped(p, run_string(machine, "fidelity"));
    fputs("</p>\n", p->out);
    table_begin(p, "identity", "what ran", columns, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        table_row(p, rows[i].name);
        table_text(p, rows[i].value);
        table_row_end(p);
    }
    table_end(p);
}

static void put_machine(page *p, const report_run *r)
{
    const char *text = run_string(run_member(r->root, "machine"), "text");
    put_section(p, "machine", "Machine file");
    put_note(p, "The machine as it ran, with what the program and the command line changed.");
    fputs("<details><summary>Machine file</summary><pre tabindex=\"0\"><code>", p->out);
    put_escaped(p, text);
    fputs("</code></pre></details>\n", p->out);
}

static void put_navigation(page *p)
{
    static const char *const names[] = {"learning", "cycles", "energy",     "occupancy",
                                        "memory",   "saturation", "wear",       "machine"};
    fputs("<nav aria-label=\"Sections\">", p->out);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fprintf(p->out, "<a href=\"#%s\">%s</a>", names[i], names[i]);
    fputs("</nav>\n", p->out);
}

void report_page(arena *memory, const report_run *run, FILE *out)
{
    page p = {.out = out, .memory = memory};
    const char *program = run_string(run->root, "program");
    const char *title = arena_printf(memory, "Run of %s", *program ? program : run->label);
    put_head(&p, title);
    fputs("<h1>", out);
    put_escaped(&p, title);
    fputs("</h1>\n", out);
    put_identity(&p, run);
    put_cards(&p, run);
    put_navigation(&p);
    section_learning(&p, run);
    section_cycles(&p, run);
    section_energy(&p, run);
    section_occupancy(&p, run);
    section_memory(&p, run);
    section_saturation(&p, run);
    section_wear(&p, run);
    put_machine(&p, run);
    put_tail(&p, run->text, run->length);
}
