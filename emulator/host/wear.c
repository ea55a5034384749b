/* How cells wore out in a run: per slice, and how long they last at this rate. */
#include "emulator/host/run.h"

wear_summary wear_summarise(const slice_wear *w, double endurance, double examples)
{
    double cells = w->cells ? (double)w->cells : 1;
    wear_summary s = {.mean_writes = (double)w->writes / cells,
                      .most_writes = (double)w->most_writes,
                      .mean_switches = w->switches / cells,
                      .most_switches = w->most_switches};
    s.mean_years = wear_lifetime_years(endurance, s.mean_switches / examples);
    s.worst_years = wear_lifetime_years(endurance, s.most_switches / examples);
    return s;
}

static void print_years(FILE *out, double years)
{
    if (isfinite(years))
        fprintf(out, " %10.3g", years);
    else
        fputs("          -", out);
}

void report_wear(const host *h, const emulator_totals *t)
{
    const machine *m = h->e->machine;
    double endurance = device_value(&m->device, DEVICE_endurance, WEAR_ENDURANCE);
    FILE *out = h->o->out;
    fprintf(out,
            "wear       per cell; full switches are changes by the whole range of levels; years: "
            "%g of them,\n           1e11 examples per year, half lost (PANTHER section 7.8)\n",
            endurance);
    fputs("           slice     writes: mean     most   switches: mean      most  years: mean"
          "      worst\n", out);
    for (int s = m->slices.slices - 1; s >= 0; s--) {
        wear_summary w = wear_summarise(&t->wear[s], endurance, (double)h->examples);
        fprintf(out, "           %5d %16.4g %8.0f %16.4g %9.4g ", s, w.mean_writes, w.most_writes,
                w.mean_switches, w.most_switches);
        print_years(out, w.mean_years);
        print_years(out, w.worst_years);
        fputc('\n', out);
    }
}
