/* Inside the library: what its handles are, and how messages reach panther_messages. */
#ifndef PANTHER_FRONTEND_LIBRARY_LIBRARY_H
#define PANTHER_FRONTEND_LIBRARY_LIBRARY_H

#include "emulator/host/host.h"
#include "frontend/library/panther.h"
#include "isa/image.h"
#include "isa/machine.h"

struct panther {
    char *messages; /* of malloc; never NULL */
    panther_image *images;
};

struct panther_image {
    panther *owner;
    panther_image *next;
    panther_emulator *emulators;
    arena *memory;
    source_set *sources;
    diag *d;
    image *im;
    machine *machine;
    panther_tensor *tensors;
    size_t tensor_count, tensor_capacity;
};

/* Values that one entry takes and gives. */
typedef struct entry_values {
    double **inputs, **outputs; /* by port */
    bool ran;
} entry_values;

struct panther_emulator {
    panther *owner;
    panther_image *image;
    panther_emulator *next;
    arena *memory;
    diag *d;
    engine *engine;
    entry_values *entries;
    uint64_t step;
    bool timing_only;
};

/* Moves what the collector holds to panther_messages, if it holds anything. */
void library_take(panther *p, diag *d);
/* Sets the messages to one error of wrong usage; returns PANTHER_USAGE. */
panther_status library_usage(panther *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* machines.c: the text of a machine that is shipped (it is part of the library), or NULL. */
const char *library_machine(const char *name);

/*
 * choose.c: the machine that the options, else the program's deploy block, else `name` say. NULL
 * with errors in d.
 */
machine *library_choose(arena *memory, diag *d, const plan_deploy *deploy,
                        const panther_options *options, const char *name);

#endif
