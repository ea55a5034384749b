/* A pipeline as a picture: one bar per layer from its first to its last step. */
#include "frontend/cli/plan_cli.h"

#include "isa/support/file.h"

enum { LABEL = 190, WIDTH = 640, ROW = 16, TOP = 44, NOTE = 190 };

static void print_text(FILE *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '<' || *c == '>' || *c == '&')
            fprintf(out, "&#%d;", *c);
        else
            fputc(*c, out);
    }
}

static void print_bar(FILE *out, const plan_bar *b, size_t row, int64_t end)
{
    double scale = (double)WIDTH / (double)(end > 0 ? end : 1);
    double y = TOP + (double)row * ROW;
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LABEL - 6, y + 11);
    print_text(out, b->name);
    fprintf(out,
            "</text><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" fill=\"#4878a8\" "
            "fill-opacity=\"%.3f\"/>",
            LABEL + (double)(b->first - 1) * scale, y + 2, (double)(b->last - b->first + 1) * scale,
            ROW - 4, 1 - 0.7 * (double)b->stalls / (double)(b->last - b->first + 1));
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" fill=\"#555\">", LABEL + WIDTH + 6, y + 11);
    print_text(out, b->note);
    fputs("</text>\n", out);
}

bool plan_svg_write(cli *c, const char *path, const char *title, const plan_bar *bars, size_t count)
{
    file_writer w;
    int64_t end = 0;
    for (size_t i = 0; i < count; i++)
        end = bars[i].last > end ? bars[i].last : end;
    const char *error = file_write_begin(c->memory, &w, path);
    if (!error) {
        fprintf(w.stream,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
                "font-family=\"sans-serif\" font-size=\"10\">\n"
                "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                "<text x=\"8\" y=\"18\" font-size=\"13\">",
                LABEL + WIDTH + NOTE, TOP + count * ROW + 28);
        print_text(w.stream, title);
        fprintf(w.stream,
                "</text>\n<text x=\"8\" y=\"34\" fill=\"#555\">steps 1 to %lld; the paler "
                "a bar, the more of its steps it waits</text>\n",
                (long long)end);
        for (size_t i = 0; i < count; i++)
            print_bar(w.stream, &bars[i], i, end);
        fputs("</svg>\n", w.stream);
        error = file_write_commit(c->memory, &w);
    }
    if (error)
        diag_file_error(c->d, path, "%s", error);
    return !error;
}
