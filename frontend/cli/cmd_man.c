/* man: the manual page in roff, from the tables of commands and options. */
#include "frontend/cli/cli.h"

#include <string.h>

/* Text in which roff has no say: no control lines, no escapes, minus signs that can be copied. */
static void print_text(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        if (*text == '\n' && (text[1] == '.' || text[1] == '\''))
            fputs("\\&", stdout);
    }
}

static void print_option(const option_row *r)
{
    puts(".TP");
    if (r->letter)
        printf("\\fB\\-%c\\fR, ", r->letter);
    fputs("\\fB\\-\\-", stdout);
    print_text(r->name);
    fputs("\\fR", stdout);
    if (r->argument) {
        fputs(" \\fI", stdout);
        print_text(r->argument);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    print_text(r->help);
    putchar('\n');
}

static void print_command(const command *k)
{
    printf(".SS panther %s", k->name);
    fputs(" [\\fIOPTION\\fR...] ", stdout);
    print_text(k->operands);
    putchar('\n');
    print_text(k->summary);
    putchar('\n');
    if (k->details[0]) {
        puts(".br");
        print_text(k->details);
    }
    for (int i = 0; i < OPTIONS; i++)
        if (option_taken(k, (option_id)i))
            print_option(&option_rows[i]);
}

static void print_rest(void)
{
    puts(".SH EXIT STATUS\n"
         ".TP\n0\ndone\n.TP\n1\nthe input has errors\n.TP\n2\nwrong usage\n"
         ".TP\n3\nthe emulated program failed (deadlock, overflow, bad memory access)\n"
         ".TP\n4\na fault of panther\n"
         ".SH ENVIRONMENT\n"
         ".TP\n.B PANTHER_KERNEL\n"
         "the crossbar kernel: reference, scalar, avx2, avx512 or amx; the fastest that the\n"
         "processor has, if not set\n"
         ".TP\n.B NO_COLOR\nif set, messages have no colour\n"
         ".SH EXAMPLES\n"
         ".nf\n"
         "panther run examples/mlp_digits.pan\n"
         "panther compile examples/mlp_digits.pan \\-o digits.pimg\n"
         "panther disasm digits.pimg \\-\\-layer dense_1\n"
         "panther compile examples/mlp_digits.pan \\-\\-emit dot | dot \\-Tsvg \\-o digits.svg\n"
         "panther import net.onnx \\-o net.pan\n"
         ".fi\n"
         ".SH FILES\n"
         ".TP\n.I PREFIX/share/panther/machines\nthe machines that are shipped");
}

exit_status man_run(cli *c)
{
    (void)c;
    puts(".TH PANTHER 1 \"\" \"panther " PANTHER_VERSION "\" \"User Commands\"\n"
         ".SH NAME\n"
         "panther \\- compiler and emulator for ReRAM training accelerators\n"
         ".SH SYNOPSIS\n"
         ".B panther\n"
         "\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIFILE\\fR...]\n"
         ".SH DESCRIPTION\n"
         "Compiles models for ReRAM training accelerators and runs them on an emulator that\n"
         "computes the numbers and counts cycles and energy.\n"
         ".SH COMMANDS");
    for (size_t i = 0; i < command_count; i++)
        print_command(&commands[i]);
    print_rest();
    return EXIT_DONE;
}
