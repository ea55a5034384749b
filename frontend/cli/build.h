/* A program from its text to a module that went through the passes: compile and run share this. */
#ifndef PANTHER_FRONTEND_CLI_BUILD_H
#define PANTHER_FRONTEND_CLI_BUILD_H

#include "frontend/cli/cli.h"
#include "frontend/language/language.h"
#include "passes/passes.h"

typedef struct built {
    pan_program *program;
    machine *machine;
    ir_module *module;
    const char *plan; /* JSON */
    pass_time *times; /* pass_count of them */
    bool stopped;     /* by stop_after */
} built;

/* False with errors in c->d; *status says of which kind. */
bool build_program(cli *c, const char *path, const pass_options *options, built *b,
                   exit_status *status);

/* The same of a text; path names it in messages and is where its includes are relative to. */
bool build_text(cli *c, const char *path, const char *text, size_t length,
                const pass_options *options, built *b, exit_status *status);

/* The program image of a module that went through all passes; NULL with errors in c->d. */
image *build_image(cli *c, const built *b);

/* engine_interpreter.c: the module on an interpreter, with the tables of an image for the host. */
typedef enum interpreter { INTERPRETER_FIXED, INTERPRETER_FLOAT } interpreter;
engine *engine_interpreter(arena *memory, const ir_module *module, const machine *m,
                           interpreter kind, uint64_t seed);
/* The values of an op in the engine's last run, count of them; false if it made none. */
bool interpreter_values(const engine *e, const ir_op *op, size_t count, double *values);

#endif
