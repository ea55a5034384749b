#include "ir/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void report(ir_reader *r, uint32_t begin, uint32_t end, const char *format, va_list args)
{
    source_range where = {r->file, begin, end};
    diag_error(r->d, where, "%s", arena_vprintf(r->memory, format, args));
}

/* A bad token has been reported by the lexer. */
bool ir_error_at(ir_reader *r, ir_token t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (t.kind != IR_TOKEN_BAD)
        report(r, t.begin, t.end, format, args);
    va_end(args);
    return false;
}

bool ir_error_here(ir_reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (r->now.kind != IR_TOKEN_BAD)
        report(r, r->now.begin, r->now.end, format, args);
    va_end(args);
    return false;
}

static void bad(ir_reader *r, ir_token *t, const char *text)
{
    diag_error(r->d, (source_range){r->file, t->begin, r->at}, "%s", text);
    t->kind = IR_TOKEN_BAD;
}

/* Skips blanks and comments; true if a line ended. */
static bool skip_blanks(ir_reader *r)
{
    bool fresh = r->at == 0;
    while (r->at < r->length) {
        char c = r->text[r->at];
        if (c == '/' && r->at + 1 < r->length && r->text[r->at + 1] == '/')
            while (r->at < r->length && r->text[r->at] != '\n')
                r->at++;
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            fresh |= c == '\n';
            r->at++;
        } else
            break;
    }
    return fresh;
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef",
               *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The character after a backslash; 0 if there is none such. */
static char escaped(ir_reader *r)
{
    char c = r->at < r->length ? r->text[r->at++] : '\0';
    if (c == '"' || c == '\\')
        return c;
    if (c != 'x' || r->at + 2 > r->length)
        return '\0';
    int high = hex(r->text[r->at]), low = hex(r->text[r->at + 1]);
    if (high < 0 || low < 0)
        return '\0';
    r->at += 2;
    return (char)(high << 4 | low);
}

static void lex_string(ir_reader *r, ir_token *t)
{
    char *out = arena_alloc(r->memory, 1);
    size_t length = 0, capacity = 1;
    for (r->at++; r->at < r->length && r->text[r->at] != '"';) {
        char c = r->text[r->at++];
        if (c == '\n') {
            bad(r, t, "the string does not end on its line");
            return;
        }
        if (c == '\\')
            c = escaped(r);
        if (c == '\0') {
            bad(r, t, "in a string \\ stands before \", \\ or xHH (not x00)");
            return;
        }
        ARENA_PUSH(r->memory, out, length, capacity, c);
    }
    if (r->at >= r->length) {
        bad(r, t, "the string does not end");
        return;
    }
    r->at++;
    ARENA_PUSH(r->memory, out, length, capacity, '\0');
    t->kind = IR_TOKEN_STRING;
    t->text = out;
}

static bool number_character(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == '+' || c == '-';
}

/* Everything that could belong to a number, then a look at what it is. */
static void lex_number(ir_reader *r, ir_token *t)
{
    char *end;
    uint32_t begin = r->at++;
    bool exponent = false;
    while (r->at < r->length && number_character(r->text[r->at])) {
        char c = r->text[r->at];
        if ((c == '+' || c == '-') && !exponent)
            break;
        exponent = c == 'e' || c == 'E';
        r->at++;
    }
    const char *text = arena_strndup(r->memory, r->text + begin, r->at - begin);
    errno = 0;
    t->number = strtoll(text, &end, 10);
    bool integer = !*end && !errno;
    t->kind = integer ? IR_TOKEN_INT : IR_TOKEN_REAL;
    t->real = strtod(text, &end); /* also of an integer: -0 is a number of its own */
    if (*end || end == text || strpbrk(text, "xXpP"))
        bad(r, t, "not a number");
}

