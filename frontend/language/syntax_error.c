/*
 * The wording of syntax errors: "found X, expected Y", with habits from other languages recognised
 * and the bracket that is still open pointed at.
 */
#include "frontend/language/parse.h"
#include "language_parser.h"

#include <stdarg.h>
#include <string.h>

void pan_parse_error(pan_parser *p, source_range where, const char *format, ...)
{
    if (p->last_error == where.begin + 1)
        return;
    p->last_error = where.begin + 1;
    va_list args;
    va_start(args, format);
    diag_error(p->diag, where, "%s", arena_vprintf(p->memory, format, args));
    va_end(args);
}

static bool among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* Tokens that are named together once all, or the first, of them may stand. */
typedef struct token_group {
    const char *text;
    const char *const *members;
    size_t count;
} token_group;

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const value_tokens[] = {
    "an integer", "a number", "a string", "a format", "true", "false", "'('", "'['", "'-'", "not",
    "a name",     "kernel",   "data",     "train",    "scan",
};
static const char *const name_tokens[] = {"a name", "kernel", "data", "train"};
static const char *const operators[] = {
    "'*'", "'+'", "'-'", "'/'", "//", "'%'", "'@'", "'<'", "'>'", "<=", ">=", "==", "!=", "and",
    "or",  "'.'", "'['",
};
static const char *const statements[] = {
    "for",  "if",     "return", "param", "state",
    "yield", "a name", "kernel", "data",  "train", "a new line or ';'",
};
static const char *const items[] = {
    "network", "kernel", "data",    "train", "deploy",
    "def",     "const",  "include", "param", "a new line or ';'",
};

/* In order: the first group whose first member is expected takes all its members. */
static const token_group groups[] = {
    {"an expression", value_tokens, COUNT(value_tokens)},
    {"a statement", statements, COUNT(statements)},
    {"an item (network, kernel, def, param, const, data, train, deploy or include)", items,
     COUNT(items)},
    {"a name", name_tokens, COUNT(name_tokens)},
    {"an operator", operators, COUNT(operators)},
};

static void append(arena *memory, const char **text, const char *what)
{
    *text = *text ? arena_printf(memory, "%s, %s", *text, what) : what;
}

/* The expected tokens as one list for people: most telling first, operators last. */
static const char *expectation(arena *memory, const char *const *expected, size_t count)
{
    bool *used = ARENA_ARRAY(memory, bool, count + 1);
    const char *text = NULL, *rest = NULL;
    for (size_t g = 0; g < COUNT(groups); g++) {
        if (!among(groups[g].members[0], expected, count))
            continue;
        bool fresh = false;
        for (size_t i = 0; i < count; i++) {
            if (!among(expected[i], groups[g].members, groups[g].count) || used[i])
                continue;
            used[i] = true;
            fresh = fresh || !strcmp(expected[i], groups[g].members[0]);
        }
        if (fresh)
            append(memory, g + 1 == COUNT(groups) ? &rest : &text, groups[g].text);
    }
    for (size_t i = 0; i < count; i++) {
        if (used[i] || (!strcmp(expected[i], "the end of the file") && count > 1))
            continue;
        bool quoted = expected[i][0] == '\'' || strchr(expected[i], ' ');
        append(memory, &text, quoted ? expected[i] : arena_printf(memory, "'%s'", expected[i]));
    }
    if (rest)
        append(memory, &text, rest);
    return text;
}

static const char *token_text(pan_parser *p, const pan_token *at)
{
    if (at->kind == 0)
        return "the end of the file";
    size_t length = at->where.end - at->where.begin;
    if (at->kind == T_SEP && length == 0)
        return "a new line";
    if (length > 40)
        return at->kind == T_STRING ? "a string" : "a name";
    return arena_printf(p->memory, "'%.*s'", (int)length, p->source->text + at->where.begin);
}

static bool is_word(pan_parser *p, source_range where, const char *word)
{
    size_t length = where.end - where.begin;
    return length == strlen(word) && !memcmp(p->source->text + where.begin, word, length);
}

/* The text just before an offset, blanks skipped; an empty range if there is none. */
static source_range word_before(pan_parser *p, uint32_t offset)
{
    const char *text = p->source->text;
    uint32_t end = offset;
    while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    uint32_t begin = end;
    while (begin > 0 && text[begin - 1] >= 'a' && text[begin - 1] <= 'z')
        begin--;
    return (source_range){p->file, begin, end};
}

/* Spellings of other languages; true if one was recognised and reported. */
static bool habit(pan_parser *p, const pan_token *at, const char *const *expected, size_t count)
{
    source_range before = word_before(p, at->where.begin);
    if (is_word(p, before, "elif") || is_word(p, at->where, "elif")) {
        source_range where = is_word(p, before, "elif") ? before : at->where;
        pan_parse_error(p, where, "write 'else if'");
        return true;
    }
    if (at->kind == ':' && p->header) {
        pan_parse_error(p, at->where, "'%s' bodies stand in { }", p->header);
        return true;
    }
    if (at->kind == T_FORMAT && !among("a format", expected, count)) {
        pan_parse_error(p, at->where, "%s is a format, not a name", token_text(p, at));
        return true;
    }
    return false;
}

void pan_syntax_error(pan_parser *p, const pan_token *at, const char *const *expected, size_t count)
{
    if (p->last_error == at->where.begin + 1 || habit(p, at, expected, count))
        return;
    const char *wanted = expectation(p->memory, expected, count);
    if (wanted)
        pan_parse_error(p, at->where, "found %s, expected %s", token_text(p, at), wanted);
    else
        pan_parse_error(p, at->where, "%s does not fit here", token_text(p, at));
    if (!p->open_count)
        return;
    const open_bracket *innermost = &p->open[p->open_count - 1];
    if (innermost->where.begin == at->where.begin && p->open_count > 1)
        innermost--;
    if (innermost->where.begin != at->where.begin && (innermost->kind != '{' || at->kind == 0))
        diag_note(p->diag, innermost->where, "'%c' opened here is not closed", innermost->kind);
}
