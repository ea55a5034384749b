/*
 * The language front end: program text in, checked program, graph IR and host plan out. See
 * frontend/README.md for the language and program.h for the checked program.
 */
#ifndef PANTHER_FRONTEND_LANGUAGE_LANGUAGE_H
#define PANTHER_FRONTEND_LANGUAGE_LANGUAGE_H

#include "frontend/language/program.h"
#include "ir/graph.h"
#include "isa/support/diag.h"

/*
 * Parses and checks a program; includes are read from disk, relative to the file that names them.
 * NULL if there were errors (they are in d).
 */
pan_program *pan_check(arena *memory, source_set *sources, diag *d, const char *path,
                       const char *text, size_t length);

/* Command-line values that win over what the program says. Zero and NULL: not given. */
typedef struct pan_options {
    int64_t batch, epochs, crs_batches;
    bool has_seed;
    int64_t seed;
    const char *weights, *machine, *slices, *opa_mode, *fidelity;
    int variant;
} pan_options;

/* Writes the options into the program's train blocks and deploy settings. */
void pan_apply(pan_program *p, const pan_options *options);

/*
 * Copies of layers, PATTERN=N,... with the patterns of `layer`; they win over the program's. NULL if all
 * is well, else what the option is or does, to stand after its name.
 */
const char *pan_apply_copies(pan_program *p, const char *list);

/*
 * Writes the graphs of all compiled networks and kernels (build.c says which) and their matrices
 * into a new module. NULL if something is not supported yet (errors are in d).
 */
ir_module *pan_build(pan_program *p, const ir_numerics *numerics, diag *d);

/* The host plan as JSON text (plan_json.c has the schema), in the arena. */
char *pan_plan_json(const pan_program *p, arena *memory);

#endif