static void lex_name(ir_reader *r, ir_token *t)
{
    uint32_t begin = r->at;
    while (r->at < r->length && (isalnum((unsigned char)r->text[r->at]) || r->text[r->at] == '_' ||
                                 r->text[r->at] == '.'))
        r->at++;
    t->kind = IR_TOKEN_NAME;
    t->text = arena_strndup(r->memory, r->text + begin, r->at - begin);
}

static void lex_value(ir_reader *r, ir_token *t)
{
    uint32_t begin = ++r->at;
    t->kind = IR_TOKEN_VALUE;
    for (; r->at < r->length && isdigit((unsigned char)r->text[r->at]); r->at++)
        if (t->number < INT32_MAX)
            t->number = t->number * 10 + (r->text[r->at] - '0');
    if (begin == r->at)
        bad(r, t, "after % stands the number of a value");
}

static void lex_other(ir_reader *r, ir_token *t)
{
    char c = r->text[r->at++];
    t->kind = IR_TOKEN_MARK;
    t->number = c;
    if (!c || !strchr("=,:<>()[]{}@", c))
        bad(r, t, "this character has no meaning here");
}

void ir_next(ir_reader *r)
{
    ir_token t = {.fresh = skip_blanks(r)};
    t.begin = r->at;
    char c = r->at < r->length ? r->text[r->at] : '\0';
    if (r->at >= r->length)
        t.kind = IR_TOKEN_END;
    else if (c == '"')
        lex_string(r, &t);
    else if (c == '%')
        lex_value(r, &t);
    else if (isdigit((unsigned char)c) || c == '-')
        lex_number(r, &t);
    else if (isalpha((unsigned char)c) || c == '_')
        lex_name(r, &t);
    else
        lex_other(r, &t);
    t.end = r->at;
    r->now = t;
}

bool ir_is_mark(const ir_reader *r, char c)
{
    return r->now.kind == IR_TOKEN_MARK && r->now.number == c;
}

bool ir_is_word(const ir_reader *r, const char *word)
{
    return r->now.kind == IR_TOKEN_NAME && !strcmp(r->now.text, word);
}

bool ir_accept(ir_reader *r, char c)
{
    bool there = ir_is_mark(r, c);
    if (there)
        ir_next(r);
    return there;
}

bool ir_expect(ir_reader *r, char c)
{
    return ir_accept(r, c) || ir_error_here(r, "expected '%c'", c);
}

bool ir_read_int(ir_reader *r, int64_t low, int64_t high, int64_t *value)
{
    if (r->now.kind != IR_TOKEN_INT)
        return ir_error_here(r, "expected an integer");
    if (r->now.number < low || r->now.number > high)
        return ir_error_here(r, "expected an integer from %lld to %lld", (long long)low,
                             (long long)high);
    *value = r->now.number;
    ir_next(r);
    return true;
}

bool ir_read_real(ir_reader *r, double *value)
{
    bool is_nan = ir_is_word(r, "nan"), is_inf = ir_is_word(r, "inf");
    if (!is_nan && !is_inf && r->now.kind != IR_TOKEN_INT && r->now.kind != IR_TOKEN_REAL)
        return ir_error_here(r, "expected a number");
    *value = is_nan ? NAN : is_inf ? INFINITY : r->now.real;
    ir_next(r);
    return true;
}

bool ir_read_name(ir_reader *r, const char **name)
{
    if (r->now.kind != IR_TOKEN_NAME && r->now.kind != IR_TOKEN_STRING)
        return ir_error_here(r, "expected a name");
    *name = r->now.text;
    ir_next(r);
    return true;
}

bool ir_read_string(ir_reader *r, const char **text)
{
    if (r->now.kind != IR_TOKEN_STRING)
        return ir_error_here(r, "expected a text in double quotes");
    *text = r->now.text;
    ir_next(r);
    return true;
}

void ir_skip_line(ir_reader *r, uint32_t begin)
{
    if (r->now.begin == begin && r->now.kind != IR_TOKEN_END)
        ir_next(r);
    while (r->now.kind != IR_TOKEN_END && !r->now.fresh)
        ir_next(r);
}
