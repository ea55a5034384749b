/* The sections of a run's page. Each writes nothing, or says so, where nothing was measured. */
#ifndef PANTHER_FRONTEND_REPORT_SECTIONS_H
#define PANTHER_FRONTEND_REPORT_SECTIONS_H

#include "frontend/report/chart.h"
#include "frontend/report/run.h"

void section_learning(page *p, const report_run *r);
void section_cycles(page *p, const report_run *r);
void section_energy(page *p, const report_run *r);
void section_occupancy(page *p, const report_run *r);
void section_memory(page *p, const report_run *r);
void section_saturation(page *p, const report_run *r);
void section_wear(page *p, const report_run *r);

/* A breakdown: bars, and a table with shares and the total. how: FIGURE_COUNT or FIGURE_ENERGY. */
void section_breakdown(page *p, const char *id, const char *title, figure how, const char *unit,
                       const cJSON *table);

/* Cycles in which the MCUs of a tile work. */
double section_tile_busy(const cJSON *tile);

#endif
