/*
 * The command line: what main.c, the option table and the subcommands share. Everything a command
 * allocates lives in its arena; diagnostics are printed once, by main.c, when the command is over.
 */
#ifndef PANTHER_FRONTEND_CLI_CLI_H
#define PANTHER_FRONTEND_CLI_CLI_H

#include "emulator/host/host.h"
#include "isa/image.h"
#include "isa/machine.h"
#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum option_id {
#define OPTION(id, letter, name, argument, commands, help) OPTION_##id,
#include "frontend/cli/options.def"
#undef OPTION
    OPTIONS
} option_id;

typedef struct option_row {
    char letter; /* 0: none */
    const char *name, *argument; /* argument: NULL if it takes none */
    const char *commands, *help;
} option_row;

extern const option_row option_rows[OPTIONS];

typedef struct cli cli;

typedef struct command {
    const char *name;
    char letter;          /* in options.def */
    const char *operands; /* "FILE.pan" */
    int operands_low, operands_high;
    const char *summary;
    const char *details; /* more lines for --help, or "" */
    exit_status (*run)(cli *c);
} command;

extern const command commands[];
extern const size_t command_count;

typedef struct option_list {
    const char **values;
    size_t count, capacity;
} option_list;

struct cli {
    const command *command;
    arena *memory;
    source_set *sources;
    diag *d;
    const char *line; /* the command as typed, for --stats */
    const char *values[OPTIONS];
    bool given[OPTIONS];
    option_list lists[OPTIONS]; /* every value of options that repeat */
    char **operands;
    int operand_count;
};

bool option_taken(const command *chosen, option_id id);
bool option_repeats(option_id id); /* may be given several times */

/* options.c: false after a message on stderr (wrong usage). */
bool options_parse(cli *c, int argc, char **argv);
void options_help(const command *chosen, FILE *out);
/* The value as a whole number in low .. high, otherwise if it was not given; false with an error. */
bool options_whole(cli *c, option_id id, int64_t low, int64_t high, int64_t otherwise,
                   int64_t *value);
/* Index of the value in names, otherwise if it was not given; false with an error. */
bool options_choice(cli *c, option_id id, const char *const *names, int count, int otherwise,
                    int *value);
/* An error about usage, in main.c's form; the command then returns EXIT_USAGE. */
void cli_usage(const cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* With -v a line on stderr, after "panther: ". */
void cli_verbose(const cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* machine_file.c: what the model says (any may be NULL), under what the command line says. */
typedef struct machine_choice {
    const char *file, *base; /* of the model */
    int64_t variant;
    const char *slices, *opa_mode, *fidelity;
    const char *name; /* of an image's machine: shipped, where the file is not there */
} machine_choice;
machine *cli_machine(cli *c, const machine_choice *model, exit_status *status);
/* Names of the machines that are shipped, sorted. */
size_t cli_machine_names(cli *c, const char ***names);

/* files: whole texts, folders of paths, results. */
char *cli_read(cli *c, const char *path, size_t *length); /* NULL with an error */
const char *cli_folder(cli *c, const char *path);         /* "." if there is none */
/* Writes through print to --output or stdout; false with an error. */
bool cli_write(cli *c, void (*print)(void *context, FILE *out), void *context);
/* The same into a file of any name. */
bool cli_save(cli *c, const char *path, void (*print)(void *context, FILE *out), void *context);

exit_status compile_run(cli *c), run_run(cli *c), asm_run(cli *c), disasm_run(cli *c),
    report_command_run(cli *c),
    machine_run(cli *c), import_run(cli *c), completion_run(cli *c), man_run(cli *c),
    plan_run(cli *c);

#endif
