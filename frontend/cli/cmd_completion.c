/* completion: scripts for shells, from the tables of commands and options. */
#include "frontend/cli/cli.h"
#include "passes/passes.h"

#include <ctype.h>
#include <string.h>

/* How a value or operand is completed. */
typedef enum value_kind {
    VALUE_ANY, /* nothing is known about it */
    VALUE_WORDS,
    VALUE_FILE,
    VALUE_DIR,
    VALUE_MACHINE,
    VALUE_PASS,
} value_kind;

static value_kind kind_of(const char *argument)
{
    static const struct {
        const char *argument;
        value_kind kind;
    } known[] = {{"FILE", VALUE_FILE},
                 {"DIR", VALUE_DIR},
                 {"MACHINE", VALUE_MACHINE},
                 {"PASS", VALUE_PASS}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(argument, known[i].argument) == 0)
            return known[i].kind;
    return strchr(argument, '|') ? VALUE_WORDS : VALUE_ANY;
}

/* "a|b" -> "a b" */
static const char *words_of(arena *memory, const char *argument)
{
    char *words = arena_strdup(memory, argument);
    for (char *at = words; *at; at++)
        *at = *at == '|' ? ' ' : *at;
    return words;
}

static const char *pass_words(arena *memory)
{
    const char *words = "all";
    for (size_t i = 0; i < pass_count; i++)
        words = arena_printf(memory, "%s %s", words, pass_table[i].name);
    return words;
}

/* What a command's operands may be: "show|check [FILE...]", "FILE.pan|FILE.pimg". */
typedef struct operand_words {
    const char *words, *extensions; /* separated by blanks */
    bool files, machines;
} operand_words;

static operand_words operands_of(arena *memory, const command *k)
{
    operand_words o = {"", "", false, false};
    for (const char *at = k->operands; *at;) {
        size_t length = strcspn(at, "|[] ");
        char *token = arena_strndup(memory, at, length), *dots = strstr(token, "...");
        if (dots)
            *dots = '\0';
        if (islower((unsigned char)*token))
            o.words = arena_printf(memory, "%s%s%s", o.words, *o.words ? " " : "", token);
        else if (strncmp(token, "FILE.", 5) == 0)
            o.extensions =
                arena_printf(memory, "%s%s%s", o.extensions, *o.extensions ? " " : "", token + 5);
        else if (strcmp(token, "FILE") == 0)
            o.files = true;
        else if (strcmp(token, "MACHINE") == 0)
            o.machines = true;
        at += length + (at[length] != '\0');
    }
    return o;
}

/* ---- bash ---- */

static void bash_value(arena *memory, const option_row *r)
{
    static const char *const calls[] = {[VALUE_FILE] = "_panther_files",
                                        [VALUE_DIR] = "_panther_folders",
                                        [VALUE_MACHINE] = "_panther_machines"};
    value_kind kind = r->argument ? kind_of(r->argument) : VALUE_ANY;
    if (!r->argument)
        return;
    printf("    --%s", r->name);
    if (r->letter)
        printf(" | -%c", r->letter);
    if (kind == VALUE_ANY)
        puts(") return ;;");
    else if (kind == VALUE_WORDS)
        printf(") _panther_words '%s'; return ;;\n", words_of(memory, r->argument));
    else if (kind == VALUE_PASS)
        printf(") _panther_words '%s'; return ;;\n", pass_words(memory));
    else
        printf(") %s; return ;;\n", calls[kind]);
}

static void bash_command(arena *memory, const command *k)
{
    operand_words o = operands_of(memory, k);
    printf("    %s)\n        case $cur in\n        -*) _panther_words '", k->name);
    for (int i = 0; i < OPTIONS; i++)
        if (option_taken(k, (option_id)i))
            printf("--%s ", option_rows[i].name);
    puts("' ;;\n        *)");
    if (*o.words)
        printf("            _panther_words '%s'\n", o.words);
    if (*o.extensions || o.files)
        printf("            _panther_files %s\n", o.extensions);
    if (o.machines)
        puts("            _panther_machines");
    puts("            ;;\n        esac\n        ;;");
}

