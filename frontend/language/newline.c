/*
 * The function between scanner and parser. A newline separates statements exactly if it is outside
 * ( ) and [ ], the token before it can end a statement and the token after it can begin one; so the
 * token after a newline is held back until that is decided. Brackets are counted afresh inside each
 * pair of braces.
 */
#include "frontend/language/parse.h"
#include "language_parser.h"

static bool can_end(int kind)
{
    switch (kind) {
    case T_NAME: case T_KERNEL: case T_DATA: case T_TRAIN: case T_INT: case T_REAL: case T_STRING:
    case T_FORMAT: case T_TRUE: case T_FALSE: case T_RETURN: case T_YIELD: case ')': case ']':
    case '}': case T_PAN_Yerror:
        return true;
    default:
        return false;
    }
}

static bool can_begin(int kind)
{
    switch (kind) {
    case T_NAME: case T_KERNEL: case T_DATA: case T_TRAIN: case T_INCLUDE: case T_CONST:
    case T_PARAM: case T_DEF: case T_NETWORK: case T_DEPLOY: case T_FOR: case T_IF: case T_RETURN:
    case T_STATE: case T_YIELD: case T_EVERY:
        return true;
    default:
        return false;
    }
}

static bool begins_item_only(int kind)
{
    return kind == T_INCLUDE || kind == T_CONST || kind == T_DEF || kind == T_NETWORK ||
           kind == T_DEPLOY;
}

static size_t braces(const pan_parser *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->open_count; i++)
        n += p->open[i].kind == '{';
    return n;
}

/* Brackets opened since the innermost brace are forgotten. */
static void drop_brackets(pan_parser *p)
{
    while (p->open_count && p->open[p->open_count - 1].kind != '{')
        p->open_count--;
}

static void close(pan_parser *p, int kind)
{
    if (kind == '}')
        drop_brackets(p);
    int wanted = kind == '}' ? '{' : kind == ')' ? '(' : '[';
    if (p->open_count && p->open[p->open_count - 1].kind == wanted)
        p->open_count--;
}

static void note_header(pan_parser *p, const pan_token *t)
{
    switch (t->kind) {
    case T_DEF: case T_NETWORK: case T_KERNEL: case T_FOR: case T_IF: case T_ELSE:
        p->header = t->text;
        break;
    case '{':
        p->header = NULL;
        break;
    default:
        break;
    }
}

static pan_token hand_over(pan_parser *p, pan_token t)
{
    if (t.kind == '(' || t.kind == '[' || t.kind == '{') {
        open_bracket b = {t.kind, t.where};
        ARENA_PUSH(p->memory, p->open, p->open_count, p->open_capacity, b);
    } else if (t.kind == ')' || t.kind == ']' || t.kind == '}') {
        close(p, t.kind);
    }
    note_header(p, &t);
    p->previous = t;
    return t;
}

static pan_token separator(source_range before)
{
    return (pan_token){.kind = T_SEP, .where = {before.file, before.begin, before.begin}};
}

/*
 * An item keyword in column 1 inside braces: the brace was forgotten. Says so and closes what is
 * open, so that the items after it are read as usual.
 */
static bool forgotten_brace(pan_parser *p, const pan_token *t)
{
    size_t open = braces(p);
    bool column_1 = t->where.begin == 0 || p->source->text[t->where.begin - 1] == '\n';
    if (!open || !column_1 || !begins_item_only(t->kind))
        return false;
    source_range place = p->open[p->open_count - 1].where;
    int kind = p->open[p->open_count - 1].kind;
    pan_parse_error(p, t->where, "found '%s', expected '%c'", t->text,
                    kind == '{' ? '}' : kind == '(' ? ')' : ']');
    diag_note(p->diag, place, "'%c' opened here is not closed", kind);
    p->missing_braces = open;
    return true;
}

static bool separates(const pan_parser *p, const pan_token *t)
{
    if (p->open_count && p->open[p->open_count - 1].kind != '{')
        return false;
    return can_end(p->previous.kind) && can_begin(t->kind);
}

static pan_token next(pan_parser *p)
{
    if (p->missing_braces) {
        pan_token brace = {.kind = '}', .where = p->held.where};
        brace.where.end = brace.where.begin;
        if (--p->missing_braces == 0)
            p->newline = true;
        return brace;
    }
    pan_token t = p->held;
    if (!p->has_held)
        pan_scan(p, &t);
    p->has_held = false;
    if (p->newline && forgotten_brace(p, &t)) {
        p->has_held = true;
        p->held = t;
        return next(p);
    }
    bool separate = p->newline && separates(p, &t);
    p->newline = false;
    if (!separate)
        return t;
    p->held = t;
    p->has_held = true;
    return separator(t.where);
}

/* While recovering from an error, whole groups { ... } that open after it are skipped. */
pan_token pan_filter(pan_parser *p)
{
    for (;;) {
        size_t before = braces(p);
        pan_token t = hand_over(p, next(p));
        size_t after = braces(p), deepest = before > after ? before : after;
        if (!p->recover_depth || t.kind == 0)
            return t;
        if (deepest < p->recover_depth) {
            if (t.kind == T_SEP || after + 1 < p->recover_depth)
                p->recover_depth = 0;
            return t;
        }
    }
}

void pan_filter_recover(pan_parser *p, int kind)
{
    drop_brackets(p);
    size_t depth = braces(p);
    p->recover_depth = (kind == '{' && depth ? depth - 1 : depth) + 1;
}
