/* The numbers of a chip file as rows. Private to passes/plan/chip*.c. */
#ifndef PANTHER_PASSES_PLAN_CHIP_SCHEMA_H
#define PANTHER_PASSES_PLAN_CHIP_SCHEMA_H

#include "passes/plan/model.h"

typedef struct chip_number {
    const char *group, *key;
    size_t offset; /* in plan_chip */
    bool real;     /* a double, else an int64_t */
    bool needed;
    double least, most;
} chip_number;

extern const chip_number chip_numbers[];
extern const size_t chip_number_count;

double chip_number_value(const plan_chip *c, const chip_number *n);

#endif
