#include "emulator/host/progress.h"

#include <stdio.h>
#include <time.h>

struct progress {
    bool shown, drawn;
    uint64_t first; /* done when it was first shown: a resumed run does not start at 0 */
    struct timespec started, last;
};

static double since(struct timespec then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then.tv_sec) + (double)(now.tv_nsec - then.tv_nsec) * 1e-9;
}

progress *progress_new(arena *memory, bool shown)
{
    progress *p = ARENA_NEW(memory, progress);
    p->shown = shown;
    return p;
}

void progress_show(progress *p, const char *text, uint64_t done, uint64_t total)
{
    if (!p->shown)
        return;
    if (p->started.tv_sec == 0) {
        clock_gettime(CLOCK_MONOTONIC, &p->started);
        p->first = done;
        return;
    }
    if (since(p->last) < 0.1)
        return;
    clock_gettime(CLOCK_MONOTONIC, &p->last);
    double rate = (double)(done - p->first) / since(p->started);
    double left = rate > 0 && total > done ? (double)(total - done) / rate : 0;
    fprintf(stderr, "\r\033[K%s  %llu of %llu examples  %.0f/s  %d:%02d left", text,
            (unsigned long long)done, (unsigned long long)total, rate, (int)(left / 60),
            (int)left % 60);
    fflush(stderr);
    p->drawn = true;
}

void progress_wipe(progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
