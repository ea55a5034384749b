#include "frontend/report/markup.h"

#include <math.h>
#include <string.h>

void put_escaped(page *p, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            fputs("&amp;", p->out);
        else if (c == '<')
            fputs("&lt;", p->out);
        else if (c == '>')
            fputs("&gt;", p->out);
        else if (c == '"')
            fputs("&quot;", p->out);
        else if (c >= 0x20 || c == '\n' || c == '\t')
            fputc(c, p->out);
    }
}

const char *figure_exact(arena *memory, double v)
{
    if (v != v)
        return "";
    if (v == floor(v) && fabs(v) < 0x1p63)
        return arena_printf(memory, "%.0f", v);
    return arena_printf(memory, "%.17g", v);
}

/* 12345678 as 12,345,678 */
static const char *grouped(arena *memory, double v)
{
    if (!(fabs(v) < 0x1p63))
        return arena_printf(memory, "%.4g", v);
    const char *digits = arena_printf(memory, "%.0f", fabs(v));
    size_t length = strlen(digits), n = 0;
    char *to = ARENA_ARRAY(memory, char, 2 * length + 2);
    if (v < 0)
        to[n++] = '-';
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            to[n++] = ',';
        to[n++] = digits[i];
    }
    return to;
}

static const char *prefixed(arena *memory, double v, const char *unit)
{
    static const struct {
        double factor;
        const char *prefix;
    } prefixes[] = {{1e12, "T"}, {1e9, "G"},  {1e6, "M"},  {1e3, "k"}, {1, ""},
                    {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"}};
    size_t last = sizeof prefixes / sizeof *prefixes - 1, i = 0;
    if (v == 0)
        return arena_printf(memory, "0 %s", unit);
    while (i < last && fabs(v) < 0.99995 * prefixes[i].factor)
        i++;
    return arena_printf(memory, "%.4g %s%s", v / prefixes[i].factor, prefixes[i].prefix, unit);
}

static const char *ratio_text(arena *memory, double v)
{
    return arena_printf(memory, v < 0.1 || v >= 100 ? "%.3gx" : "%.3fx", v);
}

const char *figure_text(arena *memory, figure how, double v)
{
    if (v != v)
        return "";
    switch (how) {
    case FIGURE_COUNT:
        return grouped(memory, v);
    case FIGURE_ENERGY:
        return prefixed(memory, v * 1e-15, "J");
    case FIGURE_SHARE:
        return arena_printf(memory, "%.1f %%", 100 * v);
    case FIGURE_RATIO:
        return ratio_text(memory, v);
    case FIGURE_PLAIN:
        break;
    }
    return arena_printf(memory, "%.4g", v);
}

const char *figure_short(arena *memory, figure how, double v)
{
    if (how != FIGURE_COUNT || v != v)
        return figure_text(memory, how, v);
    return fabs(v) < 10000 ? arena_printf(memory, "%.4g", v) : prefixed(memory, v, "");
}

void put_head(page *p, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n"
          "<title>",
          p->out);
    put_escaped(p, title);
    fprintf(p->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", page_style);
}

/* A script of this type is data; only its end could be mistaken for something else. */
void put_tail(page *p, const char *json, size_t length)
{
    fputs("</main>\n", p->out);
    if (json) {
        fputs("<script type=\"application/json\" id=\"statistics\">", p->out);
        for (size_t i = 0; i < length; i++) {
            if (json[i] == '<')
                fputs("\\u003c", p->out);
            else
                fputc(json[i], p->out);
        }
        fputs("</script>\n", p->out);
    }
    fputs("</body>\n</html>\n", p->out);
}

void put_section(page *p, const char *id, const char *title)
{
    fprintf(p->out, "<h2 id=\"%s\">", id);
    put_escaped(p, title);
    fputs("</h2>\n", p->out);
}

void put_note(page *p, const char *text)
{
    fputs("<p class=\"note\">", p->out);
    put_escaped(p, text);
    fputs("</p>\n", p->out);
}

void table_begin(page *p, const char *id, const char *caption, const char *const *columns,
                 size_t count)
{
    fprintf(p->out, "<details%s><summary>Table: ", p->open ? " open" : "");
    p->open = false;
    put_escaped(p, caption);
    fputs("</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", p->out);
    put_escaped(p, caption);
    fprintf(p->out, "\"><table id=\"%s\">\n<thead><tr>", id);
    for (size_t i = 0; i < count; i++) {
        fputs("<th scope=\"col\">", p->out);
        put_escaped(p, columns[i]);
        fputs("</th>", p->out);
    }
    fputs("</tr></thead>\n<tbody>\n", p->out);
}

void table_row(page *p, const char *name)
{
    fputs("<tr data-key=\"", p->out);
    put_escaped(p, name);
    fputs("\"><th scope=\"row\">", p->out);
    put_escaped(p, name);
    fputs("</th>", p->out);
}

void table_figure(page *p, figure how, double v)
{
    fprintf(p->out, "<td data-v=\"%s\">%s</td>", figure_exact(p->memory, v),
            figure_text(p->memory, how, v));
}

void table_text(page *p, const char *text)
{
    fputs("<td class=\"text\">", p->out);
    put_escaped(p, text);
    fputs("</td>", p->out);
}

void table_row_end(page *p)
{
    fputs("</tr>\n", p->out);
}

void table_end(page *p)
{
    fputs("</tbody></table></div></details>\n", p->out);
}
