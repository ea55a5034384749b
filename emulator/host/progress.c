#include "emulator/host/progress.h"

#include <stdio.h>
#include <time.h>

struct progress {
    bool shown, drawn;
    const char *unit;
    uint64_t first; /* done when it was first shown: a resumed run does not start at 0 */
    struct timespec started, last;
};

static double since(struct timespec then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then.tv_sec) + (double)(now.tv_nsec - then.tv_nsec) * 1e-9;
}

progress *progress_new(arena *memory, bool shown, const char *unit)
{
    progress *p = ARENA_NEW(memory, progress);
    p->shown = shown;
    p->unit = unit;
    return p;
}

/* 3725 -> "1:02:05" */
static void print_time(FILE *out, double seconds)
{
    unsigned long long s = seconds < 1e9 ? (unsigned long long)seconds : 1000000000;
    if (s >= 3600)
        fprintf(out, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    else
        fprintf(out, "%llu:%02llu", s / 60, s % 60);
}

void progress_show(progress *p, const char *text, uint64_t done, uint64_t total)
{
    if (!p->shown)
        return;
    if (p->started.tv_sec == 0) {
        clock_gettime(CLOCK_MONOTONIC, &p->started);
        p->last = p->started;
        p->first = done;
        return;
    }
    if (since(p->last) < 0.1)
        return;
    clock_gettime(CLOCK_MONOTONIC, &p->last);
    double rate = (double)(done - p->first) / since(p->started);
    fprintf(stderr, "\r\033[K%s  %llu of %llu %s  %.*f/s", text, (unsigned long long)done,
            (unsigned long long)total, p->unit, rate < 10 ? 1 : 0, rate);
    if (rate > 0 && total > done) {
        fputs("  ", stderr);
        print_time(stderr, (double)(total - done) / rate);
        fputs(" left", stderr);
    }
    fflush(stderr);
    p->drawn = true;
}

void progress_wipe(progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
