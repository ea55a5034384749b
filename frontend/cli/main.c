/* panther: the program. One table of commands; each command is a file of its own. */
#include "frontend/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const command commands[] = {
    {"compile", 'c', "FILE.pan|FILE.ir", 1, 1, "Compiles a program to an image, or only checks it.",
     "Without -o and --emit nothing is written: the program is checked and its size printed.\n"
     "An .ir file, the text that --emit ir prints, is read, verified and with --emit ir printed.\n",
     compile_run},
    {"run", 'r', "FILE.pan|FILE.pimg", 1, 1,
     "Runs a program or an image on the emulated machine: trains and tests as it says.",
     "Values given here win over those of the program, and these over the machine file.\n"
     "What is not trained (hand-written assembly, a network alone) is run once per entry;\n"
     "--input gives it values and its outputs are printed.\n",
     run_run},
    {"asm", 'a', "FILE.s", 1, 1, "Assembles text to an image.", "", asm_run},
    {"disasm", 'd', "FILE.pimg", 1, 1, "Prints an image as assembly text.", "", disasm_run},
    {"machine", 'm', "show|check|list [MACHINE...]", 1, 1000,
     "show prints a machine with all its numbers; check reads machine files and says what is "
     "wrong; list names those that are shipped.",
     "A name without a folder or .yaml is one of the machines that are shipped.\n", machine_run},
    {"import", 'i', "FILE.onnx", 1, 1,
     "Writes an ONNX model as a program (-o FILE.pan) and its weights (FILE.safetensors).",
     "What the language cannot express is named, node by node, and nothing is written.\n",
     import_run},
    {"plan", 'p', "FILE.pan[:NETWORK]...|list", 1, 64,
     "Plans how networks are laid on a machine: copies of layers, predicted time, bound, reasons.",
     "Machines are files of the emulator or chips of planning papers (isaac, isaac_like, peng, hubpa,\n"
     "tenants1, tenants2). plan list says which methods there are.\n",
     plan_run},
    {"report", 't', "FILE.json...", 1, 64,
     "Prints the figures of a run (run --stats); of several, their ratios to the first one.",
     "-o FILE.html writes them as a page with charts, which needs no network.\n",
     report_command_run},
    {"completion", 's', "bash|zsh", 1, 1, "Prints what a shell needs to complete panther's words.",
     "bash: put it into ~/.local/share/bash-completion/completions/panther\n"
     "zsh:  put it into a folder of $fpath as _panther\n",
     completion_run},
    {"man", 'u', "", 0, 0, "Prints the manual page, for man -l or share/man/man1/panther.1.", "",
     man_run},
};

const size_t command_count = sizeof commands / sizeof *commands;

static void print_help(FILE *out)
{
    fputs("usage: panther COMMAND [OPTION...] [FILE...]\n\n"
          "Compiles models for ReRAM training accelerators and runs them on an emulator that\n"
          "computes the numbers and counts cycles and energy.\n\ncommands\n",
          out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\npanther COMMAND --help explains one. Exit status: 0 done, 1 the input has errors,\n"
          "2 wrong usage, 3 the emulated program failed, 4 a fault of panther.\n",
          out);
}

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *known[sizeof commands / sizeof *commands];
    for (size_t i = 0; i < command_count; i++)
        known[i] = commands[i].name;
    const char *near = diag_nearest(name, known, command_count);
    fprintf(stderr,
            "panther: error: there is no command '%s'%s%s%s\nhelp: panther --help lists them\n",
            name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return EXIT_USAGE;
}

/* A word as a shell takes it: in quotes where it needs them. */
static const char *shell_word(arena *memory, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./=,:+@%";
    size_t length = strlen(word), n = 0;
    if (length && strspn(word, plain) == length)
        return word;
    char *to = ARENA_ARRAY(memory, char, 4 * length + 3);
    to[n++] = '\'';
    for (; *word; word++) {
        if (*word == '\'') {
            memcpy(to + n, "'\\'", 3);
            n += 3;
        }
        to[n++] = *word;
    }
    to[n] = '\'';
    return to;
}

static const char *command_line(arena *memory, int argc, char **argv)
{
    const char *line = "panther";
    for (int i = 1; i < argc; i++)
        line = arena_printf(memory, "%s %s", line, shell_word(memory, argv[i]));
    return line;
}

static int run_command(const command *chosen, int argc, char **argv)
{
    cli c = {.command = chosen, .memory = arena_new()};
    c.line = command_line(c.memory, argc, argv);
    c.sources = source_set_new(c.memory);
    c.d = diag_new(c.memory, c.sources);
    exit_status status = EXIT_USAGE;
    if (options_parse(&c, argc - 1, argv + 1)) {
        if (c.given[OPTION_HELP]) {
            options_help(chosen, stdout);
            status = EXIT_DONE;
        } else {
            status = chosen->run(&c);
        }
    }
    if (status == EXIT_DONE && diag_errors(c.d) > 0)
        status = EXIT_INPUT;
    if (diag_faulty(c.d))
        status = EXIT_INTERNAL;
    fflush(stdout);
    diag_print(c.d, stderr, isatty(STDERR_FILENO) && !getenv("NO_COLOR"));
    arena_free(c.memory);
    if (ferror(stdout) || fflush(stdout) != 0) {
        fputs("panther: error: the standard output cannot be written\n", stderr);
        return status == EXIT_DONE ? EXIT_INPUT : status;
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(argc > 1 ? stdout : stderr);
        return argc > 1 ? EXIT_DONE : EXIT_USAGE;
    }
    if (strcmp(name, "--version") == 0) {
        puts("panther " PANTHER_VERSION);
        return EXIT_DONE;
    }
    const command *chosen = find_command(name);
    return chosen ? run_command(chosen, argc, argv) : unknown_command(name);
}