static void print_bash(arena *memory)
{
    puts("# Completion of panther's words in bash, made by `panther completion bash`.\n"
         "_panther_words() { mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W \"$1\" -- "
         "\"$cur\"); }\n"
         "_panther_folders()\n{\n    compopt -o filenames 2>/dev/null\n"
         "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- \"$cur\")\n}\n"
         "# Files with one of these extensions, and folders; all files without one.\n"
         "_panther_files()\n{\n    local extension\n    compopt -o filenames 2>/dev/null\n"
         "    [ $# -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "    [ $# -eq 0 ] || _panther_folders\n"
         "    for extension; do\n"
         "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X \"!*.$extension\" -- "
         "\"$cur\")\n    done\n}\n"
         "_panther_machines()\n{\n    _panther_words \"$(panther machine list 2>/dev/null)\"\n"
         "    _panther_files yaml\n}\n"
         "_panther()\n{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "    COMPREPLY=()\n"
         "    if [ \"$cur\" = = ]; then\n        cur=\n"
         "    elif [ \"$prev\" = = ]; then\n        prev=${COMP_WORDS[COMP_CWORD - 2]}\n    fi");
    fputs("    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        _panther_words 'help --help --version",
          stdout);
    for (size_t i = 0; i < command_count; i++)
        printf(" %s", commands[i].name);
    puts("'\n        return\n    fi\n    case $prev in");
    for (int i = 0; i < OPTIONS; i++)
        bash_value(memory, &option_rows[i]);
    puts("    esac\n    case ${COMP_WORDS[1]} in");
    for (size_t i = 0; i < command_count; i++)
        bash_command(memory, &commands[i]);
    puts("    esac\n}\ncomplete -F _panther panther");
}

/* ---- zsh ---- */

/* Text between single quotes in which _arguments and _describe give [, ] and : a meaning. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            putchar('\\');
        if (*text == '\'')
            fputs("'\\'", stdout);
        putchar(*text);
    }
}

static void zsh_value(arena *memory, const char *argument)
{
    static const char *const calls[] = {[VALUE_ANY] = " ",
                                        [VALUE_FILE] = "_files",
                                        [VALUE_DIR] = "_files -/",
                                        [VALUE_MACHINE] = "_panther_machines"};
    value_kind kind = kind_of(argument);
    putchar(':');
    zsh_text(argument);
    if (kind == VALUE_WORDS)
        printf(":(%s)", words_of(memory, argument));
    else if (kind == VALUE_PASS)
        printf(":(%s)", pass_words(memory));
    else
        printf(":%s", calls[kind]);
}

static void zsh_option(arena *memory, const option_row *r)
{
    fputs("      ", stdout);
    if (r->letter)
        printf("'(-%c --%s)'{-%c%s,--%s%s}'[", r->letter, r->name, r->letter,
               r->argument ? "+" : "", r->name, r->argument ? "=" : "");
    else
        printf("'%s--%s%s[", option_repeats((option_id)(r - option_rows)) ? "*" : "", r->name,
               r->argument ? "=" : "");
    zsh_text(r->help);
    putchar(']');
    if (r->argument)
        zsh_value(memory, r->argument);
    puts("' \\");
}

static void zsh_command(arena *memory, const command *k)
{
    operand_words o = operands_of(memory, k);
    printf("  %s)\n    _arguments \\\n", k->name);
    for (int i = 0; i < OPTIONS; i++)
        if (option_taken(k, (option_id)i))
            zsh_option(memory, &option_rows[i]);
    if (*o.words)
        printf("      '1:word:(%s)' \\\n", o.words);
    if (o.machines)
        puts("      '*:machine:_panther_machines' ;;");
    else if (*o.extensions) {
        char *patterns = arena_strdup(memory, o.extensions);
        for (char *at = patterns; *at; at++)
            *at = *at == ' ' ? '|' : *at;
        printf("      '*:file:_files -g \"*.(%s)\"' ;;\n", patterns);
    } else {
        puts(o.files ? "      '*:file:_files' ;;" : "      && return ;;");
    }
}

static void print_zsh(arena *memory)
{
    puts("#compdef panther\n"
         "# Completion of panther's words in zsh, made by `panther completion zsh`.\n"
         "_panther_machines()\n{\n"
         "  local -a machines=(${(f)\"$(panther machine list 2>/dev/null)\"})\n"
         "  _alternative 'machines:machine:compadd -a machines' 'files:file:_files -g \"*.yaml\"'\n"
         "}\n"
         "_panther()\n{\n  local -a commands=(");
    for (size_t i = 0; i < command_count; i++) {
        printf("    '%s:", commands[i].name);
        zsh_text(commands[i].summary);
        puts("'");
    }
    puts("  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
         "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in");
    for (size_t i = 0; i < command_count; i++)
        zsh_command(memory, &commands[i]);
    puts("  esac\n}\n_panther \"$@\"");
}

exit_status completion_run(cli *c)
{
    const char *shell = c->operands[0];
    if (strcmp(shell, "bash") == 0)
        print_bash(c->memory);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(c->memory);
    else {
        cli_usage(c, "completion takes bash or zsh, not '%s'", shell);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}
