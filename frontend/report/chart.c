#include "frontend/report/chart.h"

#include <math.h>
#include <string.h>

/* Percent across: names on the left, figures on the right of the bars. */
enum { BAR_LEFT = 30, BAR_WIDTH = 40 };
enum { BAR_HEIGHT = 16, ROW_GAP = 6, LABEL_LETTERS = 18, HEAT_WIDTH = 36, HEAT_HEIGHT = 26 };

static void open_svg(page *p, const char *title, const char *attributes)
{
    fprintf(p->out, "<svg role=\"img\" %s aria-label=\"", attributes);
    put_escaped(p, title);
    fputs("\">\n", p->out);
}

/* A label that would run into its bar ends in an ellipsis; the tooltip has all of it. */
static void put_label(page *p, const char *label)
{
    size_t length = strlen(label), cut = length;
    if (length > LABEL_LETTERS) {
        cut = LABEL_LETTERS - 1;
        while (cut > 0 && ((unsigned char)label[cut] & 0xC0) == 0x80)
            cut--; /* not within a letter of several bytes */
    }
    fputs("<title>", p->out);
    put_escaped(p, label);
    fputs("</title>", p->out);
    put_escaped(p, arena_strndup(p->memory, label, cut));
    if (cut < length)
        fputs("\xE2\x80\xA6", p->out);
}

void chart_bars(page *p, const char *title, figure how, const bar *bars, size_t count)
{
    double most = 0;
    int height = ROW_GAP;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        most = bars[i].value > most ? bars[i].value : most;
        height += BAR_HEIGHT + (bars[i].label ? ROW_GAP : 1);
    }
    fputs("<figure class=\"bars\">", p->out);
    open_svg(p, title, arena_printf(p->memory, "height=\"%d\"", height));
    int y = 0;
    for (size_t i = 0; i < count; i++) {
        const bar *b = &bars[i];
        double width = most > 0 && b->value > 0 ? BAR_WIDTH * b->value / most : 0;
        y += i == 0 ? 2 : BAR_HEIGHT + (b->label ? ROW_GAP : 1);
        if (b->label) {
            fprintf(p->out, "<text x=\"0\" y=\"%d\">", y + 12);
            put_label(p, b->label);
            fputs("</text>", p->out);
        }
        fprintf(p->out,
                "<rect class=\"fill c%d\" x=\"%d%%\" y=\"%d\" width=\"%.3f%%\" height=\"%d\" "
                "rx=\"2\"/><text class=\"soft\" x=\"%.3f%%\" y=\"%d\" dx=\"6\">",
                b->colour % CHART_COLOURS, BAR_LEFT, y, width, BAR_HEIGHT, BAR_LEFT + width,
                y + 12);
        put_escaped(p, b->text ? b->text : figure_short(p->memory, how, b->value));
        fputs("</text>\n", p->out);
    }
    fputs("</svg></figure>\n", p->out);
}

void chart_key(page *p, const series *list, size_t count)
{
    fputs("<ul class=\"key\">", p->out);
    for (size_t i = 0; i < count; i++) {
        fprintf(p->out, "<li><i class=\"c%d\"></i>", list[i].colour % CHART_COLOURS);
        put_escaped(p, list[i].name);
        fputs("</li>", p->out);
    }
    fputs("</ul>\n", p->out);
}

/* Heat: dark is much. Rows without any tile are left out at the end only. */
void chart_heat(page *p, const char *title, size_t width, const heat_cell *cells, size_t count)
{
    size_t rows = 1;
    for (size_t i = 0; i < count; i++)
        rows = cells[i].place / width + 1 > rows ? cells[i].place / width + 1 : rows;
    fputs("<figure>", p->out);
    open_svg(p, title,
             arena_printf(p->memory, "viewBox=\"0 0 %zu %zu\" style=\"max-width:%zupx\"",
                          width * HEAT_WIDTH, rows * HEAT_HEIGHT, width * HEAT_WIDTH * 2));
    for (size_t i = 0; i < count; i++) {
        const heat_cell *c = &cells[i];
        size_t x = c->place % width * HEAT_WIDTH, y = c->place / width * HEAT_HEIGHT;
        double share = c->share > 0 ? fmin(c->share, 1) : 0;
        fputs("<g><title>", p->out);
        put_escaped(p, c->text);
        fprintf(p->out,
                "</title><rect class=\"fill tile c0\" x=\"%zu\" y=\"%zu\" width=\"%d\" "
                "height=\"%d\" rx=\"3\" fill-opacity=\"%.3f\"/><text class=\"over\" x=\"%zu\" "
                "y=\"%zu\" text-anchor=\"middle\" font-size=\"11\">",
                x + 1, y + 1, HEAT_WIDTH - 2, HEAT_HEIGHT - 2, 0.06 + 0.94 * share,
                x + HEAT_WIDTH / 2, y + HEAT_HEIGHT / 2 + 4);
        put_escaped(p, c->name);
        fputs("</text></g>\n", p->out);
    }
    fputs("</svg></figure>\n", p->out);
}
