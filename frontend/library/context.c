#include "frontend/library/library.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *panther_version(void)
{
    return PANTHER_VERSION;
}

/* malloc's answer, as the arena treats it. */
static void *needed(void *memory)
{
    if (memory)
        return memory;
    fputs("panther: error: out of memory\n", stderr);
    exit(EXIT_INTERNAL);
}

panther *panther_new(void)
{
    panther *p = needed(calloc(1, sizeof *p));
    p->messages = needed(strdup(""));
    return p;
}

void panther_free(panther *p)
{
    if (!p)
        return;
    while (p->images)
        panther_free_image(p->images);
    free(p->messages);
    free(p);
}

const char *panther_messages(const panther *p)
{
    return p->messages;
}

void library_take(panther *p, diag *d)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = needed(open_memstream(&text, &length));
    diag_print(d, out, false);
    fclose(out);
    if (length > 0) {
        free(p->messages);
        p->messages = needed(text);
    } else {
        free(text);
    }
}

panther_status library_usage(panther *p, const char *format, ...)
{
    va_list args;
    arena *scratch = arena_new();
    va_start(args, format);
    const char *text = arena_vprintf(scratch, format, args);
    va_end(args);
    free(p->messages);
    p->messages = needed(strdup(arena_printf(scratch, "error: %s\n", text)));
    arena_free(scratch);
    return PANTHER_USAGE;
}
